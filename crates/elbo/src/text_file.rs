//! Text that people may have put there, read without waiting for it and without an end in sight.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

/// Reads a regular file of at most so many bytes.
///
/// A pipe would keep its reader waiting, a device such as `/dev/zero` never ends: both are errors, as
/// are folders and text that is not UTF-8.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    check_regular(path)?;
    if fs::metadata(path)?.len() > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    let mut text = String::new();
    File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// Refuses what is there and is no file. Asked before opening: opening a pipe would wait.
pub(crate) fn check_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("it is not a regular file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "12345");
        assert_eq!(read(&path, 4).unwrap_err().to_string(), "it has more than 4 bytes");
        fs::write(&path, b"\xff").unwrap();
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), 9).unwrap_err().to_string().contains("not a regular file"));
        assert_eq!(
            read(&folder.path().join("none"), 9).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        #[cfg(target_os = "linux")]
        assert!(read(Path::new("/dev/zero"), 9).is_err());
    }
}
