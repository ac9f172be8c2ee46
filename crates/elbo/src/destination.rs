//! Which run folder a training writes to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Result, Resumed, RunFolder};

/// Where numbered runs go.
const RUNS: &str = "runs";

/// A run folder that is not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The next number in `runs`.
    Numbered,
    /// A folder that the user named, for a new run.
    Named(PathBuf),
    /// The folder of the run that goes on.
    Own(PathBuf),
}

impl Destination {
    /// The folder named by the user, or that of the run that goes on, or a new one.
    ///
    /// Refuses a named folder that holds another run. Makes nothing.
    pub fn new(out: Option<&Path>, resumed: Option<&Resumed>) -> Result<Self> {
        let own = resumed.and_then(|resumed| resumed.run.as_deref());
        match (out, own) {
            (Some(out), Some(own)) if same(out, own) => Ok(Self::Own(own.into())),
            (Some(out), _) => {
                RunFolder::check_free(out)?;
                Ok(Self::Named(out.into()))
            }
            (None, Some(own)) => Ok(Self::Own(own.into())),
            (None, None) => Ok(Self::Numbered),
        }
    }

    /// Makes the folder.
    pub fn make(&self) -> Result<RunFolder> {
        match self {
            Self::Numbered => RunFolder::numbered(Path::new(RUNS)),
            Self::Named(path) => RunFolder::create(path),
            Self::Own(path) => RunFolder::open(path),
        }
    }
}

fn same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
