//! Three primitives, all that Keeper's protocol uses for reading:
//!
//! ```text
//! aes_gcm    nonce ‖ AES-256-GCM ‖ tag        how Keeper stores everything encrypted
//! ecies      a key for the holder of a P-256 key
//! signature  ECDSA P-256 over SHA-256          who is asking
//! ```
//!
//! A large attachment arrives in chunks: [`frame`] splits them into nonce, ciphertext and tag.
//!
//! Only this folder mentions nonces, points and tags.

pub mod aes_gcm;
pub mod ecies;
pub mod frame;
pub mod keys;
mod pkcs8;
pub mod signature;

use crate::error::Error;

/// A source of random bytes. The wasm door passes the system's; tests pass scripted bytes and so reproduce vectors.
pub trait Entropy {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`no_randomness`](crate::crypto::no_randomness) when the system has none to give.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// The error for a system that has no random bytes.
#[must_use]
pub fn no_randomness() -> Error {
    Error::new("the system gave no random bytes")
}

/// A ciphertext that did not open: the key is the wrong one, or the bytes were changed in transit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecryptable;
