//! What a training can be told, what holds where nothing is said, and which values are refused.

use std::path::Path;

use elbo_vae::{Config, Sizes};
use serde::Serialize;

use crate::{Error, Record, Result};

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
    /// Adam's learning rate.
    #[serde(rename = "lr")]
    pub learning_rate: f64,
    /// Latent dimensions.
    pub latent: usize,
    /// Units of each hidden layer.
    pub hidden: usize,
    /// What all random numbers start from. At most 2⁶³ − 1, which is what TOML can say.
    pub seed: u64,
    /// Every how many epochs the last batch's loss gets a line of its own; 0 for never.
    pub log_every: u32,
    /// Every how many epochs a picture and a checkpoint of their own are kept; 0 for never.
    pub image_every: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 100,
            batch_size: 128,
            learning_rate: 1e-3,
            latent: 20,
            hidden: 400,
            seed: 42,
            log_every: 20,
            image_every: 20,
        }
    }
}

impl Settings {
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

    /// Whether a picture and a checkpoint of this epoch are kept.
    #[must_use]
    pub const fn keeps(&self, epoch: u32) -> bool {
        self.image_every > 0 && epoch.is_multiple_of(self.image_every)
    }

    /// Refuses what no training can work with, whatever the data.
    pub fn check(&self) -> Result<()> {
        at_least_one("--epochs", self.epochs as usize)?;
        at_least_one("--batch-size", self.batch_size)?;
        at_least_one("--latent", self.latent)?;
        at_least_one("--hidden", self.hidden)?;
        let rate = self.learning_rate as f32;
        if !(rate.is_finite() && rate > 0.0) {
            let fact = format!(
                "{} is no learning rate; give a positive number, such as 1e-3",
                self.learning_rate
            );
            return Err(Error::Setting { flag: "--lr", fact });
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

    fn check_memory(&self, input: usize) -> Result<()> {
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

/// What the user said; the rest is a new training's default or a resumed one's record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// See [`Settings::epochs`].
    pub epochs: Option<u32>,
    /// See [`Settings::batch_size`].
    pub batch_size: Option<usize>,
    /// See [`Settings::learning_rate`].
    pub learning_rate: Option<f64>,
    /// See [`Settings::latent`].
    pub latent: Option<usize>,
    /// See [`Settings::hidden`].
    pub hidden: Option<usize>,
    /// See [`Settings::seed`].
    pub seed: Option<u64>,
    /// See [`Settings::log_every`].
    pub log_every: Option<u32>,
    /// See [`Settings::image_every`].
    pub image_every: Option<u32>,
}

impl Overrides {
    /// The settings of a new training.
    #[must_use]
    pub fn fresh(&self) -> Settings {
        self.over(Settings::default())
    }

    /// The settings of a training that goes on from a checkpoint, read from `path`.
    ///
    /// A model's sizes cannot change. Neither can a training go on that has reached its last epoch.
    pub fn resumed(&self, record: &Record, path: &Path) -> Result<Settings> {
        let (sizes, training) = (record.model, &record.training);
        same_size(path, "--hidden", self.hidden, sizes.hidden)?;
        same_size(path, "--latent", self.latent, sizes.latent)?;
        let settings = self.over(Settings {
            epochs: training.epochs,
            batch_size: training.batch_size,
            learning_rate: training.learning_rate,
            latent: sizes.latent,
            hidden: sizes.hidden,
            seed: training.seed,
            ..Settings::default()
        });
        if settings.epochs <= record.epoch {
            let fact = format!(
                "is at epoch {} already, {} asked for in all; give a larger total, such as \
                 --epochs {}",
                record.epoch,
                settings.epochs,
                record.epoch.saturating_mul(2)
            );
            return Err(Error::Resume { path: path.into(), fact });
        }
        Ok(settings)
    }

    fn over(&self, settings: Settings) -> Settings {
        Settings {
            epochs: self.epochs.unwrap_or(settings.epochs),
            batch_size: self.batch_size.unwrap_or(settings.batch_size),
            learning_rate: self.learning_rate.unwrap_or(settings.learning_rate),
            latent: self.latent.unwrap_or(settings.latent),
            hidden: self.hidden.unwrap_or(settings.hidden),
            seed: self.seed.unwrap_or(settings.seed),
            log_every: self.log_every.unwrap_or(settings.log_every),
            image_every: self.image_every.unwrap_or(settings.image_every),
        }
    }
}

fn same_size(path: &Path, flag: &str, asked: Option<usize>, there: usize) -> Result<()> {
    match asked {
        Some(asked) if asked != there => {
            let fact = format!(
                "its model has {flag} {there}, not {asked}; leave {flag} out, or train a new model"
            );
            Err(Error::Resume { path: path.into(), fact })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
