//! Plain transformations of bytes and texts, each as Keeper's command line, which is Python, does it.

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest, Sha256};

/// Two digits for each byte, in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The bytes that hexadecimal digits of either case mean. White space around them is ignored.
#[must_use]
pub fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(value(high)? * 16 + value(low)?),
        _ => None,
    };
    digits.trim_ascii().chunks(2).map(byte).collect()
}

/// The SHA-256 in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The MD5 in hexadecimal digits: a checksum that some tools still ask for, no protection.
#[must_use]
pub fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Percent-encodes all but letters, digits and `_.-~/`, as Python's `quote`.
#[must_use]
pub fn url_encode(bytes: &[u8]) -> String {
    percent_encode(bytes, |byte| (byte == b'/').then_some('/'))
}

/// Percent-encodes all but letters, digits and `_.-~`, with `+` for a space, as Python's `quote_plus`.
#[must_use]
pub fn url_encode_plus(bytes: &[u8]) -> String {
    percent_encode(bytes, |byte| (byte == b' ').then_some('+'))
}

fn percent_encode(bytes: &[u8], exception: impl Fn(u8) -> Option<char>) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(byte) {
            encoded.push(char::from(*byte));
        } else if let Some(c) = exception(*byte) {
            encoded.push(c);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Removes white space around a text, as Python's `strip`, for which it includes ASCII's separators, and a byte order mark.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1C}'..='\u{1F}' | BYTE_ORDER_MARK))
}

/// Editors on Windows put it before a text.
pub const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A text file: each line ends in a line feed, the last one too, and no empty lines follow it. An empty text stays empty.
#[must_use]
pub fn text_file(text: &str) -> String {
    let mut file = text.replace("\r\n", "\n").replace('\r', "\n");
    file.truncate(file.trim_end_matches('\n').len());
    if !file.is_empty() {
        file.push('\n');
    }
    file
}

/// Whether a text is a private key that `ssh` and others refuse because of its line ends.
#[must_use]
pub fn is_key_with_odd_line_ends(text: &str) -> bool {
    let begins = text.trim_start().strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
    let is_key = begins.is_some_and(|(what, _)| what.ends_with("PRIVATE KEY"));
    is_key && (text.contains('\r') || !text.ends_with('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_their_standards() {
        assert_eq!(md5(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn hexadecimal_digits_come_back_as_bytes() {
        assert_eq!(unhex(hex(&[0, 10, 255]).as_bytes()), Some(vec![0, 10, 255]));
        assert_eq!(unhex(b" 00fF\n"), Some(vec![0, 255]));
        for digits in ["0", "0g", "00 00", "0x00", "+1"] {
            assert_eq!(unhex(digits.as_bytes()), None, "{digits}");
        }
    }

    #[test]
    fn urls_are_encoded_as_python_does() {
        let text = "a b/c?d=é&~_.-+%".as_bytes();
        assert_eq!(url_encode(text), "a%20b/c%3Fd%3D%C3%A9%26~_.-%2B%25");
        assert_eq!(url_encode_plus(text), "a+b%2Fc%3Fd%3D%C3%A9%26~_.-%2B%25");
    }

    #[test]
    fn a_trimmed_text_has_no_white_space_around_it() {
        assert_eq!(trim("\u{1C} \u{A0}\r\na b\t\u{3000}\u{85}"), "a b");
        assert_eq!(trim("\u{FEFF}a b\r\n"), "a b");
    }

    #[test]
    fn a_text_file_ends_in_one_line_feed() {
        for (text, file) in
            [("a\r\nb", "a\nb\n"), ("a\rb\r", "a\nb\n"), ("a\n\n\n", "a\n"), ("a\n", "a\n"), ("", ""), ("\n", "")]
        {
            assert_eq!(text_file(text), file, "{text:?}");
        }
    }

    #[test]
    fn a_key_with_odd_line_ends_is_found() {
        const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----";
        assert!(is_key_with_odd_line_ends(KEY));
        assert!(is_key_with_odd_line_ends(&format!("{}\r\n", KEY.replace('\n', "\r\n"))));
        assert!(!is_key_with_odd_line_ends(&format!("{KEY}\n")));
        assert!(!is_key_with_odd_line_ends("-----BEGIN CERTIFICATE-----\r\nAAAA"));
    }
}
