//! Which images to train on: those named, else MNIST, fetched if need be, else drawn digits.

use std::path::{Path, PathBuf};

use elbo_data::{Dataset, DownloadError, Error as DataError, Source};

use crate::{Error, Report, Result};

/// Where MNIST is looked for and put when no folder is named.
pub const FOLDER: &str = "data/mnist";

/// What drawn digits are drawn from. Not the training's seed: all trainings share one data set.
pub const SYNTHETIC_SEED: u64 = 0;

/// Which data are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A folder that the user named. It is never replaced by something else.
    pub named: Option<PathBuf>,
    /// How to get what is not there.
    pub network: Network,
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
    /// Why MNIST was not to be had, if drawn digits stand in for it.
    pub stand_in: Option<String>,
}

impl Selection {
    const fn found(dataset: Dataset) -> Self {
        Self { dataset, stand_in: None }
    }
}

/// The named folder's data; else MNIST in [`FOLDER`], fetched if it is not there; else drawn digits.
///
/// A named folder that is missing or broken is an error. So are broken files in [`FOLDER`] that
/// cannot be fetched again: someone put them there and believes in them.
pub fn select(wanted: &Wanted, report: &mut dyn Report) -> Result<Selection> {
    if let Some(dir) = &wanted.named {
        return Ok(Selection::found(elbo_data::load(dir)?));
    }
    select_in(Path::new(FOLDER), &wanted.network, report)
}

fn select_in(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<Selection> {
    let missing = match elbo_data::load(dir) {
        Ok(dataset) => return Ok(Selection::found(dataset)),
        Err(error) if network.offline && !is_absence(&error) => return Err(error.into()),
        Err(error) => error,
    };
    if network.offline {
        return Ok(stand_in(format!("{} has no data set, and the network is off", dir.display())));
    }
    match fetch(dir, network, report) {
        Ok(()) => Ok(Selection::found(elbo_data::load(dir)?)),
        Err(error @ DownloadError::Occupied { .. }) => Err(error.into()),
        Err(_) if !is_absence(&missing) => Err(missing.into()),
        Err(error) => Ok(stand_in(error.to_string())),
    }
}

/// MNIST in a folder, fetched if it is missing or broken. A whole set of another kind stays as it is.
pub fn provide(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<Dataset> {
    match elbo_data::load(dir) {
        Ok(dataset) => Ok(dataset),
        Err(error) if network.offline && is_absence(&error) => {
            Err(Error::Offline { path: dir.into() })
        }
        Err(error) if network.offline => Err(error.into()),
        Err(_) => {
            fetch(dir, network, report)?;
            Ok(elbo_data::load(dir)?)
        }
    }
}

fn fetch(dir: &Path, network: &Network, report: &mut dyn Report) -> Result<(), DownloadError> {
    let source = Source { proxy: network.proxy.clone(), ..Source::mnist() };
    source.fetch(dir, &mut |progress| report.download(progress))
}

/// Whether nothing is there, rather than something broken.
const fn is_absence(error: &DataError) -> bool {
    matches!(error, DataError::NoFolder { .. } | DataError::Missing { .. })
}

fn stand_in(why: String) -> Selection {
    Selection { dataset: elbo_data::synthetic(SYNTHETIC_SEED), stand_in: Some(why) }
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
        let wanted = Wanted { named: Some(folder.path().join("gone")), network: offline() };
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
}
