//! The value after a telling name: where it ends, and what it is the escaped form of.

use super::lines::{Block, State};
use super::pairs::{Separator, beginning, find_near, is_blank, part};
use super::parts::Scanner;
use super::telling::Telling;
use crate::json::Value;
use crate::secret::SecretText;

/// Authentication schemes, which precede the secret as in `Authorization: Bearer …`.
const SCHEMES: &str = "bearer basic token apikey key digest negotiate pat ntlm";
/// Words with which a sentence about a secret goes on. Shorter ones are too short to be taken for a secret.
const SENTENCES: &str = "must have cannot could should might will would does were expired invalid missing wrong";
/// Ways to write a quote within single quotes.
const QUOTES_IN_SHELLS: [&str; 2] = ["'\\''", "'\"'\"'"];

/// The value after a telling name, from where it begins.
pub(super) struct Pair<'a> {
    pub(super) line: &'a str,
    pub(super) value_at: usize,
    pub(super) separator: Separator,
    /// Whether the name is the first of its line, so that the value may go on to the line's end.
    pub(super) is_start: bool,
    /// Whether it is one of several, separated by `;`.
    pub(super) is_in_list: bool,
    pub(super) telling: Telling,
    /// The quote that was opened before the name.
    pub(super) quote: Option<char>,
}

