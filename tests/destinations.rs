//! Every kind of destination: what it sets or writes, and everything that follows from that.
//!
//! A new kind states in `EFFECTS` what it does. What it sets is then read from its command, and determines what the
//! other tests expect of it.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::panic, reason = "what a function here can't do fails the test")]

mod support;

use std::rc::Rc;
use std::sync::LazyLock;

use ksm_task::inputs::Inputs;
use ksm_task::inputs::destination::KINDS;
use ksm_task::inputs::job::{Job, JobVariables};
use ksm_task::outputs::plan::Content;
use ksm_task::retrieval::{Next, Options};
use serde_json::json;
use support::keeper::Keeper;
use support::scenario::{NOW_MS, Scenario, options};

/// What each kind does with the value `s3cr3t` and the name `NAME`: the command that the agent gets, or the file.
const EFFECTS: [(&str, &str); 4] = [
    ("var", "##vso[task.setvariable variable=NAME;isOutput=false;issecret=true;]s3cr3t"),
    ("out", "##vso[task.setvariable variable=NAME;isOutput=true;issecret=true;]s3cr3t"),
    ("env", "##vso[task.setvariable variable=NAME;isOutput=false;issecret=false;preservecase=true;]s3cr3t"),
    ("file", "the file NAME holds s3cr3t"),
];

/// A kind, and its traits according to its command or file.
struct Kind {
    word: &'static str,
    /// It writes a file; otherwise it sets a variable.
    is_file: bool,
    /// It sets an output variable, which belongs to the step, not to the job.
    is_output: bool,
    /// It sets a secret variable, which the agent masks and adds to no environment.
    is_secret: bool,
}

impl Kind {
    fn sets_job_variable(&self) -> bool {
        !self.is_file && !self.is_output
    }

    /// Whether later steps find it in their environment.
    fn reaches_environment(&self) -> bool {
        self.sets_job_variable() && !self.is_secret
    }

    /// Whether two destinations with the same name are the same.
    fn meets(&self, other: &Self) -> bool {
        self.is_file == other.is_file && self.is_output == other.is_output
    }
}

/// The traits of each kind.
static READ: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let kinds = KINDS.map(|(word, _)| {
        let effect = Try::of(&format!("A/field/password > {word}:NAME")).effects().concat();
        Kind {
            word,
            is_file: effect.starts_with("the file"),
            is_output: effect.contains("isOutput=true"),
            is_secret: effect.contains("issecret=true"),
        }
    });
    kinds.into()
});

fn kinds() -> &'static [Kind] {
    &READ
}

/// A run with these lines, on a vault with the record `A`.
struct Try<'a> {
    lines: &'a str,
    password: &'a str,
    templates: &'a str,
    output_policy: &'a str,
    job: JobVariables,
}

impl<'a> Try<'a> {
    fn of(lines: &'a str) -> Self {
        let job = JobVariables { system_taskinstancename: Some("fetch".to_owned()), ..JobVariables::default() };
        Self { lines, password: "s3cr3t", templates: "", output_policy: "", job }
    }

    fn with_password(lines: &'a str, password: &'a str) -> Self {
        Self { password, ..Self::of(lines) }
    }

    fn run(&self, mode: &str) -> Scenario {
        let keeper = Keeper::holding(json!([{
            "title": "A",
            "fields": [{ "type": "password", "value": [self.password] }],
            "files": [
                { "name": "text", "text": "t3xt" },
                { "name": "bytes", "base64": "AP8=" },
                { "name": "large", "bytes": 70_000 },
            ],
        }]));
        let inputs = Inputs {
            mode: mode.to_owned(),
            output_policy: self.output_policy.to_owned(),
            templates: self.templates.to_owned(),
            ..Inputs::new(&keeper.config(), self.lines)
        };
        let options = Options { job: Rc::new(Job::of(self.job.clone())), ..options() };
        let mut scenario = Scenario::with(keeper, inputs, options, NOW_MS);
        scenario.files_to_read.insert("in".to_owned(), "text".to_owned());
        scenario.run();
        scenario
    }

