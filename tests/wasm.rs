//! The core as WebAssembly in Node: the door with real JavaScript objects, judged by the platform's cryptography.
//!
//! The vectors run here once more, because WebAssembly is another machine, with 32 bits and other code in the ciphers.

#![cfg(target_arch = "wasm32")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a function here can't do fails the test"
)]

#[path = "vectors.rs"]
mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use ksm_task::wasm::environment::Environment;
use ksm_task::wasm::{AttachmentStream, PlatformCipher, Run};
use serde_json::{Value, json};
use vectors::support::keeper::Keeper;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

const NOW_MS: f64 = 1_700_000_000_000.0;

/// A JavaScript object with these members.
fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &JsValue::from(*name), value).unwrap();
    }
    object
}

/// The member at a path such as `fetch.0.body`; `undefined` where there is none.
fn member(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, name| {
        if value.is_undefined() { value } else { Reflect::get(&value, &JsValue::from(name)).unwrap() }
    })
}

fn text(value: &JsValue, path: &str) -> String {
    member(value, path).as_string().unwrap_or_else(|| panic!("a text at {path} of {value:?}"))
}

fn number(value: &JsValue, path: &str) -> f64 {
    member(value, path).as_f64().unwrap_or_else(|| panic!("a number at {path} of {value:?}"))
}

/// The bytes at a path, which must not be a list of numbers.
fn bytes(value: &JsValue, path: &str) -> Vec<u8> {
    member(value, path).dyn_into::<Uint8Array>().unwrap_or_else(|_| panic!("bytes at {path} of {value:?}")).to_vec()
}

/// The names of an object's members.
fn names(value: &JsValue) -> Vec<String> {
    Object::keys(value.unchecked_ref::<Object>()).iter().map(|name| name.as_string().unwrap()).collect()
}

fn header(request: &JsValue, name: &str) -> String {
    let headers: Array = member(request, "headers").unchecked_into();
    let found = headers.iter().find(|header| text(header, "0") == name);
    text(&found.unwrap_or_else(|| panic!("the header {name}")), "1")
}

fn inputs(config: &str, secrets: &str) -> JsValue {
    object(&[("config", config.into()), ("secrets", secrets.into())]).into()
}

fn environment() -> Environment {
    Environment::new(vec!["VSTS_PUBLIC_VARIABLES".to_owned()], vec!["[]".to_owned()])
}

fn answered(status: u16, body: &[u8]) -> Object {
    object(&[("status", status.into()), ("body", Array::of1(&Uint8Array::from(body)).into())])
}

fn holding() -> Keeper {
    Keeper::holding(json!([{
        "title": "Database",
        "fields": [
            { "type": "password", "value": ["s3cr3t-p4ssw0rd"] },
            { "type": "date", "value": [1_700_000_000_000_u64] },
        ],
        "files": [{ "name": "small", "text": "small content" }, { "name": "large", "bytes": 70_000 }],
    }]))
}

/// The platform's own cryptography, which has nothing in common with ours.
struct Judge(SubtleCrypto);

impl Judge {
    fn new() -> Self {
        let crypto: Crypto = member(&js_sys::global(), "crypto").unchecked_into();
        Self(crypto.subtle())
    }

    async fn import(&self, format: &str, key: &[u8], algorithm: &Object, usage: Option<&str>) -> CryptoKey {
        let usages: Array = usage.into_iter().map(JsValue::from).collect();
        let key = Uint8Array::from(key);
        let imported = self.0.import_key_with_object(format, &key, algorithm, true, &usages).unwrap();
        JsFuture::from(imported).await.unwrap().unchecked_into()
    }

    /// The plaintext of `nonce || ciphertext || tag`, if the tag verifies.
    async fn open(&self, key: &[u8], blob: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = blob.split_at(12);
        let name = object(&[("name", "AES-GCM".into())]);
        let key = self.import("raw", key, &name, Some("decrypt")).await;
        let algorithm = object(&[("name", "AES-GCM".into()), ("iv", Uint8Array::from(nonce).into())]);
        let opened = self.0.decrypt_with_object_and_u8_array(&algorithm, &key, sealed).unwrap();
        JsFuture::from(opened).await.ok().map(|opened| Uint8Array::new(&opened).to_vec())
    }

