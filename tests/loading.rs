//! Attachments that have to be requested again, elsewhere or at a new address, and the time limit.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::panic, reason = "what a helper can't do fails the test")]

mod support;

use ksm_task::inputs::Inputs;
use ksm_task::protocol::response::{HttpOutcome, HttpResponse};
use ksm_task::retrieval::Download;
use serde_json::{Value, json};
use support::keeper::{Keeper, answered};
use support::scenario::{Scenario, TIMEOUT_MS};

fn certificates(files: &Value) -> Keeper {
    Keeper::holding(json!([{ "title": "Certificates", "files": files }]))
}

/// A run that is about to request a small attachment, and then a large one.
fn two_attachments() -> Scenario {
    let files = json!([{ "name": "small", "text": "small-content" }, { "name": "large", "bytes": 66_000 }]);
    let lines = ["Certificates/file/small > file:small", "Certificates/file/large > file:large"];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.answer();
    scenario
}

/// The one problem with which a run ended.
fn problem(scenario: &Scenario) -> String {
    let problems = scenario.problems();
    let [problem] = problems.as_slice() else { panic!("expected one problem, found {problems:#?}") };
    problem.clone()
}

#[test]
fn a_redirect_of_a_download_is_followed_a_few_times_by_https_only() {
    let redirect = |location: &str| {
        let location = Some(location.to_owned());
        [HttpOutcome::Answered(HttpResponse { status: 302, location, ..HttpResponse::default() })]
    };
    let message = |reason: &str| {
        format!(
            "line 1, column 1: the download of the attachment `small` failed: {reason}\n  \
               1 | Certificates/file/small > file:small\n    \
                 | ^^^^^^^^^^^^^^^^^^^^^^^"
        )
    };
    let mut scenario = two_attachments();
    for hop in 1..=3 {
        let elsewhere = format!("https://storage{hop}.test/file?signature=s3cr3t");
        scenario.resume(redirect(&elsewhere));
        assert_eq!(scenario.request().url, elsewhere);
        assert_eq!((scenario.request().delay_ms, scenario.request().method), (0, "GET"));
    }
    scenario.resume(redirect("https://storage4.test/file"));
    assert_eq!(problem(&scenario), message("it is redirected too many times (REDIRECTS)"));

    let mut scenario = two_attachments();
    scenario.resume(redirect("http://storage.test/file"));
    assert_eq!(problem(&scenario), message("it is redirected to an address that is not https (REDIRECT_NOT_HTTPS)"));
}

#[test]
fn a_storage_that_wants_a_longer_pause_than_the_run_may_take_ends_it() {
    let mut scenario = two_attachments();
    let retry_after_s = Some(TIMEOUT_MS / 1000);
    scenario.resume([HttpOutcome::Answered(HttpResponse { status: 503, retry_after_s, ..HttpResponse::default() })]);
    assert_eq!(
        scenario.infos(),
        ["the download of the attachment `small` failed with status 503; it asks for a pause of 120 s, longer \
          than the task may take"]
    );
    assert_eq!(
        problem(&scenario),
        "line 1, column 1: the download of the attachment `small` failed with status 503\n  \
           1 | Certificates/file/small > file:small\n    \
             | ^^^^^^^^^^^^^^^^^^^^^^^\n\
         hint: Keeper's storage is out of service; run the pipeline again"
    );
}

#[test]
fn an_address_that_has_expired_is_asked_for_once() {
    let expired = "an attachment's address has expired; asking Keeper for a new one";
    for skipped in [0, 1] {
        let mut scenario = two_attachments();
        for _ in 0..skipped {
            scenario.answer();
        }
        scenario.resume([answered(403, b"")]);
        assert_eq!(scenario.infos(), [expired]);
        assert_eq!(scenario.request().timeout_ms, Some(TIMEOUT_MS));
        scenario.run();
        assert_eq!(scenario.plan().files.len(), 2);
        let report = &scenario.plan().report;
        assert_eq!((report.requests, report.downloads, report.retries), (2, 3, 1));
    }
    let mut scenario = two_attachments();
    scenario.resume([answered(403, b"")]).answer().resume([answered(403, b"")]);
    assert_eq!(
        problem(&scenario),
        "line 1, column 1: the download of the attachment `small` failed with status 403\n  \
           1 | Certificates/file/small > file:small\n    \
             | ^^^^^^^^^^^^^^^^^^^^^^^\n\
         hint: run the pipeline again; the address of an attachment is valid for a short time"
    );
}

