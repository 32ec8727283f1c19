//! The story of a run: one step out, answers in, until the plan is ready or a problem ends it.
//!
//! ```text
//! ask ──▶ answered? ──▶ resolve every line ──▶ fetch and download attachments ──▶ wait for a fresh code ──▶ plan
//!  ▲          │  key rotation, throttling, no answer,
//!  └──────────┘  a title that looks like a UID
//! ```
//!
//! Nothing here sends, waits or writes. Whoever drives it prints the notices and registers the masks of each step first.

use std::collections::HashSet;

use crate::crypto::Entropy;
use crate::crypto::Undecryptable;
use crate::crypto::keys::{FileKey, TransmissionKey};
use crate::error::{Error, Problem, shown};
use crate::inputs::config::{self, Config};
use crate::inputs::mapping::{self, Destination, Line, Mapping};
use crate::inputs::notation::{Selector, is_uid_like};
use crate::outputs::mask::Masks;
use crate::outputs::plan::{Agent, Content, Plan, Report, Row, WriteFile};
use crate::protocol::failure;
use crate::protocol::request::{self, HttpRequest};
use crate::protocol::response::{self, HttpOutcome, Reply};
use crate::protocol::retry::Patience;
use crate::protocol::server_keys::ServerKeys;
use crate::secret::{SecretBytes, SecretText};
use crate::vault::record::Attachment;
use crate::vault::resolve::{self, Resolved};
use crate::vault::sealed::Vault;
use crate::vault::totp::Totp;

/// What the agent is like and how long the run may take.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the agent can take.
    pub agent: Agent,
    /// The time limit for Keeper's answer, in milliseconds.
    pub timeout_ms: u64,
}

/// What to do next.
#[derive(Debug)]
pub struct Step {
    /// Texts to mask before anything else is printed.
    pub masks: Vec<SecretText>,
    /// What to tell the author, in this order.
    pub notices: Vec<Notice>,
    /// The thing itself.
    pub next: Next,
}

/// Something to tell the author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A line of the log.
    Info(String),
    /// A warning of the step.
    Warning(String),
}

/// What to do next.
#[derive(Debug)]
pub enum Next {
    /// Send these and hand back what comes, in the same order.
    Fetch(Vec<HttpRequest>),
    /// Load these into temporary files and hand back how it went, in the same order.
    Download(Vec<Download>),
    /// Wait for so many milliseconds and hand back nothing.
    Wait(u64),
    /// Carry this out: the run has succeeded.
    Finish(Plan),
    /// Report these: the run has failed, nothing was set.
    Fail(Vec<Problem>),
}

/// An attachment to load into a temporary file beside its path.
#[derive(Clone, Debug)]
pub struct Download {
    /// Its number in this run.
    pub id: usize,
    /// The request.
    pub request: HttpRequest,
    /// The mapping line, counted from 1.
    pub line: usize,
    /// The file's path, as the author wrote it.
    pub path: String,
}

/// A run, from the inputs to the plan.
pub struct Retrieval {
    masks: Masks,
    session: Result<Box<Session>, Vec<Problem>>,
}

impl Retrieval {
    /// Reads the inputs. What is wrong with them is told by the first step.
    #[must_use]
    pub fn new(config: &str, secrets: &str, options: Options) -> Self {
        let mut masks = Masks::default();
        for part in config::secrets_of(config) {
            // EXPOSE: masks are handed to the agent, which hides them.
            masks.add_value(part.expose());
        }
        let config = config::parse(config).and_then(|config| Ok((ServerKeys::for_config(&config)?, config)));
        let session = match (config, mapping::parse(secrets, options.agent.platform)) {
            (Ok((keys, config)), Ok(mappings)) => Ok(Box::new(Session::new(config, keys, mappings, options))),
            (Ok(_), Err(problems)) => Err(problems),
            (Err(error), Ok(_)) => Err(vec![error.into()]),
            (Err(error), Err(problems)) => Err([vec![error.into()], problems].concat()),
        };
        Self { masks, session }
    }

    /// The first step, at this time in milliseconds since 1970.
    pub fn start(&mut self, now_ms: u64, entropy: &mut dyn Entropy) -> Step {
        self.step(|session, _| session.start(now_ms, entropy))
    }

    /// The next step, after what the last one asked for has come.
    pub fn resume(&mut self, outcomes: Vec<HttpOutcome>, now_ms: u64, entropy: &mut dyn Entropy) -> Step {
        self.step(|session, masks| session.resume(outcomes, now_ms, masks, entropy))
    }

