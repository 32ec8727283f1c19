/**
 * Connections: TLS to the server, directly or through a proxy's tunnel (CONNECT, RFC 9110). Each reports its progress
 * to its request.
 */

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Phase } from '../../pkg/core.js';
import { coded } from '../files/work.js';

/** @import { SecureContext, TLSSocket } from 'node:tls' */
/** @import { Progress } from '../../pkg/core.js' */
/** @import { Proxy, Trust } from './settings.js' */

/**
 * A request in flight, and what its connection reveals.
 *
 * @typedef {object} Way
 * @property {Progress} progress
 * @property {AbortSignal} signal aborts it in any phase
 * @property {boolean} isKeeper whether it goes to Keeper, not to a host that the vault names
 * @property {Proxy} [proxy]
 * @property {string} [issuer] of the last certificate in the chain that was shown
 * @property {Error} [protocolError] what was malformed about the answer, which a reader of its body does not learn
 *
 * @typedef {https.RequestOptions & { way: Way, host: string, port: number }} Target
 */

/** How long Node tries one address of a host before the next. Its default of 250 ms is too short for slow links. */
const NEXT_ADDRESS_MS = 1_000;

/** Connections that stay open between requests. */
export class Connections extends https.Agent {
  /** @param {number} maxSockets to one host @param {Trust} trust */
  constructor(maxSockets, trust) {
    super({ keepAlive: true, maxSockets });
    this.trust = trust;
  }

  /**
   * Called by Node for each new connection.
   *
   * @param {Target} target
   * @param {(error: Error | null, socket?: net.Socket) => void} callback
   */
  createConnection(target, callback) {
    const { proxy } = target.way;
    if (!proxy) {
      return this.#secure(target);
    }
    openTunnel(target, proxy, this.trust.identified).then(
      (tunnel) => callback(null, this.#secure(target, tunnel)),
      callback,
    );
    return undefined;
  }

  /** @param {Target} target @param {net.Socket} [tunnel] @returns {TLSSocket} */
  #secure(target, tunnel) {
    const { way, host } = target;
    way.progress.enter(tunnel ? Phase.Tls : firstPhase(host), false);
    const context = way.isKeeper ? this.trust.identified : this.trust.anonymous;
    const options = { ...target, ...strict(context), ...(tunnel && { socket: tunnel }) };
    // Node documents this method, but its types omit it.
    const socket = /** @type {any} */ (https.Agent.prototype).createConnection.call(this, options);
    if (!tunnel) {
      followConnection(socket, way, false);
    }
    noteIssuer(socket, way);
    socket.once('secureConnect', () => way.progress.enter(Phase.Answer, false));
    return socket;
  }
}

/** Explicit, so that no environment variable can turn verification off. @param {SecureContext} secureContext */
const strict = (secureContext) => ({
  secureContext,
  rejectUnauthorized: true,
  autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
});

/** @param {string} host */
const firstPhase = (host) => (net.isIP(host) ? Phase.Connect : Phase.Name);

/** @param {net.Socket} socket @param {Way} way @param {boolean} isAtProxy */
function followConnection(socket, { progress }, isAtProxy) {
  socket.once('lookup', () => progress.enter(Phase.Connect, isAtProxy));
  socket.once('connect', () => progress.enter(Phase.Tls, isAtProxy));
}

/**
 * Notes the name of the last issuer in a server's chain, before Node discards the chain along with a connection that it
 * rejects. If a version of Node does not provide it, only the name is missing. Asking for an `X509Certificate` here
 * would take the certificate away from Node's own check.
 *
 * @param {net.Socket} socket
 * @param {Way} way
 */
function noteIssuer(socket, way) {
  socket.prependListener('secure', () => {
    let certificate = /** @type {TLSSocket} */ (socket).getPeerCertificate(true);
    const seen = new Set();
    while (certificate?.issuerCertificate && !seen.has(certificate.fingerprint256)) {
      seen.add(certificate.fingerprint256);
      certificate = certificate.issuerCertificate;
    }
    const { CN, O, OU } = certificate?.issuer ?? {};
    const name = CN ?? O ?? OU;
    way.issuer = Array.isArray(name) ? name[0] : name;
  });
}

/**
 * @param {Target} target
 * @param {Proxy} proxy
 * @param {SecureContext} secureContext
 * @returns {Promise<net.Socket>}
 */
function openTunnel({ host, port, way }, { url, authorization }, secureContext) {
  const isSecure = url.protocol === 'https:';
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  way.progress.enter(firstPhase(name), true);
  return new Promise((resolve, reject) => {
    const request = (isSecure ? https : http).request({
      method: 'CONNECT',
      host: name,
      // By default Node uses the `Host` header, which names the server beyond the proxy.
      servername: net.isIP(name) ? '' : name,
      port: url.port || (isSecure ? 443 : 80),
      path: target,
      // By default Node would ask the proxy to close a connection that must stay open.
      headers: {
        Host: target,
        Connection: 'keep-alive',
        ...(authorization && { 'Proxy-Authorization': authorization }),
      },
      agent: false,
      ...strict(secureContext),
    });
    request.once('socket', (socket) => {
      followConnection(socket, way, true);
      noteIssuer(socket, way);
      socket.once(isSecure ? 'secureConnect' : 'connect', () => way.progress.enter(Phase.Tunnel, true));
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
    settle(request, way.signal, reject);
    request.end();
  });
}

/**
 * @param {http.IncomingMessage} response
 * @param {Buffer} head what came after the headers
 * @param {boolean} isLoggedIn whether credentials were sent
 */
function refusalOf({ statusCode = 0, headers }, head, isLoggedIn) {
  if (statusCode >= 300 || statusCode < 200) {
    const schemes = /** @type {string | undefined} */ (headers['proxy-authenticate']) ?? '';
    const error = coded(isLoggedIn ? 'PROXY_CREDENTIALS' : 'PROXY_STATUS', schemes);
    return Object.assign(error, { proxyStatus: statusCode });
  }
  // In TLS the client speaks first, so what is already here is not from the server.
  return head.length > 0 ? coded('TUNNEL_HEAD') : undefined;
}

/** The most interim responses (status 100 to 199) that a server may send before its answer. */
const MAX_ANNOUNCEMENTS = 1_000;

/**
 * Makes sure that a request settles when it is aborted, and whatever the server does: after some failures Node emits
 * nothing but `close`, and Node 16 ignores a signal once the request is sent.
 *
 * @param {http.ClientRequest} request
 * @param {AbortSignal} signal
 * @param {(error: Error) => void} reject has no effect once there is an answer
 */
export function settle(request, signal, reject) {
  const end = () => {
    request.destroy(coded('ABORT_ERR'));
    // A request that still waits for its connection would emit nothing.
    reject(coded('ABORT_ERR'));
  };
  if (signal.aborted) {
    end();
  }
  signal.addEventListener('abort', end);
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
    signal.removeEventListener('abort', end);
    reject(coded('UNANSWERED'));
  });
}
