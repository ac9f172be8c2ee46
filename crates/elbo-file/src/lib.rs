#![doc = include_str!("../README.md")]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use tempfile::TempPath;

mod passing;

pub use passing::sweep;

/// Writes a file under a passing name beside its own, brings it to the disk, and only then renames it.
///
/// Whatever happens on the way, the name holds all of the old content or all of the new. The file has the
/// permissions of one that is written in place.
///
/// # Errors
/// What the system said, without a name in it: that of the file is the caller's, the passing one nobody knows.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    passing::give_name(folder, path, || written(folder, bytes))?;
    sync(folder)
}

/// Gives a file a second name, in place of whatever has that name. Takes no space and hardly any time.
///
/// # Errors
/// Where the two are on different disks, or the file system knows no such names.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_of(to);
    let passing = passing::give_name(folder, to, || {
        let linked = passing::names().make_in(folder, |path| fs::hard_link(from, path))?;
        Ok(linked.into_temp_path())
    })?;
    // Two names of one file already: then renaming leaves both as they are.
    match fs::remove_file(passing) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync(folder),
    }
}

/// Bytes on the disk, under a passing name.
fn written(folder: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    // A usual file: by itself a temporary one is its owner's alone, and its errors have the passing name in them.
    let (mut file, passing) =
        passing::names().make_in(folder, |path| File::create_new(path))?.into_parts();
    file.write_all(bytes)?;
    // Else a loss of power may leave the name with nothing in it.
    file.sync_all()?;
    Ok(passing)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Brings new names to the disk as well, where folders can be synced.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests;
