//! Why the task can't go on, in words for the person who wrote the pipeline.
//!
//! An [`Error`] is one sentence (lower case, no full stop) and perhaps a hint. It never holds a value, a key, the config,
//! a body or a URL.

use thiserror::Error;

use crate::text::shown;

/// What went wrong.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A message that is worded where it is found.
    #[error("{}", .0.text)]
    Worded(Box<Message>),
    // ---- Keeper's servers -------------------------------------------------------------------------------------
    /// Keeper refused the request.
    #[error(
        "Keeper {} (status {status}{}){}",
        if *status >= 500 { "failed" } else { "refused the request" },
        code_shown(code),
        if message.is_empty() { String::new() } else { format!(": {}", shown(message)) }
    )]
    Refused {
        /// HTTP status.
        status: u16,
        /// Machine code such as `access_denied`, or empty.
        code: String,
        /// Keeper's message, or empty.
        message: String,
    },
    /// The server, or a proxy before it, can't answer now.
    #[error("{} is out of service (status {status})", shown(host))]
    OutOfService {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// Something that is not Keeper answered.
    #[error("{} answered with status {status} and {found}, not as Keeper does", shown(host))]
    NotKeeper {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// What the body is.
        found: &'static str,
    },
    /// The answer can't be opened.
    #[error("the answer of {} cannot be read: {reason}", shown(host))]
    BrokenAnswer {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Keeper wants a server key that can't be had.
    #[error("Keeper asks for the server key {}, {reason}", shown(id))]
    ServerKey {
        /// The id that Keeper names.
        id: String,
        /// Why it can't be used.
        reason: &'static str,
    },
    /// No connection, or it broke.
    #[error("no answer from {host}: {reason}")]
    Unreachable {
        /// The host, and the proxy on the way to it.
        host: String,
        /// The system's code such as `ENOTFOUND`, in words where there are any.
        reason: String,
    },
    /// The time limit was over before the answer was there.
    #[error("no complete answer from {host} within the time limit of {limit_s} s: {reason}")]
    OutOfTime {
        /// The host or the proxy that was waited for.
        host: String,
        /// The limit in seconds.
        limit_s: u64,
        /// What was waited for.
        reason: String,
    },
    /// The server's certificate was not accepted.
    #[error("the certificate of {host} is not accepted: {reason}")]
    Untrusted {
        /// The host or the proxy.
        host: String,
        /// What is wrong with it.
        reason: String,
        /// Whether the only fault is that its issuer is unknown here.
        is_issuer_unknown: bool,
    },
    /// No connection to the proxy, or it broke.
    #[error("no answer from the proxy {proxy}: {reason}")]
    ProxyUnreachable {
        /// The proxy.
        proxy: String,
        /// The system's code, in words where there are any.
        reason: String,
    },
    /// The proxy answered and did not connect.
    #[error("the proxy {proxy} {problem} (status {status})")]
    ProxyRefused {
        /// The proxy.
        proxy: String,
        /// Its status.
        status: u16,
        /// What it means by that.
        problem: String,
    },
    /// A setting of the network cannot be used.
    #[error("`{}` {problem}", shown(name))]
    Setting {
        /// The input, or the agent's setting.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A download failed.
    #[error("the download of the attachment `{}` failed with status {status}", shown(file))]
    Download {
        /// The attachment.
        file: String,
        /// HTTP status.
        status: u16,
    },
    /// A download broke off or brought something else.
    #[error("the download of the attachment `{}` failed: {reason}", shown(file))]
    BrokenDownload {
        /// The attachment.
        file: String,
        /// What happened.
        reason: String,
    },
    /// There was no way to an attachment.
    #[error("the download of the attachment `{}` failed: {cause}", shown(file))]
    UnreachableDownload {
        /// The attachment.
        file: String,
        /// Why not.
        cause: Box<Error>,
    },

    // ---- neither the author's nor Keeper's fault ---------------------------------------------------------------
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
    /// Something that can't happen did.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// A sentence, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    text: String,
    hint: Option<String>,
    is_absence: bool,
}

impl Error {
    /// An error in these words: lower case, one sentence, no full stop, nothing secret.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Worded(Box::new(Message { text: text.into(), hint: None, is_absence: false }))
    }

    /// An error that says that something is not there, which an optional line puts up with.
    pub(crate) fn absent(text: impl Into<String>) -> Self {
        Self::Worded(Box::new(Message { text: text.into(), hint: None, is_absence: true }))
    }

    /// The same error with what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Worded(message) = &mut self {
            message.hint = Some(hint.into());
        }
        self
    }

    /// What to do about it, if there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Worded(message) => return message.hint.clone(),
            Self::Refused { code, message, .. } => return refusal_hint(code, message),
            Self::NotKeeper { .. } => "check the config's hostname and any proxy in between".to_owned(),
            Self::ServerKey { .. } => "make a new config for this application".to_owned(),
            Self::Unreachable { .. } => {
                "check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)"
                    .to_owned()
            }
            Self::OutOfTime { .. } => {
                "if it is only slow, raise the input `timeoutInSeconds`; otherwise check what is between the agent and it"
                    .to_owned()
            }
            Self::Untrusted { is_issuer_unknown: true, .. } => {
                "if a proxy of your company inspects TLS, give its authority's certificate (PEM) in the input \
                 `caCertificate`, or in NODE_EXTRA_CA_CERTS on the agent; the check cannot be turned off"
                    .to_owned()
            }
            Self::Untrusted { .. } => {
                "check the config's hostname and any proxy in between; the check cannot be turned off".to_owned()
            }
            Self::ProxyUnreachable { .. } => {
                "check the proxy that the agent is configured with (`--proxyurl`), or HTTPS_PROXY".to_owned()
            }
            Self::ProxyRefused { status: 407, .. } => {
                "configure the agent with `--proxyusername` and `--proxypassword`, or let HTTPS_PROXY hold them, \
                 percent-encoded"
                    .to_owned()
            }
            Self::ProxyRefused { .. } => {
                "have the proxy allow this host, or name it in the agent's `.proxybypass` or in NO_PROXY".to_owned()
            }
            Self::Setting { name, .. } if name == "caCertificate" => {
                "give the certificate itself, from `-----BEGIN CERTIFICATE-----` on, or the path of such a file on the \
                 agent"
                    .to_owned()
            }
            Self::Setting { .. } => "as in `http://proxy.example.com:3128`, or with `https://`".to_owned(),
            Self::UnreachableDownload { cause, .. } if matches!(**cause, Self::Unreachable { .. }) => {
                "the agent has to be allowed to connect to this host as well (port 443, proxy, firewall)".to_owned()
            }
            Self::UnreachableDownload { cause, .. } => return cause.hint(),
            Self::Download { status: 401 | 403, .. } => {
                "run the pipeline again; the address of an attachment is valid for a short time".to_owned()
            }
            Self::Download { status: 500.., .. } => {
                "Keeper's storage is out of service; run the pipeline again".to_owned()
            }
            Self::OutOfService { .. } => "try again later; if other clients work, look at the proxy".to_owned(),
            Self::Internal(_) => format!("please report this, with the task's version, at {}", support()),
            _ => return None,
        };
        Some(hint)
    }
}

/// Where faults of the task are reported: `support` of identity.json.
fn support() -> &'static str {
    let after = include_str!("../identity.json").split_once(r#""support": ""#);
    after.and_then(|(_, address)| address.split_once('"')).map_or("the extension's page", |(address, _)| address)
}

impl Error {
    /// Whether it says that something is not there, which an optional line puts up with.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Worded(message) if message.is_absence)
    }
}

/// The likely causes of a refusal, which only Keeper's message may distinguish.
fn refusal_hint(code: &str, message: &str) -> Option<String> {
    let hint = match code {
        "access_denied" if message.to_ascii_lowercase().contains("signature") => {
            "the config's private key does not belong to its device: make a new config"
        }
        "access_denied" => {
            "check in Keeper Vault that the device was not removed, has not expired and is not locked to another IP \
             address, and that the config is for this region"
        }
        "invalid_client_version" => "update this extension",
        "invalid_client" | "invalid_token" => "the device does not exist any more: make a new config",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn code_shown(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(", {}", shown(code)) }
}

/// Whether a text has the form of a UID: 16 bytes in URL-safe Base64 without padding.
#[must_use]
pub fn is_uid_like(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
