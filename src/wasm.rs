//! The door to Node: plain objects, texts and `Uint8Array` in and out. It converts and calls; it decides nothing.

use js_sys::Uint8Array;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::crypto::aes_gcm::{NONCE_LEN, TAG_LEN};
use crate::crypto::keys::FileKey;
use crate::crypto::streaming::{Chunk, Cipher, Opening};
use crate::crypto::{Entropy, Undecryptable};
use crate::error::{Error, Problem};
use crate::inputs::Inputs;
use crate::inputs::path::Platform;
use crate::outputs::plan::{Agent, Content, Plan, Row, WriteFile};
use crate::protocol::failure::Failure;
use crate::protocol::request::HttpRequest;
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
export interface Request { method: string; url: string; headers: [string, string][]; body?: Uint8Array; limit: number; delayMs: number; timeoutMs?: number }
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

    /// What came back for requests.
    #[wasm_bindgen(typescript_type = "Outcome[]")]
    pub type Outcomes;

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

    #[wasm_bindgen(method)]
    fn finish(this: &PlatformCipher, tag: &[u8]) -> bool;
}

/// A run of the task. See [`retrieval::Retrieval`].
#[wasm_bindgen]
pub struct Retrieval(retrieval::Retrieval);

#[wasm_bindgen]
impl Retrieval {
    /// Takes the task's inputs. What is wrong with them is told by the first step or the second.
    ///
    /// # Errors
    /// When the inputs or the options are not of their type.
    #[wasm_bindgen(constructor)]
    pub fn new(inputs: RunInputs, options: RunOptions) -> Result<Self, JsValue> {
        let inputs: JsInputs = serde_wasm_bindgen::from_value(inputs.into())?;
        let options: JsOptions = serde_wasm_bindgen::from_value(options.into())?;
        Ok(Self(retrieval::Retrieval::new(inputs.into(), options.into())))
    }

    /// The first step, at this time in milliseconds since 1970.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    pub fn start(&mut self, now_ms: f64) -> Result<Step, JsValue> {
        to_js(&self.0.start(milliseconds(now_ms), &mut SystemEntropy))
    }

    /// The next step, given what came back for the last one, in its order.
    ///
    /// # Errors
    /// When the outcomes are not of their type.
    pub fn resume(&mut self, outcomes: Outcomes, now_ms: f64) -> Result<Step, JsValue> {
        let outcomes: Vec<JsOutcome> = serde_wasm_bindgen::from_value(outcomes.into())?;
        let outcomes = outcomes.into_iter().map(HttpOutcome::from).collect();
        to_js(&self.0.resume(outcomes, milliseconds(now_ms), &mut SystemEntropy))
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

/// The system's random bytes.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| Error::NoRandomness)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct JsInputs {
    connection: Option<String>,
    config: Option<String>,
    environment: Option<String>,
    secrets: Option<String>,
    secrets_file: Option<String>,
    templates: Option<String>,
    mode: Option<String>,
    output_policy: Option<String>,
    timeout_in_seconds: Option<String>,
}

impl From<JsInputs> for Inputs {
    fn from(inputs: JsInputs) -> Self {
        let secret = |text: Option<String>| SecretText::from(text.unwrap_or_default());
        Self {
            connection: secret(inputs.connection),
            config: secret(inputs.config),
            environment: secret(inputs.environment),
            secrets: inputs.secrets.unwrap_or_default(),
            secrets_file: inputs.secrets_file.unwrap_or_default(),
            templates: inputs.templates.unwrap_or_default(),
            mode: inputs.mode.unwrap_or_default(),
            output_policy: inputs.output_policy.unwrap_or_default(),
            timeout_in_seconds: inputs.timeout_in_seconds.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsOptions {
    allows_several_lines: bool,
    platform: String,
    timeout_ms: f64,
}

impl From<JsOptions> for Options {
    fn from(options: JsOptions) -> Self {
        let platform = match options.platform.as_str() {
            "win32" => Platform::Windows,
            "darwin" => Platform::MacOs,
            _ => Platform::Linux,
        };
        let agent = Agent { allows_several_lines: options.allows_several_lines, platform };
        Self { agent, timeout_ms: milliseconds(options.timeout_ms) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsOutcome {
    via: Option<String>,
    status: Option<u16>,
    body: Option<Body>,
    retry_after_s: Option<f64>,
    location: Option<String>,
    code: Option<String>,
    #[serde(default)]
    is_at_proxy: bool,
    proxy_status: Option<u16>,
    detail: Option<String>,
    #[serde(default)]
    is_out_of_time: bool,
}

impl From<JsOutcome> for HttpOutcome {
    fn from(outcome: JsOutcome) -> Self {
        match outcome.status {
            Some(status) => Self::Answered(HttpResponse {
                status,
                body: outcome.body.map(|body| body.0).unwrap_or_default(),
                retry_after_s: outcome.retry_after_s.map(milliseconds),
                location: outcome.location,
                via: outcome.via,
            }),
            None => Self::Failed(Failure {
                code: outcome.code.unwrap_or_default(),
                via: outcome.via,
                is_at_proxy: outcome.is_at_proxy,
                status: outcome.proxy_status,
                detail: outcome.detail,
                is_out_of_time: outcome.is_out_of_time,
            }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsStep<'a> {
    masks: Vec<&'a str>,
    notices: Vec<JsNotice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch: Option<Vec<JsRequest<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    download: Option<Vec<JsDownload<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish: Option<JsPlan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<String>>,
}

#[derive(Serialize)]
struct JsNotice<'a> {
    level: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsRequest<'a> {
    method: &'static str,
    url: &'a str,
    headers: &'a [(&'static str, String)],
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Bytes<'a>>,
    limit: f64,
    delay_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
}

#[derive(Serialize)]
struct JsDownload<'a> {
    id: usize,
    request: JsRequest<'a>,
    line: &'a str,
    path: &'a str,
    twins: Vec<JsTwin<'a>>,
}

#[derive(Serialize)]
struct JsTwin<'a> {
    id: usize,
    line: &'a str,
    path: &'a str,
}

#[derive(Serialize)]
struct JsPlan<'a> {
    variables: Vec<JsVariable<'a>>,
    files: Vec<JsFile<'a>>,
    report: JsReport<'a>,
}

#[derive(Serialize)]
struct JsReport<'a> {
    rows: Vec<JsRow<'a>>,
    requests: usize,
    retries: usize,
    records: usize,
}

#[derive(Serialize)]
struct JsRow<'a> {
    line: &'a str,
    secret: &'a str,
    destination: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    forms: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsVariable<'a> {
    name: &'a str,
    value: &'a str,
    is_secret: bool,
    is_output: bool,
}

#[derive(Serialize)]
struct JsFile<'a> {
    line: &'a str,
    path: &'a str,
    mode: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Bytes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    download: Option<usize>,
}

