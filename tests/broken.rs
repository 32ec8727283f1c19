//! Unexpected content of a vault: members that have another type, are missing, nested, repeated, cut off or not
//! Unicode. The bad part is left out with a warning, and everything else is read.

#![cfg(not(target_arch = "wasm32"))]

mod support;

use serde_json::{Map, Value, json};
use support::keeper::{Keeper, answered, seal};
use support::scenario::Scenario;

const UID: &str = "DatabaseRecordUid00001";
const BAD: &str = "BadRecordUid0000000001";
const LINE: &str = "Database/field/password > var:DB_PASSWORD";

/// One value of each type, and its name in messages.
fn values_of_each_type() -> Vec<(Value, &'static str)> {
    vec![
        (json!(null), "null"),
        (json!(true), "a boolean"),
        (json!(17), "a number"),
        (json!(""), "a text"),
        (json!("none"), "a text"),
        (json!([]), "a list"),
        (json!([[[]]]), "a list"),
        (nested(200), "a list"),
        (json!({}), "an object"),
        (json!({ "a": { "b": null } }), "an object"),
    ]
}

/// Lists nested to this depth.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!([]), |inner, _| json!([inner]))
}

fn database() -> Value {
    json!({ "title": "Database", "uid": UID, "fields": [{ "type": "password", "value": ["s3cr3t-p4ssw0rd"] }] })
}

fn bad() -> Value {
    json!({
        "title": "Bad",
        "uid": BAD,
        "fields": [{ "type": "login", "value": ["alice"] }],
        "files": [{ "name": "a.txt", "uid": "BadFileUid000000000001", "text": "content-a" }],
    })
}

/// Asserts that the line's value comes from the good record whatever else there is, with these warnings.
fn assert_good_and_warned(vault: Value, warnings: &[String], about: &str) {
    let mut scenario = Scenario::of(Keeper::holding(vault), [LINE]);
    scenario.run();
    assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd", "{about}");
    // A record that can't be read might have the same title.
    let about_titles = |warning: &&&str| warning.starts_with("a title may also be that of");
    let told = scenario.warnings();
    let told: Vec<&&str> = told.iter().filter(|warning| !about_titles(warning)).collect();
    assert_eq!(told, warnings.iter().collect::<Vec<_>>(), "{about}");
}

#[test]
fn a_member_of_another_type_in_one_record_spoils_no_other() {
    let left_out = |member: &str, kind: &str, expected: &str| {
        format!("left out of the record {BAD}: `{member}` ({kind} instead of {expected})")
    };
    let unopened = |reason: &str| format!("the record {BAD} cannot be opened: {reason}");
    for (value, kind) in values_of_each_type() {
        for member in ["recordKey", "data", "files", "folderUid", "innerFolderUid", "revision", "isEditable", "links"] {
            let warnings = match (member, kind) {
                ("recordKey", "null") => vec![unopened("Keeper sent no key for it")],
                ("recordKey", "a text") if value == json!("") => vec![unopened("Keeper sent no key for it")],
                ("recordKey", "a text") => vec![unopened("its key does not decrypt with the application's key")],
                ("recordKey", _) => vec![unopened("its key is not a text")],
                ("data", "null") => vec![unopened("its data is missing")],
                ("data", "a text") if value == json!("") => vec![unopened("its data is missing")],
                ("data", "a text") => vec![unopened("its data does not decrypt with its key")],
                ("data", _) => vec![unopened("its data is not a text")],
                ("files", "a list") if value != json!([]) => vec![left_out("files[0]", "a list", "an object")],
                ("files", "a boolean" | "a number" | "a text" | "an object") => {
                    vec![left_out("files", kind, "a list")]
                }
                ("folderUid" | "innerFolderUid", "null" | "a text") => vec![],
                ("folderUid" | "innerFolderUid", _) => vec![left_out(member, kind, "a text")],
                _ => vec![],
            };
            let mut broken = bad();
            broken["wire"] = json!({ member: value });
            for records in [[database(), broken.clone()], [broken, database()]] {
                assert_good_and_warned(json!({ "records": records }), &warnings, &format!("{member}: {value}"));
            }
        }
    }
}

