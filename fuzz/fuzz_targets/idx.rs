//! Fuzzes what `elbo_fuzz::idx` promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_fuzz::idx(bytes));
