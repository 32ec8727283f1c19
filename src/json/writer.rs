//! Compact JSON, as JavaScript's `JSON.stringify` writes it.

use super::value::Value;
use crate::secret::SecretText;

impl Value {
    /// A string as itself, everything else as compact JSON.
    #[must_use]
    pub fn render(&self) -> SecretText {
        match self {
            Self::Text(text) => text.clone(),
            other => other.to_json(),
        }
    }

    /// Compact JSON, strings in quotes.
    #[must_use]
    pub fn to_json(&self) -> SecretText {
        let mut json = String::new();
        self.write(&mut json);
        SecretText::from(json)
    }

    fn write(&self, json: &mut String) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            // EXPOSE: the JSON becomes a secret text again.
            Self::Number(number) => json.push_str(number.expose()),
            Self::Text(text) => write_text(text.expose(), json),
            Self::List(values) => write_list(values, json),
            Self::Object(members) => {
                let mut separator = '{';
                for (name, value) in members {
                    json.push(separator);
                    write_text(name, json);
                    json.push(':');
                    value.write(json);
                    separator = ',';
                }
                json.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// A list as compact JSON.
#[must_use]
pub fn list(values: &[Value]) -> SecretText {
    let mut json = String::new();
    write_list(values, &mut json);
    SecretText::from(json)
}

fn write_list(values: &[Value], json: &mut String) {
    let mut separator = '[';
    for value in values {
        json.push(separator);
        value.write(json);
        separator = ',';
    }
    json.push_str(if values.is_empty() { "[]" } else { "]" });
}

/// Writes a text in quotes, escaped where it has to be (ECMA-262, section 25.5.2.3, `QuoteJSONString`).
pub(crate) fn write_text(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        let escape = match c {
            '"' | '\\' => c,
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\0'..='\u{1f}' => {
                let high = if c < '\u{10}' { '0' } else { '1' };
                json.push_str("\\u00");
                json.push(high);
                json.extend(char::from_digit(u32::from(c) % 16, 16));
                continue;
            }
            _ => {
                json.push(c);
                continue;
            }
        };
        json.push('\\');
        json.push(escape);
    }
    json.push('"');
}
