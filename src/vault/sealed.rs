//! The records of an answer, sealed; opened one by one when a mapping line asks for them.
//!
//! A UID opens one record. A title opens them all, because only the record itself tells its title.

use std::collections::HashMap;
use std::rc::Rc;

use super::record::{self, Record};
use crate::crypto::Undecryptable;
use crate::crypto::aes_gcm::{Decrypt, Decrypter};
use crate::crypto::keys::{AppKey, FolderKey, RecordKey};
use crate::error::Error;
use crate::json::{self, FromMembers, Reader, Stuck};
use crate::protocol::response::{self, Answer};
use crate::secret::SecretBytes;
use crate::text::{nearest, shown};

/// What is shared with the application.
pub struct Vault {
    app_key: AppKey,
    decrypter: Decrypter,
    /// Folders by UID; `None` if the folder's key does not open.
    folder_keys: HashMap<String, Option<FolderKey>>,
    records: Vec<Copies>,
    by_uid: HashMap<String, usize>,
    /// Records by title, made when the first title is looked up.
    by_title: Option<Titles>,
    warnings: Vec<String>,
}

/// One record, as often as it is shared: directly and in folders. Each copy's key is wrapped by its own parent.
#[derive(Debug)]
struct Copies {
    copies: Vec<(response::Record, Parent)>,
    opened: Option<Result<Rc<Record>, &'static str>>,
}

/// Whose key wraps a record's key.
#[derive(Debug)]
enum Parent {
    Application,
    Folder(String),
}

#[derive(Debug, Default)]
struct Titles {
    exact: HashMap<String, Vec<usize>>,
    /// Titles with blanks around them, by what is between: lines are trimmed, such titles are not.
    trimmed: HashMap<String, Vec<usize>>,
}

impl Vault {
    /// Takes the records of an answer, unopened; the decrypter opens what they hold.
    #[must_use]
    pub fn new(answer: Answer, app_key: AppKey, decrypter: Decrypter) -> Self {
        let mut vault = Self {
            app_key,
            decrypter,
            folder_keys: HashMap::new(),
            records: Vec::new(),
            by_uid: HashMap::new(),
            by_title: None,
            warnings: Vec::new(),
        };
        for folder in &answer.folders {
            let key = FolderKey::unwrap_with(&vault.app_key, &folder.folder_key).ok();
            if key.is_none() {
                vault.warnings.push(format!("the shared folder {} cannot be opened", shown(&folder.folder_uid)));
            }
            vault.folder_keys.insert(folder.folder_uid.clone(), key);
        }
        // What has no UID cannot be asked for, nor told apart from others.
        for record in answer.records.into_iter().filter(|record| !record.record_uid.is_empty()) {
            vault.add(record, Parent::Application);
        }
        for folder in answer.folders {
            for record in folder.records.into_iter().filter(|record| !record.record_uid.is_empty()) {
                vault.add(record, Parent::Folder(folder.folder_uid.clone()));
            }
        }
        vault
    }

    fn add(&mut self, record: response::Record, parent: Parent) {
        let next = self.records.len();
        let index = *self.by_uid.entry(record.record_uid.clone()).or_insert(next);
        match self.records.get_mut(index) {
            Some(known) => known.copies.push((record, parent)),
            None => self.records.push(Copies { copies: vec![(record, parent)], opened: None }),
        }
    }

    /// How many records there are, copies counted once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is shared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether a record has this UID.
    #[must_use]
    pub fn has_uid(&self, uid: &str) -> bool {
        self.by_uid.contains_key(uid)
    }

    /// Takes the warnings that have come up: what could not be opened, by UID.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Finds the record that a notation names, by UID or else by title.
    ///
    /// A title may look like a UID, so the UID is tried first and the title second.
    ///
    /// # Errors
    /// There is none, there are several of that title, or it can't be opened.
    pub fn find(&mut self, name: &str) -> Result<Rc<Record>, Error> {
        if let Some(index) = self.by_uid.get(name).copied() {
            return self.open(index);
        }
        let titles = self.titles();
        let found = titles.exact.get(name).or_else(|| titles.trimmed.get(name)).cloned().unwrap_or_default();
        match found[..] {
            [index] => self.open(index),
            [] => {
                let nearest = self.nearest_title(name);
                Err(Error::UnknownRecord { record: name.to_owned(), nearest, nothing_shared: self.is_empty() })
            }
            _ => {
                let uids = found.iter().filter_map(|index| self.uid(*index)).map(str::to_owned).collect();
                Err(Error::AmbiguousTitle { title: name.to_owned(), uids })
            }
        }
    }

    fn uid(&self, index: usize) -> Option<&str> {
        self.records.get(index)?.copies.first().map(|(record, _)| record.record_uid.as_str())
    }

