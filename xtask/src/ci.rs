//! Everything that a change must pass, cheapest first, so that a slip is told within seconds.

use std::{
    io::Write,
    process::{ExitCode, Stdio},
    time::Instant,
};

use crate::{Outcome, cargo, root, tidy};

/// How much to show.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Show what the checks print as they print it, not only what a failed one printed
    #[arg(long)]
    verbose: bool,
}

/// One check: a cargo command that succeeds or does not.
struct Check {
    name: &'static str,
    cargo: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
}

const CHECKS: [Check; 7] = [
    Check { name: "fmt", cargo: &["fmt", "--all", "--check"], env: None },
    Check { name: "tidy", cargo: tidy::TEST, env: None },
    Check { name: "deny", cargo: &["xtask", "deny"], env: None },
    Check {
        name: "clippy",
        cargo: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        env: None,
    },
    Check {
        name: "doc",
        cargo: &["doc", "--workspace", "--no-deps"],
        env: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
    Check { name: "test", cargo: &["test", "--workspace"], env: None },
    Check { name: "bits", cargo: &["xtask", "determinism"], env: None },
];

pub(crate) fn run(arguments: Arguments) -> Outcome {
    let start = Instant::now();
    for check in &CHECKS {
        if !passes(check, arguments.verbose)? {
            let env =
                check.env.map_or_else(String::new, |(name, value)| format!("{name}='{value}' "));
            let command = format!("{env}cargo {}", check.cargo.join(" "));
            return Err(format!("ci: {} failed; run it alone with `{command}`", check.name));
        }
    }
    println!("ci: all {} checks pass, {:.1} s", CHECKS.len(), start.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

/// Runs a check and prints its line.
fn passes(check: &Check, verbose: bool) -> Result<bool, String> {
    let mut command = cargo();
    command.args(check.cargo).envs(check.env).current_dir(root()).stdin(Stdio::null());
    let failed = |error| format!("ci: cargo does not start, {error}; is it on the PATH?");
    let start = Instant::now();
    let passed = if verbose {
        println!("ci: {} …", check.name);
        command.status().map_err(failed)?.success()
    } else {
        print!("{:<8}", check.name);
        flush()?;
        let output = command.output().map_err(failed)?;
        if !output.status.success() {
            println!("failed");
            flush()?;
            let mut terminal = std::io::stderr().lock();
            let written = terminal
                .write_all(&output.stdout)
                .and_then(|()| terminal.write_all(&output.stderr));
            written.map_err(|error| format!("ci: standard error is closed, {error}"))?;
            return Ok(false);
        }
        true
    };
    if passed {
        // Without output in between, the name stands at the start of the line already.
        let name = if verbose { format!("{:<8}", check.name) } else { String::new() };
        println!("{name}ok {:>7.1} s", start.elapsed().as_secs_f64());
    }
    Ok(passed)
}

/// Shows a line that has no end yet.
fn flush() -> Result<(), String> {
    std::io::stdout().flush().map_err(|error| format!("ci: standard output is closed, {error}"))
}
