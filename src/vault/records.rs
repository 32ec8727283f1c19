//! The records of an answer, sealed; opened one by one when a mapping line asks for them.
//!
//! A UID opens one record. A title opens them all, because a title is inside the encrypted record.

use std::collections::HashMap;
use std::rc::Rc;

use super::copies::{Copies, Keys, Parent, Title};
use super::names::as_seen;
use super::record::Record;
use super::warnings::Warnings;
use crate::crypto::aes_gcm::Gcm;
use crate::crypto::keys::{AppKey, FolderKey};
use crate::error::{Error, is_uid_like};
use crate::protocol::answer::{self, Answer, SealedRecord};
use crate::text::{counted, listed_plain, nearest, shown};

/// What is shared with the application.
pub struct Vault {
    keys: Keys,
    gcm: Rc<dyn Gcm>,
    records: Vec<Copies>,
    by_uid: HashMap<String, usize>,
    /// Read when the first title is looked up.
    titles: Titles,
    /// How many records have no UID.
    nameless: usize,
    /// How many names matched no record.
    misses: usize,
    /// How many parts of the answer were left out that may have been records.
    left_out: usize,
    /// About the records that lines need.
    needed_warnings: Warnings,
    /// About all others.
    other_warnings: Warnings,
}

/// How many unknown names get a suggestion.
const SUGGESTED: usize = 50;

#[derive(Debug, Default)]
struct Titles {
    are_read: bool,
    exact: HashMap<String, Vec<usize>>,
    /// By what titles look like.
    seen: HashMap<String, Vec<usize>>,
    /// How many records there are whose title is unknown.
    unreadable: usize,
}

impl Vault {
    /// Takes the records of an answer unopened; the cipher opens them on demand.
    #[must_use]
    pub fn new(answer: Answer, app_key: AppKey, gcm: Rc<dyn Gcm>) -> Self {
        let mut vault = Self {
            keys: Keys { app: app_key, folders: Vec::new(), folder_by_uid: HashMap::new() },
            gcm,
            records: Vec::new(),
            by_uid: HashMap::new(),
            titles: Titles::default(),
            nameless: 0,
            misses: 0,
            left_out: answer.faults.len(),
            needed_warnings: Warnings::default(),
            other_warnings: Warnings::default(),
        };
        for faults in [&answer.faults, &answer.warning_faults] {
            vault.other_warnings.add_faults(|| "Keeper's answer".to_owned(), faults);
        }
        let folders = answer.folders.into_iter().map(|folder| {
            vault.add_folder(&folder);
            folder.records
        });
        let in_folders: Vec<Vec<SealedRecord>> = folders.collect();
        for record in answer.records {
            vault.add(record, None);
        }
        for (number, records) in in_folders.into_iter().enumerate() {
            for record in records {
                vault.add(record, Some(number));
            }
        }
        if vault.nameless > 0 {
            let nameless = counted(vault.nameless, "record", "records");
            vault.other_warnings.add(format!("left out of Keeper's answer: {nameless} without a UID"));
        }
        vault
    }

    fn add_folder(&mut self, folder: &answer::Folder) {
        let name = named("a shared folder", &folder.folder_uid);
        let key = folder.folder_key.bytes().ok().and_then(|key| FolderKey::unwrap_with(&self.keys.app, key).ok());
        if key.is_none() {
            self.other_warnings.add(format!("{name} cannot be opened"));
        }
        self.left_out += folder.faults.len();
        self.other_warnings.add_faults(|| name, &folder.faults);
        self.keys.folder_by_uid.insert(folder.folder_uid.clone(), self.keys.folders.len());
        self.keys.folders.push(key);
    }

    /// Adds a record. One without a UID could not be distinguished from others, so it is left out.
    fn add(&mut self, record: SealedRecord, parent: Parent) {
        self.other_warnings.add_faults(|| named("a record", &record.record_uid), &record.faults);
        if record.record_uid.is_empty() {
            self.nameless += 1;
            return;
        }
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

    /// Takes the warnings that have come up: what could not be opened or read, by UID or title.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let needed = std::mem::take(&mut self.needed_warnings).into_texts();
        needed.chain(std::mem::take(&mut self.other_warnings).into_texts()).collect()
    }

    /// Finds the record that a notation names, by UID or else by title.
    ///
    /// A title may look like a UID, so the UID is tried first and the title second.
    ///
    /// # Errors
    /// There is none, several have that title, or it can't be opened.
    pub fn find(&mut self, name: &str) -> Result<Rc<Record>, Error> {
        if let Some(index) = self.by_uid.get(name).copied() {
            return self.open(index);
        }
        self.read_titles();
        let titles = &self.titles;
        // Unreadable records matter less here: their UIDs are known, and titles that look like a UID are rare.
        let unreadable = self.nameless + if is_uid_like(name) { 0 } else { titles.unreadable };
        let found = titles.exact.get(name).or_else(|| titles.seen.get(&*as_seen(name))).cloned().unwrap_or_default();
        match found[..] {
            [index] => {
                self.warn_of_hidden_twins(unreadable);
                self.open(index)
            }
            [] => {
                self.misses += 1;
                Err(self.unknown(name, unreadable + self.left_out))
            }
            _ => {
                let uids: Vec<String> = found
                    .iter()
                    .filter_map(|index| self.records.get(*index))
                    .map(|record| record.uid().to_owned())
                    .collect();
                Err(Error::new(format!("{} records have the title `{}`", uids.len(), shown(name)))
                    .with_hint(format!("name the record by its UID: {}", listed_plain(&uids))))
            }
        }
    }

