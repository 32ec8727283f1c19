//! The code that an authenticator app would show at this moment: RFC 6238 over an otpauth URI.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::secret::SecretText;

/// The parameters in an otpauth URI ("Key Uri Format"). The seed is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Totp {
    seed: Vec<u8>,
    #[zeroize(skip)]
    algorithm: Algorithm,
    digits: u32,
    period_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp([redacted])")
    }
}

/// The fewest seconds for which a code must stay valid, so that the next step can use it; else the next code is used.
const MIN_LEFT_S: u64 = 5;

impl Totp {
    /// Reads an otpauth URI, or a bare seed. Spaces, dashes and padding in it are skipped, as by authenticator apps.
    ///
    /// # Errors
    /// Why it gives no code.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(rest) = after_scheme(text, "otpauth") else {
            return match bare_seed(text) {
                Some(seed) => Ok(Self { seed: seed.to_vec(), algorithm: Algorithm::Sha1, digits: 6, period_s: 30 }),
                None if after_scheme(text, "otpauth-migration").is_some() => {
                    Err("it holds what an authenticator app exports, not an otpauth URI")
                }
                None => Err("it does not hold an otpauth URI, nor a seed alone"),
            };
        };
        Self::parse_rest(rest)
    }

    /// Reads the first otpauth URI in a text, to the end of its line, or else what [`Totp::parse`] reads.
    ///
    /// # Errors
    /// Why it gives no code.
    pub fn find(text: &str) -> Result<Self, &'static str> {
        const SCHEME: &[u8] = b"otpauth:";
        let start = text.as_bytes().windows(SCHEME.len()).position(|bytes| bytes.eq_ignore_ascii_case(SCHEME));
        let uri = start.and_then(|start| text.get(start..)?.lines().next());
        Self::parse(uri.unwrap_or(text))
    }

    /// Whether a text is an otpauth URI, valid or not, or a bare seed.
    #[must_use]
    pub fn is_made_of(text: &str) -> bool {
        after_scheme(text, "otpauth").is_some() || bare_seed(text).is_some()
    }

    /// Reads the part after the scheme.
    fn parse_rest(rest: &str) -> Result<Self, &'static str> {
        let refused = Err;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.split('/').next().is_some_and(|kind| kind.eq_ignore_ascii_case("hotp")) {
            return refused("it counts uses (hotp) rather than time (totp)");
        }
        let parameter = |name| parameter(query, name);

        let Some(seed) = parameter("secret") else { return refused("its URI has no `secret`") };
        let Some(seed) = decode_base32(&seed) else { return refused("the `secret` in its URI is not Base32") };
        if seed.is_empty() {
            return refused("the `secret` in its URI is empty");
        }
        let algorithm = parameter("algorithm").map(|name| name.to_ascii_uppercase()).unwrap_or_default();
        let algorithm = match algorithm.as_str() {
            "" | "SHA1" => Algorithm::Sha1,
            "SHA256" => Algorithm::Sha256,
            "SHA512" => Algorithm::Sha512,
            _ => return refused("its `algorithm` is none of SHA1, SHA256 and SHA512"),
        };
        let Some(digits) = number(parameter("digits"), 6).and_then(|digits| u32::try_from(digits).ok()) else {
            return refused(DIGITS);
        };
        if !(1..=10).contains(&digits) {
            return refused(DIGITS);
        }
        let Some(period_s) = number(parameter("period"), 30).filter(|period| (1..=DAY_S).contains(period)) else {
            return refused("its `period` is not a number of seconds from 1 to 86400");
        };
        Ok(Self { seed: seed.to_vec(), algorithm, digits, period_s })
    }

    /// The code at a time, in milliseconds since 1970, with leading zeros.
    #[must_use]
    pub fn code(&self, now_ms: u64) -> SecretText {
        let counter = now_ms / 1000 / self.period_s;
        let hash = match self.algorithm {
            Algorithm::Sha1 => hmac::<Hmac<Sha1>>(&self.seed, counter),
            Algorithm::Sha256 => hmac::<Hmac<Sha256>>(&self.seed, counter),
            Algorithm::Sha512 => hmac::<Hmac<Sha512>>(&self.seed, counter),
        };
        let number = u64::from(truncate(&hash)) % 10_u64.pow(self.digits);
        SecretText::from(format!("{number:0width$}", width = self.digits as usize))
    }

    /// How long to wait until a code stays valid for long enough, in milliseconds; 0 if it does now.
    #[must_use]
    pub fn wait_ms(&self, now_ms: u64) -> u64 {
        let period_ms = self.period_s * 1000;
        let left_ms = period_ms - now_ms % period_ms;
        // If the period is hardly longer than the margin, waiting would not help.
        if left_ms < MIN_LEFT_S * 1000 && self.period_s > 2 * MIN_LEFT_S { left_ms } else { 0 }
    }
}

