//! Makes the CUDA kernels' PTX from their sources, with a compiler that needs neither a GPU nor a toolkit.

use std::{path::PathBuf, process::Command};

use crate::{Outcome, become_command, root};

const KERNELS: &str = "crates/elbo-cuda/kernels";
/// Where the compiler lies in its package.
const COMPILER: &str = "nvidia/cuda_nvrtc/lib/libnvrtc.so.12";

/// Which Python, and whether to write.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A Python with pip
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// Compare only; write nothing
    #[arg(long)]
    check: bool,
    /// Go on to the code of an architecture, such as sm_90, and print registers and spills; write nothing
    #[arg(long, value_name = "ARCHITECTURE", conflicts_with = "check")]
    assemble: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let kernels = root().join(KERNELS);
    let folder = root().join("target/nvrtc");
    let compiler = folder.join(COMPILER);
    if !compiler.exists() {
        let mut pip = Command::new(&arguments.python);
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target"]);
        pip.arg(&folder).arg("--requirement").arg(kernels.join("requirements.txt"));
        let name = arguments.python.display();
        let status = pip.status().map_err(|error| {
            format!("ptx: {name} does not start, {error}; name a Python with --python")
        })?;
        if !status.success() {
            return Err("ptx: NVRTC could not be fetched, see above; pip needs the network".into());
        }
    }
    let mut command = Command::new(&arguments.python);
    command.arg(kernels.join("make_ptx.py")).arg(compiler);
    if arguments.check {
        command.arg("--check");
    }
    if let Some(architecture) = &arguments.assemble {
        command.arg("--assemble").arg(architecture);
    }
    become_command(command)
}
