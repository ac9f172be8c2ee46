//! The vocabulary: every op that a graph can hold and a backend must know.

use crate::Dtype;

/// Which values a sum adds together, or a spread repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// All of them: any shape to `[1]`.
    All,
    /// Those of one column, down the rows: `[m, n]` to `[n]`.
    Rows,
    /// Those of one row, along its columns: `[m, n]` to `[m]`.
    Columns,
}

/// What a fused layer applies to each of its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The sum itself.
    Identity,
    /// max(0, x).
    Relu,
    /// tanh x.
    Tanh,
}

/// One operation. Arguments are listed in order; all are `f32` where no other type is given.
///
/// What changes between two steps (a counter, the learning rate, a batch's position) is an argument,
/// never a field: a backend may freeze an op's fields when it records an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A value that the host writes: a batch, an order of examples, a learning rate.
    Input,
    /// A value that lives on between runs and that updates change: weights, moments, counters.
    Parameter,
    /// The same number everywhere.
    Fill(f32),
    /// Standard normal noise. Arguments: key (`u32` `[2]`), step (`u32` `[1]`). See [`crate::random`].
    Normal {
        /// What the noise is for; two streams never share a number.
        stream: u32,
    },
    /// A batch of rows of a byte matrix, as (x / 255 − mean) / std.
    ///
    /// Arguments: rows (`u8` `[count, width]`), order (`u32` `[n]`), cursor (`u32` `[1]`). Row r of
    /// the result `[batch, width]` is row `order[cursor + r]`.
    Gather {
        /// Subtracted from the pixel's share of 255.
        mean: f32,
        /// Divides what is left.
        std: f32,
    },
    /// k · x.
    Scale(f32),
    /// x + k.
    Shift(f32),
    /// eˣ.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Square root.
    Sqrt,
    /// x².
    Square,
    /// max(0, x).
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a · b, value by value.
    Mul,
    /// a / b, value by value.
    Div,
    /// g where y > 0, else 0: relu's gradient from its result y. Arguments: g, y.
    ReluGrad,
    /// g · (1 − y²): tanh's gradient from its result y. Arguments: g, y.
    TanhGrad,
    /// g · y · (1 − y): the sigmoid's gradient from its result y. Arguments: g, y.
    SigmoidGrad,
    /// Matrix product of two matrices, each as it is or transposed.
    MatMul {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
    },
    /// A vector `[n]` added to each row of a matrix `[m, n]`.
    AddRow,
    /// A sum, in an order that does not depend on the number of threads.
    Sum(Over),
    /// The transpose of a sum: each value repeated over the dimension that the sum would add up.
    Spread(Over),
    /// A whole layer, made by the planner: activation(a · b + bias). Arguments: a, b, bias `[n]`.
    Affine {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
        /// Applied to each sum.
        activation: Activation,
    },
    /// A product's gradient through relu, made by the planner: a · b where y > 0, else 0.
    ///
    /// Arguments: a, b, y `[m, n]`, relu's result.
    MatMulReluGrad {
        /// Whether the first matrix is transposed.
        transpose_a: bool,
        /// Whether the second matrix is transposed.
        transpose_b: bool,
    },
    /// Σ (a − b)², made by the planner: any shape to `[1]`.
    SquaredError,
    /// k · (y − x) · (1 − y²), made by the planner: the gradient of a squared error through the tanh
    /// that gave y. Arguments: y, x.
    ErrorTanhGrad(f32),
    /// One step of Adam (Kingma & Ba 2015) as PyTorch takes it, eps outside the root.
    ///
    /// Arguments: parameter, gradient, first and second moment, step (`u32` `[1]`, steps taken
    /// before this one), learning rate `[1]`. Changes parameter and moments. The fields are `f64`, as
    /// PyTorch's are: 1 − 0.999 in `f32` is off by 5e-5.
    Adam {
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
    },
    /// One step of Adam whose gradient is aᵀ · b, made by the planner: the gradient is nowhere kept.
    ///
    /// Arguments: parameter `[m, n]`, a `[k, m]`, b `[k, n]`, first and second moment, step, learning
    /// rate; fields and what it changes as in [`Op::Adam`].
    AdamProduct {
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
    },
    /// Writes a value `[1]` to a place of a log. Arguments: log `[n]`, value, index (`u32` `[1]`).
    Put,
    /// Adds a constant to a counter (`u32` `[1]`).
    Advance(u32),
}

