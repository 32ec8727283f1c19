//! Runs, step by step: what is requested, what becomes of each answer, what is reported if something goes wrong.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::panic, reason = "what a function here can't do fails the test")]

mod support;

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksm_task::inputs::path::Platform;
use ksm_task::inputs::{Inputs, config};
use ksm_task::outputs::plan::{Agent, Content};
use ksm_task::outputs::transform;
use ksm_task::protocol::failure::Failure;
use ksm_task::protocol::request::Sealed;
use ksm_task::protocol::response::{HttpOutcome, HttpResponse};
use ksm_task::retrieval::{IN_MEMORY_LIMIT, Next, Options};
use serde_json::{Value, json};
use support::entropy::{Dry, Stream};
use support::keeper::{self, Keeper, answered, header, seal_answer};
use support::run::Run;
use support::scenario::{NOW_MS, Scenario, Seen, TIMEOUT_MS, options};

const LINE: &str = "Database/field/password > var:DB_PASSWORD";
const UID: &str = "DatabaseRecordUid00001";

fn database() -> Keeper {
    Keeper::holding(json!([{
        "title": "Database",
        "uid": UID,
        "fields": [{ "type": "password", "value": ["s3cr3t-p4ssw0rd"] }],
    }]))
}

fn asking() -> Scenario {
    Scenario::of(database(), [LINE])
}

/// A run whose time limit does not matter.
fn asking_patiently() -> Scenario {
    let keeper = database();
    let inputs = Inputs::new(&keeper.config(), LINE);
    Scenario::with(keeper, inputs, Options { timeout_ms: 3_600_000, ..options() }, NOW_MS)
}

fn refused(status: u16, body: &Value) -> [HttpOutcome; 1] {
    [answered(status, body.to_string().as_bytes())]
}

fn throttled() -> [HttpOutcome; 1] {
    refused(403, &json!({ "error": "throttled", "message": "throttled" }))
}

fn wants_key(id: &Value) -> [HttpOutcome; 1] {
    refused(401, &json!({ "error": "key", "key_id": id, "message": "invalid key id" }))
}

fn no_answer(code: &str) -> [HttpOutcome; 1] {
    [HttpOutcome::Failed(Failure::new(code))]
}

/// The one problem with which a run ended.
fn problem(scenario: &Scenario) -> String {
    let problems = scenario.problems();
    let [problem] = problems.as_slice() else { panic!("expected one problem, found {problems:#?}") };
    problem.clone()
}

/// Whether a pause has this length, give or take a quarter.
fn is_about(delay_ms: u64, expected_ms: u64) -> bool {
    (expected_ms * 3 / 4..=expected_ms * 5 / 4).contains(&delay_ms)
}

fn all_records() -> Seen {
    Seen::GetSecret(Vec::new())
}

#[test]
fn one_request_is_enough() {
    let mut scenario = asking();
    assert_eq!(scenario.request().delay_ms, 0);
    assert_eq!(scenario.request().limit, 128 * 1024 * 1024);
    scenario.run();
    assert_eq!(scenario.seen, [all_records()]);
    assert_eq!(scenario.variables(true, false), BTreeMap::from([("DB_PASSWORD", "s3cr3t-p4ssw0rd")]));
    assert_eq!(scenario.notices, []);

    let report = &scenario.plan().report;
    assert_eq!((report.requests, report.retries, report.records), (1, 0, 1));
    let [row] = report.rows.as_slice() else { panic!("one row") };
    assert_eq!(
        (row.line.as_str(), row.secret.as_str(), row.destination.as_str()),
        ("line 1", "Database/field/password", "var:DB_PASSWORD")
    );
}

#[test]
fn lines_that_name_uids_ask_for_those_records_only() {
    let keeper = Keeper::holding(json!([
        { "title": "A", "uid": "RecordUidOfA0000000001" },
        { "title": "B", "uid": "RecordUidOfB0000000002" },
        { "title": "C", "uid": "RecordUidOfC0000000003" },
    ]));
    let lines = [
        "RecordUidOfB0000000002/title > var:B",
        "RecordUidOfA0000000001/title > var:A",
        "RecordUidOfB0000000002/type > var:B_TYPE",
    ];
    let mut scenario = Scenario::of(keeper, lines);
    scenario.run();
    let asked = ["RecordUidOfB0000000002", "RecordUidOfA0000000001"].map(str::to_owned);
    assert_eq!(scenario.seen, [Seen::GetSecret(asked.to_vec())]);
    assert_eq!(scenario.plan().report.records, 2);
}

#[test]
fn one_title_asks_for_all_records() {
    let keeper = Keeper::holding(json!([{ "title": "A", "uid": "RecordUidOfA0000000001" }, { "title": "B" }]));
    let mut scenario = Scenario::of(keeper, ["RecordUidOfA0000000001/title > var:A", "B/title > var:B"]);
    scenario.run();
    assert_eq!(scenario.seen, [all_records()]);
}

#[test]
fn a_second_look_is_taken_only_for_what_looks_like_a_uid_and_is_none() {
    let title = "LooksLikeAUidButIsNone";
    for (asked_for, looks) in [
        (title, vec![Seen::GetSecret(vec![title.to_owned()]), all_records()]),
        (UID, vec![Seen::GetSecret(vec![UID.to_owned()])]),
        ("Database", vec![all_records()]),
    ] {
        let keeper = Keeper::holding(json!([{ "title": title }, { "title": "Database", "uid": UID }]));
        let line = format!("{asked_for}/title > var:TITLE");
        let mut scenario = Scenario::of(keeper, [line.as_str()]);
        scenario.run();
        assert_eq!(scenario.seen, looks, "{asked_for}");
        assert_eq!(scenario.plan().report.requests, looks.len(), "{asked_for}");
        assert_eq!(scenario.plan().report.retries, 0, "{asked_for}");
    }
}

#[test]
fn a_refused_key_id_gives_way_to_the_one_keeper_names() {
    for named in [json!(10), json!("10")] {
        let keeper = database();
        let inputs = Inputs::new(&keeper.config_for_known_key("7"), &format!("{UID}/field/password > var:X"));
        let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
        assert_eq!(header(scenario.sealed(), "PublicKeyId"), "7");
        let first_key = scenario.drawn_transmission_key();

        scenario.resume(wants_key(&named));

        assert_eq!(header(scenario.sealed(), "PublicKeyId"), "10", "{named}");
        assert_eq!(scenario.request().delay_ms, 0);
        let key = scenario.drawn_transmission_key();
        assert_ne!(key, first_key);
        let body = keeper::open(&key, &scenario.sealed().body).expect("the body opens");
        let payload: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(payload["requestedRecords"], json!([UID]), "the filter stays");

        let answer = seal_answer(&key, &scenario.keeper.compose(&[]));
        scenario.resume([answer]);
        assert_eq!(scenario.value("X"), "s3cr3t-p4ssw0rd");
        assert_eq!((scenario.plan().report.requests, scenario.plan().report.retries), (2, 1));
    }
}

#[test]
fn keeper_may_name_another_key_twice_in_a_run() {
    let keeper = database();
    let inputs = Inputs::new(&keeper.config_for_known_key("7"), LINE);
    let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    scenario.resume(wants_key(&json!(10))).resume(wants_key(&json!(8)));
    assert_eq!(header(scenario.sealed(), "PublicKeyId"), "8");
    scenario.resume(wants_key(&json!(9)));
    assert_eq!(
        problem(&scenario),
        "Keeper asks for another server key each time\n\
         hint: make a new config for this application"
    );
}

#[test]
fn a_key_that_cannot_be_had_ends_the_run() {
    for (named, asked) in [
        (json!(99), "the server key 99, which this task does not know"),
        (json!("99999999999999"), "another server key without a valid id"),
        (json!("10; DROP"), "another server key without a valid id"),
        (json!(-7), "another server key without a valid id"),
        (json!(7), "the server key 7, which it was just sent"),
        (Value::Null, "another server key without a valid id"),
    ] {
        let keeper = database();
        let inputs = Inputs::new(&keeper.config_for_known_key("7"), LINE);
        let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
        scenario.resume(wants_key(&named));
        assert_eq!(
            problem(&scenario),
            format!("Keeper asks for {asked}\nhint: make a new config for this application"),
            "{named}"
        );
    }
}

#[test]
fn a_key_of_the_config_is_never_given_up() {
    let mut scenario = asking();
    scenario.resume(wants_key(&json!(10)));
    assert_eq!(
        problem(&scenario),
        "Keeper asks for the server key 10, but the config brings a `serverPublicKey` of its own, which Keeper refuses\n\
         hint: make a new config for this application"
    );
}

#[test]
fn a_throttled_request_is_sent_again_after_a_wait() {
    for outcome in [
        refused(429, &json!({ "error": "throttled", "message": "throttled" })),
        refused(403, &json!({ "result_code": "throttled" })),
        refused(429, &json!({ "error": "generic" })),
        // From the edge of Keeper's network.
        [answered(429, b"<html>Too Many Requests</html>")],
        [answered(429, b"")],
    ] {
        let mut scenario = asking();
        scenario.resume(outcome);
        let delay_ms = scenario.request().delay_ms;
        // Keeper counts requests over 10 s, and only silence helps.
        assert!((11_000..23_000).contains(&delay_ms), "{delay_ms}");
        // The clock starts at 22:13:20.
        let until_s = 20 + delay_ms.div_ceil(1000);
        assert_eq!(scenario.infos(), [format!("Keeper throttles this device: waiting until 22:13:{until_s} UTC")]);
        scenario.run();
        assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd");
        assert_eq!(scenario.plan().report.retries, 1);
    }
}

