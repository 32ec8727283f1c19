// Throwaway certificates: an authority that a test can trust, and server certificates that it signs (RFC 5280, ECDSA on
// P-256).

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
} from '@peculiar/asn1-x509';

const COMMON_NAME = '2.5.4.3';
/** Signatures by ECDSA, for each hash. */
const ECDSA_WITH = { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2' };
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * An authority of its own and a certificate for a server on loopback, or for other names.
 *
 * @param {{ names?: string[], days?: [number, number], authority?: ReturnType<typeof makeAuthority>, hash?: 'sha1' }} [options] valid on the days from now between these
 * @returns {Promise<{ caPem: string, certPem: string, keyPem: string }>}
 */
export async function makeCertificates({
  names = ['localhost', '127.0.0.1'],
  days,
  authority = makeAuthority(),
  hash,
} = {}) {
  return { caPem: authority.caPem, ...authority.issue(names, days, hash) };
}

/** A certificate authority. Each call makes a separate one. */
export function makeAuthority(commonName = 'Embedded Keeper Test CA') {
  const issuer = { name: commonName, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
  const caPem = certificate(issuer, {
    ...issuer,
    extensions: [
      critical(id_ce_basicConstraints, new BasicConstraints({ cA: true })),
      critical(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
    ],
  });

  return { caPem, issue: (names, days, hash) => issueFor(issuer, names, days, hash) };
}

function issueFor(issuer, names, days, hash) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certPem = certificate(issuer, {
    name: names[0],
    days,
    hash,
    publicKey,
    extensions: [
      critical(id_ce_basicConstraints, new BasicConstraints()),
      critical(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature)),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])),
      extension(id_ce_subjectAltName, new SubjectAlternativeName(names.map(alternativeName))),
    ],
  });
  return { certPem, keyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

function certificate(issuer, subject) {
  const { hash = 'sha256' } = subject;
  const signatureAlgorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH[hash] });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: signatureAlgorithm,
    issuer: distinguishedName(issuer.name),
    validity: validity(subject.days),
    subject: distinguishedName(subject.name),
    subjectPublicKeyInfo: AsnConvert.parse(spki(subject.publicKey), SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...subject.extensions,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(subject.publicKey))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(issuer.publicKey)) }),
      ),
    ]),
  });
  const signatureValue = sign(hash, der(tbsCertificate), issuer.privateKey);
  return pem(der(new Certificate({ tbsCertificate, signatureAlgorithm, signatureValue })));
}

/** Positive, not zero, and short, as RFC 5280 requires. */
function serialNumber() {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes;
}

/** From yesterday, as clocks may be slow, for a month. */
function validity([first, last] = [-1, 30]) {
  const at = (days) => new Date(Date.now() + days * DAY_MS);
  return new Validity({ notBefore: at(first), notAfter: at(last) });
}

function distinguishedName(commonName) {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

const alternativeName = (name) => new GeneralName(isIPv4(name) ? { iPAddress: name } : { dNSName: name });

const critical = (extnID, value) => extension(extnID, value, true);

const extension = (extnID, value, isCritical = false) =>
  new Extension({ extnID, critical: isCritical, extnValue: new OctetString(AsnConvert.serialize(value)) });

const keyIdentifier = (publicKey) => createHash('sha256').update(spki(publicKey)).digest().subarray(0, 20);

const spki = (publicKey) => publicKey.export({ type: 'spki', format: 'der' });

const der = (value) => Buffer.from(AsnConvert.serialize(value));

function pem(bytes) {
  const lines = bytes.toString('base64').match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...(lines ?? []), '-----END CERTIFICATE-----', ''].join('\n');
}
