//! Base64 forms of a value: wherever it begins in the text that gets encoded, and as tools wrap it.

use crate::base64;

/// The smallest value, in bytes, that is masked in Base64.
const SHORTEST: usize = 8;
/// The largest, in bytes: the log would grow by four times as much.
const LONGEST: usize = 16 * 1024;
/// Bytes in a line of `base64`, which has 76 characters; a value that fits into one is not wrapped.
const COREUTILS: usize = 57;
/// Bytes in a line of `openssl base64` and PEM, which has 64 characters (RFC 7468).
const OPENSSL: usize = 48;

/// The characters that appear in Base64 of any text with these bytes in it: one form for each offset, modulo 3, at
/// which they may begin. The first one also hides the Base64 of the bytes alone, with or without a final line feed.
pub(super) fn anywhere(bytes: &[u8]) -> Vec<String> {
    if (SHORTEST..=LONGEST).contains(&bytes.len()) {
        (0..3).map(|offset| inside(bytes, offset)).collect()
    } else {
        Vec::new()
    }
}

/// The bytes alone in the Base64 of URLs, if that is another one.
pub(super) fn for_urls(bytes: &[u8]) -> Option<String> {
    let encoded = (SHORTEST..=LONGEST).contains(&bytes.len()).then(|| inside(bytes, 0))?;
    let for_urls = encoded.replace('+', "-").replace('/', "_");
    (for_urls != encoded).then_some(for_urls)
}

/// The lines in which `base64` and `openssl base64` print these bytes.
pub(super) fn wrapped(bytes: &[u8]) -> Vec<String> {
    if !(COREUTILS + 1..=LONGEST).contains(&bytes.len()) {
        return Vec::new();
    }
    let lines = [COREUTILS, OPENSSL].into_iter().flat_map(|width| bytes.chunks(width));
    lines.filter(|line| line.len() >= SHORTEST).map(|line| inside(line, 0)).collect()
}

/// The characters that do not depend on neighbouring bytes, if these bytes begin at `offset`, modulo 3.
fn inside(bytes: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let encoded = base64::encode_unpadded(&padded);
    // A character at either end that also encodes bits of a neighbour is left out.
    let skipped = (offset * 8).div_ceil(6);
    let kept = (padded.len() * 8 / 6).saturating_sub(skipped);
    encoded.chars().skip(skipped).take(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_hidden_wherever_it_is_in_what_gets_encoded() {
        for value in ["s3cr3t-p4ssw0rd", "s3cr3t-p4ssw0rd1", "s3cr3t-p4ssw0rd12"] {
            for before in ["", "a", "ab", "abc", "user:"] {
                for after in ["", "\n", "\r\n", "x", "xyz"] {
                    let encoded = base64::encode(format!("{before}{value}{after}").as_bytes());
                    let forms = anywhere(value.as_bytes());
                    assert!(forms.iter().any(|form| encoded.contains(form)), "{before}{value}{after:?}");
                }
            }
        }
    }

    #[test]
    fn a_longer_value_is_hidden_in_each_line_that_tools_print() {
        for size in [58, 96, 200, 2000] {
            let value: String = (0..size).map(|n: u32| char::from(b'!' + u8::try_from(n * 7 % 90).unwrap())).collect();
            let lines = wrapped(value.as_bytes());
            for after in ["", "\n"] {
                let encoded = base64::encode(format!("{value}{after}").as_bytes());
                for width in [64, 76] {
                    for line in encoded.as_bytes().chunks(width) {
                        let line = std::str::from_utf8(line).unwrap();
                        let hidden = lines.iter().filter(|form| line.contains(*form)).map(String::len).max();
                        // Of the last line a few characters hold what no mask can know.
                        assert!(line.len() < 16 || hidden.is_some_and(|len| len + 4 >= line.len()), "{size}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_base64_of_urls_is_hidden_where_it_differs() {
        for (value, form) in [
            ("what???why", Some("d2hhdD8_P3doe")),
            ("who?? me>", Some("d2hvPz8gbWU-")),
            ("s3cr3t-p4ss", None),
            ("a??", None),
        ] {
            assert_eq!(for_urls(value.as_bytes()).as_deref(), form, "{value}");
        }
    }

    #[test]
    fn short_values_are_not_encoded_nor_long_ones() {
        for (size, forms, lines) in [(7, 0, 0), (8, 3, 0), (57, 3, 0), (58, 3, 3), (16_384, 3, 630), (16_385, 0, 0)] {
            let value = vec![b'x'; size];
            assert_eq!((anywhere(&value).len(), wrapped(&value).len()), (forms, lines), "{size} bytes");
        }
    }
}
