//! Shapes and values for each op: odd, degenerate, and large enough to be blocked and split.

use elbo_tensor::{Op, Over, Shape};

use crate::{
    host::{Host, indices, pixels, uniform},
    vocabulary::vocabulary,
};

/// One op on given arguments.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) op: Op,
    pub(crate) args: Vec<(Shape, Host)>,
    pub(crate) out: Shape,
}

impl Case {
    /// The op with its arguments' shapes, as failures name it.
    pub(crate) fn name(&self) -> String {
        let shapes: Vec<String> = self.args.iter().map(|(shape, _)| shape.to_string()).collect();
        format!("{} of {} to {} ({:?})", self.op.name(), shapes.join(", "), self.out, self.op)
    }
}

/// Cases for every op that has calls.
pub(crate) fn cases() -> Vec<Case> {
    vocabulary().into_iter().flat_map(cases_of).collect()
}

/// The cases of one op. Only inputs and parameters, which no call computes, have none.
pub(crate) fn cases_of(op: Op) -> Vec<Case> {
    let one = |low, high| elementwise(op, &[(low, high)]);
    match op {
        Op::Input | Op::Parameter => Vec::new(),
        Op::Fill(_) => shapes().map(|out| Case { op, args: Vec::new(), out }).collect(),
        Op::Normal { .. } => normal(op),
        Op::Gather { .. } => gather(op),
        Op::Scale(_) | Op::Shift(_) | Op::Square | Op::Relu => one(-2.0, 2.0),
        Op::Exp => [one(-2.0, 2.0), one(-80.0, 80.0)].concat(),
        Op::Ln => [one(0.25, 4.0), one(1e-6, 1e6)].concat(),
        Op::Sqrt => [one(0.0, 4.0), one(0.0, 1e-6)].concat(),
        Op::Tanh | Op::Sigmoid => [one(-2.0, 2.0), one(-100.0, 100.0)].concat(),
        Op::Add | Op::Sub | Op::Mul => elementwise(op, &[(-2.0, 2.0), (-2.0, 2.0)]),
        Op::Div => elementwise(op, &[(-2.0, 2.0), (0.25, 4.0)]),
        Op::ReluGrad => elementwise(op, &[(-2.0, 2.0), (-1.0, 1.0)]),
        Op::TanhGrad => elementwise(op, &[(-2.0, 2.0), (-1.0, 1.0)]),
        Op::SigmoidGrad => elementwise(op, &[(-2.0, 2.0), (0.0, 1.0)]),
        Op::MatMul { transpose_a, transpose_b } => products(op, transpose_a, transpose_b, None),
        Op::Affine { transpose_a, transpose_b, .. } => {
            products(op, transpose_a, transpose_b, Some(|_, n| Shape::vector(n)))
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            products(op, transpose_a, transpose_b, Some(Shape::matrix))
        }
        Op::SquaredError => elementwise(op, &[(-2.0, 2.0), (-2.0, 2.0)])
            .into_iter()
            .map(|case| Case { out: Shape::SCALAR, ..case })
            .collect(),
        Op::ErrorTanhGrad(_) => elementwise(op, &[(-1.0, 1.0), (-2.0, 2.0)]),
        Op::AddRow => matrices().map(|shape| add_row(op, shape)).collect(),
        Op::Sum(Over::All) => elementwise(op, &[(-2.0, 2.0)])
            .into_iter()
            .map(|case| Case { out: Shape::SCALAR, ..case })
            .collect(),
        Op::Sum(over) => matrices()
            .map(|shape| Case { op, args: vec![values(1, shape)], out: summed(shape, over) })
            .collect(),
        Op::Spread(over) => matrices()
            .map(|out| Case { op, args: vec![values(1, summed(out, over))], out })
            .collect(),
        Op::Adam { .. } => adam(op),
        Op::AdamProduct { .. } => adam_product(op),
        Op::Put => put(op),
        Op::Advance(_) => [0, 5, 60_000].map(|count| advance(op, count)).to_vec(),
    }
}

