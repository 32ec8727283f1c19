// Loaded before the task (`node --require`): Windows refuses to start any program, as a policy may have it.

'use strict';

require('node:child_process').execFile = () => {
  throw Object.assign(new Error('spawn UNKNOWN'), { code: 'UNKNOWN' });
};