    /// What the plan sets and writes.
    fn effects(&self) -> Vec<String> {
        let scenario = self.run("run");
        let plan = scenario.plan();
        let commands = plan.variables.iter().map(|variable| variable.command().expose().to_owned());
        let files = plan.files.iter().map(|file| match &file.content {
            Content::Bytes(bytes) => {
                format!("the file {} holds {}", file.path, String::from_utf8_lossy(bytes.expose()))
            }
            Content::Download(_) => format!("the file {} is a download", file.path),
        });
        commands.chain(files).collect()
    }

    /// Why the lines are refused, in every mode that can know it.
    fn refusal_in(&self, modes: &[&str]) -> String {
        let refusals: Vec<String> = modes.iter().map(|mode| refusal(&self.run(mode))).collect();
        let [first, ..] = refusals.as_slice() else { panic!("no mode") };
        for (mode, refusal) in modes.iter().zip(&refusals) {
            assert_eq!(refusal, first, "{} in the mode `{mode}`", self.lines);
        }
        first.clone()
    }

    /// Why the lines are refused as they are written.
    fn refusal(&self) -> String {
        self.refusal_in(&["run", "check", "validate"])
    }

    /// Why a value is refused.
    fn refusal_of_value(&self) -> String {
        self.refusal_in(&["run", "check"])
    }
}

/// The message of the one problem, without place and hint; empty if there is none.
fn refusal(scenario: &Scenario) -> String {
    let Next::Fail(problems) = scenario.next() else { return String::new() };
    problems.iter().map(|problem| problem.error.to_string()).collect::<Vec<_>>().join("; ")
}

/// The message, if it is expected.
fn if_so(is_expected: bool, message: &str) -> String {
    if is_expected { message.to_owned() } else { String::new() }
}

#[test]
fn each_kind_does_what_its_row_says() {
    for (word, _) in KINDS {
        let row = EFFECTS.iter().find(|(known, _)| *known == word);
        let (_, effect) = row.unwrap_or_else(|| {
            panic!("KINDS has `{word}`: say in EFFECTS in tests/destinations.rs what it sets or writes")
        });
        for written in [word.to_owned(), format!("{word}?")] {
            let effects = Try::of(&format!("A/field/password > {written}:NAME")).effects();
            assert_eq!(effects, [*effect], "{written}:NAME: see `Plan::add`, `is_output` and `is_secret`");
        }
    }
    assert_eq!(EFFECTS.len(), KINDS.len(), "EFFECTS in tests/destinations.rs has a row for a kind that is gone");
}

#[test]
fn a_field_of_a_whole_record_becomes_the_same_as_a_line() {
    for kind in kinds() {
        let word = kind.word;
        if kind.is_file {
            let refusal = Try::of(&format!("A/* > {word}:X_*")).refusal();
            assert_eq!(refusal, "a whole record needs `file+json:` or `file+dotenv:`", "{word}: see `check_record`");
            continue;
        }
        let effects = Try::of(&format!("A/* > {word}:X_*")).effects();
        let of_line = Try::of(&format!("A/field/password > {word}:X_PASSWORD")).effects();
        assert_eq!(effects, of_line, "{word}: see `Destination::renamed`");
    }
}

#[test]
fn two_lines_of_one_destination_are_refused() {
    const MESSAGE: &str = "this is also the destination of line 1";
    for one in kinds() {
        for other in kinds() {
            let (first, second) = (one.word, other.word);
            let is_one = one.meets(other);
            let is_one_in_environment = one.reaches_environment() && other.reaches_environment();
            for (name, again, is_refused) in [
                ("same", "same", is_one),
                ("Some.Name", "some.name", is_one && !one.is_file),
                ("some.name", "some name", is_one_in_environment),
            ] {
                let lines = format!("A/title > {first}:{name}\nA/title > {second}:{again}");
                let refusal = Try::of(&lines).refusal_in(&["validate"]);
                assert_eq!(refusal, if_so(is_refused, MESSAGE), "{lines}: see `Destination::identities`");
            }
        }
    }
}

