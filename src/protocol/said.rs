//! Keeper's own messages, without what must not be printed.

use std::fmt::Write as _;

use crate::base64;
use crate::secret::SecretText;
use crate::text::shown;

/// How many consecutive characters of the client's id a word may share with it before it must not be printed.
const TELLING_LEN: usize = 8;

/// A text from Keeper as a message may show it: on one line, and without the client's id in any form.
#[must_use]
pub fn said(text: &str, client_id: &SecretText) -> String {
    let line: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let line = shown(line.trim());
    // EXPOSE: only what a text shares with it is looked at.
    let forms = forms(client_id.expose());
    let mut kept = String::new();
    for word in line.split_inclusive(|c| !is_inside(c)) {
        let end = word.chars().last().filter(|c| !is_inside(*c));
        let inside = word.trim_end_matches(|c| !is_inside(c));
        kept.push_str(if forms.iter().any(|form| shares(&plain(inside), form)) { "…" } else { inside });
        kept.extend(end);
    }
    kept
}

/// Whether a character may occur in Base64 or hexadecimal digits, also percent-encoded or in JSON.
fn is_inside(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=-_%\\".contains(c)
}

/// The id in Base64, that in Base64 again, and its bytes in hexadecimal digits.
fn forms(client_id: &str) -> [String; 3] {
    let bytes = base64::decode(client_id).unwrap_or_else(|| client_id.as_bytes().to_vec());
    let mut hex = String::new();
    for byte in &bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    let once = base64::encode(&bytes);
    [plain(&base64::encode(once.as_bytes())), plain(&once), hex]
}

/// A word normalized over alphabets, escapes and case.
fn plain(word: &str) -> String {
    let mut plain = word.to_ascii_lowercase().replace("%25", "%");
    for (written, meant) in [("%2b", "+"), ("%2f", "/"), ("%3d", "="), ("-", "+"), ("_", "/"), ("\\", "")] {
        plain = plain.replace(written, meant);
    }
    plain
}

fn shares(word: &str, form: &str) -> bool {
    let windows = word.as_bytes().windows(TELLING_LEN);
    windows.into_iter().any(|window| form.as_bytes().windows(TELLING_LEN).any(|other| other == window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_id_is_left_out_in_whatever_form_it_comes() {
        let bytes: Vec<u8> = (0..64u8).map(|byte| byte.wrapping_mul(37)).collect();
        let id = base64::encode(&bytes);
        let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
        let percent = id.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for form in [
            id.clone(),
            id.trim_end_matches('=').to_owned(),
            id.replace('+', "-").replace('/', "_"),
            percent.replace('%', "%25"),
            percent.to_lowercase(),
            id.replace('/', "\\/"),
            base64::encode(id.as_bytes()),
            hex.to_lowercase(),
            hex,
            id.chars().take(20).collect(),
            id.chars().skip(31).take(9).collect(),
        ] {
            for (text, expected) in [
                (format!("the client '{form}' is\nunknown"), "the client '…' is unknown"),
                (format!("clientId:{form}"), "clientId:…"),
            ] {
                assert_eq!(said(&text, &SecretText::from(id.as_str())), expected);
            }
        }
    }

    #[test]
    fn other_words_stay() {
        let id = SecretText::from(base64::encode(&[7; 64]));
        for (text, expected) in [
            ("Unable to validate application access", "Unable to validate application access"),
            ("record BwcHBgcHBwYHBwcGBwcHBg, see a/b", "record BwcHBgcHBwYHBwcGBwcHBg, see a/b"),
            (" two\nlines ", "two lines"),
            ("a\u{200B}b", "…"),
            (&"x".repeat(401), "…"),
        ] {
            assert_eq!(said(text, &id), expected);
        }
    }
}
