//! The vault: what the application may read, decrypted as far as the mapping lines need it.
//!
//! ```text
//! records   the answer's records, found by UID or title     ── opens ──▶ record
//! copies    one of them, sealed, as often as it is shared
//! record    one record: its data, its attachments
//! resolve   what a notation selects from a record
//! totp      the code that an authenticator app would show
//! ```

pub mod attachment;
mod copies;
pub mod data;
mod find;
mod names;
pub mod record;
pub mod records;
pub mod resolve;
pub mod totp;
mod warnings;
