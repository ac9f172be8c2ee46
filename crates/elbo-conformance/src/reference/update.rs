//! Ops that change what lives on between runs.

use super::{Refusal, Values, arms::Results, operands::Arguments};

/// One step of `torch.optim.Adam` without weight decay or amsgrad: bias corrections first, eps
/// outside the root (`_single_tensor_adam`).
///
/// The moments are the arguments at `moments` and behind it; step and learning rate follow.
pub(super) fn adam(
    args: Arguments<'_>,
    gradient: Vec<f64>,
    moments: usize,
    (beta1, beta2): (f64, f64),
    eps: f64,
) -> Result<Results, Refusal> {
    let parameter = args.f32(0)?;
    let (first, second) = (args.f32(moments)?, args.f32(moments + 1)?);
    let taken = f64::from(args.count(moments + 2)?) + 1.0;
    let Some(learning_rate) = args.f32(moments + 3)?.first() else {
        return Err(args.refuse("the learning rate is empty"));
    };
    if [gradient.len(), first.len(), second.len()] != [parameter.len(); 3] {
        return Err(args.refuse("parameter, gradient and moments differ in length"));
    }
    let step_size = learning_rate / (1.0 - beta1.powf(taken));
    let root_of_correction = (1.0 - beta2.powf(taken)).sqrt();
    let (mut p, mut m, mut v) = (parameter.to_vec(), first.to_vec(), second.to_vec());
    for (i, g) in gradient.iter().enumerate() {
        m[i] = beta1 * m[i] + (1.0 - beta1) * g;
        v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
        p[i] -= step_size * m[i] / (v[i].sqrt() / root_of_correction + eps);
    }
    let results = [(0, p), (moments, m), (moments + 1, v)];
    results.into_iter().map(|(i, new)| Ok((args.operand(i)?, Values::F32(new)))).collect()
}

pub(super) fn put(args: Arguments<'_>) -> Result<Results, Refusal> {
    let mut log = args.f32(0)?.to_vec();
    let (value, index) = (args.f32(1)?, args.count(2)?);
    let len = log.len();
    match (log.get_mut(index as usize), value) {
        (Some(place), [value]) => *place = *value,
        (None, _) => return Err(args.refuse(format!("place {index} of a log of {len}"))),
        _ => return Err(args.refuse(format!("{} values for one place", value.len()))),
    }
    Ok(vec![(args.operand(0)?, Values::F32(log))])
}

pub(super) fn advance(args: Arguments<'_>, by: u32) -> Result<Results, Refusal> {
    let count = args.count(0)?.wrapping_add(by);
    Ok(vec![(args.operand(0)?, Values::U32(vec![count]))])
}