#[test]
fn a_record_without_a_uid_spoils_no_other() {
    for (value, kind) in values_of_each_type() {
        if value == json!("none") {
            continue;
        }
        let mut broken = bad();
        broken["wire"] = json!({ "recordUid": value });
        let mut warnings = Vec::new();
        if !matches!(kind, "null" | "a text") {
            warnings.push(format!("left out of a record without a UID: `recordUid` ({kind} instead of a text)"));
        }
        warnings.push("left out of Keeper's answer: 1 record without a UID".to_owned());
        assert_good_and_warned(json!([database(), broken]), &warnings, &value.to_string());
    }
}

#[test]
fn a_member_of_another_type_in_one_attachment_spoils_no_other() {
    let left_out = |member: &str, kind: &str| {
        format!("left out of the record {BAD}: `files[0].{member}` ({kind} instead of a text)")
    };
    let unopened =
        |reason: &str| format!("the attachment BadFileUid000000000001 of the record {BAD} cannot be opened: {reason}");
    for (value, kind) in values_of_each_type() {
        for member in ["fileUid", "fileKey", "data", "url", "thumbnailUrl"] {
            let is_missing = kind == "null" || value == json!("");
            let warnings = match (member, kind) {
                ("fileKey", _) if is_missing => vec![unopened("Keeper sent no key for it")],
                ("fileKey", "a text") => vec![unopened("its key does not decrypt with the record's key")],
                ("fileKey", _) => vec![unopened("its key is not a text")],
                ("data", _) if is_missing => vec![unopened("its metadata is missing")],
                ("data", "a text") => vec![unopened("its metadata does not decrypt")],
                ("data", _) => vec![unopened("its metadata is not a text")],
                ("fileUid" | "url", "a boolean" | "a number" | "a list" | "an object") => vec![left_out(member, kind)],
                _ => vec![],
            };
            let mut broken = bad();
            broken["files"][0]["wire"] = json!({ member: value });
            broken["files"].as_array_mut().unwrap().push(json!({ "name": "b.txt", "text": "content-b" }));
            let lines = [LINE, "Bad/field/login > var:LOGIN", "Bad/file/b.txt > var:B"];
            let mut scenario = Scenario::of(Keeper::holding(json!([database(), broken])), lines);
            scenario.run();
            let values = ["DB_PASSWORD", "LOGIN", "B"].map(|name| scenario.value(name));
            assert_eq!(values, ["s3cr3t-p4ssw0rd", "alice", "content-b"], "{member}: {value}");
            assert_eq!(scenario.warnings(), warnings, "{member}: {value}");
        }
    }
}

#[test]
fn a_member_of_another_type_in_one_folder_spoils_no_other() {
    let vault = |wire: Value| {
        let mut record = bad();
        record["folder"] = json!("Bad");
        json!({
            "records": [database(), record],
            "folders": [{ "name": "Bad", "uid": "BadFolderUid0000000001", "wire": wire }],
        })
    };
    let left_out = |path: &str, kind: &str, expected: &str| {
        format!("left out of the shared folder BadFolderUid0000000001: `{path}` ({kind} instead of {expected})")
    };
    for (value, kind) in values_of_each_type() {
        let of_key = vec![
            "the shared folder BadFolderUid0000000001 cannot be opened".to_owned(),
            format!("the record {BAD} cannot be opened: its key does not decrypt with its folder's key"),
        ];
        assert_good_and_warned(vault(json!({ "folderKey": value })), &of_key, &format!("folderKey: {value}"));

        let of_records = match kind {
            "null" => vec![],
            "a list" if value == json!([]) => vec![],
            "a list" => vec![left_out("records[0]", kind, "an object")],
            _ => vec![left_out("records", kind, "a list")],
        };
        assert_good_and_warned(vault(json!({ "records": value })), &of_records, &format!("records: {value}"));

        let of_uid = match kind {
            "null" | "a text" => vec![],
            _ => vec![format!("left out of a shared folder without a UID: `folderUid` ({kind} instead of a text)")],
        };
        assert_good_and_warned(vault(json!({ "folderUid": value })), &of_uid, &format!("folderUid: {value}"));
    }
}

