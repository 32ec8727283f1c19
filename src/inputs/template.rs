//! Text files with placeholders for secrets.
//!
//! ```text
//! placeholder = "${keeper://" notation *( "|" form ) "}"     on one line
//! form        = a word of the table in `forms.rs`
//! ```
//!
//! A bare notation of three parts is a placeholder too, as for `ksm interpolate` of Keeper's command line, except in
//! lines that begin with `#`:
//!
//! ```text
//! bare        = "keeper://" record "/" selector "/" name [ ":-" default ] *( "|" form )
//! ```
//!
//! `$${keeper://` writes `${keeper://`, and `$$keeper://` before a bare notation writes `keeper://`; neither is a
//! placeholder. A notation that needs a `}` or a `|` is written in Base64.

use std::cell::LazyCell;
use std::rc::Rc;

use super::forms::Forms;
use super::line::{Line, Span};
use super::notation::{self, Notation, Selector};
use crate::error::Error;
use crate::problem::Problem;

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// The placeholders, in their order.
    pub placeholders: Vec<Placeholder>,
    /// The text after the last one.
    pub rest: String,
}

/// A notation in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The text between the placeholder before it and this one.
    pub before: String,
    /// What is wanted.
    pub notation: Notation,
    /// In which form it is written there.
    pub forms: Forms,
    /// What is written if there is no such secret.
    pub default: Option<Box<str>>,
    /// Where it is written.
    pub line: Line,
}

const OPENING: &str = "${keeper://";

const SCHEME: &str = "keeper://";

/// The prefix of a bare notation that is to stay as it is.
const ESCAPE: &str = "$$";

/// Reads a template. `file` is its path, for messages.
///
/// # Errors
/// All faulty placeholders.
pub fn parse(file: &str, text: &str) -> Result<Template, Vec<Problem>> {
    let file = Rc::from(file);
    let mut reader = Reader::default();
    for (index, text) in text.split_inclusive('\n').enumerate() {
        // One copy for all placeholders of a line, and none for a line without any.
        let shared = LazyCell::new(|| Rc::from(text.trim_end_matches(['\r', '\n'])));
        let place = |start, length| Line::in_file(&file, index + 1, &shared, Span { start, length });
        reader.read_line(text, &place);
    }
    let Reader { placeholders, problems, literal: rest } = reader;
    if problems.is_empty() { Ok(Template { placeholders, rest }) } else { Err(problems) }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    placeholders: Vec<Placeholder>,
    problems: Vec<Problem>,
    /// The text since the last placeholder.
    literal: String,
}

impl Reader {
    fn read_line(&mut self, line: &str, place: &dyn Fn(usize, usize) -> Line) {
        let is_comment = line.trim_start().starts_with('#');
        if let Some((start, length)) = near_miss(line).filter(|_| !is_comment) {
            self.problems.push(place(start, length).notation_problem(not_an_opening()));
        }
        let mut rest = line;
        loop {
            let start = line.len() - rest.len();
            let Some((before, after)) = rest.split_once(OPENING) else {
                return self.read_bare(rest, start, is_comment, place);
            };
            let is_escaped = before.ends_with('$');
            self.read_bare(before.strip_suffix('$').unwrap_or(before), start, is_comment, place);
            if is_escaped {
                self.literal.push_str(OPENING);
                rest = after;
                continue;
            }
            let start = start + before.len();
            let Some((inside, behind)) = after.split_once('}') else {
                let length = OPENING.len() + after.trim_end().len();
                return self.problems.push(place(start, length).notation_problem(unclosed()));
            };
            self.take(parse_placeholder(inside), None, place(start, OPENING.len() + inside.len() + 1));
            rest = behind;
        }
    }

    /// Reads text without `${keeper://`, in which there may be bare notations.
    fn read_bare(&mut self, text: &str, start: usize, is_comment: bool, place: &dyn Fn(usize, usize) -> Line) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(SCHEME).filter(|_| !is_comment) {
            self.literal.push_str(before);
            let Some(bare) = Bare::at_start_of(after) else {
                self.literal.push_str(SCHEME);
                rest = after;
                continue;
            };
            if before.ends_with(ESCAPE) {
                self.literal.truncate(self.literal.len() - ESCAPE.len());
                self.literal.push_str(SCHEME);
                rest = after;
                continue;
            }
            let start = start + (text.len() - after.len() - SCHEME.len());
            let parsed = parse_words(bare.notation, bare.forms.split('|').skip(1));
            let default = bare.default.map(Box::from);
            self.take(parsed, default, place(start, SCHEME.len() + bare.length));
            rest = after.get(bare.length..).unwrap_or_default();
        }
        self.literal.push_str(rest);
    }

    fn take(&mut self, parsed: Result<(Notation, Forms), Error>, default: Option<Box<str>>, line: Line) {
        match parsed {
            Ok((notation, forms)) => {
                let before = std::mem::take(&mut self.literal);
                self.placeholders.push(Placeholder { before, notation, forms, default, line });
            }
            Err(error) => self.problems.push(line.notation_problem(error)),
        }
    }
}

