/** One request and its answer, bounded in time and size. The core judges the outcome. */

import https from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Phase, Progress } from '../../pkg/core.js';
import { settle } from './connections.js';
import { parseUrl } from './settings.js';

/** @import { ClientRequest, IncomingMessage } from 'node:http' */
/** @import { Socket } from 'node:net' */
/** @import { Outcome, Request, Sealed } from '../../pkg/core.js' */
/** @import { Way } from './connections.js' */
/** @import { Proxy } from './settings.js' */
/** @typedef {() => Sealed | undefined} Seal makes the headers and body of a request */
/** @typedef {(chunk: Buffer, isContent: boolean) => void | Promise<void>} Take the body of a refusal is not content */

/**
 * @typedef {object} Route
 * @property {URL} url
 * @property {boolean} isKeeper whether it goes to Keeper, not to a host that the vault names
 * @property {Proxy} [proxy]
 * @property {https.Agent} connections
 * @property {Seal} [seal]
 * @property {AbortSignal} signal
 */

const TICK_MS = 1_000;

/**
 * Sends a request and hands the body of its answer to `take`.
 *
 * @param {Request} request
 * @param {Take} take
 * @param {Route} route
 * @returns {Promise<Outcome>}
 */
export async function exchange(request, take, { url, isKeeper, proxy, connections, seal, signal }) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const progress = new Progress(request.timeoutMs, request.silenceMs, request.limit);
  const timer = setInterval(() => progress.tick() && end(), TICK_MS);
  signal.addEventListener('abort', end);
  if (signal.aborted) {
    end();
  }
  /** @type {Way} */
  const way = { proxy, isKeeper, progress, signal: ending.signal };
  try {
    const response = await send(url, { method: request.method, agent: connections, way }, seal);
    const atMs = Date.now();
    await receive(response, take, progress);
    // Gives Node a turn to return the connection to the pool, where the next request finds it.
    await nextTurn();
    return progress.code ? { code: progress.code } : describeAnswer(response, url, atMs);
  } catch (error) {
    const { code, detail = way.issuer, ...others } = describeFailure(way.protocolError ?? error);
    const { isAtProxy, isOutOfTime } = progress;
    return { ...others, code: progress.code ?? code, detail, isAtProxy, isOutOfTime };
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', end);
  }
}

/**
 * @param {URL} url
 * @param {https.RequestOptions & { way: Way }} options
 * @param {Seal} [seal]
 * @returns {Promise<IncomingMessage>}
 */
function send(url, options, seal) {
  const { way } = options;
  return new Promise((resolve, reject) => {
    const request = https.request(url, options);
    request.on('socket', (socket) => {
      if (request.reusedSocket) {
        way.progress.enter(Phase.Answer, false);
      }
      if (seal) {
        whenUnderWay(socket, () => sendSealed(request, seal));
      }
    });
    request.on('response', resolve);
    request.on('error', (error) => {
      // This may come during the answer, or after it: a server may send more than it announced.
      way.protocolError = error;
      reject(error);
    });
    settle(request, way.signal, reject);
    if (!seal) {
      request.end();
    }
  });
}

/**
 * Waits until TLS has sent its first message, so that both sides work at the same time.
 *
 * @param {Socket} socket
 * @param {() => void} then
 */
function whenUnderWay(socket, then) {
  if (socket.connecting) {
    socket.once('connect', () => setImmediate(then));
  } else {
    setImmediate(then);
  }
}

/** @param {ClientRequest} request @param {Seal} seal */
function sendSealed(request, seal) {
  if (request.destroyed) {
    return;
  }
  try {
    const sealed = seal();
    if (!sealed) {
      // The core reports why.
      throw new Error('unsealed');
    }
    sealed.headers.forEach(([name, value]) => request.setHeader(name, value));
    request.end(sealed.body);
  } catch (error) {
    request.destroy(/** @type {Error} */ (error));
  }
}

/** Reads an answer, if it is wanted. @param {IncomingMessage} response @param {Take} take @param {Progress} progress */
async function receive(response, take, progress) {
  const { statusCode = 0, headers } = response;
  const { 'content-encoding': encoding = 'identity', 'content-length': length = 0 } = headers;
  if (!progress.begin(statusCode, encoding, Number(length))) {
    response.destroy();
    return;
  }
  for await (const chunk of response) {
    if (!progress.receive(chunk.length)) {
      // Leaving the loop destroys the stream.
      return;
    }
    const work = take(chunk, statusCode === 200);
    if (work) {
      progress.holdUp(true);
      await work;
      progress.holdUp(false);
    }
  }
  progress.end(response.complete);
}

/**
 * @param {IncomingMessage} response
 * @param {URL} url
 * @param {number} atMs
 * @returns {Outcome}
 */
function describeAnswer({ statusCode, headers }, url, atMs) {
  const { date, 'retry-after': retryAfter } = headers;
  const location = headers.location === undefined ? undefined : parseUrl(headers.location, url)?.href;
  return { status: statusCode, atMs, date, retryAfter, location };
}

/**
 * Describes an error to the core. Rethrows JavaScript's own errors without a code: those are bugs in the task, not
 * failures of the network.
 *
 * @param {unknown} error
 * @returns {Outcome}
 */
export function describeFailure(error) {
  const kinds = [TypeError, RangeError, ReferenceError, WebAssembly.RuntimeError];
  if (kinds.some((kind) => error instanceof kind) && !('code' in /** @type {object} */ (error))) {
    throw error;
  }
  // Node has codes that the core does not know; messages show those as they are.
  const { code = 'UNKNOWN', detail, proxyStatus } = /** @type {Outcome} */ (error);
  return { code, detail, proxyStatus };
}
