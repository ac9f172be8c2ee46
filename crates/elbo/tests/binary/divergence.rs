//! Trainings whose numbers leave the finite: what is said of them, and what they leave.

use elbo_nn::Checkpoint;

use crate::sandbox::{SMALL, Sandbox};

const LAST: &str = "run/checkpoints/last.safetensors";
const TRAIN: [&str; 5] = ["train", "--data-dir", "digits", "--out", "run"];

/// A training of 128 images a step, four steps an epoch, with more arguments.
fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TRAIN.into_iter().chain(SMALL).chain(["--device", "cpu"]).chain(more.iter().copied()).collect()
}

/// Whether every tensor of the checkpoint is finite, by its own reader, which refuses others.
#[track_caller]
fn epoch_of(sandbox: &Sandbox, inside: &str) -> u64 {
    Checkpoint::load(&sandbox.path(inside)).unwrap().metadata["epoch"].as_u64().unwrap()
}

#[test]
fn a_learning_rate_that_is_too_high_is_named_with_step_and_call() {
    let sandbox = Sandbox::with_digits(500, 50);
    let outcome = sandbox.elbo(arguments(&["--lr", "1e30"]));
    outcome.is_refused_with(&[
        "elbo: epoch 1, step ",
        " of 4: the loss is ",
        ", first `",
        " of `train`, crates/elbo-vae/src/",
        "the learning rate 1e30 is likely too high, try --lr 0.001",
        "no epoch was completed, so no checkpoint was written",
    ]);
    assert!(!sandbox.path(LAST).exists());
    let again = sandbox.elbo(arguments(&["--lr", "1e30", "--force"]));
    assert_eq!(again.stderr, outcome.stderr, "found once, found again");
}

#[test]
fn a_training_that_diverges_later_keeps_and_names_its_last_good_checkpoint() {
    let sandbox = Sandbox::with_digits(500, 50);
    let outcome = sandbox.elbo(arguments(&["--epochs", "4", "--lr-at", "3:1e20"]));
    outcome.is_refused_with(&[
        "elbo: epoch 3, step ",
        "the learning rate 1e20 is likely too high, try --lr-at 3:0.001",
        "the last good checkpoint is run/checkpoints/last.safetensors (epoch 2)",
    ]);
    assert_eq!(epoch_of(&sandbox, LAST), 2);
    assert_eq!(sandbox.text("run/metrics.csv").lines().count(), 3);
    let resume = ["train", "--resume", "run", "--data-dir", "digits", "--epochs", "3"];
    let outcome = sandbox.elbo(resume.iter().chain(&["--lr-at", "3:1e-4"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(epoch_of(&sandbox, LAST), 3);
}

/// A checkpoint of one epoch with one of its tensors filled with something finite.
fn altered(sandbox: &Sandbox, tensor: &str, value: f32) {
    let outcome = sandbox.elbo(arguments(&["--epochs", "1"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let mut checkpoint = Checkpoint::load(&sandbox.path(LAST)).unwrap();
    checkpoint.tensors.get_mut(tensor).unwrap().values.fill(value);
    checkpoint.save(&sandbox.path("altered.safetensors")).unwrap();
}

const RESUME: [&str; 9] = [
    "train",
    "--resume",
    "altered.safetensors",
    "--data-dir",
    "digits",
    "--epochs",
    "2",
    "--out",
    "on",
];

#[test]
fn finite_weights_that_overflow_in_the_middle_are_traced_to_the_call() {
    let sandbox = Sandbox::with_digits(500, 50);
    // e^(log σ² / 2) of a log σ² of 200 is beyond single precision.
    altered(&sandbox, "fc22.bias", 200.0);
    let evaluate = ["evaluate", "--checkpoint", "altered.safetensors", "--data-dir", "digits"];
    sandbox.elbo(evaluate).is_refused_with(&[
        "elbo: altered.safetensors: its loss is ",
        "first `exp` after fc22 (call ",
        " of `evaluate`, crates/elbo-vae/src/trained.rs:",
        "gave inf from values of up to 1.",
    ]);
    sandbox.elbo(RESUME).is_refused_with(&[
        "elbo: epoch 2, step 1 of 4: the loss is ",
        "first `exp` after fc22 (call ",
        " of `train`, crates/elbo-vae/src/entries.rs:",
        "what the training began with leads there at once, whatever the learning rate",
    ]);
    // What it went on from, and nothing of the epoch that went wrong.
    let last = sandbox.bytes("on/checkpoints/last.safetensors");
    assert!(last == sandbox.bytes("altered.safetensors"));
}

#[test]
fn a_moment_that_throws_the_weights_away_is_traced_to_adam() {
    let sandbox = Sandbox::with_digits(500, 50);
    altered(&sandbox, "optimizer.exp_avg.fc3.weight", 3e38);
    sandbox.elbo(RESUME).is_refused_with(&[
        "elbo: epoch 2, step 1 of 4: the loss is ",
        " of fc3.weight (call ",
        "gave ",
        "the learning rate 0.001 is likely too high, try --lr 1e-4",
    ]);
}
