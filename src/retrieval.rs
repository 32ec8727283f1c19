//! The story of a run: one step out, answers in, until the plan is ready or a problem ends it.
//!
//! ```text
//! ask ──▶ answered? ──▶ resolve every line ──▶ fetch and download attachments ──▶ wait for a fresh code ──▶ plan
//!  ▲          │  key rotation, throttling, no answer,
//!  └──────────┘  a title that looks like a UID
//! ```
//!
//! Nothing here sends, waits or writes. Whoever drives it prints the notices and registers the masks of each step first.

mod found;
mod loading;
mod notices;
mod output;
mod preparation;
mod rendered;
mod secret;
mod template;
mod transfer;
mod wanted;
mod wish;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize, Serializer};
use tsify::Tsify;

pub use rendered::IN_MEMORY_LIMIT;

use crate::crypto::Entropy;
use crate::crypto::aes_gcm::Gcm;
use crate::crypto::keys::{FileKey, TransmissionKey};
use crate::error::{Error, is_uid_like};
use crate::inputs::config::{self, Config};
use crate::inputs::job::{Job, JobVariables};
use crate::inputs::mapping::{self, Mapping, TemplateOrder};
use crate::inputs::name::Names;
use crate::inputs::path::Platform;
use crate::inputs::template::Template;
use crate::inputs::{Inputs, Mode};
use crate::outputs::mask::{BUDGET, Masks};
use crate::outputs::plan::{Agent, MaskGap, Plan, Report};
use crate::problem::{Problem, report as report_problems};
use crate::protocol::answer::Answer;
use crate::protocol::clock::ServerClock;
use crate::protocol::request::{self, Request, Sealed};
use crate::protocol::response::{self, HttpOutcome, Reply};
use crate::protocol::retry::{Patience, Retry, THROTTLE_LIMIT_MS};
use crate::protocol::said::said;
use crate::protocol::server_keys::ServerKeys;
use crate::secret::SecretText;
use crate::text::{counted, grouped, listed_plain, shown};
use crate::vault::sealed::Vault;
use found::Found;
use loading::{Renewal, too_late};
use notices::Notices;
use preparation::Prepared;
use rendered::Rendered;
use template::Draft;
use transfer::Transfer;
use wish::Wish;

/// What the agent is like and how long the run may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "RunOptions")]
pub struct Options {
    /// What the agent can take.
    pub agent: Agent,
    /// The job in which the step runs.
    pub job: Rc<Job>,
    /// The time limit for Keeper's answer in milliseconds, where the author sets none.
    pub timeout_ms: u64,
    /// How many masks this step has registered already.
    pub masks_so_far: usize,
}

/// What Node knows about the agent and the job.
#[derive(Debug, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RunOptions {
    /// Node's name of the platform.
    platform: Platform,
    /// The variables of the environment that describe the job.
    job: JobVariables,
    /// The time limit for Keeper's answer in milliseconds, where the author sets none.
    timeout_ms: u64,
    /// How many masks this step has registered already: the config, the proxy's password.
    masks_so_far: usize,
}

impl From<RunOptions> for Options {
    fn from(RunOptions { platform, job, timeout_ms, masks_so_far }: RunOptions) -> Self {
        let job = Job::of(job);
        Self { agent: Agent::of(&job, platform), job: Rc::new(job), timeout_ms, masks_so_far }
    }
}

/// What to do next.
#[derive(Debug, Serialize, Tsify)]
pub struct Step {
    /// Texts to mask before anything else is printed.
    #[serde(serialize_with = "expose_masks")]
    #[tsify(type = "string[]")]
    pub masks: Vec<SecretText>,
    /// What to tell the author, in this order.
    pub notices: Vec<Notice>,
    /// The thing itself.
    pub next: Next,
}

fn expose_masks<S: Serializer>(masks: &[SecretText], serializer: S) -> Result<S::Ok, S::Error> {
    // EXPOSE: Node hands masks to the agent.
    serializer.collect_seq(masks.iter().map(SecretText::expose))
}

/// Something to tell the author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(tag = "level", content = "text", rename_all = "camelCase")]
pub enum Notice {
    /// A line of the log.
    Info(String),
    /// A warning of the step.
    Warning(String),
}

