//! A run as a state machine: each step says what it needs, and turns the result into the next step.
//!
//! ```text
//! start ──▶ Read ──▶ Ask ──▶ Load ──▶ Wait ──▶ Done
//!             │       │ ▲      │ ▲              ▲
//!             │       │ └──────┘ │ again, or    │   nothing is needed any more, or a problem ends it
//!             │       └─ again   └─ elsewhere   │
//!             └─────────────────────────────────┘
//!
//! Read   files of the author's                        preparation    are the inputs sound?
//! Ask    `get_secret`                                 asking         key rotation, throttling, no answer, a title like a UID
//! Load   attachments, into memory and then to disk    loading        redirects, expired addresses, broken connections
//! Wait   for a fresh two-factor code                  settling       the plan
//! ```
//!
//! Steps that are not needed are skipped. Each consumes itself and the answer that it asked for, and returns the next
//! step, so that it cannot be given any other answer. Nothing here sends, waits or writes. Before each step, the caller
//! prints the notices and registers the masks.

mod asking;
mod delivery;
mod found;
mod loading;
mod notices;
mod preparation;
mod reading;
mod rendered;
mod rules;
mod run;
mod secret;
mod settling;
mod template;
mod transfer;
mod wanted;
mod wish;

use std::rc::Rc;

use serde::Serialize;
use tsify::Tsify;

use crate::crypto::Entropy;
use crate::crypto::aes_gcm::Gcm;
use crate::error::Error;
use crate::inputs::job::{Job, JobVariables};
use crate::inputs::path::Platform;
use crate::inputs::{Inputs, config};
use crate::outputs::mask::Masks;
use crate::outputs::plan::{Agent, Plan};
use crate::problem::{Problem, report as report_problems};
use crate::protocol::request::Request;
use crate::secret::SecretText;
pub use asking::Ask;
pub use loading::Load;
pub use notices::{Notice, Notices};
#[cfg(target_arch = "wasm32")]
pub(crate) use preparation::FILE_CODES;
pub use reading::{FileOutcome, Read};
pub use rendered::IN_MEMORY_LIMIT;
pub use settling::Wait;
pub use transfer::{Download, TargetFile};

/// Facts about the agent and the job, and the limits of the run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the agent can accept.
    pub agent: Agent,
    /// The job in which the step runs.
    pub job: Rc<Job>,
    /// The default time limit for Keeper's answer, in milliseconds.
    pub timeout_ms: u64,
    /// How many masks this step has registered already.
    pub masks_so_far: usize,
}

/// How long Keeper may take to answer if the author sets no limit, in milliseconds.
const TIMEOUT_MS: u64 = 120_000;

impl Options {
    /// The options of a step on this platform, given the variables of its environment by name.
    #[must_use]
    pub fn of(platform: Platform, environment: &[(String, SecretText)], masks_so_far: usize) -> Self {
        let job = Job::of(JobVariables::among(environment, platform));
        Self { agent: Agent::of(&job, platform), job: Rc::new(job), timeout_ms: TIMEOUT_MS, masks_so_far }
    }
}

/// What a step may use besides the answer that it gets.
pub struct Env<'a> {
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Random bytes.
    pub entropy: &'a mut dyn Entropy,
    /// The texts to mask before anything else is printed.
    pub masks: &'a mut Masks,
    /// Lines for the log.
    pub notices: &'a mut Notices,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Read files of the author's.
    Read(Box<Read>),
    /// Ask Keeper for records.
    Ask(Box<Ask>),
    /// Download attachments.
    Load(Box<Load>),
    /// Wait.
    Wait(Box<Wait>),
    /// The run is over: carry the plan out, or report the problems. Then nothing was set.
    Done(Result<Plan, Vec<Problem>>),
}

/// The first step of a run with these inputs. `gcm` decrypts what arrives.
#[must_use]
pub fn start(inputs: Inputs, options: Options, gcm: Rc<dyn Gcm>, env: &mut Env<'_>) -> Step {
    for part in inputs.configs().into_iter().flat_map(config::secrets_of) {
        // EXPOSE: masks are handed to the agent, which hides them.
        env.masks.add_whole(part.expose());
    }
    Read::first(inputs, options, gcm, env)
}

/// A step as Node sees it.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Next<'a> {
    /// Read these files of the author's.
    Read(#[tsify(type = "string[]")] &'a [String]),
    /// Seal this request while a connection is made, and send it.
    Ask(&'a Request),
    /// Send these requests.
    Fetch(Vec<Request>),
    /// Download these into temporary files.
    Download(Vec<Download>),
    /// Wait for this many milliseconds.
    #[serde(rename = "waitMs")]
    Wait(u64),
    /// Carry this out: the run has succeeded.
    Finish(&'a Plan),
    /// Report these: the run has failed, nothing was set.
    #[serde(rename = "problems")]
    Fail(
        #[serde(serialize_with = "report_problems")]
        #[tsify(type = "{ first: string[]; more: number }")]
        &'a [Problem],
    ),
}

impl Step {
    /// What Node has to do.
    #[must_use]
    pub fn next(&self) -> Next<'_> {
        match self {
            Self::Read(read) => Next::Read(read.paths()),
            Self::Ask(ask) => Next::Ask(ask.request()),
            Self::Load(load) => load.next(),
            Self::Wait(wait) => Next::Wait(wait.ms()),
            Self::Done(Ok(plan)) => Next::Finish(plan),
            Self::Done(Err(problems)) => Next::Fail(problems),
        }
    }

    fn of(result: Result<Self, Stop>) -> Self {
        result.unwrap_or_else(|Stop(problems)| Self::Done(Err(problems)))
    }
}

/// Why a run ends without a plan.
struct Stop(Vec<Problem>);

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self(vec![error.into()])
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Stop {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}
