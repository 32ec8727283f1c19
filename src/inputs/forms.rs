//! The forms after a kind, such as `+base64`, or after a `|` in a template, and where each of them makes sense.

use super::destination::Destination;
use super::notation::Selector;
use crate::error::Error;
use crate::text::{either, nearest};

/// The forms of a line or a placeholder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// What is applied to the value, in this order.
    pub transforms: Vec<Transform>,
    /// `+0640`: the mode of a file.
    pub mode: Option<u32>,
    /// `+expand`: the agent may replace `$(NAME)` in the value.
    pub may_expand: bool,
    /// `+keepcase`: names of a record's fields stay in their case.
    pub keeps_case: bool,
}

/// What a form makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// The two-factor code of an otpauth URI.
    Totp,
    /// Text without leading and trailing white space.
    Trim,
    /// The bytes that Base64 decodes to.
    Unbase64,
    /// The bytes that hexadecimal digits decode to.
    Unhex,
    /// Text with line feeds at the ends of its lines, the last one included.
    Text,
    /// Text in upper case.
    Upper,
    /// Text in lower case.
    Lower,
    /// A JSON string in its quotes, or another JSON value; YAML reads the same.
    Json,
    /// With `&`, `<`, `>` and quotes as entities, for text and attributes.
    Xml,
    /// Lines `NAME=value` of a whole record; one value in the quotes that shells and dotenv parsers agree on.
    Dotenv,
    /// Base64 with padding (RFC 4648, 4).
    Base64,
    /// Base64 for URLs, without padding (RFC 4648, 5).
    Base64Url,
    /// Two hexadecimal digits for each byte, in lower case.
    Hex,
    /// Percent-encoded for the path of a URL, in which `/` stays.
    UrlEncode,
    /// Percent-encoded for the query of a URL, in which a space becomes `+`.
    UrlEncodePlus,
    /// The SHA-256 of the bytes in hexadecimal digits.
    Sha256,
    /// The MD5 of the bytes in hexadecimal digits.
    Md5,
}

/// What a transform is about. A line or a placeholder has at most one transform of each kind, at any place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FormKind {
    Code,
    Blanks,
    Decoding,
    LineEnds,
    Case,
    Quoting,
    Encoding,
    UrlEncoding,
    Digest,
}

/// What the word of a form asks for.
#[derive(Clone, Copy)]
enum Asks {
    For(Transform),
    /// The value as it is.
    Nothing,
    Expand,
    KeepCase,
}

/// Where a form can be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Line,
    Template,
}

/// Every form by its word, except for modes. Messages list them in this order.
const TABLE: [(&str, Asks, Place); 21] = [
    ("base64", Asks::For(Transform::Base64), Place::Anywhere),
    ("base64url", Asks::For(Transform::Base64Url), Place::Anywhere),
    ("unbase64", Asks::For(Transform::Unbase64), Place::Anywhere),
    ("hex", Asks::For(Transform::Hex), Place::Anywhere),
    ("unhex", Asks::For(Transform::Unhex), Place::Anywhere),
    ("json", Asks::For(Transform::Json), Place::Anywhere),
    ("yaml", Asks::For(Transform::Json), Place::Anywhere),
    ("xml", Asks::For(Transform::Xml), Place::Anywhere),
    ("dotenv", Asks::For(Transform::Dotenv), Place::Anywhere),
    ("urlencode", Asks::For(Transform::UrlEncode), Place::Anywhere),
    ("urlencodeplus", Asks::For(Transform::UrlEncodePlus), Place::Anywhere),
    ("trim", Asks::For(Transform::Trim), Place::Anywhere),
    ("text", Asks::For(Transform::Text), Place::Anywhere),
    ("upper", Asks::For(Transform::Upper), Place::Anywhere),
    ("lower", Asks::For(Transform::Lower), Place::Anywhere),
    ("sha256", Asks::For(Transform::Sha256), Place::Anywhere),
    ("md5", Asks::For(Transform::Md5), Place::Anywhere),
    ("totp", Asks::For(Transform::Totp), Place::Anywhere),
    ("raw", Asks::Nothing, Place::Template),
    ("expand", Asks::Expand, Place::Line),
    ("keepcase", Asks::KeepCase, Place::Line),
];