/// A notation as Keeper's command line finds it in a text, without its scheme.
struct Bare<'a> {
    notation: &'a str,
    default: Option<&'a str>,
    /// Each with its `|` before it.
    forms: &'a str,
    length: usize,
}

impl<'a> Bare<'a> {
    /// The bare notation at the start of a text, if it has three parts.
    fn at_start_of(text: &'a str) -> Option<Self> {
        let part = |text: &'a str| {
            let length = until(text, &|c| c == '/');
            let is_part = length > 0 && text.get(length..).is_some_and(|rest| rest.starts_with('/'));
            is_part.then_some(length + 1)
        };
        let record = part(text)?;
        let name = record + part(text.get(record..)?)?;
        let end = name + until(text.get(name..)?, &|c| is_end(c) || matches!(c, ':' | '|'));
        if end == name {
            return None;
        }
        let (notation, rest) = text.split_at_checked(end)?;
        let default = rest.strip_prefix(":-").and_then(|rest| {
            let length = until(rest, &|c| is_end(c) || c == '|');
            rest.get(..length).filter(|default| !default.is_empty())
        });
        let behind = end + default.map_or(0, |default| ":-".len() + default.len());
        let forms = text.get(behind..).filter(|rest| rest.starts_with('|')).unwrap_or_default();
        let forms = forms.get(..until(forms, &is_end)).filter(|forms| *forms != "|").unwrap_or_default();
        Some(Self { notation, default, forms, length: behind + forms.len() })
    }
}

fn is_end(c: char) -> bool {
    matches!(c, '"' | '\'' | '#' | '@')
}

/// How many bytes come before white space or another end.
fn until(text: &str, ends: &dyn Fn(char) -> bool) -> usize {
    text.find(|c: char| c.is_whitespace() || ends(c)).unwrap_or(text.len())
}

/// Where a line has a `${` and white space before `keeper://`, which begins no placeholder.
fn near_miss(line: &str) -> Option<(usize, usize)> {
    line.match_indices("${").find_map(|(start, opening)| {
        let after = line.get(start + opening.len()..)?;
        let scheme = after.trim_start_matches([' ', '\t']);
        let is_miss = scheme.len() < after.len() && scheme.starts_with(SCHEME);
        is_miss.then_some((start, opening.len() + after.len() - scheme.len() + SCHEME.len()))
    })
}

fn not_an_opening() -> Error {
    Error::new("expected `${keeper://` without a space")
        .with_hint("write `$$keeper://` in place of `keeper://` if it is to stay as it is")
}

fn unclosed() -> Error {
    Error::new("`${keeper://` is never closed; expected a `}` on the same line")
        .with_hint("write `$${keeper://` if it is to stay as it is")
}

fn parse_placeholder(inside: &str) -> Result<(Notation, Forms), Error> {
    let mut words = inside.split('|');
    let written = words.next().unwrap_or_default();
    parse_words(written, words)
}

