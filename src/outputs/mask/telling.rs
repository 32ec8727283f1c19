//! Recognition of secrets: names that announce one ("telling" names), and tokens that look random.

use super::decode;
use crate::base64;

/// What a name tells about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// It is a secret: `password`, `client_secret`, `AccountKey`.
    Strongly,
    /// It may be a secret: `key`, `auth`, `sig`. It is one unless it looks like a word.
    Weakly,
    /// Nothing: `name`, `tokenUrl`, `publicKey`.
    Nothing,
}

/// The longest name, in bytes; longer texts are not names.
const LONGEST_NAME: usize = 128;

/// Anywhere in a name, these mean a secret.
const STRONG: &str = "password passwd passphrase passcode pwd secret apikey privatekey accesskey accountkey clientkey \
    encryptionkey signingkey masterkey licensekey authtoken accesstoken passwort kennwort motdepasse senha \
    wachtwoord contrase parola hasło haslo heslo lösenord losenord adgangskode salasana jelszó şifre парол パスワード 密码 密碼 \
    口令 비밀번호 암호 securestring authtok";
/// As a word of a name, these mean a secret.
const STRONG_WORDS: &str = "pass secrets token tokens jwt pat pin passwords answer pw psk seed otp bearer";
/// Words that end like `pass`.
const OTHER_PASSES: &str = "compass bypass trespass overpass underpass surpass";
/// Before the word `key`, these mean a secret.
const STRONG_KEYS: &str = "api private secret access account client encryption signing sign master shared license storage subscription \
    ssh rsa deploy function admin crypt hmac webhook";
/// As a word of a name, these may mean a secret.
const WEAK_WORDS: &str = "key keys auth authorization credential credentials creds sig signature cookie session salt cert pfx hash \
    identitytoken";
/// A name that ends in one of these is about something else: `secretName`, `token_url`, `password-policy`.
const HARMLESS_ENDS: &str = "name names id ids url urls uri type mode ref path file files dir folder policy expiry expires expiration \
    expire length size count max min limit version algorithm alg algorithms format provider method endpoint host \
    hostname issuer enabled required disabled user username login header prefix suffix scope scopes audience ttl \
    timeout lifetime vault hint store manager class namespace label title description rotation interval age days \
    seconds minutes field fields column index kind server service location region permissions bits usage source \
    attempts retries at date stdin fd filter filters encryption encoder encoding";

/// Next to one of these, `tokens` are those of a language model.
const COUNTS: &str = "max min num total prompt completion used";

/// What a name tells about its value, by the words in it, in whatever case and however separated.
pub(super) fn telling(name: &str) -> Telling {
    if name.len() > LONGEST_NAME {
        return Telling::Nothing;
    }
    let words = words(name);
    let compact = words.concat();
    let is = |list: &str, word: &String| has(list, word);
    let Some(last) = words.last() else { return Telling::Nothing };
    let is_count = last == "tokens" && words.iter().any(|word| is(COUNTS, word));
    if is(HARMLESS_ENDS, last) || is_count || compact.contains("publickey") || compact == "issecret" {
        return Telling::Nothing;
    }
    let is_key = words
        .windows(2)
        .any(|pair| matches!(pair, [before, key] if is(STRONG_KEYS, before) && (key == "key" || key == "keys")));
    let is_strong =
        STRONG.split(' ').any(|part| compact.contains(part)) || words.iter().any(|word| is(STRONG_WORDS, word));
    if is_strong || is_key || compact.ends_with("token") {
        return Telling::Strongly;
    }
    // `PGPASS` and `DBPASS`, but not these words.
    let is_pass = (compact.ends_with("pass") || compact.ends_with("pw"))
        && !OTHER_PASSES.split(' ').any(|word| compact.ends_with(word));
    if is_pass {
        return Telling::Strongly;
    }
    let is_weak =
        words.iter().any(|word| is(WEAK_WORDS, word)) || ["key", "pass"].iter().any(|end| compact.ends_with(end));
    if is_weak { Telling::Weakly } else { Telling::Nothing }
}

/// Whether a name is neither telling nor harmless, so that what surrounds it decides.
pub(super) fn is_neutral(name: &str) -> bool {
    !words(name).last().is_some_and(|last| has(HARMLESS_ENDS, last))
}

/// Whether a name is also an ordinary word, so that what follows after a space may be the next word.
pub(super) fn is_ordinary_word(name: &str) -> bool {
    const WORDS: &str = "password passwords passphrase passcode secret secrets token tokens pin pass seed answer bearer key keys \
        auth authorization credential credentials signature cookie session salt cert hash";
    has(WORDS, &name.to_lowercase())
}

/// Whether a word is one of a list.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// The words of a name in lower case: `dbPassword`, `DB_PASSWORD` and `db.password` are `db` and `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let is_next_lower = chars.peek().is_some_and(|next| next.is_lowercase());
        let is_border = c.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && is_next_lower);
        if is_border || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The shortest value that is hidden, whatever its name.
const SHORTEST: usize = 4;
/// Values that occur in so many files that they would be hidden all over the log.
const EVERYONES: &str = "true false null none undefined required optional enabled disabled default basic bearer string number integer \
    boolean password secret token object array localhost auto always never \
    write read include prompt random generated";

