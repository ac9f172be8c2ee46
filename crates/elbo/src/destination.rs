//! Which run folder a training writes to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, Result, Resumed, RunFolder, lock::Lock};

/// Where numbered runs go.
const RUNS: &str = "runs";

/// A run folder that is not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The next number in `runs`.
    Numbered,
    /// A folder that the user named, for a new run.
    Named(PathBuf),
    /// A folder that the user named, whose run is given up for a new one.
    Emptied(PathBuf),
    /// The folder of the run that goes on.
    Own(PathBuf),
}

impl Destination {
    /// The folder named by the user, or that of the run that goes on, or a new one.
    ///
    /// Refuses a named folder that holds another run, and to go on in a run's own folder from
    /// before its newest checkpoint. With `force`, a named folder's run is to be given up instead.
    /// Makes nothing and takes nothing away.
    pub fn new(out: Option<&Path>, force: bool, resumed: Option<&Resumed>) -> Result<Self> {
        let own = resumed.and_then(|resumed| Some((resumed.run.as_deref()?, resumed)));
        match (out, own) {
            (Some(out), Some((own, _))) if !same(out, own) => Self::named(out, force),
            (Some(out), None) => Self::named(out, force),
            (_, Some((own, resumed))) => {
                check_newest(own, resumed)?;
                Ok(Self::Own(own.into()))
            }
            (None, None) => Ok(Self::Numbered),
        }
    }

    /// The lock of the run that goes on in its own folder, taken before its checkpoint is read: what
    /// another training adds in between would be lost.
    pub fn lock_own(out: Option<&Path>, resume: Option<&Path>) -> Result<Option<Lock>> {
        let own = resume.and_then(Resumed::run_of);
        let own = own.filter(|own| out.is_none_or(|out| same(out, own)));
        own.as_deref().map(Lock::take).transpose()
    }

    /// Whether a training goes on in its own folder, from the end of its newest epoch, and has not left
    /// there what its end leaves.
    pub(crate) fn lacks_its_end(out: Option<&Path>, resumed: &Resumed) -> bool {
        let own = resumed.run.as_deref().filter(|own| out.is_none_or(|out| same(out, own)));
        own.is_some_and(|own| {
            let is_newest = check_newest(own, resumed).is_ok() && resumed.record.middle.is_none();
            is_newest && !RunFolder::at(own).report().exists()
        })
    }

    fn named(out: &Path, force: bool) -> Result<Self> {
        if force {
            RunFolder::at(out).check_kind()?;
            return Ok(Self::Emptied(out.into()));
        }
        RunFolder::check_free(out)?;
        Ok(Self::Named(out.into()))
    }

    /// Makes the folder and locks it, unless its lock is held already.
    pub fn make(&self, held: Option<Lock>) -> Result<(RunFolder, Lock)> {
        let folder = match self {
            Self::Numbered => RunFolder::numbered(Path::new(RUNS))?,
            Self::Named(path) | Self::Emptied(path) | Self::Own(path) => RunFolder::open(path)?,
        };
        let lock = held.map_or_else(|| Lock::take(folder.path()), Ok)?;
        folder.sweep();
        match self {
            Self::Named(path) => {
                // Someone may have been faster.
                RunFolder::check_free(path)?;
                folder.clear_begun()?;
            }
            Self::Emptied(_) => folder.clear()?,
            Self::Numbered | Self::Own(_) => {}
        }
        Ok((folder, lock))
    }
}

/// Refuses what would overwrite a run's later epochs: going on in its folder from before its end.
fn check_newest(run: &Path, resumed: &Resumed) -> Result<()> {
    let folder = RunFolder::at(run);
    if same(&resumed.path, &folder.last()) {
        return Ok(());
    }
    // One that cannot be read cannot be gone on from either.
    let last = Resumed::open(&folder.last()).ok().map(|last| last.record.epoch);
    let newest = last.max(folder.last_kept());
    let from = resumed.record.epoch;
    match newest {
        Some(newest) if newest > from => {
            let first = from + 1;
            let lost = if first == newest {
                format!("epoch {first}")
            } else {
                format!("epochs {first} to {newest}")
            };
            let fact = format!(
                "has a checkpoint of epoch {newest}; going on here from epoch {from} would lose \
                 {lost}; name another folder with --out"
            );
            Err(Error::RunFolder { path: run.into(), fact })
        }
        _ => Ok(()),
    }
}

fn same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