    /// The key of a download's content.
    #[must_use]
    pub fn download_key(&self, id: usize) -> Option<FileKey> {
        match self.session.as_ref().ok()?.items.get(id)?.secret {
            Secret::Attachment { ref attachment, .. } => Some(attachment.key.clone()),
            _ => None,
        }
    }

    fn step(&mut self, advance: impl FnOnce(&mut Session, &mut Masks) -> Result<Next, Vec<Problem>>) -> Step {
        let (next, notices) = match &mut self.session {
            Ok(session) => {
                let next = advance(session, &mut self.masks).unwrap_or_else(Next::Fail);
                (next, std::mem::take(&mut session.notices))
            }
            Err(problems) => (Next::Fail(std::mem::take(problems)), Vec::new()),
        };
        Step { masks: self.masks.take(), notices, next }
    }
}

/// A run whose inputs are sound.
struct Session {
    config: Config,
    mappings: Vec<Mapping>,
    options: Options,
    server_keys: ServerKeys,
    patience: Patience,
    state: State,
    items: Vec<Item>,
    notices: Vec<Notice>,
    report: Report,
}

/// What the session waits for.
enum State {
    /// To be started.
    Ready,
    /// The answer of `get_secret`, to be opened with this key. The filter is empty for all records.
    Asked { key: TransmissionKey, filter: Vec<String> },
    /// The attachments with these numbers, each asked for so many times before.
    Fetching(Attempts),
    /// The same, for those that go to disk on the way.
    Downloading(Attempts),
    /// A fresh two-factor code.
    Waiting,
}

/// A mapping line and what it yields. Its index is the number by which Node knows its download.
struct Item {
    line: Line,
    destination: Destination,
    secret: Secret,
    /// In how many forms it is masked.
    forms: usize,
}

enum Secret {
    Text(SecretText),
    Codes { codes: Vec<Totp>, as_list: bool },
    Attachment { attachment: Box<Attachment>, content: Option<SecretBytes> },
}

/// Attachments up to this size in bytes are held in memory and masked; larger ones go to disk as they arrive.
pub const IN_MEMORY_LIMIT: u64 = 64 * 1024;

/// Numbers of attachments, and how often each was asked for before.
type Attempts = Vec<(usize, u32)>;

type Outcome = Result<Next, Vec<Problem>>;

impl Session {
    fn new(config: Config, server_keys: ServerKeys, mappings: Vec<Mapping>, options: Options) -> Self {
        Self {
            config,
            server_keys,
            mappings,
            options,
            patience: Patience::new(options.timeout_ms),
            state: State::Ready,
            items: Vec::new(),
            notices: Vec::new(),
            report: Report::default(),
        }
    }

