//! Learning rates that change from an epoch on.

use std::fs;

use crate::sandbox::Sandbox;

const LAST: &str = "checkpoints/last.safetensors";

#[test]
fn stages_are_the_same_by_flags_by_file_and_resumed() {
    let sandbox = Sandbox::with_digits(352, 50);
    let stages = ["--lr-at", "2:3e-4,4:1e-5"];
    sandbox.train(&[&["--epochs", "4", "--out", "straight"], &stages[..]].concat());
    let twice = ["--lr-at", "2:3e-4", "--lr-at", "4:1e-5"];
    sandbox.train(&[&["--epochs", "2", "--out", "halves"], &twice[..]].concat());
    sandbox.train(&["--resume", "halves", "--epochs", "4"]);
    let config: toml::Table = sandbox.text("straight/config.toml").parse().unwrap();
    assert_eq!(config["lr-at"].as_array().unwrap()[1].as_str(), Some("4:0.00001"));
    let outcome = sandbox.elbo(["train", "--config", "straight/config.toml", "--out", "file"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let straight = sandbox.bytes(&format!("straight/{LAST}"));
    for run in ["halves", "file"] {
        assert!(straight == sandbox.bytes(&format!("{run}/{LAST}")), "{run}");
    }

    // A learning rate alone is meant for all epochs, and so another training.
    let flags = ["train", "--config", "straight/config.toml", "--lr", "1e-3", "--out", "flat"];
    assert_eq!(sandbox.elbo(flags).code, Some(0));
    assert!(straight != sandbox.bytes(&format!("flat/{LAST}")));
    sandbox.train(&["--epochs", "4", "--out", "plain"]);
    assert!(sandbox.bytes(&format!("plain/{LAST}")) == sandbox.bytes(&format!("flat/{LAST}")));
}

#[test]
fn stages_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::with_digits(150, 50);
    let train = ["train", "--data-dir", "digits"];
    for (stages, word) in [
        ("1:1e-4", "--lr-at: 1:0.0001 begins with the training"),
        ("5:1e-4,3:1e-5", "--lr-at: 3:0.00001 comes after epoch 5"),
        ("5:0", "--lr-at: 5:0 has no learning rate"),
    ] {
        sandbox.elbo(train.iter().chain(&["--lr-at", stages])).is_refused_with(&[word]);
    }
    let outcome = sandbox.elbo(train.iter().chain(&["--lr-at", "5"]));
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("`5` is no EPOCH:RATE; write it as 50:3e-4"));
    fs::write(sandbox.path("my.toml"), "lr-at = [\"9:1e-4\", \"8:1e-4\"]\n").unwrap();
    let outcome = sandbox.elbo(train.iter().chain(&["--config", "my.toml"]));
    outcome.is_refused_with(&["my.toml: lr-at: 8:0.0001 comes after epoch 9"]);
    assert!(!sandbox.path("runs").exists());
}