#[test]
fn a_field_of_a_whole_record_is_no_destination_of_another_line() {
    for one in kinds().iter().filter(|kind| !kind.is_file) {
        for other in kinds() {
            let lines = format!("A/* > {}:X_*\nA/title > {}:X_PASSWORD", one.word, other.word);
            let message = if_so(one.meets(other), "this is also the destination of line 1");
            assert_eq!(Try::of(&lines).refusal_in(&["check"]), message, "{lines}: see `Destination::identities`");
        }
    }
}

#[test]
fn the_file_of_a_template_is_no_destination_of_a_line() {
    for kind in kinds() {
        let lines = format!("A/title > {}:out", kind.word);
        let refusal = Try { templates: "in > out", ..Try::of(&lines) }.refusal();
        assert_eq!(refusal, if_so(kind.is_file, "this is also the destination of line 1"), "{lines}");
        let lines = format!("A/title > {}:out/in", kind.word);
        let refusal = Try { templates: "in > out", ..Try::of(&lines) }.refusal();
        let message = "a folder of this path is the file that templates, line 1 writes";
        assert_eq!(refusal, if_so(kind.is_file, message), "{lines}: see `Mapping::file`");
    }
}

#[test]
fn a_name_is_one_that_the_destination_can_have() {
    for kind in kinds() {
        for (name, is_refused, message) in [
            ("a=b", !kind.is_file, "the name contains a `=`, which a variable's name cannot have"),
            (
                "a #b",
                !kind.is_file,
                "a `#` after a space does not begin a comment here, so it would be part of the destination",
            ),
            ("folder/", kind.is_file, "the path is that of a folder; expected that of a file"),
            ("a #", true, "a `#` after a space does not begin a comment here, so it would be part of the destination"),
        ] {
            let lines = format!("A/title > {}:{name}", kind.word);
            assert_eq!(Try::of(&lines).refusal(), if_so(is_refused, message), "{lines}: see `Destination::check`");
        }
        let (expected, line) = (if kind.is_file { "path" } else { "name" }, format!("A/title > {}:", kind.word));
        assert_eq!(Try::of(&line).refusal(), format!("expected a {expected} after `:`, found nothing"), "{line}");
    }
}

#[test]
fn a_name_that_somebody_reads_is_refused_where_it_would_be_read() {
    for kind in kinds() {
        for (name, is_refused) in [
            ("PATH", kind.sets_job_variable()),
            ("System.AccessToken", kind.sets_job_variable()),
            ("GIT_SSH_COMMAND", kind.reaches_environment()),
            ("JAVA_TOOL_OPTIONS", kind.reaches_environment()),
        ] {
            let lines = format!("A/title > {}:{name}", kind.word);
            assert_eq!(
                Try::of(&lines).refusal(),
                if_so(is_refused, &reserved(name)),
                "{lines}: see `Destination::check`"
            );
        }
    }
}

fn reserved(name: &str) -> String {
    format!("`{name}` is a variable of the agent or the system; setting it would change the job")
}

#[test]
fn the_record_does_not_choose_names_of_the_job() {
    for kind in kinds().iter().filter(|kind| !kind.is_file) {
        let lines = format!("A/* > {}:*", kind.word);
        let message = if_so(kind.sets_job_variable(), "the `*` lets the record choose names of the job's variables");
        assert_eq!(Try::of(&lines).refusal(), message, "{lines}: see `check_wildcard`");
    }
}

