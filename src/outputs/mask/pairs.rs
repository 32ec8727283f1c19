//! Names and their values in a line, in whatever format: `NAME=value`, `"name": "value"`, `<name>value</name>`,
//! `Server=…;Password=value`, `--name value`, `machine … password value`.
//!
//! One reader for all formats: what matters is only that a value is found, and a wrong guess hides a little more.

use super::lines::State;
use super::parts::Scanner;
use super::telling::{Telling, is_ordinary_word, telling};
use super::values::Pair;

/// Members and attributes that contain the name for a `value` beside them.
pub(super) const NAMING: [&str; 5] = ["name", "key", "type", "id", "label"];
/// What contains the value for such a name, also in Terraform, property lists and `expect` scripts.
const VALUES: [&str; 4] = ["value", "string", "default", "send"];
/// Words before the first name of a line.
const BEFORE_NAMES: [&str; 12] =
    ["export", "set", "setx", "setenv", "ENV", "ARG", "env", "var", "let", "const", "declare", "local"];
/// Words that are followed by a name and a value: `setx NAME value`.
const SETTERS: [&str; 11] =
    ["setx", "setenv", "ENV", "set", "-x", "-gx", "-Ux", "config", "--global", "--system", "--local"];
/// Names that begin so ask for a secret, and no secret follows: `getPassword("which one")`.
const GETTERS: [&str; 8] = ["get", "read", "prompt", "ask", "find", "has", "load", "fetch"];

/// Settings of nginx, which pass requests on.
const TO_SERVERS: [&str; 5] = ["proxy_pass", "fastcgi_pass", "uwsgi_pass", "grpc_pass", "scgi_pass"];

