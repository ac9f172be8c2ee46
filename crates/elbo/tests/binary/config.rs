//! Settings in a file.

use std::fs;

use crate::sandbox::{SMALL, Sandbox};

const LAST: &str = "checkpoints/last.safetensors";

#[test]
fn a_runs_own_settings_start_the_same_run_again() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "1", "--lr", "0.002", "--seed", "7", "--threads", "1"]);
    sandbox.train(&["--resume", "runs/0001", "--epochs", "2"]);
    let outcome = sandbox.elbo(["train", "--config", "runs/0001/config.toml"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for file in [LAST, "samples.png"] {
        let [first, again] = [1, 2].map(|run| sandbox.bytes(&format!("runs/000{run}/{file}")));
        assert!(first == again, "{file}");
    }
    assert_eq!(sandbox.text("runs/0002/metrics.csv").lines().count(), 3);
}

#[test]
fn flags_win_over_the_file() {
    let sandbox = Sandbox::with_digits(150, 50);
    let text = "epochs = 9\nhidden = 8\nlatent = 2\ndata-dir = \"nowhere\"\nthreads = 1\n";
    fs::write(sandbox.path("my.toml"), text).unwrap();
    let flags = "--epochs 1 --data-dir digits --device cpu";
    let outcome =
        sandbox.elbo(["train", "--config", "my.toml"].into_iter().chain(flags.split(' ')));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("VAE 784-8-2 on "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("cpu, 1 thread, "), "{}", outcome.stdout);
    assert_eq!(sandbox.text("runs/0001/metrics.csv").lines().count(), 2);
}

#[test]
fn what_is_wrong_with_the_file_is_one_line_with_its_place() {
    let sandbox = Sandbox::with_digits(150, 50);
    for (text, place) in [
        ("epochs = 1\nepoch = 3\n", "my.toml:2: unknown field `epoch`"),
        ("epochs = \"three\"\n", "my.toml:1: invalid type"),
        ("epochs = 1\n[data\n", "my.toml:2: "),
        ("epochs = 0\n", "my.toml: epochs: 0 is too small; give at least 1"),
        ("threads = 5000\n", "--threads: 5000 is too many; give at most 1024"),
        ("batch-size = 151\n", "my.toml: batch-size: 151 is more than the 150 training images"),
    ] {
        fs::write(sandbox.path("my.toml"), text).unwrap();
        let outcome = sandbox.elbo(["train", "--config", "my.toml", "--data-dir", "digits"]);
        outcome.is_refused_with(&[place]);
    }
    sandbox
        .elbo(["train", "--config", "gone.toml"])
        .is_refused_with(&["gone.toml: cannot be read"]);
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn the_environments_folder_stands_behind_the_files() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.write_digits("environment", 140, 30);
    fs::write(sandbox.path("my.toml"), "epochs = 1\ndata-dir = \"digits\"\n").unwrap();
    let arguments = ["train", "--config", "my.toml"].into_iter().chain(SMALL);
    let outcome = sandbox.elbo_with(arguments, &[("ELBO_MNIST_DIR", "environment")]);
    assert!(outcome.stdout.contains("150 train"), "{}", outcome.stderr);
}
