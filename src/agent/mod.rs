//! What the facts mean that the shim finds on the agent: in its environment, in certificates, on the disk, from git.
//!
//! Pure functions, each for one question. The shim asks Node and the system for the facts, and acts on the answer.

pub mod access;
pub mod certificates;
pub mod disk;
pub mod progress;
pub mod proxy;
pub mod publication;
pub mod secrets;