impl<'a> JsFile<'a> {
    fn new(file: &'a WriteFile, bytes: Option<Bytes<'a>>, download: Option<usize>) -> Self {
        Self { line: &file.line, path: &file.path, mode: file.mode, bytes, download }
    }
}

/// Bytes that become a `Uint8Array` rather than a list of numbers.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Bytes that come as a `Uint8Array`.
struct Body(Vec<u8>);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;
        impl serde::de::Visitor<'_> for BodyVisitor {
            type Value = Body;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Body, E> {
                Ok(Body(bytes))
            }
        }
        deserializer.deserialize_byte_buf(BodyVisitor)
    }
}

fn to_js(step: &retrieval::Step) -> Result<Step, JsValue> {
    let mut js = JsStep {
        // EXPOSE: Node hands masks to the agent.
        masks: step.masks.iter().map(SecretText::expose).collect(),
        notices: step.notices.iter().map(JsNotice::from).collect(),
        read: None,
        fetch: None,
        download: None,
        wait_ms: None,
        finish: None,
        problems: None,
    };
    match &step.next {
        Next::Read(paths) => js.read = Some(paths),
        Next::Fetch(requests) => js.fetch = Some(requests.iter().map(JsRequest::from).collect()),
        Next::Download(downloads) => js.download = Some(downloads.iter().map(JsDownload::from).collect()),
        Next::Wait(delay_ms) => js.wait_ms = Some(*delay_ms),
        Next::Finish(plan) => js.finish = Some(JsPlan::from(plan)),
        Next::Fail(problems) => js.problems = Some(problems.iter().map(Problem::render).collect()),
    }
    let value = serde_wasm_bindgen::to_value(&js)?;
    Ok(value.into())
}

impl<'a> From<&'a Notice> for JsNotice<'a> {
    fn from(notice: &'a Notice) -> Self {
        match notice {
            Notice::Info(text) => Self { level: "info", text },
            Notice::Warning(text) => Self { level: "warning", text },
        }
    }
}

impl<'a> From<&'a HttpRequest> for JsRequest<'a> {
    #[expect(clippy::cast_precision_loss, reason = "a limit need not be exact")]
    fn from(request: &'a HttpRequest) -> Self {
        Self {
            method: request.method,
            url: &request.url,
            headers: &request.headers,
            body: request.body.as_deref().map(Bytes),
            limit: request.limit as f64,
            delay_ms: request.delay_ms,
            timeout_ms: request.timeout_ms,
        }
    }
}

impl<'a> From<&'a retrieval::Download> for JsDownload<'a> {
    fn from(download: &'a retrieval::Download) -> Self {
        let retrieval::Download { id, request, line, path, twins } = download;
        let twins = twins.iter().map(|twin| JsTwin { id: twin.id, line: &twin.line, path: &twin.path });
        Self { id: *id, request: request.into(), line, path, twins: twins.collect() }
    }
}

impl<'a> From<&'a Plan> for JsPlan<'a> {
    fn from(plan: &'a Plan) -> Self {
        let variables = plan.variables.iter().map(|variable| JsVariable {
            name: &variable.name,
            // EXPOSE: Node hands variables to the agent.
            value: variable.value.expose(),
            is_secret: variable.is_secret,
            is_output: variable.is_output,
        });
        let files = plan.files.iter().map(|file| match &file.content {
            // EXPOSE: Node writes files.
            Content::Bytes(bytes) => JsFile::new(file, Some(Bytes(bytes.expose())), None),
            Content::Download(id) => JsFile::new(file, None, Some(*id)),
        });
        let report = JsReport {
            rows: plan.report.rows.iter().map(JsRow::from).collect(),
            requests: plan.report.requests,
            retries: plan.report.retries,
            records: plan.report.records,
        };
        Self { variables: variables.collect(), files: files.collect(), report }
    }
}

impl<'a> From<&'a Row> for JsRow<'a> {
    fn from(Row { line, secret, destination, forms }: &'a Row) -> Self {
        Self { line, secret, destination, forms: *forms }
    }
}

/// JavaScript's numbers as ours. A negative one or none at all counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn milliseconds(number: f64) -> u64 {
    number as u64
}