fn parse_words<'a>(written: &str, words: impl Iterator<Item = &'a str>) -> Result<(Notation, Forms), Error> {
    let mut forms = Forms::default();
    for word in words {
        forms.add_in_template(word.trim())?;
    }
    let notation = notation::parse(written.trim()).map_err(|fault| fault.error)?;
    if notation.selector == Selector::WholeRecord {
        return Err(Error::new("a placeholder takes one value, not a whole record"));
    }
    Ok((notation, forms))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template as it was read: literal text as it is, placeholders in angle brackets.
    fn read(text: &str) -> String {
        let Template { placeholders, rest } = parse("in.json", text).expect(text);
        let shown = placeholders.iter().map(|Placeholder { before, notation, forms, .. }| {
            format!("{before}<{} {:?}>", notation.record, forms.transforms)
        });
        shown.chain([rest]).collect()
    }

    #[test]
    fn a_placeholder_is_a_notation_and_perhaps_a_form() {
        for (text, expected) in [
            ("no secrets here", "no secrets here"),
            ("a=${keeper://A/field/password}\n", "a=<A []>\n"),
            ("${keeper://A/type}${keeper://B/type | json}", "<A []><B [Json]>"),
            ("${ $$keeper://A/field/x }", "${ keeper://A/field/x }"),
            ("${KEEPER://A/field/x}", "${KEEPER://A/field/x}"),
            ("# ${ keeper://A/type }", "# ${ keeper://A/type }"),
            ("${ HOME } keeper://A/type", "${ HOME } keeper://A/type"),
            ("$${keeper://A/type}", "${keeper://A/type}"),
            ("$${keeper://A/type} ${keeper://B/type|yaml}", "${keeper://A/type} <B [Json]>"),
            ("keeper://A/type", "keeper://A/type"),
            ("a=keeper://A/field/x:-none|upper # b", "a=<A [Upper]> # b"),
            ("\"keeper://A/field/x\":'keeper://B/file/y|base64'", "\"<A []>\":'<B [Base64]>'"),
            ("keeper://A/field/x@host keeper://B/field/y:80", "<A []>@host <B []>:80"),
            (" # keeper://A/field/x", " # keeper://A/field/x"),
            ("keeper://A/field/ keeper://A b/field/x", "keeper://A/field/ keeper://A b/field/x"),
            ("$${keeper://A/field/x} keeper://B/field/y", "${keeper://A/field/x} <B []>"),
            ("see $$keeper://A/field/x, keeper://B/field/y", "see keeper://A/field/x, <B []>"),
            ("$$keeper://A/b $keeper://A/field/x", "$$keeper://A/b $<A []>"),
            ("$$keeper://A/field/x$$keeper://B/field/y", "keeper://A/field/xkeeper://B/field/y"),
            ("line\r\n${keeper://A B/custom_field/API key|xml}\r\nend", "line\r\n<A B [Xml]>\r\nend"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_refused() {
        for (text, column, carets) in [
            ("x: ${ keeper://A/field/x }", 4, 12),
            ("ä${\tkeeper://A/type}", 2, 12),
            ("$${ keeper://A/field/x }", 2, 12),
        ] {
            let problems = parse("in.txt", text).expect_err(text);
            let start = format!("in.txt, line 1, column {column}: expected `${{keeper://` without a space");
            let rendered = problems[0].render();
            assert!(rendered.starts_with(&start) && problems.len() == 1, "{rendered}");
            assert_eq!(rendered.matches('^').count(), carets, "{rendered}");
        }
    }

    #[test]
    fn a_faulty_placeholder_is_told_with_its_file_line_and_column() {
        let problems = parse(
            "app/in.json",
            "{\n  \"a\": ${keeper://A/feild/x},\n  \"b\": ${keeper://B/type | jsn}\n}\n${keeper://C\n\
             $${keeper://A/type} ${keeper://\n",
        )
        .expect_err("faults");
        let rendered: Vec<String> = problems.iter().map(Problem::render).collect();
        assert_eq!(
            rendered,
            [
                "app/in.json, line 2, column 8: unknown selector; expected `field`, `custom_field`, `file`, \
                 `type`, `title` or `notes`\n  2 |   \"a\": ${keeper://A/feild/x},\n    \
                 |        ^^^^^^^^^^^^^^^^^^^^^\nhint: did you mean `field`?",
                "app/in.json, line 3, column 8: unknown form; expected `base64`, `base64url`, `unbase64`, `hex`, `unhex`, `json`, `yaml`, `xml`, \
                 `dotenv`, `urlencode`, `urlencodeplus`, `trim`, `text`, `upper`, `lower`, \
                 `sha256`, `md5`, `totp` or `raw`\n  3 |   \"b\": ${keeper://B/type | jsn}\n    \
                 |        ^^^^^^^^^^^^^^^^^^^^^^^^\nhint: did you mean `json`?",
                "app/in.json, line 5, column 1: `${keeper://` is never closed; expected a `}` on the same line\n  5 | \
                 ${keeper://C\n    | ^^^^^^^^^^^^\nhint: write `$${keeper://` if it is to stay as it is",
                "app/in.json, line 6, column 21: `${keeper://` is never closed; expected a `}` on the same line\n  6 | \
                 $${keeper://A/type} ${keeper://\n    |                     ^^^^^^^^^^^\nhint: write \
                 `$${keeper://` if it is to stay as it is",
            ]
        );
    }
}
