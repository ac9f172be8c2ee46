//! End-to-end tests of the binary and tests that span crates.
