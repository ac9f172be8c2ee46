//! Signals, and two trainings that want one folder.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::sandbox::Sandbox;

const LAST: &str = "checkpoints/last.safetensors";

/// A small model and many steps an epoch.
const TRAIN: [&str; 9] =
    ["train", "--data-dir", "digits", "--hidden", "16", "--latent", "3", "--batch-size", "4"];

/// More epochs than any test waits for.
const FOREVER: [&str; 2] = ["--epochs", "1000000"];

/// A training that goes on until it is stopped.
pub(crate) struct Going {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Going {
    /// Starts one on `digits` and waits for its first epoch.
    pub(crate) fn start(sandbox: &Sandbox, more: &[&str]) -> Self {
        let train = TRAIN.into_iter().chain(FOREVER).chain(more.iter().copied());
        let mut command = sandbox.command(train);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("elbo starts");
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut going = Self { child, lines };
        going.wait_for_an_epoch();
        going
    }

    fn wait_for_an_epoch(&mut self) {
        let mut line = String::new();
        while !line.starts_with("epoch ") {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "ended before its next epoch");
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        // The shell's own: not every system has a program for it.
        let sent = Command::new("sh").args(["-c", "kill \"$0\" \"$1\"", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Exit code of a training that ends by itself, and what it wrote to standard error.
    pub(crate) fn end_with_error(mut self) -> (Option<i32>, String) {
        let mut lines = String::new();
        self.lines.read_to_string(&mut lines).unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    /// Exit code and what else it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        // Ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_signal_ends_a_training_that_goes_on_as_if_it_had_not() {
    let sandbox = Sandbox::with_digits(3000, 50);
    for (signal, code, run) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        let going = Going::start(&sandbox, &["--out", run]);
        going.signal(signal);
        let (ended, said) = going.end();
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("\nstopped after "), "{said}");
        let command = format!("go on:   elbo train --resume {run} --data-dir digits\n");
        assert!(said.ends_with(&command), "{said}");
        assert!(!sandbox.path(format!("{run}/samples.png")).exists());

        let checkpoint = elbo_nn::Checkpoint::load(&sandbox.path(format!("{run}/{LAST}"))).unwrap();
        let done = checkpoint.metadata["epoch"].as_u64().unwrap();
        let rows = sandbox.text(&format!("{run}/metrics.csv")).lines().count() as u64 - 1;
        assert_eq!(rows, done);
        // A page can be had of any checkpoint, one from an epoch's middle too.
        let outcome = sandbox.elbo(["report", run]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let page = sandbox.text(&format!("{run}/report.html"));
        assert!(page.contains(&format!("<dt>epochs</dt><dd>{done}</dd>")));
        let epochs = (done + 1).to_string();
        let resume = ["train", "--resume", run, "--data-dir", "digits", "--epochs", &epochs];
        if !checkpoint.metadata["middle"].is_null() {
            let other = resume.iter().chain(&["--batch-size", "5"]);
            sandbox.elbo(other).is_refused_with(&["stopped in the middle of epoch", "leave"]);
        }
        let outcome = sandbox.elbo(resume);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let straight = format!("straight-{run}");
        let all = TRAIN.into_iter().chain(["--epochs", &epochs, "--out", &straight]);
        assert_eq!(sandbox.elbo(all).code, Some(0));
        let file = |run: &str| sandbox.bytes(&format!("{run}/{LAST}"));
        assert!(file(run) == file(&straight), "after {done} epochs and some steps");
        // All figures but the seconds.
        let rows = |run: &str| {
            let text = sandbox.text(&format!("{run}/metrics.csv"));
            let rows = text.lines().map(|row| row.rsplit_once(',').unwrap().0.to_string());
            rows.collect::<Vec<_>>()
        };
        assert_eq!(rows(run), rows(&straight));
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let sandbox = Sandbox::with_digits(600, 50);
    for (signal, ends, run) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        let mut going = Going::start(&sandbox, &["--out", run]);
        // Told of before it is saved: the second one's line means that the first is on the disk.
        going.wait_for_an_epoch();
        // Both are there before the program looks, or the second comes while it saves: the same code.
        going.signal(signal);
        going.signal(signal);
        let (code, _) = going.end();
        assert_eq!(code, Some(ends));
        // Whatever was being written, the checkpoint is whole.
        elbo_nn::Checkpoint::load(&sandbox.path(format!("{run}/{LAST}"))).unwrap();
    }
}

#[test]
fn two_trainings_do_not_write_to_one_folder() {
    let sandbox = Sandbox::with_digits(352, 50);
    let going = Going::start(&sandbox, &["--out", "mine"]);
    let train = ["train", "--data-dir", "digits"];
    let words = ["mine: another training writes to it right now; wait for its end"];
    sandbox.elbo(train.iter().chain(&["--resume", "mine"])).is_refused_with(&words);
    let last = format!("mine/{LAST}");
    sandbox.elbo(train.iter().chain(&["--resume", &last])).is_refused_with(&words);
    sandbox.elbo(train.iter().chain(&["--out", "mine", "--force"])).is_refused_with(&words);
    // Going on elsewhere reads only.
    let elsewhere = ["--resume", "mine", "--out", "other", "--epochs", "1000000"];
    let outcome = sandbox.elbo(train.iter().chain(&elsewhere).chain(&["--lr", "0"]));
    outcome.is_refused_with(&["--lr: "]);
    going.signal("-TERM");
    assert_eq!(going.end().0, Some(143));
    // Whoever is refused leaves the folder as it is, and free once the other has ended.
    let epochs = sandbox.text("mine/metrics.csv").lines().count().to_string();
    let outcome =
        sandbox.elbo(train.iter().chain(&["--resume", "mine", "--epochs", epochs.as_str()]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}
