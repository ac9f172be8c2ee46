//! Why a download failed, with what every mirror answered.

use std::io;
use std::path::PathBuf;

/// What a mirror answered instead of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorFailure {
    /// The mirror's address.
    pub mirror: String,
    /// What happened, in words.
    pub reason: String,
}

/// Why a data set could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No mirror served a file.
    #[error(
        "{file}: no mirror served it ({}); check the connection and try again, or put {}, plain or with .gz, into {} by hand",
        answers(failures), missing.join(", "), dir.display()
    )]
    NoMirror {
        /// The file's uncompressed name.
        file: String,
        /// What each mirror answered, in the order they were asked.
        failures: Vec<MirrorFailure>,
        /// The folder that it was fetched for.
        dir: PathBuf,
        /// The uncompressed names of all files that the folder still lacks, this one first.
        missing: Vec<String>,
    },
    /// A file with other content is there, and nothing says that it is broken.
    #[error("{}: another file with this name is there, and it is not broken; move it away or choose another folder", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// The data folder cannot be made.
    #[error("{}: the folder cannot be made ({source}); choose one that can be written", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The checked file cannot be put into the folder.
    #[error("{}: cannot be written ({source}); check the folder's permissions and the disk's free space", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The proxy's address is not one.
    #[error("{address}: not a proxy's address; write it as http://host:port")]
    Proxy {
        /// What was given.
        address: String,
    },
}

fn answers(failures: &[MirrorFailure]) -> String {
    if failures.is_empty() {
        return "none is named".into();
    }
    let each: Vec<String> =
        failures.iter().map(|f| format!("{}: {}", f.mirror, f.reason)).collect();
    each.join("; ")
}
