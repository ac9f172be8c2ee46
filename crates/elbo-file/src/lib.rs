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
/// Whatever happens on the way, the name holds all of the old content or all of the new. Everyone may read the
/// file and its owner write it, less the umask, as with files that are written in place.
///
/// # Errors
/// What the system said, without a name in it: that of the file is the caller's, the passing one nobody knows.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    passing::give(folder, path, || written(folder, bytes))?;
    sync(folder)
}

/// Gives a file a second name, in place of whatever has that name. Takes no space and hardly any time.
///
/// # Errors
/// Where the two are on different disks, or the file system knows no such names.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_of(to);
    passing::give(folder, to, || {
        let linked = passing::names().make_in(folder, |path| fs::hard_link(from, path));
        Ok(linked.map_err(nameless)?.into_temp_path())
    })?;
    sync(folder)
}

/// Bytes on the disk, under a passing name.
fn written(folder: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    let mut names = passing::names();
    // A temporary file is its owner's alone.
    #[cfg(unix)]
    names.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = names.tempfile_in(folder).map_err(nameless)?;
    // Not by way of the temporary file, which would add its passing name to an error.
    file.as_file_mut().write_all(bytes)?;
    // Else a loss of power may leave the name with nothing in it.
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}

/// An error without the passing name that making a temporary file has put into it.
fn nameless(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => error,
        kind => kind.into(),
    }
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
