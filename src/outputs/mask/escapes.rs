//! Escaped forms of a value, as languages and tools write it for a URL, a shell, XML or JSON.
//!
//! The agent itself also hides each mask as a JSON string, and percent-encoded according to RFC 3986. These two are not
//! repeated, and a form that equals the value is left out.

use std::collections::HashSet;
use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::json::write_text;
use crate::secret::SecretText;

/// The longest value, in bytes, that is escaped: a longer one is a file, which tools print as it is.
const LONGEST: usize = 8 * 1024;

/// The usual escaped forms of a value that needs escaping.
pub(super) fn usual(text: &str) -> Vec<String> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let mut all = vec![json_variants(text)];
    // Only JSON shows several lines in one; anything that shows them one by one can't be masked as a whole.
    if !text.contains(['\n', '\r']) {
        all.extend([percent_encoded(text), quoted(text), entities(text)]);
    }
    others_than(known(text), all.into_iter().flatten())
}

/// The forms that fewer tools print.
pub(super) fn rare(text: &str) -> Vec<String> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    if text.contains(['\n', '\r']) {
        return lines_in_a_form(text);
    }
    let mut forms = vec![json_in_json(text), text.replace('\'', "\\'")];
    // In double quotes: bash (`export -p`). In single quotes: Python, Node, Perl and PHP.
    forms.extend(["\\\"$`", "\\", "\\'"].map(|escaped| with_backslashes(text, escaped)));
    // `docker compose config`, make.
    forms.push(text.replace('$', "$$"));
    others_than(known(text), forms.into_iter())
}

/// The value itself, and what the agent hides with it.
fn known(text: &str) -> [String; 3] {
    [text.to_owned(), json(text, |_| false, false), percent(text, "", false, false)]
}

/// The forms that differ from these and from each other. Those that are left out are as secret as the others, and wiped.
fn others_than<const N: usize>(known: [String; N], forms: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: HashSet<SecretText> = known.into_iter().map(SecretText::from).collect();
    // EXPOSE: the caller makes masks of them.
    let copy = |form: SecretText| known.insert(form.clone()).then(|| form.expose().to_owned());
    forms.map(SecretText::from).filter_map(copy).collect()
}

/// Several lines in the field of a form, as browsers, Python and `curl --data-urlencode` write them. The agent adds what is
/// percent-encoded in another way to each mask.
fn lines_in_a_form(text: &str) -> Vec<String> {
    let all = [percent(text, "", true, false), percent(text, "", true, true), percent(text, "", false, true)];
    others_than([percent(text, "", false, false)], all.into_iter())
}

/// A value as the agent prints the variables of a container: with its own escapes undone. The result may differ from
/// the value, which has been unescaped once already.
pub(super) fn unescaped_by_the_agent(text: &str) -> Option<String> {
    const ESCAPES: [(&str, &str); 5] = [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")];
    let start = Zeroizing::new(text.to_owned());
    let unescaped = ESCAPES.iter().fold(start, |text, (from, to)| Zeroizing::new(text.replace(from, to)));
    (*unescaped != text).then(|| unescaped.to_string())
}

/// A value as written in a logging command, which the agent quotes if it cannot execute it.
pub(super) fn in_a_command(text: &str) -> Option<String> {
    let escape = |text: Zeroizing<String>, from: char, to: &str| Zeroizing::new(text.replace(from, to));
    let start = Zeroizing::new(text.to_owned());
    let escaped = escape(escape(escape(start, '%', "%AZP25"), '\r', "%0D"), '\n', "%0A");
    (*escaped != text).then(|| escaped.to_string())
}

/// A percent-encoded text, decoded.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, others) {
            (b'%', [high, low, behind @ ..]) if digit(high).is_some() && digit(low).is_some() => {
                bytes.push(digit(high).unwrap_or_default() << 4 | digit(low).unwrap_or_default());
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|decoded| decoded != text)
}

/// A text of XML or HTML with its entities decoded.
pub(super) fn without_entities(text: &str) -> Option<String> {
    const ENTITIES: [(&str, &str); 9] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    let plain = ENTITIES.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    (plain != text).then_some(plain)
}

