//! Headers of an answer (RFC 9110).

use std::time::UNIX_EPOCH;

/// `Retry-After` in seconds (10.2.3): a number, or a date, which is relative to the server's own clock.
#[must_use]
pub fn retry_after(header: &str, server_ms: u64) -> Option<u64> {
    let text = header.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    Some(date(text)?.checked_sub(server_ms)?.div_ceil(1000))
}

/// A date in milliseconds since 1970, in any of its three forms (5.6.7).
#[must_use]
pub fn date(header: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(header).ok()?;
    date.duration_since(UNIX_EPOCH).ok()?.as_millis().try_into().ok()
}

/// The most ways to log in that a message names.
const MAX_SCHEMES: usize = 5;

/// The names of the authentication schemes in `Proxy-Authenticate` (11.6.1).
#[must_use]
pub fn schemes(header: &str) -> Vec<&str> {
    let mut schemes = Vec::new();
    for challenge in header.split(',') {
        let name = challenge.split_whitespace().next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_name && !schemes.contains(&name) && schemes.len() < MAX_SCHEMES {
            schemes.push(name);
        }
    }
    schemes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOV_1994: Option<u64> = Some(784_111_777_000);

    #[test]
    fn a_date_has_three_forms() {
        for (header, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", NOV_1994),
            ("Sunday, 06-Nov-94 08:49:37 GMT", NOV_1994),
            ("Sun Nov  6 08:49:37 1994", NOV_1994),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199_000)),
            ("Sun, 01 Mar 2026 00:00:00 GMT", Some(1_772_323_200_000)),
            ("Sunday, 01-Mar-26 00:00:00 GMT", Some(1_772_323_200_000)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799_000)),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:60:00 GMT", None),
            ("Sun, 06 Nov 19940 08:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49", None),
            ("Sun, 06 Nov 1994", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(date(header), expected, "{header:?}");
        }
    }

    #[test]
    fn a_pause_is_a_number_or_a_date() {
        let server_ms = NOV_1994.unwrap();
        for (header, expected) in [
            ("120", Some(120)),
            (" 9 ", Some(9)),
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("later", None),
            ("+5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, server_ms), expected, "{header:?}");
        }
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", server_ms + 1), Some(60), "rounded up");
    }

    #[test]
    fn schemes_are_the_words_before_their_parameters() {
        for (header, expected) in [
            ("Basic realm=\"a proxy\"", &["Basic"][..]),
            ("Negotiate, NTLM", &["Negotiate", "NTLM"]),
            ("Digest realm=\"x\", qop=\"auth\",Basic realm=\"y\"", &["Digest", "Basic"]),
            ("NTLM, NTLM abc=,\tNegotiate", &["NTLM", "Negotiate"]),
            ("A, B, C, D, E, F", &["A", "B", "C", "D", "E"]),
            ("1st, sch\u{e4}me, \"quoted\"", &[]),
            ("", &[]),
        ] {
            assert_eq!(schemes(header), expected, "{header:?}");
        }
    }
}
