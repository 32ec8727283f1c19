//! State between lines: whether the next one continues a key or a block, or has the value for a name.

use super::parts::{Part, Scanner, lines, trimmed};
use super::tables::Table;
use super::telling::{self, Telling};

/// What earlier lines say about the next one.
#[derive(Default)]
pub(super) struct State {
    pub(super) block: Option<Block>,
    /// What the last `name` or `key` says about the `value` that follows, and for how many more lines.
    called: Option<(Telling, u8)>,
    /// What an option on a line of its own says about the next line.
    pub(super) option: Option<Telling>,
    pub(super) table: Option<Table>,
    /// Counted from 1.
    pub(super) number: usize,
    /// The position in a Kubernetes secret.
    pub(super) resource: Resource,
}

/// Within how many lines a `value` follows its `name`.
const NEAR_LINES: u8 = 6;

impl State {
    /// The state at the beginning of a document.
    pub(super) fn of(document: &str) -> Self {
        Self { resource: Resource::of(document), ..Self::default() }
    }

    /// Notes what is said about the next `value`.
    pub(super) fn call_next(&mut self, telling: Telling) {
        self.called = Some((telling, NEAR_LINES));
    }

    /// Forgets what earlier lines said. What this line said stays, as the attributes of a tag come in any order.
    pub(super) fn call_nothing(&mut self) {
        self.called = self.called.filter(|(_, lines)| *lines == NEAR_LINES);
    }

    /// Takes what was said about this `value`.
    pub(super) fn called(&mut self) -> Option<Telling> {
        self.called.take().map(|(telling, _)| telling)
    }

    pub(super) fn next_line(&mut self, text: &str) {
        self.number += 1;
        self.called = self.called.filter(|(_, lines)| *lines > 0 && !text.starts_with('}'));
        self.called = self.called.map(|(telling, lines)| (telling, lines - 1));
    }

    /// Whether a line belongs to a block; reports it if all of the block is secret.
    pub(super) fn is_in_block(&mut self, line: &str, text: &str, scanner: &mut Scanner<'_>) -> bool {
        let indent = line.len() - line.trim_start().len();
        let Some(block) = &mut self.block else { return false };
        let (is_part, goes_on) = match block {
            Block::Heredoc { end } => {
                let is_end = text.trim_end_matches([';', ')', ',']) == end;
                (!is_end, !is_end)
            }
            Block::Lines(count) => {
                *count -= 1;
                (true, *count > 0)
            }
            Block::Public => {
                let is_part = is_public(text);
                if is_part {
                    // In a field it is hidden nevertheless.
                    (scanner.found)(Part::Value(text));
                } else {
                    self.block = None;
                }
                return is_part || text.starts_with("-----END ");
            }
            Block::Pem => (!text.starts_with("-----") && !text.contains(": "), !text.starts_with("-----END ")),
            Block::Scalar { indent: outer } => (indent > *outer, indent > *outer),
            Block::List { indent: outer } => {
                let is_item = text.starts_with("- ") && indent >= *outer && !text.contains(": ");
                (is_item, is_item)
            }
            Block::Quote('<') if text.starts_with('<') => (false, false),
            Block::Quote(quote) => (!is_assignment(text), !text.contains(*quote) && !is_assignment(text)),
        };
        if is_part {
            let text = text.strip_prefix("- ").unwrap_or(text);
            let text = match block {
                Block::Quote(quote) => text.split(*quote).next().unwrap_or_default(),
                _ => text,
            };
            scanner.secret(text.trim_matches(['"', '\'']), Telling::Strongly);
        }
        if !goes_on {
            self.block = None;
        }
        is_part || text.starts_with("-----END ")
    }

    /// Whether a line begins a key of several lines.
    pub(super) fn begins_block(&mut self, text: &str) -> bool {
        let count =
            text.strip_prefix("Private-Lines: ").and_then(|count| count.parse().ok()).filter(|count| *count > 0);
        if let Some(count) = count {
            self.block = Some(Block::Lines(count));
            return true;
        }
        let is_pem = text.starts_with("-----BEGIN ") && !text.contains("-----END ");
        let is_public = PUBLIC.iter().any(|kind| text.contains(kind)) && !text.contains("PRIVATE");
        if is_pem {
            self.block = Some(if is_public { Block::Public } else { Block::Pem });
        }
        is_pem
    }
}

/// Labels of PEM whose content is public.
const PUBLIC: [&str; 5] = ["CERTIFICATE", "PUBLIC KEY", "X509 CRL", "PGP SIGNATURE", "PARAMETERS"];

/// Whether a line can belong to a certificate: Base64, or a header.
fn is_public(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    text.len() <= 76
        && (text.chars().all(is_base64) || ["Version: ", "Comment: ", "Hash: "].iter().any(|h| text.starts_with(h)))
}

/// A Kubernetes secret in YAML: all values in its `data` and `stringData` are secret, whatever their names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Resource {
    #[default]
    Other,
    Secret,
    /// In its data, whose lines are indented more than this.
    Data {
        indent: usize,
    },
}

impl Resource {
    fn of(document: &str) -> Self {
        let is_kind = |line: &str| trimmed(line).strip_prefix("kind:").is_some_and(is_kind_of_secrets);
        if lines(document).any(is_kind) { Self::Secret } else { Self::Other }
    }

    /// The value in the next line, if that is in the data.
    pub(super) fn value<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        let indent = line.len() - line.trim_start().len();
        if *self == Self::Other {
            return None;
        }
        if ["data:", "stringData:"].contains(&line.trim()) {
            *self = Self::Data { indent };
            return None;
        }
        let Self::Data { indent: outer } = *self else { return None };
        if indent <= outer {
            *self = Self::Secret;
            return None;
        }
        let (name, value) = line.split_once(':')?;
        telling::is_neutral(name).then(|| trimmed(value).trim_matches(['"', '\'']))
    }
}

pub(super) fn is_kind_of_secrets(kind: &str) -> bool {
    trimmed(kind).trim_matches(['"', '\'']) == "Secret"
}

/// Lines that belong together, all of them secret.
#[derive(Clone)]
pub(super) enum Block {
    /// Up to `-----END`.
    Pem,
    /// The same for public content: a certificate, a public key, a signature.
    Public,
    /// All lines that are indented more than this (YAML 1.2, 8.1).
    Scalar { indent: usize },
    /// All items of a list that is indented as much as this or more.
    List { indent: usize },
    /// Up to a line with this quote.
    Quote(char),
    /// Up to a line that consists of this word.
    Heredoc { end: String },
    /// This many lines (`Private-Lines: 14`, in a key of `PuTTY`).
    Lines(usize),
}

/// Whether a line is `NAME=value`, which ends a quote that was never closed.
fn is_assignment(line: &str) -> bool {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !value.trim_start_matches(['=', '"', '\'']).is_empty() && name.chars().all(is_name)
}