    async fn seal(&self, key: &[u8], nonce: &[u8; 12], plaintext: &[u8]) -> Vec<u8> {
        let name = object(&[("name", "AES-GCM".into())]);
        let key = self.import("raw", key, &name, Some("encrypt")).await;
        let algorithm = object(&[("name", "AES-GCM".into()), ("iv", Uint8Array::from(&nonce[..]).into())]);
        let sealed = self.0.encrypt_with_object_and_u8_array(&algorithm, &key, plaintext).unwrap();
        let sealed = Uint8Array::new(&JsFuture::from(sealed).await.unwrap()).to_vec();
        [&nonce[..], &sealed].concat()
    }

    /// The plaintext of an ECIES blob, by the recipient's key in PKCS#8.
    async fn open_for(&self, recipient: &[u8], blob: &[u8]) -> Option<Vec<u8>> {
        let (point, sealed) = blob.split_at(65);
        let curve = object(&[("name", "ECDH".into()), ("namedCurve", "P-256".into())]);
        let recipient = self.import("pkcs8", recipient, &curve, Some("deriveBits")).await;
        let ephemeral = self.import("raw", point, &curve, None).await;
        let algorithm = object(&[("name", "ECDH".into()), ("public", ephemeral.into())]);
        let shared = self.0.derive_bits_with_object(&algorithm, &recipient, 256).unwrap();
        let shared = Uint8Array::new(&JsFuture::from(shared).await.unwrap()).to_vec();
        let key = self.0.digest_with_str_and_u8_array("SHA-256", &shared).unwrap();
        let key = Uint8Array::new(&JsFuture::from(key).await.unwrap()).to_vec();
        self.open(&key, sealed).await
    }

    /// Whether a signature in DER is valid.
    async fn verifies(&self, point: &[u8], message: &[u8], der: &[u8]) -> bool {
        let curve = object(&[("name", "ECDSA".into()), ("namedCurve", "P-256".into())]);
        let key = self.import("raw", point, &curve, Some("verify")).await;
        let algorithm = object(&[("name", "ECDSA".into()), ("hash", "SHA-256".into())]);
        let signature = from_der(der);
        let verdict =
            self.0.verify_with_object_and_u8_array_and_u8_array(&algorithm, &key, &signature, message).unwrap();
        JsFuture::from(verdict).await.unwrap().is_truthy()
    }
}

/// The two numbers of a signature, 32 bytes each, as `WebCrypto` wants them.
fn from_der(der: &[u8]) -> Vec<u8> {
    let [0x30, _, 0x02, r_len, rest @ ..] = der else { panic!("a sequence of integers") };
    let (r, rest) = rest.split_at(usize::from(*r_len));
    let [0x02, _, s @ ..] = rest else { panic!("a second integer") };
    let padded = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        [vec![0; 32 - number.len()], number].concat()
    };
    [padded(r), padded(s)].concat()
}

/// What the judge made of a request of `get_secret`.
struct Judged {
    transmission_key: Vec<u8>,
    payload: Value,
}

async fn judge(keeper: &Keeper, request: &JsValue) -> Judged {
    assert_eq!(names(request), ["headers", "body"]);
    let judge = Judge::new();
    let blob = vectors::support::vectors::from_base64(&header(request, "TransmissionKey"));
    let body = bytes(request, "body");
    let signature = header(request, "Authorization");
    let signature = vectors::support::vectors::from_base64(signature.strip_prefix("Signature ").unwrap());
    let signed = [blob.as_slice(), body.as_slice()].concat();
    assert!(judge.verifies(&keeper.client_point(), &signed, &signature).await, "the signature holds");
    assert!(!judge.verifies(&keeper.client_point(), &signed[1..], &signature).await, "it holds for this alone");

    let transmission_key = judge.open_for(&keeper.server_pkcs8(), &blob).await.expect("the key opens");
    let payload = judge.open(&transmission_key, &body).await.expect("the body opens");
    let payload = serde_json::from_slice(&payload).unwrap();
    Judged { transmission_key, payload }
}

