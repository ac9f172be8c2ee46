//! Numbers to pixels: whole, from 0 to 255, or an error that says how to make them so.

use std::path::Path;

use super::refused;
use crate::Error;

/// Values as pixels, 0 for black to 255 for white.
pub(super) fn bytes(path: &Path, values: &[f32]) -> Result<Vec<u8>, Error> {
    if let Some(odd) = values.iter().find(|value| !value.is_finite()) {
        let fact = format!("has {odd} among its pixels; give whole numbers from 0 to 255");
        return Err(refused(path, fact));
    }
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let convert = if least >= 0.0 && most <= 1.0 {
        // All black is a picture; ones are white of another scale.
        (most > 0.0).then_some("(255 * x).round().astype('uint8')")
    } else if least >= -1.0 && most <= 1.0 {
        Some("(127.5 * (x + 1)).round().astype('uint8')")
    } else if least < 0.0 || most > 255.0 {
        Some("(255 * (x - x.min()) / (x.max() - x.min())).round().astype('uint8')")
    } else {
        values.iter().any(|value| value.fract() != 0.0).then_some("x.round().astype('uint8')")
    };
    match convert {
        None => Ok(values.iter().map(|value| *value as u8).collect()),
        Some(convert) => {
            let fact = format!(
                "pixels from {least} to {most}, whole numbers from 0 (black) to 255 (white) expected; \
                 convert them in NumPy, `{convert}`"
            );
            Err(refused(path, fact))
        }
    }
}

/// Values as labels.
pub(super) fn labels(path: &Path, values: &[f32]) -> Result<Vec<u8>, Error> {
    let label = |value: &f32| {
        let label = *value as u8;
        (f32::from(label) == *value).then_some(label)
    };
    values.iter().map(|value| label(value).ok_or(*value)).collect::<Result<_, _>>().map_err(|odd| {
        let fact = format!("has the label {odd}; labels are whole numbers from 0 to 255");
        refused(path, fact)
    })
}
