//! The formulas whose gradients are checked: every differentiable op, alone and in chains.

use elbo_tensor::{Over, Shape, Var};

/// A formula of arguments of these shapes. All values that reach it are in (0.1, 1.8), unless it
/// moves them.
pub(crate) struct Differentiated {
    pub(crate) name: &'static str,
    pub(crate) args: Vec<Shape>,
    pub(crate) write: for<'t> fn(&[Var<'t>]) -> Var<'t>,
}

/// All formulas.
pub(crate) fn formulas() -> Vec<Differentiated> {
    [elementwise(), matrices(), chains(), of_gradients()].into_iter().flatten().collect()
}

type Write = for<'t> fn(&[Var<'t>]) -> Var<'t>;

fn formula<const N: usize>(
    name: &'static str,
    args: [[usize; 2]; N],
    write: Write,
) -> Differentiated {
    Differentiated { name, args: args.map(Shape::from).to_vec(), write }
}

const SHAPE: [usize; 2] = [3, 5];

fn elementwise() -> Vec<Differentiated> {
    vec![
        formula("scale", [SHAPE], |v| v[0] * -1.3),
        formula("shift", [SHAPE], |v| v[0] + 0.4),
        formula("negation", [SHAPE], |v| -v[0]),
        formula("exp", [SHAPE], |v| v[0].exp()),
        formula("ln", [SHAPE], |v| v[0].ln()),
        formula("sqrt", [SHAPE], |v| v[0].sqrt()),
        formula("square", [SHAPE], |v| v[0].square()),
        formula("relu", [SHAPE], |v| away_from_zero(v[0]).relu()),
        formula("tanh", [SHAPE], |v| (v[0] - 0.9).tanh()),
        formula("sigmoid", [SHAPE], |v| (v[0] - 0.9).sigmoid()),
        formula("add", [SHAPE, SHAPE], |v| v[0] + v[1]),
        formula("sub", [SHAPE, SHAPE], |v| v[0] - v[1]),
        formula("mul", [SHAPE, SHAPE], |v| v[0] * v[1]),
        formula("div", [SHAPE, SHAPE], |v| v[0] / v[1]),
    ]
}

