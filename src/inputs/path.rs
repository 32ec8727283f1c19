//! Which paths a file may have, by the rules of the agent's platform. Nothing here looks at a disk.

use serde::Deserialize;
use tsify::Tsify;

/// The agent's operating system, as far as paths and the environment depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Tsify)]
#[serde(from = "String")]
#[tsify(type = "string")]
pub enum Platform {
    /// Linux and others where `A` and `a` are two files.
    #[default]
    Linux,
    /// macOS, where they are usually one.
    MacOs,
    /// Windows, with drives, `\` and reserved names.
    Windows,
}

impl From<String> for Platform {
    /// Takes Node's name of it, `process.platform`.
    fn from(name: String) -> Self {
        match name.as_str() {
            "win32" => Self::Windows,
            "darwin" => Self::MacOs,
            _ => Self::Linux,
        }
    }
}

/// What is wrong with a path, in words that follow it.
#[must_use]
pub fn problem(path: &str, platform: Platform) -> Option<&'static str> {
    if path.chars().any(char::is_control) {
        return Some("holds a control character");
    }
    let is_separator = |c| c == '/' || (c == '\\' && platform == Platform::Windows);
    if path.ends_with(is_separator) || matches!(path.rsplit(is_separator).next(), Some("." | "..")) {
        return Some("is a folder's; expected a file's");
    }
    if platform == Platform::Windows { windows_problem(path) } else { None }
}

/// The rules of "Naming Files, Paths, and Namespaces" in Microsoft's documentation of Windows.
fn windows_problem(path: &str) -> Option<&'static str> {
    let path = path.replace('/', "\\");
    if path.starts_with("\\\\?\\") || path.starts_with("\\\\.\\") {
        return Some("names a device; expected a drive, a share or a relative path");
    }
    let rest = match path.split_once(':') {
        Some((drive, rest)) if drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            if !rest.starts_with('\\') {
                return Some("is relative to a drive's own folder; expected `\\` after the drive");
            }
            rest
        }
        _ => &path,
    };
    if rest.contains(':') {
        return Some("holds a `:`, which begins an alternate stream on Windows");
    }
    if rest.contains(['<', '>', '"', '|', '?', '*']) {
        return Some("holds one of `< > \" | ? *`, which Windows does not allow");
    }
    rest.split('\\').find_map(part_problem)
}

fn part_problem(part: &str) -> Option<&'static str> {
    if matches!(part, "." | "..") {
        return None;
    }
    if part.ends_with(['.', ' ']) {
        return Some("has a part that ends in a dot or a blank, which Windows drops");
    }
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = stem.len() == 4
        && (stem.starts_with("COM") || stem.starts_with("LPT"))
        && stem.ends_with(|digit: char| digit.is_ascii_digit() && digit != '0');
    if is_port || matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return Some("has a part that is the name of a device on Windows, such as `NUL` or `COM1`");
    }
    None
}

/// A name without regard to case, letter by letter, for names that the agent or a file system takes for the same.
#[must_use]
pub(crate) fn fold_case(name: &str) -> String {
    // Without the rule for a sigma at the end of a word, by which `str::to_lowercase` would tell names apart.
    name.chars().flat_map(char::to_lowercase).collect()
}

/// What two paths share when they are one file, as far as their text tells: `./a//b`, `a/x/../b` and, where the
/// platform sees no difference, `A/B`.
#[must_use]
pub fn identity(path: &str, platform: Platform) -> String {
    let path = match platform {
        Platform::Linux => path.to_owned(),
        Platform::MacOs => fold_case(path),
        Platform::Windows => fold_case(&path.replace('\\', "/")),
    };
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_judged_by_the_platforms_rules() {
        use Platform::{Linux, Windows};
        const DEVICE: &str = "has a part that is the name of a device on Windows, such as `NUL` or `COM1`";
        const FOLDER: &str = "is a folder's; expected a file's";
        const SIGNS: &str = "holds one of `< > \" | ? *`, which Windows does not allow";
        const STREAM: &str = "holds a `:`, which begins an alternate stream on Windows";
        for (path, on_linux, on_windows) in [
            ("cert.pem", None, None),
            ("a/b", None, None),
            ("a\\b", None, None),
            ("C:\\a\\b.pem", None, None),
            ("c:/a/b.pem", None, None),
            ("\\\\server\\share\\a", None, None),
            ("../a", None, None),
            (".env", None, None),
            ("com0", None, None),
            ("console.txt", None, None),
            ("a/", Some(FOLDER), Some(FOLDER)),
            ("a/..", Some(FOLDER), Some(FOLDER)),
            ("a\\", None, Some(FOLDER)),
            ("a\0b", Some("holds a control character"), Some("holds a control character")),
            ("C:a", None, Some("is relative to a drive's own folder; expected `\\` after the drive")),
            ("a:b", None, Some("is relative to a drive's own folder; expected `\\` after the drive")),
            ("file.txt:stream", None, Some(STREAM)),
            ("C:\\a:b", None, Some(STREAM)),
            ("ab:c", None, Some(STREAM)),
            ("1:\\a", None, Some(STREAM)),
            ("a?b", None, Some(SIGNS)),
            ("a|b", None, Some(SIGNS)),
            ("a./b", None, Some("has a part that ends in a dot or a blank, which Windows drops")),
            ("nul", None, Some(DEVICE)),
            ("a\\Com1.txt", None, Some(DEVICE)),
            ("C:\\LPT9\\x", None, Some(DEVICE)),
            ("\\\\.\\PhysicalDrive0", None, Some("names a device; expected a drive, a share or a relative path")),
            ("\\\\?\\C:\\x", None, Some("names a device; expected a drive, a share or a relative path")),
        ] {
            assert_eq!(problem(path, Linux), on_linux, "{path:?} on Linux");
            assert_eq!(problem(path, Windows), on_windows, "{path:?} on Windows");
        }
    }

    #[test]
    fn two_spellings_of_one_file_are_one() {
        use Platform::{Linux, MacOs, Windows};
        for (one, other, platform, are_one) in [
            ("a/b", "./a//b", Linux, true),
            ("a/b", "a/x/../b", Linux, true),
            ("../a", "a", Linux, false),
            ("/a", "a", Linux, false),
            ("/a", "/../a", Linux, false),
            ("a", "A", Linux, false),
            ("a", "A", MacOs, true),
            ("a\\b", "a/b", Linux, false),
            ("a\\b", "A/B", Windows, true),
        ] {
            assert_eq!(
                identity(one, platform) == identity(other, platform),
                are_one,
                "{one} and {other} on {platform:?}"
            );
        }
    }
}
