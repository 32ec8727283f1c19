//! The proxy for a host according to the machine's environment, and what the address of a proxy means.
//!
//! No standard defines these variables; they are read as curl, Go and the system settings of Windows and macOS do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::agent::secrets::{decoded, login_header, without_scheme};
use crate::json::Value;
use crate::secret::SecretText;

/// The proxy for an HTTPS host and port, given the environment variables by name: the name of the variable and the
/// proxy's address, both as written. `None` if the host is reached directly.
#[must_use]
pub fn of_machine<'a>(environment: &'a [(String, SecretText)], host: &str, port: u16) -> Option<(&'a str, &'a str)> {
    let (name, address) = variable(environment, "https_proxy")?;
    let exceptions = variable(environment, "no_proxy").map_or("", |(_, exceptions)| exceptions);
    (!is_exception(exceptions, host, port)).then_some((name, address))
}

/// A variable in any case; lower case takes precedence, as in other programs. An empty one counts as unset.
fn variable<'a>(environment: &'a [(String, SecretText)], wanted: &str) -> Option<(&'a str, &'a str)> {
    let in_any_case = || environment.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let (name, value) = in_any_case().find(|(name, _)| name == wanted).or_else(|| in_any_case().next())?;
    // EXPOSE: an address may hold a password; Node connects to it.
    let value = value.expose().trim();
    (!value.is_empty()).then_some((name, value))
}

/// The address of a proxy as a URL. `proxy:3128` would be a URL with the scheme `proxy`, which nobody means.
#[must_use]
pub fn url(address: &str) -> String {
    let scheme = if without_scheme(address) == address { "http://" } else { "" };
    format!("{scheme}{address}")
}

/// The header `Proxy-Authorization` (RFC 7617) for a user name and a password, each from its setting or else from the
/// address. `None` if there is neither.
#[must_use]
pub fn authorization(set: [Option<&str>; 2], in_address: [&str; 2]) -> Option<SecretText> {
    let [user, password] = set.map(|text| text.map(SecretText::from));
    let [user_there, password_there] = in_address.map(decoded);
    let (user, password) = (user.unwrap_or(user_there), password.unwrap_or(password_there));
    // EXPOSE: the header hands them to the proxy, and is a secret as well.
    let (user, password) = (user.expose(), password.expose());
    let header = || ["Basic ", login_header(user, password).expose()].concat().into();
    (!user.is_empty() || !password.is_empty()).then(header)
}

/// The expressions in the agent's list of hosts that are reached directly, or `None` if the list is not JSON.
#[must_use]
pub fn expressions(list: &str) -> Option<Vec<String>> {
    let Value::List(items) = Value::parse(list).ok()? else { return Some(Vec::new()) };
    // EXPOSE: the list is not secret.
    let texts = items.iter().filter_map(Value::as_text).map(|text| text.expose().to_owned());
    Some(texts.filter(|text| !text.trim().is_empty()).collect())
}

/// Whether `NO_PROXY` covers a host and port. The host is that of a URL: in lower case, an IPv6 address in brackets.
///
/// Entries are separated by commas, semicolons or white space, and may have a port: `*`; a host, or a domain with all
/// its subdomains, also written `.domain` or `*.domain`; an address, or a network such as `10.0.0.0/8`; a name with `*`
/// in it, such as `10.*`; and `<local>`, all names without a dot.
fn is_exception(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.');
    let address = read_address(host);
    no_proxy.split([',', ';', ' ', '\t', '\r', '\n']).filter(|part| !part.is_empty()).any(|part| {
        let (wanted, wanted_port) = split_port(part);
        wanted_port.is_none_or(|wanted_port| wanted_port == port) && means(wanted, host, address)
    })
}

/// An entry and its port. Anything else after a colon belongs to the entry: an IPv6 address has colons of its own.
fn split_port(written: &str) -> (&str, Option<u16>) {
    let Some((host, digits)) = written.rsplit_once(':') else { return (written, None) };
    match digits.parse() {
        Ok(port) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (written, None),
    }
}