/// Values of both signs. The kink of relu then lies inside the range that values are drawn from; that
/// none was drawn so near to it that a difference quotient reaches over it shows in the reference's
/// own gradients.
fn away_from_zero(x: Var<'_>) -> Var<'_> {
    (x - 0.906_25) * 3.0
}

fn matrices() -> Vec<Differentiated> {
    vec![
        formula("matmul", [[3, 4], [4, 5]], |v| v[0].matmul(v[1])),
        formula("matmul, b transposed", [[3, 4], [5, 4]], |v| v[0].matmul_transposed(v[1])),
        formula("add_row", [SHAPE, SHAPE], |v| v[0].add_row(v[1].sum_rows())),
        formula("affine with relu", [[3, 4], [5, 4], SHAPE], |v| {
            (v[0].matmul_transposed(v[1]).add_row(v[2].sum_rows() * -1.1)).relu()
        }),
        formula("affine with tanh", [[3, 4], [5, 4], SHAPE], |v| {
            v[0].matmul_transposed(v[1]).add_row(v[2].sum_rows() * -1.0).tanh()
        }),
        formula("sum", [SHAPE], |v| v[0].sum().square()),
        formula("sum_rows", [SHAPE], |v| v[0].sum_rows()),
        formula("sum_columns", [SHAPE], |v| v[0].sum_columns()),
        formula("spread", [[1, 1]], |v| v[0].sum().spread(Over::All, SHAPE)),
        formula("spread_rows", [[2, 5]], |v| v[0].sum_rows().spread(Over::Rows, SHAPE)),
        formula("spread_columns", [[3, 2]], |v| v[0].sum_columns().spread(Over::Columns, SHAPE)),
    ]
}

/// Values used twice, and upstream gradients that are not constant.
fn chains() -> Vec<Differentiated> {
    vec![
        formula("x + x", [SHAPE], |v| v[0] + v[0]),
        formula("x · x", [SHAPE], |v| v[0] * v[0]),
        formula("x / x²", [SHAPE], |v| v[0] / v[0].square()),
        formula("x − tanh x", [SHAPE], |v| v[0] - v[0].tanh()),
        formula("x · xᵀ", [SHAPE], |v| v[0].matmul_transposed(v[0])),
        formula("softmax of each row", [SHAPE], |v| {
            let exp = v[0].exp();
            exp / exp.sum_columns().spread(Over::Columns, SHAPE)
        }),
        formula("each column over its norm", [SHAPE], |v| {
            v[0] / v[0].square().sum_rows().sqrt().spread(Over::Rows, SHAPE)
        }),
        formula("x times tanh of its sum", [SHAPE], |v| {
            v[0] * (v[0].sum() * 0.1).tanh().spread(Over::All, SHAPE)
        }),
        formula("sum of sums of rows", [SHAPE], |v| v[0].sum_rows().exp().sum()),
        formula("sum of sums of columns", [SHAPE], |v| v[0].square().sum_columns().ln().sum()),
        formula("scaled twice", [SHAPE], |v| (v[0] * 0.5).tanh() * 3.0 * -0.25),
    ]
}

/// Gradients as formulas: the ops that only a gradient writes, differentiated once more.
fn of_gradients() -> Vec<Differentiated> {
    fn gradient<'t>(of: Var<'t>, x: Var<'t>) -> Var<'t> {
        of.tape().gradients(of, &[x])[0]
    }
    vec![
        formula("relu_grad", [SHAPE, SHAPE], |v| {
            let x = away_from_zero(v[0]);
            gradient((x.relu() * x * v[1].square()).sum(), x)
        }),
        formula("relu_grad, flat in its second argument", [SHAPE, SHAPE], |v| {
            let x = away_from_zero(v[0]);
            gradient((x.relu() * v[1].square()).sum(), x)
        }),
        formula("tanh_grad", [SHAPE], |v| gradient((v[0].tanh() * v[0]).sum(), v[0])),
        formula("sigmoid_grad", [SHAPE], |v| gradient((v[0].sigmoid() * v[0]).sum(), v[0])),
        formula("matmul, a transposed", [[3, 4], SHAPE], |v| {
            let b = v[0].tape().fill(0.5, [4, 5]);
            gradient((v[0].matmul(b) * v[1]).sum(), b)
        }),
        formula("gradient of a product's first matrix", [[3, 4], [4, 5], SHAPE], |v| {
            gradient((v[0].matmul(v[1]).tanh() * v[2]).sum(), v[0])
        }),
        formula("second derivative of exp", [SHAPE], |v| gradient(v[0].exp().sum(), v[0])),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use elbo_tensor::{Dtype, Op, Tape};

    use super::*;
    use crate::vocabulary::vocabulary;

    #[test]
    fn every_differentiable_op_stands_in_a_formula() {
        let mut seen = BTreeSet::new();
        for formula in formulas() {
            let tape = Tape::new();
            let args: Vec<_> =
                formula.args.iter().map(|shape| tape.input(Dtype::F32, *shape)).collect();
            (formula.write)(&args);
            seen.extend(tape.graph().nodes().iter().map(|node| node.op.name()));
        }
        for op in vocabulary() {
            let differentiable = !matches!(
                op,
                Op::Input
                    | Op::Parameter
                    | Op::Fill(_)
                    | Op::Normal { .. }
                    | Op::Gather { .. }
                    | Op::Affine { .. }
                    | Op::MatMulReluGrad { .. }
                    | Op::SquaredError
                    | Op::ErrorTanhGrad(_)
                    | Op::Adam { .. }
                    | Op::AdamProduct { .. }
                    | Op::Put
                    | Op::Advance(_)
            );
            assert!(!differentiable || seen.contains(op.name()), "no formula has {}", op.name());
        }
    }
}
