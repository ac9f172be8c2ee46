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

pub(super) fn relu(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}
