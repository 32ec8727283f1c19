//! What the pipeline's author wrote: the config, the mapping lines, the notations in them.

pub mod config;
pub mod mapping;
pub mod notation;
pub mod path;
pub mod template;
