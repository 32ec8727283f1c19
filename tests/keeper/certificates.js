// This file is where throwaway certificates are made: an authority that a test may trust, and certificates
// for servers that it signs (RFC 5280, ECDSA on P-256).

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.js';

/**
 * An authority of its own and a certificate for a server on loopback, or for other names.
 *
 * @param {{ names?: string[], days?: [number, number], authority?: ReturnType<typeof makeAuthority> }} [options] valid on the days from now between these
 * @returns {Promise<{ caPem: string, certPem: string, keyPem: string }>}
 */
export async function makeCertificates({
  names = ['localhost', '127.0.0.1'],
  days,
  authority = makeAuthority(),
} = {}) {
  return { caPem: authority.caPem, ...authority.issue(names, days) };
}

/** A certificate authority. Each call makes another, which trusts nothing of the others. */
export function makeAuthority(commonName = 'Embedded Keeper Test CA') {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: distinguishedName(commonName), publicKey, privateKey };
  const caPem = certificate(issuer, {
    name: issuer.name,
    publicKey,
    extensions: [
      extension(OID.basicConstraints, der.sequence(der.boolean(true)), { critical: true }),
      // keyCertSign and cRLSign are bits 5 and 6, counted from the left.
      extension(OID.keyUsage, der.bitString(Buffer.from([0b00000110]), 1), { critical: true }),
    ],
  });

  return { caPem, issue: (names, days) => issueFor(issuer, names, days) };
}

function issueFor(issuer, names, days) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certPem = certificate(issuer, {
    name: distinguishedName(names[0]),
    days,
    publicKey,
    extensions: [
      extension(OID.basicConstraints, der.sequence(), { critical: true }),
      // digitalSignature is bit 0, counted from the left.
      extension(OID.keyUsage, der.bitString(Buffer.from([0b10000000]), 7), { critical: true }),
      extension(
        OID.extendedKeyUsage,
        der.sequence(...[OID.serverAuth, OID.clientAuth].map(der.objectIdentifier)),
      ),
      extension(OID.subjectAltName, der.sequence(...names.map(alternativeName))),
    ],
  });
  return { certPem, keyPem: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
}

function certificate(issuer, subject) {
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(serialNumber()),
    ECDSA_WITH_SHA256,
    issuer.name,
    validity(subject.days),
    subject.name,
    subject.publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(
      3,
      der.sequence(
        ...subject.extensions,
        extension(OID.subjectKeyIdentifier, der.octetString(keyIdentifier(subject.publicKey))),
        extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey)))),
      ),
    ),
  );
  const signature = sign('sha256', body, issuer.privateKey);
  return pem(der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature)));
}

/** Positive, not zero, and short: all that RFC 5280 asks for. */
function serialNumber() {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes;
}

/** From yesterday, as clocks of other machines may be late, for a month. */
function validity([first, last] = [-1, 30]) {
  const day = 24 * 60 * 60 * 1000;
  const at = (days) => der.utcTime(new Date(Date.now() + days * day));
  return der.sequence(at(first), at(last));
}

function distinguishedName(commonName) {
  const attribute = der.sequence(der.objectIdentifier(OID.commonName), der.utf8String(commonName));
  return der.sequence(der.set(attribute));
}

function alternativeName(name) {
  return isIPv4(name)
    ? der.implicit(7, Buffer.from(name.split('.').map(Number)))
    : der.implicit(2, Buffer.from(name));
}

function extension(oid, value, { critical = false } = {}) {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(oid), ...flag, der.octetString(value));
}

function keyIdentifier(publicKey) {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function pem(bytes) {
  const lines = bytes.toString('base64').match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...(lines ?? []), '-----END CERTIFICATE-----', ''].join('\n');
}

const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  commonName: '2.5.4.3',
};

const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
