//! Parts by number, as FETCH names them: `1.2.HEADER` (RFC 3501 §6.4.5).

use std::ops::Range;

use super::part::{Content, Message, Part};

/// What of a message or part is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Everything: the whole message, or the body of the part.
    Whole,
    /// The header of a message, with its empty line.
    Header,
    /// The body of a message.
    Text,
    /// The MIME header of a part, with its empty line.
    Mime,
}

/// What a part number leads to.
enum Node<'a> {
    /// A message: the outermost or one that a `message/rfc822` part holds.
    Message(&'a Part),
    /// A part of a message.
    Part(&'a Part),
}

impl Message {
    /// Where that section is. None if there is no such part, or the section does not exist of it.
    ///
    /// An empty `path` is the message itself; otherwise it holds part numbers, counted from 1.
    pub fn section(&self, path: &[u32], section: Section) -> Option<Range<usize>> {
        let node = self.node(path)?;
        match (section, node) {
            (Section::Whole, Node::Message(root)) => Some(root.header.start..root.body.end),
            (Section::Whole, Node::Part(part)) => Some(part.body.clone()),
            (Section::Mime, Node::Part(part)) => Some(part.header.clone()),
            (Section::Mime, Node::Message(_)) => None,
            (Section::Header, node) => Some(node.message()?.header.clone()),
            (Section::Text, node) => Some(node.message()?.body.clone()),
        }
    }

    /// The part of this number. For an empty path the message as a part.
    pub fn part(&self, path: &[u32]) -> Option<&Part> {
        match self.node(path)? {
            Node::Message(part) | Node::Part(part) => Some(part),
        }
    }

    fn node(&self, path: &[u32]) -> Option<Node<'_>> {
        path.iter().try_fold(Node::Message(&self.root), |node, &number| node.child(number))
    }
}

impl<'a> Node<'a> {
    /// Every message has at least one part: a message that is no multipart is its own part 1 (RFC 3501 §6.4.5).
    fn child(self, number: u32) -> Option<Node<'a>> {
        let nth = |parts: &'a [Part]| parts.get(usize::try_from(number).ok()?.checked_sub(1)?).map(Node::Part);
        match self {
            Node::Message(Part { content: Content::Multipart(parts), .. })
            | Node::Part(Part { content: Content::Multipart(parts), .. }) => nth(parts),
            Node::Message(part) => (number == 1).then_some(Node::Part(part)),
            Node::Part(Part { content: Content::Message { root, .. }, .. }) => Node::Message(root).child(number),
            Node::Part(_) => None,
        }
    }

    /// The message whose header and text are meant.
    fn message(&self) -> Option<&'a Part> {
        match self {
            Node::Message(root) => Some(root),
            Node::Part(Part { content: Content::Message { root, .. }, .. }) => Some(root),
            Node::Part(_) => None,
        }
    }
}
