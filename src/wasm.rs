//! The door to Node: plain objects, texts and `Uint8Array` in and out. It converts and calls; it decides nothing.

pub mod agent;
pub mod environment;
pub mod progress;

use std::ops::Range;
use std::rc::Rc;

use js_sys::Uint8Array;
use serde::{Serialize, Serializer};
use tsify::Tsify;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::crypto::aes_gcm::{Gcm, KEY_LEN, NONCE_LEN, RustCrypto, TAG_LEN};
use crate::crypto::frame::{Cut, Frame};
use crate::crypto::keys::FileKey;
use crate::crypto::{Entropy, no_randomness};
use crate::error::Error;
use crate::inputs::Inputs;
use crate::outputs::mask::Masks;
use crate::outputs::report::WrittenFile;
use crate::protocol::failure;
use crate::protocol::response::{HttpOutcome, Outcome, whole};
use crate::retrieval::{self, Env, FileOutcome, Next, Notice, Notices, Step};
use crate::secret::SecretText;
use environment::Environment;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
export type FailureCode = KnownFailure | 'PROXY_STATUS' | 'PROXY_CREDENTIALS' | 'UNDECRYPTABLE';
export interface OutcomeWithBody extends Outcome { body?: Uint8Array[] }
export interface PlatformCipher {
  start(key: Uint8Array, nonce: Uint8Array): void;
  update(ciphertext: Uint8Array): Uint8Array;
  finish(tag: Uint8Array): boolean;
}
";

#[wasm_bindgen(typescript_custom_section)]
const FAILURE_CODES: &str = failure::FAILURE_CODES;

#[wasm_bindgen(typescript_custom_section)]
const FILE_CODES: &str = retrieval::FILE_CODES;

#[wasm_bindgen]
extern "C" {
    /// The platform's AES-256-GCM decryption.
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

    /// What came back for a request, or a file, with its body in the pieces in which it came.
    type OutcomeWithBody;

    #[wasm_bindgen(method, getter, catch)]
    fn body(this: &OutcomeWithBody) -> Result<Option<Vec<Uint8Array>>, JsValue>;
}

/// A run of the task, at its current step. See [`retrieval::Step`].
///
/// Each step is answered with the function named after it; any other one throws.
#[wasm_bindgen]
pub struct Run {
    masks: Masks,
    notices: Notices,
    entropy: SystemEntropy,
    /// `None` only while an answer is turned into the next step.
    step: Option<Step>,
}

/// What Node gets for a step.
#[derive(Serialize, Tsify)]
pub struct Outgoing<'a> {
    /// Texts to mask before anything else is printed.
    #[serde(serialize_with = "expose_masks")]
    #[tsify(type = "string[]")]
    masks: Vec<SecretText>,
    /// Lines for the log, in this order.
    notices: Vec<Notice>,
    /// What to do then.
    next: Next<'a>,
}

fn expose_masks<S: Serializer>(masks: &[SecretText], serializer: S) -> Result<S::Ok, S::Error> {
    // EXPOSE: Node hands masks to the agent.
    serializer.collect_seq(masks.iter().map(SecretText::expose))
}

