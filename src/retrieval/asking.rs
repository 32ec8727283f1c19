//! The step that sends `get_secret`, if need be again: with another key, after a pause, or without a filter.

use std::collections::HashMap;
use std::rc::Rc;

use super::found::Found;
use super::loading::Renewal;
use super::run::Run;
use super::wish::{Target, Wish};
use super::{Env, Notice, Step, Stop};
use crate::crypto::Entropy;
use crate::crypto::keys::TransmissionKey;
use crate::error::Error;
use crate::inputs::mapping;
use crate::inputs::path::Platform;
use crate::problem::Problem;
use crate::protocol::answer::Answer;
use crate::protocol::request::{self, Request, Sealed};
use crate::protocol::response::{self, HttpOutcome, Reply};
use crate::protocol::retry::Retry;
use crate::protocol::said::said;
use crate::secret::SecretText;
use crate::text::counted;
use crate::vault::records::Vault;

/// A request for records that is to be sealed and sent.
pub struct Ask {
    run: Box<Run>,
    question: Question,
    request: Request,
    /// When it is sent.
    sent_ms: u64,
    /// What opens the answer: `None` until the request is sealed, and an error if there was no randomness for that.
    key: Option<Result<TransmissionKey, Error>>,
}

/// What is asked for, and why.
pub(super) struct Question {
    /// UIDs; empty for all records.
    pub(super) filter: Vec<String>,
    pub(super) then: Then,
}