/// Empty, single, prime, beside the widths of vectors, more than one dimension, and long.
fn shapes() -> impl Iterator<Item = Shape> {
    let vectors = [0, 1, 2, 3, 7, 8, 16, 17, 33, 129, 1009].map(Shape::vector);
    let cubes = [Shape::from([2, 3, 5]), Shape::from([2, 1, 3, 7])];
    vectors.into_iter().chain(cubes).chain(matrices())
}

fn matrices() -> impl Iterator<Item = Shape> {
    [(0, 4), (4, 0), (1, 1), (1, 17), (17, 1), (5, 13), (33, 129), (97, 131), (257, 401)]
        .into_iter()
        .map(|(rows, columns)| Shape::matrix(rows, columns))
}

fn summed(shape: Shape, over: Over) -> Shape {
    let (rows, columns) = shape.as_matrix().expect("a matrix");
    match over {
        Over::All => Shape::SCALAR,
        Over::Rows => Shape::vector(columns),
        Over::Columns => Shape::vector(rows),
    }
}

fn values(seed: u64, shape: Shape) -> (Shape, Host) {
    (shape, Host::F32(uniform(seed, shape.len(), -2.0, 2.0)))
}

/// Arguments of one shape, each within its bounds; the first value of each is the lower bound.
fn elementwise(op: Op, bounds: &[(f32, f32)]) -> Vec<Case> {
    let argument = |shape: Shape, position: usize| {
        let (low, high) = bounds[position];
        let mut values = uniform(position as u64 + 1, shape.len(), low, high);
        if let Some(first) = values.first_mut() {
            *first = low;
        }
        (shape, Host::F32(values))
    };
    let case = |shape| {
        let args = (0..bounds.len()).map(|position| argument(shape, position)).collect();
        Case { op, args, out: shape }
    };
    shapes().map(case).collect()
}

/// Sizes of products of [m, k] and [k, n]: degenerate, odd, beside tile sizes, and past cache blocks.
const PRODUCTS: [(usize, usize, usize); 17] = [
    (1, 1, 1),
    (0, 3, 2),
    (2, 0, 3),
    (3, 2, 0),
    (1, 7, 1),
    (1, 129, 33),
    (33, 5, 1),
    (17, 1, 17),
    (5, 3, 2),
    (16, 16, 16),
    (17, 33, 129),
    (33, 129, 17),
    (6, 64, 16),
    (7, 65, 31),
    (128, 20, 40),
    (97, 203, 131),
    (130, 300, 257),
];

/// Products, with a third argument of the shape that `third` gives for the result's.
fn products(
    op: Op,
    transpose_a: bool,
    transpose_b: bool,
    third: Option<fn(usize, usize) -> Shape>,
) -> Vec<Case> {
    let turned = |rows, columns, transpose| {
        if transpose { Shape::matrix(columns, rows) } else { Shape::matrix(rows, columns) }
    };
    let case = |(m, k, n)| {
        let mut args =
            vec![values(1, turned(m, k, transpose_a)), values(2, turned(k, n, transpose_b))];
        args.extend(third.map(|third| values(3, third(m, n))));
        Case { op, args, out: Shape::matrix(m, n) }
    };
    PRODUCTS.into_iter().map(case).collect()
}

fn add_row(op: Op, shape: Shape) -> Case {
    let (_, columns) = shape.as_matrix().expect("a matrix");
    Case { op, args: vec![values(1, shape), values(2, Shape::vector(columns))], out: shape }
}

fn normal(op: Op) -> Vec<Case> {
    let word = |values: &[u32]| (Shape::vector(values.len()), Host::U32(values.to_vec()));
    shapes().map(|out| Case { op, args: vec![word(&[0x89ab_cdef, 7]), word(&[41])], out }).collect()
}

fn gather(op: Op) -> Vec<Case> {
    let (count, order) = (7, 40);
    let case = |(batch, width, cursor): (usize, usize, u32)| {
        let args = vec![
            (Shape::matrix(count, width), Host::U8(pixels(1, count * width))),
            (Shape::vector(order), Host::U32(indices(2, order, count))),
            (Shape::SCALAR, Host::U32(vec![cursor])),
        ];
        Case { op, args, out: Shape::matrix(batch, width) }
    };
    [(0, 5, 0), (1, 1, 39), (1, 17, 3), (3, 0, 1), (5, 13, 35), (33, 129, 7), (40, 784, 0)]
        .map(case)
        .to_vec()
}

