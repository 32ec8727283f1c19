//! Reasons why a file cannot be written, as messages give them.

use crate::codes::codes;

codes! {
    /// Reasons for a refusal of the system, by its code.
    REASONS: (&str, &str), SYSTEM_CODES of "SystemDiskCode" {
        ("EACCES", "the agent has no permission"),
        ("EBUSY", "another program holds it"),
        ("EDQUOT", "the agent's quota is used up"),
        ("EEXIST", "something else has its name"),
        ("EFBIG", "it is larger than a file may be here"),
        ("EINVAL", "the file system does not accept this name"),
        ("EIO", "the disk reports an error"),
        ("ELOOP", "the symbolic links in its path form a loop"),
        ("EMFILE", "too many files are open"),
        ("ENAMETOOLONG", "the path is too long"),
        ("ENFILE", "too many files are open"),
        ("ENOENT", "a folder of the path is gone, or the system does not accept the name"),
        ("ENOSPC", "the disk is full"),
        ("ENOTDIR", "a part of the path is not a folder"),
        ("EPERM", "the agent has no permission"),
        ("EROFS", "the file system is read-only"),
        ("ETXTBSY", "it is a running program"),
        ("EXCHANGED", "its folder was exchanged while the task ran"),
    }
}

codes! {
    /// Reasons for a refusal of the task itself. `{detail}` is what it is about.
    OWN_REASONS: (&str, &str), OWN_CODES of "OwnDiskCode" {
        ("IS_FOLDER", "there is a folder"),
        ("IS_LINK", "there is a symbolic link"),
        ("NOT_A_FILE", "there is something that is not a file"),
        ("FOLDER_IS_LINK", "its folder `{detail}` is a symbolic link"),
        ("OPEN_FOLDER", "others can write to its folder (mode {detail}); name a folder in it that does not exist, which the task then creates for itself"),
        ("NO_DRIVE", "there is no drive or share `{detail}`"),
        ("NOT_UTF_8", "the name of the working directory is not UTF-8; write an absolute path"),
        ("TWO_LINES", "it is also the file of {detail}"),
        ("TEMPORARY_EXCHANGED", "its temporary file was exchanged while the task ran"),
        ("PLACE_TAKEN", "another file took its place while the task ran"),
    }
}

/// Windows reports any of these for a file that another program holds.
const HELD: [&str; 3] = ["EACCES", "EBUSY", "EPERM"];

/// Why a file cannot be written, given the code of the error and what it is about. The system's own text could quote
/// anything.
#[must_use]
pub fn reason(code: &str, detail: &str, is_windows: bool) -> String {
    match OWN_REASONS.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => words.replace("{detail}", detail),
        None => format!("{} ({code})", refusal(code, is_windows)),
    }
}

/// The reason for a code of the system.
fn refusal(code: &str, is_windows: bool) -> &'static str {
    if is_windows && HELD.contains(&code) {
        return "the agent has no permission, or another program holds it";
    }
    REASONS.iter().find(|(known, _)| *known == code).map_or("the system refused", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_system_is_put_into_words() {
        for (code, is_windows, expected) in [
            ("ENOSPC", false, "the disk is full (ENOSPC)"),
            ("ENOSPC", true, "the disk is full (ENOSPC)"),
            ("EBUSY", false, "another program holds it (EBUSY)"),
            ("EBUSY", true, "the agent has no permission, or another program holds it (EBUSY)"),
            ("ESOMETHING", false, "the system refused (ESOMETHING)"),
        ] {
            assert_eq!(reason(code, "", is_windows), expected);
        }
    }

    #[test]
    fn what_the_task_itself_refuses_needs_no_code() {
        for (code, detail, expected) in [
            ("IS_FOLDER", "", "there is a folder"),
            ("FOLDER_IS_LINK", "a/b", "its folder `a/b` is a symbolic link"),
            ("NO_DRIVE", "Q:\\", "there is no drive or share `Q:\\`"),
            ("TWO_LINES", "line 3", "it is also the file of line 3"),
        ] {
            assert_eq!(reason(code, detail, false), expected);
        }
    }
}
