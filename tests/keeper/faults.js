// Faults of the embedded Keeper: answers that are spoiled as a test asks. A fault is plain JSON, so that a case file
// can contain it.

import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * What goes wrong with one answer. One of the first group replaces the answer; those of the second group change what is
 * sent, and can be combined.
 *
 * @typedef {object} Fault
 * @property {'get_secret' | 'download'} [on] which requests it waits for, else `get_secret`
 *
 * @property {number} [status] this status instead, with `body`
 * @property {string | object} [body] as it is if a text, else as JSON; never encrypted
 * @property {number | string | true} [throttled] "too many requests", with this `retry_after` unless `true`
 * @property {403} [throttledBy] the status that goes with it until June 2026, instead of 429
 * @property {string} [rotateTo] from now on Keeper insists on this key id
 * @property {boolean} [sameKey] with `rotateTo`: the new id has the key pair of the config
 * @property {true} [expired] URLs of attachments that were given out so far have expired
 * @property {true} [destroy] the connection breaks before an answer
 * @property {true} [hang] no answer, ever
 * @property {string} [raw] this instead of an answer in HTTP; the connection stays open
 * @property {true} [thenDestroy] with `raw`: or breaks
 * @property {true} [thenEnd] with `raw`: or ends
 *
 * @property {string} [plaintext] this text, encrypted, instead of the answer's JSON
 * @property {Record<string, string>} [headers] in addition to, or instead of, those that the answer has
 * @property {number} [flipByte] the byte at this place is wrong; counted from the end if negative
 * @property {number} [truncate] only so many bytes, and Content-Length says so
 * @property {number} [breakAfter] the connection breaks after so many bytes
 * @property {number} [hangAfter] nothing more comes after so many bytes
 * @property {true} [endless] zeros instead of the content, and no end of them
 * @property {() => void} [onSilence] called when a fault has stopped all, or nearly all, traffic
 * @property {number} [contentLength] Content-Length says this
 * @property {true} [chunked] no Content-Length
 * @property {number} [delayMs] the answer starts so much later
 * @property {Promise<unknown>} [until] the answer starts then
 * @property {{ bytes: number, everyMs: number }} [trickle] the answer comes in small pieces
 *
 * @typedef {{ status: number, headers: Record<string, string>, length: number, chunks: Iterable<Buffer> }} Answer
 * @typedef {(Fault | null)[] | ((request: any) => Fault | null | undefined)} Faults
 */

/**
 * The fault for a request. From a list, it is the first one for such a request, and is used up; a null in the list is
 * used up by a `get_secret`, which it leaves alone.
 *
 * @param {Faults} faults
 * @param {{ endpoint?: string, fileUid?: string }} request
 * @returns {Fault}
 */
export function nextFault(faults, request) {
  if (typeof faults === 'function') return faults(request) ?? {};
  const kind = request.endpoint ?? 'download';
  const index = faults.findIndex((fault) => (fault?.on ?? 'get_secret') === kind);
  return index < 0 ? {} : (faults.splice(index, 1)[0] ?? {});
}

/**
 * The answer that replaces the true one, if the fault has one.
 *
 * @param {Fault} fault
 * @param {string} currentKeyId
 * @returns {Answer | undefined}
 */
export function replacement(fault, currentKeyId) {
  if (fault.status !== undefined) return unencrypted(fault.status, fault.body ?? '');
  if (fault.throttled !== undefined) return throttled(fault.throttled, fault.throttledBy);
  if (fault.rotateTo !== undefined) {
    return unencrypted(401, { error: 'key', key_id: Number(currentKeyId), message: 'invalid key id' });
  }
  if (fault.expired) return unencrypted(403, EXPIRED_BODY, 'application/xml');
}

/** @returns {Answer} */
export function throttled(retryAfter, status = 429) {
  const body = { error: 'throttled', message: 'throttled' };
  return unencrypted(status, retryAfter === true ? body : { ...body, retry_after: retryAfter });
}

const EXPIRED_BODY = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';

/** @returns {Answer} */
export function unencrypted(status, body, contentType = 'application/json') {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { status, headers: { 'content-type': contentType }, length: bytes.length, chunks: [bytes] };
}

/**
 * The answer with the fault's changes to its bytes and headers.
 *
 * @param {Answer} answer
 * @param {Fault} fault
 * @returns {Answer}
 */
export function spoil(answer, fault) {
  let { length, chunks } = answer;
  if (fault.endless) return { ...answer, headers: { ...answer.headers, ...fault.headers }, chunks: zeros() };
  if (fault.flipByte !== undefined) chunks = flipped(chunks, (fault.flipByte + length) % length);
  if (fault.truncate !== undefined) {
    length = Math.min(fault.truncate, length);
    chunks = firstBytes(chunks, length);
  }
  const declared = fault.contentLength ?? length;
  if (fault.breakAfter !== undefined) {
    length = Math.min(fault.breakAfter, length);
    chunks = firstBytes(chunks, length);
  }

  const headers = {
    ...answer.headers,
    ...(!fault.chunked && { 'content-length': String(declared) }),
    // If the header promises more than there is, the connection must end, not wait for more.
    ...(declared !== length && { connection: 'close' }),
    ...fault.headers,
  };
  return { status: answer.status, headers, length, chunks };
}

function* zeros() {
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) yield chunk;
}

function* flipped(chunks, index) {
  let start = 0;
  for (const chunk of chunks) {
    const isHere = index >= start && index < start + chunk.length;
    const copy = isHere ? Buffer.from(chunk) : chunk;
    if (isHere) copy[index - start] ^= 0x01;
    start += chunk.length;
    yield copy;
  }
}

function* firstBytes(chunks, count) {
  let left = count;
  for (const chunk of chunks) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}

/**
 * The first bytes of the chunks, and then an endless wait.
 *
 * @param {Iterable<Buffer>} chunks
 * @param {number} count
 * @param {AbortSignal} signal
 * @param {() => void} [onSilence]
 */
export async function* hangAfter(chunks, count, signal, onSilence) {
  yield* firstBytes(chunks, count);
  onSilence?.();
  await once(signal, 'abort');
}

/**
 * The chunks in small pieces, with a wait between them.
 *
 * @param {Iterable<Buffer>} chunks
 * @param {{ bytes: number, everyMs: number }} drops
 * @param {AbortSignal} signal
 * @param {() => void} [onSilence] called after the first drop
 */
export async function* trickle(chunks, { bytes, everyMs }, signal, onSilence) {
  let isFirst = true;
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += bytes) {
      if (!isFirst) await wait(everyMs, undefined, { signal });
      yield chunk.subarray(start, start + bytes);
      if (isFirst) onSilence?.();
      isFirst = false;
    }
  }
}
