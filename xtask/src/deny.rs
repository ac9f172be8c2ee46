//! Looks at what comes from outside: licences, known faults, where it is fetched from, versions kept twice.
//! The rules are in `deny.toml`.

use std::process::{Command, ExitCode, Stdio};

use crate::{Outcome, cargo, root};

pub(crate) fn run() -> Outcome {
    if !succeeds(deny(&["--version"]).stdout(Stdio::null()).stderr(Stdio::null()))? {
        println!("deny: skipped, there is no cargo-deny; `cargo install cargo-deny` installs it");
        return Ok(ExitCode::SUCCESS);
    }
    let mut checks = vec!["licenses", "bans", "sources"];
    if succeeds(deny(&["fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()))? {
        checks.push("advisories");
    } else {
        println!("deny: known faults are not looked up, their database cannot be fetched");
    }
    let mut check = deny(&["--offline", "--log-level", "error", "check", "--hide-inclusion-graph"]);
    if succeeds(check.args(checks))? {
        return Ok(ExitCode::SUCCESS);
    }
    Err("deny: see above; deny.toml has the rules".into())
}

fn deny(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.arg("deny").args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

fn succeeds(command: &mut Command) -> Result<bool, String> {
    let status = command.status();
    status
        .map(|status| status.success())
        .map_err(|error| format!("deny: cargo does not start, {error}; is it on the PATH?"))
}
