//! Attachments on their way: asked for side by side, then again, elsewhere or by a new address, until they are here or
//! given up.

use std::collections::HashSet;

use super::item::{Item, Transfer, Watch};
use super::{Download, Next, Notice, Outcome, Question, Session, State, Target};
use crate::crypto::Entropy;
use crate::error::Error;
use crate::inputs::Mode;
use crate::outputs::mask::Masks;
use crate::problem::Problem;
use crate::protocol::failure::{self, is_transient};
use crate::protocol::request::Request;
use crate::protocol::response::HttpOutcome;
use crate::protocol::retry::Retry;
use crate::secret::SecretBytes;
use crate::text::shown;
use crate::vault::attachment::{self, Attachment};
use crate::vault::sealed::Vault;

/// An attachment that is asked for, by the number of its item.
#[derive(Clone, Debug)]
pub(super) struct Load {
    id: usize,
    /// How often it was asked for in vain.
    failures: u32,
    /// Where redirects have led, and how many there were.
    redirect: Option<(String, u32)>,
    delay_ms: u64,
}

/// Where attachments go that are loaded side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToMemory,
    ToDisk,
}

/// What to do about an attachment.
enum Verdict {
    /// It is here. Of what went to disk there are bytes if they are few, and plaintext.
    Whole(Vec<u8>),
    /// It is larger than its record says: it goes to disk.
    Spilled,
    /// Ask again.
    Again(Load),
    /// Its address has expired: ask Keeper for a new one.
    Expired(Load),
}

/// An attachment's address may lead elsewhere so many times in a row.
const MAX_REDIRECTS: u32 = 3;
/// How long an attachment that was just uploaded is given to get an address, in milliseconds.
const STORING_MS: u64 = 2_000;
/// An attachment whose record does not tell its size may have so many bytes: 16 GiB, more than Keeper takes.
const UNTOLD_LIMIT: u64 = 16 << 30;

impl Session {
    /// Asks for the attachments that are held in memory, and then for those that go to disk.
    pub(super) fn load_attachments(&mut self, now_ms: u64, masks: &mut Masks) -> Outcome {
        match self.wanted(Way::ToMemory) {
            loads if loads.is_empty() => self.load_to_disk(now_ms, masks),
            loads => self.load(Way::ToMemory, loads, now_ms),
        }
    }

    fn load_to_disk(&mut self, now_ms: u64, masks: &mut Masks) -> Outcome {
        if self.mode == Mode::Check {
            // What only goes to a file has nothing that could be judged.
            return Ok(self.checked());
        }
        match self.wanted(Way::ToDisk) {
            loads if loads.is_empty() => self.settle(now_ms, masks, false),
            loads => self.load(Way::ToDisk, loads, now_ms),
        }
    }

    /// The attachments that have not come yet, each once.
    fn wanted(&self, way: Way) -> Vec<Load> {
        let mut seen = HashSet::new();
        let items = self.items.iter().enumerate();
        let firsts = items.filter(|(_, item)| waits_for(item, way).is_some_and(|uid| seen.insert(uid)));
        firsts.map(|(id, _)| Load { id, failures: 0, redirect: None, delay_ms: 0 }).collect()
    }

    /// The items that wait for this item's attachment in this way, itself among them.
    fn twins(&self, id: usize, way: Way) -> Vec<usize> {
        let wanted = self.items.get(id).and_then(|item| waits_for(item, way));
        let items = self.items.iter().enumerate();
        let twins = items.filter(|(_, item)| wanted.is_some() && waits_for(item, way) == wanted);
        twins.map(|(id, _)| id).collect()
    }

