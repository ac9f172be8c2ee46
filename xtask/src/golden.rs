//! Makes the golden values again with PyTorch, or compares them to the ones in the repository.

use std::{path::PathBuf, process::Command};

use crate::{Outcome, become_command, root, torch};

/// Which Python, and whether to write.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The Python that has PyTorch
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Compare only; write nothing
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    torch::probe("golden", &arguments.python)?;
    let mut command = Command::new(&arguments.python);
    command.arg(root().join("tests/golden/make_golden.py"));
    if arguments.check {
        command.arg("--check");
    }
    become_command(command)
}
