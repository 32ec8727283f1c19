// Attacks in the folders that the task writes to: files and folders are swapped while it runs, or could be. It follows,
// changes and removes only its own files.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorsOf, isSettled, openKeeper, runWithKeeper, warningsOf } from './packed-task.js';

const AT_A_POINT = fileURLToPath(new URL('at-a-point.cjs', import.meta.url));
const KEPT_MODES = fileURLToPath(new URL('kept-modes.cjs', import.meta.url));
const PASSWORD = 's3cr3t-p4ssw0rd';
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    files: [{ name: 'large.bin', bytes: 100_000 }],
  },
];
const toFile = (path, form = '') => `Database/field/password > file${form}:${path}`;
const skip = process.platform === 'win32' && 'it takes modes, links and a shell of Unix';

/** An agent's folders, and a home beside them. */
function makeMachine(t) {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'exchanged-')));
  t.after(() => [root, `${root}.notes`].forEach((one) => fs.rmSync(one, { recursive: true, force: true })));
  const sources = join(root, 'agent', '_work', '1', 's');
  const home = join(root, 'home');
  fs.mkdirSync(join(sources, 'sub'), { recursive: true });
  fs.mkdirSync(home);
  fs.writeFileSync(join(home, 'key'), "the agent's own key", { mode: 0o600 });
  return { root, sources, home, work: join(root, 'agent', '_work') };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {ReturnType<typeof makeMachine>} machine
 * @param {string[]} secrets
 * @param {{ points?: object[], agent?: object, environment?: Record<string, string>, require?: string }} [options]
 */
async function run(
  t,
  { root, sources, work },
  secrets,
  { points = [], agent, environment, hook = AT_A_POINT } = {},
) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  return runWithKeeper(t, {
    keeper,
    secrets,
    agent: {
      sourcesFolder: sources,
      workFolder: work,
      nodeArguments: ['--require', hook],
      environment: {
        AT_POINT: JSON.stringify(points),
        AT_POINT_FOLDER: `${root}/`,
        AT_POINT_NOTES: `${root}.notes`,
        ...environment,
      },
      ...agent,
    },
  });
}

/** All files below a folder, with their content. */
function filesIn(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).map(String).sort();
  return names
    .filter((name) => !fs.statSync(join(folder, name)).isDirectory())
    .map((name) => `${name}: ${fs.readFileSync(join(folder, name), 'utf8')}`);
}

