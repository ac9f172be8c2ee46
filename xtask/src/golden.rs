//! Makes the golden values again with PyTorch, or compares them to the ones in the repository.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{Outcome, become_command, root};

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
    let python = arguments.python.display();
    let probe = Command::new(&arguments.python)
        .args(["-c", "import torch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| {
            format!("golden: {python} does not start, {error}; name a Python with --python")
        })?;
    if !probe.success() {
        return Err(format!(
            "golden: {python} has no torch; make it one that has:\n\
             \x20 python3 -m venv target/golden && target/golden/bin/pip install torch\n\
             \x20 cargo xtask golden --python target/golden/bin/python"
        ));
    }
    let mut command = Command::new(&arguments.python);
    command.arg(root().join("tests/golden/make_golden.py"));
    if arguments.check {
        command.arg("--check");
    }
    become_command(command)
}
