//! A pull parser for JSON: one pass, by tokens and the names of members.

use std::borrow::Cow;

use hifijson::SliceLexer;
use hifijson::num::LexWrite as _;
use hifijson::token::Lex as _;

use super::faults::Faults;
use super::text;

/// The text can't be read any further, because it is not JSON; [`Reader`] knows where.
#[derive(Debug)]
pub struct Stuck;

impl From<hifijson::str::Error> for Stuck {
    fn from(_: hifijson::str::Error) -> Self {
        Self
    }
}

/// What is read from an object, member by member. Unknown members are skipped; of members with the same name, the last
/// one counts, as in JavaScript.
pub trait FromMembers: Default {
    /// Takes the value of the member with this name, or skips it.
    ///
    /// # Errors
    /// When it is not JSON. What is of another type than expected is left out and noted.
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck>;

    /// What was left out, for objects whose faults are reported with the enclosing object.
    fn faults(&mut self) -> Option<&mut Faults> {
        None
    }
}

/// Reads one object, which only white space may follow.
///
/// # Errors
/// What was read so far, when the text is not JSON or not an object.
pub fn object<T: FromMembers>(text: &[u8]) -> Result<T, T> {
    let mut object = T::default();
    let mut reader = Reader::new(text);
    let read = reader.whole(&mut |reader| reader.members(&mut |name, value| object.take(name, value)));
    if read.is_ok() { Ok(object) } else { Err(object) }
}

