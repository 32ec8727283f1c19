//! Names as people type them: a blank at an end is not seen, and one letter can be written in two ways.

use std::borrow::Cow;

/// What is the same for a reader's eye: without blanks around it, and with letters taken apart (Unicode's NFD, in which
/// macOS writes names of files; keyboards write NFC).
pub(super) fn as_seen(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    if name.is_ascii() { Cow::Borrowed(name) } else { Cow::Owned(taken_apart(name)) }
}

/// JavaScript has the tables of Unicode; here they would make up a quarter of the module.
#[cfg(target_arch = "wasm32")]
fn taken_apart(name: &str) -> String {
    js_sys::JsString::from(name).normalize("NFD").into()
}

#[cfg(not(target_arch = "wasm32"))]
fn taken_apart(name: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfd(name).collect()
}

/// The first of these that has exactly this name, else the only one whose name looks the same.
pub(super) fn find<'a, T, const NAMES: usize>(
    items: &'a [T],
    names_of: impl Fn(&T) -> [&str; NAMES],
    wanted: &str,
) -> Option<&'a T> {
    if let Some(item) = items.iter().find(|item| names_of(item).contains(&wanted)) {
        return Some(item);
    }
    let wanted = as_seen(wanted);
    let mut alike = items
        .iter()
        .filter(|item| !wanted.is_empty() && names_of(item).into_iter().any(|name| as_seen(name) == wanted));
    alike.next().filter(|_| alike.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_it_is_seen() {
        let composed = "Gr\u{f6}\u{df}e";
        let decomposed = "Gro\u{308}\u{df}e";
        for (names, wanted, found) in [
            (&["a", "a "][..], "a", Some("a")),
            (&["a", "a "], "a ", Some("a ")),
            (&["b", "a "], "a", Some("a ")),
            (&["b", " a\t"], "a ", Some(" a\t")),
            (&[" a", "a "], "a", None),
            (&[composed], decomposed, Some(composed)),
            (&[decomposed], composed, Some(decomposed)),
            (&[composed, decomposed], decomposed, Some(decomposed)),
            (&["A"], "a", None),
            (&["", " "], " a", None),
            (&["", " "], "\t", None),
        ] {
            assert_eq!(find(names, |name| [*name], wanted).copied(), found, "{wanted:?} of {names:?}");
        }
    }
}
