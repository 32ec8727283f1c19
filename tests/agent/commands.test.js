import assert from 'node:assert/strict';
import { test } from 'node:test';

import { escapeText, parseCommand, unescapeText } from './commands.js';

test('a command is an area, an event, properties and data', () => {
  for (const [line, area, event, properties, data] of /** @type {const} */ ([
    ['##vso[task.debug]hello', 'task', 'debug', {}, 'hello'],
    ['##vso[task.debug]', 'task', 'debug', {}, ''],
    ['##vso[task.debug ]hello', 'task', 'debug', {}, 'hello'],
    [
      '##vso[task.setvariable variable=A;issecret=true;]v',
      'task',
      'setvariable',
      { variable: 'A', issecret: 'true' },
      'v',
    ],
    ['##vso[task.setvariable variable=x y;]v', 'task', 'setvariable', { variable: 'x y' }, 'v'],
    [
      '##vso[Task.SetVariable VARIABLE=A;isSecret=True]v',
      'Task',
      'SetVariable',
      { variable: 'A', issecret: 'True' },
      'v',
    ],
    ['##vso[task.setvariable  variable=A]v', 'task', 'setvariable', { ' variable': 'A' }, 'v'],
    ['##vso[task.setvariable variable=A;variable=B]v', 'task', 'setvariable', { variable: 'B' }, 'v'],
    ['##vso[task.setvariable variable=A;flag;empty=;=;;]v', 'task', 'setvariable', { variable: 'A' }, 'v'],
    ['##vso[task.setvariable variable=a=b]v', 'task', 'setvariable', { variable: 'a=b' }, 'v'],
    ['##vso[task.setvariable =variable==b]v', 'task', 'setvariable', { variable: 'b' }, 'v'],
    ['text before ##vso[task.debug]hello', 'task', 'debug', {}, 'hello'],
    ['##vso[task.debug]one ##vso[task.debug]two', 'task', 'debug', {}, 'one ##vso[task.debug]two'],
    ['] ##vso[task.debug]hello', 'task', 'debug', {}, 'hello'],
    ['##vso[task.debug]a;b]c', 'task', 'debug', {}, 'a;b]c'],
    ['##vso[.task..debug.]hello', 'task', 'debug', {}, 'hello'],
  ])) {
    assert.deepEqual(parseCommand(line), { area, event, properties, data, raw: line }, line);
  }
});

test('what the agent cannot read is no command', () => {
  for (const line of [
    '',
    'hello',
    '##vso',
    '##vso[',
    '##vso[]hello',
    '##vso[task.debug hello',
    '##vso[task]hello',
    '##vso[task.]hello',
    '##vso[task.debug.more]hello',
    '##vso[ task.debug]hello',
    '##VSO[task.debug]hello',
    '##_vso[task.debug]hello',
    '## vso[task.debug]hello',
  ]) {
    assert.equal(parseCommand(line), undefined, line);
  }
});

test('properties and data are unescaped', () => {
  for (const [written, read] of [
    ['100%AZP25', '100%'],
    ['a%0Db%0Ac', 'a\rb\nc'],
    ['%5Da%3Bb', ']a;b'],
    ['%AZP250A', '%0A'],
    ['%AZP25AZP25', '%AZP25'],
    ['%AZP255D', '%5D'],
    ['%25', '%25'],
    ['%0a', '%0a'],
    ['%', '%'],
  ]) {
    const command = parseCommand(`##vso[task.debug text=${written}]${written}`);
    assert.deepEqual(command?.properties, { text: read }, written);
    assert.equal(command?.data, read, written);
  }
});

test('percent signs stay escaped when the job says so', () => {
  const command = parseCommand('##vso[task.debug]100%AZP25%0A', { decodePercents: false });
  assert.equal(command?.data, '100%AZP25\n');
});

test('unescaping undoes escaping', () => {
  for (const text of ['a%0Ab', '%AZP25', '%25', '%5D', ']%;\r\n%', '##vso[task.debug]x', '']) {
    assert.equal(unescapeText(escapeText(text)), text, text);
  }
  assert.equal(escapeText('%];\r\n'), '%AZP25%5D%3B%0D%0A');
});

test('a prefix with invisible characters is found, and then is no command that the agent knows', () => {
  for (const line of [
    '#\u00ad#vso[task.debug]x',
    '##vs\u200bo[task.debug]x',
    '#\u{e0041}#vso[task.debug]x',
    '#\0#vso[task.debug]x',
  ]) {
    const command = parseCommand(line);
    assert.ok(command && command.area !== 'task', JSON.stringify([line, command?.area]));
  }
});

test('a mark on a character of the prefix makes it another text', () => {
  for (const line of ['##vso[\u0301task.debug]x', '#\u0338#vso[task.debug]x', '##vs\u0301o[task.debug]x']) {
    assert.equal(parseCommand(line), undefined, JSON.stringify(line));
  }
});