fn means(wanted: &str, host: &str, address: Option<IpAddr>) -> bool {
    let wanted = wanted.trim_end_matches('.').to_ascii_lowercase();
    if wanted == "*" {
        return true;
    }
    if let Some(address) = address {
        let is_in_network = wanted.split_once('/').is_some_and(|network| is_in(address, network));
        return is_in_network
            || read_address(&wanted) == Some(address)
            || (wanted.contains('*') && fits(&wanted, host));
    }
    if wanted == "<local>" {
        return !host.contains('.');
    }
    let domain = wanted.strip_prefix('*').unwrap_or(&wanted);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    if wanted.starts_with("*.") || !wanted.contains('*') {
        let before = host.strip_suffix(domain);
        return !domain.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'));
    }
    fits(&wanted, host)
}

/// An address as in a URL or in the variable. An IPv4-mapped IPv6 address counts as IPv4.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether an address is in a network, such as `10.0.0.0` and `8`.
fn is_in(address: IpAddr, (network, length): (&str, &str)) -> bool {
    let Ok(length) = length.parse::<u32>() else { return false };
    match (address, read_address(network)) {
        (IpAddr::V4(address), Some(IpAddr::V4(network))) => {
            let bits = |address: Ipv4Addr| u128::from(address.to_bits()) << 96;
            length <= 32 && same_start(bits(address), bits(network), length)
        }
        (IpAddr::V6(address), Some(IpAddr::V6(network))) => {
            length <= 128 && same_start(Ipv6Addr::to_bits(address), Ipv6Addr::to_bits(network), length)
        }
        _ => false,
    }
}

fn same_start(one: u128, other: u128, length: u32) -> bool {
    (one ^ other).leading_zeros() >= length
}

