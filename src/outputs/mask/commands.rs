//! Passwords in command lines without a name before them: `curl -u user:password`, `mysql -ppassword`, `echo password |
//! docker login --password-stdin`.

use super::pairs::part;
use super::parts::Scanner;
use super::telling::Telling;
use super::values::is_substitution;

/// Commands, and their options whose next word is the password. Any word of a command line may match, such as `login`.
const NEXT: [(&str, &str); 11] = [
    ("sshpass login psexec psexec64 mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh rdesktop", "-p"),
    ("sqlcmd osql bcp ipmitool zip unzip sshpass mosquitto_pub mosquitto_sub", "-P"),
    ("snmpget snmpwalk snmpset snmptrap", "-c -A -X"),
    ("ncftp ncftpput ncftpget", "-p"),
    ("signtool psexec psexec64", "/p"),
    ("schtasks", "/rp /p"),
    ("redis-cli", "-a"),
    ("ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd", "-w"),
    ("ssh-keygen", "-N -P"),
    ("openssl", "-k"),
    ("winexe", "--authentication"),
];
/// The same for options with the password in the same word: `-ppassword`.
const WITHIN: [(&str, &str); 3] = [
    (
        "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlsh mariadb mariadb-dump mariadb-admin sshpass login 7z \
         7za 7zz rar unrar",
        "-p",
    ),
    ("zip unzip sqlcmd bcp", "-P"),
    ("xfreerdp wfreerdp sdl-freerdp", "/p:"),
];
/// Options with a user and a password, and what separates them.
const USERS: [(&str, &str, char); 4] = [
    ("curl wget http https xh", "-u --user -U --proxy-user -a --auth", ':'),
    ("skopeo buildah podman", "--creds --src-creds --dest-creds", ':'),
    ("smbclient smbget rpcclient winexe", "-U --user", '%'),
    ("lftp", "-u", ','),
];
/// Commands with a user and a password as an argument: `sqlplus user/password@host`.
const ORACLE: &str = "sqlplus sqlldr expdp impdp exp imp rman sql";
/// Options and commands that read a password from standard input.
const READERS: &str = "--password-stdin -S --stdin chpasswd --with-token --passphrase-fd smbpasswd";

/// Finds the passwords in a line that may hold commands.
pub(super) fn find(line: &str, scanner: &mut Scanner<'_>) {
    let mut printed: Option<&str> = None;
    for command in split(line) {
        let is_read = command.iter().any(|word| has(READERS, word));
        if let Some(text) = printed.filter(|_| is_read) {
            match text.split_once(':').filter(|_| command.contains(&"chpasswd")) {
                Some(_) => after(text, ':', scanner),
                None => secret(text, scanner),
            }
        }
        if let Some(here) = command.iter().position(|word| *word == "<<<").filter(|_| is_read) {
            secret(command.get(here + 1).copied().unwrap_or_default(), scanner);
        }
        in_command(&command, scanner);
        let is_printing = command.iter().any(|word| ["echo", "printf", "Write-Output"].contains(word));
        printed = command.last().copied().filter(|_| is_printing && command.len() > 1);
    }
}

/// Finds the passwords in the words of one command.
pub(super) fn in_command(words: &[&str], scanner: &mut Scanner<'_>) {
    let is = |commands: &str| words.iter().any(|word| has(commands, name_of(word)));
    let next: Vec<&str> = NEXT.iter().filter(|(commands, _)| is(commands)).map(|(_, options)| *options).collect();
    let within: Vec<&str> = WITHIN.iter().filter(|(commands, _)| is(commands)).map(|(_, options)| *options).collect();
    let users: Vec<_> = USERS.iter().filter(|(commands, ..)| is(commands)).collect();
    let is_oracle = is(ORACLE);
    for (word, value) in words.iter().zip(words.iter().skip(1).chain([&""])) {
        if next.iter().any(|options| has(options, word)) && !is_port(value) {
            secret(value, scanner);
        }
        for rest in within.iter().filter_map(|option| word.strip_prefix(option)) {
            secret(rest, scanner);
        }
        for (_, options, between) in &users {
            let attached = options.split(' ').filter(|option| option.len() == 2).find_map(|o| word.strip_prefix(o));
            let value = if has(options, word) { Some(*value) } else { attached };
            if let Some(value) = value {
                after(value, *between, scanner);
            }
        }
        if is_oracle && let Some((login, _)) = word.rsplit_once('@') {
            after(login, '/', scanner);
        }
        // All values of a Kubernetes secret are secret.
        if let Some((_, value)) = word.strip_prefix("--from-literal=").and_then(|pair| pair.split_once('=')) {
            secret(value, scanner);
        }
    }
    at_a_place(words, scanner);
}

