import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isCommandAllowed, isSettable } from './restrictions.js';

test('restricted mode lets the harmless commands pass', () => {
  const allowed = {
    task: ['debug', 'logdetail', 'logissue', 'issue', 'complete', 'setprogress', 'setsecret', 'setvariable'],
    Task: ['SetTaskVariable', 'PrependPath'],
    telemetry: ['publish'],
  };
  const dropped = {
    task: ['uploadsummary', 'addattachment', 'uploadfile', 'setendpoint'],
    artifact: ['upload'],
    build: ['addbuildtag'],
  };
  for (const [commands, isAllowed] of /** @type {const} */ ([
    [allowed, true],
    [dropped, false],
  ])) {
    for (const [area, events] of Object.entries(commands)) {
      for (const event of events) {
        const command = { area, event, properties: {}, data: '', raw: '' };
        assert.equal(isCommandAllowed({ commands: { mode: 'restricted' } }, command), isAllowed, event);
        assert.equal(isCommandAllowed({ commands: { mode: 'any' } }, command), true, event);
        assert.equal(isCommandAllowed(undefined, command), true, event);
      }
    }
  }
});

test('variables are settable when a pattern matches or there is no list', () => {
  for (const [allowed, name, expected] of /** @type {const} */ ([
    [undefined, 'A', true],
    [[], 'A', false],
    [['DB_PASSWORD'], 'db_password', true],
    [['DB_*'], 'DB_PASSWORD', true],
    [['DB_*'], 'MY_DB_PASSWORD', false],
    [['DB_?'], 'DB_1', true],
    [['DB_?'], 'DB_12', false],
    [['a.b'], 'axb', false],
  ])) {
    const restrictions = { settableVariables: { allowed: allowed && [...allowed] } };
    assert.equal(isSettable(restrictions, name), expected, `${allowed}: ${name}`);
  }
  assert.equal(isSettable(undefined, 'A'), true);
});
