//! mailspec replays dialogues against SMTP, POP3 and IMAP servers and judges every reply by the RFCs.
//!
//! The rooms, in reading order: [`suite`] says what a case is, [`protocol`] how replies are framed, [`matching`] whether a reply
//! satisfies an expectation, [`transcript`] who said what when, [`outcome`] what came of it,
//! [`report`] how it is told, [`snapshot`] what was accepted before. ARCHITECTURE.md has the rules.

pub mod cli;
pub mod dialogue;
pub mod matching;
pub mod outcome;
pub mod protocol;
pub mod report;
pub mod runner;
pub mod snapshot;
pub mod suite;
pub mod target;
pub mod transcript;
pub mod transport;
