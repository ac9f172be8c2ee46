//! What a checkpoint says of the training that wrote it.

use std::path::Path;

use elbo_data::Dataset;
use elbo_vae::{EpochProgress, Sizes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result, Settings, Stage};

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
    /// The best epoch so far; older checkpoints do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
    /// How far the epoch after [`Record::epoch`] has come, where the training stopped within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle: Option<Middle>,
}

/// The epoch with the lowest loss on the test images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, counted from 1.
    pub epoch: u32,
    /// Its loss.
    pub test_loss: f64,
}

impl Best {
    /// Whether a training that has done `epoch` epochs has waited for a better one for too long.
    #[must_use]
    pub const fn is_old(&self, epoch: u32, settings: &Settings) -> bool {
        settings.patience > 0 && epoch.saturating_sub(self.epoch) >= settings.patience
    }
}

/// The losses of an epoch's steps so far, each summed over the images of its batch: as many as the
/// epoch has taken steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Middle {
    /// Of the reconstruction.
    pub reconstruction: Vec<f32>,
    /// Of KL.
    pub kl: Vec<f32>,
}

impl Middle {
    /// Steps of the epoch that were taken.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.kl.len()
    }
}

impl From<EpochProgress> for Middle {
    fn from(EpochProgress { reconstruction, kl }: EpochProgress) -> Self {
        Self { reconstruction, kl }
    }
}

impl From<Middle> for EpochProgress {
    fn from(Middle { reconstruction, kl }: Middle) -> Self {
        Self { reconstruction, kl }
    }
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
    /// Learning rates from later epochs on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lr_at: Vec<Stage>,
    /// What all random numbers start from.
    pub seed: u64,
    /// Every how many epochs the last batch's loss is printed; older checkpoints do not say.
    #[serde(default = "usual_log_every")]
    pub log_every: u32,
    /// Every how many epochs a picture is kept; older checkpoints do not say.
    #[serde(default = "usual_image_every")]
    pub image_every: u32,
    /// Every how many epochs a checkpoint is kept, where not as often as a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<u32>,
    /// After how many epochs without a better test loss the training ends; 0 for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub patience: u32,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
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
    pub fn of(settings: &Settings) -> Self {
        let checkpoint_every = settings.checkpoint_every;
        Self {
            epochs: settings.epochs,
            batch_size: settings.batch_size,
            learning_rate: settings.learning_rate,
            lr_at: settings.lr_at.clone(),
            seed: settings.seed,
            log_every: settings.log_every,
            image_every: settings.image_every,
            checkpoint_every: (checkpoint_every != settings.image_every)
                .then_some(checkpoint_every),
            patience: settings.patience,
        }
    }

    /// Every how many epochs a checkpoint is kept.
    #[must_use]
    pub fn checkpoint_every(&self) -> u32 {
        self.checkpoint_every.unwrap_or(self.image_every)
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
        match record.contradiction() {
            Some(fact) => {
                let fact =
                    format!("its record contradicts itself ({fact}); use another checkpoint");
                Err(resume(path, fact))
            }
            None => Ok(record),
        }
    }

    /// What no training would have written. Batches may have had another size in earlier epochs.
    fn contradiction(&self) -> Option<String> {
        let Self { epoch, step, train_images, training, .. } = self;
        let (images, batch_size) = (*train_images, training.batch_size);
        if batch_size == 0 || images > 0 && batch_size > images {
            return Some(format!("batches of {batch_size} of {images} images"));
        }
        if let Some(Middle { reconstruction, kl }) = &self.middle {
            let steps = kl.len();
            if steps != reconstruction.len() || steps > images.div_ceil(batch_size) {
                let losses = format!("{} and {steps}", reconstruction.len());
                return Some(format!("losses of {losses} steps of an epoch of {images} images"));
            }
            if !reconstruction.iter().chain(kl).all(|loss| loss.is_finite()) {
                return Some("a loss that is no number".into());
            }
        }
        let most = (u64::from(*epoch) + 1).saturating_mul(images as u64);
        if step < epoch || u64::from(*step) > most {
            return Some(format!("step {step} in epoch {epoch} of {images} images"));
        }
        let best = self.best.filter(|best| !(1..=*epoch).contains(&best.epoch))?;
        Some(format!("a best epoch {} of {epoch}", best.epoch))
    }

    /// Refuses settings with which the rest of an epoch would not be the rest: another batch size
    /// or another order of the images.
    pub fn check_middle(&self, settings: &Settings, path: &Path) -> Result<()> {
        let Some(middle) = &self.middle else { return Ok(()) };
        let TrainingRecord { batch_size, seed, .. } = self.training;
        let (flag, then) = if settings.batch_size != batch_size {
            ("--batch-size", batch_size as u64)
        } else if settings.seed != seed {
            ("--seed", seed)
        } else {
            return Ok(());
        };
        let fact = format!(
            "stopped in the middle of epoch {}, after {} steps with {flag} {then}; leave {flag} out",
            self.epoch + 1,
            middle.steps()
        );
        Err(resume(path, fact))
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
        if self.train_images == 0 {
            let fact = format!(
                "holds parameters alone, of data {}: no training goes on from it; use the checkpoint of \
                 a training",
                self.data
            );
            return Err(resume(path, fact));
        }
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
                checkpoint_every: 2,
                lr_at: vec!["2:1e-4".parse().unwrap()],
                patience: 3,
                ..Settings::default()
            }),
            epoch: 1,
            step: 4,
            train_images: 32,
            data: crate::data::DRAWN.into(),
            train_sha256: Some("00".into()),
            best: Some(Best { epoch: 1, test_loss: 0.1 + 0.2 }),
            middle: Some(Middle { reconstruction: vec![0.1, 1e-30], kl: vec![3.7, 5.0] }),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        // By way of text, as in a file: no bit of a loss may be lost.
        let text = record().to_metadata().unwrap().to_string();
        let metadata = serde_json::from_str(&text).unwrap();
        assert_eq!(Record::from_metadata(&metadata, Path::new("x")).unwrap(), record());
        assert!(text.contains(r#""learning_rate":0.001"#), "{text}");
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
        for name in ["train_sha256", "best", "middle"] {
            metadata.as_object_mut().unwrap().remove(name);
        }
        for name in ["log_every", "image_every", "checkpoint_every", "lr_at", "patience"] {
            metadata["training"].as_object_mut().unwrap().remove(name);
        }
        let older = Record::from_metadata(&metadata, Path::new("x")).unwrap();
        assert_eq!((older.training.log_every, older.training.image_every), (20, 20));
        assert_eq!((older.training.checkpoint_every(), older.training.patience), (20, 0));
        assert_eq!((older.best, older.middle.clone()), (None, None));
        older.check_pixels(Some("anything"), Path::new("x")).unwrap();
    }

    #[test]
    fn the_rest_of_an_epoch_has_the_batches_and_the_order_of_its_beginning() {
        let settings = Settings { batch_size: 8, ..Settings::default() };
        let record = record();
        record.check_middle(&settings, Path::new("x")).unwrap();
        let other = Settings { batch_size: 9, ..settings.clone() };
        let message = record.check_middle(&other, Path::new("x")).unwrap_err().to_string();
        let expected = "x: stopped in the middle of epoch 2, after 2 steps with --batch-size 8; \
                        leave --batch-size out";
        assert_eq!(message, expected);
        let other = Settings { seed: 1, ..settings };
        assert!(record.check_middle(&other, Path::new("x")).is_err());
        Record { middle: None, ..record }.check_middle(&other, Path::new("x")).unwrap();
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