    /// Asks for attachments, and first for the addresses of those that have none.
    fn load(&mut self, way: Way, loads: Vec<Load>, now_ms: u64) -> Outcome {
        let (unplaced, placed): (Vec<_>, Vec<_>) = loads.into_iter().partition(|load| self.has_no_address(load));
        // Once: Keeper may not have stored yet what was uploaded a moment ago.
        let (first, again): (Vec<_>, Vec<_>) = unplaced.into_iter().partition(|load| self.renewed.insert(load.id));
        if !again.is_empty() {
            return Err(again.iter().flat_map(|load| self.problem(load.id, self.no_address(load.id))).collect());
        }
        if !first.is_empty() {
            self.notices.push(Notice::Info("Keeper has no address for an attachment yet; asking once more".to_owned()));
            let ids = first.iter().map(|load| load.id).collect();
            let loads = placed.into_iter().chain(first).collect();
            return Ok(self.ask_for_addresses(Renewal { way, loads, ids }, STORING_MS, now_ms));
        }
        self.send(way, placed)
    }

    fn has_no_address(&self, load: &Load) -> bool {
        load.redirect.is_none() && self.attachment(load.id).is_ok_and(|attachment| attachment.url.is_empty())
    }

    fn no_address(&self, id: usize) -> Error {
        let name = self.attachment(id).map(|attachment| shown(&attachment.name)).unwrap_or_default();
        Error::new(format!("Keeper has no address for the attachment `{name}` yet"))
            .with_hint("it may have been uploaded just now: run the pipeline again; if it stays, upload it again")
    }

    fn send(&mut self, way: Way, loads: Vec<Load>) -> Outcome {
        self.report.downloads += loads.len();
        self.report.retries += loads.iter().filter(|load| load.failures > 0).count();
        let next = match way {
            Way::ToMemory => {
                let requests = loads.iter().map(|load| self.request(load, self.memory_limit(load.id)));
                Next::Fetch(requests.collect::<Result<_, _>>()?)
            }
            Way::ToDisk => Next::Download(loads.iter().map(|load| self.download(load)).collect::<Result<_, _>>()?),
        };
        self.state = State::Loading { way, loads };
        Ok(next)
    }

    fn request(&self, load: &Load, limit: u64) -> Result<Request, Vec<Problem>> {
        let url = self.address(load)?.to_owned();
        // A pre-signed address wants no headers of Keeper's.
        Ok(Request {
            method: "GET",
            url,
            limit,
            delay_ms: load.delay_ms,
            timeout_ms: None,
            silence_ms: self.silence_ms,
        })
    }

    fn download(&self, load: &Load) -> Result<Download, Vec<Problem>> {
        // An endless answer must not fill the disk; a size that is told a little wrong does no harm.
        let size = self.attachment(load.id)?.size.filter(|_| !self.items.get(load.id).is_some_and(Item::is_spilled));
        let limit = size.map_or(UNTOLD_LIMIT, |size| size.saturating_mul(2).max(1 << 20));
        let request = self.request(load, limit)?;
        let mut targets = self.twins(load.id, Way::ToDisk).into_iter().filter_map(|id| {
            let item = self.items.get(id)?;
            Some(Target { id, line: item.line(), path: item.destination().name().to_owned() })
        });
        let Target { id, line, path } = targets.next().ok_or(out_of_range())?;
        Ok(Download { id, request, line, path, twins: targets.collect() })
    }

    /// The most that one of the items would take.
    fn memory_limit(&self, id: usize) -> u64 {
        let twins = self.twins(id, Way::ToMemory).into_iter();
        let limits = twins.filter_map(|id| match self.items.get(id)?.pending()? {
            Transfer::Memory(limit) => Some(limit),
            Transfer::Disk => None,
        });
        limits.max().unwrap_or_default()
    }

    fn address<'a>(&'a self, load: &'a Load) -> Result<&'a str, Vec<Problem>> {
        match &load.redirect {
            Some((url, _)) => Ok(url),
            None => Ok(&self.attachment(load.id)?.url),
        }
    }

    fn attachment(&self, id: usize) -> Result<&Attachment, Vec<Problem>> {
        self.items.get(id).and_then(Item::attachment).ok_or_else(out_of_range)
    }

