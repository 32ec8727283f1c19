// Documents about the packages and crates in the task: the notices, the bill of materials, the page on dependencies.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { shippedComponents } from '../../scripts/components.js';
import { sha256 } from '../../scripts/fingerprint.js';
import { inProject, vsixPath } from '../../scripts/paths.js';
import { taskFolder } from './packed-task.js';

const withoutRust = spawnSync('rustc', ['--version']).status !== 0 && 'there is no Rust compiler to ask';
const components = withoutRust ? [] : await shippedComponents();
const bill = readFileSync(vsixPath().replace(/\.vsix$/, '.cdx.json'), 'utf8');

test(
  'the notices name each component with its version, and every licence text once',
  { skip: withoutRust },
  () => {
    const notices = readFileSync(join(taskFolder, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const { name, version } of components) {
      assert.match(notices, new RegExp(`^${name} ${version.replaceAll('.', '\\.')}$`, 'm'));
    }
    for (const beginning of [
      'Permission is hereby granted, free of charge, to any person obtaining a copy of this software',
      'Redistribution and use in source and binary forms',
    ]) {
      assert.equal(notices.replace(/\s+/g, ' ').split(beginning).length - 1, 1, beginning);
    }
    assert.match(notices, /Copyright \(c\) Microsoft Corporation/);
    assert.match(notices, /The Rust Project Developers/);
    assert.doesNotMatch(notices, /<copyright holders>|undefined/);
  },
);

test("the bill of materials is valid by CycloneDX's own schema", async () => {
  const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bill);
  assert.equal(problem, null, JSON.stringify(problem));
});

test(
  'the bill of materials lists the files that run, with their hashes, and all that they consist of',
  { skip: withoutRust },
  () => {
    const { components: listed, dependencies } = JSON.parse(bill);
    const files = listed.filter(({ type }) => type === 'file');
    assert.deepEqual(
      files.map(({ name, hashes }) => [name, hashes[0].content]),
      ['cleanup.js', 'core_bg.wasm', 'main.js'].map((name) => [
        name,
        sha256(readFileSync(join(taskFolder, name))),
      ]),
    );
    assert.deepEqual(
      listed.filter(({ type }) => type === 'library').map(({ name, version }) => `${name} ${version}`),
      components.map(({ name, version }) => `${name} ${version}`),
    );
    const known = new Set(dependencies.map(({ ref }) => ref));
    const unknown = dependencies.flatMap(({ dependsOn }) => dependsOn.filter((ref) => !known.has(ref)));
    assert.deepEqual(unknown, []);
    const used = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn));
    assert.equal(used.size, known.size - 1, 'everything is used by something, the task itself aside');
  },
);

test('nothing in the bill of materials changes from build to build', () => {
  const { serialNumber, metadata } = JSON.parse(bill);
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(Object.keys(metadata), ['component']);
});

test(
  'docs/dependencies.md names each component, with a reason for it or with what brings it along, and no other',
  { skip: withoutRust },
  () => {
    const rows = readFileSync(inProject('docs', 'dependencies.md'), 'utf8').match(/^\| `.*$/gm) ?? [];
    const named = rows.flatMap((row) => {
      const [, name, reason, brought] = row.split('|').map((cell) => cell.trim());
      assert.ok(reason, row);
      return [...`${name} ${brought}`.matchAll(/`([^`]+)`/g)].map(([, found]) => found);
    });
    assert.deepEqual(named.sort(), components.map(({ name }) => name).sort());
  },
);
