/**
 * This file is where requests leave and answers come: HTTPS only, bounded in time and size. What a failure means is
 * decided by the core.
 */

import { createDecipheriv } from 'node:crypto';
import https from 'node:https';

/** @typedef {import('../pkg/core.js').Request} Request */
/** @typedef {import('../pkg/core.js').Outcome} Outcome */
/** @typedef {(id: number, cipher: import('../pkg/core.js').PlatformCipher) => import('../pkg/core.js').AttachmentStream | undefined} OpenDownload */

/** A connection on which nothing moves for so many milliseconds is given up. */
const IDLE_MS = 30_000;
/** So many attachments are loaded side by side. */
const MAX_SOCKETS = 6;

/** Requests of one run, over connections that stay open in between. */
export class Network {
  #agent = new https.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, minVersion: 'TLSv1.2' });
  #signal;

  /** @param {AbortSignal} signal ends everything that is under way */
  constructor(signal) {
    this.#signal = signal;
  }

  /**
   * Sends a request and reads the whole answer.
   *
   * @param {Request} request
   * @returns {Promise<Outcome>}
   */
  async fetch(request) {
    /** @type {Buffer[]} */
    const chunks = [];
    const outcome = await this.#exchange(request, async (chunk) => {
      chunks.push(chunk);
    });
    return outcome.status === undefined ? outcome : { ...outcome, body: Buffer.concat(chunks) };
  }

  /**
   * Loads an attachment into a temporary file, decrypting it on the way.
   *
   * @param {import('../pkg/core.js').Download} download
   * @param {OpenDownload} open
   * @param {import('./files.js').Files} files
   * @returns {Promise<Outcome>}
   */
  async download(download, open, files) {
    const { id, request } = download;
    const stream = open(id, platformCipher());
    if (!stream) {
      return { code: 'UNKNOWN' };
    }
    const sink = files.open(download);
    if (!sink) {
      // It is told, with the others, when the files are staged.
      return { status: 200 };
    }
    const outcome = await this.#exchange(request, async (chunk) => {
      for (const plaintext of stream.update(chunk)) {
        await sink.write(plaintext);
      }
    });
    const isWhole = outcome.status !== 200 || stream.finish() !== undefined;
    sink.close(outcome.status === 200 && isWhole);
    return isWhole ? outcome : { code: 'UNDECRYPTABLE' };
  }

  /**
   * @param {number} delayMs
   * @returns {Promise<void>}
   */
  wait(delayMs) {
    return new Promise((resolve) => {
      if (delayMs <= 0 || this.#signal.aborted) {
        return resolve();
      }
      const finish = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      this.#signal.addEventListener('abort', finish);
    });
  }

  close() {
    this.#agent.destroy();
  }

  /**
   * One request and its answer; a body of status 200, or the start of another one, is handed to `take`.
   *
   * @param {Request} request
   * @param {(chunk: Buffer) => Promise<void>} take
   * @returns {Promise<Outcome>}
   */
  async #exchange({ method, url, headers, body, limit, delayMs }, take) {
    await this.wait(delayMs);
    if (!url.startsWith('https://')) {
      return { code: 'NOT_HTTPS' };
    }
    try {
      const response = await this.#send(method, url, headers, body);
      let size = 0;
      for await (const chunk of response) {
        size += chunk.length;
        if (size > limit) {
          response.destroy();
          return { code: 'TOO_LARGE' };
        }
        await take(chunk);
      }
      const expected = response.headers['content-length'];
      if (expected !== undefined && Number(expected) !== size) {
        return { code: 'TRUNCATED' };
      }
      return { status: response.statusCode, retryAfterS: seconds(response.headers['retry-after']) };
    } catch (error) {
      return { code: /** @type {NodeJS.ErrnoException} */ (error).code ?? 'UNKNOWN' };
    }
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {[string, string][]} headers
   * @param {Uint8Array | undefined} body
   * @returns {Promise<import('node:http').IncomingMessage>}
   */
  #send(method, url, headers, body) {
    return new Promise((resolve, reject) => {
      const options = {
        method,
        headers: Object.fromEntries(headers),
        agent: this.#agent,
        signal: this.#signal,
      };
      const request = https.request(url, { ...options, timeout: IDLE_MS });
      request.on('response', resolve);
      request.on('error', reject);
      request.on('timeout', () => {
        request.destroy(Object.assign(new Error('nothing came'), { code: 'TIMEOUT' }));
      });
      request.end(body);
    });
  }
}

/**
 * Node's own AES-256-GCM, some twenty times faster than one in WebAssembly.
 *
 * @returns {import('../pkg/core.js').PlatformCipher}
 */
function platformCipher() {
  /** @type {import('node:crypto').DecipherGCM} */
  let decipher;
  return {
    start(key, nonce) {
      decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    },
    update: (ciphertext) => decipher.update(ciphertext),
    finish(tag) {
      try {
        decipher.setAuthTag(tag).final();
        return true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * The header `Retry-After` where it is a number; a date is left aside.
 *
 * @param {string | undefined} header
 */
function seconds(header) {
  return header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Number(header) : undefined;
}
