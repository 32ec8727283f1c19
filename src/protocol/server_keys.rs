//! The public keys of Keeper's servers, and which of them to use.
//!
//! Uncompressed P-256 points in URL-safe Base64, the table that Keeper's SDKs ship. Keeper may name another one of them
//! in its answer ("key rotation"). If a config has a key of its own, that is the only one.

use crate::base64;
use crate::crypto::ecies::RecipientKey;
use crate::error::Error;
use crate::inputs::config::Config;
use crate::text::shown;

/// The server's key to encrypt to, and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeys {
    id: String,
    point: RecipientKey,
    is_custom: bool,
}

impl ServerKeys {
    /// The key to try first: the config's own, or the one of Keeper's that it names.
    ///
    /// # Errors
    /// It names an unknown one.
    pub fn for_config(config: &Config) -> Result<Self, Error> {
        let id = config.server_key_id.as_deref().unwrap_or(DEFAULT_ID);
        match config.server_key {
            Some(point) => Ok(Self::custom(id, point)),
            None => Self::known(id).ok_or_else(unknown_key),
        }
    }

    /// One of Keeper's own keys, or `None` when there is no such id.
    #[must_use]
    pub fn known(id: &str) -> Option<Self> {
        let (_, point) = KEYS.iter().find(|(ids, _)| ids.contains(&id))?;
        let point = RecipientKey::from_point(&base64::decode(point)?)?;
        Some(Self { id: id.to_owned(), point, is_custom: false })
    }

    /// The key in a config, for an isolated deployment.
    #[must_use]
    pub fn custom(id: &str, point: RecipientKey) -> Self {
        Self { id: id.to_owned(), point, is_custom: true }
    }

    /// The id that goes into the request.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself.
    #[must_use]
    pub fn point(&self) -> &RecipientKey {
        &self.point
    }

    /// Switches to the key that Keeper names.
    ///
    /// # Errors
    /// It is unknown, is the one just used, or the config allows no other.
    pub fn rotate_to(&self, id: &str) -> Result<Self, Error> {
        let refused = |reason| refused(id, reason);
        if self.is_custom {
            return Err(refused("but the config brings a `serverPublicKey` of its own, which Keeper refuses"));
        }
        if id == self.id {
            return Err(refused("which it was just sent"));
        }
        Self::known(id).ok_or_else(|| refused("which this task does not know"))
    }
}

/// The error for a server key that Keeper asks for and that can't be used.
pub(super) fn refused(id: &str, reason: &str) -> Error {
    Error::new(format!("Keeper asks for the server key {}, {reason}", shown(id))).with_hint(NEW_CONFIG)
}

/// What to do about a server key that can't be used.
pub(super) const NEW_CONFIG: &str = "make a new config for this application";

fn unknown_key() -> Error {
    Error::new("the config's `serverPublicKeyId` names a server key that this task does not know")
        .with_hint("this version knows 1 to 18; other servers need a `serverPublicKey` in the config")
}

/// The id to try first if the config names none, as in Keeper's JavaScript SDK.
const DEFAULT_ID: &str = "7";

/// Ids and the key they name. The ids 1 to 6 are older names of key 7.
const KEYS: [(&[&str], &str); 12] = [
    (
        &["7", "1", "2", "3", "4", "5", "6"],
        "BK9w6TZFxE6nFNbMfIpULCup2a8xc6w2tUTABjxny7yFmxW0dAEojwC6j6zb5nTlmb1dAx8nwo3qF7RPYGmloRM",
    ),
    (&["8"], "BKnhy0obglZJK-igwthNLdknoSXRrGB-mvFRzyb_L-DKKefWjYdFD2888qN1ROczz4n3keYSfKz9Koj90Z6w_tQ"),
    (&["9"], "BAsPQdCpLIGXdWNLdAwx-3J5lNqUtKbaOMV56hUj8VzxE2USLHuHHuKDeno0ymJt-acxWV1xPlBfNUShhRTR77g"),
    (&["10"], "BNYIh_Sv03nRZUUJveE8d2mxKLIDXv654UbshaItHrCJhd6cT7pdZ_XwbdyxAOCWMkBb9AZ4t1XRCsM8-wkEBRg"),
    (&["11"], "BA6uNfeYSvqagwu4TOY6wFK4JyU5C200vJna0lH4PJ-SzGVXej8l9dElyQ58_ljfPs5Rq6zVVXpdDe8A7Y3WRhk"),
    (&["12"], "BMjTIlXfohI8TDymsHxo0DqYysCy7yZGJ80WhgOBR4QUd6LBDA6-_318a-jCGW96zxXKMm8clDTKpE8w75KG-FY"),
    (&["13"], "BJBDU1P1H21IwIdT2brKkPqbQR0Zl0TIHf7Bz_OO9jaNgIwydMkxt4GpBmkYoprZ_DHUGOrno2faB7pmTR7HhuI"),
    (&["14"], "BJFF8j-dH7pDEw_U347w2CBM6xYM8Dk5fPPAktjib-opOqzvvbsER-WDHM4ONCSBf9O_obAHzCyygxmtpktDuiE"),
    (&["15"], "BDKyWBvLbyZ-jMueORl3JwJnnEpCiZdN7yUvT0vOyjwpPBCDf6zfL4RWzvSkhAAFnwOni_1tQSl8dfXHbXqXsQ8"),
    (&["16"], "BDXyZZnrl0tc2jdC5I61JjwkjK2kr7uet9tZjt8StTiJTAQQmnVOYBgbtP08PWDbecxnHghx3kJ8QXq1XE68y8c"),
    (&["17"], "BFX68cb97m9_sweGdOVavFM3j5ot6gveg6xT4BtGahfGhKib-zdZyO9pwvv1cBda9ahkSzo1BQ4NVXp9qRyqVGU"),
    (&["18"], "BNhngQqTT1bPKxGuB6FhbPTAeNVFl8PKGGSGo5W06xWIReutm6ix6JPivqnbvkydY-1uDQTr-5e6t70G01Bb5JA"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_point_of_the_curve() {
        for id in 1..=18 {
            assert!(ServerKeys::known(&id.to_string()).is_some(), "{id}");
        }
        assert_eq!(ServerKeys::known("19"), None);
    }

    #[test]
    fn a_rotation_goes_to_a_known_other_key() {
        let seven = ServerKeys::known("7").expect("known");
        assert_eq!(seven.rotate_to("10"), Ok(ServerKeys::known("10").expect("known")));
        for (id, message) in [
            ("7", "Keeper asks for the server key 7, which it was just sent"),
            ("99", "Keeper asks for the server key 99, which this task does not know"),
        ] {
            assert_eq!(seven.rotate_to(id).map_err(|error| error.to_string()), Err(message.to_owned()));
        }
        let custom = ServerKeys::custom("7", *seven.point());
        assert_eq!(
            custom.rotate_to("10").map_err(|error| error.to_string()),
            Err("Keeper asks for the server key 10, but the config brings a `serverPublicKey` of its own, which \
                 Keeper refuses"
                .to_owned())
        );
    }
}
