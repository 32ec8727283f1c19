//! Where a secret goes: a kind, forms, and a name.

use super::forms::Forms;
use super::line::{Line, Span};
use super::name::{self, check_name};
use super::notation::Selector;
use super::path::{self, Platform};
use super::slip;
use crate::error::Error;
use crate::problem::Problem;
use crate::text::nearest_of;

/// Where a secret goes. Names are as the author wrote them, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// A secret variable of the job.
    Variable(String),
    /// A secret output variable of the step.
    Output(String),
    /// A variable that later steps find in their environment, masked but not secret.
    Environment(String),
    /// A file by its path, relative to the default working directory.
    File(String),
}

pub(super) const KINDS: [&str; 4] = ["var", "out", "env", "file"];

/// What a destination without a kind is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
    Output,
    File,
}

impl Unnamed {
    /// It follows from what a notation selects: an attachment becomes a file.
    pub(super) fn of(selector: &Selector) -> Self {
        if matches!(selector, Selector::File(_)) { Self::File } else { Self::Output }
    }
}

pub(super) fn parse_destination(
    text: &str,
    unnamed: Unnamed,
    line: &Line,
) -> Result<(Destination, Forms, bool), Problem> {
    let is_file = unnamed == Unnamed::File;
    let (prefix, name) = match text.split_once(':') {
        Some((drive, path)) if is_file && is_drive(drive, path) => (None, text),
        Some((prefix, name)) => (Some(prefix), name.trim()),
        None => (None, text),
    };
    let (kind, forms, is_optional) = match prefix {
        Some(prefix) => parse_prefix(prefix, line)?,
        None => (if is_file { "file" } else { "out" }, Forms::default(), false),
    };
    if name.is_empty() {
        let expected = if kind == "file" { "path" } else { "name" };
        let after = if prefix.is_some() { ':' } else { '>' };
        return Err(
            line.destination_problem(Error::new(format!("expected a {expected} after `{after}`, found nothing")))
        );
    }
    let name = name.to_owned();
    let destination = match kind {
        "var" => Destination::Variable(name),
        "env" => Destination::Environment(name),
        "file" => Destination::File(name),
        _ => Destination::Output(name),
    };
    Ok((destination, forms, is_optional))
}

/// Reads the part before the colon: a kind, forms, and perhaps a `?`.
fn parse_prefix(prefix: &str, line: &Line) -> Result<(&'static str, Forms, bool), Problem> {
    let words = prefix.trim_end();
    let (words, is_optional) = match words.strip_suffix('?') {
        Some(words) => (words.trim_end(), true),
        None => (words, false),
    };
    let mut words = words.split('+');
    let word = words.next().unwrap_or_default();
    if KINDS.into_iter().any(|kind| word.strip_suffix('?') == Some(kind)) {
        let error = Error::new("the `?` goes right before the colon, as in `var+base64?:NAME`");
        return Err(line.destination_problem(error));
    }
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == word) else {
        let span = Span { start: line.destination.start, length: prefix.len() + 1 };
        return Err(line.problem(span, unknown_kind(word)));
    };
    let mut forms = Forms::default();
    let mut start = line.destination.start + word.len();
    for word in words {
        let length = word.len() + 1;
        forms.add(word).map_err(|error| line.problem(Span { start, length }, error))?;
        start += length;
    }
    Ok((kind, forms, is_optional))
}

/// Words that people write for a kind.
const SYNONYMS: [(&str, &str); 4] = [
    ("variable secret secretvariable", "var"),
    ("output outputvariable outvar", "out"),
    ("environment envvar", "env"),
    ("path attachment", "file"),
];

fn unknown_kind(word: &str) -> Error {
    let error = Error::new("unknown destination prefix; expected `var:`, `out:`, `env:` or `file:`");
    let synonym = SYNONYMS.iter().find(|(words, _)| words.split(' ').any(|known| word.eq_ignore_ascii_case(known)));
    if let Some((_, kind)) = synonym {
        return error.with_hint(format!("did you mean `{kind}:`?"));
    }
    match nearest_of(&KINDS, word) {
        _ if word.starts_with(['"', '\'', '`']) => error.with_hint(slip::WITHOUT_QUOTES),
        _ if word.contains('|') => error.with_hint("a form begins with a `+`, as in `var+base64:NAME`"),
        Some(nearest) if word.eq_ignore_ascii_case(nearest) => {
            error.with_hint(format!("write it in small letters: `{nearest}:`"))
        }
        Some(nearest) if word.trim_end() == nearest => {
            error.with_hint(format!("write no blank after `{nearest}`, as in `{nearest}+base64:NAME`"))
        }
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}:`?")),
        None => {
            error.with_hint("`var:` sets a variable of the job, no prefix an output variable; a name cannot hold a `:`")
        }
    }
}

/// Whether a text before a colon is the drive of a Windows path.
fn is_drive(drive: &str, path: &str) -> bool {
    drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic()) && path.starts_with(['\\', '/'])
}

impl Destination {
    /// The variable's name or the file's path.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Variable(name) | Self::Output(name) | Self::Environment(name) | Self::File(name) => name,
        }
    }

    /// A destination of the same kind with another name.
    ///
    /// # Errors
    /// A variable can't have this name.
    pub fn renamed(&self, name: String) -> Result<Self, Error> {
        let renamed = match self {
            Self::Variable(_) => Self::Variable(name),
            Self::Output(_) => Self::Output(name),
            Self::Environment(_) => Self::Environment(name),
            Self::File(_) => Self::File(name),
        };
        renamed.check(Platform::default())?;
        Ok(renamed)
    }

    /// What two destinations share if they are one: the agent's variables are the same in any case, and those of the
    /// environment in yet more spellings.
    pub(crate) fn identities(&self, platform: Platform) -> Vec<(u8, String)> {
        match self {
            Self::Variable(name) => vec![(0, path::fold_case(name))],
            Self::Environment(name) => vec![(0, path::fold_case(name)), (3, name::environment_form(name))],
            Self::Output(name) => vec![(1, path::fold_case(name))],
            Self::File(path) => vec![(2, path::identity(path, platform))],
        }
    }

    pub(super) fn check(&self, platform: Platform) -> Result<(), Error> {
        match self {
            Self::File(path) => slip::check_path(path)?,
            _ => slip::check_name(self.name())?,
        }
        match self {
            Self::Variable(name) => check_name(name).and_then(|()| name::check_variable(name)),
            Self::Environment(name) => check_name(name).and_then(|()| name::check_environment(name)),
            // An output variable is kept under the step's name, which is not known here.
            Self::Output(name) => check_name(name),
            Self::File(path) => path::check(path, platform),
        }
    }
}
