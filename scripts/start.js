/**
 * Runs the main job and shows what a pipeline would see: the packed task, started as an agent starts it, against an
 * embedded Keeper on loopback; or, with `--config FILE --secrets FILE`, against a real Keeper application.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Failure, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { unpackExtension } from './unpack.js';

/** The example of Keeper's documentation. */
const EXAMPLE = `\
6ya_fdc6XTsZ7i7x4Jcodg/field/password > var:var_password
6ya_fdc6XTsZ7i7x4Jcodg/field/password > out_password2
6ya_fdc6XTsZ7i7x4Jcodg/field/password > out:out_password
6ya_fdc6XTsZ7i7x4Jcodg/field/oneTimeCode > var:MyOneTimeCode
6ya_fdc6XTsZ7i7x4Jcodg/custom_field/notes > MyNotes
6ya_fdc6XTsZ7i7x4Jcodg/file/build-vsix.sh > file:/tmp/build-vsix.sh`;

async function start() {
  const { config, secrets } = readArguments();
  await packageExtension();
  // Only now is it sure that the npm packages are there.
  const { describeRun } = await import('../tests/agent/agent.js');
  const taskFolder = await unpackExtension();
  try {
    const run = config ? await runOnKeeper(taskFolder, config, secrets) : await runOnExample(taskFolder);
    console.log(`\n${describeRun(run, { showValues: !config, files: absolutePaths(secrets ?? EXAMPLE) })}`);
    process.exitCode = run.result === 'Failed' ? 1 : 0;
    await run.cleanUp();
  } finally {
    rmSync(dirname(taskFolder), { recursive: true, force: true });
  }
}

function readArguments() {
  let values;
  try {
    ({ values } = parseArgs({ options: { config: { type: 'string' }, secrets: { type: 'string' } } }));
  } catch (error) {
    throw new Failure(error.message, 'npm start, or npm start -- --config FILE --secrets FILE');
  }
  const { config, secrets } = values;
  if ((config === undefined) !== (secrets === undefined)) {
    throw new Failure('--config and --secrets go together', 'npm start -- --config FILE --secrets FILE');
  }
  return config === undefined ? {} : { config: readText(config), secrets: readText(secrets) };
}

function readText(file) {
  if (!existsSync(file)) {
    throw new Failure(`there is no file ${file}`, 'name a file that can be read');
  }
  return readFileSync(file, 'utf8');
}

/** The example against an embedded Keeper; what is in its vault is invented, so it may be shown. */
async function runOnExample(taskFolder) {
  const { runTask } = await import('../tests/agent/agent.js');
  const { startKeeper } = await import('../tests/keeper/server.js');
  const { exampleVault } = await import('../tests/keeper/samples.js');
  const keeper = await startKeeper({ holds: exampleVault() });
  const folder = mkdtempSync(join(tmpdir(), 'ksm-start-'));
  try {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, keeper.caPem);
    console.log(`\nThe mapping lines, for a Keeper at https://${keeper.hostname}:\n\n${EXAMPLE}\n`);
    return await runTask({
      taskFolder,
      inputs: { keepersecretconfig: '$(secret_config)', secrets: EXAMPLE },
      secretVariables: { secret_config: keeper.configBase64 },
      environment: { NODE_EXTRA_CA_CERTS: ca },
      stepName: 'setKsmSecretsStep',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await keeper.close();
  }
}

/** A person's own mapping lines against a real application. Relative paths are relative to this folder. */
async function runOnKeeper(taskFolder, config, secrets) {
  const { runTask } = await import('../tests/agent/agent.js');
  const passed = ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  const environment = Object.fromEntries(
    passed.map((name) => [name, process.env[name]]).filter(([, value]) => value),
  );
  return runTask({
    taskFolder,
    inputs: { keepersecretconfig: '$(secret_config)', secrets },
    secretVariables: { secret_config: config },
    environment,
    sourcesFolder: process.cwd(),
    stepName: 'setKsmSecretsStep',
    timeoutMs: 600_000,
  });
}

/** The absolute paths that mapping lines name; the agent itself shows what is new in its own folders. */
function absolutePaths(mappingLines) {
  const paths = mappingLines.split('\n').map((line) => line.match(/>\s*file:\s*(.+?)\s*$/)?.[1]);
  return paths.filter((path) => path && isAbsolute(path) && existsSync(path));
}

await runWhenCalled(import.meta.url, start);