/// Whether the value after a name is a secret.
pub(super) fn is_secret_behind(telling: Telling, value: &str) -> bool {
    let is_everyones = EVERYONES.split(' ').any(|word| value.eq_ignore_ascii_case(word));
    if telling == Telling::Nothing || value.chars().count() < SHORTEST || is_everyones || is_reference(value) {
        return false;
    }
    match telling {
        Telling::Strongly => !is_path(value),
        _ => is_token(value) || is_mixed(value) || is_base64_of_text(value),
    }
}

/// Whether a value only refers to another: `${DB_PASSWORD}`, `$(password)`, `<password>`, `$DB_PASSWORD`.
fn is_reference(value: &str) -> bool {
    let has_ends = |start: &str, end: &str| value.starts_with(start) && value.ends_with(end);
    [("${", "}"), ("$(", ")"), ("<", ">"), ("{{", "}}"), ("%(", ")s"), ("#{", "}#"), ("@{", "}")]
        .iter()
        .any(|(start, end)| has_ends(start, end))
        || is_variable(value)
}

/// Whether a value is a shell variable: `$DB_PASSWORD`, `${DB_PASSWORD`, `$password`, `$env:DB_PASSWORD`,
/// `%DB_PASSWORD%`. A password may also begin with a `$`, so after that alone only a name will do that a password would
/// hardly be.
fn is_variable(value: &str) -> bool {
    let name = match value.strip_prefix('%') {
        Some(rest) => rest.strip_suffix('%'),
        None => ["${", "$env:", "$"].iter().find_map(|start| value.strip_prefix(start)),
    };
    let Some(name) = name else { return false };
    let is = |kind: fn(char) -> bool| name.chars().all(|c| kind(c) || c == '_') && name.contains(kind);
    if value.strip_prefix('$') == Some(name) {
        let is_in_one_case = is(|c| c.is_ascii_uppercase()) || is(|c| c.is_ascii_lowercase());
        let is_of_words = name.contains('_') && telling(name) != Telling::Nothing;
        return is_in_one_case && (is_ordinary_word(name) || is_of_words);
    }
    is(|c| c.is_ascii_uppercase()) || is(|c| c.is_ascii_alphabetic()) && telling(name) == Telling::Strongly
}

/// Whether a value is the path of a file: `SECRET_FILE=/run/secrets/x`, `PWD=/home/alice`.
fn is_path(value: &str) -> bool {
    let is_absolute = ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start));
    is_absolute && !is_token(value) && value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-~".contains(c))
}

/// Whether a short text is too mixed to be a word, a version or a host.
fn is_mixed(value: &str) -> bool {
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let has_cases = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    let has_symbols = value.contains(|c: char| c.is_ascii_punctuation() && !"._-/:,".contains(c));
    value.len() >= 8 && has(char::is_ascii_digit) && (has_cases || has_symbols) && !value.contains("://")
}

/// Whether a value is Base64 of a text, as in `auth` of Docker's config.
fn is_base64_of_text(value: &str) -> bool {
    decoded(value).is_some()
}

/// The text that a value is the Base64 of, if a person could have written it.
pub(super) fn decoded(value: &str) -> Option<String> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if value.len() < 8 || !value.len().is_multiple_of(4) || !value.bytes().all(is_base64) {
        return None;
    }
    let bytes = base64::decode(value)?;
    // PowerShell takes commands in Base64 of UTF-16.
    let text = decode::utf16(&bytes).or_else(|| String::from_utf8(bytes).ok())?;
    let is_written = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (text.len() >= SHORTEST && text.chars().all(is_written)).then_some(text)
}

/// The shortest run of letters and digits, in characters, that may be a token.
const SHORTEST_TOKEN: usize = 16;

/// Whether a text without white space is a token: letters and digits alternate too often for a word, name, number,
/// version, UUID or host.
pub(super) fn is_token(text: &str) -> bool {
    text.len() >= SHORTEST_TOKEN
        && (has_beginning(text)
            || text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
            || is_random_base64(text))
}

/// Whether a text begins like the tokens of a known service.
fn has_beginning(text: &str) -> bool {
    const BEGINNINGS: &str = "ghp_ gho_ ghs_ ghu_ ghr_ github_pat_ glpat- gldt- glrt- xoxb- xoxp- xoxa- xapp- sk- sk_live_ sk_test_ rk_live_ \
        npm_ pypi- dop_v1_ hvs. hvb. AIza ya29. SG. shpat_ shpss_ dckr_pat_ ATATT3 lin_api_ figd_";
    let is_long = text.len() >= 20 && text.contains(|c: char| c.is_ascii_digit());
    is_long && BEGINNINGS.split(' ').any(|beginning| text.starts_with(beginning))
}

/// The same for Base64, whose two signs cut it up.
fn is_random_base64(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    let pieces: String = text.split(['+', '/']).collect();
    let has = |is: fn(&u8) -> bool| pieces.bytes().any(|byte| is(&byte));
    let has_all = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let is_long = pieces.len() * 8 >= text.len() * 7 && pieces.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() >= 32 && is_long && has_all && changes(&pieces) * 100 >= pieces.len() * 30
}

