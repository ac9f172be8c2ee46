//! A model that learns from a data set, an epoch at a time. It writes no files.

use std::{fmt, path::Path, time::Instant};

use elbo_data::{Dataset, checksum::Checksum, shuffle_into};
use elbo_nn::Checkpoint;
use elbo_vae::{Entries, Losses, Vae};

use crate::{
    Device, Error, Record, Report, Result, Settings, Step, memory, record::TrainingRecord,
};

/// What an epoch came to. Losses are means over images.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// The epoch, counted from 1.
    pub number: u32,
    /// Steps since the training began.
    pub step: u32,
    /// On the images trained with, while training.
    pub train: Losses,
    /// Of the last batch.
    pub last_batch: Losses,
    /// On the test images, after the epoch.
    pub test: Losses,
    /// How long the epoch took, testing included.
    pub seconds: f64,
    /// The last batch reconstructed, [images, rows, columns] in [-1, 1], where a picture of this
    /// epoch is to be kept.
    pub reconstruction: Option<Vec<f32>>,
}

/// A model, its data on a device, and how far it has come.
pub struct Training {
    vae: Vae,
    settings: Settings,
    device: String,
    /// Why it is no GPU, where a GPU would have been taken.
    fallback: Option<String>,
    /// Epochs completed.
    epoch: u32,
    order: Vec<u32>,
    /// What a checkpoint says besides epoch and step.
    record: Record,
}

impl fmt::Debug for Training {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Training")
            .field("epoch", &self.epoch)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Training {
    /// A new model, and the data brought to the device.
    pub fn new(data: &Dataset, settings: &Settings, device: Device) -> Result<Self> {
        let (train, test) = (&data.train.images, &data.test.images);
        settings.check_with(train.size(), train.count)?;
        let config = settings.config(train.size(), train.count, test.count);
        let opened = device.open()?;
        memory::check_on(opened.memory(), &Entries::plan(&config)?.0, settings)?;
        let (device, fallback) = (opened.describe(), opened.fallback());
        let mut vae = Vae::new(&config, |program| opened.session(program))?;
        vae.write_train_images(&train.pixels)?;
        vae.write_test_images(&test.pixels)?;
        let record = Record {
            model: config.sizes,
            rows: train.rows,
            columns: train.columns,
            training: TrainingRecord::of(settings),
            epoch: 0,
            step: 0,
            train_images: train.count,
            data: data.name.clone(),
            train_sha256: Some(Checksum::of(&[&train.pixels]).to_string()),
        };
        let order = vec![0; train.count];
        Ok(Self { vae, settings: settings.clone(), device, fallback, epoch: 0, order, record })
    }

    /// Goes on from where a checkpoint was written. `path` is where it comes from, for messages.
    ///
    /// Refuses one that was trained on other images, or whose model is another.
    pub fn restore(&mut self, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
        let record = Record::from_metadata(&checkpoint.metadata, path)?;
        record.check_pixels(self.record.train_sha256.as_deref(), path)?;
        self.vae.restore(checkpoint, path).map_err(Error::Restore)?;
        self.epoch = record.epoch;
        Ok(())
    }

    /// Trains for one epoch and measures the model on the test images.
    ///
    /// The order of the images is a function of the seed and the epoch alone.
    pub fn epoch(&mut self, report: &mut dyn Report) -> Result<Epoch> {
        let began = Instant::now();
        let number = self.epoch + 1;
        shuffle_into(&mut self.order, self.settings.seed, number);
        self.vae.begin_epoch(&self.order)?;
        self.take_steps(number, report)?;

        let losses = self.vae.epoch_losses()?;
        self.check_loss(number, losses.mean)?;
        let reconstruction =
            if self.settings.keeps(number) { Some(self.vae.last_reconstruction()?) } else { None };
        let test = self.vae.evaluate()?;
        self.check_loss(number, test)?;
        self.epoch = number;
        Ok(Epoch {
            number,
            step: self.vae.step()?,
            train: losses.mean,
            last_batch: losses.last_batch,
            test,
            seconds: began.elapsed().as_secs_f64(),
            reconstruction,
        })
    }

    fn take_steps(&mut self, epoch: u32, report: &mut dyn Report) -> Result<()> {
        let of = self.vae.steps_per_epoch();
        let pace = report.pace(of);
        let mut done = 0;
        while done < of {
            done += self.vae.train(pace.unwrap_or(of).max(1))?;
            if pace.is_some() {
                let mean = self.vae.epoch_losses()?.mean;
                report.step(Step { epoch, done, of, mean });
            }
        }
        Ok(())
    }

    fn check_loss(&self, epoch: u32, losses: Losses) -> Result<()> {
        let loss = losses.total();
        if loss.is_finite() {
            return Ok(());
        }
        Err(Error::Diverged { epoch, loss, learning_rate: self.settings.learning_rate })
    }

    /// All that is needed to go on from here, the same bytes for the same training.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let record = Record { epoch: self.epoch, step: self.vae.step()?, ..self.record.clone() };
        Ok(self.vae.checkpoint(record.to_metadata()?)?)
    }

    /// μ of an image, one value a latent dimension. `pixels`: [rows, columns], 0 to 255.
    pub fn mean(&mut self, pixels: &[u8]) -> Result<Vec<f32>> {
        Ok(self.vae.encode(pixels)?.means)
    }

    /// Images drawn from the prior with the training's seed: [count, rows, columns] in [-1, 1].
    pub fn samples(&mut self, count: usize) -> Result<Vec<f32>> {
        Ok(self.vae.sample(count, self.settings.seed)?)
    }

    /// Epochs completed.
    #[must_use]
    pub const fn epochs_done(&self) -> u32 {
        self.epoch
    }

    /// Rows and columns of the images.
    #[must_use]
    pub const fn image_size(&self) -> (usize, usize) {
        (self.record.rows, self.record.columns)
    }

    /// The model.
    #[must_use]
    pub const fn vae(&self) -> &Vae {
        &self.vae
    }

    /// The device in words.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Why the device is no GPU, where a GPU would have been taken.
    #[must_use]
    pub fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }
}

#[cfg(test)]
mod tests;
