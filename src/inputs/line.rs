//! A line as written, with what is needed to report a problem in it.

use std::rc::Rc;

use super::slip;
use crate::error::Error;
use crate::problem::{Place, Problem};
use crate::text::shown;

/// A line as written, and where its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file, if it is not the task's input `secrets`.
    file: Option<Rc<str>>,
    /// Counted from 1.
    pub number: usize,
    text: Rc<str>,
    pub(super) notation: Span,
    pub(super) destination: Span,
    /// Whether a message may show it.
    is_shown: bool,
}

/// The input or file of a line.
pub(super) struct Origin {
    file: Option<Rc<str>>,
    is_shown: bool,
}

impl Origin {
    /// Finds the origin of the lines in a text.
    ///
    /// A text that contains anything but mapping lines may be a multi-line secret in the wrong place. The agent masks
    /// it only as a whole, and not at all if it is from a file, so none of its lines is shown.
    pub(super) fn of(file: Option<&str>, text: &str) -> Self {
        let mut foreign = lines(text).filter(|(_, line)| is_foreign(file, line));
        let is_shown = foreign.next().is_none() || (lines(text).nth(1).is_none() && is_input(file));
        Self { file: file.map(Rc::from), is_shown }
    }
}

/// The lines of a text, without blank lines and comments, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let says_something = |line: &str| {
        let line = line.trim_start_matches('\u{FEFF}').trim_start();
        !line.is_empty() && !line.starts_with('#')
    };
    text.lines().enumerate().filter(move |(_, line)| says_something(line)).map(|(index, line)| (index + 1, line))
}

/// Whether a line is none of these: a mapping line, one that only lacks its `>`, or a variable that was not replaced.
fn is_foreign(file: Option<&str>, line: &str) -> bool {
    let line = line.trim();
    let is_macro = || macro_span(line, 0).is_some_and(|span| span.length == line.len());
    let lacks_arrow_only = || match file {
        Some(TEMPLATES) => line.contains('.') && !line.contains(['"', '=', '{']),
        _ => ["/field/", "/custom_field/", "/file/"].iter().any(|selector| line.contains(selector)),
    };
    !line.contains('>') && !is_macro() && !lacks_arrow_only()
}

fn is_input(file: Option<&str>) -> bool {
    file.is_none_or(|file| file == TEMPLATES)
}

/// A range of bytes of a line. One that does not fall on character boundaries is not shown in a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Line {
    pub(super) fn new(origin: &Origin, number: usize, text: &str) -> Self {
        let Origin { file, is_shown } = origin;
        let none = Span::default();
        Self { file: file.clone(), number, text: text.into(), notation: none, destination: none, is_shown: *is_shown }
    }

    /// Splits the line at its last `>`.
    pub(super) fn split(&mut self, missing_arrow: Error) -> Result<(String, String), Problem> {
        let text = Rc::clone(&self.text);
        let Some((before, after)) = text.rsplit_once('>') else {
            if let Some(span) = macro_span(&text, 0) {
                return Err(self.problem(span, undefined_variable()));
            }
            return Err(self.problem(trimmed_span(&text, 0), slip::name_other_arrow(&text, missing_arrow)));
        };
        let arrow = before.len();
        self.notation = trimmed_span(before, 0);
        self.destination = trimmed_span(after, arrow + 1);
        if self.notation.length == 0 {
            let error = Error::new("expected a notation before the `>`, found nothing");
            return Err(self.problem(Span { start: arrow, length: 1 }, error));
        }
        slip::check_arrow(before).map_err(|error| self.notation_problem(error))?;
        Ok((self.notation(), self.destination()))
    }

    /// Refuses a destination that contains a macro which the agent did not replace.
    pub(super) fn refuse_macro(&self) -> Result<(), Problem> {
        let Some(span) = macro_span(&self.destination(), self.destination.start) else { return Ok(()) };
        Err(self.problem(span, if is_input(self.file.as_deref()) { undefined_variable() } else { macro_in_file() }))
    }

    /// A part of a line of a file.
    #[must_use]
    pub(super) fn in_file(file: &Rc<str>, number: usize, text: &Rc<str>, part: Span) -> Self {
        let (file, text) = (Some(Rc::clone(file)), Rc::clone(text));
        Self { file, number, text, notation: part, destination: part, is_shown: true }
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

    /// The notation as written.
    #[must_use]
    pub fn notation(&self) -> String {
        self.part(self.notation).to_owned()
    }

    /// The destination as written.
    #[must_use]
    pub fn destination(&self) -> String {
        self.part(self.destination).to_owned()
    }

    fn part(&self, span: Span) -> &str {
        self.text.get(span.start..span.start + span.length).unwrap_or_default()
    }

    pub(super) fn problem(&self, span: Span, error: Error) -> Problem {
        let Span { start, length: size } = span;
        let (file, text) = (self.file.clone(), Rc::clone(&self.text));
        let place = Place { file, line: self.number, text, is_shown: self.is_shown, start, size };
        Problem { place: Some(Box::new(place)), error }
    }
}

/// The name of the input `templates` in messages, as if it were a file.
pub(super) const TEMPLATES: &str = "templates";

fn undefined_variable() -> Error {
    Error::new("`$(…)` was not replaced: the pipeline has no variable of that name").with_hint(UNDEFINED)
}

fn macro_in_file() -> Error {
    Error::new("`$(…)` is not replaced here: the agent replaces variables in the task's inputs, not in files")
        .with_hint("move this line to the input `secrets`, or write the path itself")
}

/// What to do about a variable that the pipeline does not have.
pub(super) const UNDEFINED: &str = "define it as a secret variable of the pipeline or link the variable group that holds it; variables of a group are \
     not given to builds of forks";

/// Whether a text holds a `$(name)` that the agent has left as it is.
pub(crate) fn has_macro(text: &str) -> bool {
    macro_span(text, 0).is_some()
}

/// The first `$(name)` in a text: the agent leaves it as it is if there is no such variable.
fn macro_span(text: &str, offset: usize) -> Option<Span> {
    let (before, rest) = text.split_once("$(")?;
    let (name, _) = rest.split_once(')')?;
    Some(Span { start: offset + before.len(), length: name.len() + "$()".len() })
}

/// The span of the trimmed text, given where the text begins. The first line of a file may have a byte order mark.
fn trimmed_span(text: &str, offset: usize) -> Span {
    let trimmed = text.trim_start_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace());
    Span { start: offset + text.len() - trimmed.len(), length: trimmed.trim_end().len() }
}
