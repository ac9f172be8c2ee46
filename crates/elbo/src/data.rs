//! Which images to train on: those named, else MNIST, fetched if need be, else drawn digits.

use std::path::{Path, PathBuf};

use elbo_data::{Dataset, DownloadError, Error as DataError, Source, checksum::STANDARD_FILES};

use crate::{Error, Report, Result};

/// Where MNIST is looked for and put when no folder is named.
pub const FOLDER: &str = "data/mnist";

/// What drawn digits are called, in a run's settings and in its checkpoints.
pub const DRAWN: &str = "synthetic digits";

/// What drawn digits are drawn from. Not the training's seed: all trainings share one data set.
pub const SYNTHETIC_SEED: u64 = 0;

/// Which data are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A folder that the user named. It is never replaced by something else.
    pub named: Option<PathBuf>,
    /// Why drawn digits are wanted where no folder is named, if they are.
    pub drawn: Option<String>,
    /// The folder that the environment names for all commands. It is never replaced either.
    pub usual: Option<PathBuf>,
    /// How to get what is not there.
    pub network: Network,
}

impl Wanted {
    /// The folder that was chosen by its name rather than because nothing was named.
    pub(crate) fn folder(&self, selection: &Selection) -> Option<PathBuf> {
        let folder = self.named.as_ref().or(self.usual.as_ref());
        folder.filter(|_| selection.stand_in.is_none()).cloned()
    }
}

/// Whether and how data may be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Whether the network is left alone.
    pub offline: bool,
    /// An HTTP proxy, `http://host:port`.
    pub proxy: Option<String>,
}

/// A data set, and whether it is the one that was wanted.
#[derive(Debug)]
pub struct Selection {
    /// The data set.
    pub dataset: Dataset,
    /// Why the digits are drawn, if they are.
    pub stand_in: Option<String>,
}

impl Selection {
    fn read(dir: &Path) -> Result<Self> {
        Ok(Self { dataset: load(dir)?, stand_in: None })
    }

    fn drawn(why: String) -> Self {
        Self { dataset: elbo_data::synthetic(SYNTHETIC_SEED), stand_in: Some(why) }
    }
}

/// The named folder's data; else drawn digits, if they are wanted; else the usual folder's; else
/// MNIST in [`FOLDER`], fetched if it is not there; else drawn digits.
///
/// A named folder that is missing or broken is an error. So are broken or incomplete files in
/// [`FOLDER`] that cannot be fetched again: someone put them there and believes in them.
pub fn select(wanted: &Wanted, report: &mut dyn Report) -> Result<Selection> {
    match wanted {
        Wanted { named: Some(dir), .. } => Selection::read(dir),
        Wanted { drawn: Some(why), .. } => Ok(Selection::drawn(why.clone())),
        Wanted { usual: Some(dir), .. } => Selection::read(dir),
        Wanted { network, .. } => select_in(Path::new(FOLDER), network, report),
    }
}