#[wasm_bindgen_test]
async fn a_request_is_what_the_platforms_cryptography_expects() {
    let keeper = holding();
    let mut run = started(inputs(&keeper.config(), "Database/type > var:X"));
    let step = run.step().unwrap();
    assert_eq!(names(&member(&step, "next")), ["ask"]);
    let request = member(&step, "next.ask");
    assert_eq!(names(&request), ["method", "url", "limit", "delayMs", "timeoutMs", "silenceMs"]);
    assert_eq!(text(&request, "method"), "POST");
    assert_eq!(text(&request, "url"), "https://keeper.test/api/rest/sm/v1/get_secret");
    assert!((number(&request, "delayMs") - 0.0).abs() < f64::EPSILON);
    assert!(number(&request, "limit") > 1e6);
    let judged = judge(&keeper, &run.seal().unwrap()).await;
    let config = keeper.config_members();
    assert_eq!(judged.transmission_key.len(), 32);
    assert_eq!(judged.payload, json!({ "clientVersion": "ms17.5.0", "clientId": config["clientId"] }));
}

#[wasm_bindgen_test]
async fn the_platform_gives_other_random_bytes_each_time() {
    let keeper = holding();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut run = started(inputs(&keeper.config(), "Database/type > var:X"));
        run.step().unwrap();
        let judged = judge(&keeper, &run.seal().unwrap()).await;
        assert!(!seen.contains(&judged.transmission_key));
        seen.push(judged.transmission_key);
    }
}

#[wasm_bindgen_test]
async fn what_the_platform_seals_is_opened_and_the_other_way_round() {
    use ksm_task::crypto::keys::RecordKey;
    let judge = Judge::new();
    for length in [0, 1, 15, 16, 17, 1_000] {
        let plaintext: Vec<u8> = (0..=255).cycle().take(length).collect();
        let key = [length.to_le_bytes()[0]; 32];
        let ours = RecordKey::new(key);

        let theirs = judge.seal(&key, b"twelve bytes", &plaintext).await;
        assert_eq!(ours.decrypt(theirs.clone()).unwrap().expose(), plaintext, "{length} bytes");
        let mut script = vectors::support::entropy::Script::of(&[b"twelve bytes"]);
        let sealed = ours.encrypt(&plaintext, &mut script).unwrap();
        assert_eq!(sealed, theirs, "{length} bytes");

        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(judge.open(&key, &changed).await, None, "{length} bytes");
        assert!(ours.decrypt(changed).is_err(), "{length} bytes");
    }
}

#[wasm_bindgen(module = "node:crypto")]
extern "C" {
    /// Node's cipher, as the task itself uses it.
    #[wasm_bindgen(js_name = createDecipheriv, thread_local_v2)]
    static CREATE_DECIPHERIV: Function;
}

/// A cipher as the task passes it in.
fn platform_cipher() -> PlatformCipher {
    let make = Function::new_with_args(
        "createDecipheriv",
        "let decipher;
         return {
           start(key, nonce) { decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }); },
           update: (ciphertext) => decipher.update(ciphertext),
           finish(tag) { try { decipher.setAuthTag(tag).final(); return true; } catch { return false; } },
         };",
    );
    CREATE_DECIPHERIV.with(|create| make.call1(&JsValue::NULL, create)).unwrap().unchecked_into()
}

/// A run of these inputs at its first step.
fn started(inputs: JsValue) -> Run {
    Run::new(inputs, "linux".to_owned(), &environment(), platform_cipher(), NOW_MS).unwrap()
}

/// The step after this answer of `get_secret`.
fn asked(run: &mut Run, outcome: &Object) -> JsValue {
    run.have_asked(outcome.into(), NOW_MS).expect("an outcome of its type");
    run.step().unwrap()
}

/// The step after this answer for an attachment.
fn loaded(run: &mut Run, outcome: &Object) -> JsValue {
    run.have_loaded(vec![outcome.into()], NOW_MS).expect("an outcome of its type");
    run.step().unwrap()
}

/// Has a stream open chunks; returns the plaintext, and the size that it reports at the end.
fn open(mut stream: AttachmentStream, stored: &[u8], chunk_len: usize) -> (Vec<u8>, Option<f64>) {
    let pieces = stored.chunks(chunk_len).flat_map(|chunk| stream.update(&Uint8Array::from(chunk)));
    let plaintext = pieces.flat_map(|piece| piece.to_vec()).collect();
    (plaintext, stream.finish())
}

