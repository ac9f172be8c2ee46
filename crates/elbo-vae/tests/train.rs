//! A model that learns: losses fall, epochs repeat, checkpoints go on where they left off.

use elbo_cpu::Cpu;
use elbo_tensor::Session;
use elbo_vae::{Config, Losses, Sizes, Trained, Vae};
use std::path::Path;

const SIZES: Sizes = Sizes { input: 36, hidden: 24, latent: 3 };
const TRAIN: usize = 70;
const TEST: usize = 21;

fn config(batch_size: usize) -> Config {
    Config { sizes: SIZES, batch_size, train_images: TRAIN, test_images: TEST, ..Config::default() }
}

/// A model with its data written, on two threads.
fn vae(config: &Config) -> Vae {
    let mut vae = Vae::new(config, |program| {
        let cpu = Cpu::new(2).map_err(|error| elbo_tensor::Error::Backend(Box::new(error)))?;
        Ok(Box::new(Session::new(cpu, program)?))
    })
    .unwrap();
    vae.write_train_images(pictures(TRAIN, 0)).unwrap();
    vae.write_test_images(pictures(TEST, 1000)).unwrap();
    vae
}

/// Bars whose place depends on the picture's number.
fn pictures(count: usize, first: usize) -> Vec<u8> {
    let pixel = |n: usize, i: usize| if (i + n) % 6 < 1 + n % 3 { 230 } else { 10 };
    (first..first + count).flat_map(|n| (0..SIZES.input).map(move |i| pixel(n, i))).collect()
}

fn epoch(vae: &mut Vae) {
    let order: Vec<u32> = (0..TRAIN as u32).rev().collect();
    vae.begin_epoch(&order).unwrap();
    while vae.train(2).unwrap() > 0 {}
}

#[test]
fn losses_fall_and_the_test_set_follows() {
    let mut vae = vae(&config(16));
    let untrained = vae.evaluate().unwrap();
    for _ in 0..200 {
        epoch(&mut vae);
    }
    let (train, test) = (vae.epoch_losses().unwrap().mean, vae.evaluate().unwrap());
    assert!(test.total() < 0.5 * untrained.total(), "{untrained:?} then {test:?}");
    assert!((train.total() / test.total() - 1.0).abs() < 0.3, "{train:?} and {test:?}");
}

#[test]
fn an_epoch_takes_every_image_once_whatever_the_batch_size() {
    for (batch_size, steps, last_rows) in
        [(16, 5, 6), (70, 1, 70), (35, 2, 35), (100, 1, 70), (1, 70, 1)]
    {
        let mut vae = vae(&config(batch_size));
        epoch(&mut vae);
        assert_eq!(vae.steps_per_epoch(), steps, "batches of {batch_size}");
        assert_eq!(vae.step().unwrap() as usize, steps, "batches of {batch_size}");
        let reconstructions = vae.last_reconstruction().unwrap();
        assert_eq!(reconstructions.len(), last_rows * SIZES.input, "batches of {batch_size}");
        assert_eq!(vae.train(1).unwrap(), 0);
    }
}

#[test]
fn the_test_loss_does_not_depend_on_where_batches_end() {
    // Noise belongs to a batch, so only the part without noise can be equal.
    let kl = |batch_size| vae(&config(batch_size)).evaluate().unwrap().kl;
    let whole = kl(21);
    for batch_size in [1, 2, 16, 70] {
        assert!((kl(batch_size) / whole - 1.0).abs() < 1e-6, "batches of {batch_size}");
    }
}

#[test]
fn a_restored_model_goes_on_as_if_it_had_never_stopped() {
    let path = Path::new("in memory");
    let mut straight = vae(&config(16));
    epoch(&mut straight);
    let checkpoint = straight.checkpoint(serde_json::Value::Null).unwrap();
    epoch(&mut straight);

    let mut resumed = vae(&Config { seed: 42, ..config(16) });
    resumed.restore(&checkpoint, path).unwrap();
    assert_eq!(resumed.step().unwrap(), 5);
    epoch(&mut resumed);
    assert_eq!(resumed.checkpoint(().into()).unwrap(), straight.checkpoint(().into()).unwrap());
    assert_eq!(resumed.evaluate().unwrap(), straight.evaluate().unwrap());
}

