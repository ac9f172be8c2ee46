//! Trainings without files: what is told, what resuming gives, what a bad learning rate does.

use super::*;

fn settings() -> Settings {
    Settings {
        epochs: 2,
        batch_size: 24,
        latent: 3,
        hidden: 16,
        image_every: 2,
        ..Settings::default()
    }
}

fn training(settings: &Settings) -> Training {
    let data = elbo_data::synthetic_sized(1, 100, 30);
    Training::new(data, settings, Device { threads: 1, ..Device::default() }).unwrap()
}

/// Notes every step it is told of.
#[derive(Default)]
struct Notes {
    pace: Option<usize>,
    steps: Vec<(u32, usize, usize)>,
}

impl Report for Notes {
    fn pace(&self, _: usize) -> Option<usize> {
        self.pace
    }

    fn step(&mut self, step: Step) {
        assert!(step.mean.total().is_finite());
        self.steps.push((step.epoch, step.done, step.of));
    }
}

#[test]
fn steps_are_told_at_the_pace_asked_for_and_change_nothing() {
    let (mut told, mut silent) = (training(&settings()), training(&settings()));
    let mut notes = Notes { pace: Some(2), ..Notes::default() };
    let (a, b) = (told.epoch(&mut notes).unwrap(), silent.epoch(&mut ()).unwrap());
    assert_eq!(notes.steps, [(1, 2, 5), (1, 4, 5), (1, 5, 5)]);
    assert_eq!((a.train, a.last_batch, a.test), (b.train, b.last_batch, b.test));
    assert_eq!(told.checkpoint().unwrap(), silent.checkpoint().unwrap());
}

#[test]
fn an_unfused_training_has_the_same_losses_but_for_rounding() {
    let data = elbo_data::synthetic_sized(1, 100, 30);
    let trained = |fuse| {
        let (device, planning) = (Device::default(), Planning { fuse, ..Planning::default() });
        let training = Training::with_planning(data.clone(), &settings(), device, planning);
        let mut training = training.unwrap();
        let epochs: Vec<Epoch> = (0..2).map(|_| training.epoch(&mut ()).unwrap()).collect();
        let entries = training.vae().program().entries();
        (entries.iter().map(|entry| entry.calls().len()).sum::<usize>(), epochs)
    };
    let ((few_calls, fused), (many_calls, unfused)) = (trained(true), trained(false));
    assert!(few_calls < many_calls);
    for (a, b) in fused.iter().zip(&unfused) {
        for (a, b) in [(a.train, b.train), (a.test, b.test), (a.last_batch, b.last_batch)] {
            let (a, b) = (a.total(), b.total());
            assert!((a / b - 1.0).abs() < 1e-5, "{a} fused, {b} unfused");
        }
    }
}

#[test]
fn an_epoch_counts_its_steps_and_keeps_the_tail_where_asked() {
    let mut training = training(&settings());
    let first = training.epoch(&mut ()).unwrap();
    assert_eq!((first.number, first.step, first.reconstruction), (1, 5, None));
    let second = training.epoch(&mut ()).unwrap();
    assert_eq!((second.number, second.step), (2, 10));
    // 100 images leave 4 for the last batch.
    assert_eq!(second.reconstruction.unwrap().len(), 4 * 784);
    assert!(second.train.total() < first.train.total());
}

#[test]
fn a_restored_training_goes_on_as_if_it_had_never_stopped() {
    let mut straight = training(&settings());
    straight.epoch(&mut ()).unwrap();
    let checkpoint = straight.checkpoint().unwrap();
    straight.epoch(&mut ()).unwrap();

    let mut resumed = training(&settings());
    resumed.restore(&checkpoint, Path::new("x")).unwrap();
    assert_eq!(resumed.epochs_done(), 1);
    resumed.epoch(&mut ()).unwrap();
    assert_eq!(resumed.checkpoint().unwrap(), straight.checkpoint().unwrap());
}

#[test]
fn every_epoch_visits_the_images_in_the_order_of_its_own_number() {
    let settings = settings();
    let data = elbo_data::synthetic_sized(1, 100, 30);
    let mut by_hand = Vae::new(&settings.config(784, 100, 30), |program| {
        Device { threads: 1, ..Device::default() }.open().unwrap().session(program)
    })
    .unwrap();
    by_hand.write_train_images(&data.train.images.pixels[..]).unwrap();

    let mut training = training(&settings);
    for epoch in 1..=3 {
        by_hand.begin_epoch(&elbo_data::permutation(settings.seed, epoch, 100)).unwrap();
        while by_hand.train(usize::MAX).unwrap() > 0 {}
        training.epoch(&mut ()).unwrap();
        let checkpoint = training.checkpoint().unwrap();
        let expected = by_hand.checkpoint(checkpoint.metadata.clone()).unwrap();
        assert!(checkpoint.tensors == expected.tensors, "epoch {epoch}");
    }
}

#[test]
fn a_checkpoint_of_other_images_is_refused_though_name_and_sizes_agree() {
    let other = elbo_data::synthetic_sized(2, 100, 30);
    let mut other = Training::new(other, &settings(), Device::default()).unwrap();
    let checkpoint = training(&settings()).checkpoint().unwrap();
    let message = other.restore(&checkpoint, Path::new("x")).unwrap_err().to_string();
    assert!(message.starts_with("x: was trained on other images"), "{message}");
}

#[test]
fn a_learning_rate_that_is_too_high_is_named() {
    let mut training = training(&Settings { learning_rate: 1e30, ..settings() });
    let error = (0..2).find_map(|_| training.epoch(&mut ()).err()).unwrap();
    assert!(error.is_for_the_user());
    let message = error.to_string();
    assert!(message.contains("start again with an --lr below 1e30"), "{message}");
}
