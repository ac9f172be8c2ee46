//! The lines, character by character.

use elbo::{Best, Settings};

use super::*;

fn losses(reconstruction: f64, kl: f64) -> Losses {
    Losses { reconstruction, kl }
}

fn first() -> Epoch {
    Epoch {
        number: 1,
        step: 469,
        train: losses(97.02, 26.37),
        last_batch: losses(36.58031, 25.0),
        test: losses(60.42, 25.78),
        seconds: 1.14,
        learning_rate: 1e-3,
        is_best: true,
        reconstruction: None,
    }
}

#[test]
fn an_epoch_is_one_aligned_line() {
    let line = "epoch   1/100   train 123.39 = 97.02 + 26.37   test 86.20 = 60.42 + 25.78   1.1 s";
    assert_eq!(epoch(&first(), 100), line);
    let last = Epoch { number: 100, train: losses(50.5, 9.25), ..first() };
    let below = "epoch 100/100   train  59.75 = 50.50 +  9.25   test 86.20 = 60.42 + 25.78   1.1 s";
    assert_eq!(epoch(&last, 100), below);
}

#[test]
fn the_last_batch_has_the_classic_scripts_line() {
    assert_eq!(last_batch(&Epoch { number: 20, ..first() }), "epoch: 20, Loss: 61.5803");
}

#[test]
fn the_header_says_what_is_trained_on_what() {
    let start = Start {
        settings: &Settings::default(),
        input: 784,
        device: "cpu, 2 threads, AVX-512",
        fallback: Some("no driver found (libcuda.so.1)"),
        parameters: 652_824,
        steps_per_epoch: 469,
        run: "runs/0001".into(),
        resumed: None,
        dropped: None,
        first_mean: &[-0.031_26, 0.5],
    };
    let data = "MNIST: 60,000 train, 10,000 test (data/mnist, checksums match)";
    let lines = header(&start, data);
    assert_eq!(
        lines,
        [
            "VAE 784-400-20 on MNIST: 60,000 train, 10,000 test (data/mnist, checksums match)",
            "cpu, 2 threads, AVX-512 · 652,824 parameters · seed 42 · runs/0001",
            "on the CPU, as there is no GPU to use: no driver found (libcuda.so.1)",
            "mean of the first image, untrained: -0.0313 0.5000",
        ]
    );
}

fn over(kept: u32, data_dir: Option<PathBuf>) -> Summary {
    Summary {
        run: "runs/0001".into(),
        settings: Settings::default(),
        ending: Ending::Complete,
        steps_in_the_middle: 0,
        epochs: 100,
        seconds: 112.4,
        last: Some(first()),
        best: Some(Best { epoch: 98, test_loss: 61.127 }),
        samples: Some("runs/0001/samples.png".into()),
        report: Some("runs/0001/report.html".into()),
        pictures: kept,
        checkpoints: kept,
        data_dir,
    }
}

#[test]
fn the_summary_says_what_came_of_it_and_where_it_lies() {
    assert_eq!(
        summary(&over(5, None), "elbo"),
        [
            "",
            "100 epochs in 1 min 52 s.",
            "train   123.39 = 97.02 reconstruction + 26.37 KL",
            "test     86.20 = 60.42 reconstruction + 25.78 KL",
            "        squared error summed over an image, and nats; lower is better",
            "look:    runs/0001/report.html (all of it on one page)",
            "         runs/0001/samples.png (drawn from the prior)",
            "         runs/0001/vae_img (reconstructions of 5 epochs)",
            "losses:  runs/0001/loss.svg, runs/0001/metrics.csv",
            "model:   runs/0001/checkpoints/last.safetensors, and 5 kept beside it",
            "best:    runs/0001/checkpoints/best.safetensors (epoch 98, test 61.13)",
            "go on:   elbo train --resume runs/0001 --epochs 200",
        ]
    );
    assert_eq!(summary(&over(0, None), "elbo").len(), 11);
}

#[test]
fn a_training_that_was_stopped_says_where_and_how_to_go_on() {
    let stopped = Summary {
        ending: Ending::Stopped,
        steps_in_the_middle: 1,
        epochs: 3,
        samples: None,
        best: None,
        ..over(0, None)
    };
    let expected = [
        "",
        "stopped after 1 min 52 s, 3 epochs and 1 step of the next; saved.",
        "model:   runs/0001/checkpoints/last.safetensors",
        "go on:   elbo train --resume runs/0001",
    ];
    assert_eq!(summary(&stopped, "elbo"), expected);
}

#[test]
fn a_training_that_got_no_better_says_so() {
    let settings = Settings { patience: 5, ..Settings::default() };
    let ended = Summary { ending: Ending::NoLongerBetter, settings, ..over(0, None) };
    let lines = summary(&ended, "elbo");
    assert_eq!(lines[1], "100 epochs in 1 min 52 s; the test loss has got no better for 5 epochs.");
    assert!(lines.last().unwrap().ends_with("--resume runs/0001 --patience 10"));
}

#[test]
fn the_summary_ends_with_a_command_that_can_be_pasted() {
    let lines = summary(&over(0, Some("own data".into())), "cargo xtask");
    let command =
        "go on:   cargo xtask train --resume runs/0001 --epochs 200 --data-dir 'own data'";
    assert_eq!(lines.last().unwrap(), command);
}

#[test]
fn advice_names_the_program_as_it_was_called() {
    let advice = fetch(Path::new("my data"), "cargo xtask");
    assert_eq!(advice, "; `cargo xtask data --dir 'my data'` fetches MNIST there");
    assert!(stand_in("no reason", "cargo xtask").contains("with `cargo xtask data`, or"));
}

#[test]
fn durations_read_as_people_say_them() {
    for (seconds, text) in
        [(0.04, "0.0 s"), (59.4, "59.4 s"), (60.0, "1 min 00 s"), (7500.0, "2 h 05 min")]
    {
        assert_eq!(duration(seconds), text);
    }
}
