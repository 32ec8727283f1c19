//! Tables whose first line names the columns: CSV, as password managers export it, and Markdown.

use super::telling::{Telling, telling};

/// The longest name of a column, in bytes.
const LONGEST_NAME: usize = 40;

/// Which columns of a table hold secrets.
#[derive(Clone)]
pub(super) struct Table {
    separator: char,
    columns: Vec<Telling>,
}

impl Table {
    /// The table with this header, if one of its columns is secret.
    pub(super) fn beginning_with(line: &str, is_first: bool) -> Option<Self> {
        let separators: &[char] = if line.starts_with('|') { &['|'] } else { &[',', ';', '\t'] };
        if !is_first && !line.starts_with('|') {
            return None;
        }
        separators.iter().find_map(|separator| {
            let names: Vec<&str> = cells(line, *separator);
            let is_name = |name: &&str| {
                let is_part = |c: char| c.is_alphanumeric() || " _-".contains(c);
                name.len() < LONGEST_NAME && name.chars().all(is_part)
            };
            let columns: Vec<Telling> = names.iter().map(|name| telling(name)).collect();
            let is_table = names.len() > 1 && names.iter().all(is_name);
            let holds_secrets = columns.iter().any(|telling| *telling != Telling::Nothing);
            (is_table && holds_secrets).then_some(Self { separator: *separator, columns })
        })
    }

    /// The secrets in another line, each with what the name of its column says.
    pub(super) fn secrets<'a>(&self, line: &'a str) -> Vec<(&'a str, Telling)> {
        let cells = cells(line, self.separator);
        if cells.len() != self.columns.len() {
            return Vec::new();
        }
        let is_rule = |cell: &str| cell.chars().all(|c| "-: ".contains(c));
        cells.into_iter().zip(self.columns.iter().copied()).filter(|(cell, _)| !is_rule(cell)).collect()
    }
}

/// The value in a row of Markdown with a name and a value: `| Password | … |`.
pub(super) fn value_in_row(line: &str) -> Option<(&str, Telling)> {
    let cells = cells(line.strip_prefix('|')?.strip_suffix('|')?, '|');
    let [name, value] = <[&str; 2]>::try_from(cells).ok()?;
    Some((value.trim_matches('`'), telling(name))).filter(|(_, telling)| *telling != Telling::Nothing)
}

/// The values of `INSERT INTO table (columns) VALUES (values)` whose columns are named for secrets.
pub(super) fn inserted(line: &str) -> Vec<(&str, Telling)> {
    let is_insert = line.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("insert into "));
    let columns = line.split_once('(').filter(|_| is_insert).and_then(|(_, rest)| rest.split_once(')'));
    let Some((columns, rest)) = columns else { return Vec::new() };
    let columns: Vec<Telling> = cells(columns, ',').iter().map(|name| telling(name.trim_matches('`'))).collect();
    if columns.iter().all(|telling| *telling == Telling::Nothing) {
        return Vec::new();
    }
    let rows = rest.split('(').skip(1).filter_map(|row| Some(row.rsplit_once(')')?.0));
    rows.map(|row| row.split(',').map(|cell| cell.trim().trim_matches(['\'', '"', 'N'])).collect::<Vec<_>>())
        .filter(|row| row.len() == columns.len())
        .flat_map(|row| row.into_iter().zip(columns.clone()))
        .collect()
}

/// The cells of a line. A separator within quotes does not count.
fn cells(line: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    line.split(|c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
    .map(|cell| cell.trim().trim_matches('"'))
    .collect()
}