describe('a folder that is exchanged', { concurrency: 2, skip }, () => {
  for (const [name, path] of Object.entries({
    'by a relative path': () => 'linked/password.txt',
    'by an absolute path': ({ sources }) => join(sources, 'linked', 'password.txt'),
    'by an absolute path through a linked work folder': ({ root, work }) => {
      fs.symlinkSync(work, join(root, 'other'));
      return join(root, 'other', '1', 's', 'linked', 'password.txt');
    },
    'in a folder that is not there yet': ({ sources }) => join(sources, 'linked', 'new', 'password.txt'),
  })) {
    test(`for a link before the task begins is not followed (${name})`, async (t) => {
      const machine = makeMachine(t);
      fs.symlinkSync(machine.home, join(machine.sources, 'linked'));
      const written = path(machine);
      const outcome = await run(t, machine, [toFile(written)]);
      assert.deepEqual(errorsOf(outcome), [
        `line 1: \`${written}\` cannot be written: its folder \`linked\` is a symbolic link`,
      ]);
      assert.deepEqual(fs.readdirSync(machine.home), ['key']);
    });
  }

  test('for a link out of a downloaded artifact is not followed', async (t) => {
    const machine = makeMachine(t);
    fs.mkdirSync(join(machine.work, '1', 'drop'));
    fs.symlinkSync(machine.home, join(machine.work, '1', 'drop', 'linked'));
    const written = join(machine.work, '1', 'drop', 'linked', 'password.txt');
    const outcome = await run(t, machine, [toFile(written)]);
    const reason = `its folder \`${join('drop', 'linked')}\` is a symbolic link`;
    assert.deepEqual(errorsOf(outcome), [`line 1: \`${written}\` cannot be written: ${reason}`]);
    assert.deepEqual(fs.readdirSync(machine.home), ['key']);
  });

  /** The moments of attacks, and the lines that are needed to get there. */
  const MOMENTS = {
    'before the secret is written': { call: 'print ##vso[task.settaskvariable', count: 1 },
    'while the secret is written': { call: 'writeFileSync', count: 1 },
    'before the files get their names': { call: 'linkSync', count: 1 },
    'at the very moment': { call: 'renameSync', count: 1 },
  };
  for (const [when, point] of Object.entries(MOMENTS)) {
    for (const written of ['relative', 'absolute']) {
      test(`for a link ${when} is not followed (${written} path)`, async (t) => {
        const machine = makeMachine(t);
        const sub = join(machine.sources, 'sub');
        fs.writeFileSync(join(sub, 'old.txt'), 'as it was');
        fs.writeFileSync(join(machine.home, 'password.txt'), 'precious');
        const path = (name) => (written === 'relative' ? join('sub', name) : join(sub, name));
        const swap = `mv ${sub} ${sub}.old && ln -s ${machine.home} ${sub}`;
        const outcome = await run(t, machine, [toFile(path('old.txt')), toFile(path('password.txt'))], {
          points: [{ ...point, run: swap }],
        });
        assert.equal(outcome.result, 'Failed');
        assert.deepEqual(filesIn(machine.home), ["key: the agent's own key", 'password.txt: precious']);
        assert.equal(filesIn(`${sub}.old`).join().includes(PASSWORD), false);
      });
    }
  }
});

describe('a folder that somebody else makes at the same time', { concurrency: 2, skip }, () => {
  test('is used if it is one', async (t) => {
    const machine = makeMachine(t);
    const folder = join(machine.sources, 'sub', 'new');
    const outcome = await run(t, machine, [toFile('sub/new/password.txt')], {
      points: [{ call: 'mkdirSync', count: 1, run: `mkdir ${folder}` }],
    });
    assert.deepEqual(errorsOf(outcome), []);
    assert.deepEqual(filesIn(folder), [`password.txt: ${PASSWORD}`]);
  });

  test('is refused if it is a link', async (t) => {
    const machine = makeMachine(t);
    const outcome = await run(t, machine, [toFile('sub/new/password.txt')], {
      points: [{ call: 'mkdirSync', count: 1, run: `ln -s ${machine.home} ${machine.sources}/sub/new` }],
    });
    assert.deepEqual(errorsOf(outcome), [
      'line 1: `sub/new/password.txt` cannot be written: something else has its name (EEXIST)',
    ]);
    assert.deepEqual(fs.readdirSync(machine.home), ['key']);
  });
});

describe('a temporary file that is exchanged', { concurrency: 2, skip }, () => {
  const EXCHANGES = {
    'for a link': 'f=$(echo $d/.ksm-*1); mv $f $f.mine; ln -s $h/key $f',
    'for another file': 'f=$(echo $d/.ksm-*1); mv $f $f.mine; echo evil > $f',
    'for a second name of another file': 'f=$(echo $d/.ksm-*1); mv $f $f.mine; ln $h/key $f',
  };
  for (const [name, exchange] of Object.entries(EXCHANGES)) {
    test(`${name} fails the step and changes nothing else`, async (t) => {
      const machine = makeMachine(t);
      const variables = `d=${join(machine.sources, 'sub')}; h=${machine.home};`;
      const outcome = await run(t, machine, [toFile('sub/a.txt', '+0644'), toFile('sub/b.txt')], {
        points: [{ call: 'fsync', count: 2, run: `${variables} ${exchange}` }],
      });
      assert.equal(
        errorsOf(outcome)[0],
        `line 1: \`sub/a.txt\` cannot be written: its temporary file was exchanged while the task ran`,
      );
      assert.equal(fs.statSync(join(machine.home, 'key')).mode & 0o777, 0o600);
      assert.equal(fs.readFileSync(join(machine.home, 'key'), 'utf8'), "the agent's own key");
      // The file that was moved away is empty.
      assert.equal(filesIn(machine.sources).join().includes(PASSWORD), false);
    });
  }

  test('when it has its name already is not removed with the others', async (t) => {
    const machine = makeMachine(t);
    const place = join(machine.sources, 'sub', 'a.txt');
    const outcome = await run(t, machine, [toFile('sub/a.txt'), toFile('sub/b.txt')], {
      points: [{ call: 'renameSync', count: 2, code: 'EACCES', run: `rm ${place}; echo theirs > ${place}` }],
    });
    assert.equal(outcome.result, 'Failed');
    assert.deepEqual(filesIn(machine.sources), ['sub/a.txt: theirs\n']);
  });
});

