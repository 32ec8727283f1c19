//! What a notation selects of a record: the rules of Keeper's `getValue`, with the two-factor code in place of its seed.

use serde::Serialize;

use super::record::{Attachment, Field, Record};
use super::totp::Totp;
use super::value::Value;
use crate::error::Error;
use crate::inputs::notation::{FieldSelector, Index, Section, Selector};
use crate::secret::SecretText;

/// What a notation selects.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A text; it may be empty.
    Text(SecretText),
    /// A two-factor field: its code is only known at the moment when it is handed out.
    Code(Totp),
    /// A list of two-factor codes, to be rendered as JSON.
    Codes(Vec<Totp>),
    /// An attachment, still to be downloaded; and whether others have the same name.
    Attachment(Box<Attachment>),
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
        Selector::Field(selector) => select(find_field(record, selector)?, selector),
    }
}

/// How many attachments of a record a name means; the first one is taken.
#[must_use]
pub fn count_attachments(record: &Record, name: &str) -> usize {
    record.attachments.iter().filter(|attachment| attachment.is_named(name)).count()
}

fn find_attachment(record: &Record, name: &str) -> Result<Resolved, Error> {
    let title = || record.data.title.clone();
    if let Some(attachment) = record.attachments.iter().find(|attachment| attachment.is_named(name)) {
        return Ok(Resolved::Attachment(Box::new(attachment.clone())));
    }
    if let Some((uid, reason)) = record.broken_attachments.iter().find(|(uid, _)| uid == name) {
        return Err(Error::BrokenAttachment { record: title(), file: uid.clone(), reason });
    }
    let existing = record.attachments.iter().map(|attachment| attachment.name.clone()).collect();
    Err(Error::UnknownAttachment { record: title(), file: name.to_owned(), existing })
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
    let mut existing: Vec<String> = Vec::new();
    for name in fields.iter().map(Field::name).filter(|name| !name.is_empty()) {
        if !existing.iter().any(|known| known == name) {
            existing.push(name.to_owned());
        }
    }
    Err(Error::UnknownField {
        record: record.data.title.clone(),
        section,
        field: selector.field.clone(),
        existing,
        in_other_section: record.data.fields(other).iter().any(|field| field.is_named(&selector.field)),
    })
}

fn select(field: &Field, selector: &FieldSelector) -> Result<Resolved, Error> {
    let count = field.values.len();
    let value = match selector.index {
        Index::All if field.is_two_factor() => return codes(&field.values),
        Index::All => return Ok(Resolved::Text(json(&field.values))),
        Index::First => match (field.values.first(), &selector.property) {
            (Some(value), _) => value,
            (None, None) => return Ok(Resolved::Text(SecretText::default())),
            (None, Some(_)) => return Err(Error::IndexRange { index: 0, count }),
        },
        Index::Nth(index) => field.values.get(index).ok_or(Error::IndexRange { index, count })?,
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
        (None, value) => Ok(Resolved::Text(value.render())),
        (Some(property), value) => {
            let value = property_of(value, property)?;
            Ok(Resolved::Text(if value.is_empty() { SecretText::default() } else { value.render() }))
        }
    }
}

fn property_of<'a>(value: &'a Value, property: &str) -> Result<&'a Value, Error> {
    let Value::Object(members) = value else {
        return Err(Error::NoProperties { kind: value.kind(), property: property.to_owned() });
    };
    // Of members with one name the last one counts, as in JavaScript.
    members.iter().rev().find(|(name, _)| name == property).map(|(_, value)| value).ok_or_else(|| {
        Error::UnknownProperty {
            property: property.to_owned(),
            existing: members.iter().map(|(name, _)| name.clone()).collect(),
        }
    })
}

fn codes(values: &[Value]) -> Result<Resolved, Error> {
    let texts = values.iter().filter_map(|value| match value {
        Value::Text(uri) if !value.is_empty() => Some(uri),
        _ => None,
    });
    // EXPOSE: the seeds stay in the module.
    texts.map(|uri| Totp::parse(uri.expose())).collect::<Result<_, _>>().map(Resolved::Codes)
}

/// Compact JSON of something that holds secrets.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> SecretText {
    // Texts, numbers, lists and objects with text keys are always JSON.
    SecretText::from(serde_json::to_string(value).unwrap_or_default())
}
