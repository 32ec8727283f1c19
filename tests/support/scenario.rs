//! A run of the core that a test drives by hand, with a [`Keeper`] that answers when the test says so.

use std::collections::BTreeMap;
use std::rc::Rc;

use ksm_task::inputs::Inputs;
use ksm_task::inputs::path::Platform;
use ksm_task::outputs::plan::{Agent, Content, Plan};
use ksm_task::protocol::failure::Failure;
use ksm_task::protocol::request::{Request, Sealed};
use ksm_task::protocol::response::HttpOutcome;
use ksm_task::retrieval::{Download, IN_MEMORY_LIMIT, Next, Notice, Options, Step};

use super::entropy::Stream;
use super::keeper::{self, Keeper, answered};
use super::run::Run;

/// A time ten seconds before the next two-factor code.
pub(crate) const NOW_MS: u64 = 1_700_000_000_000;

pub(crate) const TIMEOUT_MS: u64 = 120_000;

pub(crate) fn options() -> Options {
    let agent = Agent { platform: Platform::Linux, ..Agent::default() };
    Options { agent, timeout_ms: TIMEOUT_MS, job: Rc::default(), masks_so_far: 0 }
}

/// A request that Keeper's servers saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// `get_secret` for these UIDs, or for all records if there are none.
    GetSecret(Vec<String>),
    /// A download of the attachment of this name.
    Download(String),
}

pub(crate) struct Scenario {
    pub(crate) keeper: Keeper,
    /// The author's own files by path: mapping lines and templates.
    pub(crate) files_to_read: BTreeMap<String, String>,
    pub(crate) entropy: Stream,
    /// The time of the next answer. Requested delays pass automatically.
    pub(crate) now_ms: u64,
    /// All masks so far.
    pub(crate) masks: Vec<String>,
    /// All notices so far.
    pub(crate) notices: Vec<Notice>,
    pub(crate) seen: Vec<Seen>,
    /// What was written to disk, by the download's number.
    pub(crate) downloads: BTreeMap<usize, Vec<u8>>,
    run: Run,
    sealed: Option<Sealed>,
}