/// How the planner may treat an op's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Has a slot of its own for as long as the program lives.
    Fixed,
    /// May be written over its first argument, value by value.
    Elementwise,
    /// Needs a slot apart from its arguments.
    Whole,
    /// Changes its first argument in place, after everything else in the entry.
    Update,
}

impl Op {
    /// The op's name in plans and errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Parameter => "parameter",
            Self::Fill(_) => "fill",
            Self::Normal { .. } => "normal",
            Self::Gather { .. } => "gather",
            Self::Scale(_) => "scale",
            Self::Shift(_) => "shift",
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Sqrt => "sqrt",
            Self::Square => "square",
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::ReluGrad => "relu_grad",
            Self::TanhGrad => "tanh_grad",
            Self::SigmoidGrad => "sigmoid_grad",
            Self::MatMul { .. } => "matmul",
            Self::AddRow => "add_row",
            Self::Sum(Over::All) => "sum",
            Self::Sum(Over::Rows) => "sum_rows",
            Self::Sum(Over::Columns) => "sum_columns",
            Self::Spread(Over::All) => "spread",
            Self::Spread(Over::Rows) => "spread_rows",
            Self::Spread(Over::Columns) => "spread_columns",
            Self::Affine { .. } => "affine",
            Self::MatMulReluGrad { .. } => "matmul_relu_grad",
            Self::SquaredError => "squared_error",
            Self::ErrorTanhGrad(_) => "error_tanh_grad",
            Self::Adam { .. } => "adam",
            Self::AdamProduct { .. } => "adam_product",
            Self::Put => "put",
            Self::Advance(_) => "advance",
        }
    }

    /// The types of the arguments, in order.
    #[must_use]
    pub const fn arguments(self) -> &'static [Dtype] {
        use Dtype::{F32, U8, U32};
        match self {
            Self::Input | Self::Parameter | Self::Fill(_) => &[],
            Self::Normal { .. } => &[U32, U32],
            Self::Gather { .. } => &[U8, U32, U32],
            Self::Scale(_) | Self::Shift(_) | Self::Exp | Self::Ln | Self::Sqrt | Self::Square => {
                &[F32]
            }
            Self::Relu | Self::Tanh | Self::Sigmoid | Self::Sum(_) | Self::Spread(_) => &[F32],
            Self::Add | Self::Sub | Self::Mul | Self::Div => &[F32, F32],
            Self::ReluGrad | Self::TanhGrad | Self::SigmoidGrad => &[F32, F32],
            Self::MatMul { .. } | Self::AddRow => &[F32, F32],
            Self::Affine { .. } | Self::MatMulReluGrad { .. } => &[F32, F32, F32],
            Self::SquaredError | Self::ErrorTanhGrad(_) => &[F32, F32],
            Self::Adam { .. } => &[F32, F32, F32, F32, U32, F32],
            Self::AdamProduct { .. } => &[F32, F32, F32, F32, F32, U32, F32],
            Self::Put => &[F32, F32, U32],
            Self::Advance(_) => &[U32],
        }
    }

    /// How the planner may treat the result.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Input | Self::Parameter => Kind::Fixed,
            Self::Scale(_)
            | Self::Shift(_)
            | Self::Exp
            | Self::Ln
            | Self::Sqrt
            | Self::Square
            | Self::Relu
            | Self::Tanh
            | Self::Sigmoid
            | Self::Add
            | Self::Sub
            | Self::Mul
            | Self::Div
            | Self::ReluGrad
            | Self::TanhGrad
            | Self::SigmoidGrad
            | Self::ErrorTanhGrad(_)
            | Self::AddRow => Kind::Elementwise,
            Self::Fill(_)
            | Self::Normal { .. }
            | Self::Gather { .. }
            | Self::MatMul { .. }
            | Self::Sum(_)
            | Self::Spread(_)
            | Self::MatMulReluGrad { .. }
            | Self::SquaredError
            | Self::Affine { .. } => Kind::Whole,
            Self::Adam { .. } | Self::AdamProduct { .. } | Self::Put | Self::Advance(_) => {
                Kind::Update
            }
        }
    }

    /// Which arguments an update changes, by position. Empty for every other op.
    #[must_use]
    pub const fn changes(self) -> &'static [usize] {
        match self {
            Self::Adam { .. } => &[0, 2, 3],
            Self::AdamProduct { .. } => &[0, 3, 4],
            Self::Put | Self::Advance(_) => &[0],
            _ => &[],
        }
    }
}