impl Pair<'_> {
    /// Reports the value. Returns where it ends, so that each character is read once.
    pub(super) fn read(&self, state: &mut State, scanner: &mut Scanner<'_>) -> usize {
        let value = without_tags(part(self.line, self.value_at, self.line.len()), self.separator);
        let value = without_type(value);
        let indent = || self.line.len() - self.line.trim_start().len();
        if self.separator == Separator::Tag {
            return self.tag(value, state, scanner);
        }
        if let Some(rest) = value.strip_prefix("\\\"") {
            return self.until("\\", rest, scanner);
        }
        if is_default(value) {
            return self.line.len() - value.len();
        }
        if let Some(end) = heredoc(value) {
            state.block = Some(Block::Heredoc { end: end.to_owned() });
            return self.line.len();
        }
        match value.chars().next() {
            Some('\'') if self.is_start && QUOTES_IN_SHELLS.iter().any(|quote| value.contains(quote)) => {
                let [bash, dash] = QUOTES_IN_SHELLS;
                let doubled = SecretText::from(value.replace(bash, "''").replace(dash, "''"));
                self.quoted('\'', doubled.expose(), state, scanner);
                self.line.len()
            }
            Some(quote @ ('"' | '\'' | '`')) => self.quoted(quote, value, state, scanner),
            Some('{') if is_one_sign(value) => {
                state.call_next(self.telling);
                self.line.len()
            }
            Some('{') if self.separator == Separator::Equals => self.until("}", value.trim_start_matches('{'), scanner),
            Some('{') => {
                state.call_next(self.telling);
                self.line.len() - value.len()
            }
            Some('[') => self.list(value, scanner),
            None | Some('#') if self.separator == Separator::Colon => {
                state.block = Some(Block::List { indent: indent() });
                state.call_next(self.telling);
                self.line.len()
            }
            Some('|' | '>') if is_block_header(value) => {
                state.block = Some(Block::Scalar { indent: indent() });
                self.line.len()
            }
            _ => self.unquoted(value, scanner),
        }
    }

    /// `<name>value</name>`, or `<name>` with the value in the next lines.
    fn tag(&self, value: &str, state: &mut State, scanner: &mut Scanner<'_>) -> usize {
        if is_blank(value) {
            state.block = Some(Block::Quote('<'));
        }
        if is_blank(value) || value.starts_with('<') {
            // `<AdministratorPassword><Value>…</Value>`
            state.call_next(self.telling);
        }
        match value.strip_prefix("<![CDATA[") {
            Some(text) => self.until("]", text, scanner),
            None => self.until("<", value, scanner),
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

    /// A value in quotes. A quote within it is doubled, or follows a backslash.
    fn quoted(&self, quote: char, value: &str, state: &mut State, scanner: &mut Scanner<'_>) -> usize {
        // Triple quotes span lines (TOML, Python).
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
        let at = self.line.len() - value.len() + opening;
        if is_default(content) {
            return at;
        }
        self.text(content, scanner);
        let doubled = format!("{quote}{quote}");
        if content.contains(&doubled) {
            let plain = SecretText::from(content.replace(&doubled, &quote.to_string()));
            scanner.secret(plain.expose(), self.telling);
        }
        at + end
    }

    /// Reports a complete value: what follows a scheme, or all of it.
    fn text(&self, value: &str, scanner: &mut Scanner<'_>) {
        if let Some(token) = behind_scheme(value).filter(|_| self.telling == Telling::Weakly) {
            return scanner.secret(token, Telling::Strongly);
        }
        scanner.secret(value, self.telling);
        self.unescaped(value, scanner);
    }

    /// Reports a value with its backslash escapes decoded: as JSON, and as shells and properties files do.
    fn unescaped(&self, value: &str, scanner: &mut Scanner<'_>) {
        if !value.contains('\\') {
            return;
        }
        // EXPOSE: parts become masks.
        if let Ok(Value::Text(plain)) = Value::parse(&format!("\"{value}\"")) {
            scanner.secret(plain.expose(), self.telling);
            scanner.nested(plain.expose());
        }
        scanner.secret(SecretText::from(without_backslashes(value)).expose(), self.telling);
    }

    /// A value without quotes: up to the end of its line, or of its quote, if that begins with the name; otherwise up
    /// to the next sign that may end it. It is also reported without what may be a comment.
    fn unquoted(&self, value: &str, scanner: &mut Scanner<'_>) -> usize {
        let at = self.line.len() - value.len();
        if is_substitution(value) {
            return at + "$(".len();
        }
        let in_quote = self.quote.and_then(|quote| part(value, 0, closing_quote(value, quote)?).into());
        let goes_on = self.separator != Separator::Blank && (self.is_start || in_quote.is_some());
        if !goes_on {
            if let Some(token) = behind_scheme(value).filter(|_| self.telling == Telling::Weakly) {
                let end = token.find(|c| " \t,\"'<".contains(c)).unwrap_or(token.len());
                scanner.secret(part(token, 0, end), Telling::Strongly);
                return self.line.len() - token.len() + end;
            }
            if self.separator == Separator::Colon && is_prose(value) {
                return at;
            }
            let ends = if self.is_in_list { ";\"'<" } else { " \t;&,\"'<>})]" };
            return self.until(ends, value, scanner);
        }
        let value = in_quote.unwrap_or(value);
        let whole = value.trim_end().trim_end_matches([',', ';']);
        self.text(whole, scanner);
        for comment in [" #", "\t#", " ;", " //"] {
            if let Some((value, _)) = whole.split_once(comment) {
                scanner.secret(value, self.telling);
            }
        }
        // `Password=…;Encrypt=True`, `sig=…&se=…`, `password=…,ssl=True`
        if let Some((first, _)) = value.split_once([';', '&', ',']).filter(|(_, rest)| rest.contains('=')) {
            scanner.secret(first, self.telling);
            return at + first.len();
        }
        // `PASSWORD=… command`
        let is_assigned = part(self.line, 0, self.value_at).ends_with('=') && in_quote.is_none();
        match whole.split_once(' ').filter(|_| is_assigned) {
            Some((first, _)) => {
                scanner.secret(first, self.telling);
                at + first.len()
            }
            None => at + whole.len(),
        }
    }
}

/// Whether a text goes on like a sentence: `must have 8 characters`, but not `letmein for now`.
fn is_prose(text: &str) -> bool {
    let mut words = beginning(text).split(' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_word = !second.is_empty() && second.chars().all(|c| c.is_ascii_lowercase());
    is_word && SENTENCES.split(' ').any(|word| word == first)
}

/// Whether a text begins with the output of a command or a macro, whose end is near: `$(cat file)`, `$(DbPassword)`. A
/// password may also begin with `$(`.
pub(super) fn is_substitution(text: &str) -> bool {
    let Some(name) = beginning(text).strip_prefix("$(") else { return false };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_./~-".contains(c);
    let (name, behind) = name.split_at(name.find(|c| !is_name(c)).unwrap_or(name.len()));
    let is_end = |text: &str| text.chars().next().is_none_or(|c| c.is_whitespace() || ";&,\"'<>})]".contains(c));
    let ends = || behind.split(')').skip(1).any(is_end);
    let is_command = name.starts_with(|c: char| c.is_ascii_lowercase() || "./~".contains(c))
        && !name.contains(|c: char| c.is_ascii_uppercase());
    !name.is_empty()
        && (behind.strip_prefix(')').is_some_and(is_end) || is_command && behind.starts_with(' ') && ends())
}

/// The text after the scheme of a header: `Bearer …`.
fn behind_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_at_checked(find_near(value, &|c| c == ' ')?)?;
    SCHEMES.split(' ').any(|known| scheme.eq_ignore_ascii_case(known)).then_some(token.trim_start())
}

/// Whether a value is a default of a shell, which is read next: `${NAME:-value}`.
fn is_default(value: &str) -> bool {
    let Some(name) = value.strip_prefix("${") else { return false };
    let end = find_near(name, &|c| !(c.is_alphanumeric() || "_.".contains(c))).unwrap_or(name.len());
    part(name, end, name.len()).starts_with([':', '-', '=', '+'])
}

/// The line that ends a here-document: `<<EOF`, `<<-"EOF"`, `<<~EOF`, `<<<EOF`.
fn heredoc(value: &str) -> Option<&str> {
    let rest = value.strip_prefix("<<")?.trim_start_matches(['<', '-', '~']).trim_start();
    let rest = rest.trim_start_matches(['"', '\'']);
    let behind = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    let end = rest.strip_suffix(behind).filter(|end| !end.is_empty())?;
    is_blank(behind.trim_start_matches(['"', '\''])).then_some(end)
}

fn is_one_sign(value: &str) -> bool {
    let mut chars = value.chars();
    chars.next().is_some() && is_blank(chars.as_str())
}

/// A text with its backslash escapes decoded, such as `\n` and `\u0041`.
fn without_backslashes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut chars = behind.chars();
        let digits = behind.strip_prefix('u').and_then(|digits| digits.get(..4));
        let letter = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        rest = match (letter, chars.next()) {
            (Some(letter), _) => {
                plain.push(letter);
                part(behind, 5, behind.len())
            }
            (None, c) => {
                plain.extend(c);
                chars.as_str()
            }
        };
    }
    plain.push_str(rest);
    plain
}

