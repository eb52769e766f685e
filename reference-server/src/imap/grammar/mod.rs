//! The grammar of commands (RFC 3501 §9), read by hand with one cursor: every parser stands below its ABNF, and every
//! error says at which octet what was expected.

pub mod append;
pub mod cursor;
pub mod date;
pub mod fetch;
pub mod flag;
pub mod list;
pub mod list_options;
pub mod modseq;
pub mod notify;
pub mod search;
pub mod section;
pub mod sequence;
pub mod sort;
pub mod sources;
pub mod string;

pub use cursor::{Cursor, SyntaxError};