describe('a folder that others can write to', { concurrency: 2, skip }, () => {
  const reason = (mode) =>
    `others can write to its folder (mode ${mode}); name a folder in it that does not exist, which the task then creates for itself`;
  const CASES = {
    'by its mode 0777 is refused': { mode: 0o777, problem: reason('0777') },
    'by its mode 0757 is refused': { mode: 0o757, problem: reason('0757') },
    'as a group is refused': { mode: 0o775, group: 12345, problem: reason('0775') },
    'as the group of root is as good as its own': { mode: 0o775, group: 0 },
    'and where each removes only his own files is fine': { mode: 0o1777 },
    'is fine above a folder that the task makes': { mode: 0o777, path: 'sub/new/password.txt' },
  };
  for (const [name, { mode, group, problem, path = 'sub/password.txt' }] of Object.entries(CASES)) {
    test(name, { skip: group !== undefined && process.getuid?.() !== 0 }, async (t) => {
      const machine = makeMachine(t);
      const sub = join(machine.sources, 'sub');
      if (group !== undefined) fs.chownSync(sub, 0, group);
      fs.chmodSync(sub, mode);
      const outcome = await run(
        t,
        machine,
        [toFile(path), 'Database/file/large.bin > file:sub/large.bin'].slice(0, problem ? 2 : 1),
      );
      if (problem) {
        assert.ok(
          errorsOf(outcome).includes(`line 2: \`sub/large.bin\` cannot be written: ${problem}`),
          errorsOf(outcome).join('\n'),
        );
        assert.deepEqual(filesIn(machine.sources), []);
        assert.equal(isSettled(outcome), true);
      } else {
        assert.deepEqual(errorsOf(outcome), []);
      }
    });
  }
});

describe('the mode of a file', { concurrency: 2, skip }, () => {
  const CASES = [
    { kept: '777', form: '', mode: '0777', warns: true },
    { kept: '600', form: '', mode: '0600', warns: false },
    { kept: '600', form: '+0640', mode: '0600', warns: true, wanted: '0640' },
  ];
  for (const { kept, form, mode, warns, wanted = '0600' } of CASES) {
    test(`is that which is there (${kept} for ${wanted})`, async (t) => {
      const machine = makeMachine(t);
      const outcome = await run(t, machine, [toFile('sub/password.txt', form)], {
        hook: KEPT_MODES,
        environment: { KEPT_MODES: kept, KEPT_MODES_FOLDER: join(machine.sources, 'sub') },
      });
      const place = join(machine.sources, 'sub', 'password.txt');
      assert.deepEqual(errorsOf(outcome), []);
      assert.deepEqual(
        warningsOf(outcome),
        warns
          ? [`line 1: \`${place}\` has mode ${mode} instead of ${wanted}; its file system supports no other`]
          : [],
      );
      assert.ok(
        outcome.log.some((line) => line.includes(`15 bytes, mode ${mode}`)),
        outcome.log.join('\n'),
      );
    });
  }
});

