/**
 * The task as a pipeline would see it: packed, started as an agent starts it, with a later step that prints what it got.
 * It asks an embedded Keeper on loopback; or, with `--config FILE --secrets FILE`, a real Keeper application.
 */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './commands.js';
import { Misuse, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { withShortPath } from './short-path.js';
import { unpackExtension } from './unpack.js';

const USAGE = `\
npm start                                    the example of Keeper's documentation, against an embedded Keeper
npm start -- --config FILE --secrets FILE    your mapping lines, against your Keeper application
npm start -- --help                          this text`;

const STEP_NAME = 'setKsmSecretsStep';

/** The example of Keeper's documentation, except for the file's path, whose folder is removed with the job. */
const EXAMPLE = `\
6ya_fdc6XTsZ7i7x4Jcodg/field/password > var:var_password
6ya_fdc6XTsZ7i7x4Jcodg/field/password > out_password2
6ya_fdc6XTsZ7i7x4Jcodg/field/password > out:out_password
6ya_fdc6XTsZ7i7x4Jcodg/field/oneTimeCode > var:MyOneTimeCode
6ya_fdc6XTsZ7i7x4Jcodg/custom_field/notes > MyNotes
6ya_fdc6XTsZ7i7x4Jcodg/file/build-vsix.sh > file:$(Agent.TempDirectory)/build.sh`;

/** Its attachment: a text in which one word is secret. */
const SCRIPT = '#!/bin/sh\nexport MARKETPLACE_TOKEN=t0k3n-of-nobody\necho "packing the extension"\n';

/** The script of a later step, which prints its secrets as no script should. */
const LATER_STEP = [
  'echo password: $(var_password)',
  `echo output variable: $(${STEP_NAME}.out_password)`,
  'echo two-factor code: $(MyOneTimeCode)',
  `echo notes: $(${STEP_NAME}.MyNotes)`,
  `${process.platform === 'win32' ? 'type' : 'cat'} $(Agent.TempDirectory)/build.sh`,
];

async function start({ config, secrets }) {
  if ((config === undefined) !== (secrets === undefined)) {
    throw new Misuse('--config and --secrets go together');
  }
  const own = config && { config: readText(config), secrets: readText(secrets) };
  await packageExtension();
  useFolderOfOwn();
  const taskFolder = await unpackExtension();
  await (own ? showOwn(taskFolder, own) : showExample(taskFolder));
}

/** Puts all temporary files from now on into one folder, which is removed however this process ends. */
function useFolderOfOwn() {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-'));
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) {
    process.env[name] = folder;
  }
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => process.exit(1));
  }
}

/** @param {string} path */
function readText(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    throw new Misuse(found ? `${path} is not a file` : `there is no file ${path}`);
  }
  return readFileSync(path, 'utf8');
}

/** The example against an embedded Keeper; what is in its vault is invented. */
async function showExample(taskFolder) {
  // Only now are the npm packages sure to be installed.
  const { startKeeper } = await import('../tests/keeper/server.js');
  const { exampleVault } = await import('../tests/keeper/samples.js');
  const keeper = await startKeeper({ holds: exampleVault(SCRIPT) });
  try {
    const ca = join(tmpdir(), 'ca.pem');
    writeFileSync(ca, keeper.caPem);
    const run = await runStep(taskFolder, keeper.configBase64, EXAMPLE, { NODE_EXTRA_CA_CERTS: ca });
    show('The step gets secrets from Keeper', withShortPath(run.log, run.folders.temp, '/a/_temp'));
    show('A later step prints what it got', await printSecrets(run));
    await end(run);
  } finally {
    await keeper.close();
  }
}

/** A person's own mapping lines against a real application. Relative paths are relative to this folder. */
async function showOwn(taskFolder, { config, secrets }) {
  const passed = ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  const environment = Object.fromEntries(
    passed.map((name) => [name, process.env[name] ?? '']).filter(([, value]) => value),
  );
  const run = await runStep(taskFolder, config, secrets, environment, process.cwd());
  show('The step gets secrets from Keeper', run.log);
  const { runTask } = await import('../tests/agent/agent.js');
  const { taskVariables } = run;
  const after = await runTask({ taskFolder, section: 'postjobexecution', taskVariables });
  await after.cleanUp();
  show('The end of the job removes what was written', [
    ...run.files.filter(({ path }) => path.startsWith(run.folders.temp)).map(({ path }) => `Removed ${path}`),
    ...after.log,
  ]);
  await end(run);
}

async function runStep(taskFolder, config, secrets, environment, sourcesFolder) {
  const { runTask } = await import('../tests/agent/agent.js');
  return runTask({
    taskFolder,
    inputs: { keepersecretconfig: '$(secret_config)', secrets },
    secretVariables: { secret_config: config },
    environment,
    sourcesFolder,
    stepName: STEP_NAME,
    timeoutMs: 600_000,
  });
}

/** The log of a later step: each command as its author wrote it, and its output as the agent masks it. */
async function printSecrets(run) {
  const { expandMacros } = await import('../tests/agent/inputs.js');
  const { SecretMasker } = await import('../tests/agent/masker.js');
  const masker = new SecretMasker();
  run.masks.forEach((mask) => masker.add(mask));
  const values = {
    ...run.variables,
    ...prefixed(run.outputs),
    'Agent.TempDirectory': { value: run.folders.temp },
  };
  const lines = [];
  for (const command of LATER_STEP) {
    const script = expandMacros(command, (name) => values[name]?.value);
    const [shell, option] = process.platform === 'win32' ? ['cmd', '/c'] : ['sh', '-c'];
    const { stdout, stderr } = await execute(shell, [option, script], { output: 'hidden' });
    const printed = `${stdout}${stderr}`.trimEnd().split(/\r?\n/);
    lines.push(`$ ${command}`, ...printed.map((line) => `  ${masker.mask(line)}`));
  }
  return lines;
}

const prefixed = (outputs) =>
  Object.fromEntries(Object.entries(outputs).map(([name, value]) => [`${STEP_NAME}.${name}`, value]));

/** @param {string} title @param {string[]} lines */
function show(title, lines) {
  console.log(`\n━━ ${title}\n${(lines.length > 0 ? lines : ['(nothing)']).join('\n')}`);
}

/** Removes everything that the run left. */
async function end(run) {
  await run.cleanUp();
  console.log(`\n${run.result} in ${Math.round(run.durationMs)} ms. Nothing was left behind.`);
  process.exitCode = run.result === 'Failed' ? 1 : 0;
}

await runWhenCalled(import.meta.url, start, {
  usage: USAGE,
  options: { config: { type: 'string' }, secrets: { type: 'string' } },
});
