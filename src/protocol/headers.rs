//! What headers of an answer say (RFC 9110).

/// `Retry-After` in seconds (10.2.3): a number, or a date. A date is counted from the server's own clock, which may be another
/// than ours.
#[must_use]
pub fn retry_after(header: &str, server_ms: u64) -> Option<u64> {
    let number = header.trim().parse().ok();
    number.or_else(|| Some(date(header)?.checked_sub(server_ms)?.div_ceil(1000)))
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date in milliseconds since 1970, in any of its three forms (5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
#[must_use]
pub fn date(header: &str) -> Option<u64> {
    let mut words = header.split([' ', ',', '-']).filter(|word| !word.is_empty()).skip(1);
    let [first, second, third, fourth] = [words.next()?, words.next()?, words.next()?, words.next()?];
    let is_day_first = first.starts_with(|c: char| c.is_ascii_digit());
    let [day, month, year, time] =
        if is_day_first { [first, second, third, fourth] } else { [second, first, fourth, third] };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = match (year.len(), number(year, 0, 9_999)?) {
        (2, year @ ..70) => 2_000 + year,
        (2, year) => 1_900 + year,
        (_, year) => year,
    };
    let mut parts = time.splitn(3, ':');
    let hours = number(parts.next()?, 0, 23)?;
    let minutes = number(parts.next()?, 0, 59)?;
    let seconds = number(parts.next()?, 0, 60)?;
    let days = days_since_1970(year, month as u64, number(day, 1, 31)?)?;
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
}

fn number(digits: &str, least: u64, most: u64) -> Option<u64> {
    digits.parse().ok().filter(|number| (least..=most).contains(number))
}

/// How many days are before a day of the Gregorian calendar. The month is counted from 0.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    // Years that begin in March have the leap day at their end.
    let (year, month) = if month < 2 { (year.checked_sub(1)?, month + 10) } else { (year, month - 2) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    days.checked_sub(719_468)
}

/// So many ways to log in are named.
const MAX_SCHEMES: usize = 5;

/// The ways in which `Proxy-Authenticate` lets a client log in, by name (11.6.1).
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
            ("Thu, 29 Feb 2024 23:59:60 GMT", Some(1_709_251_200_000)),
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
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("later", None),
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
