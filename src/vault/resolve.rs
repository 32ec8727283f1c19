//! What a notation selects of a record: the rules of Keeper's `getValue`, with the two-factor code in place of its seed.

use super::attachment::{self, Attachment};
use super::data::Field;
use super::record::Record;
use super::totp::Totp;
use crate::error::Error;
use crate::inputs::notation::{FieldSelector, Index, Section, Selector};
use crate::json::{self, Value};
use crate::secret::SecretText;
use crate::text::{listed, nearest, written};

/// What a notation selects.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A text; it may be empty.
    Text(SecretText),
    /// Anything but a text, as compact JSON.
    Json(SecretText),
    /// A two-factor field: its code is only known at the moment when it is handed out.
    Code(Totp),
    /// A list of two-factor codes, to be rendered as JSON.
    Codes(Vec<Totp>),
    /// All fields that have a value.
    Record(Vec<NamedField>),
    /// An attachment, still to be downloaded.
    Attachment(Box<Attachment>),
}

/// A field of a whole record.
#[derive(Clone, Debug)]
pub struct NamedField {
    /// Its label, or its type if it has none.
    pub name: String,
    /// What it holds.
    pub value: FieldValue,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum FieldValue {
    /// A value, or a list if there are several.
    Value(Value),
    /// Two-factor codes.
    Codes(Vec<Totp>),
}

impl NamedField {
    /// The value as text; none for two-factor codes, which are made later.
    #[must_use]
    pub fn text(&self) -> Option<SecretText> {
        match &self.value {
            FieldValue::Value(value) => Some(value.render()),
            FieldValue::Codes(_) => None,
        }
    }
}

/// Applies a selector to a record.
///
/// # Errors
/// What the record does not have, with what it has instead.
pub fn resolve(selector: &Selector, record: &Record) -> Result<Resolved, Error> {
    let text = |text: &str| Ok(Resolved::Text(SecretText::from(text)));
    match selector {
        Selector::Type => text(&record.data.record_type),
        Selector::Title => text(&record.data.title),
        Selector::Notes => Ok(Resolved::Text(record.data.notes())),
        Selector::File(name) => find_attachment(record, name),
        Selector::Everything => everything(record),
        Selector::Field(selector) => select(find_field(record, selector)?, selector),
    }
}

/// Every field that has a value, but for references to attachments.
fn everything(record: &Record) -> Result<Resolved, Error> {
    let sections = [Section::Standard, Section::Custom].map(|section| record.data.fields(section));
    let mut fields = Vec::new();
    for field in sections.into_iter().flatten().filter(|field| field.field_type != "fileRef") {
        let values: Vec<Value> = field.values.iter().filter(|value| !value.is_empty()).cloned().collect();
        let value = match (values.as_slice(), field.is_two_factor()) {
            ([], _) => continue,
            (values, true) => FieldValue::Codes(read_codes(values)?),
            ([value], false) => FieldValue::Value(value.clone()),
            (_, false) => FieldValue::Value(Value::List(values)),
        };
        fields.push(NamedField { name: field.name().to_owned(), value });
    }
    Ok(Resolved::Record(fields))
}

/// How many attachments of a record a name means; the first one is taken.
#[must_use]
pub fn count_attachments(record: &Record, name: &str) -> usize {
    record.attachments.iter().filter(|attachment| attachment.is_named(name)).count()
}

fn find_attachment(record: &Record, name: &str) -> Result<Resolved, Error> {
    if let Some(attachment) = record.attachments.iter().find(|attachment| attachment.is_named(name)) {
        return Ok(Resolved::Attachment(Box::new(attachment.clone())));
    }
    if let Some((uid, reason)) = record.broken_attachments.iter().find(|(uid, _)| uid == name) {
        return Err(attachment::broken(uid, reason));
    }
    let existing = record.attachments.iter().map(|attachment| attachment.name.clone()).collect();
    let broken = record.broken_attachments.len();
    Err(Error::UnknownAttachment { record: record.data.title.clone(), file: name.to_owned(), existing, broken })
}

/// The first field, in stored order, whose type or label is the name.
fn find_field<'a>(record: &'a Record, selector: &FieldSelector) -> Result<&'a Field, Error> {
    let fields = record.data.fields(selector.section);
    if let Some(field) = fields.iter().find(|field| field.is_named(&selector.field)) {
        return Ok(field);
    }
    let (section, other) = match selector.section {
        Section::Standard => ("standard", Section::Custom),
        Section::Custom => ("custom", Section::Standard),
    };
    let existing = names(fields);
    let others = names(record.data.fields(other));
    let in_other_section = match nearest(&selector.field, &existing) {
        // What is in the right section is nearer.
        Some(_) => None,
        None => nearest(&selector.field, &others).map(Into::into),
    };
    Err(Error::UnknownField {
        record: record.data.title.as_str().into(),
        section,
        field: selector.field.clone(),
        existing,
        in_other_section,
    })
}

/// The names by which fields can be selected, each once.
fn names(fields: &[Field]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in fields.iter().map(Field::name).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn select(field: &Field, selector: &FieldSelector) -> Result<Resolved, Error> {
    let count = field.values.len();
    let value = match selector.index {
        Index::All if field.is_two_factor() => return read_codes(&field.values).map(Resolved::Codes),
        Index::All => return Ok(Resolved::Json(json::list(&field.values))),
        Index::First => match (field.values.first(), &selector.property) {
            (Some(value), _) => value,
            (None, None) => return Ok(Resolved::Text(SecretText::default())),
            (None, Some(_)) => return Err(Error::IndexRange { index: 0, count }),
        },
        Index::Nth(index) => {
            let value = usize::try_from(index).ok().and_then(|index| field.values.get(index));
            value.ok_or(Error::IndexRange { index, count })?
        }
    };
    match (&selector.property, value) {
        // `[url]` is our word for what Keeper stores of a two-factor field.
        (Some(property), Value::Text(uri)) if field.is_two_factor() && property == "url" => {
            Ok(Resolved::Text(uri.clone()))
        }
        (None, Value::Text(uri)) if field.is_two_factor() && !value.is_empty() => {
            // EXPOSE: the seed stays in the module.
            Totp::parse(uri.expose()).map(Resolved::Code)
        }
        (None, value) if value.is_empty() => Ok(Resolved::Text(SecretText::default())),
        (None, value) => Ok(rendered(value)),
        (Some(property), value) => {
            let value = property_of(value, property)?;
            Ok(if value.is_empty() { Resolved::Text(SecretText::default()) } else { rendered(value) })
        }
    }
}

fn property_of<'a>(value: &'a Value, property: &str) -> Result<&'a Value, Error> {
    let Value::Object(members) = value else {
        return Err(Error::NoProperties { kind: value.kind(), property: property.to_owned() });
    };
    value.member(property).ok_or_else(|| {
        let existing: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let has = if existing.is_empty() { "none".to_owned() } else { listed(&existing) };
        Error::absent(format!("the value has no property `{}`", written(property))).with_hint(format!("it has {has}"))
    })
}

fn rendered(value: &Value) -> Resolved {
    match value {
        Value::Text(text) => Resolved::Text(text.clone()),
        other => Resolved::Json(other.render()),
    }
}

fn read_codes(values: &[Value]) -> Result<Vec<Totp>, Error> {
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(uri) if !value.is_empty() => Some(uri),
        _ => None,
    });
    // EXPOSE: the seeds stay in the module.
    texts.map(|uri| Totp::parse(uri.expose())).collect()
}