/// What to do next.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Next {
    /// Read these files of the author's and hand back their bytes, as answers of status 200, or codes.
    Read(Vec<String>),
    /// Send these and hand back what comes, in the same order.
    Fetch(Vec<Request>),
    /// Load these into temporary files and hand back how it went, in the same order.
    Download(Vec<Download>),
    /// Wait for so many milliseconds and hand back nothing.
    #[serde(rename = "waitMs")]
    Wait(u64),
    /// Carry this out: the run has succeeded.
    Finish(Plan),
    /// Report these: the run has failed, nothing was set.
    #[serde(rename = "problems")]
    Fail(
        #[serde(serialize_with = "report_problems")]
        #[tsify(type = "{ first: string[]; more: number }")]
        Vec<Problem>,
    ),
}

/// An attachment to load into a temporary file beside its path.
#[derive(Clone, Debug, Serialize, Tsify)]
pub struct Download {
    /// Its number in this run.
    pub id: usize,
    /// The request.
    pub request: Request,
    /// The mapping line, as in "line 3".
    pub line: String,
    /// The file's path, as the author wrote it.
    pub path: String,
    /// Further files that get the same content.
    pub twins: Vec<Target>,
}

/// A further file that gets the content of a download.
#[derive(Clone, Debug, Serialize, Tsify)]
pub struct Target {
    /// Its number in this run.
    pub id: usize,
    /// The mapping line, as in "line 3".
    pub line: String,
    /// The file's path, as the author wrote it.
    pub path: String,
}

/// A run, from the inputs to the plan.
pub struct Retrieval {
    masks: Masks,
    notices: Vec<Notice>,
    inputs: Inputs,
    options: Options,
    gcm: Rc<dyn Gcm>,
    stage: Stage,
}

/// How far a run has come.
enum Stage {
    /// The inputs have to be read, perhaps with the help of files.
    Preparing,
    /// Keeper is asked.
    Asking(Box<Session>),
    /// There is nothing more to do.
    Over,
}

impl Retrieval {
    /// Takes the inputs, and who decrypts what comes. What is wrong with the inputs is told by the first step, or the
    /// second if files have to be read.
    #[must_use]
    pub fn new(inputs: Inputs, options: Options, gcm: Rc<dyn Gcm>) -> Self {
        let masks = Masks::new(options.masks_so_far, options.agent.shortest_mask);
        Self { masks, notices: Vec::new(), inputs, options, gcm, stage: Stage::Preparing }
    }

    /// The first step, at this time in milliseconds since 1970.
    pub fn start(&mut self, now_ms: u64) -> Step {
        for part in self.inputs.configs().into_iter().flat_map(config::secrets_of) {
            // EXPOSE: masks are handed to the agent, which hides them.
            self.masks.add_whole(part.expose());
        }
        let files = preparation::wanted_files(&self.inputs, self.options.agent);
        let next = if files.is_empty() { self.prepare(Vec::new(), now_ms) } else { Ok(Next::Read(files)) };
        self.step(next)
    }

    /// The next step, after what the last one asked for has come.
    pub fn resume(&mut self, outcomes: Vec<HttpOutcome>, now_ms: u64, entropy: &mut dyn Entropy) -> Step {
        let next = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Preparing => self.prepare(outcomes, now_ms),
            Stage::Asking(mut session) => {
                let next = session.resume(outcomes, now_ms, &mut self.masks, entropy);
                self.notices.extend(session.notices.take());
                self.stage = Stage::Asking(session);
                next
            }
            Stage::Over => Err(vec![Error::Internal("an answer that nobody asked for").into()]),
        };
        self.step(next)
    }

    /// Seals the `POST` of the last step, under a key of its own; the last time counts. If that is not possible there is
    /// nothing to be sent, and the next step tells why, whatever is handed back. A step without `POST` has nothing to
    /// seal.
    #[must_use]
    pub fn seal(&mut self, entropy: &mut dyn Entropy) -> Option<Sealed> {
        let Stage::Asking(session) = &mut self.stage else { return None };
        session.seal(entropy)
    }

    /// The key of a download's content.
    #[must_use]
    pub fn download_key(&self, id: usize) -> Option<FileKey> {
        let Stage::Asking(session) = &self.stage else { return None };
        let State::Loading(transfers) = &session.state else { return None };
        transfers.iter().find_map(|transfer| transfer.key_of(id)).cloned()
    }

    fn prepare(&mut self, files: Vec<HttpOutcome>, now_ms: u64) -> Outcome {
        self.stage = Stage::Over;
        let prepared = preparation::prepare(&self.inputs, &self.options, files)?;
        if prepared.warns_of_outputs {
            self.notices.push(Notice::Warning(
                "secret output variables can show in the log of another stage that maps them; fetch the secret again \
                 where it is needed, or set `outputPolicy` to `allow`"
                    .to_owned(),
            ));
        }
        let Prepared { access: Some((config, keys)), mappings, templates, mode, timeout_ms, .. } = prepared else {
            let lines = counted(prepared.mappings.len(), "mapping line", "mapping lines");
            let templates = counted(prepared.templates.len(), "template", "templates");
            self.notices.push(Notice::Info(format!("valid: {lines}, {templates}; nothing was asked or set")));
            return Ok(Next::Finish(Plan::default()));
        };
        if self.inputs.is_config_readable() {
            self.notices.push(Notice::Warning(
                "the config in `keepersecretconfig` comes from none of the job's secret variables, so that whoever reads the \
                 pipeline or its variables can read it; keep it in a secret variable or a service connection"
                    .to_owned(),
            ));
        }
        let mut session =
            Box::new(Session::new(config, keys, mappings, templates, mode, self.options.clone(), Rc::clone(&self.gcm)));
        // The agent hands over the default as if the author had written it.
        if let Some(timeout_ms) = timeout_ms.filter(|timeout_ms| *timeout_ms != self.options.timeout_ms) {
            session.obey_limit(timeout_ms);
        }
        let next = session.start(now_ms);
        self.stage = Stage::Asking(session);
        Ok(next)
    }

    fn step(&mut self, next: Outcome) -> Step {
        let next = next.unwrap_or_else(Next::Fail);
        Step { masks: self.masks.take(), notices: std::mem::take(&mut self.notices), next }
    }
}

