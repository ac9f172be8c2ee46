//! One start of the program, killed at a chosen moment unless it ends before.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::folder;

/// How long to wait for a training that takes a second or two. It hangs if it takes longer.
const FOREVER: Duration = Duration::from_secs(120);

/// Environment variables that would change what the program does.
const UNSET: [&str; 4] = ["ELBO_COMMAND", "ELBO_CPU_LEVEL", "ELBO_MNIST_DIR", "RUST_BACKTRACE"];

/// When to kill.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Never.
    Never,
    /// So long after the start.
    After(Duration),
    /// When so many passing files have come up, and then a little later: while the last is written.
    Write { number: u64, later: Duration },
}

/// How a start ended.
pub(crate) struct End {
    /// What the program said itself; none when it was killed.
    pub(crate) status: Option<ExitStatus>,
    /// What it wrote to standard error.
    pub(crate) said: String,
    /// Passing files that were seen to come up. Those that live too short are not.
    pub(crate) writes: u64,
    /// How long it ran.
    pub(crate) time: Duration,
}

/// The program in a folder.
pub(crate) fn command(program: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    for name in UNSET {
        command.env_remove(name);
    }
    command.env("ELBO_OFFLINE", "1").args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts the program, watches the run folder, and kills it with SIGKILL when it is time.
pub(crate) fn run(mut command: Command, run: &Path, moment: Moment) -> io::Result<End> {
    let before = folder::passing(run);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let (writes, status) = watch(&mut child, run, &before, moment, began)?;
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    Ok(End { status, said, writes, time: began.elapsed() })
}

/// Counts passing files until the program has ended or was killed.
fn watch(
    child: &mut Child,
    run: &Path,
    before: &BTreeSet<PathBuf>,
    moment: Moment,
    began: Instant,
) -> io::Result<(u64, Option<ExitStatus>)> {
    let mut seen = before.clone();
    let mut writes = 0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((writes, Some(status)));
        }
        for path in folder::passing(run) {
            writes += u64::from(seen.insert(path));
        }
        let is_time = match moment {
            Moment::Never => began.elapsed() >= FOREVER,
            Moment::After(time) => began.elapsed() >= time,
            Moment::Write { number, .. } => writes >= number || began.elapsed() >= FOREVER,
        };
        if !is_time {
            continue;
        }
        if began.elapsed() >= FOREVER {
            child.kill()?;
            child.wait()?;
            let fact = format!("still running after {} s", FOREVER.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, fact));
        }
        if let Moment::Write { later, .. } = moment {
            thread::sleep(later);
        }
        // One that has ended meanwhile is none that was killed.
        if let Some(status) = child.try_wait()? {
            return Ok((writes, Some(status)));
        }
        child.kill()?;
        let status = child.wait()?;
        // Between the look and the kill it may still end by itself, with a code.
        return Ok((writes, status.code().is_some().then_some(status)));
    }
}
