//! Measures the training step, alone or in alternation with PyTorch's on the same machine.

use std::{
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use clap::{Parser, ValueEnum};

use crate::{Outcome, elbo, root, torch};

/// Where the peers' programs lie.
const TORCH_STEP: &str = "bench/torch_step.py";

/// Time the training step beside another program's, in alternation, on equal threads
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
struct Comparison {
    /// The program to compare with
    #[arg(long, value_enum)]
    against: Peer,
    /// How often each program is run
    #[arg(long, value_name = "N", default_value = "3",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Threads of each program, 0 for all cores
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

/// One program and what its runs gave.
struct Runner {
    command: Command,
    name: String,
    /// Milliseconds a step, the median of each run.
    steps: Vec<f64>,
}

/// `elbo bench …`, unless the arguments ask for a comparison.
pub(crate) fn run(arguments: elbo::Arguments) -> Outcome {
    let against = |argument: &std::ffi::OsString| {
        argument.to_str().is_some_and(|text| text == "--against" || text.starts_with("--against="))
    };
    if !arguments.rest.iter().any(against) {
        return elbo::run("bench", arguments);
    }
    let program = "cargo xtask bench".into();
    let comparison = Comparison::parse_from(std::iter::once(program).chain(arguments.rest));
    compare(&comparison)
}

fn compare(comparison: &Comparison) -> Outcome {
    let Peer::Torch = comparison.against;
    torch::probe("bench", &comparison.python)?;
    let mut runners = runners(comparison);
    for round in 1..=comparison.rounds {
        for runner in &mut runners {
            let (name, milliseconds) = measure(&mut runner.command)?;
            println!("round {round}/{}   {milliseconds:7.3} ms   {name}", comparison.rounds);
            runner.name = name;
            runner.steps.push(milliseconds);
        }
    }
    println!();
    print!("{}", table(&runners));
    Ok(ExitCode::SUCCESS)
}

/// Ours first, then the peer's variants, all told the same threads and steps.
fn runners(comparison: &Comparison) -> Vec<Runner> {
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if comparison.threads == 0 { all() } else { comparison.threads };
    let mut commands = vec![elbo::command("bench")];
    for variant in &comparison.variants {
        let mut peer = Command::new(&comparison.python);
        peer.arg(root().join(TORCH_STEP)).args(variant.arguments());
        commands.push(peer);
    }
    let runner = |mut command: Command| {
        command.args(["--threads", &threads.to_string()]);
        command.args(["--steps", &comparison.steps.to_string(), "--json"]);
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        Runner { command, name: String::new(), steps: Vec::new() }
    };
    commands.into_iter().map(runner).collect()
}

/// Runs a program. Returns what it calls itself, and its median step in milliseconds.
fn measure(command: &mut Command) -> Result<(String, f64), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let line = || {
        let arguments = command.get_args().map(|argument| argument.to_string_lossy());
        std::iter::once(program.as_str().into()).chain(arguments).collect::<Vec<_>>().join(" ")
    };
    let line = line();
    let output = command
        .output()
        .map_err(|error| format!("bench: {program} does not start, {error}; is it installed?"))?;
    if !output.status.success() {
        return Err(format!("bench: a program failed, see above; run it alone with `{line}`"));
    }
    result(&output.stdout).ok_or_else(|| {
        format!("bench: no `step_ms` with a `median` came back; see what `{line}` prints")
    })
}

/// Name and median step of what a program printed. PyTorch's names itself, ours its device.
fn result(printed: &[u8]) -> Option<(String, f64)> {
    let found: serde_json::Value = serde_json::from_slice(printed).ok()?;
    let text = |key| found.get(key).and_then(serde_json::Value::as_str);
    let name = match (text("program"), text("adam")) {
        (Some(program), Some(adam)) => format!("{program}, Adam {adam}"),
        (Some(program), None) => program.to_string(),
        (None, _) => format!("elbo, {}", text("device")?),
    };
    let milliseconds = found.get("step_ms")?.get("median")?.as_f64()?;
    (milliseconds > 0.0).then_some((name, milliseconds))
}

/// A line for each program: its step, and how many times ours it takes. The ratio is taken within a
/// round and its median over rounds: what slows the machine for a while slows both.
fn table(runners: &[Runner]) -> String {
    let width = runners.iter().map(|runner| runner.name.chars().count()).max().unwrap_or(0);
    let ours = runners.first().map_or(&[][..], |runner| &runner.steps);
    let mut text = format!("{:width$}   ms a step   times ours\n", "");
    for Runner { name, steps, .. } in runners {
        let ratios = steps.iter().zip(ours).map(|(step, ours)| step / ours).collect();
        let (step, ratio) = (median(steps.clone()), median(ratios));
        text += &format!("{name:width$}   {step:9.3}   {ratio:10.2}\n");
    }
    text
}

/// Of at least one value; of an even number, the mean of the middle two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_medians_of_both_programs_are_understood() {
        let ours = br#"{"device": "2 threads, AVX-512", "step_ms": {"median": 2.5, "p10": 2.0}}"#;
        assert_eq!(result(ours), Some(("elbo, 2 threads, AVX-512".into(), 2.5)));
        let peer = br#"{"program": "PyTorch 2 eager", "adam": "fused", "step_ms": {"median": 5}}"#;
        assert_eq!(result(peer), Some(("PyTorch 2 eager, Adam fused".into(), 5.0)));
        assert_eq!(result(b"ready"), None);
    }

    #[test]
    fn a_slow_round_of_the_machine_does_not_move_the_ratio() {
        let runner = |name: &str, steps: &[f64]| {
            let (command, name) = (Command::new("true"), name.to_string());
            Runner { command, name, steps: steps.to_vec() }
        };
        let text = table(&[runner("a", &[1.0, 3.0, 1.0]), runner("bc", &[2.0, 6.0, 2.0])]);
        let expected = "     ms a step   times ours\n\
                        a        1.000         1.00\n\
                        bc       2.000         2.00\n";
        assert_eq!(text, expected);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_comparison_has_its_own_arguments() {
        let parse = |text: &str| Comparison::try_parse_from(text.split(' '));
        let comparison = parse("bench --threads 2 --against torch --variants eager").ok();
        assert!(comparison.is_some_and(|c| c.threads == 2 && c.variants.len() == 1));
        assert!(parse("bench --against torch --rounds 0").is_err());
        assert!(parse("bench --against torch --profile").is_err());
    }
}
