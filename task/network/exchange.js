/** One request and its answer, bounded in time and size. The core judges the outcome. */

import https from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Progress } from '../../pkg/core.js';
import { answerTo } from './connections.js';
import { parseUrl } from './settings.js';

/** @import { ClientRequest, IncomingMessage } from 'node:http' */
/** @import { Outcome, Request } from '../../pkg/core.js' */
/** @import { Way } from './connections.js' */
/** @typedef {(chunk: Buffer, isContent: boolean) => void | Promise<void>} Take the body of a refusal is not content */

const TICK_MS = 1_000;

/**
 * Sends a request and hands the body of its answer to `take`.
 *
 * @param {Request} request
 * @param {Take} take
 * @param {Omit<Way, 'progress'>} route
 * @returns {Promise<Outcome>}
 */
export async function exchange(request, take, route) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const progress = new Progress(request.timeoutMs, request.silenceMs, request.limit);
  const timer = setInterval(() => progress.tick() && end(), TICK_MS);
  route.signal.addEventListener('abort', end);
  if (route.signal.aborted) {
    end();
  }
  /** @type {Way} */
  const way = { ...route, progress, signal: ending.signal };
  /** @type {Outcome} */
  let answer = {};
  try {
    const response = await send(request.method, way);
    answer = describeAnswer(response, way.url);
    await receive(response, take, progress);
    // Gives Node a turn to return the connection to the pool, where the next request finds it.
    await nextTurn();
    return { ...answer, code: progress.code };
  } catch (error) {
    const { code, detail = way.issuer, ...others } = describeFailure(way.error ?? error);
    const { isAtProxy, isOutOfTime } = progress;
    return { ...answer, ...others, code: progress.code ?? code, detail, isAtProxy, isOutOfTime };
  } finally {
    clearInterval(timer);
    route.signal.removeEventListener('abort', end);
  }
}

/** @param {string} method @param {Way} way */
async function send(method, way) {
  const { url, connections, progress, seal } = way;
  // Our `Connections` find the way in these options.
  const options = { method, agent: connections, way };
  const request = https.request(url, options);
  request.once('socket', (socket) => {
    if (request.reusedSocket) {
      progress.enter('answer', false);
    }
    if (seal) {
      // Once TLS has sent its first message, both sides work at the same time.
      const sealNext = () => setImmediate(sendSealed, request, seal);
      if (socket.connecting) {
        socket.once('connect', sealNext);
      } else {
        sealNext();
      }
    }
  });
  if (!seal) {
    request.end();
  }
  const { response } = await answerTo(request, way);
  return response;
}

/** @param {ClientRequest} request @param {NonNullable<Way['seal']>} seal */
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

/** @param {IncomingMessage} response @param {URL} url @returns {Outcome} */
function describeAnswer({ statusCode, headers }, url) {
  const { date, 'retry-after': retryAfter } = headers;
  const location = headers.location === undefined ? undefined : parseUrl(headers.location, url)?.href;
  return { status: statusCode, atMs: Date.now(), date, retryAfter, location };
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
  const { code = 'UNKNOWN', detail, proxyStatus, message } = /** @type {Outcome & Error} */ (error);
  return { code, detail, proxyStatus, text: message };
}
