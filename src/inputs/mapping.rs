//! The mapping lines: which secret goes where.
//!
//! ```text
//! line        = notation ">" destination       split at the last ">"
//! destination = [ kind *( "+" form ) [ "?" ] ":" ] name
//! kind        = "var" | "out" | "env" | "file"   none: an output variable, or of an attachment a file
//! form        = a word of the table in `forms.rs` | a file's octal mode
//! ```
//!
//! Blank lines and lines that begin with `#` are ignored.

use std::collections::HashMap;

use super::destination::{Destination, Unnamed, parse_destination};
use super::forms::{Forms, check_forms};
use super::line::{Line, Origin, Span, TEMPLATES, lines};
use super::name;
use super::notation::{self, Notation, Selector};
use super::path::{self, Platform};
use super::slip;
use crate::error::Error;
use crate::problem::Problem;
use crate::text::grouped;

/// One line: a secret and its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What is wanted.
    pub notation: Notation,
    /// Where it goes.
    pub destination: Destination,
    /// In which form it goes there.
    pub forms: Forms,
    /// `?`: the line is skipped, with a warning, if there is no such secret.
    pub is_optional: bool,
    /// Where it is written.
    pub line: Line,
}

impl Mapping {
    /// The path of the file that it writes, and its line.
    pub(crate) fn file(&self) -> Option<(&str, &Line)> {
        self.destination.is_file().then(|| (self.destination.name(), &self.line))
    }
}

/// One line of `templates`: a template and the file that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateOrder {
    /// The path of the template.
    pub template: String,
    /// The path of the file.
    pub file: String,
    /// The file's mode, if the author sets one.
    pub mode: Option<u32>,
    /// Where it is written.
    pub line: Line,
}

/// A text with mapping lines.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file that it is from; none for the input `secrets`.
    pub file: Option<&'a str>,
    /// The text.
    pub text: &'a str,
}

/// The most mapping lines of a step, in `secrets` and the file of `secretsFile` together.
const MAX_LINES: usize = 10_000;
/// The most templates of a step.
const MAX_TEMPLATES: usize = 200;

