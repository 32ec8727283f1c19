// The names and ids of the release and of the preview.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyExtension, identifyTask, previewVersion, readIdentity } from '../../scripts/identity.js';
import { inProject, readJson } from '../../scripts/paths.js';

const manifest = readJson(inProject('vss-extension.json'));
const task = readJson(inProject('task', 'task.json'));
const [release, preview] = [readIdentity(), readIdentity('preview')];

test('the preview can be installed beside the release: whatever has to be unique differs', () => {
  for (const name of [
    'extensionId',
    'extensionName',
    'taskId',
    'taskTitle',
    'connectionType',
    'connectionTitle',
  ]) {
    assert.notEqual(preview[name], release[name], name);
  }
  assert.equal(preview.publisher, release.publisher);
});

test('the preview stays private', () => {
  assert.equal(identifyExtension(manifest, preview).public, false);
});

test('ids and names are ones that the Marketplace and agents take', () => {
  for (const { extensionId, extensionName, taskId, taskTitle, connectionType, publisher } of [
    release,
    preview,
  ]) {
    assert.match(extensionId, /^[A-Za-z0-9_-]+$/);
    assert.match(publisher, /^[A-Za-z0-9-]+$/);
    assert.ok(extensionName.length <= 200);
    assert.match(taskId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(taskTitle.length <= 40, taskTitle);
    assert.match(connectionType, /^[A-Za-z]+$/);
  }
});

test('the connection that the task asks for is the one that the extension brings', () => {
  for (const identity of [release, preview]) {
    const { contributions } = identifyExtension(manifest, identity);
    const { properties } = contributions.find(({ id }) => id === identity.connectionContribution);
    const input = identifyTask(task, identity).inputs.find(({ type }) =>
      type.startsWith('connectedService:'),
    );
    assert.equal(input?.type, `connectedService:${properties.name}`);
    assert.equal(properties.displayName, identity.connectionTitle);
  }
});

test('each link of the form leads to a page of the repository', () => {
  const identified = identifyTask(task, release);
  const texts = [identified, ...identified.inputs].map(({ helpMarkDown }) => helpMarkDown);
  const targets = texts.flatMap((text) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target));
  const pages = `${release.repository}/blob/main/docs/`;
  assert.ok(targets.includes(`${pages}getting-started.md`));
  assert.deepEqual(
    targets.filter((target) => !target.startsWith(pages)),
    [],
  );
});

test('what identity.json does not set stays as the manifests say', () => {
  const identified = identifyTask(task, preview);
  const { id, friendlyName, author, helpMarkDown, inputs, ...rest } = identified;
  assert.deepEqual(rest, Object.fromEntries(Object.keys(rest).map((name) => [name, task[name]])));
  assert.equal(identifyExtension(manifest, preview).description, manifest.description);
});

test('each preview has a version of its own, in both manifests', () => {
  const version = previewVersion('1.2.3', 456);
  assert.equal(version, '1.2.456');
  assert.equal(identifyExtension(manifest, preview, version).version, '1.2.456');
  assert.deepEqual(identifyTask(task, preview, version).version, { Major: 1, Minor: 2, Patch: 456 });
});
