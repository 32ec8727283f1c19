//! Formats and cryptography pinned to what other implementations made.
//!
//! `vectors/ksm-vectors.json` was made with Node's crypto from invented keys; Keeper's JavaScript, Python and Rust SDKs
//! were run on it, and it includes their results. Where this task differs from them on purpose, a table says so and
//! why: a difference that is not listed fails a test, and so does a listed one that does not occur.
//!
//! `wasm.rs` includes this file as a module, so that the same holds for the core as WebAssembly.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a function here can't do fails the test"
)]

pub(crate) mod support;

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ksm_task::crypto::aes_gcm::RustCrypto;
use ksm_task::crypto::ecies::RecipientKey;
use ksm_task::crypto::frame::{Cut, Frame};
use ksm_task::crypto::keys::{AppKey, FileKey, FolderKey, RecordKey, TransmissionKey};
use ksm_task::crypto::signature::ClientKey;
use ksm_task::crypto::{Undecryptable, aes_gcm, ecies};
use ksm_task::error::Error;
use ksm_task::inputs::config;
use ksm_task::inputs::notation::{self, Section};
use ksm_task::json;
use ksm_task::protocol::request;
use ksm_task::protocol::response::{self, HttpResponse, Reply};
use ksm_task::protocol::server_keys::ServerKeys;
use ksm_task::secret::SecretText;
use ksm_task::vault::data::Field;
use ksm_task::vault::record::Record;
use ksm_task::vault::records::Vault;
use ksm_task::vault::resolve::{Resolved, resolve};
use ksm_task::vault::totp::Totp;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use serde_json::{Value, json};
use support::entropy::Script;
use support::keeper;
use support::vectors::{self, bytes, hex, list, text};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Differences between this task and a reference: which case, and why.
struct Deviations {
    listed: &'static [(&'static str, &'static str)],
    found: Vec<String>,
}

impl Deviations {
    fn listed(listed: &'static [(&'static str, &'static str)]) -> Self {
        Self { listed, found: Vec::new() }
    }

    /// Compares a case; a difference must be listed.
    fn compare(&mut self, case: &str, ours: &Value, reference: &Value) {
        if ours == reference {
            return;
        }
        assert!(
            self.listed.iter().any(|(listed, _)| *listed == case),
            "{case}: the reference gives {reference}, this task gives {ours}, and no reason is listed"
        );
        self.found.push(case.to_owned());
    }

    /// Every listed difference must have occurred.
    fn all_occurred(&self) {
        for (case, reason) in self.listed {
            assert!(self.found.iter().any(|found| found == case), "{case} does not differ any more: {reason}");
        }
    }
}

#[test]
fn the_server_keys_are_those_that_keepers_sdks_ship() {
    let published = vectors::public_keys();
    let published = published.as_object().unwrap();
    for (id, point) in published {
        let known = ServerKeys::known(id).unwrap_or_else(|| panic!("key {id} is missing"));
        let expected = vectors::from_base64(point.as_str().unwrap());
        assert_eq!(known.point().to_point(), expected, "key {id}");
        assert_eq!(known.id(), id);
    }
    for id in (0..200).map(|id: u32| id.to_string()).chain(["", "07", " 7"].map(str::to_owned)) {
        assert_eq!(ServerKeys::known(&id).is_some(), published.contains_key(&id), "key {id:?}");
    }
}

#[test]
fn a_private_key_is_read_with_and_without_its_public_point() {
    let vectors = vectors::ksm();
    let scalar = hex(&vectors, "/keys/clientKeyPair/privateScalarHex");
    // The 67 bytes that Java's default provider writes.
    let java = [
        &[0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06][..],
        &[0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20],
        &scalar,
    ]
    .concat();
    assert_eq!(java.len(), 67);
    let node = bytes(&vectors, "/keys/clientKeyPair/pkcs8DerB64");
    assert_eq!(node.len(), 138);

    let judge = SigningKey::from_slice(&scalar).unwrap();
    let expected: p256::ecdsa::Signature = p256::ecdsa::signature::Signer::sign(&judge, b"message");
    for der in [&java, &node] {
        let key = ClientKey::parse(der).unwrap_or_else(|| panic!("a key of {} bytes", der.len()));
        assert_eq!(key.sign(b"message"), expected.to_der().as_bytes(), "a key of {} bytes", der.len());
        for length in 0..der.len() {
            assert!(ClientKey::parse(&der[..length]).is_none(), "{length} of {} bytes", der.len());
        }
    }
}

#[test]
fn a_transmission_key_is_wrapped_as_published() {
    let vectors = vectors::ksm();
    let ecies = &vectors["ecies"];
    let recipient = SecretKey::from_slice(&hex(ecies, "/recipientPrivateScalarHex")).unwrap();
    let key = TransmissionKey::new(vectors::key(&bytes(ecies, "/plaintextB64")));
    let mut entropy = Script::of(&[&hex(ecies, "/ephemeralPrivateScalarHex"), &hex(ecies, "/ivHex")]);

    let blob = ecies::wrap_for(&recipient_key(&recipient), &key, &mut entropy).unwrap();

    assert_eq!(STANDARD.encode(&blob), text(ecies, "/blobB64"));
    assert!(entropy.is_over());
}

