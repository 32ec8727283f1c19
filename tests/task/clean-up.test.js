// The post-job step's treatment of files that the task wrote.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runTask } from '../agent/agent.js';
import { isWindows, isWine, shownMode, withoutLinks, withoutSignals } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper, taskFolder, warningsOf } from './packed-task.js';

const AT_A_POINT = fileURLToPath(new URL('at-a-point.cjs', import.meta.url));
const PASSWORD = 's3cr3t-p4ssw0rd';
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    files: [{ name: 'large.bin', bytes: 100_000 }],
  },
];
const toFile = (path) => `Database/field/password > file:${path}`;

/**
 * Runs the task, whatever happens in between, and the post-job step.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {object} [options]
 * @param {Record<string, string>} [options.inputs]
 * @param {(folder: string) => void} [options.before]
 * @param {(folder: string, main: import('../agent/agent.js').Run) => void} [options.between]
 * @param {Partial<import('../agent/agent.js').Options>} [options.agent]
 * @param {boolean} [options.isAllNoted] whether the note names everything that the task put into the temporary folder
 */
async function runJob(
  t,
  secrets,
  { inputs = {}, before, between = () => {}, agent = {}, isAllNoted = true } = {},
) {
  const { main, folder } = await runMain(t, secrets, { inputs, ...agent }, before);
  assert.equal(main.result, 'Succeeded');
  between(folder, main);
  const post = await runPostJob(t, main, { isAllNoted });
  return { main, post, folder };
}

/** @param {import('node:test').TestContext} t @param {import('../agent/agent.js').Run} main */
async function runPostJob(t, main, { isAllNoted = true, isNoteGone = true, agent = {} } = {}) {
  const post = await runTask({
    ...agent,
    taskFolder,
    section: 'postjobexecution',
    sourcesFolder: main.folders.sources,
    tempFolder: main.folders.temp,
    taskVariables: main.taskVariables,
    debug: true,
  });
  t.after(post.cleanUp);
  assert.equal(post.result, 'Succeeded');
  assert.equal(post.exitCode, 0);
  assert.equal(post.completions.length, 1);
  assert.deepEqual(post.droppedCommands, []);
  // The note is removed together with the files that it lists.
  assert.equal(fs.existsSync(noteOf(main)), !isNoteGone);
  if (isAllNoted) {
    assert.deepEqual(
      fs.readdirSync(main.folders.temp).filter((name) => name.startsWith('.ksm')),
      [],
    );
  }
  return post;
}

const printed = (run) => run.log.filter((line) => !line.startsWith('##'));

test('a file in the working directory is removed when the job ends, and its folder stays', async (t) => {
  const { post, folder } = await runJob(t, [toFile('a/password.txt')]);
  assert.deepEqual(printed(post), [`Removed ${join(folder, 'a', 'password.txt')}`]);
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(folder, { recursive: true }), ['a']);
});

test('a file in the temporary folder is left to the agent', async (t) => {
  const { main, post } = await runJob(t, [toFile('$(Agent.TempDirectory)/password.txt')]);
  assert.deepEqual(main.taskVariables, {});
  assert.deepEqual(
    post.log.filter((line) => !line.startsWith('##[debug]')),
    [],
  );
  assert.ok(fs.existsSync(join(main.folders.temp, 'password.txt')));
});

