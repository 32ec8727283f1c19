/**
 * Connections: TLS to the server, directly or through a proxy's tunnel (CONNECT, RFC 9110). Each reports its progress
 * to its request.
 */

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { domainToASCII } from 'node:url';
import { coded } from '../files/work.js';

/** @import { SecureContext } from 'node:tls' */
/** @import { FailureCode, Phase, Progress, Proxy, Sealed } from '../../pkg/core.js' */
/** @import { Trust } from './settings.js' */

/**
 * A request in flight, and what its connection reveals.
 *
 * @typedef {object} Way
 * @property {URL} url
 * @property {boolean} isKeeper whether it goes to Keeper, not to a host that the vault names
 * @property {Proxy} [proxy]
 * @property {Connections} connections
 * @property {() => Sealed | undefined} [seal] makes its headers and body
 * @property {AbortSignal} signal aborts it in any phase
 * @property {Progress} progress
 * @property {string} [issuer] of the last certificate in the chain that was shown
 * @property {Error} [error] which may be a malformed answer, of which the reader of its body does not learn
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

  /** @param {Target} target @param {net.Socket} [tunnel] @returns {tls.TLSSocket} */
  #secure(target, tunnel) {
    const { way, host } = target;
    way.progress.enter(tunnel ? 'tls' : firstPhase(host), false);
    const context = way.isKeeper ? this.trust.identified : this.trust.anonymous;
    const options = { ...target, ...strict(context), ...(tunnel && { socket: tunnel }) };
    // Node documents this method, but its types omit it.
    const socket = /** @type {any} */ (https.Agent.prototype).createConnection.call(this, options);
    follow(socket, way, false);
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
const firstPhase = (host) => (net.isIP(host) ? 'connect' : 'name');

/**
 * Reports a connection's progress, and notes the name of the last issuer in the server's chain, before Node discards the
 * chain along with a connection that it rejects. If a version of Node does not provide it, only the name is missing.
 * Asking for an `X509Certificate` here would take the certificate away from Node's own check.
 *
 * @param {net.Socket} socket
 * @param {Way} way
 * @param {boolean} isAtProxy
 */
function follow(socket, way, isAtProxy) {
  /** @param {string} event @param {Phase} phase */
  const enter = (event, phase) => socket.once(event, () => way.progress.enter(phase, isAtProxy));
  enter('lookup', 'connect');
  enter('connect', socket instanceof tls.TLSSocket ? 'tls' : 'tunnel');
  enter('secureConnect', isAtProxy ? 'tunnel' : 'answer');
  socket.prependListener('secure', () => {
    let certificate = /** @type {tls.TLSSocket} */ (socket).getPeerCertificate(true);
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

/** @param {Target} target @param {Proxy} proxy @param {SecureContext} secureContext */
async function openTunnel({ host, port, way }, proxy, secureContext) {
  const { isSecure, authorization } = proxy;
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  // As certificates name it.
  const name = domainToASCII(proxy.host) || proxy.host;
  way.progress.enter(firstPhase(name), true);
  const request = (isSecure ? https : http).request({
    method: 'CONNECT',
    host: name,
    port: proxy.port,
    // By default Node uses the `Host` header, which names the server beyond the proxy.
    servername: net.isIP(name) ? '' : name,
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
  request.once('socket', (socket) => follow(socket, way, true));
  request.end();
  const { response, socket, head } = await answerTo(request, way);
  const { statusCode = 0, headers } = response;
  const isOpen = statusCode >= 200 && statusCode < 300;
  // In TLS the client speaks first, so what is already here is not from the server.
  if (isOpen && head.length === 0) {
    return socket;
  }
  socket.destroy();
  const schemes = /** @type {string | undefined} */ (headers['proxy-authenticate']) ?? '';
  throw isOpen
    ? coded('TUNNEL_HEAD')
    : Object.assign(coded(authorization ? 'PROXY_CREDENTIALS' : 'PROXY_STATUS', schemes), {
        proxyStatus: statusCode,
      });
}

/** The most interim responses (status 100 to 199) that a server may send before its answer. */
const MAX_ANNOUNCEMENTS = 1_000;

/**
 * Waits for a request's answer, and for the tunnel that it may open. Always settles, also if it is aborted: after some
 * failures Node emits nothing but `close`, and Node 16 ignores a signal once the request is sent.
 *
 * @param {http.ClientRequest} request
 * @param {Way} way
 * @returns {Promise<{ response: http.IncomingMessage, socket: net.Socket, head: Buffer }>}
 */
export function answerTo(request, way) {
  return new Promise((resolve, reject) => {
    /** @param {FailureCode} code */
    const giveUp = (code) => {
      const error = coded(code);
      request.destroy(error);
      // A request that still waits for its connection would emit nothing.
      reject(error);
    };
    const abort = () => giveUp('ABORT_ERR');
    way.signal.addEventListener('abort', abort);
    if (way.signal.aborted) {
      abort();
    }
    let announcements = 0;
    request.on('information', () => ++announcements > MAX_ANNOUNCEMENTS && giveUp('ANNOUNCEMENTS'));
    request.once('upgrade', (_, socket) => {
      socket.destroy();
      giveUp('UPGRADED');
    });
    request.once('response', (response) => resolve({ response, socket: response.socket, head: Buffer.of() }));
    request.once('connect', (response, socket, head) => resolve({ response, socket, head }));
    request.on('error', (error) => {
      // This may come during the answer, or after it: a server may send more than it announced.
      way.error = error;
      reject(error);
    });
    request.once('close', () => {
      way.signal.removeEventListener('abort', abort);
      reject(coded('UNANSWERED'));
    });
  });
}