/// The forms of JavaScript's `encodeURIComponent`, Python's `quote` and `quote_plus`, and form encodings of browsers,
/// Java and .NET, also with lower-case digits.
fn percent_encoded(text: &str) -> Vec<String> {
    const JAVASCRIPT: &str = "!'()*";
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
    if plain && !text.contains('~') {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for is_lower in [false, true] {
        for (safe, is_form) in [(JAVASCRIPT, false), ("/", false), ("", true), ("", false), ("!()*", true)] {
            forms.push(percent(text, safe, is_form, is_lower));
        }
    }
    // In form encoding, browsers and Java escape the tilde, but not the asterisk.
    forms.push(percent(text, "*", true, false).replace('~', "%7E"));
    forms
}

/// Percent-encodes all but RFC 3986's unreserved characters and those in `safe`. Form encoding writes a space as `+`.
fn percent(text: &str, safe: &str, is_form: bool, is_lower: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-_.~".contains(c) || (byte.is_ascii() && safe.contains(c)) {
            encoded.push(c);
        } else if is_form && c == ' ' {
            encoded.push('+');
        } else if is_lower {
            let _ = write!(encoded, "%{byte:02x}");
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A text in quotes.
fn quoted(text: &str) -> Vec<String> {
    // In single quotes: bash and dash (also by `set -x`), PowerShell and SQL.
    let mut forms = ["'\\''", "'\"'\"'", "''"].map(|quote| text.replace('\'', quote)).to_vec();
    // In double quotes: CSV and cmd.
    forms.push(text.replace('"', "\"\""));
    forms
}

/// A text with a backslash before each of these characters.
fn with_backslashes(text: &str, escaped: &str) -> String {
    let mut written = String::with_capacity(2 * text.len());
    for c in text.chars() {
        if escaped.contains(c) {
            written.push('\\');
        }
        written.push(c);
    }
    written
}

/// Entities: of text, of attributes, and with the quotes that various writers choose.
fn entities(text: &str) -> Vec<String> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Vec::new();
    }
    let element = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let attribute = element.replace('"', "&quot;");
    let quotes = ["&#39;", "&apos;", "&#x27;"].map(|quote| attribute.replace('\'', quote));
    let numeric = element.replace('"', "&#34;").replace('\'', "&#39;");
    let lean = text.replace('&', "&amp;").replace('<', "&lt;");
    [vec![element, attribute], quotes.to_vec(), vec![numeric, lean]].concat()
}

fn json_in_json(text: &str) -> String {
    json(&Zeroizing::new(json(text, |_| false, false)), |_| false, false)
}

/// JSON that is safe in HTML (Go, PowerShell, Gson, .NET), in ASCII (Python) or with escaped slashes (PHP), and a text
/// in which only line ends are escaped.
fn json_variants(text: &str) -> Vec<String> {
    let is_ascii = |c: char| !c.is_ascii();
    let mut forms = vec![
        json(text, |c| "&<>".contains(c), false),
        json(text, |c| "&<>'".contains(c), false),
        json(text, |c| "&<>'=".contains(c), false),
        json(text, |c| "\"&<>'+`".contains(c) || is_ascii(c), true),
        json(text, is_ascii, false),
        json(text, |_| false, false).replace('/', "\\/"),
    ];
    if text.contains(['\n', '\r']) {
        forms.push(text.replace('\r', "\\r").replace('\n', "\\n"));
    }
    forms
}