/// The words that can be written at a place.
fn words(place: Place) -> Vec<&'static str> {
    let known = TABLE.iter().filter(|(_, _, known)| *known == Place::Anywhere || *known == place);
    known.map(|(word, _, _)| *word).collect()
}

fn meaning(word: &str, place: Place) -> Option<Asks> {
    let is_here = |known: Place| known == Place::Anywhere || known == place;
    TABLE.iter().find(|(known, _, at)| *known == word && is_here(*at)).map(|(_, asks, _)| *asks)
}

/// Whether a word is a form of a mapping line.
pub(super) fn is_form(word: &str) -> bool {
    meaning(word, Place::Line).is_some()
}

impl Transform {
    /// Its word; if it has two, the first.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = TABLE.iter().find(|(_, asks, _)| matches!(asks, Asks::For(transform) if *transform == self));
        found.map_or("raw", |(word, _, _)| word)
    }

    fn kind(self) -> FormKind {
        match self {
            Self::Totp => FormKind::Code,
            Self::Trim => FormKind::Blanks,
            Self::Unbase64 | Self::Unhex => FormKind::Decoding,
            Self::Text => FormKind::LineEnds,
            Self::Upper | Self::Lower => FormKind::Case,
            Self::Json | Self::Xml | Self::Dotenv => FormKind::Quoting,
            Self::Base64 | Self::Base64Url | Self::Hex => FormKind::Encoding,
            Self::UrlEncode | Self::UrlEncodePlus => FormKind::UrlEncoding,
            Self::Sha256 | Self::Md5 => FormKind::Digest,
        }
    }

    /// Whether it lays out a whole record.
    fn is_structure(self) -> bool {
        matches!(self, Self::Json | Self::Dotenv)
    }

    fn is_decoding(self) -> bool {
        self.kind() == FormKind::Decoding
    }

    /// Whether its result is a secret in its own right, such as the bytes that Base64 encodes, rather than another way
    /// to write the value. Masking depends on it: such a result is masked as if it were stored in Keeper, with its
    /// parts and in the forms that a program may print; another way to write a value is masked only as it is.
    #[must_use]
    pub fn gives_a_value(self) -> bool {
        match self.kind() {
            FormKind::Blanks | FormKind::Decoding | FormKind::LineEnds | FormKind::Case => true,
            FormKind::Code | FormKind::Quoting | FormKind::Encoding | FormKind::UrlEncoding | FormKind::Digest => false,
        }
    }

    /// A lower bound, in bytes, of its result for a value of this size, whatever the value is. An attachment whose result
    /// is too large for a variable by this bound is refused before it is downloaded.
    #[must_use]
    pub fn least_size(self, size: u64) -> u64 {
        match self {
            Self::Base64 => size.div_ceil(3).saturating_mul(4),
            Self::Base64Url => size.saturating_mul(4).div_ceil(3),
            Self::Hex => size.saturating_mul(2),
            Self::Json | Self::Xml | Self::Dotenv | Self::UrlEncode | Self::UrlEncodePlus => size,
            // A letter may have more bytes in the other case.
            Self::Upper | Self::Lower => size / 3,
            // Codes and digests have a fixed size, and any amount of white space may be removed.
            Self::Sha256 | Self::Md5 | Self::Totp | Self::Trim | Self::Text | Self::Unbase64 | Self::Unhex => 0,
        }
    }
}

