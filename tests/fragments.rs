//! Secrets in the wrong place: whatever input one is pasted into, and whatever is then wrong with it, no part of it is
//! shown that the agent would not recognize and mask.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::expect_used, clippy::panic, reason = "what a function here can't do fails the test")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ksm_task::inputs::Inputs;
use ksm_task::problem::Problem;
use ksm_task::retrieval::{Next, Notice};
use serde_json::Value;
use support::keeper::{Description, Keeper};
use support::scenario::{NOW_MS, Scenario, options};

/// The number of consecutive characters of a secret that are too many to show.
const TELLING_LEN: usize = 6;

/// A password made to be taken apart: `@` becomes the character under test.
const PASSWORD: &str = "qW3rtz-Uiop9As@dFgh6Jklm/Yxc8vbn-Mnbv5cx@yLkj4hgf";

/// Secrets that a person may paste, by their kind.
fn secrets() -> Vec<(String, String)> {
    let config = keeper().config();
    let encoded = STANDARD.encode(&config);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", wrapped(&encoded, 64));
    let mut secrets = vec![
        ("a config in JSON".to_owned(), config.clone()),
        ("an indented config".to_owned(), config.replace(",\"", ",\n    \"").replace('{', "{\n\t").replace('}', "\n}")),
        ("a config in Base64".to_owned(), encoded.clone()),
        ("wrapped Base64".to_owned(), wrapped(&encoded, 76)),
        ("Base64 for URLs".to_owned(), URL_SAFE_NO_PAD.encode(&config)),
        ("Base64 of Base64".to_owned(), STANDARD.encode(&encoded)),
        ("a key in PEM".to_owned(), pem),
        ("a config after a byte order mark".to_owned(), format!("\u{FEFF}{config}")),
        ("a notation in Base64".to_owned(), STANDARD.encode(PASSWORD)),
        ("zero-width characters".to_owned(), PASSWORD.replace('@', "\u{200B}")),
    ];
    for c in "/>[]#\\:+?*=$|{}'\" \t,;%@~&^!`()\u{A0}\u{FEFF}".chars() {
        secrets.push((format!("a password with {c:?}"), PASSWORD.replace('@', &c.to_string())));
    }
    for part in
        ["/field/", "/type/", "/feild/", "]x[", "[1", "> var:", "$(x", ")", "> ", "var+jsno:", "${keeper://", "\\q"]
    {
        secrets.push((format!("a password with {part:?}"), PASSWORD.replace('@', part)));
    }
    secrets
}