#[test]
fn whoever_is_throttled_comes_back_until_the_limit_for_that() {
    let mut scenario = asking();
    let mut times = Vec::new();
    while scenario.is_asking() {
        times.push(scenario.now_ms);
        assert_eq!(scenario.request().timeout_ms, Some(TIMEOUT_MS), "the network's time does not run meanwhile");
        scenario.resume(throttled());
    }
    // Every twelve seconds for ten minutes, except for eleven meetings of which about half are skipped.
    assert!((38..=50).contains(&times.len()), "{}", times.len());
    assert_eq!(
        problem(&scenario),
        "Keeper throttles this device; it would be free only after the limit of 600 s for that\n\
         hint: give each pipeline a device of its own, start fewer jobs at once, or raise `timeoutInSeconds`"
    );
}

#[test]
fn jobs_of_one_device_meet_by_keepers_clock() {
    let arrival_ms = |agent_is_late_ms: u64| {
        let mut scenario = asking();
        let sent_ms = scenario.now_ms;
        let throttled = HttpResponse {
            status: 429,
            date_ms: Some(sent_ms + agent_is_late_ms),
            at_ms: Some(sent_ms),
            ..HttpResponse::default()
        };
        scenario.resume([HttpOutcome::Answered(throttled)]);
        sent_ms + agent_is_late_ms + scenario.request().delay_ms
    };
    let (right, late) = (arrival_ms(0), arrival_ms(120_000));
    assert_eq!((late - right) % 12_000, 0, "{right} {late}");
}

#[test]
fn keeper_may_say_how_long_to_be_silent() {
    let body = |retry_after: Value| refused(429, &json!({ "result_code": "throttled", "retry_after": retry_after }));
    let header =
        [HttpOutcome::Answered(HttpResponse { status: 429, retry_after_s: Some(5), ..HttpResponse::default() })];
    for (outcome, pause) in [
        (body(json!(3)), 3_000..3_750),
        (body(json!("7")), 7_000..8_750),
        (header, 5_000..6_250),
        (body(json!(25)), 25_000..37_000),
        (body(json!(-2)), 11_000..23_000),
        (body(json!(0)), 11_000..23_000),
    ] {
        let mut scenario = asking();
        scenario.resume(outcome);
        let found = scenario.request().delay_ms;
        assert!(pause.contains(&found), "{pause:?}: {found}");
    }
}

#[test]
fn throttling_beyond_the_limit_is_not_waited_for() {
    let mut scenario = asking();
    scenario.resume(refused(429, &json!({ "error": "throttled", "retry_after": 600 })));
    assert!(problem(&scenario).starts_with("Keeper throttles this device; "), "{}", problem(&scenario));

    let keeper = database();
    let inputs = Inputs { timeout_in_seconds: "30".to_owned(), ..Inputs::new(&keeper.config(), LINE) };
    let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    scenario.resume(throttled());
    scenario.resume(throttled());
    scenario.resume(throttled());
    assert!(
        problem(&scenario).starts_with("Keeper throttles this device; it would be free only after the limit of 30 s"),
        "{}",
        problem(&scenario)
    );
}

#[test]
fn the_authors_limit_is_that_of_a_servers_silence_too() {
    for (timeout_in_seconds, silence_ms) in [("", 30_000), ("120", 30_000), ("5", 30_000), ("300", 300_000)] {
        let keeper = database();
        let timeout_in_seconds = timeout_in_seconds.to_owned();
        let inputs = Inputs { timeout_in_seconds, ..Inputs::new(&keeper.config(), LINE) };
        let scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
        assert_eq!(scenario.request().silence_ms, silence_ms);
    }
}

#[test]
fn a_request_without_an_answer_is_sent_again_three_times() {
    let mut scenario = asking();
    for expected_ms in [500, 1_000, 2_000] {
        scenario.resume(no_answer("ECONNRESET"));
        let delay_ms = scenario.request().delay_ms;
        assert!(is_about(delay_ms, expected_ms), "{delay_ms} ms in place of {expected_ms} ms");
    }
    assert_eq!(scenario.infos(), ["no answer from keeper.test: the connection broke (ECONNRESET); trying again"; 3]);
    scenario.resume(no_answer("ECONNRESET"));
    assert_eq!(
        problem(&scenario),
        "no answer from keeper.test: the connection broke (ECONNRESET)\n\
         hint: check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)"
    );
}

#[test]
fn every_attempt_has_keys_of_its_own() {
    let mut scenario = asking_patiently();
    let outcomes = [no_answer("ETIMEDOUT"), refused(503, &json!({})), throttled(), [answered(500, b"oops")]];
    let mut requests: Vec<Sealed> = vec![scenario.sealed().clone()];
    for outcome in outcomes {
        scenario.resume(outcome);
        requests.push(scenario.sealed().clone());
    }
    let distinct = |part: &dyn Fn(&Sealed) -> Vec<u8>| requests.iter().map(part).collect::<HashSet<_>>().len();
    let keeper = database();
    assert_eq!(distinct(&|request| keeper.receive(request).transmission_key.to_vec()), 5, "transmission keys");
    assert_eq!(distinct(&|request| request.body.clone()), 5, "bodies");
    assert_eq!(distinct(&|request| request.body[..12].to_vec()), 5, "nonces");
    for name in ["TransmissionKey", "Authorization"] {
        assert_eq!(distinct(&|request| header(request, name).as_bytes().to_vec()), 5, "{name}");
    }
    let ephemeral_point =
        |request: &Sealed| STANDARD.decode(header(request, "TransmissionKey")).unwrap()[..65].to_vec();
    assert_eq!(distinct(&ephemeral_point), 5, "ephemeral keys");
}

#[test]
fn what_may_pass_is_tried_again() {
    let page = b"<html><title>502 Bad Gateway</title></html>";
    for (outcome, told) in [
        (no_answer("ENOTFOUND"), "no answer from keeper.test: its name cannot be resolved (ENOTFOUND)"),
        (no_answer("EAI_AGAIN"), "no answer from keeper.test: its name cannot be resolved at the moment (EAI_AGAIN)"),
        (no_answer("ECONNREFUSED"), "no answer from keeper.test: it refuses connections (ECONNREFUSED)"),
        (
            no_answer("ANSWER_TIMEOUT"),
            "no answer from keeper.test: it accepted the request but did not answer in time (ANSWER_TIMEOUT)",
        ),
        (no_answer("TRUNCATED"), "no answer from keeper.test: the answer ended too early (TRUNCATED)"),
        ([answered(408, b"")], "keeper.test is out of service (status 408)"),
        ([answered(500, b"")], "keeper.test is out of service (status 500)"),
        ([answered(502, page)], "keeper.test is out of service (status 502)"),
        ([answered(503, b"upstream connect error")], "keeper.test is out of service (status 503)"),
        ([answered(504, b"")], "keeper.test is out of service (status 504)"),
        (
            refused(500, &json!({ "error": "internal", "message": "database is down" })),
            "Keeper failed (status 500, internal): database is down",
        ),
    ] {
        let mut scenario = asking();
        scenario.resume(outcome);
        assert_eq!(scenario.infos(), [format!("{told}; trying again")], "{told}");
        let delay_ms = scenario.request().delay_ms;
        assert!(is_about(delay_ms, 500), "{told}: {delay_ms}");
        scenario.run();
        assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd", "{told}");
        assert_eq!((scenario.plan().report.requests, scenario.plan().report.retries), (2, 1), "{told}");
    }
}

#[test]
fn a_server_that_says_when_to_come_back_is_obeyed_within_the_time_limit() {
    let unavailable = |retry_after_s| {
        [HttpOutcome::Answered(HttpResponse {
            status: 503,
            retry_after_s: Some(retry_after_s),
            ..HttpResponse::default()
        })]
    };
    let mut scenario = asking();
    scenario.resume(unavailable(7));
    assert_eq!(scenario.request().delay_ms, 7_000);
    scenario.resume(unavailable(113));
    assert_eq!(
        problem(&scenario),
        "keeper.test is out of service (status 503)\n\
         hint: try again later; if other clients work, check the proxy"
    );
}

