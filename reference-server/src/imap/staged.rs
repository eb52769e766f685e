//! Large literals: their octets go into the store while the command is still being read, so that messages of any size
//! cost no memory.

use super::response::Status;
use crate::store::{self, BlobId, Hold, Stage, Store};

/// The large literals of the command that is being read, in their order.
#[derive(Default)]
pub struct Staging {
    literals: Vec<Option<Staged>>,
    offsets: Vec<usize>,
}

/// A literal in the store.
pub struct Staged {
    /// Fails for good with the first octets that the store refuses.
    stage: store::Result<Stage>,
    size: u64,
    /// The first NUL in it.
    nul: Option<u64>,
}

impl Staging {
    /// A literal begins; it would stand at this offset of the command.
    pub fn begin(&mut self, store: &Store, offset: usize) {
        self.offsets.push(offset);
        self.literals.push(Some(Staged { stage: store.stage(), size: 0, nul: None }));
    }

    /// Takes octets of the literal that began last.
    pub fn push(&mut self, octets: &[u8]) {
        let Some(Some(staged)) = self.literals.last_mut() else { return };
        if staged.nul.is_none() {
            staged.nul = memchr::memchr(0, octets).map(|at| staged.size + at as u64);
        }
        staged.size += octets.len() as u64;
        if let Ok(stage) = &mut staged.stage
            && let Err(error) = stage.push(octets)
        {
            staged.stage = Err(error);
        }
    }

    /// Where the literals would stand in the command.
    pub fn offsets(&self) -> Vec<usize> {
        self.offsets.clone()
    }

    /// Takes the literal of this number out.
    pub fn take(&mut self, number: usize) -> Option<Staged> {
        self.literals.get_mut(number)?.take()
    }
}

impl Staged {
    /// The octets, which stay as long as the hold is kept. `binary`: NUL may be among them.
    pub fn finish(self, binary: bool) -> Result<(BlobId, u64, Hold), Status> {
        if let Some(at) = self.nul.filter(|_| !binary) {
            return Err(Status::bad(format!("Octet {at} of the literal is NUL, which is only allowed in a literal with ~")));
        }
        let size = self.size;
        let (blob, hold) = self.stage.and_then(Stage::finish).map_err(super::context::refusal)?;
        Ok((blob, size, hold))
    }
}
