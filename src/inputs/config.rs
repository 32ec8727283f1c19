//! The config: how to reach Keeper and as whom.
//!
//! A JSON object, or Base64 of one, that Keeper Vault or Commander makes for a device of an application. Its members
//! are those of "Secrets Manager Configuration" in Keeper's documentation; names are case-sensitive.

use zeroize::{Zeroize, Zeroizing};

use super::line::UNDEFINED;
use crate::base64;
use crate::crypto::ecies::RecipientKey;
use crate::crypto::keys::AppKey;
use crate::crypto::signature::ClientKey;
use crate::error::Error;
use crate::json::{NotJson, Value};
use crate::secret::SecretText;
use crate::text::{listed, shown};

/// A bound config.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keeper's host, perhaps with a port, without scheme or path.
    pub hostname: String,
    /// The client id: Base64 of 64 bytes, as the server knows it.
    pub client_id: SecretText,
    /// The key that signs requests.
    pub client_key: ClientKey,
    /// The key that opens what is shared with the application.
    pub app_key: AppKey,
    /// The id of the server's key to begin with, a number, if the config names one.
    pub server_key_id: Option<String>,
    /// The server's key that takes the place of Keeper's own, for an isolated deployment.
    pub server_key: Option<RecipientKey>,
}

/// Reads the input `keepersecretconfig`.
///
/// # Errors
/// What is wrong with the config, never quoting it.
pub fn parse(text: &str) -> Result<Config, Error> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let json = to_json(text)?;
    let members = read_members(&json)?;
    Config::from_members(&members)
}

/// The parts of a config that must not stand in a log, as far as they can be read.
///
/// The whole text is the caller's to mask: it must not wait for a parser. The JSON comes last; it is to be masked as one
/// text, because its other members, such as the hostname, are no secrets.
#[must_use]
pub fn secrets_of(text: &str) -> Vec<SecretText> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let Ok(json) = to_json(text) else { return Vec::new() };
    let Ok(members) = read_members(&json) else { return vec![SecretText::from(json.trim())] };
    let parts = ["privateKey", "clientId", "appKey", "clientKey"];
    let parts = parts.iter().filter_map(|name| members.get(name)).filter(|part| part.len() >= 8);
    parts.map(SecretText::from).chain([SecretText::from(json.trim())]).collect()
}

/// The JSON text of a config, decoded if need be.
fn to_json(text: &str) -> Result<Zeroizing<String>, Error> {
    if text.is_empty() {
        return Err(missing_config());
    }
    if text.starts_with(['{', '[']) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    if let Some(name) = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')) {
        return Err(Error::new(format!(
            "the config is the text `$({})`: the pipeline has no variable of that name",
            shown(name)
        ))
        .with_hint(UNDEFINED));
    }
    let unquoted = unquote(text);
    if unquoted.starts_with('{') {
        return Err(Error::new("the config is a JSON text inside quotes; expected it without the outer quotes"));
    }
    if is_token(unquoted) {
        let error = Error::new("the config is a one-time token; expected one that is already bound to a device");
        return Err(error.with_hint(token_hint()));
    }
    if is_path(unquoted) {
        let error = Error::new("the config looks like the path of a file; expected the config itself");
        return Err(error.with_hint("pass the file's content, best by a secret variable"));
    }
    let Some(decoded) = base64::decode(unquoted) else {
        return Err(match Value::parse(text) {
            Ok(value) => not_an_object(&value),
            Err(_) => Error::new("the config is neither JSON nor Base64").with_hint(BOUND_CONFIG),
        });
    };
    let decoded = String::from_utf8(decoded).map_err(|error| {
        error.into_bytes().zeroize();
        decodes_to("bytes that are not text")
    })?;
    let decoded = Zeroizing::new(decoded);
    let inner = decoded.trim_start_matches('\u{FEFF}').trim();
    if inner.starts_with(['{', '[']) {
        return Ok(Zeroizing::new(inner.to_owned()));
    }
    match base64::decode(inner) {
        Some(twice) if twice.trim_ascii_start().first() == Some(&b'{') => {
            let error = Error::new("the config is Base64 of Base64 (encoded twice); expected Base64 of a JSON object");
            Err(error.with_hint("decode it once"))
        }
        _ => Err(decodes_to("a text that is not JSON")),
    }
}

