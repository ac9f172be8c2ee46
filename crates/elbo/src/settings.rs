//! What a training can be told, what holds where nothing is said, and which values are refused.

mod overrides;
mod stage;

use elbo_vae::{Config, Sizes};
use serde::Serialize;

use crate::{Error, Record, Result};

pub use overrides::Overrides;
pub use stage::Stage;

/// The most parameters a model may have, 1 GiB of them; Adam needs as much again twice.
const MOST_PARAMETERS: usize = 1 << 28;

/// The most values one layer's activations may have, 1 GiB of them.
const MOST_ACTIVATIONS: usize = 1 << 28;

/// Everything that makes a training. Serialized under the names of the flags.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// How many epochs in all.
    pub epochs: u32,
    /// Images a step.
    pub batch_size: usize,
    /// Adam's learning rate, until the first stage if there is one.
    #[serde(rename = "lr")]
    pub learning_rate: f64,
    /// Learning rates from later epochs on, in the epochs' order.
    pub lr_at: Vec<Stage>,
    /// Latent dimensions.
    pub latent: usize,
    /// Units of each hidden layer.
    pub hidden: usize,
    /// What all random numbers start from. At most 2⁶³ − 1, which is what TOML can say.
    pub seed: u64,
    /// Every how many epochs the last batch's loss gets a line of its own; 0 for never.
    pub log_every: u32,
    /// Every how many epochs a picture is kept; 0 for never.
    pub image_every: u32,
    /// Every how many epochs a checkpoint of its own is kept; 0 for never.
    pub checkpoint_every: u32,
    /// After how many epochs without a better test loss the training ends; 0 for never.
    pub patience: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 100,
            batch_size: 128,
            learning_rate: 1e-3,
            lr_at: Vec::new(),
            latent: 20,
            hidden: 400,
            seed: 42,
            log_every: 20,
            image_every: 20,
            checkpoint_every: 20,
            patience: 0,
        }
    }
}

impl Settings {
    /// The settings that a checkpoint was trained with.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let (Sizes { hidden, latent, .. }, training) = (record.model, &record.training);
        Self {
            epochs: training.epochs,
            batch_size: training.batch_size,
            learning_rate: training.learning_rate,
            lr_at: training.lr_at.clone(),
            latent,
            hidden,
            seed: training.seed,
            log_every: training.log_every,
            image_every: training.image_every,
            checkpoint_every: training.checkpoint_every(),
            patience: training.patience,
        }
    }

    /// The sizes of a model for images of `input` pixels.
    #[must_use]
    pub const fn sizes(&self, input: usize) -> Sizes {
        Sizes { input, hidden: self.hidden, latent: self.latent }
    }

    /// What the model is made from.
    #[must_use]
    pub const fn config(&self, input: usize, train_images: usize, test_images: usize) -> Config {
        Config {
            sizes: self.sizes(input),
            batch_size: self.batch_size,
            seed: self.seed,
            // Checked to be a positive, finite `f32`.
            learning_rate: self.learning_rate as f32,
            train_images,
            test_images,
        }
    }

    /// Whether the last batch's loss of this epoch gets a line of its own.
    #[must_use]
    pub const fn logs(&self, epoch: u32) -> bool {
        self.log_every > 0 && epoch.is_multiple_of(self.log_every)
    }

    /// Whether a picture of this epoch is kept.
    #[must_use]
    pub const fn keeps_picture(&self, epoch: u32) -> bool {
        self.image_every > 0 && epoch.is_multiple_of(self.image_every)
    }

    /// Whether a checkpoint of this epoch is kept.
    #[must_use]
    pub const fn keeps_checkpoint(&self, epoch: u32) -> bool {
        self.checkpoint_every > 0 && epoch.is_multiple_of(self.checkpoint_every)
    }

    /// The learning rate that an epoch is trained with.
    #[must_use]
    pub fn learning_rate_of(&self, epoch: u32) -> f64 {
        let stage = self.lr_at.iter().rev().find(|stage| stage.epoch <= epoch);
        stage.map_or(self.learning_rate, |stage| stage.learning_rate)
    }

    /// Refuses what no training can work with, whatever the data.
    pub fn check(&self) -> Result<()> {
        at_least_one("--epochs", self.epochs as usize)?;
        at_least_one("--batch-size", self.batch_size)?;
        at_least_one("--latent", self.latent)?;
        at_least_one("--hidden", self.hidden)?;
        if !stage::is_rate(self.learning_rate) {
            let fact = format!(
                "{} is no learning rate; give a positive number, such as 1e-3",
                self.learning_rate
            );
            return Err(Error::Setting { flag: "--lr", fact });
        }
        if let Some(fact) = stage::fault(&self.lr_at) {
            return Err(Error::Setting { flag: "--lr-at", fact });
        }
        if i64::try_from(self.seed).is_err() {
            let fact = format!("{} is too large; give at most {}", self.seed, i64::MAX);
            return Err(Error::Setting { flag: "--seed", fact });
        }
        Ok(())
    }

    /// Refuses what does not go together with images of `input` pixels, or would not fit in memory.
    pub fn check_with(&self, input: usize, train_images: usize) -> Result<()> {
        self.check()?;
        if self.batch_size > train_images {
            let fact = format!(
                "{} is more than the {train_images} training images; give at most that",
                self.batch_size
            );
            return Err(Error::Setting { flag: "--batch-size", fact });
        }
        let steps = train_images.div_ceil(self.batch_size) as u64;
        if u64::from(self.epochs) * steps > u64::from(u32::MAX) {
            let most = u64::from(u32::MAX) / steps;
            let fact = format!("{} is more than can be counted; give at most {most}", self.epochs);
            return Err(Error::Setting { flag: "--epochs", fact });
        }
        self.check_memory(input)
    }

    /// Refuses a model or a batch that no memory would hold.
    pub(crate) fn check_memory(&self, input: usize) -> Result<()> {
        let Self { hidden, latent, batch_size, .. } = *self;
        let weights = |a: usize, b: usize| a.checked_mul(b);
        let parameters = (|| {
            let ends = weights(input, hidden)?.checked_mul(2)?;
            ends.checked_add(weights(hidden, latent)?.checked_mul(3)?)
        })();
        if parameters.is_none_or(|count| count > MOST_PARAMETERS) {
            let flag = if latent > hidden { "--latent" } else { "--hidden" };
            let fact = format!(
                "a model of {input}-{hidden}-{latent} has more than {MOST_PARAMETERS} weights, \
                 which is the most; give smaller sizes"
            );
            return Err(Error::Setting { flag, fact });
        }
        let widest = input.max(hidden).max(latent);
        if batch_size.checked_mul(widest).is_none_or(|count| count > MOST_ACTIVATIONS) {
            let fact = format!(
                "{batch_size} is too much for layers of {widest} values; give at most {}",
                MOST_ACTIVATIONS / widest
            );
            return Err(Error::Setting { flag: "--batch-size", fact });
        }
        Ok(())
    }
}

fn at_least_one(flag: &'static str, value: usize) -> Result<()> {
    if value >= 1 {
        return Ok(());
    }
    Err(Error::Setting { flag, fact: "0 is too small; give at least 1".into() })
}

#[cfg(test)]
mod tests;
