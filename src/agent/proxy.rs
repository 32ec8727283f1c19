//! The proxy for a host according to the agent's settings or the machine's environment, and what its address means.
//!
//! No standard defines these variables; they are read as curl, Go and the system settings of Windows and macOS do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Serialize, Serializer};
use tsify::Tsify;

use crate::agent::secrets::{decoded, login_header, without_scheme};
use crate::json::Value;
use crate::secret::SecretText;

/// A proxy, and how to log in to it.
#[derive(Debug, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// Whether the connection to the proxy itself uses TLS.
    is_secure: bool,
    /// Its name or IP address, without brackets.
    host: String,
    port: u16,
    /// Its host and port, the part of its address that may be shown.
    label: String,
    /// The header `Proxy-Authorization` (RFC 7617).
    #[serde(serialize_with = "expose")]
    #[tsify(optional, type = "string")]
    authorization: Option<SecretText>,
}

#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn expose<S: Serializer>(header: &Option<SecretText>, serializer: S) -> Result<S::Ok, S::Error> {
    // EXPOSE: Node sends the header.
    header.as_ref().map(SecretText::expose).serialize(serializer)
}

/// A setting with a proxy that the task cannot use. Connecting directly could be just what the proxy is there to
/// prevent.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Invalid {
    code: &'static str,
    /// The setting's name.
    detail: String,
}

/// The proxy for an HTTPS host and port, given the environment variables by name: the agent's, or else the machine's.
/// `None` if the host is reached directly. The agent's exceptions are checked elsewhere.
///
/// # Errors
/// The setting is invalid.
pub fn choose(environment: &[(String, SecretText)], host: &str, port: u16) -> Result<Option<Proxy>, Invalid> {
    if let Some(proxy) = of_agent(environment) {
        return proxy.map(Some);
    }
    let Some((name, address)) = variable(environment, "https_proxy") else { return Ok(None) };
    let exceptions = variable(environment, "no_proxy").map_or("", |(_, exceptions)| exceptions);
    if is_exception(exceptions, host, port) { Ok(None) } else { read(name, address, [None, None]).map(Some) }
}

fn of_agent(environment: &[(String, SecretText)]) -> Option<Result<Proxy, Invalid>> {
    let value = |name| variable(environment, name).map(|(_, value)| value);
    let login = ["agent_proxyusername", "secret_agent_proxypassword"].map(value);
    Some(read("Agent.ProxyUrl", value("agent_proxyurl")?, login))
}

/// The agent's login to its proxy, in Base64.
pub(super) fn agents_login(environment: &[(String, SecretText)]) -> Option<SecretText> {
    let header = of_agent(environment)?.ok()?.authorization?;
    // EXPOSE: the agent masks it.
    header.expose().strip_prefix(BASIC).map(SecretText::from)
}

/// A variable in any case; lower case takes precedence, as in other programs. One of white space counts as unset.
fn variable<'a>(environment: &'a [(String, SecretText)], wanted: &str) -> Option<(&'a str, &'a str)> {
    // EXPOSE: an address may hold a password; Node connects to it.
    let all = environment.iter().map(|(name, value)| (name.as_str(), value.expose()));
    let set = all.filter(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.trim().is_empty());
    set.reduce(|first, other| if other.0 == wanted { other } else { first })
}

/// The proxy at an address, with a user name and a password from separate settings.
fn read(name: &str, address: &str, set: [Option<&str>; 2]) -> Result<Proxy, Invalid> {
    let invalid = |code| Invalid { code, detail: name.to_owned() };
    let address = address.trim();
    // `proxy:3128` would be a URL with the scheme `proxy`, which nobody means.
    let rest = without_scheme(address);
    let is_secure = match address.strip_suffix(rest).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "http://" => false,
        "https://" => true,
        _ => return Err(invalid("PROXY_SCHEME")),
    };
    let rest = rest.trim_start_matches('/');
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let place = place.to_ascii_lowercase();
    match host_and_port(&place, if is_secure { 443 } else { 80 }) {
        // An unencoded `#` or the like ends the address, so what precedes it is a part of a password.
        Some((host, port)) if !path.contains('@') => Ok(Proxy {
            is_secure,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            label: format!("{host}:{port}"),
            authorization: authorization(set, login),
        }),
        _ => Err(invalid("PROXY_ADDRESS")),
    }
}

