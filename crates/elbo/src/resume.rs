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
    /// Reads a checkpoint, or the newest one of a run folder.
    pub fn open(file_or_run: &Path) -> Result<Self> {
        let (path, run) = if file_or_run.is_dir() {
            let folder = file_or_run;
            (folder.join("checkpoints").join("last.safetensors"), Some(folder.to_path_buf()))
        } else {
            (file_or_run.to_path_buf(), RunFolder::of_checkpoint(file_or_run))
        };
        if file_or_run.is_dir() && !path.exists() {
            let fact =
                "no checkpoint in this run folder yet; name one with --resume, or train anew";
            return Err(Error::Resume { path, fact: fact.into() });
        }
        let checkpoint = Checkpoint::load(&path).map_err(Error::Checkpoint)?;
        let record = Record::from_metadata(&checkpoint.metadata, &path)?;
        Ok(Self { path, run, record, checkpoint })
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