/// There is no config at all.
pub(super) fn missing_config() -> Error {
    Error::new(
        "there is no config; expected one in the input `keepersecretconfig` or `keeperConnection`, or in the environment \
         variable `KSM_CONFIG`",
    )
    .with_hint(format!("pass the config by a secret variable, as in `$(secret_config)`; {BOUND_CONFIG}"))
}

fn decodes_to(found: &str) -> Error {
    Error::new(format!("the config is Base64 of {found}; expected Base64 of a JSON object")).with_hint(BOUND_CONFIG)
}

fn not_an_object(value: &Value) -> Error {
    Error::new(format!("the config is {} in JSON; expected an object", value.kind())).with_hint(BOUND_CONFIG)
}

fn token_hint() -> String {
    format!("a one-time token works once, so a pipeline must not use it up; {BOUND_CONFIG}")
}

const BOUND_CONFIG: &str = "make a bound config in Keeper Vault (Secrets Manager › application › Devices › Add Device › Configuration File) \
     or with `keeper secrets-manager client add --config-init b64`, and store it as a secret variable or in a service \
     connection";

/// Takes one pair of quotes away.
fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.trim();
        }
    }
    text
}

/// Whether a text is a one-time token: `PREFIX:KEY` or `KEY`, the key being Base64 of 32 bytes.
fn is_token(text: &str) -> bool {
    let ([key] | [_, key] | [_, key, _, _]) = text.split(':').collect::<Vec<_>>()[..] else { return false };
    base64::decode(key).is_some_and(|bytes| bytes.len() == 32)
}

/// Whether a text is rather a path than a config.
fn is_path(text: &str) -> bool {
    let has_folder = text.contains(['/', '\\']);
    let ending = text.rsplit('.').next().unwrap_or_default();
    let has_ending = text.contains('.') && matches!(ending, "json" | "txt" | "b64" | "base64" | "cfg" | "ini");
    let is_windows = text.get(1..3).is_some_and(|colon| colon == ":\\" || colon == ":/");
    !text.contains('\n')
        && (has_ending
            || is_windows
            || (has_folder && text.starts_with(['.', '~']))
            || (text.starts_with('/') && text.len() < 200))
}

/// The members that hold a text or a number. `null` is as good as missing.
struct Members(Vec<(String, SecretText)>);

impl Members {
    fn get(&self, name: &str) -> Option<&str> {
        // EXPOSE: the config is read here.
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.expose())
    }
}

fn read_members(json: &str) -> Result<Members, Error> {
    let value = Value::parse(json).map_err(|NotJson { offset, is_cut }| {
        let (line, column) = place(json, offset);
        let error = if is_cut {
            Error::new(format!("the config's JSON ends too early (line {line}, column {column})"))
        } else {
            Error::new(format!("the config's JSON is broken at line {line}, column {column}"))
        };
        error.with_hint("copy it again as a whole; Base64 is safer to paste than JSON")
    })?;
    let Value::Object(object) = &value else {
        return Err(not_an_object(&value));
    };
    let text = |value: &Value| match value {
        // EXPOSE: it becomes a secret again.
        Value::Text(text) => Some(SecretText::from(text.expose().trim())),
        Value::Number(_) => Some(value.render()),
        _ => None,
    };
    let members = object.iter().rev().filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    Ok(Members(members.filter(|(_, text)| !text.expose().is_empty()).collect()))
}

/// The line and the column of the character behind so many bytes, both counted from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

const REQUIRED: [&str; 4] = ["hostname", "clientId", "privateKey", "appKey"];

