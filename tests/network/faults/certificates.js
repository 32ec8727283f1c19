// Faults in certificates, and the ways in which authors and agents add trusted ones.

import { makeCertificates } from '../../keeper/certificates.js';
import {
  authority,
  caPath,
  clientCertPath,
  clientKeyPath,
  companyAuthority,
  PASSPHRASE,
  writeBeside,
} from '../world.js';
import * as hint from './hints.js';
import { refused, survived } from './row.js';

const notAccepted = (reason, advice = hint.CERTIFICATE) =>
  `the certificate of HOST is not accepted: ${reason}${advice}`;
const UNKNOWN = notAccepted(
  'its issuer `Embedded Keeper Test CA` is not one that this agent trusts (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
  hint.ISSUER,
);
const BROKEN_PEM = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';
const KEY_ONLY = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';

/** @param {Record<string, string>} inputs */
const input = (inputs) => ({ trusted: /** @type {false} */ (false), agent: () => ({ inputs }) });
/** @param {Record<string, string>} variables */
const setting = (variables) => ({ trusted: /** @type {false} */ (false), agent: () => ({ variables }) });

const derPath = writeBeside(
  'ca.der',
  Buffer.from(authority.caPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
);
const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
const utf16Path = writeBeside('utf16.pem', utf16(authority.caPem));
const utf16BigPath = writeBeside('utf16-big.pem', utf16(authority.caPem).swap16());
const bomPath = writeBeside('bom.pem', `\ufeff${authority.caPem}`);
const trustedPath = writeBeside('trusted.pem', trusted(authority.caPem));
const spoiltPath = writeBeside(
  'spoilt.pem',
  [companyAuthority.caPem, BROKEN_PEM, authority.caPem, authority.caPem.slice(0, 200)].join('\n'),
);
const bundlePath = writeBeside('bundle.pem', `Some words\n${companyAuthority.caPem}\n${authority.caPem}`);

/** @type {import('./row.js').Group} */
export const certificates = {
  title: 'Certificates',
  rows: [
    refused('the agent does not know the issuer', UNKNOWN, 0, { trusted: false }),
    refused('the agent does not know the issuer, and the agent is set to skip the check', UNKNOWN, 0, {
      trusted: false,
      agent: () => ({
        variables: { 'Agent.SkipCertValidation': 'True' },
        environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      }),
    }),
    refused(
      'it has expired',
      notAccepted("it has expired, or the agent's clock is wrong (CERT_HAS_EXPIRED)"),
      0,
      { keeper: { certificates: await makeCertificates({ authority, days: [-30, -1] }) } },
    ),
    refused(
      'it is not valid yet',
      notAccepted("it is not valid yet, or the agent's clock is wrong (CERT_NOT_YET_VALID)"),
      0,
      { keeper: { certificates: await makeCertificates({ authority, days: [1, 30] }) } },
    ),
    refused(
      'it is for another host',
      notAccepted('it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)'),
      0,
      {
        keeper: { certificates: await makeCertificates({ authority, names: ['another.example.test'] }) },
      },
    ),
    refused(
      'it is signed by way of SHA-1',
      notAccepted('OpenSSL rejects it: CA signature digest algorithm too weak (UNSPECIFIED)'),
      0,
      {
        keeper: {
          certificates: await makeCertificates({ authority, hash: 'sha1' }),
          tls: { ciphers: 'DEFAULT:@SECLEVEL=0' },
        },
      },
      { from: 20 },
    ),
    survived(
      'the author gives the authority',
      'trusts it as well',
      1,
      input({ caCertificate: authority.caPem }),
    ),
    survived(
      'the author gives the authority, its lines joined by a variable',
      'trusts it as well',
      1,
      input({ caCertificate: authority.caPem.replaceAll('\n', ' ') }),
    ),
    survived(
      "the author gives the authority's file",
      'trusts it as well',
      1,
      input({ caCertificate: caPath }),
    ),
    survived(
      'the author gives a file with several certificates',
      'trusts them as well',
      1,
      input({ caCertificate: bundlePath }),
    ),
    survived(
      'the author gives a file with several certificates, two of them broken',
      'trusts the others, and warns',
      1,
      input({ caCertificate: spoiltPath }),
      { warnings: ['`caCertificate` holds 4 certificates, of which these cannot be read: 2, 4'] },
    ),
    survived(
      "the agent's CA file holds broken certificates",
      'trusts the others, and warns',
      1,
      setting({ 'Agent.CAInfo': spoiltPath }),
      {
        warnings: [`\`${spoiltPath}\` holds 4 certificates, of which these cannot be read: 2, 4`],
      },
    ),
    survived(
      'the author gives a file that OpenSSL wrote with settings of trust',
      'trusts it as well',
      1,
      input({ caCertificate: trustedPath }),
    ),
    survived(
      'the author gives a file in UTF-16, as PowerShell writes it',
      'trusts it as well',
      1,
      input({ caCertificate: utf16Path }),
    ),
    survived(
      'the author gives a file in UTF-16, the other way round',
      'trusts it as well',
      1,
      input({ caCertificate: utf16BigPath }),
    ),
    survived(
      'the author gives a file that begins with a byte order mark',
      'trusts it as well',
      1,
      input({ caCertificate: bomPath }),
    ),
    survived(
      "the author gives the file's path in quotes",
      'trusts it as well',
      1,
      input({ caCertificate: `"${caPath}"` }),
    ),
    survived(
      'the machine names the authority in SSL_CERT_FILE, and the author gives another',
      'trusts both',
      1,
      {
        trusted: false,
        agent: () => ({
          environment: { NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: caPath },
          inputs: { caCertificate: companyAuthority.caPem },
        }),
      },
    ),
    survived(
      "the system's store has the authority, and Node can read it (24)",
      'trusts it as well',
      1,
      { trusted: false, agent: () => ({ environment: { SSL_CERT_FILE: caPath } }) },
      { from: 24, system: 'linux' },
    ),
    survived('the author gives a file in DER', 'trusts it as well', 1, input({ caCertificate: derPath })),
    survived(
      'the agent has the authority in its CA file',
      'trusts it as well',
      1,
      setting({ 'Agent.CAInfo': caPath }),
    ),
    survived(
      'the machine has the authority in NODE_EXTRA_CA_CERTS, and the author gives another',
      'trusts both',
      1,
      { agent: () => ({ inputs: { caCertificate: companyAuthority.caPem } }) },
    ),
    refused(
      'the author gives another authority',
      UNKNOWN,
      0,
      input({ caCertificate: companyAuthority.caPem }),
    ),
    refused(
      'the author gives a file that is not there',
      `\`caCertificate\` is neither a certificate in PEM nor the path of a file that can be read${hint.CA}`,
      0,
      input({ caCertificate: 'missing.pem' }),
    ),
    refused(
      'the author gives a private key',
      `\`caCertificate\` holds no certificate${hint.CA}`,
      0,
      input({ caCertificate: KEY_ONLY }),
    ),
    refused(
      'the author gives a broken certificate',
      `\`caCertificate\` holds a certificate that cannot be read${hint.CA}`,
      0,
      input({ caCertificate: BROKEN_PEM }),
    ),
    survived(
      "the agent's CA file is not there",
      'warns and goes on',
      1,
      { agent: () => ({ variables: { 'Agent.CAInfo': 'missing.pem' } }) },
      { warnings: ["the agent's CA file `missing.pem` cannot be read (ENOENT) and is skipped"] },
    ),
    survived('the server wants a client certificate, and the agent has one', 'shows it', 1, {
      keeper: { tls: { requestCert: true, ca: authority.caPem } },
      agent: () => ({
        variables: { 'Agent.ClientCert': clientCertPath, 'Agent.ClientCertKey': clientKeyPath },
        secretVariables: { 'Agent.ClientCertPassword': PASSPHRASE },
      }),
    }),
    refused(
      'the server wants a client certificate, and the agent has none',
      `no answer from HOST: it wants a client certificate (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)${hint.CONNECTION}`,
      0,
      {
        keeper: { tls: { requestCert: true, ca: authority.caPem } },
      },
      { from: 20 },
    ),
    survived(
      "the agent's client certificate is not there",
      'warns and goes on',
      1,
      {
        agent: () => ({
          variables: { 'Agent.ClientCert': 'missing.pem', 'Agent.ClientCertKey': 'missing.key' },
        }),
      },
      { warnings: ["the agent's client certificate cannot be used (ENOENT)"] },
    ),
    survived(
      "the agent's client certificate comes without its key, or with a wrong password",
      'warns and goes on',
      1,
      { agent: () => ({ variables: { 'Agent.ClientCert': clientCertPath } }) },
      { warnings: ["the agent's client certificate cannot be used (wrong tag)"], from: 20 },
    ),
  ],
};

/** As `openssl x509 -trustout` writes it: the certificate, followed by the purposes for which to trust it. */
function trusted(caPem) {
  const certificate = Buffer.from(caPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const serverAuth = Buffer.from('300c300a06082b06010505070301', 'hex');
  const base64 = Buffer.concat([certificate, serverAuth])
    .toString('base64')
    .match(/.{1,64}/g);
  return [
    '-----BEGIN TRUSTED CERTIFICATE-----',
    ...(base64 ?? []),
    '-----END TRUSTED CERTIFICATE-----',
    '',
  ].join('\n');
}
