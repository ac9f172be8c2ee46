//! What fuzzing began with and what it found, through the functions that it calls: no nightly toolchain needed.

use std::{fs, path::Path};

#[path = "../../fuzz/src/lib.rs"]
mod promises;

/// A fuzz target by its name.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 7] = [
    ("checkpoint", promises::checkpoint),
    ("config", promises::config),
    ("csv", promises::csv),
    ("idx", promises::idx),
    ("idx_gz", promises::idx_gz),
    ("npy", promises::npy),
    ("png", promises::png),
];

#[test]
fn all_seeds_keep_what_their_target_promises() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let mut total = 0;
    for (name, promise) in TARGETS {
        assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name} is fuzzed");
        let mut seeds = 0;
        for entry in fs::read_dir(fuzz.join("seeds").join(name)).unwrap() {
            let path = entry.unwrap().path();
            // Shown where a promise is not kept.
            println!("{}", path.display());
            promise(&fs::read(&path).unwrap());
            seeds += 1;
        }
        assert!(seeds > 5, "{name} has {seeds} seeds");
        total += seeds;
    }
    let targets = fs::read_dir(fuzz.join("fuzz_targets")).unwrap().count();
    assert_eq!(targets, TARGETS.len(), "each target has its seeds tried here");
    println!("{total} seeds");
}