impl Config {
    fn from_members(members: &Members) -> Result<Self, Error> {
        if members.get("clientKey").is_some() && members.get("appKey").is_none() {
            let error = Error::new("the config is not bound to a device yet: it has a `clientKey` but no `appKey`");
            return Err(error.with_hint(token_hint()));
        }
        let [Some(hostname), Some(client_id), Some(private_key), Some(app_key)] =
            REQUIRED.map(|name| members.get(name))
        else {
            return Err(missing(members));
        };
        let mut wrong = Vec::new();
        let mut check = |name, expected, is_fine: bool| {
            if !is_fine {
                wrong.push((name, expected));
            }
        };
        let hostname = read_hostname(hostname);
        check("hostname", "a host such as `keepersecurity.com`", hostname.is_some());
        let id_len = base64::decode(client_id).map(|bytes| bytes.len());
        check("clientId", "Base64 of 64 bytes", id_len == Some(64));
        let private_key = Zeroizing::new(base64::decode(private_key).unwrap_or_default());
        let client_key = ClientKey::from_pkcs8_der(&private_key);
        check("privateKey", "Base64 of a PKCS#8 key for P-256", client_key.is_some());
        let app_key = Zeroizing::new(base64::decode(app_key).unwrap_or_default());
        let app_key = <[u8; 32]>::try_from(app_key.as_slice()).ok().map(|bytes| AppKey::new(*Zeroizing::new(bytes)));
        check("appKey", "Base64 of 32 bytes", app_key.is_some());
        let server_key_id = members.get("serverPublicKeyId").map(str::to_owned);
        let is_number = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit());
        check("serverPublicKeyId", "a number", server_key_id.as_ref().is_none_or(is_number));
        let point = members.get("serverPublicKey");
        let server_key = point.and_then(|point| RecipientKey::from_point(&base64::decode(point)?));
        check("serverPublicKey", "Base64 of a P-256 point", point.is_none() || server_key.is_some());

        match (hostname, client_key, app_key) {
            (Some(hostname), Some(client_key), Some(app_key)) if wrong.is_empty() => {
                let client_id = SecretText::from(client_id);
                Ok(Self { hostname, client_id, client_key, app_key, server_key_id, server_key })
            }
            _ => Err(wrong_members(&wrong)),
        }
    }
}

fn missing(members: &Members) -> Error {
    let names: Vec<String> =
        REQUIRED.iter().filter(|name| members.get(name).is_none()).map(|name| (*name).to_owned()).collect();
    let misspelled = names.iter().find(|name| members.0.iter().any(|(member, _)| member.eq_ignore_ascii_case(name)));
    let error = Error::new(format!("the config lacks {}", listed(&names)));
    match misspelled {
        Some(name) => error.with_hint(format!("it has this name in other capitals: write `{name}`")),
        None => error.with_hint(CUT_OR_CHANGED),
    }
}

/// "the config's `a` is not X, and its `b` is not Y".
fn wrong_members(members: &[(&str, &str)]) -> Error {
    let [(name, expected), others @ ..] = members else { return Error::Internal("a config without a fault") };
    let others = others
        .iter()
        .fold(String::new(), |text, (name, expected)| format!("{text}, and its `{name}` is not {expected}"));
    Error::new(format!("the config's `{name}` is not {expected}{others}")).with_hint(CUT_OR_CHANGED)
}

const CUT_OR_CHANGED: &str = "the config was cut or changed: copy it again, or make a new one";

/// The regions that Keeper's one-time tokens name, and their hosts.
const REGIONS: [(&str, &str); 7] = [
    ("US", "keepersecurity.com"),
    ("EU", "keepersecurity.eu"),
    ("AU", "keepersecurity.com.au"),
    ("GOV", "govcloud.keepersecurity.us"),
    ("JP", "keepersecurity.jp"),
    ("CA", "keepersecurity.ca"),
    ("IL5", "il5.keepersecurity.us"),
];

