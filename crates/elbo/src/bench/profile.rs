//! Where a step's time goes, call by call.

use elbo_tensor::Call;
use elbo_vae::Config;
use serde::Serialize;

use super::{Bench, Subject, measure::median};
use crate::{Report, Result};

/// Steps that are looked at.
const STEPS: usize = 100;
/// Steps before them, for caches and clocks to settle.
const WARM_UP: usize = 5;

/// A call of the training step and what it took.
#[derive(Clone, Debug, Serialize)]
pub struct ProfiledCall {
    /// The call, as `elbo plan` shows it.
    pub call: String,
    /// Median time in microseconds, what handing a call over takes not counted.
    pub us: f64,
    /// Floating-point operations.
    pub flops: usize,
    /// Bytes read and written.
    pub bytes: usize,
    /// Its rate as a share of the peak.
    pub percent_of_peak: f64,
}

/// The calls of a training step in the order they run, each timed on its own.
pub fn profile(bench: &Bench, report: &mut dyn Report) -> Result<Vec<ProfiledCall>> {
    let mut subject = Subject::prepare(bench, report)?;
    let Config { train_images, batch_size, .. } = *subject.vae.config();
    subject.train(WARM_UP)?;
    // Only full batches are looked at, and no more of them than an epoch has.
    let full = (train_images / batch_size).max(1);
    subject.vae.begin_epoch(&subject.order)?;
    let rounds = subject.vae.profile_step(full.min(STEPS))?;
    let peak = subject.peak_gflops();
    let program = subject.vae.program();
    let calls: &[Call] = program.find("train").map_or(&[], |entry| program.planned(entry).calls());
    let seconds: Vec<f64> =
        (0..calls.len()).map(|i| median(rounds.iter().map(|round| round[i]).collect())).collect();
    // The cheapest call moves a counter: its time is what handing a call to the threads takes.
    let handing_over = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let row = |(call, seconds): (&Call, &f64)| {
        let us = (seconds - handing_over) * 1e6;
        let gflops = if us > 0.0 { call.flops() as f64 / us / 1e3 } else { 0.0 };
        let percent_of_peak = 100.0 * gflops / peak;
        ProfiledCall {
            call: call.to_string(),
            us,
            flops: call.flops(),
            bytes: call.bytes(),
            percent_of_peak,
        }
    };
    Ok(calls.iter().zip(&seconds).map(row).collect())
}