/// A position in a JSON text (RFC 8259), from which to read on.
pub struct Reader<'a> {
    lexer: SliceLexer<'a>,
    pub(super) depth: usize,
    pub(super) is_too_deep: bool,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning, after a byte order mark.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self { lexer: SliceLexer::new(text), depth: 0, is_too_deep: false }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.lexer.as_slice()
    }

    /// Reads a value that only white space follows.
    pub(super) fn whole(&mut self, read: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        read(self)?;
        match self.lexer.ws_peek() {
            None => Ok(()),
            Some(_) => Err(Stuck),
        }
    }

    /// Reads an object.
    pub(super) fn members(&mut self, take: &mut dyn FnMut(&str, &mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        self.nested(b'{', b'}', &mut |reader| {
            let name = reader.string()?;
            reader.eat(b':')?;
            take(&name, reader)
        })
    }

    /// Reads a list.
    pub(super) fn elements(&mut self, take: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>) -> Result<(), Stuck> {
        self.nested(b'[', b']', take)
    }

    fn nested(
        &mut self,
        start: u8,
        end: u8,
        take: &mut dyn FnMut(&mut Self) -> Result<(), Stuck>,
    ) -> Result<(), Stuck> {
        self.eat(start)?;
        let mut is_first = true;
        while self.lexer.ws_peek() != Some(end) {
            if !is_first {
                self.eat(b',')?;
            }
            take(self)?;
            is_first = false;
        }
        self.eat(end)
    }

    /// Consumes this byte, and the white space before it.
    fn eat(&mut self, byte: u8) -> Result<(), Stuck> {
        self.lexer.expect(SliceLexer::ws_peek, byte).ok_or(Stuck)
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Stuck> {
        self.eat(b'"')?;
        text::read(&mut self.lexer)
    }

    pub(super) fn number(&mut self) -> Result<&'a str, Stuck> {
        self.lexer.num_string().validated().map(|(number, _)| number).map_err(|_| Stuck)
    }

    pub(super) fn null_or_bool(&mut self) -> Result<Option<bool>, Stuck> {
        self.lexer.null_or_bool().ok_or(Stuck)
    }

    /// The kind of the next value, by its first character.
    pub(super) fn kind(&mut self) -> Result<ValueKind, Stuck> {
        Ok(match self.lexer.ws_peek().ok_or(Stuck)? {
            b'"' => ValueKind::Text,
            b'[' => ValueKind::List,
            b'{' => ValueKind::Object,
            b'-' | b'0'..=b'9' => ValueKind::Number,
            b'n' => ValueKind::Null,
            b't' | b'f' => ValueKind::Bool,
            _ => return Err(Stuck),
        })
    }

    /// Reads any value, however deeply it is nested, and keeps nothing of it.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn skip(&mut self) -> Result<(), Stuck> {
        // The closing brackets of what is open, the innermost last. An explicit stack, as a text can be nested more
        // deeply than the call stack allows.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.kind()? {
                ValueKind::Text => {
                    self.eat(b'"')?;
                    text::skip(&mut self.lexer)?;
                }
                ValueKind::Number => drop(self.number()?),
                ValueKind::Null | ValueKind::Bool => drop(self.null_or_bool()?),
                kind @ (ValueKind::List | ValueKind::Object) => {
                    let (start, end) = if kind == ValueKind::List { (b'[', b']') } else { (b'{', b'}') };
                    self.eat(start)?;
                    open.push(end);
                    if self.lexer.ws_peek() != Some(end) {
                        self.skip_name(end)?;
                        continue;
                    }
                }
            }
            while open.last().is_some_and(|end| self.lexer.ws_peek() == Some(*end)) {
                open.pop();
                self.lexer.discarded();
            }
            let Some(end) = open.last().copied() else { return Ok(()) };
            self.eat(b',')?;
            self.skip_name(end)?;
        }
    }

    /// Consumes the name of a member, if this byte is the end of an object.
    fn skip_name(&mut self, end: u8) -> Result<(), Stuck> {
        if end != b'}' {
            return Ok(());
        }
        self.eat(b'"')?;
        text::skip(&mut self.lexer)?;
        self.eat(b':')
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl ValueKind {
    /// With an article, for messages.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    #[derive(Debug, Default, PartialEq)]
    struct Names {
        name: String,
        parts: Vec<Names>,
        value: Value,
        faults: Faults,
    }

    impl FromMembers for Names {
        fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
            match name {
                "name" => self.name = value.name(name, &mut self.faults)?,
                "parts" => self.parts = value.objects(name, &mut self.faults)?,
                "value" => self.value = value.value_of(name, &mut self.faults)?.unwrap_or_default(),
                _ => value.skip()?,
            }
            Ok(())
        }

        fn faults(&mut self) -> Option<&mut Faults> {
            Some(&mut self.faults)
        }
    }

    fn named(name: &str, parts: Vec<Names>) -> Names {
        Names { name: name.to_owned(), parts, ..Names::default() }
    }

    #[test]
    fn an_object_is_read_by_the_names_of_its_members() {
        for (text, read) in [
            (r#"{"name":"a"}"#, named("a", vec![])),
            (r#" { "other" : [ { "\"name" : "\\\"" } , -1e5, true, [ ], { } ] , "name" : "a" } "#, named("a", vec![])),
            (r#"{"name":"a","name":"b"}"#, named("b", vec![])),
            (r#"{"name":20260615}"#, named("20260615", vec![])),
            (r#"{"name":false}"#, named("false", vec![])),
            (r#"{"n\u0061me":"\ud83d"}"#, named("\u{fffd}", vec![])),
            (r#"{"name":null,"parts":null}"#, named("", vec![])),
            (r#"{"parts":[{"name":"a"},{}]}"#, named("", vec![named("a", vec![]), named("", vec![])])),
            (r#"{"other":"\ud800"}"#, named("", vec![])),
            ("\u{feff}{}", named("", vec![])),
        ] {
            assert_eq!(object(text.as_bytes()), Ok(read), "{text}");
        }
    }

    #[test]
    fn what_is_of_another_type_is_left_out_and_noted() {
        let deep = format!(r#"{{"name":"a","value":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        for (text, told) in [
            (r#"{"name":["a"]}"#, "`name` (a list instead of a text)"),
            (r#"{"name":{"name":"b"}}"#, "`name` (an object instead of a text)"),
            (r#"{"parts":{}}"#, "`parts` (an object instead of a list)"),
            (r#"{"parts":""}"#, "`parts` (a text instead of a list)"),
            (
                r#"{"parts":[{},1,[{}]]}"#,
                "`parts[1]` (a number instead of an object) and `parts[2]` (a list instead of an object)",
            ),
            (r#"{"parts":[{},{"parts":[null]}]}"#, "`parts[1].parts[0]` (null instead of an object)"),
            (&deep, "`value` (nested too deeply)"),
        ] {
            let read: Names = object(text.as_bytes()).expect(text);
            assert_eq!(read.faults.to_string(), told, "{text}");
        }
    }

    #[test]
    fn what_comes_before_the_break_is_read() {
        for (text, name) in [
            (r#"["a"]"#, ""),
            (r#"{"name":"a"} {}"#, "a"),
            (r#"{"name":"a","parts":[{"#, "a"),
            ("{\"name\":\"a\",\"other\":\"\n\"}", "a"),
            (r#"{"name":"a"#, ""),
        ] {
            assert_eq!(object::<Names>(text.as_bytes()).map_err(|read| read.name), Err(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_skipped_may_be_nested_as_deeply_as_it_likes() {
        for (start, end) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":[],"b":"#, "}]")] {
            let nested = [&start.repeat(100_000), "1", &end.repeat(100_000)].concat();
            let whole = format!(r#"{{"other":{nested},"name":"a"}}"#);
            assert_eq!(object(whole.as_bytes()), Ok(named("a", vec![])), "{start}");
            let broken = format!(r#"{{"other":{nested}],"name":"a"}}"#);
            assert!(object::<Names>(broken.as_bytes()).is_err(), "{start}");
        }
    }

    #[test]
    fn of_many_texts_the_first_are_kept_and_all_are_counted() {
        let mut faults = Faults::default();
        let mut reader = Reader::new(br#"["a", 1, "b", "c", null]"#);
        let read = reader.texts("warnings", 2, &mut faults).expect("texts");
        assert_eq!(read, (vec!["a".to_owned(), "b".to_owned()], 3));
        assert_eq!(
            faults.to_string(),
            "`warnings[1]` (a number instead of a text) and `warnings[4]` (null instead of a text)"
        );
    }
}
