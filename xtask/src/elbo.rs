//! Runs the `elbo` binary as users get it: built for release, arguments untouched.

use std::{ffi::OsString, process::Command};

use crate::{Outcome, become_command, cargo};

/// Whatever stands after the task's name, `--help` included.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// Passed on to `elbo`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<OsString>,
}

/// `elbo SUBCOMMAND …` in this one's place.
pub(crate) fn run(subcommand: &str, arguments: Arguments) -> Outcome {
    let mut command = command(subcommand);
    command.args(arguments.rest);
    become_command(command)
}

/// `elbo SUBCOMMAND` in the user's folder, so that relative paths mean what they say.
pub(crate) fn command(subcommand: &str) -> Command {
    let mut command = cargo();
    command.args(["run", "--release", "--package", "elbo", "--bin", "elbo", "--", subcommand]);
    // What the program suggests to run next begins with what the user has typed.
    command.env("ELBO_COMMAND", "cargo xtask");
    command
}
