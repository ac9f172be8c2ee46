//! What a checkpoint is: sizes, how far it has come, what it was trained on, its digest.

use std::{
    fs,
    path::{Path, PathBuf},
};

use elbo_data::checksum::Checksum;
use elbo_vae::Sizes;
use serde::Serialize;

use crate::{
    Best, Error, Middle, Result, RunFolder, TrainingRecord,
    metrics::{self, Row},
    model::{Stored, parameters},
};

/// A checkpoint in words and figures.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    /// The file.
    pub path: PathBuf,
    /// The model's sizes.
    pub model: Sizes,
    /// Numbers that training adjusts.
    pub parameters: usize,
    /// Rows an image.
    pub rows: usize,
    /// Columns an image.
    pub columns: usize,
    /// Epochs completed.
    pub epoch: u32,
    /// Steps taken of the epoch after, where the training stopped within it.
    pub steps_in_the_middle: usize,
    /// Steps completed.
    pub step: u32,
    /// The best epoch of the training so far, where the checkpoint says it.
    pub best: Option<Best>,
    /// How it was trained.
    pub training: TrainingRecord,
    /// What the data set is called.
    pub data: String,
    /// Images in it.
    pub train_images: usize,
    /// SHA-256 of the training pixels, where the checkpoint says it.
    pub train_sha256: Option<String>,
    /// Whether it holds what a training needs to go on.
    pub resumable: bool,
    /// Losses of its epoch, where it is at the end of one and lies in a run folder that has them.
    pub losses: Option<Row>,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Describes a checkpoint, or the best one of a run folder, else its last.
pub fn info(file_or_run: &Path) -> Result<Info> {
    let stored = Stored::open(file_or_run)?;
    let path = stored.path.clone();
    let parameters = parameters(&stored);
    let moments = |name: &str| {
        ["exp_avg", "exp_avg_sq"]
            .iter()
            .all(|kind| stored.checkpoint.tensors.contains_key(&format!("optimizer.{kind}.{name}")))
    };
    let record = stored.record.clone();
    let unreadable = |source| elbo_nn::Error::Unreadable { path: path.clone(), source };
    let bytes = fs::read(&path).map_err(|error| Error::Checkpoint(unreadable(error)))?;
    Ok(Info {
        model: record.model,
        parameters: parameters.iter().map(|(_, tensor)| tensor.values.len()).sum(),
        rows: record.rows,
        columns: record.columns,
        epoch: record.epoch,
        steps_in_the_middle: record.middle.as_ref().map_or(0, Middle::steps),
        step: record.step,
        best: record.best,
        training: record.training,
        data: record.data,
        train_images: record.train_images,
        train_sha256: record.train_sha256,
        resumable: parameters.iter().all(|(name, _)| moments(name)),
        losses: if record.middle.is_none() { losses(&path, record.epoch) } else { None },
        bytes: bytes.len() as u64,
        sha256: Checksum::of(&[&bytes]).to_string(),
        path,
    })
}

/// The row of an epoch in the run folder of a checkpoint.
fn losses(path: &Path, epoch: u32) -> Option<Row> {
    let run = RunFolder::at(&RunFolder::of_checkpoint(path)?);
    metrics::read(&run.metrics()).ok()?.into_iter().find(|row| row.epoch == epoch)
}
