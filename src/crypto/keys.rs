//! The symmetric keys of Keeper's key hierarchy, each with a type of its own, so that keys cannot be mixed up.
//!
//! ```text
//! app key ──▶ record key                 (a record shared directly)
//!        └──▶ folder key ──▶ record key  (a record in a shared folder)
//! record key ──▶ file key
//! transmission key: one request and its answer
//! ```

use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroize;

use super::aes_gcm::{self, Gcm, KEY_LEN, RustCrypto};
use super::{Entropy, Undecryptable};
use crate::error::Error;
use crate::secret::SecretBytes;

/// A 32-byte AES-256 key; `Kind` says what it opens. It cannot be printed and is wiped when dropped.
pub struct Key<Kind> {
    /// On the heap, as moving it would leave copies on the stack.
    bytes: Box<[u8; KEY_LEN]>,
    kind: PhantomData<fn() -> Kind>,
}

/// The key that opens everything shared with the application.
pub type AppKey = Key<kind::App>;
/// The key of a shared folder; it opens the record keys in it.
pub type FolderKey = Key<kind::Folder>;
/// The key of a record; it opens the record's data and its file keys.
pub type RecordKey = Key<kind::Record>;
/// The key of an attachment; it opens the attachment's metadata and content.
pub type FileKey = Key<kind::File>;
/// The key of one request and its answer.
pub type TransmissionKey = Key<kind::Transmission>;

/// What a key is the key of.
#[expect(missing_docs, reason = "the keys above say it")]
pub mod kind {
    pub enum App {}
    pub enum Folder {}
    pub enum Record {}
    pub enum File {}
    pub enum Transmission {}
}

impl<Kind> Key<Kind> {
    /// Takes the 32 bytes of a key.
    #[must_use]
    pub fn new(bytes: [u8; KEY_LEN]) -> Self {
        Self { bytes: Box::new(bytes), kind: PhantomData }
    }

    /// Reads the 32 bytes of a key, without a copy of them anywhere else.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self::new([0; KEY_LEN]);
        (bytes.len() == KEY_LEN).then(|| key.bytes.copy_from_slice(bytes))?;
        Some(key)
    }

    /// Draws a new key.
    ///
    /// # Errors
    /// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self, Error> {
        let mut key = Self::new([0; KEY_LEN]);
        entropy.fill(&mut *key.bytes)?;
        Ok(key)
    }

    /// Unwraps a key that another key has wrapped (a GCM blob of 60 bytes).
    ///
    /// # Errors
    /// [`Undecryptable`] when the tag does not verify or the content is not 32 bytes.
    pub fn unwrap_with<Outer>(outer: &Key<Outer>, wrapped: &[u8]) -> Result<Self, Undecryptable> {
        let bytes = aes_gcm::decrypt(&RustCrypto, &outer.bytes, wrapped.to_vec())?;
        Self::from_slice(&bytes).ok_or(Undecryptable)
    }

    /// Opens `nonce || ciphertext || tag`.
    ///
    /// # Errors
    /// [`Undecryptable`] when the tag does not verify.
    pub fn decrypt(&self, blob: Vec<u8>) -> Result<SecretBytes, Undecryptable> {
        self.decrypt_by(&RustCrypto, blob)
    }

    /// Opens `nonce || ciphertext || tag` with the given cipher.
    ///
    /// # Errors
    /// [`Undecryptable`] when the tag does not verify.
    pub fn decrypt_by(&self, gcm: &dyn Gcm, blob: Vec<u8>) -> Result<SecretBytes, Undecryptable> {
        aes_gcm::decrypt(gcm, &self.bytes, blob).map(SecretBytes::from)
    }

    /// Seals a text as `nonce || ciphertext || tag`.
    ///
    /// # Errors
    /// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
    pub fn encrypt(&self, plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
        aes_gcm::encrypt(&self.bytes, plaintext, entropy)
    }

    /// The key's bytes, for wrapping it or handing it to the platform's cipher.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.bytes
    }
}

impl<Kind> Clone for Key<Kind> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), kind: PhantomData }
    }
}

impl<Kind> Drop for Key<Kind> {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl<Kind> fmt::Debug for Key<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}