/// A run whose inputs are sound.
struct Session {
    config: Config,
    /// What is to be found: first for the mapping lines, then for the placeholders of the templates.
    wishes: Vec<Wish>,
    drafts: Vec<Draft>,
    /// The names that values must not speak of.
    names: Names,
    mode: Mode,
    options: Options,
    gcm: Rc<dyn Gcm>,
    server_keys: ServerKeys,
    patience: Patience,
    clock: ServerClock,
    /// When Keeper was asked last.
    sent_ms: u64,
    /// How long a server may be silent, in milliseconds.
    silence_ms: u64,
    state: State,
    /// The lines whose secrets are here, in no order.
    rendered: Vec<Rendered>,
    /// What goes to disk once everything else is here.
    to_disk: Vec<Transfer>,
    /// The filter by which Keeper gave all that is needed.
    filter: Vec<String>,
    notices: Notices,
    /// What Keeper had to say already: a second look brings it again.
    told: Vec<Notice>,
    report: Report,
}

/// What the session waits for.
enum State {
    /// To be started.
    Ready,
    /// The answer of `get_secret`, to be opened with the key that came of sealing the request: none until then, and an
    /// error if there was no randomness for it, which the next step tells.
    Asked { key: Option<Result<TransmissionKey, Error>>, question: Question },
    /// Attachments.
    Loading(Vec<Transfer>),
    /// A fresh two-factor code.
    Waiting,
}

/// What `get_secret` is asked for.
struct Question {
    /// UIDs; none for all records.
    filter: Vec<String>,
    /// If it is only for new addresses of attachments.
    renewal: Option<Renewal>,
}

type Outcome = Result<Next, Vec<Problem>>;

impl Session {
    fn new(
        config: Config,
        server_keys: ServerKeys,
        mappings: Vec<Mapping>,
        templates: Vec<(TemplateOrder, Template)>,
        mode: Mode,
        options: Options,
        gcm: Rc<dyn Gcm>,
    ) -> Self {
        // EXPOSE: what is made of it tells no more than a second of the day.
        let device = config.client_id.expose().as_bytes();
        let patience = Patience::new(options.timeout_ms, THROTTLE_LIMIT_MS, device);
        let names = Names::of(&mappings, Rc::clone(&options.job));
        let mut wishes: Vec<Wish> = mappings.into_iter().map(Wish::from).collect();
        let mut drafts = Vec::new();
        for (order, template) in templates {
            let (draft, placeholders) = Draft::of(order, template);
            drafts.push(draft);
            wishes.extend(placeholders);
        }
        Self {
            config,
            server_keys,
            wishes,
            drafts,
            names,
            mode,
            options,
            gcm,
            patience,
            clock: ServerClock::default(),
            sent_ms: 0,
            silence_ms: request::SILENCE_MS,
            state: State::Ready,
            rendered: Vec::new(),
            to_disk: Vec::new(),
            filter: Vec::new(),
            notices: Notices::default(),
            told: Vec::new(),
            report: Report::default(),
        }
    }

