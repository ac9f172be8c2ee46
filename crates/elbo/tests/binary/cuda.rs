//! A GPU as the user meets it: none, an old one, one that trains. On the stand-in driver.

use crate::sandbox::{Outcome, SMALL, Sandbox};

/// Runs `elbo train` where the stand-in is the driver, changed by environment variables. `None` where it cannot
/// be had.
fn train(sandbox: &Sandbox, more: &[&str], settings: &[(&str, &str)]) -> Option<Outcome> {
    let driver = elbo_cuda_stand_in::library()?.parent()?.to_str()?;
    let mut environment = vec![("LD_LIBRARY_PATH", driver), ("STAND_IN_FAST", "1")];
    environment.extend(settings);
    let arguments = ["train", "--data-dir", "digits", "--epochs", "1"];
    let arguments = arguments.iter().chain(&SMALL).chain(more);
    Some(sandbox.elbo_with(arguments, &environment))
}

/// An empty folder where the loader would find a driver; there may be a real one elsewhere.
fn is_without_driver() -> bool {
    elbo_cuda::probe().is_err()
}

#[test]
fn without_a_driver_cuda_is_refused_with_a_way_out() {
    if is_without_driver() {
        let outcome = Sandbox::new().elbo(["train", "--device", "cuda"]);
        outcome.is_refused_with(&["elbo: cuda: no driver found", "--device cpu"]);
    }
}

#[test]
fn without_a_driver_auto_is_the_cpu_and_says_so() {
    if is_without_driver() {
        let outcome = Sandbox::with_digits(150, 50).train(&["--epochs", "1"]);
        let said = outcome.stdout.lines().filter(|line| line.contains("no driver found")).count();
        assert_eq!(said, 1, "{}", outcome.stdout);
        assert!(outcome.stdout.contains("\ncpu, "), "{}", outcome.stdout);
    }
}

#[test]
fn a_driver_or_a_device_that_will_not_do_is_refused_in_one_line() {
    let sandbox = Sandbox::with_digits(150, 50);
    for (variable, value, words) in [
        ("STAND_IN_DEVICES", "0", "the driver finds no device"),
        ("STAND_IN_DRIVER", "11080", "the driver is for CUDA 11.8, elbo needs 12.0"),
        ("STAND_IN_CAPABILITY", "75", "compute capability 7.5, elbo needs 8.0"),
    ] {
        let settings = [(variable, value)];
        let Some(outcome) = train(&sandbox, &["--device", "cuda"], &settings) else { return };
        outcome.is_refused_with(&["elbo: cuda: ", words, "use --device cpu"]);
        let outcome = train(&sandbox, &["--device", "auto"], &settings).unwrap();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("on the CPU, as there is no GPU"), "{}", outcome.stdout);
    }
}

#[test]
fn a_gpu_trains_what_the_cpu_trains() {
    let sandbox = Sandbox::with_digits(150, 50);
    let Some(outcome) = train(&sandbox, &["--out", "gpu"], &[]) else { return };
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("\ncuda 0: Stand-in, 1 GiB · "), "{}", outcome.stdout);
    train(&sandbox, &["--device", "cpu", "--out", "cpu"], &[]).unwrap();
    let losses = |run: &str| -> Vec<f64> {
        let text = sandbox.text(&format!("{run}/metrics.csv"));
        let row = text.lines().last().unwrap();
        row.split(',').skip(2).take(6).map(|cell| cell.parse().unwrap()).collect()
    };
    for (gpu, cpu) in losses("gpu").into_iter().zip(losses("cpu")) {
        assert!((gpu / cpu - 1.0).abs() < 1e-4, "{gpu} and {cpu}");
    }
    // Either goes on where the other has stopped.
    let more = ["--resume", "gpu", "--device", "cpu", "--epochs", "2", "--out", "both"];
    let arguments = ["train", "--data-dir", "digits"].iter().chain(&more);
    assert_eq!(sandbox.elbo(arguments).code, Some(0));
}

#[test]
fn a_gpu_that_diverges_names_step_and_call() {
    let sandbox = Sandbox::with_digits(150, 50);
    let Some(outcome) = train(&sandbox, &["--lr", "1e30"], &[]) else { return };
    outcome.is_refused_with(&[
        "elbo: epoch 1, step ",
        ", first `",
        "(call ",
        "src/entries.rs:",
        "--lr 0.001",
    ]);
}

#[test]
fn a_model_that_the_gpu_cannot_hold_is_refused_before_it_is_tried() {
    let sandbox = Sandbox::with_digits(150, 50);
    let settings = [("STAND_IN_MEMORY", "1000000")];
    let Some(outcome) = train(&sandbox, &[], &settings) else { return };
    outcome.is_refused_with(&["GiB of memory, there are 0.0 GiB; give a smaller"]);
}

#[test]
fn tf32_is_told_and_noted() {
    let sandbox = Sandbox::with_digits(150, 50);
    let Some(outcome) = train(&sandbox, &["--tf32", "--out", "run"], &[]) else { return };
    assert!(outcome.stdout.contains("1 GiB, TF32 · "), "{}{}", outcome.stdout, outcome.stderr);
    assert!(sandbox.text("run/config.toml").contains("tf32 = true"));
    sandbox
        .elbo(["train", "--device", "cpu", "--tf32"])
        .is_refused_with(&["--tf32: is for tensor cores"]);
}

/// What a kernel does wrong shows in a later call. It is told in one line, and nothing that follows makes it worse.
#[test]
fn a_device_that_fails_in_the_middle_is_told_in_one_line() {
    let sandbox = Sandbox::with_digits(450, 50);
    let broken = [("STAND_IN_BREAKS_AT", "2")];
    let Some(outcome) = train(&sandbox, &["--out", "run"], &broken) else { return };
    assert_eq!(outcome.code, Some(1), "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the driver answers `CUDA_ERROR_"), "{}", outcome.stderr);
    assert!(!sandbox.path("run/checkpoints/last.safetensors").exists());
}

#[test]
fn devices_are_listed_with_what_they_are() {
    let sandbox = Sandbox::new();
    let Some(driver) = elbo_cuda_stand_in::library().and_then(|path| path.parent()) else { return };
    let with = |name, value| {
        let environment = [("LD_LIBRARY_PATH", driver.to_str().unwrap()), (name, value)];
        let outcome = sandbox.elbo_with(["devices"], &environment);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.stdout.lines().map(String::from).collect::<Vec<_>>()
    };
    let lines = with("STAND_IN_DEVICES", "2");
    assert!(lines[0].starts_with("cpu, "), "{lines:?}");
    assert_eq!(lines[1..], ["cuda 0: Stand-in, 1 GiB", "cuda 1: Stand-in, 1 GiB"]);
    let lines = with("STAND_IN_DEVICES", "0");
    assert!(lines[1].starts_with("cuda: the driver finds no device"), "{lines:?}");
    // One that will not do says so.
    let lines = with("STAND_IN_CAPABILITY", "75");
    let fact = "not to use: Stand-in has compute capability 7.5, elbo needs 8.0";
    assert_eq!(lines[1], format!("cuda 0: Stand-in, 1 GiB, {fact}"));
}
