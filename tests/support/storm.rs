//! Many jobs of one device at once, against Keeper's throttle, in simulated time.
//!
//! Each job is a real run of the core: it gets the time and the answers, and says how long it waits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ksm_task::inputs::Inputs;
use ksm_task::protocol::response::{HttpOutcome, HttpResponse};
use ksm_task::retrieval::Next;
use serde_json::json;

use super::entropy::Stream;
use super::keeper::Keeper;
use super::run::Run;
use super::scenario::options;

/// How Keeper counts. A hundred requests pass either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Throttle {
    /// Each request, even a refused one, restarts the ten seconds: only silence ends a ban.
    Renewing,
    /// Ten seconds from the first request.
    Window,
}

/// The rule by which jobs come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The core's own.
    Task,
    /// That of Keeper's SDKs: 11, 22, 44, 88 and 176 s, and up to a quarter more.
    Sdk,
}

/// A storm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storm {
    pub(crate) jobs: usize,
    /// They start within this many seconds.
    pub(crate) within_s: u64,
    pub(crate) throttle: Throttle,
    /// The status of a refusal: 429, or 403.
    pub(crate) status: u16,
    pub(crate) seed: u64,
}

/// The result of a storm. Times are in milliseconds since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// When each job that succeeded had its secrets, in order.
    pub(crate) ends_ms: Vec<u64>,
    pub(crate) requests: usize,
    /// The longest that one job took.
    pub(crate) longest_ms: u64,
}

impl Course {
    /// When this share of all jobs had their secrets, if it ever did.
    pub(crate) fn until_ms(&self, jobs: usize, percent: usize) -> Option<u64> {
        self.ends_ms.get((jobs * percent).div_ceil(100).max(1) - 1).copied()
    }
}

const WINDOW_MS: u64 = 10_000;
const MOST_REQUESTS: usize = 100;
/// Half of the round trip: 20 to 500 ms.
const LATENCY_MS: std::ops::Range<u64> = 10..251;
/// How far agents' clocks are off, in either direction.
const CLOCK_ERROR_MS: u64 = 2_000;
/// One in this many jobs gets a real answer to a real request, as sealing would take most of the time.
const ANSWERED_EACH: usize = 50;
/// An arbitrary time, in milliseconds since 1970.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// Simulates a storm.
pub(crate) fn pass(storm: Storm, rule: Rule) -> Course {
    let mut chance = Chance(storm.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let start_ms = EPOCH_MS + chance.below(120_000);
    let keeper = Keeper::holding(json!([{ "title": "x", "fields": [{ "type": "password", "value": ["s3cr3t"] }] }]));
    let mut jobs: Vec<Job> = (0..storm.jobs).map(|_| Job::new(&keeper, rule, start_ms, storm, &mut chance)).collect();
    let mut arrivals: BinaryHeap<_> =
        jobs.iter().enumerate().map(|(id, job)| Reverse((job.started_ms + chance.within(LATENCY_MS), id))).collect();
    let (mut count, mut counted_until_ms) = (0, 0);
    let mut course = Course::default();
    while let Some(Reverse((now_ms, id))) = arrivals.pop() {
        course.requests += 1;
        if now_ms >= counted_until_ms || storm.throttle == Throttle::Renewing {
            count = if now_ms >= counted_until_ms { 0 } else { count };
            counted_until_ms = now_ms + WINDOW_MS;
        }
        count += 1;
        let back_ms = now_ms + chance.within(LATENCY_MS);
        let job = &mut jobs[id];
        if count <= MOST_REQUESTS {
            if id % ANSWERED_EACH == 0 {
                job.succeed(&keeper, now_ms, back_ms);
            }
            course.ends_ms.push(back_ms - start_ms);
            course.longest_ms = course.longest_ms.max(back_ms - job.started_ms);
        } else if let Some(pause_ms) = job.pause(storm.status, now_ms, back_ms, &mut chance) {
            arrivals.push(Reverse((back_ms + pause_ms + chance.within(LATENCY_MS), id)));
        }
    }
    course.ends_ms.sort_unstable();
    course
}

struct Job {
    started_ms: u64,
    /// How far its clock is ahead, plus two seconds.
    ahead_ms: u64,
    way: Way,
}

enum Way {
    Task(Box<Run>),
    Sdk { refusals: u32 },
}

impl Job {
    fn new(keeper: &Keeper, rule: Rule, start_ms: u64, storm: Storm, chance: &mut Chance) -> Self {
        let started_ms = start_ms + chance.below(storm.within_s * 1000);
        let ahead_ms = chance.below(2 * CLOCK_ERROR_MS + 1);
        let way = match rule {
            Rule::Sdk => Way::Sdk { refusals: 0 },
            Rule::Task => {
                let inputs = Inputs::new(&keeper.config(), "x/field/password > var:X");
                let run = Run::start(inputs, options(), clock(started_ms, ahead_ms));
                assert!(matches!(run.next(), Next::Ask(_)), "a run that asks");
                Way::Task(Box::new(run))
            }
        };
        Self { started_ms, ahead_ms, way }
    }

    /// How long it waits after a refusal at this time of Keeper's, of which it learns a little later.
    fn pause(&mut self, status: u16, refused_ms: u64, heard_ms: u64, chance: &mut Chance) -> Option<u64> {
        match &mut self.way {
            Way::Sdk { refusals } => {
                *refusals += 1;
                let pause_ms = 11_000 << (*refusals - 1);
                (*refusals <= 5).then(|| pause_ms + chance.below(pause_ms / 4 + 1))
            }
            Way::Task(run) => {
                let at_ms = clock(heard_ms, self.ahead_ms);
                let refusal = HttpResponse {
                    status,
                    body: br#"{"error":"throttled","message":"throttled"}"#.to_vec(),
                    date_ms: Some(refused_ms / 1000 * 1000),
                    at_ms: Some(at_ms),
                    ..HttpResponse::default()
                };
                run.resume(vec![HttpOutcome::Answered(refusal)], at_ms, chance);
                match run.next() {
                    Next::Ask(request) => Some(request.delay_ms),
                    _ => None,
                }
            }
        }
    }

    /// Gets a real answer to a real request.
    fn succeed(&mut self, keeper: &Keeper, answered_ms: u64, heard_ms: u64) {
        let Way::Task(run) = &mut self.way else { return };
        let mut entropy = Stream::default();
        let sealed = run.seal(&mut entropy).expect("a request that carries something");
        let mut answer = keeper.answer(&keeper.receive(&sealed));
        if let HttpOutcome::Answered(response) = &mut answer {
            response.date_ms = Some(answered_ms / 1000 * 1000);
            response.at_ms = Some(clock(heard_ms, self.ahead_ms));
        }
        run.resume(vec![answer], clock(heard_ms, self.ahead_ms), &mut entropy);
        assert!(matches!(run.next(), Next::Finish(_)), "a run that has its secrets");
    }
}

fn clock(ms: u64, ahead_ms: u64) -> u64 {
    ms + ahead_ms - CLOCK_ERROR_MS
}

/// A reproducible generator of pseudo-random numbers (xorshift64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        range.start + self.below(range.end - range.start)
    }
}

impl ksm_task::crypto::Entropy for Chance {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ksm_task::error::Error> {
        bytes.fill_with(|| self.next().to_be_bytes()[0]);
        Ok(())
    }
}
