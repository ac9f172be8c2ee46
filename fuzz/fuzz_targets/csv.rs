//! Fuzzes what `elbo_fuzz::csv` promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_fuzz::csv(bytes));
