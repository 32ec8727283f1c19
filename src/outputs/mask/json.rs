//! Secrets in JSON: by the names of members, and within its texts.

use super::lines::is_kind_of_secrets;
use super::parts::{Part, Scanner, option, trimmed};
use super::telling::{self, Telling, telling};
use super::{commands, pairs, words};
use crate::json::Value;
use crate::secret::SecretText;

/// Searches a text if it is JSON. Returns whether it is.
pub(super) fn find(text: &str, scanner: &mut Scanner<'_>) -> bool {
    let is_like_it = trimmed(text).starts_with(['{', '[']);
    match is_like_it.then(|| Value::parse(trimmed(text))) {
        Some(Ok(json)) => {
            value(&json, Telling::Nothing, scanner);
            true
        }
        _ => false,
    }
}

fn value(value: &Value, telling: Telling, scanner: &mut Scanner<'_>) {
    match value {
        // EXPOSE: parts become masks.
        Value::Text(text) => leaf(text.expose(), telling, scanner),
        Value::Number(number) => {
            scanner.secret(number.expose(), telling);
            (scanner.found)(Part::Value(number.expose()));
        }
        Value::List(values) => list(values, telling, scanner),
        Value::Object(object) => members(object, telling, scanner),
        Value::Null | Value::Bool(_) => {}
    }
}

fn leaf(text: &str, telling: Telling, scanner: &mut Scanner<'_>) {
    scanner.secret(text, telling);
    if text.contains(['\n', '{', '=', ':', '@', '\\', '$']) || text.contains(" -") {
        scanner.nested(text);
    } else {
        words::tokens(text, scanner);
    }
    (scanner.found)(Part::Value(text));
}

/// The items of a list, which may be the words of a command.
fn list(values: &[Value], telling: Telling, scanner: &mut Scanner<'_>) {
    // EXPOSE: parts become masks.
    let words: Vec<&str> = values.iter().filter_map(|value| value.as_text().map(SecretText::expose)).collect();
    commands::in_command(&words, scanner);
    let mut next = None;
    for value in values {
        // EXPOSE: it is only compared.
        let text = value.as_text().map(SecretText::expose);
        let own = next.take().filter(|_| text.is_some_and(|text| !text.starts_with('-')));
        self::value(value, own.unwrap_or(telling), scanner);
        next = text.and_then(option);
    }
}

fn members(members: &[(String, Value)], outer: Telling, scanner: &mut Scanner<'_>) {
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
        self::value(value, own, scanner);
    }
}
