//! What was said of the settings, and what holds for the rest.

use std::path::Path;

use super::Settings;
use crate::{Error, Record, Result};

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
    /// What is said here, else what `other` says.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            epochs: self.epochs.or(other.epochs),
            batch_size: self.batch_size.or(other.batch_size),
            learning_rate: self.learning_rate.or(other.learning_rate),
            latent: self.latent.or(other.latent),
            hidden: self.hidden.or(other.hidden),
            seed: self.seed.or(other.seed),
            log_every: self.log_every.or(other.log_every),
            image_every: self.image_every.or(other.image_every),
        }
    }

    /// Whether the setting of this flag is said.
    #[must_use]
    pub fn says(&self, flag: &str) -> bool {
        match flag {
            "--epochs" => self.epochs.is_some(),
            "--batch-size" => self.batch_size.is_some(),
            "--lr" => self.learning_rate.is_some(),
            "--latent" => self.latent.is_some(),
            "--hidden" => self.hidden.is_some(),
            "--seed" => self.seed.is_some(),
            "--log-every" => self.log_every.is_some(),
            "--image-every" => self.image_every.is_some(),
            _ => false,
        }
    }

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
            log_every: training.log_every,
            image_every: training.image_every,
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
