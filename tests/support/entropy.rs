//! Entropy for tests: scripted bytes in place of random ones.

use std::collections::VecDeque;

use ksm_task::crypto::Entropy;
use ksm_task::error::Error;
use sha2::{Digest, Sha256};

/// Gives these bytes, in this order, and no others.
pub(crate) struct Script(VecDeque<u8>);

impl Script {
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        Self(parts.concat().into())
    }

    /// Whether all bytes were used.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

impl Entropy for Script {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        assert!(bytes.len() <= self.0.len(), "{} bytes are asked for, {} are left", bytes.len(), self.0.len());
        bytes.fill_with(|| self.0.pop_front().unwrap_or_default());
        Ok(())
    }
}

/// Gives bytes that look random and are the same in each run, and remembers them.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) drawn: Vec<Vec<u8>>,
}

impl Entropy for Stream {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let block = Sha256::digest(format!("draw {}", self.drawn.len()));
        bytes.copy_from_slice(&block[..bytes.len()]);
        self.drawn.push(bytes.to_vec());
        Ok(())
    }
}

/// Gives the same byte again and again: 0 and 255 are the ends of any jitter.
pub(crate) struct Same(pub(crate) u8);

impl Entropy for Same {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

/// A system that gives no random bytes.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(ksm_task::crypto::no_randomness())
    }
}