/// A JSON string without its quotes, in which some characters are written as `\u0026`.
fn json(text: &str, is_escaped: impl Fn(char) -> bool, is_upper: bool) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = if is_upper { write!(written, "\\u{unit:04X}") } else { write!(written, "\\u{unit:04x}") };
            }
            continue;
        }
        let mut quoted = String::new();
        write_text(c.encode_utf8(&mut [0; 4]), &mut quoted);
        written.push_str(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default());
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escapes(text: &str) -> Vec<String> {
        [usual(text), rare(text)].concat()
    }

    #[test]
    fn a_value_without_special_characters_has_no_escapes() {
        for value in ["s3cr3t-p4ssw0rd", "s3cr3t_p4ss.w0rd", "", "0"] {
            assert_eq!(escapes(value), [""; 0], "{value}");
        }
    }

    #[test]
    fn a_value_is_escaped_as_tools_escape_it() {
        for (value, form) in [
            // encodeURIComponent, quote, quote_plus, URLSearchParams, HttpUtility.UrlEncode
            ("p@ss/w0rd!", "p%40ss%2Fw0rd!"),
            ("p@ss/w0rd!", "p%40ss/w0rd%21"),
            ("p@ss w0rd/", "p%40ss+w0rd%2F"),
            ("p@ss w0rd!", "p%40ss+w0rd%21"),
            ("p@ss w0rd!", "p%40ss+w0rd!"),
            ("p@ss~w*rd", "p%40ss%7Ew*rd"),
            ("p@ss/w0rd", "p%40ss%2fw0rd"),
            ("pässwörd", "p%c3%a4ssw%c3%b6rd"),
            // bash, dash, PowerShell
            ("it's s3cr3t", r"it'\''s s3cr3t"),
            ("it's s3cr3t", r#"it'"'"'s s3cr3t"#),
            ("it's s3cr3t", "it''s s3cr3t"),
            ("pa$$w0rd`", r"pa\$\$w0rd\`"),
            // docker compose config, make
            ("pa$$w0rd", "pa$$$$w0rd"),
            // repr of Python, Node's console.log, Data::Dumper of Perl
            ("dom\\us\"er", "dom\\\\us\"er"),
            ("dom\\us\"'er", "dom\\\\us\"\\'er"),
            // XML and HTML
            ("a<b>&c", "a&lt;b&gt;&amp;c"),
            ("a\"b'c", "a&quot;b&#39;c"),
            ("a\"b'c", "a&quot;b&apos;c"),
            ("a\"b'c", "a&quot;b&#x27;c"),
            ("a\"b'c", "a&#34;b&#39;c"),
            // Go, PowerShell, .NET, Python, PHP
            ("a<b>&c", r"a\u003cb\u003e\u0026c"),
            ("it's <b>", r"it\u0027s \u003cb\u003e"),
            ("a+b", r"a\u002Bb"),
            ("grüße", r"gr\u00fc\u00dfe"),
            ("key🔑", r"key\ud83d\udd11"),
            ("a/b", r"a\/b"),
            ("a\"\nb", r#"a"\nb"#),
            // JSON in JSON
            ("a\"b", r#"a\\\"b"#),
        ] {
            assert!(escapes(value).iter().any(|found| found == form), "{form} of {value}: {:?}", escapes(value));
        }
    }

    #[test]
    fn several_lines_are_masked_as_forms_have_them() {
        for (value, forms) in [
            ("one line\ntwo+", vec!["one+line%0Atwo%2B", "one+line%0atwo%2b", "one%20line%0atwo%2b"]),
            ("a\r\nb", vec!["a%0d%0ab"]),
        ] {
            assert_eq!(rare(value), forms, "{value:?}");
        }
    }

    #[test]
    fn what_the_agent_hides_by_itself_is_not_repeated() {
        for (value, form) in [("p@ss w0rd", "p%40ss%20w0rd"), ("a\nb", r"a\nb"), ("a\"b", r#"a\"b"#), ("a&b", "a&b")] {
            assert!(!escapes(value).iter().any(|found| found == form), "{value}");
        }
        assert_eq!(escapes("p@ssw0rd"), [""; 0].map(str::to_owned), "{:?}", escapes("p@ssw0rd"));
    }

    #[test]
    fn escapes_are_undone() {
        for (text, decoded) in [("p%40ss%2fw", Some("p@ss/w")), ("p%zzss", None), ("%", None), ("100%41", Some("100A"))]
        {
            assert_eq!(percent_decoded(text).as_deref(), decoded, "{text}");
        }
        assert_eq!(without_entities("a&amp;lt;&apos;").as_deref(), Some("a&lt;'"));
        assert_eq!(unescaped_by_the_agent("a%3Bb%AZP25c").as_deref(), Some("a;b%c"));
        assert_eq!(unescaped_by_the_agent("a;b%c"), None);
        assert_eq!(in_a_command("a%b\r\nc").as_deref(), Some("a%AZP25b%0D%0Ac"));
        assert_eq!(in_a_command("abc"), None);
    }
}
