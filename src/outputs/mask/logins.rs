//! Passwords that follow a user: in SQL, in settings of curl, in calls.

use super::pairs::{NameInLine, find_near, part};

/// Functions whose last string argument is the password of a user.
const LOGINS: &str = "networkcredential pscredential httpbasicauth basicauth basic_auth auth setbasicauth login authenticate \
    usernamepasswordcredentials passwordauthentication getconnection pdo mysqli mysqli_connect mysql_connect";

impl NameInLine<'_> {
    /// `IDENTIFIED BY '…'`, `IDENTIFIED WITH plugin BY '…'`
    pub(super) fn identified_by(self) -> Option<usize> {
        let mut rest = self.rest();
        for _ in 0..4 {
            rest = rest.trim_start();
            let end = find_near(rest, &char::is_whitespace)?;
            let word = part(rest, 0, end);
            rest = part(rest, end, rest.len());
            if word.eq_ignore_ascii_case("by") {
                let value = rest.trim_start();
                let prefix = ["VALUES ", "PASSWORD "].iter().find_map(|prefix| value.strip_prefix(prefix));
                return Some(self.at(prefix.unwrap_or(value).trim_start()));
            }
        }
        None
    }

    /// The password in `user = "name:…"` of curl's settings.
    pub(super) fn user_with_password(self) -> Option<usize> {
        let is_user = ["user", "proxy-user", "userpwd"].contains(&self.name());
        let value = self.rest().trim_start_matches([' ', '=', ':']).strip_prefix('"').filter(|_| is_user)?;
        let user = part(value, 0, find_near(value, &|c| c == ':' || c == '"')?);
        let password = part(value, user.len(), value.len()).strip_prefix(':')?;
        let is_id =
            password.starts_with(|c: char| c.is_ascii_digit()) && user.bytes().all(|byte| byte.is_ascii_digit());
        (!user.is_empty() && !is_id && !password.starts_with(user)).then(|| self.at(password))
    }

    /// The last string in `HTTPBasicAuth('user', '…')`, `auth=('user', '…')` and the like.
    pub(super) fn login_with(self) -> Option<usize> {
        let name = self.name().rsplit('.').next().unwrap_or_default().to_lowercase();
        if !LOGINS.split(' ').any(|known| known == name) {
            return None;
        }
        let behind = self.rest().trim_start_matches(['=', ' ', ':', ']']);
        // `auth=HTTPBasicAuth(…)`
        let call = behind.trim_start_matches(|c: char| c.is_alphanumeric() || "_.".contains(c));
        let arguments = call.strip_prefix('(')?;
        let opening = self.rest().len() - arguments.len();
        let arguments = part(arguments, 0, find_near(arguments, &|c| c == ')')?);
        let is_quote = |c: char| ['"', '\''].contains(&c);
        let end = arguments.trim_end();
        let quote = end.chars().next_back().filter(|c| is_quote(*c))?;
        let start = part(end, 0, end.len() - 1).rfind(quote)?;
        let is_second = part(end, 0, start).contains(',');
        is_second.then_some(self.end + opening + start)
    }
}
