//! The door to Node: plain objects, texts and `Uint8Array` in and out. It converts and calls; it decides nothing.

use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

use crate::crypto::aes_gcm::{self, Decrypt, KEY_LEN, NONCE_LEN, TAG_LEN};
use crate::crypto::keys::FileKey;
use crate::crypto::streaming::{Chunk, Cipher, Opening};
use crate::crypto::{Entropy, Undecryptable};
use crate::error::Error;
use crate::inputs::Inputs;
use crate::inputs::path::Platform;
use crate::outputs::plan::{Agent, Content, Plan, Report, Row, SetVariable, WriteFile};
use crate::protocol::failure::Failure;
use crate::protocol::request::{self, HttpRequest};
use crate::protocol::response::{HttpOutcome, HttpResponse};
use crate::retrieval::{self, Next, Notice, Options};
use crate::secret::SecretText;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
export interface RunInputs {
  connection?: string; config?: string; environment?: string;
  secrets?: string; secretsFile?: string; templates?: string; mode?: string; outputPolicy?: string;
  timeoutInSeconds?: string;
}
export interface RunOptions { allowsSeveralLines: boolean; platform: string; timeoutMs: number }
export interface Request { method: string; url: string; limit: number; delayMs: number; timeoutMs?: number }
export interface Sealed { headers: [string, string][]; body: Uint8Array }
export interface Outcome {
  via?: string;
  status?: number; body?: Uint8Array; retryAfterS?: number; location?: string;
  code?: string; isAtProxy?: boolean; proxyStatus?: number; detail?: string; isOutOfTime?: boolean;
}
export interface Target { id: number; line: string; path: string }
export interface Download extends Target { request: Request; twins: Target[] }
export interface Variable { name: string; value: string; isSecret: boolean; isOutput: boolean }
export interface PlannedFile { line: string; path: string; mode: number; bytes?: Uint8Array; download?: number }
export interface Row { line: string; secret: string; destination: string; forms?: number }
export interface Report { rows: Row[]; requests: number; retries: number; records: number }
export interface Plan { variables: Variable[]; files: PlannedFile[]; report: Report }
export interface Step {
  masks: string[];
  notices: { level: 'info' | 'warning'; text: string }[];
  read?: string[];
  fetch?: Request[];
  download?: Download[];
  waitMs?: number;
  finish?: Plan;
  problems?: string[];
}
export interface PlatformCipher {
  start(key: Uint8Array, nonce: Uint8Array): void;
  update(ciphertext: Uint8Array): Uint8Array;
  finish(tag: Uint8Array): boolean;
}
";

#[wasm_bindgen]
extern "C" {
    /// The task's inputs.
    #[wasm_bindgen(typescript_type = "RunInputs")]
    pub type RunInputs;

    /// What a run is told of the agent.
    #[wasm_bindgen(typescript_type = "RunOptions")]
    pub type RunOptions;

    /// What came back for a request.
    #[wasm_bindgen(typescript_type = "Outcome")]
    pub type Outcome;

    /// What a request carries.
    #[wasm_bindgen(typescript_type = "Sealed | undefined")]
    pub type Sealed;

    /// What to do next.
    #[wasm_bindgen(typescript_type = "Step")]
    pub type Step;

    /// AES-256-GCM decryption by the platform.
    #[wasm_bindgen(typescript_type = "PlatformCipher")]
    pub type PlatformCipher;

    #[wasm_bindgen(method)]
    fn start(this: &PlatformCipher, key: &[u8], nonce: &[u8]);

    #[wasm_bindgen(method)]
    fn update(this: &PlatformCipher, ciphertext: Uint8Array) -> Uint8Array;

    #[wasm_bindgen(method, js_name = update)]
    fn update_slice(this: &PlatformCipher, ciphertext: &[u8]) -> Uint8Array;

    #[wasm_bindgen(method)]
    fn finish(this: &PlatformCipher, tag: &[u8]) -> bool;
}

/// A run of the task. See [`retrieval::Retrieval`].
#[wasm_bindgen]
pub struct Retrieval(retrieval::Retrieval);

