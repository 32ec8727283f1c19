//! Which files may be published: with the pipeline's artifacts, or in a commit.

use std::collections::HashSet;

use crate::codes::codes;

/// The most files that warnings name; the rest are only counted.
const MAX_WARNINGS: usize = 50;

codes! {
    /// Why a file may be published, by where it is.
    REASONS: (&str, &str), EXPOSURES of "Exposure" {
        ("STAGING", "it is in the artifact staging directory"),
        ("WORK_TREE", "it is in a git work tree that does not ignore it"),
    }
}

/// A file that is going to be written.
pub struct Placed {
    /// The line of the mapping that writes it.
    pub line: String,
    /// Its path.
    pub target: String,
    /// Where it is: a code of [`REASONS`], or any other if nothing there gets published.
    pub exposure: String,
}

/// The warnings about files that may be published.
#[must_use]
pub fn warnings(files: &[Placed]) -> Vec<String> {
    let mut warnings: Vec<String> = files.iter().filter_map(warning).collect();
    let more = warnings.len().saturating_sub(MAX_WARNINGS);
    warnings.truncate(MAX_WARNINGS);
    if more > 0 {
        warnings.push(format!("and {more} more files may be published"));
    }
    warnings
}

fn warning(Placed { line, target, exposure }: &Placed) -> Option<String> {
    let (_, reason) = REASONS.iter().find(|(code, _)| code == exposure)?;
    Some(format!("{line}: `{target}` may be published: {reason}"))
}

/// Settings that keep a repository's own from starting programs, or from fetching what a partial clone lacks.
const SETTINGS: [&str; 6] = [
    "core.fsmonitor=false",
    "core.sshCommand=",
    "core.gitProxy=",
    "credential.helper=",
    "protocol.allow=never",
    "safe.directory=*",
];

/// The arguments that make git report which of the paths on standard input, separated by NUL, it ignores.
///
/// Both folders are given, since git then accepts a repository that belongs to another user, as in container jobs.
#[must_use]
pub fn git_arguments(repository: &str, git_folder: &str, is_windows: bool) -> Vec<String> {
    let no_hooks = if is_windows { "core.hooksPath=NUL" } else { "core.hooksPath=/dev/null" };
    let mut words = vec![["--git-dir=", git_folder].concat(), ["--work-tree=", repository].concat()];
    for setting in SETTINGS.into_iter().chain([no_hooks]) {
        words.extend(["-c".to_owned(), setting.to_owned()]);
    }
    words.extend(["check-ignore", "--stdin", "-z"].map(str::to_owned));
    words
}

/// The files that git does not ignore, given its exit status and its output. `None` if git could not tell.
#[must_use]
pub fn not_ignored(files: Vec<String>, status: &str, output: &str) -> Option<Vec<String>> {
    // 1 means that it ignores none of them (git-check-ignore, "Exit status").
    if !matches!(status, "0" | "1") {
        return None;
    }
    let ignored: HashSet<String> = output.split('\0').map(str::to_owned).collect();
    Some(files.into_iter().filter(|file| !ignored.contains(file)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(count: usize, exposure: &str) -> Vec<Placed> {
        let file = |number| Placed {
            line: format!("line {number}"),
            target: format!("/s/{number}.txt"),
            exposure: exposure.to_owned(),
        };
        (1..=count).map(file).collect()
    }

    #[test]
    fn a_file_is_named_with_where_it_is() {
        for (exposure, reason) in [
            ("STAGING", "it is in the artifact staging directory"),
            ("WORK_TREE", "it is in a git work tree that does not ignore it"),
        ] {
            let expected = format!("line 1: `/s/1.txt` may be published: {reason}");
            assert_eq!(warnings(&placed(1, exposure)), [expected]);
        }
        assert_eq!(warnings(&placed(60, "UNKNOWN")), [""; 0]);
    }

    #[test]
    fn of_very_many_files_only_the_first_ones_are_named() {
        for (count, last) in [
            (50, "line 50: `/s/50.txt` may be published: it is in the artifact staging directory"),
            (51, "and 1 more files may be published"),
            (60, "and 10 more files may be published"),
        ] {
            let warnings = warnings(&placed(count, "STAGING"));
            assert_eq!(warnings.len(), count.min(51));
            assert_eq!(warnings.last().map(String::as_str), Some(last));
        }
    }

    #[test]
    fn git_is_asked_about_a_repository_whose_settings_start_nothing() {
        for (is_windows, hooks) in [(false, "core.hooksPath=/dev/null"), (true, "core.hooksPath=NUL")] {
            let arguments = git_arguments("/s", "/s/.git", is_windows).join(" ");
            assert_eq!(
                arguments,
                format!(
                    "--git-dir=/s/.git --work-tree=/s -c core.fsmonitor=false -c core.sshCommand= -c core.gitProxy= \
                     -c credential.helper= -c protocol.allow=never -c safe.directory=* -c {hooks} check-ignore --stdin -z"
                )
            );
        }
    }

    #[test]
    fn what_git_does_not_name_it_does_not_ignore() {
        let files = ["/s/a.txt", "/s/ b\n.txt", "/s/c"].map(str::to_owned).to_vec();
        for (status, output, expected) in [
            ("0", "/s/a.txt\0/s/ b\n.txt\0", Some(vec!["/s/c"])),
            ("0", "/s/c\0", Some(vec!["/s/a.txt", "/s/ b\n.txt"])),
            ("1", "", Some(vec!["/s/a.txt", "/s/ b\n.txt", "/s/c"])),
            ("128", "/s/c\0", None),
            ("ENOENT", "", None),
            ("no answer", "/s/c\0", None),
        ] {
            let found = not_ignored(files.clone(), status, output);
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found, expected, "{status} {output:?}");
        }
    }
}
