//! Unexpected content of a record's JSON. The bad part is left out with a warning, and the rest is read.

#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::keeper::Keeper;
use support::scenario::{NOW_MS, Scenario};

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A run of these lines against one record with this JSON.
fn run(raw: &str, lines: &[&str]) -> Scenario {
    run_bytes(raw.as_bytes(), lines)
}

fn run_bytes(raw: &[u8], lines: &[&str]) -> Scenario {
    let keeper = Keeper::holding(json!([{
        "title": "Database",
        "uid": "DatabaseRecordUid00001",
        "rawBase64": STANDARD.encode(raw),
    }]));
    let mut scenario = Scenario::of(keeper, lines.iter().copied());
    scenario.run();
    scenario
}

fn nested(depth: usize) -> String {
    ["[".repeat(depth), "]".repeat(depth)].concat()
}

/// One value of each type as JSON, and its name in messages.
const TYPES: [(&str, &str); 8] = [
    ("null", "null"),
    ("true", "a boolean"),
    ("17", "a number"),
    ("\"none\"", "a text"),
    ("[]", "a list"),
    ("[[[]]]", "a list"),
    ("{}", "an object"),
    (r#"{"a":{"b":null}}"#, "an object"),
];

#[test]
fn a_member_of_another_type_in_a_record_spoils_no_other() {
    let deep = nested(200);
    for (value, kind) in TYPES.into_iter().chain([(deep.as_str(), "a list")]) {
        for member in ["type", "notes", "custom", "anythingElse"] {
            let raw = format!(
                r#"{{"title":"Database","{member}":{value},"fields":[{{"type":"password","value":["s3cr3t-p4ssw0rd"]}}]}}"#
            );
            let scenario = run(&raw, &["Database/field/password > var:DB_PASSWORD"]);
            assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd", "{raw}");
            let left_out = match (member, kind) {
                ("type", "a list" | "an object") => Some(format!("`type` ({kind} instead of a text)")),
                ("notes", _) if value == deep => Some("`notes` (nested too deeply)".to_owned()),
                ("custom", "a list") if value != "[]" => Some("`custom[0]` (a list instead of an object)".to_owned()),
                ("custom", "a boolean" | "a number" | "a text" | "an object") => {
                    Some(format!("`custom` ({kind} instead of a list)"))
                }
                _ => None,
            };
            let warnings = left_out.map(|left_out| format!("left out of the record `Database`: {left_out}"));
            assert_eq!(scenario.warnings(), warnings.iter().collect::<Vec<_>>(), "{raw}");
        }
    }
}

#[test]
fn a_title_of_another_type_is_left_out() {
    for (value, kind) in TYPES {
        let raw = format!(r#"{{"title":{value},"fields":[{{"type":"password","value":["s3cr3t-p4ssw0rd"]}}]}}"#);
        let scenario = run(&raw, &["DatabaseRecordUid00001/field/password > var:X"]);
        assert_eq!(scenario.value("X"), "s3cr3t-p4ssw0rd", "{raw}");
        let warnings: Vec<String> = matches!(kind, "a list" | "an object")
            .then(|| format!("left out of the record `DatabaseRecordUid00001`: `title` ({kind} instead of a text)"))
            .into_iter()
            .collect();
        assert_eq!(scenario.warnings(), warnings, "{raw}");
    }
    assert_eq!(run(r#"{"title":20260615,"type":"x-type"}"#, &["20260615/type > var:X"]).value("X"), "x-type");
}

#[test]
fn a_member_of_another_type_in_a_field_spoils_no_other_field() {
    let deep = nested(200);
    for (value, kind) in TYPES.into_iter().chain([(deep.as_str(), "a list")]) {
        for member in ["type", "label", "value", "required", "complexity"] {
            let raw = format!(
                r#"{{"title":"Database","custom":[{{"{member}":{value}}},{{"type":"text","label":"key","value":["k3y-value"]}}]}}"#
            );
            let scenario = run(&raw, &["Database/custom_field/key > var:KEY"]);
            assert_eq!(scenario.value("KEY"), "k3y-value", "{raw}");
            let left_out = match (member, kind) {
                ("type" | "label", "a list" | "an object") => {
                    Some(format!("`custom[0].{member}` ({kind} instead of a text)"))
                }
                ("value", _) if value == deep => Some("`custom[0].value` (nested too deeply)".to_owned()),
                _ => None,
            };
            let warnings = left_out.map(|left_out| format!("left out of the record `Database`: {left_out}"));
            assert_eq!(scenario.warnings(), warnings.iter().collect::<Vec<_>>(), "{raw}");
        }
    }
}

#[test]
fn what_is_nested_too_deeply_cannot_be_asked_for_and_is_left_out_of_the_whole_record() {
    let raw = format!(
        r#"{{"title":"Database","fields":[{{"type":"login","value":["alice"]}},{{"type":"text","label":"deep","value":{}}}]}}"#,
        nested(200)
    );
    let told = "left out of the record `Database`: `fields[1].value` (nested too deeply)";

    let whole = run(&raw, &["Database/* > var:DB_*"]);
    assert_eq!(whole.value("DB_LOGIN"), "alice");
    assert_eq!(whole.warnings(), ["line 1: the field `deep` is left out: its value is nested too deeply", told]);

    let asked_for = run(&raw, &["Database/field/deep > var?:DEEP"]);
    assert_eq!(
        asked_for.problems(),
        ["line 1, column 1: the field `deep` cannot be read: its value is nested too deeply\n  \
            1 | Database/field/deep > var?:DEEP\n    \
              | ^^^^^^^^^^^^^^^^^^^"]
    );
}

#[test]
fn what_is_no_unicode_is_read_as_javascript_reads_it() {
    let fields = br#""fields":[{"type":"password","value":["s3cr3t-p4ssw0rd"]}]"#;
    for (notes, read) in [
        (&br#""cut \ud83d""#[..], "cut \u{fffd}"),
        (br#""\ude00 cut""#, "\u{fffd} cut"),
        (b"\"caf\xe9\"", "caf\u{fffd}"),
        (b"\"\xf0\x9f\x98\"", "\u{fffd}"),
    ] {
        let raw = [&br#"{"title":"Database","notes":"#[..], notes, b",", fields, b"}"].concat();
        let scenario = run_bytes(&raw, &["Database/field/password > var:A", "Database/notes > var:B"]);
        assert_eq!([scenario.value("A"), scenario.value("B")], ["s3cr3t-p4ssw0rd", read], "{}", raw.escape_ascii());
    }
    let marked = [&b"\xef\xbb\xbf{\"title\":\"Database\","[..], fields, b"}"].concat();
    assert_eq!(run_bytes(&marked, &["Database/field/password > var:A"]).value("A"), "s3cr3t-p4ssw0rd");
}

#[test]
fn numbers_are_handed_through() {
    let raw = r#"{"title":"Database","fields":[{"type":"date","value":[1700000000000.0,1E5,-0,0.10]}]}"#;
    let lines = ["Database/field/date > var:A", "Database/field/date[3] > var:B", "Database/field/date[] > var:C"];
    let scenario = run(raw, &lines);
    let values = ["A", "B", "C"].map(|name| scenario.value(name));
    assert_eq!(values, ["1700000000000.0", "0.10", "[1700000000000.0,1E5,-0,0.10]"]);
}

#[test]
fn two_factor_codes_are_made_of_whatever_people_store() {
    let code = |field_type: &str, value: &str| {
        let raw = json!({ "title": "Database", "fields": [{ "type": field_type, "value": [value] }] }).to_string();
        run(&raw, &[&format!("Database/field/{field_type} > var:CODE")]).value("CODE").to_owned()
    };
    let usual = code("oneTimeCode", &format!("otpauth://totp/x?secret={SEED}"));
    assert_eq!(usual.len(), 6);
    for value in [
        format!("otpauth:totp/x?secret={SEED}"),
        format!("OTPAUTH:/totp/x?secret={SEED}"),
        format!(" otpauth://totp/x?secret={SEED}\n"),
        SEED.to_owned(),
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq".to_owned(),
        format!("{SEED}===="),
    ] {
        for field_type in ["oneTimeCode", "otp"] {
            assert_eq!(code(field_type, &value), usual, "{field_type}: {value:?}");
        }
    }
    let long = code("oneTimeCode", &format!("otpauth://totp/x?secret={SEED}&digits=5&period=600"));
    assert_eq!(long.len(), 5);
    // A one-time password is not one that is derived from a seed.
    for password in ["123456", "12 34 56", "k3y-8f-22"] {
        assert_eq!(code("otp", password), password);
    }
}

#[test]
fn one_bad_two_factor_field_does_not_spoil_the_whole_record() {
    let raw = json!({
        "title": "Database",
        "fields": [
            { "type": "login", "value": ["alice"] },
            { "type": "oneTimeCode", "value": ["otpauth://totp/x?secret=1"] },
            { "type": "otp", "value": ["123456"] },
        ],
    });
    let scenario = run(&raw.to_string(), &["Database/* > var:DB_*"]);
    let names: Vec<&str> = scenario.variables(true, false).into_keys().collect();
    assert_eq!(names, ["DB_LOGIN", "DB_OTP"]);
    assert_eq!(scenario.value("DB_OTP"), "123456");
    assert_eq!(
        scenario.warnings(),
        ["line 1: the field `oneTimeCode` is left out: the `secret` in its URI is not Base32"]
    );
}

#[test]
fn a_seed_in_a_field_of_another_type_draws_a_warning() {
    let uri = format!("otpauth://totp/x?secret={SEED}");
    let raw = json!({
        "title": "Database",
        "notes": format!("first line {uri}"),
        "fields": [{ "type": "oneTimeCode", "value": [uri] }],
        "custom": [
            { "type": "text", "label": "seed", "value": [uri] },
            { "type": "text", "label": "seeds", "value": ["a", format!("OTPAUTH:{uri}")] },
        ],
    });
    let lines = [
        "Database/notes > var:A",
        "Database/custom_field/seed > var:B",
        "Database/custom_field/seeds[] > var:C",
        "Database/field/oneTimeCode > var:D",
        "Database/* > var:E_*",
    ];
    let scenario = run(&raw.to_string(), &lines);
    let told = |line: usize, name: &str| {
        format!(
            "line {line}: `{name}` gets the seed of all future two-factor codes, not a code; the form `totp` gives the code"
        )
    };
    assert_eq!(scenario.warnings(), [told(1, "A"), told(2, "B"), told(3, "C"), told(5, "seed"), told(5, "seeds")]);
    assert!(scenario.now_ms >= NOW_MS);
}

#[test]
fn a_name_matches_as_it_is_seen_if_that_is_unambiguous() {
    let keeper = || {
        Keeper::holding(json!([
            {
                "title": "Gro\u{308}\u{df}e ",
                "fields": [{ "type": "password", "label": "Kennwo\u{308}rter ", "value": ["s3cr3t-p4ssw0rd"] }],
                "custom": [
                    { "type": "text", "label": "key ", "value": ["k3y-one"] },
                    { "type": "text", "label": " key", "value": ["k3y-two"] },
                ],
                "files": [{ "name": "scho\u{308}n.txt ", "text": "content-a" }],
            },
        ]))
    };
    let lines = ["Größe/field/Kennwörter > var:A", "Größe/file/schön.txt > var:B", r"Größe/custom_field/key > var?:C"];
    let mut scenario = Scenario::of(keeper(), lines);
    scenario.run();
    assert_eq!([scenario.value("A"), scenario.value("B")], ["s3cr3t-p4ssw0rd", "content-a"]);
    assert_eq!(scenario.warnings().len(), 1, "two labels look like this one: {:?}", scenario.warnings());
}

/// The time of a run with a record of this many fields.
fn time_of(lines: &[&str], count: usize) -> Duration {
    let fields: Vec<Value> = (0..count)
        .map(|number| json!({ "type": "text", "label": format!("label {number}"), "value": [format!("value {number}")] }))
        .collect();
    let raw = json!({ "title": "Database", "custom": fields }).to_string();
    let started = Instant::now();
    let scenario = run(&raw, lines);
    drop(scenario);
    started.elapsed()
}

#[test]
fn the_time_that_a_record_takes_grows_with_its_fields_and_not_faster() {
    for (lines, count) in [(["Database/custom_field/nothing > var?:X"], 2_000), (["Database/* > var:D_*"], 400)] {
        let (few, many) = (time_of(&lines, count), time_of(&lines, 10 * count));
        // There are ten times as many fields; quadratic time would be a hundred times as long.
        assert!(many < few * 40 + Duration::from_millis(500), "{lines:?}: {few:?}, then {many:?}");
    }
}

#[test]
fn a_very_long_name_draws_no_suggestion() {
    let records: Vec<Value> =
        (0..2_000).map(|number| json!({ "title": format!("{number}{}", "t".repeat(500)) })).collect();
    let line = format!("{}/field/password > var:X", "t".repeat(100_000));
    let mut scenario = Scenario::of(Keeper::holding(json!(records)), [line.as_str()]);
    scenario.answer();
    let started = Instant::now();
    assert!(scenario.problems()[0].contains("titles must match exactly"));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn letters_of_any_script_stay_letters_in_names() {
    let raw = json!({
        "title": "Database",
        "custom": [
            { "type": "text", "label": "パスワード", "value": ["k3y-one"] },
            { "type": "text", "label": "ユーザー", "value": ["k3y-two"] },
            { "type": "text", "label": "Größe", "value": ["k3y-three"] },
        ],
    });
    let scenario = run(&raw.to_string(), &["Database/* > var:DB_*"]);
    let names: Vec<&str> = scenario.variables(true, false).into_keys().collect();
    assert_eq!(names, ["DB_GRÖßE", "DB_パスワード", "DB_ユーザー"]);
}
