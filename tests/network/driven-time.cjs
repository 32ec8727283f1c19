// Loaded before the task (`node --require`): time stops until the test lets it pass; only waits between requests end at
// once. A name server can replace the machine's.

'use strict';

require('../task/fixed-clock.cjs');
const dns = require('node:dns');
const net = require('node:net');

/** What the task does each second. */
const watches = new Set();

const { setInterval: startInterval, clearInterval: clearTimer } = globalThis;
let lookingUp;
globalThis.setInterval = (callback) => {
  // Like any interval, it keeps the process alive.
  const watch = { callback, timer: startInterval(() => {}, 1_000) };
  watches.add(watch);
  return watch;
};
globalThis.clearInterval = (watch) => {
  clearTimer(watch.timer);
  watches.delete(watch);
};

// The conductor sends one byte for each second.
const control = net.connect(Number(process.env.CONDUCTOR), '127.0.0.1');
control.on('data', (bytes) => passSeconds(bytes.length));
control.on('error', () => {});
control.unref();

function passSeconds(count) {
  if (count === 0) return clearTimer(lookingUp);
  // The clock moves on by as much.
  setTimeout(() => {
    for (const { callback } of [...watches]) callback();
    passSeconds(count - 1);
  }, 1_000);
}

const names = JSON.parse(process.env.NAME_SERVER ?? '{}');
const { lookup } = dns;
dns.lookup = (host, options, callback) => {
  const answer = names[host];
  if (answer === undefined) return lookup(host, options, callback);
  // A lookup keeps the process alive until the system gives up.
  if (answer === 'silent') {
    lookingUp ??= startInterval(() => {}, 1_000);
    return;
  }
  setImmediate(() => {
    if (/^[A-Z_]+$/.test(answer))
      callback(Object.assign(new Error(`getaddrinfo ${answer}`), { code: answer }));
    else if (options.all) callback(null, [{ address: answer, family: 4 }]);
    else callback(null, answer, 4);
  });
};
