// Behaviour on Windows only, where a scanner holds a file for some time, and an access list replaces the mode. The
// tests make the task believe that it runs there.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isWindows } from '../platform.js';
import { REPORT, errorsOf, isSettled, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

Object.defineProperty(process, 'platform', { value: 'win32' });
const { patiently, soon } = await import('../../task/files/work.js');
const { checkDrive } = await import('../../task/files/folder.js');
const { systemProgram } = await import('../../task/files/programs.js');

const [AT_A_POINT, AS_WINDOWS, DEFECT] = ['at-a-point.cjs', 'as-windows.cjs', 'defect-beside.cjs'].map(
  (name) => fileURLToPath(new URL(name, import.meta.url)),
);
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [{ name: 'large.bin', bytes: 4_000_000 }],
  },
];
const UNPROTECTED =
  'line 1: others may be able to read the file, as its access list could not be set (SystemRoot names no folder of Windows)';

/** Work that fails this many times, with this code. */
function failing(times, code) {
  let left = times;
  const work = () => {
    left -= 1;
    if (left >= 0) throw Object.assign(new Error(code), { code });
    return 'done';
  };
  return { work, calls: () => times - left };
}

describe('a file that is held', () => {
  for (const code of ['EBUSY', 'EPERM', 'EACCES']) {
    test(`is tried again (${code})`, async () => {
      const { work, calls } = failing(3, code);
      assert.equal(await patiently(work), 'done');
      assert.equal(calls(), 4);
    });
  }

  test('is given up in the end', async () => {
    const { work } = failing(1_000, 'EBUSY');
    await assert.rejects(patiently(work, { until: performance.now() + 50 }), { code: 'EBUSY' });
  });

  test('is given up in the end, also if the clock is set back', async (t) => {
    let now = Date.now();
    t.mock.method(Date, 'now', () => (now -= 1_000));
    const { work } = failing(20, 'EBUSY');
    await assert.rejects(patiently(work, { until: soon() - 3_900 }), { code: 'EBUSY' });
  });

  test('is given up when the step is cancelled', async () => {
    const { work, calls } = failing(1_000, 'EBUSY');
    const cancellation = new AbortController();
    const end = assert.rejects(patiently(work, { signal: cancellation.signal }), { code: 'EBUSY' });
    cancellation.abort();
    await end;
    assert.ok(calls() <= 2);
  });

  test('is left alone once the step was cancelled while it was waited for', async () => {
    const { work, calls } = failing(1, 'EBUSY');
    const cancellation = new AbortController();
    const end = assert.rejects(patiently(work, { signal: cancellation.signal }), { code: 'EBUSY' });
    cancellation.abort();
    await end;
    assert.equal(calls(), 1);
  });

  test('is not tried again for another reason', async () => {
    const { work, calls } = failing(1, 'ENOSPC');
    await assert.rejects(patiently(work), { code: 'ENOSPC' });
    assert.equal(calls(), 1);
  });
});

describe('a share that gives no answer', () => {
  const [target, never] = [join(tmpdir(), 'file'), () => new Promise(() => undefined)];

  test('is given up when the step is cancelled', async (t) => {
    const asked = t.mock.method(fs.promises, 'stat', never);
    const cancellation = new AbortController();
    const end = assert.rejects(checkDrive(target, cancellation.signal), { code: 'ABORT_ERR' });
    cancellation.abort();
    await end;
    assert.equal(asked.mock.callCount(), 1);
  });

  test('is not asked for once the step is cancelled', async (t) => {
    const asked = t.mock.method(fs.promises, 'stat', never);
    await assert.rejects(checkDrive(target, AbortSignal.abort()), { code: 'ABORT_ERR' });
    assert.equal(asked.mock.callCount(), 0);
  });
});

test("the program for it is the system's", { skip: !isWindows && 'there are no drives' }, () => {
  assert.match(
    String(systemProgram('icacls.exe', process.env.SystemRoot)),
    /^[A-Z]:\\windows\\System32\\icacls\.exe$/i,
  );
  for (const root of [undefined, '', '.', 'windows', '\\windows', process.cwd()]) {
    assert.equal(systemProgram('icacls.exe', root), undefined, root);
  }
});

describe(
  'a step with files',
  { concurrency: 2, skip: isWindows && 'Windows itself is no model of it' },
  () => {
    const TEXTS = ['Database/field/password > file:old.txt', 'Database/field/password > file:new.txt'];

    /** @param {import('node:test').TestContext} t @param {object[]} points */
    async function run(t, points, { secrets = TEXTS, hooks = [] } = {}) {
      const folder = fs.mkdtempSync(join(tmpdir(), 'held-'));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
      const keeper = await openKeeper(t, { holds: HOLDS });
      const outcome = await runWithKeeper(t, {
        keeper,
        secrets,
        agent: {
          sourcesFolder: folder,
          nodeArguments: [AS_WINDOWS, AT_A_POINT, ...hooks].flatMap((hook) => ['--require', hook]),
          environment: { AT_POINT: JSON.stringify(points), AT_POINT_FOLDER: folder },
        },
      });
      return { outcome, folder };
    }
    const held = (call, from, times) =>
      Array.from({ length: times }, (_, index) => ({ call, count: from + index, code: 'EBUSY' }));

    test('succeeds when a scanner lets them go', async (t) => {
      const { outcome, folder } = await run(t, held('renameSync', 1, 3));
      assert.deepEqual(errorsOf(outcome), []);
      assert.deepEqual(warningsOf(outcome), [UNPROTECTED]);
      assert.deepEqual(fs.readdirSync(folder).sort(), ['new.txt', 'old.txt']);
    });

    test('leaves nothing when it fails and a scanner holds them for a while', async (t) => {
      const points = [{ call: 'renameSync', count: 2, code: 'ENOSPC' }, ...held('unlinkSync', 1, 3)];
      const { outcome, folder } = await run(t, [...points, ...held('renameSync', 3, 3)]);
      assert.deepEqual(errorsOf(outcome), ['line 2: `new.txt` cannot be written: the disk is full (ENOSPC)']);
      assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
      assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
      assert.equal(isSettled(outcome), true);
    });

    test('takes everything back before it ends, also where a defect has ended the run', async (t) => {
      const { outcome, folder } = await run(t, held('unlinkSync', 1, 5), {
        secrets: ['Database/file/large.bin > file:large.bin'],
        hooks: [DEFECT],
      });
      assert.deepEqual(errorsOf(outcome), [
        `the task stopped unexpectedly (Error); nothing was set\nhint: ${REPORT}`,
      ]);
      assert.equal(outcome.completions.length, 1);
      assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
      assert.equal(isSettled(outcome), true);
    });

    test('leaves nothing in clear when a scanner never lets them go', async (t) => {
      const points = [{ call: 'renameSync', count: 2, code: 'ENOSPC' }, ...held('unlinkSync', 1, 1_000)];
      const { outcome, folder } = await run(t, points);
      const [first, second] = errorsOf(outcome);
      assert.equal(first, 'line 2: `new.txt` cannot be written: the disk is full (ENOSPC)');
      const [, left = ''] =
        /^line 2: `(.*)` could not be removed, but is empty \(EBUSY\)$/.exec(second) ?? [];
      assert.equal(fs.readFileSync(left, 'utf8'), '', second);
      assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
      // The post-job step tries again.
      assert.equal(isSettled(outcome), false);
    });
  },
);
