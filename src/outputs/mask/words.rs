//! Secrets without a name: passwords in URLs, tokens, password hashes, lines of `.pgpass` and the like.

use super::pairs::{find_near, part};
use super::parts::{Part, Scanner};
use super::telling::{Telling, decoded, is_token};
use crate::secret::SecretText;

/// Finds them in a line.
pub(super) fn find(line: &str, scanner: &mut Scanner<'_>) {
    urls(line, scanner);
    logins(line, scanner);
    hashes(line, scanner);
    tokens(line, scanner);
    logging_commands(line, scanner);
    if let Some(password) = behind_a_user(line).or_else(|| sasl_passwd(line)).or_else(|| chap_secret(line)) {
        scanner.secret(password, Telling::Strongly);
    }
    texts_for_powershell(line, scanner);
    if let Some(password) = pgpass(line) {
        scanner.secret(password, Telling::Strongly);
        scanner
            .secret(SecretText::from(password.replace("\\:", ":").replace("\\\\", "\\")).expose(), Telling::Strongly);
    }
}

/// Passwords, and user names that are tokens, in the URLs of a line.
fn urls(line: &str, scanner: &mut Scanner<'_>) {
    for rest in line.split("://").skip(1) {
        let end = |c: char| c.is_whitespace() || "\"'<>`".contains(c);
        let word = part(rest, 0, find_near(rest, &end).unwrap_or(rest.len()));
        let authority = word.split(['/', '?', '#']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@').or_else(|| unescaped(word, authority)) else { continue };
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        scanner.secret(password, Telling::Strongly);
        if password.is_empty() || password == "x-oauth-basic" || is_token(user) {
            scanner.secret(user, if user.len() >= 8 { Telling::Strongly } else { Telling::Nothing });
        }
    }
}

/// The user and the password of a URL in which a `/`, `?` or `#` of the password is not escaped.
fn unescaped<'a>(word: &'a str, authority: &str) -> Option<(&'a str, &'a str)> {
    let (_, start) = authority.split_once(':')?;
    let is_port = start.bytes().all(|byte| byte.is_ascii_digit());
    word.rsplit_once('@').filter(|_| !is_port)
}

/// Passwords before a host without a scheme: `user:password@host`, and `thin:user/password@host` of Oracle.
fn logins(line: &str, scanner: &mut Scanner<'_>) {
    const OTHERS: [&str; 7] = ["mailto", "npm", "sip", "xmpp", "acct", "urn", "git"];
    let mut before = "";
    for piece in line.split('@') {
        let host =
            part(piece, 0, find_near(piece, &|c| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(piece.len()));
        let start = before.rfind(|c: char| c.is_whitespace() || "\"'=<>(,".contains(c)).map_or(0, |at| at + 1);
        let word = part(before, start, before.len()).trim_start_matches('/');
        before = piece;
        let is_address = host.matches('.').count() == 3 || host.starts_with(|c: char| c.is_alphabetic());
        if word.contains("://") || !is_address || !host.contains('.') {
            continue;
        }
        let login = match word.split_once("thin:") {
            Some((_, login)) => login.split_once('/'),
            None => word.split_once(':').filter(|(user, _)| !OTHERS.contains(user) && !user.contains('/')),
        };
        if let Some((_, password)) = login.filter(|(_, password)| password.contains(|c: char| !c.is_alphabetic())) {
            scanner.secret(password, Telling::Strongly);
        }
    }
}

/// Password hashes as `crypt` writes them, `$6$salt$hash`, and as LDAP does, `{SSHA}hash`.
fn hashes(line: &str, scanner: &mut Scanner<'_>) {
    let is_hash = |c: char| c.is_ascii_alphanumeric() || "$./+=,_-".contains(c);
    for word in line.split(|c| !is_hash(c)).filter(|word| word.contains('$')) {
        let word = part(word, word.find('$').unwrap_or_default(), word.len());
        let Some((kind, hash)) = part(word, 1, word.len()).split_once('$') else { continue };
        let is_kind = kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && (kind.contains(|c: char| c.is_ascii_digit()) || ["y", "gy", "scrypt"].contains(&kind));
        if is_kind && kind.len() <= 20 && hash.len() >= 16 {
            scanner.secret(word, Telling::Strongly);
        }
    }
    for (at, _) in line.match_indices('{') {
        let Some(end) = find_near(part(line, at, line.len()), &|c| c == '}').map(|end| at + end + 1) else { continue };
        let hash = part(line, end, line.len());
        let length = hash.find(|c: char| !is_hash(c)).unwrap_or(hash.len());
        let is_kind = ["SHA", "CRYPT", "MD5", "PBKDF2", "ARGON2"].iter().any(|kind| part(line, at, end).contains(kind));
        if is_kind && length >= 8 {
            scanner.secret(part(line, at, end + length), Telling::Strongly);
            scanner.secret(part(hash, 0, length), Telling::Strongly);
        }
    }
}

/// Tokens, and the texts that they encode in Base64.
pub(super) fn tokens(line: &str, scanner: &mut Scanner<'_>) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/_-.~".contains(c);
    // In Base64 `=` is at the end only; elsewhere it follows a name.
    let mut at = 0;
    for piece in line.split_inclusive(|c| !is_part(c)) {
        let before = part(line, 0, at);
        at += piece.len();
        let word = piece.trim_end_matches(|c| !is_part(c)).trim_matches(['.', '-']);
        if !is_token(word) || is_public(before, word) {
            continue;
        }
        (scanner.found)(Part::Token(word));
        // The last part of an address may be the only secret one.
        let signs: &[char] = if word.starts_with("//") { &['.', '/'] } else { &['.'] };
        if word.contains(signs) {
            word.split(signs).filter(|part| is_token(part)).for_each(|part| (scanner.found)(Part::Token(part)));
        }
        encoded(word, scanner);
    }
}

/// Whether a token may be read by everyone: the digest of an image or a package (`sha256:…`, `sha512-…`), or a public key
/// of SSH (`ssh-ed25519 …`).
fn is_public(before: &str, word: &str) -> bool {
    const DIGESTS: [&str; 5] = ["sha1", "sha256", "sha384", "sha512", "md5"];
    let is_digest = |name: &str| DIGESTS.iter().any(|digest| name.eq_ignore_ascii_case(digest));
    let last = before.strip_suffix([':', ' ']).and_then(|before| {
        let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        before.rsplit(|c| !is_inside(c)).next()
    });
    let last = last.unwrap_or_default();
    before.ends_with(':') && is_digest(last)
        || word.split_once('-').is_some_and(|(name, _)| is_digest(name))
        || word.starts_with("AAAA") && ["ssh-", "ecdsa-"].iter().any(|kind| last.starts_with(kind))
}

/// Searches the text that a word encodes in Base64.
fn encoded(word: &str, scanner: &mut Scanner<'_>) {
    let padded = format!("{word}{}", part_of_padding(word));
    if let Some(text) = decoded(SecretText::from(padded).expose()).map(SecretText::from) {
        scanner.nested(text.expose());
    }
}

/// The missing padding of Base64.
fn part_of_padding(word: &str) -> &'static str {
    match word.len() % 4 {
        2 => "==",
        3 => "=",
        _ => "",
    }
}

