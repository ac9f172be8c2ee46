//! What the machine can do at the most: multiply-adds on registers alone, on every thread at once.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use pulp::{Simd, WithSimd};

use crate::Cpu;

/// Independent sums: enough to keep two multiply-add units busy through the latency of each.
const CHAINS: usize = 12;
/// Multiply-adds of each chain between two looks at the clock.
const BURST: usize = 1 << 12;

impl Cpu {
    /// Measures for about `time` how many floating-point operations a second all threads reach
    /// together when nothing has to come from memory. A multiply-add counts as two.
    ///
    /// This is the limit that no product of this backend can pass, measured rather than looked up:
    /// clock rates depend on the instructions, the load and the neighbours.
    #[must_use]
    pub fn peak_flops(&self, time: Duration) -> f64 {
        let dispatch = self.dispatch();
        let total = Mutex::new(0.0);
        self.crew().team.run(&|_, barrier| {
            barrier.wait();
            let (start, mut flops) = (Instant::now(), 0);
            while start.elapsed() < time {
                flops += dispatch.run(Burst);
            }
            let rate = flops as f64 / start.elapsed().as_secs_f64();
            *total.lock().unwrap_or_else(PoisonError::into_inner) += rate;
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run of multiply-adds. Returns how many operations it made.
struct Burst;

impl WithSimd for Burst {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let factor = simd.splat_f32s(std::hint::black_box(0.999_9));
        let summand = simd.splat_f32s(std::hint::black_box(1e-4));
        let mut chains = [factor; CHAINS];
        for _ in 0..BURST {
            for chain in &mut chains {
                *chain = simd.mul_add_e_f32s(*chain, factor, summand);
            }
        }
        let total = chains.into_iter().fold(summand, |total, chain| simd.add_f32s(total, chain));
        std::hint::black_box(simd.reduce_sum_f32s(total));
        2 * BURST * CHAINS * S::F32_LANES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    #[test]
    fn a_peak_is_a_positive_rate_at_every_level() {
        for level in [Level::Plain, Level::Avx2, Level::Avx512] {
            let peak = Cpu::with_level(2, level).unwrap().peak_flops(Duration::from_millis(2));
            assert!(peak.is_finite() && peak > 1e6, "{level}: {peak}");
        }
    }
}
