//! Verdicts on facts that the shim gathers on the agent: from the environment, certificates, the disk and git.
//!
//! Pure functions, one for each question. The shim gets the facts from Node and the system, and acts on the answer.

pub mod access;
pub mod certificates;
pub mod disk;
pub mod progress;
pub mod proxy;
pub mod publication;
pub mod secrets;