#[test]
fn what_will_be_the_same_next_time_ends_the_run() {
    let refusal = |code: &str, message: &str| json!({ "error": code, "message": message });
    let device = "check in Keeper Vault that the device was not removed, has not expired and is not locked to another \
                  IP address, and that the config is for this region";
    let other_host = "check the config's hostname and any proxy in between";
    let authority = "if a proxy of your company inspects TLS, give its authority's certificate (PEM) in the input \
                     `caCertificate`, or in NODE_EXTRA_CA_CERTS on the agent; the check cannot be turned off";
    let certificate = "check the config's hostname and any proxy in between; the check cannot be turned off";
    let reach = "check the config's hostname, and that the agent may connect to it (port 443, proxy, firewall)";
    for (outcome, message, hint) in [
        (
            refused(403, &refusal("access_denied", "Signature is invalid")),
            "Keeper refused the request (status 403, access_denied): Signature is invalid",
            "the config's private key does not belong to its device: make a new config",
        ),
        (
            refused(403, &refusal("access_denied", "Unknown device")),
            "Keeper refused the request (status 403, access_denied): Unknown device",
            device,
        ),
        (
            refused(400, &json!({ "result_code": "invalid_client_version", "additional_info": "not registered" })),
            "Keeper refused the request (status 400, invalid_client_version): not registered",
            "update this extension",
        ),
        (
            refused(401, &refusal("invalid_client", "")),
            "Keeper refused the request (status 401, invalid_client)",
            "the device does not exist any more: make a new config",
        ),
        (refused(400, &refusal("bad_request", "no")), "Keeper refused the request (status 400, bad_request): no", ""),
        (
            [answered(407, b"<!DOCTYPE html><p>proxy")],
            "keeper.test answered with status 407 and a web page, not as Keeper does",
            other_host,
        ),
        (
            [answered(404, b"not found")],
            "keeper.test answered with status 404 and a text, not as Keeper does",
            other_host,
        ),
        ([answered(302, b"")], "keeper.test answered with status 302 and nothing else, not as Keeper does", other_host),
        (
            [answered(200, b"\n<HTML><p>welcome to our network")],
            "keeper.test answered with status 200 and a web page, not as Keeper does",
            other_host,
        ),
        ([answered(200, b"")], "the answer of keeper.test cannot be read: it is empty", ""),
        (
            no_answer("SELF_SIGNED_CERT_IN_CHAIN"),
            "the certificate of keeper.test is not accepted: its issuer is not one that this agent trusts \
             (SELF_SIGNED_CERT_IN_CHAIN)",
            authority,
        ),
        (
            no_answer("CERT_HAS_EXPIRED"),
            "the certificate of keeper.test is not accepted: it has expired, or the agent's clock is wrong \
             (CERT_HAS_EXPIRED)",
            certificate,
        ),
        (no_answer("TOO_LARGE"), "the answer of keeper.test cannot be read: it is larger than allowed", ""),
        (no_answer("EPROTO"), "no answer from keeper.test: it does not speak TLS 1.2 or newer (EPROTO)", reach),
        (no_answer("ERR_UNHEARD_OF"), "no answer from keeper.test: ERR_UNHEARD_OF", reach),
    ] {
        let mut scenario = asking();
        scenario.resume(outcome);
        let hint = if hint.is_empty() { String::new() } else { format!("\nhint: {hint}") };
        assert_eq!(problem(&scenario), format!("{message}{hint}"));
        assert_eq!(scenario.notices, [], "{message}");
    }
}

#[test]
fn what_a_server_says_cannot_make_a_mess_of_the_log() {
    for (message, shown) in [
        ("a\r\nb\tc", "a  b c"),
        ("a\u{1b}[31mb", "…"),
        ("a\u{202e}b", "…"),
        (&"x".repeat(400), &"x".repeat(400)),
        (&"x".repeat(401), "…"),
    ] {
        let mut scenario = asking();
        scenario.resume(refused(400, &json!({ "error": "bad\nrequest", "message": message })));
        assert_eq!(problem(&scenario), format!("Keeper refused the request (status 400, bad request): {shown}"));
    }
}

#[test]
fn an_answer_that_was_changed_on_the_way_is_refused() {
    let answers = asking().answers();
    let [HttpOutcome::Answered(answer)] = answers.as_slice() else { panic!("one answer") };
    let last = answer.body.len() - 1;
    for at in [0, 11, 12, last / 2, last - 16, last] {
        let mut changed = answer.body.clone();
        changed[at] ^= 1;
        for body in [&changed[..], &answer.body[..at.max(1)]] {
            let mut scenario = asking();
            scenario.resume([answered(200, body)]);
            assert_eq!(
                problem(&scenario),
                "the answer of keeper.test cannot be read: it does not decrypt with this request's key, so it was \
                 changed on the way",
                "byte {at} of {}",
                body.len()
            );
        }
    }
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let mut scenario = asking();
    let first = scenario.answers();
    scenario.resume(no_answer("ECONNRESET")).resume(first);
    assert_eq!(
        problem(&scenario),
        "the answer of keeper.test cannot be read: it does not decrypt with this request's key, so it was changed on \
         the way"
    );
}

#[test]
fn what_decrypts_to_something_else_than_an_answer_is_refused() {
    for plaintext in [json!("text"), json!(null), json!(1), json!([])] {
        let mut scenario = asking();
        let key = scenario.keeper.receive(scenario.sealed()).transmission_key;
        scenario.resume([seal_answer(&key, &plaintext)]);
        assert_eq!(
            problem(&scenario),
            "the answer of keeper.test cannot be read: what it decrypts to is not the JSON of an answer",
            "{plaintext}"
        );
    }
}

#[test]
fn lists_may_be_null_or_left_out() {
    for answer in [json!({}), json!({ "records": null, "folders": null, "warnings": null }), json!({ "records": [] })] {
        let mut scenario = asking();
        let key = scenario.keeper.receive(scenario.sealed()).transmission_key;
        scenario.resume([seal_answer(&key, &answer)]);
        assert_eq!(
            problem(&scenario),
            "line 1, column 1: no record with this UID or title is shared with this application\n  \
               1 | Database/field/password > var:DB_PASSWORD\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: nothing is shared with this application yet: share the record, or its folder, in Keeper Vault",
            "{answer}"
        );
    }
}

#[test]
fn what_keeper_says_to_the_owner_is_passed_on() {
    let mut keeper = database();
    keeper.warnings = vec!["access ends\nin three days"];
    let mut scenario = Scenario::of(keeper, [LINE]);
    scenario.run();
    assert_eq!(scenario.warnings(), ["Keeper says: access ends in three days"]);
}

#[test]
fn copies_of_a_record_are_one_record_and_the_first_that_opens_is_read() {
    let keeper = Keeper::holding(json!({
        "folders": [{ "name": "Broken", "uid": "BrokenFolderUid0000001", "broken": "folderKey" }],
        "records": [{
            "title": "Database",
            "folder": ["Broken", "Good"],
            "fields": [{ "type": "password", "value": ["s3cr3t-p4ssw0rd"] }],
        }],
    }));
    let mut scenario = Scenario::of(keeper, [LINE]);
    scenario.run();
    assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd");
    assert_eq!(scenario.plan().report.records, 1);
    assert_eq!(scenario.warnings(), ["the shared folder BrokenFolderUid0000001 cannot be opened"]);
}

