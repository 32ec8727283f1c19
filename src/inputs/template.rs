//! Text files in which notations stand for secrets.
//!
//! ```text
//! placeholder = "${keeper://" notation *( "|" form ) "}"     on one line
//! form        = a word of the table in `forms.rs`
//! ```
//!
//! `$${keeper://` writes `${keeper://` and is no placeholder. A notation that needs a `}` or a `|` is written in Base64.

use std::cell::LazyCell;
use std::rc::Rc;

use super::forms::Forms;
use super::line::{Line, Span};
use super::notation::{self, Notation, Selector};
use crate::error::Error;
use crate::problem::Problem;

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
    pub forms: Forms,
    /// Where it stands.
    pub line: Line,
}

const OPENING: &str = "${keeper://";

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
                Ok((notation, forms)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                    pieces.push(Piece::Placeholder(Placeholder { notation, forms, line: place }));
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

fn parse_placeholder(inside: &str) -> Result<(Notation, Forms), Error> {
    let mut words = inside.split('|');
    let written = words.next().unwrap_or_default();
    let mut forms = Forms::default();
    for word in words {
        forms.add_in_template(word.trim())?;
    }
    let notation = notation::parse(written.trim()).map_err(|fault| fault.error)?;
    if notation.selector == Selector::Everything {
        return Err(Error::new("a placeholder takes one value, not a whole record"));
    }
    Ok((notation, forms))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template as it was read: literal text as it is, placeholders in angle brackets.
    fn read(text: &str) -> String {
        let pieces = parse("in.json", text).expect(text);
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => {
                format!("<{} {:?}>", placeholder.notation.record, placeholder.forms.steps)
            }
        });
        shown.collect()
    }

    #[test]
    fn a_placeholder_is_a_notation_and_perhaps_a_form() {
        for (text, expected) in [
            ("no secrets here", "no secrets here"),
            ("a=${keeper://A/field/password}\n", "a=<A []>\n"),
            ("${keeper://A/type}${keeper://B/type | json}", "<A []><B [Json]>"),
            ("x: ${ keeper://A/type }", "x: ${ keeper://A/type }"),
            ("$${keeper://A/type}", "${keeper://A/type}"),
            ("$${keeper://A/type} ${keeper://B/type|yaml}", "${keeper://A/type} <B [Json]>"),
            ("keeper://A/type", "keeper://A/type"),
            ("line\r\n${keeper://A B/custom_field/API key|xml}\r\nend", "line\r\n<A B [Xml]>\r\nend"),
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
