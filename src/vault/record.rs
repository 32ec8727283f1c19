//! One record, opened: its JSON and its attachments.

use super::attachment::Attachment;
use super::data::Data;
use super::names::ByName;
use super::records::named;
use crate::crypto::keys::RecordKey;
use crate::json;
use crate::protocol::answer;
use crate::secret::SecretBytes;
use crate::text::shown;

/// A record that a mapping line needs.
#[derive(Debug)]
pub struct Record {
    /// Its UID.
    pub uid: String,
    /// Its JSON.
    pub data: Data,
    /// Its attachments that could be opened.
    pub attachments: ByName<Attachment>,
    /// Its attachments that could not be opened: UID and reason.
    pub broken_attachments: Vec<(String, String)>,
}

impl Record {
    /// Opens a record's JSON and its attachments' metadata.
    ///
    /// # Errors
    /// Which part of it cannot be read.
    pub fn open(sealed: &answer::SealedRecord, key: &RecordKey, plaintext: &SecretBytes) -> Result<Self, String> {
        // EXPOSE: the result keeps texts as secrets.
        let data: Data = json::object(plaintext.expose()).map_err(|_: Data| BROKEN_JSON)?;
        let (mut attachments, mut broken_attachments) = (Vec::new(), Vec::new());
        for file in &sealed.files {
            match Attachment::open(file, key) {
                Ok(attachment) => attachments.push(attachment),
                Err(reason) => broken_attachments.push((file.file_uid.clone(), reason)),
            }
        }
        Ok(Self { uid: sealed.record_uid.clone(), data, attachments: attachments.into(), broken_attachments })
    }

    /// The name by which messages speak of the record: its title, or its UID if it has none.
    pub(super) fn name(&self) -> &str {
        match self.data.title.as_str() {
            "" => &self.uid,
            title => title,
        }
    }

    /// Warnings about parts of the record and its attachments that could not be read.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let of_data = (!self.data.faults.is_empty())
            .then(|| format!("left out of the record `{}`: {}", shown(self.name()), self.data.faults));
        let of_metadata = self.attachments.iter().filter(|file| !file.faults.is_empty()).map(|file| {
            let name = named("an attachment", &file.uid);
            format!("left out of {name} of the record {}: {}", shown(&self.uid), file.faults)
        });
        let broken = self.broken_attachments.iter().map(|(uid, reason)| {
            let name = named("an attachment", uid);
            format!("{name} of the record {} cannot be opened: {reason}", shown(&self.uid))
        });
        of_data.into_iter().chain(of_metadata).chain(broken)
    }
}

/// The reason when a record decrypts to something that is not a record.
pub(super) const BROKEN_JSON: &str = "what it decrypts to is not the JSON of a record";