/// Finds the values after names that announce a secret.
pub(super) fn find(line: &str, state: &mut State, scanner: &mut Scanner<'_>) {
    let mut at = 0;
    let mut is_first = true;
    while let Some((start, end)) = next_name(line, at) {
        let place = NameInLine { line, start, end };
        at = end;
        if let Some(default_at) = place.default_in_shell() {
            at = place.read_default(default_at, scanner);
            continue;
        }
        let name = place.name();
        if name.is_empty() || is_first && BEFORE_NAMES.contains(&name) {
            continue;
        }
        let is_start = is_first && place.before().split_whitespace().all(is_prefix);
        is_first = false;
        if let Some(pair) = place.pair(is_start, state, scanner) {
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

/// What is between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Equals,
    Colon,
    /// `<name>value</name>`
    Tag,
    /// `password value`
    Blank,
}

/// Where a name is.
#[derive(Clone, Copy)]
pub(super) struct NameInLine<'a> {
    line: &'a str,
    start: usize,
    pub(super) end: usize,
}

impl<'a> NameInLine<'a> {
    pub(super) fn before(self) -> &'a str {
        part(self.line, 0, self.start)
    }

    /// The text shortly before the name.
    fn near(self) -> &'a str {
        let before = self.before();
        part(before, before.floor_char_boundary(before.len().saturating_sub(NEAR)), before.len())
    }

    pub(super) fn rest(self) -> &'a str {
        part(self.line, self.end, self.line.len())
    }

    pub(super) fn name(self) -> &'a str {
        part(self.line, self.start, self.end).trim_matches(['.', '-', '$'])
    }

    fn is_option(self) -> bool {
        part(self.line, self.start, self.end).starts_with('-')
    }

    pub(super) fn at(self, rest: &str) -> usize {
        self.line.len() - rest.len()
    }

    /// Where the default begins in `${NAME:-value}` and the like, or in `${NAME:value}` (Spring).
    fn default_in_shell(self) -> Option<usize> {
        self.before().ends_with("${").then_some(())?;
        let text = part(self.line, self.start, self.line.len());
        let behind = part(text, find_near(text, &|c| !(c.is_alphanumeric() || "_.".contains(c)))?, text.len());
        let signs = [":-", ":=", ":+", ":", "-", "=", "+"];
        signs.iter().find_map(|sign| behind.strip_prefix(sign)).map(|value| self.at(value))
    }

    /// Reports a default. If it contains another, that is read next.
    fn read_default(self, at: usize, scanner: &mut Scanner<'_>) -> usize {
        let value = part(self.line, at, self.line.len());
        let name = part(self.line, self.start, at).trim_end_matches([':', '-', '=', '+']);
        if value.starts_with('$') || telling(name) == Telling::Nothing {
            return at;
        }
        let end = find_near(value, &|c| c == '}').unwrap_or(value.len());
        scanner.secret(part(value, 0, end), telling(name));
        at + end
    }

    /// The name and its value, if the name is that of a secret and has a value.
    fn pair(self, is_start: bool, state: &mut State, scanner: &mut Scanner<'_>) -> Option<Pair<'a>> {
        let name = self.name();
        if name.eq_ignore_ascii_case("identified") {
            return self.identified_by().map(|at| self.pair_at(Separator::Blank, at, Telling::Strongly, false));
        }
        if let Some(at) = self.user_with_password() {
            return Some(self.pair_at(Separator::Blank, at, Telling::Strongly, false));
        }
        if let Some(at) = self.login_with() {
            return Some(self.pair_at(Separator::Equals, at, Telling::Strongly, false));
        }
        if self.is_tag() && self.is_tag_with_value(state) {
            return None;
        }
        let (separator, value_at) = self.separator(is_start)?;
        let value = part(self.line, value_at, self.line.len());
        let telling = self.said_of(value, state, scanner);
        (telling != Telling::Nothing && !self.is_repeated_in(value))
            .then(|| self.pair_at(separator, value_at, telling, is_start))
    }

    /// `adminPassword: adminPassword`
    fn is_repeated_in(self, value: &str) -> bool {
        let name = self.name();
        value.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && part(value, name.len(), value.len()).trim_start_matches([',', ';', ' ']).is_empty()
    }

    fn pair_at(self, separator: Separator, value_at: usize, telling: Telling, is_start: bool) -> Pair<'a> {
        let is_in_list = self.before().trim_end().ends_with(';');
        Pair { line: self.line, value_at, separator, is_start, is_in_list, telling, quote: self.quote() }
    }

    /// The quote around both the name and its value: `"NAME=value"`.
    fn quote(self) -> Option<char> {
        let quote = self.before().chars().next_back().filter(|c| ['"', '\''].contains(c))?;
        // A doubled quote is a sign within a text, which no single one would end.
        let is_sign = self.before().strip_suffix(quote).is_some_and(|before| before.ends_with([quote, '\\']));
        (!is_sign && !self.rest().starts_with([quote, '\\'])).then_some(quote)
    }

    /// `<name` and `<prefix:name`
    fn is_tag(self) -> bool {
        let near = self.near();
        let prefix = near.strip_suffix(':').map(|near| near.trim_end_matches(char::is_alphanumeric));
        near.ends_with('<') || prefix.is_some_and(|near| near.ends_with('<'))
    }

    /// Whether a tag is self-closing, or has its value in an attribute, which is then read as the name says.
    fn is_tag_with_value(self, state: &mut State) -> bool {
        let rest = self.rest();
        let tag = part(rest, 0, find_near(rest, &|c| c == '>').unwrap_or_default());
        let has_value = tag.contains("value=") || tag.contains("Value=");
        if has_value && telling(self.name()) != Telling::Nothing {
            state.call_next(telling(self.name()));
        }
        has_value || tag.ends_with('/')
    }

    /// What the name says about its value. For `value`, what the `name` or `key` before it says.
    fn said_of(self, value: &str, state: &mut State, scanner: &mut Scanner<'_>) -> Telling {
        let name = self.name();
        let is = |names: &[&str]| names.iter().any(|listed| name.eq_ignore_ascii_case(listed));
        if is(&NAMING) || name == "variable" {
            let value = value.trim_start_matches(['"', '\'']);
            let end = find_near(value, &|c| c.is_whitespace() || "\"'<,;".contains(c)).unwrap_or_default();
            let named = telling(part(value, 0, end));
            if named == Telling::Nothing {
                if is(&["name", "key", "variable"]) {
                    state.call_nothing();
                }
                return telling(name);
            }
            state.call_next(named);
            self.content_of_tag(value, named, scanner);
            return Telling::Nothing;
        }
        if name == "expect"
            && telling(beginning(value).trim_matches(|c: char| !c.is_alphanumeric())) != Telling::Nothing
        {
            state.call_next(Telling::Strongly);
        }
        if is(&VALUES) { state.called().unwrap_or(Telling::Nothing) } else { telling(name) }
    }

    /// `<entry key="password">value</entry>`
    fn content_of_tag(self, value: &str, named: Telling, scanner: &mut Scanner<'_>) {
        let near = self.near();
        let is_in_tag = near.rfind('<').is_some_and(|at| !part(near, at, near.len()).contains('>'));
        let Some(end) = find_near(value, &|c| c == '>').filter(|_| is_in_tag && !self.is_tag()) else { return };
        let is_open = part(value, 0, end).ends_with(['"', '\'']);
        let content = part(value, end + 1, value.len());
        let content_end = find_near(content, &|c| c == '<').unwrap_or_default();
        if is_open {
            scanner.secret(part(content, 0, content_end), named);
        }
    }

    /// The separator after a name, and where the value begins.
    fn separator(self, is_start: bool) -> Option<(Separator, usize)> {
        let rest = without_switches(self.rest());
        if self.is_tag() {
            let content = part(rest, find_near(rest, &|c| c == '>')? + 1, rest.len());
            return Some((Separator::Tag, self.at(content)));
        }
        let behind = rest.trim_start_matches(['"', '\'', '\\', '`', ']', '*']).trim_start();
        let signs = ["=>", ":=", "??=", "||=", "?=", "===", "==", "="].map(|sign| (sign, Separator::Equals));
        for (sign, separator) in signs.into_iter().chain([(":", Separator::Colon)]) {
            if let Some(value) = behind.strip_prefix(sign) {
                let value = value.trim_start_matches("** ");
                // LDIF has two colons before Base64.
                let value = value.strip_prefix(": ").unwrap_or(value);
                // Not in a URL, or a path in Rust or C++.
                return (!value.starts_with("//") && !value.starts_with(':'))
                    .then(|| (separator, self.at(value.trim_start())));
            }
        }
        let quoted = self.quoted_argument(rest, behind).or_else(|| declared(rest));
        if let Some(value) = quoted {
            return Some((Separator::Equals, self.at(value)));
        }
        // `[--client-secret, value]`
        if let Some(value) = behind.strip_prefix(',').filter(|_| self.is_option()) {
            return Some((Separator::Blank, self.at(value.trim_start())));
        }
        // `The password is …`
        if let Some(value) = behind.strip_prefix("is ").or_else(|| behind.strip_prefix("ist ")) {
            let word = beginning(value).split(char::is_whitespace).next().unwrap_or_default();
            return word.contains(|c: char| c.is_ascii_digit()).then(|| (Separator::Blank, self.at(value)));
        }
        self.is_before_a_word(rest, behind, is_start).then(|| (Separator::Blank, self.at(without_digit(behind))))
    }

    /// `define('DB_PASSWORD', '…')`, `WITH PASSWORD '…'`, `setPassword('…')`, `{password, "…"}`
    fn quoted_argument(self, rest: &'a str, behind: &'a str) -> Option<&'a str> {
        let is_argument = rest.starts_with(['"', '\'']) || self.before().ends_with('{');
        let argument = behind.strip_prefix(',').filter(|_| is_argument);
        let name = self.name().to_lowercase();
        let is_getter = GETTERS.iter().any(|getter| name.rsplit('.').next().unwrap_or_default().starts_with(getter));
        let call = rest.strip_prefix('(').filter(|_| !is_getter);
        let is_quoted = rest.starts_with([' ', '\t']).then_some(rest);
        argument.or(call).or(is_quoted).map(str::trim_start).filter(|value| value.starts_with(['"', '\'']))
    }

    /// Whether the word after a name is its value: `--password value`, `login alice password value`.
    fn is_before_a_word(self, rest: &str, behind: &str, is_start: bool) -> bool {
        if !rest.starts_with([' ', '\t']) || behind.is_empty() {
            return false;
        }
        if self.is_option() {
            return true;
        }
        let is_set = || self.near().split_whitespace().rev().take(2).any(|word| SETTERS.contains(&word));
        let name = self.name();
        if name.ends_with("password") && (is_start && name == "password" || self.is_behind_a_user()) {
            return true;
        }
        let is_alone = (is_start || is_set()) && !TO_SERVERS.contains(&name);
        let is_like_it = || is_set() || !is_ordinary_word(name) || behind.contains(|c: char| c.is_ascii_digit());
        is_alone && telling(name) != Telling::Nothing && is_one_word(behind) && is_like_it()
    }

    /// `machine … login alice password …` (`.netrc`), `user alice insecure-password …` (daemons, routers)
    fn is_behind_a_user(self) -> bool {
        let near = self.near();
        let mut words = near.split_whitespace();
        near.contains("login ") || matches!(words.next(), Some("user" | "username")) && words.next().is_some()
    }
}

