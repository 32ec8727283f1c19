//! The end of a run: two-factor codes are computed last, so that they are fresh, and then the plan is made.

use super::rendered::Rendered;
use super::run::Run;
use super::transfer::Transfer;
use super::{Env, Notice, Step, Stop};
use crate::outputs::mask::BUDGET;
use crate::outputs::plan::{Agent, Plan};
use crate::outputs::report::MaskGap;
use crate::text::{counted, grouped, listed_plain};

/// The wait for a fresh two-factor code, once everything else is available.
pub struct Wait {
    run: Box<Run>,
    ms: u64,
}

impl std::fmt::Debug for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wait").field("ms", &self.ms).finish_non_exhaustive()
    }
}

impl Wait {
    /// How long, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        self.ms
    }

    /// Goes on after that time.
    #[must_use]
    pub fn resume(self, env: &mut Env<'_>) -> Step {
        // A timer may end a little early.
        Step::of(self.run.settle_if_fresh(true, env))
    }
}

impl Run {
    /// Settles the run: everything but the two-factor codes is available.
    pub(super) fn settle(self: Box<Self>, env: &mut Env<'_>) -> Result<Step, Stop> {
        self.settle_if_fresh(false, env)
    }

    fn settle_if_fresh(mut self: Box<Self>, has_waited: bool, env: &mut Env<'_>) -> Result<Step, Stop> {
        let code_ms = self.code_time(env.now_ms);
        let ms = self.rendered.iter().map(|line| line.wait_ms(code_ms)).max().unwrap_or(0);
        if ms > 0 {
            if !has_waited {
                env.notices.push(Notice::Info(format!(
                    "waiting {} s for the next two-factor code, so that the next step can use it",
                    ms.div_ceil(1000)
                )));
            }
            return Ok(Step::Wait(Box::new(Wait { run: self, ms })));
        }
        if let (Some(error_ms), true) = (self.clock.error_ms(), self.rendered.iter().any(Rendered::has_codes)) {
            env.notices.push(Notice::Warning(format!(
                "the agent's clock is {} s {}, so two-factor codes use Keeper's clock",
                error_ms.unsigned_abs() / 1000,
                if error_ms > 0 { "behind" } else { "ahead" }
            )));
        }
        let mut plan = self.plan(env)?;
        if let Some(warning) = room_warning(&plan, self.rules.agent) {
            env.notices.push(warning);
        }
        env.masks.finish();
        if let Some(gap) = plan.report.describe_masks(env.masks) {
            env.notices.push(mask_warning(&gap));
        }
        Ok(Step::Done(Ok(plan)))
    }

    /// Ends a check: everything that can be checked without being set was found.
    pub(super) fn checked(mut self: Box<Self>, env: &mut Env<'_>) -> Result<Step, Stop> {
        let waiting: usize = self.to_disk.iter().map(Transfer::count).sum();
        let count = counted(self.rendered.len() + waiting, "secret", "secrets");
        // Codes are computed too, to see whether their destinations can take them.
        self.plan(env)?;
        env.notices.push(Notice::Info(format!("checked: found {count}; nothing was set")));
        Ok(Step::Done(Ok(Plan::default())))
    }

    /// The time for two-factor codes: Keeper's, if the agent's clock is off, as wrong codes would not be accepted.
    fn code_time(&self, now_ms: u64) -> u64 {
        if self.clock.error_ms().is_some() { self.clock.at(now_ms) } else { now_ms }
    }

    fn plan(&mut self, env: &mut Env<'_>) -> Result<Plan, Stop> {
        let code_ms = self.code_time(env.now_ms);
        let percents = self.rules.agent.percents;
        let mut plan = Plan { report: std::mem::take(&mut self.report), percents, ..Plan::default() };
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        self.rendered.sort_by_key(|line| line.id);
        for line in self.rendered.drain(..) {
            match line.plan(code_ms, &self.rules, env, &mut plan) {
                Ok(filled) => texts.extend(filled),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let mut texts = texts.into_iter();
        self.drafts.drain(..).for_each(|draft| draft.plan(&mut texts, &mut plan));
        Ok(plan)
    }
}

/// The warning that later tasks may not start, as their environment has no room for all variables.
fn room_warning(plan: &Plan, agent: Agent) -> Option<Notice> {
    // What else is in the environment of a task.
    const OTHERS: u64 = 128 << 10;
    let (size, limit) = (plan.environment_size(), agent.environment_limit()?);
    (size + OTHERS > limit).then(|| {
        let (size, limit) = (grouped(size), grouped(limit));
        Notice::Warning(format!(
            "the variables of this step have {size} bytes, and the system has room for {limit} in the environment of a \
             program: later tasks may not start; write large values to files"
        ))
    })
}

/// The warning that the budget of masks was used up.
fn mask_warning(gap: &MaskGap) -> Notice {
    let forms = grouped(gap.forms as u64);
    let values = match gap.unmasked.as_slice() {
        [] => "the values themselves are".to_owned(),
        lines => format!("and nothing at all of {}", listed_plain(lines)),
    };
    Notice::Warning(format!(
        "a step may register {} masks, and this one needs more: {forms} forms of {} are not masked, {values}; spread the \
         lines over several steps",
        grouped(BUDGET as u64),
        listed_plain(&gap.lines)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::destination::Destination;
    use crate::inputs::path::Platform;

    #[test]
    fn variables_for_which_there_is_no_room_draw_a_warning() {
        let warning = |platform, count: usize| {
            let mut plan = Plan::default();
            for number in 0..count {
                let destination = Destination::Variable(format!("NAME_{number:02}"));
                plan.add("line 1", destination, 0o600, vec![b'x'; 100_000 - "SECRET_NAME_00=".len() - 1].into());
            }
            room_warning(&plan, Agent { platform, ..Agent::default() })
        };
        let expected = "the variables of this step have 2,000,000 bytes, and the system has room for 2,097,152 in the \
                        environment of a program: later tasks may not start; write large values to files";
        assert_eq!(warning(Platform::Linux, 20), Some(Notice::Warning(expected.to_owned())));
        assert_eq!(warning(Platform::Linux, 19), None);
        assert!(warning(Platform::MacOs, 10).is_some() && warning(Platform::MacOs, 9).is_none());
        assert_eq!(warning(Platform::Windows, 50), None);
    }
}
