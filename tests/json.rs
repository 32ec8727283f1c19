//! JSON as read by two parsers: the core's and `serde_json`.

#![cfg(not(target_arch = "wasm32"))]

use ksm_task::json::Value;
use proptest::prelude::*;

/// Text that is JSON, or nearly.
fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"a\"".to_owned()),
        Just("\"a\":".to_owned()),
        Just("\"\\u00e9\\ud83d\\ude00\\n\"".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(" \t".to_owned()),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?",
        "\"[ -~]{0,4}\"",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Values of any kind, as another serializer writes them.
fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn both_readers_agree_on_what_is_json(text in json_like()) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(Value::parse(&text).is_ok(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn what_another_writer_writes_is_written_again_to_the_byte(value in json_value()) {
        let written = value.to_string();
        let read = Value::parse(&written).expect(&written);

        let again = read.to_json();
        prop_assert_eq!(again.expose(), written.as_str());
    }
}