#[test]
fn a_scalar_out_of_range_is_drawn_again() {
    let vectors = vectors::ksm();
    let ecies = &vectors["ecies"];
    let recipient = SecretKey::from_slice(&hex(ecies, "/recipientPrivateScalarHex")).unwrap();
    let key = TransmissionKey::new(vectors::key(&bytes(ecies, "/plaintextB64")));
    let mut entropy =
        Script::of(&[&[0; 32], &[0xff; 32], &hex(ecies, "/ephemeralPrivateScalarHex"), &hex(ecies, "/ivHex")]);

    let blob = ecies::wrap_for(&recipient_key(&recipient), &key, &mut entropy).unwrap();

    assert_eq!(STANDARD.encode(&blob), text(ecies, "/blobB64"));
}

#[test]
fn a_request_is_sealed_and_signed_as_published() {
    let vectors = vectors::ksm();
    let published = &vectors["requests"]["get"];
    let config = config::parse(text(&vectors, "/config/boundJson")).unwrap();
    let server_keys = ServerKeys::for_config(&config).unwrap();
    let payload: Value = serde_json::from_str(text(published, "/payloadPlaintext")).unwrap();
    let filter: Vec<String> = serde_json::from_value(payload["requestedRecords"].clone()).unwrap();
    let mut entropy = Script::of(&[
        &bytes(&vectors, "/keys/transmissionKeyB64"),
        &hex(&vectors, "/ecies/ephemeralPrivateScalarHex"),
        &hex(&vectors, "/ecies/ivHex"),
        &hex(published, "/bodyIvHex"),
    ]);

    let request = request::get_secret(&config.hostname);
    let (sealed, key) = request::seal(&config, &server_keys, &filter, &mut entropy).unwrap();

    assert!(entropy.is_over());
    assert_eq!(STANDARD.encode(key.expose()), text(&vectors, "/keys/transmissionKeyB64"));
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://ksm.test/api/rest/sm/v1/get_secret"));
    let body = &sealed.body;
    let plaintext = keeper::open(key.expose(), body).unwrap();
    assert_eq!(String::from_utf8(plaintext).unwrap(), text(published, "/payloadPlaintext"));
    assert_eq!(STANDARD.encode(body), text(published, "/bodyB64"));
    for (name, value) in published["headers"].as_object().unwrap() {
        assert_eq!(keeper::header(&sealed, name), value, "{name}");
    }
    assert_eq!(keeper::header(&sealed, "Authorization"), format!("Signature {}", text(published, "/signatureDerB64")));
    assert_eq!(keeper::header(&sealed, "Content-Length"), body.len().to_string());
    assert_eq!(sealed.headers.len(), 5, "{:?}", sealed.headers);
}

#[test]
fn a_request_for_everything_names_no_records() {
    let vectors = vectors::ksm();
    let config = config::parse(text(&vectors, "/config/boundJson")).unwrap();
    let server_keys = ServerKeys::for_config(&config).unwrap();
    let (sealed, key) = request::seal(&config, &server_keys, &[], &mut support::entropy::Stream::default()).unwrap();
    let payload: Value = serde_json::from_slice(&keeper::open(key.expose(), &sealed.body).unwrap()).unwrap();
    assert_eq!(payload, json!({ "clientVersion": "ms17.5.0", "clientId": text(&vectors, "/config/bound/clientId") }));
}

/// Opens one of the published answers.
fn published_vault(vectors: &Value, name: &str) -> Vault {
    let response = &vectors["responses"][name];
    let key = TransmissionKey::new(vectors::key(&bytes(response, "/transmissionKeyB64")));
    let http = HttpResponse { status: 200, body: bytes(response, "/bodyB64"), ..HttpResponse::default() };
    let Ok(Reply::Answer(answer)) = response::read(http, Some(&key), "ksm.test", &SecretText::default(), &RustCrypto)
    else {
        panic!("{name} is an answer")
    };
    Vault::new(*answer, AppKey::new(vectors::key(&bytes(vectors, "/keys/appKeyB64"))), Rc::new(RustCrypto))
}

/// The records of a published answer, folder by folder and direct ones, with their places.
fn published_records<'a>(vectors: &'a Value, name: &str) -> Vec<(String, &'a Value)> {
    let answer = &vectors["responses"][name]["plaintext"];
    let in_folders = answer["folders"].as_array().unwrap().iter().enumerate().flat_map(|(folder, held)| {
        let records = held["records"].as_array().unwrap().iter().enumerate();
        records.map(move |(at, record)| (format!("folders[{folder}].records[{at}]"), record))
    });
    let direct = answer["records"].as_array().unwrap().iter().enumerate();
    in_folders.chain(direct.map(|(at, record)| (format!("records[{at}]"), record))).collect()
}

fn recipient_key(key: &SecretKey) -> RecipientKey {
    RecipientKey::from_point(key.public_key().to_sec1_point(false).as_bytes()).unwrap()
}