/// Reads mapping lines; paths follow the rules of the agent's platform.
///
/// # Errors
/// All problems of all lines, in their order.
pub fn parse(sources: &[Source<'_>], platform: Platform) -> Result<Vec<Mapping>, Vec<Problem>> {
    let count: usize = sources.iter().map(|source| lines(source.text).count()).sum();
    if count > MAX_LINES {
        return Err(vec![too_many_lines(count).into()]);
    }
    let mut mappings: Vec<Mapping> = Vec::new();
    let mut problems = Vec::new();
    let mut seen: HashMap<_, String> = HashMap::new();
    for source in sources {
        let origin = Origin::of(source.file, source.text);
        for (number, text) in lines(source.text) {
            match parse_line(Line::new(&origin, number, text), platform) {
                Ok(mapping) => {
                    let name = mapping.line.name();
                    let identities = mapping.destination.identities(platform);
                    if let Some(first) = identities.iter().find_map(|identity| seen.get(identity)) {
                        problems.push(mapping.line.destination_problem(duplicate(first)));
                    }
                    for identity in identities {
                        seen.entry(identity).or_insert_with(|| name.clone());
                    }
                    mappings.push(mapping);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.is_empty() { Ok(mappings) } else { Err(problems) }
}

/// Reads the input `templates`: lines `IN > OUT`.
///
/// # Errors
/// All problems of all lines, in their order.
pub fn parse_templates(text: &str, platform: Platform) -> Result<Vec<TemplateOrder>, Vec<Problem>> {
    let count = lines(text).count();
    if count > MAX_TEMPLATES {
        return Err(vec![too_many_templates(count).into()]);
    }
    let mut orders = Vec::new();
    let mut problems = Vec::new();
    let origin = Origin::of(Some(TEMPLATES), text);
    for (number, text) in lines(text) {
        match parse_template_line(Line::new(&origin, number, text), platform) {
            Ok(order) => orders.push(order),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(orders) } else { Err(problems) }
}

fn parse_template_line(mut line: Line, platform: Platform) -> Result<TemplateOrder, Problem> {
    let (template, after) = line.split(Error::new("expected `template > file`, found no `>`"))?;
    let (destination, forms, is_optional) = parse_destination(&after, Unnamed::File, &line)?;
    let refused = |reason| Err(line.destination_problem(Error::new(reason)));
    if !destination.is_file() || !forms.is_plain() {
        return refused("a template becomes a file: expected a path or `file:PATH`");
    }
    if is_optional {
        return refused("a template cannot be optional, nor can a part of it");
    }
    line.refuse_macro()?;
    destination.check(platform).map_err(|error| line.destination_problem(error))?;
    Ok(TemplateOrder { template, file: destination.name().to_owned(), mode: forms.mode, line })
}

fn parse_line(mut line: Line, platform: Platform) -> Result<Mapping, Problem> {
    let (before, after) = line.split(missing_arrow())?;
    if is_folded(&before) {
        return Err(line.notation_problem(folded()));
    }
    slip::check_notation(&before, &after).map_err(|error| line.notation_problem(error))?;
    let notation = notation::parse(&before).map_err(|fault| {
        let span = Span { start: line.notation.start + fault.start, length: fault.length };
        line.problem(span, fault.error)
    })?;
    let (destination, forms, is_optional) = parse_destination(&after, Unnamed::of(&notation.selector), &line)?;
    line.refuse_macro()?;
    destination.check(platform).map_err(|error| line.destination_problem(error))?;
    check_forms(&notation.selector, &destination, &forms)
        .and_then(|()| match notation.selector {
            Selector::WholeRecord if forms.structure().is_none() => name::check_wildcard(&destination),
            _ => Ok(()),
        })
        .map_err(|error| line.destination_problem(error))?;
    Ok(Mapping { notation, destination, forms, is_optional, line })
}

fn too_many_lines(count: usize) -> Error {
    let (count, limit) = (grouped(count as u64), grouped(MAX_LINES as u64));
    Error::new(format!("there are {count} mapping lines, but a step takes {limit}"))
        .with_hint("check that `secretsFile` is the right file, or spread the lines over several steps")
}

fn too_many_templates(count: usize) -> Error {
    let count = grouped(count as u64);
    Error::new(format!("there are {count} templates, but a step takes {MAX_TEMPLATES}"))
        .with_hint("spread them over several steps")
}

/// Whether the text before the last `>` contains a whole mapping line, as when YAML folds two lines after `secrets: >`.
fn is_folded(before: &str) -> bool {
    let selects = |text: &str| ["/field/", "/custom_field/", "/file/"].iter().any(|selector| text.contains(selector));
    let parts = before.split_once('>').and_then(|(first, rest)| Some((first, rest.trim().split_once(' ')?)));
    parts.is_some_and(|(first, (_, next))| selects(first) && selects(next))
}

fn folded() -> Error {
    Error::new("this looks like several mapping lines in one line")
        .with_hint("write `secrets: |` in YAML, which keeps the lines; after `secrets: >` they become one")
}

fn missing_arrow() -> Error {
    Error::new("expected `notation > destination`, found no `>`")
        .with_hint("as in `Database/field/password > var:DB_PASSWORD`; a comment begins with `#`")
}

/// Finds files that would be inside a file that another line writes, such as `x/y` in `x`.
pub(crate) fn files_in_files<'a>(files: impl Iterator<Item = (&'a str, &'a Line)>, platform: Platform) -> Vec<Problem> {
    let key = |path: &str| path::identity(path, platform).replace('/', "\0");
    let mut files: Vec<(String, &Line)> = files.map(|(path, line)| (key(path), line)).collect();
    // A path comes right before those in it, as nothing sorts before the NUL that separates folders here.
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut outer: Option<(&str, &Line)> = None;
    let mut problems = Vec::new();
    for (path, line) in &files {
        let is_in = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('\0'));
        match outer.filter(|(folder, _)| is_in(folder)) {
            Some((_, file)) => problems.push(line.destination_problem(through_file(&file.name()))),
            None => outer = Some((path, line)),
        }
    }
    problems
}

fn through_file(other: &str) -> Error {
    Error::new(format!("a folder of this path is the file that {other} writes"))
        .with_hint("a file and a folder cannot have one name; choose another path for one of them")
}

/// The error for two lines with the same destination.
pub(crate) fn duplicate(first: &str) -> Error {
    Error::new(format!("this is also the destination of {first}"))
        .with_hint("give each line a destination of its own; for variables upper and lower case make no difference")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::notation::{FieldSelector, Index, Section};

    fn read(text: &str) -> Result<Vec<Mapping>, Vec<Problem>> {
        parse(&[Source { file: None, text }], Platform::Linux)
    }

    fn messages(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|problem| problem.error.to_string()).collect()
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
            ("file: a b/c ", Destination::File(name("a b/c"))),
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
            [("cert.pem", "cert.pem"), ("C:\\x\\y.pem", "C:\\x\\y.pem"), ("d:/x", "d:/x"), ("file:/x/y", "/x/y")]
        {
            let line = format!("A/file/cert.pem > {written}");
            let source = Source { file: None, text: &line };
            let mappings = parse(&[source], Platform::Windows).expect("a drive is no kind");
            assert_eq!(mappings[0].destination, Destination::File(path.to_owned()), "{written}");
        }
        assert_eq!(one("A/file/cert.pem > var:CERT").1, Destination::Variable("CERT".to_owned()));
        let problems = read("A/file/cert.pem > x:cert.pem").expect_err("no drive without a slash");
        assert_eq!(
            problems[0].error.to_string(),
            "unknown destination prefix; expected `var:`, `out:`, `env:` or `file:`"
        );
    }

    #[test]
    fn a_line_is_split_at_its_last_arrow() {
        let (notation, destination) = one("a > b/field/password > var:X");
        assert_eq!(notation.record, "a > b");
        assert_eq!(destination, Destination::Variable("X".to_owned()));
    }

    #[test]
    fn lines_that_yaml_has_folded_into_one_are_told() {
        for line in [
            "A/field/password > var:X B/field/login > var:Y",
            "A/field/password > X B/file/cert.pem > file:Y",
            "A/field/password > X B C/custom_field/k > Y D/field/login > Z",
        ] {
            assert_eq!(messages(&read(line).expect_err(line)), ["this looks like several mapping lines in one line"]);
        }
        for line in ["a > b/field/password > X", "A/field/a > b > X", "a/field/b > c/d > X"] {
            assert!(read(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_file_is_no_folder_of_another() {
        for (lines, problems) in [
            ("A/type > file:x\nB/type > file:x/y\nB/title > file:x/y/z", vec![(2, "line 1"), (3, "line 1")]),
            ("A/type > file:x/./y\nB/type > file:x.y\nB/title > file:./x", vec![(1, "line 3")]),
            ("A/type > file:x-y\nB/type > file:x/y\nB/title > file:x!", vec![]),
            ("A/type > var:x\nB/type > file:x/y", vec![]),
        ] {
            let mappings = read(lines).expect(lines);
            let found = files_in_files(mappings.iter().filter_map(Mapping::file), Platform::Linux);
            let expected: Vec<String> = problems
                .iter()
                .map(|(number, other)| format!("line {number}: a folder of this path is the file that {other} writes"))
                .collect();
            let found: Vec<String> = found
                .iter()
                .map(|problem| {
                    format!("line {}: {}", problem.place.as_ref().map_or(0, |place| place.line), problem.error)
                })
                .collect();
            assert_eq!(found, expected, "{lines}");
        }
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
                "line 2, column 27: unknown destination prefix; expected `var:`, `out:`, `env:` or `file:`\n  \
                   2 | Database/field/password > vra:DB\n    \
                     |                           ^^^^\n\
                 hint: did you mean `var:`?",
                "line 4, column 1: the notation has no selector\n  \
                   4 | Database > B\n    \
                     | ^^^^^^^^\n\
                 hint: as in `Database/field/password`; a `/` in a title is written `\\/`",
                "line 5, column 27: this is also the destination of line 3\n  \
                   5 | Database/field/password > env:a\n    \
                     |                           ^^^^^\n\
                 hint: give each line a destination of its own; for variables upper and lower case make no difference",
                "line 6, column 1: expected a notation before the `>`, found nothing\n  \
                   6 | > C\n    \
                     | ^",
                "line 7, column 27: expected a path after `:`, found nothing\n  \
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
            ("A/type > var:a=b", "the name contains a `=`, which a variable's name cannot have"),
            ("A/type > out:a\u{1}b", "the destination contains the invisible character U+0001"),
            ("$(mappings)", "`$(…)` was not replaced: the pipeline has no variable of that name"),
        ] {
            assert_eq!(read(line).expect_err(line)[0].error.to_string(), message);
        }
    }

    #[test]
    fn a_step_takes_so_many_lines_and_templates() {
        let lines =
            |start: &str, count| (0..count).map(|number| format!("{start}{number}")).collect::<Vec<_>>().join("\n");
        assert_eq!(read(&lines("A/type > file:", 10_000)).expect("as many as a step takes").len(), 10_000);
        let (first, second) = (lines("A/type > file:", 5_000), "x\n".repeat(2_000_000));
        let sources = [Source { file: None, text: &first }, Source { file: Some("keeper.map"), text: &second }];
        let problems = parse(&sources, Platform::Linux).expect_err("too many");
        assert_eq!(messages(&problems), ["there are 2,005,000 mapping lines, but a step takes 10,000"]);
        let problems = parse_templates(&"a > b\n".repeat(201), Platform::Linux).expect_err("too many");
        assert_eq!(messages(&problems), ["there are 201 templates, but a step takes 200"]);
        assert_eq!(parse_templates(&lines("in > ", 200), Platform::Linux).map(|orders| orders.len()), Ok(200));
    }

    #[test]
    fn one_destination_may_stand_in_one_line_only() {
        for (first, second) in [("var:X", "env:x"), ("X", "out:x"), ("file:a/b", "file:./a/b")] {
            let problems = read(&format!("A/type > {first}\nA/title > {second}")).expect_err(second);
            assert_eq!(messages(&problems), ["this is also the destination of line 1"]);
        }
        assert!(read("A/type > var:X\nA/type > out:X\nA/type > file:X").is_ok());
    }
}
