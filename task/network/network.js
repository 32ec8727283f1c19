/** The task's requests: HTTPS only, several at a time, into memory or, decrypted by the core, into files. */

import { createDecipheriv } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { isUnknownIssuer } from '../../pkg/core.js';
import { sideBySide } from '../files/work.js';
import { Connections } from './connections.js';
import { describeFailure, exchange } from './exchange.js';
import { Trust } from './settings.js';

/** @import { DecipherGCM } from 'node:crypto' */
/** @import { Download, OutcomeWithBody, PlatformCipher, Request, Run } from '../../pkg/core.js' */
/** @import { Files } from '../files/stage.js' */
/** @import { Way } from './connections.js' */
/** @import { Take } from './exchange.js' */
/** @import { CertificateSettings, ChooseProxy } from './settings.js' */
/** @typedef {{ proxy: ChooseProxy, certificates: CertificateSettings, log: (text: string) => void }} NetworkSettings */

/** The most requests in flight at a time: more would not be faster, and each connection costs a millisecond. */
const MAX_SIDE_BY_SIDE = 20;

/** The outcome if the disk failed, not the network: staging reports why, and another try would change nothing. */
const STAGED = { status: 200 };

/** The requests of one run, over connections that are kept alive. */
export class Network {
  #signal;
  #settings;
  /** @type {Connections | undefined} */
  #connections;
  /** Keeper's host and port, where all sealed requests go. @type {string | undefined} */
  #keeper;
  /** The hosts whose proxy the log has named. */
  #told = new Set();

  /** @param {AbortSignal} signal aborts everything in progress @param {NetworkSettings} settings */
  constructor(signal, settings) {
    this.#signal = signal;
    this.#settings = settings;
    // Each request adds a listener, and Node takes more than ten for a leak.
    setMaxListeners(0, signal);
  }

  /**
   * Sends requests and reads their answers whole; the outcomes keep the order.
   *
   * @param {Request[]} requests
   * @param {Way['seal']} [seal] for requests that are to be sealed
   */
  fetchAll(requests, seal) {
    return this.#sendAll(requests, async (request) => {
      /** @type {Buffer[]} */
      const body = [];
      const outcome = await this.#exchange(request, (chunk) => void body.push(chunk), seal);
      return { ...outcome, body };
    });
  }

  /**
   * Downloads attachments into temporary files, decrypting them as they arrive.
   *
   * @param {Download[]} downloads
   * @param {Run['openDownload']} open
   * @param {Files} files
   */
  downloadAll(downloads, open, files) {
    const requests = downloads.map(({ request }) => request);
    return this.#sendAll(requests, (_, index) => this.#download(downloads[index], open, files));
  }

  /**
   * Sends requests, several at a time, each after its delay.
   *
   * @param {Request[]} requests
   * @param {(request: Request, index: number) => Promise<OutcomeWithBody>} send
   */
  async #sendAll(requests, send) {
    // A monotonic clock.
    const startedAt = performance.now();
    /** @type {OutcomeWithBody[]} */
    const outcomes = [];
    await sideBySide(MAX_SIDE_BY_SIDE, requests, async (request, index) => {
      await this.wait(startedAt + request.delayMs - performance.now());
      outcomes[index] = await send(request, index);
    });
    return outcomes;
  }

  /**
   * @param {Download} download
   * @param {Run['openDownload']} open
   * @param {Files} files
   * @returns {Promise<OutcomeWithBody>}
   */
  async #download(download, open, files) {
    const stream = open(download.id, platformCipher());
    const arrival = files.open([download, ...download.twins]);
    if (!stream || !arrival || arrival.hasFailed) {
      await arrival?.close();
      return stream ? STAGED : { code: 'UNKNOWN' };
    }
    try {
      const outcome = await this.#exchange(download.request, (chunk, isContent) =>
        isContent ? arrival.add(stream.update(chunk)) : undefined,
      );
      if (arrival.hasFailed) {
        return STAGED;
      }
      if (outcome.status !== 200 || outcome.code) {
        return outcome;
      }
      const content = arrival.content();
      if (stream.finish() === undefined) {
        return { code: 'UNDECRYPTABLE' };
      }
      await arrival.finish();
      return { ...outcome, body: content && [content] };
    } finally {
      await arrival.close();
    }
  }

  /** Waits, at most until the run is cancelled. @param {number} delayMs */
  async wait(delayMs) {
    if (delayMs > 0) {
      await setTimeout(delayMs, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  close() {
    this.#connections?.destroy();
  }

  /**
   * @param {Request} request
   * @param {Take} take
   * @param {Way['seal']} [seal]
   * @returns {Promise<OutcomeWithBody>}
   */
  async #exchange(request, take, seal) {
    try {
      const url = new URL(request.url);
      if (url.protocol !== 'https:') {
        return { code: 'NOT_HTTPS' };
      }
      if (seal) {
        this.#keeper = url.host;
      }
      const proxy = this.#settings.proxy(url);
      if (proxy && !this.#told.has(url.host)) {
        // Logged before it can fail.
        this.#told.add(url.host);
        this.#settings.log(`connecting to ${url.host} via ${proxy.label}`);
      }
      const connections = (this.#connections ??= new Connections(
        MAX_SIDE_BY_SIDE,
        new Trust(this.#settings.certificates),
      ));
      const isKeeper = url.host === this.#keeper;
      const route = { url, isKeeper, proxy, connections, seal, signal: this.#signal };
      const { canGrow } = connections.trust;
      let outcome = await exchange(request, take, route);
      if (canGrow && isUnknownIssuer(outcome.code ?? '')) {
        // Nothing has been sent yet.
        connections.trust.grow();
        outcome = await exchange(request, take, route);
      }
      return { ...outcome, via: proxy?.label };
    } catch (error) {
      // An invalid setting, or an invalid address.
      return describeFailure(error);
    }
  }
}

/** Node's own AES-256-GCM, about twenty times faster than in WebAssembly. @returns {PlatformCipher} */
export function platformCipher() {
  /** @type {DecipherGCM} */
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
