//! Base64 as Keeper's servers and configs write it: either alphabet, padded or not, perhaps wrapped.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

/// Reads any of the variants (RFC 4648 sections 4 and 5), skipping white space and padding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches(['=', '\r', '\n', ' ']).as_bytes();
    if let Ok(bytes) = LENIENT.decode(text) {
        return Some(bytes);
    }
    let normal: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=')
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    LENIENT.decode(normal).ok()
}

/// Writes the standard alphabet with padding (RFC 4648 section 4).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Writes the standard alphabet without padding.
pub(crate) fn encode_unpadded(bytes: &[u8]) -> String {
    general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// Writes the alphabet for URLs without padding (RFC 4648 section 5).
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_decodes_to_the_same_bytes() {
        for written in ["+/8=", "+/8", "-_8", "-_8=", "+/\n8=\n", "  +/8", "+ /8"] {
            assert_eq!(decode(written), Some(vec![0xfb, 0xff]), "{written:?}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for written in ["a", "ab*d", "äöü"] {
            assert_eq!(decode(written), None, "{written:?}");
        }
    }
}
