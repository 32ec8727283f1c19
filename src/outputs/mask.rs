//! Which texts the agent has to hide in every log: a secret and the forms in which it usually gets printed.
//!
//! The agent itself adds each text's JSON-escaped and URI-escaped forms. It compares line by line, so a text of several
//! lines is also masked line by line.

use std::collections::HashSet;

use crate::base64;
use crate::json::Value;
use crate::secret::SecretText;

/// A whole value shorter than this is not masked: three characters would be hidden all over the log.
pub const MIN_WHOLE: usize = 4;
/// A part of JSON shorter than this is not masked.
pub const MIN_PART: usize = 6;
/// A line of a text shorter than this is not masked: `set -e` is no secret.
pub const MIN_LINE: usize = 8;
/// Values from this size in bytes are also masked in Base64.
const MIN_BASE64: usize = 8;
/// Values over this size in bytes are not masked in Base64: the log would grow by four times as much.
const MAX_BASE64: usize = 16 * 1024;

/// Collects masks, each text once, in the order in which they came up.
#[derive(Debug, Default)]
pub struct Masks {
    known: HashSet<SecretText>,
    fresh: Vec<SecretText>,
}

impl Masks {
    /// Masks a value and its usual forms. Says how many forms there are; none if the value is blank or too short.
    pub fn add_value(&mut self, value: &str) -> usize {
        let forms = forms(value);
        let count = forms.len();
        for form in forms {
            if self.known.insert(form.clone()) {
                self.fresh.push(form);
            }
        }
        count
    }

    /// Masks a text as it is, in one piece, unless it is as short as `{}`.
    pub fn add_whole(&mut self, text: &str) {
        if text.len() < MIN_LINE {
            return;
        }
        let text = SecretText::from(text);
        if self.known.insert(text.clone()) {
            self.fresh.push(text);
        }
    }

    /// Takes the masks that came up since the last time.
    pub fn take(&mut self) -> Vec<SecretText> {
        std::mem::take(&mut self.fresh)
    }
}

