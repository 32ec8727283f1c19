//! Transfers: attachments in flight, with the lines that want them.

use std::collections::HashMap;

use serde::Serialize;
use tsify::Tsify;

use super::wanted::Wanted;
use crate::crypto::keys::FileKey;
use crate::error::Error;
use crate::outputs::transform;
use crate::problem::Problem;
use crate::protocol::request::Request;
use crate::vault::attachment::Attachment;
use crate::vault::records::Vault;

/// An attachment to download into a temporary file beside its path.
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
    pub twins: Vec<TargetFile>,
}

/// A further file that gets the content of a download.
#[derive(Clone, Debug, Serialize, Tsify)]
pub struct TargetFile {
    /// Its number in this run.
    pub id: usize,
    /// The mapping line, as in "line 3".
    pub line: String,
    /// The file's path, as the author wrote it.
    pub path: String,
}

/// An attachment in flight, once for all lines that want it.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) attachment: Box<Attachment>,
    pub(super) first: Wanted,
    others: Vec<Wanted>,
    pub(super) sink: Sink,
    /// How often requests for it have failed.
    pub(super) failures: u32,
    /// Where redirects led, and how many there were.
    pub(super) redirect: Option<(String, u32)>,
    pub(super) delay_ms: u64,
    /// Whether Keeper was asked for a new address, which happens only once.
    pub(super) is_renewed: bool,
}

/// Where an attachment goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sink {
    /// Into memory, if it has no more bytes than this.
    Memory { limit: u64 },
    /// Into a temporary file; `is_larger` if it turned out to be larger than its record says.
    Disk { is_larger: bool },
}

/// The limit in bytes for an attachment whose record has no size: 16 GiB, more than Keeper accepts.
const UNTOLD_LIMIT: u64 = 16 << 30;

/// One transfer for each attachment and sink, in the order of their first lines: those into memory, and those to disk.
///
/// Attachments are the same if UID and key are, so that no line gets the content of another attachment.
pub(super) fn group(wanted: Vec<(Wanted, Box<Attachment>)>) -> (Vec<Transfer>, Vec<Transfer>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut transfers: Vec<Transfer> = Vec::new();
    for (line, attachment) in wanted {
        let sink = line.sink(attachment.size);
        // EXPOSE: two keys are compared, by their digests.
        let key = transform::sha256(attachment.key.expose());
        let identity = format!("{} {key} {}", sink.is_memory(), attachment.uid);
        let index = *known.entry(identity).or_insert(transfers.len());
        match transfers.get_mut(index) {
            Some(transfer) => transfer.join(line, sink),
            None => transfers.push(Transfer::new(line, attachment, sink)),
        }
    }
    transfers.into_iter().partition(|transfer| transfer.sink.is_memory())
}

impl Sink {
    pub(super) fn is_memory(self) -> bool {
        matches!(self, Self::Memory { .. })
    }
}

impl Transfer {
    fn new(first: Wanted, attachment: Box<Attachment>, sink: Sink) -> Self {
        let others = Vec::new();
        Self { attachment, first, others, sink, failures: 0, redirect: None, delay_ms: 0, is_renewed: false }
    }

    /// Adds a line that wants the attachment, whose own sink would be this one.
    fn join(&mut self, line: Wanted, sink: Sink) {
        if let (Sink::Memory { limit }, Sink::Memory { limit: its }) = (&mut self.sink, sink) {
            *limit = its.max(*limit);
        }
        self.others.push(line);
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Wanted> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// How many lines want it.
    pub(super) fn count(&self) -> usize {
        1 + self.others.len()
    }

    pub(super) fn into_lines(self) -> impl Iterator<Item = Wanted> {
        std::iter::once(self.first).chain(self.others)
    }

    /// The key of its content, if this is its number.
    pub(super) fn key_of(&self, id: usize) -> Option<&FileKey> {
        (self.first.id == id).then_some(&self.attachment.key)
    }

    pub(super) fn has_no_address(&self) -> bool {
        self.redirect.is_none() && self.attachment.url.is_empty()
    }

    fn address(&self) -> &str {
        self.redirect.as_ref().map_or(&self.attachment.url, |(url, _)| url)
    }

    /// The host and port that it comes from, the only part of its address that a message may show.
    pub(super) fn host(&self) -> &str {
        let address = self.address();
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default()
    }

    /// The same transfer again, from its own address.
    pub(super) fn again(self, failures: u32, delay_ms: u64) -> Self {
        Self { failures, delay_ms, redirect: None, ..self }
    }

    pub(super) fn request(&self, silence_ms: u64) -> Request {
        // An endless answer must not fill the disk; a size that is a little wrong does no harm.
        let limit = match (self.sink, self.attachment.size) {
            (Sink::Memory { limit }, _) => limit,
            (Sink::Disk { is_larger: false }, Some(size)) => size.saturating_mul(2).max(1 << 20),
            (Sink::Disk { .. }, _) => UNTOLD_LIMIT,
        };
        // A pre-signed URL needs none of Keeper's headers.
        let url = self.address().to_owned();
        Request { method: "GET", url, limit, delay_ms: self.delay_ms, timeout_ms: None, silence_ms }
    }

    pub(super) fn download(&self, silence_ms: u64) -> Download {
        let TargetFile { id, line, path } = self.first.target();
        let twins = self.others.iter().map(Wanted::target).collect();
        Download { id, request: self.request(silence_ms), line, path, twins }
    }

    /// Takes the new address from Keeper. Returns the problems of lines whose attachment is gone.
    pub(super) fn renew(&mut self, vault: &mut Vault) -> Vec<Problem> {
        let found: Vec<_> = self.lines().map(|line| line.find(vault)).collect();
        let mut problems = Vec::new();
        for found in found {
            match found {
                Ok(Some(fresh)) => self.attachment = fresh,
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        self.is_renewed = true;
        problems
    }

    /// Whether it can go to disk if it turns out to be larger than its record says.
    pub(super) fn can_spill(&self) -> bool {
        match self.sink {
            Sink::Memory { .. } => self.lines().all(Wanted::is_plain_file),
            Sink::Disk { is_larger } => !is_larger,
        }
    }

    pub(super) fn problem(&self, error: Error) -> Problem {
        self.first.problem(error)
    }
}