#[test]
fn an_epoch_goes_on_from_its_middle_as_if_it_had_never_stopped() {
    let order: Vec<u32> = (0..TRAIN as u32).rev().collect();
    let mut straight = vae(&config(16));
    epoch(&mut straight);
    for steps in 0..=5 {
        let mut stopped = vae(&config(16));
        stopped.begin_epoch(&order).unwrap();
        for _ in 0..steps {
            assert_eq!(stopped.train(1).unwrap(), 1);
        }
        let checkpoint = stopped.checkpoint(().into()).unwrap();
        let progress = stopped.epoch_progress().unwrap();
        assert_eq!(progress.kl.len(), steps);

        let mut resumed = vae(&config(16));
        resumed.restore(&checkpoint, Path::new("in memory")).unwrap();
        resumed.continue_epoch(&order, &progress).unwrap();
        assert_eq!(resumed.steps_done(), steps);
        while resumed.train(usize::MAX).unwrap() > 0 {}
        assert_eq!(resumed.epoch_losses().unwrap(), straight.epoch_losses().unwrap(), "{steps}");
        let [a, b] = [&resumed, &straight].map(|vae| vae.checkpoint(().into()).unwrap());
        assert!(a == b, "after {steps} steps");
    }
}

#[test]
fn progress_that_no_epoch_can_have_is_refused() {
    let mut vae = vae(&config(16));
    let order: Vec<u32> = (0..TRAIN as u32).collect();
    let progress =
        |a, b| elbo_vae::EpochProgress { reconstruction: vec![1.0; a], kl: vec![1.0; b] };
    let message = vae.continue_epoch(&order, &progress(6, 6)).unwrap_err().to_string();
    assert!(message.contains("6 values, at most 5"), "{message}");
    assert!(vae.continue_epoch(&order, &progress(2, 3)).is_err());
    assert!(vae.write_learning_rate(f32::NAN).is_err() && vae.write_learning_rate(0.0).is_err());
}

#[test]
fn a_checkpoint_of_other_sizes_is_refused_and_changes_nothing() {
    let other = Config { sizes: Sizes { hidden: 23, ..SIZES }, ..config(16) };
    let foreign = vae(&other).checkpoint(().into()).unwrap();
    let mut vae = vae(&config(16));
    let before = vae.checkpoint(().into()).unwrap();
    let message = vae.restore(&foreign, Path::new("other.safetensors")).unwrap_err().to_string();
    assert!(message.contains("other.safetensors") && message.contains("fc1"), "{message}");
    assert_eq!(vae.checkpoint(().into()).unwrap(), before);
}

#[test]
fn encode_decode_and_sample_take_any_number_of_rows() {
    let mut vae = vae(&config(16));
    let pictures = pictures(37, 0);
    let all = vae.encode(&pictures).unwrap();
    assert_eq!(all.means.len(), 37 * SIZES.latent);
    let one = vae.encode(&pictures[36 * SIZES.input..]).unwrap();
    assert_eq!(one.means, all.means[36 * SIZES.latent..]);
    assert_eq!(one.log_variances, all.log_variances[36 * SIZES.latent..]);

    let images = vae.decode(&all.means).unwrap();
    assert_eq!(images.len(), 37 * SIZES.input);
    assert!(images.iter().all(|pixel| (-1.0..=1.0).contains(pixel)));
    assert_eq!(vae.decode(&all.means[..SIZES.latent]).unwrap(), images[..SIZES.input]);

    let samples = vae.sample(40, 7).unwrap();
    assert_eq!(vae.sample(3, 7).unwrap(), samples[..3 * SIZES.input]);
    assert_ne!(vae.sample(3, 8).unwrap(), samples[..3 * SIZES.input]);
    assert!(vae.encode(&[]).unwrap().means.is_empty());
}

