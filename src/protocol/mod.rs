//! The protocol of Keeper's servers: one encrypted, signed request, one encrypted answer.

pub mod alert;
pub mod answer;
pub mod clock;
pub mod failure;
pub mod headers;
pub mod request;
pub mod response;
pub mod retry;
pub mod said;
pub mod server_keys;
