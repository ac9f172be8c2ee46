//! Times training steps of the default model on the first GPU: `step_time [single|tf32x3|tf32] [epochs] [images]`.
//!
//! Prints JSON: a step within an epoch, an epoch with its shuffled order and its losses read, the start, and how many
//! launches a step is. Images are random bytes; what they show does not matter.

use std::{error::Error, time::Instant};

use elbo_cuda::{Cuda, Precision};
use elbo_tensor::{Backend, Memory, Session, random::Stream};
use elbo_vae::{Config, Entries, Vae};

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "single".into());
    let precision = match name.as_str() {
        "single" => Precision::Single,
        "tf32x3" => Precision::Tf32x3,
        "tf32" => Precision::Tf32,
        other => {
            return Err(format!("{other}: is no precision; name single, tf32x3 or tf32").into());
        }
    };
    let epochs: usize = arguments.next().map_or(Ok(20), |text| text.parse())?;

    let cuda = Cuda::new(0)?.with_precision(precision);
    let device = cuda.device().to_string();
    let images = arguments.next().map_or(Ok(60_000), |text| text.parse())?;
    let config = Config { train_images: images, ..Config::default() };
    let (launches, depth) = launches(&cuda.another()?, &config)?;
    let mut vae = Vae::new(&config, |program| Ok(Box::new(Session::new(cuda, program)?)))?;
    let mut stream = Stream::new(1, 0, 0);
    let mut pixels = |count: usize| -> Vec<u8> {
        (0..count * config.sizes.input).map(|_| stream.next_u32() as u8).collect()
    };
    vae.write_train_images(pixels(config.train_images))?;
    vae.write_test_images(pixels(config.test_images))?;
    let order: Vec<u32> = (0..config.train_images as u32).rev().collect();
    vae.begin_epoch(&order)?;
    vae.train(1)?;
    vae.step()?;
    let first_step_s = start.elapsed().as_secs_f64();

    let (mut steps, mut whole) = (Vec::new(), Vec::new());
    let full = config.train_images / config.batch_size;
    for _ in 0..epochs {
        let began = Instant::now();
        vae.begin_epoch(&order)?;
        // Reading a counter waits for what was written.
        vae.step()?;
        let first = Instant::now();
        vae.train(full)?;
        vae.step()?;
        steps.push(first.elapsed().as_secs_f64() / full as f64);
        while vae.train(usize::MAX)? > 0 {}
        vae.epoch_losses()?;
        whole.push(began.elapsed().as_secs_f64());
    }
    let (step_us, epoch_ms) = (median(steps) * 1e6, median(whole) * 1e3);
    println!(
        r#"{{"device": "{device}", "precision": "{name}", "step_us": {step_us:.2}, "epoch_ms": {epoch_ms:.2}, "first_step_s": {first_step_s:.3}, "launches": {launches}, "depth": {depth}}}"#
    );
    Ok(())
}

/// Kernels that a training step launches, and how many of them come one after the other.
fn launches(cuda: &Cuda, config: &Config) -> Result<(usize, usize), Box<dyn Error>> {
    let small = Config { train_images: config.batch_size, test_images: 1, ..config.clone() };
    let (program, _) = Entries::plan(&small)?;
    let train = program.find("train").ok_or("the model has no entry `train`")?;
    let buffers: Result<_, _> =
        program.slots().iter().map(|slot| cuda.alloc(slot.dtype, slot.len)).collect();
    let mut memory = Memory::new(buffers?);
    let replay = cuda.record(program.planned(train), &mut memory)?;
    Ok((replay.launches(), replay.depth()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
