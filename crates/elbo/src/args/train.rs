//! What `elbo train` can be told.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, builder::FalseyValueParser};
use elbo::{
    DeviceKind, Overrides, Request, Stage,
    data::{Network, Wanted},
};

use super::{PlanningArguments, level::LevelArguments, proxy, usual_data};

pub(crate) const EXAMPLES: &str = "\
Examples:
  elbo train                                   100 epochs on MNIST, fetched if it is not there
  elbo train --epochs 5 --latent 2             a small model, a short training
  elbo train --resume runs/0001 --epochs 200   go on after epoch 100
  elbo train --config runs/0001/config.toml    the same training again
  elbo train --lr 1e-3 --lr-at 50:3e-4         a smaller learning rate from epoch 50 on
  elbo train --epochs 1000 --patience 10       until the test loss gets no better

Ctrl-C ends a training after its step and saves it; a second one ends it at once.";

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// Folder with the four IDX files, or own images: a folder of PNGs, a .npy, a .csv
    /// [default: ELBO_MNIST_DIR, else data/mnist, fetched if need be]
    #[arg(long, value_name = "PATH")]
    data_dir: Option<PathBuf>,
    /// Never use the network; without data, train on drawn digits
    #[arg(long, env = "ELBO_OFFLINE", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    offline: bool,

    /// Epochs in all, those before --resume counted [default: 100]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<u32>,
    /// Images a step [default: 128]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    batch_size: Option<usize>,
    /// Adam's learning rate [default: 1e-3]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Another learning rate from an epoch on, as 50:3e-4; may be given several times
    #[arg(long, value_name = "EPOCH:RATE", value_delimiter = ',')]
    lr_at: Option<Vec<Stage>>,
    /// Latent dimensions [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    latent: Option<usize>,
    /// Units of each hidden layer [default: 400]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    hidden: Option<usize>,
    /// What all random numbers start from; the same seed gives the same bits [default: 42]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,

    /// What computes; auto is the first NVIDIA GPU, else the CPU [default: auto]
    #[arg(long, value_enum)]
    device: Option<DeviceName>,
    /// Threads of the CPU, 0 for all cores; results do not depend on it [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,
    #[command(flatten)]
    level: LevelArguments,
    #[command(flatten)]
    planning: PlanningArguments,
    /// Let a GPU round to 11 bits what it multiplies: faster, the first digits of the losses stay
    #[arg(long)]
    tf32: bool,

    /// Settings in a TOML file, such as a run's config.toml; flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run folder [default: the next number in runs]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Give up the run that --out holds, its files taken away, for this one
    #[arg(long, requires = "out", conflicts_with = "resume")]
    force: bool,
    /// Go on from a checkpoint, or from the last one of a run folder, with its settings
    #[arg(long, value_name = "FILE_OR_RUN_FOLDER")]
    resume: Option<PathBuf>,
    /// Every how many epochs to print the last batch's loss, 0 for never [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    log_every: Option<u32>,
    /// Every how many epochs to keep a picture, 0 for never [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    image_every: Option<u32>,
    /// Every how many epochs to keep a checkpoint, 0 for never [default: as --image-every]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    checkpoint_every: Option<u32>,
    /// End after so many epochs without a better test loss, 0 for never [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    patience: Option<u32>,
    /// Print JSON instead, an object a line: start, every epoch, end
    #[arg(long)]
    pub(crate) log_json: bool,
}

impl TrainArguments {
    pub(crate) fn into_request(self) -> Request {
        Request {
            overrides: Overrides {
                epochs: self.epochs,
                batch_size: self.batch_size,
                learning_rate: self.lr,
                lr_at: self.lr_at,
                latent: self.latent,
                hidden: self.hidden,
                seed: self.seed,
                log_every: self.log_every,
                image_every: self.image_every,
                checkpoint_every: self.checkpoint_every,
                patience: self.patience,
            },
            data: Wanted {
                named: self.data_dir,
                drawn: None,
                usual: usual_data(),
                network: Network { offline: self.offline, proxy: proxy() },
            },
            config: self.config,
            device: self.device.map(DeviceName::kind),
            threads: self.threads,
            level: self.level.level(),
            planning: self.planning.planning(),
            tf32: self.tf32.then_some(true),
            out: self.out,
            force: self.force,
            resume: self.resume,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DeviceName {
    Auto,
    Cpu,
    Cuda,
}

impl DeviceName {
    pub(super) const fn kind(self) -> DeviceKind {
        match self {
            Self::Auto => DeviceKind::Auto,
            Self::Cpu => DeviceKind::Cpu,
            Self::Cuda => DeviceKind::Cuda,
        }
    }
}
