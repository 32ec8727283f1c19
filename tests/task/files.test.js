// Files: where they go, who can read them, and that a failed run leaves none.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asListed, isWindows, withoutLinks, withoutReadOnlyFolders } from '../platform.js';
import { errorsOf, isSettled, openKeeper, runWithKeeper } from './packed-task.js';

const [SHORT_WRITES, AT_A_POINT] = ['short-writes.cjs', 'at-a-point.cjs'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
const MIB = 1024 * 1024;
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [
      { name: 'large.bin', bytes: MIB },
      { name: 'huge.bin', bytes: 64 * MIB },
      { name: 'unsized.bin', bytes: MIB, noSize: true },
    ],
  },
];
const PASSWORD = 'Database/field/password > var:DB_PASSWORD';
const toFile = (path) => `Database/field/password > file:${path}`;

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {{ faults?: object[], folder?: string, agent?: object }} [options]
 */
async function run(t, secrets, { faults, folder = makeFolder(t), agent } = {}) {
  const keeper = await openKeeper(t, { holds: HOLDS, faults });
  return {
    keeper,
    folder,
    run: await runWithKeeper(t, { keeper, secrets, agent: { sourcesFolder: folder, ...agent } }),
  };
}

/** A folder outside of the agent's, removed when the test ends. */
function makeFolder(t) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'files-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything below a folder, with its mode. */
function listing(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).map(String).sort();
  return names.map((name) => `${(fs.lstatSync(join(folder, name)).mode & 0o777).toString(8)} ${name}`);
}

function assertNothingIsSet({ run, folder }, problems, left = []) {
  assert.equal(run.result, 'Failed');
  assert.deepEqual(errorsOf(run), problems);
  assert.equal(
    run.commands.some(({ event }) => event === 'setvariable'),
    false,
  );
  assert.deepEqual(listing(folder), asListed(left));
  assert.deepEqual(run.files, []);
  assert.equal(isSettled(run), true);
}

