/** Other programs: started without a shell, with the project's own tools first on their PATH. */

import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Failure } from './failure.js';
import { inProject, root } from './paths.js';
import { isDrawing } from './progress.js';

/**
 * Runs a program in the project's folder, and fails unless it succeeds.
 *
 * `output` is 'shown', 'heard' (shown and returned as well) or 'hidden' (returned, part of the failure). While a terminal
 * shows a step's progress, what is shown elsewhere is hidden.
 */
export async function run(program, args, { advice, output: wanted = 'shown', ...options } = {}) {
  const output = wanted === 'shown' && isDrawing() ? 'hidden' : wanted;
  const outcome = await execute(program, args, { ...options, output });
  if (outcome.code !== 0) {
    const command = [program, ...args].join(' ');
    const said = output === 'hidden' ? `\n${outcome.stdout}${outcome.stderr}` : '';
    throw new Failure(`\`${command}\` ${outcome.ending}${said}`, advice);
  }
  return outcome;
}

/** Runs the script of an npm package, given by its path in node_modules, as `run` does. */
export const runPackage = (script, args, options) =>
  run(process.execPath, [inProject('node_modules', script), ...args], options);

/** Runs npm or az as `run` does; on Windows they are batch files. */
export function runBatch(program, args, options) {
  const { line, words, shell } = batchCall(program, args);
  return run(line, words, { ...options, shell });
}

/** Runs npm or az as `execute` does. */
export function executeBatch(program, args, options) {
  const { line, words, shell } = batchCall(program, args);
  return execute(line, words, { ...options, shell });
}

/** How a batch file is started: on Windows only a shell can, and it takes one line. For words without blanks. */
export const batchCall = (program, args, platform = process.platform) =>
  platform === 'win32'
    ? { line: [program, ...args].join(' '), words: [], shell: true }
    : { line: program, words: args, shell: false };

/** Runs a program as `run` does, but leaves it to the caller to check whether it succeeded, and in time. */
export function execute(
  program,
  args,
  { output = 'shown', env = {}, shell = false, cwd = root, input, timeoutMs } = {},
) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: environment(env),
      shell,
      timeout: timeoutMs,
      stdio: [
        input === undefined ? 'ignore' : 'pipe',
        output === 'shown' ? 'inherit' : 'pipe',
        output === 'shown' ? 'inherit' : 'pipe',
      ],
    });
    // A program that ends without reading its input is judged by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const isHeard = output === 'heard';
    const stdout = collect(child.stdout, isHeard ? process.stdout : undefined);
    const stderr = collect(child.stderr, isHeard ? process.stderr : undefined);
    const end = (code, ending) => resolve({ code, ending, stdout: stdout(), stderr: stderr() });
    child.on('error', (error) => end(undefined, `could not be started (${error.code ?? error.message})`));
    child.on('close', (code, signal) =>
      end(code, signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    );
  });
}

function collect(stream, echo) {
  const chunks = [];
  stream?.on('data', (chunk) => {
    chunks.push(chunk);
    echo?.write(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** The environment of a program: ours, with the project's tools first on the path. */
export function environment(extra, inherited = process.env) {
  // Windows spells it `Path`; which of two spellings wins would be random.
  const pathName = Object.keys(inherited).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = [
    inProject('.tools', 'bin'),
    inProject('node_modules', '.bin'),
    inherited[pathName],
    cargoBin(),
  ];
  const path = { [pathName]: folders.filter(Boolean).join(delimiter) };
  return { ...IMPATIENT_CARGO, ...inherited, ...path, ...extra };
}

/** Has cargo give up in seconds rather than minutes if there is no network. */
const IMPATIENT_CARGO = { CARGO_NET_RETRY: '1', CARGO_HTTP_TIMEOUT: '10' };

/** Where rustup puts its programs; a terminal opened before it was installed doesn't have it on PATH. */
const cargoBin = () => join(cargoHome(), 'bin');

export const cargoHome = () => process.env.CARGO_HOME ?? join(homedir(), '.cargo');

/** What the Rust compiler reports about itself. */
export async function describeRust() {
  const printed = await run('rustc', ['--print', 'sysroot'], { output: 'hidden' });
  const { stdout } = await run('rustc', ['--version', '--verbose'], { output: 'hidden' });
  const [, commit] = stdout.match(/^commit-hash: (.+)$/m);
  const [, version] = stdout.match(/^release: (.+)$/m);
  return { version, commit, sysroot: printed.stdout.trim() };
}

// The id of Azure DevOps, including the Marketplace, in every Entra tenant.
const AZURE_DEVOPS = '499b84ac-1321-427f-aa17-267ca6975798';

/** A token for Azure DevOps and the Marketplace that lives for an hour, from the Azure command line. */
export async function entraToken() {
  const command = [
    'account',
    'get-access-token',
    '--resource',
    AZURE_DEVOPS,
    '--query',
    'accessToken',
    '-o',
    'tsv',
  ];
  const { stdout } = await runBatch('az', command, {
    output: 'hidden',
    advice: 'sign in first: azure/login in a workflow, AzureCLI@2 in a pipeline, `az login` by hand',
  });
  return stdout.trim();
}
