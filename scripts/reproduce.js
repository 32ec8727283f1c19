/**
 * Proof that the extension depends on nothing but its sources: the last commit is cloned into two folders with different
 * paths and packed in both, and the bytes are compared.
 */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from './commands.js';
import { Failure, runWhenCalled } from './failure.js';
import { sha256 } from './fingerprint.js';
import { inProject, root, vsixPath } from './paths.js';
import { step } from './progress.js';
import { setUp } from './setup.js';

// Paths of different lengths, one with a space, so that a path that gets into the module would show.
const FOLDERS = ['a', join('somewhere quite different', 'clone')];

async function reproduce() {
  await setUp();
  const { stdout } = await run('git', ['status', '--porcelain'], { output: 'hidden' });
  if (stdout) {
    console.log('What is not committed is left out.');
  }
  const temporary = mkdtempSync(join(tmpdir(), 'ksm-reproduce-'));
  try {
    const hashes = [];
    for (const folder of FOLDERS) {
      hashes.push(await packClone(join(temporary, folder)));
    }
    hashes.forEach((hash, index) => console.log(`${hash}  ${FOLDERS[index]}`));
    if (new Set(hashes).size > 1) {
      throw new Failure(
        'the two builds differ',
        `compare the files of ${vsixPath()} with those of another clone`,
      );
    }
    console.log('Both builds have the same bytes.');
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The SHA-256 of the extension and its bill of materials, made in a fresh clone. */
async function packClone(folder) {
  await step(`Clone into ${folder}`, async () => {
    await run('git', ['clone', '--quiet', '--no-hardlinks', root, folder], { output: 'hidden' });
    // The build tools are the same, pinned by their own lock file, and take minutes to build. The module is not copied.
    for (const part of ['bin', 'stamp']) {
      mkdirSync(join(folder, '.tools'), { recursive: true });
      cpSync(inProject('.tools', part), join(folder, '.tools', part), { recursive: true });
    }
  });
  await run(process.execPath, [join('scripts', 'package.js')], { cwd: folder });
  const vsix = join(folder, 'dist', basename(vsixPath()));
  const sbom = vsix.replace(/\.vsix$/, '.cdx.json');
  if (!existsSync(vsix) || !existsSync(sbom)) {
    throw new Failure(`nothing was packed in ${folder}`, 'see what was printed above');
  }
  return `${sha256(readFileSync(vsix))} ${sha256(readFileSync(sbom))}`;
}

await runWhenCalled(import.meta.url, reproduce, {
  usage: 'npm run reproduce    packs the last commit in two clones and compares the bytes',
});
