//! Which data are used, and what is said when they are not what one would think.

use std::{fs, path::Path};

use crate::sandbox::{SMALL, Sandbox};

const WARNING: &str = "WARNING: THIS IS NOT MNIST.";

#[test]
fn a_broken_data_folder_is_one_line_that_names_the_file() {
    let sandbox = Sandbox::with_digits(150, 50);
    let images = sandbox.path("digits/train-images-idx3-ubyte");
    let bytes = fs::read(&images).unwrap();
    fs::write(&images, &bytes[..1000]).unwrap();
    let outcome = sandbox.elbo(["train", "--data-dir", "digits"]);
    let advice = "; `elbo data --dir digits` fetches MNIST there\n";
    outcome.is_refused_with(&["digits/train-images-idx3-ubyte: ", "cut short", advice]);
    let outcome =
        sandbox.elbo_with(["train", "--data-dir", "digits"], &[("ELBO_COMMAND", "cargo xtask")]);
    outcome.is_refused_with(&["; `cargo xtask data --dir digits` fetches MNIST there\n"]);
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn a_part_of_mnist_is_not_replaced_by_drawn_digits() {
    let sandbox = Sandbox::new();
    sandbox.write_digits("data/mnist", 150, 50);
    fs::remove_file(sandbox.path("data/mnist/t10k-labels-idx1-ubyte")).unwrap();
    let outcome = sandbox.elbo(["train"]);
    outcome.is_refused_with(&["data/mnist/t10k-labels-idx1-ubyte: not there", "elbo data --dir"]);
}

#[test]
fn a_missing_data_folder_is_never_replaced() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.elbo(["train", "--data-dir", "nowhere"]);
    outcome.is_refused_with(&["nowhere: no such folder"]);
    let outcome = sandbox.elbo_with(["train"], &[("ELBO_MNIST_DIR", "nowhere")]);
    outcome.is_refused_with(&["nowhere: no such folder"]);
    assert!(!sandbox.path("runs").exists());
}

#[test]
fn the_flag_wins_over_the_environment_and_both_over_the_usual_folder() {
    let sandbox = Sandbox::new();
    for (folder, count) in [("data/mnist", 140), ("environment", 150), ("flag", 160)] {
        sandbox.write_digits(folder, count, 30);
    }
    let train = ["train", "--epochs", "1"].into_iter().chain(SMALL);
    let environment = [("ELBO_MNIST_DIR", "environment")];
    let flag = train.clone().chain(["--data-dir", "flag"]);
    assert!(sandbox.elbo_with(flag, &environment).stdout.contains("160 train"));
    assert!(sandbox.elbo_with(train.clone(), &environment).stdout.contains("150 train"));
    let usual = sandbox.elbo(train);
    assert!(usual.stdout.contains("140 train"));
    assert!(!usual.stderr.contains(WARNING));
}

#[test]
fn without_data_and_network_digits_are_drawn_and_nobody_can_miss_it() {
    let sandbox = Sandbox::new();
    let small = ["train", "--epochs", "1", "--hidden", "16", "--latent", "2"];
    let outcome = sandbox.elbo(small.iter().chain(&["--batch-size", "512"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("synthetic digits: 60,000 train, 10,000 test"));
    assert_eq!(outcome.stderr.matches(WARNING).count(), 2, "{}", outcome.stderr);
    assert!(!sandbox.path("data").exists());
}

#[test]
fn the_data_command_says_what_is_there() {
    let sandbox = Sandbox::with_digits(150, 50);
    let outcome = sandbox.elbo(["data", "--dir", "digits"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "images 28×28: 150 train, 50 test (digits)\n");
    sandbox.elbo(["data"]).is_refused_with(&["data/mnist: ", "--offline"]);
}

#[test]
fn one_epoch_of_mnist_learns_what_it_should() {
    let Some(folder) = std::env::var_os("ELBO_MNIST_DIR") else {
        println!("skipped: ELBO_MNIST_DIR names no folder with MNIST");
        return;
    };
    // Cargo runs tests in the crate's folder; a relative path is meant from the workspace's.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let sandbox = Sandbox::new();
    let outcome = sandbox.elbo(["train", "--epochs", "1", "--data-dir", folder.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let metrics = sandbox.text("runs/0001/metrics.csv");
    let row = metrics.lines().nth(1).unwrap();
    let train_loss: f64 = row.split(',').nth(2).unwrap().parse().unwrap();
    assert!((115.0..130.0).contains(&train_loss), "{metrics}");
}
