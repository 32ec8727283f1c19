// Faults that occur on Windows only.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runTask } from '../agent/agent.js';
import { isWindows, isWine } from '../platform.js';
import { errorsOf, openKeeper, runWithKeeper, taskFolder } from './packed-task.js';
import { plantProgram, writeScanner } from './planted-program.js';

const SCANNER = fileURLToPath(new URL('scanner.cjs', import.meta.url));
const CALLS = fileURLToPath(new URL('calls.cjs', import.meta.url));
const FORBIDDEN = fileURLToPath(new URL('forbidden-programs.cjs', import.meta.url));
const PASSWORD = 's3cr3t-p4ssw0rd';
const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: [PASSWORD] }],
    files: [{ name: 'large.bin', bytes: 1024 * 1024 }],
  },
];
const toFile = (path) => `Database/field/password > file:${path}`;
const skip = !isWindows && 'this is not Windows';

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} secrets
 * @param {object} [options]
 */
async function run(t, secrets, { folder = makeFolder(t), ...options } = {}) {
  const keeper = await openKeeper(t, { holds: HOLDS });
  const agent = { sourcesFolder: folder, ...options.agent };
  return { folder, run: await runWithKeeper(t, { keeper, secrets, ...options, agent }) };
}

function makeFolder(t) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'windows-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** All files below a folder. */
const filesBelow = (folder) =>
  fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => fs.statSync(join(folder, name)).isFile())
    .sort();

const firstLines = (run) => errorsOf(run).map((problem) => problem.split('\n')[0]);

test('no program of the repository is started, whatever its name', async (t) => {
  const folder = makeFolder(t);
  fs.mkdirSync(join(folder, '.git'));
  const traces = makeFolder(t);
  const endings = isWindows ? ['.exe', '.com', '.cmd', '.bat'] : [''];
  const programs = ['git', 'icacls', 'whoami', 'cmd', 'powershell', 'chmod', 'sh'].flatMap((name) =>
    endings.map((ending) => join(folder, `${name}${ending}`)),
  );
  programs.forEach((program, index) => plantProgram(program, join(traces, `${index}`)));

  spawnSync(programs[0]);
  assert.deepEqual(fs.readdirSync(traces), ['0'], 'a planted program that is started leaves its trace');
  fs.rmSync(join(traces, '0'));

  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const path = ['.', '', folder, process.env[pathName]].join(isWindows ? ';' : ':');
  const lines = [toFile('a.txt'), 'Database/file/large.bin > file:b/large.bin'];
  const { run: outcome } = await run(t, lines, { folder, agent: { environment: { [pathName]: path } } });
  assert.equal(outcome.result, 'Succeeded');
  assert.deepEqual(fs.readdirSync(traces), []);
});

test("a file's access list is set by programs of Windows, one call for each folder", { skip }, async (t) => {
  const notes = join(makeFolder(t), 'notes');
  const { run: outcome, folder } = await run(t, [toFile('a/1.txt'), toFile('a/2.txt'), toFile('3.txt')], {
    agent: { nodeArguments: ['--require', CALLS], environment: { CALLS_NOTES: notes } },
  });
  assert.equal(outcome.result, 'Succeeded');
  const system = join(process.env.SystemRoot ?? '', 'System32').toLowerCase();
  const calls = fs
    .readFileSync(notes, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    calls.map(([program]) => program.toLowerCase()),
    ['whoami.exe', 'icacls.exe', 'icacls.exe'].map((name) => join(system, name)),
  );
  const places = calls.slice(1).map(([, words]) => words[0].replace(/\.ksm-\w+/, '.ksm-'));
  assert.deepEqual(places, [join(folder, 'a', '.ksm-*'), join(folder, '.ksm-*')]);
});

test(
  'programs that a policy forbids leave a file with the access list of its folder',
  { skip },
  async (t) => {
    const { run: outcome } = await run(t, [toFile('a.txt')], {
      agent: { nodeArguments: ['--require', FORBIDDEN] },
    });
    assert.equal(outcome.result, 'Succeeded');
    assert.deepEqual(
      outcome.issues.map(({ rawMessage }) => rawMessage),
      [
        'line 1: others may be able to read the file, as its access list could not be set (icacls.exe: UNKNOWN)',
      ],
    );
  },
);

