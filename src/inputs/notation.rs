//! Keeper Notation: a record, and a part of it.
//!
//! ```text
//! notation  = base64(text) | text                      Base64 if it has no "/"
//! text      = [ "keeper://" ] record "/" selector
//! selector  = ( "type" | "title" | "notes" ) [ "/" ]
//!           | "*"                                    every field; our addition
//!           | "file" "/" name
//!           | ( "field" | "custom_field" ) "/" label [ index ]
//! index     = "[]" | "[n]" | "[property]" | "[n][property]" | "[][property]"
//! escape    = "\" ( "/" | "[" | "]" | "\" )            in record, name, label and property
//! ```
//!
//! The rules are those of "Keeper Notation" in Keeper's Secrets Manager documentation, with the index forms that its
//! SDKs read in `getValue` ("legacy mode").

mod parser;

use parser::{Parser, missing_selector};

use crate::base64;
use crate::error::Error;

/// What a mapping line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notation {
    /// The record's UID or title.
    pub record: String,
    /// Which part of it.
    pub selector: Selector,
}

/// The part of a record that a notation selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The record's type, for example `login`.
    Type,
    /// The record's title.
    Title,
    /// The record's notes.
    Notes,
    /// A field by its type or label.
    Field(FieldSelector),
    /// An attachment by its name, title or UID.
    File(String),
    /// `*`: every field that has a value. Our addition: Keeper's parsers refuse it.
    WholeRecord,
}

/// A field of a record, and which of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSelector {
    /// Whether it is one of the record type's own fields or a custom one.
    pub section: Section,
    /// The field's type or label.
    pub field: String,
    /// Which of its values.
    pub index: Index,
    /// Which property of the value; without an index, of the first value.
    pub property: Option<String>,
}

/// The two lists of fields that a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `field`: the fields of the record's type.
    Standard,
    /// `custom_field`: the fields that were added to the record.
    Custom,
}

/// Which of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// No index: the first value.
    First,
    /// `[]`: all values, as a list.
    All,
    /// `[n]`: one value, counted from 0.
    Nth(u32),
}

/// An error and the bytes of the notation that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong. It does not quote the notation, which may be a secret in the wrong place, or decoded.
    pub error: Error,
    /// The first faulty byte, counted from 0.
    pub start: usize,
    /// How many bytes are faulty.
    pub length: usize,
}

/// Reads a notation. It must be trimmed already; spaces inside count.
///
/// # Errors
/// The first [`Fault`]; for a notation in Base64, it covers all of it.
pub fn parse(text: &str) -> Result<Notation, Fault> {
    if text.contains('/') {
        return Parser::new(text).notation();
    }
    let whole = |error| Fault { error, start: 0, length: text.len() };
    let decoded = base64::decode(text).and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.filter(|decoded| decoded.contains('/')) {
        Some(decoded) => Parser::new(&decoded).notation().map_err(|fault| whole(fault.error)),
        None => Err(whole(missing_selector())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(section: Section, field: &str, index: Index, property: Option<&str>) -> Selector {
        Selector::Field(FieldSelector {
            section,
            field: field.to_owned(),
            index,
            property: property.map(str::to_owned),
        })
    }

    #[test]
    fn a_notation_is_a_record_and_a_selector() {
        use Index::{All, First, Nth};
        use Section::{Custom, Standard};
        for (written, record, selector) in [
            ("A/type", "A", Selector::Type),
            ("A/TITLE/", "A", Selector::Title),
            ("A/notes", "A", Selector::Notes),
            ("A/*", "A", Selector::WholeRecord),
            ("keeper://A/field/login", "A", field(Standard, "login", First, None)),
            ("KEEPER://A/field/login", "A", field(Standard, "login", First, None)),
            ("A/field/login[]", "A", field(Standard, "login", All, None)),
            ("A/field/url[01]", "A", field(Standard, "url", Nth(1), None)),
            ("A/field/name[first]", "A", field(Standard, "name", First, Some("first"))),
            ("A/field/name[2][first]", "A", field(Standard, "name", Nth(2), Some("first"))),
            ("A/field/name[][first]", "A", field(Standard, "name", First, Some("first"))),
            ("A/field/name[][]", "A", field(Standard, "name", All, None)),
            ("A/field/name[0][]", "A", field(Standard, "name", Nth(0), None)),
            ("A/Custom_Field/My Label", "A", field(Custom, "My Label", First, None)),
            ("A/custom_field/[0]", "A", field(Custom, "", Nth(0), None)),
            (r"A\/B\\C/custom_field/x\[y\]/z", r"A/B\C", field(Custom, "x[y]/z", First, None)),
            ("Zürich ключ/field/Größe", "Zürich ключ", field(Standard, "Größe", First, None)),
            ("A/file/cert.pem", "A", Selector::File("cert.pem".to_owned())),
            ("QS9maWVsZC9sb2dpbg", "A", field(Standard, "login", First, None)),
        ] {
            assert_eq!(parse(written), Ok(Notation { record: record.to_owned(), selector }), "{written}");
        }
    }

    #[test]
    fn a_fault_names_the_bytes_it_concerns() {
        for (written, start, length, message) in [
            ("Database", 0, 8, "the notation has no selector"),
            ("A/", 2, 0, "the notation has no selector"),
            ("/type", 0, 1, "expected a record's UID or title before the `/`, found nothing"),
            (
                "A/feild/x",
                2,
                5,
                "unknown selector; expected `field`, `custom_field`, `file`, `type`, `title` or `notes`",
            ),
            ("A/field/", 2, 6, "`field` needs a field's type or label"),
            ("A/file", 2, 4, "`file` needs an attachment's name"),
            ("A/type/extra", 7, 5, "unexpected text at the end of the notation"),
            (r"A\q/type", 1, 2, r"a backslash escapes only `/`, `[`, `]` and `\`"),
            (r"A/field/x\", 9, 1, r"a backslash escapes only `/`, `[`, `]` and `\`"),
            ("A/field/x[0", 9, 2, "a `[` is never closed"),
            ("A/field/x[[0]]", 10, 1, "a `[` is inside `[…]`"),
            ("A/field/x[0]y", 12, 1, "expected `[` or the end of the notation after `]`"),
            ("Ä/field/x[0][y][z]", 16, 3, "unexpected text at the end of the notation"),
            ("A/field/x[y][z]", 9, 3, "the first of two indexes is not a number"),
            ("A/file/x[0]", 8, 3, "an attachment has no index"),
        ] {
            let fault = parse(written).expect_err(written);
            assert_eq!(
                (fault.start, fault.length, fault.error.to_string().as_str()),
                (start, length, message),
                "{written}"
            );
        }
    }
}
