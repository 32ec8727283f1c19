//! The mapping lines: which secret goes where.
//!
//! ```text
//! line        = notation ">" destination       split at the last ">"
//! destination = [ kind *( "+" form ) [ "?" ] ":" ] name
//! kind        = "var" | "out" | "env" | "file"   none: an output variable, or of an attachment a file
//! form        = "base64" | "unbase64" | "json" | "dotenv" | a file's octal mode
//! ```
//!
//! A blank line and a line that begins with `#` say nothing.

use std::collections::HashMap;

use super::notation::{self, Notation, Selector};
use super::path::{self, Platform};
use crate::error::Error;
use crate::problem::{Place, Problem};
use crate::text::{self, shown};

/// One line: a secret and its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What is wanted.
    pub notation: Notation,
    /// Where it goes.
    pub destination: Destination,
    /// In which form it goes there.
    pub forms: Forms,
    /// `?`: the line is passed over, with a warning, if there is no such secret.
    pub is_optional: bool,
    /// Where it is written.
    pub line: Line,
}

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

/// The forms that stand behind a kind, such as `+base64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// `+json` or `+dotenv`.
    pub structure: Option<Structure>,
    /// `+base64` or `+unbase64`, applied after the structure.
    pub encoding: Option<Encoding>,
    /// `+0640`: the mode of a file.
    pub mode: Option<u32>,
}

/// How a value, or a whole record, is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// As JSON.
    Json,
    /// As lines `NAME=value` of a whole record; in a template as one value in its quotes.
    Dotenv,
    /// As text of XML; in a template only.
    Xml,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In Base64.
    Base64,
    /// Decoded, being Base64.
    Unbase64,
}

/// A line as written, and where its parts stand. Columns count characters from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file, if it is not the task's input `secrets`.
    file: Option<Box<str>>,
    /// Counted from 1.
    pub number: usize,
    text: String,
    notation: Span,
    destination: Span,
    is_placeholder: bool,
}

/// Some characters of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: usize,
    length: usize,
}

impl Line {
    /// A mapping that stands here.
    pub(crate) fn placed(self, notation: Notation, destination: Destination, forms: Forms) -> Mapping {
        Mapping { notation, destination, forms, is_optional: false, line: self }
    }

