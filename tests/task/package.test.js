// The content of the extension, and its manifests.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Ajv from 'ajv-draft-04';
import { readVersions } from '../../scripts/bump.js';
import { identifyExtension, readIdentity } from '../../scripts/identity.js';
import { sortTypes } from '../../scripts/package.js';
import { inProject, readJson, vsixPath } from '../../scripts/paths.js';
import { unzip } from '../../scripts/unpack.js';
import { chooseNode } from '../agent/handlers.js';
import { taskFolder } from './packed-task.js';

const content = await unzip(vsixPath());
const files = Object.keys(content).sort();
const task = readJson(join(taskFolder, 'task.json'));
const identity = readIdentity();
const extension = identifyExtension(readJson(inProject('vss-extension.json')), identity);

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
      'task/THIRD-PARTY-NOTICES.txt',
      'task/cleanup.js',
      'task/core_bg.wasm',
      'task/icon.png',
      'task/main.js',
      'task/task.json',
    ],
  );
});

test('the extension is small, and its task is few files, since each agent fetches them', () => {
  const bytes = readFileSync(vsixPath()).length;
  assert.ok(bytes <= 400_000, `it has ${bytes} bytes`);
  assert.ok(files.filter((name) => name.startsWith('task/')).length <= 10);
});

test('the content types have one order, whatever order tfx wrote them in', () => {
  const xml = (...types) =>
    `<Types>\n${types.map((type) => `  <Default Extension="${type}"/>\n`).join('')}</Types>`;
  assert.equal(sortTypes(xml('.txt', '.js', '.md')), xml('.js', '.md', '.txt'));
  const packed = textOf('[Content_Types].xml');
  assert.equal(sortTypes(packed), packed);
});

test('every file that names the version names the same one, and so does what is packed', () => {
  const { Major, Minor, Patch } = task.version;
  const packed = [
    { file: 'the packed task.json', version: `${Major}.${Minor}.${Patch}` },
    {
      file: 'the VSIX',
      version: textOf('extension.vsixmanifest').match(/<Identity [^>]*Version="([^"]+)"/)?.[1],
    },
  ];
  const versions = [...readVersions(), ...packed];
  assert.deepEqual(
    versions.filter(({ version }) => version !== versions[0]?.version),
    [],
  );
});

test('what is packed has the names and ids of identity.json', () => {
  const manifest = textOf('extension.vsixmanifest');
  const { contributions } = JSON.parse(textOf('extension.vsomanifest'));
  assert.deepEqual(
    {
      id: manifest.match(/<Identity [^>]*\bId="([^"]+)"/)?.[1],
      publisher: manifest.match(/<Identity [^>]*Publisher="([^"]+)"/)?.[1],
      name: manifest.match(/<DisplayName>([^<]+)/)?.[1],
      isPublic: /<GalleryFlags>[^<]*\bPublic\b/.test(manifest),
      taskId: task.id,
      taskTitle: task.friendlyName,
      contributions: contributions.map(({ id }) => id),
      connectionType: contributions.find(({ type }) => type.endsWith('endpoint-type')).properties.name,
    },
    {
      id: identity.extensionId,
      publisher: identity.publisher,
      name: identity.extensionName,
      isPublic: identity.public,
      taskId: identity.taskId,
      taskTitle: identity.taskTitle,
      contributions: [identity.taskContribution, identity.connectionContribution],
      connectionType: identity.connectionType,
    },
  );
});

test("the task is what Microsoft's schema of tasks asks for", () => {
  // From azure-pipelines-task-lib at commit 3aa98da, Copyright (c) Microsoft Corporation, MIT licence. It is older than
  // the handler, which is added here, and its patterns do not work with the `u` flag.
  const schema = readJson(inProject('tests', 'vectors', 'tasks.schema.json'));
  for (const section of ['prejobexecution', 'execution', 'postjobexecution']) {
    schema.properties[section].properties.Node20_1 = { $ref: '#/definitions/executionObject' };
  }
  const validate = new Ajv({ unicodeRegExp: false, allErrors: true, strictTypes: false }).compile(schema);
  assert.equal(validate({ ...task, invented: true }), false);
  assert.ok(validate(task), JSON.stringify(validate.errors));
});

test('a connection hands its secret over in a scheme that exists, and only there', () => {
  const connections = extension.contributions.filter(
    ({ type }) => type === 'ms.vss-endpoint.service-endpoint-type',
  );
  const schemes = connections.flatMap(({ properties }) => properties.authenticationSchemes);
  assert.ok(schemes.length > 0);
  for (const { type, inputDescriptors } of schemes) {
    assert.match(type, /^ms\.vss-endpoint\.endpoint-auth-scheme-(basic|token|none|cert|jwt)$/);
    for (const { id, isConfidential, validation } of inputDescriptors) {
      assert.ok(isConfidential, id);
      // A config is longer than 300 characters, the default limit of a token.
      assert.equal(validation.maxLength, undefined);
    }
  }
  // Descriptors here would become data that agents do not mask.
  assert.deepEqual(
    connections.filter(({ properties }) => properties.inputDescriptors),
    [],
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

const MACHINES = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
  hasOldGlibc: (bits & 1) > 0,
  usesNode24Data: (bits & 2) > 0,
  selectsEnhanced: (bits & 4) > 0,
}));

