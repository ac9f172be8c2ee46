//! How fast it is on this machine: the training step against the peak, and what is around it.

mod measure;
mod profile;

use std::time::{Duration, Instant};

use elbo_cpu::{Cpu, Level};
use elbo_tensor::{Planning, Session};
use elbo_vae::{Config, Entries, Latents, Sizes, Vae};
use serde::Serialize;

pub use measure::Spread;
use measure::{median, peak_memory, per_second, timed};
pub use profile::{ProfiledCall, profile};

use crate::{
    Report, Result, Settings,
    data::{Wanted, select},
    device::describe,
    memory,
};

/// What to measure, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The model.
    pub settings: Settings,
    /// The images. What they show does not matter, how many there are does.
    pub data: Wanted,
    /// Threads of the CPU, 0 for one on each core.
    pub threads: usize,
    /// The widest vector instructions to use.
    pub level: Level,
    /// How steps are planned.
    pub planning: Planning,
    /// Training steps to time.
    pub steps: usize,
}

/// Steps between two looks at the clock: as in training, the program runs several at once.
const STEPS_AT_ONCE: usize = 5;
/// How long the peak is measured for, before, between and after the rounds.
const PEAK_TIME: Duration = Duration::from_millis(40);
/// Rounds that steps are spread over, so that one bad moment of the machine does not decide.
const ROUNDS: usize = 5;
/// Images of a round of encoding and decoding, or of sampling.
const INFERENCE_IMAGES: usize = 10_000;

/// What was measured. The names are those of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Measurements {
    /// The device in words.
    pub device: String,
    /// Threads that computed.
    pub threads: usize,
    /// Images a step.
    pub batch_size: usize,
    /// Widths of the model's layers.
    pub sizes: Sizes,
    /// Multiply-adds on registers alone, all threads together.
    pub peak_gflops: f64,
    /// One training step, everything included.
    pub step_ms: Spread,
    /// Rate of a step's matrix products, over the time of the whole step.
    pub step_gflops: f64,
    /// That rate as a share of the peak.
    pub percent_of_peak: f64,
    /// Steps a second.
    pub steps_per_s: f64,
    /// An epoch of training, shuffling included, evaluation not.
    pub epoch_s: f64,
    /// An evaluation of the test set.
    pub evaluation_s: f64,
    /// Reading or drawing the data set.
    pub load_s: f64,
    /// From the start of the measuring, loading the data and planning included, to the end of the
    /// first step.
    pub first_step_s: f64,
    /// Test images to latents and back, into memory that is used again.
    pub encode_decode_images_per_s: f64,
    /// Images out of the prior, into memory that is used again.
    pub sample_images_per_s: f64,
    /// The most memory that the process has held; none where the system does not tell.
    pub peak_rss_mb: Option<f64>,
}

/// A model with data, ready to be measured.
pub(crate) struct Subject {
    pub(crate) vae: Vae,
    peak: Cpu,
    order: Vec<u32>,
    test_pixels: Vec<u8>,
    load_s: f64,
    device: String,
}

impl Subject {
    pub(crate) fn prepare(bench: &Bench, report: &mut dyn Report) -> Result<Self> {
        let start = Instant::now();
        let selection = select(&bench.data, report)?;
        let load_s = start.elapsed().as_secs_f64();
        let (train, test) = (selection.dataset.train.images, selection.dataset.test.images);
        bench.settings.check_with(train.size(), train.count)?;
        let config = bench.settings.config(train.size(), train.count, test.count);
        memory::check(&Entries::plan_with(&config, bench.planning)?.0, &bench.settings)?;
        let cpu = Cpu::with_level(bench.threads, bench.level)?;
        let device = describe(&cpu);
        let mut vae = Vae::with_planning(&config, bench.planning, |program| {
            Ok(Box::new(Session::new(cpu, program)?))
        })?;
        vae.write_test_images(&test.pixels[..])?;
        vae.write_train_images(train.pixels)?;
        let peak = Cpu::with_level(bench.threads, bench.level)?;
        let order = elbo_data::permutation(config.seed, 1, config.train_images as u32);
        let images = INFERENCE_IMAGES.min(test.count);
        let mut test_pixels = test.pixels;
        test_pixels.truncate(images * config.sizes.input);
        vae.begin_epoch(&order)?;
        Ok(Self { vae, peak, order, test_pixels, load_s, device })
    }

