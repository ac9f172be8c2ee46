//! The arguments, what they are called, and which environment variables stand in for them.

mod bench;
mod exchange;
mod level;
mod look;
mod model;
mod report;
mod train;

use std::{env, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, builder::FalseyValueParser};
use elbo::{Settings, data::Network};
use elbo_tensor::Planning;

pub(crate) use bench::BenchArguments;
pub(crate) use exchange::{
    DecodeArguments, EncodeArguments, ExportArguments, ExportFormat, ImportArguments,
};
pub(crate) use look::{
    InterpolateArguments, ManifoldArguments, ReconstructArguments, SampleArguments,
    ScatterArguments, TraverseArguments,
};
pub(crate) use model::{EvaluateArguments, ImageArguments, InfoArguments, ModelArguments};
pub(crate) use report::ReportArguments;
pub(crate) use train::TrainArguments;

const EXAMPLES: &str = "\
Examples:
  elbo train --epochs 5                      MNIST, fetched if it is not there; runs/0001
  elbo evaluate --checkpoint runs/0001       its losses on images that it has not seen
  elbo sample --checkpoint runs/0001         digits that nobody wrote: sample.png";

/// Train variational autoencoders on MNIST and image sets like it
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model and leave figures, pictures and checkpoints in a run folder
    #[command(after_help = train::EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Write a run's report again: one page with all of it, and its decoder to play with
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArguments),
    /// Measure a trained model on images: losses, KL of each latent dimension, active units
    #[command(after_help = model::EVALUATE)]
    Evaluate(EvaluateArguments),
    /// Draw images over their reconstructions
    #[command(after_help = look::RECONSTRUCT)]
    Reconstruct(ReconstructArguments),
    /// Draw images of latents from the prior
    #[command(after_help = look::SAMPLE)]
    Sample(SampleArguments),
    /// Draw the way from one image or seed to another
    #[command(after_help = look::INTERPOLATE)]
    Interpolate(InterpolateArguments),
    /// Draw each latent dimension from one end to the other, a row each
    #[command(after_help = look::TRAVERSE)]
    Traverse(TraverseArguments),
    /// Draw a plane of the latent space, a grid over the prior's quantiles
    #[command(after_help = look::MANIFOLD)]
    Manifold(ManifoldArguments),
    /// Draw where images lie in the latent space, by label
    #[command(after_help = look::SCATTER)]
    Scatter(ScatterArguments),
    /// Turn images into latents: μ, log σ² and labels as .npy or .csv
    #[command(after_help = exchange::ENCODE)]
    Encode(EncodeArguments),
    /// Turn latents from .npy or .csv into a picture or an array
    #[command(after_help = exchange::DECODE)]
    Decode(DecodeArguments),
    /// Make a checkpoint of a PyTorch state_dict in safetensors
    #[command(after_help = exchange::IMPORT)]
    Import(ImportArguments),
    /// Write a model for other programs: ONNX, or a plain state_dict
    #[command(after_help = exchange::EXPORT)]
    Export(ExportArguments),
    /// Say what a checkpoint is: sizes, epochs, losses, seed, digest
    #[command(after_help = model::INFO)]
    Info(InfoArguments),
    /// List what can compute on this machine
    #[command(after_help = "Example:\n  elbo devices")]
    Devices,
    /// Fetch MNIST, or check the data set that is there
    #[command(after_help = "Example:\n  elbo data                MNIST into data/mnist")]
    Data(DataArguments),
    /// Print what happens in a step: every call, its shapes and its cost
    #[command(
        after_help = "Example:\n  elbo plan --latent 2     the entries of a model with two latent dimensions"
    )]
    Plan(PlanArguments),
    /// Measure how fast this machine trains, against what it could do at the most
    #[command(after_help = bench::EXAMPLES)]
    Bench(BenchArguments),
    /// Print a shell's completions of this program
    #[command(
        after_help = "Example:\n  elbo completions bash > ~/.local/share/bash-completion/completions/elbo"
    )]
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write man pages, one a command
    #[command(after_help = "Example:\n  elbo man ~/.local/share/man/man1")]
    Man {
        /// Folder to write to, made if it is not there
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
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
    #[command(flatten)]
    planning: PlanningArguments,
}

impl PlanArguments {
    /// Settings, pixels an image, and how many images: MNIST's.
    pub(crate) fn plan(&self) -> (Settings, usize, (usize, usize)) {
        let Self { batch_size, latent, hidden, .. } = *self;
        let settings = Settings { batch_size, latent, hidden, ..Settings::default() };
        (settings, 28 * 28, (60_000, 10_000))
    }

    pub(crate) fn planning(&self) -> Planning {
        self.planning.planning()
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PlanningArguments {
    /// Make each op a call of its own; the results are the same but for rounding
    #[arg(long)]
    no_fuse: bool,
}

impl PlanningArguments {
    pub(crate) fn planning(self) -> Planning {
        Planning { fuse: !self.no_fuse, ..Planning::default() }
    }
}

/// How the user calls this program, for commands that can be pasted: `elbo`, or what stands before it.
pub(crate) fn command() -> String {
    let named = env::var("ELBO_COMMAND").ok().filter(|name| !name.trim().is_empty());
    named.unwrap_or_else(|| "elbo".into())
}

/// The data folder that the environment names; an empty name is none.
fn usual_data() -> Option<PathBuf> {
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
    fn every_command_has_an_example() {
        for command in Arguments::command().get_subcommands() {
            let name = command.get_name();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!(
                "Example{}:\n  elbo {name}",
                if help.starts_with("Examples") { "s" } else { "" }
            );
            assert!(help.starts_with(&example), "{name}: {help}");
        }
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
