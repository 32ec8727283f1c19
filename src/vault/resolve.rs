//! What a notation selects from a record: the rules of Keeper's `getValue`, but with two-factor codes instead of seeds.

use super::attachment::Attachment;
use super::data::Field;
use super::find;
use super::record::Record;
use super::totp::Totp;
use crate::error::Error;
use crate::inputs::notation::{FieldSelector, Index, Section, Selector};
use crate::json::{self, Value};
use crate::secret::SecretText;
use crate::text::{counted, listed, shown};

/// What a notation selects.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A text; it may be empty.
    Text(SecretText),
    /// Anything but a text, as compact JSON.
    Json(SecretText),
    /// A two-factor field: its code is only known at the moment of its use.
    Code(Totp),
    /// A list of two-factor codes, to be rendered as JSON.
    Codes(Vec<Totp>),
    /// All fields that have a value.
    WholeRecord(WholeRecord),
    /// An attachment, still to be downloaded.
    Attachment(Box<Attachment>),
}

/// All fields of a record that have a value.
#[derive(Clone, Debug, Default)]
pub struct WholeRecord {
    /// Those that can be read, in stored order.
    pub fields: Vec<NamedField>,
    /// Those that cannot: name and reason.
    pub left_out: Vec<(String, &'static str)>,
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
    /// The value as text; `None` for two-factor codes, which are computed later.
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
/// What the record lacks, with what it has instead.
pub fn resolve(selector: &Selector, record: &Record) -> Result<Resolved, Error> {
    let text = |text: &str| Ok(Resolved::Text(SecretText::from(text)));
    match selector {
        Selector::Type => text(&record.data.record_type),
        Selector::Title => text(&record.data.title),
        Selector::Notes => Ok(Resolved::Text(record.data.notes())),
        Selector::File(name) => Ok(Resolved::Attachment(Box::new(find::attachment(record, name)?.clone()))),
        Selector::WholeRecord => Ok(Resolved::WholeRecord(everything(record))),
        Selector::Field(selector) => select(find::field(record, selector)?, selector),
    }
}

/// Every field that has a value, except references to attachments.
fn everything(record: &Record) -> WholeRecord {
    let fields =
        [Section::Standard, Section::Custom].into_iter().flat_map(|section| record.data.fields(section).iter());
    let mut whole = WholeRecord::default();
    for field in fields.filter(|field| field.field_type != "fileRef") {
        match held_by(field) {
            Ok(Some(value)) => whole.fields.push(NamedField { name: field.name().to_owned(), value }),
            Ok(None) => {}
            Err(reason) => whole.left_out.push((field.name().to_owned(), reason)),
        }
    }
    whole
}

/// The content of a field, if any, or why it can't be read.
fn held_by(field: &Field) -> Result<Option<FieldValue>, &'static str> {
    if field.is_unreadable {
        return Err(TOO_DEEP);
    }
    let values: Vec<Value> = field.values.iter().filter(|value| !value.is_empty()).cloned().collect();
    if values.is_empty() {
        return Ok(None);
    }
    if let Some(codes) = codes(field)? {
        return Ok(Some(FieldValue::Codes(codes)));
    }
    Ok(Some(FieldValue::Value(match values.as_slice() {
        [value] => value.clone(),
        _ => Value::List(values),
    })))
}

const TOO_DEEP: &str = "its value is nested too deeply";

/// How many attachments of a record have a name; the first one is used.
#[must_use]
pub fn count_attachments(record: &Record, name: &str) -> usize {
    record.attachments.iter().filter(|attachment| attachment.is_named(name)).count()
}

fn select(field: &Field, selector: &FieldSelector) -> Result<Resolved, Error> {
    if field.is_unreadable {
        return Err(Error::new(format!("the field `{}` cannot be read: {TOO_DEEP}", shown(field.name()))));
    }
    let value = match selector.index {
        Index::All => {
            let codes = codes(field).map_err(no_code)?;
            return Ok(codes.map_or_else(|| Resolved::Json(json::list(&field.values)), Resolved::Codes));
        }
        Index::First => match (field.values.first(), &selector.property) {
            (Some(value), _) => value,
            (None, None) => return Ok(Resolved::Text(SecretText::default())),
            (None, Some(_)) => return Err(out_of_range(0)),
        },
        Index::Nth(index) => {
            let value = usize::try_from(index).ok().and_then(|index| field.values.get(index));
            value.ok_or_else(|| out_of_range(field.values.len()))?
        }
    };
    match (&selector.property, value) {
        // `[url]` is our name for the URI that Keeper stores in a two-factor field.
        (Some(property), Value::Text(uri)) if field.is_two_factor() && property == "url" => {
            Ok(Resolved::Text(uri.clone()))
        }
        (Some(property), value) => Ok(rendered(property_of(value, property)?)),
        (None, value) => match field.code(value) {
            Some(code) => code.map(Resolved::Code).map_err(no_code),
            None => Ok(rendered(value)),
        },
    }
}

fn out_of_range(count: usize) -> Error {
    let error = match count {
        0 => Error::absent("the field is empty, so it has no value"),
        _ => Error::absent(format!("the field has {}, and none at this index", counted(count, "value", "values"))),
    };
    if count == 0 { error } else { error.with_hint("indexes count from 0") }
}

fn property_of<'a>(value: &'a Value, property: &str) -> Result<&'a Value, Error> {
    let Value::Object(members) = value else {
        return Err(Error::new(format!("the value is {}, so it has no properties", value.kind()))
            .with_hint("leave out the property in `[…]`"));
    };
    value.member(property).ok_or_else(|| {
        let existing: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let has = if existing.is_empty() { "none".to_owned() } else { listed(&existing) };
        Error::absent("the value has no such property").with_hint(format!("it has {has}"))
    })
}

fn rendered(value: &Value) -> Resolved {
    match value {
        value if value.is_empty() => Resolved::Text(SecretText::default()),
        Value::Text(text) => Resolved::Text(text.clone()),
        other => Resolved::Json(other.render()),
    }
}

/// The codes of a field that is meant for them, if each of its values gives one.
fn codes(field: &Field) -> Result<Option<Vec<Totp>>, &'static str> {
    if !field.is_two_factor() {
        return Ok(None);
    }
    let values = field.values.iter().filter(|value| !value.is_empty());
    values.map(|value| field.code(value).transpose()).collect()
}

fn no_code(reason: &'static str) -> Error {
    Error::new(format!("the two-factor field cannot give a code: {reason}"))
        .with_hint("scan the QR code again in Keeper Vault; `[url]` after the field gives what is stored")
}
