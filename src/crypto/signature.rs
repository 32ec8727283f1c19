//! The client's signature: ECDSA P-256 over SHA-256, in DER.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};

use super::pkcs8;

/// The private key by which Keeper knows the client. It cannot be printed and is wiped when dropped.
#[derive(Clone)]
pub struct ClientKey(SecretKey);

impl ClientKey {
    /// Reads a PKCS#8 DER private key (RFC 5208), with the public point in it (138 bytes) or without (67 bytes).
    ///
    /// Keeper's Java SDK writes the short form, the others the long one; the point is derived from the scalar.
    #[must_use]
    pub fn from_pkcs8_der(der: &[u8]) -> Option<Self> {
        SecretKey::from_slice(pkcs8::private_scalar(der)?).ok().map(Self)
    }

    /// `ECDSA[key](SHA-256(message))` as an ASN.1 DER sequence, with the deterministic nonce of RFC 6979.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        // Only here, since it computes the public point: by now a connection is being made, which takes time anyway.
        let signature: Signature = SigningKey::from(&self.0).sign(message);
        let (r, s) = signature.split_bytes();
        der_sequence(&r, &s)
    }
}

/// `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279, 2.2.3), at most 72 bytes.
fn der_sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integers = [der_integer(r), der_integer(s)].concat();
    // Both lengths are below 128, so each takes one byte.
    [&[0x30, short_length(&integers)], integers.as_slice()].concat()
}

/// A positive INTEGER: no zeros in front but the one that keeps the sign bit clear (X.690, 8.3).
fn der_integer(big_endian: &[u8]) -> Vec<u8> {
    let start = big_endian.iter().position(|byte| *byte != 0).unwrap_or(big_endian.len());
    let (_, digits) = big_endian.split_at(start);
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    let content = [sign, digits].concat();
    [&[0x02, short_length(&content)], content.as_slice()].concat()
}

fn short_length(content: &[u8]) -> u8 {
    u8::try_from(content.len()).unwrap_or_default()
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_no_needless_zeros_and_is_never_negative() {
        for (bytes, der) in [
            (&[0, 0, 1][..], &[0x02, 1, 1][..]),
            (&[0x7f], &[0x02, 1, 0x7f]),
            (&[0x80], &[0x02, 2, 0, 0x80]),
            (&[0, 0xff, 1], &[0x02, 3, 0, 0xff, 1]),
            (&[0, 0], &[0x02, 1, 0]),
        ] {
            assert_eq!(der_integer(bytes), der, "{bytes:?}");
        }
    }
}
