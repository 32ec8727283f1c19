//! The secret that a line asks for, as it is in the vault.

use crate::error::Error;
use crate::secret::{SecretBytes, SecretText};
use crate::text::shown;
use crate::vault::resolve::NamedField;
use crate::vault::totp::Totp;

/// The secret that a line asks for.
pub(super) enum Secret {
    Text(SecretText),
    /// A template's default for a secret that does not exist; it is not secret.
    Default(SecretText),
    /// Anything but a text, already as JSON.
    Json(SecretText),
    /// Two-factor codes: one is a text, several are a list.
    Codes(Codes),
    WholeRecord(Vec<NamedField>),
    /// The content of an attachment.
    Attachment(SecretBytes),
}

/// Two-factor codes, which depend on the time.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    pub(super) codes: Vec<Totp>,
    /// Whether even a single one is a list.
    pub(super) as_list: bool,
}

impl Secret {
    /// The two-factor code for an otpauth URI, alone or in a text of several lines, or for a bare seed.
    pub(super) fn code_in(text: &SecretText) -> Result<Self, Error> {
        // EXPOSE: the code is a secret again.
        let code = Totp::find(text.expose())
            .map_err(|reason| Error::new(format!("the value gives no two-factor code: {reason}")))?;
        Ok(Self::Codes(Codes { codes: vec![code], as_list: false }))
    }

    /// The texts in it, with the names for them in warnings: the destination's, or those of fields.
    pub(super) fn texts(&self, destination: &str) -> Vec<(String, SecretText)> {
        match self {
            Self::Text(text) | Self::Json(text) => vec![(shown(destination), text.clone())],
            Self::Default(_) | Self::Codes(_) => Vec::new(),
            Self::WholeRecord(fields) => {
                fields.iter().filter_map(|field| Some((shown(&field.name), field.text()?))).collect()
            }
            Self::Attachment(content) => content.to_text().map(|text| (shown(destination), text)).into_iter().collect(),
        }
    }

    /// The names of texts that contain an otpauth URI.
    pub(super) fn seeds(&self, destination: &str) -> Vec<String> {
        if matches!(self, Self::Attachment(_)) {
            return Vec::new();
        }
        self.texts(destination).into_iter().filter(|(_, text)| holds_a_seed(text)).map(|(name, _)| name).collect()
    }
}

fn holds_a_seed(text: &SecretText) -> bool {
    const SCHEME: &[u8] = b"otpauth:";
    // EXPOSE: only the scheme is looked for.
    text.expose().as_bytes().windows(SCHEME.len()).any(|bytes| bytes.eq_ignore_ascii_case(SCHEME))
}
