//! Text files in which notations stand for secrets.
//!
//! ```text
//! placeholder = "${keeper://" notation [ "|" form ] "}"      on one line
//! form        = "raw" | "json" | "yaml" | "xml" | "dotenv" | "base64"
//! ```
//!
//! `$${keeper://` writes `${keeper://` and is no placeholder. A notation that needs a `}` or a `|` is written in Base64.

use std::cell::LazyCell;
use std::rc::Rc;

use super::line::{Line, Span};
use super::notation::{self, Notation, Selector};
use crate::error::Error;
use crate::problem::Problem;
use crate::text::nearest;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// A secret to put in.
    Placeholder(Placeholder),
}

/// A notation in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// What is wanted.
    pub notation: Notation,
    /// How it is written there.
    pub form: TemplateForm,
    /// Where it stands.
    pub line: Line,
}

/// How a secret is written in a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemplateForm {
    /// As it is.
    #[default]
    Raw,
    /// As a JSON string in its quotes, or another JSON value; YAML reads the same.
    Json,
    /// With `&`, `<`, `>` and quotes as entities, for text and attributes.
    Xml,
    /// In the quotes that shells and dotenv parsers agree on.
    Dotenv,
    /// In Base64.
    Base64,
}

const OPENING: &str = "${keeper://";
const FORMS: [(&str, TemplateForm); 6] = [
    ("raw", TemplateForm::Raw),
    ("json", TemplateForm::Json),
    ("yaml", TemplateForm::Json),
    ("xml", TemplateForm::Xml),
    ("dotenv", TemplateForm::Dotenv),
    ("base64", TemplateForm::Base64),
];

/// Reads a template. `file` is its path, for messages.
///
/// # Errors
/// All faulty placeholders.
pub fn parse(file: &str, text: &str) -> Result<Vec<Piece>, Vec<Problem>> {
    let file = Rc::from(file);
    let mut pieces = Vec::new();
    let mut problems = Vec::new();
    let mut literal = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        // One text for all placeholders of the line, and none for a line without.
        let shared = LazyCell::new(|| Rc::from(line.trim_end_matches(['\r', '\n'])));
        while let Some((before, after)) = rest.split_once(OPENING) {
            if let Some(unescaped) = before.strip_suffix('$') {
                literal.push_str(unescaped);
                literal.push_str(OPENING);
                rest = after;
                continue;
            }
            literal.push_str(before);
            let start = line.len() - after.len() - OPENING.len();
            let place = |length| Line::in_file(&file, index + 1, &shared, Span { start, length });
            let Some((inside, behind)) = after.split_once('}') else {
                let line = place(OPENING.len() + after.trim_end().len());
                problems.push(line.notation_problem(unclosed()));
                rest = "";
                break;
            };
            let place = place(OPENING.len() + inside.len() + 1);
            match parse_placeholder(inside) {
                Ok((notation, form)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    pieces.push(Piece::Placeholder(Placeholder { notation, form, line: place }));
                }
                Err(error) => problems.push(place.notation_problem(error)),
            }
            rest = behind;
        }
        literal.push_str(rest);
    }
    pieces.push(Piece::Text(literal));
    if problems.is_empty() { Ok(pieces) } else { Err(problems) }
}

fn unclosed() -> Error {
    Error::new("`${keeper://` is never closed; expected a `}` on the same line")
        .with_hint("write `$${keeper://` if it is to stay as it is")
}

fn parse_placeholder(inside: &str) -> Result<(Notation, TemplateForm), Error> {
    let (written, form) = match inside.rsplit_once('|') {
        None => (inside, TemplateForm::default()),
        Some((written, word)) => {
            let word = word.trim();
            let form = FORMS.into_iter().find(|(known, _)| *known == word).map(|(_, form)| form);
            (written, form.ok_or_else(|| unknown_form(word))?)
        }
    };
    let notation = notation::parse(written.trim()).map_err(|fault| fault.error)?;
    if notation.selector == Selector::Everything {
        return Err(Error::new("a placeholder takes one value, not a whole record"));
    }
    Ok((notation, form))
}

fn unknown_form(word: &str) -> Error {
    let error = Error::new("unknown form; expected `raw`, `json`, `yaml`, `xml`, `dotenv` or `base64`");
    match nearest(word, &FORMS.map(|(known, _)| known)) {
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
        None => error.with_hint("a `|` in a name can be written only in a notation in Base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template as it was read: literal text as it is, placeholders in angle brackets.
    fn read(text: &str) -> String {
        let pieces = parse("in.json", text).expect(text);
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => format!("<{} {:?}>", placeholder.notation.record, placeholder.form),
        });
        shown.collect()
    }

    #[test]
    fn a_placeholder_is_a_notation_and_perhaps_a_form() {
        for (text, expected) in [
            ("no secrets here", "no secrets here"),
            ("a=${keeper://A/field/password}\n", "a=<A Raw>\n"),
            ("${keeper://A/type}${keeper://B/type | json}", "<A Raw><B Json>"),
            ("x: ${ keeper://A/type }", "x: ${ keeper://A/type }"),
            ("$${keeper://A/type}", "${keeper://A/type}"),
            ("$${keeper://A/type} ${keeper://B/type|yaml}", "${keeper://A/type} <B Json>"),
            ("keeper://A/type", "keeper://A/type"),
            ("line\r\n${keeper://A B/custom_field/API key|xml}\r\nend", "line\r\n<A B Xml>\r\nend"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
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
                "app/in.json, line 3, column 8: unknown form; expected `raw`, `json`, `yaml`, `xml`, `dotenv` or \
                 `base64`\n  3 |   \"b\": ${keeper://B/type | jsn}\n    \
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