    /// The author's own limit is that of the requests, of throttling and of a server's silence.
    fn obey_limit(&mut self, timeout_ms: u64) {
        self.patience.set_limit(timeout_ms);
        self.silence_ms = self.silence_ms.max(timeout_ms);
    }

    fn start(&mut self, now_ms: u64) -> Next {
        self.patience.start(now_ms);
        let names: Vec<&String> = self.wishes.iter().map(|wish| &wish.notation.record).collect();
        let mut filter: Vec<String> = Vec::new();
        // One title makes it a fetch of all: only the records themselves tell their titles.
        if names.iter().all(|name| is_uid_like(name)) {
            let mut seen = HashSet::new();
            filter = names.into_iter().filter(|name| seen.insert(name.as_str())).cloned().collect();
        }
        self.ask(Question { filter, renewal: None }, 0, now_ms)
    }

    fn resume(
        &mut self,
        outcomes: Vec<HttpOutcome>,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Ready => Err(vec![Error::Internal("an answer that nobody asked for").into()]),
            State::Asked { key, question } => {
                let outcome = outcomes.into_iter().next().ok_or(Error::Internal("a missing answer"));
                let outcome = outcome.map_err(|error| vec![error.into()])?;
                let key = key.transpose().map_err(|error| vec![error.into()])?;
                self.answered(outcome, key.as_ref(), question, now_ms, masks, entropy)
            }
            State::Loading(transfers) => self.loaded(transfers, outcomes, now_ms, masks, entropy),
            State::Waiting => self.settle(now_ms, masks, true),
        }
    }

    fn ask(&mut self, question: Question, delay_ms: u64, now_ms: u64) -> Next {
        let mut request = request::get_secret(&self.config.hostname);
        request.delay_ms = delay_ms;
        request.timeout_ms = Some(self.patience.remaining_ms(delay_ms, now_ms));
        request.silence_ms = self.silence_ms;
        self.sent_ms = now_ms.saturating_add(delay_ms);
        self.report.requests += 1;
        self.state = State::Asked { key: None, question };
        Next::Fetch(vec![request])
    }

    fn seal(&mut self, entropy: &mut dyn Entropy) -> Option<Sealed> {
        let State::Asked { key, question } = &mut self.state else { return None };
        let (sealed, result) = request::seal(&self.config, &self.server_keys, &question.filter, entropy)
            .map_or_else(|error| (None, Err(error)), |(sealed, key)| (Some(sealed), Ok(key)));
        *key = Some(result);
        sealed
    }

    fn answered(
        &mut self,
        outcome: HttpOutcome,
        key: Option<&TransmissionKey>,
        question: Question,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        let failed = |error: Error| Err(vec![error.into()]);
        let host = self.config.hostname.clone();
        let (error, retry_after_s) = match outcome {
            HttpOutcome::Failed(failure) => {
                let error = failure.to_error(&host, self.patience.limit_s());
                if !failure.is_passing() {
                    return failed(error);
                }
                (error, None)
            }
            HttpOutcome::Answered(response) => {
                let retry_after_s = response.retry_after_s;
                self.clock.learn(&response);
                match response::read(response, key, &host, &self.config.client_id, &*self.gcm) {
                    Err(error) => return failed(error),
                    Ok(Reply::Answer(answer)) => return self.opened(*answer, question, now_ms, masks),
                    Ok(Reply::RotateKey(id)) => {
                        return match self.patience.rotate().and_then(|()| self.server_keys.rotate_to(&id)) {
                            Ok(keys) => {
                                self.server_keys = keys;
                                Ok(self.ask_again(question, 0, now_ms))
                            }
                            Err(error) => failed(error),
                        };
                    }
                    Ok(Reply::Throttled(seconds)) => {
                        return match self.patience.throttle(
                            seconds,
                            self.clock.at(self.sent_ms),
                            self.clock.at(now_ms),
                            entropy,
                        ) {
                            Ok(delay_ms) => {
                                let until = time_of_day(now_ms.saturating_add(delay_ms));
                                self.notices.push(Notice::Info(format!(
                                    "Keeper throttles this device: waiting until {until} UTC"
                                )));
                                Ok(self.ask_again(question, delay_ms, now_ms))
                            }
                            Err(error) => failed(error),
                        };
                    }
                    Ok(Reply::Unavailable(error)) => (error, retry_after_s),
                }
            }
        };
        match self.patience.retry(retry_after_s, now_ms, entropy) {
            Ok(Retry::After(delay_ms)) => {
                self.notices.push(Notice::Info(format!("{error}; trying again")));
                Ok(self.ask_again(question, delay_ms, now_ms))
            }
            Ok(Retry::TooLate(pause_s)) => {
                self.notices.push(too_late(&error, pause_s));
                failed(error)
            }
            Ok(Retry::Enough) => failed(error),
            Err(error) => failed(error),
        }
    }

    fn ask_again(&mut self, question: Question, delay_ms: u64, now_ms: u64) -> Next {
        self.report.retries += 1;
        self.ask(question, delay_ms, now_ms)
    }

    fn opened(
        &mut self,
        answer: Answer,
        Question { filter, renewal }: Question,
        now_ms: u64,
        masks: &mut Masks,
    ) -> Outcome {
        let warnings = said_by_keeper(&answer, &self.config.client_id);
        let vault = Vault::new(answer, self.config.app_key.clone(), Rc::clone(&self.gcm));
        if let Some(renewal) = renewal {
            return self.renew(vault, renewal, now_ms);
        }
        for warning in warnings {
            if !self.told.contains(&warning) {
                self.told.push(warning.clone());
                self.notices.push(warning);
            }
        }
        self.found(vault, filter, now_ms, masks)
    }

    /// The records have come: every line is resolved, or every line that can't be is told.
    fn found(&mut self, mut vault: Vault, filter: Vec<String>, now_ms: u64, masks: &mut Masks) -> Outcome {
        if filter.iter().any(|uid| !vault.has_uid(uid)) {
            // What looks like a UID may be a title.
            return Ok(self.ask(Question { filter: Vec::new(), renewal: None }, 0, now_ms));
        }
        self.filter = filter;
        let mut problems = Vec::new();
        let mut found = Vec::new();
        let (agent, names) = (self.options.agent, &self.names);
        let mut watch = Watch { agent, names, masks, notices: &mut self.notices };
        for (id, wish) in std::mem::take(&mut self.wishes).into_iter().enumerate() {
            match Found::of(id, wish, &mut vault, &mut watch) {
                Ok(line) => found.extend(line),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems = clashes(&found, self.options.agent.platform);
        }
        vault.take_warnings().into_iter().for_each(|warning| self.notices.push(Notice::Warning(warning)));
        if !problems.is_empty() {
            return Err(problems);
        }
        self.report.records = vault.len();
        let mut wanted = Vec::new();
        for line in found {
            match line {
                Found::Whole(line) => self.rendered.push(line),
                Found::Attachment(line, attachment) => wanted.push((line, attachment)),
            }
        }
        self.load_attachments(wanted, now_ms, masks)
    }

    /// Everything was found that can be judged without being set.
    fn checked(&mut self, now_ms: u64, masks: &mut Masks) -> Outcome {
        let waiting: usize = self.to_disk.iter().map(Transfer::count).sum();
        let count = counted(self.rendered.len() + waiting, "secret is", "secrets are");
        // Codes are made as well, to see whether their destinations can take them.
        self.plan(self.code_time(now_ms), masks)?;
        self.notices.push(Notice::Info(format!("checked: {count} there; nothing was set")));
        Ok(Next::Finish(Plan::default()))
    }

    /// The time by which two-factor codes are made: a clock that is minutes off gives codes that nobody accepts.
    fn code_time(&self, now_ms: u64) -> u64 {
        if self.clock.error_ms().is_some() { self.clock.at(now_ms) } else { now_ms }
    }

    /// Everything is here but the two-factor codes: they are made last, so that they are fresh.
    fn settle(&mut self, now_ms: u64, masks: &mut Masks, has_waited: bool) -> Outcome {
        let code_ms = self.code_time(now_ms);
        let wait_ms = self.rendered.iter().map(|line| line.wait_ms(code_ms)).max().unwrap_or(0);
        if wait_ms > 0 {
            // A timer may end a little early.
            if !has_waited {
                self.notices.push(Notice::Info(format!(
                    "waiting {} s for the next two-factor code, so that the next step can use it",
                    wait_ms.div_ceil(1000)
                )));
            }
            self.state = State::Waiting;
            return Ok(Next::Wait(wait_ms));
        }
        if let (Some(error_ms), true) = (self.clock.error_ms(), self.rendered.iter().any(Rendered::has_codes)) {
            self.notices.push(Notice::Warning(format!(
                "the agent's clock is {} s {}, so two-factor codes are made by Keeper's clock",
                error_ms.unsigned_abs() / 1000,
                if error_ms > 0 { "behind" } else { "ahead" }
            )));
        }
        let mut plan = self.plan(code_ms, masks)?;
        masks.finish();
        if let Some(gap) = plan.report.describe_masks(masks) {
            self.notices.push(mask_warning(&gap));
        }
        Ok(Next::Finish(plan))
    }

    fn plan(&mut self, code_ms: u64, masks: &mut Masks) -> Result<Plan, Vec<Problem>> {
        let (agent, names) = (self.options.agent, &self.names);
        let mut plan = Plan { report: std::mem::take(&mut self.report), percents: agent.percents, ..Plan::default() };
        let mut watch = Watch { agent, names, masks, notices: &mut self.notices };
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        self.rendered.sort_by_key(|line| line.id);
        for line in self.rendered.drain(..) {
            match line.plan(code_ms, &mut watch, &mut plan) {
                Ok(filled) => texts.extend(filled),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut texts = texts.into_iter();
        self.drafts.drain(..).for_each(|draft| draft.plan(&mut texts, &mut plan));
        Ok(plan)
    }
}

/// What is watched over while lines are resolved.
struct Watch<'a> {
    agent: Agent,
    names: &'a Names,
    masks: &'a mut Masks,
    notices: &'a mut Notices,
}

impl Watch<'_> {
    fn warn(&mut self, line: &str, text: &str) {
        self.notices.warn(line, text);
    }

    fn warn_of_field(&mut self, line: &str, field: &str, reason: &str) {
        self.warn(line, &format!("the field `{}` is left out: {reason}", shown(field)));
    }
}

