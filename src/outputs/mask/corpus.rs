//! Contents that people keep in attachments: what must be hidden in them, and that all else stays readable.

use super::{Kind, Masks};

/// The end-to-end tests read the same file.
const CORPUS: &str = include_str!("../../../tests/masks/corpus.txt");

/// Lines that make a text longer, as one of a few lines is hidden line by line.
const MORE_LINES: &str = "\n#\n#\n#\n#\n";

/// A text without its markup, and for each byte whether it must be hidden; `None` if either will do.
fn read(marked: &str) -> (String, Vec<Option<bool>>) {
    let (mut text, mut is_secret, mut now) = (String::new(), Vec::new(), Some(false));
    for c in marked.chars() {
        match c {
            '«' => now = Some(true),
            '‹' => now = None,
            '»' | '›' => now = Some(false),
            c => {
                text.push(c);
                is_secret.resize(text.len(), now);
            }
        }
    }
    (text, is_secret)
}

/// The parts of a text that are shown but must not be, or the other way round.
fn wrong(text: &str, is_secret: &[Option<bool>], masks: &[String]) -> Vec<String> {
    let mut is_hidden = vec![false; text.len()];
    for mask in masks {
        for (at, _) in text.match_indices(mask.as_str()) {
            is_hidden[at..at + mask.len()].fill(true);
        }
    }
    let is_wrong = |at: usize| is_secret[at].is_some_and(|is_secret| is_secret != is_hidden[at]);
    let mut all: Vec<String> = Vec::new();
    let mut is_in_part = false;
    for (at, c) in text.char_indices() {
        if is_wrong(at) && !is_in_part {
            all.push(if is_hidden[at] { "hidden: " } else { "shown: " }.to_owned());
        }
        is_in_part = is_wrong(at);
        if let (true, Some(part)) = (is_in_part, all.last_mut()) {
            part.push(c);
        }
    }
    all
}

#[test]
fn what_is_secret_in_usual_syntaxes_is_hidden_and_all_else_is_readable() {
    let mut faults = Vec::new();
    let entries = CORPUS.split("\n=== ").skip(1);
    for entry in entries {
        let (name, marked) = entry.split_once('\n').unwrap();
        let (marked, printed) = marked.split_once("\n---\n").unwrap_or((marked, ""));
        let (text, is_secret) = read(marked);
        for line_end in ["\n", "\r\n"] {
            let is_json = crate::json::Value::parse(&text).is_ok();
            let content = if is_json { text.clone() } else { format!("{text}{MORE_LINES}") }.replace('\n', line_end);
            let mut masks = Masks::default();
            masks.add_bytes(content.as_bytes(), Kind::Attachment);
            masks.finish();
            let masks: Vec<String> = masks.take().iter().map(|mask| mask.expose().to_owned()).collect();
            let is_long = is_json || text.contains('\n');
            // Masks for the whole text are left out: they hide it only if a program prints all of it.
            let masks: Vec<String> = masks.into_iter().filter(|mask| !is_long || !mask.contains(text.trim())).collect();
            faults.extend(wrong(&text, &is_secret, &masks).iter().map(|part| format!("{name}: {part}")));
            let not_hidden = printed.lines().filter(|line| !masks.iter().any(|mask| mask == line));
            faults.extend(not_hidden.map(|line| format!("{name}: shown: {line}")));
        }
    }
    faults.dedup();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
