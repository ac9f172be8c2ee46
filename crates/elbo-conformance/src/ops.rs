//! Check 1: each op by itself, on every case, is what the reference says.

use elbo_tensor::{Activation, Backend, Op};

use crate::{
    Reference,
    cases::{Case, cases},
    compare::{ROUNDOFF, assert_close},
    host::Host,
    quiet,
    stage::{Stage, expect},
};

/// Every op, on odd and degenerate shapes, gives what the [`Reference`] gives, on one thread and on
/// three; elementwise ops also when the result takes the place of the first argument.
///
/// Moving and picking ops must be exact. Ops that IEEE 754 rounds once may be off by 1e-6 of the
/// result, tanh and the sigmoid by 2e-6, a sum of k terms by 4 √k · 2⁻²⁴ of the sum of their
/// magnitudes.
///
/// # Panics
/// With the op, its shapes, the first index that differs, and both values.
pub fn ops_agree_with_the_reference<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    for case in cases() {
        for threads in [1, 3] {
            agree(&case, threads, false, make(threads));
        }
        let first = case.args.first();
        let fits =
            first.is_some_and(|(shape, host)| *shape == case.out && matches!(host, Host::F32(_)));
        if fits && case.op.kind() == elbo_tensor::Kind::Elementwise {
            agree(&case, 1, true, make(1));
        }
    }
}

fn agree<B: Backend>(case: &Case, threads: usize, in_place: bool, backend: B) {
    let place = if in_place { ", in place" } else { "" };
    let what = format!("{}, {threads} threads{place}", case.name());
    let out = if in_place { 0 } else { case.args.len() };
    let (stage, exact) =
        (launched(case, out, &what, backend), launched(case, out, &what, Reference));
    let mut changed = case.op.changes().to_vec();
    if changed.is_empty() {
        changed.push(out);
    }
    for position in 0..stage.operands.len() {
        let role = if position < case.args.len() { "argument" } else { "result" };
        let what = format!("{what}: {role} {position}");
        let here = stage.read(&what, position).as_f64();
        let allowed = match changed.contains(&position) {
            true => allowed(case, position, &exact.exact(position)),
            false => vec![0.0; here.len()],
        };
        assert_close(&what, &here, &exact.exact(position), &allowed);
    }
}

/// The case's values on a backend, its one call made.
fn launched<B: Backend>(case: &Case, out: usize, what: &str, backend: B) -> Stage<B> {
    let mut values = case.args.clone();
    let update = !case.op.changes().is_empty();
    let out = if update { 0 } else { out };
    if out == case.args.len() {
        // Left over from another value: a result must not add to what it finds.
        values.push((case.out, Host::F32(vec![-7.5; case.out.len()])));
    }
    let mut stage = Stage::new(backend, &values);
    let args: Vec<usize> = (0..case.args.len()).collect();
    let call = stage.call(case.op, &args, out);
    expect(stage.backend.launch(&call, &mut stage.memory), what);
    stage
}

/// How far each value may be from the reference, which has `exact` for the result (or, of an update,
/// for the argument at `position`).
fn allowed(case: &Case, position: usize, exact: &[f64]) -> Vec<f64> {
    let each = |bound: fn(f64) -> f64| exact.iter().map(|y| bound(y.abs())).collect();
    let argument = |i: usize| case.args[i].1.as_f64();
    match case.op {
        Op::Input | Op::Parameter | Op::Fill(_) | Op::Put | Op::Advance(_) => each(|_| 0.0),
        Op::Relu | Op::ReluGrad | Op::Spread(_) => each(|_| 0.0),
        Op::Normal { .. } => each(|y| 2e-6 * y.max(1.0)),
        Op::Gather { mean, std } => {
            let size = (1.0 + f64::from(mean.abs())) / f64::from(std);
            exact.iter().map(|_| 5e-7 * size).collect()
        }
        Op::Scale(_) | Op::Shift(_) | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::AddRow => {
            each(|y| 1e-6 * y + f64::from(f32::MIN_POSITIVE))
        }
        Op::Exp | Op::Sqrt | Op::Square => each(|y| 1e-6 * y + f64::from(f32::MIN_POSITIVE)),
        Op::Ln => each(|y| 1e-6 * y + 2e-7),
        Op::Tanh | Op::Sigmoid => each(|_| 2e-6),
        Op::TanhGrad | Op::SigmoidGrad => argument(0).iter().map(|g| 1e-6 * g.abs()).collect(),
        Op::MatMul { .. } | Op::Sum(_) => sum_bound(case, 0.0),
        Op::MatMulReluGrad { .. } => sum_bound(case, 0.0),
        Op::SquaredError => {
            let sizes = argument(0).into_iter().zip(argument(1)).map(|(a, b)| a.abs() + b.abs());
            let size: f64 = sizes.map(|size| size * size).sum();
            vec![1e-6 * size; exact.len()]
        }
        Op::ErrorTanhGrad(k) => {
            let sizes = argument(0).into_iter().zip(argument(1)).map(|(y, x)| y.abs() + x.abs());
            sizes.map(|size| 1e-6 * f64::from(k.abs()) * size).collect()
        }
        Op::Affine { activation: Activation::Identity | Activation::Relu, .. } => {
            sum_bound(case, 0.0)
        }
        Op::Affine { activation: Activation::Tanh, .. } => sum_bound(case, 2e-6),
        Op::Adam { .. } | Op::AdamProduct { .. } => adam_bound(case, position, exact),
    }
}

