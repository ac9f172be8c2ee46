//! Fuzzes what `elbo_fuzz::checkpoint` promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_fuzz::checkpoint(bytes));
