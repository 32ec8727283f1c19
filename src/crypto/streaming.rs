//! Opens an attachment while it arrives: `nonce || ciphertext || tag` in chunks of any size, in constant memory.
//!
//! The framing, the size and the verdict are decided here; the cipher is handed in, because the platform's is some
//! twenty times faster than one in WebAssembly. AES-GCM gives plaintext out before the tag is known, so what comes out
//! may be kept only after [`Opening::finish`].

use super::Undecryptable;
use super::aes_gcm::{NONCE_LEN, TAG_LEN};

/// Bytes as the platform holds them.
pub trait Chunk: Sized {
    /// How many bytes.
    fn size(&self) -> usize;
    /// The bytes from `start` to `end`, without copying.
    #[must_use]
    fn slice(&self, start: usize, end: usize) -> Self;
    /// Copies all bytes into `target`, which has their length.
    fn copy_to(&self, target: &mut [u8]);
    /// The chunk that holds these bytes.
    fn from_bytes(bytes: &[u8]) -> Self;
}

/// AES-256-GCM decryption in pieces, the key already set.
pub trait Cipher {
    /// How it takes and gives bytes.
    type Chunk: Chunk;
    /// Begins with this nonce.
    fn start(&mut self, nonce: &[u8; NONCE_LEN]);
    /// Decrypts some more.
    fn update(&mut self, ciphertext: Self::Chunk) -> Self::Chunk;
    /// Whether the tag fits to all that was decrypted.
    fn finish(&mut self, tag: &[u8; TAG_LEN]) -> bool;
}

/// An attachment being opened.
pub struct Opening<C> {
    cipher: C,
    /// The nonce first, and then always the last bytes that came: at the end they are the tag.
    held: Vec<u8>,
    started: bool,
    size: u64,
}

impl<C: Cipher> Opening<C> {
    /// Opens with a cipher that has the attachment's key.
    pub fn new(cipher: C) -> Self {
        Self { cipher, held: Vec::with_capacity(2 * TAG_LEN), started: false, size: 0 }
    }

    /// Takes the next bytes from the network and gives plaintext, in at most two pieces.
    pub fn update(&mut self, chunk: &C::Chunk) -> Vec<C::Chunk> {
        let mut from = 0;
        if !self.started {
            from = self.hold(chunk, 0, NONCE_LEN);
            let Some(nonce) = self.held.first_chunk::<NONCE_LEN>() else { return Vec::new() };
            self.cipher.start(nonce);
            self.started = true;
            self.held.clear();
        }
        let mut plaintext = Vec::new();
        let arrived = chunk.size() - from;
        let released = (self.held.len() + arrived).saturating_sub(TAG_LEN);
        let from_held = released.min(self.held.len());
        if from_held > 0 {
            let rest = self.held.split_off(from_held);
            let old = C::Chunk::from_bytes(&std::mem::replace(&mut self.held, rest));
            plaintext.push(self.cipher.update(old));
        }
        let from_chunk = released - from_held;
        if from_chunk > 0 {
            plaintext.push(self.cipher.update(chunk.slice(from, from + from_chunk)));
        }
        self.hold(chunk, from + from_chunk, TAG_LEN);
        self.size += released as u64;
        plaintext
    }

    /// Verifies the tag: the content's size in bytes, or nothing of it may be kept.
    ///
    /// # Errors
    /// [`Undecryptable`] when the tag does not verify or bytes are missing.
    pub fn finish(mut self) -> Result<u64, Undecryptable> {
        let tag: [u8; TAG_LEN] = self.held.as_slice().try_into().map_err(|_| Undecryptable)?;
        if self.started && self.cipher.finish(&tag) { Ok(self.size) } else { Err(Undecryptable) }
    }

    /// Copies bytes from the chunk until `wanted` are held; says where the chunk's rest begins.
    fn hold(&mut self, chunk: &C::Chunk, from: usize, wanted: usize) -> usize {
        let end = (from + wanted.saturating_sub(self.held.len())).min(chunk.size());
        let start = self.held.len();
        self.held.resize(start + end - from, 0);
        let (_, target) = self.held.split_at_mut(start);
        chunk.slice(from, end).copy_to(target);
        end
    }
}

#[cfg(test)]
mod tests {
    use super::super::aes_gcm;
    use super::*;

    impl Chunk for Vec<u8> {
        fn size(&self) -> usize {
            self.len()
        }

        fn slice(&self, start: usize, end: usize) -> Self {
            self[start..end].to_vec()
        }

        fn copy_to(&self, target: &mut [u8]) {
            target.copy_from_slice(self);
        }

        fn from_bytes(bytes: &[u8]) -> Self {
            bytes.to_vec()
        }
    }

    /// Keeps what it is given and decrypts it in one go at the end.
    struct Collecting {
        key: [u8; 32],
        blob: Vec<u8>,
    }

    impl Cipher for &mut Collecting {
        type Chunk = Vec<u8>;

        fn start(&mut self, nonce: &[u8; NONCE_LEN]) {
            self.blob = nonce.to_vec();
        }

        fn update(&mut self, ciphertext: Vec<u8>) -> Vec<u8> {
            self.blob.extend_from_slice(&ciphertext);
            ciphertext
        }

        fn finish(&mut self, tag: &[u8; TAG_LEN]) -> bool {
            self.blob.extend_from_slice(tag);
            aes_gcm::decrypt(&self.key, self.blob.clone()).is_ok()
        }
    }

    struct Counting(u8);

    impl super::super::Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), crate::error::Error> {
            bytes.fill_with(|| {
                self.0 = self.0.wrapping_add(1);
                self.0
            });
            Ok(())
        }
    }

    fn open(blob: &[u8], chunk_len: usize) -> Result<u64, Undecryptable> {
        let mut cipher = Collecting { key: [7; 32], blob: Vec::new() };
        let mut opening = Opening::new(&mut cipher);
        for chunk in blob.chunks(chunk_len) {
            let pieces = opening.update(&chunk.to_vec());
            assert!(pieces.iter().all(|piece| !piece.is_empty()), "an empty piece is none");
        }
        opening.finish()
    }

    #[test]
    fn chunks_of_any_size_make_the_same_whole() {
        for size in [0, 1, 15, 16, 17, 64, 100] {
            let blob = aes_gcm::encrypt(&[7; 32], &vec![b'x'; size], &mut Counting(0)).expect("encrypted");
            for chunk_len in 1..blob.len() + 2 {
                assert_eq!(open(&blob, chunk_len), Ok(size as u64), "{size} bytes in chunks of {chunk_len}");
            }
        }
    }

    #[test]
    fn a_changed_or_missing_byte_opens_nothing() {
        let blob = aes_gcm::encrypt(&[7; 32], &[b'x'; 40], &mut Counting(0)).expect("encrypted");
        for position in 0..blob.len() {
            let mut changed = blob.clone();
            changed[position] ^= 1;
            assert_eq!(open(&changed, 13), Err(Undecryptable), "byte {position} changed");
            assert_eq!(open(&blob[..position], 13), Err(Undecryptable), "cut at {position}");
        }
    }
}
