// The embedded proxy on loopback: it opens tunnels (CONNECT), can require a login, and can inspect TLS with its own
// authority, as company proxies do.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

/**
 * What goes wrong with one tunnel.
 *
 * @typedef {object} ProxyFault
 * @property {number} [status] this status instead of a tunnel
 * @property {Record<string, string>} [headers] that go with it
 * @property {true} [hang] no answer, ever
 * @property {true} [destroy] the connection breaks instead
 * @property {string} [raw] this instead of an answer in HTTP
 * @property {string} [head] this in the tunnel, before the server can say anything
 * @property {true} [dead] a tunnel through which nothing comes
 * @property {() => void} [onFirstBytes] called when the client sends something into a dead tunnel
 * @property {number} [breakAfter] the tunnel breaks after so many bytes from the server
 *
 * @typedef {{ target: string, isAuthorized: boolean, headers: http.IncomingHttpHeaders, servername?: string | false, client?: string }} SeenConnect
 * @typedef {ProxyFault[] | ((connect: SeenConnect) => ProxyFault | undefined)} ProxyFaults
 */

/**
 * Starts a proxy.
 *
 * @param {object} [options]
 * @param {{ certPem: string, keyPem: string }} [options.certificates] makes it an HTTPS proxy
 * @param {import('node:tls').TlsOptions} [options.tls] further options of its TLS
 * @param {string} [options.name] its own name, which the client has to resolve to loopback
 * @param {{ user: string, password: string }} [options.login] that it requires
 * @param {string} [options.challenge] how it asks for it
 * @param {ReturnType<typeof import('../keeper/certificates.js').makeAuthority>} [options.interceptor] with whose certificates it inspects TLS
 * @param {Record<string, string>} [options.hosts] where to connect for a `host:port` instead, as a name server would say
 * @param {ProxyFaults} [options.faults]
 */
export async function startProxy({
  certificates,
  tls: tlsOptions = {},
  name = 'localhost',
  login,
  challenge = 'Basic realm="proxy"',
  interceptor,
  hosts = {},
  faults = [],
} = {}) {
  /** @type {SeenConnect[]} */
  const connects = [];
  const sockets = new Set();
  const queue = typeof faults === 'function' ? faults : [...faults];
  const server = certificates
    ? https.createServer({ cert: certificates.certPem, key: certificates.keyPem, ...tlsOptions })
    : http.createServer();

  /** This includes raw connections, so that closing also ends those that hang. */
  const track = (socket) => {
    sockets.add(socket);
    // A broken connection on one side is closed on the other.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  server.on('connection', track);
  server.on('request', (_, response) => response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    track(socket);
    const seen = {
      target: request.url ?? '',
      isAuthorized: isAuthorized(request.headers, login),
      headers: request.headers,
      // The server name that it asks for in TLS, and the common name of its certificate.
      servername: socket.servername,
      client: socket.getPeerCertificate?.().subject?.CN,
    };
    connects.push(seen);
    if (!seen.isAuthorized) {
      return refuse(socket, 407, { 'Proxy-Authenticate': challenge });
    }
    const fault = (typeof queue === 'function' ? queue(seen) : queue.shift()) ?? {};
    if (fault.hang) return;
    if (fault.destroy) return socket.destroy();
    if (fault.raw !== undefined) return socket.end(fault.raw);
    if (fault.status !== undefined) return refuse(socket, fault.status, fault.headers);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n' + (fault.head ?? ''));
    if (fault.dead) {
      socket.once('data', () => fault.onFirstBytes?.());
      return;
    }
    if (fault.head) return;
    joinTo(hosts[seen.target] ?? seen.target, seen.target, socket, fault);
  });

  function joinTo(address, target, socket, fault) {
    const { hostname, port } = new URL(`https://${address}`);
    const targetName = new URL(`https://${target}`).hostname;
    if (!interceptor) {
      return join(socket, track(net.connect(Number(port), hostname)), fault);
    }
    // The server is on this machine, so its certificate does not matter.
    const behind = track(tls.connect({ port: Number(port), host: hostname, rejectUnauthorized: false }));
    const { certPem, keyPem } = interceptor.issue([targetName]);
    const front = track(new tls.TLSSocket(socket, { isServer: true, cert: certPem, key: keyPem }));
    join(front, behind, fault);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    /** As the log names it. */
    label: `${name}:${port}`,
    url: `${certificates ? 'https' : 'http'}://${name}:${port}`,
    connects,
    async close() {
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}

/**
 * @param {net.Socket} front
 * @param {net.Socket} behind
 * @param {ProxyFault} fault
 */
function join(front, behind, { breakAfter = Infinity }) {
  front.once('close', () => behind.destroy());
  behind.once('close', () => front.destroy());
  front.pipe(behind);
  let left = breakAfter;
  behind.on('data', (chunk) => {
    front.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) front.destroy();
  });
}

function isAuthorized({ 'proxy-authorization': header }, login) {
  if (!login) return true;
  const expected = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  return header === `Basic ${expected}`;
}

function refuse(socket, status, headers = {}) {
  const lines = Object.entries({ ...headers, 'Content-Length': '0' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.end([`HTTP/1.1 ${status} No`, ...lines, '', ''].join('\r\n'));
}
