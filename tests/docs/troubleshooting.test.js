// The troubleshooting page has every message: those in the sources, and those that runs actually show. What it shows in
// full is what the task prints.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inProject, readJson } from '../../scripts/paths.js';
import { guideVault } from '../keeper/samples.js';
import { MATRIX } from '../network/faults/index.js';
import { errorsOf, openKeeper, runWithKeeper } from '../task/packed-task.js';
import { blocksOf, readPage, rowsOf } from './markdown.js';
import { NOW } from './pipeline.js';

const PAGE = 'docs/troubleshooting.md';
const read = (...path) => readFileSync(inProject(...path), 'utf8');

const problems = blocksOf(PAGE)
  .filter(({ info }) => info === 'problem')
  .map(({ heading, text }) => ({ heading, text: unwrapped(text) }));
/** The messages of the tables, with `…` for what varies. */
const rows = rowsOf(PAGE).flatMap(({ heading, cells }) =>
  cells[0].split('<br>').map((message) => ({ message, isWarning: heading === 'Warnings' })),
);
const messages = new Set(rows.map(({ message }) => message));

/** The messages in the sources. */
const ofErrors = [
  ...readdirSync(inProject('src'), { recursive: true })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => read('src', name).split('#[cfg(test)]')[0])
    .join('\n')
    .matchAll(/(#\[error\(|Error::(?:new|absent)\(\s*(?:format!\()?)\s*"((?:[^"\\]|\\[^])*)"/g),
]
  .map(([, call, text]) => beginningOf(patternOfRust(text, !/^Error::\w+\(\s*$/.test(call))))
  .filter((pattern) => /\w/.test(pattern));
const ofFailures = [
  ...read('src', 'protocol', 'failure.rs')
    .split('mod tests')[0]
    .matchAll(/(?:Kind::\w+, |const \w+: &str = )"([^"]+)"/g),
].map(([, words]) => words);
const ofRetrieval = readdirSync(inProject('src'), { recursive: true })
  .filter((name) => /^retrieval\b.*\.rs$/.test(name) && !name.endsWith('notices.rs'))
  .map((name) => read('src', name).split('#[cfg(test)]')[0]);
const ofWarnings = [
  ...ofRetrieval.join('\n').matchAll(/(?:warn\(|Notice::Warning\()[^;]*?"((?:[^"\\]|\\[^])*)"/g),
]
  .map(([, literal]) => patternOfRust(literal).replace(/^(skipped: ).*/, '$1…'))
  .filter((pattern) => /\w/.test(pattern));
/** Why forms do not fit together, or do not fit a value. */
const ofForms = [
  ['inputs', 'mapping.rs'],
  ['inputs', 'destination.rs'],
  ['inputs', 'forms.rs'],
  ['inputs', 'template.rs'],
]
  .flatMap((path) => [
    ...read('src', ...path).matchAll(/(?:refused\(|reason(?:: | = ))"((?:[^"\\]|\\[^])*)"/g),
  ])
  .map(([, reason]) => reason.replaceAll(/`(?:Database|var:DB_)[^`]*`/g, '`…`'));
/** Why a file cannot be written, or may be published, and what is wrong with certificates. */
const ofAgent = ['disk.rs', 'publication.rs', 'certificates.rs']
  .flatMap((name) => [
    ...read('src', 'agent', name)
      .split('mod tests')[0]
      .replaceAll(/^ *\/\/.*$/gm, '')
      .matchAll(/"([^"\n]*)"/g),
  ])
  .filter(([, words]) => /[a-z] [a-z]/.test(words))
  .map(([, words]) => words.replaceAll(/\{\w+\}/g, '…'));
const ofTask = readdirSync(inProject('task'), { recursive: true })
  .filter((name) => name.endsWith('.js'))
  .flatMap((name) => sentencesOf(read('task', name)));

/** Those of them that the page shows in full. */
const patternsInFull = ofErrors.filter((pattern) =>
  problems.some(({ text }) => regExpOf(pattern).test(withoutPlace(text))),
);

/** The messages of runs in the stories and in the matrix of faults. */
const problemsShown = [
  ...casesOf('problems'),
  ...MATRIX.flatMap(({ rows }) => rows.flatMap(({ problem }) => problem ?? [])),
].map(withoutPlace);
const warningsShown = casesOf('warnings').map(withoutPlace);

test('the page knows what the sources can say', () => {
  const counts = [ofErrors, ofFailures, ofWarnings, ofTask, ofForms, ofAgent].map(({ length }) => length);
  assert.ok(
    counts.every((count, index) => count >= [75, 45, 9, 20, 5, 29][index]),
    `${counts} were found`,
  );
  const isKnown = (pattern) => messages.has(pattern) || patternsInFull.includes(pattern);
  const unknown = [...ofErrors, ...ofWarnings, ...ofForms].filter((pattern) => !isKnown(pattern));
  const page = readPage(PAGE);
  const missing = [...ofFailures, ...ofTask, ...ofAgent].filter((words) => !page.includes(words));
  assert.deepEqual([...unknown, ...missing], []);
});

test('the page knows what runs show', () => {
  assert.ok(problemsShown.length >= 200 && warningsShown.length >= 20);
  const known = (wanted) =>
    rows.filter(({ isWarning }) => isWarning === wanted).map(({ message }) => message);
  const isKnown = (text, patterns) => patterns.some((pattern) => regExpOf(pattern).test(text));
  const problemPatterns = [...known(false), ...patternsInFull];
  assert.deepEqual(
    [
      ...problemsShown.filter((text) => !isKnown(text, problemPatterns)),
      ...warningsShown.filter((text) => !isKnown(text, known(true))),
    ],
    [],
  );
});

test('the page knows nothing that is not said any more', () => {
  const patterns = new Set([...ofErrors, ...ofWarnings, ...ofForms]);
  const texts = [...ofFailures, ...ofTask, ...ofAgent, ...problemsShown, ...warningsShown];
  const isSaid = (message) =>
    patterns.has(message) || texts.some((text) => regExpOf(message).test(text) || message.includes(text));
  assert.deepEqual(
    [...messages].filter((message) => !isSaid(message)),
    [],
  );
});

describe('a message that the page shows in full is what the task says', { concurrency: 2 }, () => {
  assert.ok(problems.length >= 8, `${problems.length} were found`);
  for (const { heading, text } of problems) {
    test(heading, async (t) => {
      const { run, hostname } = await provoke(t, heading, text);
      assert.equal(run.result, 'Failed');
      const [message, ...others] = errorsOf(run).map((error) =>
        error
          .replaceAll(hostname, 'keepersecurity.com')
          .replaceAll('Embedded Keeper Test CA', 'Example Proxy CA'),
      );
      assert.equal(message, text.trimEnd());
      assert.deepEqual(others, []);
    });
  }
});

/**
 * Provokes a message of the page. If the message shows a line, that is the only line of the run.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} heading
 * @param {string} message
 */
async function provoke(t, heading, message) {
  const line = message.match(/^ {2}\d+ \| (.*)$/m)?.[1] ?? 'Database/field/password > var:DB_PASSWORD';
  const { faults, isGone, ...options } = PROVOCATIONS[heading] ?? {};
  const keeper = await openKeeper(t, { holds: guideVault(), faults });
  if (isGone) await keeper.close();
  const run = await runWithKeeper(t, { keeper, secrets: [line], now: NOW, ...options });
  return { run, hostname: keeper.hostname };
}

/** How to provoke messages that no mapping line provokes. */
const PROVOCATIONS = {
  'There is no config': { config: '', isConfigInline: true },
  'The variable with the config does not exist here': { config: '$(secret_config)', isConfigInline: true },
  'The config is a one-time token': { config: 'US:qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ' },
  'Keeper refuses': { faults: [{ status: 403, body: { error: 'access_denied' } }] },
  'There is no answer': { isGone: true },
  'The certificate is not accepted': { trusted: false },
};

/**
 * A Rust string literal, with `…` for its arguments if it is a format.
 *
 * @param {string} literal
 * @param {boolean} [isFormat]
 */
function patternOfRust(literal, isFormat = true) {
  const text = literal.replaceAll(/\\\n\s*/g, '').replaceAll(/\\(["\\])/g, '$1');
  if (!isFormat) return text;
  return text
    .replaceAll(/(?<!\{)\{(?!\{)[^{}]*\}/g, '…')
    .replaceAll('{{', '{')
    .replaceAll('}}', '}')
    .replaceAll(/…+/g, '…');
}

/** A message up to its semicolon, after which it lists what would be right. */
function beginningOf(text) {
  return text.split(';')[0];
}

/** The strings of several words in a source, which are for people. */
function sentencesOf(source) {
  const code = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/`((?:[^`\\]|\\[^])*)`|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g)]
    .map(([, template, single, double]) => (template ?? single ?? double).replaceAll('\\`', '`'))
    .map((text) =>
      text
        .replaceAll(/\$\{[^{}]*\}/g, '…')
        .split(/\\n|\n|\$\{/)[0]
        .trimEnd(),
    )
    .filter((text) => (text.match(/[a-z] [a-z]/g) ?? []).length >= 2)
    .filter((text) => text !== 'no longer wanted');
}

/** The messages in the cases, without their hints. @param {'problems' | 'warnings'} what @returns {string[]} */
function casesOf(what) {
  return readdirSync(inProject('tests', 'cases')).flatMap(
    (name) => readJson(inProject('tests', 'cases', name)).agentSees[what] ?? [],
  );
}

/** A message as it is in the log: the page wraps long ones into lines indented by six. @param {string} text */
function unwrapped(text) {
  return text.replaceAll(/\n {6}(?=\S)/g, ' ');
}

function withoutPlace(text) {
  return text.split('\n')[0].replace(/^(?:[^ ,]+, )?line \d+(?:, column \d+)?: /, '');
}

/** Matches a message as shown, which may go on after a semicolon. @param {string} pattern */
function regExpOf(pattern) {
  const parts = pattern.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}(?:; .*)?$`, 's');
}