fn select_in(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<Selection> {
    let missing = match elbo_data::load(dir) {
        Ok(dataset) => return Ok(Selection { dataset, stand_in: None }),
        Err(error) => error,
    };
    let absent = is_absence(dir, &missing);
    let broken = Error::Data { folder: dir.into(), source: missing };
    if network.offline {
        let why = format!("{} has no data set, and the network is off", dir.display());
        return if absent { Ok(Selection::drawn(why)) } else { Err(broken) };
    }
    match fetch(dir, network, report) {
        Ok(()) => Selection::read(dir),
        Err(error @ (Error::Proxy { .. } | Error::Download(DownloadError::Occupied { .. }))) => {
            Err(error)
        }
        Err(_) if !absent => Err(broken),
        Err(error) => Ok(Selection::drawn(error.to_string())),
    }
}

/// MNIST in a folder, fetched if it is missing or broken. A whole set of another kind stays as it is.
pub fn provide(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<Dataset> {
    match elbo_data::load(dir) {
        Ok(dataset) => Ok(dataset),
        Err(error) if network.offline && is_absence(dir, &error) => {
            Err(Error::Offline { path: dir.into() })
        }
        Err(source) if network.offline => Err(Error::Data { folder: dir.into(), source }),
        Err(_) => {
            fetch(dir, network, report)?;
            load(dir)
        }
    }
}

fn load(dir: &Path) -> Result<Dataset> {
    elbo_data::load(dir).map_err(|source| Error::Data { folder: dir.into(), source })
}

fn fetch(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<()> {
    let source = Source { proxy: network.proxy.clone(), ..Source::mnist() };
    source.fetch(dir, &mut |progress| report.download(progress)).map_err(|error| match error {
        DownloadError::Proxy { address } => Error::Proxy { address: without_credentials(&address) },
        error => Error::Download(error),
    })
}

/// A proxy's address as it may be shown: `http://***@host:port`.
fn without_credentials(address: &str) -> String {
    let Some((before, host)) = address.rsplit_once('@') else { return address.into() };
    let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
        return format!("***@{host}");
    }
    format!("{scheme}://***@{host}")
}

/// Whether none of the four files is there, rather than something broken or a part of them.
fn is_absence(dir: &Path, error: &DataError) -> bool {
    let there = |name: &str| dir.join(name).symlink_metadata().is_ok();
    match error {
        DataError::NoFolder { .. } => true,
        DataError::Missing { .. } => STANDARD_FILES
            .iter()
            .all(|file| !there(file.name) && !there(&format!("{}.gz", file.name))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn offline() -> Network {
        Network { offline: true, proxy: None }
    }

    #[test]
    fn a_named_folder_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = Wanted {
            named: Some(folder.path().join("gone")),
            drawn: Some("it is not asked".into()),
            ..Wanted::default()
        };
        let message = select(&wanted, &mut ()).unwrap_err().to_string();
        assert!(message.contains("gone: no such folder"), "{message}");
    }

    #[test]
    fn broken_files_are_not_replaced_by_drawn_digits() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train-images-idx3-ubyte"), "nonsense").unwrap();
        for name in ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let message = select_in(folder.path(), &offline(), &mut ()).unwrap_err().to_string();
        assert!(message.contains("train-images-idx3-ubyte: "), "{message}");
    }

    #[test]
    fn a_folder_without_data_offline_is_an_error_where_data_were_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let message = provide(folder.path(), &offline(), &mut ()).unwrap_err().to_string();
        assert!(message.contains("--offline"), "{message}");
    }

    #[test]
    fn a_part_of_the_files_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte.gz"), "there").unwrap();
        let error = select_in(folder.path(), &offline(), &mut ()).unwrap_err();
        assert!(error.to_string().contains("train-images-idx3-ubyte: not there"), "{error}");
        assert_eq!(error.lacks_data(), Some(folder.path()));
        let error = provide(folder.path(), &offline(), &mut ()).unwrap_err();
        assert!(error.to_string().contains("train-images-idx3-ubyte: not there"), "{error}");
    }

    #[test]
    fn a_bad_proxy_is_an_error_that_keeps_its_password_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        let proxy = Some("nonsense://user:secret@".into());
        let network = Network { offline: false, proxy };
        let outcome = select_in(&folder.path().join("mnist"), &network, &mut ());
        let message = outcome.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.starts_with("nonsense://***@: not a proxy's address"), "{message}");
    }

    #[test]
    fn credentials_are_left_out_however_odd_the_address() {
        for (address, shown) in [
            ("http://host:1", "http://host:1"),
            ("ftp://user:secret@proxy:1", "ftp://***@proxy:1"),
            ("user:sec@ret@:", "***@:"),
            ("user:sec://ret@host", "***@host"),
        ] {
            assert_eq!(without_credentials(address), shown);
        }
    }

    #[test]
    fn drawn_digits_have_the_name_by_which_they_are_known_again() {
        assert_eq!(elbo_data::synthetic_sized(SYNTHETIC_SEED, 1, 1).name, DRAWN);
    }

    #[test]
    fn drawn_digits_that_are_wanted_are_drawn_whatever_the_environment_names() {
        let wanted = Wanted {
            drawn: Some("they were before".into()),
            usual: Some("nowhere".into()),
            ..Wanted::default()
        };
        let selection = select(&wanted, &mut ()).unwrap();
        assert_eq!(selection.dataset.name, DRAWN);
        assert_eq!(selection.stand_in.as_deref(), Some("they were before"));
    }
}
