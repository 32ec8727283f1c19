//! AES-256-GCM in the layout in which Keeper stores everything encrypted.

use std::rc::Rc;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::Zeroizing;

use super::{Entropy, Undecryptable};
use crate::error::Error;

/// Bytes of an AES-256 key.
pub const KEY_LEN: usize = 32;
/// Bytes of the nonce in front of a ciphertext (NIST SP 800-38D, 96 bits).
pub const NONCE_LEN: usize = 12;
/// Bytes of the tag behind a ciphertext (NIST SP 800-38D, 128 bits).
pub const TAG_LEN: usize = 16;
/// Bytes by which a ciphertext is longer than its plaintext.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// Decrypts what is in memory as a whole. The platform's cipher is some twenty times faster than
/// one in WebAssembly.
pub trait Decrypt {
    /// The plaintext of `nonce || ciphertext || tag`.
    ///
    /// # Errors
    /// [`Undecryptable`] when the blob is too short or its tag does not verify; nothing of the plaintext is then left.
    fn decrypt(&self, key: &[u8; KEY_LEN], blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable>;
}

/// Who decrypts in a run.
pub type Decrypter = Rc<dyn Decrypt>;

/// Decrypts by the cipher of this module.
pub struct InRust;

impl Decrypt for InRust {
    fn decrypt(&self, key: &[u8; KEY_LEN], blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
        decrypt(key, blob)
    }
}

/// `nonce || AES-256-GCM[key](plaintext) || tag`, no associated data (NIST SP 800-38D).
///
/// The nonce is random: a key encrypts so few texts here that two will not meet.
///
/// # Errors
/// [`Error::NoRandomness`] when the entropy source fails.
pub fn encrypt(key: &[u8; KEY_LEN], plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce)?;
    let mut blob = Vec::with_capacity(plaintext.len() + OVERHEAD);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(plaintext);
    let (_, body) = blob.split_at_mut(NONCE_LEN);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::from(nonce), &[], body.into())
        .map_err(|_| Error::Internal("a text too long to encrypt"))?;
    blob.extend_from_slice(&tag);
    Ok(blob)
}

/// A key expanded into its round keys, which takes as long as to decrypt some dozens of bytes. They are wiped when
/// dropped.
pub struct ExpandedKey(Aes256Gcm);

impl ExpandedKey {
    /// Expands a key.
    #[must_use]
    pub fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// The plaintext of `nonce || ciphertext || tag`, in the memory of the blob itself.
    ///
    /// # Errors
    /// [`Undecryptable`] when the blob is too short or its tag does not verify; nothing of the plaintext is then left.
    pub fn decrypt(&self, blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
        decrypt_in_place_with(blob, |nonce, body, tag| {
            let tag = Tag::from(*tag);
            self.0.decrypt_inout_detached(&Nonce::from(*nonce), &[], body.into(), &tag).is_ok()
        })
    }
}

/// As [`ExpandedKey::decrypt`], for a key that is used once.
///
/// # Errors
/// As there.
pub fn decrypt(key: &[u8; KEY_LEN], blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
    ExpandedKey::new(key).decrypt(blob)
}

/// The plaintext of `nonce || ciphertext || tag`, by a cipher that works in place and says whether the tag fits.
///
/// # Errors
/// [`Undecryptable`] when the blob is too short or its tag does not verify; nothing of the plaintext is then left.
pub(crate) fn decrypt_in_place_with(
    blob: Vec<u8>,
    cipher: impl FnOnce(&[u8; NONCE_LEN], &mut [u8], &[u8; TAG_LEN]) -> bool,
) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
    let mut blob = Zeroizing::new(blob);
    let (rest, tag) = blob.split_last_chunk_mut::<TAG_LEN>().ok_or(Undecryptable)?;
    let (nonce, body) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(Undecryptable)?;
    let length = body.len();
    if !cipher(nonce, body, tag) {
        return Err(Undecryptable);
    }
    blob.copy_within(NONCE_LEN..NONCE_LEN + length, 0);
    blob.truncate(length);
    Ok(blob)
}