/// What to do with the records that arrive.
pub(super) enum Then {
    /// Find what these ask for.
    Find(Vec<Wish>),
    /// Give attachments new addresses.
    Renew(Renewal),
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Ask {
    /// Asks after a pause.
    pub(super) fn step(mut run: Box<Run>, question: Question, delay_ms: u64, env: &Env<'_>) -> Step {
        let mut request = request::get_secret(&run.config.hostname);
        request.delay_ms = delay_ms;
        request.timeout_ms = Some(run.patience.remaining_ms(delay_ms, env.now_ms));
        request.silence_ms = run.silence_ms;
        run.report.requests += 1;
        let sent_ms = env.now_ms.saturating_add(delay_ms);
        Step::Ask(Box::new(Self { run, question, request, sent_ms, key: None }))
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Seals the request under a new key; the last call counts. If that fails, there is nothing to send, and the next
    /// step says why, whatever it gets.
    #[must_use]
    pub fn seal(&mut self, entropy: &mut dyn Entropy) -> Option<Sealed> {
        let Run { config, server_keys, .. } = &*self.run;
        let (sealed, key) = match request::seal(config, server_keys, &self.question.filter, entropy) {
            Ok((sealed, key)) => (Some(sealed), Ok(key)),
            Err(error) => (None, Err(error)),
        };
        self.key = Some(key);
        sealed
    }

    /// Goes on with what came back.
    #[must_use]
    pub fn resume(self, outcome: HttpOutcome, env: &mut Env<'_>) -> Step {
        Step::of(self.answered(outcome, env))
    }

    fn answered(mut self, outcome: HttpOutcome, env: &mut Env<'_>) -> Result<Step, Stop> {
        let key = self.key.take().transpose()?;
        let run = &mut *self.run;
        let (error, retry_after_s) = match outcome {
            HttpOutcome::Failed(failure) => {
                let error = failure.to_error(&run.config.hostname, run.patience.limit_s());
                if !failure.is_passing() {
                    return Err(error.into());
                }
                (error, None)
            }
            HttpOutcome::Answered(response) => {
                let retry_after_s = response.retry_after_s;
                run.clock.learn(&response);
                let config = &run.config;
                match response::read(response, key.as_ref(), &config.hostname, &config.client_id, &*run.gcm)? {
                    Reply::Answer(answer) => return self.opened(*answer, env),
                    Reply::RotateKey(id) => {
                        run.patience.rotate()?;
                        run.server_keys = run.server_keys.rotate_to(&id)?;
                        return Ok(self.again(0, env));
                    }
                    Reply::Throttled(seconds) => return self.throttled(seconds, env),
                    Reply::Unavailable(error) => (error, retry_after_s),
                }
            }
        };
        self.unanswered(error, retry_after_s, env)
    }

    fn again(mut self, delay_ms: u64, env: &Env<'_>) -> Step {
        self.run.report.retries += 1;
        Self::step(self.run, self.question, delay_ms, env)
    }

    fn throttled(mut self, seconds: Option<u64>, env: &mut Env<'_>) -> Result<Step, Stop> {
        let run = &mut *self.run;
        let (sent_ms, server_ms) = (run.clock.at(self.sent_ms), run.clock.at(env.now_ms));
        let delay_ms = run.patience.throttle(seconds, sent_ms, server_ms, env.entropy)?;
        let until = time_of_day(env.now_ms.saturating_add(delay_ms));
        env.notices.push(Notice::Info(format!("Keeper throttles this device: waiting until {until} UTC")));
        Ok(self.again(delay_ms, env))
    }

    fn unanswered(mut self, error: Error, retry_after_s: Option<u64>, env: &mut Env<'_>) -> Result<Step, Stop> {
        match self.run.patience.retry(retry_after_s, env.now_ms, env.entropy)? {
            Retry::After(delay_ms) => {
                env.notices.push(Notice::Info(format!("{error}; trying again")));
                Ok(self.again(delay_ms, env))
            }
            Retry::TooLate(pause_s) => {
                env.notices.too_late(&error, pause_s);
                Err(error.into())
            }
            Retry::Enough => Err(error.into()),
        }
    }

    fn opened(self, answer: Answer, env: &mut Env<'_>) -> Result<Step, Stop> {
        let Self { mut run, question: Question { filter, then }, .. } = self;
        let warnings = said_by_keeper(&answer, &run.config.client_id);
        let vault = Vault::new(answer, run.config.app_key.clone(), Rc::clone(&run.gcm));
        match then {
            Then::Renew(renewal) => run.renew(vault, renewal, env),
            Then::Find(wishes) => {
                for warning in warnings {
                    if !run.told.contains(&warning) {
                        run.told.push(warning.clone());
                        env.notices.push(warning);
                    }
                }
                if filter.iter().any(|uid| !vault.has_uid(uid)) {
                    // A name that looks like a UID may be a title.
                    let question = Question { filter: Vec::new(), then: Then::Find(wishes) };
                    return Ok(Self::step(run, question, 0, env));
                }
                run.filter = filter;
                run.find(vault, wishes, env)
            }
        }
    }
}

impl Run {
    /// Finds everything in the records that arrived, or reports all that is missing.
    fn find(mut self: Box<Self>, mut vault: Vault, wishes: Vec<Wish>, env: &mut Env<'_>) -> Result<Step, Stop> {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for (id, wish) in wishes.into_iter().enumerate() {
            match Found::of(id, wish, &mut vault, &self.rules, env) {
                Ok(line) => found.extend(line),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            problems = clashes(&found, self.rules.agent.platform);
        }
        vault.take_warnings().into_iter().for_each(|warning| env.notices.push(Notice::Warning(warning)));
        if !problems.is_empty() {
            return Err(problems.into());
        }
        self.report.records = vault.len();
        let mut wanted = Vec::new();
        for line in found {
            match line {
                Found::Whole(line) => self.rendered.push(line),
                Found::Attachment(line, attachment) => wanted.push((line, attachment)),
            }
        }
        self.load_attachments(wanted, env)
    }
}

/// Keeper's warnings to the application's owner, as many as people may want to read.
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
        notices.push(Notice::Warning(format!("Keeper sent {}", counted(more, "more warning", "more warnings"))));
    }
    notices
}

/// The time of day, as in `05:06:07`, of a time in milliseconds since 1970.
fn time_of_day(at_ms: u64) -> String {
    let seconds = at_ms.div_ceil(1000) % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Lines whose destinations turn out to be the same now that the fields of whole records are known.
fn clashes(found: &[Found], platform: Platform) -> Vec<Problem> {
    let mut seen = HashMap::new();
    let mut problems = Vec::new();
    for found in found {
        let (wish, targets) = match found {
            Found::Whole(rendered) => rendered.places(),
            Found::Attachment(wanted, _) => (&wanted.wish, vec![&wanted.wish.target]),
        };
        let name = wish.line.name();
        let destinations = targets.into_iter().filter_map(|target| match target {
            Target::Own(destination) => Some(destination),
            Target::Slot(_) => None,
        });
        for destination in destinations {
            let mut firsts = destination
                .identities(platform)
                .into_iter()
                .map(|identity| seen.entry(identity).or_insert_with(|| name.clone()).clone());
            if let Some(first) = firsts.find(|first| *first != name) {
                problems.push(wish.line.destination_problem(mapping::duplicate(&first)));
            }
        }
    }
    problems
}
