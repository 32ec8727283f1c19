//! Why the task can't go on, in words for the person who wrote the pipeline.
//!
//! An [`Error`] is one sentence (lower case, no full stop) and perhaps a hint. It never contains a value, a key, the
//! config, a body or a URL. It is worded where the fault is found.

use thiserror::Error;

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", .0.text)]
pub struct Error(Box<Message>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    text: String,
    hint: Option<String>,
    is_absence: bool,
}

impl Error {
    /// An error with this text: lower case, one sentence, no full stop, nothing secret.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Box::new(Message { text: text.into(), hint: None, is_absence: false }))
    }

    /// An error that says that something is not there, which an optional line tolerates.
    pub(crate) fn absent(text: impl Into<String>) -> Self {
        Self(Box::new(Message { text: text.into(), hint: None, is_absence: true }))
    }

    /// An error that only a bug in the task can cause.
    pub(crate) fn internal(what: &str) -> Self {
        Error::new(format!("internal error: {what}"))
            .with_hint(format!("please report this, with the task's version, at {}", support()))
    }

    /// The same error with a hint on what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What to do about it, if there is a hint.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }

    /// Whether it says that something is not there, which an optional line tolerates.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        self.0.is_absence
    }
}

/// Where faults of the task are reported: `support` of identity.json.
fn support() -> &'static str {
    let after = include_str!("../identity.json").split_once(r#""support": ""#);
    after.and_then(|(_, address)| address.split_once('"')).map_or("the extension's page", |(address, _)| address)
}

/// Whether a text has the form of a UID: 16 bytes in URL-safe Base64 without padding.
#[must_use]
pub fn is_uid_like(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
