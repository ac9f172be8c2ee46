//! Fuzzes what `elbo_fuzz::png` promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_fuzz::png(bytes));
