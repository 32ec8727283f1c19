//! Alerts, with which the other side ends TLS (RFC 8446, 6).

/// The name of the alert in OpenSSL's message for an error. `None` if there is none, or if it is about the version of
/// TLS, for which there are plainer words.
///
/// The message differs between versions of OpenSSL, except for its end: `SSL alert number 40`.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    let (_, number) = text.rsplit_once("SSL alert number ")?;
    let number: u8 = number.trim_end().parse().ok()?;
    let known = ALERTS.iter().find(|(known, _)| *known == number);
    let name = known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned());
    (number != PROTOCOL_VERSION).then_some(name)
}

const PROTOCOL_VERSION: u8 = 70;

/// The alerts that a server sends to a client.
const ALERTS: [(u8, &str); 18] = [
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (40, "handshake_failure"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (112, "unrecognized_name"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_found_by_its_number_in_the_words_of_any_openssl() {
        for (text, expected) in [
            (
                "write EPROTO 40B7:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:\
                 ../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 40\n",
                Some("handshake_failure"),
            ),
            ("error:14094410:SSL routines:ssl3_read_bytes:x:y.c:1544:SSL alert number 112", Some("unrecognized_name")),
            ("SSL alert number 200", Some("200")),
            ("SSL alert number 70", None),
            ("SSL alert number 1000", None),
            ("SSL alert number ", None),
            ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:354:\n", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text}");
        }
    }
}
