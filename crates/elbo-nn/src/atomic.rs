//! Files that are there whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// How passing names begin.
const PREFIX: &str = ".elbo-";

/// Letters and digits that follow.
const RANDOM: usize = 6;

/// Writes a file under a passing name beside its own, brings it to the disk, and only then renames it.
///
/// Whatever happens on the way, the name holds all of the old content or all of the new.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    let _held = hold(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM);
    // A temporary file is its owner's alone; these are files like any other, less the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(nameless)?;
    // Not by way of the temporary file, which would add its passing name to an error.
    file.as_file_mut().write_all(bytes)?;
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
    let _held = hold(folder);
    let passing = tempfile::Builder::new()
        .prefix(PREFIX)
        .rand_bytes(RANDOM)
        .make_in(folder, |path| fs::hard_link(from, path))
        .map_err(nameless)?;
    let name = passing.path().to_path_buf();
    passing.into_temp_path().persist(to).map_err(|error| error.error)?;
    // Two names of one file already: then renaming leaves both as they are.
    match fs::remove_file(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(folder),
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
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_passing)) {
        let _ = fs::remove_file(entry.path());
    }
    drop(alone);
}

/// Whether a name is one that a file has here before it gets its own.
fn is_passing(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Keeps [`sweep`] away while a passing name is in use. Waits for nobody: a sweep that goes on has
/// listed what it takes before.
fn hold(folder: &Path) -> Option<File> {
    File::open(folder).ok().filter(|file| file.try_lock_shared().is_ok())
}

/// An error without the passing name that making a temporary file has put into it: nobody knows that name.
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

    #[cfg(unix)]
    #[test]
    fn what_a_killed_program_has_left_is_swept_away_unless_someone_writes() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".elbo-a1B2c3", ".elbo-notes", ".elbo-", "last", ".elbo-a1B2c3d"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let writer = hold(folder.path()).unwrap();
        sweep(folder.path());
        assert!(names.iter().all(|name| folder.path().join(name).exists()));
        drop(writer);
        sweep(folder.path());
        let left: Vec<&str> =
            names.into_iter().filter(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, names[1..]);
        sweep(&folder.path().join("gone"));
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