/// Values in the logging commands of Azure Pipelines and GitHub, which a script prints.
fn logging_commands(line: &str, scanner: &mut Scanner<'_>) {
    for command in line.split("task.setvariable ").skip(1) {
        let Some((properties, value)) = find_near(command, &|c| c == ']').and_then(|end| command.split_at_checked(end))
        else {
            continue;
        };
        if properties.to_ascii_lowercase().contains("issecret=true") {
            scanner.secret(printed(part(value, 1, value.len())), Telling::Strongly);
        }
    }
    for value in ["::add-mask::", "task.setsecret]"].iter().flat_map(|command| line.split(command).skip(1)) {
        scanner.secret(printed(value), Telling::Strongly);
    }
}

/// The text that a script prints, up to the closing quote.
fn printed(value: &str) -> &str {
    part(value, 0, find_near(value, &|c| "\"'`".contains(c)).unwrap_or(value.len()))
}

/// The password in a line `"user" "password"` of pgbouncer.
fn behind_a_user(line: &str) -> Option<&str> {
    let (user, password) = line.strip_prefix('"')?.strip_suffix('"')?.split_once("\" \"")?;
    (!user.contains('"') && !password.contains('"')).then_some(password)
}

/// The password in a line of Postfix's `sasl_passwd`: `[host]:port user:password`.
fn sasl_passwd(line: &str) -> Option<&str> {
    let (host, login) = line.split_once(char::is_whitespace)?;
    let (user, password) = login.trim_start().split_once(':')?;
    // A user `git@…` is the address of a repository.
    let is_mail = user.contains('@') && !user.starts_with("git@");
    let is_entry = host.contains('.') && (is_mail || host.starts_with('[') && host.contains(']'));
    (is_entry && !user.is_empty() && !login.trim_start().contains(char::is_whitespace)).then_some(password)
}

/// The secret in a line of pppd's `chap-secrets`: `client server secret addresses`, one of which is `*` for any.
fn chap_secret(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let [client, server, secret, address] = [words.next()?, words.next()?, words.next()?, words.next()?];
    let is_name = |word: &str| word.chars().all(|c| c.is_alphanumeric() || "*\"._-@\\".contains(c));
    let is_entry = words.next().is_none() && is_name(client) && is_name(server) && [server, address].contains(&"*");
    // Otherwise it is code: `SELECT * FROM users`, `from settings import *`, `find . -name *`.
    let has = |is: fn(&char) -> bool| secret.chars().any(|c| is(&c));
    let is_secret = secret.starts_with('"') || has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_command = server.starts_with('-') || secret.ends_with([':', ',']);
    (is_entry && is_secret && !is_command).then(|| secret.trim_matches('"'))
}

/// The text in `'…' | ConvertTo-SecureString`.
fn texts_for_powershell(line: &str, scanner: &mut Scanner<'_>) {
    if let Some((before, _)) = line.split_once("| ConvertTo-SecureString") {
        let before = before.trim_end();
        let quote = before.chars().next_back().filter(|c| ['"', '\''].contains(c));
        let text = quote.and_then(|quote| before.strip_suffix(quote)?.rsplit(quote).next());
        scanner.secret(text.unwrap_or_default(), Telling::Strongly);
    }
}

/// The password of a line of `.pgpass`, in which a colon and a backslash have a backslash before them:
/// `host:port:database:user:password`.
fn pgpass(line: &str) -> Option<&str> {
    let mut fields: Vec<&str> = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, c) in line.char_indices() {
        if c == ':' && !is_escaped {
            fields.push(part(line, start, at));
            start = at + 1;
            if fields.len() == 4 {
                break;
            }
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    let [host, port, _, user] = <[&str; 4]>::try_from(fields).ok()?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = port == "*" || !port.is_empty() && is_number(port);
    let is_entry = is_port && !host.is_empty() && !is_number(user) && !host.contains([' ', '"']);
    is_entry.then(|| part(line, start, line.len()))
}
