//! Known answers: the reference decides for every backend, so these decide for the reference.

use elbo_tensor::{Activation, Backend, Op, Over, Shape};

use super::Reference;
use crate::{host::Host, stage::Stage};

/// The values of `out` once the op has run on f32 arguments.
fn run(op: Op, args: &[(Shape, &[f32])], out: Shape) -> Vec<f64> {
    let mut values: Vec<(Shape, Host)> =
        args.iter().map(|(shape, values)| (*shape, Host::F32(values.to_vec()))).collect();
    values.push((out, Host::F32(vec![f32::NAN; out.len()])));
    let mut stage = Stage::new(Reference, &values);
    let positions: Vec<usize> = (0..args.len()).collect();
    let call = stage.call(op, &positions, args.len());
    stage.backend.launch(&call, &mut stage.memory).unwrap();
    stage.exact(args.len())
}

fn matrix(rows: usize, columns: usize) -> Shape {
    Shape::matrix(rows, columns)
}

/// [1 2 3; 4 5 6] · [1 0; 2 −1; 0 3] = [5 7; 14 13], each matrix as it is or written transposed.
#[test]
fn a_product_by_hand_comes_out_in_all_four_orientations() {
    let a: [(Shape, &[f32]); 2] = [
        (matrix(2, 3), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (matrix(3, 2), &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
    ];
    let b: [(Shape, &[f32]); 2] = [
        (matrix(3, 2), &[1.0, 0.0, 2.0, -1.0, 0.0, 3.0]),
        (matrix(2, 3), &[1.0, 2.0, 0.0, 0.0, -1.0, 3.0]),
    ];
    for (transpose_a, a) in [false, true].into_iter().zip(a) {
        for (transpose_b, b) in [false, true].into_iter().zip(b) {
            let product = Op::MatMul { transpose_a, transpose_b };
            assert_eq!(run(product, &[a, b], matrix(2, 2)), [5.0, 7.0, 14.0, 13.0]);
            let activation = Activation::Relu;
            let layer = Op::Affine { transpose_a, transpose_b, activation };
            let bias: (Shape, &[f32]) = ([2].into(), &[-10.0, 1.0]);
            assert_eq!(run(layer, &[a, b, bias], matrix(2, 2)), [0.0, 8.0, 4.0, 14.0]);
        }
    }
}

#[test]
fn sums_and_spreads_by_hand() {
    let x: [(Shape, &[f32]); 1] = [(matrix(2, 3), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    assert_eq!(run(Op::Sum(Over::All), &x, Shape::SCALAR), [21.0]);
    assert_eq!(run(Op::Sum(Over::Rows), &x, [3].into()), [5.0, 7.0, 9.0]);
    assert_eq!(run(Op::Sum(Over::Columns), &x, [2].into()), [6.0, 15.0]);
    let spread = |over, values: &[f32]| {
        run(Op::Spread(over), &[(Shape::vector(values.len()), values)], matrix(2, 3))
    };
    assert_eq!(spread(Over::All, &[7.0]), [7.0; 6]);
    assert_eq!(spread(Over::Rows, &[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    assert_eq!(spread(Over::Columns, &[1.0, 2.0]), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
}

#[test]
fn sums_of_nothing_are_zero() {
    let none: [(Shape, &[f32]); 1] = [(matrix(0, 3), &[])];
    assert_eq!(run(Op::Sum(Over::All), &none, Shape::SCALAR), [0.0]);
    assert_eq!(run(Op::Sum(Over::Rows), &none, [3].into()), [0.0; 3]);
    assert_eq!(run(Op::Sum(Over::Columns), &none, [0].into()), [0.0; 0]);
    let product = Op::MatMul { transpose_a: true, transpose_b: false };
    let pair: [(Shape, &[f32]); 2] = [(matrix(0, 1), &[]), (matrix(0, 2), &[])];
    assert_eq!(run(product, &pair, matrix(1, 2)), [0.0; 2]);
}

#[test]
fn slopes_by_hand() {
    let pair = |y: f32| -> Vec<Vec<f64>> {
        let args: [(Shape, &[f32]); 2] = [([1].into(), &[8.0]), ([1].into(), &[y])];
        [Op::ReluGrad, Op::TanhGrad, Op::SigmoidGrad].map(|op| run(op, &args, [1].into())).to_vec()
    };
    assert_eq!(pair(0.5), [[8.0], [6.0], [2.0]]);
    assert_eq!(pair(0.0), [[0.0], [8.0], [0.0]]);
}

/// The first step of Adam moves by the learning rate against the gradient's sign, whatever its size;
/// the second is worked out by hand for β₁ = ½, β₂ = ¾, eps = 0.
#[test]
fn adam_by_hand() {
    let step = |taken: u32, gradient: f32, first: f32, second: f32| {
        let values = [1.0, gradient, first, second];
        let mut args: Vec<(Shape, Host)> =
            values.map(|x| (Shape::SCALAR, Host::F32(vec![x]))).to_vec();
        args.push((Shape::SCALAR, Host::U32(vec![taken])));
        args.push((Shape::SCALAR, Host::F32(vec![0.25])));
        let mut stage = Stage::new(Reference, &args);
        let adam = Op::Adam { beta1: 0.5, beta2: 0.75, eps: 0.0 };
        let call = stage.call(adam, &[0, 1, 2, 3, 4, 5], 0);
        stage.backend.launch(&call, &mut stage.memory).unwrap();
        [0, 2, 3].map(|position| stage.exact(position)[0])
    };
    assert_eq!(step(0, 4.0, 0.0, 0.0), [0.75, 2.0, 4.0]);
    assert_eq!(step(0, -0.5, 0.0, 0.0), [1.25, -0.25, 0.0625]);
    // m = 2 · ½ + 2 · ½ = 2, v = 4 · ¾ + 4 · ¼ = 4; corrected by 3/4 and 7/16.
    let moved = 1.0 - 0.25 * (2.0 / 0.75) / (4.0_f64 / (7.0 / 16.0)).sqrt();
    let [parameter, first, second] = step(1, 2.0, 2.0, 4.0);
    assert_eq!((first, second), (2.0, 4.0));
    assert!((parameter - moved).abs() < 1e-15, "{parameter} and {moved}");
}
