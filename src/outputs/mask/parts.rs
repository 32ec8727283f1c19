//! The parts of a text that may get printed without the rest of it: values behind names, tokens, lines.

use super::escapes::{percent_decoded, without_entities};
use super::tables::Table;
use super::telling::{self, Telling, is_secret_behind, telling};
use super::{commands, pairs, words};
use crate::json::Value;
use crate::secret::SecretText;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// It looks like a secret: a value behind a telling name, a password in a URL, a line of a key.
    Secret(&'a str),
    /// A token of some length and mix.
    Token(&'a str),
    /// A value behind a name that tells nothing.
    Value(&'a str),
    /// A line that has no such shape.
    Line(&'a str),
}

/// Texts may be in each other so deeply: JSON in a dotenv file in a Kubernetes secret.
const DEEPEST: usize = 4;

/// Finds the parts of a text, in whatever format it is, and of the texts in it. One pass, and one for each level.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Part<'_>)) {
    Scanner { found, depth: 0 }.text(text);
}

/// The lines of a text. More ends a line than the agent knows: a tool may print anything as several lines.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', '\0', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// A text without blanks, NULs and byte order marks around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{FEFF}'))
}

pub(super) struct Scanner<'a> {
    pub(super) found: &'a mut dyn FnMut(Part<'_>),
    depth: usize,
}

/// What earlier lines say of the next.
#[derive(Default)]
pub(super) struct State {
    pub(super) block: Option<Block>,
    /// What the last `name` or `key` says of the `value` that follows, and for how many lines.
    called: Option<(Telling, u8)>,
    /// What an option in a line of its own says of the next line.
    option: Option<Telling>,
    table: Option<Table>,
    line: usize,
    /// Where this is in a secret of Kubernetes.
    resource: Resource,
}

/// A `value` is so near in lines to its `name`.
const NEAR_LINES: u8 = 6;

impl State {
    /// What is said of the next `value`.
    pub(super) fn call_next(&mut self, telling: Telling) {
        self.called = Some((telling, NEAR_LINES));
    }

    pub(super) fn call_nothing(&mut self) {
        self.called = None;
    }

    /// What was said of this `value`.
    pub(super) fn called(&mut self) -> Option<Telling> {
        self.called.take().map(|(telling, _)| telling)
    }

    fn next_line(&mut self, text: &str) {
        self.line += 1;
        self.called = self.called.filter(|(_, lines)| *lines > 0 && !text.starts_with('}'));
        self.called = self.called.map(|(telling, lines)| (telling, lines - 1));
    }
}

/// A secret of Kubernetes, in YAML: all values of its `data` and `stringData` are secret, whatever their names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Resource {
    #[default]
    Other,
    Secret,
    /// Lines that are indented more than this are its data.
    Data {
        indent: usize,
    },
}

impl Resource {
    fn of(document: &str) -> Self {
        let is_kind = |line: &str| trimmed(line).strip_prefix("kind:").is_some_and(is_kind_of_secrets);
        if lines(document).any(is_kind) { Self::Secret } else { Self::Other }
    }

    /// The value in the next line, if it is one of the data.
    fn value<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let indent = line.len() - line.trim_start().len();
        if *self == Self::Other {
            return None;
        }
        if ["data:", "stringData:"].contains(&line.trim()) {
            *self = Self::Data { indent };
            return None;
        }
        let Self::Data { indent: outer } = *self else { return None };
        if indent <= outer {
            *self = Self::Secret;
            return None;
        }
        let (name, value) = line.split_once(':')?;
        telling::is_neutral(name).then(|| trimmed(value).trim_matches(['"', '\'']))
    }
}

fn is_kind_of_secrets(kind: &str) -> bool {
    trimmed(kind).trim_matches(['"', '\'']) == "Secret"
}

/// Lines that belong together, all of them secret.
#[derive(Clone)]
pub(super) enum Block {
    /// Up to `-----END`.
    Pem,
    /// All that is indented more than this (YAML 1.2, 8.1).
    Scalar { indent: usize },
    /// All items of a list that is indented as much as this or more.
    List { indent: usize },
    /// Up to a line with this quote.
    Quote(char),
    /// Up to a line that is this word.
    Heredoc { end: String },
    /// So many lines (`Private-Lines: 14`, in a key of `PuTTY`).
    Lines(usize),
}