const CHANGES = {
  'by a tool that writes into it': (place) => fs.appendFileSync(place, 'x'),
  'by a tool that replaces it': (place) => {
    fs.writeFileSync(`${place}.new`, 'another text');
    fs.renameSync(`${place}.new`, place);
  },
  'by a file system that gives it another number': (place) => {
    fs.copyFileSync(place, `${place}.new`);
    fs.renameSync(`${place}.new`, place);
  },
};
for (const [name, change] of Object.entries(CHANGES)) {
  test(`a file that was changed since is removed all the same (${name})`, async (t) => {
    const { post, folder } = await runJob(t, [toFile('password.txt')], {
      between: (folder) => change(join(folder, 'password.txt')),
    });
    assert.deepEqual(printed(post), [`Removed ${join(folder, 'password.txt')}`]);
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  test(`a file that was there before comes back, whatever was changed since (${name})`, async (t) => {
    let inode = 0;
    const { post, folder } = await runJob(t, [toFile('.netrc')], {
      before: (folder) => {
        fs.writeFileSync(join(folder, '.netrc'), 'as it was', { mode: 0o640 });
        inode = fs.statSync(join(folder, '.netrc')).ino;
      },
      between: (folder) => {
        assert.deepEqual(fs.readdirSync(folder), ['.netrc']);
        assert.equal(fs.readFileSync(join(folder, '.netrc'), 'utf8'), PASSWORD);
        change(join(folder, '.netrc'));
      },
    });
    assert.deepEqual(printed(post), [`Put back what was at ${join(folder, '.netrc')} before`]);
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder), ['.netrc']);
    assert.equal(fs.readFileSync(join(folder, '.netrc'), 'utf8'), 'as it was');
    const { ino, mode } = fs.statSync(join(folder, '.netrc'));
    assert.deepEqual([ino, mode & 0o777], [inode, shownMode(0o640)]);
  });
}

/** An agent on which something happens at these points. */
const atPoints = (points) => ({
  nodeArguments: ['--require', AT_A_POINT],
  environment: { AT_POINT: JSON.stringify(points), AT_POINT_FOLDER: tmpdir() },
});

const NO_LINK = { call: 'linkSync', count: 1, code: 'EXDEV' };

/** What somebody does beside it, and what is said and left then. */
const REST = {
  'that was kept is gone, and the file': {
    change: (_, aside) => fs.rmSync(aside),
    warning: (place) =>
      `${place} was there before the task wrote it, but the copy that was kept of it is gone`,
    left: [],
  },
  'that was kept is gone, and the file was changed': {
    change: (place, aside) => {
      fs.rmSync(aside);
      fs.writeFileSync(`${place}.new`, `changed ${PASSWORD}`);
      fs.renameSync(`${place}.new`, place);
    },
    warning: (place) =>
      `${place} was changed since the task wrote it, and may hold a secret; the copy that was kept of what was there before is gone`,
    left: ['.netrc'],
  },
  'cannot come back, since a folder has its place': {
    change: (place) => {
      fs.rmSync(place);
      fs.mkdirSync(place);
    },
    warning: (place, aside) =>
      `something else is at ${place} by now; what was there before the task wrote it is ${aside}`,
    left: ['.netrc'],
  },
  'cannot come back, since the system refuses': {
    points: [{ call: 'renameSync', count: 1, code: 'EROFS' }],
    warning: (place, aside) =>
      `could not remove ${place} (EROFS); remove it by hand, it is empty now; what was there before is ${aside}`,
    left: ['.netrc'],
  },
};
describe('the file that was replaced', { concurrency: 2 }, () => {
  for (const [name, { change, points = [], warning, left }] of Object.entries(REST)) {
    test(name, async (t) => {
      const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      const place = join(folder, '.netrc');
      fs.writeFileSync(place, 'as it was');
      const keeper = await openKeeper(t, { holds: HOLDS });
      const agent = { sourcesFolder: folder };
      const main = await runWithKeeper(t, { keeper, secrets: [toFile('.netrc')], agent });
      const aside = join(
        main.folders.temp,
        fs.readdirSync(main.folders.temp).find((name) => name.endsWith('o')) ?? '',
      );
      assert.equal(fs.readFileSync(aside, 'utf8'), 'as it was');
      change?.(place, aside);
      const post = await runPostJob(t, main, { isAllNoted: false, agent: atPoints(points) });
      assert.deepEqual(warningsOf(post), [warning(place, aside)]);
      assert.deepEqual(fs.readdirSync(folder), left);
    });
  }
});

/** A job whose main step something happens to. */
const runTo = (t, secrets, points, { before } = {}) => runMain(t, secrets, atPoints(points), before);

/** The main step of a job that has the sources in a folder of its own. */
async function runMain(t, secrets, agent, before) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  before?.(folder);
  const keeper = await openKeeper(t, { holds: HOLDS });
  const main = await runWithKeeper(t, { keeper, secrets, agent: { sourcesFolder: folder, ...agent } });
  return { main, folder };
}

