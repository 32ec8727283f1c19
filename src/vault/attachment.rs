//! An attachment: what is known about it before it is downloaded.

use super::names::HasNames;
use crate::crypto::Undecryptable;
use crate::crypto::keys::{FileKey, RecordKey};
use crate::error::Error;
use crate::json::{self, Faults, FromMembers, Reader, Stuck, Value};
use crate::protocol::answer::{self, NoBlob};
use crate::text::shown;

/// An attachment: what is known about it before it is downloaded.
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
    /// Where the encrypted content can be downloaded for a while; empty if Keeper does not say.
    pub url: String,
    /// What was left out of its metadata.
    pub faults: Faults,
}

impl HasNames for Attachment {
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.name.as_str(), &self.title, &self.uid].into_iter()
    }
}

/// The metadata's JSON.
#[derive(Default)]
struct Metadata {
    name: String,
    title: String,
    size: Option<u64>,
    faults: Faults,
}

impl FromMembers for Metadata {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "name" => self.name = value.name(name, faults)?,
            "title" => self.title = value.name(name, faults)?,
            "size" => self.size = value.value()?.as_ref().and_then(size),
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A number of bytes. Mobile clients write whole numbers as fractions.
fn size(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    // EXPOSE: a size is not secret.
    let (whole, fraction) = number.expose().split_once('.').unwrap_or((number.expose(), ""));
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
}

/// The error for an attachment that a line needs and that can't be opened.
pub(crate) fn broken(name: &str, reason: &str) -> Error {
    Error::new(format!("the attachment `{}` cannot be opened: {reason}", shown(name)))
        .with_hint("run the pipeline again; if it still fails, upload it to the record again")
}

impl Attachment {
    /// Opens an attachment's metadata.
    ///
    /// # Errors
    /// Which part of it cannot be read.
    pub(super) fn open(file: &answer::File, record_key: &RecordKey) -> Result<Self, String> {
        let wrapped = file.file_key.bytes().map_err(|reason| match reason {
            NoBlob::Missing => "Keeper sent no key for it".to_owned(),
            reason => format!("its key {reason}"),
        })?;
        let key = FileKey::unwrap_with(record_key, wrapped)
            .map_err(|Undecryptable| "its key does not decrypt with the record's key")?;
        let data = file.data.bytes().map_err(|reason| format!("its metadata {reason}"))?;
        let plaintext = key.decrypt(data.to_vec()).map_err(|Undecryptable| "its metadata does not decrypt")?;
        // EXPOSE: name, title and size are not secret.
        let Metadata { name, title, size, faults } =
            json::object(plaintext.expose()).map_err(|_: Metadata| "its metadata is not the JSON of an attachment")?;
        Ok(Self { uid: file.file_uid.clone(), name, title, size, key, url: file.url.clone(), faults })
    }

    /// Whether a notation's name refers to this attachment.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.title == name || self.uid == name
    }
}