    fn start(&mut self, now_ms: u64, entropy: &mut dyn Entropy) -> Outcome {
        self.patience.start(now_ms);
        let names: Vec<&String> = self.mappings.iter().map(|mapping| &mapping.notation.record).collect();
        let mut filter: Vec<String> = Vec::new();
        // One title makes it a fetch of all: only the records themselves tell their titles.
        if names.iter().all(|name| is_uid_like(name)) {
            let mut seen = HashSet::new();
            filter = names.into_iter().filter(|name| seen.insert(name.as_str())).cloned().collect();
        }
        self.ask(filter, 0, entropy)
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
            State::Asked { key, filter } => {
                let outcome = outcomes.into_iter().next().ok_or(Error::Internal("a missing answer"));
                let outcome = outcome.map_err(|error| vec![error.into()])?;
                self.answered(outcome, &key, filter, now_ms, masks, entropy)
            }
            State::Fetching(asked) => self.fetched(asked, outcomes, now_ms, masks, entropy),
            State::Downloading(asked) => self.downloaded(asked, outcomes, now_ms, masks, entropy),
            State::Waiting => Ok(self.settle(now_ms, masks)),
        }
    }

    fn ask(&mut self, filter: Vec<String>, delay_ms: u64, entropy: &mut dyn Entropy) -> Outcome {
        let (mut request, key) = request::get_secret(&self.config, &self.server_keys, &filter, entropy)
            .map_err(|error| vec![error.into()])?;
        request.delay_ms = delay_ms;
        self.report.requests += 1;
        self.state = State::Asked { key, filter };
        Ok(Next::Fetch(vec![request]))
    }

    fn answered(
        &mut self,
        outcome: HttpOutcome,
        key: &TransmissionKey,
        filter: Vec<String>,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        let failed = |error: Error| Err(vec![error.into()]);
        let host = self.config.hostname.clone();
        let (error, retry_after_s) = match outcome {
            HttpOutcome::Failed(code) => {
                let error = failure::unreachable(&host, &code);
                if !failure::is_worth_retrying(&code) {
                    return failed(error);
                }
                (error, None)
            }
            HttpOutcome::Answered(response) => {
                let retry_after_s = response.retry_after_s;
                match response::read(response, key, &host) {
                    Err(error) => return failed(error),
                    Ok(Reply::Answer(answer)) => {
                        for warning in answer.warnings.iter().filter_map(|warning| warning.as_str()) {
                            self.notices.push(Notice::Warning(format!("Keeper says: {}", shown(warning))));
                        }
                        let vault = Vault::new(*answer, self.config.app_key.clone());
                        return self.found(vault, &filter, now_ms, masks, entropy);
                    }
                    Ok(Reply::RotateKey(id)) => {
                        return match self.patience.rotate().and_then(|()| self.server_keys.rotate_to(&id)) {
                            Ok(keys) => {
                                self.server_keys = keys;
                                self.report.retries += 1;
                                self.ask(filter, 0, entropy)
                            }
                            Err(error) => failed(error),
                        };
                    }
                    Ok(Reply::Throttled(seconds)) => {
                        return match self.patience.throttle(seconds, now_ms, entropy) {
                            Ok(delay_ms) => {
                                self.notices.push(Notice::Info(format!(
                                    "Keeper throttles this application; asking again in {} s",
                                    delay_ms.div_ceil(1000)
                                )));
                                self.report.retries += 1;
                                self.ask(filter, delay_ms, entropy)
                            }
                            Err(error) => failed(error),
                        };
                    }
                    Ok(Reply::Unavailable(error)) => (error, retry_after_s),
                }
            }
        };
        match self.patience.retry(retry_after_s, now_ms, entropy) {
            Ok(Some(delay_ms)) => {
                self.notices.push(Notice::Info(format!("{error}; trying again")));
                self.report.retries += 1;
                self.ask(filter, delay_ms, entropy)
            }
            Ok(None) => failed(error),
            Err(error) => failed(error),
        }
    }

    /// The records have come: every line is resolved, or every line that can't be is told.
    fn found(
        &mut self,
        mut vault: Vault,
        filter: &[String],
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        if filter.iter().any(|uid| !vault.has_uid(uid)) {
            // What looks like a UID may be a title.
            return self.ask(Vec::new(), 0, entropy);
        }
        let mut problems = Vec::new();
        for mapping in &self.mappings {
            match resolve_line(mapping, &mut vault, self.options.agent, masks, &mut self.notices) {
                Ok((secret, forms)) => self.items.push(Item {
                    line: mapping.line.clone(),
                    destination: mapping.destination.clone(),
                    secret,
                    forms,
                }),
                Err(problem) => problems.push(problem),
            }
        }
        self.notices.extend(vault.take_warnings().into_iter().map(Notice::Warning));
        if !problems.is_empty() {
            return Err(problems);
        }
        let count = vault.len();
        self.report.records = count;
        self.notices.push(Notice::Info(format!(
            "Keeper answered with {count} {}",
            if count == 1 { "record" } else { "records" }
        )));
        self.fetch_attachments(now_ms, masks)
    }

    /// Asks for the attachments that are held in memory, and then for those that go to disk.
    fn fetch_attachments(&mut self, now_ms: u64, masks: &mut Masks) -> Outcome {
        let small: Attempts = self.pending(true);
        if !small.is_empty() {
            return self.fetch(small, &[]);
        }
        self.download_attachments(now_ms, masks)
    }

    fn download_attachments(&mut self, now_ms: u64, masks: &mut Masks) -> Outcome {
        let large = self.pending(false);
        if !large.is_empty() {
            return self.download(large, &[]);
        }
        Ok(self.settle(now_ms, masks))
    }

    /// The attachments that have not come yet, of one of the two kinds.
    fn pending(&self, in_memory: bool) -> Attempts {
        let items = self.items.iter().enumerate();
        let pending = items.filter(|(_, item)| match &item.secret {
            Secret::Attachment { attachment, content: None } => {
                in_memory == is_held_in_memory(attachment, &item.destination)
            }
            _ => false,
        });
        pending.map(|(id, _)| (id, 0)).collect()
    }

    fn attachment(&self, id: usize) -> Result<&Attachment, Vec<Problem>> {
        match self.items.get(id).map(|item| &item.secret) {
            Some(Secret::Attachment { attachment, .. }) => Ok(attachment),
            _ => Err(vec![Error::Internal("an attachment out of range").into()]),
        }
    }

    fn request(&self, id: usize, limit: u64, delay_ms: u64) -> Result<HttpRequest, Vec<Problem>> {
        let url = self.attachment(id)?.url.clone();
        // A pre-signed address wants no headers of Keeper's.
        Ok(HttpRequest { method: "GET", url, headers: Vec::new(), body: None, limit, delay_ms })
    }

    fn fetch(&mut self, ids: Attempts, delays_ms: &[u64]) -> Outcome {
        const OVERHEAD: u64 = 1024;
        let requests = ids.iter().enumerate().map(|(index, (id, _))| {
            self.request(*id, 2 * IN_MEMORY_LIMIT + OVERHEAD, delays_ms.get(index).copied().unwrap_or(0))
        });
        let requests = requests.collect::<Result<_, _>>()?;
        self.count(&ids);
        self.state = State::Fetching(ids);
        Ok(Next::Fetch(requests))
    }

    fn count(&mut self, ids: &[(usize, u32)]) {
        self.report.requests += ids.len();
        self.report.retries += ids.iter().filter(|(_, attempt)| *attempt > 0).count();
    }

    fn download(&mut self, ids: Attempts, delays_ms: &[u64]) -> Outcome {
        let downloads = ids.iter().enumerate().map(|(index, (id, _))| {
            let request = self.request(*id, u64::MAX, delays_ms.get(index).copied().unwrap_or(0))?;
            let item = self.items.get(*id).ok_or(Error::Internal("an attachment out of range"));
            let item = item.map_err(|error| vec![error.into()])?;
            let path = item.destination.name().to_owned();
            Ok(Download { id: *id, request, line: item.line.number, path })
        });
        let downloads = downloads.collect::<Result<_, Vec<Problem>>>()?;
        self.count(&ids);
        self.state = State::Downloading(ids);
        Ok(Next::Download(downloads))
    }

    fn fetched(
        &mut self,
        asked: Attempts,
        outcomes: Vec<HttpOutcome>,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        let agent = self.options.agent;
        let mut again = Again::default();
        for ((id, attempt), outcome) in asked.into_iter().zip(outcomes) {
            let name = self.attachment(id)?.name.clone();
            let Some(item) = self.items.get_mut(id) else { continue };
            match judge_download(&outcome, &name) {
                Ok(()) => {
                    let HttpOutcome::Answered(response) = outcome else { continue };
                    match item.accept(response.body, agent, masks) {
                        Ok(notice) => self.notices.extend(notice),
                        Err(problem) => again.problems.push(problem),
                    }
                }
                Err(failure) => again.judge(item, id, attempt, failure, &mut self.patience, now_ms, entropy),
            }
        }
        match again.into_retries()? {
            (ids, _) if ids.is_empty() => self.download_attachments(now_ms, masks),
            (ids, delays_ms) => self.fetch(ids, &delays_ms),
        }
    }

    fn downloaded(
        &mut self,
        asked: Attempts,
        outcomes: Vec<HttpOutcome>,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        let mut again = Again::default();
        for ((id, attempt), outcome) in asked.into_iter().zip(outcomes) {
            let name = self.attachment(id)?.name.clone();
            let Some(item) = self.items.get_mut(id) else { continue };
            if let Err(failure) = judge_download(&outcome, &name) {
                again.judge(item, id, attempt, failure, &mut self.patience, now_ms, entropy);
            }
        }
        match again.into_retries()? {
            (ids, _) if ids.is_empty() => Ok(self.settle(now_ms, masks)),
            (ids, delays_ms) => self.download(ids, &delays_ms),
        }
    }

    /// Everything is here but the two-factor codes: they are made last, so that they are fresh.
    fn settle(&mut self, now_ms: u64, masks: &mut Masks) -> Next {
        let codes = self.items.iter().filter_map(|item| match &item.secret {
            Secret::Codes { codes, .. } => Some(codes),
            _ => None,
        });
        let wait_ms = codes.flatten().map(|code| code.wait_ms(now_ms)).max().unwrap_or(0);
        if wait_ms > 0 {
            self.notices.push(Notice::Info(format!(
                "waiting {} s for the next two-factor code, so that the next step can use it",
                wait_ms.div_ceil(1000)
            )));
            self.state = State::Waiting;
            return Next::Wait(wait_ms);
        }
        let mut plan = Plan { report: std::mem::take(&mut self.report), ..Plan::default() };
        for (id, item) in self.items.drain(..).enumerate() {
            item.plan(id, now_ms, masks, &mut plan);
        }
        Next::Finish(plan)
    }
}

