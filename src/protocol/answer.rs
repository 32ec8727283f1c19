//! The answer of `get_secret`: folders, records and attachments, each encrypted by a key that is wrapped by its parent's.
//!
//! What is missing or of another type is left out and noted, so that one bad record spoils no other.

use std::fmt;

use crate::base64;
use crate::json::{Faults, FromMembers, Reader, Stuck};

/// The answer's JSON. Members that are not needed are left out.
#[derive(Debug, Default)]
pub struct Answer {
    /// Shared folders.
    pub folders: Vec<Folder>,
    /// Records that are shared directly.
    pub records: Vec<SealedRecord>,
    /// The first of Keeper's warnings to the application's owner.
    pub warnings: Vec<String>,
    /// How many there are in all.
    pub warning_count: usize,
    /// What was left out of the records and folders.
    pub faults: Faults,
    /// What was left out of the warnings.
    pub warning_faults: Faults,
}

/// The most warnings of Keeper's that are kept.
const WARNINGS: usize = 100;

impl FromMembers for Answer {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "folders" => self.folders = value.objects(name, faults)?,
            "records" => self.records = value.objects(name, faults)?,
            "warnings" => {
                (self.warnings, self.warning_count) = value.texts(name, WARNINGS, &mut self.warning_faults)?;
            }
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A shared folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its UID.
    pub folder_uid: String,
    /// Its key, wrapped by the app key.
    pub folder_key: Blob,
    /// Its records.
    pub records: Vec<SealedRecord>,
    /// What is left out.
    pub faults: Faults,
}

impl FromMembers for Folder {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "folderUid" => self.folder_uid = value.text(name, faults)?,
            "folderKey" => self.folder_key = Blob::read(value)?,
            "records" => self.records = value.objects(name, faults)?,
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// A record in the answer.
#[derive(Debug, Default)]
pub struct SealedRecord {
    /// Its UID. A record that is shared in two places appears twice.
    pub record_uid: String,
    /// Its key, wrapped by the app key or a folder's.
    pub record_key: Blob,
    /// Its JSON, under its key.
    pub data: Blob,
    /// The shared folder that holds it, although it is shared directly.
    pub folder_uid: String,
    /// The folder inside the shared one that holds it.
    pub inner_folder_uid: String,
    /// Its attachments.
    pub files: Vec<File>,
    /// What is left out.
    pub faults: Faults,
}

impl FromMembers for SealedRecord {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "recordUid" => self.record_uid = value.text(name, faults)?,
            "recordKey" => self.record_key = Blob::read(value)?,
            "data" => self.data = Blob::read(value)?,
            "folderUid" => self.folder_uid = value.text(name, faults)?,
            "innerFolderUid" => self.inner_folder_uid = value.text(name, faults)?,
            "files" => self.files = value.objects(name, faults)?,
            _ => value.skip()?,
        }
        Ok(())
    }
}

/// An attachment in the answer.
#[derive(Debug, Default)]
pub struct File {
    /// Its UID.
    pub file_uid: String,
    /// Its key, wrapped by the record's.
    pub file_key: Blob,
    /// Its metadata's JSON, under its key.
    pub data: Blob,
    /// Where its content can be downloaded for a while; empty if Keeper does not say yet.
    pub url: String,
    faults: Faults,
}

impl FromMembers for File {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        let faults = &mut self.faults;
        match name {
            "fileUid" => self.file_uid = value.text(name, faults)?,
            "fileKey" => self.file_key = Blob::read(value)?,
            "data" => self.data = Blob::read(value)?,
            "url" => self.url = value.text(name, faults)?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn faults(&mut self) -> Option<&mut Faults> {
        Some(&mut self.faults)
    }
}

/// Bytes sent as Base64, or why there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob(Result<Vec<u8>, NoBlob>);

/// Why a member holds no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBlob {
    /// It is missing, `null` or empty.
    Missing,
    /// It is not a text.
    NoText,
    /// It is a text, but not Base64.
    NoBase64,
}

impl Default for Blob {
    fn default() -> Self {
        Self(Err(NoBlob::Missing))
    }
}

impl Blob {
    fn read(value: &mut Reader<'_>) -> Result<Self, Stuck> {
        let mut faults = Faults::default();
        let text = value.text("", &mut faults)?;
        Ok(Self(match base64::decode(&text) {
            _ if !faults.is_empty() => Err(NoBlob::NoText),
            Some(bytes) if bytes.is_empty() => Err(NoBlob::Missing),
            Some(bytes) => Ok(bytes),
            None => Err(NoBlob::NoBase64),
        }))
    }

    /// The bytes.
    ///
    /// # Errors
    /// Why there are none.
    pub fn bytes(&self) -> Result<&[u8], NoBlob> {
        self.0.as_deref().map_err(|reason| *reason)
    }
}

/// As in "its key is missing".
impl fmt::Display for NoBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::NoText => "is not a text",
            Self::NoBase64 => "is not Base64",
        })
    }
}