describe('a file that a scanner holds', { skip, concurrency: 2 }, () => {
  const scanned = (t, folder, ms) => {
    const scanner = join(makeFolder(t), 'scanner.exe');
    writeScanner(scanner);
    return {
      folder,
      agent: {
        nodeArguments: ['--require', SCANNER],
        environment: { SCANNER: scanner, SCANNER_FOLDER: folder, SCANNER_MS: `${ms}` },
      },
    };
  };
  const LINES = [toFile('new/a.txt'), toFile('old.txt'), 'Database/file/large.bin > file:large.bin'];

  for (const ms of [50, 300]) {
    test(`for ${ms} ms is waited for`, async (t) => {
      const folder = makeFolder(t);
      fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
      const { run: outcome } = await run(t, LINES, scanned(t, folder, ms));
      assert.deepEqual([outcome.result, errorsOf(outcome)], ['Succeeded', []]);
      assert.deepEqual(filesBelow(folder), ['large.bin', join('new', 'a.txt'), 'old.txt']);
      assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), PASSWORD);
    });
  }

  test('for ever fails the task, and the step after the job removes what had to stay', async (t) => {
    const folder = makeFolder(t);
    fs.writeFileSync(join(folder, 'old.txt'), 'as it was');
    const { run: outcome } = await run(t, LINES, scanned(t, folder, 60_000));
    assert.equal(outcome.result, 'Failed');
    assert.match(errorsOf(outcome).join('\n'), /another program holds it \(E(BUSY|PERM|ACCES)\)/);
    for (const name of filesBelow(folder)) {
      assert.equal(fs.readFileSync(join(folder, name), 'utf8').includes(PASSWORD), false, name);
    }
    const post = await runTask({
      taskFolder,
      section: 'postjobexecution',
      sourcesFolder: folder,
      tempFolder: outcome.folders.temp,
      taskVariables: outcome.taskVariables,
    });
    t.after(post.cleanUp);
    assert.deepEqual(filesBelow(folder), ['old.txt']);
    assert.equal(fs.readFileSync(join(folder, 'old.txt'), 'utf8'), 'as it was');
  });
});

describe('a path of Windows', { skip, concurrency: 2 }, () => {
  test('is one file, in whatever case and with whatever separators', async (t) => {
    const { run: outcome, folder } = await run(t, [toFile('sub/a.txt'), toFile('SUB\\A.TXT')]);
    assert.equal(outcome.result, 'Failed');
    assert.match(firstLines(outcome)[0], /^line 2.*line 1/);
    assert.deepEqual(filesBelow(folder), []);
  });

  test('is one file, by whatever drive it is reached', async (t) => {
    const folder = makeFolder(t);
    const alias = aliasOf(t, folder);
    const { run: outcome } = await run(t, [toFile('a.txt'), toFile(`${alias}\\a.txt`)], { folder });
    assert.equal(outcome.result, 'Failed');
    assert.match(firstLines(outcome)[0], /^line 2: `.*a\.txt` cannot be written: .*line 1/);
    assert.deepEqual(filesBelow(folder), []);
  });

  const skip = isWine && 'Wine does not give the real path of such a long one';
  test('may be longer than 260 characters', { skip }, async (t) => {
    const parts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(50));
    const { run: outcome, folder } = await run(t, [toFile([...parts, 'a.txt'].join('\\'))]);
    assert.deepEqual([outcome.result, errorsOf(outcome)], ['Succeeded', []]);
    assert.equal(fs.readFileSync(join(folder, ...parts, 'a.txt'), 'utf8'), PASSWORD);
  });

  for (const [name, path, problem] of [
    ['on a drive that is not there', `${missingDrive()}\\new\\a.txt`, /./],
    ['on a share that is not there', '\\\\127.0.0.1\\not-there\\a.txt', /./],
    ['that names a server only', '\\\\server', /./],
    ['that climbs above its drive', 'C:\\..\\b', /./],
    ['of a device with a superscript digit', 'COM¹', /device/],
  ]) {
    test(`${name} is refused at once`, async (t) => {
      const { run: outcome } = await run(t, [toFile(path)]);
      assert.equal(outcome.result, 'Failed');
      assert.match(firstLines(outcome)[0], /^line 1/);
      assert.match(firstLines(outcome)[0], problem);
      assert.ok(outcome.durationMs < 10_000, `it took ${Math.round(outcome.durationMs)} ms`);
    });
  }
});

test(
  'a config in a variable of the environment is masked, in whatever case its name is',
  { skip },
  async (t) => {
    const keeper = await openKeeper(t, { holds: HOLDS });
    for (const name of ['KSM_CONFIG', 'Ksm_Config', 'ksm_config']) {
      const outcome = await runWithKeeper(t, {
        keeper,
        secrets: ['Database/field/password > var:DB_PASSWORD'],
        config: '',
        isConfigInline: true,
        agent: { environment: { [name]: keeper.configBase64 } },
      });
      assert.equal(outcome.result, 'Succeeded', name);
      assert.ok(outcome.masks.includes(keeper.configBase64), name);
    }
  },
);

/** A drive that this machine doesn't have. */
function missingDrive() {
  return ['Q:', 'R:', 'W:', 'X:'].find((drive) => !fs.existsSync(`${drive}\\`)) ?? 'Q:';
}

/**
 * Another path to a folder: under Wine, through the drive with all files of Linux, otherwise one made with `subst`.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} folder
 */
function aliasOf(t, folder) {
  const { WINECONFIGDIR } = process.env;
  if (WINECONFIGDIR) return `${WINECONFIGDIR.replace('\\??\\', '')}\\drive_c${folder.slice(2)}`;
  const drive = missingDrive();
  spawnSync('subst', [drive, folder]);
  t.after(() => spawnSync('subst', [drive, '/D']));
  return drive;
}
