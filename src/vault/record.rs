//! One record, opened: its fields in stored order and its attachments.

use serde::{Deserialize, Deserializer};

use crate::crypto::Undecryptable;
use crate::crypto::keys::{FileKey, RecordKey};
use crate::error::shown;
use crate::inputs::notation::Section;
use crate::json::{self, Value, text_or_nothing};
use crate::protocol::response::{self, null_is_default};
use crate::secret::{SecretBytes, SecretText};

/// A record that a mapping line needs.
#[derive(Debug)]
pub struct Record {
    /// Its UID.
    pub uid: String,
    /// Its JSON.
    pub data: Data,
    /// Its attachments that could be opened.
    pub attachments: Vec<Attachment>,
    /// Its attachments that could not: UID and reason.
    pub broken_attachments: Vec<(String, &'static str)>,
}

/// A record's JSON. What is missing or `null` is empty; what is not known is left out.
#[derive(Debug, Deserialize)]
pub struct Data {
    /// The title.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub title: String,
    /// The record type, for example `login`.
    #[serde(default, rename = "type", deserialize_with = "text_or_nothing")]
    pub record_type: String,
    /// The notes.
    #[serde(default)]
    notes: Option<Value>,
    #[serde(default, deserialize_with = "null_is_default")]
    fields: Vec<Field>,
    #[serde(default, deserialize_with = "null_is_default")]
    custom: Vec<Field>,
}

/// A field: zero or more values under a type and perhaps a label.
#[derive(Debug, Deserialize)]
pub struct Field {
    /// The type, for example `password`.
    #[serde(default, rename = "type", deserialize_with = "text_or_nothing")]
    pub field_type: String,
    /// The label; empty if there is none.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub label: String,
    /// The values.
    #[serde(default, rename = "value", deserialize_with = "one_or_many")]
    pub values: Vec<Value>,
}

/// Keeper always writes a list; a single value is read as a list of one.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::List(values) => values,
        Value::Null => Vec::new(),
        value => vec![value],
    })
}

impl Data {
    /// The notes, or an empty text.
    #[must_use]
    pub fn notes(&self) -> SecretText {
        self.notes.as_ref().filter(|notes| !notes.is_empty()).map(Value::render).unwrap_or_default()
    }

    /// The fields of one of the two lists.
    #[must_use]
    pub fn fields(&self, section: Section) -> &[Field] {
        match section {
            Section::Standard => &self.fields,
            Section::Custom => &self.custom,
        }
    }
}

impl Field {
    /// Whether a notation's label means this field: by its type or its label, in exactly this case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.field_type == name || self.label == name
    }

    /// The name by which messages speak of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.label.is_empty() { &self.field_type } else { &self.label }
    }

    /// Whether its values are otpauth URIs.
    #[must_use]
    pub fn is_two_factor(&self) -> bool {
        matches!(self.field_type.as_str(), "oneTimeCode" | "otp")
    }
}

/// An attachment: what is known of it before it is downloaded.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its UID.
    pub uid: String,
    /// Its file name.
    pub name: String,
    /// Its title, often the file name again.
    pub title: String,
    /// The size of its content in bytes, as far as the record says so.
    pub size: Option<u64>,
    /// The key of its content.
    pub key: FileKey,
    /// Where the encrypted content can be had for a while.
    pub url: String,
}

/// The metadata's JSON. Mobile clients write sizes as fractions.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "text_or_nothing")]
    name: String,
    #[serde(default, deserialize_with = "text_or_nothing")]
    title: String,
    #[serde(default)]
    size: Option<Value>,
}

impl Record {
    /// Opens a record's JSON and its attachments' metadata.
    ///
    /// # Errors
    /// Which part of it is no good.
    pub fn open(sealed: &response::Record, key: &RecordKey, plaintext: &SecretBytes) -> Result<Self, &'static str> {
        // EXPOSE: what comes out keeps texts as secrets.
        let data: Data = json::object(plaintext.expose()).ok_or(BROKEN_JSON)?;
        let mut record =
            Self { uid: sealed.record_uid.clone(), data, attachments: Vec::new(), broken_attachments: Vec::new() };
        for file in &sealed.files {
            match Attachment::open(file, key) {
                Ok(attachment) => record.attachments.push(attachment),
                Err(reason) => record.broken_attachments.push((file.file_uid.clone(), reason)),
            }
        }
        Ok(record)
    }

    /// One warning for each attachment that could not be opened.
    pub fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.broken_attachments.iter().map(|(uid, reason)| {
            format!("the attachment {} of the record {} cannot be opened: {reason}", shown(uid), shown(&self.uid))
        })
    }
}

/// The reason when a record decrypts to something that is not a record.
pub(crate) const BROKEN_JSON: &str = "what it decrypts to is not the JSON of a record";

impl Attachment {
    fn open(file: &response::File, record_key: &RecordKey) -> Result<Self, &'static str> {
        let key = FileKey::unwrap_with(record_key, &file.file_key.0)
            .map_err(|Undecryptable| "its key does not decrypt with the record's key")?;
        let plaintext = key.decrypt(file.data.0.clone()).map_err(|Undecryptable| "its metadata does not decrypt")?;
        // EXPOSE: name, title and size are no secrets.
        let metadata: Metadata =
            json::object(plaintext.expose()).ok_or("its metadata is not the JSON of an attachment")?;
        let size = match metadata.size {
            Some(Value::Number(size)) => size.as_u64(),
            _ => None,
        };
        let url = Some(file.url.clone()).filter(|url| !url.is_empty()).ok_or("Keeper gave no address for it")?;
        Ok(Self { uid: file.file_uid.clone(), name: metadata.name, title: metadata.title, size, key, url })
    }

    /// Whether a notation's name means this attachment.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.title == name || self.uid == name
    }
}
