//! Failures of requests that got no answer: where each got stuck, whether a retry may help, and what to do about it.

use crate::codes::codes;
use crate::error::Error;
use crate::protocol::{alert, headers};
use crate::text::shown;

/// Why a request got no answer, as the network layer reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The system's code such as `ECONNRESET`, or one of the network layer's own.
    pub code: String,
    /// The proxy on the way, as `host:port`.
    pub via: Option<String>,
    /// Whether it concerns the proxy, not the server beyond it.
    pub is_at_proxy: bool,
    /// The status with which the proxy refused.
    pub status: Option<u16>,
    /// A detail of the code: a certificate's issuer, the header `Proxy-Authenticate`, the name of a setting.
    pub detail: Option<String>,
    /// Node's message for it. It could quote anything, so only OpenSSL's words about TLS are taken from it.
    pub text: Option<String>,
    /// Whether it was the time limit of the whole run that ended it.
    pub is_out_of_time: bool,
}

impl Failure {
    /// A failure of which only the code is known.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self { code: code.to_owned(), ..Self::default() }
    }

    /// Whether it may be temporary, which is not so for a certificate, a setting or the answer's size.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self.status {
            Some(status) => is_transient(status),
            None => self.kind() == Some(FailureKind::Passing) && !self.is_out_of_time,
        }
    }

    /// The error for a request to a host. `limit_s` is the time limit of the run, in seconds.
    #[must_use]
    pub fn to_error(&self, host: &str, limit_s: u64) -> Error {
        let proxy = self.via.as_deref().map(shown).unwrap_or_default();
        if let Some(status) = self.status {
            return refused_by_proxy(&proxy, status, &self.refusal(status, host));
        }
        let peer = if self.is_at_proxy { format!("the proxy {proxy}") } else { peer(host, self.via.as_deref()) };
        let reason = self.describe();
        match find(&self.code) {
            _ if self.is_out_of_time => Error::new(format!(
                "no complete answer from {peer} within the time limit of {limit_s} s: {reason}"
            ))
            .with_hint(
                "if it is only slow, raise the input `timeoutInSeconds`; otherwise check what is between the agent and it",
            ),
            Some((FailureKind::Untrusted, words)) => untrusted(&peer, &reason, words),
            Some((FailureKind::Unusable, words)) => broken_answer(&peer, words),
            Some((FailureKind::Setting, words)) => wrong_setting(self.detail.as_deref().unwrap_or_default(), words),
            _ if self.is_at_proxy => Error::new(format!("no answer from the proxy {proxy}: {reason}"))
                .with_hint("check the proxy that the agent is configured with (`--proxyurl`), or HTTPS_PROXY"),
            _ => Error::new(format!("no answer from {peer}: {reason}")).with_hint(
                "check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)",
            ),
        }
    }

    /// The error for the download of an attachment.
    #[must_use]
    pub fn to_download_error(&self, file: &str, host: &str, limit_s: u64) -> Error {
        let file = shown(file);
        let cause = match self.kind() {
            Some(FailureKind::Unusable) => Error::new(self.describe()),
            _ => self.to_error(host, limit_s),
        };
        let hint = if self.is_unreachable() {
            Some("the agent has to be allowed to connect to this host as well (port 443, proxy, firewall)".to_owned())
        } else {
            cause.hint()
        };
        let error = Error::new(format!("the download of the attachment `{file}` failed: {cause}"));
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// Whether the host itself could not be reached.
    fn is_unreachable(&self) -> bool {
        let is_other =
            matches!(self.kind(), Some(FailureKind::Untrusted | FailureKind::Unusable | FailureKind::Setting));
        self.status.is_none() && !self.is_out_of_time && !self.is_at_proxy && !is_other
    }

    fn kind(&self) -> Option<FailureKind> {
        find(&self.code).map(|(kind, _)| kind)
    }

    /// What happened, with the code for a search engine.
    fn describe(&self) -> String {
        let code = shown(&self.code);
        let Some((_, words)) = find(&self.code) else { return code };
        let text = self.text.as_deref().unwrap_or_default();
        match (words, self.detail.as_deref(), alert::name(text)) {
            (UNKNOWN_ISSUER, Some(issuer), _) => format!("its issuer `{}` {NOT_TRUSTED} ({code})", shown(issuer)),
            (REJECTED, _, _) => format!("{REJECTED}: {} ({code})", shown(text)),
            (NOT_TLS, _, Some(alert)) => format!("{ALERT} {alert} ({code})"),
            _ => format!("{words} ({code})"),
        }
    }

    fn refusal(&self, status: u16, host: &str) -> String {
        let host = shown(host);
        match (status, self.detail.as_deref()) {
            (407, Some(header)) if needs_another_login(header) => {
                let schemes = headers::schemes(header).join(", ");
                format!("asks for a login by {}, and this task supports Basic only", shown(&schemes))
            }
            (407, _) if self.code == "PROXY_CREDENTIALS" => "does not accept this user name and password".to_owned(),
            (407, _) => "wants a user name and a password".to_owned(),
            (status, _) if is_transient(status) => format!("could not connect to {host}"),
            _ => format!("does not allow connections to {host}"),
        }
    }
}

