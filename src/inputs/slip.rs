//! Slips of the pen in a destination, which would make a variable or a file of an odd name.

use super::destination::KINDS;
use crate::error::Error;
use crate::text::unseen;

/// Refuses a variable's name that nobody can have meant.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name.split('#').rev().skip(1).any(|before| before.ends_with(char::is_whitespace)) {
        return Err(comment());
    }
    if let Some(c) = name.chars().find(|c| is_blank(*c) || is_joined(*c)) {
        return Err(invisible(c));
    }
    check_any(name)
}

/// Refuses a path that nobody can have meant. It may hold more than a name: `My key #2.pem`, an emoji, a wide blank.
pub(super) fn check_path(path: &str) -> Result<(), Error> {
    let words: Vec<&str> = path.split_whitespace().collect();
    if words.contains(&"#") {
        return Err(comment());
    }
    check_any(path)
}

fn check_any(name: &str) -> Result<(), Error> {
    if let Some(c) = name.chars().find(|c| unseen(*c)) {
        return Err(invisible(c));
    }
    if ['"', '\'', '`'].iter().any(|quote| name.len() > 1 && name.starts_with(*quote) && name.ends_with(*quote)) {
        let error = Error::new("the destination is in quotes, which would be part of it");
        return Err(error.with_hint("leave the quotes out; blanks inside need none"));
    }
    let is_next = |part: &str| KINDS.iter().any(|kind| part.trim_start().strip_prefix(kind).is_some_and(is_prefix));
    if name.split([',', ';', '|']).skip(1).any(is_next) {
        let error = Error::new("a line has one destination, and a second one follows");
        return Err(error.with_hint("write a line for each, with the same notation"));
    }
    if name.ends_with([',', ';']) {
        let error = Error::new("the destination ends in a separator, which would be part of it");
        return Err(error.with_hint("leave the `,` or `;` out: each line is one mapping"));
    }
    Ok(())
}

/// Whether what follows a kind ends its prefix: `:`, `+form:`, `?:`.
fn is_prefix(rest: &str) -> bool {
    rest.starts_with([':', '+', '?']) && rest.contains(':')
}

fn comment() -> Error {
    Error::new("a `#` after a blank does not begin a comment here, so it would be part of the destination")
        .with_hint("write the comment in a line of its own that begins with `#`")
}

fn invisible(c: char) -> Error {
    let code = u32::from(c);
    Error::new(format!("the destination holds the invisible character U+{code:04X}"))
        .with_hint("type the line anew: such characters come along when a text is copied from a page or a chat")
}

/// Whether a character looks like a blank, or like nothing, and is not the usual blank.
fn is_blank(c: char) -> bool {
    let is_filler = matches!(c, '\u{AD}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}');
    is_filler || (c.is_whitespace() && c != ' ')
}

/// Whether a character only changes how its neighbours look.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{34F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMENT: &str = "a `#` after a blank does not begin a comment here, so it would be part of the destination";
    const QUOTES: &str = "the destination is in quotes, which would be part of it";
    const SECOND: &str = "a line has one destination, and a second one follows";
    const SEPARATOR: &str = "the destination ends in a separator, which would be part of it";

    #[test]
    fn what_nobody_can_have_meant_is_refused() {
        let text = |result: Result<(), Error>| result.err().map(|error| error.to_string());
        for (written, as_name, as_path) in [
            ("A # the password", Some(COMMENT), Some(COMMENT)),
            ("A #the password", Some(COMMENT), None),
            ("My key #2.pem", Some(COMMENT), None),
            ("A#b", None, None),
            ("C#", None, None),
            ("B,", Some(SEPARATOR), Some(SEPARATOR)),
            ("B;", Some(SEPARATOR), Some(SEPARATOR)),
            ("A,B", None, None),
            ("A, var:B", Some(SECOND), Some(SECOND)),
            ("A; env+base64:B", Some(SECOND), Some(SECOND)),
            ("A, variable", None, None),
            ("\"A\"", Some(QUOTES), Some(QUOTES)),
            ("'A b'", Some(QUOTES), Some(QUOTES)),
            ("`A`", Some(QUOTES), Some(QUOTES)),
            ("it's", None, None),
            ("'", None, None),
            ("DB password", None, None),
            ("Datenbank.Größe-1", None, None),
        ] {
            assert_eq!(text(check_name(written)).as_deref(), as_name, "{written:?} as a name");
            assert_eq!(text(check_path(written)).as_deref(), as_path, "{written:?} as a path");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_by_its_number() {
        for (c, is_fine_in_a_path) in [
            ('\u{200B}', false),
            ('\u{FEFF}', false),
            ('\u{202E}', false),
            ('\u{2060}', false),
            ('\u{7}', false),
            ('\t', true),
            ('\u{A0}', true),
            ('\u{3000}', true),
            ('\u{200D}', true),
            ('\u{FE0F}', true),
            ('\u{AD}', true),
        ] {
            let name = format!("A{c}B");
            let refused = format!("the destination holds the invisible character U+{:04X}", u32::from(c));
            assert_eq!(check_name(&name).map_err(|error| error.to_string()), Err(refused), "{name:?}");
            assert_eq!(check_path(&name).is_ok(), is_fine_in_a_path, "{name:?}");
        }
    }
}
