//! Runs the binary with a limit on its time and, where the system keeps one, on its memory.

use std::{
    ffi::OsString,
    fs::{self, File},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::sandbox::{Outcome, Sandbox};

/// KiB that the program may have for its data, of which it needs a tenth: far from what headers claim.
const MEMORY: u32 = 256 << 10;

/// Seconds that the program may compute: refusing takes some milliseconds, a bomb longer.
const SECONDS: u32 = 10;

/// How long it may wait. On a busy machine it has its share of the time alone.
const TIME: Duration = Duration::from_secs(60);

/// Runs the binary. An error where it does not come to an end.
pub(crate) fn run(sandbox: &Sandbox, arguments: &[OsString]) -> Result<Outcome, String> {
    let answers = tempfile::tempdir().unwrap();
    let [out, err] = ["out", "err"].map(|name| answers.path().join(name));
    let mut child = limited(&sandbox.command(arguments))
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        // Files rather than pipes: nobody empties a pipe before the program has ended.
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let end = Instant::now() + TIME;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill().and_then(|()| child.wait()).unwrap();
                return Err(format!("still runs after {TIME:?}"));
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let [stdout, stderr] =
        [out, err].map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
    Ok(Outcome { code: status.code(), stdout, stderr })
}

/// The same command with at most [`MEMORY`] and [`SECONDS`]. Linux counts there what may be written to: heap, stacks,
/// and what a program asks for without ever using it.
fn limited(command: &Command) -> Command {
    if !cfg!(target_os = "linux") {
        return copied(Command::new(command.get_program()), command);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -d {MEMORY} && ulimit -t {SECONDS} && exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program());
    copied(shell, command)
}

fn copied(mut to: Command, from: &Command) -> Command {
    to.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    to
}
