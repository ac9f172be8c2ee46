//! A step allocates nothing. Alone in its process: the count is the whole process's.

use std::alloc::System;

use elbo_conformance::replays_allocate_nothing;
use elbo_cpu::Cpu;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations of the whole process so far, growth of existing ones included.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

#[test]
fn a_hundred_training_steps_allocate_nothing() {
    replays_allocate_nothing(|threads| Cpu::new(threads).unwrap(), allocations);
}
