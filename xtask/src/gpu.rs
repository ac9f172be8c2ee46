//! All that a machine with a GPU is needed for, in one go: `bench/gpu.sh`.

use std::path::PathBuf;

use crate::{Outcome, become_command, command, root};

/// Which Python.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The Python that has PyTorch with CUDA; without one, PyTorch is left out
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Run what an earlier `--pack` has left in this folder, instead of building
    #[arg(long, value_name = "FOLDER")]
    packed: Option<PathBuf>,
    /// Only build, and leave programs and scripts in this folder, to be run where there is no Rust
    #[arg(long, value_name = "FOLDER", conflicts_with = "packed")]
    pack: Option<PathBuf>,
    /// No GPU: all of it on the stand-in driver, with a small model, to see that it works
    #[arg(long = "try", conflicts_with_all = ["pack", "packed"])]
    is_try: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut command = command("bash");
    command.arg(root().join("bench/gpu.sh")).env("PYTHON", &arguments.python);
    if let Some(folder) = &arguments.pack {
        command.arg("--pack").arg(folder);
    }
    if let Some(folder) = &arguments.packed {
        command.arg("--packed").arg(folder);
    }
    if arguments.is_try {
        command.arg("--try");
    }
    become_command(command)
}
