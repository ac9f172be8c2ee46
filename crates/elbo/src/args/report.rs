//! What `elbo report` can be told.

use std::path::PathBuf;

use clap::{ArgAction, Args, builder::FalseyValueParser};
use elbo::{
    Device, DeviceKind, ReportRequest,
    data::{Network, Wanted},
};

use super::{level::LevelArguments, proxy, usual_data};

pub(crate) const EXAMPLES: &str = "\
Examples:
  elbo report runs/0001                                runs/0001/report.html again
  elbo report runs/0001/checkpoints/best.safetensors   of the best epoch";

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Run folder, or one of its checkpoints
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder with the run's data [default: the one it was trained with]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Never use the network
    #[arg(long, env = "ELBO_OFFLINE", action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    offline: bool,
    /// Threads of the CPU, 0 for all cores
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    threads: usize,
    #[command(flatten)]
    level: LevelArguments,
}

impl ReportArguments {
    pub(crate) fn into_request(self) -> ReportRequest {
        ReportRequest {
            run: self.run,
            data: Wanted {
                named: self.data_dir,
                drawn: None,
                usual: usual_data(),
                network: Network { offline: self.offline, proxy: proxy() },
            },
            device: Device {
                kind: DeviceKind::Auto,
                threads: self.threads,
                tf32: false,
                level: self.level.level(),
            },
        }
    }
}