/// Passwords that are recognized by their position alone.
fn at_a_place(words: &[&str], scanner: &mut Scanner<'_>) {
    let from = |name: &str| words.iter().position(|word| name_of(word) == name).and_then(|at| words.get(at..));
    let password = match (from("net"), from("htpasswd"), words) {
        (Some(["net" | "net.exe", "user", _, password, ..]), ..) if !password.starts_with('/') => Some(*password),
        (_, Some([_, options, .., password]), _) if options.starts_with('-') && options.contains('b') => {
            Some(*password)
        }
        (Some(["net" | "net.exe", "use", rest @ ..]), ..) => {
            let share = rest.iter().position(|word| word.starts_with("\\\\"));
            share.and_then(|at| rest.get(at + 1)).copied().filter(|word| !word.starts_with('/'))
        }
        // A script for ftp.
        (.., ["user" | "USER", user, password]) if is_login(user, password) => Some(*password),
        _ => ["add_user", "change_password", "vault"].into_iter().find_map(|name| match from(name) {
            Some(["vault", "login", token]) => Some(*token),
            Some([name, _, password, ..]) if *name != "vault" => Some(*password),
            _ => None,
        }),
    };
    if let Some(password) = password {
        secret(password, scanner);
    }
}

/// Whether these are a login, and not two words of a setting: `user = shop`, `user www www;`.
fn is_login(user: &str, password: &str) -> bool {
    user.starts_with(char::is_alphanumeric) && user != password && !password.ends_with(';')
}

fn secret(word: &str, scanner: &mut Scanner<'_>) {
    scanner.secret(unquoted(word), Telling::Strongly);
}

/// Finds the password after a user.
fn after(login: &str, between: char, scanner: &mut Scanner<'_>) {
    if let Some((_, password)) = unquoted(login).split_once(between) {
        secret(password, scanner);
    }
}

/// Whether a value is a port, which `-p` means for most commands.
fn is_port(value: &str) -> bool {
    value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// `/usr/bin/mysql` and `mysql.exe` are `mysql`.
fn name_of(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_suffix(".exe").unwrap_or(name)
}

fn has(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|listed| listed == word)
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// The commands of a line, each as words. A word keeps quotes within it, but loses those around it. It ends at the
/// command of a `$(cat file)`.
fn split(line: &str) -> Vec<Vec<&str>> {
    let mut commands = vec![Vec::new()];
    let mut quote = None;
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), ';')]) {
        let ends = at == line.len() || quote.is_none() && (c.is_whitespace() || "|;&".contains(c));
        let before = part(line, 0, at);
        let is_output = quote.is_none() && before.ends_with("$(") && is_substitution(part(line, at - 2, line.len()));
        if !ends && !is_output {
            start = start.or(Some(at));
            quote = match quote {
                Some(open) => Some(open).filter(|open| *open != c),
                None => Some(c).filter(|c| ['"', '\''].contains(c)),
            };
            continue;
        }
        let word = start.take().and_then(|start| line.get(start..at)).map(unquoted);
        if let (Some(word), Some(command)) = (word.filter(|word| !word.is_empty()), commands.last_mut()) {
            command.push(word);
        }
        if is_output {
            start = Some(at);
        } else if !c.is_whitespace() {
            commands.push(Vec::new());
        }
    }
    commands
}
