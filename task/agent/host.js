/** What the agent gives and takes: inputs, masks, messages, variables, the result. */

import path from 'node:path';
import * as tl from 'azure-pipelines-task-lib/task.js';
import { readPlainFile } from '../files/read.js';
import { isInside, placeOf } from '../files/same-file.js';
import { Files } from '../files/stage.js';
import { countMasks, print, printIssue, printMask, printResult } from './commands.js';
import { readNetworkSettings } from './network-settings.js';
import { Network, platformCipher } from '../network/network.js';
import { whyPublished } from '../files/publication.js';
import { layOut } from './report.js';
import { job } from './secrets.js';

/** @typedef {ReturnType<typeof createHost>} Host */
/** @typedef {import('../../pkg/core.js').Plan} Plan */

export const CANCELLED = 'the task was cancelled; nothing was set';

/** How long Keeper may take to answer if the author sets no limit, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** The host for one run of the task. */
export function createHost() {
  const startedAt = Date.now();
  const cancellation = new AbortController();
  const network = new Network(cancellation.signal, readNetworkSettings({ warn, log: print }));
  const files = new Files();
  const stopListening = onCancel(() => cancellation.abort());
  let hasNote = false;

  return {
    inputs: readInputs,
    /** @returns {import('../../pkg/core.js').RunOptions} */
    options: () => ({
      job,
      platform: process.platform,
      masksSoFar: countMasks(),
      timeoutMs: TIMEOUT_MS,
    }),
    now: () => Date.now(),
    cipher: platformCipher,
    isCancelled: () => cancellation.signal.aborted,

    /** @param {string[]} masks */
    mask: (masks) => inOneWrite(() => masks.forEach(printMask)),

    /** @param {{ level: 'info' | 'warning', text: string }[]} notices */
    notify(notices) {
      for (const { level, text } of notices) {
        if (level === 'warning') {
          warn(text);
        } else {
          print(text);
        }
      }
    },

    /**
     * @param {string[]} paths of files that the author wrote
     * @returns {import('../../pkg/core.js').Outcome[]}
     */
    readAll: readFiles,

    /**
     * @param {import('../../pkg/core.js').Request[]} requests
     * @param {import('../network/exchange.js').Seal} seal
     */
    fetchAll: (requests, seal) => Promise.all(requests.map((request) => network.fetch(request, seal))),

    /**
     * @param {import('../../pkg/core.js').Download[]} downloads
     * @param {import('../network/network.js').OpenDownload} open
     */
    downloadAll: (downloads, open) =>
      Promise.all(downloads.map((download) => network.download(download, open, files))),

    /** @param {number} delayMs */
    wait: (delayMs) => network.wait(delayMs),

    /**
     * Does all that the plan says, or nothing of it.
     *
     * @param {Plan} plan
     */
    async carryOut(plan) {
      await warnOfPublication(plan.files, cancellation.signal);
      if (cancellation.signal.aborted) {
        return this.fail([CANCELLED]);
      }
      const problems = plan.files.flatMap((file) => files.stage(file));
      if (problems.length > 0) {
        return this.fail(problems);
      }
      const written = files.list();
      hasNote = rememberForCleanUp(written);
      const refusals = files.commit();
      if (refusals.length > 0) {
        return this.fail(refusals);
      }
      inOneWrite(() => plan.commands.forEach((command) => process.stdout.write(`${command}\n`)));
      files.keep().forEach((text) => warn(text));
      if (plan.report.rows.length > 0) {
        const sizes = new Map(written.map((file) => [file.line, describeFile(file)]));
        layOut(plan.report, sizes, Date.now() - startedAt).forEach(print);
      }
      report(true);
    },

    /**
     * Reports why the task can't go on, and takes back what lies on disk.
     *
     * @param {string[]} problems
     */
    fail(problems) {
      const left = files.rollBack();
      if (hasNote && left.length === 0) {
        tl.setTaskVariable(NOTE, '[]');
      }
      const all = [...problems, ...left];
      const summary = all.length > 1 ? [`${all.length} problems; nothing was set`] : [];
      [...all, ...summary].forEach((problem) => printIssue('error', problem));
      report(false);
    },

    close() {
      stopListening();
      // After a defect there may be something under way.
      cancellation.abort();
      network.close();
    },
  };
}

