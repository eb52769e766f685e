//! The form of a stored message: where its header fields and MIME parts are, and what they say.
//!
//! All values are the raw octets of the message, unfolded but not decoded, because that is what IMAP shows
//! (RFC 3501 §7.4.2); [`text`] decodes for SEARCH. Any octets at all are some message: what is malformed is read as a
//! simpler form (a multipart without its boundary is one part of plain text). Nothing here knows IMAP's syntax.

mod address;
mod continuations;
mod cursor;
pub mod date;
mod decoding;
mod encoded_word;
mod envelope;
mod field_filter;
mod header;
mod parse;
mod part;
mod preview;
mod section;
mod surrogate;
pub mod text;

pub use address::{Address, addresses};
pub use decoding::Decoder;
pub use encoded_word::encoded_words;
pub use envelope::{Envelope, envelope};
pub use field_filter::FieldFilter;
pub use header::{Field, end as header_end, fields, subset, unfolded, value};
pub use parse::Parser;
pub use part::{Content, Disposition, Message, Parameter, Part};
pub use preview::{ENOUGH as PREVIEW_ENOUGH, preview, preview_part};
pub use section::Section;
pub use surrogate::{headers, is_internationalized, surrogate, surrogate_header};

#[cfg(test)]
mod tests;
