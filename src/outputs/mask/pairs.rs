//! Names and their values in a line, in whatever format: `NAME=value`, `"name": "value"`, `<name>value</name>`,
//! `Server=…;Password=value`, `--name value`, `machine … password value`.
//!
//! One reader for all formats: what matters is only that a value is found, and a wrong guess hides a little more.

use super::parts::{Block, Scanner, State};
use super::telling::{Telling, telling};
use crate::json::Value;
use crate::secret::SecretText;

/// Members and attributes that hold the name for a `value` beside them.
pub(super) const NAMING: [&str; 2] = ["name", "key"];
/// Words before the first name of a line.
const BEFORE_NAMES: [&str; 10] = ["export", "set", "setx", "ENV", "ARG", "env", "var", "let", "const", "declare"];

/// What is in front of the secret in `Authorization: Bearer …`.
const SCHEMES: [&str; 6] = ["Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token "];

/// A quote within single quotes.
const QUOTES_IN_SHELLS: [&str; 2] = ["'\\''", "'\"'\"'"];

/// Finds the values behind telling names.
pub(super) fn find(line: &str, state: &mut State, scanner: &mut Scanner<'_>) {
    let mut at = 0;
    let mut is_first = true;
    while let Some((start, end)) = next_name(line, at) {
        at = end;
        let name = part(line, start, end).trim_matches(['.', '-', '$']);
        if name.is_empty() || is_first && BEFORE_NAMES.contains(&name) {
            continue;
        }
        let before = part(line, 0, start);
        let is_start = is_first && before.split_whitespace().all(is_prefix);
        is_first = false;
        let Some((separator, value_at)) = separator(line, start, end, is_start) else { continue };
        let is_in_list = before.trim_end().ends_with(';');
        let telling = said_by(name, part(line, value_at, line.len()), state);
        let pair = Pair { line, value_at, separator, is_start, is_in_list, telling };
        if pair.telling != Telling::Nothing {
            at = pair.read(state, scanner).max(end);
        }
    }
}

fn is_prefix(word: &str) -> bool {
    BEFORE_NAMES.contains(&word) || word.chars().all(|c| "-\"'$[*@".contains(c)) || word == "$env:"
}

/// The next run of characters that names are made of.
fn next_name(line: &str, from: usize) -> Option<(usize, usize)> {
    let is_name = |c: char| c.is_alphanumeric() || "_-.$".contains(c);
    let start = from + part(line, from, line.len()).find(is_name)?;
    let rest = part(line, start, line.len());
    Some((start, start + rest.find(|c| !is_name(c)).unwrap_or(rest.len())))
}

/// What a name says of its value. A `value` is what the `name` or `key` before it says.
fn said_by(name: &str, value: &str, state: &mut State) -> Telling {
    if NAMING.iter().any(|naming| name.eq_ignore_ascii_case(naming)) {
        let value = value.trim_start_matches(['"', '\'']);
        let end = find_near(value, |c| c.is_whitespace() || "\"'<,;".contains(c)).unwrap_or_default();
        let named = telling(part(value, 0, end));
        state.named = (named != Telling::Nothing).then_some(named);
        return if named == Telling::Nothing { telling(name) } else { Telling::Nothing };
    }
    let is_value = name.eq_ignore_ascii_case("value") || name == "string";
    if is_value { state.named.unwrap_or(Telling::Nothing) } else { telling(name) }
}

/// What is between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Equals,
    Colon,
    /// `<name>value</name>`
    Tag,
    /// `password value`
    Blank,
}

