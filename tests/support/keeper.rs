//! A Keeper for the tests: it opens a request as Keeper's servers do, and seals what a test says that it holds.
//!
//! It is the core's counterpart and shares nothing with it but two types: no key, format or cipher of the core is used
//! here. The descriptions are those of `tests/keeper/vault.js`.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ksm_task::protocol::request::Sealed;
use ksm_task::protocol::response::{HttpOutcome, HttpResponse};
use p256::ecdh::diffie_hellman;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) const HOST: &str = "keeper.test";

const KEY_ID: &str = "99";
const STORAGE: &str = "https://storage.keeper.test/";
const NONCE_LEN: usize = 12;
const POINT_LEN: usize = 65;
const UID_LEN: usize = 16;
const PADDED_LEN: usize = 384;

/// What Keeper holds, as a test or a case describes it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Description {
    Records(Vec<RecordDescription>),
    #[serde(rename_all = "camelCase")]
    Vault {
        records: Vec<RecordDescription>,
        #[serde(default)]
        folders: Vec<FolderDescription>,
        /// Elements that come first in the answer's lists, whatever they are.
        #[serde(default)]
        strays: Map<String, Value>,
        /// Members of the answer as they are on the wire.
        #[serde(default)]
        wire: Map<String, Value>,
    },
}

