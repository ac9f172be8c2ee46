//! What the model reports, computed a second time by hand in double precision.

use std::collections::HashMap;

use elbo_cpu::Cpu;
use elbo_tensor::Session;
use elbo_vae::{Config, Sizes, Vae};

const SIZES: Sizes = Sizes { input: 6, hidden: 5, latent: 2 };
const BATCH: usize = 4;
const TRAIN: usize = 10;

fn small() -> Config {
    Config {
        sizes: SIZES,
        batch_size: BATCH,
        train_images: TRAIN,
        test_images: 3,
        ..Config::default()
    }
}

fn vae(config: &Config, threads: usize) -> Vae {
    let mut vae = Vae::new(config, |program| {
        let cpu =
            Cpu::new(threads).map_err(|error| elbo_tensor::Error::Backend(Box::new(error)))?;
        Ok(Box::new(Session::new(cpu, program)?))
    })
    .unwrap();
    vae.write_train_images(pixels(config.train_images * config.sizes.input)).unwrap();
    vae.write_test_images(pixels(config.test_images * config.sizes.input)).unwrap();
    vae
}

/// Bytes without order, neighbours different.
fn pixels(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 37 % 251) as u8).collect()
}

/// Black is −1, white 1.
fn normalized(pixel: u8) -> f64 {
    f64::from(pixel) / 127.5 - 1.0
}

/// The model's parameters by name, as a checkpoint keeps them.
fn parameters(vae: &Vae) -> HashMap<String, Vec<f64>> {
    let checkpoint = vae.checkpoint(().into()).unwrap();
    let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect();
    checkpoint.tensors.iter().map(|(name, tensor)| (name.clone(), wide(&tensor.values))).collect()
}

/// x · Wᵀ + b, with weights `[out, in]` as PyTorch stores them.
fn linear(parameters: &HashMap<String, Vec<f64>>, layer: &str, x: &[f64]) -> Vec<f64> {
    let weight = &parameters[&format!("{layer}.weight")];
    let bias = &parameters[&format!("{layer}.bias")];
    let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    weight.chunks(x.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect()
}

#[test]
fn a_pixel_enters_the_encoder_as_its_value_over_127_5_minus_1() {
    let mut vae = vae(&small(), 1);
    let parameters = parameters(&vae);
    for pixel in [0, 128, 255] {
        let latents = vae.encode(&[pixel; SIZES.input]).unwrap();
        let mut hidden = linear(&parameters, "fc1", &[normalized(pixel); SIZES.input]);
        hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        let expected = linear(&parameters, "fc21", &hidden);
        assert_eq!(latents.means.len(), expected.len());
        for (mean, expected) in latents.means.iter().zip(&expected) {
            let mean = f64::from(*mean);
            assert!((mean - expected).abs() < 1e-6, "pixels of {pixel}: {mean}, not {expected}");
        }
    }
}

#[test]
fn the_reconstruction_loss_is_the_squared_error_summed_over_pixels_and_averaged_over_images() {
    let mut vae = vae(&small(), 2);
    let order: Vec<u32> = (0..TRAIN as u32).rev().collect();
    vae.begin_epoch(&order).unwrap();
    let pictures = pixels(TRAIN * SIZES.input);
    let batches: Vec<&[u32]> = order.chunks(BATCH).collect();
    for batch in &batches {
        assert_eq!(vae.train(1).unwrap(), 1);
        let reconstructions = vae.last_reconstruction().unwrap();
        assert_eq!(reconstructions.len(), batch.len() * SIZES.input);
        let pixels = batch.iter().flat_map(|&image| {
            &pictures[image as usize * SIZES.input..(image as usize + 1) * SIZES.input]
        });
        let squares = pixels
            .zip(&reconstructions)
            .map(|(&pixel, &again)| (normalized(pixel) - f64::from(again)).powi(2));
        let expected = squares.sum::<f64>() / batch.len() as f64;
        let reported = vae.epoch_losses().unwrap().last_batch.reconstruction;
        assert!((reported / expected - 1.0).abs() < 1e-5, "{reported}, not {expected}");
    }
    // The last batch is the smaller one, so that it is no special case.
    assert_eq!(batches.last().map(|batch| batch.len()), Some(2));
}

#[test]
fn a_seed_gives_the_same_bits_after_three_epochs_on_one_thread_and_on_two() {
    // Large enough for the threads to share the work, with a smaller last batch.
    let config = Config { train_images: 200, test_images: 30, ..Config::default() };
    let order: Vec<u32> = (0..200).collect();
    let trained = |threads| {
        let mut vae = vae(&config, threads);
        for _ in 0..3 {
            vae.begin_epoch(&order).unwrap();
            while vae.train(2).unwrap() > 0 {}
        }
        let losses = vae.epoch_losses().unwrap();
        (vae.checkpoint(().into()).unwrap(), losses, vae.evaluate().unwrap())
    };
    let one = trained(1);
    assert_eq!(trained(1), one);
    assert_eq!(trained(2), one);
}
