//! The certificates in a file or an input, as people and programs write them (RFC 7468, "PEM").

/// The path of a file that an input names, perhaps in quotes as on a command line. `None` if it is empty or holds certificates
/// itself.
#[must_use]
pub fn path(input: &str) -> Option<&str> {
    let path = input.trim();
    let unquoted = ['"', '\''].iter().find_map(|quote| path.strip_prefix(*quote)?.strip_suffix(*quote));
    let is_path = !path.is_empty() && !path.contains("-----BEGIN");
    is_path.then_some(unquoted.unwrap_or(path))
}

/// The most certificates that a warning lists.
const NAMED: usize = 5;

/// The warning about a source with `count` certificates, of which the `unreadable` ones, counted from 1, cannot be
/// read; `None` if all can.
#[must_use]
pub fn warning(source: &str, count: usize, unreadable: &[u32]) -> Option<String> {
    let named: Vec<String> = unreadable.iter().take(NAMED).map(u32::to_string).collect();
    let named = named.join(", ");
    let numbers = if unreadable.len() > NAMED { [&named, "others"].join(" and ") } else { named };
    let warning = || format!("`{source}` holds {count} certificates, of which these cannot be read: {numbers}");
    (!unreadable.is_empty()).then(warning)
}

/// PEM labels of certificates: the standard one, OpenSSL's with trust settings, and an old name of it.
const KINDS: [&str; 3] = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"];
/// Characters in a line of Base64 in PEM (RFC 7468, section 2).
const LINE_LEN: usize = 64;

/// Each certificate in a text, as PEM of its own with its line breaks restored: a pipeline variable may have lost them,
/// or hold them as `\n`. Keys and whatever else such a file holds are left out. `None` if it is not PEM at all.
#[must_use]
pub fn in_pem(bytes: &[u8]) -> Option<Vec<String>> {
    let text = decode(bytes);
    let mut blocks = text.split("-----BEGIN ");
    // What is before the first one.
    blocks.next();
    let certificates: Vec<Option<String>> = blocks.map(certificate).collect();
    if certificates.is_empty() { None } else { Some(certificates.into_iter().flatten().collect()) }
}

fn certificate(block: &str) -> Option<String> {
    let (kind, rest) = block.split_once("-----")?;
    let kind = KINDS.iter().find(|one| **one == kind)?;
    let base64 = rest.split('-').next().unwrap_or_default().replace("\\r", "").replace("\\n", "");
    let characters: Vec<char> = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let lines: Vec<String> = characters.chunks(LINE_LEN).map(|line| line.iter().collect()).collect();
    Some(format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n")))
}

/// Reads UTF-8, or UTF-16 as `PowerShell` writes it. Anything else contains no PEM.
fn decode(bytes: &[u8]) -> String {
    let units =
        |read: fn([u8; 2]) -> u16| bytes.as_chunks::<2>().0.iter().map(|pair| read(*pair)).collect::<Vec<u16>>();
    match bytes {
        [0xFE, 0xFF, ..] | [0, ..] => String::from_utf16_lossy(&units(u16::from_be_bytes)),
        [0xFF, 0xFE, ..] | [_, 0, ..] => String::from_utf16_lossy(&units(u16::from_le_bytes)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_is_found_however_it_is_written() {
        let utf_16 = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            let start = if mark { "\u{FEFF}" } else { "" };
            format!("{start}{PEM}").encode_utf16().flat_map(order).collect()
        };
        let cases: [(&str, Vec<u8>); 9] = [
            ("as it is", PEM.into()),
            ("with Windows' line breaks", PEM.replace('\n', "\r\n").into()),
            ("in one line", PEM.replace('\n', " ").into()),
            ("without line breaks", PEM.replace('\n', "").into()),
            ("with escaped line breaks", PEM.replace('\n', "\\r\\n").into()),
            ("with a text before it", format!("subject=/CN=Ä\n{PEM}").into()),
            ("in UTF-16 with a mark", utf_16(u16::to_le_bytes, true)),
            ("in UTF-16 without", utf_16(u16::to_le_bytes, false)),
            ("in UTF-16, big end first", utf_16(u16::to_be_bytes, true)),
        ];
        for (name, bytes) in cases {
            assert_eq!(in_pem(&bytes), Some(vec![PEM.to_owned()]), "{name}");
        }
    }

    #[test]
    fn an_input_names_a_file_or_holds_certificates() {
        for (input, expected) in [
            ("", None),
            (" \n", None),
            (PEM, None),
            ("-----BEGIN", None),
            (" /etc/ca.pem\n", Some("/etc/ca.pem")),
            ("\"C:\\My CA\\ca.pem\"", Some("C:\\My CA\\ca.pem")),
            ("'ca.pem'", Some("ca.pem")),
            ("'ca.pem\"", Some("'ca.pem\"")),
            ("\"", Some("\"")),
        ] {
            assert_eq!(path(input), expected, "{input:?}");
        }
    }

    #[test]
    fn certificates_that_cannot_be_read_are_named_by_their_numbers() {
        assert_eq!(warning("ca.pem", 7, &[]), None);
        for (unreadable, numbers) in
            [(&[2][..], "2"), (&[1, 2, 3, 4, 5], "1, 2, 3, 4, 5"), (&[1, 2, 3, 4, 6, 7], "1, 2, 3, 4, 6 and others")]
        {
            let expected = format!("`ca.pem` holds 7 certificates, of which these cannot be read: {numbers}");
            assert_eq!(warning("ca.pem", 7, unreadable), Some(expected));
        }
    }

    #[test]
    fn what_is_no_certificate_is_left_out() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n";
        let trusted = PEM.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        assert_eq!(in_pem(format!("{key}{PEM}{trusted}").as_bytes()), Some(vec![PEM.to_owned(), trusted.clone()]));
        assert_eq!(in_pem(key.as_bytes()), Some(Vec::new()));
        assert_eq!(in_pem(b"-----BEGIN CERTIFICATE"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_pem_is_told_apart() {
        for bytes in [b"\x30\x82\x01\x02".as_slice(), b"", b"-----END CERTIFICATE-----"] {
            assert_eq!(in_pem(bytes), None);
        }
    }

    #[test]
    fn lines_have_64_characters() {
        let long = "A".repeat(130);
        let read = in_pem(format!("-----BEGIN CERTIFICATE-----{long}").as_bytes()).unwrap_or_default().concat();
        let lines: Vec<usize> = read.lines().map(str::len).collect();
        assert_eq!(lines, [27, 64, 64, 2, 25]);
    }
}
