//! JSON as Keeper writes it: read in one pass, member by member, and kept in values that are wiped when dropped.
//!
//! ```text
//! reader   from bytes to what is wanted from them, by the names of the members
//! typed    values of an expected type
//! text     strings with their escapes
//! value    any value, for what is passed on
//! writer   compact JSON
//! faults   what was left out because it is of another type than expected
//! ```
//!
//! Accepts what JavaScript's `JSON.parse(new TextDecoder().decode(bytes))` accepts, with the same meaning.

mod faults;
mod reader;
mod text;
mod typed;
mod value;
mod writer;

pub use faults::Faults;
pub use reader::{FromMembers, Reader, Stuck, object};
pub use value::{NotJson, Value};
pub use writer::list;
pub(crate) use writer::write_text;