#[test]
fn the_variables_of_the_job_leave_room_or_none() {
    let text = |text: &str| Some(text.to_owned());
    let job = |step| JobVariables {
        vsts_public_variables: text(r#"["my.name", "Build.Custom", "queued"]"#),
        vsts_secret_variables: text(r#"["Token"]"#),
        system_taskinstancename: text(step),
        agent_readonlyvariables: text("true"),
        ..JobVariables::default()
    };
    for kind in kinds() {
        let in_environment = |name: &str, other: &str| {
            format!("`{name}` has the name of the job's variable `{other}` in the environment")
        };
        let rows = [
            // The names in the environment are the same, and one of them is the agent's.
            ("BUILD_CUSTOM", kind.sets_job_variable(), reserved("BUILD_CUSTOM")),
            ("MY_NAME", kind.reaches_environment(), in_environment("MY_NAME", "my.name")),
            (
                "Token",
                kind.reaches_environment(),
                "`Token` is already a secret variable of the job and stays secret, so no step would find it in its environment"
                    .to_owned(),
            ),
            (
                "queued",
                kind.is_output,
                "the job has a variable `queued`, and if it is read-only the agent refuses an output variable of its name"
                    .to_owned(),
            ),
        ];
        for (name, is_refused, message) in rows {
            let lines = format!("A/title > {}:{name}", kind.word);
            let refusal = Try { job: job("fetch"), ..Try::of(&lines) }.refusal();
            assert_eq!(refusal, if_so(is_refused, &message), "{lines}: see `check_in_job`");
        }
        // The agent stores an output variable under the name of its step.
        let lines = format!("A/title > {}:TempDirectory", kind.word);
        let refusal = Try { job: job("agent"), ..Try::of(&lines) }.refusal();
        assert_eq!(refusal, if_so(kind.is_output, &reserved("agent.TempDirectory")), "{lines}: see `check_in_job`");
    }
}

#[test]
fn the_output_policy_is_about_what_sets_output_variables() {
    for kind in kinds() {
        let lines = format!("A/field/password > {}:NAME", kind.word);
        let tried = |output_policy| Try { output_policy, ..Try::of(&lines) };
        let message = if_so(kind.is_output, "`outputPolicy` denies secret output variables");
        assert_eq!(tried("deny").refusal(), message, "{lines}: see `Destination::is_output`");
        for (policy, is_warned) in [("", kind.is_output), ("warn", kind.is_output), ("allow", false), ("deny", false)] {
            let warnings = tried(policy).run("run").warnings().len();
            assert_eq!(warnings, usize::from(is_warned), "{lines} with `outputPolicy` {policy:?}");
        }
    }
}

#[test]
fn a_value_names_no_variable_that_the_agent_would_replace() {
    for kind in kinds() {
        let word = kind.word;
        let message = "the value for `NAME` names a variable of the job in `$(…)`, which the agent would replace";
        let lines = format!("A/field/password > {word}:NAME");
        let refusal = Try::with_password(&lines, "a$(System.AccessToken)").refusal_of_value();
        assert_eq!(refusal, if_so(!kind.is_file, message), "{lines}");
        // What the kind itself sets is a variable of the job, too.
        let lines = format!("A/title > {word}:SET\nA/field/password > var:NAME");
        for (password, is_refused) in
            [("a$(SET)", kind.sets_job_variable()), ("a$(fetch.SET)", kind.is_output), ("a$(OTHER)", false)]
        {
            let refusal = Try::with_password(&lines, password).refusal_of_value();
            assert_eq!(refusal, if_so(is_refused, message), "{lines} with {password}: see `Names::of`");
        }
    }
}

#[test]
fn a_value_is_one_that_the_destination_can_hold() {
    for kind in kinds() {
        let word = kind.word;
        for (notation, password, is_refused, message) in [
            (
                "field/password",
                "two\nlines",
                kind.is_secret,
                "the value for `NAME` has several lines, which a secret variable of the agent cannot hold",
            ),
            (
                "file/bytes",
                "",
                !kind.is_file,
                "the content is not text (UTF-8 without NUL), so it cannot be a variable",
            ),
        ] {
            let lines = format!("A/{notation} > {word}:NAME");
            let refusal = Try::with_password(&lines, password).refusal_of_value();
            assert_eq!(refusal, if_so(is_refused, message), "{lines}: see `Agent::check` and `Rendered::check`");
        }
    }
}

#[test]
fn the_agent_hides_by_itself_what_becomes_a_secret_variable() {
    for kind in kinds() {
        let lines = format!("A/field/password > {}:NAME", kind.word);
        let scenario = Try { output_policy: "allow", ..Try::with_password(&lines, "xy") }.run("run");
        let (masked, warning) = if kind.is_secret {
            ("masked by the agent", "is so short that the agent hides its characters wherever they are in a log")
        } else {
            ("not masked", "is too short to be hidden in logs")
        };
        let rows: Vec<_> = scenario.plan().report.rows.iter().map(|row| row.masked.as_str()).collect();
        assert_eq!(rows, [masked], "{lines}: see `Destination::is_secret`");
        assert_eq!(scenario.warnings(), [format!("line 1: the value for `NAME` {warning}")], "{lines}");
    }
}

#[test]
fn an_optional_line_is_skipped_whatever_its_kind() {
    for kind in kinds() {
        let lines = format!("A/title > var:TITLE\nA/field/login > {}?:NAME", kind.word);
        for mode in ["run", "check"] {
            let scenario = Try::of(&lines).run(mode);
            let skipped = scenario.warnings().iter().any(|warning| warning.starts_with("line 2: skipped: "));
            assert!(skipped, "{lines} in the mode `{mode}`: {:?}", scenario.warnings());
            assert_eq!(scenario.plan().report.rows.len(), usize::from(mode == "run"), "{lines}");
        }
        let refusal = Try::of(&lines.replace('?', "")).refusal_of_value();
        assert_eq!(refusal, "the record `A` has no standard field of this type or label", "{lines}");
    }
}

#[test]
fn a_mode_that_only_looks_sets_nothing() {
    for kind in kinds() {
        let lines = format!("A/field/password > {}:NAME\nA/file/text > {}:FILE", kind.word, kind.word);
        for mode in ["check", "validate"] {
            let scenario = Try { output_policy: "allow", ..Try::of(&lines) }.run(mode);
            assert_eq!(
                scenario.plan().variables.len() + scenario.plan().files.len(),
                0,
                "{lines} in the mode `{mode}`"
            );
            assert_eq!(scenario.warnings(), [""; 0], "{lines} in the mode `{mode}`");
        }
    }
}

#[test]
fn a_form_is_for_the_destinations_that_it_makes_sense_for() {
    for kind in kinds() {
        for (form, is_refused, message) in [
            ("0640", !kind.is_file, "a mode is for files only"),
            ("text", !kind.is_file, "`+text` is for files only: it ends in a line feed; for variables use `+trim`"),
            ("expand", kind.is_file, "`+expand` is for variables only: in a file the agent replaces nothing"),
        ] {
            let lines = format!("A/field/password > {}+{form}:NAME", kind.word);
            assert_eq!(Try::of(&lines).refusal(), if_so(is_refused, message), "{lines}: see `check_forms`");
        }
    }
}

/// How a whole record is laid out by the forms that do so. Others don't take one, as they have no place for its names.
const LAYOUTS: [(&str, &str); 3] = [
    ("json", r#"the file NAME holds {"password":"s3cr3t"}"#),
    ("yaml", r#"the file NAME holds {"password":"s3cr3t"}"#),
    ("dotenv", "the file NAME holds PASSWORD=s3cr3t\n"),
];

#[test]
fn a_whole_record_takes_the_forms_that_lay_it_out() {
    let message = Try::of("A/type > var+nosuchform:X").refusal();
    let forms: Vec<&str> = message.split("`+").skip(1).filter_map(|text| text.split('`').next()).collect();
    assert!(forms.contains(&"dotenv") && forms.len() > LAYOUTS.len(), "{message}");
    for form in forms {
        let lines = format!("A/* > file+{form}:NAME");
        let layout = LAYOUTS.iter().find(|(laid_out_by, _)| *laid_out_by == form).map(|(_, file)| *file);
        let refusal = Try::of(&lines).refusal();
        assert_eq!(refusal.is_empty(), layout.is_some(), "{lines}: {refusal:?}; see `Transform::is_structure`");
        if let Some(layout) = layout {
            assert_eq!(Try::of(&lines).effects(), [layout], "{lines}");
        }
    }
}

#[test]
fn a_large_attachment_goes_to_disk_if_it_becomes_a_file() {
    for kind in kinds() {
        let lines = format!("A/file/large > {}:NAME", kind.word);
        let scenario = Try::of(&lines).run("run");
        assert_eq!(!scenario.downloads.is_empty(), kind.is_file, "{lines}: see `Destination::is_file`");
    }
}