    pub(super) fn loaded(
        &mut self,
        way: Way,
        loads: Vec<Load>,
        outcomes: Vec<HttpOutcome>,
        now_ms: u64,
        masks: &mut Masks,
        entropy: &mut dyn Entropy,
    ) -> Outcome {
        let (mut again, mut expired, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        if loads.len() != outcomes.len() {
            return Err(vec![Error::Internal("a missing answer").into()]);
        }
        for (load, outcome) in loads.into_iter().zip(outcomes) {
            let id = load.id;
            match self.judge(way, load, outcome, entropy) {
                Ok(Verdict::Whole(blob)) if way == Way::ToMemory => problems.extend(self.accept(id, &blob, masks)),
                Ok(Verdict::Whole(content)) => self.mask_download(id, &SecretBytes::from(content), masks),
                Ok(Verdict::Spilled) => {}
                Ok(Verdict::Again(load)) => again.push(load),
                Ok(Verdict::Expired(load)) => expired.push(load),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if !expired.is_empty() {
            return Ok(self.ask_for_new_addresses(way, again, expired, now_ms));
        }
        match (again.is_empty(), way) {
            (false, _) => self.load(way, again, now_ms),
            (true, Way::ToMemory) => self.load_to_disk(now_ms, masks),
            (true, Way::ToDisk) => self.settle(now_ms, masks, false),
        }
    }

    /// Hands an attachment that has come as a whole to every line that asks for it.
    fn accept(&mut self, id: usize, blob: &[u8], masks: &mut Masks) -> Vec<Problem> {
        let mut problems = Vec::new();
        for id in self.twins(id, Way::ToMemory) {
            let (agent, names) = (self.options.agent, &self.names);
            let mut watch = Watch { agent, names, masks, notices: &mut self.notices };
            let accepted = self.items.get_mut(id).map(|item| item.accept(blob.to_vec(), &*self.gcm, &mut watch));
            problems.extend(accepted.and_then(Result::err));
        }
        problems
    }

    /// Masks an attachment on disk for every line that asks for it, if it is so small that it has come back as well.
    fn mask_download(&mut self, id: usize, content: &SecretBytes, masks: &mut Masks) {
        // EXPOSE: only the length is looked at.
        if content.expose().is_empty() {
            return;
        }
        for id in self.twins(id, Way::ToDisk) {
            if let Some(item) = self.items.get_mut(id) {
                item.mask_download(content, masks, &mut self.notices);
            }
        }
    }

    /// Lets an attachment that is larger than its record says go to disk, whatever its size, for every line that asks for
    /// it. Says whether all of them can, and whether it is the first time.
    fn spill(&mut self, id: usize, way: Way) -> bool {
        let twins = self.twins(id, way);
        let can_spill = twins.iter().all(|id| self.items.get(*id).is_some_and(Item::can_spill));
        for id in twins.into_iter().filter(|_| can_spill) {
            if let Some(item) = self.items.get_mut(id) {
                item.spill(&mut self.notices);
            }
        }
        can_spill
    }

    fn judge(
        &mut self,
        way: Way,
        mut load: Load,
        outcome: HttpOutcome,
        entropy: &mut dyn Entropy,
    ) -> Result<Verdict, Vec<Problem>> {
        let file = self.attachment(load.id)?.name.clone();
        let host = host_of(self.address(&load)?).to_owned();
        let (error, is_passing, retry_after_s) = match outcome {
            HttpOutcome::Answered(response) => match (response.status, response.location) {
                (200, _) => return Ok(Verdict::Whole(response.body)),
                (301 | 302 | 303 | 307 | 308, Some(location)) => return self.follow(load, location),
                // Once: an address that is new and refused as well has not expired.
                (403, _) if self.renewed.insert(load.id) => return Ok(Verdict::Expired(load)),
                (status, _) => (Error::Download { file, status }, is_transient(status), response.retry_after_s),
            },
            HttpOutcome::Failed(failure) if failure.code == "TOO_LARGE" && self.spill(load.id, way) => {
                let load = Load { redirect: None, delay_ms: 0, ..load };
                return Ok(if way == Way::ToMemory { Verdict::Spilled } else { Verdict::Again(load) });
            }
            HttpOutcome::Failed(failure) if failure.code == "UNDECRYPTABLE" => {
                (attachment::broken(&file, failure::UNDECRYPTABLE), false, None)
            }
            HttpOutcome::Failed(failure) => {
                let error = failure.to_download_error(&file, &host, self.patience.limit_s());
                (error, failure.is_passing(), None)
            }
        };
        let retry = if is_passing {
            self.patience.retry_download(load.failures, retry_after_s, entropy)
        } else {
            Ok(Retry::Enough)
        };
        match retry.map_err(|error| vec![error.into()])? {
            Retry::After(delay_ms) => {
                self.notices.push(Notice::Info(format!("{error}; trying again")));
                load = Load { id: load.id, failures: load.failures + 1, redirect: None, delay_ms };
                Ok(Verdict::Again(load))
            }
            Retry::Enough => Err(self.problem(load.id, error)),
            Retry::TooLate(pause_s) => {
                self.notices.push(too_late(&error, pause_s));
                Err(self.problem(load.id, error))
            }
        }
    }

    fn follow(&self, mut load: Load, location: String) -> Result<Verdict, Vec<Problem>> {
        let count = load.redirect.map_or(0, |(_, count)| count) + 1;
        let refused = |code: &str| {
            let file = self.attachment(load.id)?.name.clone();
            let error = failure::Failure::new(code).to_download_error(&file, "", self.patience.limit_s());
            Err(self.problem(load.id, error))
        };
        if count > MAX_REDIRECTS {
            return refused("REDIRECTS");
        }
        if !location.starts_with("https://") {
            return refused("REDIRECT_NOT_HTTPS");
        }
        load.redirect = Some((location, count));
        load.delay_ms = 0;
        Ok(Verdict::Again(load))
    }

    fn problem(&self, id: usize, error: Error) -> Vec<Problem> {
        match self.items.get(id) {
            Some(item) => vec![item.problem(error)],
            None => out_of_range(),
        }
    }

    fn ask_for_new_addresses(&mut self, way: Way, mut loads: Vec<Load>, expired: Vec<Load>, now_ms: u64) -> Next {
        self.notices.push(Notice::Info("an attachment's address has expired; asking Keeper for a new one".to_owned()));
        let ids = expired.iter().map(|load| load.id).collect();
        let anew = |load: Load| Load { failures: load.failures + 1, redirect: None, delay_ms: 0, ..load };
        loads.extend(expired.into_iter().map(anew));
        self.ask_for_addresses(Renewal { way, loads, ids }, 0, now_ms)
    }

    fn ask_for_addresses(&mut self, renewal: Renewal, delay_ms: u64, now_ms: u64) -> Next {
        // Downloads may have taken longer than Keeper is given to answer.
        self.patience.start(now_ms);
        let filter = self.filter.clone();
        self.ask(Question { filter, renewal: Some(renewal) }, delay_ms, now_ms)
    }

    /// The records have come again, with new addresses.
    pub(super) fn renew(&mut self, mut vault: Vault, Renewal { way, loads, ids }: Renewal, now_ms: u64) -> Outcome {
        let mut problems = Vec::new();
        let ids: Vec<usize> = ids.into_iter().flat_map(|id| self.twins(id, way)).collect();
        for id in ids {
            problems.extend(self.items.get_mut(id).and_then(|item| item.renew(&mut vault).err()));
        }
        if problems.is_empty() { self.load(way, loads, now_ms) } else { Err(problems) }
    }
}

/// What goes on once Keeper has given new addresses.
#[derive(Clone, Debug)]
pub(super) struct Renewal {
    way: Way,
    /// All that are to be loaded then.
    loads: Vec<Load>,
    /// Those of them whose address has expired.
    ids: Vec<usize>,
}

/// Tells that a server's wish is longer than the run may take.
pub(super) fn too_late(error: &Error, pause_s: u64) -> Notice {
    Notice::Info(format!("{error}; it wants to be left alone for {pause_s} s, longer than the task may take"))
}

/// The UID of the attachment that an item waits for, if it is to come in this way.
fn waits_for(item: &Item, way: Way) -> Option<&str> {
    let transfer = item.pending()?;
    ((way == Way::ToDisk) == (transfer == Transfer::Disk)).then(|| item.uid())?
}

/// The host and port of a URL, all of it that a message may show.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn out_of_range() -> Vec<Problem> {
    vec![Error::Internal("an attachment out of range").into()]
}
