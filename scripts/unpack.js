/** Unpacks the extension as the agent does, so that what is tested is what ships. */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runWhenCalled } from './failure.js';
import { vsixPath } from './paths.js';

/** Unpacks an extension into a new temporary folder, which the caller removes; returns its task folder. */
export async function unpackExtension(vsix = vsixPath()) {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-extension-'));
  for (const [name, content] of Object.entries(await unzip(vsix))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(folder, 'task');
}

/**
 * The files of a zip by name. Folders have entries of their own in some, which mean nothing.
 *
 * @returns {Promise<Record<string, Buffer>>}
 */
export async function unzip(path) {
  const { default: Zip } = await import('jszip');
  const { files } = await Zip.loadAsync(readFileSync(path));
  const entries = Object.values(files).filter(({ dir }) => !dir);
  return Object.fromEntries(
    await Promise.all(entries.map(async (entry) => [entry.name, await entry.async('nodebuffer')])),
  );
}

await runWhenCalled(import.meta.url, async () => console.log(await unpackExtension(process.argv[2])));