#[test]
fn a_public_key_is_an_uncompressed_point_on_the_curve() {
    let point = SecretKey::from_slice(&[7; 32]).unwrap().public_key();
    let bytes = point.to_sec1_point(false).as_bytes().to_vec();
    assert_eq!(RecipientKey::from_point(&bytes).map(|key| key.to_point()), Some(bytes.clone()));
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        assert_eq!(RecipientKey::from_point(&changed), None, "byte {position} changed");
    }
    assert_eq!(RecipientKey::from_point(&bytes[..64]), None, "one byte short");
    assert_eq!(RecipientKey::from_point(&[&bytes[..], &[0]].concat()), None, "one byte more");
    assert_eq!(RecipientKey::from_point(point.to_sec1_point(true).as_bytes()), None, "compressed");
    assert_eq!(RecipientKey::from_point(&[0]), None, "at infinity");
}

/// The plaintext of a published blob as JSON.
fn published_json(vectors: &Value, name: &str) -> Value {
    let blob = list(vectors, "/blobs").iter().find(|blob| blob["name"] == name).unwrap_or_else(|| panic!("{name}"));
    serde_json::from_slice(&bytes(blob, "/plaintextB64")).unwrap()
}

/// What was read of a record, in Keeper's storage format.
fn read_back(record: &Record) -> Value {
    let fields = |section| record.data.fields(section).iter().map(field_read_back).collect::<Vec<Value>>();
    json!({
        "title": record.data.title,
        "type": record.data.record_type,
        "notes": record.data.notes().expose(),
        "fields": fields(Section::Standard),
        "custom": fields(Section::Custom),
    })
}

fn field_read_back(field: &Field) -> Value {
    let values: Value = serde_json::from_str(json::list(&field.values).expose()).unwrap();
    json!({ "type": field.field_type, "label": field.label, "value": values })
}

/// What is stored, reduced to the members that are read; missing ones are empty.
fn stored(record: &Value) -> Value {
    let fields = |section: &str| {
        let fields = record[section].as_array().cloned().unwrap_or_default();
        let kept = fields.iter().map(|field| {
            json!({ "type": field["type"], "label": field["label"].as_str().unwrap_or(""), "value": field["value"] })
        });
        kept.collect::<Vec<Value>>()
    };
    json!({
        "title": record["title"],
        "type": record["type"],
        "notes": record["notes"].as_str().unwrap_or(""),
        "fields": fields("fields"),
        "custom": fields("custom"),
    })
}

#[test]
fn every_record_of_an_answer_is_read_as_it_is_stored() {
    let vectors = vectors::ksm();
    let mut vault = published_vault(&vectors, "get_secret");
    let records = published_records(&vectors, "get_secret");
    assert_eq!(records.len(), 11);
    assert_eq!(vault.len(), 10, "the copy of `Web Login` in a folder is no record of its own");
    for (place, sealed) in records {
        let uid = text(sealed, "/recordUid");
        let record = vault.find(uid).unwrap_or_else(|error| panic!("{place}: {error}"));
        let expected = published_json(&vectors, &format!("get_secret.{place}.data"));
        assert_eq!(record.uid, uid);
        assert_eq!(read_back(&record), stored(&expected), "{place}");

        let files = sealed["files"].as_array().cloned().unwrap_or_default();
        assert_eq!(record.attachments.len(), files.len(), "{place}");
        for (at, (attachment, file)) in record.attachments.iter().zip(&files).enumerate() {
            let metadata = published_json(&vectors, &format!("get_secret.{place}.files[{at}].data"));
            let read = json!([attachment.uid, attachment.url, attachment.name, attachment.title, attachment.size]);
            let stored = [&file["fileUid"], &file["url"], &metadata["name"], &metadata["title"], &metadata["size"]];
            assert_eq!(read, json!(stored), "{place}, attachment {at}");
        }
    }
    assert_eq!(vault.take_warnings(), [""; 0]);
}

