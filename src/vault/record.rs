//! One record, opened: its fields in stored order and its attachments.

use crate::crypto::Undecryptable;
use crate::crypto::keys::{FileKey, RecordKey};
use crate::inputs::notation::Section;
use crate::json::{self, FromMembers, Reader, Stuck, Value};
use crate::protocol::response;
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;

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
#[derive(Debug, Default)]
pub struct Data {
    /// The title.
    pub title: String,
    /// The record type, for example `login`.
    pub record_type: String,
    /// The notes.
    notes: Value,
    fields: Vec<Field>,
    custom: Vec<Field>,
}

impl FromMembers for Data {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        match name {
            "title" => self.title = value.text()?.unwrap_or_default(),
            "type" => self.record_type = value.text()?.unwrap_or_default(),
            "notes" => self.notes = value.value()?,
            "fields" => self.fields = value.objects()?,
            "custom" => self.custom = value.objects()?,
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
}

impl FromMembers for Field {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        match name {
            "type" => self.field_type = value.text()?.unwrap_or_default(),
            "label" => self.label = value.text()?.unwrap_or_default(),
            "value" => {
                self.values = match value.value()? {
                    Value::List(values) => values,
                    Value::Null => Vec::new(),
                    value => vec![value],
                }
            }
            _ => value.skip()?,
        }
        Ok(())
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
#[derive(Default)]
struct Metadata {
    name: String,
    title: String,
    size: Option<u64>,
}

impl FromMembers for Metadata {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        match name {
            "name" => self.name = value.text()?.unwrap_or_default(),
            "title" => self.title = value.text()?.unwrap_or_default(),
            "size" => {
                self.size = match value.value()? {
                    // EXPOSE: a size is no secret.
                    Value::Number(size) => size.expose().parse().ok(),
                    _ => None,
                }
            }
            _ => value.skip()?,
        }
        Ok(())
    }
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
        let key = FileKey::unwrap_with(record_key, &file.file_key)
            .map_err(|Undecryptable| "its key does not decrypt with the record's key")?;
        let plaintext = key.decrypt(file.data.clone()).map_err(|Undecryptable| "its metadata does not decrypt")?;
        // EXPOSE: name, title and size are no secrets.
        let metadata: Metadata =
            json::object(plaintext.expose()).ok_or("its metadata is not the JSON of an attachment")?;
        let url = Some(file.url.clone()).filter(|url| !url.is_empty()).ok_or("Keeper gave no address for it")?;
        Ok(Self {
            uid: file.file_uid.clone(),
            name: metadata.name,
            title: metadata.title,
            size: metadata.size,
            key,
            url,
        })
    }

    /// Whether a notation's name means this attachment.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.title == name || self.uid == name
    }
}