/// A value and the forms in which it usually gets printed, each once.
#[must_use]
pub fn forms(value: &str) -> Vec<SecretText> {
    let mut forms = Forms::default();
    forms.add_text(value, MIN_WHOLE);
    if !value.trim().is_empty() {
        // The agent quotes a command that it can't carry out as it came.
        forms.add(&value.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A"), MIN_WHOLE);
    }
    if value.trim_start().starts_with(['{', '['])
        && let Ok(json) = Value::parse(value)
    {
        forms.add_leaves(&json);
    }
    forms.list
}

#[derive(Default)]
struct Forms {
    seen: HashSet<SecretText>,
    list: Vec<SecretText>,
}

impl Forms {
    /// Adds a text as it is, if it is long enough and not blank.
    fn add(&mut self, text: &str, min_len: usize) {
        if text.trim().is_empty() || text.chars().count() < min_len {
            return;
        }
        let text = SecretText::from(text);
        if self.seen.insert(text.clone()) {
            self.list.push(text);
        }
    }

    fn add_text(&mut self, text: &str, min_len: usize) {
        if text.trim().is_empty() {
            return;
        }
        self.add(text, min_len);
        self.add(text.trim(), min_len);
        if text.trim().contains(['\n', '\r']) {
            self.add(&text.trim_end().replace('\r', "\\r").replace('\n', "\\n"), min_len);
            for line in text.split(['\n', '\r']).map(str::trim).filter(|line| !is_everyones(line)) {
                self.add(line, MIN_LINE);
            }
        }
        if (MIN_BASE64..=MAX_BASE64).contains(&text.len()) {
            self.add(&base64::encode(text.as_bytes()), min_len);
            for offset in 0..3 {
                self.add(&base64_inside(text.as_bytes(), offset), min_len);
            }
        }
        if let Some(password) = url_password(text) {
            self.add_text(password, MIN_WHOLE);
        }
        if let Some(seed) = totp_seed(text.trim()) {
            self.add(seed, MIN_WHOLE);
        }
    }

    fn add_leaves(&mut self, value: &Value) {
        match value {
            // EXPOSE: masks are handed to the agent, which hides them.
            Value::Text(text) => self.add_text(text.expose(), MIN_PART),
            Value::Number(number) => self.add(number.expose(), MIN_PART),
            Value::List(values) => values.iter().for_each(|value| self.add_leaves(value)),
            Value::Object(members) => members.iter().for_each(|(_, value)| self.add_leaves(value)),
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Lines that are the same in many texts: around the key in PEM, and at the start of a script.
fn is_everyones(line: &str) -> bool {
    line.starts_with("-----BEGIN ") || line.starts_with("-----END ") || line.starts_with("#!")
}

/// The characters that stand in Base64 of any text that holds `bytes`, `offset` bytes (modulo 3) from its start.
fn base64_inside(bytes: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let encoded = base64::encode_unpadded(&padded);
    // A character at either end that also depends on a neighbour's bits is left out.
    let skipped = (offset * 8).div_ceil(6);
    let kept = (padded.len() * 8 / 6).saturating_sub(skipped);
    encoded.chars().skip(skipped).take(kept).collect()
}

/// The password in `scheme://user:password@host`.
fn url_password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

/// The seed in an otpauth URI.
fn totp_seed(text: &str) -> Option<&str> {
    let start = text.get(..8)?;
    if !start.eq_ignore_ascii_case("otpauth:") {
        return None;
    }
    let (_, query) = text.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("secret="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks_of(value: &str) -> Vec<String> {
        forms(value).iter().map(|mask| mask.expose().to_owned()).collect()
    }

    #[test]
    fn a_value_is_masked_in_its_usual_forms() {
        assert_eq!(masks_of("s3cr3t"), ["s3cr3t"]);
        assert_eq!(
            masks_of(" s3cr3t "),
            [" s3cr3t ", "s3cr3t", "IHMzY3IzdCA=", "IHMzY3IzdC", "BzM2NyM3Qg", "gczNjcjN0I"]
        );
        assert_eq!(
            masks_of("ab\nsecond"),
            ["ab\nsecond", "ab\\nsecond", "YWIKc2Vjb25k", "FiCnNlY29uZ", "hYgpzZWNvbm", "ab%0Asecond"]
        );
        assert_eq!(masks_of("s3c%r"), ["s3c%r", "s3c%AZP25r"]);
    }

    #[test]
    fn base64_of_a_longer_text_is_masked_wherever_the_value_stands_in_it() {
        let value = "s3cr3t-p4ssw0rd";
        let masks = masks_of(value);
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                let encoded = base64::encode(format!("{before}{value}{after}").as_bytes());
                assert!(masks.iter().any(|mask| encoded.contains(mask.as_str())), "{before}…{after}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_structured_value_are_masked() {
        for (value, part) in [
            (r#"{"user":"alice","pass":["p4ssw0rd",123456789]}"#, "p4ssw0rd"),
            (r#"{"user":"alice","pass":["p4ssw0rd",123456789]}"#, "123456789"),
            (" {\"url\":\"https://alice:p4ss%40@host.test/x\"}", "p4ss%40"),
            ("https://alice:p4ss%40@host.test/x", "p4ss%40"),
            ("otpauth://totp/x?issuer=y&secret=JBSWY3DP", "JBSWY3DP"),
            ("-----BEGIN KEY-----\r\nMIIB0123\r\n-----END KEY-----\r\n", "MIIB0123"),
        ] {
            assert!(masks_of(value).iter().any(|mask| mask == part), "{value}");
        }
        let pem = masks_of("-----BEGIN KEY-----\nMIIB0123\n-----END KEY-----\n");
        assert!(!pem.iter().any(|mask| mask == "-----BEGIN KEY-----" || mask == "-----END KEY-----"));
    }

    #[test]
    fn nothing_is_masked_that_is_blank_or_too_short() {
        for value in ["", " ", "\n\n", "         ", "abc", "1"] {
            assert_eq!(masks_of(value), [""; 0], "{value:?}");
        }
    }

    #[test]
    fn a_mask_comes_up_once() {
        let mut masks = Masks::default();
        assert_eq!(masks.add_value("s3cr3t"), 1);
        assert_eq!(masks.take(), [SecretText::from("s3cr3t")]);
        assert_eq!(masks.add_value("s3cr3t"), 1);
        assert_eq!(masks.take(), []);
        assert_eq!(masks.add_value("abc"), 0);
    }

    #[test]
    fn a_value_over_16_kib_is_not_masked_in_base64() {
        for (size, is_masked) in [(16_384, true), (16_385, false)] {
            let value = "x".repeat(size);
            assert_eq!(masks_of(&value).contains(&base64::encode(value.as_bytes())), is_masked, "{size} bytes");
        }
    }

    #[test]
    fn a_text_that_is_masked_as_a_whole_has_eight_characters_at_least() {
        for (text, masks) in [("{\"a\":1}", 0), ("{\"ab\":1}", 1), ("{\"abc\":1}", 1)] {
            let mut found = Masks::default();
            found.add_whole(text);
            assert_eq!(found.take(), vec![SecretText::from(text); masks], "{text}");
        }
    }
}
