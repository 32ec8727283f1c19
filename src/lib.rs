//! The core of the task: from what a pipeline's author wrote to what the agent is to set and write.
//!
//! ```text
//! inputs ──▶ protocol ──▶ vault ──▶ outputs          crypto, base64, json, secret and error serve all
//! what the   what Keeper's  what we   what the
//! author     servers speak  may read  agent understands
//! wrote
//! ```
//!
//! [`agent`] is beside them: what facts mean that the shim finds on the machine.
//! A stage may use an earlier one, never a later one. [`retrieval`] alone knows all of them: it is the course of a run;
//! `wasm` alone knows `retrieval` and is the door to Node.
//!
//! In scope: parsing, Keeper's protocol, decryption, what goes where. Out of scope: sending, waiting, reading a clock,
//! writing a file, printing. The module asks its host for random bytes and for nothing else.

#![forbid(unsafe_code)]

pub mod agent;
pub mod inputs;
pub mod outputs;
pub mod protocol;
pub mod vault;

pub mod retrieval;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub mod base64;
mod codes;
pub mod crypto;
pub mod error;
pub mod json;
pub mod problem;
pub mod secret;
mod text;
