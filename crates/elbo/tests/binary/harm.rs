//! A disk that is full, a folder that cannot be written, one that is gone: one line, a code, and every
//! earlier checkpoint as it was.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    sandbox::{Outcome, SMALL, Sandbox},
    stop::Going,
};

const LAST: &str = "checkpoints/last.safetensors";

/// A file system of its own in memory, gone with the test.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Nothing where the system does not let us, and then says so.
    fn new(folder: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let done = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "elbo"], &folder);
        if !done {
            println!("skipped: no file system can be mounted here; it takes root on Linux");
        }
        done.then_some(Self { folder })
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.folder));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.folder).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}

/// A failure of the machine.
const OF_THE_MACHINE: u8 = 1;
/// A failure that another name or folder would help.
const OF_THE_NAME: u8 = 2;

/// Expects a failure, said in one line that has these words.
#[track_caller]
fn failed_with(code: u8, outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, Some(code.into()), "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word} in {}", outcome.stderr);
    }
}

/// Loads every checkpoint of a run, and expects nothing half-written. Returns how many there are.
#[track_caller]
fn whole_checkpoints(run: &Path) -> usize {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap().flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    for path in &paths {
        elbo_nn::Checkpoint::load(path).unwrap();
    }
    paths.len()
}

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["train", "--data-dir", "digits"].iter().chain(&SMALL).chain(more).copied().collect()
}

#[test]
fn a_full_disk_ends_a_training_that_goes_on_when_there_is_room() {
    let sandbox = Sandbox::with_digits(150, 50);
    let Some(disk) = Disk::new(sandbox.path("disk"), "1200k") else { return };
    let every = ["--epochs", "9", "--checkpoint-every", "1", "--image-every", "2"];
    let outcome = sandbox.elbo(train(&[&["--out", "disk/mine"], &every[..]].concat()));
    failed_with(OF_THE_MACHINE, &outcome, &["elbo: disk/mine/", "No space left", "check the disk"]);
    let kept = whole_checkpoints(&disk.folder.join("mine"));
    assert!((3..9).contains(&kept), "{kept}");
    // Every time again, and no further.
    let resume = train(&["--resume", "disk/mine"]);
    let last = sandbox.bytes(&format!("disk/mine/{LAST}"));
    failed_with(OF_THE_MACHINE, &sandbox.elbo(&resume), &["No space left"]);
    assert_eq!(whole_checkpoints(&disk.folder.join("mine")), kept);
    assert!(sandbox.bytes(&format!("disk/mine/{LAST}")) == last);

    disk.remount("size=16m");
    let outcome = sandbox.elbo(&resume);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    sandbox.train(&[&["--out", "straight"], &every[..]].concat());
    for file in [LAST, "checkpoints/best.safetensors", "samples.png", "vae_img/image_8.png"] {
        let [mine, straight] =
            ["disk/mine", "straight"].map(|run| sandbox.bytes(&format!("{run}/{file}")));
        assert!(mine == straight, "{file}");
    }
    assert_eq!(sandbox.text("disk/mine/metrics.csv").lines().count(), 10);
}

