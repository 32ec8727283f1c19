//! An error and where it is in what the author wrote, drawn as a compiler would.

use std::fmt::Write as _;
use std::rc::Rc;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::text::{grouped, shown, unseen};

/// An error and its place in what the author wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, unless it concerns no line.
    pub place: Option<Box<Place>>,
    /// What.
    pub error: Error,
}

/// A part of a line in an input or a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, if it is not the task's input `secrets`.
    pub file: Option<Rc<str>>,
    /// The line.
    pub line: usize,
    /// The first character of the faulty part.
    pub column: usize,
    /// How many characters the faulty part has; 0 at the end of a line.
    pub length: usize,
    /// The line as written, unless it must not be shown.
    pub text: Option<Rc<str>>,
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
            let _ = write!(text, "line {}, column {}: ", place.line, place.column);
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

/// How many characters a line may have to be shown.
const SHOWN_LEN: usize = 400;

impl Place {
    /// The line and a row of carets under the fault.
    ///
    /// What the author wrote may hold a secret, and the agent hides a secret only where it is printed as a whole. So the
    /// line is shown as it is, from its first character to its last, or not at all.
    fn excerpt(&self) -> Option<String> {
        let line = self.text.as_deref()?;
        let number = self.line.to_string();
        let length = line.chars().count();
        if let Some((index, c)) = line.chars().enumerate().find(|(_, c)| unseen(*c)) {
            let (code, column) = (u32::from(c), index + 1);
            return Some(format!("  {number} | (not shown: column {column} holds the character U+{code:04X})"));
        }
        if length > SHOWN_LEN {
            return Some(format!("  {number} | (not shown: it has {} characters)", grouped(length as u64)));
        }
        let start = self.column.saturating_sub(1);
        // A tab stays one, so that the carets stand under what they mean.
        let before: String = line.chars().take(start).map(|c| if c == '\t' { c } else { ' ' }).collect();
        let carets = "^".repeat(self.length.clamp(1, length.saturating_sub(start).max(1)));
        Some(format!("  {number} | {line}\n  {} | {before}{carets}", " ".repeat(number.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, column: usize, length: usize) -> String {
        let place = Place { file: None, line: 7, column, length, text: Some(text.into()) };
        Problem { place: Some(Box::new(place)), error: Error::new("a fault") }.render()
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
            assert_eq!(rendered(text, 5, 2), format!("line 7, column 5: a fault\n{excerpt}"), "{text:?}");
        }
    }
}
