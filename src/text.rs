//! Texts of others, lists and numbers as messages show them.

use zeroize::Zeroizing;

/// The longest text that a message shows, in characters.
const SHOWN_LEN: usize = 400;

/// A text as a message may show it: unchanged and as a whole, or not at all.
///
/// It may be or contain a secret in the wrong place, which the agent hides only where it is printed as a whole.
pub(crate) fn shown(text: &str) -> String {
    let is_hidden = text.chars().nth(SHOWN_LEN).is_some() || text.chars().any(unseen);
    if is_hidden { "…".to_owned() } else { text.to_owned() }
}

/// Whether a character is invisible, or moves others on the screen.
pub(crate) fn unseen(c: char) -> bool {
    let is_format = matches!(c,
        '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    is_format || (c.is_control() && c != '\t')
}

/// Bytes as a text: UTF-8, or the UTF-16 that PowerShell and editors on Windows write, with or without a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let Some((bytes, read)) = utf_16(bytes) else { return std::str::from_utf8(bytes).ok().map(str::to_owned) };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = Zeroizing::new(pairs.iter().map(|pair| read(*pair)).collect::<Vec<u16>>());
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

type ReadUnit = fn([u8; 2]) -> u16;

/// The bytes after a byte order mark, if any, and how to read a unit; `None` if it is not UTF-16.
pub(crate) fn utf_16(bytes: &[u8]) -> Option<(&[u8], ReadUnit)> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Some((rest, u16::from_be_bytes)),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some((bytes, u16::from_le_bytes)),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some((bytes, u16::from_be_bytes)),
        _ => None,
    }
}

/// How many names a list in a message shows.
const LISTED: usize = 12;

/// "`a`, `b` and `c`", cut after a dozen.
pub(crate) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    join(names, |name| format!("`{}`", shown(name)))
}

/// "a, b and c", cut after a dozen.
pub(crate) fn listed_plain<S: AsRef<str>>(names: &[S]) -> String {
    join(names, shown)
}

fn join<S: AsRef<str>>(names: &[S], show: impl Fn(&str) -> String) -> String {
    let mut shown: Vec<String> = names.iter().take(LISTED).map(|name| show(name.as_ref())).collect();
    if names.len() > LISTED {
        shown.push(format!("{} more", names.len() - LISTED));
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// "a, b or c".
pub(crate) fn either(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// "1 record", "2 records".
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The most pairs of letters that are compared for a suggestion, which is only a courtesy.
const COMPARED: usize = 500_000;

/// The candidate most similar to a word, if any is similar.
pub(crate) fn nearest<'a, S: AsRef<str>>(word: &str, candidates: &'a [S]) -> Option<&'a str> {
    let looked_at = COMPARED / word.len().saturating_mul(word.len()).max(1);
    if looked_at == 0 {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .iter()
        .map(AsRef::as_ref)
        // Much longer ones are not similar, and shorter ones cost nothing.
        .filter(|candidate| candidate.len() <= word.len() + 4 * allowed)
        .take(looked_at)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        // Among equals, the same first letter wins, then the alphabet, so that messages are deterministic.
        .min_by_key(|(distance, candidate)| {
            let begins_alike = candidate.get(..1).is_some_and(|first| word.starts_with(&first.to_ascii_lowercase()));
            (*distance, !begins_alike, *candidate)
        })
        .map(|(_, candidate)| candidate)
}

/// The same for words that are known beforehand.
pub(crate) fn nearest_of(words: &'static [&'static str], word: &str) -> Option<&'static str> {
    let nearest = nearest(word, words)?;
    words.iter().find(|known| **known == nearest).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_after_a_dozen() {
        let names: Vec<String> = (1..=14).map(|number| format!("n{number}")).collect();
        let dozen = "`n1`, `n2`, `n3`, `n4`, `n5`, `n6`, `n7`, `n8`, `n9`, `n10`, `n11`";
        for (count, expected) in [
            (0, String::new()),
            (1, "`n1`".to_owned()),
            (2, "`n1` and `n2`".to_owned()),
            (12, format!("{dozen} and `n12`")),
            (13, format!("{dozen}, `n12` and 1 more")),
            (14, format!("{dozen}, `n12` and 2 more")),
        ] {
            assert_eq!(listed(&names[..count]), expected);
        }
    }
}
