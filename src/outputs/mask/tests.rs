#![expect(clippy::string_slice, reason = "all of it is ASCII")]

use super::*;

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

/// What is left of a line of the log.
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
fn nothing_is_masked_that_is_blank_or_too_short() {
    for value in ["", " ", "\n\n", "         ", "abc", "1", "\u{FEFF}"] {
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
    // Passwords are as long, and each of a thousand fields would take its time.
    for (word, count) in [("cGFzcz1odW50ZXItdHdv", 4), ("cGFzcz1odW50ZXItdHdvMQ", 8)] {
        assert_eq!(masks_of(word).len(), count, "{word}: {:?}", masks_of(word));
    }
}

const DOTENV: &str = "# settings\nDB_HOST=db.example.test\nexport DB_PASSWORD=\"hunter two\" # no comment\nPLAIN=hello\nAPI_KEY=abc-def-ghi\n\
    TOKEN='it''s'\nKEY=\"-----BEGIN PRIVATE KEY-----\nMIIB0123\n-----END PRIVATE KEY-----\"\nCONFIG={\"password\":\"inner-one\"}\n\
    ESCAPED=\"{\\\"password\\\":\\\"inner-two\\\"}\"\nURL=postgres://app:inner-three@db.example.test/x\nDEBUG=true\n";
const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: production\nclusters:\n- cluster:\n    server: https://cluster.example.test:6443\n  \
    name: production\nusers:\n- name: admin\n  user:\n    client-key-data: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUIwMTIzNDU2Nwo=\n    token: hunter-token\n    \
    password: |\n      block-scalar\n      second-line\n    username: administrator\n";
const APPSETTINGS: &str = r#"{
  // comments are allowed
  "Logging": { "LogLevel": { "Default": "Information", "Microsoft.AspNetCore": "Warning" } },
  "AllowedHosts": "localhost",
  "ConnectionStrings": {
    "Db": "Server=tcp:db.example.test,1433;Database=shop;User ID=app;Password=hunter-two;Encrypt=True",
    "Storage": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2hvcC1rZXk=;EndpointSuffix=core.windows.net",
    "Bus": "Endpoint=sb://bus.example.test/;SharedAccessKeyName=Root;SharedAccessKey=c2hhcmVkLWtleQ=="
  },
  "Jwt": { "Issuer": "https://login.example.test", "Secret": "jwt \"secret\"" },
  "Smtp": { "Host": "mail.example.test", "Port": 587, "Pwd": "mail-pwd" }
}"#;

