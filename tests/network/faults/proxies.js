// Faults of proxies, and the ways in which one is found.

import { makeCertificates } from '../../keeper/certificates.js';
import {
  HOLDS,
  authority,
  clientCertPath,
  clientKeyPath,
  companyAuthority,
  companyCaPath,
  LARGE,
  PASSPHRASE,
  PASSWORD,
  SMALL,
} from '../world.js';
import * as hint from './hints.js';
import { refused, survived } from './row.js';

const LOGIN = { user: 'DOMAIN\\alice', password: 'p@ss:w0rd%/ #ü' };
const companyCertificates = await makeCertificates({ authority: companyAuthority });

/** The agent is configured with the proxy, and perhaps with more. */
const configured =
  (variables = {}, secretVariables = {}) =>
  ({ proxy }) => ({
    variables: { 'Agent.ProxyUrl': proxy.url, ...variables },
    secretVariables,
  });
const loggedIn = configured({ 'Agent.ProxyUsername': LOGIN.user }, { 'Agent.ProxyPassword': LOGIN.password });
/** The machine's environment names the proxy. */
const named =
  (environment) =>
  ({ proxy, keeper }) => ({ environment: environment(proxy, keeper) });

/** Newer versions of Node can read the system's store, which is the last resort. */
const LOOKS_TWICE = (major) => (major < 24 ? 1 : 2);
const VIA = ['connecting to HOST via PROXY'];
const faulty = (...faults) => ({ proxy: { faults }, agent: configured() });
const always = (fault) => ({ proxy: { faults: () => fault }, agent: configured() });
const notReached = (reason) => `no answer from HOST via PROXY: ${reason}${hint.CONNECTION}`;

// A TLS handshake has fewer than 3,000 bytes, even with the post-quantum keys of Node 24.
const IN_THE_ANSWER = 6_000;
const LONG_ANSWER = [{ ...HOLDS[0], notes: 'x'.repeat(IN_THE_ANSWER) }];

/** Keeper and an HTTPS proxy, each under a name of its own and with a certificate for that name alone. */
const KEEPER = 'keeper.example.test';
const PROXY = 'proxy.example.test';
const keeperCertificates = await makeCertificates({ authority, names: [KEEPER] });
const proxyCertificates = await makeCertificates({ authority: companyAuthority, names: [PROXY] });
const apart = ({ keeper = {}, proxy = {}, agent = {}, name = PROXY, secrets = [PASSWORD] } = {}) => ({
  secrets,
  keeper: { name: KEEPER, certificates: keeperCertificates, ...keeper },
  names: { [PROXY]: '127.0.0.1', [KEEPER]: 'ENOTFOUND' },
  proxy: ({ keeper: { hostname } }) => ({
    name,
    certificates: proxyCertificates,
    hosts: { [hostname]: hostname.replace(KEEPER, 'localhost') },
    ...proxy,
  }),
  agent: (world) => {
    const { variables, secretVariables } = configured(agent.variables, agent.secretVariables)(world);
    return { variables, secretVariables, inputs: { caCertificate: companyCaPath } };
  },
});

