//! The plan that Node carries out at the end, all of it or nothing.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use tsify::Tsify;

use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::job::{Job, Setting};
use crate::inputs::path::Platform;
use crate::outputs::report::Report;
use crate::secret::{SecretBytes, SecretText};
use crate::text::{grouped, shown};

/// Everything that is to be set and written, in the order of the mapping lines.
#[derive(Debug, Default, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Variables to set. Node gets the commands that set them.
    #[serde(rename = "commands")]
    #[tsify(type = "string[]")]
    pub variables: Vec<Variable>,
    /// Files to write, or to move into place.
    pub files: Vec<PlannedFile>,
    /// The report at the end of the log.
    #[serde(skip)]
    pub report: Report,
    /// How the agent reads percent signs.
    #[serde(skip)]
    pub percents: Percents,
}

/// A variable to set.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretText,
    /// Whether the agent keeps it secret. If not, later steps find it in their environment.
    pub is_secret: bool,
    /// Whether it is an output variable of the step.
    pub is_output: bool,
    /// How the agent reads percent signs.
    pub percents: Percents,
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SecretText::expose_to_host(&self.command(), serializer)
    }
}

impl Variable {
    /// The logging command that sets it.
    #[must_use]
    pub fn command(&self) -> SecretText {
        // EXPOSE: the command hands the value to the agent.
        let value = self.value.expose();
        // Large enough never to be reallocated, which would leave a copy in memory.
        let mut command = String::with_capacity(128 + 6 * (self.name.len() + value.len()));
        command.push_str("##vso[task.setvariable variable=");
        for part in self.name.split_inclusive([';', ']']) {
            self.percents.escape(part.trim_end_matches([';', ']']), &mut command);
            command.push_str(if part.ends_with(';') {
                "%3B"
            } else if part.ends_with(']') {
                "%5D"
            } else {
                ""
            });
        }
        let _ = write!(command, ";isOutput={};issecret={};", self.is_output, self.is_secret);
        // In the environment of later steps its name keeps its case.
        command.push_str(if self.is_secret { "]" } else { "preservecase=true;]" });
        self.percents.escape(value, &mut command);
        SecretText::from(command)
    }
}

/// How the agent reads `%` in the data of a command (`DECODE_PERCENTS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Percents {
    /// As usual: it is sent as `%AZP25`.
    #[default]
    Escaped,
    /// It does not decode `%AZP25`, so a text that looks like one of its other escapes can't be sent.
    Plain,
    /// In one of these ways, but it is unknown which.
    Unclear,
}

/// The escapes that the agent always decodes in the data of a command, unlike `%AZP25`.
const ESCAPES: [&str; 4] = ["%3B", "%5D", "%0D", "%0A"];

impl Percents {
    fn escape(self, text: &str, escaped: &mut String) {
        for c in text.chars() {
            match c {
                '%' if self != Self::Plain => escaped.push_str("%AZP25"),
                '\r' => escaped.push_str("%0D"),
                '\n' => escaped.push_str("%0A"),
                c => escaped.push(c),
            }
        }
    }

    /// Whether a text arrives as it is.
    fn can_send(self, text: &str) -> bool {
        match self {
            Self::Escaped => true,
            Self::Plain => !ESCAPES.iter().any(|escape| text.contains(escape)),
            Self::Unclear => !text.contains('%'),
        }
    }
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
    /// Bytes to write.
    Bytes(
        #[serde(serialize_with = "SecretBytes::expose_to_host")]
        #[tsify(type = "Uint8Array")]
        SecretBytes,
    ),
    /// The download with this number, which is in a temporary file already.
    Download(usize),
}

/// What the agent can accept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agent {
    /// Whether the pipeline allows secrets of several lines (`SYSTEM_UNSAFEALLOWMULTILINESECRET`).
    pub allows_several_lines: bool,
    /// Whether the author tried to allow them, in a way that the agent may ignore.
    pub may_allow_several_lines: bool,
    /// Its platform: Windows has less room in the environment.
    pub platform: Platform,
    /// How it reads percent signs.
    pub percents: Percents,
    /// The minimum length of a text, in characters, for the agent to hide it (`AZP_IGNORE_SECRETS_SHORTER_THAN`).
    pub shortest_mask: usize,
    /// The length in bytes of what the agent puts before the name of an output variable: the step's name and a dot.
    pub output_prefix: usize,
}

