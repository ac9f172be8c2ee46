//! `config.toml`: the settings of a run, written beside its results and read by `--config`.

use std::path::{Path, PathBuf};

use elbo_data::Dataset;
use serde::{Deserialize, Serialize};

use crate::{DeviceKind, Error, Overrides, Result, Settings, Stage, atomic, data, text_file};

/// The first line of every file that is written, by which it is known again.
pub(crate) const HEADING: &str = "# What this run was trained with";

const INTRODUCTION: &str = "; the names are the flags of `elbo train`.\n\
    # `elbo train --config` with this file trains the same again, from the beginning.\n";

/// The longest file that is read. One with every setting in it has less than a thousandth of this.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

/// What a file says, under the flags' names. Everything may be left out; nothing else may be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// See [`Settings::epochs`].
    pub epochs: Option<u32>,
    /// See [`Settings::batch_size`].
    pub batch_size: Option<usize>,
    /// See [`Settings::learning_rate`].
    pub lr: Option<f64>,
    /// See [`Settings::lr_at`]: a list such as `["50:3e-4", "80:1e-4"]`.
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
    /// See [`Settings::checkpoint_every`].
    pub checkpoint_every: Option<u32>,
    /// See [`Settings::patience`].
    pub patience: Option<u32>,
    /// What computes.
    pub device: Option<DeviceKind>,
    /// Threads of the CPU, 0 for one on each core.
    pub threads: Option<usize>,
    /// Whether a GPU may round to 11 bits what it multiplies.
    pub tf32: Option<bool>,
    /// The data folder, seen from where the command runs, as with the flag.
    pub data_dir: Option<PathBuf>,
    /// The checkpoint that the run went on from. Told, not followed: with the same settings all the
    /// way, a training straight through gives the same bytes.
    pub resume: Option<PathBuf>,
    /// What the run was trained on. Told; of it only drawn digits are chosen again by their name.
    pub data: Option<DataConfig>,
}

/// The data set of a run, for those who read its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DataConfig {
    /// What it is called.
    pub name: String,
    /// How many images an epoch visits.
    pub train_images: Option<usize>,
    /// How many images the model is measured on.
    pub test_images: Option<usize>,
    /// Rows an image.
    pub rows: Option<usize>,
    /// Columns an image.
    pub columns: Option<usize>,
}

impl Config {
    /// Settings in effect, and the data they apply to.
    #[must_use]
    pub fn of(settings: &Settings, dataset: &Dataset) -> Self {
        let images = &dataset.train.images;
        Self {
            epochs: Some(settings.epochs),
            batch_size: Some(settings.batch_size),
            lr: Some(settings.learning_rate),
            lr_at: Some(settings.lr_at.clone()),
            latent: Some(settings.latent),
            hidden: Some(settings.hidden),
            seed: Some(settings.seed),
            log_every: Some(settings.log_every),
            image_every: Some(settings.image_every),
            checkpoint_every: Some(settings.checkpoint_every),
            patience: Some(settings.patience),
            data: Some(DataConfig {
                name: dataset.name.clone(),
                train_images: Some(images.count),
                test_images: Some(dataset.test.images.count),
                rows: Some(images.rows),
                columns: Some(images.columns),
            }),
            ..Self::default()
        }
    }

    /// Reads a file. What is wrong with it is said with its line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_file::read(path, MOST_BYTES).map_err(|error| {
            let fact = format!("cannot be read ({error}); name a file such as a run's config.toml");
            Error::Config { place: path.display().to_string(), fact }
        })?;
        Self::decode(&text, path)
    }

    /// Reads the text of a file. `path` is what messages call it.
    pub fn decode(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = error.message().trim_end().replace('\n', ", ");
            let fact = format!("{message}; `--help` says what there is and what it takes");
            Error::Config { place: format!("{}:{line}", path.display()), fact }
        })
    }

    /// The text of a file that says all of this.
    pub fn encode(&self) -> Result<String> {
        let table = toml::to_string(self)
            .map_err(|error| Error::Unwritten { what: "the settings", fact: error.to_string() })?;
        Ok(format!("{HEADING}{INTRODUCTION}{table}"))
    }

    /// Writes a file.
    pub fn write(&self, path: &Path) -> Result<()> {
        atomic::replace(path, self.encode()?.as_bytes())
    }

    /// Refuses a name that no file of settings could tell again: TOML is UTF-8.
    pub(crate) fn check_name(path: Option<&Path>) -> Result<()> {
        match path.filter(|path| path.to_str().is_none()) {
            None => Ok(()),
            Some(path) => {
                let fact = "its name is no UTF-8, so config.toml could not tell it; rename it";
                Err(Error::File { path: path.into(), fact: fact.into() })
            }
        }
    }

    /// The settings that are said.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        Overrides {
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.lr,
            lr_at: self.lr_at.clone(),
            latent: self.latent,
            hidden: self.hidden,
            seed: self.seed,
            log_every: self.log_every,
            image_every: self.image_every,
            checkpoint_every: self.checkpoint_every,
            patience: self.patience,
        }
    }

    /// Whether the digits that this program draws are meant.
    #[must_use]
    pub fn draws(&self) -> bool {
        self.data_dir.is_none() && self.data.as_ref().is_some_and(|data| data.name == data::DRAWN)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let settings = Settings {
            learning_rate: 1.0,
            lr_at: vec!["5:1e-4".parse().unwrap(), "9:3e-7".parse().unwrap()],
            latent: 2,
            image_every: 3,
            checkpoint_every: 0,
            patience: 4,
            ..Settings::default()
        };
        let config = Config {
            device: Some(DeviceKind::Cpu),
            threads: Some(2),
            data_dir: Some("my \"data\"".into()),
            resume: Some("runs/0001".into()),
            ..Config::of(&settings, &elbo_data::synthetic_sized(0, 30, 10))
        };
        config.write(&path).unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with(HEADING));
        let back = Config::read(&path).unwrap();
        assert_eq!(back, config);
        assert_eq!(back.overrides().fresh(), settings);
    }

    #[test]
    fn every_setting_has_the_name_of_its_flag() {
        let data = elbo_data::synthetic_sized(0, 3, 1);
        let config = toml::Table::try_from(Config::of(&Settings::default(), &data)).unwrap();
        let mut settings = toml::Table::try_from(Settings::default()).unwrap();
        settings.insert("data".into(), config["data"].clone());
        assert_eq!(config, settings);
    }

    #[test]
    fn what_is_wrong_is_said_with_file_and_line() {
        for (text, line, word) in [
            ("epochs = 3\nepoch = 3\n", 2, "unknown field `epoch`"),
            ("# mine\n\nepochs = \"three\"\n", 3, "invalid type: string \"three\""),
            ("epochs = -1\n", 1, "invalid value"),
            ("epochs = 3\nlr-at = [\"5:1e-4\", \"5\"]\n", 2, "`5` is no EPOCH:RATE"),
            ("device = \"gpu\"\n", 1, "unknown variant `gpu`"),
            ("epochs = 3\nlr = \n", 2, ""),
            ("[data]\nname = \"MNIST\"\ncolour = true\n", 3, "unknown field `colour`"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(&format!("my.toml:{line}: {word}")), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }

    #[test]
    fn drawn_digits_are_drawn_again_unless_a_folder_is_named() {
        let drawn = "[data]\nname = \"synthetic digits\"\n";
        assert!(read(drawn).unwrap().draws());
        assert!(!read(&format!("data-dir = \"mine\"\n{drawn}")).unwrap().draws());
        assert!(!read("[data]\nname = \"MNIST\"\n").unwrap().draws());
    }
}
