// The world of one run of the packed task: an embedded Keeper or something worse in its place, a proxy, certificates, a
// name server, and time that passes only when the test says so.

import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { runTask } from '../agent/agent.js';
import { makeAuthority, makeCertificates } from '../keeper/certificates.js';
import { startKeeper } from '../keeper/server.js';
import { startProxy } from '../proxy/proxy.js';
import { unpackExtension } from '../../scripts/unpack.js';
import { DRIVEN_TIME, startConductor } from './conductor.js';

/**
 * The world for one run. Functions get what exists by then.
 *
 * @typedef {object} Setting
 * @property {string[]} [secrets] the mapping lines
 * @property {import('../keeper/faults.js').Faults | ((request: any, world: World) => any)} [faults] of Keeper
 * @property {object} [keeper] further options of Keeper
 * @property {(world: World) => object} [config] members of the config that differ
 * @property {(socket: net.Socket, world: World) => void} [server] something else that listens in Keeper's place
 * @property {true} [isGone] nobody listens
 * @property {object | ((world: World) => object)} [proxy] options of a proxy, if there is one
 * @property {(world: World) => Partial<import('../agent/agent.js').Options>} [agent] further options of the agent
 * @property {Record<string, string>} [names] what the name server says: an address, an error's code or `silent`
 * @property {false} [trusted] the machine does not trust Keeper's certificate
 *
 * @typedef {object} World
 * @property {Awaited<ReturnType<typeof startKeeper>>} keeper
 * @property {Awaited<ReturnType<typeof startProxy>>} [proxy]
 * @property {import('./conductor.js').Conductor} time
 * @property {string} host of Keeper, or of what takes its place
 * @property {number} connections to what takes its place
 */

export const taskFolder = await unpackExtension();
process.once('exit', () => rmSync(dirname(taskFolder), { recursive: true, force: true }));

/** Keeper's authority, and one that nobody trusts. */
export const authority = makeAuthority();
export const companyAuthority = makeAuthority('Company CA');
const certificates = await makeCertificates({
  authority,
  names: ['localhost', '127.0.0.1', 'keeper.example.test'],
});

/** Files for settings that name one. */
export const caPath = writeBeside('ca.pem', certificates.caPem);
export const companyCaPath = writeBeside('company-ca.pem', companyAuthority.caPem);

/** The agent's client certificate. */
const client = authority.issue(['agent.example.test']);
export const PASSPHRASE = 'open sesame';
export const clientCertPath = writeBeside('client.pem', client.certPem);
export const clientKeyPath = writeBeside(
  'client.key',
  createPrivateKey(client.keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  }),
);

/** @param {string} name @param {string | Buffer} content */
export function writeBeside(name, content) {
  const path = join(dirname(taskFolder), name);
  writeFileSync(path, content);
  return path;
}

export const HOLDS = [
  {
    title: 'Database',
    fields: [{ type: 'password', value: ['s3cr3t-p4ssw0rd'] }],
    files: [
      { name: 'small.pem', text: 'the-certificate' },
      { name: 'large.bin', bytes: 1_000_000 },
    ],
  },
];
export const PASSWORD = 'Database/field/password > var:DB_PASSWORD';
export const SMALL = 'Database/file/small.pem > file:small.pem';
export const LARGE = 'Database/file/large.bin > file:large.bin';

/**
 * Runs the task once in such a world.
 *
 * @param {import('node:test').TestContext} t
 * @param {Setting} setting
 * @param {string} [nodePath]
 */
export async function runIn(t, setting, nodePath) {
  const time = await startConductor();
  t.after(() => time.close());
  const { faults } = setting;
  const keeper = await startKeeper({
    holds: HOLDS,
    certificates,
    ...setting.keeper,
    faults: typeof faults === 'function' ? (request) => faults(request, world) : faults,
  });
  keeper.sendsDate = false;
  t.after(() => keeper.close());
  /** @type {World} */
  const world = { keeper, time, host: keeper.hostname, connections: 0 };
  if (setting.isGone) await keeper.close();
  if (setting.server) world.host = await listen(t, setting.server, world);
  const { proxy } = setting;
  if (proxy) {
    const opened = await startProxy(typeof proxy === 'function' ? proxy(world) : proxy);
    t.after(() => opened.close());
    world.proxy = opened;
  }

  const config = { ...keeper.config, hostname: world.host, ...setting.config?.(world) };
  const { environment, inputs, secretVariables, ...agent } = setting.agent?.(world) ?? {};
  const run = await runTask({
    taskFolder,
    nodePath,
    nodeArguments: ['--require', DRIVEN_TIME],
    ...agent,
    inputs: {
      keepersecretconfig: '$(secret_config)',
      secrets: (setting.secrets ?? [PASSWORD]).join('\n'),
      ...inputs,
    },
    secretVariables: { secret_config: JSON.stringify(config), ...secretVariables },
    environment: {
      ...time.environment,
      NAME_SERVER: JSON.stringify(setting.names ?? {}),
      ...(setting.trusted !== false && { NODE_EXTRA_CA_CERTS: caPath }),
      ...environment,
    },
  });
  t.after(run.cleanUp);
  return { run, world, host: config.hostname };
}

/** A TCP server on loopback that sends what the test wants. */
async function listen(t, talk, world) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    world.connections++;
    sockets.add(socket.on('error', () => {}));
    talk(socket, world);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return `localhost:${server.address().port}`;
}
