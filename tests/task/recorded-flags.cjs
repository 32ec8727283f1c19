// Loaded before the task (`node --require`): what it tells V8 is written down in the file that RECORDED_FLAGS names.

'use strict';

const { appendFileSync } = require('node:fs');
const v8 = require('node:v8');

const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => {
  appendFileSync(process.env.RECORDED_FLAGS, `${flag}\n`);
  setFlagsFromString(flag);
};
