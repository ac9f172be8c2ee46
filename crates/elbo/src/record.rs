//! What a checkpoint says of the training that wrote it.

use std::path::Path;

use elbo_data::Dataset;
use elbo_vae::Sizes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result};

/// A checkpoint's metadata.
///
/// Nothing here depends on when, where or by how many threads the training ran, so the same training
/// gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The model's sizes.
    pub model: Sizes,
    /// Rows an image.
    pub rows: usize,
    /// Columns an image.
    pub columns: usize,
    /// How it is trained.
    pub training: TrainingRecord,
    /// Epochs completed.
    pub epoch: u32,
    /// Steps completed.
    pub step: u32,
    /// How many images an epoch visits.
    pub train_images: usize,
    /// What the data set is called.
    pub data: String,
}

/// The settings that a resumed training takes over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Epochs in all.
    pub epochs: u32,
    /// Images a step.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// What all random numbers start from.
    pub seed: u64,
}

impl Record {
    /// The record as metadata.
    pub fn to_metadata(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| Error::Unwritten {
            what: "the checkpoint's metadata",
            fact: error.to_string(),
        })
    }

    /// The record in a checkpoint's metadata. `path` is the checkpoint, for messages.
    pub fn from_metadata(metadata: &Value, path: &Path) -> Result<Self> {
        let record = Self::deserialize(metadata).map_err(|error| {
            resume(path, format!("its record is incomplete ({error}); use another checkpoint"))
        })?;
        if record.rows.checked_mul(record.columns) != Some(record.model.input) {
            let Self { rows, columns, model, .. } = record;
            return Err(resume(
                path,
                format!(
                    "its images of {rows}×{columns} do not fit its model of {} inputs; use another checkpoint",
                    model.input
                ),
            ));
        }
        Ok(record)
    }

    /// Refuses data that are not what the checkpoint was trained on.
    pub fn check_data(&self, data: &Dataset, path: &Path) -> Result<()> {
        let images = &data.train.images;
        let there = (images.count, images.rows, images.columns);
        if there == (self.train_images, self.rows, self.columns) && data.name == self.data {
            return Ok(());
        }
        let Self { train_images, rows, columns, data: name, .. } = self;
        Err(resume(
            path,
            format!(
                "was trained on {name} ({train_images} images of {rows}×{columns}), the data are {} \
                 ({} images of {}×{}); name the folder of its data with --data-dir",
                data.name, there.0, there.1, there.2
            ),
        ))
    }
}

fn resume(path: &Path, fact: String) -> Error {
    Error::Resume { path: path.into(), fact }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            model: Sizes { input: 784, hidden: 400, latent: 20 },
            rows: 28,
            columns: 28,
            training: TrainingRecord { epochs: 3, batch_size: 8, learning_rate: 1e-3, seed: 42 },
            epoch: 1,
            step: 4,
            train_images: 32,
            data: "synthetic digits".into(),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let metadata = record().to_metadata().unwrap();
        assert_eq!(Record::from_metadata(&metadata, Path::new("x")).unwrap(), record());
        assert!(metadata.to_string().contains(r#""learning_rate":0.001"#), "{metadata}");
    }

    #[test]
    fn an_incomplete_or_contradicting_record_is_refused() {
        let mut metadata = record().to_metadata().unwrap();
        metadata["rows"] = 27.into();
        let message = Record::from_metadata(&metadata, Path::new("x")).unwrap_err().to_string();
        assert!(message.starts_with("x: its images of 27×28 do not fit"), "{message}");

        metadata.as_object_mut().unwrap().remove("epoch");
        let message = Record::from_metadata(&metadata, Path::new("x")).unwrap_err().to_string();
        assert!(message.contains("missing field `epoch`"), "{message}");
    }

    #[test]
    fn other_data_are_refused() {
        let same = elbo_data::synthetic_sized(0, 32, 8);
        record().check_data(&same, Path::new("x")).unwrap();

        let fewer = elbo_data::synthetic_sized(0, 31, 8);
        let message = record().check_data(&fewer, Path::new("x")).unwrap_err().to_string();
        assert!(message.contains("31 images of 28×28"), "{message}");

        let mut other = same;
        other.name = "MNIST".into();
        assert!(record().check_data(&other, Path::new("x")).is_err());
    }
}
