//! One seed, one checkpoint: whatever the number of threads, at the sizes that people train.
//!
//! The CPU lays matrices out differently for different numbers of threads, and divides each call
//! among them; small models never get that far.

use elbo_cpu::{Cpu, Level};
use elbo_data::Dataset;
use elbo_tensor::Session;
use elbo_vae::{Config, Vae};

/// All parameters and moments, as bits, after an epoch of three full batches and one of 37.
fn trained(data: &Dataset, level: Level, threads: usize) -> Vec<Vec<u32>> {
    let (train, test) = (&data.train.images, &data.test.images);
    let config =
        Config { train_images: train.count, test_images: test.count, seed: 7, ..Config::default() };
    let mut vae = Vae::new(&config, |program| {
        let cpu = Cpu::with_level(threads, level)
            .map_err(|error| elbo_tensor::Error::Backend(Box::new(error)))?;
        Ok(Box::new(Session::new(cpu, program)?))
    })
    .unwrap();
    vae.write_train_images(&train.pixels[..]).unwrap();
    vae.begin_epoch(&elbo_data::permutation(7, 1, train.count as u32)).unwrap();
    while vae.train(2).unwrap() > 0 {}
    let tensors = vae.checkpoint(serde_json::Value::Null).unwrap().tensors;
    tensors.values().map(|tensor| tensor.values.iter().map(|x| x.to_bits()).collect()).collect()
}

#[test]
fn every_number_of_threads_trains_the_same_bits() {
    let data = elbo_data::synthetic_sized(0, 3 * 128 + 37, 10);
    // Without vector instructions a step takes a hundred times as long.
    for (level, teams) in
        [(Level::Avx512, &[2, 3, 4, 8][..]), (Level::Avx2, &[2, 3, 4, 8]), (Level::Plain, &[3])]
    {
        let one = trained(&data, level, 1);
        assert!(one.iter().flatten().any(|bits| *bits != 0));
        for threads in teams.iter().copied() {
            assert!(trained(&data, level, threads) == one, "{level}, {threads} threads");
        }
    }
}