impl Forms {
    /// Adds a form of a mapping line.
    pub(super) fn add(&mut self, word: &str) -> Result<(), Error> {
        let is_taken = match meaning(word, Place::Line) {
            Some(Asks::For(transform)) => return self.push(transform),
            Some(Asks::Expand) => std::mem::replace(&mut self.may_expand, true),
            Some(Asks::KeepCase) => std::mem::replace(&mut self.keeps_case, true),
            Some(Asks::Nothing) | None if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => {
                // The owner must be able to read it, and special bits make no sense for a secret.
                let mode = u32::from_str_radix(word, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o400 != 0);
                let mode = mode.filter(|_| word.len() <= 4).ok_or_else(not_a_mode)?;
                self.mode.replace(mode).is_some()
            }
            Some(Asks::Nothing) | None => return Err(unknown_form(word, Place::Line)),
        };
        if is_taken { Err(same_kind()) } else { Ok(()) }
    }

    /// Adds a form of a placeholder in a template.
    pub(super) fn add_in_template(&mut self, word: &str) -> Result<(), Error> {
        match meaning(word, Place::Template) {
            Some(Asks::For(transform)) => {
                self.push(transform)?;
                check_order(&self.transforms, "")
            }
            Some(_) => Ok(()),
            None => Err(unknown_form(word, Place::Template)),
        }
    }

    fn push(&mut self, transform: Transform) -> Result<(), Error> {
        let is_taken = self.transforms.iter().any(|earlier| {
            earlier.kind() == transform.kind() || (transform.is_decoding() && earlier.kind() == FormKind::Encoding)
        });
        if is_taken {
            return Err(same_kind());
        }
        self.transforms.push(transform);
        Ok(())
    }

    /// Whether the value is passed on as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.transforms.is_empty()
    }

    /// How a whole record is laid out, if not as one variable for each field: as JSON or dotenv.
    #[must_use]
    pub fn structure(&self) -> Option<Transform> {
        self.transforms.first().copied().filter(|transform| transform.is_structure())
    }

    /// Whether the code of an otpauth URI is wanted.
    #[must_use]
    pub fn wants_code(&self) -> bool {
        self.transforms.first() == Some(&Transform::Totp)
    }
}

fn same_kind() -> Error {
    Error::new("another form of the same kind comes before this one")
}

fn not_a_mode() -> Error {
    Error::new("not a file mode; expected octal digits such as `+0640`, with which the owner can read")
}

fn unknown_form(word: &str, place: Place) -> Error {
    let known = words(place);
    let plus = if place == Place::Line { "+" } else { "" };
    let mut list: Vec<String> = known.iter().map(|word| format!("`{plus}{word}`")).collect();
    if place == Place::Line {
        list.push("a file's mode such as `+0640`".to_owned());
    }
    let error = Error::new(format!("unknown form; expected {}", either(&list)));
    match nearest(word, &known) {
        Some(nearest) if nearest.eq_ignore_ascii_case(word) => {
            error.with_hint(format!("write it in lower case: `{plus}{nearest}`"))
        }
        Some(nearest) => error.with_hint(format!("did you mean `{plus}{nearest}`?")),
        None if place == Place::Line => error,
        None => error.with_hint("a `|` in a name can be written only in a notation in Base64"),
    }
}

/// Refuses transforms that make no sense after others. `plus` is the prefix of their words.
fn check_order(transforms: &[Transform], plus: &str) -> Result<(), Error> {
    for (index, transform) in transforms.iter().enumerate() {
        let earlier = transforms.get(..index).unwrap_or_default();
        let word = transform.word();
        if *transform == Transform::Totp && index > 0 {
            return Err(Error::new(format!("`{plus}{word}` comes before other forms: it reads what is stored")));
        }
        if transform.is_decoding() && earlier.iter().any(|earlier| *earlier != Transform::Trim) {
            return Err(Error::new(format!(
                "`{plus}{word}` comes before other forms but `{plus}trim`: what they give cannot be decoded"
            )));
        }
    }
    Ok(())
}

