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
    /// Reads a private key for P-256: PKCS#8 of either version (RFC 5208, RFC 5958), SEC 1 (RFC 5915), or the scalar alone.
    ///
    /// Keeper's Java SDK writes PKCS#8 without the public point (67 bytes), the others with it (138 bytes); the point is
    /// derived from the scalar.
    #[must_use]
    pub fn parse(key: &[u8]) -> Option<Self> {
        SecretKey::from_slice(pkcs8::private_scalar(key)?).ok().map(Self)
    }

    /// `ECDSA[key](SHA-256(message))` as an ASN.1 DER sequence, with the deterministic nonce of RFC 6979.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        // Built only here, as it computes the public point: by now a connection is being made, so that costs no time.
        let signature: Signature = SigningKey::from(&self.0).sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey([redacted])")
    }
}
