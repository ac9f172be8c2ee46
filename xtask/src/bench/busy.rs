//! Processes that keep cores busy while something else is measured.

use std::{
    hint::black_box,
    io::{self, Read},
    process::{Child, Command, ExitCode, Stdio},
    thread,
};

use crate::Outcome;

/// The hidden task that a busy process runs.
pub(crate) const TASK: &str = "spin";

/// Busy processes, ended and waited for when this goes, whatever happened meanwhile.
pub(super) struct Spinning(Vec<Child>);

impl Spinning {
    /// `count` of them, each a copy of this program.
    pub(super) fn start(count: usize) -> Result<Self, String> {
        let failed = |error| format!("bench: a busy process does not start, {error}");
        let program = std::env::current_exe().map_err(failed)?;
        let mut all = Self(Vec::new());
        for _ in 0..count {
            let mut command = Command::new(&program);
            command.arg(TASK);
            all.0.push(held(&mut command).map_err(failed)?);
        }
        Ok(all)
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // A process that is gone already is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A process whose input stays open for as long as this one lives, however it ends.
fn held(command: &mut Command) -> io::Result<Child> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()
}

/// Keeps a core busy until standard input ends, as it does when whoever started this is gone.
pub(crate) fn spin() -> Outcome {
    spin_until_end_of(io::stdin());
    Ok(ExitCode::SUCCESS)
}

fn spin_until_end_of(mut input: impl Read + Send + 'static) {
    let watch = thread::spawn(move || io::copy(&mut input, &mut io::sink()));
    let mut number = 1_u64;
    while !watch.is_finished() {
        for _ in 0..1 << 16 {
            number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_ends_with_its_input() {
        spin_until_end_of(io::empty());
        spin_until_end_of(&b"some bytes first"[..]);
    }

    #[cfg(unix)]
    #[test]
    fn busy_processes_are_gone_when_the_measuring_is_over() {
        // `cat` waits for its input, which stays open.
        let child = held(&mut Command::new("cat")).expect("a process");
        let id = child.id().to_string();
        let there = || {
            // The shell's own: not every system has a program for it.
            let mut kill = Command::new("sh");
            kill.args(["-c", "kill -0 \"$0\"", &id]).stderr(Stdio::null());
            kill.status().expect("a shell").success()
        };
        let spinning = Spinning(vec![child]);
        assert!(there());
        drop(spinning);
        assert!(!there());
    }
}
