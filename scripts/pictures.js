/**
 * The pictures of the Marketplace page, drawn into `images/` by a Chromium that is installed on this machine, from the log of
 * the packed task. Each picture carries its text, which a test compares with a new run. `docs/benchmark.svg` is drawn as well,
 * if there is one.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execute } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { packageExtension } from './package.js';
import { executable, inProject } from './paths.js';
import { step } from './progress.js';
import { withShortPath } from './short-path.js';
import { unpackExtension } from './unpack.js';

/** @typedef {{ title: string, lines: string[] }} Pane what one step of a pipeline prints */

/** The mapping lines of the second picture, each with a mistake that is easily made. */
const FAULTY = ['Databse/field/password > var:DB_PASSWORD', 'Database/field/API key > env:API_KEY'];

/** Prints secrets as scripts do without meaning to. */
const CARELESS = `
const { DB_PASSWORD, API_KEY } = process.env;
console.log('connecting as alice with ' + DB_PASSWORD);
console.log('Authorization: Basic ' + Buffer.from('alice:' + DB_PASSWORD).toString('base64'));
console.log('GET https://api.example.test/deploy?key=' + encodeURIComponent(API_KEY));`;

/**
 * What the pictures show, from runs of the unpacked task.
 *
 * @param {string} taskFolder
 * @returns {Promise<Record<string, Pane[]>>} by the picture's name
 */
export async function runScenes(taskFolder) {
  // Only now are the npm packages sure to be installed.
  const { runTask } = await import('../tests/agent/agent.js');
  const { SecretMasker } = await import('../tests/agent/masker.js');
  const { guideVault } = await import('../tests/keeper/samples.js');
  const { startKeeper } = await import('../tests/keeper/server.js');
  const keeper = await startKeeper({ holds: guideVault() });
  const folder = mkdtempSync(join(tmpdir(), 'ksm-pictures-'));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, keeper.caPem);
  const run = (secrets) =>
    runTask({
      taskFolder,
      inputs: { keepersecretconfig: '$(secret_config)', secrets },
      secretVariables: { secret_config: keeper.configBase64 },
      environment: { NODE_EXTRA_CA_CERTS: ca },
    });
  try {
    const good = await run(mappingLinesOfOverview());
    const faulty = await run(FAULTY.join('\n'));
    const masker = new SecretMasker();
    good.masks.forEach((mask) => masker.add(mask));
    const env = { ...good.laterEnvironment, DB_PASSWORD: good.variables.DB_PASSWORD?.value };
    const careless = spawnSync(process.execPath, ['-e', CARELESS], { env, encoding: 'utf8' });
    // Whether a two-factor code has to be waited for is random.
    const log = good.log.filter((line) => !line.startsWith('waiting '));
    await good.cleanUp();
    await faulty.cleanUp();
    return {
      log: [
        {
          title: 'Get secrets from Keeper',
          lines: withShortPath(log, good.folders.temp, '/agent/_work/_temp'),
        },
        { title: 'A careless script', lines: CARELESS.trim().split('\n') },
        { title: 'What it prints', lines: masker.mask(careless.stdout).trimEnd().split('\n') },
      ],
      problems: [{ title: 'Get secrets from Keeper', lines: faulty.log.flatMap((text) => text.split('\n')) }],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await keeper.close();
  }
}

/** The text embedded in a picture. The duration of a run varies, so it is left out. @param {Pane[]} panes */
export const textOf = (panes) =>
  panes.map(({ title, lines }) => [`# ${title}`, ...lines].join('\n').replace(/\d+ ms/, 'N ms')).join('\n\n');

/** The page and its picture show the same step. */
function mappingLinesOfOverview() {
  const page = readFileSync(inProject('overview.md'), 'utf8');
  const [, lines = ''] = page.match(/^ +secrets: \|\n((?: {6}.*\n)+)/m) ?? [];
  return lines.replaceAll(/^ {6}/gm, '').trimEnd();
}

