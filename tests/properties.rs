//! Properties that hold for every input: nothing panics, every fault is within its line, what is printed reads back the
//! same.

#![cfg(not(target_arch = "wasm32"))]

use ksm_task::crypto::aes_gcm::RustCrypto;
use ksm_task::crypto::keys::TransmissionKey;
use ksm_task::inputs::mapping::{self, Source};
use ksm_task::inputs::notation::{self, FieldSelector, Index, Notation, Section, Selector};
use ksm_task::inputs::path::Platform;
use ksm_task::inputs::{config, template};
use ksm_task::outputs::mask::{Kind, Masks};
use ksm_task::outputs::{form, mask};
use ksm_task::problem::Problem;
use ksm_task::protocol::response::{self, HttpResponse};
use ksm_task::secret::SecretText;
use ksm_task::vault::totp::Totp;
use proptest::prelude::*;

/// Text that is likely to get deep into a parser: pieces of the grammar between arbitrary characters.
fn grammar_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("keeper://".to_owned()),
        Just("/field/".to_owned()),
        Just("/custom_field/".to_owned()),
        Just("/file/".to_owned()),
        Just("/*".to_owned()),
        Just("[0]".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("\\".to_owned()),
        Just(" > ".to_owned()),
        Just("var:".to_owned()),
        Just("file+json+0640?:".to_owned()),
        Just("$(".to_owned()),
        Just("${keeper://".to_owned()),
        Just("}".to_owned()),
        Just("|json".to_owned()),
        Just("\n".to_owned()),
        Just("#".to_owned()),
        "\\PC{0,6}",
        any::<char>().prop_map(|c| c.to_string()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn read(text: &str, platform: Platform) -> Result<Vec<mapping::Mapping>, Vec<Problem>> {
    mapping::parse(&[Source { file: None, text }], platform)
}

fn is_inside(problem: &Problem) -> bool {
    let Some(place) = &problem.place else { return true };
    place.line >= 1 && place.text.get(place.start..place.start + place.size).is_some()
}

/// The record, field or property with every special character escaped.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if "/[]\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

fn printed(notation: &Notation) -> String {
    let selector = match &notation.selector {
        Selector::Type => "type".to_owned(),
        Selector::Title => "title".to_owned(),
        Selector::Notes => "notes".to_owned(),
        Selector::WholeRecord => "*".to_owned(),
        Selector::File(name) => format!("file/{}", escaped(name)),
        Selector::Field(FieldSelector { section, field, index, property }) => {
            let section = if *section == Section::Standard { "field" } else { "custom_field" };
            let index = match (index, property) {
                (Index::First, None) => String::new(),
                (Index::First | Index::All, Some(property)) => format!("[][{}]", escaped(property)),
                (Index::All, None) => "[]".to_owned(),
                (Index::Nth(n), None) => format!("[{n}]"),
                (Index::Nth(n), Some(property)) => format!("[{n}][{}]", escaped(property)),
            };
            format!("{section}/{}{index}", escaped(field))
        }
    };
    format!("{}/{selector}", escaped(&notation.record))
}

fn masks_of(value: &str) -> Vec<SecretText> {
    let mut masks = Masks::default();
    masks.add_text(value, Kind::Field);
    masks.finish();
    masks.take()
}

fn masks_of_bytes(bytes: &[u8]) -> Vec<SecretText> {
    let mut masks = Masks::default();
    masks.add_bytes(bytes, Kind::Attachment);
    masks.finish();
    masks.take()
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in grammar_like(), other in any::<String>()) {
        for text in [&text, &other] {
            let _ = config::parse(text);
            let _ = config::secrets_of(text);
            let _ = Totp::parse(text);
            let _ = Totp::parse(&format!("otpauth://totp/x?{text}")).map(|totp| totp.code(0));
            let _ = masks_of(text);
            let _ = masks_of_bytes(text.as_bytes());
            let _ = form::dotenv_value(&SecretText::from(text.as_str()));
        }
    }

    #[test]
    fn every_fault_lies_inside_of_its_line(text in grammar_like()) {
        for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
            for problem in read(&text, platform).err().into_iter().flatten() {
                prop_assert!(is_inside(&problem), "{problem:?}");
                prop_assert!(!problem.render().is_empty());
            }
        }
        for problem in template::parse("in.txt", &text).err().into_iter().flatten() {
            prop_assert!(is_inside(&problem), "{problem:?}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_the_same(text in grammar_like()) {
        if let Ok(read) = notation::parse(&text) {
            // A record or label in Base64 may contain what means something else in plain text.
            let printed = printed(&read);
            prop_assert_eq!(notation::parse(&printed), Ok(read), "{}", printed);
        }
    }

    #[test]
    fn no_answer_makes_the_reader_panic(status in 100_u16..600, body in any::<Vec<u8>>(), json in grammar_like()) {
        let key = || TransmissionKey::new([7; 32]);
        for body in [body, json.clone().into_bytes(), format!("{{\"error\":\"{json}\",\"key_id\":{json}}}").into_bytes()] {
            let _ = response::read(HttpResponse { status, body, ..HttpResponse::default() }, Some(&key()), "ksm.test", &SecretText::default(), &RustCrypto);
        }
    }

    #[test]
    fn a_value_of_some_length_is_always_masked_and_no_mask_is_blank(value in "\\PC{0,40}|(\\PC{0,9}\n){0,5}") {
        let forms = masks_of(&value);
        let texts: Vec<&str> = forms.iter().map(SecretText::expose).collect();
        prop_assert!(texts.len() <= mask::BUDGET);
        prop_assert!(texts.iter().all(|text| !text.trim().is_empty()));
        if value.trim().chars().count() >= mask::MIN_WHOLE {
            prop_assert!(texts.contains(&value.as_str()));
            prop_assert!(texts.contains(&value.trim()));
        }
    }

    #[test]
    fn base64_of_any_text_around_a_value_holds_one_of_its_masks(
        value in "[!-~]{8,30}", before in "\\PC{0,7}", after in "\\PC{0,7}",
    ) {
        let encoded = ksm_task::base64::encode(format!("{before}{value}{after}").as_bytes());
        let masks = masks_of(&value);
        prop_assert!(masks.iter().any(|mask| encoded.contains(mask.expose())), "{encoded}");
    }

    #[test]
    fn base64_reads_back_in_every_spelling(bytes in any::<Vec<u8>>()) {
        let encoded = ksm_task::base64::encode(&bytes);
        let url_safe = encoded.replace('+', "-").replace('/', "_");
        let wrapped: String = encoded.chars().flat_map(|c| [c, '\n']).collect();
        for written in [encoded.as_str(), encoded.trim_end_matches('='), &url_safe, &wrapped] {
            prop_assert_eq!(ksm_task::base64::decode(written), Some(bytes.clone()), "{}", written);
        }
    }
}