/// Whether an attachment is short enough to be held, or has to be because it becomes a variable.
fn is_held_in_memory(attachment: &Attachment, destination: &Destination) -> bool {
    !matches!(destination, Destination::File(_)) || attachment.size.is_some_and(|size| size <= IN_MEMORY_LIMIT)
}

fn resolve_line(
    mapping: &Mapping,
    vault: &mut Vault,
    agent: Agent,
    masks: &mut Masks,
    notices: &mut Vec<Notice>,
) -> Result<(Secret, usize), Problem> {
    let line = &mapping.line;
    let selector = &mapping.notation.selector;
    let (record, resolved) = vault
        .find(&mapping.notation.record)
        .and_then(|record| resolve::resolve(selector, &record).map(|resolved| (record, resolved)))
        .map_err(|error| line.notation_problem(error))?;
    match resolved {
        Resolved::Text(value) => {
            let forms = check_text(line, &mapping.destination, &value, agent, masks, notices)?;
            Ok((Secret::Text(value), forms))
        }
        Resolved::Code(code) => Ok((Secret::Codes { codes: vec![code], as_list: false }, 0)),
        Resolved::Codes(codes) => Ok((Secret::Codes { codes, as_list: true }, 0)),
        Resolved::Attachment(attachment) => {
            if let Selector::File(name) = selector {
                let count = resolve::count_attachments(&record, name);
                if count > 1 {
                    notices.push(Notice::Warning(format!(
                        "line {}: {count} attachments of the record are named `{}`; the first one is taken, a UID would \
                         be exact",
                        line.number,
                        shown(name)
                    )));
                }
            }
            check_declared_size(line, &mapping.destination, &attachment, agent)?;
            Ok((Secret::Attachment { attachment, content: None }, 0))
        }
    }
}

