//! Parts that were left out of an object because their type is not the expected one.

use std::fmt;

/// The parts of an object that were left out, each with its path and the reason, but no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    first: Vec<Fault>,
    /// How many more there are.
    more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// Names of members and indexes, as in `files[0].url`.
    path: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Type { found: &'static str, expected: &'static str },
    TooDeep,
}

/// The most that a message names, so that it stays short.
const NAMED: usize = 3;

impl Faults {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// How many parts were left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.more
    }

    /// Notes a wrong type; both names come with an article.
    pub(super) fn add_type(&mut self, path: impl Into<String>, found: &'static str, expected: &'static str) {
        self.add(Fault { path: path.into(), reason: Reason::Type { found, expected } });
    }

    /// Notes that lists and objects are nested too deeply.
    pub(super) fn add_too_deep(&mut self, path: impl Into<String>) {
        self.add(Fault { path: path.into(), reason: Reason::TooDeep });
    }

    fn add(&mut self, fault: Fault) {
        if self.first.len() < NAMED {
            self.first.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Takes over what was left out of a part.
    pub(super) fn absorb(&mut self, part: &str, faults: &mut Self) {
        for fault in faults.first.drain(..) {
            self.add(Fault { path: format!("{part}.{}", fault.path), ..fault });
        }
        self.more += std::mem::take(&mut faults.more);
    }
}

/// As in "`files[0]` (null instead of an object) and 2 more".
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.first.iter().enumerate() {
            let is_last = index + 1 == self.first.len() && self.more == 0;
            f.write_str(match (index, is_last) {
                (0, _) => "",
                (_, true) => " and ",
                (_, false) => ", ",
            })?;
            match fault.reason {
                Reason::Type { found, expected } => write!(f, "`{}` ({found} instead of {expected})", fault.path)?,
                Reason::TooDeep => write!(f, "`{}` (nested too deeply)", fault.path)?,
            }
        }
        if self.more > 0 { write!(f, " and {} more", self.more) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_named_and_the_others_are_counted() {
        let mut faults = Faults::default();
        let mut told = Vec::new();
        for index in 0..5 {
            faults.add_type(format!("files[{index}]"), "null", "an object");
            told.push(faults.to_string());
        }
        let named = |index: usize| format!("`files[{index}]` (null instead of an object)");
        assert_eq!(
            told,
            [
                named(0),
                format!("{} and {}", named(0), named(1)),
                format!("{}, {} and {}", named(0), named(1), named(2)),
                format!("{}, {}, {} and 1 more", named(0), named(1), named(2)),
                format!("{}, {}, {} and 2 more", named(0), named(1), named(2)),
            ]
        );
        assert_eq!(faults.len(), 5);
    }

    #[test]
    fn what_was_left_out_of_a_part_has_a_path_through_it() {
        let (mut whole, mut part) = (Faults::default(), Faults::default());
        part.add_too_deep("value");
        whole.absorb("custom[3]", &mut part);
        assert_eq!(whole.to_string(), "`custom[3].value` (nested too deeply)");
        assert!(part.is_empty());
    }
}
