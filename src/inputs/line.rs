//! A line as written, and what a problem needs to know of it.

use super::destination::Destination;
use super::forms::Forms;
use super::mapping::Mapping;
use super::notation::Notation;
use crate::error::Error;
use crate::problem::{Place, Problem};
use crate::text::shown;

/// A line as written, and where its parts stand. Columns count characters from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file, if it is not the task's input `secrets`.
    file: Option<Box<str>>,
    /// Counted from 1.
    pub number: usize,
    text: String,
    pub(super) notation: Span,
    pub(super) destination: Span,
    is_placeholder: bool,
}

/// Some characters of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Line {
    /// A mapping that stands here.
    pub(crate) fn placed(self, notation: Notation, destination: Destination, forms: Forms) -> Mapping {
        Mapping { notation, destination, forms, is_optional: false, line: self }
    }

    pub(super) fn new(file: Option<&str>, number: usize, text: &str) -> Self {
        let none = Span::default();
        Self {
            file: file.map(Into::into),
            number,
            text: text.to_owned(),
            notation: none,
            destination: none,
            is_placeholder: false,
        }
    }

    /// Splits the line at its last `>`.
    pub(super) fn split(&mut self, missing_arrow: Error) -> Result<(String, String), Problem> {
        let whole = trimmed_span(&self.text, 0);
        let Some((before, after)) = self.text.rsplit_once('>') else {
            let error = match macro_name(&self.text) {
                Some(name) => Error::UndefinedVariable { name: name.to_owned() },
                None => missing_arrow,
            };
            return Err(self.problem(whole, error));
        };
        let (before, after) = (before.to_owned(), after.to_owned());
        let arrow = before.chars().count();
        self.notation = trimmed_span(&before, 0);
        self.destination = trimmed_span(&after, arrow + 1);
        if before.trim().is_empty() {
            return Err(self.problem(Span { start: arrow, length: 1 }, Error::MissingNotation));
        }
        Ok((before, after))
    }

    /// A destination that still holds a macro means that the agent did not replace it.
    pub(super) fn refuse_macro(&self, destination: &str) -> Result<(), Problem> {
        let Some(name) = macro_name(destination).map(str::to_owned) else { return Ok(()) };
        let is_input = self.file.as_deref().is_none_or(|file| file == TEMPLATES);
        let error = if is_input { Error::UndefinedVariable { name } } else { Error::MacroInFile { name } };
        Err(self.destination_problem(error))
    }

    /// A part of a line of a file; the column counts from 0.
    #[must_use]
    pub(crate) fn in_file(file: &str, number: usize, text: &str, column: usize, length: usize) -> Self {
        let part = Span { start: column, length };
        Self {
            file: Some(file.into()),
            number,
            text: text.to_owned(),
            notation: part,
            destination: part,
            is_placeholder: true,
        }
    }

    /// "line 3", with the file in front if it is not the task's input `secrets`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.file {
            Some(file) => format!("{}, line {}", shown(file), self.number),
            None => format!("line {}", self.number),
        }
    }

    /// A problem with what the line asks for.
    #[must_use]
    pub fn notation_problem(&self, error: Error) -> Problem {
        self.problem(self.notation, error)
    }

    /// A problem with where the line sends it.
    #[must_use]
    pub fn destination_problem(&self, error: Error) -> Problem {
        self.problem(self.destination, error)
    }

    /// Whether it is a place in a template rather than a line.
    #[must_use]
    pub(crate) fn is_placeholder(&self) -> bool {
        self.is_placeholder
    }

    /// The notation as written.
    #[must_use]
    pub fn notation(&self) -> String {
        self.part(self.notation)
    }

    /// The destination as written.
    #[must_use]
    pub fn destination(&self) -> String {
        self.part(self.destination)
    }

    fn part(&self, span: Span) -> String {
        self.text.chars().skip(span.start).take(span.length).collect()
    }

    pub(super) fn problem(&self, span: Span, error: Error) -> Problem {
        let (line, text) = (self.number, self.text.clone());
        let place = Place { file: self.file.clone(), line, column: span.start + 1, length: span.length, text };
        Problem { place: Some(Box::new(place)), error }
    }
}

/// The name in the first `$(name)`: the agent leaves such a text as it is when there is no such variable.
fn macro_name(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("$(")?;
    let (name, _) = rest.split_once(')')?;
    Some(name)
}

/// Where the trimmed text stands, if the text begins at the column `offset`.
fn trimmed_span(text: &str, offset: usize) -> Span {
    let trimmed = text.trim_start();
    let start = offset + text.chars().count() - trimmed.chars().count();
    Span { start, length: trimmed.trim_end().chars().count() }
}

/// The name by which messages call the input `templates`, as if it were a file.
pub(super) const TEMPLATES: &str = "templates";
