// The packed task, unpacked as by an agent, and run against an embedded Keeper.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIdentity } from '../../scripts/identity.js';
import { unpackExtension } from '../../scripts/unpack.js';
import { runTask } from '../agent/agent.js';
import { makeCertificates } from '../keeper/certificates.js';
import { startKeeper } from '../keeper/server.js';

/** @typedef {import('../agent/agent.js').Run} Run */
/** @typedef {Awaited<ReturnType<typeof startKeeper>>} Keeper */

/** The folder of the unpacked task, for the tests of one file. */
export const taskFolder = await unpackExtension();
process.once('exit', () => rmSync(dirname(taskFolder), { recursive: true, force: true }));

// One authority for all tests of a file: which one matters only where trust itself is tested.
const certificates = await makeCertificates();
const caPath = join(dirname(taskFolder), 'ca.pem');
writeFileSync(caPath, certificates.caPem);

/**
 * Makes the agent's machine trust the authority: OpenSSL reads this file and none of Node's many built-in roots, which
 * would take a tenth of each run.
 */
const TRUST = { nodeArguments: ['--use-openssl-ca'], environment: { SSL_CERT_FILE: caPath } };

/** The hint of a message that asks for a report. */
export const REPORT = `please report this, with the task's version, at ${readIdentity().support}`;

const FIXED_CLOCK = fileURLToPath(new URL('fixed-clock.cjs', import.meta.url));

/**
 * Starts a Keeper that is closed when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {Partial<Parameters<typeof startKeeper>[0]>} options
 */
export async function openKeeper(t, options) {
  const keeper = await startKeeper({ holds: [], certificates, ...options });
  t.after(() => keeper.close());
  return keeper;
}

/**
 * Runs the packed task; what it leaves on disk is removed when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} options
 * @param {Keeper} options.keeper
 * @param {string[]} options.secrets the mapping lines
 * @param {string} [options.config] else that of the Keeper
 * @param {boolean} [options.isConfigInline] whether the config is in the pipeline itself, where only the task masks it
 * @param {boolean} [options.trusted] whether the agent's machine trusts the Keeper's certificate
 * @param {string} [options.now] the time at which the clock is stopped; waits then end at once
 * @param {Partial<import('../agent/agent.js').Options>} [options.agent]
 * @returns {Promise<Run>}
 */
export async function runWithKeeper(
  t,
  { keeper, secrets, config = keeper.configBase64, isConfigInline = false, trusted = true, now, agent = {} },
) {
  keeper.sendsDate = now === undefined;
  const run = await runTask({
    taskFolder,
    ...agent,
    nodeArguments: [
      ...(trusted ? TRUST.nodeArguments : []),
      ...(agent.nodeArguments ?? (now === undefined ? [] : ['--require', FIXED_CLOCK])),
    ],
    secretVariables: { ...(!isConfigInline && { secret_config: config }), ...agent.secretVariables },
    inputs: {
      keepersecretconfig: isConfigInline ? config : '$(secret_config)',
      secrets: secrets.join('\n'),
      ...agent.inputs,
    },
    environment: {
      ...(trusted && TRUST.environment),
      ...(now !== undefined && { FIXED_CLOCK: now }),
      ...agent.environment,
    },
  });
  t.after(run.cleanUp);
  return run;
}

/** @param {Run} run */
export const errorsOf = (run) => messagesOf(run, 'error');

/** @param {Run} run */
export const warningsOf = (run) => messagesOf(run, 'warning');

/** The warning about a config in the pipeline itself, or in a variable that is not secret. */
export const CONFIG_IN_CLEAR =
  "the config in `keepersecretconfig` comes from none of the job's secret variables, so anyone who can read the pipeline or its variables can read it; keep it in a secret variable or a service connection";

/** Whether the post-job step has nothing to do. @param {Run} run */
export const isSettled = ({ taskVariables, folders }) =>
  /^(over\..*)?$/.test(taskVariables.ksmFiles?.value ?? '') &&
  !readdirSync(folders.temp).some((name) => name.startsWith('.ksm-'));

/** Messages as the author reads them, so that masks would show. */
function messagesOf({ issues }, wanted) {
  return issues.filter(({ type }) => type === wanted).map(({ message }) => message);
}
