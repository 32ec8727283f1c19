//! A JSON value, whose texts are wiped when dropped.

use std::collections::HashMap;

use super::reader::{Reader, ValueKind};
use crate::secret::SecretText;

/// Why a text is not JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// The byte offset of what can't be read.
    pub offset: usize,
    /// Whether the text ends where something should follow.
    pub is_cut: bool,
}

/// One value of a field, or a part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written: `17`, `-1.50`, `1E5`.
    Number(SecretText),
    /// A string.
    Text(SecretText),
    /// An array.
    List(Vec<Value>),
    /// An object, its members in stored order, each once.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader::new(text.as_bytes());
        let mut value = None;
        let outcome = reader.whole(&mut |reader| {
            value = reader.value()?;
            Ok(())
        });
        let rest = reader.rest();
        let not_json = NotJson { offset: text.len() - rest.len(), is_cut: rest.is_empty() };
        outcome.ok().and(value).ok_or(not_json)
    }

    /// Whether it is `null` or an empty text, so that there is nothing to pass on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            // EXPOSE: only the length is looked at.
            Self::Text(text) => text.expose().is_empty(),
            _ => false,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&SecretText> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What it is, with an article, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => ValueKind::Null,
            Self::Bool(_) => ValueKind::Bool,
            Self::Number(_) => ValueKind::Number,
            Self::Text(_) => ValueKind::Text,
            Self::List(_) => ValueKind::List,
            Self::Object(_) => ValueKind::Object,
        }
        .shown()
    }
}

/// Merges members with the same name: the last one's value in the first one's position, as in JavaScript.
pub(super) fn without_repetitions(members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(String, Value)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let place = *places.entry(name.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some((_, known)) => *known = value,
            None => kept.push((name, value)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_itself_and_everything_else_is_compact_json_in_stored_order() {
        for (json, rendered) in [
            (r#""s3cr3t ü""#, "s3cr3t ü"),
            (r#""\ud83d\ude00\/""#, "\u{1f600}/"),
            ("null", "null"),
            ("true", "true"),
            (r#"{ "z": 1, "a": [ "x", null, { } ] }"#, r#"{"z":1,"a":["x",null,{}]}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#"["\u0000\"\u001F\u007f\b\f\n\r\t\\"]"#, "[\"\\u0000\\\"\\u001f\u{7f}\\b\\f\\n\\r\\t\\\\\"]"),
            (r#"["\u000f\u0010"]"#, r#"["\u000f\u0010"]"#),
            (r#"["cut \ud83d"]"#, "[\"cut \u{fffd}\"]"),
            (" [ ] ", "[]"),
            ("\u{feff}[]", "[]"),
        ] {
            let value = Value::parse(json).expect(json);
            assert_eq!(value.render().expose(), rendered, "{json}");
        }
    }

    #[test]
    fn a_number_is_handed_through_as_it_is_written() {
        for number in
            ["1700000000000", "1700000000000.0", "-1.50", "-0.00", "1e2", "12.34E+1", "9007199254740993", "1e999"]
        {
            assert_eq!(Value::parse(number).expect(number).render().expose(), number);
            let list = format!("[{number}]");
            assert_eq!(Value::parse(&list).expect(number).render().expose(), list);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_begins_to_be_none() {
        for (text, offset, is_cut) in [
            ("", 0, true),
            ("{", 1, true),
            (r#"{"a""#, 4, true),
            (r#"{"a":1"#, 6, true),
            (r#"{"a":1,"#, 7, true),
            (r#"{"a":1,}"#, 7, false),
            (r#"{"a" 1}"#, 5, false),
            ("[1 2]", 3, false),
            ("[1,]", 3, false),
            ("[01]", 2, false),
            ("[1.]", 3, false),
            ("{} x", 3, false),
            (r#""a"#, 2, true),
        ] {
            assert_eq!(Value::parse(text), Err(NotJson { offset, is_cut }), "{text}");
        }
        for text in ["tru", "nul", "[+1]", "\"\u{1}\"", r#""\x""#, r#""\u12g4""#, "'a'", "{a:1}", "[1}"] {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_and_objects_may_be_nested_127_deep() {
        for (start, end) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |depth: usize| [&start.repeat(depth), "1", &end.repeat(depth)].concat();
            assert!(Value::parse(&nested(127)).is_ok(), "{start}");
            assert!(Value::parse(&nested(128)).is_err(), "{start}");
            assert!(Value::parse(&nested(100_000)).is_err(), "{start}");
        }
    }

    #[test]
    fn as_many_lists_as_there_are_may_be_side_by_side() {
        let many = format!("[{}[]]", "[],{},".repeat(200));
        assert_eq!(Value::parse(&many).map(|value| value.render().expose().to_owned()), Ok(many));
    }
}
