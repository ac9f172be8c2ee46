//! What every backend must pass, at each level of vector instructions.

use elbo_conformance::check;
use elbo_cpu::{Cpu, Level};

#[test]
fn the_cpu_passes_the_suite() {
    check(|threads| Cpu::new(threads).unwrap(), None);
}

#[test]
fn the_cpu_passes_the_suite_without_wide_vectors() {
    check(|threads| Cpu::with_level(threads, Level::Avx2).unwrap(), None);
}

#[test]
fn the_cpu_passes_the_suite_without_any_vector_extension() {
    check(|threads| Cpu::with_level(threads, Level::Plain).unwrap(), None);
}
