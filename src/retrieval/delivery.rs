//! What a line sets or writes: rendered once, except for two-factor codes, which are rendered when they are used.

use std::collections::HashMap;

use super::secret::{Codes, Secret};
use super::wish::{Target, Wish};
use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::forms::Transform;
use crate::json::Value;
use crate::outputs::form::{self, NamedValue};
use crate::secret::SecretBytes;
use crate::text::shown;
use crate::vault::resolve::{FieldValue, NamedField};
use crate::vault::totp::Totp;

/// One thing that a line sets or writes: where it goes, and what it is.
pub(super) struct Delivery {
    pub(super) target: Target,
    pub(super) body: Body,
}

/// The content of a delivery.
pub(super) enum Body {
    /// These bytes.
    Made(Made),
    /// Two-factor codes, which are still to be computed.
    Timed(Timed),
}

/// A value with the line's forms applied.
pub(super) struct Made {
    pub(super) bytes: SecretBytes,
    /// The result of each form, in their order.
    pub(super) stages: Vec<(Transform, SecretBytes)>,
}

/// Two-factor codes, and the forms to apply to them.
pub(super) struct Timed {
    content: Content,
    transforms: Vec<Transform>,
}

enum Content {
    Codes(Codes),
    Json(Vec<NamedField>),
    Dotenv(Vec<NamedField>),
}

/// One part of what a line sets or writes: its secret, or a field of a whole record.
pub(super) struct Part {
    /// The field, if the line sets a variable for each.
    pub(super) field: Option<String>,
    pub(super) target: Target,
    /// Its content, or why the line's forms can't be applied to it.
    pub(super) body: Result<Body, Error>,
}

impl Secret {
    /// Renders a secret as its line asks.
    ///
    /// # Errors
    /// The record's fields can't be distinguished by their names, or no variable can have such a name.
    pub(super) fn parts(self, wish: &Wish) -> Result<Vec<Part>, Error> {
        let transforms = wish.forms.transforms.as_slice();
        let body = match self {
            Self::Text(text) | Self::Default(text) => Body::made(form::to_bytes(&text), transforms),
            Self::Json(json) => Body::made(form::to_bytes(&json), transforms_of_json(transforms)),
            Self::Codes(codes) => Ok(Body::timed(Content::Codes(codes), transforms)),
            Self::Attachment(content) => Body::made(content, transforms),
            Self::WholeRecord(fields) => match (wish.forms.structure(), &wish.target) {
                (None, Target::Own(destination)) => return parts_of_record(fields, destination, wish),
                // The structure comes before other forms.
                (Some(Transform::Dotenv), _) => dotenv(fields, transforms.get(1..).unwrap_or_default()),
                _ => json(fields, transforms.get(1..).unwrap_or_default()),
            },
        };
        Ok(vec![Part { field: None, target: wish.target.clone(), body }])
    }
}

/// A variable for each field.
fn parts_of_record(fields: Vec<NamedField>, destination: &Destination, wish: &Wish) -> Result<Vec<Part>, Error> {
    let variable_name = |field: &str| form::variable_name(field, wish.forms.keeps_case);
    // For the agent, upper and lower case make no difference.
    refuse_clash(&fields, |field| form::variable_name(field, false))?;
    let transforms = wish.forms.transforms.as_slice();
    let parts = fields.into_iter().map(|NamedField { name, value }| {
        let target = destination.renamed(destination.name().replace('*', &variable_name(&name)))?;
        let body = match value {
            FieldValue::Value(value) => Body::made(form::to_bytes(&value.render()), transforms),
            FieldValue::Codes(codes) => Ok(Body::timed(Content::Codes(Codes { codes, as_list: false }), transforms)),
        };
        Ok(Part { field: Some(name), target: Target::Own(target), body })
    });
    parts.collect()
}

fn json(fields: Vec<NamedField>, transforms: &[Transform]) -> Result<Body, Error> {
    refuse_clash(&fields, str::to_owned)?;
    let known = without_codes(&fields);
    if known.len() == fields.len() {
        Body::made(form::to_bytes(&form::json_object(&known)), transforms)
    } else {
        Ok(Body::timed(Content::Json(fields), transforms))
    }
}

fn dotenv(fields: Vec<NamedField>, transforms: &[Transform]) -> Result<Body, Error> {
    refuse_clash(&fields, form::dotenv_name)?;
    let known = without_codes(&fields);
    // Codes are digits and need no quotes, so anything that can't be written is found now.
    let lines = form::dotenv(&known)?;
    if known.len() == fields.len() {
        Body::made(form::to_bytes(&lines), transforms)
    } else {
        Ok(Body::timed(Content::Dotenv(fields), transforms))
    }
}

