//! Times, and what many of them come to.

use std::time::Instant;

use serde::Serialize;

use crate::Result;

/// The middle of many times, and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them are shorter.
    pub median: f64,
    /// A tenth of them are shorter.
    pub p10: f64,
    /// A tenth of them are longer.
    pub p90: f64,
}

impl Spread {
    /// Of at least one value.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Self { median: at(0.5), p10: at(0.1), p90: at(0.9) }
    }
}

pub(super) fn median(values: Vec<f64>) -> f64 {
    Spread::of(values).median
}

/// The seconds that some work takes.
pub(super) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// How many of `count` things a second some work gets done: the median of `rounds`, after one more.
pub(super) fn per_second<T>(
    count: usize,
    rounds: usize,
    mut work: impl FnMut() -> Result<T>,
) -> Result<f64> {
    timed(&mut work)?;
    let times = (0..rounds).map(|_| timed(&mut work)).collect::<Result<_>>()?;
    Ok(count as f64 / median(times))
}

/// The most memory that this process has held so far, in MB, where Linux tells.
pub(super) fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_takes_the_middle_and_the_tenths() {
        let spread = Spread::of((0..=100).rev().map(f64::from).collect());
        assert_eq!(spread, Spread { median: 50.0, p10: 10.0, p90: 90.0 });
        assert_eq!(Spread::of(vec![3.0]), Spread { median: 3.0, p10: 3.0, p90: 3.0 });
    }
}
