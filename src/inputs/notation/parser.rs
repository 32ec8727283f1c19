//! The parser of a notation, and its messages about faults.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Fault, FieldSelector, Index, Notation, Section, Selector};
use crate::error::Error;
use crate::text::nearest_of;

/// A parser of one notation; positions are in bytes.
pub(super) struct Parser<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    position: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, chars: text.char_indices().peekable(), position: 0 }
    }

    pub(super) fn notation(mut self) -> Result<Notation, Fault> {
        self.skip_prefix();
        let start = self.position;
        let record = self.token('/')?;
        if self.next().is_none() {
            return Err(self.fault(0, missing_selector()));
        }
        if record.is_empty() {
            return Err(Fault { error: missing_record(), start, length: 1 });
        }
        Ok(Notation { record, selector: self.selector()? })
    }

    fn skip_prefix(&mut self) {
        if self.text.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) {
            for _ in 0..PREFIX.len() {
                self.next();
            }
        }
    }

    fn selector(&mut self) -> Result<Selector, Fault> {
        let start = self.position;
        let mut word = String::new();
        while let Some(c) = self.next_if(|c| c != '/') {
            word.push(c);
        }
        match word.to_ascii_lowercase().as_str() {
            "type" => self.end_of_short(Selector::Type),
            "title" => self.end_of_short(Selector::Title),
            "notes" => self.end_of_short(Selector::Notes),
            "*" => self.end_of_short(Selector::WholeRecord),
            "field" => self.field(start, "field", Section::Standard),
            "custom_field" => self.field(start, "custom_field", Section::Custom),
            "file" => self.file(start),
            "" => Err(Fault { error: missing_selector(), start, length: 0 }),
            lower => Err(self.fault(start, unknown_selector(lower))),
        }
    }

    /// One slash may follow a selector that takes no parameter, as in Keeper's SDKs.
    fn end_of_short(&mut self, selector: Selector) -> Result<Selector, Fault> {
        self.next_if(|c| c == '/');
        self.end().map(|()| selector)
    }

    fn parameter(&mut self, start: usize, selector: &'static str) -> Result<String, Fault> {
        self.next_if(|c| c == '/');
        if self.peek().is_none() {
            return Err(self.fault(start, missing_parameter(selector)));
        }
        self.token('[')
    }

    fn file(&mut self, start: usize) -> Result<Selector, Fault> {
        let name = self.parameter(start, "file")?;
        if self.peek().is_some() {
            let start = self.position;
            self.skip_rest();
            let error = Error::new("an attachment has no index").with_hint(ESCAPED_BRACKET);
            return Err(self.fault(start, error));
        }
        Ok(Selector::File(name))
    }

    fn field(&mut self, start: usize, word: &'static str, section: Section) -> Result<Selector, Fault> {
        let field = self.parameter(start, word)?;
        let first_start = self.position;
        let first = self.bracket()?;
        let first_end = self.position;
        let second = self.bracket()?;
        self.end()?;
        let (index, property) = match (first, second) {
            (None, _) => (Index::First, None),
            (Some(text), None) => match read_index(&text) {
                None if is_number(&text) => {
                    let error = Error::new("the index is not a whole number of 0 or more");
                    let error = error.with_hint("`[0]` is the first value, `[]` means all of them");
                    return Err(Fault { error, start: first_start, length: first_end - first_start });
                }
                Some(index) => (index, None),
                None => (Index::First, Some(text)),
            },
            (Some(text), Some(property)) => {
                let Some(index) = read_index(&text) else {
                    let length = first_end - first_start;
                    let error = Error::new("the first of two indexes is not a number")
                        .with_hint("as in `name[0][first]` or `name[first]`");
                    return Err(Fault { error, start: first_start, length });
                };
                match property.as_str() {
                    "" => (index, None),
                    _ if index == Index::All => (Index::First, Some(property)),
                    _ => (index, Some(property)),
                }
            }
        };
        Ok(Selector::Field(FieldSelector { section, field, index, property }))
    }

    /// The text in `[…]`, or `None` at the end of the notation.
    fn bracket(&mut self) -> Result<Option<String>, Fault> {
        let start = self.position;
        match self.peek() {
            None => return Ok(None),
            Some('[') => self.next(),
            Some(_) => {
                self.skip_rest();
                let error = Error::new("expected `[` or the end of the notation after `]`").with_hint(ESCAPED_BRACKET);
                return Err(self.fault(start, error));
            }
        };
        let mut text = String::new();
        loop {
            let here = self.position;
            match self.next() {
                None => return Err(self.fault(start, Error::new("a `[` is never closed").with_hint(ESCAPED_BRACKET))),
                Some(']') => return Ok(Some(text)),
                Some('[') => {
                    return Err(self.fault(here, Error::new("a `[` is inside `[…]`").with_hint(ESCAPED_BRACKET)));
                }
                Some('\\') => text.push(self.escaped(here)?),
                Some(c) => text.push(c),
            }
        }
    }

    /// The characters up to an unescaped `end`, which is not consumed.
    fn token(&mut self, end: char) -> Result<String, Fault> {
        let mut token = String::new();
        loop {
            let here = self.position;
            match self.next_if(|c| c != end) {
                None => return Ok(token),
                Some('\\') => token.push(self.escaped(here)?),
                Some(c) => token.push(c),
            }
        }
    }

    fn escaped(&mut self, backslash: usize) -> Result<char, Fault> {
        if let Some(c @ ('/' | '[' | ']' | '\\')) = self.next() {
            return Ok(c);
        }
        let error = Error::new("a backslash escapes only `/`, `[`, `]` and `\\`");
        Err(self.fault(backslash, error.with_hint("write a backslash itself as `\\\\`")))
    }

    fn end(&mut self) -> Result<(), Fault> {
        let start = self.position;
        self.skip_rest();
        if self.position == start {
            return Ok(());
        }
        let error = Error::new("unexpected text at the end of the notation")
            .with_hint("a `/` in a title, and a `[` in a label, is written with a backslash before it");
        Err(self.fault(start, error))
    }

    fn skip_rest(&mut self) {
        while self.next().is_some() {}
    }

    fn next(&mut self) -> Option<char> {
        self.next_if(|_| true)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let (_, c) = self.chars.next_if(|(_, c)| wanted(*c))?;
        self.position += c.len_utf8();
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, c)| *c)
    }

    /// A fault from `start` to the current position.
    fn fault(&self, start: usize, error: Error) -> Fault {
        Fault { error, start, length: self.position - start }
    }
}

