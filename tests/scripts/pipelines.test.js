// What the build and release pipelines may do and what they run, as they cannot be run here.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse, parseDocument } from 'yaml';
import { inProject, readJson } from '../../scripts/paths.js';

const WORKFLOW = '.github/workflows/build.yml';
const PIPELINES = [WORKFLOW, 'azure-pipelines.yml', 'smoke-pipeline.yml', '.github/dependabot.yml'];

const read = (file) => readFileSync(inProject(file), 'utf8');

describe('each pipeline', () => {
  for (const file of PIPELINES) {
    test(`${file} is YAML without a doubt`, () => {
      const { errors, warnings } = parseDocument(read(file), { strict: true });
      assert.deepEqual([...errors, ...warnings], []);
    });

    test(`${file} runs what there is`, () => {
      for (const [, script] of read(file).matchAll(/\bnode (scripts\/[\w-]+\.js)/g)) {
        assert.ok(existsSync(inProject(script)), script);
      }
      for (const [, name] of read(file).matchAll(/\bnpm run ([\w-]+)/g)) {
        assert.ok(readJson(inProject('package.json')).scripts[name], name);
      }
    });

    test(`${file} stores no secret`, () => {
      assert.doesNotMatch(read(file), /\bsecrets\.|\bPAT\b|client-secret|password:/);
    });
  }
});

test('every action is pinned to a commit, with its version beside it', () => {
  const uses = read(WORKFLOW).match(/^.*\buses: .*$/gm) ?? [];
  assert.ok(uses.length > 0);
  for (const line of uses) {
    assert.match(line, /uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

test('a job of the workflow may do what it names; what a stranger can start may only read', () => {
  const { permissions, jobs } = parse(read(WORKFLOW));
  assert.deepEqual(permissions, {});
  for (const [name, job] of Object.entries(jobs)) {
    assert.ok(job.permissions, name);
    assert.ok(job['timeout-minutes'], name);
    const mayWrite = Object.values(job.permissions).includes('write');
    assert.equal(mayWrite, job.if?.startsWith("github.event_name == 'push'") ?? false, name);
  }
});

test('what is published was tried out before, and somebody approves', () => {
  const { jobs } = parse(read(WORKFLOW));
  assert.deepEqual([jobs.preview.needs, jobs.release.needs], ['attest', 'preview']);
  assert.deepEqual([jobs.preview.environment, jobs.release.environment], ['preview', 'marketplace']);
  assert.match(jobs.release.if, /ref_type == 'tag'/);
  const { stages } = parse(read('azure-pipelines.yml'));
  assert.deepEqual(
    stages.map(({ stage }) => stage),
    ['check', 'package', 'preview', 'release'],
  );
  assert.match(stages.at(-1).condition, /succeeded\(\).*isTag/);
  assert.equal(stages.at(-1).jobs[0].environment, 'marketplace');
});
