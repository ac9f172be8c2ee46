//! Kills trainings of a release build at random moments and counts what was lost: nothing may be.

use std::{
    path::PathBuf,
    process::{ExitCode, Stdio},
    time::Instant,
};

use elbo_torture::{Tally, Torture};

use crate::{Outcome, cargo};

/// After how many kills to say how far it has come.
const PACE: u32 = 25;

/// How often, from which seed, and for whom.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many trainings to kill
    #[arg(long, value_name = "N", default_value = "300",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    kills: u32,
    /// What the moments are drawn from
    #[arg(long, value_name = "N", default_value = "42")]
    seed: u64,
    /// The program to start, instead of one built for release
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { program, .. } = arguments;
    let program = program.clone().map_or_else(build, Ok)?;
    let &Arguments { kills, seed, json, .. } = arguments;
    let began = Instant::now();
    let mut tell = |tally: &Tally| {
        if !json && tally.kills.is_multiple_of(PACE) {
            println!("{} of {kills} kills, {:.0} s", tally.kills, began.elapsed().as_secs_f64());
        }
    };
    let tally = Torture { program, kills, seed }.run(&mut tell);
    let tally = tally.map_err(|sentence| format!("torture: {sentence}"))?;
    let Tally { kills, inside_a_write, resumes, restarts, compared, checkpoints, losses } = &tally;
    if json {
        let counts = serde_json::json!({
            "seed": seed, "kills": kills, "inside_a_write": inside_a_write, "resumes": resumes,
            "restarts": restarts, "trainings_compared": compared, "checkpoints_read": checkpoints,
            "losses": losses, "seconds": began.elapsed().as_secs_f64().round(),
        });
        println!("{counts:#}");
    } else {
        losses.iter().for_each(|loss| println!("{loss}"));
        println!(
            "seed {seed}: {kills} kills, {inside_a_write} of them inside a write; {resumes} resumes, \
             {restarts} restarts before the first checkpoint; {checkpoints} checkpoints read after a \
             kill; {compared} trainings compared; {} losses",
            losses.len()
        );
    }
    Ok(if losses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the program for release. Returns its file: cargo in between would be killed instead.
fn build() -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["build", "--release", "--package", "elbo", "--bin", "elbo"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output =
        command.output().map_err(|error| format!("torture: cargo does not start, {error}"))?;
    if !output.status.success() {
        return Err("torture: elbo does not build".into());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    program.ok_or_else(|| "torture: cargo does not say where it has put elbo".into())
}
