//! What the agent understands: masks, variables, files.

pub mod mask;
pub mod plan;
