//! Parts of a text that may get printed without the rest of it: values after names, tokens, lines.

use super::escapes::{percent_decoded, without_entities};
use super::lines::State;
use super::tables::{self, Table};
use super::telling::{self, Telling, is_secret_behind, telling};
use super::{commands, json, pairs, words};
use crate::secret::SecretText;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// It looks like a secret: a value after a name that announces one, a password in a URL, a line of a key.
    Secret(&'a str),
    /// A token: long and mixed enough to be random.
    Token(&'a str),
    /// A value after a name that says nothing about it.
    Value(&'a str),
    /// A line that has no such shape.
    Line(&'a str),
}

/// How deeply texts are searched within each other: JSON in a dotenv file in a Kubernetes secret.
const DEEPEST: usize = 4;

/// Finds the parts of a text, in whatever format, and of the texts in it. One pass for each level.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Part<'_>)) {
    Scanner { found, depth: 0 }.text(text);
}

/// The lines of a text. More characters end a line than for the agent, as a tool may print any of them as a line end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', '\0', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// A text without white space, NULs and byte order marks around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{FEFF}'))
}

pub(super) struct Scanner<'a> {
    pub(super) found: &'a mut dyn FnMut(Part<'_>),
    depth: usize,
}

impl Scanner<'_> {
    fn text(&mut self, text: &str) {
        if json::find(text, self) {
            return;
        }
        for document in text.split("\n---\n") {
            let mut state = State::of(document);
            let mut joined = String::new();
            for line in lines(document) {
                self.line(line, &mut state);
                match continued(line) {
                    // Between a CR and its LF.
                    None if line.is_empty() => {}
                    Some(start) => joined.push_str(if joined.is_empty() { start } else { start.trim_start() }),
                    None if joined.is_empty() => {}
                    None => {
                        joined.push_str(line.trim_start());
                        self.pairs(SecretText::from(std::mem::take(&mut joined)).expose(), &mut State::default());
                    }
                }
            }
        }
    }

    fn pairs(&mut self, line: &str, state: &mut State) {
        pairs::find(line, state, self);
        commands::find(line, self);
    }

    /// Searches a text that is part of another.
    pub(super) fn nested(&mut self, text: &str) {
        if self.depth < DEEPEST {
            Scanner { found: &mut *self.found, depth: self.depth + 1 }.text(text);
        }
    }

    fn line(&mut self, line: &str, state: &mut State) {
        let text = trimmed(line);
        if text.is_empty() {
            return;
        }
        state.next_line(text);
        if state.is_in_block(line, text, self) || state.begins_block(text) || json::find(text, self) {
            return;
        }
        if let Some(value) = state.resource.value(line) {
            self.secret(value, Telling::Strongly);
        }
        self.by_line_before(text, state);
        self.pairs(line, state);
        words::find(text, self);
        match value_of(text) {
            Some(value) => (self.found)(Part::Value(trimmed(value).trim_matches(['"', '\'']))),
            None => (self.found)(Part::Line(text)),
        }
    }

    /// Finds secrets that an earlier line announces: an option, or the header of a table.
    fn by_line_before(&mut self, text: &str, state: &mut State) {
        let item = text.strip_prefix("- ").unwrap_or(text).trim_end_matches(',').trim_matches(['"', '\'']);
        if let Some(telling) = state.option.take().filter(|_| !item.starts_with('-')) {
            self.secret(item, telling);
        }
        state.option = option(item);
        for (value, telling) in tables::value_in_row(text).into_iter().chain(tables::inserted(text)) {
            self.secret(value, telling);
        }
        match &state.table {
            Some(table) => table.secrets(text).into_iter().for_each(|(cell, telling)| self.secret(cell, telling)),
            None => state.table = Table::beginning_with(text, state.number == 1),
        }
    }

    /// Reports the value after a name that announces a secret, if it is one, and what it is the escaped form of.
    pub(super) fn secret(&mut self, value: &str, telling: Telling) {
        let value = trimmed(value);
        if !is_secret_behind(telling, value) || is_everyones(value) {
            return;
        }
        (self.found)(Part::Secret(value));
        for plain in [percent_decoded(value), without_entities(value)].into_iter().flatten() {
            (self.found)(Part::Secret(trimmed(SecretText::from(plain).expose())));
        }
        // The credentials after `Basic` and `Bearer`, and in Base64 in the configs of Docker, npm and Kubernetes.
        let inner = value.split_once(' ').filter(|(scheme, _)| scheme.chars().all(char::is_alphabetic));
        if let Some((_, token)) = inner
            && is_secret_behind(Telling::Weakly, token)
        {
            (self.found)(Part::Secret(token));
        }
        if let Some(text) = telling::decoded(inner.map_or(value, |(_, token)| token)).map(SecretText::from) {
            let text = trimmed(text.expose());
            let password = text.split_once(':').map_or(text, |(_, password)| password);
            for line in [text, password].into_iter().flat_map(lines).map(trimmed).filter(|line| !is_everyones(line)) {
                (self.found)(Part::Secret(line));
            }
            self.nested(text);
        }
    }
}

/// What a word says about the next one, if it is an option: `--client-secret`.
pub(super) fn option(word: &str) -> Option<Telling> {
    let is_option = word.starts_with('-') && word.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    Some(telling(word)).filter(|telling| is_option && *telling != Telling::Nothing)
}

/// A line without its continuation sign: that of shells and properties, PowerShell or cmd. `None` if it has none.
fn continued(line: &str) -> Option<&str> {
    let sign = line.chars().next_back().filter(|c| "\\`^".contains(*c))?;
    let start = line.trim_end_matches(sign);
    // Two of them mean the sign itself.
    ((line.len() - start.len()) % 2 == 1).then(|| line.get(..line.len() - 1).unwrap_or_default())
}

/// Whether a line is the same in many texts: around the key in PEM, or at the start of a script.
pub(super) fn is_everyones(line: &str) -> bool {
    line.starts_with("-----BEGIN ") || line.starts_with("-----END ") || line.starts_with("#!")
}

/// The value after the name in a line that has one; `None` for a line that consists of a format's own signs.
fn value_of(line: &str) -> Option<&str> {
    let line = line.strip_prefix("- ").unwrap_or(line);
    if line.starts_with(['#', ';', '[', ']', '{', '}', '<']) || line.starts_with("//") {
        return Some("");
    }
    let (name, value) = line.split_once(['=', ':'])?;
    let is_name = |c: char| c.is_alphanumeric() || "_-.$\"' ".contains(c);
    (name.len() <= 64 && !value.starts_with("//") && name.chars().all(is_name)).then_some(value)
}
