//! Sealed records in all their copies, and the keys that open them.

use std::collections::HashMap;
use std::rc::Rc;

use super::record::{self, Record};
use crate::crypto::Undecryptable;
use crate::crypto::aes_gcm::Gcm;
use crate::crypto::keys::{AppKey, FolderKey, RecordKey};
use crate::json::{self, Faults, FromMembers, Reader, Stuck};
use crate::protocol::answer::{NoBlob, SealedRecord};
use crate::secret::SecretBytes;

/// One record with a copy for each way it is shared: directly and in folders. Each copy's key is wrapped by its
/// parent's.
#[derive(Debug)]
pub(super) struct Copies {
    pub(super) copies: Vec<(SealedRecord, Parent)>,
    pub(super) opened: Option<Result<Rc<Record>, String>>,
}

/// Whose key wraps a record's key: that of a folder by its number, or the application's.
pub(super) type Parent = Option<usize>;

/// Only the title of a record.
#[derive(Default)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) faults: Faults,
}

impl FromMembers for Title {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        match name {
            "title" => self.text = value.name(name, &mut self.faults)?,
            _ => value.skip()?,
        }
        Ok(())
    }
}

impl Copies {
    pub(super) fn uid(&self) -> &str {
        self.copies.first().map_or("", |(record, _)| &record.record_uid)
    }

    /// The title.
    ///
    /// # Errors
    /// Why the record can't be read; if its title is known nevertheless, the record can be reported as broken.
    pub(super) fn title(&self, keys: &Keys, gcm: &dyn Gcm) -> Result<Option<Title>, (Option<Title>, String)> {
        let (_, _, plaintext) = self.unseal(keys, gcm).map_err(|reason| (None, reason))?;
        // EXPOSE: a title is not secret.
        json::object(plaintext.expose()).map(Some).map_err(|title: Title| {
            (Some(title).filter(|title| !title.text.is_empty()), record::BROKEN_JSON.to_owned())
        })
    }

    /// Decrypts the first copy that opens; the reason is that of the last one.
    pub(super) fn unseal(&self, keys: &Keys, gcm: &dyn Gcm) -> Result<(&SealedRecord, RecordKey, SecretBytes), String> {
        let mut reason = "there is no copy of it".to_owned();
        for (record, parent) in &self.copies {
            match keys.unseal(record, *parent, gcm) {
                Ok((key, json)) => return Ok((record, key, json)),
                Err(why) => reason = why,
            }
        }
        Err(reason)
    }
}

/// The keys that wrap records' keys.
pub(super) struct Keys {
    pub(super) app: AppKey,
    /// `None` if the folder's key could not be unwrapped.
    pub(super) folders: Vec<Option<FolderKey>>,
    pub(super) folder_by_uid: HashMap<String, usize>,
}

impl Keys {
    fn unseal(&self, record: &SealedRecord, parent: Parent, gcm: &dyn Gcm) -> Result<(RecordKey, SecretBytes), String> {
        let wrapped = record.record_key.bytes().map_err(|reason| match reason {
            NoBlob::Missing => "Keeper sent no key for it".to_owned(),
            reason => format!("its key {reason}"),
        })?;
        let key = self.unwrap(record, parent, wrapped).ok_or_else(|| match parent {
            Some(_) => "its key does not decrypt with its folder's key".to_owned(),
            None => "its key does not decrypt with the application's key".to_owned(),
        })?;
        let data = record.data.bytes().map_err(|reason| format!("its data {reason}"))?;
        let json = key.decrypt_by(gcm, data.to_vec());
        json.map(|json| (key, json)).map_err(|Undecryptable| "its data does not decrypt with its key".to_owned())
    }

    /// Unwraps a record's key with its parent's.
    ///
    /// A record that is shared directly, but belongs to a folder of the same answer, may have its key wrapped by that
    /// folder's: clients other than Keeper's SDKs create such records.
    fn unwrap(&self, record: &SealedRecord, parent: Parent, wrapped: &[u8]) -> Option<RecordKey> {
        let named = |uid: &String| self.folder_by_uid.get(uid).copied();
        let folders = [parent, named(&record.inner_folder_uid), named(&record.folder_uid)];
        let mut keys = folders.into_iter().flatten().filter_map(|number| self.folders.get(number)?.as_ref());
        keys.find_map(|key| RecordKey::unwrap_with(key, wrapped).ok())
            .or_else(|| RecordKey::unwrap_with(&self.app, wrapped).ok())
    }
}
