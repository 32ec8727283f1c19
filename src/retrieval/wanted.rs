//! A mapping line that waits for its attachment.

use super::notices::Notices;
use super::rendered::IN_MEMORY_LIMIT;
use super::transfer::Sink;
use super::wish::{Target, Wish};
use crate::error::Error;
use crate::outputs::plan::{Agent, too_large};
use crate::problem::Problem;
use crate::text::counted;
use crate::vault::attachment::Attachment;
use crate::vault::records::Vault;
use crate::vault::resolve::{self, Resolved};

/// A mapping line that waits for its attachment.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Its number in this run.
    pub(super) id: usize,
    pub(super) wish: Wish,
}

/// The largest attachment, in bytes, that a form or a template can convert, which needs it in memory.
const CONVERTED_LIMIT: u64 = 8 * 1024 * 1024;
/// How much longer than its content an answer may be: nonce, tag, and a size that is slightly wrong in its record.
const SLACK: u64 = 64 * 1024;

impl Wanted {
    /// A line that wants an attachment of this size, if its record has one.
    ///
    /// # Errors
    /// The record says that it is too large, so it need not be downloaded.
    pub(super) fn new(id: usize, wish: Wish, size: Option<u64>, agent: Agent) -> Result<Self, Problem> {
        let wanted = Self { id, wish };
        match size.map_or(Ok(()), |size| wanted.check_size(size, agent)) {
            Ok(()) => Ok(wanted),
            Err(error) => Err(wanted.problem(error)),
        }
    }

    fn check_size(&self, size: u64, agent: Agent) -> Result<(), Error> {
        let Wish { forms, target, .. } = &self.wish;
        if self.is_converted() && size > CONVERTED_LIMIT {
            return Err(Error::new("the attachment has more than 8 MiB, too much for a form or a template"));
        }
        let Target::Own(destination) = target else { return Ok(()) };
        let limit = agent.variable_limit(destination);
        let size = forms.transforms.iter().fold(size, |size, transform| transform.least_size(size));
        if destination.is_file() || size <= limit {
            return Ok(());
        }
        Err(too_large("attachment", size, limit))
    }

    /// Where an attachment of this size goes first.
    pub(super) fn sink(&self, size: Option<u64>) -> Sink {
        if self.is_converted() {
            return Sink::Memory { limit: CONVERTED_LIMIT + SLACK };
        }
        if self.is_plain_file() && size.is_none_or(|size| size > IN_MEMORY_LIMIT) {
            return Sink::Disk { is_larger: false };
        }
        Sink::Memory { limit: 2 * IN_MEMORY_LIMIT + SLACK }
    }

    /// Whether the attachment becomes a file unchanged.
    pub(super) fn is_plain_file(&self) -> bool {
        self.wish.target.is_file() && !self.is_converted()
    }

    /// Whether all of it has to be in memory.
    fn is_converted(&self) -> bool {
        !self.wish.forms.is_plain() || matches!(self.wish.target, Target::Slot(_))
    }

    /// The file that it becomes.
    pub(super) fn target(&self) -> super::transfer::TargetFile {
        super::transfer::TargetFile {
            id: self.id,
            line: self.wish.line.name(),
            path: self.wish.target.name().to_owned(),
        }
    }

    /// A problem with what the line asks for.
    pub(super) fn problem(&self, error: Error) -> Problem {
        self.wish.problem(error)
    }

    /// Warns that the attachment is larger than its record says.
    pub(super) fn warn_of_size(&self, declared: u64, notices: &mut Notices) {
        let bytes = counted(usize::try_from(declared).unwrap_or(usize::MAX), "byte", "bytes");
        let line = self.wish.line.name();
        notices.warn(&line, &format!("the attachment is larger than its record says ({bytes})"));
    }

    /// Finds the attachment in records that were fetched again.
    ///
    /// # Errors
    /// It is not there any more.
    pub(super) fn find(&self, vault: &mut Vault) -> Result<Option<Box<Attachment>>, Problem> {
        let Wish { notation, .. } = &self.wish;
        let found = vault.find(&notation.record).and_then(|record| resolve::resolve(&notation.selector, &record));
        match found {
            Ok(Resolved::Attachment(fresh)) => Ok(Some(fresh)),
            Ok(_) => Ok(None),
            Err(error) => Err(self.problem(error)),
        }
    }
}
