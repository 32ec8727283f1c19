/** What of the task library goes into the bundle: what the task calls, and what that needs. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inProject } from './paths.js';

export const TASK_LIBRARY = 'azure-pipelines-task-lib';

const FOLDER = join('node_modules', TASK_LIBRARY);
/** The files that hold what the task calls beside much else. */
const FILES = /azure-pipelines-task-lib[\\/](task|internal|taskcommand)\.js$/;

/**
 * A plugin of the bundler that leaves out what the task never calls: running tools, finding files, publishing results,
 * and the translations, whose place the English messages take. That is two thirds of the bundle, and 11 ms at each start.
 * The library's vault gives way to ours, which leaves no key on the disk.
 */
export function leaveOutUnused() {
  return {
    name: 'leave-out-unused',
    setup({ onLoad, onResolve, resolve }) {
      onLoad({ filter: FILES }, ({ path }) => ({ contents: asModule(readFileSync(path, 'utf8')) }));
      onResolve({ filter: /^/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData || !from.importer.includes(FOLDER)) {
          return undefined;
        }
        if (path === './vault') {
          return { path: inProject('task', 'agent', 'secrets.js') };
        }
        if (path === 'semver') {
          return { path, namespace: 'instead' };
        }
        // What is not called of a file or a package does not run either.
        return { ...(await resolve(path, { ...from, pluginData: true })), sideEffects: false };
      });
      // Asked whether Node is older than 4.2, and of the agent's version, which task.json demands.
      onLoad({ filter: /^semver$/, namespace: 'instead' }, () => ({ contents: 'exports.lt = () => false;' }));
      onLoad({ filter: /\blib-resource\.js$/ }, ({ path }) => {
        const { messages } = createRequire(import.meta.url)(path);
        return { contents: `module.exports = ${JSON.stringify({ messages })};` };
      });
    },
  };
}

/** A script of CommonJS, as TypeScript compiles one, as a module, of which the bundler leaves out what nothing imports. */
function asModule(text) {
  const names = [...new Set([...text.matchAll(/\bexports\.(\w+)/g)].map(([, name]) => name))];
  const body = text
    .replace(/^Object\.defineProperty\(exports, .*$/m, '')
    .replace(/^exports\..* = void 0;$/gm, '')
    .replace(/\(this && this\.\w+\) \|\|/g, '')
    .replace(/^var (\w+) = require\(("\.\/\w+")\);$/gm, 'import * as $1 from $2;')
    .replace(/^var (\w+) = require\(("[\w./]+")\);$/gm, 'import $1 from $2;')
    .replace(/^exports\./gm, 'var exports_')
    .replace(/\bexports\./g, 'exports_');
  const variables = names.map((name) => `exports_${name}`);
  const exported = names.map((name) => `exports_${name} as ${name}`);
  return `${body}\nvar ${variables};\nexport { ${exported} };`;
}