/// The separator behind a name, and where the value begins.
fn separator(line: &str, start: usize, end: usize, is_start: bool) -> Option<(Separator, usize)> {
    let before = part(line, 0, start);
    let rest = part(line, end, line.len());
    // PowerShell's `ConvertTo-SecureString -String '…'`
    let rest = rest.strip_prefix(" -String").unwrap_or(rest);
    let at = |rest: &str| line.len() - rest.len();
    if before.ends_with('<') {
        let content = part(rest, find_near(rest, |c| c == '>')? + 1, rest.len());
        return Some((Separator::Tag, at(content.strip_prefix("<![CDATA[").unwrap_or(content))));
    }
    let behind = rest.trim_start_matches(['"', '\'', '\\', '`', ']']).trim_start();
    for (sign, separator) in
        [("=>", Separator::Equals), (":=", Separator::Equals), ("=", Separator::Equals), (":", Separator::Colon)]
    {
        if let Some(value) = behind.strip_prefix(sign) {
            return (!value.starts_with("//")).then(|| (separator, at(value.trim_start())));
        }
    }
    // `define('DB_PASSWORD', '…')`, `WITH PASSWORD '…'`
    let argument = behind.strip_prefix(',').filter(|_| rest.starts_with(['"', '\'']));
    let is_quoted = rest.starts_with([' ', '\t']).then_some(rest);
    let quoted = argument.or(is_quoted).map(str::trim_start).filter(|value| value.starts_with(['"', '\'']));
    if let Some(value) = quoted {
        return Some((Separator::Equals, at(value)));
    }
    let is_word = rest.starts_with([' ', '\t']) && !behind.is_empty();
    let is_option = part(line, start, end).starts_with('-');
    let near = part(before, before.len().saturating_sub(NEAR), before.len());
    let is_netrc = part(line, start, end) == "password" && (is_start || near.contains("login "));
    // Looked at for the first name of a line alone, as they read all of it.
    let is_set = || before.split_whitespace().next_back().is_some_and(|word| ["setx", "ENV"].contains(&word));
    let is_like_it = || is_set() || behind.contains(|c: char| c.is_ascii_digit());
    let is_alone = is_start && !behind.trim_end().contains(char::is_whitespace) && is_like_it();
    (is_word && (is_option || is_netrc || is_alone)).then(|| (Separator::Blank, at(behind)))
}

/// A telling name's value, from where it begins.
struct Pair<'a> {
    line: &'a str,
    value_at: usize,
    separator: Separator,
    /// Whether the name is the first of its line, so that the value may go on to the line's end.
    is_start: bool,
    /// Whether it is one of several that `;` separates.
    is_in_list: bool,
    telling: Telling,
}

impl Pair<'_> {
    /// Hands on the value. Says where it ends, so that each character is read once.
    fn read(&self, state: &mut State, scanner: &mut Scanner<'_>) -> usize {
        let value = without_tags(part(self.line, self.value_at, self.line.len()), self.separator);
        let value = without_type(value);
        let indent = self.line.len() - self.line.trim_start().len();
        if self.separator == Separator::Tag {
            if value.trim().is_empty() {
                state.block = Some(Block::Quote('<'));
            }
            return self.until("<]", value, scanner);
        }
        if let Some(rest) = value.strip_prefix("\\\"") {
            return self.until("\\", rest, scanner);
        }
        match value.chars().next() {
            Some('\'') if self.is_start && QUOTES_IN_SHELLS.iter().any(|quote| value.contains(quote)) => {
                let [bash, dash] = QUOTES_IN_SHELLS;
                let doubled = SecretText::from(value.replace(bash, "''").replace(dash, "''"));
                self.quoted('\'', doubled.expose(), state, scanner);
                self.line.len()
            }
            Some(quote @ ('"' | '\'' | '`')) => self.quoted(quote, value, state, scanner),
            Some('{') if self.separator == Separator::Equals => self.until("}", value.trim_start_matches('{'), scanner),
            Some('{') => self.line.len() - value.len(),
            Some('[') => self.list(value, scanner),
            None | Some('#') if self.separator == Separator::Colon => {
                state.block = Some(Block::List { indent });
                self.line.len()
            }
            Some('|' | '>') if is_block_header(value) => {
                state.block = Some(Block::Scalar { indent });
                self.line.len()
            }
            _ => self.unquoted(value, scanner),
        }
    }

    /// A value that ends at one of these characters.
    fn until(&self, ends: &str, value: &str, scanner: &mut Scanner<'_>) -> usize {
        let end = value.find(|c| ends.contains(c)).unwrap_or(value.len());
        scanner.secret(part(value, 0, end), self.telling);
        self.line.len() - value.len() + end
    }

    fn list(&self, value: &str, scanner: &mut Scanner<'_>) -> usize {
        let end = value.find(']').unwrap_or(value.len());
        for item in part(value, 1, end).split(',') {
            scanner.secret(item.trim().trim_matches(['"', '\'']), self.telling);
        }
        self.line.len() - value.len() + end
    }

    /// A value in quotes. A quote within it is doubled, or behind a backslash.
    fn quoted(&self, quote: char, value: &str, state: &mut State, scanner: &mut Scanner<'_>) -> usize {
        // Three quotes are one that ends lines as well (TOML, Python).
        let opening = if value.chars().take(3).filter(|c| *c == quote).count() == 3 { 3 } else { 1 };
        let content = part(value, opening, value.len());
        let end = match opening {
            3 => content.find(part(value, 0, 3)),
            _ => closing_quote(content, quote),
        };
        let Some(end) = end else {
            scanner.secret(content, self.telling);
            if self.is_start && self.separator == Separator::Equals {
                state.block = Some(Block::Quote(quote));
            }
            return self.line.len();
        };
        let content = part(content, 0, end);
        scanner.secret(content, self.telling);
        self.unescaped(content, scanner);
        let doubled = format!("{quote}{quote}");
        if content.contains(&doubled) {
            let plain = SecretText::from(content.replace(&doubled, &quote.to_string()));
            scanner.secret(plain.expose(), self.telling);
        }
        self.line.len() - value.len() + opening + end
    }

    /// A value in which backslashes are escapes: those of JSON, and what shells and properties have.
    fn unescaped(&self, value: &str, scanner: &mut Scanner<'_>) {
        if !value.contains('\\') {
            return;
        }
        // EXPOSE: parts become masks.
        if let Ok(Value::Text(plain)) = Value::parse(&format!("\"{value}\"")) {
            scanner.secret(plain.expose(), self.telling);
            scanner.nested(plain.expose());
        }
        let mut plain = String::with_capacity(value.len());
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            plain.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        scanner.secret(SecretText::from(plain).expose(), self.telling);
    }

    /// A value without quotes: to the end of its line if the line begins with its name, else to the next sign that may
    /// end it. What may be a comment is left out, once.
    fn unquoted(&self, value: &str, scanner: &mut Scanner<'_>) -> usize {
        if let Some(token) = SCHEMES.iter().find_map(|scheme| value.strip_prefix(scheme)) {
            return self.until(" \t,\"'<", token, scanner);
        }
        if !self.is_start || self.separator == Separator::Blank {
            let ends = if self.is_in_list { ";\"'<" } else { " \t;&,\"'<>})" };
            return self.until(ends, value, scanner);
        }
        let whole = value.trim_end().trim_end_matches([',', ';']);
        scanner.secret(whole, self.telling);
        self.unescaped(whole, scanner);
        for comment in [" #", "\t#", " ;", " //"] {
            if let Some((value, _)) = whole.split_once(comment) {
                scanner.secret(value, self.telling);
            }
        }
        // `Password=…;Encrypt=True`, `sig=…&se=…`, `{password: …, user: …}`
        match value.split_once([';', '&']).filter(|(_, rest)| rest.contains('=')) {
            Some((first, _)) => {
                scanner.secret(first, self.telling);
                self.line.len() - value.len() + first.len()
            }
            None => self.line.len() - value.len() + whole.len(),
        }
    }
}

