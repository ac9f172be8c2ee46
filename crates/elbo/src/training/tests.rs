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

/// Stops after some steps.
struct Impatient(std::cell::Cell<usize>);

impl Report for Impatient {
    /// To be asked between any two steps.
    fn pace(&self, _: usize) -> Option<usize> {
        Some(1)
    }

    fn stop(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left == 0
    }
}

#[test]
fn a_training_that_was_stopped_in_an_epochs_middle_goes_on_as_if_it_had_not() {
    let settings = Settings { lr_at: vec!["2:3e-4".parse().unwrap()], ..settings() };
    let mut straight = training(&settings);
    let epochs = [straight.epoch(&mut ()).unwrap(), straight.epoch(&mut ()).unwrap()];
    for steps in [0, 1, 4, 5, 6, 9] {
        let mut stopped = training(&settings);
        let mut report = Impatient(steps.into());
        while stopped.advance(&mut report).unwrap().is_some() {}
        assert_eq!(
            (stopped.epochs_done() as usize, stopped.steps_in_the_middle()),
            (steps / 5, steps % 5)
        );
        let checkpoint = stopped.checkpoint().unwrap();

        let mut resumed = training(&settings);
        resumed.restore(&checkpoint, Path::new("x")).unwrap();
        assert_eq!(resumed.checkpoint().unwrap(), checkpoint, "{steps}");
        for expected in &epochs[steps / 5..] {
            let epoch = Epoch { seconds: expected.seconds, ..resumed.epoch(&mut ()).unwrap() };
            assert_eq!(epoch, *expected, "after {steps} steps");
        }
        assert!(resumed.checkpoint().unwrap() == straight.checkpoint().unwrap(), "{steps}");
    }
}

#[test]
fn a_stage_changes_nothing_before_its_epoch_and_everything_from_there() {
    let mut plain = training(&settings());
    let mut staged = training(&Settings { lr_at: vec!["2:1e-9".parse().unwrap()], ..settings() });
    let [one, other] = [&mut plain, &mut staged].map(|training| training.epoch(&mut ()).unwrap());
    assert_eq!(one.test, other.test);
    let tensors = staged.checkpoint().unwrap().tensors;
    let (one, other) = (plain.epoch(&mut ()).unwrap(), staged.epoch(&mut ()).unwrap());
    assert!(one.test.total() < other.test.total());
    assert_eq!((one.learning_rate, other.learning_rate), (1e-3, 1e-9));
    // At such a rate no weight moves by more than a few steps of it.
    let moved = staged.checkpoint().unwrap().tensors["fc4.bias"].values.clone();
    let before = &tensors["fc4.bias"].values;
    assert!(before.iter().zip(&moved).all(|(a, b)| (a - b).abs() < 1e-7));
}

#[test]
fn the_best_epoch_is_the_one_with_the_lowest_test_loss() {
    let mut training =
        training(&Settings { lr_at: vec!["3:1e-30".parse().unwrap()], ..settings() });
    let epochs: Vec<Epoch> = (0..3).map(|_| training.epoch(&mut ()).unwrap()).collect();
    assert_eq!([true, true, false], [0, 1, 2].map(|index| epochs[index].is_best));
    // At such a rate nothing moves, and as good is not better.
    assert_eq!(epochs[1].test, epochs[2].test);
    let best = Best { epoch: 2, test_loss: epochs[1].test.total() };
    assert_eq!(training.best(), Some(best));
    let settings = |patience| Settings { patience, ..settings() };
    assert!(best.is_old(3, &settings(1)) && !best.is_old(3, &settings(2)));
    assert!(!best.is_old(u32::MAX, &settings(0)));
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
fn a_learning_rate_that_is_too_high_is_named_and_leaves_no_checkpoint() {
    let mut training = training(&Settings { learning_rate: 1e30, ..settings() });
    let error = training.epoch(&mut ()).unwrap_err();
    assert!(error.is_for_the_user());
    let message = error.to_string();
    assert!(message.contains("rate 1e30 is likely too high, try --lr 0.001"), "{message}");
    let Err(Error::Diverged(_)) = training.checkpoint() else { panic!("a checkpoint of nothing") };
}

#[test]
fn the_step_that_is_blamed_is_the_first_that_went_wrong() {
    let mut steps = Vec::new();
    for learning_rate in [1e1, 1e2, 1e4, 1e8, 1e12, 1e18, 1e25, 1e30, 1e38] {
        let mut training = training(&Settings { learning_rate, batch_size: 7, ..settings() });
        let Err(Error::Diverged(mut found)) = training.epoch(&mut ()) else { continue };
        training.locate(&mut found, None, 0).unwrap();
        let (step, of) = found.step.expect("it went wrong in a step");
        assert!(found.culprit.is_some() && !found.at_once && of == 15, "{found}");

        training.go_to(0, None).unwrap();
        let by_hand = (1..=of).find(|_| {
            training.vae.train(1).unwrap();
            let last = training.vae.epoch_losses().unwrap().last_batch.total();
            !last.is_finite() || !training.vae.is_finite().unwrap()
        });
        assert_eq!(by_hand, Some(step), "{found}");
        steps.push(step);
    }
    steps.dedup();
    assert!(steps.len() > 1, "several steps were found: {steps:?}");
}

#[test]
fn an_infinity_that_no_loss_shows_keeps_the_checkpoint_from_being_written() {
    let mut training = training(&settings());
    training.epoch(&mut ()).unwrap();
    let mut spoilt = training.checkpoint().unwrap();
    spoilt.tensors.get_mut("fc4.bias").unwrap().values[3] = f32::INFINITY;
    training.restore(&spoilt, Path::new("x")).unwrap();
    // A tanh of infinity is 1, and its slope 0: one white pixel, and nothing else is to be seen.
    training.epoch(&mut ()).unwrap();
    let message = training.checkpoint().unwrap_err().to_string();
    assert!(message.starts_with("epoch 2: a parameter or moment is not finite"), "{message}");
}