test('a temporary file that cannot be removed is named', { skip: withoutSignals }, async (t) => {
  const points = [{ call: 'writeFileSync', count: 3, signal: 'SIGKILL' }];
  const { main, folder } = await runTo(t, [toFile('password.txt')], points);
  const post = await runPostJob(t, main, {
    agent: atPoints([{ call: 'unlinkSync', count: 1, code: 'EROFS' }]),
  });
  const [left] = fs.readdirSync(folder);
  assert.match(left, /^\.ksm-\w+$/);
  assert.deepEqual(warningsOf(post), [
    `could not remove ${join(folder, left)} (EROFS); remove it by hand, it is empty now`,
  ]);
});

test(
  'what is left of a copy between mounts does not keep a file from coming back',
  { skip: withoutSignals },
  async (t) => {
    const points = [
      NO_LINK,
      ...['ENOSPC', 'EXDEV'].map((code, index) => ({ call: 'renameSync', count: index + 2, code })),
      { call: 'renameSync', count: 4, signal: 'SIGKILL' },
    ];
    const { main, folder } = await runTo(t, [toFile('old.txt'), toFile('new.txt')], points, {
      before: (folder) => fs.writeFileSync(join(folder, 'old.txt'), 'as it was'),
    });
    assert.equal(main.signal, 'SIGKILL');
    assert.ok(fs.readdirSync(folder).some((name) => name.endsWith('o')));
    const post = await runPostJob(t, main, {
      agent: atPoints([{ call: 'renameSync', count: 1, code: 'EXDEV' }]),
    });
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
    assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
  },
);

const mayDoAll = isWindows ? 'modes do not bind there' : process.getuid?.() === 0 && 'modes do not bind root';

describe('an agent that is not root', { skip: mayDoAll }, () => {
  /** A job that writes into a folder of its own, which then has this mode while it ends. */
  async function endIn(t, mode, form, change = () => {}) {
    const home = fs.mkdtempSync(join(tmpdir(), 'home-'));
    const place = join(home, 'password.txt');
    const { main } = await runTo(t, [`Database/field/password > file${form}:${place}`], []);
    change(place);
    fs.chmodSync(home, mode);
    const post = await runPostJob(t, main).finally(() => fs.chmodSync(home, 0o700));
    const left = fs.readdirSync(home).map((name) => fs.readFileSync(join(home, name), 'utf8'));
    fs.rmSync(home, { recursive: true });
    return { place, post, left };
  }

  test('empties a file that it cannot remove, also one that nobody may write', async (t) => {
    const { place, post, left } = await endIn(t, 0o500, '+0444');
    assert.deepEqual(warningsOf(post), [
      `could not remove ${place} (EACCES); remove it by hand, it is empty now`,
    ]);
    assert.deepEqual(left, ['']);
  });

  test('removes a file that was changed, also in a folder that cannot be listed', async (t) => {
    const { post, left } = await endIn(t, 0o300, '', CHANGES['by a tool that replaces it']);
    assert.deepEqual(post.issues, []);
    assert.deepEqual(left, []);
  });
});

test('a folder that is a file by now is as good as gone', async (t) => {
  const { post } = await runJob(t, [toFile('a/password.txt')], {
    between: (folder) => {
      fs.rmSync(join(folder, 'a'), { recursive: true });
      fs.writeFileSync(join(folder, 'a'), '');
    },
  });
  assert.deepEqual(post.issues, []);
});