#[test]
fn a_member_of_another_type_in_the_answer_spoils_no_record() {
    let left_out = |path: &str, kind: &str, expected: &str| {
        vec![format!("left out of Keeper's answer: `{path}` ({kind} instead of {expected})")]
    };
    let answer = |member: &str, value: &Value| json!({ "records": [database()], "wire": { member: value } });
    for (value, kind) in values_of_each_type() {
        for member in ["appData", "encryptedAppKey", "appOwnerPublicKey", "expiresOn", "extra", "anythingElse"] {
            assert_good_and_warned(answer(member, &value), &[], &format!("{member}: {value}"));
        }
        let (of_folders, of_warnings) = match kind {
            "null" => (vec![], vec![]),
            "a list" if value == json!([]) => (vec![], vec![]),
            "a list" => (left_out("folders[0]", kind, "an object"), left_out("warnings[0]", kind, "a text")),
            _ => (left_out("folders", kind, "a list"), left_out("warnings", kind, "a list")),
        };
        assert_good_and_warned(answer("folders", &value), &of_folders, &format!("folders: {value}"));
        assert_good_and_warned(answer("warnings", &value), &of_warnings, &format!("warnings: {value}"));

        let mut in_folder = database();
        in_folder["folder"] = json!("Databases");
        let vault = json!({ "records": [in_folder], "wire": { "records": value } });
        let of_records = match kind {
            "null" => vec![],
            "a list" if value == json!([]) => vec![],
            "a list" => left_out("records[0]", kind, "an object"),
            _ => left_out("records", kind, "a list"),
        };
        assert_good_and_warned(vault, &of_records, &format!("records: {value}"));
    }
}

#[test]
fn strays_among_the_records_and_folders_are_left_out() {
    for (value, kind) in values_of_each_type().into_iter().filter(|(value, _)| !value.is_object()) {
        for list in ["records", "folders"] {
            let strays: Map<String, Value> = [(list.to_owned(), json!([value, value]))].into_iter().collect();
            let vault = json!({ "records": [database()], "strays": strays });
            let path = |index: usize| format!("`{list}[{index}]` ({kind} instead of an object)");
            let warning = format!("left out of Keeper's answer: {} and {}", path(0), path(1));
            assert_good_and_warned(vault, &[warning], &format!("{list}: {value}"));
        }
    }
}

#[test]
fn what_cannot_be_read_of_very_many_records_is_told_in_short() {
    let mut vault = json!({ "records": [database()], "wire": { "warnings": vec![json!(null); 5000] } });
    for number in 0..50 {
        let mut record = bad();
        record["title"] = json!(format!("Bad {number}"));
        record["uid"] = json!(format!("BadRecordUid00000000{number:02}"));
        record["wire"] = json!({ "files": vec![json!(null); 1000] });
        vault["records"].as_array_mut().unwrap().push(record);
    }
    let mut scenario = Scenario::of(Keeper::holding(vault), [LINE]);
    scenario.run();
    let told = scenario.warnings();
    assert_eq!(told.len(), 11);
    let null = |list: &str, index: usize, expected: &str| format!("`{list}[{index}]` (null instead of {expected})");
    let text = |index: usize| null("warnings", index, "a text");
    assert_eq!(told[0], format!("left out of Keeper's answer: {}, {}, {} and 4997 more", text(0), text(1), text(2)));
    let object = |index: usize| null("files", index, "an object");
    assert_eq!(
        told[9],
        format!(
            "left out of the record BadRecordUid0000000008: {}, {}, {} and 997 more",
            object(0),
            object(1),
            object(2)
        )
    );
    assert_eq!(told[10], "and 41 more that cannot be read");
}

