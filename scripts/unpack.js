/** The extension, unpacked as the agent does it, so that what is tested and tried out is what is shipped. */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runWhenCalled } from './failure.js';
import { vsixPath } from './paths.js';

/** Unpacks an extension into a new temporary folder, which is the caller's to remove; returns its task folder. */
export async function unpackExtension(vsix = vsixPath()) {
  const { unzipSync } = await import('fflate');
  const folder = mkdtempSync(join(tmpdir(), 'ksm-extension-'));
  for (const [name, content] of Object.entries(unzipSync(readFileSync(vsix)))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return join(folder, 'task');
}

await runWhenCalled(import.meta.url, async () => console.log(await unpackExtension(process.argv[2])));
