//! The workspace's own tasks: `cargo xtask TASK`. Each is a module; this file only names them.

mod bench;
mod ci;
mod deny;
mod determinism;
mod elbo;
mod golden;
mod gpu;
mod miri;
mod ptx;
mod tidy;
mod torch;
mod torture;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Parser;

/// How a task ends: with the exit code of what it ran, or with a sentence for the user.
type Outcome = Result<ExitCode, String>;

/// The workspace's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Task {
    /// Train a model: `elbo train` built for speed, all arguments passed on
    Train(elbo::Arguments),
    /// Write a run's report again: `elbo report` built for speed, all arguments passed on
    Report(elbo::Arguments),
    /// Download and check data sets: `elbo data` built for speed, all arguments passed on
    Data(elbo::Arguments),
    /// Print what happens in a step: `elbo plan` built for speed, all arguments passed on
    Plan(elbo::Arguments),
    /// Measure the speed: `elbo bench`, all arguments passed on; `--against`, `--beside` and `--busy`
    /// take turns with something else
    Bench(elbo::Arguments),
    /// Keep a core busy until standard input ends
    #[command(name = bench::busy::TASK, hide = true)]
    Spin,
    /// Check the rules of the house that the compiler does not know
    Tidy,
    /// Everything that a change must pass, cheapest first
    Ci(ci::Arguments),
    /// Kill trainings at random moments, let them go on, and compare with one that nobody disturbed
    Torture(torture::Arguments),
    /// Look at what comes from outside: licences, sources, known faults; skipped without cargo-deny
    Deny,
    /// Train the same with both build profiles, several numbers of threads and all vector instructions that
    /// this machine has, and compare the checkpoints byte for byte
    Determinism,
    /// Run the CPU backend's rooms with `unsafe` in Miri, where there is a nightly toolchain with it
    Miri,
    /// Make the golden values again with PyTorch, or compare them
    Golden(golden::Arguments),
    /// Make the CUDA kernels' PTX from their sources, or compare it
    Ptx(ptx::Arguments),
    /// On a machine with a GPU: check it, train on it, time it beside PyTorch
    Gpu(gpu::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Train(arguments) => elbo::run("train", arguments),
        Task::Report(arguments) => elbo::run("report", arguments),
        Task::Data(arguments) => elbo::run("data", arguments),
        Task::Plan(arguments) => elbo::run("plan", arguments),
        Task::Bench(arguments) => bench::run(arguments),
        Task::Spin => bench::busy::spin(),
        Task::Tidy => tidy::run(),
        Task::Ci(arguments) => ci::run(arguments),
        Task::Torture(arguments) => torture::run(&arguments),
        Task::Deny => deny::run(),
        Task::Determinism => determinism::run(),
        Task::Miri => miri::run(),
        Task::Golden(arguments) => golden::run(&arguments),
        Task::Ptx(arguments) => ptx::run(&arguments),
        Task::Gpu(arguments) => gpu::run(&arguments),
    };
    outcome.unwrap_or_else(|sentence| {
        eprintln!("{sentence}");
        ExitCode::FAILURE
    })
}

/// The folder of the workspace. Asked for at run time: a build folder may serve two checkouts.
fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built);
    Path::new(&xtask).parent().expect("xtask lies in the workspace").into()
}

/// The cargo that runs this task.
fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program that may run cargo, without what cargo has told of this package.
///
/// Some build scripts ask to be run again when that changes. Then a task and a plain `cargo build`, in turns, would
/// each time build again all that needs those crates, `elbo` included.
fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let told = name.to_str();
        if told.is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command in this one's place: same terminal, same signals, same exit code.
fn become_command(mut command: Command) -> Outcome {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error| format!("{program}: does not start, {error}; is it installed?");
    #[cfg(unix)]
    {
        // Replacing the process leaves Ctrl-C to whoever handles it, such as a training run.
        Err(failed(std::os::unix::process::CommandExt::exec(&mut command)))
    }
    #[cfg(not(unix))]
    {
        let code = command.status().map_err(failed)?.code();
        Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_inner_cargo_hears_nothing_of_this_package() {
        let command = super::cargo();
        let told = |wanted: &str| {
            command.get_envs().any(|(name, value)| name == wanted && value.is_none())
        };
        assert!(told("CARGO_PKG_NAME") && told("CARGO_MANIFEST_DIR"));
        assert!(!told("CARGO_HOME") && !told("PATH"));
    }
}
