//! JSON as Keeper writes it: read in one pass, member by member, and kept in values that are wiped when dropped.

use hifijson::token::Lex as _;
use hifijson::{Expect, SliceLexer, num::LexWrite as _, str::LexAlloc as _, str::LexWrite as _};

use crate::base64;
use crate::secret::SecretText;

/// Why a text is no JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// How many bytes are in front of what can't be read.
    pub offset: usize,
    /// Whether the text ends where something should follow.
    pub is_cut: bool,
}

/// That a text can't be read any further; [`Reader`] knows where.
#[derive(Debug)]
pub struct Stuck;

impl From<Expect> for Stuck {
    fn from(_: Expect) -> Self {
        Self
    }
}

/// What is read from an object, member by member. What is not known is skipped; of members with one name the last
/// one counts, as in JavaScript.
pub trait FromMembers: Default {
    /// Takes the value of the member with this name, or skips it.
    ///
    /// # Errors
    /// When it is no JSON, or not of the type that it has to be.
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck>;
}

/// Reads one object, and nothing behind it but blanks.
#[must_use]
pub fn object<T: FromMembers>(text: &[u8]) -> Option<T> {
    let mut object = T::default();
    let mut reader = Reader::new(text);
    reader.whole(&mut |reader| reader.members(&mut |name, value| object.take(name, value))).ok()?;
    Some(object)
}

/// How deeply lists and objects may stand in each other. Keeper's go five levels deep.
const DEEPEST: usize = 127;

/// A JSON text (RFC 8259) on the way from its beginning to its end.
pub struct Reader<'a> {
    lexer: SliceLexer<'a>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { lexer: SliceLexer::new(text), depth: 0 }
    }

    /// Reads a value behind which nothing follows but blanks.
    fn whole(&mut self, read: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        read(self)?;
        match self.lexer.ws_peek() {
            None => Ok(()),
            Some(_) => Err(Stuck),
        }
    }

    /// Reads an object.
    fn members(&mut self, take: &mut dyn FnMut(&str, &mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        self.nested(b'{', b'}', &mut |reader| {
            reader.eat(b'"')?;
            let name = reader.lexer.str_string().map_err(|_| Stuck)?;
            reader.eat(b':')?;
            take(&name, reader)
        })
    }

    /// Reads a list.
    fn elements(&mut self, take: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        self.nested(b'[', b']', take)
    }

    fn nested(
        &mut self,
        start: u8,
        end: u8,
        take: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>,
    ) -> Result<(), Stuck> {
        if self.depth == DEEPEST {
            return Err(Stuck);
        }
        self.eat(start)?;
        self.depth += 1;
        let mut is_first = true;
        while self.lexer.ws_peek() != Some(end) {
            if !is_first {
                self.eat(b',')?;
            }
            take(self)?;
            is_first = false;
        }
        self.depth -= 1;
        self.eat(end)
    }

    /// Goes past this byte, and the blanks before it.
    fn eat(&mut self, byte: u8) -> Result<(), Stuck> {
        self.lexer.expect(SliceLexer::ws_peek, byte).ok_or(Stuck)
    }

    /// Reads a list of objects; `null` is an empty one.
    ///
    /// # Errors
    /// When it is something else.
    pub fn objects<T: FromMembers>(&mut self) -> Result<Vec<T>, Stuck> {
        let mut objects = Vec::new();
        if self.lexer.ws_peek() == Some(b'n') {
            return self.value().map(|_| objects);
        }
        self.elements(&mut |reader| {
            let mut object = T::default();
            reader.members(&mut |name, value| object.take(name, value))?;
            objects.push(object);
            Ok(())
        })?;
        Ok(objects)
    }

    /// Reads a text. Anything else is as good as none, and no reason to give up all around it.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn text(&mut self) -> Result<Option<String>, Stuck> {
        // EXPOSE: used for names, types and addresses, which are no values.
        Ok(self.value()?.as_text().map(|text| text.expose().to_owned()))
    }

    /// Reads bytes that stand in the JSON as Base64. What is something else is empty: no key opens it.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn bytes(&mut self) -> Result<Vec<u8>, Stuck> {
        if self.lexer.ws_peek() != Some(b'"') {
            return self.value().map(|_| Vec::new());
        }
        self.eat(b'"')?;
        let text = self.lexer.str_string().map_err(|_| Stuck)?;
        Ok(base64::decode(&text).unwrap_or_default())
    }

    /// Reads any value.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn value(&mut self) -> Result<Value, Stuck> {
        match self.lexer.ws_peek().ok_or(Stuck)? {
            b'"' => {
                self.eat(b'"')?;
                let text = self.lexer.str_string().map_err(|_| Stuck)?;
                // What had escapes is moved, not copied, so that nothing of it stays behind.
                Ok(Value::Text(SecretText::from(text.into_owned())))
            }
            b'-' | b'0'..=b'9' => {
                let (number, _) = self.lexer.num_string().validated().map_err(|_| Stuck)?;
                Ok(Value::Number(SecretText::from(as_javascript_writes(number))))
            }
            b'[' => {
                let mut values = Vec::new();
                self.elements(&mut |reader| {
                    values.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Value::List(values))
            }
            b'{' => {
                let mut members = Vec::new();
                self.members(&mut |name, value| {
                    members.push((name.to_owned(), value.value()?));
                    Ok(())
                })?;
                Ok(Value::Object(members))
            }
            b'a'..=b'z' => match self.lexer.null_or_bool().ok_or(Stuck)? {
                Some(value) => Ok(Value::Bool(value)),
                None => Ok(Value::Null),
            },
            _ => Err(Stuck),
        }
    }

    /// Reads any value and keeps nothing of it.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn skip(&mut self) -> Result<(), Stuck> {
        match self.lexer.ws_peek() {
            Some(b'"') => {
                self.eat(b'"')?;
                // Unlike the lexer's own way to skip, this one looks for the end in one tight loop.
                self.lexer.str_fold((), |_, ()| Ok(()), skip_escape).map_err(|_: hifijson::str::Error| Stuck)
            }
            Some(b'[') => self.elements(&mut Self::skip),
            Some(b'{') => self.members(&mut |_, value| value.skip()),
            Some(b'-' | b'0'..=b'9') => self.lexer.num_string().validated().map(drop).map_err(|_| Stuck),
            _ => self.value().map(drop),
        }
    }
}

