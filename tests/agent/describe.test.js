import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { shownMode } from '../platform.js';
import { describeRun } from './agent.js';
import { runScript } from './fixture.js';

const SCRIPT = `
  require('fs').writeFileSync('ca.pem', 'abc', { mode: 0o600 });
  require('fs').writeFileSync(process.env.AGENT_TEMPDIRECTORY + '/id', '1234567890', { mode: 0o644 });
  console.log('##vso[task.setvariable variable=DB_PASSWORD;issecret=true]s3cr3t');
  console.log('##vso[task.setvariable variable=URL]a%0Ab');
  console.log('##vso[task.setvariable variable=token;isoutput=true;issecret=true]t0k3n🔑');
  console.log('done with s3cr3t');`;

/** @param {number} mode */
const shown = (mode) => shownMode(mode).toString(8).padStart(4, '0');

/** @param {import('node:test').TestContext} t */
async function describedRun(t) {
  const run = await runScript(t, SCRIPT);
  return { ...run, durationMs: 12.3 };
}

test('a description shows the log and tables, and hides values', async (t) => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
  t.after(() => rm(elsewhere, { recursive: true }));
  const file = join(elsewhere, 'key');
  await writeFile(file, 'x', { mode: 0o600 });

  assert.equal(
    describeRun(await describedRun(t), { files: [file] }),
    `Log
  done with ***

Result
  Succeeded (exit code 0, 12 ms)

Variables
  DB_PASSWORD  secret  *** (6 characters)
  URL          public  *** (3 characters)

Output variables
  token  secret  *** (6 characters)

Environment of a later script
  URL  *** (3 characters)

Files
  ${shown(0o600)}  3 bytes   ca.pem
  ${shown(0o644)}  10 bytes  $(Agent.TempDirectory)/id
  ${shown(0o600)}  1 bytes   ${file}
`,
  );
});

test('a description shows values on one line when asked to', async (t) => {
  const described = describeRun(await describedRun(t), { showValues: true });
  assert.match(described, /^ {2}DB_PASSWORD {2}secret {2}s3cr3t\n {2}URL {10}public {2}a\\nb$/m);
});

test('a run that set nothing is described too', async (t) => {
  const described = describeRun({ ...(await runScript(t, '')), durationMs: 5 });
  const titles = ['Variables', 'Output variables', 'Environment of a later script', 'Files'];
  assert.equal(
    described,
    `Log\n  (none)\n\nResult\n  Succeeded (exit code 0, 5 ms)\n\n${titles.map((title) => `${title}\n  (none)\n`).join('\n')}`,
  );
});
