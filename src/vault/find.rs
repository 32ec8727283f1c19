//! What a notation names of a record: its field or its attachment, or what it has instead.

use std::collections::HashSet;

use super::attachment::{self, Attachment};
use super::data::Field;
use super::names;
use super::record::Record;
use crate::error::Error;
use crate::inputs::notation::{FieldSelector, Section};
use crate::text::{listed, nearest, shown};

/// The first field, in stored order, whose type or label is the name; else the only one whose type or label looks the
/// same.
pub(super) fn field<'a>(record: &'a Record, selector: &FieldSelector) -> Result<&'a Field, Error> {
    let fields = record.data.fields(selector.section);
    let found = names::find(fields, |field| [&field.field_type, &field.label], &selector.field);
    found.ok_or_else(|| unknown_field(record, selector))
}

fn unknown_field(record: &Record, FieldSelector { section, field, .. }: &FieldSelector) -> Error {
    let (section, is, selector, other) = match section {
        Section::Standard => ("standard", "custom", "custom_field", Section::Custom),
        Section::Custom => ("custom", "standard", "field", Section::Standard),
    };
    let existing = labels(record.data.fields(if section == "standard" { Section::Standard } else { Section::Custom }));
    let others = labels(record.data.fields(other));
    let hint = match (nearest(field, &existing), nearest(field, &others)) {
        // What is in the right section is nearer.
        (Some(nearest), _) => format!("did you mean `{}`? it has {}", shown(nearest), listed(&existing)),
        (None, Some(name)) => format!("there is a {is} field of that name: write `{selector}/{}`", shown(name)),
        (None, None) if existing.is_empty() => format!("the record has no {section} fields"),
        (None, None) => format!("it has {}", listed(&existing)),
    };
    let title = shown(&record.data.title);
    Error::absent(format!("the record `{title}` has no {section} field of this type or label")).with_hint(hint)
}

/// The names by which fields can be selected, each once.
fn labels(fields: &[Field]) -> Vec<String> {
    each_once(fields.iter().map(Field::name).filter(|name| !name.is_empty()))
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// The first attachment of this name, title or UID; else the only one whose name or title looks the same.
pub(super) fn attachment<'a>(record: &'a Record, name: &str) -> Result<&'a Attachment, Error> {
    if let Some(found) = names::find(&record.attachments, |file| [&file.name, &file.title, &file.uid], name) {
        return Ok(found);
    }
    match record.broken_attachments.iter().find(|(uid, _)| uid == name) {
        Some((uid, reason)) => Err(attachment::broken(uid, reason)),
        None => Err(unknown_attachment(record, name)),
    }
}

fn unknown_attachment(record: &Record, name: &str) -> Error {
    let title = shown(&record.data.title);
    let existing = each_once(record.attachments.iter().map(|file| file.name.as_str()));
    let has = match (listed(&existing), record.broken_attachments.len()) {
        (names, 0) if names.is_empty() => {
            return Error::absent(format!("the record `{title}` has no attachment of this name"))
                .with_hint("the record has no attachments");
        }
        (names, 0) => names,
        (names, broken) if names.is_empty() => format!("{broken} that cannot be opened"),
        (names, broken) => format!("{names}, and {broken} that cannot be opened"),
    };
    let error = if record.broken_attachments.is_empty() {
        Error::absent(format!("the record `{title}` has no attachment of this name"))
    } else {
        // The name of what cannot be opened is unknown.
        Error::new(format!("the record `{title}` has no attachment of this name that can be opened"))
    };
    error.with_hint(match nearest(name, &existing) {
        Some(nearest) => format!("did you mean `{}`? it has {has}", shown(nearest)),
        None => format!("it has {has}"),
    })
}