/// A host with an optional port. A region's name and a URL are understood as well.
fn read_hostname(text: &str) -> Option<String> {
    if let Some((_, host)) = REGIONS.iter().find(|(region, _)| region.eq_ignore_ascii_case(text)) {
        return Some((*host).to_owned());
    }
    let host = match text.strip_prefix("https://") {
        Some(rest) => rest.split('/').next().unwrap_or_default(),
        // Without a scheme, only what no Base64 can be is taken for a host before a path.
        None => match text.split_once('/') {
            Some((host, path)) if path.is_empty() || host.contains(['.', ':']) => host,
            _ => text,
        },
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    // An IPv6 address stands in brackets, or its last part would be taken for a port.
    let has_colons_in_brackets = !name.contains(':') || (name.starts_with('[') && name.ends_with(']'));
    let name_is_fine = !name.is_empty()
        && has_colons_in_brackets
        && name.split('.').all(|label| label.len() <= LABEL_LEN)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    let port_is_fine = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    (name_is_fine && port_is_fine).then(|| host.to_owned())
}

/// How long a part of a host's name may be. Messages show the host, so no key may pass for one; the shortest has 43
/// characters in Base64.
const LABEL_LEN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostname_may_have_a_port_and_may_be_written_as_a_url_or_a_region() {
        for (written, host) in [
            ("keepersecurity.com", "keepersecurity.com"),
            ("localhost:8443", "localhost:8443"),
            ("https://keepersecurity.eu/vault/", "keepersecurity.eu"),
            ("keepersecurity.eu/vault", "keepersecurity.eu"),
            ("keeper/", "keeper"),
            ("[::1]:8443", "[::1]:8443"),
            ("[::1]", "[::1]"),
            ("us", "keepersecurity.com"),
            ("IL5", "il5.keepersecurity.us"),
        ] {
            assert_eq!(read_hostname(written), Some(host.to_owned()), "{written}");
        }
        for written in
            ["", "a b", "user@host", "host:0", "host:70000", "host:x", "fe80::abcd", "http://host", "host\n", "host?x"]
        {
            assert_eq!(read_hostname(written), None, "{written:?}");
        }
    }

    #[test]
    fn no_key_passes_for_a_host() {
        for key in [
            "qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ",
            "qZ+dE/aRPgXjXew+xEfrD4V/m2Ftu5YbVYEg6U9j+hQ=",
            "qZdE/aRPgXjXew",
        ] {
            assert_eq!(read_hostname(key), None, "{key}");
        }
    }

    #[test]
    fn what_is_no_config_is_named_for_what_it_looks_like() {
        const EMPTY: &str = "there is no config; expected one in the input `keepersecretconfig` or \
                             `keeperConnection`, or in the environment variable `KSM_CONFIG`";
        const TOKEN: &str = "the config is a one-time token; expected one that is already bound to a device";
        const PATH: &str = "the config looks like the path of a file; expected the config itself";
        const NEITHER: &str = "the config is neither JSON nor Base64";
        for (text, message) in [
            ("", EMPTY),
            (" \n ", EMPTY),
            (
                "$(secret_config)",
                "the config is the text `$(secret_config)`: the pipeline has no variable of that name",
            ),
            ("US:qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ", TOKEN),
            ("qZ-dE-aRPgXjXew-xEfrD4V_m2Ftu5YbVYEg6U9j-hQ", TOKEN),
            ("./ksm-config.json", PATH),
            ("C:\\agent\\ksm-config", PATH),
            ("/etc/ksm/config", PATH),
            (
                "'{\"hostname\":\"ksm.test\"}'",
                "the config is a JSON text inside quotes; expected it without the outer quotes",
            ),
            ("hello, world", NEITHER),
            ("version 1.5 of it", NEITHER),
            ("\"hello, world\"", "the config is a text in JSON; expected an object"),
            ("[1]", "the config is a list in JSON; expected an object"),
            ("aGVsbG8gd29ybGQ=", "the config is Base64 of a text that is not JSON; expected Base64 of a JSON object"),
            ("8P//8A==", "the config is Base64 of bytes that are not text; expected Base64 of a JSON object"),
            ("ZXlKaElqb3hmUT09", "the config is Base64 of Base64 (encoded twice); expected Base64 of a JSON object"),
        ] {
            assert_eq!(parse(text).expect_err(text).to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_that_begins_with_a_slash_is_rather_base64_than_a_path() {
        for (length, message) in [
            (199, "the config looks like the path of a file; expected the config itself"),
            (200, "the config is Base64 of bytes that are not text; expected Base64 of a JSON object"),
        ] {
            let text = format!("/{}", "A".repeat(length - 1));
            assert_eq!(parse(&text).expect_err("no config").to_string(), message, "{length} characters");
        }
    }
}
