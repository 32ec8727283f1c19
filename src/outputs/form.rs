//! Formatting of values: what each form makes of one, JSON and dotenv.

use std::fmt::Write as _;

use super::transform;
use crate::base64;
use crate::error::Error;
use crate::inputs::forms::Transform;
use crate::json::{Value, write_text};
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;

/// A field of a whole record: its label, or else its type, and its value.
#[derive(Clone, Debug)]
pub struct NamedValue {
    /// The label, or the type of a field without one.
    pub name: String,
    /// The value; a list if the field has several.
    pub value: Value,
}

/// What a form makes of a value.
///
/// # Errors
/// The form cannot be applied to this value.
pub fn apply(transform: Transform, bytes: &SecretBytes) -> Result<SecretBytes, Error> {
    // EXPOSE: the result is a secret again.
    let raw = bytes.expose();
    let text = |purpose| bytes.to_text().ok_or_else(|| not_text_for(purpose));
    let changed = |purpose, change: &dyn Fn(&str) -> String| Ok(SecretText::from(change(text(purpose)?.expose())));
    let written = match transform {
        Transform::Base64 => SecretText::from(base64::encode(raw)),
        Transform::Base64Url => SecretText::from(base64::encode_url(raw)),
        Transform::Hex => SecretText::from(transform::hex(raw)),
        Transform::Sha256 => SecretText::from(transform::sha256(raw)),
        Transform::Md5 => SecretText::from(transform::md5(raw)),
        Transform::UrlEncode => SecretText::from(transform::url_encode(raw)),
        Transform::UrlEncodePlus => SecretText::from(transform::url_encode_plus(raw)),
        Transform::Unbase64 => return unbase64(bytes).map(SecretBytes::from),
        Transform::Unhex => return transform::unhex(raw).map(SecretBytes::from).ok_or_else(not_hex),
        Transform::Trim => changed("be trimmed", &|text| transform::trim(text).to_owned())?,
        Transform::Text => changed("be a text file", &transform::text_file)?,
        Transform::Upper => changed("be written in capitals", &str::to_uppercase)?,
        Transform::Lower => changed("be written in small letters", &str::to_lowercase)?,
        Transform::Json => json_string(&text("be quoted")?),
        Transform::Xml => xml_text(&text("be quoted")?).ok_or_else(control_character)?,
        Transform::Dotenv => dotenv_value(&text("be quoted")?).ok_or_else(unquotable)?,
        // The code is computed where the time is known.
        Transform::Totp => return Ok(bytes.clone()),
    };
    Ok(to_bytes(&written))
}

fn unbase64(bytes: &SecretBytes) -> Result<Vec<u8>, Error> {
    let text = bytes.to_text().ok_or_else(not_base64)?;
    // EXPOSE: the result is a secret again.
    let text = text.expose().trim();
    // Base64 from Keeper's servers is read leniently; what an author calls Base64 must be valid.
    let has_strays = text.trim_end_matches('=').contains(['=', ' ', '\t']);
    base64::decode(text).filter(|_| !has_strays).ok_or_else(not_base64)
}

fn not_base64() -> Error {
    Error::new("the value is not Base64, so it cannot be decoded")
}

/// The error for content that is not text, but whose purpose needs text, as in "be put into a template".
pub(crate) fn not_text_for(purpose: &str) -> Error {
    Error::new(format!("the content is not text (UTF-8), so it cannot {purpose}")).with_hint(IN_BASE64)
}

fn control_character() -> Error {
    Error::new("the value contains a control character, which XML cannot represent").with_hint(IN_BASE64)
}

fn unquotable() -> Error {
    Error::new("the value means different things to different readers of dotenv files, however it is quoted")
        .with_hint(IN_BASE64)
}

const IN_BASE64: &str = "encode it in Base64, as in `${keeper://… | base64}` or `+base64`";

fn not_hex() -> Error {
    Error::new("the value is not hexadecimal, so it cannot be decoded")
        .with_hint("`unhex` takes two digits for each byte, and nothing between them")
}

/// A text's bytes in UTF-8.
#[must_use]
pub fn to_bytes(text: &SecretText) -> SecretBytes {
    // EXPOSE: the bytes are a secret as well.
    SecretBytes::from(text.expose().as_bytes().to_vec())
}

