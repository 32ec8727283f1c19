// What can go wrong with a proxy, and the ways in which one is found.

import { makeCertificates } from '../../keeper/certificates.js';
import { companyAuthority, companyCaPath } from '../world.js';
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

const VIA = ['connecting to HOST via PROXY'];
const faulty = (...faults) => ({ proxy: { faults }, agent: configured() });
const always = (fault) => ({ proxy: { faults: () => fault }, agent: configured() });
const notReached = (reason) => `no answer from HOST via PROXY: ${reason}${hint.CONNECTION}`;

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
    survived('it wants a user name and a password of odd characters', 'logs in', 1, {
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
      'it is one of HTTPS',
      'goes that way',
      1,
      {
        proxy: { certificates: companyCertificates },
        agent: (world) => ({ ...configured()(world), inputs: { caCertificate: companyCaPath } }),
      },
      { log: VIA },
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
    survived('it looks into TLS, and the author gives its authority', 'trusts it as well', 1, {
      trusted: false,
      proxy: { interceptor: companyAuthority },
      agent: (world) => ({ ...configured()(world), inputs: { caCertificate: companyAuthority.caPem } }),
    }),
    survived('it looks into TLS, and the agent has its authority', 'trusts it as well', 1, {
      trusted: false,
      proxy: { interceptor: companyAuthority },
      agent: configured({ 'Agent.CAInfo': companyCaPath }),
    }),
    refused(
      'it looks into TLS, and nobody knows its authority',
      'the certificate of HOST via PROXY is not accepted: its issuer `Company CA` is not one that this agent trusts ' +
        `(UNABLE_TO_VERIFY_LEAF_SIGNATURE)${hint.ISSUER}`,
      1,
      { proxy: { interceptor: companyAuthority }, agent: configured() },
    ),
    refused(
      'it is one of HTTPS, and nobody knows its authority',
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
      'the bypass list holds something that is no regular expression',
      'warns and goes by the proxy',
      1,
      { proxy: {}, agent: configured({ 'Agent.ProxyBypassList': '["*.example.com", "["]' }) },
      {
        log: VIA,
        warnings: [
          "the agent's proxy bypass `*.example.com` is not a regular expression and is passed over",
          "the agent's proxy bypass `[` is not a regular expression and is passed over",
        ],
      },
    ),
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
      'the proxy PROXY wants to be logged in to by Negotiate, NTLM, and this task can do Basic only (status 407)' +
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
      `the proxy PROXY did not get through to HOST (status 503)${hint.ALLOW}`,
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
      `no whole answer from the proxy PROXY within the time limit of 120 s: it was asked for a connection and did not answer in time (TUNNEL_TIMEOUT)${hint.SLOW}`,
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
      'it sends something of its own through the tunnel',
      `no answer from the proxy PROXY: it sent something of its own instead of a connection (TUNNEL_HEAD)${hint.PROXY}`,
      1,
      always({ head: 'welcome' }),
    ),
    refused(
      'nothing comes through its tunnel',
      notReached('it accepted a connection and did not begin TLS in time (TLS_TIMEOUT)'),
      4,
      {
        // Only when the client has begun TLS: until then the time would be that of the tunnel.
        proxy: ({ time }) => ({ faults: () => ({ dead: true, onFirstBytes: () => time.pass(15) }) }),
        agent: configured(),
      },
    ),
    survived('its tunnel breaks in the middle of an answer', 'tries again', 2, faulty({ breakAfter: 1_500 })),
    refused(
      'its tunnel breaks in the middle of every answer',
      notReached('the connection broke (ECONNRESET)'),
      4,
      always({ breakAfter: 1_500 }),
    ),
    refused(
      'its address is no address',
      `\`Agent.ProxyUrl\` is not the address of a proxy${hint.ADDRESS}`,
      0,
      { agent: () => ({ variables: { 'Agent.ProxyUrl': 'http://:99999' } }) },
    ),
    refused(
      'it is one of SOCKS',
      `\`HTTPS_PROXY\` names a kind of proxy that this task cannot use${hint.ADDRESS}`,
      0,
      { agent: () => ({ environment: { HTTPS_PROXY: 'socks5://localhost:1080' } }) },
    ),
  ],
};