/// Whether a proxy's header `Proxy-Authenticate` offers ways to log in, but not the one that the task supports.
fn needs_another_login(header: &str) -> bool {
    let schemes = headers::schemes(header);
    !schemes.is_empty() && !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

fn refused_by_proxy(proxy: &str, status: u16, problem: &str) -> Error {
    Error::new(format!("the proxy {proxy} {problem} (status {status})")).with_hint(if status == 407 {
        "configure the agent with `--proxyusername` and `--proxypassword`, or let HTTPS_PROXY hold them, percent-encoded"
    } else {
        "have the proxy allow this host, or name it in the agent's `.proxybypass` or in NO_PROXY"
    })
}

fn untrusted(peer: &str, reason: &str, words: &str) -> Error {
    Error::new(format!("the certificate of {peer} is not accepted: {reason}")).with_hint(if words == UNKNOWN_ISSUER {
        "if a proxy of your company inspects TLS, give its authority's certificate (PEM) in the input \
         `caCertificate`, or in NODE_EXTRA_CA_CERTS on the agent; the check cannot be turned off"
    } else {
        "check the config's hostname and any proxy in between; the check cannot be turned off"
    })
}

fn wrong_setting(name: &str, problem: &str) -> Error {
    Error::new(format!("`{}` {problem}", shown(name))).with_hint(if name == "caCertificate" {
        "give the certificate itself, from `-----BEGIN CERTIFICATE-----` on, or the path of such a file on the agent"
    } else {
        "as in `http://proxy.example.com:3128`, or with `https://`"
    })
}

/// The error for an answer of this host that can't be opened.
pub(super) fn broken_answer(host: &str, reason: &str) -> Error {
    Error::new(format!("the answer of {} cannot be read: {reason}", shown(host)))
}

/// A host as messages name it, with the proxy on the way to it.
#[must_use]
pub fn peer(host: &str, via: Option<&str>) -> String {
    match via {
        Some(proxy) => format!("{} via {}", shown(host), shown(proxy)),
        None => shown(host),
    }
}

/// Whether a status of a server, or of a proxy before it, means "not now".
#[must_use]
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// What kind of failure a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureKind {
    /// It may pass.
    Passing,
    /// It will be the same next time.
    Lasting,
    /// The server's certificate was not accepted.
    Untrusted,
    /// The answer cannot be used.
    Unusable,
    /// An input, or a setting of the agent, is wrong.
    Setting,
}

