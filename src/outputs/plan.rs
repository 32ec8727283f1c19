//! What Node carries out at the end, all of it or nothing.

use serde::{Deserialize, Serialize};
use tsify::Tsify;

use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::path::Platform;
use crate::secret::{SecretBytes, SecretText};

/// Everything that is to be set and written, in the order of the mapping lines.
#[derive(Debug, Default, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Variables to set.
    pub variables: Vec<Variable>,
    /// Files to write, or to move to where they belong.
    pub files: Vec<PlannedFile>,
    /// What to tell the author when it is done.
    pub report: Report,
}

/// What was done, in names and numbers without values.
#[derive(Debug, Default, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// One for each mapping line.
    pub rows: Vec<Row>,
    /// How many requests were sent, those for attachments included.
    pub requests: usize,
    /// How many of them were sent because an earlier one had failed or was refused for the moment.
    pub retries: usize,
    /// How many records Keeper answered with.
    pub records: usize,
}

/// What became of a mapping line.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The mapping line, as in "line 3".
    pub line: String,
    /// The notation as written.
    pub secret: String,
    /// The destination as written.
    pub destination: String,
    /// In how many forms the value is masked; none for a template, whose placeholders have rows of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub forms: Option<usize>,
}

/// A variable to set.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    #[serde(serialize_with = "SecretText::expose_to_host")]
    #[tsify(type = "string")]
    pub value: SecretText,
    /// Whether the agent keeps it secret. If not, later steps find it in their environment.
    pub is_secret: bool,
    /// Whether it is an output variable of the step.
    pub is_output: bool,
}

/// A file to write.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct PlannedFile {
    /// The mapping line, as in "line 3".
    pub line: String,
    /// Its path, as the author wrote it.
    pub path: String,
    /// Its mode, for example 0600.
    pub mode: u32,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// These bytes.
    Bytes(
        #[serde(serialize_with = "SecretBytes::expose_to_host")]
        #[tsify(type = "Uint8Array")]
        SecretBytes,
    ),
    /// The download with this number, which lies in a temporary file already.
    Download(usize),
}

/// What the agent can take.
#[derive(Clone, Copy, Debug, Default, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Whether the pipeline allows secrets of several lines (`SYSTEM_UNSAFEALLOWMULTILINESECRET`).
    pub allows_several_lines: bool,
    /// What it runs on: the environment is narrower on Windows.
    pub platform: Platform,
}

impl Agent {
    /// The largest value in bytes that a variable of this name may have.
    ///
    /// Later tasks get variables by their environment: 131,072 bytes for `SECRET_NAME=value` and its end on Linux,
    /// 32,767 characters on Windows.
    #[must_use]
    pub fn variable_limit(self, name: &str) -> u64 {
        let whole: u64 = if self.platform == Platform::Windows { 32_767 } else { 131_072 };
        whole.saturating_sub(("SECRET_=".len() + name.len() + 1) as u64)
    }

    /// Whether a value can be a variable of this name.
    ///
    /// # Errors
    /// [`Error::SeveralLines`] or [`Error::TooLarge`].
    pub fn check(self, name: &str, value: &str) -> Result<(), Error> {
        let limit = self.variable_limit(name);
        if value.contains(['\n', '\r']) && !self.allows_several_lines {
            return Err(Error::SeveralLines { name: name.to_owned() });
        }
        if value.len() as u64 > limit {
            return Err(Error::TooLarge { what: "value", size: value.len() as u64, limit });
        }
        Ok(())
    }
}

impl Plan {
    /// Adds what a line yields for a destination. A variable's value is known to be text by now.
    pub fn add(&mut self, line: &str, destination: Destination, mode: u32, bytes: SecretBytes) {
        let (name, is_secret, is_output) = match destination {
            Destination::Variable(name) => (name, true, false),
            Destination::Output(name) => (name, true, true),
            Destination::Environment(name) => (name, false, false),
            Destination::File(path) => {
                self.files.push(PlannedFile { line: line.to_owned(), path, mode, content: Content::Bytes(bytes) });
                return;
            }
        };
        let value = bytes.to_text().unwrap_or_default();
        self.variables.push(Variable { name, value, is_secret, is_output });
    }
}
