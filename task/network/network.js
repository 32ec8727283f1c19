/** The task's requests: HTTPS only, a few side by side, into memory or through the core's cipher into files. */

import { createDecipheriv } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Trust } from './certificates.js';
import { Connections } from './connections.js';
import { exchange } from './exchange.js';
import { proxyFor } from './proxy.js';

/** @typedef {import('../../pkg/core.js').Request} Request */
/** @typedef {import('../../pkg/core.js').Outcome} Outcome */
/** @typedef {(id: number, cipher: import('../../pkg/core.js').PlatformCipher) => import('../../pkg/core.js').AttachmentStream | undefined} OpenDownload */

/**
 * @typedef {object} NetworkSettings
 * @property {import('./proxy.js').ProxySettings} [proxy]
 * @property {import('./certificates.js').CertificateSettings} certificates
 * @property {(text: string) => void} log
 */

/** So many requests are under way side by side: more would wait no less, and each connection takes a millisecond. */
const MAX_SIDE_BY_SIDE = 20;

/** OpenSSL's words for a certificate whose issuer is not trusted. Nothing was sent then. */
const UNKNOWN_ISSUER =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)_.+)$/;

/** Requests of one run, over connections that stay open in between. */
export class Network {
  #signal;
  #settings;
  /** @type {{ trust: Trust, connections: Connections } | undefined} */
  #ways;
  #freeSlots = MAX_SIDE_BY_SIDE;
  /** Those that wait for a slot. @type {(() => void)[]} */
  #queue = [];
  /** Keeper's host and port, to which every `POST` goes. @type {string | undefined} */
  #keeper;
  /** The ways that were told. */
  #told = new Set();

  /**
   * @param {AbortSignal} signal ends everything that is under way
   * @param {NetworkSettings} settings
   */
  constructor(signal, settings) {
    this.#signal = signal;
    this.#settings = settings;
    // Each request listens; more than ten look like a leak to Node.
    setMaxListeners(0, signal);
  }

  /**
   * Sends a request and reads the whole answer.
   *
   * @param {Request} request
   * @param {import('./exchange.js').Seal} seal
   * @returns {Promise<Outcome>}
   */
  async fetch(request, seal) {
    /** @type {Buffer[]} */
    const chunks = [];
    const outcome = await this.#exchange(request, (chunk) => void chunks.push(chunk), seal);
    return outcome.status === undefined ? outcome : { ...outcome, body: Buffer.concat(chunks) };
  }

  /**
   * Loads an attachment into temporary files, decrypting it on the way.
   *
   * @param {import('../../pkg/core.js').Download} download
   * @param {OpenDownload} open
   * @param {import('../files/stage.js').Files} files
   * @returns {Promise<Outcome>}
   */
  async download(download, open, files) {
    const stream = open(download.id, platformCipher());
    if (!stream) {
      return { code: 'UNKNOWN' };
    }
    const targets = [download, ...download.twins];
    const sinks = (await Promise.all(targets.map((target) => files.open(target)))).flatMap(
      (sink) => sink ?? [],
    );
    if (sinks.length === 0) {
      // It is told, with the others, when the files are staged.
      return { status: 200 };
    }
    const batches = new Batches(sinks);
    let isWhole = false;
    try {
      const outcome = await this.#exchange(download.request, (chunk, isContent) =>
        isContent ? batches.add(stream.update(chunk)) : undefined,
      );
      const body = batches.content();
      const failure = outcome.status === 200 ? await batches.finish() : undefined;
      if (sinks.some((sink) => sink.hasFailed())) {
        // Likewise: it is the disk, and nothing that another try could change.
        return { status: 200 };
      }
      if (outcome.status !== 200 || failure) {
        return failure ?? outcome;
      }
      isWhole = stream.finish() !== undefined;
      return isWhole ? { ...outcome, body } : { code: 'UNDECRYPTABLE' };
    } finally {
      await batches.rest();
      await Promise.all(sinks.map((sink) => sink.close(isWhole)));
    }
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
    this.#ways?.connections.destroy();
  }

  /**
   * @param {Request} request
   * @param {import('./exchange.js').Take} take
   * @param {import('./exchange.js').Seal} [seal]
   * @returns {Promise<Outcome>}
   */
  async #exchange(request, take, seal) {
    await this.wait(request.delayMs);
    await this.#enterSlot();
    try {
      const url = new URL(request.url);
      if (url.protocol !== 'https:') {
        return { code: 'NOT_HTTPS' };
      }
      if (request.method === 'POST') {
        this.#keeper = url.host;
      }
      const isKeeper = url.host === this.#keeper;
      const proxy = proxyFor(url, this.#settings.proxy);
      this.#tell(url, proxy);
      const { trust, connections } = (this.#ways ??= this.#prepare());
      const way = { url, isKeeper, proxy, agent: connections, seal, signal: this.#signal };
      const { canGrow } = trust;
      let outcome = await exchange(request, take, way);
      if (canGrow && UNKNOWN_ISSUER.test(outcome.code ?? '')) {
        trust.grow();
        outcome = await exchange(request, take, way);
      }
      return { ...outcome, via: proxy?.label };
    } catch (error) {
      // A setting that is no good, or an address that is none.
      const { code = 'UNKNOWN', detail } = /** @type {{ code?: string, detail?: string }} */ (error);
      return { code, detail };
    } finally {
      this.#leaveSlot();
    }
  }

  #prepare() {
    const trust = new Trust(this.#settings.certificates);
    return { trust, connections: new Connections(MAX_SIDE_BY_SIDE, trust) };
  }

  /**
   * Says once by which proxy a host is reached, before it can fail.
   *
   * @param {URL} url
   * @param {import('./proxy.js').Proxy | undefined} proxy
   */
  #tell({ host }, proxy) {
    if (proxy && !this.#told.has(host)) {
      this.#told.add(host);
      this.#settings.log(`connecting to ${host} via ${proxy.label}`);
    }
  }

  /** @returns {Promise<void>} */
  #enterSlot() {
    if (this.#freeSlots > 0) {
      this.#freeSlots--;
      return Promise.resolve();
    }
    return new Promise((resolve) => void this.#queue.push(resolve));
  }

  #leaveSlot() {
    const next = this.#queue.shift();
    if (next) {
      next();
    } else {
      this.#freeSlots++;
    }
  }
}