/// Whether a host matches a pattern, in which `*` is any text.
fn fits(pattern: &str, host: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| host.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_proxy_is_named_in_any_case_and_in_lower_case_first() {
        type Variable<'a> = (&'a str, &'a str);
        let cases: [(&[Variable], Option<Variable>); 8] = [
            (&[], None),
            (&[("HTTP_PROXY", "machine:1")], None),
            (&[("HTTPS_PROXY", " ")], None),
            (&[("HTTPS_PROXY", " machine:1 ")], Some(("HTTPS_PROXY", "machine:1"))),
            (&[("Https_Proxy", "machine:1")], Some(("Https_Proxy", "machine:1"))),
            (&[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:1")], Some(("https_proxy", "lower:1"))),
            (&[("HTTPS_PROXY", "machine:1"), ("No_Proxy", "other.test")], Some(("HTTPS_PROXY", "machine:1"))),
            (&[("HTTPS_PROXY", "machine:1"), ("NO_PROXY", "other.test,keeper.test:443")], None),
        ];
        for (variables, expected) in cases {
            let owned: Vec<_> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), SecretText::from(*value))).collect();
            assert_eq!(of_machine(&owned, "keeper.test", 443), expected, "{variables:?}");
        }
    }

    #[test]
    fn an_address_without_a_scheme_is_one_of_http() {
        for (address, expected) in [
            ("proxy:3128", "http://proxy:3128"),
            ("http://proxy", "http://proxy"),
            ("HTTPS://proxy", "HTTPS://proxy"),
            ("socks5://proxy:1", "socks5://proxy:1"),
            ("user:pass://word@proxy", "http://user:pass://word@proxy"),
            ("", "http://"),
        ] {
            assert_eq!(url(address), expected);
        }
    }

    #[test]
    fn a_login_is_what_is_set_or_else_what_the_address_holds() {
        for (set, in_address, expected) in [
            ([None, None], ["", ""], None),
            ([None, None], ["a", "b"], Some("Basic YTpi")),
            ([None, None], ["a", ""], Some("Basic YTo=")),
            ([None, None], ["a", "p%40%3A%25"], Some("Basic YTpwQDol")),
            ([None, None], ["a", "100%"], Some("Basic YToxMDAl")),
            ([Some("a"), Some(":@%/ü")], ["", ""], Some("Basic YTo6QCUvw7w=")),
            ([Some("c"), None], ["a", "b"], Some("Basic Yzpi")),
            ([None, Some("d")], ["a", "b"], Some("Basic YTpk")),
        ] {
            let header = authorization(set, in_address);
            assert_eq!(header.as_ref().map(SecretText::expose), expected, "{set:?} {in_address:?}");
        }
    }

    #[test]
    fn expressions_are_the_texts_of_a_list() {
        for (list, expected) in [
            (r#"["a\\.b", " ", "", 1, null, " c "]"#, Some(&["a\\.b", " c "][..])),
            ("[]", Some(&[])),
            (r#"{"a":1}"#, Some(&[])),
            ("not JSON", None),
            ("", None),
        ] {
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(expressions(list), expected, "{list}");
        }
    }

    #[test]
    fn an_exception_is_a_host_a_domain_an_address_or_a_network() {
        for (no_proxy, host, expected) in [
            ("*", "keepersecurity.com", true),
            ("keepersecurity.com", "keepersecurity.com", true),
            ("KeeperSecurity.COM.", "keepersecurity.com", true),
            ("keepersecurity.com", "keepersecurity.com.", true),
            ("keepersecurity.com", "files.keepersecurity.com", true),
            ("security.com", "keepersecurity.com", false),
            ("keepersecurity.co", "keepersecurity.com", false),
            (".com", "keepersecurity.com", true),
            (".keepersecurity.com", "files.keepersecurity.com", true),
            ("*.keepersecurity.com", "files.keepersecurity.com", true),
            ("*.keepersecurity.com", "evilkeepersecurity.com", false),
            ("other.test, keepersecurity.com", "keepersecurity.com", true),
            ("other.test;keepersecurity.com", "keepersecurity.com", true),
            ("other.test\tkeepersecurity.com", "keepersecurity.com", true),
            (" ,; ", "keepersecurity.com", false),
            ("", "keepersecurity.com", false),
            (".", "keepersecurity.com", false),
            ("localhost", "localhost", true),
            ("localhost", "notlocalhost", false),
            ("<local>", "keeper", true),
            ("<local>", "keepersecurity.com", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.10", false),
            ("0.0.1", "127.0.0.1", false),
            ("127.*", "127.0.0.1", true),
            ("192.168.*.*", "192.168.7.1", true),
            ("192.168.*.*", "192.169.7.1", false),
            ("*.1", "10.0.0.1", true),
            ("keeper*.test", "keeper-eu.test", true),
            ("keeper*.test", "keeper.test.com", false),
            ("*e*e*", "keeper.test", true),
            ("a*a", "a", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.200.3.4", true),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("0.0.0.0/0", "10.0.0.1", true),
            ("0.0.0.0/0", "keepersecurity.com", false),
            ("10.0.0.0/33", "10.0.0.1", false),
            ("10.0.0.0/x", "10.0.0.1", false),
            ("10.0.0.0/8", "[fd00::1]", false),
            ("::1", "[::1]", true),
            ("[::1]", "[::1]", true),
            ("0:0:0:0:0:0:0:1", "[::1]", true),
            ("fd00::/8", "[fd12:3456::1]", true),
            ("[fd00::]/8", "[fd12:3456::1]", true),
            ("fd00::/8", "[fe80::1]", false),
            ("10.0.0.1", "[::ffff:a00:1]", true),
        ] {
            assert_eq!(is_exception(no_proxy, host, 443), expected, "{no_proxy:?} for {host}");
        }
    }

    #[test]
    fn an_exception_may_be_for_one_port() {
        for (no_proxy, host, port, expected) in [
            ("keepersecurity.com:443", "keepersecurity.com", 443, true),
            ("keepersecurity.com:8443", "keepersecurity.com", 443, false),
            (".keepersecurity.com:8443", "files.keepersecurity.com", 8443, true),
            ("*:8443", "keepersecurity.com", 8443, true),
            ("127.0.0.1:8443", "127.0.0.1", 443, false),
            ("[::1]:8443", "[::1]", 8443, true),
            ("[::1]:8443", "[::1]", 443, false),
            ("keepersecurity.com:https", "keepersecurity.com", 443, false),
            ("keepersecurity.com:99999", "keepersecurity.com", 443, false),
        ] {
            assert_eq!(is_exception(no_proxy, host, port), expected, "{no_proxy:?} for {host}:{port}");
        }
    }

    #[test]
    fn long_texts_take_no_long_time() {
        let no_proxy = "*a".repeat(100_000);
        assert!(!is_exception(&no_proxy, &"a".repeat(253), 443));
        assert!(!is_exception(&"a,".repeat(100_000), "b", 443));
    }
}