#[test]
fn keeper_may_have_very_much_to_say() {
    let mut keeper = Keeper::holding(json!([database()]));
    keeper.warnings = vec!["access ends soon"; 3];
    let mut scenario = Scenario::of(keeper, [LINE]);
    scenario.run();
    assert_eq!(scenario.warnings(), ["Keeper says: access ends soon", "Keeper sent 2 more warnings"]);

    let warnings: Vec<String> = (0..200_000).map(|number| format!("warning {number}")).collect();
    let vault = json!({ "records": [database()], "wire": { "warnings": warnings } });
    let mut scenario = Scenario::of(Keeper::holding(vault), [LINE]);
    scenario.run();
    let told = scenario.warnings();
    assert_eq!(told.len(), 11);
    assert_eq!((told[9], told[10]), ("Keeper says: warning 9", "Keeper sent 199990 more warnings"));
}

#[test]
fn a_member_that_comes_twice_counts_by_its_last_value() {
    let mut scenario = Scenario::of(Keeper::holding(json!([database()])), [LINE]);
    let key = scenario.keeper.receive(scenario.sealed()).transmission_key;
    let answer = scenario.keeper.compose(&[]).to_string();
    let twice = answer.replacen("\"records\":", "\"records\":\"none\",\"records\":", 1);
    scenario.resume([answered(200, &seal(&key, twice.as_bytes()))]);
    assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd");
}

