//! Where a secret goes: a kind, forms, and a name.

use super::forms::Forms;
use super::line::{Line, Span};
use super::name;
use super::notation::Selector;
use super::path::{self, Platform};
use super::slip;
use crate::error::Error;
use crate::problem::Problem;
use crate::text::{either, nearest};

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

/// Makes a destination of one kind from its name.
type Constructor = fn(String) -> Destination;

/// Every kind by its word. Messages list them in this order.
pub const KINDS: [(&str, Constructor); 4] = [
    ("var", Destination::Variable),
    ("out", Destination::Output),
    ("env", Destination::Environment),
    ("file", Destination::File),
];

/// The words of all kinds.
pub(super) fn kind_words() -> [&'static str; KINDS.len()] {
    KINDS.map(|(word, _)| word)
}

/// What a destination without a kind means.
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

    fn constructor(self) -> Constructor {
        match self {
            Self::Output => Destination::Output,
            Self::File => Destination::File,
        }
    }
}

pub(super) fn parse_destination(
    text: &str,
    unnamed: Unnamed,
    line: &Line,
) -> Result<(Destination, Forms, bool), Problem> {
    let (prefix, name) = match text.split_once(':') {
        Some((drive, path)) if unnamed == Unnamed::File && is_drive(drive, path) => (None, text),
        Some((prefix, name)) => (Some(prefix), name.trim()),
        None => (None, text),
    };
    let (constructor, forms, is_optional) = match prefix {
        Some(prefix) => parse_prefix(prefix, line)?,
        None => (unnamed.constructor(), Forms::default(), false),
    };
    let destination = constructor(name.to_owned());
    if name.is_empty() {
        let expected = if destination.is_file() { "path" } else { "name" };
        let after = if prefix.is_some() { ':' } else { '>' };
        return Err(
            line.destination_problem(Error::new(format!("expected a {expected} after `{after}`, found nothing")))
        );
    }
    Ok((destination, forms, is_optional))
}

/// Reads the part before the colon: a kind, forms, and perhaps a `?`.
fn parse_prefix(prefix: &str, line: &Line) -> Result<(Constructor, Forms, bool), Problem> {
    let words = prefix.trim_end();
    let (words, is_optional) = match words.strip_suffix('?') {
        Some(words) => (words.trim_end(), true),
        None => (words, false),
    };
    let mut words = words.split('+');
    let word = words.next().unwrap_or_default();
    if word.strip_suffix('?').is_some_and(|word| kind_words().contains(&word)) {
        let error = Error::new("the `?` goes right before the colon, as in `var+base64?:NAME`");
        return Err(line.destination_problem(error));
    }
    let Some((_, constructor)) = KINDS.into_iter().find(|(known, _)| *known == word) else {
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
    Ok((constructor, forms, is_optional))
}

/// Words that people write instead of a kind's.
const SYNONYMS: [(&str, &str); 4] = [
    ("variable secret secretvariable", "var"),
    ("output outputvariable outvar", "out"),
    ("environment envvar", "env"),
    ("path attachment", "file"),
];

fn unknown_kind(word: &str) -> Error {
    let expected = either(&kind_words().map(|word| format!("`{word}:`")));
    let error = Error::new(format!("unknown destination prefix; expected {expected}"));
    let synonym = SYNONYMS.iter().find(|(words, _)| words.split(' ').any(|known| word.eq_ignore_ascii_case(known)));
    if let Some((_, kind)) = synonym {
        return error.with_hint(format!("did you mean `{kind}:`?"));
    }
    match nearest(word, &kind_words()) {
        _ if word.starts_with(['"', '\'', '`']) => error.with_hint(slip::WITHOUT_QUOTES),
        _ if word.contains('|') => error.with_hint("a form begins with a `+`, as in `var+base64:NAME`"),
        Some(nearest) if word.eq_ignore_ascii_case(nearest) => {
            error.with_hint(format!("write it in lower case: `{nearest}:`"))
        }
        Some(nearest) if word.trim_end() == nearest => {
            error.with_hint(format!("write no space after `{nearest}`, as in `{nearest}+base64:NAME`"))
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

    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Variable(_) | Self::Output(_) | Self::Environment(_) => false,
        }
    }

    /// Whether it is an output variable of the step.
    #[must_use]
    pub fn is_output(&self) -> bool {
        match self {
            Self::Output(_) => true,
            Self::Variable(_) | Self::Environment(_) | Self::File(_) => false,
        }
    }

    /// Whether it is a secret variable: the agent masks its value, refuses one of several lines, and does not add it to
    /// any step's environment.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Variable(_) | Self::Output(_) => true,
            Self::Environment(_) | Self::File(_) => false,
        }
    }

    /// What two destinations have in common if they are the same: the agent ignores the case of variables, and more
    /// spellings than that coincide in the environment.
    pub(crate) fn identities(&self, platform: Platform) -> Vec<Identity> {
        let variable = |name| Identity::Variable(path::fold_case(name));
        match self {
            Self::Variable(name) => vec![variable(name)],
            Self::Environment(name) => vec![variable(name), Identity::Environment(name::environment_form(name))],
            Self::Output(name) => vec![Identity::Output(path::fold_case(name))],
            Self::File(path) => vec![Identity::File(path::identity(path, platform))],
        }
    }

    pub(super) fn check(&self, platform: Platform) -> Result<(), Error> {
        match self {
            Self::Variable(name) => name::check_variable(name),
            Self::Environment(name) => name::check_environment(name),
            // An output variable is stored under the step's name, which is not known here.
            Self::Output(name) => name::check_name(name),
            Self::File(path) => slip::check_path(path).and_then(|()| path::check(path, platform)),
        }
    }
}

/// What no two lines may set or write, normalized so that different spellings of one thing are equal.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// A variable of the job.
    Variable(String),
    /// A variable in the environment of later steps.
    Environment(String),
    /// An output variable of the step.
    Output(String),
    /// A file.
    File(String),
}
