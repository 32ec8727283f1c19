//! Paths that a file may have by the rules of the agent's platform. Nothing here accesses the disk.

use serde::Deserialize;
use tsify::Tsify;

use crate::error::Error;

/// The agent's operating system, as far as paths and the environment depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Tsify)]
#[serde(from = "String")]
#[tsify(type = "string")]
pub enum Platform {
    /// Linux, and other systems where `A` and `a` are two files.
    #[default]
    Linux,
    /// macOS, where they are usually one.
    MacOs,
    /// Windows, with drives, `\` and reserved names.
    Windows,
}

impl From<String> for Platform {
    /// Takes Node's name for it, `process.platform`.
    fn from(name: String) -> Self {
        match name.as_str() {
            "win32" => Self::Windows,
            "darwin" => Self::MacOs,
            _ => Self::Linux,
        }
    }
}

/// Whether a file can have this path.
///
/// # Errors
/// What is wrong with it, and what was probably meant.
pub fn check(path: &str, platform: Platform) -> Result<(), Error> {
    check_for_shells(path)?;
    let is_windows = platform == Platform::Windows;
    if is_windows {
        check_for_windows(path)?;
    } else if path.contains('\\') || has_drive(path) {
        let error = Error::new("the path is for Windows, but this agent does not run on Windows");
        return Err(error.with_hint("write `/` between folders, as in `$(Agent.TempDirectory)/NAME`"));
    }
    let mut parts = path.rsplit(|c| c == '/' || (c == '\\' && is_windows));
    if matches!(parts.next(), Some("" | "." | "..")) {
        return Err(Error::new("the path is that of a folder; expected that of a file"));
    }
    Ok(())
}

/// Refuses what only a shell expands: here it would name a folder.
fn check_for_shells(path: &str) -> Result<(), Error> {
    const HINT: &str =
        "write the whole path, or begin it with a variable of the pipeline, as in `$(Agent.TempDirectory)/NAME`";
    if path.starts_with('~') {
        return Err(Error::new("the path begins with `~`, which only a shell expands").with_hint(HINT));
    }
    let is_variable = |name: &str| name.starts_with(|c: char| c == '{' || c == '_' || c.is_ascii_alphabetic());
    if path.strip_prefix('$').is_some_and(is_variable) {
        return Err(Error::new("the path begins with `$`, which only a shell expands").with_hint(HINT));
    }
    // `%C3%A4` is a letter, percent-encoded.
    let is_word = |part: &str| {
        part.len() > 2
            && part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')'))
    };
    let parts: Vec<&str> = path.split('%').collect();
    if parts.get(1..parts.len() - 1).unwrap_or_default().iter().any(|part| is_word(part)) {
        return Err(Error::new("the path contains a `%NAME%`, which only a Windows shell expands").with_hint(HINT));
    }
    Ok(())
}

/// Whether a path begins with a drive of Windows.
fn has_drive(path: &str) -> bool {
    path.split_once(':').is_some_and(|(drive, rest)| is_drive_letter(drive) && rest.starts_with(['/', '\\']))
}

