//! The policy of masks: what is masked of a value, and in which order of importance. It is decided nowhere else.
//!
//! | Rank         | What                                                                                                 |
//! | ------------ | ---------------------------------------------------------------------------------------------------- |
//! | `Whole`      | each value as it is, and trimmed                                                                     |
//! | `Part`       | what looks like a secret in it; what the agent makes of it                                           |
//! | `Line`       | lines and parts of a small value, whatever they look like; tokens of an attachment                   |
//! | `Base64`     | Base64 of the whole, wherever it is in what gets encoded                                             |
//! | `Escaped`    | the usual escapes of the whole, where they differ from it                                            |
//! | `Rare`       | the escapes of the whole that fewer tools print                                                      |
//! | `PartForms`  | Base64 and escapes of what looks like a secret                                                       |
//! | `Wrapped`    | Base64 of the whole, in the lines that tools print                                                   |
//! | `Rest`       | parts and lines beyond the first hundred of a value                                                  |
//!
//! The agent itself adds the escaped forms for JSON and URLs (RFC 3986) to each mask, and hides the value of a secret
//! variable that it sets.

use super::parts::{self, Part, is_everyones, lines, trimmed};
use super::telling::is_token;
use super::{base64_forms, decode, escapes};
use crate::secret::SecretText;

/// What a mask is for, in descending order of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rank {
    Whole,
    Part,
    Line,
    Base64,
    Escaped,
    Rare,
    PartForms,
    Wrapped,
    Rest,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A field: it is a secret as a whole, and so are its parts.
    Field,
    /// An attachment: a secret is somewhere in it.
    Attachment,
}

/// The shortest whole value, in characters, that is masked: three characters would be hidden all over the log.
pub const MIN_WHOLE: usize = 4;
/// The shortest part of a small value that is masked, unless its name means a secret.
const MIN_PART: usize = 6;
/// The shortest line that is masked: `set -e` is not secret.
const MIN_LINE: usize = 8;
/// The limits of a small field; one with more lines or bytes is treated like an attachment.
const SMALL_LINES: usize = 64;
const SMALL_BYTES: usize = 8 * 1024;
/// The most lines of an attachment that is taken for a password, or a user and a password, each on a line of its own.
const SHORT_LINES: usize = 3;
/// How many parts of a value come before the other forms of other values.
const FIRST_PARTS: usize = 100;
/// How many parts of a value also get forms of their own.
const PARTS_WITH_FORMS: usize = 20;

/// Takes the forms of one value.
pub(super) type Sink<'a> = dyn FnMut(Rank, &str) + 'a;