    fn new(file: Option<&str>, number: usize, text: &str) -> Self {
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
    fn split(&mut self, missing_arrow: Error) -> Result<(String, String), Problem> {
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
    fn refuse_macro(&self, destination: &str) -> Result<(), Problem> {
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

    fn problem(&self, span: Span, error: Error) -> Problem {
        let (line, text) = (self.number, self.text.clone());
        let place = Place { file: self.file.clone(), line, column: span.start + 1, length: span.length, text };
        Problem { place: Some(Box::new(place)), error }
    }
}

/// A text with mapping lines.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file that it is from; none for the input `secrets`.
    pub file: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// Reads mapping lines; paths are judged by the rules of the agent's platform.
///
/// # Errors
/// All problems of all lines, in their order.
pub fn parse(sources: &[Source<'_>], platform: Platform) -> Result<Vec<Mapping>, Vec<Problem>> {
    let mut mappings: Vec<Mapping> = Vec::new();
    let mut problems = Vec::new();
    let mut seen: HashMap<_, String> = HashMap::new();
    for source in sources {
        for (number, text) in lines(source.text) {
            match parse_line(Line::new(source.file, number, text), platform) {
                Ok(mapping) => {
                    let name = mapping.line.name();
                    if let Some(first) = seen.get(&mapping.destination.identity(platform)) {
                        let destination = mapping.destination.name().to_owned();
                        let error = Error::DuplicateDestination { destination, first: first.clone() };
                        problems.push(mapping.line.destination_problem(error));
                    }
                    seen.entry(mapping.destination.identity(platform)).or_insert(name);
                    mappings.push(mapping);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.is_empty() { Ok(mappings) } else { Err(problems) }
}

/// The name by which messages call the input `templates`, as if it were a file.
const TEMPLATES: &str = "templates";

/// Reads the input `templates`: lines `IN > OUT`. The notation of such a mapping means nothing; the line holds the path.
///
/// # Errors
/// All problems of all lines, in their order.
pub fn parse_templates(text: &str, platform: Platform) -> Result<Vec<Mapping>, Vec<Problem>> {
    let mut orders = Vec::new();
    let mut problems = Vec::new();
    for (number, text) in lines(text) {
        match parse_template_line(Line::new(Some(TEMPLATES), number, text), platform) {
            Ok(order) => orders.push(order),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(orders) } else { Err(problems) }
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.trim_start_matches('\u{FEFF}').lines().map(str::trim_end).enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(index, line)| (index + 1, line))
}

fn parse_template_line(mut line: Line, platform: Platform) -> Result<Mapping, Problem> {
    let (_, after) = line.split(Error::MissingTemplateArrow)?;
    // Without a prefix it is a file, as that of an attachment is.
    let selector = Selector::File(String::new());
    let (destination, forms, is_optional) = parse_destination(after.trim(), &selector, &line)?;
    let refused = |reason| Err(line.destination_problem(Error::FormsDoNotFit { reason }));
    if !matches!(destination, Destination::File(_)) || !forms.is_plain() {
        return refused("a template becomes a file: expected a path or `file:PATH`");
    }
    if is_optional {
        return refused("a template cannot be optional, nor can a part of it");
    }
    line.refuse_macro(destination.name())?;
    destination.check(platform).map_err(|error| line.destination_problem(error))?;
    let notation = Notation { record: String::new(), selector };
    Ok(Mapping { notation, destination, forms, is_optional: false, line })
}

fn parse_line(mut line: Line, platform: Platform) -> Result<Mapping, Problem> {
    let (before, after) = line.split(Error::MissingArrow)?;
    let written = before.trim();
    let notation = notation::parse(written).map_err(|fault| {
        let span = Span { start: line.notation.start + fault.start, length: fault.length };
        line.problem(span, fault.error)
    })?;
    let (destination, forms, is_optional) = parse_destination(after.trim(), &notation.selector, &line)?;
    line.refuse_macro(destination.name())?;
    destination.check(platform).map_err(|error| line.destination_problem(error))?;
    check_forms(&notation.selector, &destination, forms).map_err(|error| line.destination_problem(error))?;
    Ok(Mapping { notation, destination, forms, is_optional, line })
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

const KINDS: [&str; 4] = ["var", "out", "env", "file"];

const FORMS: [&str; 4] = ["base64", "unbase64", "json", "dotenv"];

fn parse_destination(text: &str, selector: &Selector, line: &Line) -> Result<(Destination, Forms, bool), Problem> {
    let is_attachment = matches!(selector, Selector::File(_));
    let (prefix, name) = match text.split_once(':') {
        Some((drive, path)) if is_attachment && is_drive(drive, path) => (None, text),
        Some((prefix, name)) => (Some(prefix), name.trim()),
        None => (None, text),
    };
    let (kind, forms, is_optional) = match prefix {
        Some(prefix) => parse_prefix(prefix, line)?,
        None => (if is_attachment { "file" } else { "out" }, Forms::default(), false),
    };
    if name.is_empty() {
        let expected = if kind == "file" { "path" } else { "name" };
        let after = prefix.map_or_else(|| ">".to_owned(), |prefix| format!("{prefix}:"));
        return Err(line.destination_problem(Error::MissingDestination { expected, after }));
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

/// Reads what stands before the colon: a kind, forms, and perhaps a `?`.
fn parse_prefix(prefix: &str, line: &Line) -> Result<(&'static str, Forms, bool), Problem> {
    let words = prefix.trim_end();
    let (words, is_optional) = match words.strip_suffix('?') {
        Some(words) => (words.trim_end(), true),
        None => (words, false),
    };
    let mut words = words.split('+');
    let word = words.next().unwrap_or_default();
    if KINDS.into_iter().any(|kind| word.strip_suffix('?') == Some(kind)) {
        let reason = "the `?` stands right before the colon, as in `var+base64?:NAME`";
        return Err(line.destination_problem(Error::FormsDoNotFit { reason }));
    }
    let Some(kind) = KINDS.into_iter().find(|kind| *kind == word) else {
        let length = prefix.chars().count() + 1;
        let nearest = nearest_of(&KINDS, word);
        let error = Error::UnknownPrefix { prefix: prefix.to_owned(), nearest };
        return Err(line.problem(Span { start: line.destination.start, length }, error));
    };
    let mut forms = Forms::default();
    let mut start = line.destination.start + word.chars().count();
    for word in words {
        let length = word.chars().count() + 1;
        forms.add(word).map_err(|error| line.problem(Span { start, length }, error))?;
        start += length;
    }
    Ok((kind, forms, is_optional))
}

fn nearest_of(words: &'static [&'static str], word: &str) -> Option<&'static str> {
    let nearest = text::nearest(word, words)?;
    words.iter().find(|known| **known == nearest).copied()
}

impl Forms {
    fn add(&mut self, word: &str) -> Result<(), Error> {
        let form = || format!("+{word}");
        let is_taken = match word {
            "json" => self.structure.replace(Structure::Json).is_some(),
            "dotenv" => self.structure.replace(Structure::Dotenv).is_some(),
            "base64" => self.encoding.replace(Encoding::Base64).is_some(),
            "unbase64" => self.encoding.replace(Encoding::Unbase64).is_some(),
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                // The owner has to be able to read it, and special bits have no meaning for a secret.
                let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o400 != 0);
                let mode = mode.filter(|_| digits.len() <= 4).ok_or_else(|| Error::Mode { form: form() })?;
                self.mode.replace(mode).is_some()
            }
            word => {
                return Err(Error::UnknownForm { form: form(), nearest: nearest_of(&FORMS, word) });
            }
        };
        if is_taken { Err(Error::FormTwice { form: form() }) } else { Ok(()) }
    }

    /// Whether the value is handed on as it is.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.structure.is_none() && self.encoding.is_none()
    }
}

/// Refuses forms that make no sense for a secret and its destination.
fn check_forms(selector: &Selector, destination: &Destination, forms: Forms) -> Result<(), Error> {
    let refused = |reason| Err(Error::FormsDoNotFit { reason });
    let is_record = *selector == Selector::Everything;
    let is_file = matches!(destination, Destination::File(_));
    let stars = destination.name().matches('*').count();
    if forms.mode.is_some() && !is_file {
        return refused("a mode is for files only");
    }
    if forms.structure.is_some() && forms.encoding == Some(Encoding::Unbase64) {
        return refused("`+unbase64` cannot follow `+json` or `+dotenv`, which are no Base64");
    }
    match (is_record, forms.structure) {
        (false, Some(Structure::Dotenv)) => refused("`+dotenv` is for whole records, as in `Database/*`"),
        (true, None) if is_file => refused("a whole record needs `file+json:` or `file+dotenv:`"),
        (true, None) if stars != 1 => {
            refused("a whole record needs a name with one `*` for the fields, as in `var:DB_*`, or `+json`")
        }
        (true, Some(_)) if stars > 0 => refused("a name with `*` takes the fields one by one, without `+json`"),
        (true, None) if forms.encoding == Some(Encoding::Unbase64) => {
            refused("`+unbase64` is for single values, not for whole records")
        }
        _ => Ok(()),
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
    /// The name is none that a variable can have.
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

    /// What two destinations share when they are one: the agent's variables are the same in any case.
    pub(crate) fn identity(&self, platform: Platform) -> (u8, String) {
        match self {
            Self::Variable(name) | Self::Environment(name) => (0, path::fold_case(name)),
            Self::Output(name) => (1, path::fold_case(name)),
            Self::File(path) => (2, path::identity(path, platform)),
        }
    }

    fn check(&self, platform: Platform) -> Result<(), Error> {
        match self {
            Self::Variable(name) | Self::Environment(name) => check_name(name).and_then(|()| check_reserved(name)),
            // An output variable is kept under the step's name, so it can't take the place of another one.
            Self::Output(name) => check_name(name),
            Self::File(path) => match path::problem(path, platform) {
                Some(problem) => Err(Error::Path { path: path.clone(), problem }),
                None => Ok(()),
            },
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let found = if name.chars().any(char::is_control) {
        "a control character"
    } else if name.contains('=') {
        "a `=`"
    } else {
        return Ok(());
    };
    Err(Error::NameCharacter { name: name.to_owned(), found })
}

/// Names that the agent, the shell or a runtime reads: a secret under such a name changes the job.
fn check_reserved(name: &str) -> Result<(), Error> {
    const EXACT: [&str; 24] = [
        "path",
        "pathext",
        "home",
        "userprofile",
        "temp",
        "tmp",
        "tmpdir",
        "comspec",
        "systemroot",
        "windir",
        "shell",
        "ifs",
        "bash_env",
        "env",
        "node_options",
        "node_path",
        "node_extra_ca_certs",
        "ld_preload",
        "ld_library_path",
        "dyld_insert_libraries",
        "pythonpath",
        "perl5lib",
        "decode_percents",
        "tf_build",
    ];
    const PREFIXES: [&str; 11] = [
        "agent.",
        "agent_",
        "system.",
        "system_",
        "build.",
        "release.",
        "environment.",
        "pipeline.",
        "azp_",
        "vsts_",
        "distributedtask.",
    ];
    let lower = path::fold_case(name);
    if EXACT.contains(&lower.as_str()) || PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(Error::NameReserved { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::notation::{FieldSelector, Index, Section};

    fn read(text: &str) -> Result<Vec<Mapping>, Vec<Problem>> {
        parse(&[Source { file: None, text }], Platform::Linux)
    }

    fn password() -> Notation {
        Notation {
            record: "Database".to_owned(),
            selector: Selector::Field(FieldSelector {
                section: Section::Standard,
                field: "password".to_owned(),
                index: Index::First,
                property: None,
            }),
        }
    }

    fn one(line: &str) -> (Notation, Destination) {
        let mut mappings = read(line).unwrap_or_else(|problems| panic!("{line:?}: {problems:?}"));
        assert_eq!(mappings.len(), 1, "{line:?}");
        let mapping = mappings.remove(0);
        (mapping.notation, mapping.destination)
    }

    #[test]
    fn the_message_for_an_unknown_prefix_names_every_kind() {
        let message = Error::UnknownPrefix { prefix: "x".to_owned(), nearest: None }.to_string();
        for kind in KINDS {
            assert!(message.contains(&format!("`{kind}:`")), "{kind}");
        }
    }

    #[test]
    fn a_destination_is_a_kind_and_a_name() {
        let name = |name: &str| name.to_owned();
        for (written, read) in [
            ("var:DB_PASSWORD", Destination::Variable(name("DB_PASSWORD"))),
            ("out:token", Destination::Output(name("token"))),
            ("token", Destination::Output(name("token"))),
            ("my token", Destination::Output(name("my token"))),
            ("env:DB_PASSWORD", Destination::Environment(name("DB_PASSWORD"))),
            ("var: DB_PASSWORD ", Destination::Variable(name("DB_PASSWORD"))),
            ("file:/tmp/x", Destination::File(name("/tmp/x"))),
            ("file:C:\\x\\y", Destination::File(name("C:\\x\\y"))),
            ("out:PATH", Destination::Output(name("PATH"))),
        ] {
            for line in [
                format!("Database/field/password > {written}"),
                format!("  Database/field/password>{written}\r"),
                format!("\u{FEFF}Database/field/password\t>\t{written}  "),
            ] {
                assert_eq!(one(&line), (password(), read.clone()), "{line:?}");
            }
        }
    }

    #[test]
    fn an_attachment_without_a_prefix_is_a_file() {
        for (written, path) in
            [("cert.pem", "cert.pem"), ("C:\\x\\y.pem", "C:\\x\\y.pem"), ("d:/x", "d:/x"), ("file:/x", "/x")]
        {
            assert_eq!(one(&format!("A/file/cert.pem > {written}")).1, Destination::File(path.to_owned()), "{written}");
        }
        assert_eq!(one("A/file/cert.pem > var:CERT").1, Destination::Variable("CERT".to_owned()));
        let problems = read("A/file/cert.pem > x:cert.pem").expect_err("no drive without a slash");
        assert_eq!(
            problems[0].error.to_string(),
            "unknown destination prefix `x:`; expected `var:`, `out:`, `env:` or `file:`"
        );
    }

    #[test]
    fn a_line_is_split_at_its_last_arrow() {
        let (notation, destination) = one("a > b/field/password > var:X");
        assert_eq!(notation.record, "a > b");
        assert_eq!(destination, Destination::Variable("X".to_owned()));
    }

    #[test]
    fn blank_lines_and_comments_say_nothing() {
        let text = "\n  \n# Database/field/password > var:A\n   #\nDatabase/field/password > var:B\n\r\n";
        let mappings = read(text).expect("one line");
        assert_eq!(mappings.len(), 1);
        assert_eq!(mappings[0].line.number, 5);
    }

    #[test]
    fn every_faulty_line_is_reported_at_once() {
        let text = "Database/field/password\n\
                    Database/field/password > vra:DB\n\
                    Database/field/password > var:A\n\
                    Database > B\n\
                    Database/field/password > env:a\n\
                    > C\n\
                    Database/field/password > file:";
        let rendered: Vec<String> = read(text).expect_err("faults").iter().map(Problem::render).collect();
        assert_eq!(
            rendered,
            [
                "line 1, column 1: expected `notation > destination`, found no `>`\n  \
                   1 | Database/field/password\n    \
                     | ^^^^^^^^^^^^^^^^^^^^^^^\n\
                 hint: as in `Database/field/password > var:DB_PASSWORD`; a comment begins with `#`",
                "line 2, column 27: unknown destination prefix `vra:`; expected `var:`, `out:`, `env:` or `file:`\n  \
                   2 | Database/field/password > vra:DB\n    \
                     |                           ^^^^\n\
                 hint: did you mean `var:`?",
                "line 4, column 1: the notation `Database` has no selector\n  \
                   4 | Database > B\n    \
                     | ^^^^^^^^\n\
                 hint: as in `Database/field/password`; a `/` in a title is written `\\/`",
                "line 5, column 27: `a` is the destination of line 3 as well\n  \
                   5 | Database/field/password > env:a\n    \
                     |                           ^^^^^\n\
                 hint: give each line a destination of its own; for variables upper and lower case make no difference",
                "line 6, column 1: expected a notation before the `>`, found nothing\n  \
                   6 | > C\n    \
                     | ^",
                "line 7, column 27: expected a path after `file:`, found nothing\n  \
                   7 | Database/field/password > file:\n    \
                     |                           ^^^^^",
            ]
        );
    }

    #[test]
    fn a_name_that_would_change_the_job_is_refused() {
        for name in
            ["PATH", "path", "Agent.TempDirectory", "SYSTEM_ACCESSTOKEN", "Build.SourcesDirectory", "LD_PRELOAD"]
        {
            for kind in ["var", "env"] {
                let problems = read(&format!("A/type > {kind}:{name}")).expect_err(name);
                assert_eq!(
                    problems[0].error.to_string(),
                    format!("`{name}` is a variable of the agent or the system; setting it would change the job")
                );
            }
        }
    }

    #[test]
    fn a_name_that_no_variable_can_have_is_refused() {
        for (line, message) in [
            ("A/type > var:a=b", "the name `a=b` holds a `=`, which a variable's name cannot have"),
            ("A/type > out:a\u{1}b", "the name `a�b` holds a control character, which a variable's name cannot have"),
            ("$(mappings)", "`$(mappings)` was not replaced: the pipeline has no variable of that name"),
        ] {
            assert_eq!(read(line).expect_err(line)[0].error.to_string(), message);
        }
    }

    #[test]
    fn one_destination_may_stand_in_one_line_only() {
        for (first, second) in [("var:X", "env:x"), ("X", "out:x"), ("file:a/b", "file:./a/b")] {
            let problems = read(&format!("A/type > {first}\nA/title > {second}")).expect_err(second);
            assert!(matches!(problems[..], [Problem { error: Error::DuplicateDestination { .. }, .. }]));
        }
        assert!(read("A/type > var:X\nA/type > out:X\nA/type > file:X").is_ok());
    }
}