#[wasm_bindgen]
impl Retrieval {
    /// Takes the task's inputs, and the platform's cipher for what is large. What is wrong with the inputs is told by
    /// the first step or the second.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(inputs: RunInputs, options: RunOptions, cipher: PlatformCipher) -> Self {
        let (inputs, options) = (Members(inputs.into()), Members(options.into()));
        Self(retrieval::Retrieval::new(inputs.into(), options.into(), Rc::new(OnPlatform(cipher))))
    }

    /// The first step, at this time in milliseconds since 1970.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    pub fn start(&mut self, now_ms: f64) -> Result<Step, JsValue> {
        to_js(&self.0.start(milliseconds(now_ms)))
    }

    /// The next step, given what came back for the last one, in its order.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    pub fn resume(&mut self, outcomes: Vec<Outcome>, now_ms: f64) -> Result<Step, JsValue> {
        let outcomes = outcomes.into_iter().map(|outcome| Members(outcome.into()).outcome()).collect();
        to_js(&self.0.resume(outcomes, milliseconds(now_ms), &mut SystemEntropy))
    }

    /// Seals the `POST` of the last step: its headers and its body. Where there is nothing to be sent, the next step
    /// tells why.
    ///
    /// # Errors
    /// None in practice: what is sealed always converts.
    pub fn seal(&mut self) -> Result<Sealed, JsValue> {
        let sealed = self.0.seal(&mut SystemEntropy);
        Ok(serde_wasm_bindgen::to_value(&Js::or_nothing(sealed.as_ref(), sealed_to_js))?.into())
    }

    /// Opens the download with this number while it arrives, by the platform's cipher.
    #[must_use]
    #[wasm_bindgen(js_name = openDownload)]
    pub fn open_download(&self, id: usize, cipher: PlatformCipher) -> Option<AttachmentStream> {
        let key = self.0.download_key(id)?;
        Some(AttachmentStream(Some(Opening::new(KeyedCipher { cipher, key }))))
    }
}

/// An attachment on its way to disk. See [`Opening`].
#[wasm_bindgen]
pub struct AttachmentStream(Option<Opening<KeyedCipher>>);

#[wasm_bindgen]
impl AttachmentStream {
    /// Takes the next bytes from the network and gives plaintext.
    pub fn update(&mut self, chunk: &Uint8Array) -> Vec<Uint8Array> {
        self.0.as_mut().map(|opening| opening.update(chunk)).unwrap_or_default()
    }

    /// The content's size in bytes, or `undefined` when its tag does not verify and nothing of it may be kept.
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes stays far below 2^53")]
    pub fn finish(&mut self) -> Option<f64> {
        let size = self.0.take()?.finish();
        size.map_err(|Undecryptable| ()).ok().map(|size| size as f64)
    }
}

/// The platform's cipher and the key it is to use.
struct KeyedCipher {
    cipher: PlatformCipher,
    key: FileKey,
}

impl Cipher for KeyedCipher {
    type Chunk = Uint8Array;

    fn start(&mut self, nonce: &[u8; NONCE_LEN]) {
        // EXPOSE: the platform's cipher needs the key.
        self.cipher.start(self.key.expose(), nonce);
    }

    fn update(&mut self, ciphertext: Uint8Array) -> Uint8Array {
        self.cipher.update(ciphertext)
    }

    fn finish(&mut self, tag: &[u8; TAG_LEN]) -> bool {
        self.cipher.finish(tag)
    }
}

impl Chunk for Uint8Array {
    fn size(&self) -> usize {
        self.length() as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "usize has 32 bits in wasm32")]
    fn slice(&self, start: usize, end: usize) -> Self {
        self.subarray(start as u32, end as u32)
    }

    fn copy_to(&self, target: &mut [u8]) {
        Uint8Array::copy_to(self, target);
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        Uint8Array::from(bytes)
    }
}

/// Decrypts what is large by the platform's cipher, and what is small by ours, which costs no call.
struct OnPlatform(PlatformCipher);

/// From this size on, in bytes, the call saves clearly more than it costs; from some 200 on the two are even.
const LARGE_BLOB: usize = 512;
/// So many bytes are decrypted at once, so that a plaintext is not in memory twice.
const PART_LEN: usize = 64 << 10;