#[wasm_bindgen_test]
async fn a_whole_run_goes_through_the_door() {
    let keeper = holding();
    let secrets = "Database/field/password > var:DB_PASSWORD\n\
                   Database/field/date > out:date\n\
                   Database/type > env:TYPE\n\
                   Database/file/small > file:folder/small\n\
                   Database/file/large > file+0640:large";
    let mut run = started(inputs(&keeper.config(), secrets));
    let step = run.step().unwrap();
    let masks: Vec<String> =
        Array::from(&member(&step, "masks")).iter().map(|mask| mask.as_string().unwrap()).collect();
    assert!(masks.contains(&keeper.config()));

    // The platform seals the answer; the core opens it.
    let judged = judge(&keeper, &run.seal().unwrap()).await;
    let answer = keeper.compose(&[]).to_string();
    let sealed = Judge::new().seal(&judged.transmission_key, b"twelve bytes", answer.as_bytes()).await;
    let step = asked(&mut run, &answered(200, &sealed));
    let masks: Vec<String> =
        Array::from(&member(&step, "masks")).iter().map(|mask| mask.as_string().unwrap()).collect();
    assert!(masks.contains(&"s3cr3t-p4ssw0rd".to_owned()), "{masks:?}");

    let request = member(&step, "next.fetch.0");
    assert_eq!(names(&request), ["method", "url", "limit", "delayMs", "silenceMs"]);
    assert_eq!(text(&request, "method"), "GET");
    let stored = keeper.stored(&text(&request, "url"));
    let step = loaded(&mut run, &answered(200, &stored));

    assert_eq!(names(&member(&step, "next")), ["download"]);
    let download = member(&step, "next.download.0");
    assert_eq!((text(&download, "line").as_str(), text(&download, "path").as_str()), ("line 5", "large"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number of a line")]
    let id = number(&download, "id") as usize;
    let stored = keeper.stored(&text(&download, "request.url"));
    let stream = run.open_download(id, platform_cipher()).expect("a download of this run");
    let (plaintext, size) = open(stream, &stored, 10_000);
    assert_eq!((plaintext.len(), size), (70_000, Some(70_000.0)));
    assert!(run.open_download(id + 100, platform_cipher()).is_none());
    let done = object(&[("status", 200.into())]);
    let step = loaded(&mut run, &done);

    assert_eq!(names(&member(&step, "next")), ["finish"]);
    let plan = member(&step, "next.finish");
    assert_eq!(names(&plan), ["commands", "files"]);
    let commands: Vec<String> = serde_wasm_bindgen::from_value(member(&plan, "commands")).unwrap();
    assert_eq!(
        commands,
        [
            "##vso[task.setvariable variable=DB_PASSWORD;isOutput=false;issecret=true;]s3cr3t-p4ssw0rd",
            "##vso[task.setvariable variable=date;isOutput=true;issecret=true;]1700000000000",
            "##vso[task.setvariable variable=TYPE;isOutput=false;issecret=false;preservecase=true;]login",
        ]
    );
    assert_eq!(names(&member(&plan, "files.0")), ["line", "path", "mode", "content"]);
    assert_eq!(bytes(&plan, "files.0.content.bytes"), b"small content");
    assert_eq!(text(&plan, "files.0.path"), "folder/small");
    assert_eq!(names(&member(&plan, "files.1")), ["line", "path", "mode", "content"]);
    assert!((number(&plan, "files.1.mode") - f64::from(0o640)).abs() < f64::EPSILON);
    let report = run.report(&[13.0, 70_000.0], &[0o600, 0o640], 1234.0).unwrap();
    assert_eq!(report[5], "   5  Database/file/large      file+0640:large    70000 bytes, mode 0640");
    assert_eq!(report[6], "1 request, 2 downloads, 0 retries, 1 record, 1234 ms");
}

/// A cipher that counts how often it is used.
fn counting_cipher(uses: &Object) -> PlatformCipher {
    let make = Function::new_with_args(
        "cipher, uses",
        "uses.count = 0;
         return {
           start(key, nonce) { uses.count++; cipher.start(key, nonce); },
           update: (ciphertext) => cipher.update(ciphertext),
           finish: (tag) => cipher.finish(tag),
         };",
    );
    make.call2(&JsValue::NULL, &platform_cipher(), uses).unwrap().unchecked_into()
}

/// The step after an answer that is sealed, changed and passed in; and how often the platform's cipher was used.
async fn answered_with(keeper: &Keeper, answer: &str, change: impl Fn(&mut Vec<u8>)) -> (JsValue, String) {
    let uses = Object::new();
    let step = opened_by(counting_cipher(&uses), keeper, answer, change).await;
    (step, number(&uses, "count").to_string())
}

/// The step after an answer that is sealed, changed and passed to a run with this cipher.
async fn opened_by(cipher: PlatformCipher, keeper: &Keeper, answer: &str, change: impl Fn(&mut Vec<u8>)) -> JsValue {
    let inputs = inputs(&keeper.config(), "Database/type > var:X");
    let mut run = Run::new(inputs, "linux".to_owned(), &environment(), cipher, NOW_MS).unwrap();
    run.step().unwrap();
    let key = judge(keeper, &run.seal().unwrap()).await.transmission_key;
    let mut sealed = Judge::new().seal(&key, b"twelve bytes", answer.as_bytes()).await;
    change(&mut sealed);
    asked(&mut run, &answered(200, &sealed))
}

const CHANGED: &str = "the answer of keeper.test cannot be read: it does not decrypt with this request's key, so it was \
                       changed on the way";

fn problem(step: &JsValue) -> String {
    text(step, "next.problems.first.0").split('\n').next().unwrap().to_owned()
}

#[wasm_bindgen_test]
async fn what_is_large_is_opened_by_the_platforms_cipher() {
    let keeper = holding();
    for (length, uses) in [(511, "0"), (512, "1"), (65_536, "1"), (300_000, "1")] {
        let padded = format!("{{}}{}", " ".repeat(length - 2));
        let (step, used) = answered_with(&keeper, &padded, |_| ()).await;
        assert!(problem(&step).contains("no record"), "{length}: {}", problem(&step));
        assert_eq!(used, uses, "{length}");
        for position in [0, 12, length / 2, length + 11, length + 12, length + 27] {
            let (step, _) = answered_with(&keeper, &padded, |sealed| sealed[position] ^= 1).await;
            assert_eq!(problem(&step), CHANGED, "{length}, byte {position} changed");
        }
        let (step, _) = answered_with(&keeper, &padded, |sealed| sealed.truncate(length + 27)).await;
        assert_eq!(problem(&step), CHANGED, "{length}, one byte short");
    }
}

/// A cipher whose plaintexts go through a JavaScript function.
fn cipher_through(update: &str, argument: &JsValue) -> PlatformCipher {
    let members = "start: (key, nonce) => cipher.start(key, nonce), finish: (tag) => cipher.finish(tag)";
    let body = format!("return {{ {members}, update: (bytes) => ({update})(cipher.update(bytes)) }};");
    let make = Function::new_with_args("cipher, argument", &body);
    make.call2(&JsValue::NULL, &platform_cipher(), argument).unwrap().unchecked_into()
}

#[wasm_bindgen_test]
async fn a_plaintext_of_another_length_is_none() {
    let keeper = holding();
    let answer = keeper.compose(&[]).to_string();
    for update in ["(plaintext) => plaintext.subarray(1)", "(plaintext) => new Uint8Array(plaintext.length + 1)"] {
        let cipher = cipher_through(update, &JsValue::NULL);
        assert_eq!(problem(&opened_by(cipher, &keeper, &answer, |_| ()).await), CHANGED, "{update}");
    }
}

#[wasm_bindgen_test]
async fn what_the_platform_decrypted_is_wiped_whether_it_was_good_or_not() {
    let keeper = holding();
    let padded = format!("{}{}", keeper.compose(&[]), " ".repeat(100_000));
    for flipped in [0, 1] {
        let kept = Array::new();
        let cipher = cipher_through("(plaintext) => (argument.push(plaintext), plaintext)", &kept);
        opened_by(cipher, &keeper, &padded, |sealed| *sealed.last_mut().unwrap() ^= flipped).await;
        assert_eq!(kept.length(), 2, "two parts of the answer, and no record that is large");
        for plaintext in kept.iter() {
            let plaintext = Uint8Array::new(&plaintext).to_vec();
            assert!(plaintext.len() > 30_000 && plaintext.iter().all(|byte| *byte == 0));
        }
    }
}

#[wasm_bindgen_test]
async fn a_large_record_is_opened_by_the_platforms_cipher() {
    let notes = "n".repeat(70_000);
    let keeper = Keeper::holding(json!([{ "title": "Database", "type": "login", "notes": notes }]));
    let answer = keeper.compose(&[]);
    let (step, used) = answered_with(&keeper, &answer.to_string(), |_| ()).await;
    assert!(text(&step, "next.finish.commands.0").ends_with("]login"));
    assert_eq!(used, "3", "the answer, the record for its title, the record for its type");
    let mut changed = answer.clone();
    let data = vectors::support::vectors::from_base64(answer["records"][0]["data"].as_str().unwrap());
    for position in [0, 12, 66_000, data.len() - 17, data.len() - 1] {
        let mut data = data.clone();
        data[position] ^= 1;
        changed["records"][0]["data"] = json!(STANDARD.encode(&data));
        let (step, _) = answered_with(&keeper, &changed.to_string(), |_| ()).await;
        assert!(text(&step, "notices.0.text").ends_with("its data does not decrypt with its key"), "byte {position}");
    }
}

/// A run with one large attachment, which is about to be downloaded.
async fn downloading(keeper: &Keeper) -> (Run, usize, String) {
    let inputs = inputs(&keeper.config(), "Database/file/large > file:large");
    let mut run = started(inputs);
    run.step().unwrap();
    let key = judge(keeper, &run.seal().unwrap()).await.transmission_key;
    let answer = keeper.compose(&[]).to_string();
    let sealed = Judge::new().seal(&key, b"twelve bytes", answer.as_bytes()).await;
    let step = asked(&mut run, &answered(200, &sealed));
    assert_eq!(number(&step, "next.download.0.id").to_string(), "0");
    (run, 0, text(&step, "next.download.0.request.url"))
}

#[wasm_bindgen_test]
async fn an_attachment_opens_in_chunks_of_any_size() {
    let keeper = holding();
    let (run, id, url) = downloading(&keeper).await;
    let stored = keeper.stored(&url);
    let whole = open(run.open_download(id, platform_cipher()).unwrap(), &stored, stored.len());
    assert_eq!(whole.1, Some(70_000.0));
    for chunk_len in [1, 11, 12, 13, 16, 28, 29, 65_536, 100_000] {
        let opened = open(run.open_download(id, platform_cipher()).unwrap(), &stored, chunk_len);
        assert!(opened == whole, "chunks of {chunk_len}");
    }
}

#[wasm_bindgen_test]
async fn an_attachment_that_was_changed_on_the_way_gives_no_size() {
    let keeper = holding();
    let (mut run, id, url) = downloading(&keeper).await;
    let stored = keeper.stored(&url);
    let last = stored.len() - 1;
    for at in [0, 11, 12, 35_000, last - 16, last - 15, last] {
        let mut changed = stored.clone();
        *changed.get_mut(at).unwrap() ^= 1;
        let opened = open(run.open_download(id, platform_cipher()).unwrap(), &changed, 9_999);
        assert_eq!(opened.1, None, "byte {at}");
    }
    for length in [0, 1, 12, 27, last] {
        let cut = &stored[..length];
        let opened = open(run.open_download(id, platform_cipher()).unwrap(), cut, 9_999);
        assert_eq!(opened.1, None, "cut to {length} bytes");
    }
    let mut stream = run.open_download(id, platform_cipher()).unwrap();
    assert_eq!(stream.update(&Uint8Array::from(&stored[..])).len(), 1);
    assert_eq!(stream.finish(), Some(70_000.0));

    let failed = object(&[("code", "UNDECRYPTABLE".into())]);
    let step = loaded(&mut run, &failed);
    assert!(text(&step, "next.problems.first.0").contains("its content does not decrypt with its key"));
}

#[wasm_bindgen_test]
fn problems_come_as_texts_and_nothing_else_with_them() {
    let mut run = started(inputs("./config.json", "Database"));
    let step = run.step().unwrap();
    assert_eq!(names(&member(&step, "next")), ["problems"]);
    let problems: Vec<String> = serde_wasm_bindgen::from_value(member(&step, "next.problems.first")).unwrap();
    assert_eq!(
        problems,
        [
            "the config looks like the path of a file; expected the config itself\n\
             hint: pass the file's content, best in a secret variable",
            "line 1, column 1: expected `notation > destination`, found no `>`\n  \
               1 | Database\n    \
                 | ^^^^^^^^\n\
             hint: as in `Database/field/password > var:DB_PASSWORD`; a comment begins with `#`",
        ]
    );
}

#[wasm_bindgen_test]
fn a_request_that_failed_is_asked_for_again_after_a_pause() {
    let keeper = holding();
    let mut run = started(inputs(&keeper.config(), "Database/type > var:X"));
    run.step().unwrap();
    let lost = object(&[("code", "ECONNRESET".into())]);
    let step = asked(&mut run, &lost);
    assert_eq!(text(&step, "notices.0.level"), "info");
    assert!((375.0..=625.0).contains(&number(&step, "next.ask.delayMs")));

    let busy = object(&[("status", 503.into()), ("retryAfter", "7".into()), ("body", Array::new().into())]);
    let step = asked(&mut run, &busy);
    assert_eq!(number(&step, "next.ask.delayMs").to_string(), "7000");
}

#[wasm_bindgen_test]
fn an_answer_may_be_without_a_body() {
    for body in [None, Some(JsValue::UNDEFINED)] {
        let inputs = inputs(&holding().config(), "Database/type > var:X");
        let mut run = started(inputs);
        run.step().unwrap();
        let outcome = object(&[("status", 404.into()), ("retryAfter", JsValue::UNDEFINED)]);
        if let Some(body) = body {
            Reflect::set(&outcome, &"body".into(), &body).unwrap();
        }
        let step = asked(&mut run, &outcome);
        assert!(
            text(&step, "next.problems.first.0").starts_with("keeper.test answered with status 404 and nothing else")
        );
    }
}

#[wasm_bindgen_test]
fn an_input_that_is_left_out_is_empty() {
    let mut run = started(Object::new().into());
    let step = run.step().unwrap();
    assert!(text(&step, "next.problems.first.0").starts_with("there is no config; expected one in the input"));
}

#[wasm_bindgen_test]
fn an_input_of_another_type_is_refused() {
    let numbers = object(&[("config", 1.into()), ("secrets", 2.into())]);
    for inputs in [numbers.into(), JsValue::NULL, JsValue::from("text")] {
        assert!(Run::new(inputs, "linux".to_owned(), &environment(), platform_cipher(), NOW_MS).is_err());
    }
}

#[wasm_bindgen_test]
fn what_is_no_outcome_is_refused_and_so_is_an_answer_to_another_step() {
    let mut run = started(inputs(&holding().config(), "Database/type > var:X"));
    let numbers = object(&[("code", 1.into())]);
    for outcome in [JsValue::from("text"), JsValue::NULL, numbers.into()] {
        assert!(run.have_asked(outcome, NOW_MS).is_err());
    }
    run.step().expect("the same step");
    assert!(run.have_waited(NOW_MS).is_err());
    assert!(run.step().is_err() && run.seal().is_err());
}

#[wasm_bindgen_test]
fn odd_numbers_do_no_harm() {
    for status in [-1.0, 0.5, 1e300, f64::NAN] {
        let mut run = started(inputs(&holding().config(), "Database/type > var:X"));
        let odd = object(&[("status", status.into()), ("atMs", (-1e300).into()), ("proxyStatus", f64::NAN.into())]);
        assert_eq!(names(&member(&asked(&mut run, &odd), "next")), ["problems"], "{status}");
    }
}

#[wasm_bindgen_test]
fn a_file_is_read_at_the_door() {
    let members = [("config", holding().config().into()), ("secretsFile", "lines.txt".into())];
    let file = object(&[("body", Array::of2(&Uint8Array::from(&b"Data"[..]), &Uint8Array::from(&b"base"[..])).into())]);
    let missing = object(&[("code", "ENOENT".into())]);
    for (file, problem) in [
        (file, "lines.txt, line 1, column 1: expected `notation > destination`, found no `>`"),
        (missing, "the file `lines.txt` cannot be read: there is no such file"),
    ] {
        let mut run = started(object(&members).into());
        assert_eq!(text(&run.step().unwrap(), "next.read.0"), "lines.txt");
        run.have_read(vec![file.into()], NOW_MS).unwrap();
        assert_eq!(self::problem(&run.step().unwrap()), problem);
    }
}