fn is_drive_letter(drive: &str) -> bool {
    drive.len() == 1 && drive.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The rules of "Naming Files, Paths, and Namespaces" in Microsoft's documentation of Windows.
fn check_for_windows(path: &str) -> Result<(), Error> {
    let refused = |problem: &str| Err(Error::new(format!("the path {problem}")));
    let path = path.replace('/', "\\");
    if path.starts_with("\\\\?\\") || path.starts_with("\\\\.\\") || path.starts_with("\\??\\") {
        return refused("names a device; expected a drive, a share or a relative path");
    }
    let (root, rest) = match path.split_once(':') {
        Some((drive, rest)) if is_drive_letter(drive) => match rest.strip_prefix('\\') {
            Some(rest) => (true, rest),
            None => return refused("is relative to a drive's own folder; expected `\\` after the drive"),
        },
        _ => match path.strip_prefix("\\\\").map(|share| share.splitn(3, '\\').collect::<Vec<_>>()) {
            Some(parts) if parts.len() < 3 || parts.iter().any(|part| part.is_empty()) => {
                return refused("names a server without a share and a file; expected `\\\\SERVER\\SHARE\\FILE`");
            }
            Some(parts) => (true, parts.last().copied().unwrap_or_default()),
            None => (path.starts_with('\\'), path.trim_start_matches('\\')),
        },
    };
    if root && leaves_its_root(rest) {
        return refused("leaves its drive or share by `..`");
    }
    if rest.contains(':') {
        return refused("holds a `:`, which begins an alternate stream on Windows");
    }
    if rest.contains(['<', '>', '"', '|', '?', '*']) {
        return refused("holds one of `< > \" | ? *`, which Windows does not allow");
    }
    rest.split('\\').try_for_each(check_part)
}

fn leaves_its_root(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('\\') {
        match (part, depth) {
            ("" | ".", _) => {}
            ("..", 0) => return true,
            ("..", _) => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

fn check_part(part: &str) -> Result<(), Error> {
    if matches!(part, "." | "..") {
        return Ok(());
    }
    if part.ends_with(['.', ' ']) {
        return Err(Error::new("the path has a part that ends in a dot or a space, which Windows drops"));
    }
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    // Windows takes superscript digits for digits.
    let is_device = number
        .is_some_and(|digit| matches!(digit, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"));
    if is_device || matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return Err(Error::new("the path has a part that is the name of a device on Windows, such as `NUL` or `COM1`"));
    }
    Ok(())
}

/// A case-folded name, letter by letter, to compare names that the agent or a file system takes for the same.
#[must_use]
pub(crate) fn fold_case(name: &str) -> String {
    // Unlike `str::to_lowercase`, this has no special rule for a final sigma, which would distinguish names.
    name.chars().flat_map(char::to_lowercase).collect()
}

/// A normal form, equal for paths that lead to the same file as far as their text shows: `./a//b`, `a/x/../b` and,
/// where the platform ignores case, `A/B`.
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
        use Platform::{Linux, MacOs, Windows};
        const WINDOWS: &str = "is for Windows, but this agent does not run on Windows";
        const DEVICE: &str = "has a part that is the name of a device on Windows, such as `NUL` or `COM1`";
        const FOLDER: &str = "is that of a folder; expected that of a file";
        const SIGNS: &str = "holds one of `< > \" | ? *`, which Windows does not allow";
        const STREAM: &str = "holds a `:`, which begins an alternate stream on Windows";
        const DROPPED: &str = "has a part that ends in a dot or a space, which Windows drops";
        const SHARE: &str = "names a server without a share and a file; expected `\\\\SERVER\\SHARE\\FILE`";
        const OUT: &str = "leaves its drive or share by `..`";
        const OWN: &str = "is relative to a drive's own folder; expected `\\` after the drive";
        const NO_FILE: &str = "names a device; expected a drive, a share or a relative path";
        const TILDE: &str = "begins with `~`, which only a shell expands";
        const DOLLAR: &str = "begins with `$`, which only a shell expands";
        const PERCENT: &str = "contains a `%NAME%`, which only a Windows shell expands";
        for (path, on_linux, on_windows) in [
            ("cert.pem", None, None),
            ("a/b", None, None),
            ("a\\b", Some(WINDOWS), None),
            ("/agent/_temp\\b", Some(WINDOWS), None),
            ("C:\\a\\b.pem", Some(WINDOWS), None),
            ("c:/a/b.pem", Some(WINDOWS), None),
            ("\\\\server\\share\\a", Some(WINDOWS), None),
            ("../a", None, None),
            (".env", None, None),
            ("com0", None, None),
            ("console.txt", None, None),
            ("a~b", None, None),
            ("a$b/c", None, None),
            ("$1/a", None, None),
            ("100%", None, None),
            ("a%20b%20c", None, None),
            ("%C3%A4/%ab%", None, None),
            ("a/", Some(FOLDER), Some(FOLDER)),
            ("a/..", Some(FOLDER), Some(FOLDER)),
            ("a\\", Some(WINDOWS), Some(FOLDER)),
            ("~/.ssh/id", Some(TILDE), Some(TILDE)),
            ("~deploy/x", Some(TILDE), Some(TILDE)),
            ("~", Some(TILDE), Some(TILDE)),
            ("$HOME/x", Some(DOLLAR), Some(DOLLAR)),
            ("${HOME}/x", Some(DOLLAR), Some(DOLLAR)),
            ("$env:TEMP\\x", Some(DOLLAR), Some(DOLLAR)),
            ("%USERPROFILE%\\x", Some(PERCENT), Some(PERCENT)),
            ("C:\\Users\\%USERNAME%\\x", Some(PERCENT), Some(PERCENT)),
            ("%ProgramFiles(x86)%\\x", Some(PERCENT), Some(PERCENT)),
            ("C:a", None, Some(OWN)),
            ("a:b", None, Some(OWN)),
            ("file.txt:stream", None, Some(STREAM)),
            ("file.txt::$DATA", None, Some(STREAM)),
            ("C:\\a:b", Some(WINDOWS), Some(STREAM)),
            ("ab:c", None, Some(STREAM)),
            ("1:\\a", Some(WINDOWS), Some(STREAM)),
            ("a?b", None, Some(SIGNS)),
            ("a|b", None, Some(SIGNS)),
            ("a./b", None, Some(DROPPED)),
            ("NUL /b", None, Some(DROPPED)),
            ("C:\\..\\b", Some(WINDOWS), Some(OUT)),
            ("C:\\a\\..\\..\\b", Some(WINDOWS), Some(OUT)),
            ("C:\\a\\..\\b", Some(WINDOWS), None),
            ("\\..\\b", Some(WINDOWS), Some(OUT)),
            ("\\\\server\\share\\..\\x", Some(WINDOWS), Some(OUT)),
            ("nul", None, Some(DEVICE)),
            ("NUL .txt", None, Some(DEVICE)),
            ("a\\Com1.txt", Some(WINDOWS), Some(DEVICE)),
            ("COM\u{b9}", None, Some(DEVICE)),
            ("lpt\u{b2}.log", None, Some(DEVICE)),
            ("COM\u{2074}", None, None),
            ("aux/b", None, Some(DEVICE)),
            ("C:\\LPT9\\x", Some(WINDOWS), Some(DEVICE)),
            ("\\\\server", Some(WINDOWS), Some(SHARE)),
            ("//server/share", None, Some(SHARE)),
            ("\\\\server\\share\\", Some(WINDOWS), Some(SHARE)),
            ("\\\\.\\PhysicalDrive0", Some(WINDOWS), Some(NO_FILE)),
            ("\\\\?\\C:\\x", Some(WINDOWS), Some(NO_FILE)),
            ("\\??\\C:\\x", Some(WINDOWS), Some(NO_FILE)),
        ] {
            let found = |platform| check(path, platform).err().map(|error| error.to_string());
            let expected = |problem: Option<&str>| problem.map(|problem| format!("the path {problem}"));
            assert_eq!(found(Linux), expected(on_linux), "{path:?} on Linux");
            assert_eq!(found(MacOs), expected(on_linux), "{path:?} on macOS");
            assert_eq!(found(Windows), expected(on_windows), "{path:?} on Windows");
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
