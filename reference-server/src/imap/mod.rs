//! IMAP4rev1 (RFC 3501) with LITERAL+ (RFC 7888), SASL-IR (RFC 4959), IDLE (RFC 2177), UNSELECT (RFC 3691), UIDPLUS
//! (RFC 4315), NAMESPACE (RFC 2342), ID (RFC 2971) and CHILDREN (RFC 3348), and the other extensions of `extensions.rs`.
//!
//! [`reader`] frames commands out of bytes, [`grammar`] reads them, [`command`] holds the closed table of what they do,
//! one file each, [`selected`] is the mailbox a client sees, [`response`] writes what it is told, and [`session`] puts
//! them in order. This room knows the store and nothing of sockets.

mod catenate;
mod collation;
pub mod command;
pub mod context;
mod enabled;
mod filters;
mod folder;
pub mod grammar;
mod identifier;
mod incoming;
pub mod line_end;
mod list_pattern;
mod listing;
mod long;
mod mailbox_filter;
pub mod mailbox_name;
pub mod message_data;
pub mod message_limit;
mod metadata_entry;
mod namespace;
mod notify;
pub mod object_id;
mod owed;
mod progress;
mod quota_root;
pub mod reader;
pub mod response;
pub mod search;
mod search_objects;
pub mod selected;
pub mod session;
mod sort;
mod staged;
mod status_item;
mod stored_header;
mod thread;
mod unasked;
mod url;
mod url_auth;
mod url_content;
pub mod utf7;

pub use session::ImapSession;

#[cfg(test)]
mod tests;
