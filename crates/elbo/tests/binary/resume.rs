//! Going on from a checkpoint.

use std::fs;

use crate::sandbox::Sandbox;

const LAST: &str = "checkpoints/last.safetensors";

#[test]
fn resume_after_one_epoch_equals_a_straight_run() {
    let sandbox = Sandbox::with_digits(352, 50);
    let every = ["--image-every", "2", "--log-every", "1"];
    sandbox.train(&[&["--epochs", "2", "--out", "straight"], &every[..]].concat());
    sandbox.train(&[&["--epochs", "1", "--out", "halves"], &every[..]].concat());
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
    ]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("going on after epoch 1 (step 3) of halves/"));
    assert!(outcome.stdout.contains("VAE 784-16-3 on "), "sizes come from the checkpoint");
    assert!(outcome.stdout.contains("epoch: 2, Loss: "), "so does how often to log");

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
fn going_back_to_an_earlier_checkpoint_does_not_lose_the_later_epochs() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "3", "--image-every", "1"]);
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let last = sandbox.bytes(&format!("runs/0001/{LAST}"));
    let earlier = "runs/0001/checkpoints/epoch-0001.safetensors";
    let resume = ["train", "--data-dir", "digits", "--resume", earlier, "--epochs", "5"];
    let words = ["runs/0001: ", "epochs 2 to 3", "name another folder with --out"];
    sandbox.elbo(resume).is_refused_with(&words);
    sandbox.elbo(resume.iter().chain(&["--out", "runs/0001"])).is_refused_with(&words);

    sandbox.train(&["--resume", earlier, "--epochs", "3", "--out", "branch"]);
    assert!(sandbox.bytes(&format!("branch/{LAST}")) == last);
    assert_eq!(sandbox.text("runs/0001/metrics.csv"), metrics);
    assert!(sandbox.bytes(&format!("runs/0001/{LAST}")) == last);
}

#[test]
fn rows_beyond_the_newest_checkpoint_are_trained_anew() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--out", "mine"]);
    // As if the program had been stopped between the row and the checkpoint.
    let before = sandbox.text("mine/metrics.csv");
    let row = before.lines().nth(1).unwrap().replacen('1', "2", 1);
    fs::write(sandbox.path("mine/metrics.csv"), format!("{before}{row}\n")).unwrap();
    let outcome = sandbox.train(&["--resume", "mine", "--epochs", "2"]);
    assert!(outcome.stdout.contains("epoch 2 of mine is trained anew\n"));
    let after = sandbox.text("mine/metrics.csv");
    assert_eq!(after.lines().count(), 3);
    assert!(after.starts_with(&before) && !after.contains(&row));
}

#[test]
fn a_stopped_run_without_a_checkpoint_leaves_its_folder_free() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--out", "mine"]);
    for name in ["last", "best"] {
        fs::remove_file(sandbox.path(format!("mine/checkpoints/{name}.safetensors"))).unwrap();
    }
    let again = ["train", "--data-dir", "digits", "--epochs", "1", "--out", "mine"];
    sandbox.elbo(again).is_refused_with(&["mine: holds a run already"]);
    let columns = sandbox.text("mine/metrics.csv").lines().next().unwrap().to_string();
    fs::write(sandbox.path("mine/metrics.csv"), columns + "\n").unwrap();
    sandbox.train(&["--epochs", "1", "--out", "mine"]);
}

#[test]
fn a_run_on_drawn_digits_goes_on_with_them_whatever_else_is_there() {
    let sandbox = Sandbox::new();
    let small = ["train", "--epochs", "1", "--hidden", "8", "--latent", "2"];
    let outcome = sandbox.elbo(small.iter().chain(&["--batch-size", "1024"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    sandbox.write_digits("data/mnist", 150, 50);
    let resume = ["train", "--resume", "runs/0001", "--epochs", "2"];
    let outcome = sandbox.elbo_with(resume, &[("ELBO_MNIST_DIR", "data/mnist")]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("THIS IS NOT MNIST").count(), 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("last.safetensors was trained on drawn digits"));
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

    let set = elbo_data::synthetic_sized(4, 150, 50);
    sandbox.write_set("digits", &set.train, &set.test);
    sandbox.elbo(resume).is_refused_with(&["last.safetensors: was trained on other images"]);

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