#[test]
fn an_attachment_is_loaded_once_for_all_lines_that_want_it() {
    let files = json!([{ "name": "small", "text": "content" }, { "name": "large", "bytes": 66_000 }]);
    let lines = [
        "Certificates/file/small > file:one",
        "Certificates/file/small > var:SMALL",
        "Certificates/file/large > file:two",
        "Certificates/file/large > file:three",
    ];
    let mut scenario = Scenario::of(certificates(&files), lines);
    scenario.answer();
    assert_eq!(scenario.requests().len(), 1);
    scenario.answer();
    let downloads = scenario.downloads_wanted();
    let [Download { id: 2, path, twins, .. }] = downloads.as_slice() else { panic!("one download") };
    assert_eq!(path, "two");
    assert_eq!(twins.iter().map(|twin| (twin.id, twin.path.as_str())).collect::<Vec<_>>(), [(3, "three")]);
    scenario.answer();
    assert_eq!(scenario.value("SMALL"), "content");
    assert_eq!(scenario.plan().files.len(), 3);
}

/// Anyone who edits a record can give its attachment the UID of another one.
#[test]
fn attachments_of_one_uid_and_different_keys_are_different_ones() {
    for bytes in [10, 66_000] {
        let mut keeper = json!([
            { "title": "A", "files": [{ "name": "a", "bytes": bytes }] },
            { "title": "B", "files": [{ "name": "b", "bytes": bytes, "wire": {} }] }
        ]);
        let uid = Keeper::holding(keeper.clone()).file_uid("a").to_owned();
        keeper[1]["files"][0]["wire"] = json!({ "fileUid": uid });
        let mut scenario = Scenario::of(Keeper::holding(keeper), ["A/file/a > file:a", "B/file/b > file:b"]);
        scenario.run();
        let files = scenario.files();
        assert_eq!((files["a"].len(), files["b"].len()), (bytes, bytes));
        assert_ne!(files["a"], files["b"]);
    }
}

/// Each of many attachments is requested once, in one step, wherever its lines are.
#[test]
fn thousands_of_attachments_come_at_once() {
    const COUNT: usize = 3_000;
    let files: Vec<Value> = (0..COUNT).map(|number| json!({ "name": format!("{number}.txt"), "text": "x" })).collect();
    let lines = |kind: &str| {
        (0..COUNT)
            .map(|number| format!("Certificates/file/{number}.txt > file{kind}:{number}{kind}"))
            .collect::<Vec<_>>()
    };
    let lines = [lines(""), lines("+base64")].concat();
    let mut scenario = Scenario::of(certificates(&json!(files)), lines.iter().map(String::as_str));
    scenario.answer();
    assert_eq!(scenario.requests().len(), COUNT);
    scenario.resume(vec![answered(503, b""); COUNT]);
    assert_eq!(scenario.requests().len(), COUNT);
    scenario.resume(vec![answered(403, b""); COUNT]);
    assert_eq!(scenario.request().method, "POST");
    scenario.run();
    assert_eq!(scenario.seen.len(), 1 + 1 + COUNT);
    assert_eq!(scenario.files().len(), 2 * COUNT);
}

#[test]
fn a_time_limit_is_whole_seconds_up_to_an_hour() {
    let read = |written: &str| {
        let inputs = Inputs { timeout_in_seconds: written.to_owned(), ..Inputs::default() };
        inputs.parse_timeout_ms().map_err(|error| error.to_string())
    };
    for (written, limit_ms) in [("1", Some(1000)), (" 3600 ", Some(3_600_000)), ("", None)] {
        assert_eq!(read(written), Ok(limit_ms), "{written:?}");
    }
    for written in ["0", "-1", "3601", "1.5", "+5", "a minute"] {
        let message = format!("`timeoutInSeconds` is `{written}`; expected whole seconds from 1 to 3600");
        assert_eq!(read(written), Err(message));
    }
}

/// An attachment that was just uploaded: Keeper knows it, but not yet where its content can be had.
#[test]
fn an_attachment_without_an_address_is_asked_for_once_more() {
    let holding = |broken: Option<&str>| {
        let files = json!([{ "name": "a.txt", "text": "content-a", "broken": broken }]);
        Keeper::holding(json!([{ "title": "Certificates", "files": files }]))
    };
    for destination in ["var:A", "file:a.txt"] {
        let line = format!("Certificates/file/a.txt > {destination}");
        let mut scenario = Scenario::of(holding(Some("noUrl")), [line.as_str()]);
        scenario.answer();
        assert_eq!(scenario.request().delay_ms, 2_000);
        assert_eq!(scenario.infos(), ["Keeper has no address for an attachment yet; asking once more"]);
        scenario.keeper = holding(None);
        scenario.run();
        assert_eq!(scenario.seen.len(), 3, "two questions and a download");

        let mut in_vain = Scenario::of(holding(Some("noUrl")), [line.as_str()]);
        in_vain.run();
        assert_eq!(
            in_vain.problems(),
            [format!(
                "line 1, column 1: Keeper has no address for the attachment `a.txt` yet\n  \
                   1 | {line}\n    \
                     | ^^^^^^^^^^^^^^^^^^^^^^^\n\
                 hint: it may have been uploaded just now: run the pipeline again; if it still fails, upload it again"
            )]
        );
        assert_eq!(in_vain.seen.len(), 2);
    }
}