test('a note that cannot be removed is left to the agent', async (t) => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const keeper = await openKeeper(t, { holds: HOLDS });
  const agent = { sourcesFolder: folder };
  const main = await runWithKeeper(t, { keeper, secrets: [toFile('password.txt')], agent });
  const post = await runPostJob(t, main, {
    isNoteGone: false,
    isAllNoted: false,
    agent: atPoints([{ call: 'rmSync', count: 1, code: 'EACCES' }]),
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a file that was there before comes back when a later step has removed the other one', async (t) => {
  const { post, folder } = await runJob(t, [toFile('.netrc')], {
    before: (folder) => fs.writeFileSync(join(folder, '.netrc'), 'as it was'),
    between: (folder) => fs.rmSync(join(folder, '.netrc')),
  });
  assert.deepEqual(post.issues, []);
  assert.equal(fs.readFileSync(join(folder, '.netrc'), 'utf8'), 'as it was');
});

test("outside of the agent's folders, a file that was there before is kept beside its place", async (t) => {
  const home = fs.mkdtempSync(join(tmpdir(), 'home-'));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  fs.writeFileSync(join(home, '.netrc'), 'as it was');
  const agent = { sourcesFolder: undefined };
  const { post } = await runJob(t, [toFile(join(home, '.netrc'))], {
    agent,
    between: (_, main) => {
      const [aside, ...others] = fs.readdirSync(home).filter((name) => name !== '.netrc');
      assert.equal(fs.readFileSync(join(home, aside), 'utf8'), 'as it was');
      assert.deepEqual(others, []);
      // As if the agent had died meanwhile.
      assert.equal(fs.readdirSync(main.folders.temp).length, 1);
    },
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(home), ['.netrc']);
  assert.equal(fs.readFileSync(join(home, '.netrc'), 'utf8'), 'as it was');
});

test('where a file cannot have a second name, a copy comes back', async (t) => {
  const agent = {
    nodeArguments: ['--require', AT_A_POINT],
    environment: {
      AT_POINT: JSON.stringify([{ call: 'linkSync', count: 1, code: 'EPERM' }]),
      AT_POINT_FOLDER: tmpdir(),
    },
  };
  const { post, folder } = await runJob(t, [toFile('.netrc')], {
    agent,
    before: (folder) => fs.writeFileSync(join(folder, '.netrc'), 'as it was', { mode: 0o640 }),
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(folder), ['.netrc']);
  assert.equal(fs.readFileSync(join(folder, '.netrc'), 'utf8'), 'as it was');
  assert.equal(fs.statSync(join(folder, '.netrc')).mode & 0o777, shownMode(0o640));
});

describe('in a container job, where folders of one device are mounts of their own,', () => {
  test('a file that was replaced comes back when the job ends', async (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    fs.writeFileSync(join(folder, 'old.txt'), 'as it was', { mode: 0o640 });
    const keeper = await openKeeper(t, { holds: HOLDS });
    const agent = { sourcesFolder: folder, ...atPoints([NO_LINK]) };
    const main = await runWithKeeper(t, { keeper, secrets: [toFile('old.txt')], agent });
    assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), PASSWORD);
    const post = await runPostJob(t, main, {
      agent: atPoints([{ call: 'renameSync', count: 1, code: 'EXDEV' }]),
    });
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
    assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
    assert.equal(fs.statSync(join(folder, 'old.txt')).mode & 0o777, shownMode(0o640));
  });

  test('a file that was replaced comes back when a later one fails', async (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
    const keeper = await openKeeper(t, { holds: HOLDS });
    const points = [
      NO_LINK,
      ...['ENOSPC', 'EXDEV'].map((code, index) => ({ call: 'renameSync', count: index + 2, code })),
    ];
    const main = await runWithKeeper(t, {
      keeper,
      secrets: [toFile('old.txt'), toFile('new.txt')],
      agent: { sourcesFolder: folder, ...atPoints(points) },
    });
    assert.deepEqual(errorsOf(main), ['line 2: `new.txt` cannot be written: the disk is full (ENOSPC)']);
    assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
    assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
  });
});

test('a later step that puts the replaced file in its place, with another content, changes nothing', async (t) => {
  const { post, folder } = await runJob(t, [toFile('old.txt')], {
    agent: atPoints([{ ...NO_LINK, code: 'EPERM' }]),
    before: (folder) => {
      fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
      fs.linkSync(join(folder, 'old.txt'), join(folder, 'second.txt'));
    },
    between: (folder) => {
      fs.writeFileSync(join(folder, 'second.txt'), 'with a secret');
      fs.renameSync(join(folder, 'second.txt'), join(folder, 'old.txt'));
    },
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
  assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
});

describe('a disk that is full for the list of files fails the step', { concurrency: 2 }, () => {
  for (const count of [1, 2, 3]) {
    test(`at its line ${count}`, async (t) => {
      const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
      const keeper = await openKeeper(t, { holds: HOLDS });
      const main = await runWithKeeper(t, {
        keeper,
        secrets: [toFile('old.txt')],
        agent: { sourcesFolder: folder, ...atPoints([{ call: 'appendFileSync', count, code: 'ENOSPC' }]) },
      });
      assert.equal(main.result, 'Failed');
      const [told, ...others] = errorsOf(main);
      assert.match(
        told,
        /(list of files for the post-job step|`old\.txt`) cannot be written: the disk is full \(ENOSPC\)$/,
      );
      assert.deepEqual(others, []);
      assert.deepEqual(fs.readdirSync(folder), ['old.txt']);
      assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
    });
  }
});

test('two steps that write one file leave what was there before both', async (t) => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(join(folder, 'file.txt'), 'as it was');
  const keeper = await openKeeper(t, { holds: HOLDS });
  const agent = { sourcesFolder: folder };
  const first = await runWithKeeper(t, { keeper, secrets: [toFile('file.txt')], agent });
  agent.tempFolder = first.folders.temp;
  const second = await runWithKeeper(t, { keeper, secrets: [toFile('file.txt'), toFile('new.txt')], agent });
  // The agent runs post-job steps in reverse order.
  for (const { taskVariables } of [second, first]) {
    const post = await runTask({
      taskFolder,
      section: 'postjobexecution',
      sourcesFolder: folder,
      tempFolder: first.folders.temp,
      taskVariables,
    });
    t.after(post.cleanUp);
    assert.deepEqual(post.issues, []);
  }
  assert.deepEqual(fs.readdirSync(folder), ['file.txt']);
  assert.equal(fs.readFileSync(join(folder, 'file.txt'), 'utf8'), 'as it was');
});

describe('two jobs of one user that write one file at a time', { concurrency: 2 }, () => {
  const CASES = {
    'leave what was there before both': { old: 'as it was', ends: ['first', 'second'], warnings: [] },
    'leave what was there before both, if the second one ends first': {
      old: 'as it was',
      ends: ['second', 'first'],
      warnings: [],
    },
    'leave nothing if nothing was there': {
      ends: ['first', 'second'],
      warnings: ['was there before the task wrote it, but the copy that was kept of it is gone'],
    },
    'leave nothing if nothing was there and the second one ends first': {
      ends: ['second', 'first'],
      warnings: [],
    },
  };
  for (const [name, { old, ends, warnings }] of Object.entries(CASES)) {
    test(name, { skip: isWindows && 'numbers of files are no help there' }, async (t) => {
      const home = fs.mkdtempSync(join(tmpdir(), 'home-'));
      t.after(() => fs.rmSync(home, { recursive: true, force: true }));
      const place = join(home, '.netrc');
      if (old) fs.writeFileSync(place, old);
      const keeper = await openKeeper(t, { holds: HOLDS });
      const jobs = {};
      for (const job of ['first', 'second']) {
        jobs[job] = await runWithKeeper(t, { keeper, secrets: [toFile(place)] });
        assert.deepEqual(errorsOf(jobs[job]), []);
      }
      const told = [];
      for (const job of ends) {
        if (job === 'second' && ends[0] === 'first') assert.equal(fs.readFileSync(place, 'utf8'), PASSWORD);
        told.push(...warningsOf(await runPostJob(t, jobs[job])));
      }
      assert.deepEqual(
        told,
        warnings.map((text) => `${place} ${text}`),
      );
      assert.deepEqual(fs.readdirSync(home), old ? ['.netrc'] : []);
      if (old) assert.equal(fs.readFileSync(place, 'utf8'), old);
    });
  }
});

// Under Wine, creating a file takes longer the more there are in its folder.
const MANY = isWine ? 300 : 800;

test(`${MANY} files are removed`, async (t) => {
  const lines = Array.from({ length: MANY }, (_, index) => toFile(`folder/${index}-${'x'.repeat(150)}.txt`));
  const { post, folder } = await runJob(t, [], {
    inputs: { secretsFile: 'lines.txt' },
    before: (folder) => fs.writeFileSync(join(folder, 'lines.txt'), lines.join('\n')),
    between: (folder) => assert.equal(fs.readdirSync(join(folder, 'folder')).length, MANY),
  });
  assert.equal(printed(post).length, MANY);
  assert.deepEqual(fs.readdirSync(join(folder, 'folder')), []);
});

test(
  'a link in the place of a file stays, and so does what it points to',
  { skip: withoutLinks },
  async (t) => {
    const { post, folder } = await runJob(t, [toFile('password.txt')], {
      between: (folder) => {
        fs.renameSync(join(folder, 'password.txt'), join(folder, 'moved.txt'));
        fs.symlinkSync('moved.txt', join(folder, 'password.txt'));
      },
    });
    assert.deepEqual(post.issues, []);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['moved.txt', 'password.txt']);
  },
);

test('a file that is gone already is no matter', async (t) => {
  const { post } = await runJob(t, [toFile('password.txt')], {
    between: (folder) => fs.rmSync(join(folder, 'password.txt')),
  });
  assert.deepEqual(post.issues, []);
  assert.deepEqual(printed(post), []);
});

test('files stay when the author wants to keep them', async (t) => {
  const { folder } = await runJob(t, [toFile('password.txt')], { inputs: { keepFiles: 'true' } });
  assert.deepEqual(fs.readdirSync(folder), ['password.txt']);
});

test('without a main step there is nothing to do', async (t) => {
  const post = await runTask({ taskFolder, section: 'postjobexecution' });
  t.after(post.cleanUp);
  assert.equal(post.result, 'Succeeded');
  assert.deepEqual(post.log, []);
});

test('a file that cannot be reached is reported, and the step goes on', { skip: withoutLinks }, async (t) => {
  const { post, folder } = await runJob(t, [toFile('a/password.txt'), toFile('b.txt')], {
    between: (folder) => {
      fs.rmSync(join(folder, 'a'), { recursive: true });
      fs.symlinkSync('a', join(folder, 'a'));
    },
  });
  assert.deepEqual(warningsOf(post), [
    `could not remove ${folder}/a/password.txt (ELOOP); remove it by hand, it holds a secret`,
  ]);
  assert.deepEqual(printed(post), [`Removed ${join(folder, 'b.txt')}`]);
});

for (const value of ['no JSON', 'null', '{}', '[null]', '.ksm-0123456789ab', 'over.0123']) {
  test(`a word of the main step that says nothing is as good as none (${value})`, async (t) => {
    const post = await runTask({
      taskFolder,
      section: 'postjobexecution',
      taskVariables: { ksmFiles: value },
    });
    t.after(post.cleanUp);
    assert.equal(post.result, 'Succeeded');
    assert.deepEqual(post.log, []);
  });
}

test('a note that is gone draws a warning', async (t) => {
  const { post } = await runJob(t, [toFile('password.txt')], {
    between: (_, main) => fs.rmSync(noteOf(main)),
  });
  assert.deepEqual(warningsOf(post), [
    "the list of files that the step wrote cannot be read (ENOENT); those outside of the agent's temporary folder may be left",
  ]);
});

/** @param {import('../agent/agent.js').Run} main */
const noteOf = ({ folders, taskVariables: { ksmFiles } }) =>
  join(folders.temp, (ksmFiles?.value ?? '.ksm-none').slice(0, '.ksm-0123456789ab'.length));

/** What somebody can do to the note who can write to the temporary folder, but does not know the task's variables. */
const FORGERIES = {
  'a line of his own': { forge: (line, mine) => `${line}\n${mine}\n`, isNamed: true },
  'a line with a changed path': { forge: (line) => `${line.replace(/password\.txt/g, 'precious.txt')}\n` },
  'a line without a seal': { forge: (line) => `${line.slice(line.indexOf(' ') + 1)}\n` },
  nothing: { forge: () => '' },
  rubbish: { forge: () => '\n{"number":null}'.repeat(10_000) },
};
for (const [name, { forge, isNamed = false }] of Object.entries(FORGERIES)) {
  test(`a note that was forged removes nothing else (${name})`, async (t) => {
    const { post, folder } = await runJob(t, [toFile('password.txt')], {
      between: (folder, main) => {
        const precious = join(folder, 'precious.txt');
        fs.writeFileSync(precious, 'precious');
        const note = noteOf(main);
        const lines = fs.readFileSync(note, 'utf8').trim().split('\n');
        const entry = {
          number: 99,
          target: precious,
          place: precious,
          temporary: 'precious.txt',
          aside: precious,
        };
        const mine = `${'0'.repeat(64)} ${JSON.stringify(entry)}`;
        fs.writeFileSync(note, lines.map((line) => forge(line, mine)).join(''));
      },
    });
    assert.deepEqual(warningsOf(post), [
      isNamed
        ? 'the list of files that the step wrote was changed or shortened, and still names all 1 (line 1)'
        : 'the list of files that the step wrote was changed or shortened: it names 0 of 1 (none); those of the other lines of the mapping may be left',
    ]);
    assert.equal(fs.readFileSync(join(folder, 'precious.txt'), 'utf8'), 'precious');
  });
}

describe('a note that was cut', { concurrency: 2 }, () => {
  const LINES = [toFile('old.txt'), toFile('a/password.txt'), toFile('b.txt')];
  // A line for each file when it has a place, another when it is there, and one for what is replaced.
  const NOTED = 7;
  const NAMED = ['(none)', '(line 1)', '(line 1, line 2)', '(line 1, line 2, line 3)'];
  for (let kept = 0; kept < NOTED; kept += 1) {
    test(`to ${kept} of ${NOTED} lines is reported, and what it still names is removed`, async (t) => {
      const named = Math.min(kept, LINES.length);
      const { post, folder } = await runJob(t, LINES, {
        isAllNoted: named > 0,
        before: (folder) => fs.writeFileSync(join(folder, 'old.txt'), 'as it was'),
        between: (folder, main) => {
          // By its inode number alone, it could not be recognized as the task's any more.
          fs.writeFileSync(join(folder, 'b.txt.new'), PASSWORD);
          fs.renameSync(join(folder, 'b.txt.new'), join(folder, 'b.txt'));
          const lines = fs.readFileSync(noteOf(main), 'utf8').split('\n');
          assert.equal(lines.length, NOTED + 1);
          fs.writeFileSync(
            noteOf(main),
            lines
              .slice(0, kept)
              .map((line) => `${line}\n`)
              .join(''),
          );
        },
      });
      const start = 'the list of files that the step wrote was changed or shortened';
      assert.deepEqual(warningsOf(post), [
        named < LINES.length
          ? `${start}: it names ${named} of 3 ${NAMED[named]}; those of the other lines of the mapping may be left`
          : `${start}, and still names all 3 ${NAMED[named]}`,
      ]);
      const isThere = (name) => fs.existsSync(join(folder, name));
      assert.deepEqual(['a/password.txt', 'b.txt'].map(isThere), [named < 2, named < 3]);
      assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), named < 1 ? PASSWORD : 'as it was');
    });
  }

  test('after the step was killed is reported', { skip: withoutSignals }, async (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const keeper = await openKeeper(t, { holds: HOLDS });
    const environment = {
      AT_POINT: JSON.stringify([{ call: 'renameSync', count: 3, signal: 'SIGKILL' }]),
      AT_POINT_FOLDER: folder,
    };
    const agent = { sourcesFolder: folder, nodeArguments: ['--require', AT_A_POINT], environment };
    const main = await runWithKeeper(t, { keeper, secrets: LINES, agent });
    assert.equal(main.signal, 'SIGKILL');
    // The lines that identify two of the three files are gone.
    const lines = fs.readFileSync(noteOf(main), 'utf8').split('\n');
    fs.writeFileSync(noteOf(main), `${lines.slice(0, 4).join('\n')}\n`);
    const post = await runPostJob(t, main);
    assert.deepEqual(warningsOf(post), [
      'the list of files that the step wrote was changed or shortened: it names 1 of 3 (line 1); those of the other lines of the mapping may be left',
    ]);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['a']);
    assert.deepEqual(fs.readdirSync(join(folder, 'a')), ['password.txt']);
  });

  test('and filled up by lines that are there twice is reported', async (t) => {
    const { post } = await runJob(t, LINES, {
      between: (_, main) => {
        const lines = fs.readFileSync(noteOf(main), 'utf8').split('\n');
        const isKept = (line) => !line.includes('"line":"line 3"');
        fs.writeFileSync(noteOf(main), [lines[0], lines[0], ...lines.filter(isKept)].join('\n'));
      },
    });
    assert.deepEqual(warningsOf(post), [
      'the list of files that the step wrote was changed or shortened: it names 2 of 3 (line 1, line 2); those of the other lines of the mapping may be left',
    ]);
  });
});

