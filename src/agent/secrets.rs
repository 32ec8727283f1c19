//! Secrets in the task's environment before any are fetched: configs, proxy passwords, secrets in the wrong input.
//!
//! The agent masks a secret variable as a whole; the task masks the other forms in which it could appear.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::agent::proxy;
use crate::base64;
use crate::json::Value;
use crate::secret::SecretText;

/// Minimum length of a line of a config to be masked: shorter ones in pretty-printed JSON are braces and the like.
const MIN_CONFIG_LEN: usize = 12;
/// Minimum length of a password to be masked: a shorter one would blot out text all over the log.
const MIN_PASSWORD_LEN: usize = 4;
/// The most lines of one text that are masked, as each mask costs the agent time.
const MAX_LINES: usize = 200;

/// The texts to be masked, given the variables of the environment by name, in the order in which they are found.
#[must_use]
pub fn masks(environment: &[(String, SecretText)]) -> Vec<SecretText> {
    // On Windows, names of variables are case-insensitive. EXPOSE: what is found is a secret again.
    let variables: Vec<(String, &str)> =
        environment.iter().map(|(name, text)| (name.to_uppercase(), text.expose())).collect();
    let value = |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map_or("", |(_, text)| *text);

    let configs = variables.iter().filter(|(name, _)| is_config(name)).flat_map(|(_, text)| forms_of_config(text));
    let logins = variables.iter().filter(|(name, _)| is_proxy(name)).flat_map(|(_, text)| forms_in_address(text));
    let passwords = forms_of_password(value("AGENT_PROXYUSERNAME"), value("SECRET_AGENT_PROXYPASSWORD"))
        .into_iter()
        .chain(logins)
        .chain(proxy::agents_login(environment))
        .chain(misplaced(&variables));

    let mut known = HashSet::new();
    configs
        // EXPOSE: only the length and the form of a macro are looked at.
        .filter(|text| is_longer(text.expose(), MIN_CONFIG_LEN) && !is_undefined(text.expose()))
        .chain(passwords.filter(|text| is_longer(text.expose(), MIN_PASSWORD_LEN)))
        .filter(|text| known.insert(text.clone()))
        .collect()
}

/// Whether the input holds a config that is in none of the job's secret variables.
///
/// A Node task gets every secret variable of the job. If one is missing, there is no telling where the config is from.
#[must_use]
pub fn is_config_in_clear(environment: &[(String, SecretText)]) -> bool {
    // EXPOSE: secrets are compared here.
    let value_of =
        |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map_or("", |(_, text)| text.expose());
    let config = packed(value_of("INPUT_KEEPERSECRETCONFIG"));
    let secrets: HashMap<String, SecretText> = environment
        .iter()
        .map(|(name, text)| (name.to_uppercase(), text))
        .filter(|(name, _)| name.starts_with("SECRET_"))
        .map(|(name, text)| (name, packed(text.expose())))
        .collect();
    let Ok(Value::List(names)) = Value::parse(value_of("VSTS_SECRET_VARIABLES")) else { return false };
    // EXPOSE: names of variables are not secret.
    let is_there = |name: &SecretText| {
        secrets.contains_key(&format!("SECRET_{}", name.expose().replace(['.', ' '], "_").to_uppercase()))
    };
    let holds =
        |secret: &SecretText| is_longer(secret.expose(), MIN_CONFIG_LEN) && config.expose().contains(secret.expose());
    !config.expose().is_empty() && names.iter().filter_map(Value::as_text).all(is_there) && !secrets.values().any(holds)
}

/// A text without what may differ between a variable and an input that refers to it: white space, and slashes.
fn packed(text: &str) -> SecretText {
    let mut packed = String::with_capacity(text.len());
    packed.extend(text.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '\\' { '/' } else { c }));
    packed.into()
}

fn is_longer(text: &str, at_least: usize) -> bool {
    text.chars().nth(at_least - 1).is_some()
}

