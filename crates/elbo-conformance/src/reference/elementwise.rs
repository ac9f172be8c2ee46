//! Ops that take each value by itself.

use super::{Refusal, operands::Arguments};

pub(super) fn one(args: Arguments<'_>, op: impl Fn(f64) -> f64) -> Result<Vec<f64>, Refusal> {
    Ok(args.f32(0)?.iter().map(|x| op(*x)).collect())
}

pub(super) fn two(args: Arguments<'_>, op: impl Fn(f64, f64) -> f64) -> Result<Vec<f64>, Refusal> {
    let (a, b) = (args.f32(0)?, args.f32(1)?);
    if a.len() != b.len() {
        return Err(args.refuse(format!("{} values and {}", a.len(), b.len())));
    }
    Ok(a.iter().zip(b).map(|(a, b)| op(*a, *b)).collect())
}

/// Of some values those where the third argument is above 0.
pub(super) fn masked(args: Arguments<'_>, values: Vec<f64>) -> Result<Vec<f64>, Refusal> {
    let y = args.f32(2)?;
    if y.len() != values.len() {
        return Err(args.refuse(format!("{} values and {}", values.len(), y.len())));
    }
    Ok(values.into_iter().zip(y).map(|(g, y)| if *y > 0.0 { g } else { 0.0 }).collect())
}

/// Not-a-number passes: a fault must show.
pub(super) fn relu(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}
