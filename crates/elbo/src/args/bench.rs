//! What `elbo bench` can be told.

use std::path::PathBuf;

use clap::Args;
use elbo::{
    bench::Bench,
    data::{Network, Wanted},
};

use super::{PlanArguments, level::LevelName, usual_data};

pub(crate) const EXAMPLES: &str = "\
Examples:
  elbo bench                       step, epoch, evaluation, sampling, start-up, memory
  elbo bench --threads 1 --json    the same on one thread, for a program to read
  elbo bench --profile             the calls of a step, each with its time";

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Folder with the four IDX files; without it ELBO_MNIST_DIR, data/mnist, or drawn digits
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    model: PlanArguments,
    /// Threads of the CPU, 0 for all cores
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u64).range(..=1024))]
    threads: u64,
    /// The widest vector instructions to use, as far as the machine has them
    #[arg(long, value_enum, default_value = "avx512")]
    level: LevelName,
    /// Training steps to time
    #[arg(long, value_name = "N", default_value = "500",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// A table of the step's calls instead
    #[arg(long)]
    pub(crate) profile: bool,
    /// JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl BenchArguments {
    /// Nothing is fetched for a measurement: drawn digits serve as well.
    pub(crate) fn bench(&self) -> Bench {
        let (settings, ..) = self.model.plan();
        let data = Wanted {
            named: self.data_dir.clone(),
            drawn: None,
            usual: usual_data(),
            network: Network { offline: true, proxy: None },
        };
        Bench {
            settings,
            data,
            // At most `1024`.
            threads: self.threads as usize,
            level: self.level.level(),
            planning: self.model.planning(),
            steps: self.steps as usize,
        }
    }
}
