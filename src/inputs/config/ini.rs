//! The INI in which Keeper's command line keeps configs: a section for each profile, names in lower case.
//!
//! ```text
//! [_default]
//! clientid = …
//! ```

use crate::error::Error;
use crate::secret::SecretText;

/// The members of the only profile, or of the one named `_default`, by their names in JSON.
pub(super) fn read(text: &str) -> Result<Vec<(String, SecretText)>, Error> {
    let profiles: Vec<Profile<'_>> =
        sections(text).into_iter().filter(|profile| profile.name != SETTINGS && profile.has("clientid")).collect();
    let profile = match profiles.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|profile| profile.name == DEFAULT),
    };
    match profile {
        Some(profile) => Ok(profile.members()),
        None if profiles.is_empty() => Err(Error::new(
            "the config is an INI text without a profile that holds a config",
        )
        .with_hint("export one with `ksm profile export`; a profile with `storage` only names where the config is")),
        None => Err(Error::new("the config is an INI text with several profiles, and none of them is `_default`")
            .with_hint("export the right one with `ksm profile export PROFILE`")),
    }
}

/// The section of the command line's own settings.
const SETTINGS: &str = "_config";
const DEFAULT: &str = "_default";

/// The names of members in the INI and in JSON.
const NAMES: [(&str, &str); 7] = [
    ("hostname", "hostname"),
    ("clientid", "clientId"),
    ("clientkey", "clientKey"),
    ("privatekey", "privateKey"),
    ("appkey", "appKey"),
    ("serverpublickeyid", "serverPublicKeyId"),
    ("serverpublickey", "serverPublicKey"),
];

struct Profile<'a> {
    name: &'a str,
    lines: Vec<(String, &'a str)>,
}

impl Profile<'_> {
    fn has(&self, name: &str) -> bool {
        self.lines.iter().any(|(known, _)| known == name)
    }

    fn members(&self) -> Vec<(String, SecretText)> {
        let known = NAMES.iter().filter_map(|(name, member)| {
            let (_, value) = self.lines.iter().rev().find(|(written, value)| written == name && !value.is_empty())?;
            Some(((*member).to_owned(), SecretText::from(*value)))
        });
        known.collect()
    }
}

fn sections(text: &str) -> Vec<Profile<'_>> {
    let mut sections: Vec<Profile<'_>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Profile { name: name.trim(), lines: Vec::new() });
        } else if let (Some(section), Some((name, value))) = (sections.last_mut(), line.split_once(['=', ':'])) {
            section.lines.push((name.trim().to_ascii_lowercase(), value.trim()));
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(text: &str) -> Result<String, String> {
        let members = read(text).map_err(|error| error.to_string())?;
        Ok(members.iter().find(|(name, _)| name == "clientId").expect("a client").1.expose().to_owned())
    }

    #[test]
    fn the_one_profile_or_the_default_is_taken() {
        const SEVERAL: &str = "the config is an INI text with several profiles, and none of them is `_default`";
        const NONE: &str = "the config is an INI text without a profile that holds a config";
        for (text, client) in [
            ("[_config]\nactive_profile = a\n\n[a]\nclientid = x=\nappkey = y", Ok("x=")),
            ("[_default]\nClientID: x", Ok("x")),
            ("# a comment\n[a]\nclientid = a\n[_default]\nclientid = x\n; another\n[b]\nclientid = b", Ok("x")),
            ("[a]\nclientid = a\n[b]\nclientid = b", Err(SEVERAL)),
            ("[_config]\nactive_profile = a\n[a]\nstorage = aws\n", Err(NONE)),
            ("[_config]\nclientid = a", Err(NONE)),
        ] {
            assert_eq!(client_of(text), client.map(str::to_owned).map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn members_get_the_names_that_they_have_in_json() {
        let members =
            read("[a]\nclientid = a\nserverpublickeyid = 10\nprivatekey\nappownerpublickey = z\nhostname = US");
        let members: Vec<_> =
            members.expect("a profile").into_iter().map(|(name, text)| (name, text.expose().to_owned())).collect();
        let expected = [("hostname", "US"), ("clientId", "a"), ("serverPublicKeyId", "10")];
        assert_eq!(members, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
