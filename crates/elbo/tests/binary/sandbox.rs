//! An empty folder to run the binary in, with a small data set where a test wants one.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use elbo_data::{Images, Split, idx, synthetic_sized};
use tempfile::TempDir;

/// A model and an epoch so small that a test takes no time.
pub(crate) const SMALL: [&str; 6] = ["--hidden", "16", "--latent", "3", "--batch-size", "128"];

/// Environment variables that would change what a test sees.
const UNSET: [&str; 11] = [
    "CLICOLOR_FORCE",
    "COLUMNS",
    "ELBO_COMMAND",
    "ELBO_CPU_LEVEL",
    "ELBO_MNIST_DIR",
    "ELBO_OFFLINE",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "RUST_BACKTRACE",
];

/// A folder that goes away with the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run of the binary left.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A sandbox whose `digits` holds a set of drawn digits.
    pub(crate) fn with_digits(train: u32, test: u32) -> Self {
        let sandbox = Self::new();
        sandbox.write_digits("digits", train, test);
        sandbox
    }

    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(inside)
    }

    pub(crate) fn write_digits(&self, folder: &str, train: u32, test: u32) {
        let set = synthetic_sized(3, train, test);
        self.write_set(folder, &set.train, &set.test);
    }

    /// Writes a set as IDX files.
    pub(crate) fn write_set(&self, folder: &str, train: &Split, test: &Split) {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, split) in [("train", train), ("t10k", test)] {
            let mut images = fs::File::create(folder.join(format!("{name}-images-idx3-ubyte")));
            idx::write_images(images.as_mut().unwrap(), &split.images).unwrap();
            let mut labels = fs::File::create(folder.join(format!("{name}-labels-idx1-ubyte")));
            idx::write_labels(labels.as_mut().unwrap(), &split.labels).unwrap();
        }
    }

    /// A set of `count` images of another size, each pixel told from its place.
    pub(crate) fn split(count: usize, rows: usize, columns: usize) -> Split {
        let pixels = (0..count * rows * columns).map(|place| (place * 37 % 256) as u8).collect();
        Split { images: Images { pixels, count, rows, columns }, labels: vec![0; count] }
    }

    /// Runs the binary in this folder.
    pub(crate) fn elbo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        self.elbo_with(arguments, &[])
    }

    /// Runs the binary with more environment variables.
    pub(crate) fn elbo_with<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        environment: &[(&str, &str)],
    ) -> Outcome {
        let mut command = self.command(arguments);
        Outcome::of(command.envs(environment.iter().copied()))
    }

    /// The binary in this folder, to be run or started.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elbo"));
        for name in UNSET {
            command.env_remove(name);
        }
        command.env("ELBO_OFFLINE", "1").args(arguments).current_dir(self.folder.path());
        command
    }

    /// Trains a small model on `digits` with more arguments, and expects that to work.
    #[track_caller]
    pub(crate) fn train(&self, more: &[&str]) -> Outcome {
        let arguments = ["train", "--data-dir", "digits"].iter().chain(&SMALL).chain(more);
        let outcome = self.elbo(arguments);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome
    }

    pub(crate) fn bytes(&self, inside: &str) -> Vec<u8> {
        fs::read(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    pub(crate) fn text(&self, inside: &str) -> String {
        String::from_utf8(self.bytes(inside)).unwrap()
    }
}

impl Outcome {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Expects an error of the user's making, said in one line that has these words.
    #[track_caller]
    pub(crate) fn is_refused_with(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("elbo: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word} in {}", self.stderr);
        }
    }
}