/// What Keeper has to say to the application's owner, as much of it as a person may want to see.
fn said_by_keeper(answer: &Answer, client_id: &SecretText) -> Vec<Notice> {
    const MOST: usize = 10;
    let mut texts: Vec<String> = Vec::new();
    for text in answer.warnings.iter().map(|text| said(text, client_id)) {
        if texts.len() < MOST && !texts.contains(&text) {
            texts.push(text);
        }
    }
    let more = answer.warning_count - texts.len();
    let mut notices: Vec<_> = texts.into_iter().map(|text| Notice::Warning(format!("Keeper says: {text}"))).collect();
    if more > 0 {
        notices.push(Notice::Warning(format!("Keeper has {} to say", counted(more, "more thing", "more things"))));
    }
    notices
}

/// Tells that the budget of masks did not last.
fn mask_warning(gap: &MaskGap) -> Notice {
    let forms = grouped(gap.forms as u64);
    let values = match gap.unmasked.as_slice() {
        [] => "the values themselves are".to_owned(),
        lines => format!("and nothing at all of {}", listed_plain(lines)),
    };
    Notice::Warning(format!(
        "a step may register {} masks, and this one needs more: {forms} forms of {} are not masked, {values}; spread the \
         lines over several steps",
        grouped(BUDGET as u64),
        listed_plain(&gap.lines)
    ))
}

/// The time of day, as in `05:06:07`, of a time in milliseconds since 1970.
fn time_of_day(at_ms: u64) -> String {
    let seconds = at_ms.div_ceil(1000) % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Lines that come to one destination only now that the fields of whole records are known.
fn clashes(found: &[Found], platform: Platform) -> Vec<Problem> {
    let mut seen = HashMap::new();
    let mut problems = Vec::new();
    for found in found {
        let (wish, targets) = match found {
            Found::Whole(rendered) => rendered.places(),
            Found::Attachment(wanted, _) => (&wanted.wish, vec![&wanted.wish.target]),
        };
        let destinations = targets.into_iter().filter_map(|target| match target {
            wish::Target::Own(destination) => Some(destination),
            wish::Target::Slot(_) => None,
        });
        let line = &wish.line;
        let name = line.name();
        for destination in destinations {
            let mut firsts = destination
                .identities(platform)
                .into_iter()
                .map(|identity| seen.entry(identity).or_insert_with(|| name.clone()).clone());
            if let Some(first) = firsts.find(|first| *first != name) {
                problems.push(line.destination_problem(mapping::duplicate(&first)));
            }
        }
    }
    problems
}
