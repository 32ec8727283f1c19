//! Rules on whether a destination can take a value.

use crate::inputs::name::KnownNames;
use crate::outputs::plan::Agent;

/// What decides whether a destination can take a value.
pub(super) struct Rules {
    /// What the agent can take.
    pub(super) agent: Agent,
    /// The names of variables that values must not refer to.
    pub(super) names: KnownNames,
}