/** @type {import('./row.js').Group} */
export const proxies = {
  title: 'The proxy',
  rows: [
    survived(
      'the agent is configured with a proxy',
      'goes that way',
      1,
      { proxy: {}, agent: configured() },
      { log: VIA },
    ),
    survived('it wants a user name and a password with special characters', 'logs in', 1, {
      proxy: { login: LOGIN },
      agent: loggedIn,
    }),
    survived(
      'the machine names it in HTTPS_PROXY, with the password',
      'logs in',
      1,
      {
        proxy: { login: LOGIN },
        agent: named(({ label }) => ({
          HTTPS_PROXY: `http://${encodeURIComponent(LOGIN.user)}:${encodeURIComponent(LOGIN.password)}@${label}`,
        })),
      },
      { log: VIA },
    ),
    survived(
      'the machine names it in https_proxy, without a scheme',
      'goes that way',
      1,
      {
        proxy: {},
        agent: named(({ label }) => ({ https_proxy: label })),
      },
      { log: VIA },
    ),
    survived(
      'the machine names it in HTTPS_PROXY, and https_proxy is empty',
      'goes that way',
      1,
      {
        proxy: {},
        agent: named(({ url }) => ({ https_proxy: '', HTTPS_PROXY: url })),
      },
      { log: VIA, system: 'linux' },
    ),
    survived(
      'it is an HTTPS proxy',
      'goes that way',
      1,
      {
        proxy: { certificates: companyCertificates },
        agent: (world) => ({ ...configured()(world), inputs: { caCertificate: companyCaPath } }),
      },
      { log: VIA },
    ),
    survived(
      'it is an HTTPS proxy, under a name of its own',
      "checks its certificate against its name, and Keeper's against Keeper's",
      3,
      apart({ secrets: [PASSWORD, SMALL, LARGE] }),
      { log: VIA },
    ),
    survived(
      'it is an HTTPS proxy, and its address is an IP address',
      'goes that way',
      1,
      apart({ name: '127.0.0.1', proxy: { certificates: companyCertificates } }),
      { log: VIA },
    ),
    survived(
      'it is an HTTPS proxy, and wants a login and a client certificate',
      'gives both',
      1,
      apart({
        proxy: {
          login: LOGIN,
          tls: { requestCert: true, rejectUnauthorized: true, ca: authority.caPem },
        },
        agent: {
          variables: {
            'Agent.ProxyUsername': LOGIN.user,
            'Agent.ClientCert': clientCertPath,
            'Agent.ClientCertKey': clientKeyPath,
          },
          secretVariables: {
            'Agent.ProxyPassword': LOGIN.password,
            'Agent.ClientCertPassword': PASSPHRASE,
          },
        },
      }),
      { log: VIA },
    ),
    refused(
      "it is an HTTPS proxy, and shows Keeper's certificate",
      `the certificate of the proxy PROXY is not accepted: it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)${hint.CERTIFICATE}`,
      0,
      apart({ proxy: { certificates: keeperCertificates } }),
    ),
    refused(
      "it is an HTTPS proxy, and Keeper shows the proxy's certificate",
      `the certificate of HOST via PROXY is not accepted: it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)${hint.CERTIFICATE}`,
      1,
      apart({ keeper: { certificates: proxyCertificates } }),
    ),
    refused(
      'it is an HTTPS proxy and wants a client certificate, and the agent has none',
      `no answer from the proxy PROXY: it wants a client certificate (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)${hint.PROXY}`,
      0,
      apart({ proxy: { tls: { requestCert: true, rejectUnauthorized: true, ca: authority.caPem } } }),
    ),
    survived(
      "only the proxy can resolve Keeper's name",
      'leaves that to it',
      1,
      {
        config: () => ({ hostname: 'keeper.example.test' }),
        names: { 'keeper.example.test': 'ENOTFOUND' },
        proxy: ({ keeper }) => ({ hosts: { 'keeper.example.test:443': keeper.hostname } }),
        agent: configured(),
      },
      { log: VIA },
    ),
    survived('it inspects TLS, and the author names its authority', 'trusts it as well', 1, {
      trusted: false,
      proxy: { interceptor: companyAuthority },
      agent: (world) => ({ ...configured()(world), inputs: { caCertificate: companyAuthority.caPem } }),
    }),
    survived('it inspects TLS, and the agent has its authority', 'trusts it as well', 1, {
      trusted: false,
      proxy: { interceptor: companyAuthority },
      agent: configured({ 'Agent.CAInfo': companyCaPath }),
    }),
    refused(
      'it inspects TLS, and the agent does not know its authority',
      'the certificate of HOST via PROXY is not accepted: its issuer `Company CA` is not one that this agent trusts ' +
        `(UNABLE_TO_VERIFY_LEAF_SIGNATURE)${hint.ISSUER}`,
      LOOKS_TWICE,
      { proxy: { interceptor: companyAuthority }, agent: configured() },
    ),
    refused(
      'it is an HTTPS proxy, and the agent does not know its authority',
      'the certificate of the proxy PROXY is not accepted: its issuer `Company CA` is not one that this agent trusts ' +
        `(UNABLE_TO_VERIFY_LEAF_SIGNATURE)${hint.ISSUER}`,
      0,
      { proxy: { certificates: companyCertificates }, agent: configured() },
    ),
    survived("the agent's bypass list names Keeper", 'goes directly', 1, {
      proxy: { faults: () => ({ destroy: true }) },
      agent: configured({ 'Agent.ProxyBypassList': '["https://LOCAL.*"]' }),
    }),
    survived(
      'the bypass list holds something that is not a regular expression',
      'warns and uses the proxy',
      1,
      { proxy: {}, agent: configured({ 'Agent.ProxyBypassList': '["*.example.com", "["]' }) },
      {
        log: VIA,
        warnings: [
          "the agent's proxy bypass `*.example.com` is not a regular expression and is skipped",
          "the agent's proxy bypass `[` is not a regular expression and is skipped",
        ],
      },
    ),
    survived(
      "the agent's bypass list names a part of Keeper's address after the host",
      'uses the proxy',
      1,
      {
        proxy: {},
        agent: configured({ 'Agent.ProxyBypassList': '["get_secret", "api", "v1$"]' }),
      },
      { log: VIA },
    ),
    survived("the agent's bypass list names Keeper with its port", 'goes directly', 1, {
      proxy: { faults: () => ({ destroy: true }) },
      agent: (world) =>
        configured({ 'Agent.ProxyBypassList': JSON.stringify([`^https://${world.keeper.hostname}$`]) })(
          world,
        ),
    }),
    survived('NO_PROXY names a network, among others', 'goes directly', 1, {
      config: ({ keeper }) => ({ hostname: keeper.hostname.replace('localhost', '127.0.0.1') }),
      proxy: { faults: () => ({ destroy: true }) },
      agent: named(({ url }) => ({ HTTPS_PROXY: url, NO_PROXY: '10.0.0.0/8;*.corp.example;127.0.0.0/8' })),
    }),
    survived('NO_PROXY names Keeper', 'goes directly', 1, {
      proxy: { faults: () => ({ destroy: true }) },
      agent: named(({ url }, { hostname }) => ({ HTTPS_PROXY: url, No_Proxy: `.example.com, ${hostname}` })),
    }),
    refused(
      'it is not there',
      `no answer from the proxy localhost:1: it refuses connections (ECONNREFUSED)${hint.PROXY}`,
      0,
      { agent: () => ({ variables: { 'Agent.ProxyUrl': 'http://localhost:1' } }) },
    ),
    refused(
      'its name does not exist',
      `no answer from the proxy proxy.example.test:3128: its name cannot be resolved (ENOTFOUND)${hint.PROXY}`,
      0,
      {
        names: { 'proxy.example.test': 'ENOTFOUND' },
        agent: () => ({ variables: { 'Agent.ProxyUrl': 'http://proxy.example.test:3128' } }),
      },
    ),
    refused(
      'it wants a login, and there is none',
      `the proxy PROXY wants a user name and a password (status 407)${hint.LOGIN}`,
      1,
      { proxy: { login: LOGIN }, agent: configured() },
    ),
    refused(
      'it does not take the login',
      `the proxy PROXY does not accept this user name and password (status 407)${hint.LOGIN}`,
      1,
      { proxy: { login: { ...LOGIN, password: 'another' } }, agent: loggedIn },
    ),
    refused(
      'it wants a login by NTLM or Negotiate',
      'the proxy PROXY asks for a login by Negotiate, NTLM, and this task supports Basic only (status 407)' +
        hint.LOGIN,
      1,
      { proxy: { login: LOGIN, challenge: 'Negotiate, NTLM' }, agent: configured() },
    ),
    refused(
      'it forbids Keeper',
      `the proxy PROXY does not allow connections to HOST (status 403)${hint.ALLOW}`,
      1,
      faulty({ status: 403 }),
    ),
    survived('it does not get through once', 'tries again', 1, faulty({ status: 502 })),
    refused(
      'it never gets through',
      `the proxy PROXY could not connect to HOST (status 503)${hint.ALLOW}`,
      4,
      always({ status: 503 }),
    ),
    survived('it breaks instead of an answer', 'tries again', 1, faulty({ destroy: true })),
    refused(
      'it always breaks instead of an answer',
      `no answer from the proxy PROXY: the connection broke (ECONNRESET)${hint.PROXY}`,
      4,
      always({ destroy: true }),
    ),
    refused(
      'it says nothing',
      `no complete answer from the proxy PROXY within the time limit of 120 s: it was asked for a tunnel and did not answer in time (TUNNEL_TIMEOUT)${hint.SLOW}`,
      4,
      { proxy: ({ time }) => ({ faults: () => (time.pass(30), { hang: true }) }), agent: configured() },
    ),
    refused(
      'it does not speak HTTP',
      `no answer from the proxy PROXY: it does not speak HTTP as it should (HPE_INVALID_CONSTANT)${hint.PROXY}`,
      1,
      always({ raw: 'what?' }),
    ),
    refused(
      'it switches to another protocol',
      `the proxy PROXY does not allow connections to HOST (status 101)${hint.ALLOW}`,
      1,
      always({ raw: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n' }),
    ),
    refused(
      'it speaks HTTP/2 at once',
      `no answer from the proxy PROXY: it does not speak HTTP as it should (HPE_INVALID_CONSTANT)${hint.PROXY}`,
      1,
      always({ raw: '\0\0\0\x04\0\0\0\0\0' }),
    ),
    refused(
      'it sends data of its own through the tunnel',
      `no answer from the proxy PROXY: it answered with data instead of opening a tunnel (TUNNEL_HEAD)${hint.PROXY}`,
      1,
      always({ head: 'welcome' }),
    ),
    refused(
      'nothing comes through its tunnel',
      notReached('it accepted a connection and did not begin TLS in time (TLS_TIMEOUT)'),
      4,
      {
        // Only once the client has begun TLS: until then, time would count for the tunnel.
        proxy: ({ time }) => ({ faults: () => ({ dead: true, onFirstBytes: () => time.pass(15) }) }),
        agent: configured(),
      },
    ),
    survived('its tunnel breaks in the middle of an answer', 'tries again', 2, {
      ...faulty({ breakAfter: IN_THE_ANSWER }),
      keeper: { holds: LONG_ANSWER },
    }),
    refused(
      'its tunnel breaks in the middle of every answer',
      notReached('the connection broke (ECONNRESET)'),
      4,
      { ...always({ breakAfter: IN_THE_ANSWER }), keeper: { holds: LONG_ANSWER } },
    ),
    refused(
      'its address is not an address',
      `\`Agent.ProxyUrl\` is not the address of a proxy${hint.ADDRESS}`,
      0,
      { agent: () => ({ variables: { 'Agent.ProxyUrl': 'http://:99999' } }) },
    ),
    refused(
      'its address is in quotes, as some files leave them',
      `\`HTTPS_PROXY\` is not the address of a proxy${hint.ADDRESS}`,
      0,
      { agent: () => ({ environment: { HTTPS_PROXY: '"http://localhost:1"' } }) },
    ),
    refused(
      'it is a SOCKS proxy',
      `\`HTTPS_PROXY\` names a kind of proxy that this task cannot use${hint.ADDRESS}`,
      0,
      { agent: () => ({ environment: { HTTPS_PROXY: 'socks5://localhost:1080' } }) },
    ),
  ],
};