#[test]
fn a_direct_record_may_be_wrapped_by_its_folders_key() {
    let keeper = Keeper::holding(json!([{
        "title": "Database",
        "wrappedByFolderKey": "Databases",
        "fields": [{ "type": "password", "value": ["s3cr3t-p4ssw0rd"] }],
    }]));
    let mut scenario = Scenario::of(keeper, [LINE]);
    scenario.run();
    assert_eq!(scenario.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd");
}

#[test]
fn a_bad_record_matters_to_the_line_that_needs_it_only() {
    for (broken, reason) in [
        ("recordKey", "its key does not decrypt with the application's key"),
        ("data", "its data does not decrypt with its key"),
        ("json", "what it decrypts to is not the JSON of a record"),
        ("noKey", "Keeper sent no key for it"),
    ] {
        let holding = || {
            Keeper::holding(json!([
                { "title": "Broken", "uid": "BrokenRecordUid0000001", "broken": broken },
                { "title": "Database", "uid": UID, "fields": [{ "type": "password", "value": ["s3cr3t-p4ssw0rd"] }] },
            ]))
        };
        let told = format!("the record BrokenRecordUid0000001 cannot be opened: {reason}");

        let mut by_title = Scenario::of(holding(), [LINE]);
        by_title.run();
        assert_eq!(by_title.value("DB_PASSWORD"), "s3cr3t-p4ssw0rd", "{broken}");
        let may_be_twin = "a title may also be that of 1 record that cannot be opened: lines by title use the one that can; a UID would be unambiguous";
        // The title can be read from broken JSON.
        let of_title = (broken != "json").then_some(may_be_twin);
        let warnings: Vec<&str> = of_title.into_iter().chain([told.as_str()]).collect();
        assert_eq!(by_title.warnings(), warnings, "{broken}");

        let mut needed = Scenario::of(holding(), ["BrokenRecordUid0000001/field/password > var:X"]);
        needed.run();
        assert_eq!(
            problem(&needed),
            format!(
                "line 1, column 1: {told}\n  \
                   1 | BrokenRecordUid0000001/field/password > var:X\n    \
                     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
                 hint: open and save it in Keeper Vault, or share it again with the application"
            ),
            "{broken}"
        );
    }
}

#[test]
fn a_bad_attachment_matters_to_the_line_that_needs_it_only() {
    for (broken, reason) in
        [("fileKey", "its key does not decrypt with the record's key"), ("metadata", "its metadata does not decrypt")]
    {
        let holding = || {
            Keeper::holding(json!([{
                "title": "Certificates",
                "uid": UID,
                "files": [
                    { "name": "bad.txt", "uid": "BrokenFileUid000000001", "text": "bad", "broken": broken },
                    { "name": "good.txt", "text": "good-content" },
                ],
            }]))
        };
        let warning = format!("the attachment BrokenFileUid000000001 of the record {UID} cannot be opened: {reason}");

        let mut other = Scenario::of(holding(), ["Certificates/file/good.txt > file:good.txt"]);
        other.run();
        assert_eq!(other.files(), BTreeMap::from([("good.txt", &b"good-content"[..])]), "{broken}");
        assert_eq!(other.warnings(), [warning.as_str()], "{broken}");

        let mut needed = Scenario::of(holding(), ["Certificates/file/BrokenFileUid000000001 > file:x"]);
        needed.run();
        let told = problem(&needed);
        assert!(
            told.starts_with(&format!(
                "line 1, column 1: the attachment `BrokenFileUid000000001` cannot be opened: {reason}\n"
            )),
            "{told}"
        );
    }
}

fn certificates(files: &Value) -> Keeper {
    Keeper::holding(json!([{ "title": "Certificates", "files": files }]))
}

#[test]
fn a_small_attachment_is_held_in_memory_and_masked() {
    let keeper = certificates(&json!([{ "name": "cert.pem", "text": "the-certificate" }]));
    let mut scenario = Scenario::of(keeper, ["Certificates/file/cert.pem > file:cert.pem"]);
    scenario.answer();

    let request = scenario.request();
    assert_eq!(request.method, "GET");
    assert!(request.url.starts_with("https://storage.keeper.test/"), "{}", request.url);
    assert!(request.limit < 1 << 20, "an answer of {} bytes is no small one", request.limit);

    scenario.answer();
    let [file] = scenario.plan().files.as_slice() else { panic!("one file") };
    assert_eq!((file.line.as_str(), file.path.as_str(), file.mode), ("line 1", "cert.pem", 0o600));
    assert!(matches!(&file.content, Content::Bytes(bytes) if bytes.expose() == b"the-certificate"));
    assert!(scenario.masks.contains(&"the-certificate".to_owned()));
}

#[test]
fn a_large_attachment_goes_to_disk_on_the_way() {
    let limit = usize::try_from(IN_MEMORY_LIMIT).unwrap();
    for (file, goes_to_disk) in [
        (json!({ "name": "x", "bytes": limit }), false),
        (json!({ "name": "x", "bytes": limit + 1 }), true),
        (json!({ "name": "x", "bytes": 10, "noSize": true }), true),
        // Mobile clients write sizes as fractions.
        (json!({ "name": "x", "bytes": 10, "declaredSize": 10.0 }), false),
        (json!({ "name": "x", "bytes": 10, "declaredSize": "10" }), true),
        (json!({ "name": "x", "bytes": 10, "declaredSize": -1 }), true),
    ] {
        let keeper = certificates(&json!([file]));
        let mut scenario = Scenario::of(keeper, ["Certificates/file/x > file:folder/x"]);
        scenario.answer();
        if !goes_to_disk {
            assert_eq!(scenario.requests().len(), 1, "{file}");
            continue;
        }
        let downloads = scenario.downloads_wanted();
        let [download] = downloads.as_slice() else { panic!("one download for {file}") };
        assert_eq!((download.line.as_str(), download.path.as_str()), ("line 1", "folder/x"), "{file}");
        assert_eq!(download.request.method, "GET", "{file}");
        let id = download.id;
        scenario.answer();
        let [planned] = scenario.plan().files.as_slice() else { panic!("one file for {file}") };
        assert!(matches!(planned.content, Content::Download(planned) if planned == id), "{file}");
        assert_eq!(scenario.downloads[&id].len() as u64, file["bytes"].as_u64().unwrap(), "{file}");
    }
}

#[test]
fn an_attachment_of_another_size_than_declared_arrives_with_a_warning() {
    let keeper = certificates(&json!([{ "name": "cert.pem", "text": "the-certificate", "declaredSize": 7 }]));
    let mut scenario = Scenario::of(keeper, ["Certificates/file/cert.pem > file:cert.pem"]);
    scenario.run();
    assert_eq!(scenario.files(), BTreeMap::from([("cert.pem", &b"the-certificate"[..])]));
    assert_eq!(scenario.warnings(), ["line 1: the attachment has 15 bytes, its record says 7"]);
}

#[test]
fn an_attachment_that_was_changed_on_the_way_is_refused() {
    let keeper = || certificates(&json!([{ "name": "cert.pem", "text": "the-certificate" }]));
    let asked = || {
        let mut scenario = Scenario::of(keeper(), ["Certificates/file/cert.pem > file:cert.pem"]);
        scenario.answer();
        scenario
    };
    let blob = keeper().stored(&asked().request().url);
    for at in [0, 11, 12, blob.len() / 2, blob.len() - 1] {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        for body in [&changed[..], &blob[..at]] {
            let mut scenario = asked();
            scenario.resume([answered(200, body)]);
            assert_eq!(
                problem(&scenario),
                "line 1, column 1: the attachment `cert.pem` cannot be opened: its content does not decrypt with its \
                 key\n  \
                   1 | Certificates/file/cert.pem > file:cert.pem\n    \
                     | ^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
                 hint: run the pipeline again; if it still fails, upload it to the record again",
                "byte {at} of {}",
                body.len()
            );
        }
    }
}

#[test]
fn an_attachment_that_a_variable_cannot_hold_is_refused() {
    let limit = 131_072 - "SECRET_X=".len() - 1;
    for (file, message) in [
        (
            json!({ "name": "x", "base64": "AAEC" }),
            "the content is not text (UTF-8 without NUL), so it cannot be a variable".to_owned(),
        ),
        (
            json!({ "name": "x", "base64": "//79" }),
            "the content is not text (UTF-8 without NUL), so it cannot be a variable".to_owned(),
        ),
        (
            json!({ "name": "x", "text": "first line\nsecond line" }),
            "the value for `X` has several lines, which a secret variable of the agent cannot hold".to_owned(),
        ),
        (
            json!({ "name": "x", "text": "x".repeat(limit + 1), "declaredSize": 5 }),
            "the value has 131,063 bytes; a variable can hold 131,062 here".to_owned(),
        ),
    ] {
        let mut scenario = Scenario::of(certificates(&json!([file])), ["Certificates/file/x > var:X"]);
        scenario.run();
        let told = problem(&scenario);
        assert!(told.starts_with(&format!("line 1, column 1: {message}\n")), "{told}");
    }
    let mut scenario = Scenario::of(
        certificates(&json!([{ "name": "x", "text": "x".repeat(limit) }])),
        ["Certificates/file/x > var:X"],
    );
    scenario.run();
    assert_eq!(scenario.value("X").len(), limit);
}

#[test]
fn an_attachment_of_more_than_8_mib_takes_no_form() {
    let files = json!([{ "name": "fits", "text": "x", "declaredSize": 8 << 20 },
                       { "name": "large", "text": "x", "declaredSize": (8 << 20) + 1 }]);
    let lines = ["Certificates/file/fits > file+base64:fits", "Certificates/file/large > file+base64:large"];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.run();
    assert_eq!(
        problem(&scenario),
        "line 2, column 1: the attachment has more than 8 MiB, too much for a form or a template\n  \
           2 | Certificates/file/large > file+base64:large\n    \
             | ^^^^^^^^^^^^^^^^^^^^^^^"
    );
}

#[test]
fn an_attachment_that_says_that_it_is_too_large_is_not_downloaded() {
    let keeper = certificates(&json!([{ "name": "x", "text": "x", "declaredSize": 200_000 }]));
    let mut scenario = Scenario::of(keeper, ["Certificates/file/x > var:X"]);
    scenario.run();
    assert_eq!(
        problem(&scenario),
        "line 1, column 1: the attachment has 200,000 bytes; a variable can hold 131,062 here\n  \
           1 | Certificates/file/x > var:X\n    \
             | ^^^^^^^^^^^^^^^^^^^\n\
         hint: write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`"
    );
    assert_eq!(scenario.seen, [all_records()]);
}

#[test]
fn the_environment_is_narrower_on_windows() {
    let keeper = || Keeper::holding(json!([{ "title": "Long", "notes": "x".repeat(32_758) }]));
    for (platform, result) in [
        (Platform::Linux, None),
        (Platform::MacOs, None),
        (Platform::Windows, Some("the value has 32,758 bytes; a variable can hold 32,757 here")),
    ] {
        let keeper = keeper();
        let inputs = Inputs::new(&keeper.config(), "Long/notes > var:X");
        let agent = Agent { platform, ..Agent::default() };
        let mut scenario = Scenario::with(keeper, inputs, Options { agent, ..options() }, NOW_MS);
        scenario.run();
        match result {
            None => assert_eq!(scenario.value("X").len(), 32_758, "{platform:?}"),
            Some(message) => assert!(problem(&scenario).contains(message), "{}", problem(&scenario)),
        }
    }
}

/// Two attachments, one that is held in memory and one that goes to disk.
fn two_attachments() -> Scenario {
    let files = json!([{ "name": "small", "text": "small-content" }, { "name": "large", "bytes": 66_000 }]);
    let lines = ["Certificates/file/small > file:small", "Certificates/file/large > file:large"];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.answer();
    scenario
}

#[test]
fn a_download_that_may_succeed_next_time_is_tried_again() {
    for outcome in [no_answer("ECONNRESET"), no_answer("TRUNCATED"), [answered(503, b"")]] {
        let mut scenario = two_attachments();
        for expected_ms in [500, 1_000, 2_000] {
            scenario.resume(outcome.clone());
            assert!(is_about(scenario.request().delay_ms, expected_ms), "{outcome:?}");
        }
        scenario.answer();
        for expected_ms in [500, 1_000, 2_000] {
            scenario.resume(outcome.clone());
            let delay_ms = scenario.downloads_wanted()[0].request.delay_ms;
            assert!(is_about(delay_ms, expected_ms), "{outcome:?}");
        }
        scenario.answer();
        assert_eq!(scenario.files()["small"], b"small-content");
        let report = &scenario.plan().report;
        assert_eq!((report.requests, report.downloads, report.retries), (1, 8, 6), "{outcome:?}");
    }
}

#[test]
fn only_the_attachments_that_failed_are_asked_for_again() {
    let files = json!([{ "name": "a", "text": "content of a" }, { "name": "b", "text": "content of b" }]);
    let lines = ["Certificates/file/a > file:a", "Certificates/file/b > file:b"];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.answer();
    let [a, _] = scenario.answers().try_into().expect("two answers");
    let url_of_b = scenario.requests()[1].url.clone();

    scenario.resume([a, answered(500, b"")]);

    assert_eq!(scenario.request().url, url_of_b);
    scenario.answer();
    assert_eq!(scenario.files(), BTreeMap::from([("a", &b"content of a"[..]), ("b", b"content of b")]));
}

#[test]
fn a_download_that_will_not_succeed_ends_the_run() {
    for (outcome, message, hint) in [
        ([answered(404, b"")], "the download of the attachment `NAME` failed with status 404", ""),
        ([answered(302, b"")], "the download of the attachment `NAME` failed with status 302", ""),
        (
            no_answer("TOO_LARGE"),
            "the download of the attachment `NAME` failed: it is larger than allowed (TOO_LARGE)",
            "",
        ),
        (
            no_answer("NOT_HTTPS"),
            "the download of the attachment `NAME` failed: its address is not https (NOT_HTTPS)",
            "",
        ),
    ] {
        let message_of = |name: &str, line| {
            let message = message.replace("NAME", name);
            let text = format!("Certificates/file/{name} > file:{name}");
            let carets = "^".repeat(18 + name.len());
            format!("line {line}, column 1: {message}\n  {line} | {text}\n    | {carets}{hint}")
        };
        let mut small = two_attachments();
        small.resume(outcome.clone());
        if matches!(&outcome[0], HttpOutcome::Failed(failure) if failure.code == "TOO_LARGE") {
            // It is requested again, without the limit from its record.
            assert_eq!(small.downloads_wanted()[0].request.limit, 16 << 30);
            small.resume([outcome[0].clone(), answered(200, b"")]);
        }
        assert_eq!(problem(&small), message_of("small", 1));

        let mut large = two_attachments();
        large.answer().resume(outcome.clone());
        if matches!(large.next(), Next::Download(_)) {
            assert_eq!(large.downloads_wanted()[0].request.limit, 16 << 30);
            large.resume(outcome);
        }
        assert_eq!(problem(&large), message_of("large", 2));
    }
}

#[test]
fn an_attachment_that_is_larger_than_its_record_says_goes_to_disk_with_a_warning() {
    for declared in [7_u64, 100_000] {
        let file = json!({ "name": "x", "bytes": 300_000, "declaredSize": declared });
        let mut scenario = Scenario::of(
            certificates(&json!([file])),
            ["Certificates/file/x > file:x", "Certificates/file/x > file:y"],
        );
        scenario.answer().resume(no_answer("TOO_LARGE"));
        let downloads = scenario.downloads_wanted();
        let [download] = downloads.as_slice() else { panic!("one download") };
        assert_eq!((download.request.limit, download.twins.len()), (16 << 30, 1));
        scenario.run();
        assert_eq!(scenario.plan().files.len(), 2);
        let warning = |line| format!("line {line}: the attachment is larger than its record says ({declared} bytes)");
        assert_eq!(scenario.warnings(), [warning(1), warning(2)]);
    }
}

#[test]
fn a_small_text_is_masked_whatever_its_record_says_of_its_size() {
    for size in
        [json!(null), json!("31"), json!(31.5), json!(-1), json!(0), json!(7), json!(1_000_000), json!(u64::MAX)]
    {
        let file = json!({ "name": ".env", "text": "DB_PASSWORD=hunter-two\nDEBUG=true\n", "declaredSize": size });
        let lines = ["Certificates/file/.env > file:.env", "Certificates/file/.env > file:twin"];
        let mut scenario = Scenario::of(certificates(&json!([file])), lines);
        scenario.run();
        assert!(scenario.masks.contains(&"hunter-two".to_owned()), "{size}");
        for row in &scenario.plan().report.rows {
            assert_eq!(row.masked, "masked", "{size}");
        }
    }
}

#[test]
fn a_large_attachment_that_does_not_decrypt_ends_the_run() {
    let mut scenario = two_attachments();
    scenario.answer().resume(no_answer("UNDECRYPTABLE"));
    assert_eq!(
        problem(&scenario),
        "line 2, column 1: the attachment `large` cannot be opened: its content does not decrypt with its key\n  \
           2 | Certificates/file/large > file:large\n    \
             | ^^^^^^^^^^^^^^^^^^^^^^^\n\
         hint: run the pipeline again; if it still fails, upload it to the record again"
    );
}

#[test]
fn all_attachments_that_fail_are_told_together() {
    let files = json!([{ "name": "a", "text": "content of a" }, { "name": "b", "text": "content of b" }]);
    let lines = ["Certificates/file/a > file:a", "Certificates/file/b > file:b"];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.answer().resume([answered(404, b""), answered(200, b"nonsense")]);
    let problems = scenario.problems();
    let starts: Vec<&str> = problems.iter().filter_map(|problem| problem.lines().next()).collect();
    assert_eq!(
        starts,
        [
            "line 1, column 1: the download of the attachment `a` failed with status 404",
            "line 2, column 1: the attachment `b` cannot be opened: its content does not decrypt with its key",
        ]
    );
}

/// An otpauth URI with the seed of RFC 6238.
const OTPAUTH: &str = "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8";

fn portal() -> Keeper {
    Keeper::holding(json!([{
        "title": "Portal",
        "fields": [{ "type": "oneTimeCode", "value": [OTPAUTH] }],
        "files": [{ "name": "x", "text": "some-content" }],
    }]))
}

#[test]
fn a_two_factor_code_that_is_nearly_over_gives_way_to_the_next() {
    // RFC 6238, appendix B: the code of 59 s, and that of the period before 1111111111 s.
    for (now_ms, wait_ms, code) in [
        (59_000, Some(1_000), "37359152"),
        (55_001, Some(4_999), "37359152"),
        (55_000, None, "94287082"),
        (1_111_111_109_000, Some(1_000), "14050471"),
        (1_111_111_111_000, None, "14050471"),
    ] {
        let keeper = portal();
        let inputs = Inputs::new(&keeper.config(), "Portal/field/oneTimeCode > var:CODE");
        let mut scenario = Scenario::with(keeper, inputs, options(), now_ms);
        scenario.answer();
        if let Some(expected_ms) = wait_ms {
            let Next::Wait(found_ms) = scenario.next() else { panic!("a wait at {now_ms}") };
            assert_eq!(found_ms, expected_ms, "at {now_ms}");
            assert_eq!(
                scenario.infos(),
                [format!(
                    "waiting {} s for the next two-factor code, so that the next step can use it",
                    expected_ms.div_ceil(1000)
                )]
            );
            assert!(!scenario.masks.iter().any(|mask| mask.len() == 8), "a code before it is made");
            scenario.answer();
        }
        assert_eq!(scenario.value("CODE"), code, "at {now_ms}");
        assert!(scenario.masks.contains(&code.to_owned()), "at {now_ms}");
    }
}

#[test]
fn a_two_factor_code_is_made_when_everything_else_has_come() {
    let keeper = portal();
    let lines = "Portal/field/oneTimeCode > var:CODE\nPortal/file/x > var:CONTENT";
    let inputs = Inputs::new(&keeper.config(), lines);
    let mut scenario = Scenario::with(keeper, inputs, options(), 59_000 - 30_000);
    scenario.answer();
    scenario.now_ms = 50_000;
    scenario.answer();
    assert_eq!(scenario.value("CODE"), "94287082", "the code of 50 s, not of 29 s");
}

#[test]
fn a_timer_that_ends_early_waits_on_without_a_word() {
    let keeper = portal();
    let inputs = Inputs::new(&keeper.config(), "Portal/field/oneTimeCode > var:CODE");
    let mut scenario = Scenario::with(keeper, inputs, options(), 57_000);
    scenario.answer();
    scenario.now_ms -= 1;
    scenario.answer();
    assert!(matches!(scenario.next(), Next::Wait(1)));
    scenario.answer();
    assert_eq!(scenario.value("CODE"), "37359152");
    assert_eq!(scenario.infos(), ["waiting 3 s for the next two-factor code, so that the next step can use it"]);
}

#[test]
fn two_factor_codes_go_by_keepers_clock_if_the_agents_is_wrong() {
    // The agent's clock is at 1000 s; RFC 6238, appendix B, has the code of 59 s.
    const WARNING: &str = "the agent's clock is 959 s ahead, so two-factor codes use Keeper's clock";
    let run = |line: &str, date_ms: u64| {
        let keeper = portal();
        let inputs = Inputs::new(&keeper.config(), line);
        let mut scenario = Scenario::with(keeper, inputs, options(), 1_000_000);
        let mut answers = scenario.answers();
        for answer in &mut answers {
            let HttpOutcome::Answered(answer) = answer else { panic!("an answer") };
            (answer.date_ms, answer.at_ms) = (Some(date_ms), Some(1_000_000));
        }
        scenario.resume(answers);
        scenario.run();
        scenario
    };
    let scenario = run("Portal/field/oneTimeCode > var:CODE", 40_000);
    assert_eq!((scenario.value("CODE"), scenario.warnings()), ("94287082", vec![WARNING]));
    // There is no warning for what does not depend on the time.
    assert_eq!(run("Portal/title > var:TITLE", 40_000).warnings(), Vec::<&str>::new());
    let right = run("Portal/field/oneTimeCode > var:CODE", 1_001_000);
    assert_eq!(right.warnings(), Vec::<&str>::new());
}

/// Values of all kinds, and lines that send them everywhere.
fn everything() -> (Keeper, Vec<&'static str>) {
    let keeper = Keeper::holding(json!([
        {
            "title": "Database",
            "notes": "first line of notes\r\n\r\n  second line of notes\n",
            "fields": [
                { "type": "login", "value": ["alice-login"] },
                { "type": "password", "value": [" p4ssw0rd with blanks "] },
                { "type": "url", "value": ["https://alice:url-p4ssw0rd@db.example.test/x"] },
                { "type": "host", "value": [{ "hostName": "db.example.test", "port": "15432" }] },
                { "type": "date", "value": [1_700_000_000_000_u64] },
                { "type": "oneTimeCode", "value": [OTPAUTH] },
            ],
            "custom": [{ "type": "secret", "label": "API key", "value": ["k3y-of-the-api", "another-k3y"] }],
            "files": [{ "name": "cert.pem", "text": "-----BEGIN KEY-----\nMIIBinvented\n-----END KEY-----\n" }],
        },
    ]));
    let lines = vec![
        "Database/notes > file:notes.txt",
        "Database/field/login > var:LOGIN",
        "Database/field/password > out:password",
        "Database/field/url > env:URL",
        "Database/field/host > var:HOST",
        "Database/field/date > var:DATE",
        "Database/field/oneTimeCode > var:CODE",
        "Database/custom_field/API key[] > var:API_KEYS",
        "Database/custom_field/API key > var+base64:API_KEY_BASE64",
        "Database/file/cert.pem > file:cert.pem",
    ];
    (keeper, lines)
}

#[test]
fn every_value_is_masked_before_it_is_used() {
    let (keeper, lines) = everything();
    let mut scenario = Scenario::of(keeper, lines);
    scenario.run();
    for variable in &scenario.plan().variables {
        let value = variable.value.expose().to_owned();
        assert!(scenario.masks.contains(&value), "the value of `{}` is not masked", variable.name);
    }
    let texts = ["first line of notes", "second line of notes", "MIIBinvented", "p4ssw0rd with blanks"];
    let parts = ["url-p4ssw0rd", "db.example.test", "k3y-of-the-api", "another-k3y"];
    for text in texts.into_iter().chain(parts) {
        assert!(scenario.masks.iter().any(|mask| mask == text), "{text} is not masked");
    }
    for text in ["-----BEGIN KEY-----", "-----END KEY-----", ""] {
        assert!(!scenario.masks.iter().any(|mask| mask == text), "{text:?} is masked");
    }
    let distinct: HashSet<&String> = scenario.masks.iter().collect();
    assert_eq!(distinct.len(), scenario.masks.len(), "each mask comes once");
}

/// The forms that the message for an unknown one lists, without those that leave the value as it is.
fn words_of_forms(inputs: Inputs) -> Vec<String> {
    let mut scenario = Scenario::with(database(), inputs, options(), NOW_MS);
    scenario.files_to_read.insert("in.txt".to_owned(), "${keeper://A/type | no such form}".to_owned());
    scenario.run();
    let message = problem(&scenario);
    let Some((_, list)) = message.split_once("unknown form; expected ") else { panic!("no list of forms: {message}") };
    let words = list.lines().next().unwrap_or_default().split('`').skip(1).step_by(2);
    let words = words.map(|word| word.trim_start_matches('+').to_owned());
    words.filter(|word| !["0640", "expand", "keepcase"].contains(&word.as_str())).collect()
}

#[test]
fn what_each_form_makes_is_masked() {
    let config = database().config();
    let of_lines = words_of_forms(Inputs::new(&config, "A/type > var+no such form:X"));
    let in_templates = Inputs { templates: "in.txt > out.txt".to_owned(), ..Inputs::new(&config, "") };
    let of_templates = words_of_forms(in_templates);
    assert!(of_lines.len() > 15 && of_templates.len() > 15, "{of_lines:?} {of_templates:?}");

    // A line takes `+dotenv` for whole records only, whose values are masked one by one.
    for word in of_lines.iter().filter(|word| *word != "dotenv") {
        let selector = selector_for(word);
        let inputs = |config: &str| Inputs::new(config, &format!("Database/{selector} > file+{word}:out.txt"));
        assert_output_is_masked(word, "", inputs);
    }
    for word in of_templates {
        let template = format!("${{keeper://Database/{} | {word}}}", selector_for(&word));
        let inputs = |config: &str| Inputs { templates: "in.txt > out.txt".to_owned(), ..Inputs::new(config, "") };
        assert_output_is_masked(&word, &template, inputs);
    }
}

/// A field to which the form can be applied.
fn selector_for(word: &str) -> &'static str {
    match word {
        "unbase64" => "custom_field/in Base64",
        "unhex" => "custom_field/in hexadecimal",
        "totp" => "field/oneTimeCode",
        _ => "field/password",
    }
}

