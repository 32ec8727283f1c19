//! The response to `get_secret`: the encrypted answer, or why there is none.

use serde::Deserialize;
use tsify::Tsify;

use crate::crypto::aes_gcm::Gcm;
use crate::crypto::keys::TransmissionKey;
use crate::error::Error;
use crate::json::{self, Faults, FromMembers, Reader, Stuck, Value};
use crate::protocol::answer::Answer;
use crate::protocol::failure::{Failure, broken_answer, is_transient, peer};
use crate::protocol::headers;
use crate::protocol::said::said;
use crate::protocol::server_keys;
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;

/// What Node reports about one request: a status if there was an answer, otherwise a code, and both if it broke off.
#[derive(Debug, Default, Deserialize, Tsify)]
#[serde(default, rename_all = "camelCase")]
pub struct Outcome {
    /// The proxy on the way, as `host:port`.
    #[tsify(optional)]
    via: Option<String>,
    /// The answer's status.
    #[tsify(optional)]
    status: Option<f64>,
    /// The answer's body, which crosses the door separately.
    #[serde(skip)]
    pub(crate) body: Option<Vec<u8>>,
    /// The header `Retry-After`.
    #[tsify(optional)]
    retry_after: Option<String>,
    /// The header `Date`.
    #[tsify(optional)]
    date: Option<String>,
    /// When the headers arrived by the agent's clock, in milliseconds since 1970.
    #[tsify(optional)]
    at_ms: Option<f64>,
    /// The header `Location`, as a whole URL.
    #[tsify(optional)]
    location: Option<String>,
    /// The code of the fault.
    #[tsify(optional, type = "FailureCode")]
    pub(crate) code: Option<String>,
    /// Whether it concerns the proxy, not what is beyond it.
    #[tsify(optional)]
    is_at_proxy: Option<bool>,
    /// The status with which the proxy refused.
    #[tsify(optional)]
    proxy_status: Option<f64>,
    /// A detail of the code.
    #[tsify(optional)]
    detail: Option<String>,
    /// Node's message for the fault.
    #[tsify(optional)]
    text: Option<String>,
    /// Whether it was the time limit of the whole run that ended it.
    #[tsify(optional)]
    is_out_of_time: Option<bool>,
}

impl From<Outcome> for HttpOutcome {
    fn from(outcome: Outcome) -> Self {
        // The status alone means "not now", however little of the answer follows.
        let is_answer = |status: &u16| outcome.code.is_none() || is_transient(*status);
        let Some(status) = outcome.status.and_then(status).filter(is_answer) else {
            return Self::Failed(Failure {
                code: outcome.code.unwrap_or_default(),
                via: outcome.via,
                is_at_proxy: outcome.is_at_proxy.unwrap_or_default(),
                status: outcome.proxy_status.and_then(status),
                detail: outcome.detail,
                text: outcome.text,
                is_out_of_time: outcome.is_out_of_time.unwrap_or_default(),
            });
        };
        let date_ms = outcome.date.as_deref().and_then(headers::date);
        let at_ms = outcome.at_ms.map(whole);
        let server_ms = date_ms.or(at_ms).unwrap_or_default();
        Self::Answered(HttpResponse {
            status,
            body: outcome.body.unwrap_or_default(),
            retry_after_s: outcome.retry_after.and_then(|header| headers::retry_after(&header, server_ms)),
            date_ms,
            at_ms,
            location: outcome.location,
            via: outcome.via,
        })
    }
}

fn status(number: f64) -> Option<u16> {
    u16::try_from(whole(number)).ok()
}

/// JavaScript's numbers as ours. A negative one, or what is not a number, counts as 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// What came back for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpOutcome {
    /// An answer, whatever its status.
    Answered(HttpResponse),
    /// No answer.
    Failed(Failure),
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The header `Retry-After`, in seconds from now.
    pub retry_after_s: Option<u64>,
    /// The header `Date`, in milliseconds since 1970.
    pub date_ms: Option<u64>,
    /// When the headers arrived by the agent's clock, in milliseconds since 1970.
    pub at_ms: Option<u64>,
    /// The header `Location`, as a whole URL. It may be signed.
    pub location: Option<String>,
    /// The proxy on the way, as `host:port`.
    pub via: Option<String>,
}

/// What an answer of `get_secret` says.
#[derive(Debug)]
pub enum Reply {
    /// The records, encrypted by their keys.
    Answer(Box<Answer>),
    /// Use the server key with this id.
    RotateKey(String),
    /// Too many requests; perhaps with how many seconds to wait.
    Throttled(Option<u64>),
    /// The server can't answer now.
    Unavailable(Error),
}

/// Reads the response to `get_secret`. The key is that of the request, if it was sent.
///
/// # Errors
/// A fault that a retry would not change.
pub fn read(
    response: HttpResponse,
    key: Option<&TransmissionKey>,
    host: &str,
    client_id: &SecretText,
    gcm: &dyn Gcm,
) -> Result<Reply, Error> {
    let host = peer(host, response.via.as_deref());
    if response.status == 200 {
        let broken = |reason| broken_answer(&host, reason);
        if response.body.is_empty() {
            return Err(broken("it is empty"));
        }
        if looks_like_html(&response.body) {
            return Err(not_keeper(&host, 200, "a web page"));
        }
        let json = key
            .ok_or_else(|| broken("it came before the request was sent"))?
            .decrypt_by(gcm, response.body)
            .map_err(|_| broken("it does not decrypt with this request's key, so it was changed on the way"))?;
        return parse_answer(&json).map(|answer| Reply::Answer(Box::new(answer))).map_err(broken);
    }
    read_failure(&response, &host, client_id)
}