#[test]
fn what_is_behind_a_name_in_an_attachment_is_masked_by_itself() {
    for (content, secrets) in [
        (DOTENV, vec!["hunter two", "abc-def-ghi", "it's", "MIIB0123", "inner-one", "inner-two", "inner-three"]),
        (KUBECONFIG, vec!["hunter-token", "block-scalar", "second-line", "MIIB01234567"]),
        (APPSETTINGS, vec!["hunter-two", "c2hvcC1rZXk=", "c2hhcmVkLWtleQ==", "jwt \"secret\"", "mail-pwd"]),
        ("machine host.test login alice password hunter\n", vec!["hunter"]),
        ("machine host.test\n  login alice\n  password hunter\n", vec!["hunter"]),
        ("host.test:5432:*:alice:hunt\\:er\n", vec!["hunt:er"]),
        (r#"{"auths":{"registry.test":{"auth":"YWxpY2U6aHVudGVyMg=="}}}"#, vec!["YWxpY2U6aHVudGVyMg==", "hunter2"]),
        ("//npm.example.test/:_authToken=hunter-token\n_password=aHVudGVyMg==\n", vec!["hunter-token", "hunter2"]),
        ("[default]\naws_access_key_id = AKIAX\naws_secret_access_key = hunter/two+three\n", vec!["hunter/two+three"]),
        ("[client]\nuser=root\npassword = \"hunter#2\"\n", vec!["hunter#2"]),
        ("db.password=hunter2\ndb.password : hunter3\ndb.url=jdbc:x\n", vec!["hunter2", "hunter3"]),
        ("<server><id>x</id><password>hunt&amp;er</password></server>\n", vec!["hunt&er", "hunt&amp;er"]),
        ("<add key=\"DbPassword\" value=\"hunter2\" />\n<add key=\"Level\" value=\"Debugging\" />\n", vec!["hunter2"]),
        ("<add name=\"Db\" connectionString=\"Server=.;Password=hunt er;\" />\n", vec!["hunt er"]),
        ("env:\n- name: DB_PASSWORD\n  value: hunter2\n- name: LEVEL\n  value: debugging\n", vec!["hunter2"]),
        ("passwords:\n- hunter2\n- hunter3\n", vec!["hunter2", "hunter3"]),
        ("secrets: [hunter2, \"hunter3\"]\n", vec!["hunter2", "hunter3"]),
        ("{user: alice, password: hunter2, host: x}\n", vec!["hunter2"]),
        ("{\"a\":1,\"password\":\"hunter2\"}\n{\"a\":2,\"password\":\"hunter3\"}\n", vec!["hunter2", "hunter3"]),
        (r#"{"config":"{\"inner\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"}"#, vec!["hunter2"]),
        (r#"{"secrets":{"database":"hunter2"}}"#, vec!["hunter2"]),
        (r#"[{"name":"DB_PASSWORD","value":"hunter2"}]"#, vec!["hunter2"]),
        ("data:\n  password: aHVudGVyMg==\n", vec!["hunter2"]),
        (
            "curl -H 'Authorization: Bearer hunter-2-token-X9' --password hunter2 x\n",
            vec!["hunter-2-token-X9", "hunter2"],
        ),
        ("https://alice:hunter2@git.test\nhttps://ghp_x1y2z3@github.test\n", vec!["hunter2", "ghp_x1y2z3"]),
        ("$password = 'it''s hunter'\n", vec!["it's hunter"]),
        ("db_password = \"line\\none\"\n", vec!["line\none"]),
        ("a note\nx7k2m9q4w8e5r1t6 in it\nabcd-efgh-1234\n", vec!["x7k2m9q4w8e5r1t6", "abcd-efgh-1234"]),
        ("DRIVER={SQL Server};UID=sa;PWD={hunter;2};\n", vec!["hunter;2"]),
        ("dir=/var/lib\nPASSWORD=hunter2;x=1\n", vec!["hunter2"]),
        ("$env:DB_PASSWORD = \"hunter2\"\n", vec!["hunter2"]),
        ("[Environment]::SetEnvironmentVariable(\"DB_PASSWORD\", \"hunter2\")\n", vec!["hunter2"]),
        ("define('DB_PASSWORD', 'hunter2');\n", vec!["hunter2"]),
        ("ALTER USER app WITH PASSWORD 'hunter2';\n", vec!["hunter2"]),
        ("ENV DB_PASSWORD=hunter2\nENV API_TOKEN hunter3\n", vec!["hunter2", "hunter3"]),
        ("environment:\n  - DB_PASSWORD=hunter2\n", vec!["hunter2"]),
        ("token: >-\n  hunter2\nnext: x\n", vec!["hunter2"]),
        ("password: !vault |\n  hunter2\n", vec!["hunter2"]),
        ("password: &main hunter2 # a comment\n", vec!["hunter2"]),
        ("password: 'it''s hunter'\n", vec!["it's hunter"]),
        ("password = \"\"\"\nhunter2\n\"\"\"\n", vec!["hunter2"]),
        ("password = '''hunter2'''\n", vec!["hunter2"]),
        ("<password>\n  hunter2\n</password>\n", vec!["hunter2"]),
        ("<setting name=\"Password\"><value>hunter2</value></setting>\n", vec!["hunter2"]),
        ("<publishProfile userName=\"x\" userPWD=\"hunter2\" />\n", vec!["hunter2"]),
        ("PASSWORD='it'\\''s hunter'\n", vec!["it's hunter"]),
        ("PASSWORD=\"pa\\$hunter\"\n", vec!["pa$hunter"]),
        ("db.password=hunt\\:er\n", vec!["hunt:er"]),
        ("jdbc:postgresql://h/db?user=a&password=hunter2&ssl=true\n", vec!["hunter2"]),
        ("jdbc:sqlserver://h;user=a;password=hunter2;\n", vec!["hunter2"]),
        ("X-Api-Key: hunter2\nOcp-Apim-Subscription-Key: hunter-three\n", vec!["hunter2", "hunter-three"]),
        (
            "[Peer]\nPrivateKey = hunter2=\nPresharedKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n",
            vec!["hunter2=", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="],
        ),
        (
            "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIB0123\\n-----END PRIVATE KEY-----\\n\"}",
            vec!["MIIB0123"],
        ),
        ("SAS=https://x.test/c?sv=1&sig=aB3%2Bkd9x%3D&se=2\n", vec!["aB3%2Bkd9x%3D", "aB3+kd9x="]),
        ("Kennwort: hunter2\n", vec!["hunter2"]),
    ] {
        let masks = masks_of_file(content);
        for secret in secrets {
            assert!(masks.iter().any(|mask| mask == secret), "{secret} of {content}\n{masks:#?}");
        }
    }
}

#[test]
fn what_is_no_secret_in_an_attachment_stays_readable() {
    for (content, lines) in [
        (DOTENV, vec!["db.example.test", "hello", "DB_PASSWORD=", "true", "PLAIN=hello"]),
        (
            KUBECONFIG,
            vec![
                "apiVersion: v1",
                "kind: Config",
                "production",
                "https://cluster.example.test:6443",
                "administrator",
                "-----BEGIN PRIVATE KEY-----",
                "client-key-data",
                "current-context: production",
            ],
        ),
        (
            APPSETTINGS,
            vec![
                "Information",
                "Warning",
                "localhost",
                "Server=tcp:db.example.test,1433;Database=shop;User ID=app",
                "https://login.example.test",
                "mail.example.test",
                "587",
                "SharedAccessKeyName=Root",
                "Encrypt=True",
                "DefaultEndpointsProtocol=https;AccountName=shop",
                "core.windows.net",
                "ConnectionStrings",
            ],
        ),
        ("#!/bin/sh\nset -e\necho \"packing the extension\"\n", vec!["set -e", "#!/bin/sh", "packing the extension"]),
        ("machine host.test login alice password hunter\n", vec!["machine host.test login alice password"]),
    ] {
        let masks = masks_of_file(content);
        for line in lines {
            assert_eq!(hidden(line, &masks), line, "{content}\n{masks:#?}");
        }
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

#[test]
fn a_secret_is_found_in_whatever_syntax_holds_it() {
    for (text, secret) in [
        ("REGION=x\nWEBHOOK_ID=sk_live_4eC39HqLyjWDarjtT1zdp7dc\n", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        ("see https://hooks.example.test/T00/4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("apiVersion: v1\nkind: Secret\ndata:\n  shop: aHVudGVyLW9uZQ==\n", "hunter-one"),
        ("stringData:\n  shop: 'hunter-two'\nkind: \"Secret\"\n", "hunter-two"),
        (r#"{"kind":"Secret","data":{"shop":"aHVudGVyLW9uZQ=="}}"#, "hunter-one"),
        ("blob: eyJwYXNzd29yZCI6Imh1bnRlci1vbmUifQ==\n", "hunter-one"),
        ("<key>password</key><string>hunter-one</string>", "hunter-one"),
        ("$x = ConvertTo-SecureString 'hunter-one' -AsPlainText", "hunter-one"),
        ("$x = ConvertTo-SecureString -String \"hunter-one\" -Force", "hunter-one"),
        ("$password = ConvertTo-SecureString 'hunter' -AsPlainText", "hunter"),
        ("setx TOKEN hunter\r\n", "hunter"),
        ("FROM x\nENV DB_PASSWORD hunter\n", "hunter"),
        ("TOKEN: str = \"hunter-one\"", "hunter-one"),
        ("let token: &'static str = \"hunter-one\";", "hunter-one"),
        ("SECRET = r'hunter-one'", "hunter-one"),
        ("ALTER LOGIN x WITH PASSWORD = N'hunter-one';", "hunter-one"),
        ("DBPASS=hunter", "hunter"),
        ("パスワード=hunter", "hunter"),
        ("пароль: hunter", "hunter"),
        ("密码: hunter", "hunter"),
        ("alice\nhunter-one\n", "hunter-one"),
        ("s3cr3t-p4ssw0rd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "s3cr3t-p4ssw0rd"),
    ] {
        let masks = masks_of_file(text);
        assert_eq!(hidden(secret, &masks), "", "{text}: {masks:?}");
    }
    let masks = masks_of_file(
        "kind: Secret\nmetadata:\n  name: shop-production\ndata:\n  x: aHVudGVyLW9uZQ==\n---\nkind: ConfigMap\ndata:\n  \
         host: db.example.test\n",
    );
    for readable in ["shop-production", "db.example.test", "ConfigMap"] {
        assert_eq!(hidden(readable, &masks), readable);
    }
}

#[test]
fn names_without_end_in_one_line_take_no_longer_for_each() {
    // A minute and more if each one looks at the whole line.
    for unit in [
        "://a:b@",
        "://a:b/",
        "<key>password</key><string>",
        "<password value=",
        "key=password ",
        "password=a ",
        "password==",
        "\"password=x ",
        "\\\"password=x ",
        "a b=c;",
        "a,",
        "|token|b\n",
        "ENV A ",
        "ENV TOKEN ",
        "login password ",
        "identified by ",
        "x: str = ",
        "${TOKEN:-",
        "auth=Bearer ",
        "curl -u a:bcde;",
        "curl -u a:bcde ",
        "sqlplus a/b@c ",
        "echo a|",
        "a:b1@c.d",
        "$6$abcd$",
        "{SHA}",
        "password\\\n",
        "- --token\n- abcde\n",
        "task.setvariable ",
    ] {
        masks_of_file(unit.repeat(40_000 / unit.len()));
    }
}