fn assert_output_is_masked(word: &str, template: &str, inputs: impl Fn(&str) -> Inputs) {
    let keeper = Keeper::holding(json!([{
        "title": "Database",
        "fields": [
            { "type": "password", "value": ["p4ss w0rd/<Größe>&+"] },
            { "type": "oneTimeCode", "value": [OTPAUTH] },
        ],
        "custom": [
            { "type": "secret", "label": "in Base64", "value": [STANDARD.encode("decoded s3cret")] },
            { "type": "secret", "label": "in hexadecimal", "value": ["6465636f646564207333637265740a616e6f7468657220733363726574"] },
        ],
    }]));
    let inputs = inputs(&keeper.config());
    let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    scenario.files_to_read.insert("in.txt".to_owned(), template.to_owned());
    scenario.run();
    let written = scenario.files().get("out.txt").map_or("", |content| str::from_utf8(content).unwrap_or_default());
    assert!(!written.is_empty(), "{word} gives no text");
    for line in written.lines() {
        assert!(scenario.masks.iter().any(|mask| mask == line), "what `{word}` gives is not masked: {template}{line}");
    }
}

#[test]
fn a_decoded_value_is_masked_as_one_that_is_stored() {
    let decoded = "https://alice:url-p4ssw0rd@db.example.test/xy";
    for (form, stored) in [("unbase64", STANDARD.encode(decoded)), ("unhex", transform::hex(decoded.as_bytes()))] {
        let fields = json!([{ "type": "password", "value": [stored] }]);
        let keeper = Keeper::holding(json!([{ "title": "Database", "fields": fields }]));
        let mut scenario = Scenario::of(keeper, [format!("Database/field/password > var+{form}:X").as_str()]);
        scenario.run();
        assert_eq!(scenario.value("X"), decoded);
        for mask in [decoded, "url-p4ssw0rd", &STANDARD.encode(decoded)] {
            assert!(scenario.masks.iter().any(|found| found == mask), "{mask} is not masked for {form}");
        }
    }
}