    /// Warns that a record that can't be opened may have the same title, so that another one may have been meant.
    fn warn_of_hidden_twins(&mut self, unreadable: usize) {
        if unreadable > 0 {
            let records = counted(unreadable, "record", "records");
            self.needed_warnings.add(format!(
                "a title may also be that of {records} that cannot be opened: lines by title use the one that can; a UID \
                 would be unambiguous"
            ));
        }
    }

    /// The error that there is no record of this name, as far as can be known.
    fn unknown(&self, name: &str, unreadable: usize) -> Error {
        const SHARE_IT: &str = "share the record, or its folder, with the Secrets Manager application";
        if self.is_folder(name) {
            return Error::new("this is the UID of a folder, not of a record")
                .with_hint("name a record in it, by its UID or title");
        }
        if let Some(error) = misread_documentation(name) {
            return error;
        }
        let error = match unreadable {
            0 => Error::absent("no record with this UID or title is shared with this application"),
            _ => Error::new(format!(
                "no record with this UID or title is shared with this application, unless it is {} that cannot be opened",
                if unreadable == 1 { "the one".to_owned() } else { format!("one of {unreadable}") },
            )),
        };
        error.with_hint(match self.nearest_title(name) {
            Some(nearest) => format!("did you mean `{}`?", shown(&nearest)),
            None if unreadable > 0 => {
                "open and save in Keeper Vault what the warnings name, or share it again with the application"
                    .to_owned()
            }
            None if self.is_empty() => {
                "nothing is shared with this application yet: share the record, or its folder, in Keeper Vault"
                    .to_owned()
            }
            None if is_uid_like(name) => SHARE_IT.to_owned(),
            None => format!("{SHARE_IT}; titles must match exactly"),
        })
    }

    /// Whether a folder of the answer, or one inside it, has this UID.
    fn is_folder(&self, uid: &str) -> bool {
        let holds = |(record, _): &(SealedRecord, Parent)| record.folder_uid == uid || record.inner_folder_uid == uid;
        is_uid_like(uid)
            && (self.keys.folder_by_uid.contains_key(uid)
                || self.records.iter().any(|record| record.copies.iter().any(holds)))
    }

    fn open(&mut self, index: usize) -> Result<Rc<Record>, Error> {
        let record = self.records.get_mut(index).ok_or_else(|| Error::internal("a record out of range"))?;
        let opened = record.opened.take().unwrap_or_else(|| {
            let unsealed = record.unseal(&self.keys, &*self.gcm);
            let opened = unsealed.and_then(|(copy, key, json)| Record::open(copy, &key, &json).map(Rc::new));
            if let Ok(record) = &opened {
                record.warnings().for_each(|warning| self.needed_warnings.add(warning));
            }
            opened
        });
        record.opened = Some(opened.clone());
        opened.map_err(|reason| {
            Error::new(format!("the record {} cannot be opened: {reason}", shown(record.uid())))
                .with_hint("open and save it in Keeper Vault, or share it again with the application")
        })
    }

    /// Reads the titles of all records. A record that can't be opened draws a warning.
    fn read_titles(&mut self) {
        if std::mem::replace(&mut self.titles.are_read, true) {
            return;
        }
        for (index, record) in self.records.iter().enumerate() {
            let name = || named("a record", record.uid());
            let title = record.title(&self.keys, &*self.gcm).unwrap_or_else(|(title, reason)| {
                self.other_warnings.add(format!("{} cannot be opened: {reason}", name()));
                title
            });
            match title {
                Some(Title { text, faults }) => {
                    self.other_warnings.add_faults(name, &faults);
                    self.titles.add(text, index);
                }
                None => self.titles.unreadable += 1,
            }
        }
    }

    /// The title most similar to a name.
    fn nearest_title(&self, name: &str) -> Option<String> {
        if self.misses > SUGGESTED {
            return None;
        }
        let titles: Vec<&String> = self.titles.exact.keys().collect();
        nearest(name, &titles).map(str::to_owned)
    }
}

/// The error for a name that copies a documentation page literally, such as `[Title]`.
fn misread_documentation(name: &str) -> Option<Error> {
    if name.split_once(char::is_whitespace).is_some_and(|(first, _)| is_uid_like(first)) {
        let error = Error::absent("no record has this title, which looks like a UID followed by a title");
        return Some(error.with_hint("write one of them, best the UID alone, as in `UID/field/password`"));
    }
    if name.len() > 2 && name.starts_with('[') && name.ends_with(']') {
        let error = Error::absent("no record has this title, which is in brackets");
        return Some(error.with_hint("leave the brackets out: documentation puts them around what you replace"));
    }
    None
}

/// As in "the record UID", or in "a record without a UID"; `what` comes with its article.
pub(super) fn named(what: &str, uid: &str) -> String {
    let (_, noun) = what.split_once(' ').unwrap_or_default();
    if uid.is_empty() { format!("{what} without a UID") } else { format!("the {noun} {}", shown(uid)) }
}

impl Titles {
    fn add(&mut self, title: String, index: usize) {
        let seen = as_seen(&title);
        if !seen.is_empty() {
            self.seen.entry(seen.into_owned()).or_default().push(index);
        }
        self.exact.entry(title).or_default().push(index);
    }
}
