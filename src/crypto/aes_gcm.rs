//! AES-256-GCM (NIST SP 800-38D) in the layout in which Keeper stores everything encrypted: nonce, ciphertext, tag.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::Zeroizing;

use super::{Entropy, Undecryptable};
use crate::error::Error;

/// Bytes of an AES-256 key.
pub const KEY_LEN: usize = 32;
/// Bytes of the nonce in front of a ciphertext (96 bits).
pub const NONCE_LEN: usize = 12;
/// Bytes of the tag after a ciphertext (128 bits).
pub const TAG_LEN: usize = 16;
/// Bytes by which a ciphertext is longer than its plaintext.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// The cipher that decrypts: [`RustCrypto`], or Node's, which is about twenty times faster but costs a call.
pub trait Gcm {
    /// Decrypts `text` in place and returns whether the tag verifies. If not, nothing of `text` may be kept.
    fn decrypt(&self, key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN], text: &mut [u8], tag: &[u8; TAG_LEN]) -> bool;
}

/// The cipher of the crate `aes-gcm`, for small texts.
pub struct RustCrypto;

impl Gcm for RustCrypto {
    fn decrypt(&self, key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN], text: &mut [u8], tag: &[u8; TAG_LEN]) -> bool {
        let cipher = Aes256Gcm::new(key.into());
        cipher.decrypt_inout_detached(&Nonce::from(*nonce), &[], text.into(), &Tag::from(*tag)).is_ok()
    }
}

/// The plaintext of `nonce || ciphertext || tag`, decrypted in place.
///
/// # Errors
/// [`Undecryptable`] when the blob is too short or its tag does not verify; the plaintext is then wiped.
pub fn decrypt(gcm: &dyn Gcm, key: &[u8; KEY_LEN], blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
    let mut blob = Zeroizing::new(blob);
    let (rest, tag) = blob.split_last_chunk_mut::<TAG_LEN>().ok_or(Undecryptable)?;
    let (nonce, text) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(Undecryptable)?;
    let length = text.len();
    if !gcm.decrypt(key, nonce, text, tag) {
        return Err(Undecryptable);
    }
    blob.copy_within(NONCE_LEN..NONCE_LEN + length, 0);
    blob.truncate(length);
    Ok(blob)
}

/// `nonce || AES-256-GCM[key](plaintext) || tag`, without associated data.
///
/// The nonce is random: a key encrypts so few texts here that no two will collide.
///
/// # Errors
/// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
pub fn encrypt(key: &[u8; KEY_LEN], plaintext: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce)?;
    let mut blob = Vec::with_capacity(plaintext.len() + OVERHEAD);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(plaintext);
    let (_, text) = blob.split_at_mut(NONCE_LEN);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::from(nonce), &[], text.into())
        .map_err(|_| Error::internal("a text too long to encrypt"))?;
    blob.extend_from_slice(&tag);
    Ok(blob)
}