/// An attachment that is to become a variable, and says that it is too large for one, need not be downloaded.
fn check_declared_size(
    line: &Line,
    destination: &Destination,
    attachment: &Attachment,
    agent: Agent,
) -> Result<(), Problem> {
    let limit = agent.variable_limit(destination.name());
    match (destination, attachment.size) {
        (Destination::File(_), _) | (_, None) => Ok(()),
        (_, Some(size)) if size <= limit => Ok(()),
        (_, Some(size)) => Err(line.notation_problem(Error::TooLarge { size, limit })),
    }
}

/// Checks that the destination can take a text, and has it masked; says in how many forms.
fn check_text(
    line: &Line,
    destination: &Destination,
    value: &SecretText,
    agent: Agent,
    masks: &mut Masks,
    notices: &mut Vec<Notice>,
) -> Result<usize, Problem> {
    // EXPOSE: masks are handed to the agent, which hides them.
    let value = value.expose();
    let forms = masks.add_value(value);
    let mut warn = |text: String| notices.push(Notice::Warning(format!("line {}: {text}", line.number)));
    let name = shown(destination.name());
    if value.is_empty() {
        warn(format!("the field is empty, so `{name}` becomes empty"));
    } else if forms == 0 && !value.trim().is_empty() {
        warn(format!("the value for `{name}` is too short to be hidden in logs"));
    }
    if matches!(destination, Destination::File(_)) {
        return Ok(forms);
    }
    agent.check(destination.name(), value).map_err(|error| line.notation_problem(error))?;
    if value.contains("$(") {
        warn(format!("the value for `{name}` contains `$(`; the agent may replace what follows by a variable"));
    }
    Ok(forms)
}

/// How a download failed.
struct DownloadFailure {
    error: Error,
    is_transient: bool,
    retry_after_s: Option<u64>,
}

fn judge_download(outcome: &HttpOutcome, file: &str) -> Result<(), DownloadFailure> {
    match outcome {
        HttpOutcome::Answered(response) if response.status == 200 => Ok(()),
        HttpOutcome::Answered(response) => Err(DownloadFailure {
            error: Error::Download { file: file.to_owned(), status: response.status },
            is_transient: response::is_transient(response.status),
            retry_after_s: response.retry_after_s,
        }),
        HttpOutcome::Failed(code) => Err(DownloadFailure {
            error: Error::BrokenDownload { file: file.to_owned(), reason: failure::describe(code) },
            is_transient: failure::is_worth_retrying(code),
            retry_after_s: None,
        }),
    }
}