codes! {
    /// The meaning of the codes of Node and of the network layer.
    FAILURES: (&str, FailureKind, &str), FAILURE_CODES of "KnownFailure" {
    ("ENOTFOUND", FailureKind::Passing, "its name cannot be resolved"),
    ("EAI_AGAIN", FailureKind::Passing, "its name cannot be resolved at the moment"),
    ("EAI_FAIL", FailureKind::Passing, "its name cannot be resolved at the moment"),
    ("NAME_TIMEOUT", FailureKind::Passing, "its name was not resolved in time"),
    ("ECONNREFUSED", FailureKind::Passing, "it refuses connections"),
    ("ECONNRESET", FailureKind::Passing, "the connection broke"),
    ("ECONNABORTED", FailureKind::Passing, "the connection broke"),
    ("EPIPE", FailureKind::Passing, "the connection broke"),
    ("EHOSTUNREACH", FailureKind::Passing, "there is no route to it"),
    ("EHOSTDOWN", FailureKind::Passing, "there is no route to it"),
    ("ENETUNREACH", FailureKind::Passing, "there is no route to it"),
    ("ENETDOWN", FailureKind::Passing, "there is no route to it"),
    ("EADDRNOTAVAIL", FailureKind::Passing, "there is no route to it"),
    ("ETIMEDOUT", FailureKind::Passing, "it did not answer in time"),
    ("CONNECT_TIMEOUT", FailureKind::Passing, "it did not accept a connection in time"),
    ("TUNNEL_TIMEOUT", FailureKind::Passing, "it was asked for a tunnel and did not answer in time"),
    ("TLS_TIMEOUT", FailureKind::Passing, "it accepted a connection and did not begin TLS in time"),
    ("ANSWER_TIMEOUT", FailureKind::Passing, "it accepted the request but did not answer in time"),
    ("BODY_TIMEOUT", FailureKind::Passing, "it stopped in the middle of its answer"),
    ("TRUNCATED", FailureKind::Passing, "the answer ended too early"),
    ("EPROTO", FailureKind::Lasting, NOT_TLS),
    ("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", FailureKind::Passing, "the connection was garbled"),
    ("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", FailureKind::Lasting, "it wants a client certificate"),
    ("UPGRADED", FailureKind::Lasting, "it switches to another protocol, which was not requested"),
    ("ANNOUNCEMENTS", FailureKind::Lasting, "it sends interim responses without end"),
    ("UNANSWERED", FailureKind::Passing, "the connection ended without an answer"),
    ("HPE_HEADER_OVERFLOW", FailureKind::Lasting, "the headers of its answer are larger than allowed"),
    ("TUNNEL_HEAD", FailureKind::Lasting, "it answered with data instead of opening a tunnel"),
    ("NOT_HTTPS", FailureKind::Unusable, "its address is not https"),
    ("ABORT_ERR", FailureKind::Lasting, "the task was cancelled"),
    ("SELF_SIGNED_CERT_IN_CHAIN", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("DEPTH_ZERO_SELF_SIGNED_CERT", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_GET_ISSUER_CERT", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("CERT_UNTRUSTED", FailureKind::Untrusted, UNKNOWN_ISSUER),
    ("CERT_SIGNATURE_FAILURE", FailureKind::Untrusted, "its signature is wrong"),
    ("CERT_HAS_EXPIRED", FailureKind::Untrusted, "it has expired, or the agent's clock is wrong"),
    ("CERT_NOT_YET_VALID", FailureKind::Untrusted, "it is not valid yet, or the agent's clock is wrong"),
    ("CERT_REVOKED", FailureKind::Untrusted, "it was revoked"),
    ("CERT_REJECTED", FailureKind::Untrusted, "it may not be used by a server"),
    ("INVALID_PURPOSE", FailureKind::Untrusted, "it may not be used by a server"),
    ("INVALID_CA", FailureKind::Untrusted, "its issuer may not issue certificates"),
    ("PATH_LENGTH_EXCEEDED", FailureKind::Untrusted, "its issuer may not issue certificates"),
    ("UNSPECIFIED", FailureKind::Untrusted, REJECTED),
    ("ERR_TLS_CERT_ALTNAME_INVALID", FailureKind::Untrusted, "it is for another host"),
    ("TOO_LARGE", FailureKind::Unusable, "it is larger than allowed"),
    ("ENCODED", FailureKind::Unusable, "it is compressed, which was not requested"),
    ("REDIRECT_NOT_HTTPS", FailureKind::Unusable, "it is redirected to an address that is not https"),
    ("REDIRECTS", FailureKind::Unusable, "it is redirected too many times"),
    ("CA_UNREADABLE", FailureKind::Setting, "is neither a certificate in PEM nor the path of a file that can be read"),
    ("CA_MISSING", FailureKind::Setting, "holds no certificate"),
    ("CA_BROKEN", FailureKind::Setting, "holds a certificate that cannot be read"),
    ("PROXY_ADDRESS", FailureKind::Setting, "is not the address of a proxy"),
    ("PROXY_SCHEME", FailureKind::Setting, "names a kind of proxy that this task cannot use"),
    ("ERR_INVALID_URL", FailureKind::Lasting, "the address is not a URL"),
    ("ERR_INVALID_CHAR", FailureKind::Lasting, "the request holds a character that cannot be sent"),
    }
}

/// Codes that differ between versions of Node and of OpenSSL, by prefix.
const FAMILIES: [(&str, FailureKind, &str); 3] = [
    ("HPE_", FailureKind::Lasting, "it does not speak HTTP as it should"),
    ("ERR_SSL_", FailureKind::Lasting, NOT_TLS),
    ("ERR_TLS_", FailureKind::Lasting, NOT_TLS),
];

/// Why an attachment that arrived cannot be kept.
pub(crate) const UNDECRYPTABLE: &str = "its content does not decrypt with its key";

const NOT_TLS: &str = "it does not speak TLS 1.2 or newer";
const ALERT: &str = "it ended TLS with the alert";
/// Node does not have a code for every fault of a certificate that OpenSSL finds.
const REJECTED: &str = "OpenSSL rejects it";
const UNKNOWN_ISSUER: &str = "its issuer is not one that this agent trusts";
const NOT_TRUSTED: &str = "is not one that this agent trusts";

/// Whether a code says that a certificate's issuer is unknown here.
#[must_use]
pub fn is_unknown_issuer(code: &str) -> bool {
    find(code).is_some_and(|(_, words)| words == UNKNOWN_ISSUER)
}

fn find(code: &str) -> Option<(FailureKind, &'static str)> {
    let exact = FAILURES.iter().find(|(known, _, _)| *known == code);
    let (_, kind, words) = exact.or_else(|| FAMILIES.iter().find(|(start, _, _)| code.starts_with(start)))?;
    Some((*kind, *words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::progress::{Phase, Progress};

    const HOST: &str = "keeper.example.test";
    const PROXY: Option<&str> = Some("proxy.example.test:3128");

    fn message(failure: &Failure, via: Option<&str>) -> String {
        let via = via.map(str::to_owned);
        Failure { via, ..failure.clone() }.to_error(HOST, 120).to_string()
    }

    #[test]
    fn a_code_becomes_a_sentence_about_whoever_failed() {
        let at_proxy = |code: &str| Failure { is_at_proxy: true, ..Failure::new(code) };
        for (failure, via, expected) in [
            (Failure::new("ECONNRESET"), None, "no answer from keeper.example.test: the connection broke (ECONNRESET)"),
            (Failure::new("EWHATEVER"), None, "no answer from keeper.example.test: EWHATEVER"),
            (
                Failure::new("ENOTFOUND"),
                PROXY,
                "no answer from keeper.example.test via proxy.example.test:3128: its name cannot be resolved (ENOTFOUND)",
            ),
            (
                at_proxy("ECONNREFUSED"),
                PROXY,
                "no answer from the proxy proxy.example.test:3128: it refuses connections (ECONNREFUSED)",
            ),
            (
                Failure { is_out_of_time: true, ..Failure::new("BODY_TIMEOUT") },
                None,
                "no complete answer from keeper.example.test within the time limit of 120 s: it stopped in the middle of its \
                 answer (BODY_TIMEOUT)",
            ),
            (
                Failure::new("HPE_INVALID_METHOD"),
                None,
                "no answer from keeper.example.test: it does not speak HTTP as it should (HPE_INVALID_METHOD)",
            ),
            (
                Failure::new("ENCODED"),
                None,
                "the answer of keeper.example.test cannot be read: it is compressed, which was not requested",
            ),
            (
                Failure { detail: Some("caCertificate".to_owned()), ..Failure::new("CA_MISSING") },
                None,
                "`caCertificate` holds no certificate",
            ),
        ] {
            assert_eq!(message(&failure, via), expected);
        }
    }

    #[test]
    fn openssls_words_name_alerts_and_what_is_wrong_with_a_certificate() {
        let said =
            |code: &str, text: &str| message(&Failure { text: Some(text.to_owned()), ..Failure::new(code) }, None);
        for (code, text, expected) in [
            (
                "EPROTO",
                "write EPROTO 40C7:error:0A000410:SSL routines:x:y:z.c:1605:SSL alert number 40\n",
                "no answer from keeper.example.test: it ended TLS with the alert handshake_failure (EPROTO)",
            ),
            (
                "EPROTO",
                "wrong version number",
                "no answer from keeper.example.test: it does not speak TLS 1.2 or newer (EPROTO)",
            ),
            (
                "UNSPECIFIED",
                "CA signature digest algorithm too weak",
                "the certificate of keeper.example.test is not accepted: OpenSSL rejects it: CA signature digest algorithm too \
                 weak (UNSPECIFIED)",
            ),
            ("ECONNRESET", "words", "no answer from keeper.example.test: the connection broke (ECONNRESET)"),
        ] {
            assert_eq!(said(code, text), expected);
        }
    }

    #[test]
    fn a_proxy_that_does_not_answer_is_to_be_checked_itself() {
        let proxy = PROXY.map(str::to_owned);
        let error = Failure { is_at_proxy: true, via: proxy, ..Failure::new("ECONNREFUSED") }.to_error(HOST, 120);
        assert_eq!(
            error.to_string(),
            "no answer from the proxy proxy.example.test:3128: it refuses connections (ECONNREFUSED)"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("check the proxy that the agent is configured with (`--proxyurl`), or HTTPS_PROXY")
        );
    }

    #[test]
    fn an_untrusted_certificate_is_told_with_its_issuer() {
        let known = Failure { detail: Some("Company CA".to_owned()), ..Failure::new("SELF_SIGNED_CERT_IN_CHAIN") };
        assert_eq!(
            message(&known, None),
            "the certificate of keeper.example.test is not accepted: its issuer `Company CA` is not one that this agent \
             trusts (SELF_SIGNED_CERT_IN_CHAIN)"
        );
        assert_eq!(
            message(&Failure { is_at_proxy: true, ..Failure::new("CERT_HAS_EXPIRED") }, PROXY),
            "the certificate of the proxy proxy.example.test:3128 is not accepted: it has expired, or the agent's clock is \
             wrong (CERT_HAS_EXPIRED)"
        );
    }

    #[test]
    fn a_proxys_refusal_is_told_by_what_it_wants() {
        let refusal = |status, code: &str, detail: Option<&str>| {
            let detail = detail.map(str::to_owned);
            let failure = Failure { status: Some(status), detail, is_at_proxy: true, ..Failure::new(code) };
            message(&failure, PROXY)
        };
        let proxy = "the proxy proxy.example.test:3128";
        for (status, code, detail, expected) in [
            (407, "PROXY_STATUS", None, "wants a user name and a password (status 407)"),
            (407, "PROXY_STATUS", Some("Negotiate, Basic"), "wants a user name and a password (status 407)"),
            (407, "PROXY_CREDENTIALS", None, "does not accept this user name and password (status 407)"),
            (
                407,
                "PROXY_CREDENTIALS",
                Some("Negotiate, NTLM"),
                "asks for a login by Negotiate, NTLM, and this task supports Basic only (status 407)",
            ),
            (403, "PROXY_STATUS", None, "does not allow connections to keeper.example.test (status 403)"),
            (502, "PROXY_STATUS", None, "could not connect to keeper.example.test (status 502)"),
        ] {
            assert_eq!(refusal(status, code, detail), format!("{proxy} {expected}"));
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (code, expected) in [
            ("ECONNRESET", true),
            ("EAI_AGAIN", true),
            ("ANSWER_TIMEOUT", true),
            ("CERT_HAS_EXPIRED", false),
            ("HPE_INVALID_CONSTANT", false),
            ("TOO_LARGE", false),
            ("EWHATEVER", false),
        ] {
            assert_eq!(Failure::new(code).is_passing(), expected, "{code}");
        }
        for (status, expected) in [(407, false), (403, false), (502, true), (503, true)] {
            assert_eq!(Failure { status: Some(status), ..Failure::default() }.is_passing(), expected, "{status}");
        }
        assert!(!Failure { is_out_of_time: true, ..Failure::new("ANSWER_TIMEOUT") }.is_passing());
    }

    #[test]
    fn every_code_stands_in_the_table_once() {
        let mut codes: Vec<&str> = FAILURES.iter().map(|(code, _, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), FAILURES.len());
    }

    #[test]
    fn whatever_ends_a_request_on_its_way_has_words() {
        let known = |progress: &Progress| find(progress.code().expect("it is over")).is_some();
        for phase in [Phase::Name, Phase::Connect, Phase::Tunnel, Phase::Tls, Phase::Answer, Phase::Body] {
            let mut progress = Progress::new(None, 0, 0);
            progress.enter(phase, false);
            while !progress.tick() {}
            assert!(known(&progress), "{phase:?}");
        }
        for (encoding, length) in [("gzip", 0), ("identity", 1)] {
            let mut progress = Progress::new(None, 0, 0);
            assert!(!progress.begin(200, encoding, length) && known(&progress), "{encoding}");
        }
        let mut progress = Progress::new(None, 0, 0);
        progress.end(false);
        assert!(known(&progress));
    }
}