async function drawPictures() {
  const browser = findBrowser();
  await packageExtension();
  const taskFolder = await unpackExtension();
  const folder = mkdtempSync(join(tmpdir(), 'ksm-pictures-'));
  try {
    const scenes = await step('Run the task', () => runScenes(taskFolder));
    for (const [name, panes] of Object.entries(scenes)) {
      await draw(browser, folder, name, layOut(panes), textOf(panes));
    }
    const benchmark = inProject('docs', 'benchmark.svg');
    if (existsSync(benchmark)) {
      const svg = readFileSync(benchmark, 'utf8');
      const [width, height] = ['width', 'height'].map((name) => Number(svg.match(`${name}="(\\d+)"`)?.[1]));
      await draw(browser, folder, 'benchmark', { html: page(svg, ''), width, height }, svg);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(dirname(taskFolder), { recursive: true, force: true });
  }
}

async function draw(browser, folder, name, { html, width, height }, text) {
  await step(`Draw images/${name}.png`, async () => {
    const [source, shot] = [join(folder, `${name}.html`), join(folder, `${name}.png`)];
    writeFileSync(source, html);
    const { stderr } = await execute(
      browser,
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
        `--user-data-dir=${join(folder, 'browser')}`,
        ...['--hide-scrollbars', '--force-device-scale-factor=1.5', `--window-size=${width},${height}`],
        ...[`--screenshot=${shot}`, pathToFileURL(source).href],
      ],
      { output: 'hidden' },
    );
    if (!existsSync(shot)) {
      throw new Failure(
        `${browser} drew nothing:\n${stderr}`,
        'name another Chromium by the variable CHROMIUM',
      );
    }
    const { shrink } = await import('./png.js');
    const png = shrink(readFileSync(shot), text);
    writeFileSync(inProject('images', `${name}.png`), png);
    console.log(`  ${png.length.toLocaleString('en')} bytes`);
  });
}

/** A Chromium, under whatever name it is installed. */
function findBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome', 'msedge'];
  const candidates = [
    ...(process.env.CHROMIUM ? [process.env.CHROMIUM] : []),
    ...(process.env.PATH ?? '')
      .split(delimiter)
      .flatMap((folder) => names.map((name) => join(folder, executable(name)))),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (!found) {
    throw new Failure(
      'there is no Chromium, which draws the pictures',
      'install Chromium, Chrome or Edge, for example `apt-get install chromium`, or name one by the variable CHROMIUM',
    );
  }
  return found;
}

/** Panes as a terminal shows them. @param {Pane[]} panes */
function layOut(panes) {
  const longest = Math.max(...panes.flatMap(({ lines }) => lines.map((line) => [...line].length)));
  const body = panes
    .map(({ title, lines }) => `<h1>${escape(title)}</h1><pre>${lines.map(colour).join('\n')}</pre>`)
    .join('');
  const count = panes.reduce((sum, { lines }) => sum + lines.length, 0);
  return {
    html: page(body, STYLE),
    width: longest * FONT.advance + 2 * PADDING,
    height: count * FONT.line + panes.length * (HEADING + 2 * GAP),
  };
}

// At this size a character is exactly eight pixels wide, so that equal ones are drawn alike, which compresses well.
const FONT = { size: 13.289, advance: 8, line: 20 };
const [PADDING, HEADING, GAP] = [20, 34, 12];

const STYLE = `
  body { background: #14242b; color: #d7e1e4 }
  h1 { height: ${HEADING}px; padding: 0 ${PADDING}px; background: #1f4e5f; color: #ffffff; font: 600 13px/${HEADING}px "DejaVu Sans", Verdana, sans-serif }
  pre { margin: ${GAP}px ${PADDING}px; font: ${FONT.size}px/${FONT.line}px "DejaVu Sans Mono", Menlo, Consolas, monospace }
  b { color: #f6c445; font-weight: normal }
  i { color: #8fa6ad; font-style: normal }
  u { color: #ff8f80; text-decoration: none }`;

const page = (body, style) =>
  `<!doctype html><meta charset="utf-8"><style>* { margin: 0 } svg { display: block } ${style}</style>${body}`;

/** Masks and carets are bright, errors are red as on the agent's page, and what is only a frame is dim. */
function colour(line) {
  const text = escape(line);
  if (line.startsWith('##[error]')) return `<u>${text}</u>`;
  if (/^ +\| +\^+$/.test(line)) return text.replace(/^( +\| +)(\^+)$/, '<i>$1</i><u>$2</u>');
  if (/^ +\d+ \| /.test(line)) return text.replace(/^( +\d+ \| )/, '<i>$1</i>');
  if (/^line {2}| ms$/.test(line)) return `<i>${text}</i>`;
  return text.replace(/^hint:/, '<b>hint:</b>').replaceAll('***', '<b>***</b>');
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

await runWhenCalled(import.meta.url, drawPictures, {
  usage: 'npm run pictures    the pictures of the Marketplace page, from real runs; needs a Chromium',
});
