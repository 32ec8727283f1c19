//! Names as people type them: some spaces and characters are invisible, and one letter may have two encodings.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::ops::Deref;

use crate::text::unseen;

/// A form that is equal for names that look the same: trimmed, several spaces as one, as browsers show them, without invisible
/// characters, and decomposed (Unicode's NFD, in which macOS writes file names; keyboards write NFC).
pub(super) fn as_seen(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    let is_seen_so = name.is_ascii() && !name.contains("  ") && !name.contains(char::is_control);
    if is_seen_so {
        return Cow::Borrowed(name);
    }
    let seen: String = name.chars().filter(|c| c.is_whitespace() || !unseen(*c)).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    Cow::Owned(taken_apart(&words.join(" ")))
}

/// Decomposes letters with JavaScript's Unicode tables, which would make up a quarter of the module here.
#[cfg(target_arch = "wasm32")]
fn taken_apart(name: &str) -> String {
    js_sys::JsString::from(name).normalize("NFD").into()
}

#[cfg(not(target_arch = "wasm32"))]
fn taken_apart(name: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfd(name).collect()
}

/// Something with several names, any of which may be looked up.
pub trait HasNames {
    /// The names; one may be empty.
    fn names(&self) -> impl Iterator<Item = &str>;
}

/// A list with fast lookup by name, however long it is and however many names are looked up.
#[derive(Debug)]
pub struct ByName<T> {
    items: Vec<T>,
    /// Built when it is needed.
    index: OnceCell<Index>,
    misses: Cell<usize>,
}

/// Positions of items by name.
#[derive(Debug, Default)]
struct Index {
    /// The first item with exactly this name.
    exact: HashMap<String, usize>,
    /// The only item whose name looks the same; `None` if several do.
    seen: HashMap<String, Option<usize>>,
}

/// Up to this length, a linear search is faster than building an index.
const LOOKED_AT: usize = 64;

/// How many unknown names get a hint at the existing ones.
const HINTED: usize = 50;

impl<T> From<Vec<T>> for ByName<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, index: OnceCell::new(), misses: Cell::new(0) }
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> Deref for ByName<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T: HasNames> ByName<T> {
    /// The first item that has exactly this name, else the only one whose name looks the same.
    pub(super) fn find(&self, wanted: &str) -> Option<&T> {
        let exact = if self.items.len() <= LOOKED_AT {
            self.items.iter().position(|item| item.names().any(|name| name == wanted))
        } else {
            self.index().exact.get(wanted).copied()
        };
        let found = exact.or_else(|| self.index().seen.get(&*as_seen(wanted)).copied().flatten());
        self.items.get(found?)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (place, item) in self.items.iter().enumerate() {
                for name in item.names() {
                    index.exact.entry(name.to_owned()).or_insert(place);
                    let seen = as_seen(name).into_owned();
                    let only = index.seen.entry(seen).or_insert(Some(place));
                    if *only != Some(place) {
                        *only = None;
                    }
                }
            }
            index.seen.remove("");
            index
        })
    }

    /// Whether an unknown name still deserves a hint: only the first problems are shown, and a hint costs time.
    pub(super) fn deserves_hint(&self) -> bool {
        let misses = self.misses.get();
        self.misses.set(misses.saturating_add(1));
        misses < HINTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl HasNames for &str {
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
            (&["a  b"], "a b", Some("a  b")),
            (&["a b", "a  b"], "a  b", Some("a  b")),
            (&["a\t b", "a  b"], "a b", None),
            (&["a\u{a0}b"], "a b", Some("a\u{a0}b")),
            (&["a\u{200b}b\u{feff}"], "ab", Some("a\u{200b}b\u{feff}")),
            (&["a b"], "ab", None),
            (&["A"], "a", None),
            (&["", " "], " a", None),
            (&["", " "], "\t", None),
        ] {
            let few = ByName::from(names.to_vec());
            let many = ByName::from([names, &["other"; 2 * LOOKED_AT]].concat());
            for list in [few, many] {
                assert_eq!(list.find(wanted).copied(), found, "{wanted:?} of {names:?}");
            }
        }
    }
}
