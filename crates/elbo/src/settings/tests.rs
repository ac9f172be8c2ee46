//! Settings: defaults, merging on resume, and what is refused.

use std::path::Path;

use elbo_vae::Sizes;

use super::*;
use crate::{Record, record::TrainingRecord};

fn record() -> Record {
    Record {
        model: Sizes { input: 784, hidden: 32, latent: 4 },
        rows: 28,
        columns: 28,
        training: TrainingRecord {
            epochs: 10,
            batch_size: 64,
            learning_rate: 0.002,
            seed: 7,
            log_every: 3,
            image_every: 0,
        },
        epoch: 5,
        step: 40,
        train_images: 512,
        data: "MNIST".into(),
        train_sha256: None,
    }
}

#[test]
fn a_new_training_has_the_defaults_where_nothing_is_said() {
    let overrides = Overrides { latent: Some(2), ..Overrides::default() };
    assert_eq!(overrides.fresh(), Settings { latent: 2, ..Settings::default() });
}

#[test]
fn a_resumed_training_keeps_what_its_checkpoint_says() {
    let settings = Overrides::default().resumed(&record(), Path::new("x")).unwrap();
    let expected = Settings {
        epochs: 10,
        batch_size: 64,
        learning_rate: 0.002,
        latent: 4,
        hidden: 32,
        seed: 7,
        log_every: 3,
        image_every: 0,
    };
    assert_eq!(settings, expected);
}

#[test]
fn flags_win_over_the_checkpoint_except_for_sizes() {
    let overrides = Overrides {
        epochs: Some(20),
        learning_rate: Some(1e-4),
        hidden: Some(32),
        ..Overrides::default()
    };
    let settings = overrides.resumed(&record(), Path::new("x")).unwrap();
    assert_eq!((settings.epochs, settings.learning_rate), (20, 1e-4));

    let overrides = Overrides { hidden: Some(400), ..overrides };
    let message = overrides.resumed(&record(), Path::new("last")).unwrap_err().to_string();
    assert_eq!(
        message,
        "last: its model has --hidden 32, not 400; leave --hidden out, or train a new model"
    );
}

#[test]
fn a_training_that_is_over_does_not_go_on() {
    let overrides = Overrides { epochs: Some(5), ..Overrides::default() };
    let message = overrides.resumed(&record(), Path::new("last")).unwrap_err().to_string();
    assert_eq!(
        message,
        "last: is at epoch 5 already, 5 asked for in all; give a larger total, such as --epochs 10"
    );
}

#[test]
fn what_no_training_can_work_with_is_refused_by_its_flag() {
    let good = Settings::default();
    let cases = [
        ("--epochs", Settings { epochs: 0, ..good.clone() }),
        ("--batch-size", Settings { batch_size: 0, ..good.clone() }),
        ("--batch-size", Settings { batch_size: 513, ..good.clone() }),
        ("--latent", Settings { latent: 0, ..good.clone() }),
        ("--latent", Settings { latent: usize::MAX, ..good.clone() }),
        ("--hidden", Settings { hidden: 0, ..good.clone() }),
        ("--hidden", Settings { hidden: usize::MAX, ..good.clone() }),
        ("--lr", Settings { learning_rate: 0.0, ..good.clone() }),
        ("--lr", Settings { learning_rate: -1e-3, ..good.clone() }),
        ("--lr", Settings { learning_rate: f64::NAN, ..good.clone() }),
        ("--lr", Settings { learning_rate: f64::INFINITY, ..good.clone() }),
        ("--lr", Settings { learning_rate: 1e-60, ..good.clone() }),
        ("--lr", Settings { learning_rate: 1e60, ..good.clone() }),
        ("--seed", Settings { seed: u64::MAX, ..good.clone() }),
        ("--epochs", Settings { epochs: u32::MAX, ..good.clone() }),
    ];
    for (flag, settings) in cases {
        let message = settings.check_with(784, 512).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{flag}: ")), "{flag}: {message}");
        assert!(message.contains("give"), "{message}");
    }
    good.check_with(784, 512).unwrap();
}

#[test]
fn zero_means_never_for_logs_and_pictures() {
    let settings = Settings { log_every: 0, image_every: 2, ..Settings::default() };
    assert!(!settings.logs(20));
    assert!(!settings.keeps(3) && settings.keeps(4));
}

#[test]
fn what_is_said_first_wins_setting_by_setting() {
    let flags = Overrides { epochs: Some(3), ..Overrides::default() };
    let file = Overrides { epochs: Some(9), latent: Some(2), ..Overrides::default() };
    let both = flags.or(&file);
    assert_eq!(both, Overrides { epochs: Some(3), latent: Some(2), ..Overrides::default() });
    assert!(both.says("--epochs") && both.says("--latent") && !both.says("--seed"));
}