#[test]
fn the_values_of_a_whole_record_are_masked_whatever_form_they_get() {
    for destination in ["var:DB_*", "file+json:db.json", "file+dotenv:db.env", "file+dotenv+base64:db.env"] {
        let fields = json!([{ "type": "login", "value": ["alice"] }, { "type": "password", "value": ["p4ss w0rd!"] }]);
        let keeper = Keeper::holding(json!([{ "title": "Database", "fields": fields }]));
        let mut scenario = Scenario::of(keeper, [format!("Database/* > {destination}").as_str()]);
        scenario.run();
        for value in ["alice", "p4ss w0rd!"] {
            assert!(scenario.masks.iter().any(|mask| mask == value), "{value} is not masked for {destination}");
        }
    }
}

#[test]
fn a_member_of_the_config_that_cannot_be_right_is_named() {
    for (member, value, expected) in [
        ("hostname", "a b", "a host such as `keepersecurity.com`"),
        ("clientId", "AAAA", "Base64 of 64 bytes"),
        ("privateKey", "AAAA", "Base64 of a private key for P-256"),
        ("appKey", "AAAA", "Base64 of 32 bytes"),
        ("serverPublicKeyId", "seven", "a number"),
        ("serverPublicKey", "AAAA", "Base64 of a P-256 point"),
    ] {
        let mut members = database().config_members();
        members[member] = json!(value);
        let read = config::parse(&members.to_string()).map_err(|error| error.to_string());
        assert_eq!(read.err(), Some(format!("the config's `{member}` is not {expected}")));
    }
}

