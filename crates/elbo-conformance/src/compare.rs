//! Saying where two results part: the first index, both values, and how far apart they may be.

use crate::host::Host;

/// Rounding one number to `f32` moves it by at most this share of itself.
pub(crate) const ROUNDOFF: f64 = 1.0 / 16_777_216.0;

/// Panics at the first value farther from the reference than `allowed`.
///
/// A value is also right when it is the reference's, rounded to `f32`: so infinities and NaNs compare.
pub(crate) fn assert_close(what: &str, here: &[f64], there: &[f64], allowed: &[f64]) {
    assert_eq!(here.len(), there.len(), "{what}: as many values as the reference");
    for (index, (x, y)) in here.iter().zip(there).enumerate() {
        let rounded = f64::from(*y as f32);
        let close = (x - y).abs() <= allowed[index];
        assert!(
            close || x.to_bits() == rounded.to_bits(),
            "{what}: at {index} {x:e}, the reference has {y:e}, {:e} apart where {:e} is allowed",
            (x - y).abs(),
            allowed[index],
        );
    }
}

/// Panics at the first value whose bits differ.
pub(crate) fn assert_same_bits(what: &str, here: &Host, there: &Host) {
    let (a, b) = (here.bits(), there.bits());
    assert_eq!(a.len(), b.len(), "{what}: as many values");
    if let Some(index) = (0..a.len()).find(|i| a[*i] != b[*i]) {
        let (x, y) = (here.as_f64()[index], there.as_f64()[index]);
        let bits = format!("{:08x} and {:08x}", a[index], b[index]);
        panic!("{what}: not the same bits at {index}, {x:e} and {y:e} ({bits})");
    }
}

/// The largest magnitude, at least 1: what a tolerance for a whole tensor is a share of.
pub(crate) fn scale_of(values: &[f64]) -> f64 {
    values.iter().fold(1.0, |scale, x| scale.max(x.abs()))
}