fn skip_escape(lexer: &mut SliceLexer<'_>, (): &mut ()) -> Result<(), hifijson::str::Error> {
    use hifijson::Read as _;
    use hifijson::escape::{Error, Lex as _};
    let kind = lexer.take_next().ok_or(Error::Eof)?;
    lexer.escape(kind)?;
    Ok(())
}

/// One value of a field, or a part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as JavaScript writes it: `17`, `-1.5`, `1e+21`.
    Number(SecretText),
    /// A string.
    Text(SecretText),
    /// An array.
    List(Vec<Value>),
    /// An object, its members in stored order.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader::new(text.as_bytes());
        let mut value = Self::Null;
        let outcome = reader.whole(&mut |reader| {
            value = reader.value()?;
            Ok(())
        });
        let rest = reader.lexer.as_slice();
        outcome.map(|()| value).map_err(|Stuck| NotJson { offset: text.len() - rest.len(), is_cut: rest.is_empty() })
    }

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

/// Writes a JSON number in the form that JavaScript gives it (ECMA-262, section 6.1.6.1.20, `Number::toString`), but
/// with all the digits that it has.
fn as_javascript_writes(number: &str) -> String {
    /// Whole numbers are written out up to this many digits.
    const WHOLE: i64 = 21;
    /// Fractions are written out up to this many zeros behind the point.
    const ZEROS: i64 = 6;

    let (sign, number) = number.strip_prefix('-').map_or(("", number), |number| ("-", number));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    // The exponent's digits are checked, so only its size can be wrong, and nobody means such a number.
    let exponent = exponent.parse::<i64>().unwrap_or(i64::from(i32::MAX));
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (count, leading_zeros) = (length(digits), length(&all) - length(significant));
    // Where the point stands, counted from the first digit.
    let point = exponent.saturating_add(length(whole) - leading_zeros);
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    if (count..=WHOLE).contains(&point) {
        return format!("{sign}{digits}{}", zeros(point - count));
    }
    if (1..=WHOLE).contains(&point)
        && let Some((whole, fraction)) = usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point))
    {
        return format!("{sign}{whole}.{fraction}");
    }
    if (1 - ZEROS..=0).contains(&point) {
        return format!("{sign}0.{}{digits}", zeros(-point));
    }
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let dot = if rest.is_empty() { "" } else { "." };
    let plus = if point > 0 { "+" } else { "" };
    format!("{sign}{first}{dot}{rest}e{plus}{}", point.saturating_sub(1))
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
            (r#"["\u0000\"\u001F\u007f\b\f\n\r\t\\"]"#, "[\"\\u0000\\\"\\u001f\u{7f}\\b\\f\\n\\r\\t\\\\\"]"),
            (r#"["\u000f\u0010"]"#, r#"["\u000f\u0010"]"#),
            (" [ ] ", "[]"),
        ] {
            let value = Value::parse(json).expect(json);
            assert_eq!(value.render().expose(), rendered, "{json}");
        }
    }

    #[test]
    fn a_number_is_written_as_in_javascript_with_all_its_digits() {
        for (json, written) in [
            ("1700000000000", "1700000000000"),
            ("1700000000000.0", "1700000000000"),
            ("-1.50", "-1.5"),
            ("0", "0"),
            ("-0.00", "0"),
            ("100", "100"),
            ("1e2", "100"),
            ("12.34E1", "123.4"),
            ("1234e-2", "12.34"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.25e-9", "1.25e-9"),
            ("123456789012345678901", "123456789012345678901"),
            ("1234567890123456789012", "1.234567890123456789012e+21"),
            ("1e+21", "1e+21"),
            ("1E20", "100000000000000000000"),
            ("9007199254740993", "9007199254740993"),
            ("1e99999999999999999999", "1e+2147483647"),
        ] {
            assert_eq!(Value::parse(json).expect(json).render().expose(), written, "{json}");
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
        for text in ["tru", "nul", "[+1]", "\"\u{1}\"", r#""\x""#, r#""\ud800""#, r#""\u12g4""#, "'a'", "{a:1}", "[1}"]
        {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_and_objects_may_be_nested_127_deep() {
        for (start, end) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |depth: usize| [&start.repeat(depth), "1", &end.repeat(depth)].concat();
            assert!(Value::parse(&nested(127)).is_ok(), "{start}");
            assert!(Value::parse(&nested(128)).is_err(), "{start}");
            assert!(object::<Names>(format!(r#"{{"other":{}}}"#, nested(126)).as_bytes()).is_some(), "{start}");
            assert!(object::<Names>(format!(r#"{{"other":{}}}"#, nested(127)).as_bytes()).is_none(), "{start}");
        }
    }

    #[test]
    fn as_many_lists_as_there_are_may_stand_side_by_side() {
        let many = format!("[{}[]]", "[],{},".repeat(200));
        assert_eq!(Value::parse(&many).map(|value| value.render().expose().to_owned()), Ok(many.clone()));
        assert_eq!(object::<Names>(format!(r#"{{"other":{many}}}"#).as_bytes()), Some(Names::default()));
    }

    #[derive(Debug, Default, PartialEq)]
    struct Names {
        name: String,
        parts: Vec<Names>,
    }

    impl FromMembers for Names {
        fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
            match name {
                "name" => self.name = value.text()?.unwrap_or_default(),
                "parts" => self.parts = value.objects()?,
                _ => value.skip()?,
            }
            Ok(())
        }
    }

    #[test]
    fn an_object_is_read_by_the_names_of_its_members() {
        let named = |name: &str, parts: Vec<Names>| Names { name: name.to_owned(), parts };
        for (text, read) in [
            (r#"{"name":"a"}"#, Some(named("a", vec![]))),
            (r#" { "other" : [ { "\"name" : "\\\"" } , -1e5, true ] , "name" : "a" } "#, Some(named("a", vec![]))),
            (r#"{"name":"a","name":"b"}"#, Some(named("b", vec![]))),
            (r#"{"name":["a"]}"#, Some(named("", vec![]))),
            (r#"{"parts":null}"#, Some(named("", vec![]))),
            (r#"{"parts":[{"name":"a"},{}]}"#, Some(named("", vec![named("a", vec![]), named("", vec![])]))),
            (r#"{"parts":{}}"#, None),
            (r#"{"parts":[1]}"#, None),
            (r#"["a"]"#, None),
            (r#"{"name":"a"} {}"#, None),
            (r#"{"other":"\ud800"}"#, None),
            ("{\"other\":\"\n\"}", None),
        ] {
            assert_eq!(object(text.as_bytes()), read, "{text}");
        }
    }
}