#[wasm_bindgen]
impl Run {
    /// Starts a run with the task's inputs, at this time in milliseconds since 1970. The platform's cipher is for large
    /// texts.
    ///
    /// # Errors
    /// None in practice: the shim's types are checked against ours.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Partial<Inputs>")] inputs: JsValue,
        platform: String,
        environment: &Environment,
        cipher: PlatformCipher,
        now_ms: f64,
    ) -> Result<Self, JsValue> {
        let options = environment.options(platform.into());
        let masks = Masks::new(options.masks_so_far, options.agent.shortest_mask);
        let mut run = Self { masks, notices: Notices::default(), entropy: SystemEntropy, step: None };
        let mut inputs: Inputs = serde_wasm_bindgen::from_value(inputs)?;
        inputs.is_config_in_clear = environment.is_config_in_clear();
        run.step = Some(retrieval::start(inputs, options, Rc::new(PlatformGcm(cipher)), &mut run.env(now_ms)));
        Ok(run)
    }

    /// What the current step asks for, and once, the masks and notices that come before it.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    #[wasm_bindgen(unchecked_return_type = "Outgoing")]
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        let step = self.step.as_ref().ok_or_else(out_of_turn)?;
        let outgoing = Outgoing { masks: self.masks.take(), notices: self.notices.take(), next: step.next() };
        Ok(serde_wasm_bindgen::to_value(&outgoing)?)
    }

    /// Seals the request of the step `ask`: its headers and its body. If there is nothing to send, the next step says
    /// why.
    ///
    /// # Errors
    /// It is another step.
    #[wasm_bindgen(unchecked_return_type = "Sealed | undefined")]
    pub fn seal(&mut self) -> Result<JsValue, JsValue> {
        let Some(Step::Ask(ask)) = &mut self.step else { return Err(out_of_turn()) };
        Ok(serde_wasm_bindgen::to_value(&ask.seal(&mut SystemEntropy))?)
    }

    /// Opens the download with this number for decryption by the platform's cipher as it arrives.
    #[must_use]
    #[wasm_bindgen(js_name = openDownload)]
    pub fn open_download(&self, id: usize, cipher: PlatformCipher) -> Option<AttachmentStream> {
        let Some(Step::Load(load)) = &self.step else { return None };
        Some(AttachmentStream { frame: Frame::default(), cipher, key: load.key(id)? })
    }

    /// Goes on with the files of the step `read`, in its order.
    ///
    /// # Errors
    /// It is another step.
    #[wasm_bindgen(js_name = haveRead)]
    pub fn have_read(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "FileOutcome[]")] files: Vec<JsValue>,
        now_ms: f64,
    ) -> Result<(), JsValue> {
        let files = files.into_iter().map(outcome).collect::<Result<_, _>>()?;
        self.go_on(Answer::Files(files), now_ms)
    }

    /// Goes on with what came back for the step `ask`.
    ///
    /// # Errors
    /// It is another step.
    #[wasm_bindgen(js_name = haveAsked)]
    pub fn have_asked(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "OutcomeWithBody")] outcome: JsValue,
        now_ms: f64,
    ) -> Result<(), JsValue> {
        self.go_on(Answer::Records(self::outcome(outcome)?), now_ms)
    }

    /// Goes on with what came back for the step `fetch` or `download`, in its order.
    ///
    /// # Errors
    /// It is another step.
    #[wasm_bindgen(js_name = haveLoaded)]
    pub fn have_loaded(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "OutcomeWithBody[]")] outcomes: Vec<JsValue>,
        now_ms: f64,
    ) -> Result<(), JsValue> {
        let outcomes = outcomes.into_iter().map(outcome).collect::<Result<_, _>>()?;
        self.go_on(Answer::Attachments(outcomes), now_ms)
    }

    /// Goes on after the step `waitMs`.
    ///
    /// # Errors
    /// It is another step.
    #[wasm_bindgen(js_name = haveWaited)]
    pub fn have_waited(&mut self, now_ms: f64) -> Result<(), JsValue> {
        self.go_on(Answer::Time, now_ms)
    }

    /// The report at the end of the log, given the sizes of the plan's files in bytes, their modes if the platform has
    /// any, and how long the run took.
    ///
    /// # Errors
    /// The step is not `finish`.
    pub fn report(&self, sizes: &[f64], modes: &[u32], elapsed_ms: f64) -> Result<Vec<String>, JsValue> {
        let Some(Step::Done(Ok(plan))) = &self.step else { return Err(out_of_turn()) };
        let files = plan.files.iter().zip(sizes).enumerate().map(|(index, (file, size))| {
            let mode = modes.get(index).copied();
            (file.line.as_str(), WrittenFile { size: whole(*size), mode })
        });
        Ok(plan.report.lay_out(files, whole(elapsed_ms)))
    }

    fn go_on(&mut self, answer: Answer, now_ms: f64) -> Result<(), JsValue> {
        let step = self.step.take();
        let env = &mut self.env(now_ms);
        let next = match (step, answer) {
            (Some(Step::Read(read)), Answer::Files(files)) => read.resume(files, env),
            (Some(Step::Ask(ask)), Answer::Records(outcome)) => ask.resume(outcome, env),
            (Some(Step::Load(load)), Answer::Attachments(outcomes)) => load.resume(outcomes, env),
            (Some(Step::Wait(wait)), Answer::Time) => wait.resume(env),
            _ => return Err(out_of_turn()),
        };
        self.step = Some(next);
        Ok(())
    }

    fn env(&mut self, now_ms: f64) -> Env<'_> {
        let (masks, notices) = (&mut self.masks, &mut self.notices);
        Env { now_ms: whole(now_ms), entropy: &mut self.entropy, masks, notices }
    }
}