describe('a file', { concurrency: 2 }, () => {
  test('has its mode, and its folder can be entered, whatever the umask', async (t) => {
    const agent = { nodeArguments: ['--import', 'data:text/javascript,process.umask(0o777)'] };
    const { folder } = await run(t, [toFile('a/b/password.txt')], { agent });
    assert.deepEqual(listing(folder), asListed(['700 a', '700 a/b', '600 a/b/password.txt']));
  });

  test('is readable for its owner only, and so are the folders that are made for it', async (t) => {
    const { folder } = await run(t, [toFile('a/b/password.txt')]);
    assert.deepEqual(listing(folder), asListed(['700 a', '700 a/b', '600 a/b/password.txt']));
    assert.equal(fs.readFileSync(join(folder, 'a/b/password.txt'), 'utf8'), 's3cr3t-p4ssw0rd');
  });

  test('takes the place of one that is there, whoever could read that', async (t) => {
    const folder = makeFolder(t);
    fs.writeFileSync(join(folder, 'password.txt'), 'an old text, longer than the new one', { mode: 0o644 });
    await run(t, [toFile('password.txt')], { folder });
    assert.deepEqual(listing(folder), asListed(['600 password.txt']));
    assert.equal(fs.readFileSync(join(folder, 'password.txt'), 'utf8'), 's3cr3t-p4ssw0rd');
  });

  test('does not take the place of one that is there when another line fails', async (t) => {
    const folder = makeFolder(t);
    fs.writeFileSync(join(folder, 'password.txt'), 'an old text', { mode: 0o644 });
    fs.mkdirSync(join(folder, 'folder'), { mode: 0o755 });
    const outcome = await run(t, [PASSWORD, toFile('password.txt'), toFile('new/x'), toFile('folder')], {
      folder,
    });
    const problem = 'line 4: `folder` cannot be written: there is a folder';
    assertNothingIsSet(outcome, [problem], ['755 folder', '644 password.txt']);
    assert.equal(fs.readFileSync(join(folder, 'password.txt'), 'utf8'), 'an old text');
  });

  test('may lie anywhere, by an absolute path', async (t) => {
    const folder = makeFolder(t);
    const { run: outcome } = await run(t, [toFile(join(folder, 'sub', 'password.txt'))], {
      folder: makeFolder(t),
    });
    assert.equal(outcome.result, 'Succeeded');
    assert.deepEqual(listing(folder), asListed(['700 sub', '600 sub/password.txt']));
  });

  test(
    'is not written through a link at its place, nor is what that points to changed',
    { skip: withoutLinks },
    async (t) => {
      const folder = makeFolder(t);
      const elsewhere = join(makeFolder(t), 'target.txt');
      fs.writeFileSync(elsewhere, 'untouched');
      fs.symlinkSync(elsewhere, join(folder, 'link.txt'));
      fs.symlinkSync('/does/not/exist', join(folder, 'dangling.txt'));
      const outcome = await run(t, [PASSWORD, toFile('link.txt'), toFile('dangling.txt')], { folder });
      assertNothingIsSet(
        outcome,
        [
          'line 2: `link.txt` cannot be written: there is a symbolic link',
          'line 3: `dangling.txt` cannot be written: there is a symbolic link',
          '2 problems; nothing was set',
        ],
        ['777 dangling.txt', '777 link.txt'],
      );
      assert.equal(fs.readFileSync(elsewhere, 'utf8'), 'untouched');
    },
  );

  test('does not leave the working directory by a linked folder', { skip: withoutLinks }, async (t) => {
    const folder = makeFolder(t);
    const elsewhere = makeFolder(t);
    fs.symlinkSync(elsewhere, join(folder, 'linked'));
    const outcome = await run(t, [PASSWORD, toFile('linked/sub/password.txt')], { folder });
    const problem =
      'line 2: `linked/sub/password.txt` cannot be written: its folder `linked` is a symbolic link';
    assert.deepEqual(errorsOf(outcome.run), [problem]);
    assert.deepEqual(fs.readdirSync(elsewhere), []);
  });

  test("may be in the agent's temporary folder where that is a link", { skip: withoutLinks }, async (t) => {
    const keeper = await openKeeper(t, { holds: HOLDS });
    const [disk, work] = [makeFolder(t), makeFolder(t)];
    const tempFolder = join(work, '_temp');
    fs.symlinkSync(disk, tempFolder);
    fs.writeFileSync(join(disk, 'in.txt'), 'password=#{Database/field/password}#');
    const done = await runWithKeeper(t, {
      keeper,
      secrets: [toFile(`${tempFolder}/sub/password.txt`)],
      agent: {
        workFolder: work,
        tempFolder,
        inputs: { templates: `${tempFolder}/in.txt > ${tempFolder}/out.txt` },
      },
    });
    assert.deepEqual(errorsOf(done), []);
    assert.deepEqual(fs.readdirSync(disk).sort(), ['in.txt', 'out.txt', 'sub']);
  });

  test('cannot be below a file', async (t) => {
    const folder = makeFolder(t);
    fs.writeFileSync(join(folder, 'taken'), '', { mode: 0o644 });
    const problem =
      'line 2: `taken/password.txt` cannot be written: a part of the path is not a folder (ENOTDIR)';
    assertNothingIsSet(
      await run(t, [PASSWORD, toFile('taken/password.txt')], { folder }),
      [problem],
      ['644 taken'],
    );
  });

  test('cannot be in a folder that is read-only', { skip: withoutReadOnlyFolders }, async (t) => {
    const folder = makeFolder(t);
    fs.mkdirSync(join(folder, 'closed'), { mode: 0o555 });
    const problem = 'line 2: `closed/password.txt` cannot be written: the agent has no permission (EACCES)';
    assertNothingIsSet(
      await run(t, [PASSWORD, toFile('closed/password.txt')], { folder }),
      [problem],
      ['555 closed'],
    );
  });

  test('cannot have a name that the system refuses', async (t) => {
    const name = 'x'.repeat(300);
    const reason = isWindows
      ? 'a folder of the path is gone, or the system does not accept the name (ENOENT)'
      : 'the path is too long (ENAMETOOLONG)';
    const problem = `line 2: \`${name}\` cannot be written: ${reason}`;
    assertNothingIsSet(await run(t, [PASSWORD, toFile(name)]), [problem]);
  });

  test('is one file, however two lines write its path', async (t) => {
    const folder = makeFolder(t);
    const problem = `line 2: \`${folder}/password.txt\` cannot be written: it is also the file of line 1`;
    const outcome = await run(t, [toFile('password.txt'), toFile(`${folder}/password.txt`)], { folder });
    assertNothingIsSet(outcome, [problem]);
  });
});

