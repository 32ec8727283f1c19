#![expect(clippy::string_slice, reason = "all of it is ASCII")]

use super::*;

mod attachments;

fn all_of(masks: &mut Masks) -> Vec<String> {
    masks.finish();
    masks.take().iter().map(|mask| mask.expose().to_owned()).collect()
}

fn masks_of(value: &str) -> Vec<String> {
    let mut masks = Masks::default();
    masks.add_text(value, Kind::Field);
    all_of(&mut masks)
}

fn masks_of_file(content: impl AsRef<[u8]>) -> Vec<String> {
    let mut masks = Masks::default();
    masks.add_bytes(content.as_ref(), Kind::Attachment);
    all_of(&mut masks)
}

/// A line of the log with its masks applied.
fn hidden(line: &str, masks: &[String]) -> String {
    let mut is_hidden = vec![false; line.len()];
    for mask in masks {
        for (at, _) in line.match_indices(mask.as_str()) {
            is_hidden[at..at + mask.len()].fill(true);
        }
    }
    line.char_indices().filter(|(at, _)| !is_hidden[*at]).map(|(_, c)| c).collect()
}

#[test]
fn a_plain_value_has_four_masks() {
    for (value, masks) in [
        ("s3cr3t", vec!["s3cr3t"]),
        (
            "s3cr3t-p4ssw0rd",
            vec!["s3cr3t-p4ssw0rd", "czNjcjN0LXA0c3N3MHJk", "MzY3IzdC1wNHNzdzByZ", "zM2NyM3QtcDRzc3cwcm"],
        ),
        (
            "remember the milk",
            vec![
                "remember the milk",
                "cmVtZW1iZXIgdGhlIG1pbG",
                "JlbWVtYmVyIHRoZSBtaWxr",
                "yZW1lbWJlciB0aGUgbWlsa",
                "remember+the+milk",
            ],
        ),
    ] {
        assert_eq!(masks_of(value), masks);
    }
    for size in [8, 20, 48, 49, 57] {
        assert_eq!(masks_of(&"xyz9".repeat(15)[..size]).len(), 4, "{size} bytes");
    }
}

#[test]
fn nothing_is_masked_that_is_blank_too_short_or_a_boolean() {
    for value in ["", " ", "\n\n", "         ", "abc", "1", "\u{FEFF}", "true", "False"] {
        assert_eq!(masks_of(value), [""; 0], "{value:?}");
        assert_eq!(masks_of_file(value), [""; 0], "{value:?}");
    }
}