impl Body {
    fn made(value: SecretBytes, transforms: &[Transform]) -> Result<Self, Error> {
        Made::of(value, transforms).map(Self::Made)
    }

    fn timed(content: Content, transforms: &[Transform]) -> Self {
        Self::Timed(Timed { content, transforms: transforms.to_vec() })
    }

    /// The two-factor codes in it.
    pub(super) fn codes(&self) -> Vec<&Totp> {
        match self {
            Self::Timed(timed) => timed.codes(),
            Self::Made(_) => Vec::new(),
        }
    }
}

impl Made {
    fn of(value: SecretBytes, transforms: &[Transform]) -> Result<Self, Error> {
        let mut made = Self { bytes: value, stages: Vec::new() };
        for transform in transforms {
            let bytes = form::apply(*transform, &made.bytes)?;
            made.stages.push((*transform, bytes.clone()));
            made.bytes = bytes;
        }
        Ok(made)
    }
}

impl Timed {
    /// Computes the codes at this time, with the forms applied.
    ///
    /// # Errors
    /// The forms can't be applied to them.
    pub(super) fn make(&self, now_ms: u64) -> Result<Made, Error> {
        let transforms = self.transforms.as_slice();
        match &self.content {
            Content::Codes(Codes { codes, as_list }) => match codes.as_slice() {
                [code] if !as_list => Made::of(form::to_bytes(&code.code(now_ms)), transforms),
                codes => Made::of(form::to_bytes(&list(codes, now_ms).render()), transforms_of_json(transforms)),
            },
            Content::Json(fields) => Made::of(form::to_bytes(&form::json_object(&at(fields, now_ms))), transforms),
            Content::Dotenv(fields) => Made::of(form::to_bytes(&form::dotenv(&at(fields, now_ms))?), transforms),
        }
    }

    pub(super) fn codes(&self) -> Vec<&Totp> {
        match &self.content {
            Content::Codes(Codes { codes, .. }) => codes.iter().collect(),
            Content::Json(fields) | Content::Dotenv(fields) => fields.iter().flat_map(codes_of).collect(),
        }
    }
}

fn codes_of(field: &NamedField) -> &[Totp] {
    match &field.value {
        FieldValue::Codes(codes) => codes,
        FieldValue::Value(_) => &[],
    }
}

fn list(codes: &[Totp], now_ms: u64) -> Value {
    Value::List(codes.iter().map(|code| Value::Text(code.code(now_ms))).collect())
}

/// Skips the form `json` for what is JSON already.
fn transforms_of_json(transforms: &[Transform]) -> &[Transform] {
    transforms.strip_prefix(&[Transform::Json]).unwrap_or(transforms)
}

/// The fields of a record that have no two-factor codes.
fn without_codes(fields: &[NamedField]) -> Vec<NamedValue> {
    let named = |field: &NamedField| match &field.value {
        FieldValue::Value(value) => Some(NamedValue { name: field.name.clone(), value: value.clone() }),
        FieldValue::Codes(_) => None,
    };
    fields.iter().filter_map(named).collect()
}

/// The fields of a record with their codes as they are at a time.
fn at(fields: &[NamedField], now_ms: u64) -> Vec<NamedValue> {
    let value = |value: &FieldValue| match value {
        FieldValue::Value(value) => value.clone(),
        FieldValue::Codes(codes) => match codes.as_slice() {
            [code] => Value::Text(code.code(now_ms)),
            codes => list(codes, now_ms),
        },
    };
    fields.iter().map(|field| NamedValue { name: field.name.clone(), value: value(&field.value) }).collect()
}

fn clash(first: &str, second: &str, name: &str) -> Error {
    let [first, second, name] = [first, second, name].map(shown);
    Error::new(format!("the fields `{first}` and `{second}` both become `{name}`"))
        .with_hint("give one of them another label, or map them one by one")
}

/// Refuses two fields that would get the same name, and names both.
fn refuse_clash(fields: &[NamedField], become_name: impl Fn(&str) -> String) -> Result<(), Error> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for field in fields {
        let name = become_name(&field.name);
        if let Some(first) = seen.insert(name.clone(), &field.name) {
            return Err(clash(first, &field.name, &name));
        }
    }
    Ok(())
}
