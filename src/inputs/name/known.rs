//! Names that a value must not contain as `$(NAME)`, because the agent would replace them.

use std::collections::HashSet;
use std::rc::Rc;

use super::reserved::is_family_member;
use crate::error::Error;
use crate::inputs::destination::Destination;
use crate::inputs::job::Job;
use crate::inputs::mapping::Mapping;
use crate::inputs::path::fold_case;

/// The names of variables that the job has before or after this run: a value must not contain one as `$(NAME)`, which
/// the agent would replace before each step.
#[derive(Debug)]
pub(crate) struct KnownNames {
    job: Rc<Job>,
    /// The names that this run sets, case-folded.
    set: HashSet<String>,
    /// The parts before and after the `*` in names that this run sets, case-folded.
    patterns: Vec<(String, String)>,
}

/// The longest name to look for in a value, in bytes.
const LONGEST: usize = 400;

impl KnownNames {
    /// The names of the job, and those that these lines set.
    pub(crate) fn of(mappings: &[Mapping], job: Rc<Job>) -> Self {
        let mut names = Self { job, set: HashSet::new(), patterns: Vec::new() };
        for Mapping { destination, .. } in mappings {
            let name = match destination {
                Destination::Variable(name) | Destination::Environment(name) => fold_case(name),
                Destination::Output(name) => fold_case(&names.job.qualified(name).unwrap_or_default()),
                Destination::File(_) => continue,
            };
            match name.split_once('*') {
                Some((before, after)) => names.patterns.push((before.to_owned(), after.to_owned())),
                None => drop(names.set.insert(name)),
            }
        }
        names
    }

    /// Refuses a destination that collides with a variable of the job.
    ///
    /// # Errors
    /// The agent would refuse it, or the value would not be where the author expects it.
    pub(crate) fn check(&self, destination: &Destination) -> Result<(), Error> {
        super::check_in_job(destination, &self.job)
    }

    /// Whether the agent would replace a part of this value.
    pub(crate) fn is_macro_in(&self, value: &str) -> bool {
        macros(value).any(|name| self.job.has(name) || is_family_member(name) || self.is_set(name))
    }

    fn is_set(&self, name: &str) -> bool {
        let name = fold_case(name);
        let matches = |(before, after): &(String, String)| {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        };
        self.set.contains(&name) || self.patterns.iter().any(matches)
    }
}

/// The names in `$(name)`. If the agent does not know one, it searches on right after its `$`, so `$(a$(b)` has two.
fn macros(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("$(").filter_map(|(start, opening)| {
        let rest = text.get(start + opening.len()..)?;
        let length = rest.bytes().take(LONGEST).position(|byte| byte == b')')?;
        rest.get(..length)
    })
}
