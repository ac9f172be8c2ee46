//! What a checkpoint says of the training that wrote it.

use std::path::Path;

use elbo_data::Dataset;
use elbo_vae::Sizes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result, Settings};

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
    /// SHA-256 of the training pixels in hexadecimal; older checkpoints have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_sha256: Option<String>,
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
    /// Every how many epochs the last batch's loss is printed; older checkpoints do not say.
    #[serde(default = "usual_log_every")]
    pub log_every: u32,
    /// Every how many epochs a picture and a checkpoint are kept; older checkpoints do not say.
    #[serde(default = "usual_image_every")]
    pub image_every: u32,
}

fn usual_log_every() -> u32 {
    Settings::default().log_every
}

fn usual_image_every() -> u32 {
    Settings::default().image_every
}

impl TrainingRecord {
    /// What of the settings is not the model's.
    #[must_use]
    pub const fn of(settings: &Settings) -> Self {
        Self {
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            learning_rate: settings.learning_rate,
            seed: settings.seed,
            log_every: settings.log_every,
            image_every: settings.image_every,
        }
    }
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

    /// Refuses pixels other than those that the checkpoint was trained on, if it says which.
    pub fn check_pixels(&self, sha256: Option<&str>, path: &Path) -> Result<()> {
        match (self.train_sha256.as_deref(), sha256) {
            (Some(then), Some(now)) if then != now => Err(resume(
                path,
                format!(
                    "was trained on other images of the name {} (SHA-256 of the training pixels \
                     {then}, now {now}); name the folder of its data with --data-dir",
                    self.data
                ),
            )),
            _ => Ok(()),
        }
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
            training: TrainingRecord::of(&Settings {
                epochs: 3,
                batch_size: 8,
                log_every: 5,
                image_every: 7,
                ..Settings::default()
            }),
            epoch: 1,
            step: 4,
            train_images: 32,
            data: crate::data::DRAWN.into(),
            train_sha256: Some("00".into()),
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
    fn a_record_of_an_older_version_is_read_with_what_held_then() {
        let mut metadata = record().to_metadata().unwrap();
        metadata.as_object_mut().unwrap().remove("train_sha256");
        for name in ["log_every", "image_every"] {
            metadata["training"].as_object_mut().unwrap().remove(name);
        }
        let older = Record::from_metadata(&metadata, Path::new("x")).unwrap();
        assert_eq!((older.training.log_every, older.training.image_every), (20, 20));
        older.check_pixels(Some("anything"), Path::new("x")).unwrap();
    }

    #[test]
    fn other_pixels_under_the_same_name_are_refused() {
        record().check_pixels(Some("00"), Path::new("x")).unwrap();
        let message = record().check_pixels(Some("01"), Path::new("x")).unwrap_err().to_string();
        assert!(message.starts_with("x: was trained on other images"), "{message}");
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