impl Agent {
    /// The agent that runs this job.
    #[must_use]
    pub fn of(job: &Job, platform: Platform) -> Self {
        let percents = match job.decodes_percents() {
            Setting::Unset | Setting::Set(true) | Setting::Unclear(true) => Percents::Escaped,
            Setting::Set(false) => Percents::Plain,
            Setting::Unclear(false) => Percents::Unclear,
        };
        let several_lines = job.several_lines();
        Self {
            allows_several_lines: several_lines == Setting::Set(true),
            may_allow_several_lines: several_lines == Setting::Unclear(true),
            platform,
            percents,
            shortest_mask: job.shortest_mask(),
            output_prefix: job.qualified("").map_or(0, |prefix| prefix.len()),
        }
    }

    /// The largest value in bytes that the variable of this destination may have.
    ///
    /// Later tasks get variables through the environment: on Linux there are 131,072 bytes for `SECRET_NAME=value` with
    /// its NUL, on Windows 32,767 characters. An output variable is `SECRET_STEP_NAME` there.
    #[must_use]
    pub fn variable_limit(self, destination: &Destination) -> u64 {
        let whole: u64 = if self.platform == Platform::Windows { 32_767 } else { 131_072 };
        let prefix = if destination.is_output() { self.output_prefix } else { 0 };
        whole.saturating_sub(("SECRET_=".len() + prefix + destination.name().len() + 1) as u64)
    }

    /// How many bytes all variables together may have in the environment of a later task, if the system limits them:
    /// on Linux a quarter of the stack (`execve(2)`), which is 8 MiB by default, on macOS 1 MiB (`ARG_MAX`).
    #[must_use]
    pub fn environment_limit(self) -> Option<u64> {
        match self.platform {
            Platform::Linux => Some(2 << 20),
            Platform::MacOs => Some(1 << 20),
            Platform::Windows => None,
        }
    }

    /// Checks that a variable can have this value.
    ///
    /// # Errors
    /// The value has several lines, is too large, or contains something that the agent would alter.
    pub fn check(self, destination: &Destination, value: &str) -> Result<(), Error> {
        let name = destination.name();
        let limit = self.variable_limit(destination);
        // The agent refuses them in secret variables only.
        if value.contains(['\n', '\r']) && destination.is_secret() && !self.allows_several_lines {
            return Err(Error::new(format!(
                "the value for `{}` has several lines, which a secret variable of the agent cannot hold",
                shown(name)
            ))
            .with_hint(if !value.trim().is_empty() && !value.trim().contains(['\n', '\r']) {
                "it is one line that ends in a line break; `+trim` removes that, as in `> var+trim:NAME`"
            } else if self.may_allow_several_lines {
                "the agent counts `SYSTEM_UNSAFEALLOWMULTILINESECRET` as a variable of the job, spelt exactly so; in the \
                 `env:` of a step it has no effect"
            } else {
                "write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`, or encode it in Base64, as \
                 in `> var+base64:NAME`"
            }));
        }
        if value.len() as u64 > limit {
            return Err(too_large("value", value.len() as u64, limit));
        }
        if !self.percents.can_send(value) {
            return Err(Error::new(format!(
                "the value for `{}` contains a percent sign that the agent would misread",
                shown(name)
            ))
            .with_hint("remove the variable `DECODE_PERCENTS`, write the value to a file, or encode it in Base64"));
        }
        Ok(())
    }
}

/// The error for a value or an attachment that is too large for the environment of later steps.
pub(crate) fn too_large(what: &str, size: u64, limit: u64) -> Error {
    let (size, limit) = (grouped(size), grouped(limit));
    Error::new(format!("the {what} has {size} bytes; a variable can hold {limit} here"))
        .with_hint("write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`")
}