/// Whether a value only says yes or no: it is no secret, and these words are all over a log.
pub(super) fn is_boolean(value: &str) -> bool {
    ["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// All forms of a field's value.
pub(super) fn forms_of_text(text: &str, kind: Kind, sink: &mut Sink<'_>) {
    let plain = trimmed(text);
    if plain.is_empty() {
        return;
    }
    sink(Rank::Whole, text);
    sink(Rank::Whole, plain);
    for form in [escapes::in_a_command(text), escapes::unescaped_by_the_agent(text)].into_iter().flatten() {
        sink(Rank::Part, SecretText::from(form).expose());
    }
    for seed in seeds(plain) {
        sink(Rank::Part, seed.expose());
    }
    if !is_one_word(plain) {
        parts_of(text, kind, sink);
    }
    base64_of(plain.as_bytes(), sink);
    // Leading white space counts, as it changes where lines are wrapped.
    wrapped(text.trim_end().as_bytes(), sink);
    all(Rank::Escaped, escapes::usual(plain), sink);
    // Several lines are sent in a form from a field, hardly ever from a file.
    if kind == Kind::Field || !plain.contains(['\n', '\r']) {
        all(Rank::Rare, escapes::rare(plain), sink);
    }
}

/// All forms of an attachment: those of each text that it may be shown as, and those of its bytes.
pub(super) fn forms_of_bytes(bytes: &[u8], kind: Kind, sink: &mut Sink<'_>) {
    for text in decode::readings(bytes) {
        // EXPOSE: its forms become masks.
        forms_of_text(text.expose(), kind, sink);
    }
    // For UTF-8 these are the same again; the sink takes each form once.
    let bytes = bytes.trim_ascii_end();
    base64_of(bytes, sink);
    wrapped(bytes, sink);
}

fn base64_of(bytes: &[u8], sink: &mut Sink<'_>) {
    all(Rank::Base64, base64_forms::anywhere(bytes), sink);
    all(Rank::Rare, base64_forms::for_urls(bytes), sink);
}

fn wrapped(bytes: &[u8], sink: &mut Sink<'_>) {
    all(Rank::Wrapped, base64_forms::wrapped(bytes), sink);
}

fn all(rank: Rank, forms: impl IntoIterator<Item = String>, sink: &mut Sink<'_>) {
    for form in forms {
        sink(rank, SecretText::from(form).expose());
    }
}

/// Whether nothing in a text separates a name from a value, or one line from the next. A longer word may be Base64 of a
/// text that has parts.
fn is_one_word(text: &str) -> bool {
    const LONGEST: usize = 20;
    text.len() <= LONGEST && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Finds the parts that may get printed without the rest.
fn parts_of(text: &str, kind: Kind, sink: &mut Sink<'_>) {
    let is_small = kind == Kind::Field && text.len() <= SMALL_BYTES && lines(text).count() <= SMALL_LINES;
    let line_count = lines(text).filter(|line| !trimmed(line).is_empty()).take(SHORT_LINES + 1).count();
    // A script may be just as short.
    let is_short = line_count <= SHORT_LINES && !text.starts_with("#!");
    let whole = trimmed(text);
    let mut count = 0;
    let mut secrets: Vec<SecretText> = Vec::new();
    let mut take = |rank: Rank, part: &str, sink: &mut Sink<'_>| {
        count += 1;
        sink(if count > FIRST_PARTS { Rank::Rest } else { rank }, part);
    };
    parts::find(text, &mut |part| match part {
        Part::Secret(part) => {
            take(Rank::Part, part, sink);
            if secrets.len() < PARTS_WITH_FORMS && part != whole {
                secrets.push(SecretText::from(part));
            }
        }
        Part::Token(part) => take(Rank::Line, part, sink),
        Part::Value(part) if is_small && is_part(part) => take(Rank::Line, part, sink),
        Part::Line(part) if (is_small || is_short) && is_line(part) || is_code(part) => take(Rank::Line, part, sink),
        Part::Value(_) | Part::Line(_) => {}
    });
    for secret in secrets {
        // EXPOSE: its forms become masks.
        all(Rank::PartForms, base64_forms::anywhere(secret.expose().as_bytes()), sink);
        all(Rank::PartForms, escapes::usual(secret.expose()), sink);
        all(Rank::PartForms, escapes::rare(secret.expose()), sink);
    }
}

/// Whether a value in a small secret may be one itself: it is not a word, nor an address without a user.
fn is_part(value: &str) -> bool {
    let is_word = value.chars().all(|c| c.is_ascii_alphabetic());
    let is_address = value.contains("://") && !value.contains('@');
    value.chars().count() >= MIN_PART && !is_word && !is_address
}

fn is_line(line: &str) -> bool {
    line.chars().count() >= MIN_LINE && !is_everyones(line)
}

/// Whether a line of a text is a code by itself, such as `abcd-efgh-1234`.
fn is_code(line: &str) -> bool {
    let has = |is: fn(&char) -> bool| line.chars().any(|c| is(&c));
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_name = line.contains(['.', '/', ':', '=', '<', '(', '{']) && !is_token(line);
    is_line(line) && is_mixed && !is_name && !line.contains(char::is_whitespace)
}

/// The seed in an otpauth URI: as it is, in lower case, and in groups of four as apps show it.
fn seeds(text: &str) -> Vec<SecretText> {
    let is_uri = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("otpauth:"));
    let Some((_, query)) = text.split_once('?').filter(|_| is_uri) else { return Vec::new() };
    let seed = query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("secret").then_some(value)
    });
    let Some(seed) = seed.filter(|seed| !seed.is_empty()) else { return Vec::new() };
    let letters: Vec<char> = seed.trim_end_matches(['=']).chars().filter(|c| !" -".contains(*c)).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let mut forms = vec![seed.to_owned(), groups.concat(), groups.join(" "), groups.join("-")];
    forms.extend(forms.iter().map(|form| form.to_lowercase()).collect::<Vec<_>>());
    forms.into_iter().map(SecretText::from).collect()
}
