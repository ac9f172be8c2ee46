//! A model that learns from a data set, an epoch at a time. It writes no files.

mod locate;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::Path,
    time::{Duration, Instant},
};

use elbo_data::{Dataset, checksum::Checksum, shuffle_into};
use elbo_nn::Checkpoint;
use elbo_tensor::Planning;
use elbo_vae::{Entries, Losses, Vae};

use crate::{
    Best, Device, Divergence, Error, Record, Report, Result, Settings, Step, Symptom, memory,
    record::TrainingRecord,
};

/// For about so long steps are taken without a look at whether to stop: short for whoever waits, and
/// long against what handing work to a device takes.
const WITHOUT_A_LOOK: Duration = Duration::from_millis(10);

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
    /// What it was trained with.
    pub learning_rate: f64,
    /// Whether no epoch before had as low a loss on the test images.
    pub is_best: bool,
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
    /// Whether the epoch after it has begun and is not over.
    in_the_middle: bool,
    best: Option<Best>,
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
    /// A new model, and the data moved to the device: the host keeps none of it.
    pub fn new(data: Dataset, settings: &Settings, device: Device) -> Result<Self> {
        Self::with_planning(data, settings, device, Planning::default())
    }

    /// A new model whose steps are planned in a given way. Checkpoints do not depend on it beyond
    /// rounding.
    pub fn with_planning(
        data: Dataset,
        settings: &Settings,
        device: Device,
        planning: Planning,
    ) -> Result<Self> {
        let Dataset { name, train, test, .. } = data;
        let (train, test) = (train.images, test.images);
        settings.check_with(train.size(), train.count)?;
        let config = settings.config(train.size(), train.count, test.count);
        let opened = device.open()?;
        memory::check_on(opened.memory(), &Entries::plan_with(&config, planning)?.0, settings)?;
        let (device, fallback) = (opened.describe(), opened.fallback());
        let mut vae = Vae::with_planning(&config, planning, |program| opened.session(program))?;
        let train_sha256 = Some(Checksum::of(&[&train.pixels]).to_string());
        vae.write_test_images(test.pixels)?;
        vae.write_train_images(train.pixels)?;
        let record = Record {
            model: config.sizes,
            rows: train.rows,
            columns: train.columns,
            training: TrainingRecord::of(settings),
            epoch: 0,
            step: 0,
            train_images: train.count,
            data: name,
            train_sha256,
            best: None,
            middle: None,
        };
        let order = vec![0; train.count];
        Ok(Self {
            vae,
            settings: settings.clone(),
            device,
            fallback,
            epoch: 0,
            in_the_middle: false,
            best: None,
            order,
            record,
        })
    }

    /// Goes on from where a checkpoint was written. `path` is where it comes from, for messages.
    ///
    /// Refuses one that was trained on other images, or whose model is another.
    pub fn restore(&mut self, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
        let record = Record::from_metadata(&checkpoint.metadata, path)?;
        record.check_pixels(self.record.train_sha256.as_deref(), path)?;
        self.vae.restore(checkpoint, path).map_err(Error::Restore)?;
        self.epoch = record.epoch;
        self.best = record.best;
        self.in_the_middle = false;
        if let Some(middle) = record.middle {
            self.shuffle();
            self.vae.continue_epoch(&self.order, &middle.into()).map_err(Error::Restore)?;
            self.in_the_middle = true;
        }
        Ok(())
    }

    /// Trains for one epoch, or for the rest of one, and measures the model on the test images.
    ///
    /// The order of the images is a function of the seed and the epoch alone.
    pub fn epoch(&mut self, report: &mut dyn Report) -> Result<Epoch> {
        loop {
            if let Some(epoch) = self.advance(report)? {
                return Ok(epoch);
            }
        }
    }

    /// Trains to the end of an epoch as [`Training::epoch`] does, unless [`Report::stop`] asks for an
    /// end after some step. Then there is no epoch to tell of; [`Training::checkpoint`] has its
    /// middle, and what trains next goes on from there.
    pub fn advance(&mut self, report: &mut dyn Report) -> Result<Option<Epoch>> {
        let began = Instant::now();
        let number = self.epoch + 1;
        self.enter()?;
        let learning_rate = self.settings.learning_rate_of(number);
        if !self.take_steps(number, report)? {
            return Ok(None);
        }
        let losses = self.vae.epoch_losses()?;
        self.check_loss(number, losses.mean.total(), Symptom::TrainLoss)?;
        let keeps = self.settings.keeps_picture(number);
        let reconstruction = keeps.then(|| self.vae.last_reconstruction()).transpose()?;
        let test = self.vae.evaluate()?;
        self.check_loss(number, test.total(), Symptom::TestLoss)?;
        self.in_the_middle = false;
        self.epoch = number;
        let is_best = self.best.is_none_or(|best| test.total() < best.test_loss);
        if is_best {
            self.best = Some(Best { epoch: number, test_loss: test.total() });
        }
        Ok(Some(Epoch {
            number,
            step: self.vae.step()?,
            train: losses.mean,
            last_batch: losses.last_batch,
            test,
            seconds: began.elapsed().as_secs_f64(),
            learning_rate,
            is_best,
            reconstruction,
        }))
    }

    /// Begins the next epoch, unless the training stands in its middle.
    fn enter(&mut self) -> Result<()> {
        if !self.in_the_middle {
            self.shuffle();
            self.vae.begin_epoch(&self.order)?;
            self.in_the_middle = true;
        }
        // Checked to be a positive, finite `f32`.
        let learning_rate = self.settings.learning_rate_of(self.epoch + 1) as f32;
        Ok(self.vae.write_learning_rate(learning_rate)?)
    }

    /// The order of the next epoch's images.
    fn shuffle(&mut self) {
        shuffle_into(&mut self.order, self.settings.seed, self.epoch + 1);
    }

    /// The rest of the epoch's steps, as many at once as take some milliseconds. Returns whether all
    /// were taken.
    fn take_steps(&mut self, epoch: u32, report: &mut dyn Report) -> Result<bool> {
        let of = self.vae.steps_per_epoch();
        let pace = report.pace(of).map(|pace| pace.max(1));
        let mut at_once = 1;
        loop {
            let done = self.vae.steps_done();
            if done == of {
                return Ok(true);
            }
            if report.stop() {
                return Ok(false);
            }
            let until_told = pace.map_or(of, |pace| pace - done % pace);
            let began = Instant::now();
            let done = done + self.vae.train(at_once.min(until_told))?;
            let is_short = began.elapsed() < WITHOUT_A_LOOK;
            at_once = if is_short { at_once.saturating_mul(2) } else { (at_once / 2).max(1) };
            if pace.is_some_and(|pace| done.is_multiple_of(pace) || done == of) {
                let mean = self.vae.epoch_losses()?.mean;
                report.step(Step { epoch, done, of, mean });
            }
        }
    }

    fn check_loss(&self, epoch: u32, loss: f64, symptom: fn(f64) -> Symptom) -> Result<()> {
        if loss.is_finite() { Ok(()) } else { Err(self.diverged(epoch, symptom(loss))) }
    }

    fn diverged(&self, epoch: u32, symptom: Symptom) -> Error {
        let rate = self.settings.learning_rate_of(epoch);
        let stage = self.settings.lr_at.iter().rev().find(|stage| stage.epoch <= epoch);
        let flag =
            stage.map_or_else(|| "--lr ".into(), |stage| format!("--lr-at {}:", stage.epoch));
        Error::Diverged(Box::new(Divergence::new(epoch, symptom, (rate, flag))))
    }

    /// All that is needed to go on from here, the same bytes for the same training.
    ///
    /// Refuses a state from which nothing goes on: one that is not finite.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let record = self.record()?;
        let epoch = self.epoch + u32::from(self.in_the_middle);
        if let Some(middle) = &record.middle {
            let loss = middle.reconstruction.iter().chain(&middle.kl).map(|x| f64::from(*x)).sum();
            self.check_loss(epoch, loss, Symptom::TrainLoss)?;
        }
        let checkpoint = self.vae.checkpoint(record.to_metadata()?)?;
        let mut tensors = checkpoint.tensors.values();
        if tensors.all(|tensor| tensor.values.iter().all(|value| value.is_finite())) {
            return Ok(checkpoint);
        }
        Err(self.diverged(epoch, Symptom::State))
    }

    /// What a checkpoint says of the training besides its tensors.
    pub fn record(&self) -> Result<Record> {
        let middle = (self.steps_in_the_middle() > 0).then(|| self.vae.epoch_progress());
        Ok(Record {
            epoch: self.epoch,
            step: self.vae.step()?,
            best: self.best,
            middle: middle.transpose()?.map(Into::into),
            ..self.record.clone()
        })
    }

    /// μ of images, [count, latent]. `pixels`: [count, rows, columns], 0 to 255.
    pub fn means(&mut self, pixels: &[u8]) -> Result<Vec<f32>> {
        Ok(self.vae.encode(pixels)?.means)
    }

    /// The images of latents, [count, rows, columns] in [-1, 1]. `latents`: [count, latent].
    pub fn decode(&mut self, latents: &[f32]) -> Result<Vec<f32>> {
        Ok(self.vae.decode(latents)?)
    }

    /// Images drawn from the prior with the training's seed: [count, rows, columns] in [-1, 1].
    pub fn samples(&mut self, count: usize) -> Result<Vec<f32>> {
        Ok(self.vae.sample(count, self.settings.seed)?)
    }

    /// Steps taken of an epoch that is not over; 0 between two epochs.
    #[must_use]
    pub const fn steps_in_the_middle(&self) -> usize {
        if self.in_the_middle { self.vae.steps_done() } else { 0 }
    }

    /// The epoch with the lowest loss on the test images, those before a checkpoint included.
    #[must_use]
    pub const fn best(&self) -> Option<Best> {
        self.best
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