const DIGITS: &str = "its `digits` is not a number from 1 to 10";

const DAY_S: u64 = 86_400;

/// The rest of a URI with this scheme. Some programs leave out the slashes.
fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = text.trim().split_once(':')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim_start_matches('/'))
}

/// The shortest seed in bytes (80 bits, the minimum of authenticator apps): a shorter one is more likely a word.
const SHORTEST_SEED: usize = 10;

/// A seed that was stored without its URI.
fn bare_seed(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode_base32(text.trim()).filter(|seed| seed.len() >= SHORTEST_SEED)
}

/// `HMAC[seed](counter)`, the counter in 8 bytes, big-endian (RFC 4226, 5.2).
fn hmac<M: Mac + KeyInit>(seed: &[u8], counter: u64) -> Zeroizing<Vec<u8>> {
    // HMAC accepts keys of any length, so this never fails.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(seed) else { return Zeroizing::default() };
    mac.update(&counter.to_be_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// The four bytes at the offset in the last half-byte, without the sign bit (RFC 4226, 5.3).
fn truncate(hash: &[u8]) -> u32 {
    let offset = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
    let bytes = hash.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    u32::from_be_bytes(bytes) & 0x7fff_ffff
}

/// The first parameter of this name, decoded. Names are case-sensitive.
fn parameter(query: &str, name: &str) -> Option<Zeroizing<String>> {
    let query = query.split('#').next().unwrap_or_default();
    let value = query.split('&').find_map(|pair| match pair.split_once('=') {
        Some((key, value)) if key == name => Some(value),
        _ => None,
    })?;
    Some(percent_decode(value))
}

/// Decodes `%XX` and `+` as in a form; an incomplete `%` stays.
fn percent_decode(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let decoded = match (byte, rest.split_first_chunk::<2>()) {
            (b'%', Some((digits, after))) => hex(*digits).inspect(|_| rest = after),
            (b'+', _) => Some(b' '),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*byte));
    }
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

/// A parameter as a number: the default if it is missing, empty, 0 or not a number; `None` if it is a useless number.
fn number(text: Option<Zeroizing<String>>, default: u64) -> Option<u64> {
    let Some(text) = text else { return Some(default) };
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(0) => Some(default),
        Ok(number) => Some(number),
        // A text that begins with a digit was meant to be a number.
        Err(_) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => None,
        Err(_) => Some(default),
    }
}

/// Base32 (RFC 4648 section 6) in either case; spaces, dashes and padding are skipped.
fn decode_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut buffer, mut bits) = (0_u32, 0);
    for c in text.trim_end_matches(['=', ' ']).bytes().filter(|c| !matches!(c, b' ' | b'-')) {
        let digit = match c.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        buffer = (buffer << 5) | u32::from(digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_found_in_a_text() {
        const URI: &str = "otpauth://totp/A B?secret=JBSWY3DPEHPK3PXP";
        for text in
            [URI.to_owned(), format!("codes: {URI}\r\nsince May"), format!("\n  {}", URI.replace("otpauth", "OTPAUTH"))]
        {
            assert!(Totp::find(&text).is_ok(), "{text:?}");
        }
        for text in ["rotate in May", ""] {
            assert!(Totp::find(text).is_err(), "{text:?}");
        }
    }

    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn totp(query: &str) -> Totp {
        Totp::parse(&format!("otpauth://totp/x?{query}")).expect(query)
    }

    #[test]
    fn the_last_seconds_of_a_period_are_waited_out() {
        let code = totp(&format!("secret={SEED}"));
        for (now_ms, wait_ms) in [(0, 0), (25_000, 0), (25_001, 4_999), (29_999, 1), (30_000, 0)] {
            assert_eq!(code.wait_ms(now_ms), wait_ms, "{now_ms}");
        }
        assert_eq!(totp(&format!("secret={SEED}&period=10")).wait_ms(9_000), 0);
    }

    #[test]
    fn base32_has_26_letters_and_6_digits() {
        let first_half = [0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf];
        let decoded = [&first_half[..], &[0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf]].concat();
        assert_eq!(decode_base32("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").as_deref(), Some(&decoded));
        for written in ["0", "1", "8", "9", "@", "[", "ä"] {
            assert_eq!(decode_base32(written), None, "{written}");
        }
    }

    #[test]
    fn a_seed_may_be_written_in_groups() {
        let plain = totp("secret=JBSWY3DPEHPK3PXP").code(59_000);
        for written in ["jbsw+y3dp+ehpk+3pxp", "JBSW-Y3DP-EHPK-3PXP", "JBSWY3DPEHPK3PXP%3D%3D", "JBSW%20Y3DPEHPK3PXP"] {
            assert_eq!(totp(&format!("secret={written}")).code(59_000), plain, "{written}");
        }
    }
}