#[test]
fn a_limit_on_the_size_of_files_is_told_as_a_full_disk_is() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--out", "mine"]);
    let last = sandbox.bytes(&format!("mine/{LAST}"));
    let elbo = sandbox.command(train(&["--resume", "mine", "--epochs", "2"]));
    // Room for everything but a checkpoint.
    let limited = r#"ulimit -f 100 && exec "$0" "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(elbo.get_program()).args(elbo.get_args());
    command.current_dir(sandbox.path(".")).env("ELBO_OFFLINE", "1");
    failed_with(
        OF_THE_MACHINE,
        &Outcome::of(&mut command),
        &["mine/checkpoints/best.safetensors: cannot be written (File too large (os error 27));"],
    );
    assert!(sandbox.bytes(&format!("mine/{LAST}")) == last);
    assert_eq!(whole_checkpoints(&sandbox.path("mine")), 2, "nothing half-written is left");
    sandbox.train(&["--resume", "mine", "--epochs", "2"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_before_anything_is_trained() {
    let sandbox = Sandbox::with_digits(150, 50);
    let Some(disk) = Disk::new(sandbox.path("disk"), "8m") else { return };
    sandbox.train(&["--epochs", "1", "--out", "disk/mine"]);
    disk.remount("ro");
    let fresh = sandbox.elbo(train(&["--out", "disk/other"]));
    fresh.is_refused_with(&["disk/other", "Read-only", "name a folder that can be written"]);
    let resume = train(&["--resume", "disk/mine", "--epochs", "2"]);
    failed_with(
        OF_THE_NAME,
        &sandbox.elbo(&resume),
        &["disk/mine/.lock: cannot be written", "permissions"],
    );
    failed_with(
        OF_THE_NAME,
        &sandbox.elbo(["report", "disk/mine"]),
        &["report.html: cannot be written"],
    );
    // To read it is all that going on elsewhere takes.
    let outcome = sandbox.elbo(resume.iter().chain(&["--out", "elsewhere"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(whole_checkpoints(&sandbox.path("disk/mine")), 2);
}

#[test]
fn a_run_folder_that_goes_away_ends_the_training_and_what_was_moved_is_whole() {
    let sandbox = Sandbox::with_digits(352, 50);
    let going = Going::start(&sandbox, &["--out", "mine"]);
    let last = sandbox.path(format!("mine/{LAST}"));
    while !last.exists() {
        std::thread::yield_now();
    }
    fs::rename(sandbox.path("mine"), sandbox.path("moved")).unwrap();
    let (code, said) = going.end_with_error();
    assert_eq!(code, Some(OF_THE_NAME.into()), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("elbo: mine/") && said.contains("; "), "{said}");
    assert!(!said.contains(".elbo-"), "a passing name: {said}");
    assert!(!sandbox.path("mine").exists());
    whole_checkpoints(&sandbox.path("moved"));
    let rows = sandbox.text("moved/metrics.csv").lines().count().to_string();
    let resume = ["train", "--data-dir", "digits", "--resume", "moved", "--epochs", &rows];
    let outcome = sandbox.elbo(resume);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn a_file_where_a_folder_should_be_is_named() {
    let sandbox = Sandbox::with_digits(150, 50);
    for file in ["plain", "runs", "one/checkpoints", "two/vae_img"] {
        let path = sandbox.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "mine").unwrap();
    }
    let refused = |more: &[&str], words: &[&str]| {
        sandbox.elbo(train(more)).is_refused_with(words);
    };
    refused(&["--out", "plain"], &["plain: is a file; name a folder with --out"]);
    refused(&["--out", "plain/inside"], &["plain/inside", "cannot be made (", "--out"]);
    refused(&[], &["runs: cannot be made (", "--out"]);
    refused(&["--out", "one"], &["one/checkpoints: cannot be made (", "--out"]);
    refused(&["--out", "two"], &["two/vae_img: cannot be made (", "--out"]);
    for file in ["plain", "runs", "one/checkpoints", "two/vae_img"] {
        assert_eq!(sandbox.text(file), "mine");
    }
}

#[test]
fn a_folder_where_a_file_should_be_costs_no_checkpoint() {
    let sandbox = Sandbox::with_digits(150, 50);
    fs::create_dir_all(sandbox.path("mine/samples.png")).unwrap();
    let arguments: Vec<OsString> =
        train(&["--epochs", "1", "--out", "mine"]).into_iter().map(Into::into).collect();
    failed_with(OF_THE_NAME, &sandbox.elbo(&arguments), &["mine/samples.png: cannot be written"]);
    assert_eq!(whole_checkpoints(&sandbox.path("mine")), 2);
    fs::remove_dir(sandbox.path("mine/samples.png")).unwrap();
    sandbox.train(&["--resume", "mine"]);
    assert!(sandbox.path("mine/report.html").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_goes_to_a_full_disk_is_a_failure_and_a_trainings_lines_are_not() {
    let sandbox = Sandbox::with_digits(150, 50);
    let told_nothing = |arguments: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        Outcome::of(sandbox.command(arguments).stdout(full))
    };
    let outcome = told_nothing(&train(&["--epochs", "1", "--out", "mine"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let checkpoint = format!("mine/{LAST}");
    for arguments in [
        &["devices"][..],
        &["plan"],
        &["info", &checkpoint],
        &["evaluate", "--checkpoint", &checkpoint, "--data-dir", "digits", "--json"],
        &["completions", "bash"],
    ] {
        failed_with(
            OF_THE_MACHINE,
            &told_nothing(arguments),
            &["standard output: cannot be written (No space"],
        );
    }
}