impl Scenario {
    /// A run of these lines against this Keeper, at its first step.
    pub(crate) fn of<'a>(keeper: Keeper, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let inputs = Inputs::new(&keeper.config(), &lines.into_iter().collect::<Vec<_>>().join("\n"));
        Self::with(keeper, inputs, options(), NOW_MS)
    }

    pub(crate) fn with(keeper: Keeper, inputs: Inputs, options: Options, now_ms: u64) -> Self {
        let run = Run::start(inputs, options, now_ms);
        let mut scenario = Self {
            keeper,
            files_to_read: BTreeMap::new(),
            entropy: Stream::default(),
            now_ms,
            masks: Vec::new(),
            notices: Vec::new(),
            seen: Vec::new(),
            downloads: BTreeMap::new(),
            run,
            sealed: None,
        };
        scenario.note();
        scenario
    }

    /// Passes the outcomes on, after the requested delay.
    pub(crate) fn resume(&mut self, outcomes: impl Into<Vec<HttpOutcome>>) -> &mut Self {
        self.now_ms += match self.run.next() {
            Next::Ask(request) => request.delay_ms,
            Next::Fetch(requests) => requests.iter().map(|request| request.delay_ms).max().unwrap_or(0),
            Next::Download(downloads) => downloads.iter().map(|load| load.request.delay_ms).max().unwrap_or(0),
            Next::Wait(delay_ms) => delay_ms,
            Next::Read(_) | Next::Finish(_) | Next::Fail(_) => 0,
        };
        self.run.resume(outcomes.into(), self.now_ms, &mut self.entropy);
        self.note();
        self
    }

    fn note(&mut self) {
        self.masks.extend(self.run.masks.take().iter().map(|mask| mask.expose().to_owned()));
        self.notices.extend(self.run.notices.take());
        self.sealed = self.run.seal(&mut self.entropy);
    }

    /// Keeper answers whatever the last step asks for.
    pub(crate) fn answer(&mut self) -> &mut Self {
        let outcomes = self.answers();
        self.resume(outcomes)
    }

    /// Keeper's answers to the last step.
    pub(crate) fn answers(&mut self) -> Vec<HttpOutcome> {
        match self.run.next() {
            Next::Read(paths) => {
                let files = paths.iter().map(|path| match self.files_to_read.get(path) {
                    Some(text) => answered(200, text.as_bytes()),
                    None => HttpOutcome::Failed(Failure::new("ENOENT")),
                });
                files.collect()
            }
            Next::Ask(request) => {
                assert_eq!(request.method, "POST");
                assert_eq!(request.url, format!("https://{}/api/rest/sm/v1/get_secret", keeper::HOST));
                let received = self.keeper.receive(self.sealed.as_ref().expect("what is sent"));
                self.seen.push(Seen::GetSecret(received.filter()));
                vec![self.keeper.answer(&received)]
            }
            Next::Fetch(requests) => {
                let answers = requests.iter().map(|request| {
                    assert_eq!(request.method, "GET");
                    self.seen.push(Seen::Download(self.keeper.file_name(&request.url).to_owned()));
                    answered(200, &self.keeper.stored(&request.url))
                });
                answers.collect()
            }
            Next::Download(downloads) => {
                let Step::Load(load) = self.run.step() else { panic!("downloads") };
                let outcomes = downloads.iter().map(|Download { id, request, .. }| {
                    self.seen.push(Seen::Download(self.keeper.file_name(&request.url).to_owned()));
                    let key = load.key(*id).expect("the key of a download");
                    match keeper::open(key.expose(), &self.keeper.stored(&request.url)) {
                        Some(content) => {
                            // Small content comes back as well.
                            let small =
                                if content.len() as u64 <= IN_MEMORY_LIMIT { content.clone() } else { Vec::new() };
                            self.downloads.insert(*id, content);
                            answered(200, &small)
                        }
                        None => HttpOutcome::Failed(Failure::new("UNDECRYPTABLE")),
                    }
                });
                outcomes.collect()
            }
            Next::Wait(_) => Vec::new(),
            Next::Finish(_) | Next::Fail(_) => panic!("nothing is asked for"),
        }
    }

    /// Keeper answers until the run ends.
    pub(crate) fn run(&mut self) -> &mut Self {
        while !matches!(self.step(), Step::Done(_)) {
            self.answer();
        }
        self
    }

    pub(crate) fn step(&self) -> &Step {
        self.run.step()
    }

    /// What the last step asks for.
    pub(crate) fn next(&self) -> Next<'_> {
        self.run.next()
    }

    /// The requests that the last step asks for.
    pub(crate) fn requests(&self) -> Vec<Request> {
        match self.next() {
            Next::Ask(request) => vec![request.clone()],
            Next::Fetch(requests) => requests,
            next => panic!("expected requests, found {next:?}"),
        }
    }

    /// Whether requests are to be sent.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.next(), Next::Ask(_) | Next::Fetch(_))
    }

    /// The one request that the last step asks for.
    pub(crate) fn request(&self) -> Request {
        let [request] = self.requests().try_into().expect("one request");
        request
    }

    /// The content of the last step's request.
    pub(crate) fn sealed(&self) -> &Sealed {
        self.sealed.as_ref().expect("a request that carries something")
    }

    pub(crate) fn downloads_wanted(&self) -> Vec<Download> {
        match self.next() {
            Next::Download(downloads) => downloads,
            next => panic!("expected downloads, found {next:?}"),
        }
    }

    /// The plan with which the run ended.
    pub(crate) fn plan(&self) -> &Plan {
        match self.next() {
            Next::Finish(plan) => plan,
            Next::Fail(_) => panic!("{}", self.problems().join("\n\n")),
            next => panic!("expected a plan, found {next:?}"),
        }
    }

    /// The problems with which the run ended, as the author reads them.
    pub(crate) fn problems(&self) -> Vec<String> {
        match self.next() {
            Next::Fail(problems) => problems.iter().map(ksm_task::problem::Problem::render).collect(),
            next => panic!("expected problems, found {next:?}"),
        }
    }

    /// The warnings so far.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        let warnings = self.notices.iter().filter_map(|notice| match notice {
            Notice::Warning(text) => Some(text.as_str()),
            Notice::Info(_) => None,
        });
        warnings.collect()
    }

    /// The lines of the log so far that are not warnings.
    pub(crate) fn infos(&self) -> Vec<&str> {
        let infos = self.notices.iter().filter_map(|notice| match notice {
            Notice::Info(text) => Some(text.as_str()),
            Notice::Warning(_) => None,
        });
        infos.collect()
    }

    /// The plan's variables of one kind by name.
    pub(crate) fn variables(&self, is_secret: bool, is_output: bool) -> BTreeMap<&str, &str> {
        let variables = self.plan().variables.iter();
        variables
            .filter(|variable| variable.is_secret == is_secret && variable.is_output == is_output)
            .map(|variable| (variable.name.as_str(), variable.value.expose()))
            .collect()
    }

    /// The value of a variable, of whatever kind.
    pub(crate) fn value(&self, name: &str) -> &str {
        let variable = self.plan().variables.iter().find(|variable| variable.name == name);
        variable.expect(name).value.expose()
    }

    /// The plan's files by path.
    pub(crate) fn files(&self) -> BTreeMap<&str, &[u8]> {
        let files = self.plan().files.iter().map(|file| {
            let content = match &file.content {
                Content::Bytes(bytes) => bytes.expose(),
                Content::Download(id) => &self.downloads[id],
            };
            (file.path.as_str(), content)
        });
        files.collect()
    }

    /// The transmission key of the request that was sent last, as it was drawn.
    pub(crate) fn drawn_transmission_key(&self) -> [u8; 32] {
        // A request draws the transmission key, the ephemeral scalar and two nonces.
        let [.., key, _, _, _] = self.entropy.drawn.as_slice() else { panic!("no request was made") };
        key.as_slice().try_into().expect("32 bytes")
    }
}