impl Decrypt for OnPlatform {
    fn decrypt(&self, key: &[u8; KEY_LEN], blob: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Undecryptable> {
        if blob.len() < LARGE_BLOB {
            return aes_gcm::decrypt(key, blob);
        }
        aes_gcm::decrypt_in_place_with(blob, |nonce, body, tag| {
            // EXPOSE: the platform's cipher needs the key.
            self.0.start(key, nonce);
            for part in body.chunks_mut(PART_LEN) {
                let plaintext = self.0.update_slice(part);
                if plaintext.size() != part.len() {
                    return false;
                }
                plaintext.copy_to(part);
                plaintext.fill(0, 0, plaintext.length());
            }
            self.0.finish(tag)
        })
    }
}

/// The system's random bytes.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| Error::NoRandomness)
    }
}

/// A JavaScript object whose members are read by name. What is not there, or not of the type, is as good as missing.
struct Members(JsValue);

impl Members {
    fn get(&self, name: &str) -> JsValue {
        Reflect::get(&self.0, &JsValue::from_str(name)).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_string()
    }

    fn secret(&self, name: &str) -> SecretText {
        SecretText::from(self.text(name).unwrap_or_default())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name).as_f64().map(milliseconds)
    }

    fn status(&self, name: &str) -> Option<u16> {
        self.number(name).and_then(|status| u16::try_from(status).ok())
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_default()
    }
}

impl From<Members> for Inputs {
    fn from(inputs: Members) -> Self {
        let text = |name| inputs.text(name).unwrap_or_default();
        Self {
            connection: inputs.secret("connection"),
            config: inputs.secret("config"),
            environment: inputs.secret("environment"),
            secrets: text("secrets"),
            secrets_file: text("secretsFile"),
            templates: text("templates"),
            mode: text("mode"),
            output_policy: text("outputPolicy"),
            timeout_in_seconds: text("timeoutInSeconds"),
        }
    }
}

impl From<Members> for Options {
    fn from(options: Members) -> Self {
        let platform = match options.text("platform").as_deref() {
            Some("win32") => Platform::Windows,
            Some("darwin") => Platform::MacOs,
            _ => Platform::Linux,
        };
        let agent = Agent { allows_several_lines: options.is("allowsSeveralLines"), platform };
        Self { agent, timeout_ms: options.number("timeoutMs").unwrap_or_default() }
    }
}

impl Members {
    /// What came back for a request.
    fn outcome(&self) -> HttpOutcome {
        let via = self.text("via");
        let Some(status) = self.status("status") else {
            return HttpOutcome::Failed(Failure {
                code: self.text("code").unwrap_or_default(),
                via,
                is_at_proxy: self.is("isAtProxy"),
                status: self.status("proxyStatus"),
                detail: self.text("detail"),
                is_out_of_time: self.is("isOutOfTime"),
            });
        };
        HttpOutcome::Answered(HttpResponse {
            status,
            body: self.get("body").dyn_ref().map(Uint8Array::to_vec).unwrap_or_default(),
            retry_after_s: self.number("retryAfterS"),
            location: self.text("location"),
            via,
        })
    }
}

/// What goes to JavaScript. One type for everything, so that the module holds the way there but once.
enum Js<'a> {
    Nothing,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Sentence(String),
    /// Becomes a `Uint8Array` rather than a list of numbers.
    Bytes(&'a [u8]),
    List(Vec<Js<'a>>),
    /// Members that are nothing are left out.
    Object(Vec<(&'static str, Js<'a>)>),
}

impl Serialize for Js<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Sentence(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut object = serializer.serialize_struct("", members.len())?;
                for (name, value) in members {
                    if !matches!(value, Self::Nothing) {
                        object.serialize_field(name, value)?;
                    }
                }
                object.end()
            }
        }
    }
}

impl<'a> Js<'a> {
    /// A list of something, each made in the same way.
    fn list<T>(values: &'a [T], make: fn(&'a T) -> Self) -> Self {
        Self::List(values.iter().map(make).collect())
    }

    fn texts(texts: &'a [String]) -> Self {
        Self::list(texts, |text| Self::Text(text))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts, sizes and times stay far below 2^53, limits need not be exact"
    )]
    fn number(number: u64) -> Self {
        Self::Number(number as f64)
    }

    fn count(count: usize) -> Self {
        Self::number(count as u64)
    }

    fn or_nothing<T>(value: Option<T>, make: fn(T) -> Self) -> Self {
        value.map_or(Self::Nothing, make)
    }
}

