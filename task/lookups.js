/**
 * This file is where names are looked up. The system looks up two at a time, so connections to one host that are made side
 * by side share one look-up instead of waiting for each other's.
 */

import dns from 'node:dns';

/** @typedef {(...outcome: any[]) => void} Callback */

/** Who waits for a look-up, by what is looked up. @type {Map<string, Callback[]>} */
const underWay = new Map();

/**
 * In place of `dns.lookup`, as an option of a connection.
 *
 * @param {string} host
 * @param {import('node:dns').LookupOptions} options
 * @param {Callback} callback
 */
export function lookUp(host, options, callback) {
  const what = JSON.stringify([host, options]);
  const waiting = underWay.get(what);
  if (waiting) {
    waiting.push(callback);
    return;
  }
  const callbacks = [callback];
  underWay.set(what, callbacks);
  dns.lookup(host, options, (/** @type {any[]} */ ...outcome) => {
    underWay.delete(what);
    callbacks.forEach((tell) => tell(...outcome));
  });
}