/// The attachments that did not come: to be asked for once more, or given up.
#[derive(Default)]
struct Again {
    ids: Attempts,
    delays_ms: Vec<u64>,
    problems: Vec<Problem>,
}

impl Again {
    #[expect(clippy::too_many_arguments, reason = "one call each for the two kinds of download")]
    fn judge(
        &mut self,
        item: &Item,
        id: usize,
        attempt: u32,
        failure: DownloadFailure,
        patience: &mut Patience,
        now_ms: u64,
        entropy: &mut dyn Entropy,
    ) {
        let delay_ms = if failure.is_transient {
            patience.delay(attempt, failure.retry_after_s, now_ms, entropy)
        } else {
            Ok(None)
        };
        match delay_ms {
            Ok(Some(delay_ms)) => {
                self.ids.push((id, attempt + 1));
                self.delays_ms.push(delay_ms);
            }
            Ok(None) => self.problems.push(item.line.notation_problem(failure.error)),
            Err(error) => self.problems.push(error.into()),
        }
    }

    fn into_retries(self) -> Result<(Attempts, Vec<u64>), Vec<Problem>> {
        if self.problems.is_empty() { Ok((self.ids, self.delays_ms)) } else { Err(self.problems) }
    }
}

impl Item {
    /// Opens an attachment that has come as a whole.
    fn accept(&mut self, blob: Vec<u8>, agent: Agent, masks: &mut Masks) -> Result<Vec<Notice>, Problem> {
        let Secret::Attachment { attachment, content } = &mut self.secret else { return Ok(Vec::new()) };
        let bytes = attachment.key.decrypt(blob).map_err(|Undecryptable| {
            self.line.notation_problem(Error::BrokenDownload {
                file: attachment.name.clone(),
                reason: failure::describe("UNDECRYPTABLE"),
            })
        })?;
        let mut notices = Vec::new();
        // EXPOSE: only the length and the kind of text are looked at.
        let size = bytes.expose().len() as u64;
        if let Some(declared) = attachment.size.filter(|declared| *declared != size) {
            notices.push(Notice::Warning(format!(
                "line {}: the attachment has {size} bytes, its record says {declared}",
                self.line.number
            )));
        }
        let text = bytes.to_text().filter(|_| !bytes.expose().contains(&0));
        match (text, &self.destination) {
            (Some(text), destination) => {
                self.forms = check_text(&self.line, destination, &text, agent, masks, &mut notices)?;
            }
            (None, Destination::File(_)) => {}
            (None, _) => return Err(self.line.notation_problem(Error::NotText)),
        }
        *content = Some(bytes);
        Ok(notices)
    }

    fn plan(mut self, id: usize, now_ms: u64, masks: &mut Masks, plan: &mut Plan) {
        let line = self.line.number;
        match std::mem::replace(&mut self.secret, Secret::Text(SecretText::default())) {
            Secret::Text(text) => plan.add_text(line, &self.destination, text),
            Secret::Codes { codes, as_list } => {
                let codes: Vec<SecretText> = codes.iter().map(|code| code.code(now_ms)).collect();
                for code in &codes {
                    // EXPOSE: masks are handed to the agent, which hides them.
                    self.forms += masks.add_value(code.expose());
                }
                let text =
                    if as_list { resolve::json(&Codes(&codes)) } else { codes.into_iter().next().unwrap_or_default() };
                plan.add_text(line, &self.destination, text);
            }
            Secret::Attachment { content, .. } => match (content, self.destination.clone()) {
                (Some(bytes), Destination::File(path)) => {
                    plan.files.push(WriteFile { line, path, content: Content::Bytes(bytes) });
                }
                (Some(bytes), destination) => plan.add_text(line, &destination, bytes.to_text().unwrap_or_default()),
                (None, destination) => {
                    let path = destination.name().to_owned();
                    plan.files.push(WriteFile { line, path, content: Content::Download(id) });
                }
            },
        }
        let Self { line, forms, .. } = self;
        plan.report.rows.push(Row {
            line: line.number,
            secret: shown(&line.notation()),
            destination: shown(&line.destination()),
            forms,
        });
    }
}

/// A list of codes as JSON.
struct Codes<'a>(&'a [SecretText]);

impl serde::Serialize for Codes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // EXPOSE: the JSON becomes a secret text again.
        serializer.collect_seq(self.0.iter().map(SecretText::expose))
    }
}