fn to_js(step: &retrieval::Step) -> Result<Step, JsValue> {
    let next = match &step.next {
        Next::Read(paths) => ("read", Js::texts(paths)),
        Next::Fetch(requests) => ("fetch", Js::list(requests, request_to_js)),
        Next::Download(downloads) => ("download", Js::list(downloads, download_to_js)),
        Next::Wait(delay_ms) => ("waitMs", Js::number(*delay_ms)),
        Next::Finish(plan) => ("finish", plan_to_js(plan)),
        Next::Fail(problems) => ("problems", Js::list(problems, |problem| Js::Sentence(problem.render()))),
    };
    let step = Js::Object(vec![
        // EXPOSE: Node hands masks to the agent.
        ("masks", Js::list(&step.masks, |mask| Js::Text(mask.expose()))),
        ("notices", Js::list(&step.notices, notice_to_js)),
        next,
    ]);
    Ok(serde_wasm_bindgen::to_value(&step)?.into())
}

fn notice_to_js(notice: &Notice) -> Js<'_> {
    let (level, text) = match notice {
        Notice::Info(text) => ("info", text),
        Notice::Warning(text) => ("warning", text),
    };
    Js::Object(vec![("level", Js::Text(level)), ("text", Js::Text(text))])
}

fn request_to_js(request: &HttpRequest) -> Js<'_> {
    Js::Object(vec![
        ("method", Js::Text(request.method)),
        ("url", Js::Text(&request.url)),
        ("limit", Js::number(request.limit)),
        ("delayMs", Js::number(request.delay_ms)),
        ("timeoutMs", Js::or_nothing(request.timeout_ms, Js::number)),
    ])
}

fn sealed_to_js(sealed: &request::Sealed) -> Js<'_> {
    Js::Object(vec![
        ("headers", Js::list(&sealed.headers, |(name, value)| Js::List(vec![Js::Text(name), Js::Text(value)]))),
        ("body", Js::Bytes(&sealed.body)),
    ])
}

fn download_to_js(download: &retrieval::Download) -> Js<'_> {
    Js::Object(vec![
        ("id", Js::count(download.id)),
        ("request", request_to_js(&download.request)),
        ("line", Js::Text(&download.line)),
        ("path", Js::Text(&download.path)),
        ("twins", Js::list(&download.twins, twin_to_js)),
    ])
}

fn twin_to_js(twin: &retrieval::Twin) -> Js<'_> {
    Js::Object(vec![("id", Js::count(twin.id)), ("line", Js::Text(&twin.line)), ("path", Js::Text(&twin.path))])
}

fn plan_to_js(plan: &Plan) -> Js<'_> {
    Js::Object(vec![
        ("variables", Js::list(&plan.variables, variable_to_js)),
        ("files", Js::list(&plan.files, file_to_js)),
        ("report", report_to_js(&plan.report)),
    ])
}

fn variable_to_js(variable: &SetVariable) -> Js<'_> {
    Js::Object(vec![
        ("name", Js::Text(&variable.name)),
        // EXPOSE: Node hands variables to the agent.
        ("value", Js::Text(variable.value.expose())),
        ("isSecret", Js::Bool(variable.is_secret)),
        ("isOutput", Js::Bool(variable.is_output)),
    ])
}

fn file_to_js(file: &WriteFile) -> Js<'_> {
    Js::Object(vec![
        ("line", Js::Text(&file.line)),
        ("path", Js::Text(&file.path)),
        ("mode", Js::number(file.mode.into())),
        match &file.content {
            // EXPOSE: Node writes files.
            Content::Bytes(bytes) => ("bytes", Js::Bytes(bytes.expose())),
            Content::Download(id) => ("download", Js::count(*id)),
        },
    ])
}

fn report_to_js(report: &Report) -> Js<'_> {
    Js::Object(vec![
        ("rows", Js::list(&report.rows, row_to_js)),
        ("requests", Js::count(report.requests)),
        ("retries", Js::count(report.retries)),
        ("records", Js::count(report.records)),
    ])
}

fn row_to_js(row: &Row) -> Js<'_> {
    Js::Object(vec![
        ("line", Js::Text(&row.line)),
        ("secret", Js::Text(&row.secret)),
        ("destination", Js::Text(&row.destination)),
        ("forms", Js::or_nothing(row.forms, Js::count)),
    ])
}

/// JavaScript's numbers as ours. A negative one or none at all counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn milliseconds(number: f64) -> u64 {
    number as u64
}
