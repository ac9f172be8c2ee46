//! Which model a command is about, and which images: what all commands on a trained model share.

use std::path::PathBuf;

use clap::{ArgAction, Args, builder::FalseyValueParser};
use elbo::{
    Device, Source,
    data::{Network, Wanted},
};

use super::{level::LevelArguments, proxy, train::DeviceName, usual_data};

pub(crate) const EVALUATE: &str = "\
Examples:
  elbo evaluate --checkpoint runs/0001             the test set in a table
  elbo evaluate --checkpoint runs/0001 --json      the same for a program to read
  elbo evaluate --checkpoint model.safetensors --images mine.npy

Losses are sums over an image, as means over images: squared error with pixels in [-1, 1], and nats.";

pub(crate) const INFO: &str = "\
Examples:
  elbo info runs/0001
  elbo info runs/0001/checkpoints/epoch-0020.safetensors --json";

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Checkpoint, or a run folder: its best one, else its last
    #[arg(long, value_name = "FILE_OR_RUN_FOLDER")]
    pub(crate) checkpoint: PathBuf,
    /// What computes: cuda, cpu, or auto for a GPU where there is one [default: auto]
    #[arg(long, value_enum)]
    device: Option<DeviceName>,
    /// Threads of the CPU, 0 for all cores; results do not depend on it
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    threads: usize,
    #[command(flatten)]
    level: LevelArguments,
}

impl ModelArguments {
    pub(crate) fn device(&self) -> Device {
        Device {
            kind: self.device.map(DeviceName::kind).unwrap_or_default(),
            threads: self.threads,
            tf32: false,
            level: self.level.level(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// Images of your own: a folder of PNGs, a .npy, a .csv, an IDX file
    #[arg(long, value_name = "PATH", conflicts_with_all = ["data_dir", "train"])]
    images: Option<PathBuf>,
    /// Data set, as for `elbo train` [default: the run's own, else ELBO_MNIST_DIR, else data/mnist]
    #[arg(long, value_name = "PATH")]
    data_dir: Option<PathBuf>,
    /// The data set's training images rather than its test images
    #[arg(long)]
    train: bool,
    /// Never use the network
    #[arg(long, env = "ELBO_OFFLINE", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    offline: bool,
}

impl ImageArguments {
    pub(crate) fn source(&self) -> Source {
        Source {
            images: self.images.clone(),
            data: Wanted {
                named: self.data_dir.clone(),
                drawn: None,
                usual: usual_data(),
                network: Network { offline: self.offline, proxy: proxy() },
            },
            train: self.train,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// What the noise of z starts from [default: the training's seed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// Checkpoint, or a run folder: its best one, else its last
    #[arg(value_name = "FILE_OR_RUN_FOLDER")]
    pub(crate) checkpoint: PathBuf,
    /// JSON instead of lines
    #[arg(long)]
    pub(crate) json: bool,
}
