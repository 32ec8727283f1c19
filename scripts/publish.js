/**
 * Publishes what was packed: `--preview --build 12 --share-with ORGANISATION` the private preview, `--tag v1.2.3` the release.
 * The token comes from the Azure command line, which somebody has to be signed in to, and lives an hour.
 */

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { entraToken, execute } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { previewVersion, readIdentity } from './identity.js';
import { inProject, readJson, vsixPath } from './paths.js';
import { step } from './progress.js';

const USAGE = 'node scripts/publish.js --preview --build NUMBER --share-with ORGANISATION, or --tag v1.2.3';

async function publish() {
  const { vsix, shareWith } = planPublication(
    readArguments(),
    readJson(inProject('vss-extension.json')).version,
  );
  if (!existsSync(vsix)) {
    throw new Failure(`there is no ${vsix}`, 'pack it first, or fetch what an earlier job has packed');
  }
  const token = await entraToken();
  await step(`Publish ${vsix}`, () => publishWithTfx(vsix, shareWith, token));
}

/** What to publish; refuses what should not be published. */
export function planPublication({ preview, build, tag, shareWith }, version, identities = readIdentity) {
  if (preview ? !/^[1-9]\d{0,8}$/.test(build ?? '') || !shareWith || tag : !tag || build || shareWith) {
    throw new Failure('it is not clear what to publish', USAGE);
  }
  if (!preview && tag !== `v${version}`) {
    throw new Failure(
      `the tag ${tag} is not that of version ${version}`,
      '`npm run bump` gives the sources their version',
    );
  }
  const identity = identities(preview ? 'preview' : 'released');
  const placeholders = Object.entries(identity).filter(([, value]) =>
    /placeholder|\bexample\.com\b/.test(value),
  );
  if (placeholders.length > 0) {
    throw new Failure(
      `identity.json holds placeholders: ${placeholders.map(([name]) => name).join(', ')}`,
      'set them to those of your publisher',
    );
  }
  const published = preview ? previewVersion(version, build) : version;
  return { vsix: vsixPath(identity, { version: published }), shareWith };
}

/** How to run tfx: it gets its token from the environment, as other users of the machine can read a command line. */
export function tfxCommand(tfx, args, token) {
  const code = `process.argv.push('--token', process.env.MARKETPLACE_TOKEN);
delete process.env.MARKETPLACE_TOKEN;
require(process.argv[1]);`;
  return { args: ['-e', code, tfx, ...args], env: { MARKETPLACE_TOKEN: token } };
}

/** tfx waits until the Marketplace has validated the extension. */
async function publishWithTfx(vsix, shareWith, token) {
  const options = ['--vsix', vsix, '--auth-type', 'pat', '--no-prompt', '--no-color'];
  const sharing = shareWith ? ['--share-with', shareWith] : [];
  const tfx = inProject('node_modules', 'tfx-cli', '_build', 'tfx-cli.js');
  const { args, env } = tfxCommand(tfx, ['extension', 'publish', ...options, ...sharing], token);
  const outcome = await execute(process.execPath, args, { output: 'hidden', env });
  const said = `${outcome.stdout}${outcome.stderr}`.replaceAll(token, '***');
  console.log(said);
  if (outcome.code !== 0) {
    throw new Failure(`tfx ${outcome.ending}`, 'docs/releasing.md says what the Marketplace asks for');
  }
}

function readArguments() {
  try {
    const text = { type: 'string' };
    const options = { preview: { type: 'boolean' }, build: text, tag: text, 'share-with': text };
    const { 'share-with': shareWith, ...values } = parseArgs({ options }).values;
    return { ...values, shareWith };
  } catch (error) {
    throw new Failure(error.message, USAGE);
  }
}

await runWhenCalled(import.meta.url, publish);
