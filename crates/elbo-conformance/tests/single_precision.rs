//! A backend that rounds everything to f32 passes: the tolerances leave room for single precision.

mod altered;

use altered::Altered;
use elbo_conformance::{Reference, Refusal, Values};
use elbo_tensor::{Backend, Call, Memory, Op, Over};

/// Every result rounded to f32, products and whole sums added up in f32, one term after the other.
fn rounded(call: &Call, memory: &mut Memory<Values>, _threads: usize) -> Result<(), Refusal> {
    let sums = summed(call, memory);
    Reference.launch(call, memory)?;
    if let (Some(sums), Some(Values::F32(out))) = (sums, memory.get_mut(call.out.slot)) {
        out[..sums.len()].copy_from_slice(&sums);
    }
    let changed = call.op.changes().iter().map(|position| call.args[*position].slot);
    for slot in changed.chain([call.out.slot]) {
        if let Some(Values::F32(values)) = memory.get_mut(slot) {
            values.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
    }
    Ok(())
}

/// A product or a sum of everything in f32, in the worst order there is.
fn summed(call: &Call, memory: &Memory<Values>) -> Option<Vec<f64>> {
    let f32s = |i: usize| -> Option<Vec<f32>> {
        let values = memory.get(call.args.get(i)?.slot)?.as_f64()?;
        Some(values.iter().map(|x| *x as f32).collect())
    };
    match call.op {
        Op::MatMul { transpose_a, transpose_b } => {
            let (a, b) = (f32s(0)?, f32s(1)?);
            let ((rows, columns), (m, n)) =
                (call.args[0].shape.as_matrix()?, call.out.shape.as_matrix()?);
            let k = if transpose_a { rows } else { columns };
            let a = |i, l| if transpose_a { a[l * m + i] } else { a[i * k + l] };
            let b = |l, j| if transpose_b { b[j * k + l] } else { b[l * n + j] };
            let at = |place: usize| {
                let (i, j) = (place / n, place % n);
                f64::from((0..k).fold(0.0, |sum, l| sum + a(i, l) * b(l, j)))
            };
            Some((0..m * n).map(at).collect())
        }
        Op::Sum(Over::All) => {
            let terms = f32s(0)?;
            let terms = &terms[..call.args[0].shape.len()];
            Some(vec![f64::from(terms.iter().fold(0.0, |sum, x| sum + x))])
        }
        _ => None,
    }
}

fn make(threads: usize) -> Altered {
    Altered { launch: rounded, threads, runs: altered::as_told }
}

#[test]
fn ops_in_single_precision_are_close_enough() {
    elbo_conformance::ops_agree_with_the_reference(make);
}

#[test]
fn gradients_in_single_precision_are_close_enough() {
    elbo_conformance::gradients_match_central_differences(make);
}

#[test]
fn fusing_in_single_precision_stays_within_rounding() {
    elbo_conformance::plans_agree(make);
}

#[test]
fn losses_of_three_steps_in_single_precision_are_close_enough() {
    elbo_conformance::replays_equal_launches(make);
}
