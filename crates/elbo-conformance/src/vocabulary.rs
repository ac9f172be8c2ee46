//! Every op there is, in each of its variants: a new op does not compile until it has a row here.

use elbo_tensor::{Activation, Op, Over};

/// Rows of a pattern and ops that fit it. The patterns must cover all of `Op`.
macro_rules! vocabulary {
    ($($pattern:pat => $ops:expr;)*) => {
        /// Every op, in each of its variants.
        pub(crate) fn vocabulary() -> Vec<Op> {
            const fn covered(op: Op) {
                match op { $($pattern => (),)* }
            }
            let mut all = Vec::new();
            $(
                for op in $ops {
                    covered(op);
                    assert!(matches!(op, $pattern), "`{}` stands in another op's row", op.name());
                    all.push(op);
                }
            )*
            all
        }
    };
}

vocabulary! {
    Op::Input => [Op::Input];
    Op::Parameter => [Op::Parameter];
    Op::Fill(_) => [Op::Fill(0.0), Op::Fill(-1.5)];
    Op::Normal { .. } => [Op::Normal { stream: 3 }];
    Op::Gather { .. } => [
        Op::Gather { mean: 0.0, std: 1.0 },
        Op::Gather { mean: 0.1307, std: 0.3081 },
    ];
    Op::Scale(_) => [Op::Scale(-0.7)];
    Op::Shift(_) => [Op::Shift(0.3)];
    Op::Exp => [Op::Exp];
    Op::Ln => [Op::Ln];
    Op::Sqrt => [Op::Sqrt];
    Op::Square => [Op::Square];
    Op::Relu => [Op::Relu];
    Op::Tanh => [Op::Tanh];
    Op::Sigmoid => [Op::Sigmoid];
    Op::Add => [Op::Add];
    Op::Sub => [Op::Sub];
    Op::Mul => [Op::Mul];
    Op::Div => [Op::Div];
    Op::ReluGrad => [Op::ReluGrad];
    Op::TanhGrad => [Op::TanhGrad];
    Op::SigmoidGrad => [Op::SigmoidGrad];
    Op::MatMul { .. } => TRANSPOSES
        .map(|(transpose_a, transpose_b)| Op::MatMul { transpose_a, transpose_b });
    Op::AddRow => [Op::AddRow];
    Op::Sum(_) => [Op::Sum(Over::All), Op::Sum(Over::Rows), Op::Sum(Over::Columns)];
    Op::Spread(_) => [Op::Spread(Over::All), Op::Spread(Over::Rows), Op::Spread(Over::Columns)];
    Op::Affine { .. } => layers();
    Op::MatMulReluGrad { .. } => TRANSPOSES
        .map(|(transpose_a, transpose_b)| Op::MatMulReluGrad { transpose_a, transpose_b });
    Op::SquaredError => [Op::SquaredError];
    Op::ErrorTanhGrad(_) => [Op::ErrorTanhGrad(0.3)];
    Op::AdamProduct { .. } => [Op::AdamProduct { beta1: 0.9, beta2: 0.999, eps: 1e-8 }];
    Op::Adam { .. } => [Op::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 }];
    Op::Put => [Op::Put];
    Op::Advance(_) => [Op::Advance(1), Op::Advance(128)];
}

const TRANSPOSES: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn layers() -> Vec<Op> {
    let activations = [Activation::Identity, Activation::Relu, Activation::Tanh];
    let layer = |activation| {
        TRANSPOSES.map(|(transpose_a, transpose_b)| Op::Affine {
            transpose_a,
            transpose_b,
            activation,
        })
    };
    activations.into_iter().flat_map(layer).collect()
}
