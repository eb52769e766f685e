//! A chunk of a message after BDAT: so many octets, whatever they are (RFC 3030 §2).

use super::intake::Intake;
use super::reply::Reply;
use crate::queue::Queue;

/// The chunk that is being read.
pub(super) struct Chunk {
    /// Octets it has, as the client said.
    pub size: u64,
    /// Octets still to come.
    pub rest: u64,
    /// Whether the message ends with it.
    pub last: bool,
    /// What becomes of its octets.
    pub target: Target,
}

/// What becomes of the octets of a chunk.
pub(super) enum Target {
    Message(Box<Intake>),
    /// The command was refused: RFC 3030 §2 wants the octets read and thrown away all the same, before the reply is sent.
    Nothing(Vec<Reply>),
}

impl Chunk {
    /// Takes octets up to the end of the chunk; gives how many.
    pub fn feed(&mut self, bytes: &[u8], queue: &Queue) -> usize {
        let taken = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
        if let Target::Message(intake) = &mut self.target {
            intake.keep_chunk(bytes.get(..taken).unwrap_or_default(), queue);
        }
        self.rest -= taken as u64;
        taken
    }
}