#[test]
fn rows_in_memory_of_the_callers_are_the_same_whatever_was_there() {
    let mut vae = vae(&config(16));
    let (pictures, nan) = (pictures(37, 0), f32::NAN);
    let latents = vae.encode(&pictures).unwrap();
    let images = vae.decode(&latents.means).unwrap();
    let samples = vae.sample(37, 7).unwrap();

    let (mut means, mut log_variances) = (vec![nan; 37 * 3], vec![nan; 37 * 3]);
    vae.encode_into(&pictures, &mut means, &mut log_variances).unwrap();
    assert_eq!((&means, &log_variances), (&latents.means, &latents.log_variances));
    let mut room = vec![nan; 37 * SIZES.input];
    vae.decode_into(&means, &mut room).unwrap();
    assert_eq!(room, images);
    vae.sample_into(7, &mut room).unwrap();
    assert_eq!(room, samples);

    let message = vae.decode_into(&means, &mut room[1..]).unwrap_err().to_string();
    assert!(message.starts_with("room for images: 1331 values, 1332 wanted"), "{message}");
    assert!(vae.encode_into(&pictures, &mut means[3..], &mut log_variances).is_err());
    assert!(vae.encode_into(&pictures, &mut means, &mut log_variances[3..]).is_err());
    assert!(vae.sample_into(7, &mut room[1..]).is_err());
}

#[test]
fn data_of_the_wrong_length_is_refused_with_both_lengths() {
    let mut vae = vae(&config(16));
    let message = vae.write_train_images([0; 35]).unwrap_err().to_string();
    assert!(message.contains("35 values") && message.contains("70 rows of 36"), "{message}");
    assert!(vae.begin_epoch(&[0; 3]).is_err());
    assert!(vae.encode(&[0; 35]).is_err());
    assert!(vae.decode(&[0.0; 4]).is_err());
    assert!(vae.epoch_losses().is_err());
}

#[test]
fn a_trained_model_measures_what_the_training_measured() {
    let mut training = vae(&config(16));
    for _ in 0..20 {
        epoch(&mut training);
    }
    let measured = training.evaluate().unwrap();
    let tensors = training.checkpoint(().into()).unwrap().tensors;
    let pictures = pictures(TEST, 1000);
    let mut trained = Trained::new(&tensors, Path::new("in memory"), 16, |program| {
        let cpu = Cpu::new(1).map_err(|error| elbo_tensor::Error::Backend(Box::new(error)))?;
        Ok(Box::new(Session::new(cpu, program)?))
    })
    .unwrap();
    let evaluation = trained.evaluate(&pictures, training.config().seed).unwrap();
    assert_eq!(evaluation.images, TEST);
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-5;
    let Losses { reconstruction, kl } = evaluation.sampled;
    assert!(near(reconstruction, measured.reconstruction), "{evaluation:?}, {measured:?}");
    assert!(near(kl, measured.kl), "{evaluation:?}, {measured:?}");

    assert_eq!(trained.encode(&pictures).unwrap(), training.encode(&pictures).unwrap());
    let means = trained.encode(&pictures).unwrap().means;
    let decoded = trained.decode(&means).unwrap();
    assert_eq!(decoded, training.decode(&means).unwrap());
    assert_eq!(trained.sample(5, 7).unwrap(), training.sample(5, 7).unwrap());
    let error =
        |(byte, value): (&u8, &f32)| (f64::from(*byte) / 127.5 - 1.0 - f64::from(*value)).powi(2);
    let squared: f64 = pictures.iter().zip(&decoded).map(error).sum();
    assert!(near(evaluation.mean.reconstruction, squared / TEST as f64));
    assert!(near(evaluation.mse_per_pixel, squared / (TEST * SIZES.input) as f64));
    assert!(trained.evaluate(&[], 0).is_err());
}
