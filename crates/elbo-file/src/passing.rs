//! The names that files have before they get their own, and who may take them away.
//!
//! A sweep has its folder's lock alone, writers share it, so a sweep takes only what nobody writes. Nobody waits for
//! the lock: a script may have it for hours (`flock FOLDER elbo train …`), and then no sweep goes on either. A writer
//! that comes while a sweep has the lock goes without. If the sweep takes its passing name, it writes again.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use tempfile::TempPath;

/// How passing names begin.
const PREFIX: &str = ".elbo-";

/// Letters and digits that follow.
const RANDOM: usize = 6;

/// Sweeps that may take a writer's passing name, one after another. A program sweeps once, when it starts.
const SWEEPS: usize = 16;

/// What makes passing names.
pub(crate) fn names() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names.prefix(PREFIX).rand_bytes(RANDOM);
    names
}

/// Makes something under a passing name in the folder, and renames it to its own.
pub(crate) fn give(
    folder: &Path,
    path: &Path,
    mut make: impl FnMut() -> io::Result<TempPath>,
) -> io::Result<()> {
    let mut sweeps = 0;
    loop {
        let held = hold(folder);
        let made = make()?;
        let passing = made.to_path_buf();
        let Err(lost) = made.persist(path) else {
            // Where both were names of one file already, renaming has left both.
            return take_away(&passing);
        };
        let swept = held.is_none() && lost.error.kind() == io::ErrorKind::NotFound;
        if !swept || sweeps == SWEEPS {
            return Err(lost.error);
        }
        sweeps += 1;
    }
}

/// Takes away the passing names that a program has left in a folder that was killed while it wrote.
///
/// Leaves all as it is while someone writes there, or where folders cannot be locked: what is left does
/// no harm but to take up space.
pub fn sweep(folder: &Path) {
    let Some(alone) = File::open(folder).ok().filter(|file| file.try_lock().is_ok()) else {
        return;
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    // All of them first: what is made while this goes on stays.
    let left: Vec<_> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(is_passing)).collect();
    for entry in left {
        let _ = fs::remove_file(entry.path());
    }
    drop(alone);
}

/// Keeps sweeps away while a passing name is in use, unless one goes on already.
fn hold(folder: &Path) -> Option<File> {
    File::open(folder).ok().filter(|file| file.try_lock_shared().is_ok())
}

/// Whether a name is one that a file has here before it gets its own.
fn is_passing(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn take_away(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