#[test]
fn a_value_is_masked_as_it_gets_printed() {
    for (value, printed) in [
        (" s3cr3t ", "s3cr3t"),
        ("s3cr3t\n", "s3cr3t"),
        ("ab\nsecond line", "second line"),
        ("first\u{2028}second line\u{85}third line\u{C}fourth line", "third line"),
        ("s3c%r", "s3c%AZP25r"),
        ("s3c%3Br3t", "s3c;r3t"),
        (r#"{"user":"alice","pass":["p4ssw0rd",123456789]}"#, "p4ssw0rd"),
        (r#"{"user":"alice","pass":["p4ssw0rd",123456789]}"#, "123456789"),
        (r#"{"hostName":"db.example.test","port":"5432"}"#, "db.example.test"),
        (" {\"url\":\"https://alice:p4ss%40@host.test/x\"}", "p4ss%40"),
        ("https://alice:p4ss%40@host.test/x", "p4ss%40"),
        ("https://alice:p4ss%40word@host.test/x", "p4ss@word"),
        ("https://ghp0token0token@host.test/x", "ghp0token0token"),
        ("redis://:p4ssw0rd@host.test", "p4ssw0rd"),
        ("otpauth://totp/x?issuer=y&secret=JBSWY3DP", "JBSWY3DP"),
        ("otpauth://totp/x?issuer=y&secret=JBSWY3DP", "JBSW Y3DP"),
        ("otpauth://totp/x?issuer=y&secret=JBSWY3DP", "jbsw y3dp"),
        ("Server=tcp:db.test,1433;User ID=sa;Password=p4ss,w0rd;Encrypt=True", "p4ss,w0rd"),
        ("https://x.blob.test/c?sv=2024&sig=aB3%2Bkd9%3D&se=x", "aB3+kd9="),
        ("https://x.blob.test/c?sv=2024&sig=aB3%2Bkd9%3D&se=x", "aB3%2Bkd9%3D"),
        ("-----BEGIN KEY-----\r\nMIIB0123\r\n-----END KEY-----\r\n", "MIIB0123"),
        ("it's s3cr3t", r"it'\''s s3cr3t"),
    ] {
        assert!(masks_of(value).iter().any(|mask| mask == printed), "{printed} of {value}: {:?}", masks_of(value));
    }
    let pem = masks_of("-----BEGIN KEY-----\nMIIB0123\n-----END KEY-----\n");
    assert!(!pem.iter().any(|mask| mask == "-----BEGIN KEY-----" || mask == "-----END KEY-----"));
}

/// The word that a field holds, the secret in what it is the Base64 of, and the same word with one character changed, which is
/// the Base64 of no text.
const ENCODED: [(&str, &str, &str); 4] = [
    ("REJfUEFTU1dPUkQ9aHVudGVyLXR3bw", "hunter-two", "REJfUEFTU1dPUkQ/aHVudGVyLXR3bw"),
    ("REJfUEFTU1dPUkQ9aHVudGVyLXR3bw==", "hunter-two", "REJfUEFTU1dPUkQ/aHVudGVyLXR3bw=="),
    ("eyJwYXNzd29yZCI6Imh1bnRlci10d28ifQ", "hunter-two", "/yJwYXNzd29yZCI6Imh1bnRlci10d28ifQ"),
    // In UTF-16, as PowerShell takes it.
    (
        "JABwAGEAcwBzAHcAbwByAGQAIAA9ACAAJwBoAHUAbgB0AGUAcgAtAHQAdwBvACcA",
        "hunter-two",
        "/ABwAGEAcwBzAHcAbwByAGQAIAA9ACAAJwBoAHUAbgB0AGUAcgAtAHQAdwBvACc/",
    ),
];

#[test]
fn a_long_word_may_be_the_base64_of_a_text_with_a_secret_in_it() {
    let of_secret = ["hunter-two", "aHVudGVyLXR3b", "h1bnRlci10d2", "odW50ZXItdHdv"];
    let found = |masks: &[String]| -> Vec<String> {
        masks.iter().filter(|mask| of_secret.contains(&mask.as_str())).cloned().collect()
    };
    for (word, secret, other) in ENCODED {
        for masks in [masks_of(word), masks_of_file(format!("#\n#\n#\n#\nblob {word}\n"))] {
            assert_eq!(found(&masks), of_secret, "{word}: {masks:?}");
            assert_eq!(hidden(word, &masks).trim_matches('='), "", "{word}: {masks:?}");
            assert_eq!(hidden(secret, &masks), "", "{word}");
        }
        for masks in [masks_of(other), masks_of_file(format!("#\n#\n#\n#\nblob {other}\n"))] {
            assert_eq!(found(&masks), [""; 0], "{other}: {masks:?}");
        }
    }
    let [(word, ..), ..] = ENCODED;
    let all = [
        word,
        "hunter-two",
        "UkVKZlVFRlRVMWRQVWtROWFIVnVkR1Z5TFhSM2J3",
        "JFSmZVRUZUVTFkUFVrUTlhSFZ1ZEdWeUxYUjNid",
        "SRUpmVUVGVFUxZFBVa1E5YUhWdWRHVnlMWFIzYn",
        "aHVudGVyLXR3b",
        "h1bnRlci10d2",
        "odW50ZXItdHdv",
    ];
    assert_eq!(masks_of(word), all);
}

#[test]
fn a_short_word_is_not_looked_into() {
    // Passwords are as short, and for each of a thousand fields this would take time.
    for (word, count) in [("cGFzcz1odW50ZXItdHdv", 4), ("cGFzcz1odW50ZXItdHdvMQ", 8)] {
        assert_eq!(masks_of(word).len(), count, "{word}: {:?}", masks_of(word));
    }
}

#[test]
fn an_attachment_is_masked_whatever_its_encoding() {
    let text = "DB_HOST=db.example.test\r\nDB_PASSWORD=hünter-two\r\n";
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let utf32 = |to_bytes: fn(u32) -> [u8; 4], mark: &str| {
        mark.chars().chain(text.chars()).flat_map(|c| to_bytes(u32::from(c))).collect::<Vec<u8>>()
    };
    let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (content, printed) in [
        (text.as_bytes().to_vec(), "hünter-two"),
        ([&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat(), "hünter-two"),
        ([&b"\xFF\xFE"[..], &utf16(u16::to_le_bytes)].concat(), "hünter-two"),
        ([&b"\xFE\xFF"[..], &utf16(u16::to_be_bytes)].concat(), "hünter-two"),
        (utf16(u16::to_le_bytes), "hünter-two"),
        (utf16(u16::to_be_bytes), "hünter-two"),
        (utf32(u32::to_le_bytes, "\u{FEFF}"), "hünter-two"),
        (utf32(u32::to_be_bytes, "\u{FEFF}"), "hünter-two"),
        (utf32(u32::to_le_bytes, ""), "hünter-two"),
        (latin1.clone(), "hünter-two"),
        (latin1, "h\u{FFFD}nter-two"),
        (text.replace("two\r\n", "two\0").into_bytes(), "hünter-two"),
        (b"DB_PASSWORD=hunter\xFF-two\n".to_vec(), "hunter\u{FFFD}-two"),
        (b"DB_PASSWORD=hunter\0-two\n".to_vec(), "hunter-two"),
    ] {
        assert!(
            masks_of_file(&content).iter().any(|mask| mask == printed),
            "{content:?}: {:?}",
            masks_of_file(&content)
        );
    }
    let key: Vec<u8> = (0..=255).rev().collect();
    let encoded = crate::base64::encode(&key);
    assert!(hidden(&encoded, &masks_of_file(&key)).len() < 4);
    assert_eq!(hidden(&encoded[..76], &masks_of_file(&key)), "");
}

#[test]
fn a_key_is_masked_in_the_lines_in_which_tools_print_it() {
    let key = format!("-----BEGIN KEY-----\n{}\n-----END KEY-----\n", "MIIB0123x9".repeat(30));
    let masks = masks_of_file(&key);
    for text in [key.as_str(), key.trim()] {
        let encoded = crate::base64::encode(text.as_bytes());
        for width in [64, 76, encoded.len()] {
            for line in encoded.as_bytes().chunks(width) {
                let line = std::str::from_utf8(line).unwrap();
                assert!(hidden(line, &masks).len() <= 4 || line.len() < 12, "{width}: {line} {}", hidden(line, &masks));
            }
        }
    }
}

#[test]
fn a_mask_comes_up_once_and_whole_values_come_first() {
    let mut masks = Masks::default();
    masks.add_text("s3cr3t-one", Kind::Field);
    masks.add_text("s3cr3t-two", Kind::Field);
    masks.add_text("s3cr3t-one", Kind::Field);
    let wholes: Vec<String> = masks.take().iter().map(|mask| mask.expose().to_owned()).collect();
    assert_eq!(wholes, ["s3cr3t-one", "s3cr3t-two"]);
    assert_eq!(all_of(&mut masks).len(), 6);
    assert_eq!(all_of(&mut masks), [""; 0]);
}

#[test]
fn the_budget_is_spent_on_whole_values_first() {
    let mut masks = Masks::new(17, 0);
    let ids: Vec<ValueId> = (0..400).map(|n| masks.add_text(&format!("{n}-s3cr3t-{n}"), Kind::Field)).collect();
    let attachment = masks.add_bytes(b"DB_PASSWORD=hunter2\n", Kind::Attachment);
    let found = all_of(&mut masks);
    assert_eq!(found.len(), BUDGET - 17);
    for n in 0..400 {
        assert!(found.contains(&format!("{n}-s3cr3t-{n}")));
    }
    assert!(found.contains(&"hunter2".to_owned()));
    assert_eq!(masks.coverage(&ids[..1]), Coverage { masked: 4, all: 4 });
    assert_eq!(masks.coverage(&ids[399..]), Coverage { masked: 1, all: 4 });
    let all = masks.coverage(&ids);
    assert_eq!((all.all, all.masked < 1000), (1600, true));
    assert!(masks.coverage(&[attachment]).masked >= 3);
    assert_eq!(masks.coverage(&ids[399..]).describe(true), "masked in 1 of 4 forms");
}

#[test]
fn a_value_with_very_many_parts_is_masked_within_the_budget() {
    for kind in [Kind::Field, Kind::Attachment] {
        let leaves: Vec<String> = (0..60_000).map(|n| format!("\"p4ssw0rd-{n}\"")).collect();
        let json = format!("{{\"passwords\":[{}]}}", leaves.join(","));
        let mut masks = Masks::default();
        let id = masks.add_text(&json, kind);
        let other = masks.add_text("s3cr3t-value", kind);
        assert_eq!(all_of(&mut masks).len(), BUDGET);
        let coverage = masks.coverage(&[id]);
        assert!(coverage.all > 60_000, "{coverage:?}");
        assert_eq!(masks.coverage(&[other]), Coverage { masked: 4, all: 4 });
    }
}

#[test]
fn the_usual_escapes_of_a_late_value_come_before_the_rare_ones_of_an_early_one() {
    // Each of 190 values has itself, three forms in Base64, and one usual and two rare escapes.
    let mut masks = Masks::default();
    for n in 100..290 {
        masks.add_text(&format!("{n}k9$Tq!2vLm@8"), Kind::Field);
    }
    let all = all_of(&mut masks);
    let count = |is: fn(&str) -> bool| all.iter().filter(|mask| is(mask)).count();
    assert_eq!(all.len(), BUDGET);
    assert_eq!(count(|mask| mask.ends_with("k9%24Tq!2vLm%408")), 190);
    assert_eq!(count(|mask| mask.contains("k9$$Tq") || mask.contains("k9\\$Tq")), 50);
}

#[test]
fn the_agent_may_drop_short_masks() {
    let mut masks = Masks::new(0, 6);
    assert!(masks.is_too_short("12345"));
    let id = masks.add_text("12345", Kind::Field);
    assert_eq!(all_of(&mut masks), [""; 0]);
    assert_eq!(masks.coverage(&[id]).describe(false), "not masked");
    assert_eq!(masks.coverage(&[id]).describe(true), "masked by the agent");
}

#[test]
fn a_text_that_is_masked_as_a_whole_has_eight_characters_at_least() {
    for (text, masks) in [("{\"a\":1}", 0), ("{\"ab\":1}", 1), ("{\"abc\":1}", 1)] {
        let mut found = Masks::default();
        found.add_whole(text);
        assert_eq!(found.take(), vec![SecretText::from(text); masks], "{text}");
    }
}
