// Loaded before the task (`node --require`): a request that never settles, and no clock that could end it.

'use strict';

const { EventEmitter } = require('node:events');
const https = require('node:https');

https.request = () => {
  const request = new EventEmitter();
  return Object.assign(request, { end() {}, destroy() {} });
};
globalThis.setInterval = () => ({});
