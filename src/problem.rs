//! An error and its place in what the author wrote, rendered as compilers do.

use std::fmt::Write as _;
use std::rc::Rc;

use serde::{Serialize, Serializer};
use tsify::Tsify;

use crate::error::Error;
use crate::text::{grouped, shown, unseen};

/// An error and its place in what the author wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, unless it concerns no line.
    pub place: Option<Box<Place>>,
    /// What is wrong.
    pub error: Error,
}

/// A part of a line in an input or a file.
///
/// Thousands of problems may concern one long line, so it is only read when a problem is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, if it is not the task's input `secrets`.
    pub file: Option<Rc<str>>,
    /// The line's number, counted from 1.
    pub line: usize,
    /// The line as written.
    pub text: Rc<str>,
    /// Whether a message may show it.
    pub is_shown: bool,
    /// The first byte of the faulty part, counted from 0.
    pub start: usize,
    /// How many bytes the faulty part has; 0 at the end of a line.
    pub size: usize,
}

/// The most problems that a run reports. The agent keeps ten of a step, and people read a few screens at most.
const REPORTED: usize = 50;

/// The first problems in full, and how many more there are.
#[derive(Debug, Serialize, Tsify)]
pub(crate) struct Reported<'a> {
    #[tsify(type = "string[]")]
    first: &'a [Problem],
    more: usize,
}

/// Serializes the problems for the shim, which reports them.
pub(crate) fn report<S: Serializer>(problems: &[Problem], serializer: S) -> Result<S::Ok, S::Error> {
    let (first, more) = problems.split_at_checked(REPORTED).unwrap_or((problems, &[]));
    Reported { first, more: more.len() }.serialize(serializer)
}

impl Problem {
    /// The whole message: the error, the line with a caret under the fault, the hint.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Some(place) = &self.place {
            if let Some(file) = &place.file {
                let _ = write!(text, "{}, ", shown(file));
            }
            let _ = write!(text, "line {}, column {}: ", place.line, place.before().chars().count() + 1);
        }
        text.push_str(&self.error.to_string());
        if let Some(excerpt) = self.place.as_deref().and_then(Place::excerpt) {
            let _ = write!(text, "\n{excerpt}");
        }
        if let Some(hint) = self.error.hint() {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.render())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { place: None, error }
    }
}

/// The longest line that is shown, in characters.
const SHOWN_LEN: usize = 400;

impl Place {
    /// The text before the faulty part.
    fn before(&self) -> &str {
        self.text.get(..self.start).unwrap_or_default()
    }

    /// The line and a row of carets under the fault.
    ///
    /// What the author wrote may contain a secret, which the agent hides only where it is printed as a whole. So the
    /// line is shown unchanged from its first to its last character, or not at all.
    fn excerpt(&self) -> Option<String> {
        if !self.is_shown {
            return None;
        }
        let line = &*self.text;
        let number = self.line.to_string();
        let length = line.chars().count();
        if let Some((index, c)) = line.chars().enumerate().find(|(_, c)| unseen(*c)) {
            let (code, column) = (u32::from(c), index + 1);
            return Some(format!("  {number} | (not shown: column {column} holds the character U+{code:04X})"));
        }
        if length > SHOWN_LEN {
            return Some(format!("  {number} | (not shown: it has {} characters)", grouped(length as u64)));
        }
        // Tabs stay, so that the carets line up.
        let before: String = self.before().chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        let fault = line.get(self.start..self.start + self.size).unwrap_or_default();
        let carets = "^".repeat(fault.chars().count().max(1));
        Some(format!("  {number} | {line}\n  {} | {before}{carets}", " ".repeat(number.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Problem {
        let bytes = |chars: usize| text.chars().take(chars).map(char::len_utf8).sum::<usize>();
        let (start, size) = (bytes(4), bytes(6) - bytes(4));
        let place = Place { file: None, line: 7, text: text.into(), is_shown: true, start, size };
        Problem { place: Some(Box::new(place)), error: Error::new("a fault") }
    }

    #[test]
    fn a_line_is_shown_unchanged_or_not_at_all() {
        for (text, excerpt) in [
            ("\tab\tcd  ", "  7 | \tab\tcd  \n    | \t  \t^^".to_owned()),
            ("  \u{FEFF}b c", "  7 | (not shown: column 3 holds the character U+FEFF)".to_owned()),
            ("a\u{200B}b c", "  7 | (not shown: column 2 holds the character U+200B)".to_owned()),
            ("a\u{1B}[0m", "  7 | (not shown: column 2 holds the character U+001B)".to_owned()),
            (&"x".repeat(1200), "  7 | (not shown: it has 1,200 characters)".to_owned()),
            (&"x".repeat(400), format!("  7 | {}\n    |     ^^", "x".repeat(400))),
        ] {
            assert_eq!(problem(text).render(), format!("line 7, column 5: a fault\n{excerpt}"), "{text:?}");
        }
    }
    #[test]
    fn the_first_problems_are_reported_and_the_others_are_counted() {
        for (count, first, more) in [(0, 0, 0), (50, 50, 0), (51, 50, 1), (10_000, 50, 9_950)] {
            let problems = vec![problem("a > b"); count];
            let reported = report(&problems, serde_json::value::Serializer).expect("JSON");
            assert_eq!(reported["first"].as_array().map(Vec::len), Some(first), "{count}");
            assert_eq!(reported["more"], more, "{count}");
        }
    }

    #[test]
    fn a_line_is_not_read_for_each_of_its_problems() {
        let text = Rc::<str>::from("x".repeat(4 << 20));
        let place = |start| Place { file: None, line: 1, text: Rc::clone(&text), is_shown: true, start, size: 1 };
        let of = |start| Problem { place: Some(Box::new(place(start))), error: Error::new("a fault") };
        let problems: Vec<Problem> = (0..100_000).map(|index| of((4 << 20) - 1 - index)).collect();
        let reported = report(&problems, serde_json::value::Serializer).expect("JSON");
        assert_eq!(
            reported["first"][0],
            "line 1, column 4194304: a fault\n  1 | (not shown: it has 4,194,304 characters)"
        );
    }
}