const ESCAPED_BRACKET: &str = "a `[` in a name or label is written `\\[`";

fn missing_record() -> Error {
    Error::new("expected a record's UID or title before the `/`, found nothing")
}

fn unknown_selector(word: &str) -> Error {
    let error = Error::new("unknown selector; expected `field`, `custom_field`, `file`, `type`, `title` or `notes`");
    let is_type = TYPES.iter().any(|known| known.eq_ignore_ascii_case(word.split('[').next().unwrap_or_default()));
    if is_type {
        return error.with_hint("a field is written with its selector, as in `Database/field/password`");
    }
    if ["type[", "title[", "notes["].iter().any(|start| word.starts_with(start)) {
        return error.with_hint("only a field has an index, as in `Database/field/url[0]`");
    }
    match SYNONYMS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, meant)| *meant)
        .or_else(|| nearest_of(&SELECTORS, word))
    {
        Some(nearest) => error.with_hint(format!("did you mean `{nearest}`?")),
        None => error.with_hint("a `/` in a title is written `\\/`"),
    }
}

fn missing_parameter(selector: &str) -> Error {
    let what = if selector == "file" { "an attachment's name" } else { "a field's type or label" };
    Error::new(format!("`{selector}` needs {what}"))
}

/// Whether a text was meant as an index but is not one: `-1`, `1.5`, ` 1 `.
fn is_number(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || " +-.".contains(c))
}

/// Empty brackets select all values, and digits one; anything else is a property.
fn read_index(text: &str) -> Option<Index> {
    match text {
        "" => Some(Index::All),
        // A number that overflows is an index that no field has.
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Index::Nth(digits.parse().unwrap_or(u32::MAX)))
        }
        _ => None,
    }
}

pub(super) fn missing_selector() -> Error {
    Error::new("the notation has no selector")
        .with_hint("as in `Database/field/password`; a `/` in a title is written `\\/`")
}

const PREFIX: &str = "keeper://";
/// What people write instead of a selector.
const SYNONYMS: [(&str, &str); 5] = [
    ("attachment", "file"),
    ("attachments", "file"),
    ("custom", "custom_field"),
    ("label", "custom_field"),
    ("name", "title"),
];
/// Types of fields that most records have.
const TYPES: [&str; 8] = ["password", "login", "url", "oneTimeCode", "otp", "totp", "host", "keyPair"];
const SELECTORS: [&str; 6] = ["field", "custom_field", "file", "type", "title", "notes"];
