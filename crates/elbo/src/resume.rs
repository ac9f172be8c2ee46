//! A checkpoint to go on from: found, read, and understood.

use std::path::{Path, PathBuf};

use elbo_nn::Checkpoint;

use crate::{Error, Record, Result, RunFolder};

/// A checkpoint with its record.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The file.
    pub path: PathBuf,
    /// The run folder that the file lies in, if it lies in one.
    pub run: Option<PathBuf>,
    /// What the file says of the training.
    pub record: Record,
    /// Its tensors.
    pub checkpoint: Checkpoint,
}

impl Resumed {
    /// The run folder that a checkpoint lies in, or that is named itself; whether or not the
    /// checkpoint can be read.
    pub(crate) fn run_of(file_or_run: &Path) -> Option<PathBuf> {
        if file_or_run.join("checkpoints").is_dir() {
            return Some(file_or_run.into());
        }
        RunFolder::of_checkpoint(file_or_run)
    }

    /// Reads a checkpoint, or the newest one of a run folder.
    pub fn open(file_or_run: &Path) -> Result<Self> {
        if !file_or_run.is_dir() {
            return Self::read(file_or_run, RunFolder::of_checkpoint(file_or_run));
        }
        let folder = RunFolder::at(file_or_run);
        let read = |path: PathBuf| Self::read(&path, Some(file_or_run.into()));
        if folder.last().exists() {
            return read(folder.last());
        }
        // Killed in its first epoch, after one checkpoint and before the last one.
        let kept = folder.last_kept().map(|epoch| folder.checkpoint(epoch));
        let found = kept.into_iter().chain([folder.best()]).filter_map(|path| read(path).ok());
        found.max_by_key(|resumed| resumed.record.epoch).ok_or_else(|| {
            let fact =
                "no checkpoint in this run folder yet; name one with --resume, or train anew";
            Error::Resume { path: folder.last(), fact: fact.into() }
        })
    }

    fn read(path: &Path, run: Option<PathBuf>) -> Result<Self> {
        let path = path.to_path_buf();
        let checkpoint = Checkpoint::load(&path).map_err(Error::Checkpoint)?;
        let record = Record::from_metadata(&checkpoint.metadata, &path)?;
        Ok(Self { path, run, record, checkpoint })
    }

    /// Brings along what a run folder needs in which the training goes on: the best checkpoint so far,
    /// and then, if it has none yet, the last.
    pub(crate) fn carry(&self, folder: &RunFolder) -> Result<()> {
        self.carry_best(folder)?;
        if folder.last().exists() {
            return Ok(());
        }
        self.checkpoint.save(&folder.last()).map_err(Error::Save)
    }

    /// Brings the best checkpoint so far along, to the run folder in which the training goes on.
    ///
    /// Nothing where it is there, or where nobody has it any more.
    fn carry_best(&self, folder: &RunFolder) -> Result<()> {
        let Some(best) = self.record.best else { return Ok(()) };
        let is_it = |record: &Record| record.best == Some(best) && record.epoch == best.epoch;
        let at = |path: &Path| Self::open(path).ok().filter(|there| is_it(&there.record));
        if at(&folder.best()).is_some() {
            return Ok(());
        }
        let own = self.run.as_deref().and_then(|run| at(&RunFolder::at(run).best()));
        let found = if self.record.middle.is_none() && is_it(&self.record) {
            Some(&self.checkpoint)
        } else {
            own.as_ref().map(|own| &own.checkpoint)
        };
        found.map_or(Ok(()), |found| found.save(&folder.best()).map_err(Error::Save))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_checkpoints_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let message = Resumed::open(folder.path()).unwrap_err().to_string();
        let path = folder.path().join("checkpoints").join("last.safetensors");
        assert!(message.starts_with(&path.display().to_string()), "{message}");
    }

    #[test]
    fn a_checkpoint_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.safetensors");
        let metadata = serde_json::json!({ "model": "something else" });
        Checkpoint { tensors: std::collections::BTreeMap::new(), metadata }.save(&path).unwrap();
        let message = Resumed::open(&path).unwrap_err().to_string();
        assert!(message.contains("its record is incomplete"), "{message}");
    }
}