    /// Trains `steps` steps, starting the epoch over where it ends.
    pub(crate) fn train(&mut self, steps: usize) -> Result<()> {
        let mut left = steps;
        while left > 0 {
            let taken = self.vae.train(left)?;
            left -= taken;
            if taken == 0 {
                self.vae.begin_epoch(&self.order)?;
            }
        }
        Ok(())
    }

    pub(crate) fn peak_gflops(&self) -> f64 {
        self.peak.peak_flops(PEAK_TIME) / 1e9
    }
}

/// Measures everything. Takes some ten seconds.
pub fn measure(bench: &Bench, report: &mut dyn Report) -> Result<Measurements> {
    let start = Instant::now();
    let mut subject = Subject::prepare(bench, report)?;
    subject.train(1)?;
    let first_step_s = start.elapsed().as_secs_f64();

    let (steps, peaks) = steps(&mut subject, bench.steps)?;
    let epoch_s = median((0..3).map(|_| timed(|| epoch(&mut subject))).collect::<Result<_>>()?);
    let peak_rss_mb = peak_memory();
    let vae = &mut subject.vae;
    let evaluation_s =
        median((0..ROUNDS).map(|_| timed(|| Ok(vae.evaluate()?))).collect::<Result<_>>()?);
    let pixels = &subject.test_pixels;
    let images = pixels.len() / vae.config().sizes.input;
    // As someone does who makes images over and over: the rounds share their memory.
    let Latents { mut means, mut log_variances } = vae.encode(pixels)?;
    let mut room = vae.decode(&means)?;
    let both = per_second(images, ROUNDS, || {
        vae.encode_into(pixels, &mut means, &mut log_variances)?;
        Ok(vae.decode_into(&means, &mut room)?)
    })?;
    room.resize(INFERENCE_IMAGES * vae.config().sizes.input, 0.0);
    let sampled = per_second(INFERENCE_IMAGES, ROUNDS, || Ok(vae.sample_into(1, &mut room)?))?;

    let step_ms = Spread::of(steps);
    let peak_gflops = median(peaks);
    let step_gflops = step_flops(vae.config()) / step_ms.median / 1e6;
    Ok(Measurements {
        device: subject.device,
        threads: subject.peak.threads(),
        batch_size: vae.config().batch_size,
        sizes: vae.config().sizes,
        peak_gflops,
        step_ms,
        step_gflops,
        percent_of_peak: 100.0 * step_gflops / peak_gflops,
        steps_per_s: 1e3 / step_ms.median,
        epoch_s,
        evaluation_s,
        load_s: subject.load_s,
        first_step_s,
        encode_decode_images_per_s: both,
        sample_images_per_s: sampled,
        peak_rss_mb,
    })
}

/// Milliseconds a step, and the peak in between: both suffer alike when the machine is shared.
fn steps(subject: &mut Subject, steps: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut times, mut peaks) = (Vec::new(), vec![subject.peak_gflops()]);
    let samples = steps.div_ceil(ROUNDS * STEPS_AT_ONCE).max(2);
    for _ in 0..ROUNDS {
        subject.vae.begin_epoch(&subject.order)?;
        subject.train(STEPS_AT_ONCE)?;
        for _ in 0..samples {
            let seconds = timed(|| subject.train(STEPS_AT_ONCE))?;
            times.push(seconds * 1e3 / STEPS_AT_ONCE as f64);
        }
        peaks.push(subject.peak_gflops());
    }
    Ok((times, peaks))
}

fn epoch(subject: &mut Subject) -> Result<()> {
    let seed = subject.vae.config().seed;
    elbo_data::shuffle_into(&mut subject.order, seed, 2);
    subject.vae.begin_epoch(&subject.order)?;
    while subject.vae.train(usize::MAX)? > 0 {}
    subject.vae.epoch_losses()?;
    Ok(())
}

/// Floating-point operations of a step's matrix products: forward, weight gradients, and the gradients
/// of every layer's input but the first's.
fn step_flops(config: &Config) -> f64 {
    let Sizes { input, hidden, latent } = config.sizes;
    let first = input * hidden;
    let all = first + 2 * hidden * latent + latent * hidden + hidden * input;
    (2 * config.batch_size * (3 * all - first)) as f64
}

#[cfg(test)]
mod tests;