/** So many bytes go to the disk at once. They come in pieces of a sixteenth, each of which would cost as much time. */
const BATCH_BYTES = 256 * 1024;

/** Plaintext on its way to the disk: one batch is written while the next one is gathered. */
class Batches {
  #sinks;
  /** @type {Uint8Array[]} */
  #gathered = [];
  #bytes = 0;
  #hasWritten = false;
  /** @type {Promise<unknown>} */
  #writing = Promise.resolve();

  /** @param {{ write: (pieces: Uint8Array[]) => Promise<void> }[]} sinks */
  constructor(sinks) {
    this.#sinks = sinks;
  }

  /**
   * Takes plaintext, and waits if too much is gathered.
   *
   * @param {Uint8Array[]} pieces
   * @returns {Promise<void> | undefined}
   */
  add(pieces) {
    for (const piece of pieces) {
      this.#gathered.push(piece);
      this.#bytes += piece.length;
    }
    return this.#bytes >= BATCH_BYTES ? this.#write() : undefined;
  }

  /** All that has come, if nothing of it has gone to the disk yet: the core masks what is small. */
  content() {
    return this.#hasWritten ? undefined : Buffer.concat(this.#gathered);
  }

  /**
   * Waits until everything is written.
   *
   * @returns {Promise<Outcome | undefined>} what was in the way
   */
  async finish() {
    try {
      await this.#write();
      await this.#writing;
      return undefined;
    } catch (error) {
      const { code = 'UNKNOWN' } = /** @type {NodeJS.ErrnoException} */ (error);
      return { code, isAtDisk: true };
    }
  }

  /** Waits until nothing is under way any more, however it ended, and wipes what is left. */
  async rest() {
    await this.#writing.catch(() => undefined);
    wipe(this.#gathered);
  }

  async #write() {
    await this.#writing;
    const batch = this.#gathered;
    this.#gathered = [];
    this.#bytes = 0;
    this.#hasWritten = true;
    this.#writing = settle(this.#sinks.map((sink) => sink.write(batch))).finally(() => wipe(batch));
    // Whoever waits for it is told; until then it is no failure that nobody has heard of.
    this.#writing.catch(() => undefined);
  }
}

/**
 * Waits for all of it, also if a part fails: what is still being written is not to be closed or wiped.
 *
 * @param {Promise<void>[]} writes
 */
async function settle(writes) {
  const failure = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
  if (failure) {
    const { code } = /** @type {PromiseRejectedResult} */ (failure).reason;
    throw Object.assign(new Error('not written'), { code, isAtDisk: true });
  }
}

/** @param {Uint8Array[]} pieces */
const wipe = (pieces) => pieces.forEach((piece) => piece.fill(0));

/**
 * Node's own AES-256-GCM, some twenty times faster than one in WebAssembly.
 *
 * @returns {import('../../pkg/core.js').PlatformCipher}
 */
export function platformCipher() {
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
