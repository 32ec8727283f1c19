//! Bytes as text, in the encodings that editors and shells write and show.

use crate::secret::SecretText;

/// The texts that these bytes may be shown as; empty if they are not text.
///
/// The agent's log is UTF-8, and other bytes become U+FFFD there, unless a tool has decoded them before: Windows
/// PowerShell writes UTF-16 with `>`, and reads files without a byte order mark as Windows-1252. Shells drop NULs.
pub(super) fn readings(bytes: &[u8]) -> Vec<SecretText> {
    let mut readings = Vec::new();
    if let Some(text) = utf32(bytes).or_else(|| utf16(bytes)) {
        readings.push(text);
    } else {
        let units = bytes;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let bytes = without_filling(bytes);
        readings.push(String::from_utf8_lossy(bytes).into_owned());
        if std::str::from_utf8(bytes).is_err() {
            readings.push(bytes.iter().copied().map(windows_1252).collect());
            readings.extend([false, true].into_iter().filter_map(|is_big| unmarked_utf16(units, is_big)));
        }
    }
    readings.retain(|text| is_text(text));
    let without_nul: Vec<String> =
        readings.iter().filter(|text| text.contains('\0')).map(|text| text.replace('\0', "")).collect();
    readings.into_iter().chain(without_nul).map(SecretText::from).collect()
}

/// A text without the NULs that pad a block.
fn without_filling(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

/// Decodes UTF-16 with a byte order mark, or without one if nearly every other byte is NUL.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (bytes, is_big) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, false),
        [0xFE, 0xFF, rest @ ..] => (rest, true),
        _ => (bytes, has_nul_first(bytes)?),
    };
    let units = units_of(bytes, is_big);
    Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn units_of(bytes: &[u8], is_big: bool) -> impl Iterator<Item = u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(move |pair| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) })
}

/// Decodes UTF-16 without a byte order mark that is mostly not Latin: it must be valid, with some ASCII such as a line
/// end.
fn unmarked_utf16(bytes: &[u8], is_big: bool) -> Option<String> {
    let text: String = char::decode_utf16(units_of(bytes, is_big)).collect::<Result<_, _>>().ok()?;
    let is_ascii = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~');
    let is_written =
        |c: char| is_ascii(c) || c.is_alphanumeric() || matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FFEF}');
    (bytes.len().is_multiple_of(2) && text.contains(is_ascii) && text.chars().all(is_written)).then_some(text)
}

/// Decodes UTF-32, if every unit is a character, which is hardly ever so for other bytes.
fn utf32(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<4>();
    let read = |to_unit: fn([u8; 4]) -> u32| {
        units.iter().map(|unit| char::from_u32(to_unit(*unit))).collect::<Option<String>>()
    };
    let text = read(u32::from_le_bytes).or_else(|| read(u32::from_be_bytes))?;
    let text = text.trim_start_matches('\u{FEFF}');
    (units.len() > 1 && rest.is_empty() && !text.contains('\0')).then(|| text.to_owned())
}

/// Whether the bytes are big-endian, if they are Latin letters in UTF-16.
fn has_nul_first(bytes: &[u8]) -> Option<bool> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let firsts = pairs.iter().filter(|pair| matches!(pair, [0, second] if *second != 0)).count();
    let seconds = pairs.iter().filter(|pair| matches!(pair, [first, 0] if *first != 0)).count();
    let is_most = |count: usize| count >= 2 && count * 10 >= pairs.len() * 7;
    if is_most(firsts) { Some(true) } else { is_most(seconds).then_some(false) }
}

/// Decodes Windows-1252, which has other characters where Latin-1 has control characters.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    let high = byte.checked_sub(0x80).and_then(|index| HIGH.get(usize::from(index)));
    high.copied().unwrap_or(char::from(byte))
}

/// Whether hardly any character is one that text does not have. Terminal colours are allowed, and NULs between words.
fn is_text(text: &str) -> bool {
    let (mut nuls, mut strange, mut all) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        match c {
            '\0' => nuls += 1,
            '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{1B}' | '\u{85}' => {}
            c => strange += usize::from(c.is_control()),
        }
    }
    strange * 20 <= all.max(20) && nuls * 4 <= all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        readings(bytes).iter().map(|text| text.expose().to_owned()).collect()
    }

    fn utf16_of(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    fn utf32_of(text: &str, to_bytes: fn(u32) -> [u8; 4]) -> Vec<u8> {
        text.chars().flat_map(|c| to_bytes(u32::from(c))).collect()
    }

    #[test]
    fn a_text_is_read_as_it_is_shown() {
        let little = utf16_of("pässwörd=s3cr3t\r\n", u16::to_le_bytes);
        let big = utf16_of("pässwörd=s3cr3t\r\n", u16::to_be_bytes);
        for (bytes, texts) in [
            (b"s3cr3t".to_vec(), vec!["s3cr3t"]),
            (b"\xEF\xBB\xBFs3cr3t".to_vec(), vec!["s3cr3t"]),
            ([&b"\xFF\xFE"[..], &little].concat(), vec!["pässwörd=s3cr3t\r\n"]),
            ([&b"\xFE\xFF"[..], &big].concat(), vec!["pässwörd=s3cr3t\r\n"]),
            (little, vec!["pässwörd=s3cr3t\r\n"]),
            (big, vec!["pässwörd=s3cr3t\r\n"]),
            (utf16_of("密码=s3cr3t-汉字\n", u16::to_le_bytes), vec!["密码=s3cr3t-汉字\n"]),
            (utf16_of("数据库的密码：汉字汉字汉字\n", u16::to_le_bytes), vec!["数据库的密码：汉字汉字汉字\n"]),
            (b"gr\xFC\xDFe \x80".to_vec(), vec!["gr\u{FFFD}\u{FFFD}e \u{FFFD}", "grüße €"]),
            (b"s3cr3t\0p4ssw0rd".to_vec(), vec!["s3cr3t\0p4ssw0rd", "s3cr3tp4ssw0rd"]),
            (utf32_of("s3cr3t", u32::to_le_bytes), vec!["s3cr3t"]),
            (utf32_of("\u{FEFF}s3cr3t", u32::to_be_bytes), vec!["s3cr3t"]),
            (b"".to_vec(), vec![""]),
            (b"A=s3cr3t\0B=c\0".to_vec(), vec!["A=s3cr3t\0B=c", "A=s3cr3tB=c"]),
        ] {
            assert_eq!(read(&bytes), texts, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_text_has_no_reading() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(read(&bytes), [""; 0]);
        assert_eq!(read(&bytes.repeat(100)), [""; 0]);
    }
}
