//! Downloads of attachments: requested in parallel, then again, elsewhere or at a new address, until they have arrived
//! or are given up.

use super::asking::{Ask, Question, Then};
use super::rendered::Rendered;
use super::run::Run;
use super::transfer::{Sink, Transfer, group};
use super::wanted::Wanted;
use super::{Env, Next, Notice, Step, Stop};
use crate::crypto::keys::FileKey;
use crate::error::Error;
use crate::inputs::Mode;
use crate::problem::Problem;
use crate::protocol::failure::{self, Failure, is_transient};
use crate::protocol::response::HttpOutcome;
use crate::protocol::retry::Retry;
use crate::secret::SecretBytes;
use crate::text::shown;
use crate::vault::attachment::{self, Attachment};
use crate::vault::records::Vault;

/// Attachments to download in parallel, all into memory or all to disk.
pub struct Load {
    run: Box<Run>,
    transfers: Vec<Transfer>,
}

impl std::fmt::Debug for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load").field("count", &self.transfers.len()).finish_non_exhaustive()
    }
}

impl Load {
    fn step(mut run: Box<Run>, transfers: Vec<Transfer>) -> Step {
        run.report.downloads += transfers.len();
        run.report.retries += transfers.iter().filter(|transfer| transfer.failures > 0).count();
        Step::Load(Box::new(Self { run, transfers }))
    }

    /// The requests, or the downloads that go to disk.
    pub(super) fn next(&self) -> Next<'_> {
        let silence_ms = self.run.silence_ms;
        let (to_memory, to_disk): (Vec<_>, Vec<_>) =
            self.transfers.iter().partition(|transfer| transfer.sink.is_memory());
        if to_disk.is_empty() {
            Next::Fetch(to_memory.into_iter().map(|transfer| transfer.request(silence_ms)).collect())
        } else {
            Next::Download(to_disk.into_iter().map(|transfer| transfer.download(silence_ms)).collect())
        }
    }

    /// The key of a download's content.
    #[must_use]
    pub fn key(&self, id: usize) -> Option<FileKey> {
        self.transfers.iter().find_map(|transfer| transfer.key_of(id)).cloned()
    }

    /// Goes on with the outcomes, in the order of the requests.
    #[must_use]
    pub fn resume(self, outcomes: Vec<HttpOutcome>, env: &mut Env<'_>) -> Step {
        let Self { run, transfers } = self;
        Step::of(run.loaded(transfers, outcomes, env))
    }
}

/// What to do about an attachment.
enum Verdict {
    /// It has arrived. After a download to disk, the bytes are its plaintext, if that is small.
    Whole(Transfer, Vec<u8>),
    /// It is larger than its record says: it goes to disk with the others.
    Spilled(Transfer),
    /// Ask again.
    Again(Transfer),
    /// Its address has expired: ask Keeper for a new one.
    Expired(Transfer),
}

/// How many redirects in a row an attachment's address may lead through.
const MAX_REDIRECTS: u32 = 3;
/// How long to wait until an attachment that was just uploaded has an address, in milliseconds.
const STORING_MS: u64 = 2_000;

impl Run {
    /// Downloads the attachments that are held in memory, and then those that go to disk.
    pub(super) fn load_attachments(
        mut self: Box<Self>,
        wanted: Vec<(Wanted, Box<Attachment>)>,
        env: &mut Env<'_>,
    ) -> Result<Step, Stop> {
        let (to_memory, to_disk) = group(wanted);
        self.to_disk = to_disk;
        if to_memory.is_empty() { self.load_to_disk(env) } else { self.load(to_memory, env) }
    }

    fn load_to_disk(mut self: Box<Self>, env: &mut Env<'_>) -> Result<Step, Stop> {
        if self.mode == Mode::Check {
            // An attachment that only goes to a file needs no check.
            return self.checked(env);
        }
        let mut transfers = std::mem::take(&mut self.to_disk);
        transfers.sort_by_key(|transfer| transfer.first.id);
        if transfers.is_empty() { self.settle(env) } else { self.load(transfers, env) }
    }

