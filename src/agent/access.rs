//! Who else can access a file: through the folder that it is in, and by its access list on Windows.

/// `SYSTEM`, the account of Windows' own services.
const SYSTEM: &str = "S-1-5-18";
/// The owner of a file, whoever that is.
const OWNER_RIGHTS: &str = "S-1-3-4";

/// The agent's user, as the system describes it. An unknown one has no name, an unused user ID and no groups.
pub struct User<'a> {
    /// The name under which groups have it as a member.
    pub name: &'a str,
    /// Its user ID.
    pub uid: u32,
    /// The system's list of groups, as in `/etc/group`: lines of `name:password:gid:members`.
    pub groups: &'a str,
}

/// The mode of a folder in octal, if others can replace files in it, and so have the task write somewhere else.
///
/// With the sticky bit, users can remove and rename only their own files (POSIX, `unlink`).
#[must_use]
pub fn mode_if_open(mode: u32, gid: u32, user: &User) -> Option<String> {
    let is_sticky = mode & 0o1000 != 0;
    let is_group_trusted = gid == 0 || user.owns_group(gid);
    let is_open = mode & 0o002 != 0 || (mode & 0o020 != 0 && !is_group_trusted);
    (is_open && !is_sticky).then(|| format!("{:04o}", mode & 0o777))
}

impl User<'_> {
    /// Whether a group is the user's own and has no other members, like the private group that many systems give each
    /// user.
    fn owns_group(&self, gid: u32) -> bool {
        let gid = gid.to_string();
        for line in self.groups.lines() {
            let mut fields = line.split(':');
            let (name, _, id, members) = (fields.next(), fields.next(), fields.next(), fields.next());
            if id == Some(&gid) {
                let is_own = |member: &str| member.is_empty() || member == self.name;
                return name == Some(self.name) && members.unwrap_or_default().split(',').all(is_own);
            }
        }
        // A group without a name is taken for the user's private one if it has the user's ID.
        gid == self.uid.to_string()
    }
}

/// The arguments of `icacls` that leave full access to the agent's user and the system, and nothing inherited, as mode
/// 0600 does elsewhere.
///
/// `whoami` is the output of `whoami /user /fo csv /nh`. Without it, the list names the file's owner, which is the
/// second choice: `OpenSSH` rejects a key whose list contains "owner rights".
#[must_use]
pub fn icacls_arguments(place: &str, whoami: &str) -> Vec<String> {
    let user = user_in(whoami).unwrap_or(OWNER_RIGHTS);
    let [user, system] = [user, SYSTEM].map(|one| ["*", one, ":F"].concat());
    let [inheritance, grant, quiet] = ["/inheritance:r", "/grant:r", "/q"].map(str::to_owned);
    vec![place.to_owned(), inheritance, grant, user, system, quiet]
}

/// The user's security identifier (SID) at the end of the output of `whoami`.
fn user_in(whoami: &str) -> Option<&str> {
    let answer = whoami.trim_end();
    let answer = answer.strip_suffix('"').unwrap_or(answer);
    let word = answer.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next()?;
    let numbers = word.strip_prefix("S-1-")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (numbers.contains('-') && numbers.split('-').all(is_number)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &str = "root:x:0:\nvsts:x:1001:\nbuild:x:1002:vsts,other\nother:x:1003:vsts\nshort:x:1004";

    #[test]
    fn a_folder_is_open_if_others_can_exchange_its_files() {
        for (mode, gid, expected) in [
            (0o755, 1001, None),
            (0o757, 1001, Some("0757")),
            (0o777, 1001, Some("0777")),
            (0o1777, 1002, None),
            (0o775, 1001, None),
            (0o775, 0, None),
            (0o770, 1002, Some("0770")),
            (0o775, 1003, Some("0775")),
            (0o775, 1004, Some("0775")),
            (0o775, 1000, None),
            (0o775, 1005, Some("0775")),
            (0o2775, 1002, Some("0775")),
        ] {
            let user = User { name: "vsts", uid: 1000, groups: GROUPS };
            assert_eq!(mode_if_open(mode, gid, &user).as_deref(), expected, "{mode:o} of {gid}");
        }
    }

    #[test]
    fn a_group_is_its_users_own_if_it_has_their_name_and_no_other_member() {
        for (groups, expected) in [
            ("vsts:x:1001:", true),
            ("vsts:x:1001:vsts", true),
            ("vsts:x:1001:vsts,", true),
            ("vsts:x:1001", true),
            ("vsts:x:1001:other", false),
            ("vsts:x:1001:vsts,other", false),
            ("others:x:1001:", false),
            ("vsts:x:01001:", false),
            ("", false),
        ] {
            let user = User { name: "vsts", uid: 1000, groups };
            assert_eq!(user.owns_group(1001), expected, "{groups:?}");
        }
    }

    #[test]
    fn where_nobody_knows_the_user_only_the_group_of_root_is_trusted() {
        let nobody = User { name: "", uid: u32::MAX, groups: "" };
        assert_eq!(mode_if_open(0o775, 0, &nobody), None);
        assert_eq!(mode_if_open(0o775, 1001, &nobody).as_deref(), Some("0775"));
    }

    #[test]
    fn an_access_list_leaves_the_user_and_the_system_by_numbers_that_are_the_same_in_every_language() {
        assert_eq!(
            icacls_arguments("C:\\a b\\.ksm-1*", "\"vm\\vsts\",\"S-1-5-21-1-2-3-1001\"\r\n"),
            ["C:\\a b\\.ksm-1*", "/inheritance:r", "/grant:r", "*S-1-5-21-1-2-3-1001:F", "*S-1-5-18:F", "/q"]
        );
        assert_eq!(icacls_arguments("C:\\a", "").get(3).map(String::as_str), Some("*S-1-3-4:F"));
    }

    #[test]
    fn the_user_is_found_in_what_whoami_says() {
        for (answer, user) in [
            (
                "\"vm\\vsts\",\"S-1-5-21-1004336348-1177238915-682003330-1001\"\r\n",
                Some("S-1-5-21-1004336348-1177238915-682003330-1001"),
            ),
            ("\"nt authority\\network service\",\"S-1-5-20\"\r\n", Some("S-1-5-20")),
            ("\"S-1-5-21-7\\x\",\"S-1-12-1-1-2-3-4\"\r\n", Some("S-1-12-1-1-2-3-4")),
            ("S-1-5-20", Some("S-1-5-20")),
            ("VM\\root\r\n", None),
            ("\"VM\\S-1-5\",\"S-1-5\"", None),
            ("\"VM\\x\",\"xS-1-5-20\"", None),
            ("\"VM\\x\",\"S-1-5--20\"", None),
            ("", None),
        ] {
            assert_eq!(user_in(answer), user, "{answer:?}");
        }
    }
}
