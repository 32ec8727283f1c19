//! What is said of a file that cannot be written.

/// The words for what the system refuses, by its code.
const REASONS: [(&str, &str); 18] = [
    ("EACCES", "the agent has no right to"),
    ("EBUSY", "another program holds it"),
    ("EDQUOT", "the agent's quota is used up"),
    ("EEXIST", "something else has its name"),
    ("EFBIG", "it is larger than a file may be here"),
    ("EINVAL", "the file system does not take this name"),
    ("EIO", "the disk does not work as it should"),
    ("ELOOP", "the links on its way lead in a circle"),
    ("EMFILE", "too many files are open"),
    ("ENAMETOOLONG", "the path is too long"),
    ("ENFILE", "too many files are open"),
    ("ENOENT", "a folder of the path is gone, or the system does not take the name"),
    ("ENOSPC", "the disk is full"),
    ("ENOTDIR", "a part of the path is not a folder"),
    ("EPERM", "the agent has no right to"),
    ("EROFS", "the file system is read-only"),
    ("ETXTBSY", "it is a program that runs"),
    ("EXCHANGED", "its folder was exchanged while the task ran"),
];

/// Windows says all of these of a file that another program holds.
const HELD: [&str; 3] = ["EACCES", "EBUSY", "EPERM"];

/// Why a file cannot be written, given the code of the system's error. The error's own text could quote anything.
#[must_use]
pub fn reason(code: &str, is_windows: bool) -> String {
    let words = if is_windows && HELD.contains(&code) {
        "the agent has no right to, or another program holds it"
    } else {
        REASONS.iter().find(|(known, _)| *known == code).map_or("the system refused", |(_, words)| words)
    };
    format!("{words} ({code})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_put_into_words() {
        for (code, is_windows, expected) in [
            ("ENOSPC", false, "the disk is full (ENOSPC)"),
            ("ENOSPC", true, "the disk is full (ENOSPC)"),
            ("EBUSY", false, "another program holds it (EBUSY)"),
            ("EBUSY", true, "the agent has no right to, or another program holds it (EBUSY)"),
            ("ESOMETHING", false, "the system refused (ESOMETHING)"),
        ] {
            assert_eq!(reason(code, is_windows), expected);
        }
    }
}