/// The moments may be 1e-30 off: a backend may keep them away from the denormal numbers.
fn adam_bound(case: &Case, position: usize, exact: &[f64]) -> Vec<f64> {
    let argument = |i: usize| case.args[i].1.as_f64();
    let (gradient, error, moments) = match case.op {
        Op::AdamProduct { .. } => {
            let product = Case {
                op: Op::MatMul { transpose_a: true, transpose_b: false },
                args: case.args[1..3].to_vec(),
                out: case.out,
            };
            let gradient = launched(&product, 2, "gradient", Reference).exact(2);
            (gradient, sum_bound(&product, 0.0), 3)
        }
        _ => (argument(1), vec![0.0; exact.len()], 2),
    };
    let (old, second) = (argument(position), argument(moments + 1));
    let bound = |i: usize| {
        let (y, old, g, error) = (exact[i], old[i], gradient[i], error[i]);
        if position == 0 {
            // Bias corrections in f32 would be off by 2e-5 of the update. An error of the gradient
            // moves the first moment, over the root of the second.
            let root = (second[i] + g * g * 1e-3).sqrt() + 1e-8;
            let moved = 1e-3 * (error / root).min(2.0);
            2e-6 * (y - old).abs() + 2.0 * ROUNDOFF * y.abs() + 1e-9 + moved
        } else if position == moments {
            2e-7 * (old.abs() + g.abs()) + 1e-30 + 0.2 * error
        } else {
            1e-6 * (old + g * g) + 1e-30 + 4e-3 * (g.abs() + error) * error
        }
    };
    (0..exact.len()).map(bound).collect()
}

/// 4 √k · 2⁻²⁴ of the sum of the k terms' magnitudes, which the reference computes from |arguments|.
fn sum_bound(case: &Case, more: f64) -> Vec<f64> {
    let mut sizes = case.clone();
    for (_, host) in &mut sizes.args {
        if let Host::F32(values) = host {
            values.iter_mut().for_each(|x| *x = x.abs());
        }
    }
    if let Op::Affine { activation, .. } = &mut sizes.op {
        *activation = Activation::Identity;
    }
    let out = sizes.args.len();
    let magnitudes = launched(&sizes, out, "magnitudes", Reference).exact(out);
    let terms = (terms(case) + 1) as f64;
    magnitudes.iter().map(|size| 4.0 * terms.sqrt() * ROUNDOFF * size + more).collect()
}

/// How many numbers each result is a sum of.
fn terms(case: &Case) -> usize {
    let (shape, _) = case.args[0];
    match (case.op, shape.as_matrix()) {
        (
            Op::MatMul { transpose_a: true, .. }
            | Op::Affine { transpose_a: true, .. }
            | Op::MatMulReluGrad { transpose_a: true, .. },
            Some((k, _)),
        ) => k,
        (Op::MatMul { .. } | Op::Affine { .. } | Op::MatMulReluGrad { .. }, Some((_, k))) => k,
        _ => shape.len() / case.out.len().max(1),
    }
}
