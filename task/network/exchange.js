/** One request and its answer, bounded in time and size. What a failure means is decided by the core. */

import https from 'node:https';
import { settle } from './connections.js';
import { Progress } from './progress.js';

/** @typedef {import('../../pkg/core.js').Request} Request */
/** @typedef {import('../../pkg/core.js').Outcome} Outcome */
/** @typedef {import('../../pkg/core.js').FailureCode} FailureCode */
/** @typedef {() => import('../../pkg/core.js').Sealed | undefined} Seal gives a `POST` its headers and its body */
/** @typedef {(chunk: Buffer, isContent: boolean) => void | Promise<void>} Take what belongs to a refusal is no content */

/** How much of a refusal is read, for the reason that it may hold. */
const REFUSAL_LIMIT = 64 * 1024;

/**
 * Sends a request and hands the body of its answer to `take`.
 *
 * @param {Request} request
 * @param {Take} take
 * @param {{ url: URL, isKeeper: boolean, proxy?: import('./proxy.js').Proxy, agent: https.Agent, seal?: Seal, signal: AbortSignal }} way
 * @returns {Promise<Outcome>}
 */
export async function exchange(request, take, { url, isKeeper, proxy, agent, seal, signal }) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const progress = new Progress(request, end);
  signal.addEventListener('abort', end);
  if (signal.aborted) {
    end();
  }
  try {
    const options = { agent, progress, proxy, isKeeper, ending: ending.signal };
    const response = await send(request.method, url, options, seal);
    const atMs = Date.now();
    progress.enter('body');
    const code = await receive(response, request.limit, take, progress);
    // A turn in which Node takes the connection back, so that the next request finds it.
    await new Promise((resolve) => setImmediate(resolve));
    return code ? { code } : describeAnswer(response, url, atMs);
  } catch (error) {
    const failure = progress.protocolError ?? error;
    if (isDefect(failure)) {
      throw failure;
    }
    return describeFailure(failure, progress);
  } finally {
    progress.finish();
    signal.removeEventListener('abort', end);
  }
}

/**
 * @param {string} method
 * @param {URL} url
 * @param {https.RequestOptions & import('./connections.js').ConnectionContext} options
 * @param {Seal} [seal]
 * @returns {Promise<import('node:http').IncomingMessage>}
 */
function send(method, url, options, seal) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { ...options, method });
    request.on('socket', (socket) => {
      if (request.reusedSocket) {
        options.progress.enter('answer');
      }
      if (seal && method === 'POST') {
        whenUnderWay(socket, () => sendSealed(request, seal));
      }
    });
    request.on('response', resolve);
    request.on('error', (error) => {
      // Also in the middle of the answer, and after it: a server may send more than it announced.
      options.progress.protocolError = error;
      reject(error);
    });
    settle(request, options.ending, reject);
    if (!seal || method !== 'POST') {
      request.end();
    }
  });
}

/**
 * Waits until TLS has had its first word, so that the server works while this side does.
 *
 * @param {import('node:net').Socket} socket
 * @param {() => void} then
 */
function whenUnderWay(socket, then) {
  if (socket.connecting) {
    socket.once('connect', () => setImmediate(then));
  } else {
    setImmediate(then);
  }
}

/**
 * @param {import('node:http').ClientRequest} request
 * @param {Seal} seal
 */
function sendSealed(request, seal) {
  if (request.destroyed) {
    return;
  }
  try {
    const sealed = seal();
    if (!sealed) {
      // The core will say why.
      throw new Error('unsealed');
    }
    sealed.headers.forEach(([name, value]) => request.setHeader(name, value));
    request.end(sealed.body);
  } catch (error) {
    request.destroy(/** @type {Error} */ (error));
  }
}

/**
 * Reads an answer.
 *
 * @param {import('node:http').IncomingMessage} response
 * @param {number} limit
 * @param {Take} take
 * @param {Progress} progress
 * @returns {Promise<FailureCode | undefined>} the code of what is wrong with it
 */
async function receive(response, limit, take, progress) {
  const isAnswer = response.statusCode === 200;
  const refusal = isAnswer ? whyNotToRead(response, limit) : undefined;
  if (refusal) {
    response.destroy();
    return refusal;
  }
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    progress.receive(chunk.length);
    if (size > (isAnswer ? limit : REFUSAL_LIMIT)) {
      response.destroy();
      return isAnswer ? 'TOO_LARGE' : undefined;
    }
    const work = take(chunk, isAnswer);
    if (work) {
      await progress.holdUp(work);
    }
  }
  return response.complete ? undefined : 'TRUNCATED';
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @param {number} limit
 */
function whyNotToRead({ headers }, limit) {
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    return 'ENCODED';
  }
  return Number(headers['content-length'] ?? 0) > limit ? 'TOO_LARGE' : undefined;
}

/**
 * @param {import('node:http').IncomingMessage} response
 * @param {URL} url
 * @param {number} atMs
 * @returns {Outcome}
 */
function describeAnswer({ statusCode, headers }, url, atMs) {
  const dateMs = Date.parse(headers.date ?? '');
  return {
    status: statusCode,
    retryAfterS: retryAfter(headers),
    dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
    atMs,
    location: resolve(headers.location, url),
  };
}

/**
 * @param {unknown} error
 * @param {Progress} progress
 * @returns {Outcome}
 */
function describeFailure(error, { timeout, isOutOfTime, isAtProxy, issuer }) {
  // Node has codes that the core does not know; it names them as they are.
  const { code, detail, proxyStatus } =
    /** @type {{ code?: FailureCode, detail?: string, proxyStatus?: number }} */ (error);
  return {
    code: timeout ?? code ?? 'UNKNOWN',
    isAtProxy,
    isOutOfTime,
    proxyStatus,
    detail: proxyStatus === undefined ? (detail ?? issuer) : detail,
  };
}

/**
 * Whether it is the task that is wrong, and not the network: Node's errors have codes, those of a language have none.
 *
 * @param {unknown} error
 */
export function isDefect(error) {
  const kinds = [TypeError, RangeError, ReferenceError, WebAssembly.RuntimeError];
  return kinds.some((kind) => error instanceof kind) && !('code' in /** @type {object} */ (error));
}

/**
 * The header `Retry-After` in seconds. A date is counted from the server's own clock, which may be another than ours.
 *
 * @param {import('node:http').IncomingHttpHeaders} headers
 */
function retryAfter({ 'retry-after': header, date }) {
  if (header === undefined || /^\s*\d{1,6}\s*$/.test(header)) {
    return header === undefined ? undefined : Number(header);
  }
  const waitMs = Date.parse(header) - (Date.parse(date ?? '') || Date.now());
  return waitMs >= 0 ? Math.ceil(waitMs / 1000) : undefined;
}

/**
 * @param {string | undefined} location
 * @param {URL} url
 */
function resolve(location, url) {
  try {
    return location === undefined ? undefined : new URL(location, url).href;
  } catch {
    return undefined;
  }
}
