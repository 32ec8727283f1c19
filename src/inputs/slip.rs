//! Typos that would otherwise name a strange record, variable or file.

use super::destination::kind_words;
use super::forms;
use crate::error::Error;
use crate::text::unseen;

/// Refuses a notation that is surely a mistake.
pub(super) fn check_notation(notation: &str, destination: &str) -> Result<(), Error> {
    let is_between = |quote: char| notation.starts_with(quote) && (notation.len() > 1 && notation.ends_with(quote));
    if ['"', '\'', '`']
        .into_iter()
        .any(|quote| is_between(quote) || notation.starts_with(quote) && destination.ends_with(quote))
    {
        let error = Error::new("the line or its notation is in quotes, which would be part of the names");
        return Err(error.with_hint(WITHOUT_QUOTES));
    }
    if notation.starts_with("${keeper:") && notation.ends_with('}') {
        let error = Error::new("`${…}` is for templates, and would be part of the record's title");
        return Err(error.with_hint("write the notation alone, as in `keeper://Database/field/password`"));
    }
    let scheme = notation.split_once('/').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("keeper:" | "http:" | "https:"))
        && !notation.to_ascii_lowercase().starts_with("keeper://")
    {
        let error = Error::new("a notation begins with a record or with `keeper://`, unlike this address");
        return Err(error.with_hint("as in `Database/field/password` or `keeper://Database/field/password`"));
    }
    Ok(())
}

/// Refuses a left side that ends in another part of an arrow, as in `->`, `=>` or `>>`.
pub(super) fn check_arrow(before: &str) -> Result<(), Error> {
    let start = before.trim_end().strip_suffix(['-', '=', '>']);
    if start.is_none_or(|start| !start.ends_with(char::is_whitespace)) {
        return Ok(());
    }
    let error = Error::new("the extra sign before the `>` would be part of the name before it");
    Err(error.with_hint("write `>` alone between the two"))
}

/// The error that a line has no `>`, with a hint at what it has instead.
pub(super) fn name_other_arrow(line: &str, missing_arrow: Error) -> Error {
    const ARROWS: [&str; 8] = ["→", "➜", "➔", "⇒", "＞", "›", "»", "&gt;"];
    let words: Vec<&str> = line.split_whitespace().collect();
    match ARROWS.iter().find(|arrow| words.contains(*arrow)) {
        Some(arrow) => missing_arrow.with_hint(format!("write `>` in place of `{arrow}`")),
        None => missing_arrow,
    }
}

/// Refuses a variable's name that is surely a mistake.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let is_after_blank = |sign: &str| {
        let mut before = name.match_indices(sign).filter_map(|(at, _)| name.get(..at));
        before.any(|before| before.ends_with(char::is_whitespace))
    };
    if is_after_blank("#") || is_after_blank("// ") {
        return Err(comment());
    }
    if name.starts_with('$') || name.len() > 2 && name.starts_with('%') && name.ends_with('%') {
        let error = Error::new("the name includes the `$` or `%` with which shells mark a variable");
        return Err(error.with_hint("write the name alone, as in `var:NAME`"));
    }
    if name.ends_with('?') {
        let error = Error::new("the `?` of an optional line is at its end, where it would be part of the name");
        return Err(error.with_hint("write it before the colon, as in `var?:NAME`"));
    }
    if name.rsplit_once(['+', '|']).is_some_and(|(_, word)| forms::is_form(word.trim())) {
        let error = Error::new("a form follows the name, where it would be part of it");
        return Err(error.with_hint("write it after the kind, as in `var+base64:NAME`"));
    }
    if let Some(kind) =
        kind_words().into_iter().find(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with([' ', '='])))
    {
        let error = Error::new(format!("expected a `:` after `{kind}`"));
        return Err(error.with_hint(format!("as in `{kind}:NAME`")));
    }
    if let Some(c) = name.chars().find(|c| is_blank(*c) || is_joined(*c)) {
        return Err(invisible(c));
    }
    check_any(name)
}

/// Refuses a path that is surely a mistake. It may contain more than a name: `My key #2.pem`, an emoji, a wide space.
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
        return Err(error.with_hint(WITHOUT_QUOTES));
    }
    let is_next =
        |part: &str| kind_words().iter().any(|kind| part.trim_start().strip_prefix(kind).is_some_and(is_prefix));
    if name.split([',', ';', '|', ' ']).skip(1).any(is_next) {
        let error = Error::new("a line has one destination, and a second one follows");
        return Err(error.with_hint("write a line for each, with the same notation"));
    }
    if name.ends_with([',', ';']) {
        let error = Error::new("the destination ends in a separator, which would be part of it");
        return Err(error.with_hint("leave the `,` or `;` out: each line is one mapping"));
    }
    Ok(())
}

