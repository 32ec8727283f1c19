//! The frame of an attachment that arrives in chunks of any size: nonce, ciphertext, tag, in constant memory.
//!
//! ```text
//! arrived    nnnnnnnnnnnn cccccccccccccccccccccc cccccccccc tttttttttttttttt
//! chunks    |      |              |              |               |          |
//! ```
//!
//! The last 16 bytes so far may be the tag, so they are held back until more arrive. Chunks are only measured here and
//! stay in the platform's memory; only the nonce and the bytes held back are copied.
//!
//! Plaintext is released before the tag is known: it may be kept only if the tag verifies.

use std::ops::Range;

use super::aes_gcm::{NONCE_LEN, TAG_LEN};

/// How much of `nonce || ciphertext || tag` has arrived.
#[derive(Default)]
pub struct Frame {
    /// The part of the nonce that has arrived.
    nonce: Vec<u8>,
    /// The last bytes that arrived after it, at most as many as a tag has.
    held: Vec<u8>,
    /// Bytes of ciphertext so far.
    size: u64,
}

/// What a chunk adds.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// The nonce, once: when its last byte arrives.
    pub nonce: Option<[u8; NONCE_LEN]>,
    /// Ciphertext that was held back, and is not the tag since more has arrived.
    pub held: Vec<u8>,
    /// Ciphertext in the chunk, which follows what was held.
    pub rest: Range<usize>,
}

impl Frame {
    /// Takes the next chunk, of this length; `copy` gives the bytes in a part of it.
    pub fn take(&mut self, len: usize, copy: impl Fn(Range<usize>) -> Vec<u8>) -> Cut {
        let start = len.min(NONCE_LEN - self.nonce.len());
        let mut nonce = None;
        if start > 0 {
            self.nonce.extend(copy(0..start));
            nonce = self.nonce.as_slice().try_into().ok();
        }
        let ciphertext = (self.held.len() + len - start).saturating_sub(TAG_LEN);
        let from_held = ciphertext.min(self.held.len());
        let end = start + ciphertext - from_held;
        let still_held = self.held.split_off(from_held);
        let held = std::mem::replace(&mut self.held, still_held);
        self.held.extend(copy(end..len));
        self.size += ciphertext as u64;
        Cut { nonce, held, rest: start..end }
    }

    /// The tag, and the size of the ciphertext in bytes; `None` if bytes are missing.
    #[must_use]
    pub fn finish(self) -> Option<([u8; TAG_LEN], u64)> {
        Some((self.held.try_into().ok()?, self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nonce, ciphertext, and what the frame says in the end.
    type Parts = (Vec<u8>, Vec<u8>, Option<([u8; TAG_LEN], u64)>);

    fn take_apart(blob: &[u8], chunk_len: usize) -> Parts {
        let (mut frame, mut nonces, mut ciphertext) = (Frame::default(), Vec::new(), Vec::new());
        for chunk in blob.chunks(chunk_len) {
            let Cut { nonce, held, rest } = frame.take(chunk.len(), |part| chunk[part].to_vec());
            nonces.extend(nonce.into_iter().flatten());
            assert!(
                nonces.len() == NONCE_LEN || (held.is_empty() && rest.is_empty()),
                "nothing comes before the nonce"
            );
            ciphertext.extend(held);
            ciphertext.extend_from_slice(&chunk[rest]);
        }
        (nonces, ciphertext, frame.finish())
    }

    #[test]
    fn chunks_of_any_size_make_the_same_whole() {
        for size in [0, 1, 15, 16, 17, 64, 100] {
            let blob: Vec<u8> = (0..=255).take(NONCE_LEN + size + TAG_LEN).collect();
            let (nonce, rest) = blob.split_at(NONCE_LEN);
            let (ciphertext, tag) = rest.split_at(size);
            let expected = (nonce.to_vec(), ciphertext.to_vec(), Some((tag.try_into().expect("a tag"), size as u64)));
            for chunk_len in 1..blob.len() + 2 {
                assert_eq!(take_apart(&blob, chunk_len), expected, "{size} bytes in chunks of {chunk_len}");
            }
        }
    }

    #[test]
    fn what_is_shorter_than_nonce_and_tag_has_no_end() {
        for length in 0..NONCE_LEN + TAG_LEN {
            let blob = vec![7; length];
            for chunk_len in 1..=length.max(1) {
                assert_eq!(take_apart(&blob, chunk_len).2, None, "{length} bytes in chunks of {chunk_len}");
            }
        }
    }
}
