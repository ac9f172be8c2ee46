//! Going on from a checkpoint.

use std::fs;

use crate::sandbox::Sandbox;

const LAST: &str = "checkpoints/last.safetensors";

#[test]
fn resume_after_one_epoch_equals_a_straight_run() {
    let sandbox = Sandbox::with_digits(352, 50);
    sandbox.train(&["--epochs", "2", "--out", "straight", "--image-every", "1"]);
    sandbox.train(&["--epochs", "1", "--out", "halves"]);
    let outcome = sandbox.elbo([
        "train",
        "--data-dir",
        "digits",
        "--epochs",
        "2",
        "--resume",
        "halves/checkpoints/last.safetensors",
        "--threads",
        "1",
        "--image-every",
        "2",
    ]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("going on after epoch 1 (step 3) of halves/"));
    assert!(outcome.stdout.contains("VAE 784-16-3 on "), "sizes come from the checkpoint");

    for file in [LAST, "vae_img/image_2.png", "samples.png"] {
        let [straight, halves] =
            ["straight", "halves"].map(|run| sandbox.bytes(&format!("{run}/{file}")));
        assert!(straight == halves, "{file}");
    }
    // All but the seconds.
    let [straight, halves] = ["straight", "halves"].map(|run| {
        let text = sandbox.text(&format!("{run}/metrics.csv"));
        let rows = text.lines().map(|row| row.rsplit_once(',').unwrap().0.to_string());
        rows.collect::<Vec<_>>()
    });
    assert_eq!(straight, halves);
}

#[test]
fn going_back_to_an_earlier_checkpoint_drops_the_later_rows() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "3", "--image-every", "1"]);
    let before = sandbox.text("runs/0001/metrics.csv");
    let earlier = "runs/0001/checkpoints/epoch-0001.safetensors";
    let outcome = sandbox.train(&["--resume", earlier, "--epochs", "2"]);
    assert!(outcome.stdout.contains("epochs 2 to 3 of runs/0001 are trained anew\n"));
    let after = sandbox.text("runs/0001/metrics.csv");
    assert_eq!((before.lines().count(), after.lines().count()), (4, 3));
    assert_eq!(before.lines().nth(1), after.lines().nth(1));
}

#[test]
fn a_run_folder_goes_on_where_it_stopped_or_in_a_folder_of_its_own() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1"]);
    let first = sandbox.bytes(&format!("runs/0001/{LAST}"));
    sandbox.train(&["--resume", "runs/0001", "--epochs", "2", "--out", "branch"]);
    assert!(sandbox.bytes(&format!("runs/0001/{LAST}")) == first);
    assert_eq!(sandbox.text("branch/metrics.csv").lines().count(), 2);

    sandbox.train(&["--resume", "runs/0001", "--epochs", "2"]);
    assert!(
        sandbox.bytes(&format!("runs/0001/{LAST}")) == sandbox.bytes(&format!("branch/{LAST}"))
    );
    assert!(!sandbox.path("runs/0002").exists());
}

#[test]
fn a_training_that_is_over_says_so() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1"]);
    let outcome = sandbox.elbo(["train", "--data-dir", "digits", "--resume", "runs/0001"]);
    outcome.is_refused_with(&["is at epoch 1 already", "--epochs 2"]);
}

#[test]
fn a_checkpoint_of_other_sizes_is_refused() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1"]);
    let resume = ["train", "--data-dir", "digits", "--resume", "runs/0001", "--epochs", "2"];
    let outcome = sandbox.elbo(resume.iter().chain(&["--latent", "20"]));
    outcome.is_refused_with(&["last.safetensors: its model has --latent 3, not 20"]);

    sandbox.write_digits("digits", 151, 50);
    sandbox.elbo(resume).is_refused_with(&["last.safetensors: was trained on", "151 images"]);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_nothing_is_touched() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1"]);
    let path = sandbox.path(format!("runs/0001/{LAST}"));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let outcome =
        sandbox.elbo(["train", "--data-dir", "digits", "--resume", "runs/0001", "--epochs", "2"]);
    outcome.is_refused_with(&["last.safetensors: ", "cut short"]);
    assert_eq!(sandbox.text("runs/0001/metrics.csv"), metrics);

    let outcome = sandbox.elbo(["train", "--resume", "nowhere.safetensors"]);
    outcome.is_refused_with(&["nowhere.safetensors: no such file"]);
}
