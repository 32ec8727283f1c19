//! What came back: the encrypted answer of `get_secret`, or why there is none.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base64;
use crate::crypto::keys::TransmissionKey;
use crate::error::Error;
use crate::json::{self, Value, text_or_nothing};
use crate::protocol::failure::{Failure, is_transient, peer};
use crate::secret::SecretBytes;

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
    /// Too many requests; perhaps for how many seconds to be silent.
    Throttled(Option<u64>),
    /// The server can't answer now.
    Unavailable(Error),
}

/// The answer's JSON. Members that are not needed are left out.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    /// Shared folders.
    #[serde(default, deserialize_with = "null_is_default")]
    pub folders: Vec<Folder>,
    /// Records that are shared directly.
    #[serde(default, deserialize_with = "null_is_default")]
    pub records: Vec<Record>,
    /// What Keeper has to say to the application's owner.
    #[serde(default, deserialize_with = "null_is_default")]
    pub warnings: Vec<Value>,
}

/// A shared folder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// Its UID.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub folder_uid: String,
    /// Its key, wrapped by the app key.
    #[serde(default)]
    pub folder_key: Blob,
    /// Its records.
    #[serde(default, deserialize_with = "null_is_default")]
    pub records: Vec<Record>,
}

/// A record in the answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its UID. A record that is shared in two places comes twice.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub record_uid: String,
    /// Its key, wrapped by the app key or a folder's.
    #[serde(default)]
    pub record_key: Blob,
    /// Its JSON, under its key.
    #[serde(default)]
    pub data: Blob,
    /// The folder in which it stands, although it is shared directly.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub inner_folder_uid: String,
    /// Its attachments.
    #[serde(default, deserialize_with = "null_is_default")]
    pub files: Vec<File>,
}

/// An attachment in the answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    /// Its UID.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub file_uid: String,
    /// Its key, wrapped by the record's.
    #[serde(default)]
    pub file_key: Blob,
    /// Its metadata's JSON, under its key.
    #[serde(default)]
    pub data: Blob,
    /// Where its content can be had for a while.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub url: String,
}

/// Bytes that stand in the JSON as Base64. What is missing, or is no Base64, is empty: no key opens it.
#[derive(Clone, Debug, Default)]
pub struct Blob(pub Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BlobVisitor)
    }
}

/// Reads Base64 straight from the JSON text, and lets one record's nonsense be that record's problem.
struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Base64")
    }

    fn visit_str<E>(self, text: &str) -> Result<Blob, E> {
        Ok(Blob(base64::decode(text).unwrap_or_default()))
    }

    fn visit_unit<E>(self) -> Result<Blob, E> {
        Ok(Blob::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Blob, E> {
        Ok(Blob::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Blob, E> {
        Ok(Blob::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Blob, E> {
        Ok(Blob::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Blob, E> {
        Ok(Blob::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Blob, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Blob::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Blob, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Blob::default())
    }
}

pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads what came back for `get_secret`.
///
/// # Errors
/// Whatever sending it again would not change.
pub fn read(response: HttpResponse, key: &TransmissionKey, host: &str) -> Result<Reply, Error> {
    let host = peer(host, response.via.as_deref());
    if response.status == 200 {
        let broken = |reason| Error::BrokenAnswer { host: host.clone(), reason };
        if response.body.is_empty() {
            return Err(broken("it is empty"));
        }
        if looks_like_html(&response.body) {
            return Err(Error::NotKeeper { host, status: 200, found: "a web page" });
        }
        let json = key
            .decrypt(response.body)
            .map_err(|_| broken("it does not decrypt with this request's key, so it was changed on the way"))?;
        return parse_answer(&json).map(|answer| Reply::Answer(Box::new(answer))).map_err(broken);
    }
    read_failure(&response, &host)
}

/// Reads the decrypted JSON of an answer, which may be followed by blanks.
fn parse_answer(plaintext: &SecretBytes) -> Result<Answer, &'static str> {
    // EXPOSE: what comes out holds ciphertexts only.
    json::object(plaintext.expose()).ok_or("what it decrypts to is not the JSON of an answer")
}

/// The body of a failure: machine code and message, under one of two names.
#[derive(Default, Deserialize)]
struct RefusalBody {
    #[serde(default)]
    result_code: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    additional_info: Option<String>,
    #[serde(default)]
    key_id: Value,
    #[serde(default)]
    retry_after: Value,
}

fn read_failure(response: &HttpResponse, host: &str) -> Result<Reply, Error> {
    let status = response.status;
    let Some(failure) = json::object::<RefusalBody>(&response.body) else {
        let host = host.to_owned();
        return match response.body.first() {
            _ if is_transient(status) => Ok(Reply::Unavailable(Error::OutOfService { host, status })),
            None => Err(Error::NotKeeper { host, status, found: "nothing else" }),
            Some(_) if looks_like_html(&response.body) => Err(Error::NotKeeper { host, status, found: "a web page" }),
            Some(_) => Err(Error::NotKeeper { host, status, found: "a text" }),
        };
    };
    let code = failure.result_code.or(failure.error).unwrap_or_default();
    match code.as_str() {
        "key" => {
            let id = number_text(&failure.key_id);
            id.map(Reply::RotateKey)
                .ok_or(Error::ServerKey { id: "it does not name".to_owned(), reason: "so no key can be chosen" })
        }
        // Keeper throttles by 403 and this code alone.
        "throttled" if status == 403 => {
            let seconds = number_text(&failure.retry_after).and_then(|text| text.parse().ok());
            Ok(Reply::Throttled(seconds.filter(|seconds| *seconds > 0)))
        }
        _ => {
            let message = failure.message.filter(|message| !message.is_empty()).or(failure.additional_info);
            let error = Error::Refused { status, code, message: message.unwrap_or_default() };
            if is_transient(status) { Ok(Reply::Unavailable(error)) } else { Err(error) }
        }
    }
}

/// A whole number, written as a number or as a text.
fn number_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        // EXPOSE: a number of seconds, or a key's id.
        Value::Text(text) => text.expose().trim().to_owned(),
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
