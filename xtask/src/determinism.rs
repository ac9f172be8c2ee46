//! One training, one checkpoint: the same bytes from both build profiles and from any number of threads,
//! on each path of vector instructions that this machine has.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use elbo_torture::digits;

use crate::{Outcome, cargo, root};

/// 784 inputs, as the model has that people train; a full batch and one that is not. No more: without vector
/// instructions a step takes seconds.
const IMAGES: u32 = 128 + 37;
const TEST_IMAGES: u32 = 100;

const THREADS: [&str; 4] = ["1", "2", "3", "8"];
const PROFILES: [&str; 2] = ["dev", "release"];

/// How far losses may lie apart between two paths, as a share of them: paths round differently.
const BETWEEN_PATHS: f64 = 1e-5;

/// What stands before the levels in the first line of `elbo devices`.
const LEVELS: &str = "ELBO_CPU_LEVEL may ask for ";

pub(crate) fn run() -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| {
        format!("determinism: no folder to work in, {error}; name one in TMPDIR")
    })?;
    check(folder.path())
}

fn check(folder: &Path) -> Outcome {
    digits::write(&folder.join("digits"), IMAGES, TEST_IMAGES)
        .map_err(|error| format!("determinism: {} cannot be written, {error}", folder.display()))?;
    let mut before: Option<Trained> = None;
    for level in levels(folder)? {
        let mut first: Option<Trained> = None;
        for (profile, threads) in PROFILES.iter().flat_map(|p| THREADS.map(|t| (*p, t))) {
            let trained = Trained::new(folder, &level, profile, threads)?;
            let first = first.get_or_insert_with(|| trained.clone());
            if first.checkpoint != trained.checkpoint {
                return Err(format!(
                    "determinism: {} and {} leave different checkpoints",
                    first.what, trained.what
                ));
            }
        }
        let Some(first) = first else { continue };
        println!("{level:<7} the same {} bytes from {} runs", first.checkpoint.len(), RUNS);
        match &before {
            Some(before) => println!("{:<7} {}", "", near(before, &first)?),
            None => before = Some(first),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Trainings a path.
const RUNS: usize = THREADS.len() * PROFILES.len();

/// How far the losses of two paths lie apart, or a refusal.
fn near(a: &Trained, b: &Trained) -> Result<String, String> {
    let apart = a.losses.iter().zip(&b.losses).map(|(a, b)| (a / b - 1.0).abs());
    let most = apart.fold(0.0, f64::max);
    if a.losses.len() == b.losses.len() && most <= BETWEEN_PATHS {
        return Ok(format!("losses within {most:.1e} of {}", a.what));
    }
    Err(format!("determinism: losses of {} and {} are {most:e} apart", a.what, b.what))
}

/// The levels of this machine, as the program names them.
fn levels(folder: &Path) -> Result<Vec<String>, String> {
    let output = output(elbo(folder, PROFILES[0]).arg("devices"))?;
    let line = output.lines().next().unwrap_or_default();
    let (_, levels) =
        line.split_once(LEVELS).ok_or(format!("determinism: no levels in `{line}`"))?;
    Ok(levels.split(", ").map(str::to_string).collect())
}

/// What a training has left.
#[derive(Clone)]
struct Trained {
    what: String,
    checkpoint: Vec<u8>,
    losses: Vec<f64>,
}

impl Trained {
    fn new(folder: &Path, level: &str, profile: &str, threads: &str) -> Result<Self, String> {
        let what = format!("{level}, {profile}, {threads} threads");
        let out = format!("{level}-{profile}-{threads}");
        let mut command = elbo(folder, profile);
        command.args(["train", "--data-dir", "digits", "--device", "cpu", "--epochs", "1"]);
        command.args(["--threads", threads, "--out", &out]).env("ELBO_CPU_LEVEL", level);
        output(&mut command)?;
        let out = folder.join(out);
        let unread = |path: &Path, fact: String| format!("determinism: {}: {fact}", path.display());
        let path = out.join("checkpoints/last.safetensors");
        let checkpoint = fs::read(&path).map_err(|error| unread(&path, error.to_string()))?;
        let path = out.join("metrics.csv");
        let metrics =
            fs::read_to_string(&path).map_err(|error| unread(&path, error.to_string()))?;
        let losses = losses(&metrics).ok_or_else(|| unread(&path, "no row of losses".into()))?;
        Ok(Self { what, checkpoint, losses })
    }
}

/// The last row's losses.
fn losses(metrics: &str) -> Option<Vec<f64>> {
    let mut lines = metrics.lines();
    let names = lines.next()?.split(',');
    let cells = names.zip(lines.last()?.split(','));
    cells.filter(|(name, _)| name.contains("loss")).map(|(_, cell)| cell.parse().ok()).collect()
}

/// The program of a build profile, to be run in `folder`.
fn elbo(folder: &Path, profile: &str) -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--profile", profile, "--package", "elbo", "--bin", "elbo"]);
    command.arg("--manifest-path").arg(root().join("Cargo.toml")).arg("--").current_dir(folder);
    command.env("ELBO_OFFLINE", "1").env_remove("ELBO_CPU_LEVEL").stdin(Stdio::null());
    command.stderr(Stdio::inherit());
    command
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| {
        format!("determinism: cargo does not start, {error}; is it on the PATH?")
    })?;
    if !output.status.success() {
        return Err(format!("determinism: elbo failed, see above ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("determinism: elbo says {error}"))
}
