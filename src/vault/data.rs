//! A record's JSON: its title, its notes and its fields in stored order.

use super::names::{ByName, HasNames};
use super::totp::Totp;
use crate::inputs::notation::Section;
use crate::json::{Faults, FromMembers, Reader, Stuck, Value};
use crate::secret::SecretText;

/// A record's JSON. What is missing or `null` is empty; what is of another type than expected is left out and noted.
#[derive(Debug, Default)]
pub struct Data {
    /// The title.
    pub title: String,
    /// The record type, for example `login`.
    pub record_type: String,
    /// The notes.
    notes: Value,
    fields: ByName<Field>,
    custom: ByName<Field>,
    /// What was left out.
    pub faults: Faults,
}

impl FromMembers for Data {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "title" => self.title = value.name(name, faults)?,
            "type" => self.record_type = value.name(name, faults)?,
            "notes" => self.notes = value.value_of(name, faults)?.unwrap_or_default(),
            "fields" => self.fields = value.objects(name, faults)?.into(),
            "custom" => self.custom = value.objects(name, faults)?.into(),
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A field: zero or more values under a type and perhaps a label.
#[derive(Debug, Default)]
pub struct Field {
    /// The type, for example `password`.
    pub field_type: String,
    /// The label; empty if there is none.
    pub label: String,
    /// The values. Keeper always writes a list; a single value is read as a list of one.
    pub values: Vec<Value>,
    /// Whether the values are nested too deeply to be read.
    pub is_unreadable: bool,
    faults: Faults,
}

impl FromMembers for Field {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "type" => self.field_type = value.name(name, faults)?,
            "label" => self.label = value.name(name, faults)?,
            "value" => {
                let read = value.value_of(name, faults)?;
                self.is_unreadable = read.is_none();
                self.values = match read.unwrap_or_default() {
                    Value::List(values) => values,
                    Value::Null => Vec::new(),
                    value => vec![value],
                }
            }
            _ => value.skip()?,
        }
        Ok(())
    }

    fn faults(&mut self) -> Option<&mut Faults> {
        Some(&mut self.faults)
    }
}

impl Data {
    /// The notes, or an empty text.
    #[must_use]
    pub fn notes(&self) -> SecretText {
        if self.notes.is_empty() { SecretText::default() } else { self.notes.render() }
    }

    /// The fields of one of the two lists.
    #[must_use]
    pub fn fields(&self, section: Section) -> &ByName<Field> {
        match section {
            Section::Standard => &self.fields,
            Section::Custom => &self.custom,
        }
    }
}

impl HasNames for Field {
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.field_type.as_str(), &self.label].into_iter()
    }
}

impl Field {
    /// The field's name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.label.is_empty() { &self.field_type } else { &self.label }
    }

    /// Whether its values are meant for two-factor codes.
    #[must_use]
    pub fn is_two_factor(&self) -> bool {
        matches!(self.field_type.as_str(), "oneTimeCode" | "otp")
    }

    /// The two-factor code for one of its values, if the field is meant for codes.
    ///
    /// Keeper's Java SDK also uses the type `otp` for one-time passwords, which are passed on as they are.
    pub(super) fn code(&self, value: &Value) -> Option<Result<Totp, &'static str>> {
        // EXPOSE: the seed stays in the module.
        let text = value.as_text().filter(|_| !value.is_empty())?.expose();
        match self.field_type.as_str() {
            "oneTimeCode" => Some(Totp::parse(text)),
            "otp" if Totp::is_made_of(text) => Some(Totp::parse(text)),
            _ => None,
        }
    }
}