#[test]
fn the_config_is_masked_by_the_first_step() {
    let keeper = database();
    let members = keeper.config_members();
    let config = keeper.config();
    for written in [config.clone(), STANDARD.encode(&config)] {
        let scenario = Scenario::with(database(), Inputs::new(&written, LINE), options(), NOW_MS);
        let masks: Vec<&str> = scenario.masks.iter().map(String::as_str).collect();
        for name in ["privateKey", "clientId", "appKey"] {
            assert!(masks.contains(&members[name].as_str().unwrap()), "{name}");
        }
        assert!(masks.contains(&config.as_str()));
        assert!(!masks.contains(&"keeper.test"), "the hostname is no secret");
    }
}

#[test]
fn a_value_is_masked_also_when_another_line_fails() {
    let mut scenario = Scenario::of(database(), [LINE, "Database/field/nothing > var:X"]);
    scenario.run();
    assert_eq!(scenario.problems().len(), 1);
    assert!(scenario.masks.contains(&"s3cr3t-p4ssw0rd".to_owned()));
}

#[test]
fn every_faulty_line_is_told_before_anything_is_asked() {
    let keeper = database();
    let inputs = Inputs::new("./ksm-config.json", "Database > var:A\nDatabase/field/password > vra:B\n\n/type > var:C");
    let scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    assert_eq!(
        scenario.problems(),
        [
            "the config looks like the path of a file; expected the config itself\n\
             hint: pass the file's content, best in a secret variable",
            "line 1, column 1: the notation has no selector\n  \
               1 | Database > var:A\n    \
                 | ^^^^^^^^\n\
             hint: as in `Database/field/password`; a `/` in a title is written `\\/`",
            "line 2, column 27: unknown destination prefix; expected `var:`, `out:`, `env:` or `file:`\n  \
               2 | Database/field/password > vra:B\n    \
                 |                           ^^^^\n\
             hint: did you mean `var:`?",
            "line 4, column 1: expected a record's UID or title before the `/`, found nothing\n  \
               4 | /type > var:C\n    \
                 | ^",
        ]
    );
}

#[test]
fn every_line_that_asks_for_something_missing_is_told_at_once() {
    let keeper = Keeper::holding(json!([
        {
            "title": "Database",
            "notes": "first line\nsecond line",
            "fields": [
                { "type": "login", "value": [] },
                { "type": "password", "value": ["s3cr3t-p4ssw0rd"] },
                { "type": "host", "value": [{ "hostName": "db.example.test", "port": "15432" }] },
                { "type": "oneTimeCode", "value": ["not a seed"] },
            ],
        },
        { "title": "Twin", "uid": "TwinRecordUid000000001" },
        { "title": "Twin", "uid": "TwinRecordUid000000002" },
    ]));
    let mut scenario = Scenario::of(
        keeper,
        [
            LINE,
            "Databse/field/password > var:A",
            "Database/field/user > var:B",
            "Database/field/login[0] > var:C",
            "Database/field/password[1] > var:D",
            "Database/field/host[0][user] > var:E",
            "Database/field/password[user] > var:F",
            "Database/field/oneTimeCode > var:G",
            "Database/file/cert.pem > file:H",
            "Database/notes > var:I",
            "Twin/type > var:J",
        ],
    );
    scenario.run();
    assert_eq!(
        scenario.problems(),
        [
            "line 2, column 1: no record with this UID or title is shared with this application\n  \
               2 | Databse/field/password > var:A\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: did you mean `Database`?",
            "line 3, column 1: the record `Database` has no standard field of this type or label\n  \
               3 | Database/field/user > var:B\n    \
                 | ^^^^^^^^^^^^^^^^^^^\n\
             hint: it has `login`, `password`, `host` and `oneTimeCode`",
            "line 4, column 1: the field is empty, so it has no value\n  \
               4 | Database/field/login[0] > var:C\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^",
            "line 5, column 1: the field has 1 value, and none at this index\n  \
               5 | Database/field/password[1] > var:D\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: indexes count from 0",
            "line 6, column 1: the value has no such property\n  \
               6 | Database/field/host[0][user] > var:E\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: it has `hostName` and `port`",
            "line 7, column 1: the value is a text, so it has no properties\n  \
               7 | Database/field/password[user] > var:F\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: leave out the property in `[…]`",
            "line 8, column 1: the two-factor field cannot give a code: it does not hold an otpauth URI, nor a seed \
             alone\n  \
               8 | Database/field/oneTimeCode > var:G\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: scan the QR code again in Keeper Vault; `[url]` after the field gives what is stored",
            "line 9, column 1: the record `Database` has no attachment of this name\n  \
               9 | Database/file/cert.pem > file:H\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^\n\
             hint: the record has no attachments",
            "line 10, column 1: the value for `I` has several lines, which a secret variable of the agent cannot hold\n  \
               10 | Database/notes > var:I\n     \
                  | ^^^^^^^^^^^^^^\n\
             hint: write it to a file with `file:`, as in `> file:$(Agent.TempDirectory)/NAME`, or encode it in Base64, \
             as in `> var+base64:NAME`",
            "line 11, column 1: 2 records have the title `Twin`\n  \
               11 | Twin/type > var:J\n     \
                  | ^^^^^^^^^\n\
             hint: name the record by its UID: TwinRecordUid000000001 and TwinRecordUid000000002",
        ]
    );
}

#[test]
fn a_run_that_fails_tells_no_secret() {
    for line in [
        "Database/field/nothing > var:X",
        "Database/field/host[nothing] > var:X",
        "Database/field/password[x] > var:X",
        "Database/notes > var:X",
        "Database/field/url > file+unbase64:X",
        // Nothing is wrong with this line, but an attachment will not arrive.
        "Database/title > var:X",
    ] {
        let (keeper, mut lines) = everything();
        lines.push(line);
        let mut scenario = Scenario::of(keeper, lines);
        scenario.answer();
        if scenario.is_asking() {
            scenario.resume([answered(404, b"")]);
        }
        assert_eq!(scenario.problems().len(), 1, "{line}");

        let members = scenario.keeper.config_members();
        let config = ["privateKey", "clientId", "appKey"].map(|name| members[name].as_str().unwrap());
        let told = [scenario.problems(), vec![format!("{:?}", scenario.notices)]].concat().join("\n");
        let step = format!("{:?}", scenario.step());
        for secret in scenario.keeper.values().chain(config).filter(|value| value.len() > 4) {
            assert!(!told.contains(secret), "{line}: `{secret}` is told in\n{told}");
            assert!(!step.contains(secret), "{line}: `{secret}` is in the debug form of the step");
        }
        assert!(!told.contains("s1gned"), "{line}: the address of an attachment is told");
    }
}

#[test]
fn an_optional_line_is_skipped_with_a_warning() {
    let mut scenario =
        Scenario::of(database(), [LINE, "Mail/field/password > var?:X", "Database/field/user > file?:y"]);
    scenario.run();
    assert_eq!(scenario.variables(true, false).into_keys().collect::<Vec<_>>(), ["DB_PASSWORD"]);
    assert_eq!(
        scenario.warnings(),
        [
            "line 2: skipped: no record with this UID or title is shared with this application",
            "line 3: skipped: the record `Database` has no standard field of this type or label",
        ]
    );
}

#[test]
fn an_optional_line_does_not_excuse_what_is_broken() {
    let keeper = Keeper::holding(json!([{ "title": "Broken", "uid": "BrokenRecordUid0000001", "broken": "data" }]));
    let mut scenario = Scenario::of(keeper, ["BrokenRecordUid0000001/type > var?:X"]);
    scenario.run();
    assert!(problem(&scenario).contains("cannot be opened"), "{}", problem(&scenario));
}

#[test]
fn a_run_without_random_bytes_asks_nothing() {
    let nothing = HttpOutcome::Failed(Failure::new("UNKNOWN"));
    for outcome in [nothing, answered(404, b""), answered(200, b"anything"), answered(503, b"")] {
        let keeper = database();
        let mut run = Run::start(Inputs::new(&keeper.config(), LINE), options(), NOW_MS);
        assert_eq!(run.seal(&mut Dry), None);
        run.resume(vec![outcome.clone()], NOW_MS, &mut Dry);
        let Next::Fail(problems) = run.next() else { panic!("a failure") };
        assert_eq!(problems[0].render(), "the system gave no random bytes", "{outcome:?}");
    }
}

#[test]
fn an_answer_that_comes_before_its_request_is_refused_and_a_failure_is_told() {
    let unsealed = |status, body: &[u8]| {
        let mut run = Run::start(Inputs::new(&database().config(), LINE), options(), NOW_MS);
        run.resume(vec![answered(status, body)], NOW_MS, &mut Stream::default());
        let Next::Fail(problems) = run.next() else { panic!("a failure") };
        problems[0].render().split('\n').next().unwrap().to_owned()
    };
    assert_eq!(
        unsealed(200, b"anything"),
        "the answer of keeper.test cannot be read: it came before the request was sent"
    );
    assert_eq!(unsealed(404, b""), "keeper.test answered with status 404 and nothing else, not as Keeper does");
}