describe('a large attachment', { concurrency: 2 }, () => {
  test('is listed with its own size and mode beside files that are written later', async (t) => {
    const lines = [toFile('first.txt'), 'Database/file/large.bin > file+0640:large.bin', toFile('last.txt')];
    const { run: outcome } = await run(t, lines);
    const listed = outcome.log.flatMap(
      (line) => / (file\S*:\S+) +(\d+ bytes(?:, mode \d+)?)/.exec(line)?.slice(1) ?? [],
    );
    const shown = (size, mode) => (isWindows ? size : `${size}, mode ${mode}`);
    assert.deepEqual(listed, [
      ...['file:first.txt', shown('15 bytes', '0600')],
      ...['file+0640:large.bin', shown('1048576 bytes', '0640')],
      ...['file:last.txt', shown('15 bytes', '0600')],
    ]);
  });

  for (const name of ['large.bin', 'huge.bin', 'unsized.bin']) {
    test(`arrives byte by byte (${name})`, async (t) => {
      const {
        run: outcome,
        keeper,
        folder,
      } = await run(t, [PASSWORD, `Database/file/${name} > file:sub/${name}`]);
      assert.equal(outcome.result, 'Succeeded');
      assert.deepEqual(listing(folder), asListed(['700 sub', `600 sub/${name}`]));
      const file = keeper.vault.records[0].files.find((file) => file.name === name);
      assert.equal(
        await digestOf(fs.createReadStream(join(folder, 'sub', name))),
        await digestOf(file.chunks()),
      );
    });
  }

  test('arrives byte by byte where the system takes only a part of what it is given', async (t) => {
    const agent = { nodeArguments: ['--require', SHORT_WRITES], environment: { SHORT_WRITES: '10007' } };
    const {
      run: outcome,
      keeper,
      folder,
    } = await run(t, ['Database/file/large.bin > file:sub/large.bin'], { agent });
    assert.equal(outcome.result, 'Succeeded');
    const file = keeper.vault.records[0].files.find((file) => file.name === 'large.bin');
    assert.equal(
      await digestOf(fs.createReadStream(join(folder, 'sub', 'large.bin'))),
      await digestOf(file.chunks()),
    );
  });

  for (const [where, flipByte] of Object.entries({ nonce: 0, middle: MIB / 2, 'last byte': -17, tag: -1 })) {
    test(`leaves nothing when a byte is wrong in its ${where}`, async (t) => {
      const lines = [PASSWORD, toFile('password.txt'), 'Database/file/large.bin > file:sub/large.bin'];
      const outcome = await run(t, lines, { faults: [{ on: 'download', flipByte }] });
      assertNothingIsSet(outcome, [
        'line 3, column 1: the attachment `large.bin` cannot be opened: its content does not decrypt with its key\n' +
          '  3 | Database/file/large.bin > file:sub/large.bin\n    | ^^^^^^^^^^^^^^^^^^^^^^^\n' +
          'hint: run the pipeline again; if it still fails, upload it to the record again',
      ]);
    });
  }

  test('leaves nothing when it is cut short', async (t) => {
    const lines = [PASSWORD, 'Database/file/large.bin > file:sub/large.bin'];
    const outcome = await run(t, lines, { faults: [{ on: 'download', truncate: MIB / 2 }] });
    assert.equal(outcome.run.result, 'Failed');
    assert.deepEqual(listing(outcome.folder), []);
  });

  test('that fails in one of its files is no problem of the other one', async (t) => {
    const folder = makeFolder(t);
    const agent = {
      nodeArguments: ['--require', AT_A_POINT],
      environment: {
        AT_POINT: JSON.stringify([{ call: 'writev', count: 1, code: 'ENOSPC' }]),
        AT_POINT_FOLDER: folder,
      },
    };
    const lines = ['Database/file/large.bin > file:a.bin', 'Database/file/large.bin > file:b.bin'];
    assertNothingIsSet(await run(t, lines, { folder, agent }), [
      'line 1: `a.bin` cannot be written: the disk is full (ENOSPC)',
    ]);
  });

  test('is not even loaded when its place is taken', async (t) => {
    const folder = makeFolder(t);
    fs.mkdirSync(join(folder, 'taken'), { mode: 0o755 });
    const outcome = await run(t, [PASSWORD, 'Database/file/large.bin > file:taken'], { folder });
    assertNothingIsSet(outcome, ['line 2: `taken` cannot be written: there is a folder'], ['755 taken']);
    assert.equal(outcome.keeper.requests.length, 1);
  });
});

/** @param {AsyncIterable<Buffer> | Iterable<Buffer>} chunks */
async function digestOf(chunks) {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
