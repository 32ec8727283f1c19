//! JSON strings. Anything invalid in UTF-8 or UTF-16 becomes U+FFFD, as in JavaScript.

use std::borrow::Cow;

use hifijson::escape::{self, Lex as _};
use hifijson::str::LexWrite as _;
use hifijson::{Read as _, SliceLexer};

use super::reader::Stuck;

/// Reads a string whose opening quote has been read.
///
/// Half a surrogate pair, which JavaScript leaves when it cuts a text, and invalid UTF-8 are replaced by U+FFFD.
pub(super) fn read<'a>(lexer: &mut SliceLexer<'a>) -> Result<Cow<'a, str>, Stuck> {
    let on_string = |bytes: &mut &'a [u8], text: &mut Cow<'a, str>| {
        match String::from_utf8_lossy(bytes) {
            part if part.is_empty() => {}
            part if text.is_empty() => *text = part,
            part => text.to_mut().push_str(&part),
        }
        Ok(())
    };
    lexer.str_fold(Cow::Borrowed(""), on_string, |lexer, text| {
        text.to_mut().push(escaped(lexer)?);
        Ok::<_, Stuck>(())
    })
}

/// Skips a string whose opening quote has been read.
pub(super) fn skip(lexer: &mut SliceLexer<'_>) -> Result<(), Stuck> {
    // Faster than the lexer's own skipping, as this looks for the end in one tight loop.
    lexer.str_fold((), |_, ()| Ok(()), |lexer, ()| escaped(lexer).map(drop))
}

/// The character of an escape whose backslash has been read.
fn escaped(lexer: &mut SliceLexer<'_>) -> Result<char, Stuck> {
    let kind = lexer.take_next().ok_or(Stuck)?;
    if kind != b'u' {
        return lexer.escape(kind).map_err(|_: escape::Error| Stuck);
    }
    let unit: u16 = lexer.hex().map_err(|_: escape::Error| Stuck)?;
    let Some(low) = low_surrogate(lexer.as_slice()).filter(|_| matches!(unit, 0xD800..=0xDBFF)) else {
        return Ok(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
    };
    lexer.strip_prefix(b"\\u");
    let _: Result<u16, escape::Error> = lexer.hex();
    let mut decoded = char::decode_utf16([unit, low]);
    Ok(decoded.next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// The second half of a surrogate pair, if one follows.
fn low_surrogate(rest: &[u8]) -> Option<u16> {
    let mut ahead = SliceLexer::new(rest.strip_prefix(b"\\u")?);
    ahead.hex().ok().filter(|unit| matches!(unit, 0xDC00..=0xDFFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_whole(json: &[u8]) -> Option<String> {
        let mut lexer = SliceLexer::new(json.strip_prefix(b"\"")?);
        let text = read(&mut lexer).ok()?.into_owned();
        let mut skipped = SliceLexer::new(json.strip_prefix(b"\"")?);
        assert!(skip(&mut skipped).is_ok() && skipped.as_slice() == lexer.as_slice(), "skipped as it is read");
        lexer.as_slice().is_empty().then_some(text)
    }

    #[test]
    fn a_string_is_read_as_in_javascript() {
        for (json, text) in [
            (&br#""a\/b""#[..], "a/b"),
            (br#""\ud83d\ude00""#, "\u{1f600}"),
            (br#""cut \ud83d""#, "cut \u{fffd}"),
            (br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (br#""\ude00\ud83d!""#, "\u{fffd}\u{fffd}!"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (br#""\ud83d\n""#, "\u{fffd}\n"),
            (b"\"\xff\"", "\u{fffd}"),
            (b"\"a\xe2\x82\"", "a\u{fffd}"),
            (b"\"\xf0\x9f\x98\\n\x80\"", "\u{fffd}\n\u{fffd}"),
            (b"\"\xed\xa0\xbd\"", "\u{fffd}\u{fffd}\u{fffd}"),
            ("\"\u{feff}ü\"".as_bytes(), "\u{feff}ü"),
        ] {
            assert_eq!(read_whole(json).as_deref(), Some(text), "{}", json.escape_ascii());
        }
    }

    #[test]
    fn what_javascript_refuses_is_no_string() {
        for json in [&b"\"a"[..], b"\"\n\"", br#""\x""#, br#""\u12g4""#, br#""\ud83d\u12g4""#, br#""\u12"#, br#""\"#] {
            assert_eq!(read_whole(json), None, "{}", json.escape_ascii());
        }
    }
}