    /// Requests attachments; before that, the addresses of those that have none.
    fn load(self: Box<Self>, transfers: Vec<Transfer>, env: &mut Env<'_>) -> Result<Step, Stop> {
        let (unplaced, placed): (Vec<_>, Vec<_>) = transfers.into_iter().partition(Transfer::has_no_address);
        // Only once: Keeper may still be storing what was just uploaded.
        let in_vain = unplaced.iter().filter(|transfer| transfer.is_renewed);
        let problems: Vec<_> = in_vain.map(|transfer| transfer.problem(no_address(&transfer.attachment))).collect();
        if !problems.is_empty() {
            return Err(problems.into());
        }
        if unplaced.is_empty() {
            return Ok(Load::step(self, placed));
        }
        env.notices.push(Notice::Info("Keeper has no address for an attachment yet; asking once more".to_owned()));
        Ok(self.ask_for_addresses(Renewal { placed, unplaced }, STORING_MS, env))
    }

    fn loaded(
        mut self: Box<Self>,
        transfers: Vec<Transfer>,
        outcomes: Vec<HttpOutcome>,
        env: &mut Env<'_>,
    ) -> Result<Step, Stop> {
        let (mut again, mut expired, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        // Missing answers count as not received.
        let missing = std::iter::repeat_with(|| HttpOutcome::Failed(Failure::new("UNANSWERED")));
        for (transfer, outcome) in transfers.into_iter().zip(outcomes.into_iter().chain(missing)) {
            match self.judge(transfer, outcome, env) {
                Ok(Verdict::Whole(transfer, bytes)) if transfer.sink.is_memory() => {
                    problems.extend(self.accept(transfer, bytes, env));
                }
                Ok(Verdict::Whole(transfer, content)) => self.store(transfer, content, env),
                Ok(Verdict::Spilled(transfer)) => self.to_disk.push(transfer),
                Ok(Verdict::Again(transfer)) => again.push(transfer),
                Ok(Verdict::Expired(transfer)) => expired.push(transfer),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        if !expired.is_empty() {
            return Ok(self.ask_for_new_addresses(again, expired, env));
        }
        if again.is_empty() { self.load_to_disk(env) } else { self.load(again, env) }
    }

    /// Passes a complete attachment to every line that wants it.
    fn accept(&mut self, transfer: Transfer, blob: Vec<u8>, env: &mut Env<'_>) -> Vec<Problem> {
        let Ok(content) = transfer.attachment.key.decrypt_by(&*self.gcm, blob) else {
            let broken = attachment::broken(&transfer.attachment.name, failure::UNDECRYPTABLE);
            return transfer.lines().map(|line| line.problem(broken.clone())).collect();
        };
        let mut problems = Vec::new();
        let declared = transfer.attachment.size;
        for line in transfer.into_lines() {
            match Rendered::loaded(line, declared, content.clone(), &self.rules, env) {
                Ok(line) => self.rendered.push(line),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    /// Takes an attachment that is in its temporary file. If it is small, its content is given too, to be masked.
    fn store(&mut self, transfer: Transfer, content: Vec<u8>, env: &mut Env<'_>) {
        let content = SecretBytes::from(content);
        let is_larger = matches!(transfer.sink, Sink::Disk { is_larger: true });
        let declared = transfer.attachment.size.filter(|_| !is_larger);
        for line in transfer.into_lines() {
            self.rendered.push(Rendered::stored(line, declared, &content, env));
        }
    }

    fn judge(&mut self, transfer: Transfer, outcome: HttpOutcome, env: &mut Env<'_>) -> Result<Verdict, Problem> {
        let file = &transfer.attachment.name;
        let (error, is_passing, retry_after_s) = match outcome {
            HttpOutcome::Answered(response) => match (response.status, response.location) {
                (200, _) => return Ok(Verdict::Whole(transfer, response.body)),
                (301 | 302 | 303 | 307 | 308, Some(location)) => return self.follow(transfer, location),
                // Only once: a new address that is refused as well has not expired.
                (403, _) if !transfer.is_renewed => return Ok(Verdict::Expired(transfer)),
                (status, _) => (refused(file, status), is_transient(status), response.retry_after_s),
            },
            HttpOutcome::Failed(failure) if failure.code == "TOO_LARGE" && transfer.can_spill() => {
                return Ok(spill(transfer, env));
            }
            HttpOutcome::Failed(failure) if failure.code == "UNDECRYPTABLE" => {
                (attachment::broken(file, failure::UNDECRYPTABLE), false, None)
            }
            HttpOutcome::Failed(failure) => {
                let error = failure.to_download_error(file, transfer.host(), self.patience.limit_s());
                (error, failure.is_passing(), None)
            }
        };
        let retry = if is_passing {
            self.patience.retry_download(transfer.failures, retry_after_s, env.entropy)?
        } else {
            Retry::Enough
        };
        match retry {
            Retry::After(delay_ms) => {
                env.notices.push(Notice::Info(format!("{error}; trying again")));
                let failures = transfer.failures + 1;
                Ok(Verdict::Again(transfer.again(failures, delay_ms)))
            }
            Retry::Enough => Err(transfer.problem(error)),
            Retry::TooLate(pause_s) => {
                env.notices.too_late(&error, pause_s);
                Err(transfer.problem(error))
            }
        }
    }

    fn follow(&self, mut transfer: Transfer, location: String) -> Result<Verdict, Problem> {
        let count = transfer.redirect.map_or(0, |(_, count)| count) + 1;
        let refused = if count > MAX_REDIRECTS {
            Some("REDIRECTS")
        } else {
            Some("REDIRECT_NOT_HTTPS").filter(|_| !location.starts_with("https://"))
        };
        transfer.redirect = None;
        if let Some(code) = refused {
            let limit_s = self.patience.limit_s();
            let error = Failure::new(code).to_download_error(&transfer.attachment.name, "", limit_s);
            return Err(transfer.problem(error));
        }
        transfer.redirect = Some((location, count));
        transfer.delay_ms = 0;
        Ok(Verdict::Again(transfer))
    }

    fn ask_for_new_addresses(
        self: Box<Self>,
        placed: Vec<Transfer>,
        expired: Vec<Transfer>,
        env: &mut Env<'_>,
    ) -> Step {
        env.notices.push(Notice::Info("an attachment's address has expired; asking Keeper for a new one".to_owned()));
        let once_more = |transfer: Transfer| {
            let failures = transfer.failures + 1;
            transfer.again(failures, 0)
        };
        let unplaced = expired.into_iter().map(once_more).collect();
        self.ask_for_addresses(Renewal { placed, unplaced }, 0, env)
    }

    fn ask_for_addresses(mut self: Box<Self>, renewal: Renewal, delay_ms: u64, env: &Env<'_>) -> Step {
        // The downloads may have used up the time that Keeper is given to answer.
        self.patience.start(env.now_ms);
        let filter = self.filter.clone();
        Ask::step(self, Question { filter, then: Then::Renew(renewal) }, delay_ms, env)
    }

    /// Takes the records again, with new addresses.
    pub(super) fn renew(self: Box<Self>, mut vault: Vault, renewal: Renewal, env: &mut Env<'_>) -> Result<Step, Stop> {
        let Renewal { placed: mut transfers, unplaced } = renewal;
        let mut problems = Vec::new();
        for mut transfer in unplaced {
            problems.extend(transfer.renew(&mut vault));
            transfers.push(transfer);
        }
        if problems.is_empty() { self.load(transfers, env) } else { Err(problems.into()) }
    }
}

/// Sends an attachment that is larger than its record says to disk, whatever its size.
fn spill(transfer: Transfer, env: &mut Env<'_>) -> Verdict {
    if let Some(declared) = transfer.attachment.size {
        transfer.lines().for_each(|line| line.warn_of_size(declared, env.notices));
    }
    let was_in_memory = transfer.sink.is_memory();
    let failures = transfer.failures;
    let mut transfer = transfer.again(failures, 0);
    transfer.sink = Sink::Disk { is_larger: true };
    if was_in_memory { Verdict::Spilled(transfer) } else { Verdict::Again(transfer) }
}

/// The error for an attachment that the storage refuses.
fn refused(file: &str, status: u16) -> Error {
    let error = Error::new(format!("the download of the attachment `{}` failed with status {status}", shown(file)));
    match status {
        401 | 403 => error.with_hint("run the pipeline again; the address of an attachment is valid for a short time"),
        500.. => error.with_hint("Keeper's storage is out of service; run the pipeline again"),
        _ => error,
    }
}

fn no_address(attachment: &Attachment) -> Error {
    Error::new(format!("Keeper has no address for the attachment `{}` yet", shown(&attachment.name)))
        .with_hint("it may have been uploaded just now: run the pipeline again; if it still fails, upload it again")
}

/// Downloads that go on once Keeper has given new addresses.
#[derive(Debug)]
pub(super) struct Renewal {
    /// Those that have an address.
    placed: Vec<Transfer>,
    /// Those that have none, or one that has expired.
    unplaced: Vec<Transfer>,
}
