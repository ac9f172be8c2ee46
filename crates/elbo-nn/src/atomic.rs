//! Files that are there whole or not at all.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

/// Writes a file under a passing name beside its own, brings it to the disk, and only then renames it.
///
/// Whatever happens on the way, the name holds all of the old content or all of the new.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".elbo-");
    // A temporary file is its owner's alone; these are files like any other, less the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    // Else a loss of power may leave the name with nothing in it.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Gives a file a second name, in place of whatever has that name. Takes no space and hardly any time.
///
/// An error where the two are on different disks, or the file system knows no such names.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_of(to);
    let passing = tempfile::Builder::new()
        .prefix(".elbo-")
        .make_in(folder, |path| std::fs::hard_link(from, path))?;
    let name = passing.path().to_path_buf();
    passing.into_temp_path().persist(to).map_err(|error| error.error)?;
    // Two names of one file already: then renaming leaves both as they are.
    match std::fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(folder),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Brings the new name to the disk as well, where folders can be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
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
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for text in ["first, longer", "second"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_name_stays_when_the_first_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        replace(&first, b"old").unwrap();
        replace(&second, b"in the way").unwrap();
        link(&first, &second).unwrap();
        // As when both names were given before.
        link(&first, &second).unwrap();
        replace(&first, b"new").unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(link(&folder.path().join("gone"), &second).is_err());
    }
}