#[test]
fn bad_records_and_attachments_do_no_harm_to_good_ones() {
    let vectors = vectors::ksm();
    let mut vault = published_vault(&vectors, "edge");
    let found: BTreeMap<String, Result<String, String>> = published_records(&vectors, "edge")
        .into_iter()
        .map(|(_, sealed)| {
            let uid = text(sealed, "/recordUid");
            let read = |record: std::rc::Rc<Record>| {
                let names: Vec<&str> = record.attachments.iter().map(|attachment| attachment.name.as_str()).collect();
                format!("{}: {}", record.data.title, names.join(", "))
            };
            (uid.to_owned(), vault.find(uid).map(read).map_err(|error| error.to_string()))
        })
        .collect();
    let keys = &vectors["keys"]["records"];
    let expected = [
        (
            "dupA",
            Err("the record c0KwnV8-s6XU-kzkxc_IXA cannot be opened: its key does not decrypt with the \
                 application's key"),
        ),
        // Its key is wrapped by its folder's, which Keeper's own SDKs don't try.
        ("special", Ok("Prod [A/B] \\ DB: ")),
        ("link", Ok("Machine: ")),
        ("padded", Ok("Padded: ")),
        ("web", Ok("Web Login: qr.png")),
    ];
    for (name, result) in expected {
        let uid = text(&keys[name], "/uid");
        assert_eq!(found[uid], result.map(str::to_owned).map_err(str::to_owned), "{name}");
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(
        vault.take_warnings(),
        ["the attachment LPCDMC1qBM3aqP0Zms4h0w of the record swh5YxuipOiaO3S8MMk7pA cannot be opened: its key \
             does not decrypt with the record's key",]
    );
}

#[test]
fn an_answer_that_was_changed_on_the_way_is_refused() {
    const CHANGED: &str = "the answer of ksm.test cannot be read: it does not decrypt with this request's key, so it \
                           was changed on the way";
    let vectors = vectors::ksm();
    let response = &vectors["responses"]["edge"];
    let key = TransmissionKey::new(vectors::key(&bytes(response, "/transmissionKeyB64")));
    let body = bytes(response, "/bodyB64");
    let refusal = |body: &[u8], key: &TransmissionKey| {
        let http = HttpResponse { status: 200, body: body.to_vec(), ..HttpResponse::default() };
        response::read(http, Some(key), "ksm.test", &SecretText::default(), &RustCrypto)
            .expect_err("a refusal")
            .to_string()
    };
    // A small answer byte by byte, and the published one at its ends and at some hundred places in between.
    let small = keeper::seal(key.expose(), br#"{"records":null,"folders":null}"#);
    let ends = (0..aes_gcm::NONCE_LEN).chain(body.len() - aes_gcm::TAG_LEN..body.len());
    let places =
        (0..small.len()).map(|at| (&small, at)).chain(ends.chain((0..body.len()).step_by(53)).map(|at| (&body, at)));
    for (body, at) in places {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert_eq!(refusal(&changed, &key), CHANGED, "byte {at} of {}", body.len());
    }
    for length in [1, 11, 12, 27, 28, body.len() - 16, body.len() - 1] {
        assert_eq!(refusal(&body[..length], &key), CHANGED, "cut to {length} bytes");
    }
    assert_eq!(refusal(&[&body[..], &[0]].concat(), &key), CHANGED, "one byte more");
    assert_eq!(refusal(&body, &TransmissionKey::new([7; 32])), CHANGED, "another key");
    assert_eq!(refusal(&[], &key), "the answer of ksm.test cannot be read: it is empty");
}

/// The published blobs in Keeper's usual layout. Those in CBC belong to `get_folders`, which this task never calls.
fn gcm_blobs(vectors: &Value) -> Vec<&Value> {
    let blobs: Vec<&Value> = list(vectors, "/blobs").iter().filter(|blob| blob["mode"] == "AES-256-GCM").collect();
    assert_eq!(blobs.len(), 73);
    blobs
}

#[test]
fn every_published_blob_opens_and_is_sealed_again_byte_for_byte() {
    let vectors = vectors::ksm();
    for blob in gcm_blobs(&vectors) {
        let name = text(blob, "/name");
        let key = FileKey::new(vectors::key(&bytes(blob, "/keyB64")));
        let opened = key.decrypt(bytes(blob, "/blobB64")).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(STANDARD.encode(opened.expose()), text(blob, "/plaintextB64"), "{name}");

        let mut entropy = Script::of(&[&hex(blob, "/ivHex")]);
        let sealed = key.encrypt(&bytes(blob, "/plaintextB64"), &mut entropy).unwrap();
        assert_eq!(STANDARD.encode(sealed), text(blob, "/blobB64"), "{name}");
    }
}

#[test]
fn a_blob_with_one_byte_changed_or_missing_does_not_open() {
    let vectors = vectors::ksm();
    for blob in gcm_blobs(&vectors) {
        let name = text(blob, "/name");
        let key = FileKey::new(vectors::key(&bytes(blob, "/keyB64")));
        let sealed = bytes(blob, "/blobB64");
        // Wrapped keys and contents byte by byte, records at some places.
        let step = if sealed.len() <= 100 { 1 } else { 41 };
        for at in (0..sealed.len()).step_by(step) {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert_eq!(key.decrypt(changed).err(), Some(Undecryptable), "{name}: byte {at} changed");
            assert_eq!(key.decrypt(sealed[..at].to_vec()).err(), Some(Undecryptable), "{name}: cut at {at}");
        }
        assert_eq!(key.decrypt([&sealed[..], &[0]].concat()).err(), Some(Undecryptable), "{name}: one byte more");
        let other = FileKey::new([1; 32]);
        assert_eq!(other.decrypt(sealed).err(), Some(Undecryptable), "{name}: another key");
    }
}

#[test]
fn a_wrapped_key_is_a_key_and_nothing_else() {
    let vectors = vectors::ksm();
    let app_key = AppKey::new(vectors::key(&bytes(&vectors, "/keys/appKeyB64")));
    for blob in gcm_blobs(&vectors).into_iter().filter(|blob| blob["keyName"] == "app key") {
        let name = text(blob, "/name");
        let plaintext = bytes(blob, "/plaintextB64");
        let unwrapped = FolderKey::unwrap_with(&app_key, &bytes(blob, "/blobB64"));
        let is_key = name.ends_with("Key");
        assert_eq!(unwrapped.ok().map(|key| key.expose().to_vec()), is_key.then_some(plaintext), "{name}");
    }
    // The tag verifies, but 31 or 33 bytes are not a key.
    for length in [0, 31, 33] {
        let sealed = keeper::seal(app_key.expose(), &vec![7; length]);
        assert_eq!(RecordKey::unwrap_with(&app_key, &sealed).err(), Some(Undecryptable), "{length} bytes");
    }
}

/// Opens chunks as the task does, except that the cipher here runs once the tag has arrived.
fn open_in_chunks(key: [u8; 32], stored: &[u8], chunk_len: usize) -> Option<Vec<u8>> {
    let (mut frame, mut blob) = (Frame::default(), Vec::new());
    for chunk in stored.chunks(chunk_len) {
        let Cut { nonce, held, rest } = frame.take(chunk.len(), |part| chunk[part].to_vec());
        blob.extend(nonce.into_iter().flatten().chain(held));
        blob.extend_from_slice(&chunk[rest]);
    }
    let (tag, size) = frame.finish()?;
    blob.extend_from_slice(&tag);
    keeper::open(&key, &blob).filter(|content| content.len() as u64 == size)
}

#[test]
fn an_attachment_opens_as_a_whole_and_in_chunks() {
    let vectors = vectors::ksm();
    for (uid, file) in vectors["keys"]["files"].as_object().unwrap() {
        let key = vectors::key(&bytes(file, "/keyB64"));
        let stored = bytes(&vectors, &format!("/downloads/{uid}"));
        let content = text(file, "/content").as_bytes();
        assert_eq!(FileKey::new(key).decrypt(stored.clone()).unwrap().expose(), content, "{uid}");
        for chunk_len in 1..=stored.len() {
            let opened = open_in_chunks(key, &stored, chunk_len);
            assert_eq!(opened.as_deref(), Some(content), "{uid} in chunks of {chunk_len}");
        }
    }
}

#[test]
fn an_attachment_that_was_changed_on_the_way_does_not_open_in_chunks() {
    let vectors = vectors::ksm();
    for (uid, file) in vectors["keys"]["files"].as_object().unwrap() {
        let key = vectors::key(&bytes(file, "/keyB64"));
        let stored = bytes(&vectors, &format!("/downloads/{uid}"));
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            assert_eq!(open_in_chunks(key, &changed, 7), None, "{uid}: byte {at} changed");
            assert_eq!(open_in_chunks(key, &stored[..at], 7), None, "{uid}: cut at {at}");
        }
        assert_eq!(open_in_chunks([3; 32], &stored, 7), None, "{uid}: another key");
    }
}

#[test]
fn a_throttled_answer_is_told_from_other_failures() {
    let vectors = vectors::ksm();
    let key = TransmissionKey::new([0; 32]);
    let cases = list(&vectors, "/throttle/parseThrottle");
    assert_eq!(cases.len(), 7);
    for case in cases {
        let body = case[0].as_str().unwrap();
        let http = HttpResponse { status: 403, body: body.as_bytes().to_vec(), ..HttpResponse::default() };
        let seconds = match response::read(http, Some(&key), "ksm.test", &SecretText::default(), &RustCrypto) {
            // The reference writes 0 for an unknown size.
            Ok(Reply::Throttled(seconds)) => json!(seconds.unwrap_or(0)),
            _ => Value::Null,
        };
        assert_eq!(seconds, case[1], "{body:?}");
    }
}

#[test]
fn the_failures_that_were_recorded_are_understood() {
    let vectors = vectors::ksm();
    for (name, expected) in [
        ("access_denied", "Keeper refused the request (status 403, access_denied): Signature is invalid"),
        ("key", "RotateKey(\"8\")"),
        ("throttled", "Throttled(Some(3))"),
        (
            "invalid_client_version",
            "Keeper refused the request (status 400, invalid_client_version): client version not registered",
        ),
    ] {
        let recorded = &vectors["errorBodies"][name];
        let status = u16::try_from(recorded["status"].as_u64().unwrap()).unwrap();
        let body = recorded["body"].to_string().into_bytes();
        let http = HttpResponse { status, body, ..HttpResponse::default() };
        let read = match response::read(
            http,
            Some(&TransmissionKey::new([0; 32])),
            "ksm.test",
            &SecretText::default(),
            &RustCrypto,
        ) {
            Ok(reply) => format!("{reply:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(read, expected, "{name}");
    }
}

/// The expected result for each config text. The SDKs agree on few of them.
enum Config {
    /// Accepted, with this id of the server's key.
    Accepted(&'static str),
    /// Refused, with this message.
    Refused(&'static str),
}

#[test]
fn every_form_of_a_config_is_accepted_or_refused_in_words() {
    use Config::{Accepted, Refused};
    // Members are read, so it was decoded; missing ones are reported.
    const TOO_LITTLE: Config = Refused("the config lacks `privateKey` and `appKey`");
    let expected = [
        ("json", Accepted("99")),
        ("json_leading_ws", Accepted("99")),
        ("json_pretty", Accepted("99")),
        ("json_bom", Accepted("99")),
        ("b64", Accepted("99")),
        ("b64_nl_76", Accepted("99")),
        ("b64_trailing_nl", Accepted("99")),
        ("b64_leading_space", Accepted("99")),
        ("b64_unpadded", Accepted("99")),
        ("b64_of_padcheck", Accepted("99")),
        ("b64_plusslash", TOO_LITTLE),
        ("b64url_plusslash", TOO_LITTLE),
        ("b64_ws_json", Accepted("99")),
        (
            "json_single_quotes",
            Refused("the config's JSON has single quotes, as Python prints it; expected double quotes"),
        ),
        ("empty_obj", Refused("the config lacks `hostname`, `clientId`, `privateKey` and `appKey`")),
        (
            "empty",
            Refused(
                "there is no config; expected one in the input `keepersecretconfig` or \
                 `keeperConnection`, or in the environment variable `KSM_CONFIG`",
            ),
        ),
        ("garbage", Refused("the config is neither JSON nor Base64 of JSON")),
        ("json_array", Refused("the config is a list in JSON; expected an object")),
        ("json_number_value", Accepted("7")),
        ("json_unknown_key", Accepted("99")),
        ("double_b64", Refused("the config is Base64 of Base64 (encoded twice); expected Base64 of a JSON object")),
        (
            "json_quoted_string",
            Refused("the config is a JSON text inside quotes; expected it without the outer quotes"),
        ),
        ("b64_quoted", Accepted("99")),
        ("json_null_value", Accepted("99")),
        ("wrong_case", Refused("the config lacks `clientId`, `privateKey` and `appKey`")),
    ];
    let vectors = vectors::ksm();
    let cases = list(&vectors, "/configCases/cases");
    assert_eq!(cases.len(), expected.len());
    for (case, (name, expected)) in cases.iter().zip(expected) {
        assert_eq!(case["case"], name);
        let read = config::parse(text(case, "/input"))
            .map(|config| (config.hostname.clone(), config.server_key_id.unwrap_or_default()))
            .map_err(|error| error.to_string());
        let expected = match expected {
            Accepted(id) => Ok(("ksm.test".to_owned(), id.to_owned())),
            Refused(message) => Err(message.to_owned()),
        };
        assert_eq!(read, expected, "{name}");
    }
}

#[test]
fn a_config_is_read_as_keepers_command_line_and_other_tools_write_it() {
    let vectors = vectors::ksm();
    let json = text(&vectors, "/configCases/cases/0/input");
    let members: Value = serde_json::from_str(json).unwrap();
    let member = |name: &str| members[name].as_str().unwrap();
    let ini = format!(
        "[_config]\nactive_profile = _default\ncolor = True\neditor\n\n[_default]\nclientid = {}\nprivatekey = {}\n\
         appkey = {}\nhostname = {}\nappownerpublickey = {}\nserverpublickeyid = 010\n\n",
        member("clientId"),
        member("privateKey"),
        member("appKey"),
        member("hostname"),
        member("appOwnerPublicKey"),
    );
    let utf_16 = |text: &str, write: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(write).collect::<Vec<u8>>();
    let with_mark = |text: &str| format!("\u{FEFF}{text}");
    for (what, written, id) in [
        ("INI", ini.clone(), "10"),
        ("INI with ends of lines of Windows", ini.replace('\n', "\r\n"), "10"),
        ("INI in Base64, as exported", URL_SAFE.encode(&ini), "10"),
        ("UTF-16", STANDARD.encode(utf_16(json, u16::to_le_bytes)), "99"),
        ("UTF-16 with a mark", STANDARD.encode(utf_16(&with_mark(json), u16::to_le_bytes)), "99"),
        ("big-endian UTF-16", STANDARD.encode(utf_16(json, u16::to_be_bytes)), "99"),
        ("big-endian UTF-16 with a mark", STANDARD.encode(utf_16(&with_mark(json), u16::to_be_bytes)), "99"),
        ("UTF-8 with a mark", STANDARD.encode(with_mark(json)), "99"),
        ("INI in UTF-16", STANDARD.encode(utf_16(&ini, u16::to_le_bytes)), "10"),
        (
            "certutil",
            format!("-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\r\n", STANDARD.encode(json)),
            "99",
        ),
        ("an id with a zero", json.replace("\"99\"", "\"07\""), "7"),
    ] {
        let config = config::parse(&written).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((config.hostname.as_str(), config.server_key_id.as_deref()), ("ksm.test", Some(id)), "{what}");
        let parts = config::secrets_of(&written);
        assert!(parts.iter().any(|part| part.expose() == member("privateKey")), "{what}: the key is masked");
    }
}

#[test]
fn what_is_no_config_is_named_for_what_it_is() {
    let vectors = vectors::ksm();
    let json = text(&vectors, "/configCases/cases/0/input");
    let members: Value = serde_json::from_str(json).unwrap();
    let key = members["privateKey"].as_str().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    let encoded = |found: &str| format!("the config is Base64 of {found}; expected Base64 of a JSON object");
    for (written, message) in [
        (key.to_owned(), encoded("a key or certificate alone")),
        (pem.clone(), "the config is a key or certificate in PEM; expected the whole config".to_owned()),
        (STANDARD.encode(&pem), encoded("a key or certificate in PEM")),
        (STANDARD.encode(b"\x1f\x8b\x08\0\0"), encoded("a gzip archive")),
        (STANDARD.encode(b"PK\x03\x04\x80\xff"), encoded("a ZIP archive")),
        (
            json.replace('"', "\\\""),
            "the config's JSON has backslashes before its quotes, as inside of another text; expected it without"
                .to_owned(),
        ),
        (
            format!("b'{}'", STANDARD.encode(json)),
            "the config is in `b'…'`, as Python prints bytes; expected it without".to_owned(),
        ),
        (
            "[a]\nclientid = a\n[b]\nclientid = b".to_owned(),
            "the config is an INI text with several profiles, and none of them is `_default`".to_owned(),
        ),
        ("[a]\nstorage = aws".to_owned(), "the config is an INI text without a profile that holds a config".to_owned()),
    ] {
        assert_eq!(config::parse(&written).map(|_| ()).unwrap_err().to_string(), message);
    }
}

/// Where Keeper's JavaScript SDK, which the official task is built on, loads a config and this task does not, or the
/// other way round.
const CONFIG_DEVIATIONS: &[(&str, &str)] = &[
    ("json_bom", "an editor on Windows may leave a byte order mark, which changes nothing"),
    ("b64_plusslash", "the SDK loads a config without keys, and fails when it is used"),
    ("b64url_plusslash", "the same"),
    ("empty_obj", "the same"),
    ("json_array", "the SDK takes a list for a config in which everything is missing"),
    ("json_quoted_string", "the SDK takes a text for a config in which everything is missing"),
    ("wrong_case", "the SDK loads it without its client id, and fails when it is used"),
];

#[test]
fn a_config_that_keepers_sdk_loads_is_accepted() {
    let vectors = vectors::ksm();
    let mut deviations = Deviations::listed(CONFIG_DEVIATIONS);
    for case in list(&vectors, "/configCases/cases") {
        let is_accepted = config::parse(text(case, "/input")).is_ok();
        let is_loaded = text(case, "/js").starts_with("ok");
        deviations.compare(text(case, "/case"), &json!(is_accepted), &json!(is_loaded));
    }
    deviations.all_occurred();
}

const TOTP_DEVIATIONS: &[(&str, &str)] = &[
    ("not a url", "a seed alone has the settings of most services"),
    ("digits=-6", "the SDK gives the text `NaN` for a code"),
    ("period=-30", "the SDK counts backwards from a negative time"),
    ("period=1.5", "the SDK takes 1 s, others 30 s; the URI was damaged"),
    ("secret with spaces (+)", "authenticator apps skip blanks in a seed"),
    ("secret with dashes", "authenticator apps skip dashes in a seed"),
    ("hotp type", "a code that counts uses can't be made without changing the record"),
    ("1-char secret", "five bits are no seed; the SDK takes an empty key"),
];

#[test]
fn a_two_factor_code_is_that_of_keepers_sdk() {
    let vectors = vectors::ksm();
    let mut deviations = Deviations::listed(TOTP_DEVIATIONS);
    let cases = list(&vectors, "/totp/cases");
    assert_eq!(cases.len(), 59);
    for case in cases {
        let now_ms = case["unixTime"].as_u64().unwrap() * 1000;
        let code = Totp::parse(text(case, "/url")).map(|totp| totp.code(now_ms).expose().to_owned());
        deviations.compare(text(case, "/case"), &json!(code.ok()), case.pointer("/js/code").unwrap_or(&Value::Null));
    }
    deviations.all_occurred();
}

#[test]
fn a_code_is_waited_for_when_keepers_sdk_says_that_little_time_is_left() {
    let vectors = vectors::ksm();
    let mut count = 0;
    for case in list(&vectors, "/totp/cases") {
        let (Ok(totp), Some(left_s)) = (Totp::parse(text(case, "/url")), case.pointer("/js/timeLeft")) else {
            continue;
        };
        let (now_s, left_s) = (case["unixTime"].as_u64().unwrap(), left_s.as_u64().unwrap());
        let expected = if left_s < 5 { left_s * 1000 } else { 0 };
        assert_eq!(totp.wait_ms(now_s * 1000), expected, "{case}");
        count += 1;
    }
    assert!(count > 40, "{count} cases only");
}

/// Where a line gives something other than Keeper's `getValue`.
const NOTATION_DEVIATIONS: &[(&str, &str)] = &[
    ("swh5YxuipOiaO3S8MMk7pA/field/url[-1]", "the SDK reads a property of a text and silently gives nothing"),
    ("swh5YxuipOiaO3S8MMk7pA/field/url[x]", "the same"),
    ("swh5YxuipOiaO3S8MMk7pA/field/login[x]", "the same"),
    ("swh5YxuipOiaO3S8MMk7pA/field/email", "an empty field gives an empty text (and the line a warning)"),
    ("oQCDay-piqcXn9AnqN8zUA/field/Nulls", "the same for a value that is `null`"),
    ("oQCDay-piqcXn9AnqN8zUA/field/Nulls[0]", "the same"),
    ("swh5YxuipOiaO3S8MMk7pA/field/oneTimeCode", "the code of this moment; the stored URI holds its seed"),
    ("swh5YxuipOiaO3S8MMk7pA/field/login [0]", "a blank at the end of a label is not seen, so it does not count"),
    ("swh5YxuipOiaO3S8MMk7pA/field/login ", "the same"),
    ("Twin/field/password", "two records with one title are reported, not guessed between"),
    ("Padded Title/field/login", "lines are trimmed, so a title with blanks around it is found without them"),
    (r"Prod [A/B] \\ DB/field/password", "the selector `B] \\\\ DB` is reported before the text after it"),
    ("keeper%3A//swh5YxuipOiaO3S8MMk7pA/field/login", "the same for an empty selector"),
    ("", "a blank line says nothing and never gets here"),
];

#[test]
fn a_notation_gives_what_keepers_sdk_gives() {
    let vectors = vectors::ksm();
    let mut vault = published_vault(&vectors, "get_secret");
    let mut deviations = Deviations::listed(NOTATION_DEVIATIONS);
    let cases = list(&vectors, "/notation/cases");
    assert_eq!(cases.len(), 136);
    for case in cases {
        let notation = text(case, "/notation");
        deviations.compare(notation, &value_of(notation, &mut vault), &case["jsGetValue"]);
    }
    deviations.all_occurred();
}

#[test]
fn where_a_notation_deviates_the_result_is_this() {
    let vectors = vectors::ksm();
    let mut vault = published_vault(&vectors, "get_secret");
    for (notation, expected) in [
        ("swh5YxuipOiaO3S8MMk7pA/field/url[-1]", json!({ "err": "index-invalid" })),
        ("swh5YxuipOiaO3S8MMk7pA/field/url[x]", json!({ "err": "not-object" })),
        ("swh5YxuipOiaO3S8MMk7pA/field/login[x]", json!({ "err": "not-object" })),
        ("swh5YxuipOiaO3S8MMk7pA/field/email", json!({ "ok": "" })),
        ("oQCDay-piqcXn9AnqN8zUA/field/Nulls", json!({ "ok": "" })),
        ("oQCDay-piqcXn9AnqN8zUA/field/Nulls[0]", json!({ "ok": "" })),
        ("swh5YxuipOiaO3S8MMk7pA/field/oneTimeCode", json!({ "ok": "the code of 59 s is 287082" })),
        ("Twin/field/password", json!({ "err": "many-records" })),
        ("Padded Title/field/login", json!({ "ok": "labelled" })),
        (r"Prod [A/B] \\ DB/field/password", json!({ "err": "bad-selector" })),
        ("keeper%3A//swh5YxuipOiaO3S8MMk7pA/field/login", json!({ "err": "missing-parts" })),
        ("", json!({ "err": "missing-parts" })),
        // Our own property gives the stored URI nevertheless.
        (
            "swh5YxuipOiaO3S8MMk7pA/field/oneTimeCode[url]",
            published_json(&vectors, "get_secret.records[0].data")["fields"]
                .as_array()
                .unwrap()
                .iter()
                .find(|field| field["type"] == "oneTimeCode")
                .map(|field| json!({ "ok": field["value"][0] }))
                .unwrap(),
        ),
    ] {
        assert_eq!(value_of(notation, &mut vault), expected, "{notation:?}");
    }
}

/// What a notation gives, or the reference's neutral code for why it gives nothing.
fn value_of(notation: &str, vault: &mut Vault) -> Value {
    let found = notation::parse(notation).map_err(|fault| fault.error).and_then(|notation| {
        let record = vault.find(&notation.record)?;
        resolve(&notation.selector, &record)
    });
    match found {
        Ok(resolved) => json!({ "ok": to_json(&resolved) }),
        Err(error) => json!({ "err": neutral_code(&error) }),
    }
}

fn to_json(resolved: &Resolved) -> Value {
    match resolved {
        Resolved::Text(text) => json!(text.expose()),
        Resolved::Json(json) => serde_json::from_str(json.expose()).unwrap(),
        Resolved::Code(totp) => json!(format!("the code of 59 s is {}", totp.code(59_000).expose())),
        Resolved::Attachment(attachment) => json!({ "__file__": attachment.name }),
        other => panic!("the reference has nothing like {other:?}"),
    }
}

/// The reference's codes for faults of a notation, by the beginnings of our messages.
const NEUTRAL_CODES: [(&str, &str); 15] = [
    ("the notation has no selector", "missing-parts"),
    ("unknown selector", "bad-selector"),
    ("`field` needs", "needs-parameter"),
    ("`custom_field` needs", "needs-parameter"),
    ("`file` needs", "needs-parameter"),
    ("unexpected text", "trailing-text"),
    ("a backslash escapes only", "bad-escape"),
    ("expected `[` or the end", "index-start"),
    ("a `[` is never closed", "index-unclosed"),
    ("a `[` is inside", "index-nested"),
    ("the first of two indexes is not a number", "index-invalid"),
    ("the index is not a whole number", "index-invalid"),
    ("an attachment has no index", "file-with-index"),
    ("expected a record's UID or title", "no-record"),
    ("the value has no such property", "no-property"),
];

fn neutral_code(error: &Error) -> &'static str {
    let text = error.to_string();
    if let Some((_, code)) = NEUTRAL_CODES.iter().find(|(beginning, _)| text.starts_with(beginning)) {
        return code;
    }
    neutral_code_of_message(&text, &error.hint().unwrap_or_default())
}

fn neutral_code_of_message(text: &str, hint: &str) -> &'static str {
    let code = [
        ("no record with this UID or title", "no-record"),
        ("records have the title", "many-records"),
        ("has no standard field", if hint == "the record has no standard fields" { "no-section" } else { "no-field" }),
        ("has no custom field", if hint == "the record has no custom fields" { "no-section" } else { "no-field" }),
        ("has no attachment", if hint == "the record has no attachments" { "no-attachments" } else { "no-file" }),
        ("so it has no value", "index-range"),
        ("and none at this index", "index-range"),
        ("the value has no such property", "no-property"),
        ("the value is null, so", "null-value"),
        ("so it has no properties", "not-object"),
    ];
    let Some((_, code)) = code.iter().find(|(words, _)| text.contains(words)) else {
        panic!("no neutral code for this message: add its words to `neutral_code_of_message`: {text}");
    };
    code
}
