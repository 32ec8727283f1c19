//! Names as people type them: a blank at an end is not seen, and one letter can be written in two ways.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::ops::Deref;

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

/// What has names, each of which may be asked for.
pub trait Names {
    /// The names; one may be empty.
    fn names(&self) -> impl Iterator<Item = &str>;
}

/// A list whose items are found by their names, in a time that does not grow with how often one is missing.
#[derive(Debug)]
pub struct Named<T> {
    items: Vec<T>,
    /// The item that looks like a name; none if several do.
    seen: OnceCell<HashMap<String, Option<usize>>>,
    misses: Cell<usize>,
}

/// For so many names that no item has, there is a hint at those that there are.
const HINTED: usize = 50;

impl<T> From<Vec<T>> for Named<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, seen: OnceCell::new(), misses: Cell::new(0) }
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> Deref for Named<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T: Names> Named<T> {
    /// The first item that has exactly this name, else the only one whose name looks the same.
    pub(super) fn find(&self, wanted: &str) -> Option<&T> {
        if let Some(item) = self.items.iter().find(|item| item.names().any(|name| name == wanted)) {
            return Some(item);
        }
        let index = self.seen.get_or_init(|| self.by_what_is_seen()).get(&*as_seen(wanted)).copied().flatten();
        index.and_then(|index| self.items.get(index))
    }

    fn by_what_is_seen(&self) -> HashMap<String, Option<usize>> {
        let mut seen = HashMap::new();
        for (index, item) in self.items.iter().enumerate() {
            for name in item.names().map(as_seen).filter(|name| !name.is_empty()) {
                let only = seen.entry(name.into_owned()).or_insert(Some(index));
                if *only != Some(index) {
                    *only = None;
                }
            }
        }
        seen
    }

    /// Whether a name that no item has deserves a hint: only the first problems are shown, and a hint costs time.
    pub(super) fn deserves_hint(&self) -> bool {
        let misses = self.misses.get();
        self.misses.set(misses.saturating_add(1));
        misses < HINTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Names for &str {
        fn names(&self) -> impl Iterator<Item = &str> {
            [*self].into_iter()
        }
    }

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
            assert_eq!(Named::from(names.to_vec()).find(wanted).copied(), found, "{wanted:?} of {names:?}");
        }
    }
}