/// Characters that are invalid in the host of a URL, and quotes, which some files have around a value.
const NOT_IN_HOSTS: &str = "#/:<>?@[\\]^|%\"'`";

/// A host and its port. An IPv6 address is in brackets.
fn host_and_port(place: &str, default_port: u16) -> Option<(&str, u16)> {
    let end = if place.starts_with('[') { place.find(']')? + 1 } else { place.find(':').unwrap_or(place.len()) };
    let (host, port) = place.split_at_checked(end)?;
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        None if port.is_empty() => default_port,
        _ => return None,
    };
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || NOT_IN_HOSTS.contains(c);
    let is_host = if host.starts_with('[') { read_address(host).is_some() } else { !host.contains(is_odd) };
    (is_host && !host.is_empty()).then_some((host, port))
}

const BASIC: &str = "Basic ";

/// The header for a user name and a password, each from its setting or else from the address. `None` if there is neither.
fn authorization(set: [Option<&str>; 2], in_address: &str) -> Option<SecretText> {
    let (user_there, password_there) = in_address.split_once(':').unwrap_or((in_address, ""));
    let [user, password] = set.map(|text| text.map(SecretText::from));
    let (user, password) =
        (user.unwrap_or_else(|| decoded(user_there)), password.unwrap_or_else(|| decoded(password_there)));
    // EXPOSE: the header hands them to the proxy, and is a secret as well.
    let (user, password) = (user.expose(), password.expose());
    let header = || [BASIC, login_header(user, password).expose()].concat().into();
    (!user.is_empty() || !password.is_empty()).then(header)
}