/// A text as a JSON string, in its quotes. YAML reads the same in double quotes.
#[must_use]
pub fn json_string(text: &SecretText) -> SecretText {
    // EXPOSE: the JSON is a secret again.
    let mut quoted = String::new();
    write_text(text.expose(), &mut quoted);
    let quoted = SecretText::from(quoted);
    if !quoted.expose().contains(is_escaped_for_yaml) {
        return quoted;
    }
    let mut escaped = String::new();
    for c in quoted.expose().chars() {
        if is_escaped_for_yaml(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    SecretText::from(escaped)
}

/// Characters that JSON need not escape, but that YAML forbids or takes for a line end (YAML 1.2, 5.1; YAML 1.1, 5.4).
fn is_escaped_for_yaml(c: char) -> bool {
    matches!(c, '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The name of a variable for a field: `_` for everything but letters, digits and `_`, in upper case unless it keeps
/// its case. Letters may be of any script: the agent and the environment accept them all.
#[must_use]
pub fn variable_name(field: &str, keeps_case: bool) -> String {
    let name: String = field.chars().map(|c| if is_part_of_a_word(c) { c } else { '_' }).collect();
    if keeps_case { name } else { name.chars().map(in_upper_case).collect() }
}

/// Letters and digits of any script, and marks that belong to a letter although Unicode does not call them alphabetic:
/// accents, tones, and the virama and nukta of Indic scripts, each of which has one place in its block.
fn is_part_of_a_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{300}'..='\u{36F}' | '\u{DCA}' | '\u{E47}'..='\u{E4E}' | '\u{EC8}'..='\u{ECD}' | '\u{1037}'..='\u{103A}')
        || matches!(c, '\u{900}'..='\u{DFF}' if matches!(u32::from(c) & 0x7F, 0x3C | 0x4D))
}

/// A letter's upper case, if that is one letter; `ß` stays as it is, as it does for the agent.
fn in_upper_case(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// The same for a dotenv file, where shells know ASCII letters only, and no name may begin with a digit.
#[must_use]
pub fn dotenv_name(field: &str) -> String {
    let name: String = field.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = name.to_ascii_uppercase();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A whole record as one JSON object, with names as they are in Keeper.
#[must_use]
pub fn json_object(fields: &[NamedValue]) -> SecretText {
    Value::Object(fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()).to_json()
}

/// A whole record as lines `NAME=value` that shells and the dotenv parsers of Node and Python read alike.
///
/// # Errors
/// A value that they would read differently, however it is quoted.
pub fn dotenv(fields: &[NamedValue]) -> Result<SecretText, Error> {
    let mut lines = String::new();
    for field in fields {
        let value = field.value.render();
        // EXPOSE: the lines are a secret again.
        let quoted = quote(value.expose()).ok_or_else(|| unquotable_field(&field.name))?;
        lines.push_str(&dotenv_name(&field.name));
        lines.push('=');
        lines.push_str(&quoted);
        lines.push('\n');
    }
    Ok(SecretText::from(lines))
}

fn unquotable_field(field: &str) -> Error {
    Error::new(format!(
        "the value of the field `{}` means different things to different readers of dotenv files, however it is quoted",
        shown(field)
    ))
    .with_hint("use `file+json:`")
}

/// A value in the quotes that shells and dotenv parsers agree on, if there are any.
#[must_use]
pub fn dotenv_value(value: &SecretText) -> Option<SecretText> {
    // EXPOSE: the quoted text is a secret again.
    quote(value.expose()).map(SecretText::from)
}

/// A text for an element or attribute in XML; `None` if XML cannot represent one of its characters (XML 1.0, 2.2).
///
/// Besides the five special characters, white space that a parser would normalize becomes a reference: line ends, and
/// tabs for the sake of attributes (XML 1.0, 2.11 and 3.3.3).
#[must_use]
pub fn xml_text(text: &SecretText) -> Option<SecretText> {
    let mut escaped = String::new();
    // EXPOSE: the escaped text is a secret again.
    for c in text.expose().chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => return None,
            c => escaped.push(c),
        }
    }
    Some(SecretText::from(escaped))
}

/// A value in quotes that give it the same meaning everywhere, if there are any.
///
/// In single quotes, Python's dotenv still unescapes `\\` and `\'`. In double quotes, shells interpret `$`, `` ` ``,
/// `\` and `!`, and Node's dotenv knows `\n` but no other escape. Python's dotenv expands `${…}` in any quotes.
fn quote(value: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if value.contains("${") || value.contains(['\0', '\r']) {
        return None;
    }
    if !value.is_empty() && value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    if !value.contains('\'') && !value.contains("\\\\") && !value.ends_with('\\') {
        return Some(format!("'{value}'"));
    }
    if !value.contains(['"', '$', '`', '\\', '!']) {
        return Some(format!("\"{value}\""));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, json: &str) -> NamedValue {
        NamedValue { name: name.to_owned(), value: Value::parse(json).expect(json) }
    }

    #[test]
    fn no_form_makes_less_of_a_value_than_its_least_size() {
        let encoded = format!("{}\r\n", "QUJD".repeat(19)).repeat(3);
        let values =
            ["", "a", "ab", "abc", "\n\n\n\n", "AA==", "4142", "  4142  ", "\u{212A}\u{17F}", "a b/c&'", &encoded];
        for transform in Transform::all() {
            let mut made = 0;
            for value in values {
                let bytes = SecretBytes::from(value.as_bytes().to_vec());
                let Ok(result) = apply(transform, &bytes) else { continue };
                let (least, found) = (transform.least_size(value.len() as u64), result.expose().len() as u64);
                let is_exact = matches!(transform, Transform::Base64 | Transform::Base64Url | Transform::Hex);
                assert!(if is_exact { least == found } else { least <= found }, "{transform:?} of {value:?}: {found}");
                made += 1;
            }
            assert!(made > 2, "{transform:?} can be made of {made} values only");
        }
    }

    #[test]
    fn a_field_becomes_the_name_of_a_variable() {
        for (field, name) in [("password", "PASSWORD"), ("API key", "API_KEY"), ("a-b.c", "A_B_C")] {
            assert_eq!(variable_name(field, false), name, "{field}");
            assert_eq!(dotenv_name(field), name, "{field}");
        }
    }

    #[test]
    fn letters_are_letters_in_every_script() {
        for (field, name, in_dotenv) in [
            ("Größe", "GRÖßE", "GR__E"),
            ("Gro\u{308}ße", "GRO\u{308}ßE", "GRO__E"),
            ("パスワード 1", "パスワード_1", "______1"),
            ("пароль", "ПАРОЛЬ", "______"),
            ("密码（主）", "密码_主_", "_____"),
            ("हिन्दी", "हिन्दी", "______"),
            ("a\u{200B}b\u{202E}c\u{AD}😀", "A_B_C__", "A_B_C__"),
        ] {
            assert_eq!(variable_name(field, false), name, "{field}");
            assert_eq!(dotenv_name(field), in_dotenv, "{field}");
        }
    }

    #[test]
    fn in_a_dotenv_file_no_name_begins_with_a_digit() {
        for (field, name) in [("2nd key", "_2ND_KEY"), ("password", "PASSWORD")] {
            assert_eq!(dotenv_name(field), name, "{field}");
        }
    }

    #[test]
    fn a_json_string_is_one_for_yaml_too() {
        for (text, quoted) in [
            ("a\"b\\c\n", r#""a\"b\\c\n""#),
            ("ü😀", "\"ü😀\""),
            ("a\u{85}b\u{2028}c\u{FEFF}\u{7F}", r#""a\u0085b\u2028c\ufeff\u007f""#),
        ] {
            assert_eq!(json_string(&SecretText::from(text)).expose(), quoted, "{text:?}");
        }
    }

    #[test]
    fn a_text_of_xml_comes_back_as_it_was_from_elements_and_attributes() {
        for (text, escaped) in [
            ("a<b>&\"c\"'d'", Some("a&lt;b&gt;&amp;&quot;c&quot;&apos;d&apos;")),
            ("line\r\n\tnext", Some("line&#13;&#10;&#9;next")),
            ("ü😀", Some("ü😀")),
            ("a\u{1}b", None),
            ("a\0b", None),
        ] {
            let found = xml_text(&SecretText::from(text));
            assert_eq!(found.as_ref().map(SecretText::expose), escaped, "{text:?}");
        }
    }

    #[test]
    fn a_record_becomes_an_object_in_stored_order() {
        let fields =
            [named("login", r#""alice""#), named("host", r#"{"hostName":"db.test","port":"5432"}"#), named("n", "5")];
        assert_eq!(
            json_object(&fields).expose(),
            r#"{"login":"alice","host":{"hostName":"db.test","port":"5432"},"n":5}"#
        );
    }

    #[test]
    fn a_dotenv_value_has_the_quotes_that_mean_the_same_everywhere() {
        for (value, quoted) in [
            ("alice", Some("alice")),
            ("", Some("''")),
            ("two words", Some("'two words'")),
            ("pa$$w0rd!`\"#", Some("'pa$$w0rd!`\"#'")),
            ("C:\\temp", Some("'C:\\temp'")),
            ("it's", Some("\"it's\"")),
            ("line one\nline two", Some("'line one\nline two'")),
            ("it's $5", None),
            ("a\\\\b", None),
            ("ends in \\", None),
            ("${HOME}", None),
            ("a\r\nb", None),
        ] {
            assert_eq!(quote(value).as_deref(), quoted, "{value:?}");
        }
    }
}
