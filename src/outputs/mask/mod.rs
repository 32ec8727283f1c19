//! Masks, the texts that the agent hides in every log: a secret, and the forms in which it usually gets printed.
//!
//! [`policy`] decides what is masked and what comes first; here masks are collected and counted. Masks cost the agent
//! quadratic time, so each step has a budget: whole values are registered at once, and all else at the end, by rank, as
//! long as the budget lasts.

mod base64_forms;
mod commands;
mod decode;
mod escapes;
mod json;
mod lines;
mod logins;
mod pairs;
mod parts;
mod policy;
mod tables;
mod telling;
mod values;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::secret::SecretText;
use crate::text::grouped;
pub use policy::{Kind, MIN_WHOLE};
use policy::{Rank, Sink};

/// The most masks that a step registers. For each one, the agent writes a trace line that it masks with all earlier
/// ones: 2,000 take three seconds, 8,000 half a minute, and then a millisecond for each line of the log.
pub const BUDGET: usize = 1000;
/// The minimum length of a text to be masked as a whole, unless it is a value: `{}` is not secret.
const MIN_TEXT: usize = 8;

/// Collects masks, each text once.
#[derive(Debug, Default)]
pub struct Masks {
    /// Every text that is registered or waiting, with its number and its best rank.
    known: HashMap<SecretText, (usize, Rank)>,
    registered: HashSet<usize>,
    fresh: Vec<SecretText>,
    waiting: Vec<(Rank, SecretText)>,
    waiting_by_rank: HashMap<Rank, usize>,
    values: Vec<Value>,
    values_by_text: HashMap<(Kind, SecretText), ValueId>,
    /// How much of the budget was used before this, for the config and the proxy's password.
    used: usize,
    /// The agent drops masks that are shorter than this in characters.
    shortest: usize,
}

/// A value whose forms were collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueId(usize);

/// The forms of a value.
#[derive(Debug, Default)]
struct Value {
    forms: BTreeSet<usize>,
    /// How many more there were, for which there was no room.
    beyond: usize,
}

/// How much of some values is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many forms are masked.
    pub masked: usize,
    /// How many there are.
    pub all: usize,
}

impl Masks {
    /// For a step that has already registered `used` masks, and an agent that drops masks of less than `shortest`
    /// characters.
    #[must_use]
    pub fn new(used: usize, shortest: usize) -> Self {
        Self { used, shortest, ..Self::default() }
    }

    /// Whether a value is too short to be masked.
    #[must_use]
    pub fn is_too_short(&self, value: &str) -> bool {
        value.chars().nth(self.shortest.max(MIN_WHOLE) - 1).is_none()
    }

    /// Masks a value at once, and its usual forms on [`Masks::finish`].
    pub fn add_text(&mut self, text: &str, kind: Kind) -> ValueId {
        self.add(text, kind, &|sink| policy::forms_of_text(text, kind, sink))
    }

    /// Masks an attachment's content in the same way, whatever its encoding.
    pub fn add_bytes(&mut self, bytes: &[u8], kind: Kind) -> ValueId {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => self.add_text(text, kind),
            _ => self.add(&crate::base64::encode(bytes), kind, &|sink| policy::forms_of_bytes(bytes, kind, sink)),
        }
    }

    /// Masks a text as it is and trimmed: the result of a form, whose value is masked already.
    pub fn add_converted(&mut self, text: &str) -> ValueId {
        let id = self.new_value();
        for form in [text, parts::trimmed(text)] {
            self.take_form(id, Rank::Whole, form);
        }
        id
    }

    /// Masks a text as it is, in one piece, unless it is as short as `{}`.
    pub fn add_whole(&mut self, text: &str) {
        if text.len() >= MIN_TEXT {
            let id = self.new_value();
            self.take_form(id, Rank::Whole, text);
        }
    }

    /// Takes the masks that were registered since the last call.
    pub fn take(&mut self) -> Vec<SecretText> {
        std::mem::take(&mut self.fresh)
    }

    /// Registers the waiting forms, as long as the budget lasts. Call it when all values are known.
    pub fn finish(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        // Stable: within a rank they keep the order of the lines.
        waiting.sort_by_key(|(rank, _)| *rank);
        for (_, text) in waiting {
            self.register(text);
        }
    }

    /// How much of these values is masked by now.
    #[must_use]
    pub fn coverage(&self, values: &[ValueId]) -> Coverage {
        let values = values.iter().filter_map(|ValueId(id)| self.values.get(*id));
        let mut forms = HashSet::new();
        let mut beyond = 0;
        for value in values {
            forms.extend(&value.forms);
            beyond += value.beyond;
        }
        let masked = forms.iter().filter(|id| self.registered.contains(id)).count();
        Coverage { masked, all: forms.len() + beyond }
    }

    fn new_value(&mut self) -> ValueId {
        self.values.push(Value::default());
        ValueId(self.values.len() - 1)
    }

    fn add(&mut self, text: &str, kind: Kind, forms: &dyn Fn(&mut Sink<'_>)) -> ValueId {
        let key = (kind, SecretText::from(text));
        if let Some(id) = self.values_by_text.get(&key) {
            return *id;
        }
        let id = self.new_value();
        self.values_by_text.insert(key, id);
        // A value may have a million equal parts.
        let mut seen = HashSet::new();
        forms(&mut |rank, form| {
            let mut hasher = DefaultHasher::new();
            form.hash(&mut hasher);
            if seen.insert(hasher.finish()) {
                self.take_form(id, rank, form);
            }
        });
        id
    }

    fn take_form(&mut self, ValueId(value): ValueId, rank: Rank, form: &str) {
        let plain = parts::trimmed(form);
        if self.is_too_short(form) || plain.is_empty() || policy::is_boolean(plain) {
            return;
        }
        let text = SecretText::from(form);
        let Some(value) = self.values.get_mut(value) else { return };
        let in_rank = self.waiting_by_rank.entry(rank).or_default();
        let known = self.known.get(&text).copied();
        if known.is_none() && *in_rank >= BUDGET {
            // There are enough of this rank already to use up the budget.
            value.beyond += 1;
            return;
        }
        let (id, best) = known.unwrap_or((self.known.len(), Rank::Rest));
        value.forms.insert(id);
        if known.is_some() && best <= rank {
            return;
        }
        *in_rank += 1;
        self.known.insert(text.clone(), (id, rank));
        if rank == Rank::Whole {
            self.register(text);
        } else {
            self.waiting.push((rank, text));
        }
    }

    fn register(&mut self, text: SecretText) {
        let Some((id, _)) = self.known.get(&text) else { return };
        if self.used + self.registered.len() < BUDGET && self.registered.insert(*id) {
            self.fresh.push(text);
        }
    }
}

impl Coverage {
    /// The report's words for it, given whether the agent itself hides the value as it is.
    #[must_use]
    pub fn describe(self, is_hidden_by_agent: bool) -> String {
        match self {
            Self { masked: 0, .. } if is_hidden_by_agent => "masked by the agent".to_owned(),
            Self { masked: 0, .. } => "not masked".to_owned(),
            Self { masked, all } if masked < all => {
                format!("masked in {} of {} forms", grouped(masked as u64), grouped(all as u64))
            }
            Self { .. } => "masked".to_owned(),
        }
    }
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
