//! The table at the end of the log: the result of each mapping line, in names and numbers without values.

use crate::outputs::mask::{Masks, ValueId};
use crate::text::counted;

/// What was done, in names and numbers without values.
#[derive(Debug, Default)]
pub struct Report {
    /// One for each mapping line.
    pub rows: Vec<Row>,
    /// How many requests were sent to Keeper.
    pub requests: usize,
    /// How many downloads of attachments were begun.
    pub downloads: usize,
    /// How many of both were retries, after one that failed or was refused for the moment.
    pub retries: usize,
    /// How many records Keeper answered with.
    pub records: usize,
}

/// The result of a mapping line.
#[derive(Debug, Default)]
pub struct Row {
    /// The mapping line, as in "line 3".
    pub line: String,
    /// The notation as written.
    pub secret: String,
    /// The destination as written.
    pub destination: String,
    /// How it is masked, in words; empty for a template, whose placeholders have rows of their own.
    pub masked: String,
    /// The values for which it has masks.
    pub masks: Vec<ValueId>,
    /// Whether the agent itself hides the value as it is.
    pub is_hidden_by_agent: bool,
}

/// What is not masked, as the budget of masks was used up.
#[derive(Debug, Default)]
pub struct MaskGap {
    /// How many forms are not masked.
    pub forms: usize,
    /// The lines whose values have such forms.
    pub lines: Vec<String>,
    /// Those of them with values that are not masked at all.
    pub unmasked: Vec<String>,
}

impl Report {
    /// Says in each row how its value is masked, and what is not.
    pub fn describe_masks(&mut self, masks: &Masks) -> Option<MaskGap> {
        let mut gap = MaskGap::default();
        for row in self.rows.iter_mut().filter(|row| !row.masks.is_empty()) {
            let coverage = masks.coverage(&row.masks);
            row.masked = coverage.describe(row.is_hidden_by_agent);
            if coverage.masked < coverage.all {
                gap.forms += coverage.all - coverage.masked;
                gap.lines.push(row.line.clone());
                if coverage.masked == 0 && !row.is_hidden_by_agent {
                    gap.unmasked.push(row.line.clone());
                }
            }
        }
        (gap.forms > 0).then_some(gap)
    }

    /// The lines of the table, and one with totals. Empty if there is no mapping line.
    ///
    /// `files` are given with their lines, in the order of the rows.
    #[must_use]
    pub fn lay_out<'a>(&self, files: impl Iterator<Item = (&'a str, WrittenFile)>, elapsed_ms: u64) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let mut files = files.peekable();
        let mut table = vec![["line", "secret", "destination", ""].map(str::to_owned)];
        table.extend(self.rows.iter().map(|row| {
            let file = files.next_if(|(line, _)| *line == row.line);
            row.cells(file.map(|(_, file)| file))
        }));
        let mut lines = align(&table);
        lines.push(self.figures(elapsed_ms));
        lines
    }

    fn figures(&self, elapsed_ms: u64) -> String {
        let requests = counted(self.requests, "request", "requests");
        let downloads = match self.downloads {
            0 => String::new(),
            count => format!(", {}", counted(count, "download", "downloads")),
        };
        let retries = counted(self.retries, "retry", "retries");
        let records = counted(self.records, "record", "records");
        format!("{requests}{downloads}, {retries}, {records}, {elapsed_ms} ms")
    }
}

impl Row {
    /// The line's number, the notation, the destination, and remarks about the value.
    fn cells(&self, file: Option<WrittenFile>) -> [String; 4] {
        let line = self.line.strip_prefix("line ").unwrap_or(&self.line);
        let file = file.map(WrittenFile::describe).unwrap_or_default();
        let comma = if file.is_empty() || self.masked.is_empty() { "" } else { ", " };
        [line.to_owned(), self.secret.clone(), self.destination.clone(), file + comma + &self.masked]
    }
}

/// A file that was written.
#[derive(Clone, Copy, Debug)]
pub struct WrittenFile {
    /// Its size in bytes.
    pub size: u64,
    /// Its permission bits, on platforms that have them.
    pub mode: Option<u32>,
}

impl WrittenFile {
    fn describe(self) -> String {
        let mode = self.mode.map(|mode| format!(", mode {mode:04o}")).unwrap_or_default();
        format!("{} {}{mode}", self.size, if self.size == 1 { "byte" } else { "bytes" })
    }
}

/// Aligns the columns: the first one to the right, the others to the left.
fn align(rows: &[[String; 4]]) -> Vec<String> {
    let mut widths = [0; 4];
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = width(cell).max(*widest);
        }
    }
    let aligned = rows.iter().map(|row| {
        let mut cells = row.iter().zip(widths).map(|(cell, column)| (cell, " ".repeat(column - width(cell))));
        let mut line = cells.next().map(|(cell, blanks)| blanks + cell).unwrap_or_default();
        for (cell, blanks) in cells {
            line.extend(["  ", cell, &blanks]);
        }
        line.trim_end().to_owned()
    });
    aligned.collect()
}

/// How many columns a text takes, roughly: characters beyond the Basic Multilingual Plane are mostly wide.
fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str, secret: &str, destination: &str, masked: &str) -> Row {
        let [line, secret, destination, masked] = [line, secret, destination, masked].map(str::to_owned);
        Row { line, secret, destination, masked, ..Row::default() }
    }

    #[test]
    fn each_line_has_a_row_in_columns() {
        let rows = vec![
            row("line 2", "Database/field/password", "var:DB_PASSWORD", "masked"),
            row("line 11", "😀/file/key", "file:key.pem", "masked"),
            row("line 12", "😀/type", "env:TYPE", ""),
            row("a.txt, line 1", "b.txt (2 placeholders)", "out.txt", ""),
        ];
        let report = Report { rows, requests: 1, downloads: 1, retries: 0, records: 2 };
        let files = [
            ("line 11", WrittenFile { size: 1_000_000, mode: Some(0o600) }),
            ("a.txt, line 1", WrittenFile { size: 1, mode: None }),
        ];
        assert_eq!(
            report.lay_out(files.into_iter(), 1234),
            [
                "         line  secret                   destination",
                "            2  Database/field/password  var:DB_PASSWORD  masked",
                "           11  😀/file/key              file:key.pem     1000000 bytes, mode 0600, masked",
                "           12  😀/type                  env:TYPE",
                "a.txt, line 1  b.txt (2 placeholders)   out.txt          1 byte",
                "1 request, 1 download, 0 retries, 2 records, 1234 ms",
            ]
        );
    }

    #[test]
    fn what_did_not_happen_is_not_counted() {
        let mut report = Report { requests: 2, retries: 1, records: 1, ..Report::default() };
        assert_eq!(report.lay_out(std::iter::empty(), 5), [""; 0], "nothing was asked for");
        report.rows.push(row("line 1", "A/type", "var:A", ""));
        assert_eq!(report.lay_out(std::iter::empty(), 5).last().unwrap(), "2 requests, 1 retry, 1 record, 5 ms");
    }
}
