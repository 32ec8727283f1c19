//! Shared support of the tests: scripted entropy, a Keeper that seals, and runs that are driven by hand.
//!
//! ```text
//! entropy   scripted bytes, so that what is random comes out the same each time
//! keeper    what Keeper holds, sealed as its servers would
//! run       a run of the core, as the door to Node takes it
//! scenario  a run of the core against it, one step at a time
//! storm     many runs at once, in simulated time
//! vectors   tests/vectors, made with other implementations
//! ```

#![allow(dead_code, reason = "each file of tests uses a part of this")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "where a function here can't go on, the test has failed"
)]

pub(crate) mod entropy;
pub(crate) mod keeper;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod storm;
pub(crate) mod vectors;