/// Skips the switches that PowerShell allows before a string: `-AsPlainText -Force -String '…'`.
fn without_switches(rest: &str) -> &str {
    const SWITCHES: [&str; 3] = [" -String", " -AsPlainText", " -Force"];
    let mut without = rest;
    for _ in 0..SWITCHES.len() {
        without = SWITCHES.iter().find_map(|switch| without.strip_prefix(switch)).unwrap_or(without);
    }
    if without.trim_start().starts_with(['"', '\'']) { without } else { rest }
}

/// The value after a name that is declared with a type: `adminPassword string = '…'`.
fn declared(rest: &str) -> Option<&str> {
    let end = rest.starts_with(' ').then(|| find_near(rest, &|c| c == '='))??;
    let kind = part(rest, 0, end).trim_end_matches(':').trim();
    let is_type = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || "_[]<>*.?".contains(c));
    let value = part(rest, end + 1, rest.len()).trim_start();
    (is_type && value.starts_with(['"', '\''])).then_some(value)
}

/// Skips the digit with which routers say how a password is encoded: `password 0 …`.
fn without_digit(value: &str) -> &str {
    let word = value.trim_start_matches(|c: char| c.is_ascii_digit());
    if value.len() - word.len() == 1 && word.starts_with(' ') { word.trim_start() } else { value }
}

/// Whether nothing but white space follows the first word. Only the white space behind that is read, as more words, each
/// with a name before it, may follow.
fn is_one_word(text: &str) -> bool {
    text.find(char::is_whitespace).is_none_or(|end| is_blank(part(text, end, text.len())))
}

/// Whether a text consists of white space. It is read only up to another character: to trim it would read what follows
/// it as well, again for each name.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim_start().is_empty()
}

/// How far a sign may be from what it belongs to, in characters or bytes; this keeps the search linear.
const NEAR: usize = 200;

/// The position of the first such character, if it is near. A line feed counts as the end of a text that is as short.
pub(super) fn find_near(text: &str, is: &dyn Fn(char) -> bool) -> Option<usize> {
    let mut chars = text.char_indices();
    let found = chars.by_ref().take(NEAR).find(|(_, c)| is(*c)).map(|(at, _)| at);
    found.or_else(|| (chars.as_str().is_empty() && is('\n')).then_some(text.len()))
}

/// The part of a text that is near its beginning.
pub(super) fn beginning(text: &str) -> &str {
    part(text, 0, text.floor_char_boundary(NEAR))
}

/// The text between two positions on character boundaries.
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}