/// The answer to a step.
enum Answer {
    Files(Vec<FileOutcome>),
    Records(HttpOutcome),
    Attachments(Vec<HttpOutcome>),
    Time,
}

/// Converts the outcome of a request.
fn outcome<T: From<Outcome>>(value: JsValue) -> Result<T, JsValue> {
    let body = value.unchecked_ref::<OutcomeWithBody>().body()?;
    let mut outcome: Outcome = serde_wasm_bindgen::from_value(value)?;
    outcome.body = body.map(|pieces| joined(&pieces));
    Ok(outcome.into())
}

/// Copies the pieces of a body once, as an answer can be large.
fn joined(pieces: &[Uint8Array]) -> Vec<u8> {
    let lengths = pieces.iter().map(|piece| piece.length() as usize);
    let mut body = vec![0; lengths.clone().sum()];
    let mut left = body.as_mut_slice();
    for (piece, length) in pieces.iter().zip(lengths) {
        let (part, rest) = left.split_at_mut(length);
        piece.copy_to(part);
        left = rest;
    }
    body
}

/// The error if the shim answers a step that is not the current one.
const OUT_OF_TURN: &str = "out of turn";

fn out_of_turn() -> JsValue {
    js_sys::Error::new(OUT_OF_TURN).into()
}

/// An attachment on its way to disk, decrypted by the platform's cipher.
#[wasm_bindgen]
pub struct AttachmentStream {
    frame: Frame,
    cipher: PlatformCipher,
    key: FileKey,
}

#[wasm_bindgen]
impl AttachmentStream {
    /// Takes the next bytes from the network and returns plaintext, in at most two pieces.
    #[expect(clippy::cast_possible_truncation, reason = "usize has 32 bits in wasm32")]
    pub fn update(&mut self, chunk: &Uint8Array) -> Vec<Uint8Array> {
        let part = |range: Range<usize>| chunk.subarray(range.start as u32, range.end as u32);
        let Cut { nonce, held, rest } = self.frame.take(chunk.length() as usize, |range| part(range).to_vec());
        if let Some(nonce) = nonce {
            // EXPOSE: the platform's cipher needs the key.
            self.cipher.start(self.key.expose(), &nonce);
        }
        let held = (!held.is_empty()).then(|| self.cipher.update_slice(&held));
        let rest = (!rest.is_empty()).then(|| self.cipher.update(part(rest)));
        held.into_iter().chain(rest).collect()
    }

    /// The content's size in bytes, or `undefined` if its tag does not verify and nothing of it may be kept.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes stays far below 2^53")]
    pub fn finish(self) -> Option<f64> {
        let (tag, size) = self.frame.finish()?;
        self.cipher.finish(&tag).then_some(size as f64)
    }
}

/// Decrypts large texts with the platform's cipher, and small ones in Rust, which saves the call.
struct PlatformGcm(PlatformCipher);

/// The size, in bytes, from which the platform's cipher clearly saves time; the break-even is at about 200 bytes.
const LARGE_TEXT: usize = 512;
/// How many bytes are decrypted at a time, so that the plaintext is not in memory twice.
const PART_LEN: usize = 64 << 10;

impl Gcm for PlatformGcm {
    fn decrypt(&self, key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN], text: &mut [u8], tag: &[u8; TAG_LEN]) -> bool {
        if text.len() < LARGE_TEXT {
            return RustCrypto.decrypt(key, nonce, text, tag);
        }
        // EXPOSE: the platform's cipher needs the key.
        self.0.start(key, nonce);
        for part in text.chunks_mut(PART_LEN) {
            let plaintext = self.0.update_slice(part);
            if plaintext.length() as usize != part.len() {
                return false;
            }
            plaintext.copy_to(part);
            plaintext.fill(0, 0, plaintext.length());
        }
        self.0.finish(tag)
    }
}

/// The system's random bytes.
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|_| no_randomness())
    }
}
