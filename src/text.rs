//! Foreign texts, lists and numbers as a message shows them.

/// How much of a foreign text a message shows.
const SHOWN_LEN: usize = 100;

/// A foreign text as a message may show it: cut at 100 characters, control characters and direction marks made visible.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LEN).map(visible_char).collect();
    if text.chars().nth(SHOWN_LEN).is_some() {
        shown.push('…');
    }
    shown
}

/// How long a text may be that the author wrote and a message shows.
const WRITTEN_LEN: usize = 1000;

/// A text of the author's as a message may show it: as a whole, or not at all if it is very long.
///
/// It may be a secret that was written in the wrong place, and the agent hides a secret only where it stands as a whole.
pub(crate) fn written(text: &str) -> String {
    if text.chars().nth(WRITTEN_LEN).is_some() {
        return "…".to_owned();
    }
    text.chars().map(visible_char).collect()
}

/// Stands in for a character that would not be seen, or would move others on the screen.
pub(crate) fn visible_char(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => '\u{FFFD}',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    }
}

/// How many names a list in a message shows.
const LISTED: usize = 12;

/// "`a`, `b` and `c`", cut after a dozen.
pub(crate) fn listed(names: &[String]) -> String {
    join(names, |name| format!("`{}`", shown(name)))
}

/// "a, b and c", cut after a dozen.
pub(crate) fn listed_plain(names: &[String]) -> String {
    join(names, shown)
}

fn join(names: &[String], show: impl Fn(&str) -> String) -> String {
    let mut shown: Vec<String> = names.iter().take(LISTED).map(|name| show(name)).collect();
    if names.len() > LISTED {
        shown.push(format!("{} more", names.len() - LISTED));
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
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

/// A suggestion is a courtesy: only so many pairs of letters are compared for it.
const COMPARED: usize = 500_000;

/// The candidate that is most like a word, if one is like it at all.
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
        // What is much longer is not like it, and what is shorter costs nothing.
        .filter(|candidate| candidate.len() <= word.len() + 4 * allowed)
        .take(looked_at)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        // Of equally near ones that with the same beginning, then the first by name: a message is the same each time.
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