/// Reads the decrypted JSON of an answer, which may be followed by white space.
fn parse_answer(plaintext: &SecretBytes) -> Result<Answer, &'static str> {
    // EXPOSE: the result contains ciphertexts only.
    json::object(plaintext.expose()).map_err(|_: Answer| "what it decrypts to is not the JSON of an answer")
}

/// The body of a refusal: a code and a message, each under one of two names.
#[derive(Default)]
struct RefusalBody {
    result_code: Option<String>,
    error: Option<String>,
    message: Option<String>,
    additional_info: Option<String>,
    key_id: Value,
    retry_after: Value,
}

impl FromMembers for RefusalBody {
    fn take(&mut self, name: &str, value: &mut Reader<'_>) -> Result<(), Stuck> {
        // A value of another type counts as missing.
        let text = |value: &mut Reader<'_>| {
            let text = value.text(name, &mut Faults::default())?;
            Ok::<_, Stuck>(Some(text).filter(|text| !text.is_empty()))
        };
        match name {
            "result_code" => self.result_code = text(value)?,
            "error" => self.error = text(value)?,
            "message" => self.message = text(value)?,
            "additional_info" => self.additional_info = text(value)?,
            "key_id" => self.key_id = value.value()?.unwrap_or_default(),
            "retry_after" => self.retry_after = value.value()?.unwrap_or_default(),
            _ => value.skip()?,
        }
        Ok(())
    }
}

const TOO_MANY_REQUESTS: u16 = 429;

fn read_failure(response: &HttpResponse, host: &str, client_id: &SecretText) -> Result<Reply, Error> {
    let status = response.status;
    let Ok(failure) = json::object::<RefusalBody>(&response.body) else {
        return match response.body.first() {
            // From the edge of Keeper's network, which throttles as Keeper itself does.
            _ if status == TOO_MANY_REQUESTS => Ok(Reply::Throttled(response.retry_after_s)),
            _ if is_transient(status) => Ok(Reply::Unavailable(out_of_service(host, status))),
            None => Err(not_keeper(host, status, "nothing else")),
            Some(_) if looks_like_html(&response.body) => Err(not_keeper(host, status, "a web page")),
            Some(_) => Err(not_keeper(host, status, "a text")),
        };
    };
    let code = failure.result_code.or(failure.error).unwrap_or_default();
    match code.as_str() {
        "key" => {
            let id = number_text(&failure.key_id);
            id.map(Reply::RotateKey).ok_or_else(|| {
                Error::new("Keeper asks for another server key without a valid id").with_hint(server_keys::NEW_CONFIG)
            })
        }
        // Keeper has throttled with status 429 since June 2026; before, with 403 and this code.
        code if status == TOO_MANY_REQUESTS || (status == 403 && code == "throttled") => {
            let seconds = number_text(&failure.retry_after).and_then(|text| text.parse().ok());
            Ok(Reply::Throttled(seconds.filter(|seconds| *seconds > 0).or(response.retry_after_s)))
        }
        _ => {
            let message = failure.message.filter(|message| !message.is_empty()).or(failure.additional_info);
            let message = message.map(|message| said(&message, client_id)).unwrap_or_default();
            let error = refused(status, &said(&code, client_id), &message);
            if is_transient(status) { Ok(Reply::Unavailable(error)) } else { Err(error) }
        }
    }
}

fn refused(status: u16, code: &str, message: &str) -> Error {
    let verb = if status >= 500 { "failed" } else { "refused the request" };
    let [code_shown, message_shown] = [(code, ", "), (message, ": ")].map(|(text, before)| match text {
        "" => String::new(),
        text => format!("{before}{}", shown(text)),
    });
    let error = Error::new(format!("Keeper {verb} (status {status}{code_shown}){message_shown}"));
    // The likely causes, which only Keeper's message may distinguish.
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
        _ => return error,
    };
    error.with_hint(hint)
}

fn out_of_service(host: &str, status: u16) -> Error {
    Error::new(format!("{} is out of service (status {status})", shown(host)))
        .with_hint("try again later; if other clients work, check the proxy")
}

fn not_keeper(host: &str, status: u16, found: &str) -> Error {
    Error::new(format!("{} answered with status {status} and {found}, not as Keeper does", shown(host)))
        .with_hint("check the config's hostname and any proxy in between")
}

/// A whole number, written as a number or as a text.
fn number_text(value: &Value) -> Option<String> {
    let text = match value {
        // EXPOSE: a number of seconds, or a key's id.
        Value::Number(text) | Value::Text(text) => text.expose().trim().to_owned(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    start.first_chunk::<5>().is_some_and(|start| {
        start.eq_ignore_ascii_case(b"<html")
            || start.eq_ignore_ascii_case(b"<!doc")
            || start.eq_ignore_ascii_case(b"<head")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_broke_off_is_one_if_its_status_says_not_now() {
        let after = |status: f64, code: Option<&str>| {
            let code = code.map(str::to_owned);
            HttpOutcome::from(Outcome { status: Some(status), code, ..Outcome::default() })
        };
        for (status, code, is_answer) in [
            (200.0, None, true),
            (429.0, Some("ECONNRESET"), true),
            (503.0, Some("BODY_TIMEOUT"), true),
            (200.0, Some("ECONNRESET"), false),
            (401.0, Some("ECONNRESET"), false),
        ] {
            assert_eq!(matches!(after(status, code), HttpOutcome::Answered(_)), is_answer, "{status} {code:?}");
        }
    }
}
