//! The client's signature: ECDSA P-256 over SHA-256, in DER.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;

/// The private key by which Keeper knows the client. It cannot be printed and is wiped when dropped.
#[derive(Clone)]
pub struct ClientKey(SigningKey);

impl ClientKey {
    /// Reads a PKCS#8 DER private key (RFC 5208), with the public point in it (138 bytes) or without (67 bytes).
    ///
    /// Keeper's Java SDK writes the short form, the others the long one; the point is derived from the scalar.
    #[must_use]
    pub fn from_pkcs8_der(der: &[u8]) -> Option<Self> {
        SecretKey::from_pkcs8_der(der).ok().map(|key| Self(SigningKey::from(key)))
    }

    /// `ECDSA[key](SHA-256(message))` as an ASN.1 DER sequence, with the deterministic nonce of RFC 6979.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey([redacted])")
    }
}