/// Early, late and very late steps; from nothing, where only the bias corrections tell.
fn adam(op: Op) -> Vec<Case> {
    let shapes = [[0].into(), [1].into(), [17].into(), [1009].into(), Shape::matrix(33, 129)];
    let case = |shape: Shape, step: u32, from_zero: bool| {
        let spread = |seed, low, high| (shape, Host::F32(uniform(seed, shape.len(), low, high)));
        let parameter =
            if from_zero { (shape, Host::F32(vec![0.0; shape.len()])) } else { values(1, shape) };
        let mut gradient = uniform(2, shape.len(), -0.1, 0.1);
        gradient.iter_mut().skip(2).step_by(5).for_each(|g| *g = 0.0);
        let args = vec![
            parameter,
            (shape, Host::F32(gradient)),
            if step == 0 { spread(3, 0.0, 0.0) } else { spread(3, -0.1, 0.1) },
            if step == 0 { spread(4, 0.0, 0.0) } else { spread(4, 0.001, 0.01) },
            (Shape::SCALAR, Host::U32(vec![step])),
            (Shape::SCALAR, Host::F32(vec![1e-3])),
        ];
        Case { op, args, out: shape }
    };
    let steps = [(0, true), (0, false), (1, true), (9, true), (9, false), (99_999, true)];
    shapes
        .into_iter()
        .flat_map(|shape| steps.map(|(step, from_zero)| case(shape, step, from_zero)))
        .collect()
}

/// As for Adam, the gradient a product of every size.
fn adam_product(op: Op) -> Vec<Case> {
    let case = |(m, k, n): (usize, usize, usize), step: u32| {
        let shape = Shape::matrix(m, n);
        let spread = |seed, shape: Shape, low, high| {
            (shape, Host::F32(uniform(seed, shape.len(), low, high)))
        };
        let args = vec![
            values(1, shape),
            spread(2, Shape::matrix(k, m), -0.3, 0.3),
            spread(3, Shape::matrix(k, n), -0.3, 0.3),
            if step == 0 { spread(4, shape, 0.0, 0.0) } else { spread(4, shape, -0.1, 0.1) },
            if step == 0 { spread(5, shape, 0.0, 0.0) } else { spread(5, shape, 0.001, 0.01) },
            (Shape::SCALAR, Host::U32(vec![step])),
            (Shape::SCALAR, Host::F32(vec![1e-3])),
        ];
        Case { op, args, out: shape }
    };
    PRODUCTS.into_iter().flat_map(|sizes| [0, 9].map(|step| case(sizes, step))).collect()
}

fn put(op: Op) -> Vec<Case> {
    let case = |(len, index): (usize, u32)| {
        let args = vec![
            values(1, Shape::vector(len)),
            (Shape::SCALAR, Host::F32(vec![-3.25])),
            (Shape::SCALAR, Host::U32(vec![index])),
        ];
        Case { op, args, out: Shape::vector(len) }
    };
    [(1, 0), (7, 0), (7, 6), (469, 127)].map(case).to_vec()
}

fn advance(op: Op, count: u32) -> Case {
    Case { op, args: vec![(Shape::SCALAR, Host::U32(vec![count]))], out: Shape::SCALAR }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_but_inputs_and_parameters_has_cases() {
        for op in vocabulary() {
            let none = matches!(op, Op::Input | Op::Parameter);
            assert_eq!(cases_of(op).is_empty(), none, "{}", op.name());
        }
    }

    #[test]
    fn every_op_that_takes_any_length_has_an_empty_case() {
        for op in vocabulary() {
            let fixed = matches!(op, Op::Input | Op::Parameter | Op::Put | Op::Advance(_));
            let cases = cases_of(op);
            let empty = |case: &Case| {
                case.out.is_empty() || case.args.iter().any(|(shape, _)| shape.is_empty())
            };
            assert_eq!(cases.iter().any(empty), !fixed, "{}", op.name());
        }
    }
}
