//! The names that files have before they get their own, and who may take them away.
//!
//! A sweep has its folder's lock alone and writers share it, so none begins while a writer has it. But the lock is not
//! all there is to trust. Nobody waits for it, since a script may have it for hours (`flock FOLDER elbo train …`): a
//! writer that comes while a sweep goes on does without. And in a folder that several machines share, each may have a
//! lock of its own. So a writer that finds its passing name gone writes again.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempPath;

/// How passing names begin.
const PREFIX: &str = ".elbo-";

/// Letters and digits that follow.
const RANDOM: usize = 6;

/// How often a file is made. A program sweeps a folder when it begins to work there, so even among many that begin at once
/// a writer seldom loses a second one.
const ATTEMPTS: usize = 16;

/// What makes passing names.
pub(crate) fn names() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names.prefix(PREFIX).rand_bytes(RANDOM);
    names
}

/// Makes something under a passing name in the folder, and gives it its own. Returns the passing one.
pub(crate) fn give_name(
    folder: &Path,
    path: &Path,
    mut make: impl FnMut() -> io::Result<TempPath>,
) -> io::Result<PathBuf> {
    let mut attempt = || {
        let _held = hold(folder);
        let made = make()?;
        let passing = made.to_path_buf();
        made.persist(path).map_err(|lost| lost.error)?;
        Ok(passing)
    };
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if is_gone(&error) => {}
            done => return done,
        }
    }
    attempt()
}

/// Whether a file is not there any more, on this machine's disks or on another's.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::StaleNetworkFileHandle)
}

/// Takes away what has a passing name in the folder: what a program has left that was killed while it wrote.
///
/// Leaves all as it is while a writer has the folder's lock, or where folders cannot be locked, as on Windows: what is
/// left does no harm but to take up space.
pub fn sweep(folder: &Path) {
    let Some(alone) = File::open(folder).ok().filter(|file| file.try_lock().is_ok()) else {
        return;
    };
    for path in leftovers(folder) {
        let _ = fs::remove_file(path);
    }
    drop(alone);
}

/// All that has a passing name. What comes up while a sweep goes on is not in it.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let passing = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_passing));
    passing.map(|entry| entry.path()).collect()
}

/// Keeps sweeps of this machine away while a passing name is in use, unless one goes on already.
fn hold(folder: &Path) -> Option<File> {
    File::open(folder).ok().filter(|file| file.try_lock_shared().is_ok())
}

/// Whether a name is one that a file has here before it gets its own.
fn is_passing(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