/// A YAML value without leading tags and anchors: `!vault |`, `&main value`.
fn without_tags(mut value: &str, separator: Separator) -> &str {
    while separator == Separator::Colon && value.starts_with(['!', '&']) {
        let Some(end) = find_near(value, &|c| c == ' ') else { break };
        value = part(value, end, value.len()).trim_start();
    }
    value
}

/// `|`, `>-`, `|2+ # a comment` (YAML 1.2, 8.1.1)
fn is_block_header(value: &str) -> bool {
    let Some(indicators) = value.strip_prefix(['|', '>']) else { return false };
    let behind = indicators.trim_start_matches(|c: char| "+-".contains(c) || c.is_ascii_digit()).trim_start();
    behind.is_empty() || behind.starts_with('#')
}

/// A value without a type, as in `token: str = "…"`, or the letters before a string, as in `r'…'`, `N'…'`.
fn without_type(value: &str) -> &str {
    let value = value.strip_prefix("ConvertTo-SecureString ").unwrap_or(value);
    let value = value.strip_prefix("-String ").unwrap_or(value);
    let is_type = |c: char| c.is_alphanumeric() || "_.<>[]&' |".contains(c);
    let typed = find_near(value, &|c| c == '=').and_then(|end| Some((value.get(..end)?, value.get(end + 1..)?)));
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
