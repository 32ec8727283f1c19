//! What the pipeline's author wrote: the config, mapping lines with their notations, templates.

pub mod config;
pub mod destination;
pub mod forms;
pub mod job;
pub mod line;
pub mod mapping;
pub mod name;
pub mod notation;
pub mod path;
mod slip;
pub mod template;

use serde::Deserialize;
use tsify::Tsify;

use crate::error::Error;
use crate::secret::SecretText;
use crate::text::{either, shown};

/// The task's inputs as texts. An input that is not set is empty.
#[derive(Clone, Debug, Default, Deserialize, Tsify)]
#[serde(default, rename_all = "camelCase")]
pub struct Inputs {
    /// The config in the service connection `keeperConnection`.
    #[tsify(type = "string")]
    pub connection: SecretText,
    /// Whether the connection is of another type, which has no place for a config.
    pub is_other_connection: bool,
    /// `keepersecretconfig`
    #[tsify(type = "string")]
    pub config: SecretText,
    /// Whether `keepersecretconfig` contains none of the job's secret variables.
    #[serde(skip)]
    pub is_config_in_clear: bool,
    /// The environment variable `KSM_CONFIG`.
    #[tsify(type = "string")]
    pub environment: SecretText,
    /// `secrets`
    pub secrets: String,
    /// `secretsFile`, a path
    pub secrets_file: String,
    /// `templates`
    pub templates: String,
    /// `mode`
    pub mode: String,
    /// `outputPolicy`
    pub output_policy: String,
    /// `keepFiles`
    pub keep_files: String,
    /// `timeoutInSeconds`
    pub timeout_in_seconds: String,
}

/// How much is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    #[default]
    Run,
    /// Everything is read and checked; nothing is requested, and no config is needed.
    Validate,
    /// Everything is found in the vault; nothing is set.
    Check,
}

/// What to do about secret output variables, which another stage's log may show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputPolicy {
    /// Warn once.
    #[default]
    Warn,
    /// Nothing.
    Allow,
    /// Refuse them.
    Deny,
}

/// The modes by their words.
const MODES: [(&str, Mode); 3] = [("run", Mode::Run), ("validate", Mode::Validate), ("check", Mode::Check)];

/// The policies by their words.
const OUTPUT_POLICIES: [(&str, OutputPolicy); 3] =
    [("warn", OutputPolicy::Warn), ("allow", OutputPolicy::Allow), ("deny", OutputPolicy::Deny)];

impl Inputs {
    /// The two inputs that every run has.
    #[must_use]
    pub fn new(config: &str, secrets: &str) -> Self {
        Self { config: config.into(), secrets: secrets.to_owned(), ..Self::default() }
    }

    /// The texts that may be a config.
    pub(crate) fn configs(&self) -> [&str; 3] {
        // EXPOSE: a config is read here and masked before that.
        [&self.connection, &self.config, &self.environment].map(SecretText::expose)
    }

    /// The one config that is given.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn only_config(&self) -> Result<&str, Error> {
        let [connection, config, environment] =
            self.configs().map(|text| Some(text).filter(|text| !text.trim().is_empty()));
        match (connection, config) {
            (Some(_), Some(_)) => {
                Err(Error::new("`keeperConnection` and `keepersecretconfig` both hold a config; expected one of them"))
            }
            (Some(text), None) | (None, Some(text)) => Ok(text),
            (None, None) if self.is_other_connection => {
                Err(Error::new("the service connection `keeperConnection` is of another type, which holds no config")
                    .with_hint("choose a connection of the type Keeper Secrets Manager"))
            }
            // Keeper's other tools read this variable too, so the inputs take precedence.
            (None, None) => environment.ok_or_else(config::missing_config),
        }
    }

    /// Whether anyone who can read the pipeline or its variables can read the config.
    #[must_use]
    pub fn is_config_readable(&self) -> bool {
        // EXPOSE: only whether there is one is looked at.
        self.is_config_in_clear && !self.config.expose().trim().is_empty()
    }

    /// The input `mode`.
    ///
    /// # Errors
    /// There is no such mode.
    pub fn parse_mode(&self) -> Result<Mode, Error> {
        choose("mode", &self.mode, &MODES)
    }

    /// The input `outputPolicy`.
    ///
    /// # Errors
    /// There is no such policy.
    pub fn parse_output_policy(&self) -> Result<OutputPolicy, Error> {
        choose("outputPolicy", &self.output_policy, &OUTPUT_POLICIES)
    }

    /// Checks the input `keepFiles`. The task library, which reads it, takes everything but `true` for false.
    ///
    /// # Errors
    /// It is neither `true` nor `false`, in any case.
    pub fn check_keep_files(&self) -> Result<(), Error> {
        match self.keep_files.trim() {
            word if ["true", "false"].iter().any(|known| word.eq_ignore_ascii_case(known)) => Ok(()),
            other => choose("keepFiles", other, &[("true", ()), ("false", ())]),
        }
    }

    /// The input `timeoutInSeconds` in milliseconds, or `None` if it is not set.
    ///
    /// # Errors
    /// It is not a whole number from 1 to 3600.
    pub fn parse_timeout_ms(&self) -> Result<Option<u64>, Error> {
        match self.timeout_in_seconds.trim() {
            "" => Ok(None),
            written => match written.parse::<u64>() {
                Ok(seconds @ 1..=3600) if written.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(seconds * 1000)),
                _ => Err(Error::new(format!(
                    "`timeoutInSeconds` is `{}`; expected whole seconds from 1 to 3600",
                    shown(written)
                ))
                .with_hint("leave it out for 120 s")),
            },
        }
    }
}

/// The meaning of an input that takes one of several words, or the default if it is not set.
fn choose<T: Copy + Default>(input: &str, written: &str, choices: &[(&str, T)]) -> Result<T, Error> {
    let written = written.trim();
    if written.is_empty() {
        return Ok(T::default());
    }
    let known = choices.iter().find(|(word, _)| *word == written);
    known.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
        Error::new(format!("`{input}` is `{}`; expected {}", shown(written), either(&words)))
    })
}
