//! A JSON value that keeps its members' order and is wiped when dropped.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use crate::secret::SecretText;

/// Reads a JSON object. Serde would take a list for it as well, its elements for the members in their order.
#[must_use]
pub fn object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    serde_json::from_slice(bytes).ok().filter(|_| is_object)
}

/// For a member that should be a text: anything else is as good as missing, and no reason to give up all around it.
pub(crate) fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    // EXPOSE: used for names, types and addresses, which are no values.
    Ok(value.as_text().map(|text| text.expose().to_owned()).unwrap_or_default())
}

/// One value of a field, or a part of it.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; whole ones have no fraction, as in JavaScript.
    Number(Number),
    /// A string.
    Text(SecretText),
    /// An array.
    List(Vec<Value>),
    /// An object, its members in stored order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// A string as itself, everything else as compact JSON.
    #[must_use]
    pub fn render(&self) -> SecretText {
        match self {
            Self::Text(text) => text.clone(),
            // Every value is JSON, so this can't fail; an empty text would be noticed as an empty value.
            other => SecretText::from(serde_json::to_string(other).unwrap_or_default()),
        }
    }

    /// Whether there is nothing to hand out.
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

    /// The member of an object. Of members with one name the last one counts, as in JavaScript.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What it is, with an article, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            // EXPOSE: the JSON becomes a secret text again.
            Self::Text(text) => serializer.serialize_str(text.expose()),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        const WHOLE_UP_TO: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < WHOLE_UP_TO {
            #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number below 2^53")]
            return Ok(Value::Number((value as i64).into()));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(SecretText::from(text)))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(SecretText::from(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_itself_and_everything_else_is_compact_json_in_stored_order() {
        for (json, rendered) in [
            (r#""s3cr3t ü""#, "s3cr3t ü"),
            ("null", "null"),
            ("true", "true"),
            ("1700000000000", "1700000000000"),
            ("1700000000000.0", "1700000000000"),
            ("-1.5", "-1.5"),
            (r#"{ "z": 1, "a": [ "x", null, { } ] }"#, r#"{"z":1,"a":["x",null,{}]}"#),
            (r#"["\u0000\"]"]"#, r#"["\u0000\"]"]"#),
        ] {
            let value: Value = serde_json::from_str(json).expect(json);
            assert_eq!(value.render().expose(), rendered, "{json}");
        }
    }
}
