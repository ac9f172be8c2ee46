//! Programs that take turns, and what their turns come to.

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
};

use super::busy::Spinning;

/// One program and what its runs gave.
pub(super) struct Runner {
    pub(super) command: Command,
    /// Processes that keep a core busy each while it runs.
    pub(super) busy: usize,
    pub(super) name: String,
    /// Milliseconds a step, the median of each run.
    pub(super) steps: Vec<f64>,
}

impl Runner {
    pub(super) fn new(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        Self { command, busy: 0, name: String::new(), steps: Vec::new() }
    }

    /// Runs the program once and notes its median step, which is returned in milliseconds.
    pub(super) fn turn(&mut self) -> Result<f64, String> {
        let spinning = Spinning::start(self.busy)?;
        let (name, milliseconds) = measure(&mut self.command)?;
        drop(spinning);
        self.name = match self.busy {
            0 => name,
            1 => format!("{name}, beside a busy process"),
            busy => format!("{name}, beside {busy} busy processes"),
        };
        self.steps.push(milliseconds);
        Ok(milliseconds)
    }
}

/// Runs a program. Returns what it calls itself, and its median step in milliseconds.
fn measure(command: &mut Command) -> Result<(String, f64), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
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

/// Name and median step of what a program printed: one JSON object, alone or as a line among others.
fn result(printed: &[u8]) -> Option<(String, f64)> {
    let text = std::str::from_utf8(printed).ok()?;
    std::iter::once(text).chain(text.lines().rev()).find_map(object)
}

/// PyTorch's programs name themselves, ours its device.
fn object(text: &str) -> Option<(String, f64)> {
    let found: serde_json::Value = serde_json::from_str(text).ok()?;
    let text = |key| found.get(key).and_then(serde_json::Value::as_str);
    let name = match (text("program"), text("adam"), text("device")) {
        (Some(program), Some(adam), _) => format!("{program}, Adam {adam}"),
        (Some(program), None, _) => program.to_string(),
        (None, _, Some(device)) => format!("elbo, {device}"),
        (None, _, None) => "the command".to_string(),
    };
    let milliseconds = found.get("step_ms")?.get("median")?.as_f64()?;
    (milliseconds > 0.0).then_some((name, milliseconds))
}

/// A line for each program: its step, and how many times the first one's it takes. The ratio is taken
/// within a round and its median over rounds: what slows the machine for a while slows all.
pub(super) fn table(runners: &[Runner], times: &str) -> String {
    let width = runners.iter().map(|runner| runner.name.chars().count()).max().unwrap_or(0);
    let first = runners.first().map_or(&[][..], |runner| &runner.steps);
    let mut text = format!("{:width$}   ms a step   {times}\n", "");
    for Runner { name, steps, .. } in runners {
        let ratios = steps.iter().zip(first).map(|(step, first)| step / first).collect();
        let (step, ratio) = (median(steps.clone()), median(ratios));
        let column = times.chars().count();
        text += &format!("{name:width$}   {step:9.3}   {ratio:column$.2}\n");
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
    fn names_and_medians_of_all_programs_are_understood() {
        let ours = br#"{"device": "2 threads, AVX-512", "step_ms": {"median": 2.5, "p10": 2.0}}"#;
        assert_eq!(result(ours), Some(("elbo, 2 threads, AVX-512".into(), 2.5)));
        let peer = br#"{"program": "PyTorch 2 eager", "adam": "fused", "step_ms": {"median": 5}}"#;
        assert_eq!(result(peer), Some(("PyTorch 2 eager, Adam fused".into(), 5.0)));
        let chatty = b"epoch 1\n{\"step_ms\": {\"median\": 7.5}}\ndone\n";
        assert_eq!(result(chatty), Some(("the command".into(), 7.5)));
        assert_eq!(
            result(b"{\n  \"step_ms\": {\n    \"median\": 2\n  }\n}"),
            result(b"{\"step_ms\": {\"median\": 2}}")
        );
        assert_eq!(result(b"ready"), None);
    }

    #[test]
    fn a_slow_round_of_the_machine_does_not_move_the_ratio() {
        let runner = |name: &str, steps: &[f64]| {
            let command = Command::new("true");
            Runner { command, busy: 0, name: name.to_string(), steps: steps.to_vec() }
        };
        let runners = [runner("a", &[1.0, 3.0, 1.0]), runner("bc", &[2.0, 6.0, 2.0])];
        let expected = "     ms a step   times ours\n\
                        a        1.000         1.00\n\
                        bc       2.000         2.00\n";
        assert_eq!(table(&runners, "times ours"), expected);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
