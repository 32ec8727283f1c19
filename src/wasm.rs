//! The door to Node: plain objects, texts and `Uint8Array` in and out. It converts and calls; it decides nothing.

pub mod agent;

use std::ops::Range;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::crypto::Entropy;
use crate::crypto::aes_gcm::{Gcm, KEY_LEN, NONCE_LEN, RustCrypto, TAG_LEN};
use crate::crypto::frame::{Cut, Frame};
use crate::crypto::keys::FileKey;
use crate::error::Error;
use crate::protocol::failure::Failure;
use crate::protocol::response::{HttpOutcome, HttpResponse};
use crate::retrieval;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
export interface Outcome {
  via?: string;
  status?: number; body?: Uint8Array; retryAfterS?: number; dateMs?: number; atMs?: number; location?: string;
  code?: string; isAtProxy?: boolean; proxyStatus?: number; detail?: string; isOutOfTime?: boolean;
  isAtDisk?: boolean;
}
export interface PlatformCipher {
  start(key: Uint8Array, nonce: Uint8Array): void;
  update(ciphertext: Uint8Array): Uint8Array;
  finish(tag: Uint8Array): boolean;
}
";

#[wasm_bindgen]
extern "C" {
    /// What came back for a request.
    #[wasm_bindgen(typescript_type = "Outcome")]
    pub type Outcome;

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
    /// Takes the task's inputs, and the platform's cipher for what is large. The first step or the
    /// second reports what is wrong with the inputs.
    ///
    /// # Errors
    /// None in practice: the shim's types are checked against ours.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Partial<Inputs>")] inputs: JsValue,
        #[wasm_bindgen(unchecked_param_type = "RunOptions")] options: JsValue,
        cipher: PlatformCipher,
    ) -> Result<Self, JsValue> {
        let (inputs, options) = (serde_wasm_bindgen::from_value(inputs)?, serde_wasm_bindgen::from_value(options)?);
        Ok(Self(retrieval::Retrieval::new(inputs, options, Rc::new(PlatformGcm(cipher)))))
    }

    /// The first step, at this time in milliseconds since 1970.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    pub fn start(&mut self, now_ms: f64) -> Result<JsValue, JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.0.start(milliseconds(now_ms)))?)
    }

    /// The next step, given what came back for the last one, in its order.
    ///
    /// # Errors
    /// None in practice: a step always converts.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    pub fn resume(&mut self, outcomes: Vec<Outcome>, now_ms: f64) -> Result<JsValue, JsValue> {
        let outcomes = outcomes.into_iter().map(|outcome| Members(outcome.into()).outcome()).collect();
        let step = self.0.resume(outcomes, milliseconds(now_ms), &mut SystemEntropy);
        Ok(serde_wasm_bindgen::to_value(&step)?)
    }

    /// Seals the `POST` of the last step: its headers and its body. Where there is nothing to be sent, the next step
    /// says why.
    ///
    /// # Errors
    /// None in practice: what is sealed always converts.
    #[wasm_bindgen(unchecked_return_type = "Sealed | undefined")]
    pub fn seal(&mut self) -> Result<JsValue, JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.0.seal(&mut SystemEntropy))?)
    }

    /// Opens the download with this number while it arrives, by the platform's cipher.
    #[must_use]
    #[wasm_bindgen(js_name = openDownload)]
    pub fn open_download(&self, id: usize, cipher: PlatformCipher) -> Option<AttachmentStream> {
        let key = self.0.download_key(id)?;
        Some(AttachmentStream { frame: Frame::default(), cipher, key })
    }
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
    /// Takes the next bytes from the network and gives plaintext, in at most two pieces.
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

    /// The content's size in bytes, or `undefined` when its tag does not verify and nothing of it may be kept.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes stays far below 2^53")]
    pub fn finish(self) -> Option<f64> {
        let (tag, size) = self.frame.finish()?;
        self.cipher.finish(&tag).then_some(size as f64)
    }
}

/// Decrypts what is large by the platform's cipher, and what is small in Rust, which costs no call.
struct PlatformGcm(PlatformCipher);

/// From this size on, in bytes, the call saves clearly more than it costs; from some 200 on the two are even.
const LARGE_TEXT: usize = 512;
/// So many bytes are decrypted at once, so that a plaintext is not in memory twice.
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
                is_at_disk: self.is("isAtDisk"),
            });
        };
        HttpOutcome::Answered(HttpResponse {
            status,
            body: self.get("body").dyn_ref().map(Uint8Array::to_vec).unwrap_or_default(),
            retry_after_s: self.number("retryAfterS"),
            date_ms: self.number("dateMs"),
            at_ms: self.number("atMs"),
            location: self.text("location"),
            via,
        })
    }
}

/// JavaScript's numbers as ours. A negative one or none at all counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn milliseconds(number: f64) -> u64 {
    number as u64
}
