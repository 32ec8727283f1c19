//! Words for a request that got no answer, and whether it is worth another try.

use crate::error::Error;

/// What kind of failure a code of Node's, or of the task's own network layer, stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It may go away by itself.
    Passing,
    /// The server's certificate was not accepted.
    Untrusted,
    /// It will be the same next time.
    Lasting,
}

const FAILURES: [(&str, Kind, &str); 25] = [
    ("ENOTFOUND", Kind::Passing, "its name cannot be resolved"),
    ("EAI_AGAIN", Kind::Passing, "its name cannot be resolved now"),
    ("ECONNREFUSED", Kind::Passing, "it refuses connections"),
    ("ECONNRESET", Kind::Passing, "the connection broke"),
    ("ECONNABORTED", Kind::Passing, "the connection broke"),
    ("EPIPE", Kind::Passing, "the connection broke"),
    ("EHOSTUNREACH", Kind::Passing, "there is no way to it"),
    ("ENETUNREACH", Kind::Passing, "there is no way to it"),
    ("ETIMEDOUT", Kind::Passing, "it did not answer in time"),
    ("TIMEOUT", Kind::Passing, "it did not answer in time"),
    ("TRUNCATED", Kind::Passing, "the answer ended too early"),
    ("HPE_INVALID_CONSTANT", Kind::Lasting, "it does not speak HTTP"),
    ("EPROTO", Kind::Lasting, "it does not speak TLS 1.2 or newer"),
    ("ERR_SSL_WRONG_VERSION_NUMBER", Kind::Lasting, "it does not speak TLS"),
    ("SELF_SIGNED_CERT_IN_CHAIN", Kind::Untrusted, UNKNOWN_ISSUER),
    ("DEPTH_ZERO_SELF_SIGNED_CERT", Kind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_GET_ISSUER_CERT", Kind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", Kind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", Kind::Untrusted, UNKNOWN_ISSUER),
    ("CERT_HAS_EXPIRED", Kind::Untrusted, "it has expired"),
    ("CERT_NOT_YET_VALID", Kind::Untrusted, "it is not valid yet; the agent's clock may be wrong"),
    ("ERR_TLS_CERT_ALTNAME_INVALID", Kind::Untrusted, "it is for another host"),
    ("TOO_LARGE", Kind::Lasting, "the answer is larger than it can be"),
    ("NOT_HTTPS", Kind::Lasting, "its address is not https"),
    ("ABORT_ERR", Kind::Lasting, "the task was cancelled"),
];

/// Why an attachment that came cannot be kept.
pub(crate) const UNDECRYPTABLE: &str = "its content does not decrypt with its key";

const UNKNOWN_ISSUER: &str = "its issuer is not one that this agent trusts";

/// Whether a failure without an answer may pass. What is wrong with a certificate, or with the answer's size, will not.
#[must_use]
pub fn is_worth_retrying(code: &str) -> bool {
    matches!(find(code), Some((Kind::Passing, _)))
}

/// What happened, with the code for a search engine. An unknown code stands alone: foreign words could quote anything.
#[must_use]
pub fn describe(code: &str) -> String {
    match find(code) {
        Some((_, words)) => format!("{words} ({code})"),
        None => code.to_owned(),
    }
}

/// The error for a server that gave no answer.
#[must_use]
pub fn unreachable(host: &str, code: &str) -> Error {
    let (host, reason) = (host.to_owned(), describe(code));
    match find(code) {
        Some((Kind::Untrusted, _)) => Error::Untrusted { host, reason },
        _ => Error::Unreachable { host, reason },
    }
}

fn find(code: &str) -> Option<(Kind, &'static str)> {
    FAILURES.iter().find(|(known, _, _)| *known == code).map(|(_, kind, words)| (*kind, *words))
}
