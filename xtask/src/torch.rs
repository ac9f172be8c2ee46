//! Whether a Python has PyTorch, and what to do where it has not.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Refuses a Python that cannot import torch; `task` is what wants it.
pub(crate) fn probe(task: &str, python: &Path) -> Result<(), String> {
    let name = python.display();
    let probe = Command::new(python)
        .args(["-c", "import torch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| {
            format!("{task}: {name} does not start, {error}; name a Python with --python")
        })?;
    if probe.success() {
        return Ok(());
    }
    Err(format!(
        "{task}: {name} has no torch; install it with `python3 -m venv target/torch && \
         target/torch/bin/pip install torch`, then add --python target/torch/bin/python"
    ))
}
