//! Which checkpoints there are, when a training ends early, and whose run folder is whose.

use std::fs;

use crate::sandbox::{SMALL, Sandbox};

/// From epoch 3 on, at such a rate, no weight moves: the second epoch is the best.
const STALLED: [&str; 2] = ["--lr-at", "3:1e-30"];

fn epoch_of(sandbox: &Sandbox, checkpoint: &str) -> u64 {
    let path = sandbox.path(checkpoint);
    let metadata = elbo_nn::Checkpoint::load(&path).unwrap().metadata;
    metadata["epoch"].as_u64().unwrap()
}

fn test_losses(sandbox: &Sandbox, run: &str) -> Vec<f64> {
    let metrics = sandbox.text(&format!("{run}/metrics.csv"));
    metrics.lines().skip(1).map(|row| row.split(',').nth(6).unwrap().parse().unwrap()).collect()
}

#[test]
fn best_last_and_every_second_checkpoint_are_kept() {
    let sandbox = Sandbox::with_digits(352, 50);
    let more = ["--epochs", "5", "--checkpoint-every", "2", "--image-every", "3"];
    let outcome = sandbox.train(&[&more[..], &STALLED].concat());
    let losses = test_losses(&sandbox, "runs/0001");
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert_eq!(best.0, 1, "{losses:?}");
    for (name, epoch) in [("last", 5), ("best", 2), ("epoch-0002", 2), ("epoch-0004", 4)] {
        let file = format!("runs/0001/checkpoints/{name}.safetensors");
        assert_eq!(epoch_of(&sandbox, &file), epoch, "{name}");
    }
    let checkpoints = fs::read_dir(sandbox.path("runs/0001/checkpoints")).unwrap().count();
    assert_eq!(checkpoints, 4, "nothing else is left, no passing names either");
    assert!(sandbox.path("runs/0001/vae_img/image_3.png").exists());
    assert!(!sandbox.path("runs/0001/vae_img/image_2.png").exists());
    let line = format!("best.safetensors (epoch 2, test {:.2})\n", losses[1]);
    assert!(outcome.stdout.contains(&line), "{}", outcome.stdout);
}

#[test]
fn a_training_ends_when_the_test_loss_gets_no_better() {
    let sandbox = Sandbox::with_digits(352, 50);
    let outcome = sandbox.train(&[&["--epochs", "50", "--patience", "2"], &STALLED[..]].concat());
    assert_eq!(test_losses(&sandbox, "runs/0001").len(), 4);
    assert!(outcome.stdout.contains("the test loss has got no better for 2 epochs."));
    assert_eq!(epoch_of(&sandbox, "runs/0001/checkpoints/best.safetensors"), 2);
    assert!(sandbox.path("runs/0001/samples.png").exists());

    // What is over stays over, until it is told to be more patient.
    let resume = ["train", "--data-dir", "digits", "--resume", "runs/0001"];
    let words = ["its test loss was best in epoch 2 of 4, and --patience is 2", "--patience"];
    sandbox.elbo(resume).is_refused_with(&words);
    let outcome = sandbox.elbo(resume.iter().chain(&["--patience", "3"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(test_losses(&sandbox, "runs/0001").len(), 5);
}

#[test]
fn going_on_knows_the_best_epoch_and_its_checkpoint() {
    let sandbox = Sandbox::with_digits(352, 50);
    let straight = [&["--epochs", "4", "--out", "straight"], &STALLED[..]].concat();
    sandbox.train(&straight);
    sandbox.train(&[&["--epochs", "3", "--out", "halves"], &STALLED[..]].concat());
    sandbox.train(&["--resume", "halves", "--epochs", "4", "--out", "branch"]);
    sandbox.train(&["--resume", "halves", "--epochs", "4"]);
    for file in ["last", "best"].map(|name| format!("checkpoints/{name}.safetensors")) {
        let straight = sandbox.bytes(&format!("straight/{file}"));
        for run in ["halves", "branch"] {
            // How many epochs were asked for is part of a checkpoint, and was another at its time.
            let other = elbo_nn::Checkpoint::load(&sandbox.path(format!("{run}/{file}"))).unwrap();
            let path = sandbox.path(format!("straight/{file}"));
            assert!(other.tensors == elbo_nn::Checkpoint::load(&path).unwrap().tensors, "{run}");
            assert!(file.contains("best") || straight == sandbox.bytes(&format!("{run}/{file}")));
        }
    }
    // From the best epoch on, elsewhere.
    let best = "straight/checkpoints/best.safetensors";
    sandbox.train(&["--resume", best, "--epochs", "3", "--lr", "1e-3", "--out", "again"]);
    assert!(test_losses(&sandbox, "again")[0] < test_losses(&sandbox, "straight")[2]);
}

#[test]
fn force_gives_up_a_run_for_a_new_one_and_nothing_else() {
    let sandbox = Sandbox::with_digits(150, 50);
    sandbox.train(&["--epochs", "2", "--image-every", "1", "--out", "mine"]);
    fs::write(sandbox.path("mine/notes.txt"), "mine").unwrap();
    let again = ["--epochs", "1", "--out", "mine", "--force", "--seed", "7"];
    sandbox.train(&again);
    assert_eq!(test_losses(&sandbox, "mine").len(), 1);
    assert!(!sandbox.path("mine/checkpoints/epoch-0001.safetensors").exists());
    assert!(!sandbox.path("mine/vae_img/image_2.png").exists());
    assert_eq!(sandbox.text("mine/notes.txt"), "mine");

    let train = ["train", "--data-dir", "digits"].into_iter().chain(SMALL);
    let outcome = sandbox.elbo(train.clone().chain(["--force"]));
    assert!(outcome.code == Some(2) && outcome.stderr.contains("--out"), "{}", outcome.stderr);
    let both = ["--force", "--out", "mine", "--resume", "mine"];
    assert_eq!(sandbox.elbo(train.clone().chain(both)).code, Some(2));

    // What is refused for another reason is not given up for.
    let metrics = sandbox.text("mine/metrics.csv");
    let refused = train.chain(["--out", "mine", "--force", "--lr", "0"]);
    sandbox.elbo(refused).is_refused_with(&["--lr: "]);
    assert_eq!(sandbox.text("mine/metrics.csv"), metrics);
}

#[test]
fn every_line_of_the_json_log_is_an_object_with_the_figures_of_the_metrics() {
    let sandbox = Sandbox::with_digits(352, 50);
    let outcome = sandbox.train(&["--epochs", "2", "--image-every", "2", "--log-json"]);
    let lines: Vec<serde_json::Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "epoch", "epoch", "kept", "end"]);
    assert_eq!(lines[0]["run"], "runs/0001");
    assert_eq!(lines[0]["settings"]["batch-size"], 128);
    let losses = test_losses(&sandbox, "runs/0001");
    assert_eq!(lines[2]["test"]["loss"].as_f64(), Some(losses[1]));
    assert_eq!((&lines[2]["epoch"], &lines[2]["learning_rate"]), (&2.into(), &0.001.into()));
    assert_eq!((&lines[4]["ending"], &lines[4]["epochs"]), (&"complete".into(), &2.into()));
    assert_eq!(lines[4]["best"]["test_loss"].as_f64(), Some(losses[1]));
}
