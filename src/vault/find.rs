//! Lookup of a field or an attachment of a record, with a hint at what it has instead.

use std::collections::HashSet;

use super::attachment::{self, Attachment};
use super::data::Field;
use super::record::Record;
use crate::error::Error;
use crate::inputs::notation::{FieldSelector, Section};
use crate::text::{listed, nearest, shown};

/// The first field, in stored order, whose type or label is the name; else the only one where either looks the same.
pub(super) fn field<'a>(record: &'a Record, selector: &FieldSelector) -> Result<&'a Field, Error> {
    let fields = record.data.fields(selector.section);
    fields.find(&selector.field).ok_or_else(|| unknown_field(record, selector))
}

fn unknown_field(record: &Record, selector: &FieldSelector) -> Error {
    let title = shown(record.name());
    let error =
        Error::absent(format!("the record `{title}` has no {} field of this type or label", word(selector.section)));
    if record.data.fields(selector.section).deserves_hint() {
        error.with_hint(other_fields(record, selector))
    } else {
        error
    }
}

/// What the record has instead of a field.
fn other_fields(record: &Record, FieldSelector { section, field, .. }: &FieldSelector) -> String {
    let (other, selector) = match section {
        Section::Standard => (Section::Custom, "custom_field"),
        Section::Custom => (Section::Standard, "field"),
    };
    let [existing, others] = [*section, other].map(|section| labels(record.data.fields(section)));
    let (section, is) = (word(*section), word(other));
    match (nearest(field, &existing), nearest(field, &others)) {
        // A field in the right section takes precedence.
        (Some(nearest), _) => format!("did you mean `{}`? it has {}", shown(nearest), listed(&existing)),
        (None, Some(name)) => format!("there is a {is} field of that name: write `{selector}/{}`", shown(name)),
        (None, None) if existing.is_empty() => format!("the record has no {section} fields"),
        (None, None) => format!("it has {}", listed(&existing)),
    }
}

fn word(section: Section) -> &'static str {
    match section {
        Section::Standard => "standard",
        Section::Custom => "custom",
    }
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
    if let Some(found) = record.attachments.find(name) {
        return Ok(found);
    }
    match record.broken_attachments.iter().find(|(uid, _)| uid == name) {
        Some((uid, reason)) => Err(attachment::broken(uid, reason)),
        None => Err(unknown_attachment(record, name)),
    }
}

fn unknown_attachment(record: &Record, name: &str) -> Error {
    let title = shown(record.name());
    let error = if record.broken_attachments.is_empty() {
        Error::absent(format!("the record `{title}` has no attachment of this name"))
    } else {
        // The names of those that cannot be opened are unknown.
        Error::new(format!("the record `{title}` has no attachment of this name that can be opened"))
    };
    if record.attachments.deserves_hint() { error.with_hint(other_attachments(record, name)) } else { error }
}

/// What the record has instead of an attachment.
fn other_attachments(record: &Record, name: &str) -> String {
    let existing = each_once(record.attachments.iter().map(|file| file.name.as_str()));
    let has = match (listed(&existing), record.broken_attachments.len()) {
        (names, 0) if names.is_empty() => return "the record has no attachments".to_owned(),
        (names, 0) => names,
        (names, broken) if names.is_empty() => format!("{broken} that cannot be opened"),
        (names, broken) => format!("{names}, and {broken} that cannot be opened"),
    };
    match nearest(name, &existing) {
        Some(nearest) => format!("did you mean `{}`? it has {has}", shown(nearest)),
        None => format!("it has {has}"),
    }
}
