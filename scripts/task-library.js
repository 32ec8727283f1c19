/** Tree shaking for the task library: the bundle gets what the task calls, and what that needs. */

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inProject } from './paths.js';

export const TASK_LIBRARY = 'azure-pipelines-task-lib';

/** The library's files that are cut down, each after those that use it, with the name that they use for it. */
const FILES = { 'task.js': 'tl', 'internal.js': 'im', 'taskcommand.js': 'tcm' };

/** `exports.exist = im._exist;`, as the library writes one for each of its functions. */
const EXPORT = /^exports\.(\w+) = [\w.]+;$/gm;
/** `exports.cp = exports.exist = void 0;`, with which its files begin. */
const DECLARATIONS = /^exports\..* = void 0;$/gm;
const REQUIRE = /^var (\w+) = require\("[\w./]+"\);$/gm;

/**
 * A plugin of the bundler that leaves out what the task never calls: running tools, finding files, publishing results,
 * and the translations, whose place the English messages take. That is two thirds of the bundle, and 11 ms at each start.
 * The library's vault gives way to ours, which leaves no key on the disk.
 */
export function leaveOutUnused() {
  return {
    name: 'leave-out-unused',
    async setup({ onLoad, onResolve, esbuild }) {
      const files = await cutDown(esbuild.transform);
      onResolve({ filter: /^\.\/vault$/ }, ({ importer }) =>
        importer.includes(join('node_modules', TASK_LIBRARY))
          ? { path: inProject('task', 'agent', 'secrets.js') }
          : undefined,
      );
      onLoad({ filter: /node_modules/ }, ({ path }) => {
        const contents = files.get(path);
        return contents === undefined ? undefined : { contents };
      });
      // Used to check for Node before 4.2, and for the agent's version, which task.json already requires.
      onResolve({ filter: /^semver$/ }, ({ path }) => ({ path, namespace: 'instead' }));
      onLoad({ filter: /^semver$/, namespace: 'instead' }, () => ({ contents: 'exports.lt = () => false;' }));
      onLoad({ filter: /\blib-resource\.js$/ }, ({ path }) => {
        const { messages } = createRequire(import.meta.url)(path);
        return { contents: `module.exports = ${JSON.stringify({ messages })};` };
      });
    },
  };
}

/**
 * @param {typeof import('esbuild').transform} transform
 * @returns {Promise<Map<string, string>>} what is left of the library's files, by path
 */
async function cutDown(transform) {
  const files = new Map();
  let readers = ourScripts();
  for (const [file, name] of Object.entries(FILES)) {
    const path = inProject('node_modules', TASK_LIBRARY, file);
    const text = withoutExports(readFileSync(path, 'utf8'), (member) =>
      new RegExp(`\\b${name}\\.${member}\\b`).test(readers),
    );
    const { code } = await transform(text, { treeShaking: true });
    files.set(path, withoutRequires(code));
    readers += files.get(path);
  }
  return files;
}

/** Removes exports that nothing reads, so that the bundler finds the functions unused. */
function withoutExports(text, isRead) {
  const body = text.replace(DECLARATIONS, '');
  const others = body.replace(EXPORT, '');
  return body.replace(EXPORT, (line, name) =>
    isRead(name) || new RegExp(`\\bexports\\.${name}\\b`).test(others) ? line : '',
  );
}

/** Removes imports of functions that are gone. */
function withoutRequires(code) {
  const others = code.replace(REQUIRE, '');
  return code.replace(REQUIRE, (line, name) => (new RegExp(`\\b${name}\\.`).test(others) ? line : ''));
}

function ourScripts() {
  const folder = inProject('task');
  const scripts = readdirSync(folder, { recursive: true }).filter((file) => String(file).endsWith('.js'));
  return scripts.map((script) => readFileSync(join(folder, String(script)), 'utf8')).join('');
}
