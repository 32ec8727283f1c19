//! What the agent understands: masks, variables, files.

pub mod form;
pub mod mask;
pub mod plan;
pub mod report;
pub mod transform;
