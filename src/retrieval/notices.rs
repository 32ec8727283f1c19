//! Warnings and hints for the author, as many as people may want to read.

use serde::Serialize;
use tsify::Tsify;

use crate::error::Error;
use crate::text::shown;

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(tag = "level", content = "text", rename_all = "camelCase")]
pub enum Notice {
    /// A line of the log.
    Info(String),
    /// A warning of the step.
    Warning(String),
}

/// Pending notices for the author.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    warnings: Limit,
    hints: Limit,
}

/// Counts notices of one kind about lines, of which only the first ones are shown.
#[derive(Debug, Default)]
struct Limit {
    all: usize,
    /// How many since the last step were only counted.
    more: usize,
}

/// The most warnings about lines that a run shows, and the most hints.
const SHOWN: usize = 50;

impl Limit {
    fn has_room(&mut self) -> bool {
        self.all += 1;
        let has_room = self.all <= SHOWN;
        self.more += usize::from(!has_room);
        has_room
    }
}

impl Notices {
    pub(super) fn push(&mut self, notice: Notice) {
        self.list.push(notice);
    }

    /// Warns about a line. There may be thousands of these, so only the first ones are shown.
    pub(super) fn warn(&mut self, line: &str, text: &str) {
        if self.warnings.has_room() {
            self.push(Notice::Warning(format!("{line}: {text}")));
        }
    }

    /// Gives a hint about a line, with a limit of the same size.
    pub(super) fn hint(&mut self, line: &str, text: &str) {
        if self.hints.has_room() {
            self.push(Notice::Info(format!("{line}: {text}")));
        }
    }

    /// Warns about a field that is left out of a whole record.
    pub(super) fn warn_of_field(&mut self, line: &str, field: &str, reason: &str) {
        self.warn(line, &format!("the field `{}` is left out: {reason}", shown(field)));
    }

    /// Reports that a server asks for a longer pause than the run may take.
    pub(super) fn too_late(&mut self, error: &Error, pause_s: u64) {
        self.push(Notice::Info(format!("{error}; it asks for a pause of {pause_s} s, longer than the task may take")));
    }

    /// Takes the notices that have come up.
    pub fn take(&mut self) -> Vec<Notice> {
        let more = std::mem::take(&mut self.warnings.more);
        if more > 0 {
            self.push(Notice::Warning(format!("and {more} more warnings about lines")));
        }
        let more = std::mem::take(&mut self.hints.more);
        if more > 0 {
            self.push(Notice::Info(format!("and {more} more hints about lines")));
        }
        std::mem::take(&mut self.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_warnings_are_shown_and_the_others_are_counted() {
        let mut notices = Notices::default();
        let warning = |text: &str| Notice::Warning(text.to_owned());
        for number in 1..=10_000 {
            notices.warn(&format!("line {number}"), "the value is empty");
        }
        notices.push(warning("something of the whole run"));
        let taken = notices.take();
        assert_eq!(taken.len(), 52);
        assert_eq!(taken[49], warning("line 50: the value is empty"));
        assert_eq!(taken[50..], [warning("something of the whole run"), warning("and 9950 more warnings about lines")]);
        notices.warn("line 1", "again");
        assert_eq!(notices.take(), [warning("and 1 more warnings about lines")]);
    }

    #[test]
    fn hints_have_the_same_limit_and_one_of_their_own() {
        let mut notices = Notices::default();
        let info = |text: &str| Notice::Info(text.to_owned());
        for number in 1..=60 {
            notices.hint(&format!("line {number}"), "`+trim` would help");
        }
        notices.warn("line 1", "the value is empty");
        let taken = notices.take();
        assert_eq!(taken[49], info("line 50: `+trim` would help"));
        let end = [Notice::Warning("line 1: the value is empty".to_owned()), info("and 10 more hints about lines")];
        assert_eq!(taken[50..], end);
    }
}
