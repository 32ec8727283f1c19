/**
 * Connections: TLS from here to the server, directly or through a tunnel that a proxy opens (RFC 9110, CONNECT). Each
 * reports to its request how far it has come.
 */

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { coded } from '../files/disk.js';

/** @typedef {import('./progress.js').Progress} Progress */
/** @typedef {import('./proxy.js').Proxy} Proxy */
/** @typedef {import('node:tls').TLSSocket} TLSSocket */

/**
 * What a request brings along for its connection.
 *
 * @typedef {object} ConnectionContext
 * @property {Progress} progress
 * @property {Proxy} [proxy]
 * @property {boolean} isKeeper whether it leads to Keeper, and not to a host that the vault names
 * @property {AbortSignal} ending ends it, wherever it is
 *
 * @typedef {https.RequestOptions & ConnectionContext & { host: string, port: number }} Route
 * @typedef {(error: Error | null, socket?: net.Socket) => void} Callback
 */

/** A link may be slower than Node expects when it tries one address of a host after the other. */
const NEXT_ADDRESS_MS = 1_000;

/** Connections that stay open between requests. */
export class Connections extends https.Agent {
  #trust;

  /**
   * @param {number} maxSockets to one host
   * @param {Pick<import('./certificates.js').Trust, 'identified' | 'anonymous'>} trust
   */
  constructor(maxSockets, trust) {
    super({ keepAlive: true, maxSockets });
    this.#trust = trust;
  }

  /**
   * Called by Node for each new connection.
   *
   * @param {Route} route
   * @param {Callback} callback
   */
  createConnection(route, callback) {
    if (!route.proxy) {
      return this.#secure(route);
    }
    openTunnel(route, route.proxy, this.#trust.identified).then(
      (tunnel) => callback(null, this.#secure(route, tunnel)),
      callback,
    );
    return undefined;
  }

  /**
   * @param {Route} route
   * @param {net.Socket} [tunnel]
   * @returns {TLSSocket}
   */
  #secure(route, tunnel) {
    const context = route.isKeeper ? this.#trust.identified : this.#trust.anonymous;
    const options = { ...route, ...strict(context), ...(tunnel && { socket: tunnel }) };
    // The types know nothing of this method, which Node documents.
    const create = /** @type {(options: object) => TLSSocket} */ (
      /** @type {any} */ (https.Agent.prototype).createConnection
    );
    const socket = create.call(this, options);
    follow(socket, route.progress, { host: route.host, isConnected: tunnel !== undefined });
    socket.once('secureConnect', () => route.progress.enter('answer'));
    return socket;
  }
}

/**
 * Stated here, so that no variable of the environment can turn it off.
 *
 * @param {import('node:tls').SecureContext} secureContext
 */
const strict = (secureContext) => ({
  secureContext,
  rejectUnauthorized: true,
  autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
});

/**
 * @param {net.Socket} socket
 * @param {Progress} progress
 * @param {{ host: string, isConnected?: boolean, isAtProxy?: boolean }} whom
 */
function follow(socket, progress, { host, isConnected = false, isAtProxy = false }) {
  if (isConnected) {
    progress.enter('tls');
  } else {
    progress.enter(net.isIP(host) ? 'connect' : 'name', { isAtProxy });
    socket.once('lookup', () => progress.enter('connect', { isAtProxy }));
    socket.once('connect', () => progress.enter('tls', { isAtProxy }));
  }
  // Before Node itself, which throws the certificate away with the connection. If a version of Node does not say, only
  // the issuer's name is missing. Asking for an `X509Certificate` here would take the certificate away from Node's own check.
  socket.prependListener('secure', () => {
    progress.issuer = issuerOf(/** @type {TLSSocket} */ (socket));
  });
}

/** The name of the last issuer in the chain that the server showed. @param {TLSSocket} socket */
function issuerOf(socket) {
  let certificate = socket.getPeerCertificate(true);
  const seen = new Set();
  while (certificate?.issuerCertificate && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256);
    certificate = certificate.issuerCertificate;
  }
  const issuer = certificate?.issuer;
  const name = issuer?.CN ?? issuer?.O ?? issuer?.OU;
  return Array.isArray(name) ? name[0] : name;
}