fn wrapped(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

fn keeper() -> Keeper {
    let holds = r#"[{"title": "Database", "fields": [{"type": "password", "value": ["s3cr3t-p4ssw0rd"]}]}]"#;
    Keeper::holding(serde_json::from_str::<Description>(holds).expect("a vault"))
}

/// Every way in which a secret can get into an input.
fn ways(secret: &str) -> Vec<(&'static str, Inputs)> {
    let config = keeper().config();
    let inputs = || Inputs::new(&config, "Database/field/password > var:A");
    let lines = |lines: String| Inputs::new(&config, &lines);
    let of = |text: &str| text.to_owned();
    vec![
        ("secrets: alone", lines(of(secret))),
        ("secrets: as notation", lines(format!("{secret} > A"))),
        ("secrets: as record", lines(format!("{secret}/field/password > A"))),
        ("secrets: as label", lines(format!("Database/field/{secret} > A"))),
        ("secrets: as custom label", lines(format!("Database/custom_field/{secret} > var:A"))),
        ("secrets: as index", lines(format!("Database/field/password[{secret}] > var:A"))),
        ("secrets: as second index", lines(format!("Database/field/password[0][{secret}] > var:A"))),
        ("secrets: as attachment", lines(format!("Database/file/{secret} > file:A"))),
        ("secrets: as selector", lines(format!("Database/{secret} > A"))),
        ("secrets: as destination", lines(format!("Database/field/password > {secret}"))),
        ("secrets: as variable", lines(format!("Database/field/password > var:{secret}"))),
        ("secrets: as file", lines(format!("Database/field/password > file:{secret}"))),
        ("secrets: as kind", lines(format!("Database/field/password > {secret}:A"))),
        ("secrets: as form", lines(format!("Database/field/password > var+{secret}:A"))),
        ("secrets: twice", lines(format!("Database/field/password > {secret}\nDatabase/title > {secret}"))),
        ("secrets: optional", lines(format!("{secret}/field/x > var?:A\nDatabase/field/{secret} > var?:B"))),
        ("secrets: behind a comment", lines(format!("Database/field/password > var:A # {secret}"))),
        ("secretsFile", Inputs { secrets_file: of(secret), ..inputs() }),
        ("templates", Inputs { templates: of(secret), ..inputs() }),
        ("templates: as template", Inputs { templates: format!("{secret} > A"), ..inputs() }),
        ("templates: as file", Inputs { templates: format!("in.txt > {secret}"), ..inputs() }),
        ("mode", Inputs { mode: of(secret), ..inputs() }),
        ("outputPolicy", Inputs { output_policy: of(secret), ..inputs() }),
        ("keepFiles", Inputs { keep_files: of(secret), ..inputs() }),
        ("timeoutInSeconds", Inputs { timeout_in_seconds: of(secret), ..inputs() }),
        ("keepersecretconfig", Inputs { config: secret.into(), ..inputs() }),
        ("KSM_CONFIG", Inputs { config: "".into(), environment: secret.into(), ..inputs() }),
        ("keeperConnection", Inputs { config: "".into(), connection: secret.into(), ..inputs() }),
        ("in the middle", lines(format!("Database/field/password > var:X{secret}Y"))),
        ("in the middle of a title", lines(format!("My {secret} title/field/password > var:X"))),
    ]
}

#[test]
fn a_secret_comes_to_every_input() {
    let manifest: Value = serde_json::from_str(include_str!("../task/task.json")).expect("JSON");
    let inputs: Vec<&str> =
        manifest["inputs"].as_array().expect("a list").iter().filter_map(|input| input["name"].as_str()).collect();
    let tried: Vec<&str> = ways("x").iter().map(|(way, _)| way.split(':').next().unwrap_or_default()).collect();
    // The core does not get this input.
    let missing: Vec<_> = inputs.into_iter().filter(|name| *name != "caCertificate" && !tried.contains(name)).collect();
    assert_eq!(missing, [""; 0], "`ways` in tests/fragments.rs tries a secret in every input of task/task.json");
}

#[test]
fn every_input_shows_that_a_variable_was_not_replaced() {
    for (way, inputs) in ways("$(nope)").into_iter().filter(|(way, _)| !way.contains(' ') || *way == "secrets: alone") {
        let mut scenario = Scenario::with(keeper(), inputs, options(), NOW_MS);
        scenario.run();
        let Next::Fail([problem, ..]) = scenario.next() else { panic!("{way}: `$(nope)` was taken for a value") };
        let text = problem.render();
        assert!(["`$(nope)`", "`$(…)`"].iter().any(|sign| text.contains(sign)), "{way}: {text}");
    }
}

/// The log of a run: problems, notices and the table at its end.
fn shown(inputs: Inputs) -> String {
    let mut scenario = Scenario::with(keeper(), inputs, options(), NOW_MS);
    scenario.files_to_read.insert("in.txt".to_owned(), "${keeper://Database/type}".to_owned());
    scenario.run();
    let mut texts: Vec<String> =
        scenario.notices.iter().map(|(Notice::Info(text) | Notice::Warning(text))| text.clone()).collect();
    match scenario.next() {
        Next::Fail(problems) => texts.extend(problems.iter().map(Problem::render)),
        Next::Finish(plan) => {
            for row in &plan.report.rows {
                texts.extend([row.line.clone(), row.secret.clone(), row.destination.clone()]);
            }
        }
        next => panic!("expected an end, found {next:?}"),
    }
    texts.join("\n")
}

/// The agent masks a secret as a whole, and also trimmed.
fn masked(text: &str, secret: &str) -> String {
    text.replace(secret, "***").replace(secret.trim_matches([' ', '\r', '\n']), "***")
}

/// The first part of a secret that a text shows, except in our own words.
fn leak(text: &str, secret: &str, own: &str) -> Option<String> {
    let chars: Vec<char> = secret.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let windows = chars.windows(TELLING_LEN).map(|window| window.iter().collect::<String>());
    windows.into_iter().find(|window| !own.contains(window.as_str()) && text.contains(window.as_str()))
}

#[test]
fn no_part_of_a_secret_is_shown_wherever_it_is_pasted() {
    // Words of our own messages, and the host in the config.
    let own = "Database/field/password > var: /field/ custom_field keepersecretconfig hostname privateKey clientId appKey \
               serverPublicKeyId \"clientKey -----BEGIN PRIVATE KEY----- -----END keeper.test";
    let mut leaks = Vec::new();
    let mut runs = 0;
    for (what, secret) in secrets() {
        let decoded = STANDARD.decode(&secret).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        for (way, inputs) in ways(&secret) {
            let text = masked(&shown(inputs), &secret);
            runs += 1;
            for hidden in [Some(&secret), decoded.as_ref()].into_iter().flatten() {
                if let Some(part) = leak(&text, hidden, own) {
                    leaks.push(format!("{what} in {way}: {part:?} in {text:?}"));
                }
            }
        }
    }
    assert!(runs > 1000, "only {runs} runs");
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));
}
