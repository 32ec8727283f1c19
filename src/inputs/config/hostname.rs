//! The host in a config.

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
pub(super) fn read_hostname(text: &str) -> Option<String> {
    if let Some((_, host)) = REGIONS.iter().find(|(region, _)| region.eq_ignore_ascii_case(text)) {
        return Some((*host).to_owned());
    }
    let host = match text.strip_prefix("https://") {
        Some(rest) => rest.split('/').next().unwrap_or_default(),
        // Without a scheme, a host before a path must contain what Base64 cannot, or a key could pass for it.
        None => match text.split_once('/') {
            Some((host, path)) if path.is_empty() || host.contains(['.', ':']) => host,
            _ => text,
        },
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    // An IPv6 address needs brackets, or its last part would be taken for a port.
    let has_colons_in_brackets = !name.contains(':') || (name.starts_with('[') && name.ends_with(']'));
    let name_is_fine = !name.is_empty()
        && has_colons_in_brackets
        && name.split('.').all(|label| label.len() <= LABEL_LEN)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    let port_is_fine = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    (name_is_fine && port_is_fine).then(|| host.to_owned())
}

/// Maximum length of a label of a host name. Messages show the host, so no key must pass for one; the shortest has 43
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
}
