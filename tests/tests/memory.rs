//! A training holds as much memory after a thousand steps as after the first. Alone in its process: what is
//! counted is the whole process's.

use std::{alloc::System, path::Path};

use elbo::{Device, DeviceKind, Settings, Training};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Epochs, each of ten steps and one evaluation.
const EPOCHS: usize = 100;

/// What may be in use at one moment and not at another: a queue of rayon's takes its blocks, of 2 KB each, when
/// it likes. Five bytes a step would be more.
const AT_ONCE: isize = 4_096;

/// Bytes that are allocated now; what reallocations add or give back is among them.
fn held() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// Bytes that the system has given this process, where it says.
fn resident() -> Option<usize> {
    // Not `status`: there newer kernels only estimate it.
    let exact = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = exact.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()? * 1024)
}

#[test]
fn a_thousand_steps_and_a_hundred_evaluations_leave_nothing_behind() {
    let settings = Settings { batch_size: 16, hidden: 64, latent: 4, ..Settings::default() };
    let device = Device { kind: DeviceKind::Cpu, threads: 2, ..Device::default() };
    let data = elbo_data::synthetic_sized(0, 10 * 16, 40);
    let mut training = Training::new(data, &settings, device).unwrap();
    // An epoch as the program has it: steps, losses, evaluation, what a checkpoint would hold.
    let mut epoch = || {
        training.epoch(&mut ()).unwrap();
        drop(training.checkpoint().unwrap());
    };
    for _ in 0..3 {
        epoch();
    }
    let before = (held(), resident());
    for _ in 0..EPOCHS {
        epoch();
    }
    let after = (held(), resident());
    let left = after.0 - before.0;
    assert!(left < AT_ONCE, "{left} bytes allocated and not given back");
    let last = training.checkpoint().unwrap();
    assert_eq!(last.metadata["step"], 10 * (3 + EPOCHS as u64));
    training.restore(&last, Path::new("in memory")).unwrap();
    if let (Some(before), Some(after)) = (before.1, after.1) {
        let grown = after.saturating_sub(before);
        assert!(grown < 4 << 20, "{grown} bytes more from the system, {before} before");
    }
}
