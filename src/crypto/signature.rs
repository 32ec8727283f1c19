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
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey([redacted])")
    }
}
