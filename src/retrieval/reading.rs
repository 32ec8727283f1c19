//! The step that reads files of the author's before any request: mapping lines and templates.

use std::rc::Rc;

use tsify::Tsify;

use super::preparation::{self, Prepared};
use super::run::Run;
use super::{Env, Notice, Options, Step, Stop};
use crate::crypto::aes_gcm::Gcm;
use crate::inputs::Inputs;
use crate::inputs::name::KnownNames;
use crate::outputs::plan::Plan;
use crate::protocol::response::Outcome;
use crate::text::counted;

/// Files that are to be read.
pub struct Read {
    inputs: Inputs,
    options: Options,
    gcm: Rc<dyn Gcm>,
    paths: Vec<String>,
}

/// A file's bytes, or why there are none.
#[derive(Clone, Debug, Default, Tsify)]
pub struct FileOutcome {
    /// Its content, in pieces.
    #[tsify(optional, type = "Uint8Array[]")]
    pub body: Option<Vec<u8>>,
    /// The code of the fault.
    #[tsify(optional, type = "FileCode")]
    pub code: Option<String>,
}

impl From<Outcome> for FileOutcome {
    fn from(Outcome { body, code, .. }: Outcome) -> Self {
        Self { body, code }
    }
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Read {
    /// Reads the files that the inputs name, if they name any.
    pub(super) fn first(inputs: Inputs, options: Options, gcm: Rc<dyn Gcm>, env: &mut Env<'_>) -> Step {
        let paths = preparation::wanted_files(&inputs, options.agent);
        let read = Self { inputs, options, gcm, paths };
        if read.paths.is_empty() { read.resume(Vec::new(), env) } else { Step::Read(Box::new(read)) }
    }

    /// The paths, as the author wrote them.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Goes on with the files, in the order of their paths.
    #[must_use]
    pub fn resume(self, files: Vec<FileOutcome>, env: &mut Env<'_>) -> Step {
        Step::of(self.prepared(files, env))
    }

    fn prepared(self, files: Vec<FileOutcome>, env: &mut Env<'_>) -> Result<Step, Stop> {
        let Self { inputs, options, gcm, .. } = self;
        let prepared = preparation::prepare(&inputs, &options, files)?;
        if prepared.warns_of_outputs {
            env.notices.push(Notice::Warning(
                "secret output variables can show in the log of another stage that maps them; fetch the secret again \
                 where it is needed, or set `outputPolicy` to `allow`"
                    .to_owned(),
            ));
        }
        let Prepared { access, mappings, templates, mode, timeout_ms, .. } = prepared;
        let Some(access) = access else {
            let lines = counted(mappings.len(), "mapping line", "mapping lines");
            let templates = counted(templates.len(), "template", "templates");
            env.notices.push(Notice::Info(format!("valid: {lines}, {templates}; nothing was requested or set")));
            return Ok(Step::Done(Ok(Plan::default())));
        };
        if inputs.is_config_readable() {
            env.notices.push(Notice::Warning(
                "the config in `keepersecretconfig` comes from none of the job's secret variables, so anyone who can read the \
                 pipeline or its variables can read it; keep it in a secret variable or a service connection"
                    .to_owned(),
            ));
        }
        // The agent passes the default as if the author had written it.
        let limit_ms = timeout_ms.filter(|timeout_ms| *timeout_ms != options.timeout_ms);
        let names = KnownNames::of(&mappings, Rc::clone(&options.job));
        let mut run = Run::new(access, mode, names, &options, gcm);
        if let Some(limit_ms) = limit_ms {
            run.obey_limit(limit_ms);
        }
        Ok(run.ask_for(mappings, templates, env))
    }
}
