//! Settings: defaults, merging on resume, and what is refused.

use std::path::Path;

use elbo_vae::Sizes;

use super::*;
use crate::{
    Record,
    record::{Best, TrainingRecord},
};

fn record() -> Record {
    Record {
        model: Sizes { input: 784, hidden: 32, latent: 4 },
        rows: 28,
        columns: 28,
        training: TrainingRecord {
            epochs: 10,
            batch_size: 64,
            learning_rate: 0.002,
            lr_at: vec!["8:1e-3".parse().unwrap()],
            seed: 7,
            log_every: 3,
            image_every: 0,
            checkpoint_every: None,
            patience: 2,
        },
        epoch: 5,
        step: 40,
        train_images: 512,
        data: "MNIST".into(),
        train_sha256: None,
        best: Some(Best { epoch: 4, test_loss: 30.0 }),
        middle: None,
    }
}

#[test]
fn a_new_training_has_the_defaults_where_nothing_is_said() {
    let overrides = Overrides { latent: Some(2), ..Overrides::default() };
    assert_eq!(overrides.fresh(), Settings { latent: 2, ..Settings::default() });
}

#[test]
fn a_resumed_training_keeps_what_its_checkpoint_says() {
    let settings = Overrides::default().resumed(&record(), Path::new("x"), false).unwrap();
    let expected = Settings {
        epochs: 10,
        batch_size: 64,
        learning_rate: 0.002,
        lr_at: vec!["8:1e-3".parse().unwrap()],
        latent: 4,
        hidden: 32,
        seed: 7,
        log_every: 3,
        image_every: 0,
        checkpoint_every: 0,
        patience: 2,
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
    let settings = overrides.resumed(&record(), Path::new("x"), false).unwrap();
    assert_eq!((settings.epochs, settings.learning_rate), (20, 1e-4));

    let overrides = Overrides { hidden: Some(400), ..overrides };
    let message = overrides.resumed(&record(), Path::new("last"), false).unwrap_err().to_string();
    assert_eq!(
        message,
        "last: its model has --hidden 32, not 400; leave --hidden out, or train a new model"
    );
}

#[test]
fn a_training_that_is_over_does_not_go_on() {
    let overrides = Overrides { epochs: Some(5), ..Overrides::default() };
    let message = overrides.resumed(&record(), Path::new("last"), false).unwrap_err().to_string();
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
        ("--lr-at", Settings { lr_at: vec!["1:1".parse().unwrap()], ..good.clone() }),
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
    assert!(!settings.keeps_picture(3) && settings.keeps_picture(4));
    assert!(!settings.keeps_checkpoint(4) && settings.keeps_checkpoint(20));
}

#[test]
fn a_stage_holds_from_its_epoch_until_the_next() {
    let stages = ["3:1e-4", "5:1e-5"].map(|stage| stage.parse().unwrap());
    let settings = Settings { lr_at: stages.to_vec(), ..Settings::default() };
    let rates = [1, 2, 3, 4, 5, 99].map(|epoch| settings.learning_rate_of(epoch));
    assert_eq!(rates, [1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5]);
}

#[test]
fn a_learning_rate_without_stages_is_meant_for_all_epochs() {
    let stages = vec!["3:1e-4".parse().unwrap()];
    let file = Overrides {
        learning_rate: Some(2e-3),
        lr_at: Some(stages.clone()),
        ..Overrides::default()
    };
    let rate = Overrides { learning_rate: Some(1e-2), ..Overrides::default() };
    assert_eq!(rate.or(&file).fresh().lr_at, []);
    let settings = rate.resumed(&record(), Path::new("x"), false).unwrap();
    assert_eq!((settings.learning_rate, settings.lr_at), (1e-2, vec![]));

    let flags = Overrides { lr_at: Some(stages.clone()), ..Overrides::default() };
    let settings = flags.or(&Overrides { lr_at: None, ..file }).fresh();
    assert_eq!((settings.learning_rate, settings.lr_at), (2e-3, stages));
}

#[test]
fn checkpoints_of_a_new_training_are_kept_as_often_as_pictures_unless_said() {
    let pictures = Overrides { image_every: Some(3), ..Overrides::default() };
    assert_eq!(pictures.fresh().checkpoint_every, 3);
    let both = Overrides { checkpoint_every: Some(1), ..pictures };
    assert_eq!((both.fresh().image_every, both.fresh().checkpoint_every), (3, 1));
}

#[test]
fn a_training_that_has_waited_for_long_enough_does_not_go_on() {
    let overrides = Overrides { patience: Some(1), ..Overrides::default() };
    let message = overrides.resumed(&record(), Path::new("last"), false).unwrap_err().to_string();
    assert_eq!(
        message,
        "last: its test loss was best in epoch 4 of 5, and --patience is 1; give a larger \
         --patience, or 0 for none"
    );
    let overrides = Overrides { patience: Some(0), ..Overrides::default() };
    overrides.resumed(&record(), Path::new("last"), false).unwrap();
}

#[test]
fn what_is_said_first_wins_setting_by_setting() {
    let flags = Overrides { epochs: Some(3), ..Overrides::default() };
    let file = Overrides { epochs: Some(9), latent: Some(2), ..Overrides::default() };
    let both = flags.or(&file);
    assert_eq!(both, Overrides { epochs: Some(3), latent: Some(2), ..Overrides::default() });
    assert!(both.says("--epochs") && both.says("--latent") && !both.says("--seed"));
}
