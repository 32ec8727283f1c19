// The documentation is true: each YAML sample in it runs, with its scripts, and the log is what the page says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { inProject } from '../../scripts/paths.js';
import { isWindows } from '../platform.js';
import { startProxy } from '../proxy/proxy.js';
import { blocksOf, pages } from './markdown.js';
import { companyAuthority, runPipeline } from './pipeline.js';

/** The YAML of a sample; each scalar is a text, as in the inputs of a step. */
const readYaml = (text) => parse(text, { schema: 'failsafe' });

/** How the scripts of a sample should call other programs. */
const CALLS = {
  'A secret for a script': ['deploy.sh'],
  'A secret in another job or stage': ['prepare.sh [alice]', 'migrate.sh', 'deploy.sh'],
  'An SSH key': [
    'ssh [-i] [/agent/_work/_temp/deploy_key] [-o] [UserKnownHostsFile=/agent/_work/_temp/known_hosts] ' +
      '[deploy@www.example.com] [./release.sh]',
  ],
  'A container registry': [
    'docker [login] [registry.example.com] [--username] [robot] [--password-stdin] <r3gistry-p4ssw0rd>',
    'docker [push] [registry.example.com/service]',
    'docker [logout] [registry.example.com]',
  ],
  'The config in Azure Key Vault': ['deploy.sh'],
  'A secret for a docker build': [
    'docker [build] [--secret] [id=npm_token,env=NPM_TOKEN] [--tag] [service] [.]',
  ],
  'A dotenv file': ['migrate.sh [--user] [alice] [--api-key] [k3y-of-the-api]'],
  'A key of several lines in a variable': [
    'sign.sh <-----BEGIN INVENTED KEY-----\nc2VjcmV0czNjcjN0\n-----END INVENTED KEY----->',
  ],
};

/** Surroundings of samples that need special ones. */
const WORLDS = {
  'Agents behind a proxy': (t) => ({
    arrange: async () => {
      const login = { user: 'alice', password: 'pr0xy-p4ssw0rd' };
      const proxy = await startProxy({ interceptor: companyAuthority, login });
      t.after(() => proxy.close());
      return {
        variables: { 'Agent.ProxyUrl': proxy.url, 'Agent.ProxyUsername': login.user },
        secretVariables: { 'Agent.ProxyPassword': login.password },
      };
    },
  }),
};

for (const page of pages) {
  const samples = samplesOf(page);
  if (samples.length === 0) continue;
  const files = filesOf(page);
  describe(`the samples of ${page} run`, { concurrency: 2 }, () => {
    for (const [index, { heading, text, logs, powerShell }] of samples.entries()) {
      test(`${index + 1}: ${heading}`, async (t) => {
        const world = { files, powerShell, ...WORLDS[heading]?.(t) };
        const { log, warnings, calls } = await runPipeline(t, readYaml(text), world);
        const shown = logs.join('\n').split('\n').filter(Boolean);
        assert.deepEqual(
          shown.filter((line) => !log.some((logged) => isShownAs(line, logged))),
          [],
          `not in the log:\n${log.join('\n')}`,
        );
        assert.deepEqual(
          warnings.filter((warning) => !shown.includes(`##[warning]${warning}`)),
          [],
          'a warning that the page does not show',
        );
        const isRun = !isWindows && /\bscript:/.test(text);
        if (isRun && CALLS[heading]) assert.deepEqual(calls, CALLS[heading]);
      });
    }
  });
}

test('every script of the guide is there in PowerShell as well', () => {
  const scripts = ({ text }) => text.match(/^ *- script: /gm)?.length ?? 0;
  for (const page of ['docs/getting-started.md', 'docs/recipes.md']) {
    const missing = samplesOf(page).filter(
      (sample) => scripts(sample) > 0 && sample.powerShell.length !== scripts(sample),
    );
    // There, PowerShell has a sample of its own.
    assert.deepEqual(
      missing.map(({ heading }) => heading).filter((heading) => heading !== 'A dotenv file'),
      [],
      page,
    );
  }
});

test('no recipe is without its sample', () => {
  const headings = new Set(samplesOf('docs/recipes.md').map(({ heading }) => heading));
  assert.ok(headings.size >= 17, `${headings.size}`);
  const known = Object.keys({ ...CALLS, ...WORLDS });
  assert.deepEqual(
    known.filter((heading) => !headings.has(heading)),
    [],
  );
});

test('the snippet for editors is a pipeline that runs', async (t) => {
  const file = readFileSync(inProject('docs', 'keeper.code-snippets'), 'utf8');
  // Visual Studio Code allows a comma after the last member.
  const { ksm } = JSON.parse(file.replaceAll(/,(?=\s*[\]}])/g, ''));
  const text = ksm.body
    .join('\n')
    .replaceAll(/\$\{\d+:([^}]*)\}/g, '$1')
    .replaceAll(/\$\{\d+\|([^,|]*)[^|]*\|\}/g, '$1')
    .replaceAll('$0', '')
    .replaceAll('\\$', '$');
  const { warnings } = await runPipeline(t, { steps: readYaml(text) }, {});
  assert.deepEqual(warnings, []);
});

/** Whether a line was logged, with Keeper's own host and a company's proxy in place of those of the test. */
function isShownAs(line, logged) {
  const neutral = logged
    .replaceAll(/\blocalhost:\d+(?= via )/g, 'keepersecurity.com')
    .replaceAll(/(?<= via )localhost:\d+/g, 'proxy.example.com:3128');
  return line === neutral;
}

/** The author's files as a page shows them, or else as the recipes do. */
function filesOf(page) {
  const blocks = [...blocksOf('docs/recipes.md'), ...blocksOf(page)];
  return Object.fromEntries(
    blocks.filter(({ info }) => info.includes('.')).map(({ info, text }) => [info, text]),
  );
}

/** Each YAML sample with the logs that follow it, and its scripts in PowerShell if there are any. */
function samplesOf(page) {
  /** @type {(import('./markdown.js').Block & { logs: string[], powerShell: object[] })[]} */
  const samples = [];
  for (const block of blocksOf(page)) {
    const previous = samples.at(-1);
    if (block.language === 'yaml' && block.info === 'in PowerShell' && previous)
      previous.powerShell = readYaml(block.text);
    else if (block.language === 'yaml' && block.info === '')
      samples.push({ ...block, logs: [], powerShell: [] });
    if (block.language === 'text' && block.info === '') samples.at(-1)?.logs.push(block.text);
  }
  return samples;
}
