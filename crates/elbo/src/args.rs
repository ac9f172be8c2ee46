//! The arguments, what they are called, and which environment variables stand in for them.

use std::{env, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use elbo::{
    Device, DeviceKind, Overrides, Request, Settings,
    data::{Network, Wanted},
};

/// More threads than any machine has cores; each takes memory.
const MOST_THREADS: u64 = 1024;

/// Train variational autoencoders on MNIST and image sets like it
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model and leave figures, pictures and checkpoints in a run folder
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Fetch MNIST, or check the data set that is there
    Data(DataArguments),
    /// Print what happens in a step: every call, its shapes and its cost
    Plan(PlanArguments),
}

const TRAIN_EXAMPLES: &str = "\
Examples:
  elbo train                                   100 epochs on MNIST, fetched if it is not there
  elbo train --epochs 5 --latent 2             a small model, a short training
  elbo train --resume runs/0001 --epochs 200   go on after epoch 100";

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// Folder with the four IDX files [default: ELBO_MNIST_DIR, else data/mnist, fetched if need be]
    #[arg(long, value_name = "FOLDER")]
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
    /// Latent dimensions [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    latent: Option<usize>,
    /// Units of each hidden layer [default: 400]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    hidden: Option<usize>,
    /// What all random numbers start from; the same seed gives the same bits [default: 42]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,

    /// What computes; cuda is not in this version
    #[arg(long, value_enum, default_value = "auto")]
    device: DeviceName,
    /// Threads of the CPU, 0 for all cores; results do not depend on it
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u64).range(..=MOST_THREADS))]
    threads: u64,

    /// Run folder [default: the next number in runs]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from a checkpoint, or from the last one of a run folder, with its settings
    #[arg(long, value_name = "FILE_OR_RUN_FOLDER")]
    resume: Option<PathBuf>,
    /// Every how many epochs to print the last batch's loss, 0 for never [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    log_every: Option<u32>,
    /// Every how many epochs to keep a picture and a checkpoint, 0 for never [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    image_every: Option<u32>,
}

impl TrainArguments {
    pub(crate) fn into_request(self) -> Request {
        Request {
            overrides: Overrides {
                epochs: self.epochs,
                batch_size: self.batch_size,
                learning_rate: self.lr,
                latent: self.latent,
                hidden: self.hidden,
                seed: self.seed,
                log_every: self.log_every,
                image_every: self.image_every,
            },
            data: Wanted {
                named: self.data_dir.or_else(named_data),
                network: Network { offline: self.offline, proxy: proxy() },
            },
            device: Device {
                kind: self.device.kind(),
                // At most `MOST_THREADS`.
                threads: self.threads as usize,
            },
            out: self.out,
            resume: self.resume,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviceName {
    Auto,
    Cpu,
    Cuda,
}

impl DeviceName {
    const fn kind(self) -> DeviceKind {
        match self {
            Self::Auto => DeviceKind::Auto,
            Self::Cpu => DeviceKind::Cpu,
            Self::Cuda => DeviceKind::Cuda,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// Folder that holds the four IDX files, or will
    #[arg(long, value_name = "FOLDER", default_value = elbo::data::FOLDER)]
    pub(crate) dir: PathBuf,
    /// Never use the network; only say what is there
    #[arg(long, env = "ELBO_OFFLINE", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    offline: bool,
}

impl DataArguments {
    pub(crate) fn network(&self) -> Network {
        Network { offline: self.offline, proxy: proxy() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Images a step
    #[arg(long, value_name = "N", default_value = "128", allow_negative_numbers = true)]
    batch_size: usize,
    /// Latent dimensions
    #[arg(long, value_name = "N", default_value = "20", allow_negative_numbers = true)]
    latent: usize,
    /// Units of each hidden layer
    #[arg(long, value_name = "N", default_value = "400", allow_negative_numbers = true)]
    hidden: usize,
}

impl PlanArguments {
    /// Settings, pixels an image, and how many images: MNIST's.
    pub(crate) fn plan(&self) -> (Settings, usize, (usize, usize)) {
        let Self { batch_size, latent, hidden } = *self;
        let settings = Settings { batch_size, latent, hidden, ..Settings::default() };
        (settings, 28 * 28, (60_000, 10_000))
    }
}

/// The data folder that the environment names; an empty name is none.
fn named_data() -> Option<PathBuf> {
    env::var_os("ELBO_MNIST_DIR").filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// The proxy that the environment names, where the network goes through one.
fn proxy() -> Option<String> {
    let named = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .find_map(|name| env::var(name).ok());
    named.filter(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_tells_the_defaults_that_settings_have() {
        let mut command = Arguments::command();
        let train = command.find_subcommand_mut("train").unwrap();
        let help = train.render_long_help().to_string();
        let settings = Settings::default();
        for default in [
            format!("counted [default: {}]", settings.epochs),
            format!("step [default: {}]", settings.batch_size),
            "rate [default: 1e-3]".to_string(),
            format!("dimensions [default: {}]", settings.latent),
            format!("layer [default: {}]", settings.hidden),
            format!("bits [default: {}]", settings.seed),
            format!("never [default: {}]", settings.log_every),
            format!("never [default: {}]", settings.image_every),
        ] {
            assert!(help.contains(&default), "{default} in\n{help}");
        }
        assert_eq!(settings.learning_rate, 1e-3);
    }
}