test('a folder that is another one by now is left alone', { skip: withoutLinks }, async (t) => {
  const elsewhere = fs.mkdtempSync(join(tmpdir(), 'elsewhere-'));
  t.after(() => fs.rmSync(elsewhere, { recursive: true, force: true }));
  fs.writeFileSync(join(elsewhere, 'password.txt'), 'precious');
  const { post, folder } = await runJob(t, [toFile('a/password.txt')], {
    between: (folder) => {
      fs.renameSync(join(folder, 'a'), join(folder, 'b'));
      fs.symlinkSync(elsewhere, join(folder, 'a'));
    },
  });
  assert.deepEqual(warningsOf(post), [
    `${join(folder, 'a', 'password.txt')} is in another folder now; what the task wrote may be anywhere, and it holds a secret`,
  ]);
  assert.equal(fs.readFileSync(join(elsewhere, 'password.txt'), 'utf8'), 'precious');
});

describe(
  'a step that is killed leaves nothing behind when the job ends',
  { concurrency: 2, skip: withoutSignals },
  () => {
    const POINTS = [
      ...[1, 2, 3].map((count) => ({ call: 'writeFileSync', count })),
      ...[1, 2].map((count) => ({ call: 'linkSync', count })),
      ...[1, 2, 3, 4].map((count) => ({ call: 'renameSync', count })),
      ...[2, 4].map((count) => ({ call: 'openSync', count })),
      { call: 'writev', count: 1 },
      { call: 'fsync', count: 1 },
      { call: 'print ##vso[task.setvariable', count: 1 },
      { call: 'print ##vso[task.complete', count: 1 },
    ];
    const LINES = [
      toFile('old.txt'),
      toFile('new/password.txt'),
      'Database/file/large.bin > file:large.bin',
      toFile('older.txt'),
      'Database/field/password > var:A',
    ];
    for (const { call, count } of POINTS) {
      test(`at the ${count}. ${call}`, async (t) => {
        const folder = fs.mkdtempSync(join(tmpdir(), 'clean-up-'));
        t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
        fs.writeFileSync(join(folder, 'old.txt'), 'as it was', { mode: 0o644 });
        fs.writeFileSync(join(folder, 'older.txt'), 'as it was');
        const keeper = await openKeeper(t, { holds: HOLDS });
        const main = await runWithKeeper(t, {
          keeper,
          secrets: LINES,
          agent: {
            sourcesFolder: folder,
            nodeArguments: ['--require', AT_A_POINT],
            environment: {
              AT_POINT: JSON.stringify([{ call, count, signal: 'SIGKILL' }]),
              AT_POINT_FOLDER: folder,
            },
          },
        });
        assert.equal(main.signal, 'SIGKILL');
        const post = await runPostJob(t, main);
        assert.deepEqual(post.issues, []);
        const isFolder = (name) => fs.statSync(join(folder, name)).isDirectory();
        const files = fs
          .readdirSync(folder, { recursive: true })
          .map(String)
          .filter((name) => !isFolder(name));
        assert.deepEqual(files.sort(), ['old.txt', 'older.txt']);
        for (const name of files) assert.equal(fs.readFileSync(join(folder, name), 'utf8'), 'as it was');
        assert.equal(fs.statSync(join(folder, 'old.txt')).mode & 0o777, shownMode(0o644));
      });
    }
  },
);