impl Scanner<'_> {
    fn text(&mut self, text: &str) {
        if self.json_text(text) {
            return;
        }
        for document in text.split("\n---\n") {
            let mut state = State { resource: Resource::of(document), ..State::default() };
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

    /// Looks into a text that is part of another.
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
        if self.is_in_block(line, text, state) || begins_block(text, state) || self.json_text(text) {
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

    /// What an earlier line says of this one: an option, or the first line of a table.
    fn by_line_before(&mut self, text: &str, state: &mut State) {
        let item = text.strip_prefix("- ").unwrap_or(text).trim_end_matches(',').trim_matches(['"', '\'']);
        if let Some(telling) = state.option.take().filter(|_| !item.starts_with('-')) {
            self.secret(item, telling);
        }
        state.option = option(item);
        match &state.table {
            Some(table) => table.secrets(text).into_iter().for_each(|(cell, telling)| self.secret(cell, telling)),
            None => state.table = Table::beginning_with(text, state.line == 1),
        }
    }

    fn is_in_block(&mut self, line: &str, text: &str, state: &mut State) -> bool {
        let indent = line.len() - line.trim_start().len();
        let Some(block) = &mut state.block else { return false };
        let (is_part, goes_on) = match block {
            Block::Heredoc { end } => (text != end, text != end),
            Block::Lines(count) => {
                *count -= 1;
                (true, *count > 0)
            }
            Block::Pem => (!text.starts_with("-----") && !text.contains(": "), !text.starts_with("-----END ")),
            Block::Scalar { indent: outer } => (indent > *outer, indent > *outer),
            Block::List { indent: outer } => {
                let is_item = text.starts_with("- ") && indent >= *outer && !text.contains(": ");
                (is_item, is_item)
            }
            Block::Quote(quote) => (!is_assignment(text), !text.contains(*quote) && !is_assignment(text)),
        };
        if is_part {
            let text = text.strip_prefix("- ").unwrap_or(text);
            let text = match block {
                Block::Quote(quote) => text.split(*quote).next().unwrap_or_default(),
                _ => text,
            };
            self.secret(text.trim_matches(['"', '\'']), Telling::Strongly);
        }
        if !goes_on {
            state.block = None;
        }
        is_part || text.starts_with("-----END ")
    }

    /// Hands on what is behind a telling name, if it is a secret, and what it is the escaped form of.
    pub(super) fn secret(&mut self, value: &str, telling: Telling) {
        let value = trimmed(value);
        if !is_secret_behind(telling, value) || is_everyones(value) {
            return;
        }
        (self.found)(Part::Secret(value));
        for plain in [percent_decoded(value), without_entities(value)].into_iter().flatten() {
            (self.found)(Part::Secret(trimmed(SecretText::from(plain).expose())));
        }
        // What is behind `Basic` and `Bearer`, and in Base64 in the configs of Docker, npm and Kubernetes.
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

    /// Looks into a text that is JSON. Says whether it is.
    fn json_text(&mut self, text: &str) -> bool {
        let is_like_it = trimmed(text).starts_with(['{', '[']);
        match is_like_it.then(|| Value::parse(trimmed(text))) {
            Some(Ok(json)) => {
                self.json(&json, Telling::Nothing);
                true
            }
            _ => false,
        }
    }

    fn json(&mut self, value: &Value, telling: Telling) {
        match value {
            // EXPOSE: parts become masks.
            Value::Text(text) => self.json_leaf(text.expose(), telling),
            Value::Number(number) => {
                self.secret(number.expose(), telling);
                (self.found)(Part::Value(number.expose()));
            }
            Value::List(values) => self.json_list(values, telling),
            Value::Object(members) => self.json_members(members, telling),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn json_leaf(&mut self, text: &str, telling: Telling) {
        self.secret(text, telling);
        if text.contains(['\n', '{', '=', ':', '@', '\\', '$']) || text.contains(" -") {
            self.nested(text);
        } else {
            words::tokens(text, self);
        }
        (self.found)(Part::Value(text));
    }

    /// The items of a list, which may be the words of a command.
    fn json_list(&mut self, values: &[Value], telling: Telling) {
        // EXPOSE: parts become masks.
        let words: Vec<&str> = values.iter().filter_map(|value| value.as_text().map(SecretText::expose)).collect();
        commands::in_command(&words, self);
        let mut next = None;
        for value in values {
            // EXPOSE: it is only compared.
            let text = value.as_text().map(SecretText::expose);
            let own = next.take().filter(|_| text.is_some_and(|text| !text.starts_with('-')));
            self.json(value, own.unwrap_or(telling));
            next = text.and_then(option);
        }
    }

    fn json_members(&mut self, members: &[(String, Value)], outer: Telling) {
        // `{"name": "DB_PASSWORD", "value": "…"}`
        let is_name = |name: &str| pairs::NAMING.iter().any(|naming| name.eq_ignore_ascii_case(naming));
        let mut named = members.iter().filter(|(name, _)| is_name(name)).filter_map(|(_, value)| value.as_text());
        // EXPOSE: only the name is looked at.
        let named = named.next().map_or(Telling::Nothing, |name| telling(name.expose()));
        // EXPOSE: it is only compared.
        let kind = members.iter().find(|(name, _)| name == "kind").and_then(|(_, kind)| kind.as_text());
        let is_resource = kind.is_some_and(|kind| is_kind_of_secrets(kind.expose()));
        for (name, value) in members {
            let is_object = matches!(value, Value::Object(_));
            let own = match (name.to_ascii_lowercase().as_str(), telling(name)) {
                ("data" | "stringdata", _) if is_resource => Telling::Strongly,
                ("value", _) if named != Telling::Nothing => named,
                ("name" | "key", _) if named != Telling::Nothing => Telling::Nothing,
                // `{"secrets": {"database": "…"}}`
                (_, Telling::Nothing) if !is_object && telling::is_neutral(name) => outer,
                (_, telling) => telling,
            };
            self.json(value, own);
        }
    }
}

/// What an option says of the next word, if a word is one: `--client-secret`.
fn option(word: &str) -> Option<Telling> {
    let is_option = word.starts_with('-') && word.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    Some(telling(word)).filter(|telling| is_option && *telling != Telling::Nothing)
}

/// A line without the sign at its end by which it goes on in the next: of shells and properties, PowerShell, cmd.
fn continued(line: &str) -> Option<&str> {
    let sign = line.chars().next_back().filter(|c| "\\`^".contains(*c))?;
    let start = line.trim_end_matches(sign);
    // Two of them are one that is meant.
    ((line.len() - start.len()) % 2 == 1).then(|| line.get(..line.len() - 1).unwrap_or_default())
}

/// Whether a line is the first of a key in several.
fn begins_block(text: &str, state: &mut State) -> bool {
    let count = text.strip_prefix("Private-Lines: ").and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    if let Some(count) = count {
        state.block = Some(Block::Lines(count));
        return true;
    }
    let is_pem = text.starts_with("-----BEGIN ") && !text.contains("-----END ");
    if is_pem {
        state.block = Some(Block::Pem);
    }
    is_pem
}

/// Lines that are the same in many texts: around the key in PEM, and at the start of a script.
pub(super) fn is_everyones(line: &str) -> bool {
    line.starts_with("-----BEGIN ") || line.starts_with("-----END ") || line.starts_with("#!")
}

/// `NAME=value`, with which a quote that was never closed ends.
fn is_assignment(line: &str) -> bool {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !value.trim_start_matches(['=', '"', '\'']).is_empty() && name.chars().all(is_name)
}

/// What is behind the name in a line that has one, or nothing in a line that only has a format's own signs.
fn value_of(line: &str) -> Option<&str> {
    let line = line.strip_prefix("- ").unwrap_or(line);
    if line.starts_with(['#', ';', '[', ']', '{', '}', '<']) || line.starts_with("//") {
        return Some("");
    }
    let (name, value) = line.split_once(['=', ':'])?;
    let is_name = |c: char| c.is_alphanumeric() || "_-.$\"' ".contains(c);
    (name.len() <= 64 && !value.starts_with("//") && name.chars().all(is_name)).then_some(value)
}
