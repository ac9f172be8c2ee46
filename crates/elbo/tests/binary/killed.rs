//! What a kill leaves at each place where there is something to lose, and that going on mends it.

use std::fs;

use crate::sandbox::{SMALL, Sandbox};

const EVERY: [&str; 4] = ["--image-every", "1", "--log-every", "0"];
const LAST: &str = "checkpoints/last.safetensors";

/// A whole run of some epochs in `straight`, and another of as many in `mine` to do harm to.
fn two_runs(epochs: &str) -> Sandbox {
    let sandbox = Sandbox::with_digits(150, 50);
    for run in ["straight", "mine"] {
        sandbox.train(&[&["--epochs", epochs, "--out", run], &EVERY[..]].concat());
    }
    sandbox
}

impl Sandbox {
    fn remove(&self, files: &[&str]) {
        files.iter().for_each(|file| fs::remove_file(self.path(file)).unwrap());
    }

    #[track_caller]
    fn same_bytes(&self, files: &[&str]) {
        for file in files {
            let [mine, straight] =
                ["mine", "straight"].map(|run| self.bytes(&format!("{run}/{file}")));
            assert!(mine == straight, "{file}");
        }
    }
}

#[test]
fn what_the_end_leaves_is_made_up_for() {
    let sandbox = two_runs("2");
    let again = ["train", "--data-dir", "digits", "--resume", "mine"];
    sandbox.elbo(again).is_refused_with(&["is at epoch 2 already"]);
    for gone in [&["mine/report.html"][..], &["mine/samples.png", "mine/report.html"]] {
        sandbox.remove(gone);
        let outcome = sandbox.train(&["--resume", "mine"]);
        assert!(outcome.stdout.contains("\n0 epochs in "), "{}", outcome.stdout);
        assert!(sandbox.path("mine/report.html").exists());
        sandbox.same_bytes(&["samples.png", LAST, "vae_img/image_2.png"]);
    }
    sandbox.elbo(again).is_refused_with(&["is at epoch 2 already"]);
    // Less than it has is no end that is missing, and elsewhere none is.
    sandbox.remove(&["mine/report.html"]);
    let words = ["is at epoch 2 already, 1 asked for"];
    sandbox.elbo(again.iter().chain(&["--epochs", "1"])).is_refused_with(&words);
    let words = ["is at epoch 2 already, 2 asked for"];
    sandbox.elbo(again.iter().chain(&["--out", "other"])).is_refused_with(&words);
}

#[test]
fn an_earlier_end_is_not_taken_for_the_last_one() {
    let sandbox = two_runs("1");
    // As far as where all is trained and not yet saved.
    let blocked = sandbox.path("mine/checkpoints/epoch-0002.safetensors");
    fs::create_dir(&blocked).unwrap();
    let resume = ["train", "--data-dir", "digits", "--resume", "mine", "--epochs", "2"];
    let outcome = sandbox.elbo(resume);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("epoch-0002.safetensors: "), "{}", outcome.stderr);
    for file in ["samples.png", "report.html"] {
        assert!(!sandbox.path(format!("mine/{file}")).exists(), "{file} is of epoch 1");
    }
    fs::remove_dir(blocked).unwrap();
    sandbox.train(&["--resume", "mine", "--epochs", "2"]);
    sandbox.train(&["--resume", "straight", "--epochs", "2"]);
    sandbox.same_bytes(&["samples.png", LAST]);
}

#[test]
fn a_first_epoch_goes_on_from_whichever_checkpoint_it_has() {
    for gone in [&["last"][..], &["last", "best"], &["last", "epoch-0001"]] {
        let sandbox = two_runs("1");
        for name in gone {
            sandbox.remove(&[&format!("mine/checkpoints/{name}.safetensors")]);
        }
        sandbox.remove(&["mine/samples.png", "mine/report.html"]);
        let train = ["train", "--data-dir", "digits", "--epochs", "1", "--out", "mine"];
        sandbox.elbo(train).is_refused_with(&["mine: holds a run already; go on with --resume"]);
        sandbox.train(&["--resume", "mine"]);
        sandbox.same_bytes(&[LAST, "checkpoints/best.safetensors", "samples.png"]);
    }
}

#[test]
fn a_run_without_a_checkpoint_begins_again_by_the_same_command() {
    let sandbox = two_runs("1");
    sandbox.remove(&["mine/samples.png", "mine/report.html"]);
    for name in ["last", "best", "epoch-0001"] {
        sandbox.remove(&[&format!("mine/checkpoints/{name}.safetensors")]);
    }
    let resume = ["train", "--data-dir", "digits", "--resume", "mine"];
    sandbox.elbo(resume).is_refused_with(&["no checkpoint in this run folder yet", "train anew"]);
    // Its row and its picture are of a training that nobody can go on with.
    let train = ["train", "--data-dir", "digits", "--epochs", "1", "--out", "mine"];
    let outcome = sandbox.elbo(train.iter().chain(&SMALL).chain(&["--image-every", "0"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(sandbox.text("mine/metrics.csv").lines().count(), 2);
    assert!(!sandbox.path("mine/vae_img/image_1.png").exists());
}

#[test]
fn what_was_being_written_is_swept_away_and_a_cut_row_is_trained_anew() {
    let sandbox = two_runs("2");
    let mine = |name: &str| sandbox.path(format!("mine/{name}"));
    for name in [".elbo-a1B2c3", "checkpoints/.elbo-000000", "vae_img/.elbo-zzzzzz"] {
        fs::write(mine(name), "half").unwrap();
    }
    fs::write(mine("checkpoints/notes"), "mine").unwrap();
    let rows = sandbox.text("mine/metrics.csv");
    fs::write(mine("metrics.csv"), format!("{rows}3,6,12")).unwrap();
    sandbox.train(&["--resume", "mine", "--epochs", "3"]);
    sandbox.train(&["--resume", "straight", "--epochs", "3"]);
    sandbox.same_bytes(&[LAST, "samples.png"]);
    assert_eq!(sandbox.text("mine/metrics.csv").lines().count(), 4);
    let left = |folder: &str| {
        let entries = fs::read_dir(mine(folder)).unwrap().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".elbo-")).count()
    };
    assert_eq!([left("."), left("checkpoints"), left("vae_img")], [0; 3]);
    assert!(mine("checkpoints/notes").exists());
}

#[test]
fn a_run_that_goes_on_elsewhere_has_its_last_checkpoint_there_from_the_start() {
    let sandbox = two_runs("1");
    // Refused by the system, so that it ends right after its first epoch is trained.
    fs::create_dir_all(sandbox.path("branch/vae_img/image_2.png")).unwrap();
    let resume = ["train", "--data-dir", "digits", "--epochs", "2", "--resume"];
    let outcome = sandbox.elbo(resume.iter().chain(&["mine", "--out", "branch"]));
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(sandbox.bytes(&format!("branch/{LAST}")) == sandbox.bytes(&format!("mine/{LAST}")));
    fs::remove_dir(sandbox.path("branch/vae_img/image_2.png")).unwrap();
    let outcome = sandbox.elbo(resume.iter().chain(&["branch"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    sandbox.train(&["--resume", "straight", "--epochs", "2"]);
    let last = |run: &str| sandbox.bytes(&format!("{run}/{LAST}"));
    assert!(last("branch") == last("straight"));
}
