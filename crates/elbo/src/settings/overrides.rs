//! What was said of the settings, and what holds for the rest.

use std::path::Path;

use super::{Settings, Stage};
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
    /// See [`Settings::lr_at`]. Who says a learning rate and no stages wants it for all epochs.
    pub lr_at: Option<Vec<Stage>>,
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
    /// See [`Settings::checkpoint_every`]. A new training keeps them as often as pictures, where only
    /// those are said.
    pub checkpoint_every: Option<u32>,
    /// See [`Settings::patience`].
    pub patience: Option<u32>,
}

impl Overrides {
    /// What is said here, else what `other` says.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            epochs: self.epochs.or(other.epochs),
            batch_size: self.batch_size.or(other.batch_size),
            learning_rate: self.learning_rate.or(other.learning_rate),
            lr_at: self.stages().or_else(|| other.stages()),
            latent: self.latent.or(other.latent),
            hidden: self.hidden.or(other.hidden),
            seed: self.seed.or(other.seed),
            log_every: self.log_every.or(other.log_every),
            image_every: self.image_every.or(other.image_every),
            checkpoint_every: self.checkpoint_every.or(other.checkpoint_every),
            patience: self.patience.or(other.patience),
        }
    }

    /// The stages that are said, if only by a learning rate without any.
    fn stages(&self) -> Option<Vec<Stage>> {
        self.lr_at.clone().or_else(|| self.learning_rate.map(|_| Vec::new()))
    }

    /// Whether the setting of this flag is said.
    #[must_use]
    pub fn says(&self, flag: &str) -> bool {
        match flag {
            "--epochs" => self.epochs.is_some(),
            "--batch-size" => self.batch_size.is_some(),
            "--lr" => self.learning_rate.is_some(),
            "--lr-at" => self.lr_at.is_some(),
            "--latent" => self.latent.is_some(),
            "--hidden" => self.hidden.is_some(),
            "--seed" => self.seed.is_some(),
            "--log-every" => self.log_every.is_some(),
            "--image-every" => self.image_every.is_some(),
            "--checkpoint-every" => self.checkpoint_every.is_some(),
            "--patience" => self.patience.is_some(),
            _ => false,
        }
    }

    /// The settings of a new training.
    #[must_use]
    pub fn fresh(&self) -> Settings {
        let settings = Settings::default();
        let checkpoint_every = self.image_every.unwrap_or(settings.checkpoint_every);
        self.over(Settings { checkpoint_every, ..settings })
    }

    /// The settings of a training that goes on from a checkpoint, read from `path`.
    ///
    /// A model's sizes cannot change, nor what an epoch is made of in its middle. Neither can a
    /// training go on that is over: by its last epoch, or because it has not got better for long.
    /// Unless it is `unended`, cut short after its last epoch: then its end is left to do.
    pub fn resumed(&self, record: &Record, path: &Path, unended: bool) -> Result<Settings> {
        same_size(path, "--hidden", self.hidden, record.model.hidden)?;
        same_size(path, "--latent", self.latent, record.model.latent)?;
        let settings = self.over(Settings::of(record));
        if settings.epochs < record.epoch || (settings.epochs == record.epoch && !unended) {
            let fact = format!(
                "is at epoch {} already, {} asked for in all; give a larger total, such as \
                 --epochs {}",
                record.epoch,
                settings.epochs,
                record.epoch.saturating_mul(2)
            );
            return Err(Error::Resume { path: path.into(), fact });
        }
        record.check_middle(&settings, path)?;
        let old = record.best.filter(|best| best.is_old(record.epoch, &settings));
        if let Some(best) = old.filter(|_| !unended) {
            let fact = format!(
                "its test loss was best in epoch {} of {}, and --patience is {}; give a larger \
                 --patience, or 0 for none",
                best.epoch, record.epoch, settings.patience
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
            lr_at: self.stages().unwrap_or(settings.lr_at),
            latent: self.latent.unwrap_or(settings.latent),
            hidden: self.hidden.unwrap_or(settings.hidden),
            seed: self.seed.unwrap_or(settings.seed),
            log_every: self.log_every.unwrap_or(settings.log_every),
            image_every: self.image_every.unwrap_or(settings.image_every),
            checkpoint_every: self.checkpoint_every.unwrap_or(settings.checkpoint_every),
            patience: self.patience.unwrap_or(settings.patience),
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