/// The expressions in the agent's list of hosts that are reached directly, or `None` if the list is not JSON. There are
/// none unless the agent has a proxy.
#[must_use]
pub fn expressions(environment: &[(String, SecretText)]) -> Option<Vec<String>> {
    let list = variable(environment, "agent_proxybypasslist").filter(|_| of_agent(environment).is_some());
    let Value::List(items) = Value::parse(list.map_or("[]", |(_, list)| list)).ok()? else { return Some(Vec::new()) };
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

    type Variable<'a> = (&'a str, &'a str);

    fn owned(variables: &[Variable]) -> Vec<(String, SecretText)> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), SecretText::from(*value))).collect()
    }

    /// The proxy's label, with `tls ` before it if the connection to it uses TLS, or the invalid setting.
    fn chosen(variables: &[Variable]) -> Option<String> {
        match choose(&owned(variables), "keeper.test", 443) {
            Ok(proxy) => proxy.map(|proxy| if proxy.is_secure { format!("tls {}", proxy.label) } else { proxy.label }),
            Err(Invalid { code, detail }) => Some(format!("{code} {detail}")),
        }
    }

    #[test]
    fn the_machines_proxy_is_named_in_any_case_and_in_lower_case_first() {
        let cases: [(&[Variable], Option<&str>); 11] = [
            (&[], None),
            (&[("HTTP_PROXY", "machine:1")], None),
            (&[("HTTPS_PROXY", " ")], None),
            (&[("HTTPS_PROXY", " machine:1 ")], Some("machine:1")),
            (&[("Https_Proxy", "machine:1")], Some("machine:1")),
            (&[("HTTPS_PROXY", "upper:1"), ("https_proxy", "lower:1")], Some("lower:1")),
            (&[("https_proxy", "lower:1"), ("HTTPS_PROXY", "upper:1")], Some("lower:1")),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "upper:1")], Some("upper:1")),
            (&[("HTTPS_PROXY", "machine:1"), ("No_Proxy", "other.test")], Some("machine:1")),
            (&[("HTTPS_PROXY", "machine:1"), ("NO_PROXY", "other.test,keeper.test:443")], None),
            (&[("HTTPS_PROXY", "machine:1"), ("no_proxy", ""), ("NO_PROXY", "keeper.test")], None),
        ];
        for (variables, expected) in cases {
            assert_eq!(chosen(variables).as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_agents_proxy_comes_before_the_machines_and_has_no_exceptions_here() {
        let machine = [("HTTPS_PROXY", "machine:1"), ("NO_PROXY", "*")];
        assert_eq!(chosen(&machine), None);
        assert_eq!(
            chosen(&[&machine[..], &[("AGENT_PROXYURL", "https://agent")]].concat()).as_deref(),
            Some("tls agent:443")
        );
        assert_eq!(chosen(&[&machine[..], &[("AGENT_PROXYURL", "")]].concat()), None);
    }

    #[test]
    fn an_address_is_a_url_or_a_host_with_its_port() {
        for (address, expected) in [
            ("proxy:3128", "proxy:3128"),
            ("proxy", "proxy:80"),
            ("http://proxy/", "proxy:80"),
            ("HTTPS://Proxy", "tls proxy:443"),
            ("https://proxy:8443/path?query#hash", "tls proxy:8443"),
            ("//proxy:1", "proxy:1"),
            ("http://a:b@proxy:1", "proxy:1"),
            ("http://a:b@c@proxy:1", "proxy:1"),
            ("DOMAIN\\alice:b@proxy:1", "proxy:1"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://bücher.test", "bücher.test:80"),
            ("socks5://proxy:1", "PROXY_SCHEME HTTPS_PROXY"),
            ("ftp://proxy:1", "PROXY_SCHEME HTTPS_PROXY"),
        ] {
            assert_eq!(chosen(&[("HTTPS_PROXY", address)]).as_deref(), Some(expected), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_what_may_be_a_password_is_no_host() {
        for address in [
            "http://",
            "http://:1",
            "http://a b",
            "http://proxy:",
            "http://proxy:99999",
            "http://proxy:+1",
            "http://[::1",
            "http://[::1]x",
            "http://[proxy]",
            "http://fe80::1",
            "http:/proxy:1",
            "\"http://proxy:1\"",
            "'proxy:1'",
            "http://secret#x@proxy:1",
            "http://secret/x@proxy:1",
            "http://user:12?x@proxy:1",
            "user:pass://word@proxy",
        ] {
            assert_eq!(chosen(&[("HTTPS_PROXY", address)]).as_deref(), Some("PROXY_ADDRESS HTTPS_PROXY"), "{address}");
        }
    }

    #[test]
    fn a_login_is_what_is_set_or_else_what_the_address_holds() {
        for (address, user, password, expected) in [
            ("proxy", "", "", None),
            ("a:b@proxy", "", "", Some("YTpi")),
            ("a@proxy", "", "", Some("YTo=")),
            ("a:p%40%3A%25@proxy", "", "", Some("YTpwQDol")),
            ("a:100%@proxy", "", "", Some("YToxMDAl")),
            ("proxy", "a", ":@%/ü", Some("YTo6QCUvw7w=")),
            ("proxy", "a", " b ", Some("YTogYiA=")),
            ("a:b@proxy", "c", "", Some("Yzpi")),
            ("a:b@proxy", "", "d", Some("YTpk")),
        ] {
            let environment = owned(&[
                ("AGENT_PROXYURL", address),
                ("AGENT_PROXYUSERNAME", user),
                ("SECRET_AGENT_PROXYPASSWORD", password),
            ]);
            let proxy = choose(&environment, "keeper.test", 443).expect("valid").expect("there");
            let header = expected.map(|expected| SecretText::from([BASIC, expected].concat()));
            assert_eq!(proxy.authorization, header, "{address} {user} {password}");
            assert_eq!(agents_login(&environment), expected.map(SecretText::from), "{address} {user} {password}");
        }
    }

    #[test]
    fn expressions_are_the_texts_of_a_list() {
        for (list, expected) in [
            (r#"["a\\.b", " ", "", 1, null, " c "]"#, Some(&["a\\.b", " c "][..])),
            ("[]", Some(&[])),
            (r#"{"a":1}"#, Some(&[])),
            ("not JSON", None),
            ("", Some(&[])),
        ] {
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            let list = ("AGENT_PROXYBYPASSLIST", list);
            assert_eq!(expressions(&owned(&[("AGENT_PROXYURL", "proxy"), list])), expected, "{list:?}");
            assert_eq!(expressions(&owned(&[list])), Some(Vec::new()), "{list:?}");
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
