//! The core of the task: from what a pipeline's author wrote to what the agent has to set and write.
//!
//! ```text
//! inputs ──▶ protocol ──▶ vault ──▶ outputs          crypto, base64, json, secret and error serve all
//! what the   what Keeper's  what we   what the
//! author     servers speak  may read  agent understands
//! wrote
//! ```
//!
//! [`agent`] is beside them: verdicts on facts that the shim finds on the machine. A stage may use an earlier one,
//! never a later one. Only [`retrieval`] knows all of them: it drives a run. Only `wasm` knows `retrieval`: it is the
//! door to Node.
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