/// The error for a variable's value that is not text.
pub(crate) fn not_text() -> Error {
    Error::new("the content is not text (UTF-8 without NUL), so it cannot be a variable").with_hint(
        "write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`, or encode it in Base64, as in \
         `> var+base64:NAME`",
    )
}

impl Plan {
    /// How many bytes the variables have in the environment of a later task.
    #[must_use]
    pub fn environment_size(&self) -> u64 {
        // EXPOSE: only the length is looked at.
        let size =
            |variable: &Variable| ("SECRET_=".len() + variable.name.len() + variable.value.expose().len() + 1) as u64;
        self.variables.iter().map(size).sum()
    }

    /// Adds a line's result for a destination. A variable's value is known to be text by now.
    pub fn add(&mut self, line: &str, destination: Destination, mode: u32, bytes: SecretBytes) {
        let (is_secret, is_output) = (destination.is_secret(), destination.is_output());
        match destination {
            Destination::Variable(name) | Destination::Output(name) | Destination::Environment(name) => {
                let value = bytes.to_text().unwrap_or_default();
                self.variables.push(Variable { name, value, is_secret, is_output, percents: self.percents });
            }
            Destination::File(path) => {
                self.files.push(PlannedFile { line: line.to_owned(), path, mode, content: Content::Bytes(bytes) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::job::JobVariables;

    fn command(name: &str, value: &str, percents: Percents) -> String {
        let mut plan = Plan { percents, ..Plan::default() };
        plan.add("line 1", Destination::Variable(name.to_owned()), 0o600, value.as_bytes().to_vec().into());
        plan.variables.iter().map(|variable| variable.command().expose().to_owned()).collect()
    }

    #[test]
    fn a_command_is_escaped_as_the_agent_reads_it() {
        let start = "##vso[task.setvariable variable=";
        for (name, value, percents, rest) in [
            ("A", "x", Percents::Escaped, "A;isOutput=false;issecret=true;]x"),
            ("a;b]c%", "v];", Percents::Escaped, "a%3Bb%5Dc%AZP25;isOutput=false;issecret=true;]v];"),
            ("]]", "1\r\n2%0A", Percents::Escaped, "%5D%5D;isOutput=false;issecret=true;]1%0D%0A2%AZP250A"),
            ("A", "50%q\n", Percents::Plain, "A;isOutput=false;issecret=true;]50%q%0A"),
        ] {
            assert_eq!(command(name, value, percents), format!("{start}{rest}"), "{name} {value}");
        }
    }

    #[test]
    fn a_value_leaves_room_for_the_name_that_later_tasks_find() {
        let step = Some("fetch".to_owned());
        let job = Job::of(JobVariables { system_taskinstancename: step, ..JobVariables::default() });
        let agent = Agent::of(&job, Platform::Linux);
        let name = || "NAME".to_owned();
        for (destination, entry) in [
            (Destination::Variable(name()), "SECRET_NAME="),
            (Destination::Environment(name()), "SECRET_NAME="),
            (Destination::Output(name()), "SECRET_FETCH_NAME="),
        ] {
            let room = 131_072 - entry.len() as u64 - 1;
            assert_eq!(agent.variable_limit(&destination), room, "{destination:?}");
        }
    }

    #[test]
    fn a_value_that_the_agent_would_read_otherwise_is_refused() {
        for (value, percents, fits) in [
            ("50%q%0A", Percents::Escaped, true),
            ("50%q", Percents::Plain, true),
            ("%AZP25", Percents::Plain, true),
            ("a%0Ab", Percents::Plain, false),
            ("a%3Bb", Percents::Plain, false),
            ("50%", Percents::Unclear, false),
            ("50", Percents::Unclear, true),
        ] {
            let agent = Agent { percents, ..Agent::default() };
            let message = "the value for `A` contains a percent sign that the agent would misread";
            let expected = if fits { None } else { Some(message.to_owned()) };
            assert_eq!(
                agent.check(&Destination::Variable("A".to_owned()), value).err().map(|error| error.to_string()),
                expected,
                "{value}"
            );
        }
    }
}
