//! An error and where it is in what the author wrote, drawn as a compiler would.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::text::{shown, visible_char};

/// An error and where it stands in what the author wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, unless it concerns no line.
    pub place: Option<Box<Place>>,
    /// What.
    pub error: Error,
}

/// A place in the input `secrets`. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, if it is not the task's input `secrets`.
    pub file: Option<Box<str>>,
    /// The line.
    pub line: usize,
    /// The first character of the faulty part.
    pub column: usize,
    /// How many characters the faulty part has; 0 at the end of a line.
    pub length: usize,
    /// The line as written.
    pub text: String,
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
        // What stands in the wrong file may be anything, so only what looks like a mapping line is shown of a file.
        let is_shown = |place: &&Place| place.file.is_none() || self.error != Error::MissingArrow;
        if let Some(excerpt) = self.place.as_deref().filter(is_shown).and_then(Place::excerpt) {
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

/// How many characters of a line an excerpt shows.
const EXCERPT_WIDTH: usize = 120;

impl Place {
    /// The line and a row of carets under the fault; of a long line the fault alone, and nothing if that is long too.
    ///
    /// The agent hides a secret only where it stands as a whole, so nothing is shown in part.
    fn excerpt(&self) -> Option<String> {
        let start = self.column.saturating_sub(1);
        let (before, shown) = match self.text.chars().count() {
            0..=EXCERPT_WIDTH => (start, self.text.clone()),
            _ if self.length <= EXCERPT_WIDTH => (0, self.text.chars().skip(start).take(self.length).collect()),
            _ => return None,
        };
        let visible: String = shown.chars().map(visible_char).collect();
        let room = visible.chars().count().saturating_sub(before).max(1);
        let number = self.line.to_string();
        Some(format!(
            "  {number} | {visible}\n  {} | {}{}",
            " ".repeat(number.len()),
            " ".repeat(before),
            "^".repeat(self.length.clamp(1, room)),
        ))
    }
}
