/**
 * The smoke pipeline (smoke-pipeline.yml) in a real organisation, run on the preview that was just published:
 * `--organisation NAME --project NAME --pipeline ID --build 12`. Waits for its result.
 */

import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { entraToken } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { previewVersion, readIdentity } from './identity.js';
import { inProject, readJson } from './paths.js';
import { step } from './progress.js';

const USAGE = 'node scripts/smoke.js --organisation NAME --project NAME --pipeline ID --build NUMBER';
const POLL_MS = 20_000;
// How often to poll: fetching a new version takes a while, and the pipeline waits for agents of three systems.
const MOST_POLLS = 180;

async function smoke() {
  const { organisation, project, pipeline, build } = readArguments();
  const address = `https://dev.azure.com/${encodeURIComponent(organisation)}`;
  const version = previewVersion(readJson(inProject('vss-extension.json')).version, build);
  const token = await entraToken();
  await runSmokePipeline({
    ask: (path, body) => askAzureDevOps(`${address}/${path}`, token, body),
    wait: () => pause(POLL_MS),
    project: encodeURIComponent(project),
    pipeline,
    version,
    identity: readIdentity('preview'),
  });
}

/**
 * Starts the pipeline once the organisation has the version, and fails unless the pipeline succeeds.
 *
 * @param {object} options
 * @param {(path: string, body?: object) => Promise<any>} options.ask one request to the organisation
 * @param {() => Promise<unknown>} options.wait between two polls
 */
export async function runSmokePipeline({ ask, wait, project, pipeline, version, identity }) {
  const { publisher, extensionId, taskContribution, taskId } = identity;
  await step(`Wait for ${extensionId} ${version} in the organisation`, () =>
    until(wait, async () => {
      const { value } = await ask(`_apis/distributedtask/tasks/${taskId}?api-version=7.1`);
      return value.some(({ version: { major, minor, patch } }) => `${major}.${minor}.${patch}` === version);
    }),
  );
  const { name } = readJson(inProject('task', 'task.json'));
  // The release may be installed beside the preview, so the short name would not do.
  const task = `${publisher}.${extensionId}.${taskContribution}.${name}@${version}`;
  const runs = `${project}/_apis/pipelines/${pipeline}/runs`;
  const { id } = await ask(`${runs}?api-version=7.1`, { templateParameters: { task } });
  const result = await step(`Smoke pipeline, run ${id}`, () =>
    until(wait, async () => {
      const run = await ask(`${runs}/${id}?api-version=7.1`);
      return run.state === 'completed' && run.result;
    }),
  );
  if (result !== 'succeeded') {
    throw new Failure(`the smoke pipeline ${result}`, `look at its run ${id}`);
  }
}

/** Polls until there is a result. */
async function until(wait, look) {
  for (let polls = 0; polls < MOST_POLLS; polls += 1) {
    const seen = await look();
    if (seen) {
      return seen;
    }
    await wait();
  }
  throw new Failure('it did not come in time', 'look at the organisation, then run the job again');
}

async function askAzureDevOps(url, token, body) {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    redirect: 'error',
  });
  if (!response.ok) {
    throw new Failure(
      `Azure DevOps answers ${response.status} to ${new URL(url).pathname}`,
      'may the service principal see the organisation and queue the pipeline? See docs/releasing.md',
    );
  }
  return response.json();
}

function readArguments() {
  const names = ['organisation', 'project', 'pipeline', 'build'];
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    const { values } = parseArgs({ options });
    if (names.some((name) => !values[name])) {
      throw new Failure('something is missing', USAGE);
    }
    return values;
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(error.message, USAGE);
  }
}

await runWhenCalled(import.meta.url, smoke);
