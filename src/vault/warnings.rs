//! Warnings about what could not be read, as many as people may want to see.

use crate::json::Faults;

/// Warnings, each once.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    texts: Vec<String>,
    more: usize,
}

/// The most warnings that are kept, as many as the agent keeps of a step; the rest are only counted.
const KEPT: usize = 10;

impl Warnings {
    pub(super) fn add(&mut self, text: String) {
        if self.texts.contains(&text) {
            return;
        }
        if self.texts.len() < KEPT {
            self.texts.push(text);
        } else {
            self.more += 1;
        }
    }

    /// Warns about what was left out of something.
    pub(super) fn add_faults(&mut self, what: impl FnOnce() -> String, faults: &Faults) {
        if !faults.is_empty() {
            self.add(format!("left out of {}: {faults}", what()));
        }
    }

    pub(super) fn into_texts(self) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("and {} more that cannot be read", self.more));
        self.texts.into_iter().chain(more)
    }
}