#[test]
fn a_request_that_is_sealed_twice_is_the_one_of_the_last_time() {
    for (is_last, expected) in [(true, None), (false, Some("it does not decrypt with this request's key"))] {
        let keeper = database();
        let mut entropy = Stream::default();
        let mut run = Run::start(Inputs::new(&keeper.config(), LINE), options(), NOW_MS);
        let first = keeper.receive(&run.seal(&mut entropy).expect("what is sent"));
        let last = keeper.receive(&run.seal(&mut entropy).expect("what is sent"));
        assert_ne!(first.transmission_key, last.transmission_key);
        let answer = keeper.answer(if is_last { &last } else { &first });
        run.resume(vec![answer], NOW_MS, &mut entropy);
        match (run.next(), expected) {
            (Next::Finish(plan), None) => assert_eq!(plan.variables.len(), 1),
            (Next::Fail(problems), Some(part)) => assert!(problems[0].render().contains(part)),
            (next, _) => panic!("{next:?}"),
        }
    }
}

#[test]
fn nothing_is_sealed_where_an_attachment_is_asked_for() {
    let keeper = certificates(&json!([{ "name": "cert.pem", "text": "the-certificate" }]));
    let inputs = Inputs::new(&keeper.config(), "Certificates/file/cert.pem > var:PEM");
    let mut entropy = Stream::default();
    let mut run = Run::start(inputs, options(), NOW_MS);
    let received = keeper.receive(&run.seal(&mut entropy).expect("what is sent"));
    run.resume(vec![keeper.answer(&received)], NOW_MS, &mut entropy);
    let Next::Fetch(requests) = run.next() else { panic!("a request") };
    assert_eq!(run.seal(&mut entropy), None);
    let content = answered(200, &keeper.stored(&requests[0].url));
    run.resume(vec![content], NOW_MS, &mut entropy);
    let Next::Finish(plan) = run.next() else { panic!("a plan") };
    assert_eq!(plan.variables[0].value.expose(), "the-certificate");
}

#[test]
fn two_runs_with_the_same_bytes_are_the_same() {
    // The only inputs are the entropy source, the clock and the answers.
    let keeper = database();
    let request = |entropy: &mut Stream| {
        let mut run = Run::start(Inputs::new(&keeper.config(), LINE), options(), NOW_MS);
        let Next::Ask(request) = run.next() else { panic!("a request") };
        (request.clone(), run.seal(entropy).expect("what is sent"))
    };
    assert_eq!(request(&mut Stream::default()), request(&mut Stream::default()));
}

/// Inputs beyond the two that every run has.
fn with_inputs(change: impl FnOnce(&mut Inputs)) -> Scenario {
    let keeper = database();
    let mut inputs = Inputs::new(&keeper.config(), LINE);
    change(&mut inputs);
    Scenario::with(keeper, inputs, options(), NOW_MS)
}

#[test]
fn mapping_lines_may_stand_in_a_file() {
    let mut scenario = with_inputs(|inputs| inputs.secrets_file = "secrets.txt".to_owned());
    assert!(matches!(scenario.next(), Next::Read(paths) if paths == ["secrets.txt"]));
    scenario.files_to_read.insert("secrets.txt".to_owned(), "# more\nDatabase/title > var:TITLE\n".to_owned());
    scenario.run();
    let expected = [("DB_PASSWORD", "s3cr3t-p4ssw0rd"), ("TITLE", "Database")];
    assert_eq!(scenario.variables(true, false), BTreeMap::from(expected));
}

#[test]
fn a_file_that_is_not_there_is_told_with_all_other_problems() {
    let mut scenario = with_inputs(|inputs| {
        inputs.secrets_file = "secrets.txt".to_owned();
        inputs.secrets = "Database > var:A".to_owned();
    });
    scenario.run();
    let problems = scenario.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].contains("`secrets.txt`") && problems[0].contains("there is no such file"), "{}", problems[0]);
    assert!(problems[1].starts_with("line 1, column 1: the notation has no selector\n"), "{}", problems[1]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_the_reason() {
    for (code, reason) in [
        ("EACCES", "the agent has no permission"),
        ("EPERM", "the agent has no permission"),
        ("EISDIR", "it is a folder"),
        ("NOT_A_FILE", "it is not a plain file"),
        ("TOO_LARGE", "it has more than 4 MiB"),
        ("EIO", "EIO"),
    ] {
        let mut scenario = with_inputs(|inputs| inputs.secrets_file = "secrets.txt".to_owned());
        scenario.resume(no_answer(code));
        assert_eq!(problem(&scenario), format!("the file `secrets.txt` cannot be read: {reason}"));
    }
    let mut scenario = with_inputs(|inputs| inputs.secrets_file = "secrets.txt".to_owned());
    scenario.resume([answered(200, b"\xff")]);
    assert_eq!(problem(&scenario), "the file `secrets.txt` cannot be read: it is neither UTF-8 nor UTF-16");
}

#[test]
fn a_file_with_mapping_lines_may_be_in_utf_16_as_powershell_writes_it() {
    let text = "\u{FEFF}# für später\r\nDatabase/field/password > var:A\r\n";
    for (from, write) in [(0, u16::to_le_bytes as fn(u16) -> [u8; 2]), (1, u16::to_be_bytes)] {
        let keeper = database();
        let inputs = Inputs { secrets_file: "secrets.txt".to_owned(), ..Inputs::new(&keeper.config(), "") };
        let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
        let bytes: Vec<u8> = text.encode_utf16().flat_map(write).collect();
        scenario.resume([answered(200, &bytes)]).run();
        assert_eq!(scenario.plan().variables.len(), 1, "{from}");
    }
}

#[test]
fn a_template_in_utf_16_is_told_to_be_saved_in_utf_8() {
    let keeper = database();
    let inputs = Inputs { templates: "in.txt > out.txt".to_owned(), ..Inputs::new(&keeper.config(), "") };
    let mut scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    let bytes: Vec<u8> = "\u{FEFF}${keeper://Database/type}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    scenario.resume([answered(200, &bytes)]);
    assert_eq!(
        problem(&scenario),
        "templates, line 1, column 1: the template cannot be read: it is in UTF-16\n  \
           1 | in.txt > out.txt\n    \
             | ^^^^^^\n\
         hint: save it in UTF-8"
    );
}

#[test]
fn a_template_is_filled_and_written() {
    let mut scenario = with_inputs(|inputs| {
        inputs.secrets = String::new();
        inputs.templates = "app.json.in > file+0640:app.json".to_owned();
    });
    let template = "{ \"password\": ${keeper://Database/field/password|json}, \"literal\": \"$${keeper://x}\" }\n";
    scenario.files_to_read.insert("app.json.in".to_owned(), template.to_owned());
    scenario.run();
    let expected = b"{ \"password\": \"s3cr3t-p4ssw0rd\", \"literal\": \"${keeper://x}\" }\n";
    assert_eq!(scenario.files(), BTreeMap::from([("app.json", &expected[..])]));
    assert_eq!(scenario.plan().files[0].mode, 0o640);
    assert!(scenario.masks.contains(&"s3cr3t-p4ssw0rd".to_owned()));
}

#[test]
fn validation_asks_nothing_and_a_check_sets_nothing() {
    let mut validated = with_inputs(|inputs| {
        inputs.mode = "validate".to_owned();
        inputs.config = "".into();
    });
    validated.run();
    assert_eq!(validated.seen, []);
    assert!(validated.plan().variables.is_empty());

    let mut checked = with_inputs(|inputs| inputs.mode = "check".to_owned());
    checked.run();
    assert_eq!(checked.seen, [all_records()]);
    assert!(checked.plan().variables.is_empty());

    let mut failing = with_inputs(|inputs| {
        inputs.mode = "check".to_owned();
        inputs.secrets = "Database/field/nothing > var:X".to_owned();
    });
    failing.run();
    assert_eq!(failing.problems().len(), 1);
}

#[test]
fn the_first_missing_names_get_a_hint_and_all_are_reported() {
    let keeper = Keeper::holding(json!([{
        "title": "A",
        "fields": [{ "type": "login", "value": ["alice"] }],
        "files": [{ "name": "cert.pem", "text": "t3xt" }],
    }]));
    let missing = |of: &str| (1..=60).map(|n| format!("A/{of} > env:{}_{n}", of.replace('/', "_"))).collect::<Vec<_>>();
    let lines = [missing("field/logim"), missing("file/cert.pen")].concat();
    let mut scenario = Scenario::of(keeper, lines.iter().map(String::as_str));
    let problems = scenario.run().problems();
    assert_eq!(problems.len(), 120);
    for (problems, absence, hint) in [
        (&problems[..60], "standard field of this type or label", "did you mean `login`? it has `login`"),
        (&problems[60..], "attachment of this name", "did you mean `cert.pem`? it has `cert.pem`"),
    ] {
        let message = format!("the record `A` has no {absence}");
        assert!(problems.iter().all(|problem| problem.contains(&message)), "{problems:#?}");
        let hinted: Vec<bool> = problems.iter().map(|problem| problem.ends_with(&format!("hint: {hint}"))).collect();
        assert_eq!(hinted, [vec![true; 50], vec![false; 10]].concat(), "{problems:#?}");
    }
}
