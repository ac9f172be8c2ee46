//! How a fetched file is checked and put in its place, whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::{DownloadError, RemoteFile};
use crate::checksum::Checksum;
use crate::error::grouped;
use crate::idx::{self, Compression, Kind};
use crate::{Error, load};

/// A fetched file whose content has the expected checksum.
pub(super) struct Checked {
    compressed: Vec<u8>,
    content: Vec<u8>,
}

impl Checked {
    /// Decompresses, at most one byte further than expected, and compares.
    pub(super) fn new(file: &RemoteFile, compressed: Vec<u8>) -> Result<Self, String> {
        let content = idx::inflate(&compressed, file.bytes)
            .map_err(|e| format!("what it sent is not a whole gzip file ({e})"))?;
        let expected = grouped(u128::from(file.bytes));
        if content.len() as u64 > file.bytes {
            return Err(format!("content of more than the {expected} bytes expected"));
        }
        let found = Checksum::of(&[&content]);
        if found != file.checksum {
            let there = grouped(content.len() as u128);
            return Err(format!(
                "wrong content, {there} of {expected} bytes with SHA-256 {found}, expected {}",
                file.checksum
            ));
        }
        Ok(Self { compressed, content })
    }
}

/// Where a file is to go, and in which form.
pub(super) struct Place {
    path: PathBuf,
    form: Compression,
}

impl Place {
    /// `None` when the right file is there already.
    pub(super) fn find(dir: &Path, file: &RemoteFile) -> Result<Option<Self>, DownloadError> {
        let compressed = dir.join(format!("{}.gz", file.name));
        let Ok(path) = load::find(dir, &file.name) else {
            return Ok(Some(Self { path: compressed, form: Compression::Gzip }));
        };
        match whole(&path) {
            Ok(found) if found == file.checksum => Ok(None),
            Err(Error::Unreadable { path, source }) => {
                Err(DownloadError::Unwritable { path, source })
            }
            Err(error) if broken(&error) => {
                // A broken plain file would be read before a right one beside it, so it is
                // replaced in its own form.
                let plain = path != compressed;
                let form = if plain { Compression::Plain } else { Compression::Gzip };
                Ok(Some(Self { path, form }))
            }
            Ok(_) | Err(_) => Err(DownloadError::Occupied { path }),
        }
    }

    /// Makes the folder, gives the content its name in one step, and makes both last.
    pub(super) fn put(&self, checked: &Checked) -> Result<(), DownloadError> {
        let bytes = match self.form {
            Compression::Plain => &checked.content,
            Compression::Gzip => &checked.compressed,
        };
        // Only now that there is something to put in: a failed download leaves no empty folder.
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)
            .map_err(|source| DownloadError::Folder { path: dir.into(), source })?;
        elbo_file::replace(&self.path, bytes)
            .map_err(|source| DownloadError::Unwritable { path: self.path.clone(), source })
    }
}

/// The checksum of an IDX file that is exactly what its header announces.
fn whole(path: &Path) -> Result<Checksum, Error> {
    let file = match idx::read(path, Kind::Images) {
        Err(Error::Dimensions { .. }) => idx::read(path, Kind::Labels)?,
        read => read?,
    };
    Ok(Checksum::of(&[&file.header.bytes(), &file.body]))
}

/// Whether a file is of no use to anyone: cut short, damaged, or a link to nowhere.
fn broken(error: &Error) -> bool {
    matches!(
        error,
        Error::Missing { .. }
            | Error::Empty { .. }
            | Error::NotIdx { .. }
            | Error::HeaderCutShort { .. }
            | Error::Zero { .. }
            | Error::CutShort { .. }
            | Error::Trailing { .. }
            | Error::Gzip { .. }
    )
}