/// Refuses forms that make no sense for a secret and its destination.
pub(super) fn check_forms(selector: &Selector, destination: &Destination, forms: &Forms) -> Result<(), Error> {
    let refused = |reason| Err(Error::new(reason));
    let is_record = *selector == Selector::WholeRecord;
    let is_file = destination.is_file();
    if forms.mode.is_some() && !is_file {
        return refused("a mode is for files only");
    }
    if forms.may_expand && is_file {
        return refused("`+expand` is for variables only: in a file the agent replaces nothing");
    }
    if forms.keeps_case && !(is_record && forms.structure().is_none()) {
        return refused("`+keepcase` is for the names of a whole record's variables, as in `env+keepcase:TF_VAR_*`");
    }
    check_order(&forms.transforms, "+")?;
    if !is_file && forms.transforms.last() == Some(&Transform::Text) {
        return refused("`+text` is for files only: it ends in a line feed; for variables use `+trim`");
    }
    if is_record {
        return check_record(destination, forms);
    }
    if forms.transforms.contains(&Transform::Dotenv) {
        return refused("`+dotenv` is for whole records, as in `Database/*`");
    }
    Ok(())
}

fn check_record(destination: &Destination, forms: &Forms) -> Result<(), Error> {
    let refused = |reason| Err(Error::new(reason));
    let is_file = destination.is_file();
    let stars = destination.name().matches('*').count();
    if let Some(transform) =
        forms.transforms.iter().find(|transform| transform.is_decoding() || **transform == Transform::Totp)
    {
        let word = transform.word();
        return Err(Error::new(format!("`+{word}` is for single values, not for whole records")));
    }
    if forms.transforms.iter().skip(1).any(|transform| transform.is_structure()) {
        return refused("for a whole record `+json` or `+dotenv` comes before other forms");
    }
    match forms.structure() {
        None if is_file => refused("a whole record needs `file+json:` or `file+dotenv:`"),
        None if stars != 1 => {
            refused("a whole record needs a name with one `*` for the fields, as in `var:DB_*`, or `+json`")
        }
        Some(_) if stars > 0 => refused("a name with `*` takes the fields one by one, without `+json`"),
        _ => Ok(()),
    }
}

#[cfg(test)]
impl Transform {
    /// Every transform that a word of the table asks for.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().filter_map(|(_, asks, _)| match asks {
            Asks::For(transform) => Some(*transform),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_one_form() {
        for (index, (word, _, _)) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(index + 1).all(|(other, _, _)| other != word), "{word}");
        }
    }

    #[test]
    fn forms_of_one_kind_refuse_each_other() {
        let kinds = [
            "totp",
            "trim",
            "unbase64 unhex",
            "text",
            "upper lower",
            "json yaml xml dotenv",
            "base64 base64url hex",
            "urlencode urlencodeplus",
            "sha256 md5",
        ];
        let kind = |word: &str| kinds.iter().position(|kind| kind.split(' ').any(|one| one == word)).expect(word);
        let transforms: Vec<_> = TABLE.iter().filter(|(_, asks, _)| matches!(asks, Asks::For(_))).collect();
        for (first, ..) in &transforms {
            for (second, ..) in &transforms {
                let is_undone = kind(first) == kind("base64") && kind(second) == kind("unbase64");
                let is_refused = kind(first) == kind(second) || is_undone;
                let mut forms = Forms::default();
                forms.add(first).expect(first);
                let error = forms.add(second).err().map(|error| error.to_string());
                assert_eq!(error, is_refused.then(|| same_kind().to_string()), "+{first}+{second}");
            }
        }
    }

    #[test]
    fn forms_keep_the_order_in_which_they_are_written() {
        let mut forms = Forms::default();
        for word in ["trim", "upper", "0640", "base64", "urlencode"] {
            forms.add(word).expect(word);
        }
        assert_eq!(forms.transforms, [Transform::Trim, Transform::Upper, Transform::Base64, Transform::UrlEncode]);
        assert_eq!(forms.mode, Some(0o640));
    }

    #[test]
    fn a_message_lists_the_forms_of_its_place() {
        for (place, mine, others) in [(Place::Line, "`+expand`", "raw"), (Place::Template, "`raw`", "expand")] {
            let message = unknown_form("x", place).to_string();
            assert!(message.contains(mine) && !message.contains(others), "{message}");
        }
    }
}
