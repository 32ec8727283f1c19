//! Readers for values of an expected type; a value of another type is left out and noted.

use super::faults::Faults;
use super::reader::{FromMembers, Reader, Stuck, ValueKind};
use super::value::{self, Value};
use crate::secret::SecretText;

/// How deeply lists and objects may be nested in a value. Keeper's go four levels deep.
const DEEPEST: usize = 127;

impl Reader<'_> {
    /// Reads a list of objects; `null` is an empty one. Anything else in it is left out.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn objects<T: FromMembers>(&mut self, name: &str, faults: &mut Faults) -> Result<Vec<T>, Stuck> {
        let mut objects = Vec::new();
        self.list(name, ValueKind::Object, faults, &mut |reader, index, faults| {
            let mut object = T::default();
            reader.members(&mut |name, value| object.take(name, value))?;
            if let Some(inner) = object.faults().filter(|inner| !inner.is_empty()) {
                faults.absorb(&format!("{name}[{index}]"), inner);
            }
            objects.push(object);
            Ok(())
        })?;
        Ok(objects)
    }

    /// Reads a list of texts, and keeps `most` of them; the number says how many there are. `null` is an empty list.
    /// Anything else in it is left out.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn texts(&mut self, name: &str, most: usize, faults: &mut Faults) -> Result<(Vec<String>, usize), Stuck> {
        let (mut texts, mut count) = (Vec::new(), 0);
        self.list(name, ValueKind::Text, faults, &mut |reader, _, _| {
            count += 1;
            if count > most {
                return reader.skip();
            }
            texts.push(reader.string()?.into_owned());
            Ok(())
        })?;
        Ok((texts, count))
    }

    /// Reads a list; `null` is an empty one. `take` reads an element of the wanted kind, given its index; others are left
    /// out.
    fn list(
        &mut self,
        name: &str,
        wanted: ValueKind,
        faults: &mut Faults,
        take: &mut dyn FnMut(&mut Self, usize, &mut Faults) -> Result<(), Stuck>,
    ) -> Result<(), Stuck> {
        let mut index = 0;
        match self.kind()? {
            ValueKind::List => self.elements(&mut |reader| {
                let kind = reader.kind()?;
                if kind == wanted {
                    take(reader, index, faults)?;
                } else {
                    reader.skip()?;
                    faults.add_type(format!("{name}[{index}]"), kind.shown(), wanted.shown());
                }
                index += 1;
                Ok(())
            }),
            ValueKind::Null => self.skip(),
            other => {
                self.skip()?;
                faults.add_type(name, other.shown(), ValueKind::List.shown());
                Ok(())
            }
        }
    }

    /// Reads a text; `null` is an empty one. Anything else is left out.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn text(&mut self, name: &str, faults: &mut Faults) -> Result<String, Stuck> {
        match self.kind()? {
            ValueKind::Text => return Ok(self.string()?.into_owned()),
            ValueKind::Null => {}
            other => faults.add_type(name, other.shown(), "a text"),
        }
        self.skip()?;
        Ok(String::new())
    }

    /// Reads a name, which may have been written as a number or a boolean.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn name(&mut self, name: &str, faults: &mut Faults) -> Result<String, Stuck> {
        match self.kind()? {
            ValueKind::Number => Ok(self.number()?.to_owned()),
            ValueKind::Bool => {
                let is_true = self.null_or_bool()?;
                Ok(if is_true == Some(true) { "true" } else { "false" }.to_owned())
            }
            _ => self.text(name, faults),
        }
    }

    /// Reads any value; `None` if it is nested too deeply, which is noted.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn value_of(&mut self, name: &str, faults: &mut Faults) -> Result<Option<Value>, Stuck> {
        let value = self.value()?;
        if value.is_none() {
            faults.add_too_deep(name);
        }
        Ok(value)
    }

    /// Reads any value; `None` if it is nested too deeply.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn value(&mut self) -> Result<Option<Value>, Stuck> {
        self.is_too_deep = false;
        let value = self.any()?;
        Ok(Some(value).filter(|_| !self.is_too_deep))
    }

    fn any(&mut self) -> Result<Value, Stuck> {
        let kind = self.kind()?;
        if matches!(kind, ValueKind::List | ValueKind::Object) && self.depth == DEEPEST {
            self.is_too_deep = true;
            self.skip()?;
            return Ok(Value::Null);
        }
        self.depth += 1;
        let value = match kind {
            // Unescaped text is moved, not copied, so that no copy stays in memory.
            ValueKind::Text => Value::Text(SecretText::from(self.string()?.into_owned())),
            ValueKind::Number => Value::Number(SecretText::from(self.number()?)),
            ValueKind::Null | ValueKind::Bool => self.null_or_bool()?.map_or(Value::Null, Value::Bool),
            ValueKind::List => {
                let mut values = Vec::new();
                self.elements(&mut |reader| {
                    values.push(reader.any()?);
                    Ok(())
                })?;
                Value::List(values)
            }
            ValueKind::Object => {
                let mut members = Vec::new();
                self.members(&mut |name, value| {
                    members.push((name.to_owned(), value.any()?));
                    Ok(())
                })?;
                Value::Object(value::without_repetitions(members))
            }
        };
        self.depth -= 1;
        Ok(value)
    }
}