/** @returns {import('../../pkg/core.js').Inputs} */
function readInputs() {
  const connection = tl.getInput('keeperConnection') ?? '';
  const secret =
    tl.getEndpointAuthorizationParameter(connection, 'apitoken', true) ??
    // The library takes away what is not empty.
    process.env[`ENDPOINT_AUTH_PARAMETER_${connection}_APITOKEN`];
  const environment = process.env.KSM_CONFIG ?? '';
  // Programs that are started from here need not know it.
  delete process.env.KSM_CONFIG;
  return {
    connection: secret ?? '',
    isOtherConnection: Boolean(connection) && secret === undefined,
    config: tl.getInput('keepersecretconfig') ?? '',
    environment,
    secrets: tl.getInput('secrets') ?? '',
    secretsFile: tl.getInput('secretsFile') ?? '',
    templates: tl.getInput('templates') ?? '',
    mode: tl.getInput('mode') ?? '',
    outputPolicy: tl.getInput('outputPolicy') ?? '',
    timeoutInSeconds: tl.getInput('timeoutInSeconds') ?? '',
  };
}

/** Mapping lines and templates are short; what is longer is something else. So much may one have, and all of them. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;
const MAX_FILES_SIZE = 64 * 1024 * 1024;

/**
 * @param {string[]} paths
 * @returns {import('../../pkg/core.js').Outcome[]}
 */
function readFiles(paths) {
  let left = MAX_FILES_SIZE;
  return paths.map((path) => {
    try {
      const body = readPlainFile(path, MAX_FILE_SIZE);
      left -= body.length;
      return left < 0 ? { code: 'TOO_MUCH' } : { status: 200, body };
    } catch (error) {
      return { code: /** @type {NodeJS.ErrnoException} */ (error).code ?? 'UNKNOWN' };
    }
  });
}

/**
 * Reports the one result. From here on the exit code is no second opinion.
 *
 * @param {boolean} hasSucceeded
 */
function report(hasSucceeded) {
  printResult(hasSucceeded);
  process.exitCode = 0;
}

/**
 * Prints many lines by few calls of the system, where it takes several at once: on Windows it does not.
 *
 * @param {() => void} printAll
 */
function inOneWrite(printAll) {
  process.stdout.cork();
  try {
    printAll();
  } finally {
    process.stdout.uncork();
  }
}

/** @param {string} text */
const warn = (text) => printIssue('warning', text);

/** @typedef {ReturnType<Files['list']>} Written */

/**
 * Before anything is written: git is a program as well, and one of a repository would find the secrets.
 *
 * @param {Plan['files']} files
 * @param {AbortSignal} signal
 */
async function warnOfPublication(files, signal) {
  const stagingFolder = tl.getVariable('Build.ArtifactStagingDirectory');
  const targets = files.map(({ line, path: written }) => ({ line, target: path.resolve(written) }));
  const places = targets.map(({ target }) => placeOf(target));
  const reasons = await whyPublished(places, { stagingFolder, signal, print });
  targets.forEach(({ line, target }, index) => {
    const reason = reasons.get(places[index]);
    if (reason) {
      warn(`${line}: \`${target}\` may be published: ${reason}`);
    }
  });
}

/** The task variable in which the post-job step finds what to remove. */
const NOTE = 'ksmFiles';

/**
 * Leaves a note for the post-job step. The agent itself empties its temporary folder.
 *
 * @param {Written} written
 * @returns {boolean} whether there was something to note
 */
function rememberForCleanUp(written) {
  const temporaryFolder = tl.getVariable('Agent.TempDirectory');
  const others = written.filter(({ target }) => !temporaryFolder || !isInside(target, temporaryFolder));
  if (others.length === 0 || tl.getBoolInput('keepFiles')) {
    return false;
  }
  tl.setTaskVariable(NOTE, JSON.stringify(others.map((file) => file.written)));
  return true;
}

/** @param {Written[number]} file */
function describeFile({ size, mode }) {
  // Windows knows no modes.
  const octal = process.platform === 'win32' ? '' : `, mode ${mode.toString(8).padStart(4, '0')}`;
  return `${size} ${size === 1 ? 'byte' : 'bytes'}${octal}`;
}

/**
 * The agent cancels by SIGINT and then SIGTERM, on Windows by SIGINT and then SIGBREAK.
 *
 * @param {() => void} cancel
 * @returns {() => void}
 */
function onCancel(cancel) {
  /** @type {NodeJS.Signals[]} */
  const signals = process.platform === 'win32' ? ['SIGINT', 'SIGBREAK'] : ['SIGINT', 'SIGTERM'];
  signals.forEach((signal) => process.on(signal, cancel));
  return () => signals.forEach((signal) => process.off(signal, cancel));
}