    fn open(&mut self, index: usize) -> Result<Rc<Record>, Error> {
        let record = self.records.get(index).ok_or(Error::Internal("a record out of range"))?;
        if record.opened.is_none() {
            let opened = record
                .unseal(&self.app_key, &self.folder_keys, &*self.decrypter)
                .and_then(|(copy, key, json)| Record::open(copy, &key, &json).map(Rc::new));
            if let Ok(record) = &opened {
                self.warnings.extend(record.warnings());
            }
            if let Some(record) = self.records.get_mut(index) {
                record.opened = Some(opened);
            }
        }
        match self.records.get(index).and_then(|record| record.opened.as_ref()) {
            Some(Ok(record)) => Ok(Rc::clone(record)),
            Some(Err(reason)) => {
                Err(Error::BrokenRecord { uid: self.uid(index).unwrap_or_default().to_owned(), reason })
            }
            None => Err(Error::Internal("a record that was not opened")),
        }
    }

    /// The titles of all records. A record that can't be opened has none and draws a warning.
    fn titles(&mut self) -> &Titles {
        if self.by_title.is_none() {
            let mut titles = Titles::default();
            for (index, record) in self.records.iter().enumerate() {
                match record.title(&self.app_key, &self.folder_keys, &*self.decrypter) {
                    Ok(title) => {
                        if title.trim() != title {
                            titles.trimmed.entry(title.trim().to_owned()).or_default().push(index);
                        }
                        titles.exact.entry(title).or_default().push(index);
                    }
                    Err(reason) => {
                        let uid = self.uid(index).unwrap_or_default();
                        self.warnings.push(format!("the record {} cannot be opened: {reason}", shown(uid)));
                    }
                }
            }
            self.by_title = Some(titles);
        }
        self.by_title.get_or_insert_default()
    }

    /// A title that is nearly the same. Only some thousand are looked at: it is a courtesy.
    fn nearest_title(&mut self, name: &str) -> Option<String> {
        const LOOKED_AT: usize = 2_000;
        let titles: Vec<&String> = self.titles().exact.keys().take(LOOKED_AT).collect();
        nearest(name, &titles).map(str::to_owned)
    }
}

/// As much of a record as its title.
#[derive(Default)]
struct Title(String);

impl FromMembers for Title {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        match name {
            "title" => self.0 = value.text()?.unwrap_or_default(),
            _ => value.skip()?,
        }
        Ok(())
    }
}

type FolderKeys = HashMap<String, Option<FolderKey>>;

impl Copies {
    fn title(
        &self,
        app_key: &AppKey,
        folder_keys: &FolderKeys,
        decrypter: &dyn Decrypt,
    ) -> Result<String, &'static str> {
        let (_, _, plaintext) = self.unseal(app_key, folder_keys, decrypter)?;
        // EXPOSE: a title is no secret.
        json::object::<Title>(plaintext.expose()).map(|Title(title)| title).ok_or(record::BROKEN_JSON)
    }

    /// Decrypts the first copy that opens; the reason is that of the last one.
    fn unseal(
        &self,
        app_key: &AppKey,
        folder_keys: &FolderKeys,
        decrypter: &dyn Decrypt,
    ) -> Result<(&response::Record, RecordKey, SecretBytes), &'static str> {
        let mut reason = "there is no copy of it";
        for (record, parent) in &self.copies {
            let key = match unwrap_key(record, parent, app_key, folder_keys) {
                Ok(key) => key,
                Err(why) => {
                    reason = why;
                    continue;
                }
            };
            match key.decrypt_by(decrypter, record.data.clone()) {
                Ok(json) => return Ok((record, key, json)),
                Err(Undecryptable) => reason = "its data does not decrypt with its key",
            }
        }
        Err(reason)
    }
}

/// A record's key comes wrapped by the key of its parent.
///
/// A record that is shared directly but stands in a folder of the same answer (`innerFolderUid`) may have its key
/// wrapped by that folder's: clients other than Keeper's SDKs make such records.
fn unwrap_key(
    record: &response::Record,
    parent: &Parent,
    app_key: &AppKey,
    folder_keys: &FolderKeys,
) -> Result<RecordKey, &'static str> {
    let wrapped = &record.record_key;
    if wrapped.is_empty() {
        return Err("Keeper sent no key for it");
    }
    let by_folder = |uid: &String| {
        let key = folder_keys.get(uid)?.as_ref()?;
        RecordKey::unwrap_with(key, wrapped).ok()
    };
    match parent {
        Parent::Folder(uid) => by_folder(uid).ok_or("its key does not decrypt with its folder's key"),
        Parent::Application => by_folder(&record.inner_folder_uid)
            .or_else(|| RecordKey::unwrap_with(app_key, wrapped).ok())
            .ok_or("its key does not decrypt with the application's key"),
    }
}
