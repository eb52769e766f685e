//! One server for one database: what a server knows in memory of its queue and its sessions no other one can know.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, Result};

/// How long to wait for a server that is just stopping.
const PATIENCE: Duration = Duration::from_secs(2);

/// Holds the database for this process until it is dropped; the system lets go of it when the process ends, however it does.
pub(super) struct Lock(#[expect(dead_code, reason = "it only has to live")] File);

impl Lock {
    /// Takes the lock of this database, a file beside it.
    pub fn take(database: &Path) -> Result<Lock> {
        let path = database.with_extension("lock");
        let shown = path.display();
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(|error| {
            Error::Failed(format!("cannot write {shown}: {error}; the directory must exist and be writable for this user"))
        })?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Only for the message: who holds the lock has written its number.
                    let _ = file.read_to_string(&mut holder);
                    return Err(Error::InUse { path: database.display().to_string(), process: holder.trim().to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(Error::Failed(format!("cannot lock {shown}: {error}"))),
            }
        }
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        noted.map_err(|error| Error::Failed(format!("cannot write {shown}: {error}")))?;
        Ok(Lock(file))
    }
}
