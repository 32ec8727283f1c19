// What is in the extension, and what its manifests say.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { inProject, readJson, vsixPath } from '../../scripts/paths.js';
import { taskFolder } from './packed-task.js';

const files = Object.keys(unzipSync(readFileSync(vsixPath()))).sort();
const task = readJson(join(taskFolder, 'task.json'));
const extension = readJson(inProject('vss-extension.json'));

test('the extension holds the task, its page and nothing else', () => {
  const pictures = files.filter((name) => /^images\/[\w-]+\.png$/.test(name));
  assert.deepEqual(
    files.filter((name) => !pictures.includes(name)),
    [
      'LICENSE',
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension.vsomanifest',
      'overview.md',
      'task/cleanup.js',
      'task/core_bg.wasm',
      'task/icon.png',
      'task/index.js',
      'task/task.json',
    ],
  );
});

test('task, extension, package and crate have one version', () => {
  const { Major, Minor, Patch } = task.version;
  const [, crate] = readFileSync(inProject('Cargo.toml'), 'utf8').match(/^version = "(.*)"$/m) ?? [];
  assert.deepEqual(
    [`${Major}.${Minor}.${Patch}`, readJson(inProject('package.json')).version, crate],
    [extension.version, extension.version, extension.version],
  );
});

test("the task answers to the official task's name and inputs, under an id of its own", () => {
  assert.equal(task.name, 'ksmazpipelinetask');
  assert.deepEqual(
    ['keepersecretconfig', 'secrets'].map((name) => task.inputs.find((input) => input.name === name)?.type),
    ['string', 'multiLine'],
  );
  assert.deepEqual(
    task.inputs.filter(({ required }) => required),
    [],
    'inputs without which a pipeline would not compile',
  );
  assert.match(task.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('each handler is one that agents still have, and its script is there', () => {
  const sections = ['prejobexecution', 'execution', 'postjobexecution'].filter((name) => task[name]);
  assert.ok(sections.includes('execution'));
  for (const section of sections) {
    assert.deepEqual(Object.keys(task[section]), ['Node20_1', 'Node24'], section);
    for (const { target } of Object.values(task[section])) {
      assert.ok(existsSync(join(taskFolder, target)), `${section}: ${target}`);
    }
  }
});

test('the task may only give restricted commands, and forces no output variable', () => {
  assert.deepEqual(task.restrictions, { commands: { mode: 'restricted' } });
  assert.equal(task.outputVariables, undefined);
});

test('every text is there and short enough for the Marketplace and the editor', () => {
  assert.ok(task.friendlyName.length <= 40, task.friendlyName);
  assert.ok(extension.description.length <= 200, extension.description);
  assert.ok(task.description.length <= 200, task.description);
  assert.ok(extension.name.length <= 200, extension.name);
  // The agent prints the name of a step unmasked.
  assert.equal(task.instanceNameFormat.includes('$('), false);
  for (const { name, label, helpMarkDown } of task.inputs) {
    assert.ok(label && helpMarkDown, name);
  }
});

test('no required input has a default, which would be used when the author forgets the input', () => {
  assert.deepEqual(
    task.inputs.filter(({ required, defaultValue }) => required && defaultValue),
    [],
  );
});

test('icons have the sizes that the editor and the Marketplace ask for', () => {
  assert.deepEqual(sizeOfPng(join(taskFolder, 'icon.png')), { width: 32, height: 32 });
  const { width, height } = sizeOfPng(inProject(extension.icons.default));
  assert.equal(width, height);
  assert.ok(width >= 128, `${width}`);
});

test('the bundle is one script with one task library and no way back to its sources', () => {
  const script = readFileSync(join(taskFolder, 'index.js'), 'utf8');
  // The library says this once, when it is loaded.
  assert.equal(script.split('loading inputs and endpoints').length - 1, 1);
  assert.equal(/sourceMappingURL|node_modules|shelljs/.test(script), false);
});

test('the core can ask for random bytes and for the cipher of the platform, and for nothing else', () => {
  const module = new WebAssembly.Module(readFileSync(join(taskFolder, 'core_bg.wasm')));
  const names = WebAssembly.Module.imports(module).map(({ name, kind }) => {
    assert.equal(kind, 'function');
    return name.replace(/^__wbg_/, '').replace(/_[0-9a-f]{16}$/, '');
  });
  assert.deepEqual([...new Set(names)].sort(), [...EFFECTS, ...PLUMBING].sort());
});

const EFFECTS = ['getRandomValues', 'start', 'update', 'finish'];

/** Objects, lists, texts and bytes on their way in and out. */
const PLUMBING = [
  ...['__wbindgen_throw', '__wbindgen_generic', '__wbindgen_object_clone_ref', '__wbindgen_object_drop_ref'],
  ...['__wbindgen_boolean_get', '__wbindgen_number_get', '__wbindgen_string_get', 'instanceof_Uint8Array'],
  ...['get', 'set', 'new', 'new_from_slice', 'from', 'length', 'subarray', 'prototypesetcall'],
];

/** Width and height stand first in the first chunk of a PNG. */
function sizeOfPng(path) {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}