/**
 * @param {Route} route
 * @param {Proxy} proxy
 * @param {import('node:tls').SecureContext} secureContext
 * @returns {Promise<net.Socket>}
 */
function openTunnel({ host, port, progress, ending }, { url, authorization }, secureContext) {
  const isSecure = url.protocol === 'https:';
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    const request = (isSecure ? https : http).request({
      method: 'CONNECT',
      host: name,
      // Otherwise Node takes the header `Host`, which names the server beyond the proxy.
      servername: net.isIP(name) ? '' : name,
      port: url.port || (isSecure ? 443 : 80),
      path: target,
      // Node would announce to close what is meant to stay open.
      headers: {
        Host: target,
        Connection: 'keep-alive',
        ...(authorization && { 'Proxy-Authorization': authorization }),
      },
      agent: false,
      ...strict(secureContext),
    });
    request.once('socket', (socket) => {
      follow(socket, progress, { host: url.hostname, isAtProxy: true });
      socket.once(isSecure ? 'secureConnect' : 'connect', () =>
        progress.enter('tunnel', { isAtProxy: true }),
      );
    });
    request.once('connect', (response, socket, head) => {
      const refusal = refusalOf(response, head, authorization !== undefined);
      if (refusal) {
        socket.destroy();
        reject(refusal);
      } else {
        resolve(socket);
      }
    });
    request.once('error', reject);
    settle(request, ending, reject);
    request.end();
  });
}

/** So often may a server say that its answer is about to come (statuses 100 to 199). */
const MAX_ANNOUNCEMENTS = 1_000;

/**
 * Lets a request end when it is no longer wanted, and whatever the server does: of some ends Node says no more than that
 * the connection is closed, and Node 16 forgets a signal once the request is sent.
 *
 * @param {http.ClientRequest} request
 * @param {AbortSignal} ending
 * @param {(error: Error) => void} reject does nothing if there is an answer
 */
export function settle(request, ending, reject) {
  const end = () => {
    request.destroy(coded('ABORT_ERR'));
    // A request that waits for its connection would say nothing.
    reject(coded('ABORT_ERR'));
  };
  if (ending.aborted) {
    end();
  }
  ending.addEventListener('abort', end);
  let announcements = 0;
  request.on('information', () => {
    if (++announcements > MAX_ANNOUNCEMENTS) {
      request.destroy(coded('ANNOUNCEMENTS'));
    }
  });
  request.once('upgrade', (_, socket) => {
    socket.destroy();
    reject(coded('UPGRADED'));
  });
  request.once('close', () => {
    ending.removeEventListener('abort', end);
    reject(coded('UNANSWERED'));
  });
}

/**
 * @param {http.IncomingMessage} response
 * @param {Buffer} head what came after its headers
 * @param {boolean} isLoggedIn whether user name and password were given
 */
function refusalOf({ statusCode = 0, headers }, head, isLoggedIn) {
  if (statusCode >= 300 || statusCode < 200) {
    const code = isLoggedIn ? 'PROXY_CREDENTIALS' : 'PROXY_STATUS';
    return Object.assign(coded(code, schemesOf(headers['proxy-authenticate'])), { proxyStatus: statusCode });
  }
  // In TLS the client speaks first, so whatever came already is not the server's.
  return head.length > 0 ? coded('TUNNEL_HEAD') : undefined;
}

/** The ways in which a proxy lets log in, by name. @param {string | string[] | undefined} header */
function schemesOf(header) {
  const challenges = [header ?? []].flat().flatMap((text) => text.split(','));
  const schemes = challenges.flatMap((text) => /^\s*([a-z][a-z0-9-]*)(?:\s|$)/i.exec(text)?.[1] ?? []);
  return schemes.length > 0 ? [...new Set(schemes)].slice(0, 5).join(', ') : undefined;
}