impl From<Value> for Description {
    fn from(described: Value) -> Self {
        serde_json::from_value(described).expect("a description of records")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderDescription {
    name: String,
    uid: Option<String>,
    broken: Option<String>,
    #[serde(default)]
    wire: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RecordDescription {
    title: String,
    #[serde(rename = "type")]
    record_type: Option<String>,
    uid: Option<String>,
    notes: Option<String>,
    #[serde(default)]
    fields: Vec<Value>,
    custom: Option<Value>,
    #[serde(default)]
    files: Vec<FileDescription>,
    #[serde(default)]
    file_ref: bool,
    #[serde(default)]
    folder: Places,
    #[serde(default)]
    also_direct: bool,
    wrapped_by_folder_key: Option<String>,
    inner_folder_uid: Option<String>,
    #[serde(default)]
    padded: bool,
    raw: Option<String>,
    raw_base64: Option<String>,
    broken: Option<String>,
    #[serde(default)]
    wire: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Places {
    One(String),
    Many(Vec<String>),
}

impl Default for Places {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Places {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FileDescription {
    name: String,
    title: Option<String>,
    uid: Option<String>,
    #[serde(rename = "type")]
    mime_type: Option<String>,
    text: Option<String>,
    base64: Option<String>,
    bytes: Option<usize>,
    declared_size: Option<Value>,
    #[serde(default)]
    no_size: bool,
    last_modified: Option<Value>,
    raw: Option<String>,
    broken: Option<String>,
    #[serde(default)]
    wire: Map<String, Value>,
}

/// A Keeper with one application and one device that is bound to it.
pub(crate) struct Keeper {
    server: SecretKey,
    client: SecretKey,
    app_key: [u8; 32],
    folders: Vec<Folder>,
    records: Vec<Record>,
    /// What Keeper adds to each answer.
    pub(crate) warnings: Vec<&'static str>,
    strays: Map<String, Value>,
    wire: Map<String, Value>,
}

struct Folder {
    name: String,
    uid: String,
    key: [u8; 32],
    is_broken: bool,
    wire: Map<String, Value>,
}

struct Record {
    title: String,
    uid: String,
    key: [u8; 32],
    plaintext: Vec<u8>,
    files: Vec<File>,
    /// The folders that hold a copy, by number.
    folders: Vec<usize>,
    is_direct: bool,
    wrapped_by: Option<usize>,
    inner_folder_uid: Option<String>,
    broken: Option<String>,
    wire: Map<String, Value>,
    /// The texts that no log may show.
    values: Vec<String>,
}

struct File {
    uid: String,
    name: String,
    key: [u8; 32],
    metadata: Vec<u8>,
    content: Vec<u8>,
    broken: Option<String>,
    wire: Map<String, Value>,
}

/// A request of `get_secret` that was opened and whose signature is valid.
pub(crate) struct Received {
    pub(crate) transmission_key: [u8; 32],
    pub(crate) payload: Value,
}

impl Received {
    /// The requested UIDs; empty for all records.
    pub(crate) fn filter(&self) -> Vec<String> {
        let uids = self.payload["requestedRecords"].as_array().cloned().unwrap_or_default();
        uids.iter().map(|uid| uid.as_str().expect("a UID").to_owned()).collect()
    }
}

impl Keeper {
    pub(crate) fn holding(description: impl Into<Description>) -> Self {
        let (records, folders, strays, wire) = match description.into() {
            Description::Records(records) => (records, Vec::new(), Map::new(), Map::new()),
            Description::Vault { records, folders, strays, wire } => (records, folders, strays, wire),
        };
        let mut keeper = Self {
            server: scalar("server"),
            client: scalar("client"),
            app_key: derive("app key"),
            folders: folders.into_iter().map(Folder::new).collect(),
            records: Vec::new(),
            warnings: Vec::new(),
            strays,
            wire,
        };
        for record in records {
            let record = keeper.place(record);
            keeper.records.push(record);
        }
        keeper
    }

    /// A folder by its name; created if it is only named.
    fn folder(&mut self, name: &str) -> usize {
        let known = self.folders.iter().position(|folder| folder.name == name);
        known.unwrap_or_else(|| {
            let described = json!({ "name": name });
            self.folders.push(Folder::new(serde_json::from_value(described).expect("a description of a folder")));
            self.folders.len() - 1
        })
    }

    fn place(&mut self, described: RecordDescription) -> Record {
        let label = format!("record {} {}", self.records.len(), described.title);
        let uid = described.uid.clone().unwrap_or_else(|| derive_uid(&label));
        let files: Vec<File> = described.files.iter().map(|file| File::new(file, &uid)).collect();
        let folders: Vec<usize> = described.folder.names().iter().map(|name| self.folder(name)).collect();
        let wrapped_by = described.wrapped_by_folder_key.as_ref().map(|name| self.folder(name));
        let inner_folder_uid = described.inner_folder_uid.clone();
        Record {
            key: derive(&format!("key of {uid}")),
            plaintext: described.plaintext(&files),
            is_direct: folders.is_empty() || described.also_direct,
            inner_folder_uid: inner_folder_uid.or_else(|| wrapped_by.map(|folder| self.folders[folder].uid.clone())),
            broken: described.broken.clone(),
            wire: described.wire.clone(),
            values: described.values(),
            title: described.title,
            uid,
            files,
            folders,
            wrapped_by,
        }
    }

    /// The config of the application's device, as JSON.
    pub(crate) fn config(&self) -> String {
        self.config_members().to_string()
    }

    pub(crate) fn config_members(&self) -> Value {
        json!({
            "hostname": HOST,
            "clientId": client_id(),
            "privateKey": STANDARD.encode(to_pkcs8(&self.client)),
            "appKey": STANDARD.encode(self.app_key),
            "serverPublicKeyId": KEY_ID,
            "serverPublicKey": URL_SAFE_NO_PAD.encode(point_of(&self.server)),
        })
    }

    /// The same for a server with one of Keeper's own keys, so that nobody here can open requests to it.
    pub(crate) fn config_for_known_key(&self, id: &str) -> String {
        let mut members = self.config_members();
        members["serverPublicKeyId"] = json!(id);
        members.as_object_mut().expect("an object").remove("serverPublicKey");
        members.to_string()
    }

    /// The private key of the server, for a judge that opens requests.
    pub(crate) fn server_pkcs8(&self) -> Vec<u8> {
        to_pkcs8(&self.server)
    }

    /// The public point of the client, for a judge that verifies signatures.
    pub(crate) fn client_point(&self) -> Vec<u8> {
        point_of(&self.client)
    }

    /// The UID of the record with a title.
    pub(crate) fn uid(&self, title: &str) -> String {
        self.records.iter().find(|record| record.title == title).expect(title).uid.clone()
    }

    /// The name of the attachment at an address.
    pub(crate) fn file_name(&self, url: &str) -> &str {
        &self.file(url).name
    }

    /// The UID of the attachment of a name.
    pub(crate) fn file_uid(&self, name: &str) -> &str {
        let mut files = self.records.iter().flat_map(|record| &record.files);
        &files.find(|file| file.name == name).expect(name).uid
    }

    /// Every text that no log may show.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.records.iter().flat_map(|record| &record.values).map(String::as_str)
    }

    /// Opens a request of `get_secret`. Anything wrong with it fails the test.
    pub(crate) fn receive(&self, request: &Sealed) -> Received {
        let body = &request.body;
        assert_eq!(header(request, "Content-Type"), "application/octet-stream");
        assert_eq!(header(request, "Content-Length"), body.len().to_string());
        assert_eq!(header(request, "PublicKeyId"), KEY_ID);

        let blob = STANDARD.decode(header(request, "TransmissionKey")).expect("Base64");
        let signature = header(request, "Authorization").strip_prefix("Signature ").expect("a signature");
        let signature = Signature::from_der(&STANDARD.decode(signature).expect("Base64")).expect("DER");
        let signed = [blob.as_slice(), body.as_slice()].concat();
        let client = VerifyingKey::from(self.client.public_key());
        client.verify(&signed, &signature).expect("the signature holds");

        let transmission_key = open_for(&self.server, &blob).expect("the transmission key opens");
        let transmission_key = transmission_key.try_into().expect("32 bytes");
        let payload = open(&transmission_key, body).expect("the body opens");
        let payload: Value = serde_json::from_slice(&payload).expect("JSON");
        assert_eq!(payload["clientVersion"], "ms17.5.0");
        assert_eq!(payload["clientId"], client_id());
        Received { transmission_key, payload }
    }

    /// The answer that a request asks for.
    pub(crate) fn answer(&self, received: &Received) -> HttpOutcome {
        seal_answer(&received.transmission_key, &self.compose(&received.filter()))
    }

    /// The answer's JSON: each key wrapped by its parent, `null` where Keeper has nothing.
    pub(crate) fn compose(&self, filter: &[String]) -> Value {
        let wanted: Vec<&Record> =
            self.records.iter().filter(|record| filter.is_empty() || filter.contains(&record.uid)).collect();
        let direct = wanted.iter().filter(|record| record.is_direct).map(|record| {
            let parent = record.wrapped_by.map_or(self.app_key, |folder| self.folders[folder].key);
            record.on_wire(&parent)
        });
        let folders = self.folders.iter().enumerate().filter_map(|(number, folder)| {
            let held: Vec<Value> = wanted
                .iter()
                .filter(|record| record.folders.contains(&number))
                .map(|record| record.on_wire(&folder.key))
                .collect();
            // A folder without a record in the answer is left out, unless its key is needed.
            let is_needed = !held.is_empty() || wanted.iter().any(|record| record.wrapped_by == Some(number));
            is_needed.then(|| {
                let described = json!({
                    "folderUid": folder.uid,
                    "folderKey": wrap(&self.app_key, &folder.key, folder.is_broken),
                    "data": null,
                    "parent": null,
                    "isEditable": true,
                    "records": held,
                });
                overridden(described, &folder.wire)
            })
        });
        let strays = |list: &str| self.strays.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let answer = json!({
            "appData": URL_SAFE_NO_PAD.encode(seal(&self.app_key, br#"{"title":"Tests","type":"general"}"#)),
            "encryptedAppKey": null,
            "appOwnerPublicKey": null,
            "folders": or_null(strays("folders").into_iter().chain(folders).collect()),
            "records": or_null(strays("records").into_iter().chain(direct).collect()),
            "expiresOn": 0,
            "warnings": or_null(self.warnings.iter().map(|warning| json!(warning)).collect()),
            "extra": null,
        });
        overridden(answer, &self.wire)
    }

    /// An attachment's content as stored by Keeper.
    pub(crate) fn stored(&self, url: &str) -> Vec<u8> {
        let file = self.file(url);
        let key = if file.broken.as_deref() == Some("content") { strangers_key() } else { file.key };
        seal(&key, &file.content)
    }

    fn file(&self, url: &str) -> &File {
        let uid = url.strip_prefix(STORAGE).and_then(|rest| rest.split('?').next()).expect(url);
        self.records.iter().flat_map(|record| &record.files).find(|file| file.uid == uid).expect(uid)
    }
}

impl Folder {
    fn new(described: FolderDescription) -> Self {
        let uid = described.uid.unwrap_or_else(|| derive_uid(&format!("folder {}", described.name)));
        let key = derive(&format!("key of {uid}"));
        Self { name: described.name, uid, key, is_broken: described.broken.is_some(), wire: described.wire }
    }
}

impl RecordDescription {
    fn plaintext(&self, files: &[File]) -> Vec<u8> {
        if let Some(base64) = &self.raw_base64 {
            return STANDARD.decode(base64).expect("Base64");
        }
        let mut text = self.raw.clone().unwrap_or_else(|| serde_json::to_string(&self.data(files)).expect("JSON"));
        if self.broken.as_deref() == Some("json") {
            text.truncate(text.len() / 2);
        }
        if self.padded {
            let length = text.len().next_multiple_of(PADDED_LEN);
            text.extend(std::iter::repeat_n(' ', length - text.len()));
        }
        text.into_bytes()
    }

    fn data(&self, files: &[File]) -> Value {
        let mut fields = self.fields.clone();
        if self.file_ref {
            let uids: Vec<&str> = files.iter().map(|file| file.uid.as_str()).collect();
            fields.push(json!({ "type": "fileRef", "value": uids }));
        }
        let mut data = json!({ "title": self.title, "type": self.record_type.as_deref().unwrap_or("login") });
        for (name, value) in
            [("notes", json!(self.notes)), ("fields", Value::Array(fields)), ("custom", json!(self.custom))]
        {
            if !value.is_null() {
                data[name] = value;
            }
        }
        data
    }

    /// Values and contents line by line; titles, labels and names may be shown.
    fn values(&self) -> Vec<String> {
        let mut values: Vec<String> = self.notes.iter().cloned().collect();
        let custom = self.custom.as_ref().and_then(Value::as_array).into_iter().flatten();
        self.fields.iter().chain(custom).for_each(|field| collect_leaves(&field["value"], &mut values));
        values.extend(self.files.iter().filter_map(|file| file.text.clone()));
        values.iter().flat_map(|value| value.lines()).map(|line| line.trim().to_owned()).collect()
    }
}

fn collect_leaves(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => leaves.push(number.to_string()),
        Value::String(text) => leaves.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_leaves(value, leaves)),
        Value::Object(members) => members.values().for_each(|value| collect_leaves(value, leaves)),
    }
}

impl Record {
    fn on_wire(&self, parent: &[u8; 32]) -> Value {
        let broken = self.broken.as_deref();
        let mut record = json!({
            "recordUid": self.uid,
            "recordKey": wrap(parent, &self.key, broken == Some("recordKey")),
            "data": wrap(&self.key, &self.plaintext, broken == Some("data")),
            "revision": 1,
            "isEditable": true,
            "files": or_null(self.files.iter().map(|file| file.on_wire(&self.key)).collect()),
            "folderUid": null,
            "innerFolderUid": self.inner_folder_uid,
        });
        if broken == Some("noKey") {
            record.as_object_mut().expect("an object").remove("recordKey");
        }
        overridden(record, &self.wire)
    }
}

impl File {
    fn new(described: &FileDescription, record_uid: &str) -> Self {
        let name = &described.name;
        let title = described.title.as_ref().unwrap_or(name);
        let uid = described.uid.clone().unwrap_or_else(|| derive_uid(&format!("{name} {title} of {record_uid}")));
        let content = match (&described.base64, described.bytes) {
            (Some(base64), _) => STANDARD.decode(base64).expect("Base64"),
            (None, Some(count)) => {
                (0..count.div_ceil(32)).flat_map(|block| derive(&format!("{uid} {block}"))).take(count).collect()
            }
            (None, None) => described.text.clone().unwrap_or_default().into_bytes(),
        };
        let size = described.declared_size.clone().unwrap_or_else(|| json!(content.len()));
        let last_modified = described.last_modified.clone().unwrap_or_else(|| json!(1_700_000_000_000_u64));
        let mut metadata = json!({ "name": name, "title": title, "size": size, "lastModified": last_modified });
        if described.no_size {
            metadata.as_object_mut().expect("an object").remove("size");
        }
        if let Some(mime_type) = &described.mime_type {
            metadata["type"] = json!(mime_type);
        }
        Self {
            key: derive(&format!("key of {uid}")),
            name: name.clone(),
            metadata: described.raw.clone().unwrap_or_else(|| metadata.to_string()).into_bytes(),
            broken: described.broken.clone(),
            wire: described.wire.clone(),
            content,
            uid,
        }
    }

    fn on_wire(&self, record_key: &[u8; 32]) -> Value {
        let broken = self.broken.as_deref();
        let mut file = json!({
            "fileUid": self.uid,
            "fileKey": wrap(record_key, &self.key, broken == Some("fileKey")),
            "data": wrap(&self.key, &self.metadata, broken == Some("metadata")),
            "url": format!("{STORAGE}{}?signature=s1gned", self.uid),
            "thumbnailUrl": null,
        });
        if broken == Some("noUrl") {
            file.as_object_mut().expect("an object").remove("url");
        }
        overridden(file, &self.wire)
    }
}

/// An answer of status 200: the JSON under the transmission key.
pub(crate) fn seal_answer(transmission_key: &[u8; 32], answer: &Value) -> HttpOutcome {
    answered(200, &seal(transmission_key, answer.to_string().as_bytes()))
}

pub(crate) fn answered(status: u16, body: &[u8]) -> HttpOutcome {
    HttpOutcome::Answered(HttpResponse { status, body: body.to_vec(), ..HttpResponse::default() })
}

/// The value of a header.
pub(crate) fn header<'a>(request: &'a Sealed, name: &str) -> &'a str {
    let (_, value) = request.headers.iter().find(|(header, _)| *header == name).expect(name);
    value
}

/// `nonce || ciphertext || tag`. The nonce is derived from the plaintext, so that tests are reproducible.
pub(crate) fn seal(key: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(key);
    hash.update(plaintext);
    let nonce: [u8; NONCE_LEN] = hash.finalize()[..NONCE_LEN].try_into().expect("a nonce");
    let sealed = Aes256Gcm::new(key.into()).encrypt(&Nonce::from(nonce), plaintext).expect("sealed");
    [nonce.as_slice(), &sealed].concat()
}

pub(crate) fn open(key: &[u8; 32], blob: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = blob.split_first_chunk::<NONCE_LEN>()?;
    Aes256Gcm::new(key.into()).decrypt(&Nonce::from(*nonce), sealed).ok()
}

/// The plaintext of an ECIES blob: `ephemeral point || nonce || ciphertext || tag`.
pub(crate) fn open_for(recipient: &SecretKey, blob: &[u8]) -> Option<Vec<u8>> {
    let (point, sealed) = blob.split_at_checked(POINT_LEN)?;
    let ephemeral = PublicKey::from_sec1_bytes(point).ok()?;
    let shared = diffie_hellman(recipient.to_nonzero_scalar(), ephemeral.as_affine());
    open(&Sha256::digest(shared.raw_secret_bytes()).into(), sealed)
}

fn wrap(key: &[u8; 32], plaintext: &[u8], is_broken: bool) -> String {
    STANDARD.encode(if is_broken { seal(&strangers_key(), plaintext) } else { seal(key, plaintext) })
}

/// A key that nobody has.
fn strangers_key() -> [u8; 32] {
    derive("a stranger's key")
}

/// An object with some members in place of its own.
fn overridden(mut object: Value, wire: &Map<String, Value>) -> Value {
    object.as_object_mut().expect("an object").extend(wire.clone());
    object
}

fn or_null(list: Vec<Value>) -> Value {
    if list.is_empty() { Value::Null } else { Value::Array(list) }
}

fn derive(label: &str) -> [u8; 32] {
    Sha256::digest(format!("Keeper for tests: {label}")).into()
}

fn derive_uid(label: &str) -> String {
    let mut bytes = derive(label);
    // Keeper's generators avoid a leading `-`.
    bytes[0] &= 0x7f;
    URL_SAFE_NO_PAD.encode(&bytes[..UID_LEN])
}

fn client_id() -> String {
    STANDARD.encode([derive("client id"), derive("client id, second half")].concat())
}

fn scalar(label: &str) -> SecretKey {
    SecretKey::from_slice(&derive(label)).expect("a scalar")
}

fn point_of(key: &SecretKey) -> Vec<u8> {
    key.public_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The PKCS#8 key of 138 bytes that Node, browsers and Keeper's SDKs write.
fn to_pkcs8(key: &SecretKey) -> Vec<u8> {
    const BEFORE_SCALAR: [u8; 36] = [
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    const BEFORE_POINT: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];
    [&BEFORE_SCALAR[..], &key.to_bytes(), &BEFORE_POINT, &point_of(key)].concat()
}