describe('a file', { concurrency: 2, skip }, () => {
  test('is emptied if it cannot be removed, also when its mode was changed and could not be read', async (t) => {
    const machine = makeMachine(t);
    // So many that the last one is not held open: each is looked at when it is made, and twice when it gets its mode.
    const lines = Array.from({ length: 33 }, (_, index) => toFile(`sub/${index}.txt`, '+0444'));
    const outcome = await run(t, machine, lines, {
      points: [
        { call: 'fstatSync', count: 33 + 1 + 2 * 33, code: 'EIO' },
        { call: 'unlinkSync', count: 1, code: 'EROFS' },
      ],
    });
    const [first, second] = errorsOf(outcome);
    assert.equal(first, 'line 33: `sub/32.txt` cannot be written: the disk reports an error (EIO)');
    assert.match(second, /^line 33: `.*[/]\.ksm-\w+` could not be removed, but is empty \(EROFS\)$/);
    assert.equal(filesIn(machine.sources).join().includes(PASSWORD), false);
  });

  test('is one file by two paths that only links show to be one', async (t) => {
    const machine = makeMachine(t);
    fs.mkdirSync(join(machine.home, 'a'));
    fs.symlinkSync('a', join(machine.home, 'b'));
    const [first, second] = ['a', 'b'].map((name) => join(machine.home, name, 'password.txt'));
    const outcome = await run(t, machine, [toFile(first), toFile(second)]);
    assert.deepEqual(errorsOf(outcome), [
      `line 2: \`${second}\` cannot be written: it is also the file of line 1`,
    ]);
    assert.deepEqual(fs.readdirSync(join(machine.home, 'a')), []);
  });

  test('is never missing while another one takes its place', async (t) => {
    const machine = makeMachine(t);
    const place = join(machine.sources, 'sub', 'password.txt');
    fs.writeFileSync(place, 'as it was');
    const outcome = await run(t, machine, [toFile('sub/password.txt')], {
      environment: { AT_POINT_WATCH: place },
    });
    assert.deepEqual(errorsOf(outcome), []);
    assert.equal(fs.readFileSync(`${machine.root}.notes`, 'utf8').includes('missing'), false);
  });

  test('may have a name as long as the system allows, in any script', async (t) => {
    const machine = makeMachine(t);
    const names = ['x'.repeat(255), '秘'.repeat(85)];
    const outcome = await run(
      t,
      machine,
      names.map((name) => toFile(`sub/${name}`)),
    );
    assert.deepEqual(errorsOf(outcome), []);
    assert.deepEqual(fs.readdirSync(join(machine.sources, 'sub')).sort(), names.sort());
  });

  test('has no place by a relative path where the working directory has a name that is not UTF-8', async (t) => {
    const machine = makeMachine(t);
    const odd = Buffer.concat([Buffer.from(join(machine.root, 'odd')), Buffer.from([0xff])]);
    fs.mkdirSync(odd);
    const hook = join(machine.root, 'odd.cjs');
    // Node itself can't go there, so its answer is changed instead.
    fs.writeFileSync(hook, `process.cwd = () => ${JSON.stringify(odd.toString())};`);
    const outcome = await run(t, machine, [toFile('password.txt')], { hook });
    assert.deepEqual(errorsOf(outcome), [
      'line 1: `password.txt` cannot be written: the name of the working directory is not UTF-8; write an absolute path',
    ]);
  });

  test('that is larger than the system allows is reported as such', async (t) => {
    const machine = makeMachine(t);
    const outcome = await run(t, machine, ['Database/file/large.bin > file:sub/large.bin'], {
      points: [{ call: 'writev', count: 1, code: 'EFBIG' }],
    });
    assert.deepEqual(errorsOf(outcome), [
      'line 1: `sub/large.bin` cannot be written: it is larger than a file may be here (EFBIG)',
    ]);
    assert.deepEqual(filesIn(machine.sources), []);
  });
});
