//! How MNIST gets here: fetched from mirrors, checked, and only then given its name.

use std::path::Path;
use std::time::Duration;

use crate::checksum::{Checksum, STANDARD_FILES};

mod error;
mod fetch;
mod place;

pub use error::{DownloadError, MirrorFailure};

/// Where MNIST is served: copies kept by the CVDF and by PyTorch.
pub const MIRRORS: [&str; 2] = [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
];

/// How far the file being fetched has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's uncompressed name.
    pub file: &'a str,
    /// Compressed bytes received.
    pub bytes: u64,
    /// Compressed bytes to come in all, if the mirror says.
    pub total: Option<u64>,
}

/// A file that mirrors serve under its name with `.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its uncompressed name.
    pub name: String,
    /// Bytes of its uncompressed content.
    pub bytes: u64,
    /// Checksum of its uncompressed content.
    pub checksum: Checksum,
}

/// How long and how much to bear with a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For all mirrors together to begin to answer, shared out equally.
    pub answer: Duration,
    /// Between two arrivals of data.
    pub stall: Duration,
    /// Bytes a second on average, judged once `stall` has passed.
    pub rate: u64,
    /// For a whole file.
    pub file: Duration,
    /// Compressed bytes of a file.
    pub bytes: u64,
    /// Redirects followed for a file.
    pub redirects: u32,
}

impl Default for Limits {
    /// Nine seconds for an answer, five without data, 8 KiB/s, half an hour and 16 MiB a file, five
    /// redirects.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(9),
            stall: Duration::from_secs(5),
            rate: 8 << 10,
            file: Duration::from_secs(30 * 60),
            bytes: 16 << 20,
            redirects: 5,
        }
    }
}

/// What to fetch and from where.
#[derive(Clone, Debug)]
pub struct Source {
    /// Addresses of folders, in the order they are tried.
    pub mirrors: Vec<String>,
    /// What to fetch.
    pub files: Vec<RemoteFile>,
    /// How long and how much to bear with a mirror.
    pub limits: Limits,
    /// An HTTP proxy, `http://host:port`. The environment is not asked; that is up to the caller.
    pub proxy: Option<String>,
}

impl Source {
    /// MNIST from [`MIRRORS`].
    #[must_use]
    pub fn mnist() -> Self {
        let files = STANDARD_FILES.map(|file| RemoteFile {
            name: file.name.into(),
            bytes: file.bytes,
            checksum: file.checksum,
        });
        Self {
            mirrors: MIRRORS.map(String::from).into(),
            files: files.into(),
            limits: Limits::default(),
            proxy: None,
        }
    }

    /// Puts every file into `dir`, which is made with the first one that arrives, and leaves alone
    /// those that are right.
    ///
    /// A file gets its name only after its content's checksum matched, in one step, so an
    /// interrupted download leaves nothing that looks whole; what it was writing is taken away by the
    /// next one. Several may fetch into one folder at a time. A broken file is replaced; a whole one
    /// with other content is not, because it may be another set in the same layout.
    ///
    /// # Errors
    /// When no mirror serves a file (the message says what each one answered), when another set is
    /// there, or when the folder cannot be written.
    pub fn fetch(
        &self,
        dir: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), DownloadError> {
        let client = fetch::Client::new(self)?;
        elbo_file::sweep(dir);
        // A mirror that served one file is asked first for the next.
        let mut order: Vec<&str> = self.mirrors.iter().map(String::as_str).collect();
        for (at, file) in self.files.iter().enumerate() {
            let Some(place) = place::Place::find(dir, file)? else {
                continue;
            };
            let checked =
                self.first_good(&client, file, &mut order, progress).map_err(|failures| {
                    let missing = missing(dir, &self.files[at..]);
                    DownloadError::NoMirror {
                        file: file.name.clone(),
                        failures,
                        dir: dir.into(),
                        missing,
                    }
                })?;
            place.put(&checked)?;
        }
        Ok(())
    }

    /// The file from the first mirror that serves it whole and right.
    fn first_good(
        &self,
        client: &fetch::Client,
        file: &RemoteFile,
        order: &mut [&str],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<place::Checked, Vec<MirrorFailure>> {
        let mut failures = Vec::new();
        for at in 0..order.len() {
            let got = client
                .get(order[at], &file.name, progress)
                .and_then(|compressed| place::Checked::new(file, compressed));
            match got {
                Ok(checked) => {
                    order[..=at].rotate_right(1);
                    return Ok(checked);
                }
                Err(reason) => failures.push(MirrorFailure { mirror: order[at].into(), reason }),
            }
        }
        Err(failures)
    }
}

/// The names of those files that are not there, or not right.
fn missing(dir: &Path, files: &[RemoteFile]) -> Vec<String> {
    let right = |file: &RemoteFile| matches!(place::Place::find(dir, file), Ok(None));
    files.iter().filter(|file| !right(file)).map(|file| file.name.clone()).collect()
}
