//! What the server writes before a message: the trace (RFC 5321 §4.4), and for submissions the fields they lack.

use super::header::HeaderSection;
use super::intake::Flaw;
use super::submission::Submission;
use super::trace::Stamp;
use crate::mime;

/// What goes before one message.
pub(super) struct Heading {
    pub stamp: Stamp,
    /// Whether the time stamp line is written.
    pub stamped: bool,
    /// Whether a message in a loop is refused.
    pub stops_loops: bool,
    /// The Return-Path of final delivery, where this is one (RFC 5321 §4.4).
    pub return_path: Option<String>,
    /// The checks and repairs of a submission (RFC 6409).
    pub submission: Option<Submission>,
}

impl Heading {
    /// Takes the beginning of the message, with its whole header section, and gives it with everything in its place.
    pub fn write(&self, head: Vec<u8>, section: &HeaderSection) -> Result<Vec<u8>, Flaw> {
        if self.stops_loops && section.loops() {
            return Err(Flaw::Loop);
        }
        let mut heading = self.return_path.clone().unwrap_or_default();
        if self.stamped {
            heading.push_str(&self.stamp.line());
        }
        let head = match &self.submission {
            Some(submission) => {
                let (fields, head) = submission.complete(head, section, &self.stamp)?;
                heading.push_str(&fields);
                head
            }
            None => head,
        };
        let head = if self.return_path.is_some() { without_return_path(head) } else { head };
        let mut whole = Vec::with_capacity(heading.len() + head.len());
        whole.extend_from_slice(heading.as_bytes());
        whole.extend_from_slice(&head);
        Ok(whole)
    }
}

/// A Return-Path that somebody else put there goes before ours comes: there can be only one that is true (RFC 5321 §4.4).
fn without_return_path(head: Vec<u8>) -> Vec<u8> {
    let foreign = mime::fields(&head).filter(|field| field.name.eq_ignore_ascii_case(b"Return-Path"));
    let foreign: Vec<_> = foreign.map(|field| field.range).collect();
    if foreign.is_empty() {
        return head;
    }
    let (mut left, mut kept) = (Vec::with_capacity(head.len()), 0);
    for field in foreign {
        left.extend_from_slice(head.get(kept..field.start).unwrap_or_default());
        kept = field.end;
    }
    left.extend_from_slice(head.get(kept..).unwrap_or_default());
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_return_paths_go() {
        let head = b"A: 1\r\nreturn-path: <x>\r\n y\r\nB: 2\r\n\r\nReturn-Path: <z>\r\n".to_vec();
        assert_eq!(without_return_path(head), b"A: 1\r\nB: 2\r\n\r\nReturn-Path: <z>\r\n");
        assert_eq!(without_return_path(b"A: 1\r\n\r\n".to_vec()), b"A: 1\r\n\r\n");
    }
}