pub(super) const WITHOUT_QUOTES: &str = "leave the quotes out; blanks inside need none";

/// Whether the text after a kind completes its prefix: `:`, `+form:`, `?:`.
fn is_prefix(rest: &str) -> bool {
    rest.starts_with([':', '+', '?']) && rest.contains(':')
}

fn comment() -> Error {
    Error::new("a `#` after a space does not begin a comment here, so it would be part of the destination")
        .with_hint("write the comment in a line of its own that begins with `#`")
}

fn invisible(c: char) -> Error {
    let code = u32::from(c);
    Error::new(format!("the destination contains the invisible character U+{code:04X}"))
        .with_hint("retype the line: such characters come along when a text is copied from a page or a chat")
}

/// Whether a character looks like a space, or like nothing, but is not the ordinary space.
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

    const COMMENT: &str = "a `#` after a space does not begin a comment here, so it would be part of the destination";
    const QUOTES: &str = "the destination is in quotes, which would be part of it";
    const SECOND: &str = "a line has one destination, and a second one follows";
    const SIGN: &str = "the name includes the `$` or `%` with which shells mark a variable";
    const OPTIONAL: &str = "the `?` of an optional line is at its end, where it would be part of the name";
    const FORM: &str = "a form follows the name, where it would be part of it";
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
            ("A // the password", Some(COMMENT), None),
            ("A//b", None, None),
            ("$A", Some(SIGN), None),
            ("${A}", Some(SIGN), None),
            ("%A%", Some(SIGN), None),
            ("A%", None, None),
            ("A?", Some(OPTIONAL), None),
            ("A+base64", Some(FORM), None),
            ("A | json", Some(FORM), None),
            ("A+b", None, None),
            ("A var:B", Some(SECOND), Some(SECOND)),
            ("var A", Some("expected a `:` after `var`"), None),
            ("env=A", Some("expected a `:` after `env`"), None),
            ("file.name", None, None),
            ("variable", None, None),
            ("Datenbank.Größe-1", None, None),
        ] {
            assert_eq!(text(check_name(written)).as_deref(), as_name, "{written:?} as a name");
            assert_eq!(text(check_path(written)).as_deref(), as_path, "{written:?} as a path");
        }
    }

    #[test]
    fn a_notation_that_nobody_can_have_meant_is_refused() {
        const QUOTED: &str = "the line or its notation is in quotes, which would be part of the names";
        const ADDRESS: &str = "a notation begins with a record or with `keeper://`, unlike this address";
        const TEMPLATE: &str = "`${…}` is for templates, and would be part of the record's title";
        for (notation, destination, message) in [
            ("\"A/type\"", "var:B", Some(QUOTED)),
            ("'A/type", "var:B'", Some(QUOTED)),
            ("'A' b/type", "var:B", None),
            ("\"A/type", "var:B", None),
            ("\"", "var:B", None),
            ("keeper:/A/type", "var:B", Some(ADDRESS)),
            ("https://keeper.test/A/type", "var:B", Some(ADDRESS)),
            ("KEEPER://A/type", "var:B", None),
            ("${keeper://A/type}", "var:B", Some(TEMPLATE)),
            ("${A}/type", "var:B", None),
        ] {
            let found = check_notation(notation, destination).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), message, "{notation} > {destination}");
        }
    }

    #[test]
    fn an_arrow_is_one_sign() {
        const TWO: &str = "the extra sign before the `>` would be part of the name before it";
        for (before, message) in [
            ("A/field/x -", Some(TWO)),
            ("A/field/x = ", Some(TWO)),
            ("A/field/x >", Some(TWO)),
            ("A/field/x\t> ", Some(TWO)),
            ("A/field/x-", None),
            ("A/field/<x>", None),
            ("A > b/field/x", None),
            ("-", None),
        ] {
            let found = check_arrow(before).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), message, "{before:?}");
        }
        for (line, hint) in [
            ("A/type → var:B", Some("write `>` in place of `→`")),
            ("A/type &gt; var:B", Some("write `>` in place of `&gt;`")),
            ("A/type var:B", None),
        ] {
            assert_eq!(name_other_arrow(line, Error::new("no arrow")).hint().as_deref(), hint, "{line}");
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
            let refused = format!("the destination contains the invisible character U+{:04X}", u32::from(c));
            assert_eq!(check_name(&name).map_err(|error| error.to_string()), Err(refused), "{name:?}");
            assert_eq!(check_path(&name).is_ok(), is_fine_in_a_path, "{name:?}");
        }
    }
}