/// Whether a text is the macro of a variable that does not exist: its name is not secret.
fn is_undefined(text: &str) -> bool {
    let name = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    name.is_some_and(|name| !name.contains(')'))
}

/// Whether a variable holds a config: the input, the connection's parameter, or a person's own.
fn is_config(name: &str) -> bool {
    matches!(name, "INPUT_KEEPERSECRETCONFIG" | "KSM_CONFIG")
        || (name.starts_with("ENDPOINT_AUTH_PARAMETER_") && name.ends_with("_APITOKEN"))
}

/// Whether a variable holds the address of a proxy.
fn is_proxy(name: &str) -> bool {
    matches!(name, "AGENT_PROXYURL" | "HTTP_PROXY" | "HTTPS_PROXY" | "ALL_PROXY")
}

fn forms_of_config(config: &str) -> Vec<SecretText> {
    [config, trim(config)].into_iter().map(SecretText::from).chain(lines(config)).collect()
}

/// A text without the white space around it, including a byte order mark.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
}

/// The first lines of a text that are not blank, split wherever any program would break a line.
fn lines(text: &str) -> impl Iterator<Item = SecretText> {
    let ends = ['\r', '\n', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.split(ends).map(trim).filter(|line| !line.is_empty()).take(MAX_LINES).map(SecretText::from)
}

/// The lines of secret variables that ended up in an input, as with `secrets: $(config)`. The agent masks such a secret
/// as a whole, but would show the input line by line.
fn misplaced(variables: &[(String, &str)]) -> Vec<SecretText> {
    let starting_with =
        |start: &'static str| variables.iter().filter(move |(name, _)| name.starts_with(start)).map(|(_, text)| *text);
    let inputs: Vec<&str> = starting_with("INPUT_").collect();
    starting_with("SECRET_")
        .map(trim)
        .filter(|secret| is_longer(secret, MIN_PASSWORD_LEN) && inputs.iter().any(|input| input.contains(secret)))
        .flat_map(|secret| [SecretText::from(secret)].into_iter().chain(lines(secret)))
        .take(MAX_LINES)
        .collect()
}

/// What is secret in the address of a proxy, with or without a scheme.
fn forms_in_address(address: &str) -> Vec<SecretText> {
    let rest = without_scheme(trim(address));
    // A password may contain a slash or an `@` that should have been encoded; for a URL parser the slash ends the host.
    let host_part = rest.split(['/', '?', '#']).next().unwrap_or_default();
    [rest, host_part]
        .into_iter()
        .filter_map(|text| text.rsplit_once('@'))
        .flat_map(|(login, _)| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let mut forms = vec![SecretText::from(password)];
            // EXPOSE: these become secrets again.
            let (plain_user, plain_password) = (decoded(user), decoded(password));
            forms.extend(forms_of_password(plain_user.expose(), plain_password.expose()));
            if is_token(user, password) {
                forms.push(user.into());
                forms.extend(forms_of_password("", plain_user.expose()));
                forms.push(login_header(plain_user.expose(), ""));
            }
            forms
        })
        .collect()
}

/// An address without its scheme, if it has one.
pub(super) fn without_scheme(address: &str) -> &str {
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
    };
    match address.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => address,
    }
}

/// Whether a user name is a token: it comes without a password, or is longer than names are.
fn is_token(user: &str, password: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '%' | '-');
    password.is_empty()
        || (is_longer(user, 16) && user.contains(|c: char| c.is_ascii_digit()) && user.chars().all(is_word))
}

fn forms_of_password(user: &str, password: &str) -> Vec<SecretText> {
    if password.is_empty() {
        return Vec::new();
    }
    vec![password.into(), encoded(password), login_header(user, password)]
}

/// User name and password as the header `Proxy-Authorization` has them (RFC 7617).
pub(super) fn login_header(user: &str, password: &str) -> SecretText {
    base64::encode(Zeroizing::new([user, ":", password].concat()).as_bytes()).into()
}

