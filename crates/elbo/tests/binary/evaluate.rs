//! A trained model in figures, against the same computed by hand in double precision.

use std::{collections::BTreeMap, fs};

use elbo_nn::{Checkpoint, checkpoint::Tensor};
use serde_json::Value;

use crate::sandbox::Sandbox;

const LAST: &str = "runs/0001/checkpoints/last.safetensors";
const IMAGES: usize = 300;

/// A run of two epochs whose test set is two batches and a part of one.
fn trained() -> Sandbox {
    let sandbox = Sandbox::with_digits(150, IMAGES as u32);
    sandbox.train(&["--epochs", "2"]);
    sandbox
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let outcome = sandbox.elbo(arguments.iter().chain(&["--json"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[track_caller]
fn near(found: &Value, expected: f64, tolerance: f64) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < tolerance, "{found}, expected {expected}");
}

/// What the model's formulas say of the test set, in `f64`.
struct ByHand {
    reconstruction: f64,
    kl: Vec<f64>,
    variances: Vec<f64>,
}

fn linear(tensors: &BTreeMap<String, Tensor>, layer: &str, x: &[f64]) -> Vec<f64> {
    let weights = &tensors[&format!("{layer}.weight")].values;
    let biases = &tensors[&format!("{layer}.bias")].values;
    let rows = weights.chunks_exact(x.len()).zip(biases);
    let row = |(row, bias): (&[f32], &f32)| {
        row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>() + f64::from(*bias)
    };
    rows.map(row).collect()
}

fn by_hand(tensors: &BTreeMap<String, Tensor>) -> ByHand {
    let relu = |x: Vec<f64>| x.into_iter().map(|x| x.max(0.0)).collect::<Vec<f64>>();
    let test = elbo_data::synthetic_sized(3, 150, IMAGES as u32).test.images;
    let (mut reconstruction, mut kl, mut means) = (0.0, vec![0.0; 3], Vec::new());
    for pixels in test.pixels.chunks_exact(784) {
        let x: Vec<f64> =
            pixels.iter().map(|byte| (f64::from(*byte) / 255.0 - 0.5) / 0.5).collect();
        let hidden = relu(linear(tensors, "fc1", &x));
        let (mean, log_variance) =
            (linear(tensors, "fc21", &hidden), linear(tensors, "fc22", &hidden));
        let hidden = relu(linear(tensors, "fc3", &mean));
        let image = linear(tensors, "fc4", &hidden).into_iter().map(f64::tanh);
        reconstruction += image.zip(&x).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        for unit in 0..3 {
            let (m, v) = (mean[unit], log_variance[unit]);
            kl[unit] += -0.5 * (1.0 + v - m * m - v.exp()) / IMAGES as f64;
        }
        means.push(mean);
    }
    let variance = |unit: usize| {
        let mean = means.iter().map(|row| row[unit]).sum::<f64>() / IMAGES as f64;
        means.iter().map(|row| (row[unit] - mean).powi(2)).sum::<f64>() / IMAGES as f64
    };
    ByHand {
        reconstruction: reconstruction / IMAGES as f64,
        kl,
        variances: (0..3).map(variance).collect(),
    }
}

#[test]
fn figures_are_those_of_the_formulas_in_double_precision() {
    let sandbox = trained();
    let figures = json(&sandbox, &["evaluate", "--checkpoint", LAST]);
    let mut keys: Vec<&str> = figures.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected =
        ["active_units", "images", "kl_per_dimension", "mean", "mse_per_pixel", "sampled"];
    assert_eq!(keys, expected);

    let hand = by_hand(&Checkpoint::load_tensors(&sandbox.path(LAST)).unwrap());
    assert_eq!(figures["images"], IMAGES);
    let mean = &figures["mean"];
    near(&mean["reconstruction"], hand.reconstruction, 1e-6);
    near(&mean["kl"], hand.kl.iter().sum(), 1e-5);
    near(&mean["loss"], hand.reconstruction + hand.kl.iter().sum::<f64>(), 1e-6);
    near(&figures["mse_per_pixel"], hand.reconstruction / 784.0, 1e-6);
    for (found, expected) in figures["kl_per_dimension"].as_array().unwrap().iter().zip(&hand.kl) {
        near(found, *expected, 1e-4);
    }
    assert_eq!(figures["kl_per_dimension"].as_array().unwrap().len(), 3);
    let active = hand.variances.iter().filter(|variance| **variance > 0.01).count();
    assert_eq!(figures["active_units"], active, "{:?}", hand.variances);
}

#[test]
fn sampled_figures_are_those_that_the_training_measured() {
    let sandbox = trained();
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let row: Vec<f64> =
        metrics.lines().last().unwrap().split(',').map(|value| value.parse().unwrap()).collect();
    let figures = json(&sandbox, &["evaluate", "--checkpoint", LAST, "--threads", "1"]);
    for (key, expected) in [("loss", row[6]), ("reconstruction", row[7]), ("kl", row[8])] {
        near(&figures["sampled"][key], expected, 1e-6);
    }
    let other = json(&sandbox, &["evaluate", "--checkpoint", LAST, "--seed", "7"]);
    assert_ne!(other["sampled"], figures["sampled"]);
    assert_eq!(other["mean"], figures["mean"]);
}

#[test]
fn the_table_says_units_and_which_checkpoint_it_is_of() {
    let sandbox = trained();
    let table = sandbox.elbo(["evaluate", "--checkpoint", LAST]).stdout;
    for words in [LAST, "epoch 2", "on 300 images", "squared error summed", "nats", "of 3 latent"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    // A run's best checkpoint comes before its last.
    let best = "runs/0001/checkpoints/best.safetensors";
    let evaluate = || sandbox.elbo(["evaluate", "--checkpoint", "runs/0001"]).stdout;
    assert!(evaluate().contains(best));
    fs::remove_file(sandbox.path(best)).unwrap();
    assert!(evaluate().contains(LAST));
}

#[test]
fn the_runs_own_data_are_taken_unless_others_are_named() {
    let sandbox = trained();
    sandbox.write_digits("other", 20, 30);
    let images = |more: &[&str]| {
        json(&sandbox, &[&["evaluate", "--checkpoint", "runs/0001"], more].concat())["images"]
            .clone()
    };
    assert_eq!(images(&[]), 300);
    assert_eq!(images(&["--train"]), 150);
    assert_eq!(images(&["--data-dir", "other"]), 30);
}

#[test]
fn what_is_no_checkpoint_is_one_line_with_a_way_out() {
    let sandbox = trained();
    let evaluate = |checkpoint: &str| sandbox.elbo(["evaluate", "--checkpoint", checkpoint]);
    evaluate("gone.safetensors").is_refused_with(&["gone.safetensors: no such file"]);
    evaluate("digits").is_refused_with(&["digits: no checkpoint in this folder"]);
    let bytes = sandbox.bytes(LAST);
    fs::write(sandbox.path("cut.safetensors"), &bytes[..bytes.len() - 9]).unwrap();
    evaluate("cut.safetensors").is_refused_with(&["cut.safetensors: ", "cut short"]);
    let export =
        ["export", "--checkpoint", LAST, "--format", "state-dict", "--out", "s.safetensors"];
    assert_eq!(sandbox.elbo(export).code, Some(0));
    evaluate("s.safetensors").is_refused_with(&["s.safetensors: is no checkpoint", "elbo import"]);
}

#[test]
fn a_record_that_tells_of_another_model_or_a_huge_batch_is_refused() {
    let sandbox = trained();
    let checkpoint = Checkpoint::load(&sandbox.path(LAST)).unwrap();
    for (pointer, value, words) in [
        ("/training/batch_size", 0_u64, "batches of 0 of 150 images"),
        ("/training/batch_size", 1 << 50, "record contradicts itself"),
        ("/model/hidden", 1 << 40, "tells of another model"),
    ] {
        let mut changed = checkpoint.clone();
        *changed.metadata.pointer_mut(pointer).unwrap() = value.into();
        changed.save(&sandbox.path("odd.safetensors")).unwrap();
        sandbox.elbo(["evaluate", "--checkpoint", "odd.safetensors"]).is_refused_with(&[words]);
    }
}

#[test]
fn info_says_what_a_checkpoint_is() {
    let sandbox = trained();
    let info = json(&sandbox, &["info", LAST]);
    let bytes = sandbox.bytes(LAST);
    assert_eq!(info["sha256"], elbo_data::checksum::Checksum::of(&[&bytes]).to_string());
    assert_eq!(info["bytes"], bytes.len());
    assert_eq!(info["model"], serde_json::json!({ "input": 784, "hidden": 16, "latent": 3 }));
    let parameters = 2 * 784 * 16 + 3 * 3 * 16 + 16 + 2 * 3 + 16 + 784;
    assert_eq!((&info["parameters"], &info["epoch"]), (&parameters.into(), &2.into()));
    assert_eq!((&info["training"]["seed"], &info["resumable"]), (&42.into(), &true.into()));
    assert_eq!(info["best"]["epoch"], 2);
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let loss = metrics.lines().last().unwrap().split(',').nth(6).unwrap();
    assert_eq!(info["losses"]["test_loss"].as_f64().unwrap(), loss.parse::<f64>().unwrap());

    let lines = sandbox.elbo(["info", LAST]).stdout;
    for words in ["VAE 784-16-3, images of 28×28", "epoch 2 of 2", "seed 42", "SHA-256"] {
        assert!(lines.contains(words), "{words} in\n{lines}");
    }
}

#[test]
fn a_checkpoint_in_the_middle_of_an_epoch_has_no_losses_of_it() {
    let sandbox = trained();
    let mut checkpoint = Checkpoint::load(&sandbox.path(LAST)).unwrap();
    checkpoint.metadata["middle"] =
        serde_json::json!({ "reconstruction": [9.0, 8.0], "kl": [1.0, 2.0] });
    checkpoint.save(&sandbox.path(LAST)).unwrap();
    let info = json(&sandbox, &["info", LAST]);
    assert_eq!((&info["steps_in_the_middle"], &info["losses"]), (&2.into(), &Value::Null));
    let lines = sandbox.elbo(["info", LAST]).stdout;
    assert!(lines.contains("epoch 2 of 2 and 2 steps of the next"), "{lines}");
    let table = sandbox.elbo(["evaluate", "--checkpoint", LAST]).stdout;
    assert!(table.contains("epoch 2 and 2 steps of the next"), "{table}");
}

#[test]
fn devices_name_the_processor_first() {
    let outcome = Sandbox::new().elbo(["devices"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("cpu, ") && lines[0].contains("thread"), "{lines:?}");
    assert!(lines[1].starts_with("cuda"), "{lines:?}");
}
