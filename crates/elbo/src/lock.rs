//! One training a run folder: who writes to it holds its lock, and the next one is refused.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use crate::{Error, Result, text_file};

/// The file that is locked. It stays: taking it away would open a gap for two.
const NAME: &str = ".lock";

/// A run folder that no other program writes to until this is dropped, or the program ends, however
/// it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder that is there, without waiting for it.
    pub fn take(folder: &Path) -> Result<Self> {
        let refuse = |fact: String| Error::RunFolder { path: folder.into(), fact };
        let unwritable = |source: io::Error| Error::Unwritable { path: folder.join(NAME), source };
        let path = folder.join(NAME);
        match text_file::check_regular(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(refuse(format!("its {NAME} cannot be locked ({error}); take it away")));
            }
            _ => {}
        }
        let mut options = File::options();
        let file = options.create(true).append(true).open(path).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            // A disk without locks: nothing can be said of others.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(refuse(
                "another training writes to it right now; wait for its end, or name another folder \
                 with --out"
                    .into(),
            )),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let message = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(message.contains("another training writes to it right now; wait"), "{message}");
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