/// A text as a component of a URL, as `encodeURIComponent` writes it (RFC 3986).
fn encoded(text: &str) -> SecretText {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    // Large enough never to be reallocated, which would leave an unwiped copy.
    let mut encoded = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded.into()
}

/// A component of a URL, decoded; unchanged if it was not encoded.
pub(super) fn decoded(part: &str) -> SecretText {
    let mut pieces = part.split('%');
    let mut bytes = Zeroizing::new(Vec::with_capacity(part.len()));
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let code = piece.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) else { return part.into() };
        bytes.push(byte);
        bytes.extend(piece.bytes().skip(2));
    }
    std::str::from_utf8(&bytes).unwrap_or(part).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(environment: &[(&str, &str)]) -> Vec<(String, SecretText)> {
        environment.iter().map(|(name, text)| ((*name).to_owned(), SecretText::from(*text))).collect()
    }

    fn masks_of(environment: &[(&str, &str)]) -> Vec<String> {
        masks(&owned(environment)).iter().map(|mask| mask.expose().to_owned()).collect()
    }

    #[test]
    fn a_config_is_masked_as_it_is_without_blanks_and_line_by_line() {
        assert_eq!(
            masks_of(&[(
                "INPUT_KEEPERSECRETCONFIG",
                " {\n  \"privateKey\": \"MIGH\",\r\n}\u{2028}\"appKey\":\"abcd\""
            )]),
            [
                " {\n  \"privateKey\": \"MIGH\",\r\n}\u{2028}\"appKey\":\"abcd\"",
                "{\n  \"privateKey\": \"MIGH\",\r\n}\u{2028}\"appKey\":\"abcd\"",
                "\"privateKey\": \"MIGH\",",
                "\"appKey\":\"abcd\"",
            ]
        );
    }

    #[test]
    fn a_config_is_where_the_task_reads_one() {
        let config = "abcdefghijkl";
        for (name, expected) in [
            ("INPUT_KEEPERSECRETCONFIG", true),
            ("Ksm_Config", true),
            ("ENDPOINT_AUTH_PARAMETER_1f-2e_APITOKEN", true),
            ("ENDPOINT_AUTH_PARAMETER_1f-2e_URL", false),
            ("INPUT_SECRETS", false),
        ] {
            assert_eq!(masks_of(&[(name, config)]).contains(&config.to_owned()), expected, "{name}");
        }
    }

    #[test]
    fn what_is_too_short_or_only_the_name_of_a_variable_is_not_masked() {
        assert_eq!(masks_of(&[("KSM_CONFIG", "elevenchars")]), [""; 0]);
        assert_eq!(masks_of(&[("KSM_CONFIG", "$(secret_config)")]), [""; 0]);
        assert_eq!(masks_of(&[("KSM_CONFIG", "$(secret)_config)")]), ["$(secret)_config)"]);
        assert_eq!(masks_of(&[("SECRET_AGENT_PROXYPASSWORD", "abc")]), ["OmFiYw=="; 1]);
    }

    #[test]
    fn a_password_is_masked_as_it_is_encoded_and_in_the_header() {
        assert_eq!(
            masks_of(&[("AGENT_PROXYUSERNAME", "me"), ("SECRET_AGENT_PROXYPASSWORD", "p@ss word")]),
            ["p@ss word", "p%40ss%20word", "bWU6cEBzcyB3b3Jk"]
        );
    }

    #[test]
    fn a_login_of_which_one_half_is_in_the_address_is_masked_as_the_proxy_gets_it() {
        assert_eq!(
            masks_of(&[("AGENT_PROXYURL", "http://other:pass@proxy"), ("AGENT_PROXYUSERNAME", "me")]),
            ["pass", "b3RoZXI6cGFzcw==", "bWU6cGFzcw=="]
        );
    }

    #[test]
    fn a_password_in_the_address_of_a_proxy_is_masked_wherever_it_may_end() {
        let cases: [(&str, &[&str]); 8] = [
            ("http://proxy:3128", &[]),
            ("http://me:p%40ss@proxy:3128/", &["p%40ss", "p@ss", "bWU6cEBzcw=="]),
            ("me:p%ss@proxy", &["p%ss", "p%25ss", "bWU6cCVzcw=="]),
            ("http://me:pa/ss@proxy", &["pa/ss", "pa%2Fss", "bWU6cGEvc3M="]),
            (
                "http://me:pass@proxy/@x",
                &["pass@proxy/", "pass%40proxy%2F", "bWU6cGFzc0Bwcm94eS8=", "pass", "bWU6cGFzcw=="],
            ),
            ("http://t0ken@proxy", &["t0ken", "OnQwa2Vu", "dDBrZW46"]),
            (
                "http://0123456789abcdef:word@proxy",
                &[
                    "word",
                    "MDEyMzQ1Njc4OWFiY2RlZjp3b3Jk",
                    "0123456789abcdef",
                    "OjAxMjM0NTY3ODlhYmNkZWY=",
                    "MDEyMzQ1Njc4OWFiY2RlZjo=",
                ],
            ),
            ("no scheme://me:word@proxy", &["//me:word", "%2F%2Fme%3Aword", "bm8gc2NoZW1lOi8vbWU6d29yZA=="]),
        ];
        for (address, expected) in cases {
            assert_eq!(masks_of(&[("https_proxy", address)]), expected, "{address}");
            assert_eq!(masks_of(&[("NO_PROXY", address)]), [""; 0], "{address}");
        }
    }

    #[test]
    fn a_secret_in_the_wrong_input_is_masked_line_by_line() {
        let secret = "first line\nsecond line\n";
        let expected = ["first line\nsecond line", "first line", "second line"];
        assert_eq!(masks_of(&[("INPUT_SECRETS", "first line\nsecond line\nx"), ("SECRET_CONFIG", secret)]), expected);
        assert_eq!(masks_of(&[("INPUT_SECRETS", "another"), ("SECRET_CONFIG", secret)]), [""; 0]);
        assert_eq!(masks_of(&[("INPUT_SECRETS", "abc"), ("SECRET_SHORT", "abc")]), [""; 0]);
    }

    #[test]
    fn a_config_is_in_clear_if_no_secret_variable_of_the_job_is_in_it() {
        let input = ("INPUT_KEEPERSECRETCONFIG", "{ \"key\": \"abcd/efgh\" }");
        let names = ("VSTS_SECRET_VARIABLES", r#"["my.config"]"#);
        let secret = ("SECRET_MY_CONFIG", "{\"key\":\n\"abcd\\efgh\"}");
        let other = ("SECRET_MY_CONFIG", "something else");
        let short = ("SECRET_MY_CONFIG", "abcd");
        let cases: [(&[(&str, &str)], bool); 7] = [
            (&[input, names, secret], false),
            (&[input, names, other], true),
            (&[input, names, short], true),
            (&[input, names], false),
            (&[input, other], false),
            (&[input, ("VSTS_SECRET_VARIABLES", "[]")], true),
            (&[("INPUT_KEEPERSECRETCONFIG", " "), names, other], false),
        ];
        for (environment, expected) in cases {
            assert_eq!(is_config_in_clear(&owned(environment)), expected, "{environment:?}");
        }
    }

    #[test]
    fn lines_are_masked_up_to_a_number() {
        let many = (0..1_000).map(|number| format!("this is line {number}")).collect::<Vec<_>>().join("\n") + "\n";
        assert_eq!(masks_of(&[("KSM_CONFIG", &many)]).len(), 2 + MAX_LINES);
        assert_eq!(masks_of(&[("INPUT_SECRETS", &many), ("SECRET_MANY", &many)]).len(), MAX_LINES);
    }
}
