//! Measures the training step: alone, or in alternation with other programs or with a busy machine.

pub(crate) mod busy;
mod runner;

use std::{
    ffi::OsString,
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::{ArgGroup, Parser, ValueEnum};

use crate::{Outcome, elbo, root, torch};
use runner::{Runner, table};

/// Where the peers' programs lie.
const TORCH_STEP: &str = "bench/torch_step.py";

/// The flags that ask for an alternation; without one of them `elbo bench` gets all arguments.
const ALTERNATIONS: [&str; 3] = ["--against", "--beside", "--busy"];

/// Time the training step in alternation with another program's, or with itself on a busy machine
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
#[command(group(ArgGroup::new("other").args(["against", "beside", "busy"]).required(true).multiple(true)))]
struct Comparison {
    /// The peer to compare with
    #[arg(long, value_enum)]
    against: Option<Peer>,
    /// A command to compare with, for the shell; it prints a JSON object with `step_ms` and in it a
    /// `median`, and may say its `program`. May be given several times
    #[arg(long, value_name = "COMMAND")]
    beside: Vec<String>,
    /// Compare with rounds in which N processes keep a core busy each
    #[arg(long, value_name = "N", conflicts_with_all = ["against", "beside"],
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    busy: Option<u32>,
    /// How often each program is run
    #[arg(long, value_name = "N", default_value = "3",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Threads of elbo and of the peer, 0 for all cores; a command of --beside chooses its own
    #[arg(long, value_name = "N", default_value = "0")]
    threads: usize,
    /// Training steps to time in each run
    #[arg(long, value_name = "N", default_value = "500",
          value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    steps: u32,
    /// PyTorch as it runs line by line, or compiled; both need no more than torch and, for `compile`,
    /// a C++ compiler
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["eager", "compile"])]
    variants: Vec<Variant>,
    /// The Python that has PyTorch
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    Torch,
}

#[derive(Clone, Copy, ValueEnum)]
enum Variant {
    Eager,
    Compile,
}

impl Variant {
    /// The peer's arguments. Adam is the fastest that each variant has.
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Eager => &["--variant", "eager", "--adam", "fused"],
            Self::Compile => &["--variant", "compile"],
        }
    }
}

/// `elbo bench …`, unless the arguments ask for an alternation.
pub(crate) fn run(arguments: elbo::Arguments) -> Outcome {
    if !arguments.rest.iter().any(asks_for_alternation) {
        return elbo::run("bench", arguments);
    }
    let program = "cargo xtask bench".into();
    let comparison = Comparison::parse_from(std::iter::once(program).chain(arguments.rest));
    compare(&comparison)
}

fn asks_for_alternation(argument: &OsString) -> bool {
    let name = argument.to_str().map(|text| text.split('=').next().unwrap_or(text));
    name.is_some_and(|name| ALTERNATIONS.contains(&name))
}

fn compare(comparison: &Comparison) -> Outcome {
    if let Some(Peer::Torch) = comparison.against {
        torch::probe("bench", &comparison.python)?;
    }
    let mut runners = comparison.runners();
    for round in 1..=comparison.rounds {
        for runner in &mut runners {
            let milliseconds = runner.turn()?;
            println!(
                "round {round}/{}   {milliseconds:7.3} ms   {}",
                comparison.rounds, runner.name
            );
        }
    }
    println!();
    let times = if comparison.busy.is_some() { "times quiet" } else { "times ours" };
    print!("{}", table(&runners, times));
    Ok(ExitCode::SUCCESS)
}

impl Comparison {
    /// Ours first, then who takes turns with it, all of ours told the same threads and steps.
    fn runners(&self) -> Vec<Runner> {
        let ours = || Runner::new(self.told(elbo::command("bench")));
        let mut runners = vec![ours()];
        if let Some(busy) = self.busy {
            runners.push(Runner { busy: busy as usize, ..ours() });
        }
        if let Some(Peer::Torch) = self.against {
            for variant in &self.variants {
                let mut peer = Command::new(&self.python);
                peer.arg(root().join(TORCH_STEP)).args(variant.arguments());
                runners.push(Runner::new(self.told(peer)));
            }
        }
        runners.extend(self.beside.iter().map(|line| Runner::new(shell(line))));
        runners
    }

    fn told(&self, mut command: Command) -> Command {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if self.threads == 0 { all() } else { self.threads };
        command.args(["--threads", &threads.to_string()]);
        command.args(["--steps", &self.steps.to_string(), "--json"]);
        command
    }
}

/// A line for the system's shell.
fn shell(line: &str) -> Command {
    let (program, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(program);
    command.args([option, line]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Comparison, clap::Error> {
        Comparison::try_parse_from(std::iter::once("bench").chain(arguments.iter().copied()))
    }

    #[test]
    fn an_alternation_has_its_own_arguments() {
        let torch = parse(&["--threads", "2", "--against", "torch", "--variants", "eager"]);
        assert!(torch.is_ok_and(|c| c.threads == 2 && c.runners().len() == 2));
        let commands = parse(&["--beside", "a --b", "--beside=c", "--against", "torch"]);
        assert!(commands.is_ok_and(|c| c.runners().len() == 5));
        let busy = parse(&["--busy", "3"]).map(|c| c.runners().iter().map(|r| r.busy).collect());
        assert!(busy.is_ok_and(|busy: Vec<usize>| busy == [0, 3]));
        for refused in [
            &["--rounds", "2"][..],
            &["--busy", "0"],
            &["--busy", "1", "--against", "torch"],
            &["--against", "torch", "--rounds", "0"],
            &["--against", "torch", "--profile"],
        ] {
            assert!(parse(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn only_a_flag_of_an_alternation_keeps_the_arguments_from_elbo() {
        for (argument, asks) in
            [("--busy", true), ("--beside=x", true), ("--json", false), ("--busyness", false)]
        {
            assert_eq!(asks_for_alternation(&argument.into()), asks, "{argument}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_command_takes_its_turn_through_the_shell() {
        let line = r#"echo starting; echo '{"program": "x", "step_ms": {"median": 4.5}}'"#;
        let mut runner = Runner::new(shell(line));
        assert_eq!((runner.turn(), runner.name), (Ok(4.5), "x".to_string()));
        let refusal = Runner::new(shell("exit 3")).turn().unwrap_err();
        assert!(refusal.contains("`sh -c exit 3`"), "{refusal}");
    }
}
