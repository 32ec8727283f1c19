//! Text and bytes that must never be printed: no `Display`, a redacted `Debug`, wiped when dropped.

use std::fmt;

use serde::{Deserialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A text that only [`expose`](SecretText::expose) opens: a field's value, a mask, a file's text.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Zeroize, ZeroizeOnDrop, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The text itself. Each caller states in an `EXPOSE` comment why it may look.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Hands the text to Node. Each field that crosses the door has to name this function.
    pub(crate) fn expose_to_host<S: Serializer>(text: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        // EXPOSE: Node hands masks and variables to the agent.
        serializer.serialize_str(text.expose())
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

/// Bytes that only [`expose`](SecretBytes::expose) opens: decrypted JSON, an attachment's content.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The bytes themselves. Each caller states in an `EXPOSE` comment why it may look.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Hands the bytes to Node, as a `Uint8Array`.
    pub(crate) fn expose_to_host<S: Serializer>(bytes: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        // EXPOSE: Node writes files.
        serializer.serialize_bytes(bytes.expose())
    }

    /// The same bytes as a text, or `None` when they are not UTF-8.
    #[must_use]
    pub fn to_text(&self) -> Option<SecretText> {
        std::str::from_utf8(&self.0).ok().map(SecretText::from)
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(std::mem::take(&mut bytes))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes([{} bytes redacted])", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_cannot_be_printed() {
        assert_eq!(format!("{:?}", SecretText::from("s3cr3t")), "SecretText([redacted])");
        assert_eq!(format!("{:?}", SecretBytes::from(b"s3cr3t".to_vec())), "SecretBytes([6 bytes redacted])");
    }
}
