//! The config: how to reach Keeper and as whom.
//!
//! A JSON object that Keeper Vault or Commander makes for a device of an application, or the INI of Keeper's command line.
//! The members are those of "Secrets Manager Configuration" in Keeper's documentation; names are case-sensitive in JSON.

mod hostname;
mod ini;
mod text;

use zeroize::Zeroizing;

use crate::base64;
use crate::crypto::ecies::RecipientKey;
use crate::crypto::keys::AppKey;
use crate::crypto::signature::ClientKey;
use crate::error::Error;
use crate::json::{NotJson, Value};
use crate::secret::SecretText;
use crate::text::listed;
use hostname::read_hostname;
use text::{COPY_AGAIN, Written};

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
    /// The id, a number, of the server's key to try first, if the config names one.
    pub server_key_id: Option<String>,
    /// A key that replaces those of Keeper's servers, for an isolated deployment.
    pub server_key: Option<RecipientKey>,
}

/// Reads the input `keepersecretconfig`.
///
/// # Errors
/// What is wrong with the config, never quoting it.
pub fn parse(text: &str) -> Result<Config, Error> {
    Config::from_members(&Members::read(&Written::read(text)?)?)
}

/// The parts of a config that must not appear in a log, as far as they can be read.
///
/// The caller masks the whole text itself, without waiting for a parser. The decoded text comes last; mask it as one,
/// because its other members, such as the hostname, are not secret.
#[must_use]
pub fn secrets_of(text: &str) -> Vec<SecretText> {
    let Ok(written) = Written::read(text) else { return Vec::new() };
    let (Written::Json(whole) | Written::Ini(whole)) = &written;
    let whole = SecretText::from(whole.trim());
    let Ok(members) = Members::read(&written) else { return vec![whole] };
    let parts = ["privateKey", "clientId", "appKey", "clientKey"];
    let parts = parts.iter().filter_map(|name| members.get(name)).filter(|part| part.len() >= 8);
    parts.map(SecretText::from).chain([whole]).collect()
}

/// The members that hold a text or a number. `null` counts as missing.
struct Members(Vec<(String, SecretText)>);

impl Members {
    fn read(written: &Written) -> Result<Self, Error> {
        match written {
            Written::Json(json) => read_json(json),
            Written::Ini(ini) => ini::read(ini).map(Self),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        // EXPOSE: the config is read here.
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.expose())
    }
}

fn read_json(json: &str) -> Result<Members, Error> {
    let value = Value::parse(json).map_err(|NotJson { offset, is_cut }| {
        let (line, column) = place(json, offset);
        let error = if is_cut {
            Error::new(format!("the config's JSON ends too early (line {line}, column {column})"))
        } else {
            Error::new(format!("the config's JSON is broken at line {line}, column {column}"))
        };
        error.with_hint(COPY_AGAIN)
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

/// The line and the column at a byte offset, both counted from 1.
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
        let client_key = ClientKey::parse(&private_key);
        check("privateKey", "Base64 of a private key for P-256", client_key.is_some());
        let app_key = Zeroizing::new(base64::decode(app_key).unwrap_or_default());
        let app_key = AppKey::from_slice(&app_key);
        check("appKey", "Base64 of 32 bytes", app_key.is_some());
        // Some tools write ids with leading zeros.
        let server_key_id = members.get("serverPublicKeyId").map(|id| without_zeros(id).to_owned());
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

fn without_zeros(number: &str) -> &str {
    let digits = number.trim_start_matches('0');
    if digits.is_empty() { number } else { digits }
}

fn missing(members: &Members) -> Error {
    let names: Vec<String> =
        REQUIRED.iter().filter(|name| members.get(name).is_none()).map(|name| (*name).to_owned()).collect();
    let misspelled = names.iter().find(|name| members.0.iter().any(|(member, _)| member.eq_ignore_ascii_case(name)));
    let error = Error::new(format!("the config lacks {}", listed(&names)));
    match misspelled {
        Some(name) => error.with_hint(format!("it has this name in another case: write `{name}`")),
        None => error.with_hint(CUT_OR_CHANGED),
    }
}

/// "the config's `a` is not X, and its `b` is not Y".
fn wrong_members(members: &[(&str, &str)]) -> Error {
    let (name, expected) = members.first().copied().unwrap_or_default();
    let others = members
        .iter()
        .skip(1)
        .fold(String::new(), |text, (name, expected)| format!("{text}, and its `{name}` is not {expected}"));
    Error::new(format!("the config's `{name}` is not {expected}{others}")).with_hint(CUT_OR_CHANGED)
}

const CUT_OR_CHANGED: &str = "the config was cut or changed: copy it again, or make a new one";

/// The error for no config at all.
pub(super) fn missing_config() -> Error {
    Error::new(
        "there is no config; expected one in the input `keepersecretconfig` or `keeperConnection`, or in the environment \
         variable `KSM_CONFIG`",
    )
    .with_hint(format!("pass the config in a secret variable, as in `$(secret_config)`; {BOUND_CONFIG}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_config_is_named_for_what_it_looks_like() {
        const EMPTY: &str = "there is no config; expected one in the input `keepersecretconfig` or \
                             `keeperConnection`, or in the environment variable `KSM_CONFIG`";
        const TOKEN: &str = "the config is a one-time token; expected one that is already bound to a device";
        const PATH: &str = "the config looks like the path of a file; expected the config itself";
        const KUBERNETES: &str = "the config is a Kubernetes secret in YAML; expected the config in it";
        const ASSIGNMENT: &str = "the config begins with a name and `=`; expected what comes after them";
        const NEITHER: &str = "the config is neither JSON nor Base64 of JSON";
        for (text, message) in [
            ("", EMPTY),
            (" \n ", EMPTY),
            (
                "$(secret_config)",
                "the config is the text `$(secret_config)`: the pipeline has no variable of that name",
            ),
            (
                "\"$(secret_config)\"",
                "the config is the text `$(secret_config)`: the pipeline has no variable of that name",
            ),
            ("apiVersion: v1\ndata:\n  config: e30=\nkind: Secret\n", KUBERNETES),
            ("KSM_CONFIG=e30=", ASSIGNMENT),
            ("export KSM_CONFIG='{}'", ASSIGNMENT),
            ("e30=", "the config lacks `hostname`, `clientId`, `privateKey` and `appKey`"),
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
            ("8P//8A==", NEITHER),
            ("this is my config", NEITHER),
            ("ksmconfig", NEITHER),
            ("null", "the config is null in JSON; expected an object"),
            ("6ya_fdc6XTsZ7i7x4Jcodg", NEITHER),
            ("ZXlKaElqb3hmUT09", "the config is Base64 of Base64 (encoded twice); expected Base64 of a JSON object"),
        ] {
            assert_eq!(parse(text).expect_err(text).to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_that_begins_with_a_slash_is_rather_base64_than_a_path() {
        for (length, message) in [
            (199, "the config looks like the path of a file; expected the config itself"),
            (200, "the config is neither JSON nor Base64 of JSON"),
        ] {
            let text = format!("/{}", "A".repeat(length - 1));
            assert_eq!(parse(&text).expect_err("no config").to_string(), message, "{length} characters");
        }
    }
}
