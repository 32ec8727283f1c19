//! The request `get_secret`: a JSON payload under a new transmission key, which only the server can unwrap, signed by
//! the client.

use serde::{Serialize, Serializer};
use tsify::Tsify;

use super::server_keys::ServerKeys;
use crate::base64;
use crate::crypto::keys::TransmissionKey;
use crate::crypto::{Entropy, ecies};
use crate::error::Error;
use crate::inputs::config::Config;
use crate::json::Value;
use crate::secret::SecretText;

/// The client version that is sent. Keeper only serves registered versions of its own SDKs, of which this is one.
pub const CLIENT_VERSION: &str = "ms17.5.0";

/// An HTTP request for Node to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// `GET`, which has neither headers of its own nor a body, or `POST`, which is to be sealed before it is sent.
    pub method: &'static str,
    /// The whole URL. That of an attachment is signed, so it is a secret while it is valid.
    pub url: String,
    /// The most bytes to read of the answer.
    pub limit: u64,
    /// How long to wait before it is sent, in milliseconds.
    pub delay_ms: u64,
    /// How long it may take from then on, in milliseconds; without a limit, as long as data keeps arriving.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub timeout_ms: Option<u64>,
    /// How long the server may be silent, in milliseconds, once it has the request.
    pub silence_ms: u64,
}

/// How long a server may be silent where the author sets no limit, in milliseconds.
pub const SILENCE_MS: u64 = 30_000;

/// The headers and the encrypted body of a `POST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Sealed {
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    #[serde(serialize_with = "as_bytes")]
    #[tsify(type = "Uint8Array")]
    pub body: Vec<u8>,
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// The payload of `get_secret`. A filter that is left out asks for all records.
fn payload(client_id: &SecretText, requested_records: &[String]) -> SecretText {
    let text = |text: &str| Value::Text(SecretText::from(text));
    let mut members = vec![
        ("clientVersion".to_owned(), text(CLIENT_VERSION)),
        ("clientId".to_owned(), Value::Text(client_id.clone())),
    ];
    if !requested_records.is_empty() {
        let uids = requested_records.iter().map(|uid| text(uid)).collect();
        members.push(("requestedRecords".to_owned(), Value::List(uids)));
    }
    Value::Object(members).to_json()
}

/// The largest answer of `get_secret` that is read: 128 MiB, some 50,000 records. It is held in memory.
const ANSWER_LIMIT: u64 = 128 << 20;

/// The request itself. It is sealed later, while the connection is being made, as sealing takes time.
#[must_use]
pub fn get_secret(hostname: &str) -> Request {
    Request {
        method: "POST",
        url: format!("https://{hostname}/api/rest/sm/v1/get_secret"),
        limit: ANSWER_LIMIT,
        delay_ms: 0,
        timeout_ms: None,
        silence_ms: SILENCE_MS,
    }
}

/// Asks for the records with these UIDs, or for all records if there are none. The answer is opened by the key.
///
/// Draws, in this order, the transmission key, the ephemeral scalar, the nonce of the wrapped key, the nonce of the body.
///
/// # Errors
/// [`no_randomness`](crate::crypto::no_randomness) when the entropy source fails.
pub fn seal(
    config: &Config,
    server_keys: &ServerKeys,
    requested_records: &[String],
    entropy: &mut dyn Entropy,
) -> Result<(Sealed, TransmissionKey), Error> {
    let transmission_key = TransmissionKey::generate(entropy)?;
    let wrapped_key = ecies::wrap_for(server_keys.point(), &transmission_key, entropy)?;
    // EXPOSE: the payload leaves encrypted.
    let payload = payload(&config.client_id, requested_records);
    let body = transmission_key.encrypt(payload.expose().as_bytes(), entropy)?;

    // Keeper signs the raw blob and the raw body, not their Base64.
    let signature = config.client_key.sign(&[wrapped_key.as_slice(), body.as_slice()].concat());
    let sealed = Sealed {
        headers: vec![
            ("Content-Type", "application/octet-stream".to_owned()),
            ("Content-Length", body.len().to_string()),
            ("PublicKeyId", server_keys.id().to_owned()),
            ("TransmissionKey", base64::encode(&wrapped_key)),
            ("Authorization", format!("Signature {}", base64::encode(&signature))),
        ],
        body,
    };
    Ok((sealed, transmission_key))
}