#[test]
fn a_record_whose_title_nobody_knows_may_be_the_one_that_is_asked_for() {
    let holding = |broken: Value| {
        let mut record = bad();
        record.as_object_mut().unwrap().extend(broken.as_object().unwrap().clone());
        Keeper::holding(json!([database(), record]))
    };
    for (broken, title) in [
        (json!({ "broken": "data" }), None),
        (json!({ "broken": "recordKey" }), None),
        (json!({ "wire": { "recordUid": null } }), None),
        (json!({ "raw": "[]" }), None),
        (json!({ "raw": r#"{"title":"Mail","fields":["# }), Some("Mail")),
    ] {
        let mut optional = Scenario::of(holding(broken.clone()), ["Mail/field/password > var?:X"]);
        optional.run();
        let problem = optional.problems().join("\n");
        let expected = match title {
            None => "line 1, column 1: no record with this UID or title is shared with this application, unless it \
                     is the one that cannot be opened\n  \
                       1 | Mail/field/password > var?:X\n    \
                         | ^^^^^^^^^^^^^^^^^^^\n\
                     hint: open and save in Keeper Vault what the warnings name, or share it again with the application"
                .to_owned(),
            Some(_) => format!(
                "line 1, column 1: the record {BAD} cannot be opened: what it decrypts to is not the JSON of a record\n  \
                   1 | Mail/field/password > var?:X\n    \
                     | ^^^^^^^^^^^^^^^^^^^\n\
                 hint: open and save it in Keeper Vault, or share it again with the application"
            ),
        };
        assert_eq!(problem, expected, "{broken}");
    }
}

#[test]
fn a_name_that_cannot_be_seen_is_not_that_of_a_record_without_a_title() {
    for title in [json!(""), json!("\u{200B}\u{200B}")] {
        let mut untitled = bad();
        untitled["title"] = title;
        let mut scenario =
            Scenario::of(Keeper::holding(json!([database(), untitled])), ["\u{200B}/field/login > var:X"]);
        scenario.run();
        let problem = scenario.problems().join("\n");
        assert!(problem.starts_with("line 1, column 1: no record with this UID or title"), "{problem}");
    }
}

#[test]
fn of_two_records_with_one_title_the_readable_one_is_not_taken_in_silence() {
    let twin = |broken: Value| {
        let mut record = bad();
        record["title"] = json!("Database");
        record.as_object_mut().unwrap().extend(broken.as_object().unwrap().clone());
        Keeper::holding(json!([database(), record]))
    };
    let mut hidden = Scenario::of(twin(json!({ "broken": "data" })), ["Database/field/password > var?:X"]);
    hidden.run();
    assert_eq!(hidden.value("X"), "s3cr3t-p4ssw0rd");
    assert_eq!(
        hidden.warnings(),
        [
            "a title may also be that of 1 record that cannot be opened: lines by title use the one that can; a UID would be unambiguous",
            &format!("the record {BAD} cannot be opened: its data does not decrypt with its key"),
        ]
    );

    // The readable part of its JSON contains the title.
    let mut known = Scenario::of(twin(json!({ "broken": "json" })), ["Database/field/password > var?:X"]);
    known.run();
    assert!(known.problems()[0].starts_with("line 1, column 1: 2 records have the title `Database`\n"));
}

#[test]
fn a_direct_record_may_name_the_folder_whose_key_wraps_its_own_in_either_way() {
    for member in ["folderUid", "innerFolderUid"] {
        let mut record = database();
        record["wrappedByFolderKey"] = json!("Databases");
        record["wire"] = json!({ "folderUid": null, "innerFolderUid": null });
        record["wire"][member] = json!("DatabasesFolderUid0001");
        let vault =
            json!({ "records": [record], "folders": [{ "name": "Databases", "uid": "DatabasesFolderUid0001" }] });
        assert_good_and_warned(vault, &[], member);
    }
}

#[test]
fn the_uid_of_a_folder_is_told_from_that_of_a_record() {
    let mut record = database();
    record["folder"] = json!("Databases");
    record["innerFolderUid"] = json!("InnerFolderUid00000001");
    let folders = json!([{ "name": "Databases", "uid": "DatabasesFolderUid0001" }]);
    for uid in ["DatabasesFolderUid0001", "InnerFolderUid00000001"] {
        let vault = json!({ "records": [record], "folders": folders });
        let line = format!("{uid}/field/password > var?:X");
        let mut scenario = Scenario::of(Keeper::holding(vault), [line.as_str()]);
        scenario.run();
        assert_eq!(
            scenario.problems(),
            [format!(
                "line 1, column 1: this is the UID of a folder, not of a record\n  \
                   1 | {line}\n    \
                     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
                 hint: name a record in it, by its UID or title"
            )]
        );
    }
}

#[test]
fn a_record_that_cannot_be_opened_is_not_the_one_with_another_uid() {
    let mut record = bad();
    record["broken"] = json!("data");
    let lines = [LINE, "SomeOtherRecordUid0001/field/password > var?:X"];
    let mut scenario = Scenario::of(Keeper::holding(json!([database(), record])), lines);
    scenario.run();
    assert_eq!(scenario.variables(true, false).into_keys().collect::<Vec<_>>(), ["DB_PASSWORD"]);
    assert!(
        scenario
            .warnings()
            .contains(&"line 2: skipped: no record with this UID or title is shared with this application")
    );
}

#[test]
fn a_name_as_documentation_seemed_to_show_it_is_told_as_such() {
    for (name, message, hint) in [
        (
            "DatabasesFolderUid0001 Database",
            "no record has this title, which looks like a UID followed by a title",
            "write one of them, best the UID alone, as in `UID/field/password`",
        ),
        (
            "[Database]",
            "no record has this title, which is in brackets",
            "leave the brackets out: documentation puts them around what you replace",
        ),
    ] {
        let line = format!("{name}/field/password > var:X");
        let mut scenario = Scenario::of(Keeper::holding(json!({ "records": [database()] })), [line.as_str()]);
        scenario.run();
        let problem = scenario.problems().remove(0);
        assert!(problem.starts_with(&format!("line 1, column 1: {message}\n")), "{problem}");
        assert!(problem.ends_with(&format!("\nhint: {hint}")), "{problem}");
    }
}
