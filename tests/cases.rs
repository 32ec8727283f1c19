//! Each file in `tests/cases` is one story: mapping lines, what Keeper holds, what the agent sees of the run. Here the
//! core alone runs it; the same files run through the packed task, end to end.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::panic, clippy::unwrap_used, reason = "what a function here can't do fails the test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksm_task::inputs::Inputs;
use ksm_task::inputs::path::Platform;
use ksm_task::outputs::plan::Agent;
use ksm_task::retrieval::{Next, Options};
use serde::Deserialize;
use support::keeper::{Description, Keeper};
use support::scenario::{NOW_MS, Scenario, Seen, TIMEOUT_MS, options};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    story: String,
    secrets: Vec<String>,
    #[serde(default)]
    secrets_file: String,
    #[serde(default)]
    templates: Vec<String>,
    /// The author's own files.
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    output_policy: String,
    #[serde(default)]
    keep_files: String,
    #[serde(default)]
    timeout_in_seconds: String,
    keeper_holds: Description,
    config: Option<String>,
    #[serde(default)]
    allows_several_lines: bool,
    now: Option<String>,
    agent_sees: AgentSees,
    keeper_sees: Vec<Request>,
}

/// What is left out is empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentSees {
    result: Ending,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    outputs: BTreeMap<String, String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    files: BTreeMap<String, FileContent>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default)]
    logs: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    problems: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Failed,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FileContent {
    Text(String),
    Binary { base64: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    GetSecret(Filter),
    Download(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Filter {
    Uids(Vec<String>),
    /// The word `all`.
    All(String),
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_case_is_true_of_the_core() {
    let paths = cases();
    assert!(paths.len() > 50, "only {} cases were found", paths.len());

    let untrue: Vec<String> = paths.iter().filter_map(|path| play(path).err()).collect();
    assert!(untrue.is_empty(), "{} of {} cases are not true\n\n{}", untrue.len(), paths.len(), untrue.join("\n\n"));
}

/// The words that a message lists after "expected".
fn listed(line: &str) -> Vec<String> {
    let keeper = Keeper::holding(Description::Records(Vec::new()));
    let inputs = Inputs { mode: "validate".to_owned(), ..Inputs::new(&keeper.config(), line) };
    let scenario = Scenario::with(keeper, inputs, options(), NOW_MS);
    let problem = scenario.problems().concat();
    let (_, list) = problem.lines().next().and_then(|message| message.split_once("; expected ")).unwrap();
    list.split('`').skip(1).step_by(2).map(|word| word.trim_matches(['+', ':']).to_owned()).collect()
}

#[test]
fn every_kind_and_every_form_is_in_a_case() {
    let lines: Vec<String> = cases().iter().flat_map(|path| read(path).secrets).collect();
    let prefixes: Vec<Vec<&str>> = lines
        .iter()
        .filter_map(|line| line.rsplit_once('>')?.1.trim().split_once(':'))
        .map(|(prefix, _)| prefix.split(['+', '?']).collect())
        .collect();
    let mut words = [listed("A/type > nosuchkind:X"), listed("A/type > var+nosuchform:X")].concat();
    words.retain(|word| !prefixes.iter().any(|prefix| prefix.contains(&word.as_str())));
    assert_eq!(words, [""; 0], "no line of a case in tests/cases has these kinds or forms");
}

/// Runs a story, and returns what is not true about it.
fn play(path: &Path) -> Result<(), String> {
    let case = read(path);
    let keeper = Keeper::holding(case.keeper_holds);
    let config = case.config.unwrap_or_else(|| STANDARD.encode(keeper.config()));
    let inputs = Inputs {
        secrets_file: case.secrets_file,
        templates: case.templates.join("\n"),
        mode: case.mode,
        output_policy: case.output_policy,
        keep_files: case.keep_files,
        timeout_in_seconds: case.timeout_in_seconds,
        ..Inputs::new(&config, &case.secrets.join("\n"))
    };
    let agent =
        Agent { allows_several_lines: case.allows_several_lines, platform: Platform::Linux, ..Agent::default() };
    let now_ms = case.now.as_deref().map_or(NOW_MS, milliseconds);
    let options = Options { agent, timeout_ms: TIMEOUT_MS, job: Rc::default(), masks_so_far: 0 };
    let mut scenario = Scenario::with(keeper, inputs, options, now_ms);
    scenario.files_to_read = case.files;
    scenario.run();

    let sees = case.agent_sees;
    let mut differences = Vec::new();
    let mut compare = |what: &str, found: String, expected: String| {
        if found != expected {
            differences.push(format!("  {what}\n    expected {expected}\n    found    {found}"));
        }
    };
    let warnings: Vec<String> = scenario.warnings().into_iter().map(str::to_owned).collect();
    compare("warnings", format!("{warnings:#?}"), format!("{:#?}", sees.warnings));
    compare("requests", format!("{:?}", sorted(scenario.seen.clone())), format!("{:?}", requests(case.keeper_sees)));
    let missing: Vec<&String> = sees.logs.iter().filter(|line| !scenario.infos().contains(&line.as_str())).collect();
    compare("missing in the log", format!("{missing:?}"), "[]".to_owned());
    if let Next::Fail(_) = scenario.next() {
        compare("result", "Failed".to_owned(), format!("{:?}", sees.result));
        compare("problems", format!("{:#?}", scenario.problems()), format!("{:#?}", sees.problems));
    } else {
        compare("result", "Succeeded".to_owned(), format!("{:?}", sees.result));
        compare("variables", format!("{:?}", scenario.variables(true, false)), format!("{:?}", sees.variables));
        compare("outputs", format!("{:?}", scenario.variables(true, true)), format!("{:?}", sees.outputs));
        compare("environment", format!("{:?}", scenario.variables(false, false)), format!("{:?}", sees.environment));
        compare("files", format!("{:?}", scenario.files()), format!("{:?}", contents(&sees.files)));
        for file in &scenario.plan().files {
            let expected = sees.modes.get(&file.path).map_or("0600", String::as_str);
            compare(&format!("mode of {}", file.path), format!("{:04o}", file.mode), expected.to_owned());
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().display();
    Err(format!("{} ({name})\n{}", case.story, differences.join("\n")))
}

fn contents(files: &BTreeMap<String, FileContent>) -> BTreeMap<&str, Vec<u8>> {
    let content = |content: &FileContent| match content {
        FileContent::Text(text) => text.clone().into_bytes(),
        FileContent::Binary { base64 } => STANDARD.decode(base64).unwrap(),
    };
    files.iter().map(|(path, file)| (path.as_str(), content(file))).collect()
}

fn requests(requests: Vec<Request>) -> Vec<Seen> {
    let seen = requests.into_iter().map(|request| match request {
        Request::GetSecret(Filter::Uids(uids)) => Seen::GetSecret(uids),
        Request::GetSecret(Filter::All(word)) => {
            assert_eq!(word, "all");
            Seen::GetSecret(Vec::new())
        }
        Request::Download(name) => Seen::Download(name),
    });
    sorted(seen.collect())
}

/// Downloads are concurrent, so they are compared in the order of their names.
fn sorted(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort_by_key(|seen| match seen {
        Seen::GetSecret(_) => None,
        Seen::Download(name) => Some(name.clone()),
    });
    seen
}

/// A time such as `2005-03-18T01:58:31Z` in milliseconds since 1970.
fn milliseconds(time: &str) -> u64 {
    let numbers: Vec<u64> = time.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = numbers[..] else { panic!("{time}") };
    // Days since 1970 in the Gregorian calendar, counted in years that begin with March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
}

#[test]
fn the_time_of_a_case_is_read() {
    for (time, milliseconds_since_1970) in [
        ("1970-01-01T00:00:59Z", 59_000),
        ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2005-03-18T01:58:31Z", 1_111_111_111_000),
    ] {
        assert_eq!(milliseconds(time), milliseconds_since_1970, "{time}");
    }
}
