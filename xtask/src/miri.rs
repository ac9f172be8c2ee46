//! Runs the rooms with `unsafe` of the CPU backend in Miri, which interprets a program and finds what no test
//! sees: two threads on one value, a reference that outlives its memory, a read of what nobody wrote.

use std::process::{ExitCode, Stdio};

use crate::{Outcome, become_command, command, root};

/// The tests that enter the rooms, small enough for an interpreter.
const TESTS: [&str; 7] = ["miri", "test", "--package", "elbo-cpu", "--lib", "--test", "rooms"];

/// Which of them, by the beginning of their names.
const NAMES: [&str; 5] = ["team::", "aligned::", "claims::", "shift::", "several_threads_leave"];

/// What the interpreter must be told: rayon's queues keep pointers as numbers and free some memory late, threads
/// look at the clock, and functions such as ln are to round the same way each time, which Miri else leaves to
/// chance.
const FLAGS: &str = "-Zmiri-disable-isolation -Zmiri-tree-borrows -Zmiri-permissive-provenance \
                     -Zmiri-ignore-leaks -Zmiri-deterministic-floats";

pub(crate) fn run() -> Outcome {
    let mut there = command("cargo");
    there.args(["+nightly", "miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !there.status().is_ok_and(|status| status.success()) {
        println!(
            "miri: skipped, there is no nightly toolchain with it; \
             `rustup toolchain install nightly --component miri,rust-src` fetches one"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let mut command = command("cargo");
    command
        .arg("+nightly")
        .args(TESTS)
        .arg("--")
        .args(NAMES)
        .current_dir(root())
        .env("MIRIFLAGS", FLAGS);
    // Of the toolchain that runs this task, not of the one that is called.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    become_command(command)
}
