//! Test vectors that other implementations made from published or invented keys.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// `ksm-vectors.json`: made by Node's crypto; Keeper's JavaScript, Python and Rust SDKs were run on it.
pub(crate) fn ksm() -> Value {
    serde_json::from_str(include_str!("../vectors/ksm-vectors.json")).expect("the vectors are JSON")
}

/// `keeper-public-keys.json`: the table that Keeper's SDKs ship.
pub(crate) fn public_keys() -> Value {
    serde_json::from_str(include_str!("../vectors/keeper-public-keys.json")).expect("the keys are JSON")
}

/// The string at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("a text at {pointer}"))
}

/// The bytes that are in Base64 at a JSON pointer.
pub(crate) fn bytes(value: &Value, pointer: &str) -> Vec<u8> {
    from_base64(text(value, pointer))
}

/// The bytes that are in hexadecimal at a JSON pointer.
pub(crate) fn hex(value: &Value, pointer: &str) -> Vec<u8> {
    let digits: Vec<u32> = text(value, pointer).chars().map(|digit| digit.to_digit(16).expect("hexadecimal")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

/// The members of a list.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("a list at {pointer}"))
}

pub(crate) fn from_base64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).expect("Base64")
}

/// Bytes of a key.
pub(crate) fn key(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("32 bytes")
}
