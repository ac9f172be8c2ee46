//! Every figure on a small set, and the count of operations.

use std::fs::File;

use super::*;

#[test]
fn a_step_of_the_default_model_takes_419_8_million_operations() {
    assert!((step_flops(&Config::default()) / 1e6 - 419.8).abs() < 0.05);
}

/// A folder with 40 + 20 drawn digits.
fn small_set() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let set = elbo_data::synthetic_sized(1, 40, 20);
    for (name, split) in [("train", &set.train), ("t10k", &set.test)] {
        let file = |kind| File::create(folder.path().join(format!("{name}-{kind}-ubyte"))).unwrap();
        elbo_data::idx::write_images(&mut file("images-idx3"), &split.images).unwrap();
        elbo_data::idx::write_labels(&mut file("labels-idx1"), &split.labels).unwrap();
    }
    folder
}

#[test]
fn everything_measured_is_a_positive_number() {
    let folder = small_set();
    let settings = Settings { hidden: 8, latent: 2, batch_size: 16, ..Settings::default() };
    let data = Wanted { named: Some(folder.path().into()), ..Wanted::default() };
    let (threads, level, planning) = (1, Level::Avx512, Planning::default());
    let bench = Bench { settings, data, threads, level, planning, steps: 20 };
    let measured = measure(&bench, &mut ()).unwrap();
    for figure in [
        measured.peak_gflops,
        measured.step_ms.median,
        measured.epoch_s,
        measured.first_step_s,
        measured.encode_decode_images_per_s,
        measured.sample_images_per_s,
    ] {
        assert!(figure.is_finite() && figure > 0.0, "{measured:?}");
    }
    assert!(measured.step_ms.p10 <= measured.step_ms.median);
    assert!(measured.step_ms.median <= measured.step_ms.p90);
    let calls = profile(&bench, &mut ()).unwrap();
    assert!(calls.iter().any(|call| call.call.starts_with("gather")), "{calls:?}");
}