/// A value of YAML without tags and anchors in front of it: `!vault |`, `&main value`.
fn without_tags(mut value: &str, separator: Separator) -> &str {
    while separator == Separator::Colon && value.starts_with(['!', '&']) {
        let Some(end) = find_near(value, |c| c == ' ') else { break };
        value = part(value, end, value.len()).trim_start();
    }
    value
}

/// `|`, `>-`, `|2+ # a comment` (YAML 1.2, 8.1.1)
fn is_block_header(value: &str) -> bool {
    let value = value.split('#').next().unwrap_or_default().trim();
    value.chars().skip(1).all(|c| "+-".contains(c) || c.is_ascii_digit())
}

/// A value without what a language has before a text: a type, as in `token: str = "…"`, and letters, as in `r'…'`, `N'…'`.
fn without_type(value: &str) -> &str {
    let value = value.strip_prefix("ConvertTo-SecureString ").unwrap_or(value);
    let value = value.strip_prefix("-String ").unwrap_or(value);
    let is_type = |c: char| c.is_alphanumeric() || "_.<>[]&' |".contains(c);
    let typed = find_near(value, |c| c == '=').and_then(|end| Some((value.get(..end)?, value.get(end + 1..)?)));
    let value = match typed {
        Some((name, text))
            if name.ends_with(' ')
                && name.starts_with(|c: char| c.is_alphabetic() || c == '&')
                && name.chars().all(is_type)
                && text.trim_start().starts_with(['"', '\'', '`']) =>
        {
            text.trim_start()
        }
        _ => value,
    };
    let text = value.trim_start_matches(['b', 'B', 'E', 'f', 'F', 'N', 'r', 'R', 'u', 'U', '@', '$']);
    let is_prefix = value.len() - text.len() <= 2 && text.starts_with(['"', '\'']);
    if is_prefix { text } else { value }
}

fn closing_quote(content: &str, quote: char) -> Option<usize> {
    let mut chars = content.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote && (at == 0 || chars.next_if(|(_, next)| *next == quote).is_none()) {
            return Some(at);
        }
    }
    None
}

/// So far in bytes a sign may be away from what it belongs to.
const NEAR: usize = 200;

/// Where the first such character is, if it is not far away.
fn find_near(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    text.char_indices().take(NEAR).chain([(text.len(), '\n')]).find(|(_, c)| is(*c)).map(|(at, _)| at)
}

/// The text from one place to another, both of which are at characters.
fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}
