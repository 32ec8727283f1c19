// Bumping the version in every file that names it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextVersion, readVersions, released, withVersion } from '../../scripts/bump.js';

test('a version follows by its kind or as it is given', () => {
  for (const [current, wanted, next] of [
    ['1.2.3', 'patch', '1.2.4'],
    ['1.2.3', 'minor', '1.3.0'],
    ['1.2.3', 'major', '2.0.0'],
    ['1.9.0', '1.10.0', '1.10.0'],
  ]) {
    assert.equal(nextVersion(current, wanted), next, `${current}, ${wanted}`);
  }
});

test('the version of the sources can be released once', () => {
  assert.equal(nextVersion('1.0.0', '1.0.0', false), '1.0.0');
  assert.throws(() => nextVersion('1.0.0', '1.0.0', true), { message: '1.0.0 does not come after 1.0.0' });
});

test('no version, half a version and an earlier one are refused', () => {
  assert.throws(() => nextVersion('1.0.0', undefined), { message: '`` is no version' });
  for (const wanted of ['1.2', '1.2.3.4', 'v1.2.3', '01.2.3', 'latest']) {
    assert.throws(() => nextVersion('1.0.0', wanted), { message: `\`${wanted}\` is no version` });
  }
  assert.throws(() => nextVersion('1.10.0', '1.9.9'), { message: '1.9.9 does not come after 1.10.0' });
});

test('every file takes the new version, and nothing else in it changes', () => {
  const before = readVersions();
  const files = withVersion('23.45.67');
  const after = readVersions((file) => files[file]);
  assert.deepEqual(
    after,
    before.map(({ file }) => ({ file, version: '23.45.67' })),
  );
  const back = withVersion(before[0].version, (file) => files[file]);
  assert.deepEqual(back, withVersion(before[0].version));
});

test('what was unreleased is under the new version, and what was released stays', () => {
  assert.equal(
    released(
      '# Changelog\n\n## Unreleased\n\n- New.\n\n## 1.0.0 - 2026-01-01\n\n- Old.\n',
      '1.1.0',
      '2026-02-03',
    ),
    '# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2026-02-03\n\n- New.\n\n## 1.0.0 - 2026-01-01\n\n- Old.\n',
  );
});

test('nothing is released that the changelog does not mention', () => {
  for (const changelog of ['# Changelog\n', '## Unreleased\n\n## 1.0.0 - 2026-01-01\n\n- Old.\n']) {
    assert.throws(() => released(changelog, '1.1.0', '2026-02-03'), {
      message: 'the changelog has nothing under Unreleased',
    });
  }
});
