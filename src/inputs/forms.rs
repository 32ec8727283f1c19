//! The forms behind a kind, such as `+base64`, and what they make sense for.

use super::destination::Destination;
use super::notation::Selector;
use crate::error::Error;
use crate::text::nearest_of;

/// The forms that stand behind a kind, such as `+base64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// `+json` or `+dotenv`.
    pub structure: Option<Structure>,
    /// `+base64` or `+unbase64`, applied after the structure.
    pub encoding: Option<Encoding>,
    /// `+0640`: the mode of a file.
    pub mode: Option<u32>,
    /// `+expand`: the agent may replace `$(NAME)` in the value.
    pub may_expand: bool,
    /// `+keepcase`: names of a record's fields stay in their case.
    pub keeps_case: bool,
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

const FORMS: [&str; 6] = ["base64", "unbase64", "json", "dotenv", "expand", "keepcase"];

impl Forms {
    pub(super) fn add(&mut self, word: &str) -> Result<(), Error> {
        let is_taken = match word {
            "json" => self.structure.replace(Structure::Json).is_some(),
            "dotenv" => self.structure.replace(Structure::Dotenv).is_some(),
            "base64" => self.encoding.replace(Encoding::Base64).is_some(),
            "expand" => std::mem::replace(&mut self.may_expand, true),
            "keepcase" => std::mem::replace(&mut self.keeps_case, true),
            "unbase64" => self.encoding.replace(Encoding::Unbase64).is_some(),
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                // The owner has to be able to read it, and special bits have no meaning for a secret.
                let mode = u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o400 != 0);
                let mode = mode.filter(|_| digits.len() <= 4).ok_or_else(not_a_mode)?;
                self.mode.replace(mode).is_some()
            }
            word => {
                return Err(unknown_form(word));
            }
        };
        if is_taken { Err(Error::new("another form of the same kind comes before this one")) } else { Ok(()) }
    }

    /// Whether the value is handed on as it is.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.structure.is_none() && self.encoding.is_none()
    }
}

fn not_a_mode() -> Error {
    Error::new("not a file mode; expected octal digits such as `+0640`, with which the owner can read")
}

fn unknown_form(word: &str) -> Error {
    let error = Error::new(
        "unknown form; expected `+base64`, `+unbase64`, `+json`, `+dotenv`, `+expand`, `+keepcase` or a file's mode such as `+0640`",
    );
    match nearest_of(&FORMS, word) {
        Some(nearest) => error.with_hint(format!("did you mean `+{nearest}`?")),
        None => error,
    }
}

/// Refuses forms that make no sense for a secret and its destination.
pub(super) fn check_forms(selector: &Selector, destination: &Destination, forms: Forms) -> Result<(), Error> {
    let refused = |reason| Err(Error::new(reason));
    let is_record = *selector == Selector::Everything;
    let is_file = matches!(destination, Destination::File(_));
    let stars = destination.name().matches('*').count();
    if forms.mode.is_some() && !is_file {
        return refused("a mode is for files only");
    }
    if forms.may_expand && is_file {
        return refused("`+expand` is for variables only: in a file the agent replaces nothing");
    }
    if forms.keeps_case && !(is_record && forms.structure.is_none()) {
        return refused("`+keepcase` is for the names of a whole record's variables, as in `env+keepcase:TF_VAR_*`");
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