test('the task starts by its handlers on every agent, with a warning only where the system is old', () => {
  for (const section of ['execution', 'postjobexecution']) {
    for (const machine of MACHINES) {
      const { starts, warns } = chooseNode(Object.keys(task[section]), machine);
      assert.deepEqual([starts, warns], [true, machine.hasOldGlibc], JSON.stringify([section, machine]));
    }
  }
});

test('each handler is one that agents still have, and its script is there', () => {
  const sections = ['prejobexecution', 'execution', 'postjobexecution'].filter((name) => task[name]);
  assert.ok(sections.includes('execution'));
  for (const section of sections) {
    assert.deepEqual(Object.keys(task[section]), ['Node20_1'], section);
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
  for (const { name, label, helpMarkDown, groupName, options, defaultValue } of task.inputs) {
    assert.ok(label && helpMarkDown, name);
    assert.ok(!groupName || task.groups.some((group) => group.name === groupName), `${name}: ${groupName}`);
    assert.ok(!options || defaultValue in options, `${name}: ${defaultValue}`);
  }
});

test('no required input has a default, which would be used when the author forgets the input', () => {
  assert.deepEqual(
    task.inputs.filter(({ required, defaultValue }) => required && defaultValue),
    [],
  );
});

test('the page of the Marketplace links to whole addresses and to pictures that come along', () => {
  const page = textOf('overview.md');
  const targets = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);
  const pictures = targets.filter((target) => target.startsWith('images/'));
  assert.ok(pictures.length >= 2);
  pictures.forEach((picture) => assert.ok(files.includes(picture), picture));
  const others = targets.filter((target) => !pictures.includes(target));
  others.forEach((target) =>
    assert.match(target, /^https:\/\/\S+\/blob\/main\/(docs\/[a-z-]+|SECURITY)\.md(#[a-z-]+)?$/),
  );
  assert.ok(others.length >= 3);
});

test('icons have the sizes that the editor and the Marketplace ask for', () => {
  assert.deepEqual(sizeOfPng(join(taskFolder, 'icon.png')), { width: 32, height: 32 });
  const { width, height } = sizeOfPng(inProject(extension.icons.default));
  assert.equal(width, height);
  assert.ok(width >= 128, `${width}`);
});

test('of the scripts, one holds the task library, once, and none leads back to its sources', () => {
  const holding = ['main.js', 'cleanup.js'].map((name) => {
    const script = readFileSync(join(taskFolder, name), 'utf8');
    assert.equal(/sourceMappingURL|node_modules|shelljs/.test(script), false, name);
    // The library prints this once, when it is loaded.
    return script.split('loading inputs and endpoints').length - 1;
  });
  assert.deepEqual(holding, [1, 0]);
});

test('the core can ask for random bytes, for the cipher and the Unicode tables of the platform, and for nothing else', () => {
  const module = new WebAssembly.Module(readFileSync(join(taskFolder, 'core_bg.wasm')));
  const names = WebAssembly.Module.imports(module).map(({ name, kind }) => {
    assert.equal(kind, 'function');
    return name.replace(/^__wbg_/, '').replace(/_[0-9a-f]{16}$/, '');
  });
  assert.deepEqual([...new Set(names)].sort(), [...EFFECTS, ...PLUMBING].sort());
});

const EFFECTS = ['getRandomValues', 'start', 'update', 'finish', 'normalize'];

/** Imports that pass objects, lists, texts and bytes in and out. */
const PLUMBING = [
  ...['__wbindgen_throw', '__wbindgen_generic', '__wbindgen_object_clone_ref', '__wbindgen_object_drop_ref'],
  ...['__wbindgen_boolean_get', '__wbindgen_number_get', '__wbindgen_string_get', 'instanceof_Uint8Array'],
  ...['__wbindgen_is_object', '__wbindgen_is_undefined', '__wbindgen_in', '__wbindgen_jsval_loose_eq'],
  ...['__wbindgen_debug_string', 'Error', 'Number', 'get_with_ref_key', 'instanceof_ArrayBuffer'],
  ...['set', 'new', 'from', 'body', 'length', 'subarray', 'fill', 'push', 'prototypesetcall'],
];

/** @param {string} name */
function textOf(name) {
  return Buffer.from(content[name]).toString('utf8');
}

/** The first chunk of a PNG begins with its width and height. */
function sizeOfPng(path) {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}