/// Whether a run of letters and digits looks random.
fn is_random(piece: &str) -> bool {
    if piece.len() < SHORTEST_TOKEN {
        return false;
    }
    let has = |is: fn(&u8) -> bool| piece.bytes().any(|byte| is(&byte));
    let seen = [has(u8::is_ascii_digit), has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase)];
    // How often a character is of another kind than the one before: in six of ten cases for random letters of both
    // cases and digits, half for hexadecimal digits, a third for Base32; a quarter for words in camel case.
    let is_hex = piece.len() >= 32 && piece.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = match seen {
        [true, false, false] => return false,
        [true, ..] if is_hex => 0,
        [false, true, true] if piece.len() >= 20 => 45,
        [false, _, _] => return false,
        _ if piece.len() >= 32 => 15,
        _ => 25,
    };
    changes(piece) * 100 >= piece.len() * least
}

/// How often a character is followed by one of another kind: digit, lower-case or upper-case letter.
fn changes(text: &str) -> usize {
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    text.bytes().zip(text.bytes().skip(1)).filter(|(byte, next)| class(*byte) != class(*next)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_of_a_secret() {
        for name in "password DB_PASSWORD dbPassword db.password Passwd pwd userPWD client_secret token access-token \
            _authToken apiKey API_KEY APIKey api_keys AccountKey SharedAccessKey client-key-data ssh_key \
            aws_secret_access_key secrets passphrase PAT dbpassword GITHUB_TOKEN privateKey jwt \
            clientSecret usertoken PGPASSWORD private_key"
            .split(' ')
        {
            assert_eq!(telling(name), Telling::Strongly, "{name}");
        }
        for name in "key auth _auth sig sort_key Authorization credentials bypass Signature".split(' ') {
            assert_eq!(telling(name), Telling::Weakly, "{name}");
        }
        for name in "name secretName token_url tokenUrl passwordPolicy publicKeyToken public_key author keyboard \
            apiVersion kind secretKeyRef SharedAccessKeyName aws_access_key_id KeyVaultName passive \
            compassion server Level authority"
            .split(' ')
        {
            assert_eq!(telling(name), Telling::Nothing, "{name}");
        }
    }

    #[test]
    fn a_value_behind_a_name_is_a_secret_unless_it_is_something_else() {
        for (name, value, is_secret) in [
            ("password", "hunter2", true),
            ("password", "correct horse", true),
            ("password", "/Xk9$", true),
            ("pin", "1234", true),
            ("password", "abc", false),
            ("password", "true", false),
            ("password", "${DB_PASSWORD}", false),
            ("password", "$(db-password)", false),
            ("password", "$(cat", true),
            ("password", "$(9vLk!pQz", true),
            ("password", "$TOKEN", false),
            ("password", "$UMMERTIME", true),
            ("password", "$UMMER_TIME", true),
            ("password", "$SecretPass", true),
            ("password", "$uperSecretPassword", true),
            ("password", "$hunter_password", false),
            ("password", "$DB_PASSWORD", false),
            ("password", "${DB_PASSWORD", false),
            ("password", "$password", false),
            ("password", "$env:DB_PASSWORD", false),
            ("password", "%DB_PASSWORD%", false),
            ("password", "$hunter", true),
            ("password", "$Hunter2", true),
            ("password", "$2UMMER", true),
            ("password", "%hunter", true),
            ("maxTokens", "4096", false),
            ("PWD", "/home/alice/work", false),
            ("key", "Default", false),
            ("sort_key", "created_at", false),
            ("key", "Zx81-pl4Y", true),
            ("auth", "dXNlcjpwYXNz", true),
            ("auth", "required", false),
            ("auth", "ldap", false),
            ("sig", "aB3%2Bk", false),
            ("sig", "aB3%2Bkd9", true),
            ("name", "Zx81-pl4Y-Zx81-pl4Y", false),
        ] {
            assert_eq!(is_secret_behind(telling(name), value), is_secret, "{name}: {value}");
        }
    }

    #[test]
    fn a_token_is_told_from_names_numbers_and_versions() {
        for token in [
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "0123456789abcdef0123456789abcdef",
            "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB",
            "x7k2m9q4w8e5r1t6",
        ] {
            assert!(is_token(token), "{token}");
        }
        for other in "apiVersion AllowedHostsForProduction Microsoft.AspNetCore.Hosting.Diagnostics localhost \
            aks-prod-weu-001-dns-12ab34cd.hcp.westeurope.azmk8s.io 1234567890123456789 v1.24.3-gke.100 \
            72f988bf-86f1-41af-91ab-2d7cd011db47 2024-01-01T00:00:00Z \
            /usr/local/lib/python3.11/site-packages k8s-deployment-7d9f8b6c5d-x2x4z \
            registry.example.com:5000/application XMLHttpRequestFactoryBean \
            ip-10-0-0-1.eu-west-1.compute.internal zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz1"
            .split(' ')
        {
            assert!(!is_token(other), "{other}");
        }
    }
}
