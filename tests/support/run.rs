//! A run of the core that takes one step after the other, as the door to Node does.

use std::rc::Rc;

use ksm_task::crypto::Entropy;
use ksm_task::crypto::aes_gcm::RustCrypto;
use ksm_task::inputs::Inputs;
use ksm_task::outputs::mask::Masks;
use ksm_task::protocol::request::Sealed;
use ksm_task::protocol::response::HttpOutcome;
use ksm_task::retrieval::{self, Env, FileOutcome, Next, Notices, Options, Step};

pub(crate) struct Run {
    pub(crate) masks: Masks,
    pub(crate) notices: Notices,
    step: Option<Step>,
}

impl Run {
    pub(crate) fn start(inputs: Inputs, options: Options, now_ms: u64) -> Self {
        let masks = Masks::new(options.masks_so_far, options.agent.shortest_mask);
        let mut run = Self { masks, notices: Notices::default(), step: None };
        let mut env = Env { now_ms, entropy: &mut Never, masks: &mut run.masks, notices: &mut run.notices };
        run.step = Some(retrieval::start(inputs, options, Rc::new(RustCrypto), &mut env));
        run
    }

    pub(crate) fn step(&self) -> &Step {
        self.step.as_ref().expect("a step")
    }

    pub(crate) fn next(&self) -> Next<'_> {
        self.step().next()
    }

    /// Goes on with the outcomes; a file is given as an answer.
    pub(crate) fn resume(&mut self, outcomes: Vec<HttpOutcome>, now_ms: u64, entropy: &mut dyn Entropy) {
        let mut env = Env { now_ms, entropy, masks: &mut self.masks, notices: &mut self.notices };
        self.step = Some(match self.step.take().expect("a step") {
            Step::Read(read) => read.resume(outcomes.into_iter().map(file).collect(), &mut env),
            Step::Ask(ask) => ask.resume(outcomes.into_iter().next().expect("an answer"), &mut env),
            Step::Load(load) => load.resume(outcomes, &mut env),
            Step::Wait(wait) => wait.resume(&mut env),
            Step::Done(_) => panic!("the run is over"),
        });
    }

    /// Seals the request, if the step asks for records.
    pub(crate) fn seal(&mut self, entropy: &mut dyn Entropy) -> Option<Sealed> {
        match self.step.as_mut() {
            Some(Step::Ask(ask)) => ask.seal(entropy),
            _ => None,
        }
    }
}

fn file(outcome: HttpOutcome) -> FileOutcome {
    match outcome {
        HttpOutcome::Answered(response) => FileOutcome { body: Some(response.body), code: None },
        HttpOutcome::Failed(failure) => FileOutcome { body: None, code: Some(failure.code) },
    }
}

/// Before the first request, nothing is random.
struct Never;

impl Entropy for Never {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), ksm_task::error::Error> {
        panic!("random bytes at the start")
    }
}
