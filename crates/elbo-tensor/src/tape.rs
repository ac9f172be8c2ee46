//! Writing a graph: handles that read like the formula.

use std::{
    cell::{Ref, RefCell},
    ops::{Add, Div, Mul, Neg, Sub},
    panic::Location,
};

use crate::{Dtype, Error, Graph, Id, Op, Over, Result, Shape, grad};

/// A graph being written.
///
/// Shapes are checked as ops are added. The first that does not fit is kept, with the line of the
/// formula, and returned by [`Tape::finish`]: a model's formulas need no `?`.
#[derive(Default, Debug)]
pub struct Tape(RefCell<Graph>);

/// A value of the graph being written. Cheap to copy; it holds no data.
#[derive(Clone, Copy, Debug)]
pub struct Var<'t> {
    id: Id,
    tape: &'t Tape,
}

impl From<Var<'_>> for Id {
    fn from(var: Var<'_>) -> Self {
        var.id
    }
}

impl Tape {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The graph as written so far.
    pub fn graph(&self) -> Ref<'_, Graph> {
        self.0.borrow()
    }

    /// The finished graph, or the first shape that did not fit.
    pub fn finish(self) -> Result<Graph> {
        let mut graph = self.0.into_inner();
        match graph.fault.take() {
            None => Ok(graph),
            Some(fault) => Err(fault),
        }
    }

    /// Makes this a graph that cannot be planned, for whoever finds that what is being built on it does
    /// not fit together. Like any fault, it counts if it is the first.
    #[track_caller]
    pub fn refuse(&self, fact: impl Into<String>) {
        let at = Location::caller();
        self.0.borrow_mut().fail(Error::Refused { fact: fact.into(), at });
    }

    /// A value that the host writes.
    #[track_caller]
    pub fn input(&self, dtype: Dtype, shape: impl Into<Shape>) -> Var<'_> {
        self.leaf(Op::Input, dtype, shape.into())
    }

    /// A trainable value: it lives on between runs, zero until it is written.
    #[track_caller]
    pub fn parameter(&self, shape: impl Into<Shape>) -> Var<'_> {
        self.leaf(Op::Parameter, Dtype::F32, shape.into())
    }

    /// A count that [`Var::advance`] moves on: `u32` `[1]`, zero until it is written.
    #[track_caller]
    pub fn counter(&self) -> Var<'_> {
        self.leaf(Op::Parameter, Dtype::U32, Shape::SCALAR)
    }

    /// The same number everywhere.
    #[track_caller]
    pub fn fill(&self, value: f32, shape: impl Into<Shape>) -> Var<'_> {
        self.leaf(Op::Fill(value), Dtype::F32, shape.into())
    }

    /// Standard normal noise, a pure function of key, stream, step and position.
    ///
    /// `key`: `u32` `[2]`, see [`crate::random::key`]; `step`: `u32` `[1]`.
    #[track_caller]
    pub fn normal(
        &self,
        key: Var<'_>,
        step: Var<'_>,
        stream: u32,
        shape: impl Into<Shape>,
    ) -> Var<'_> {
        self.push(Op::Normal { stream }, &[key, step], shape.into())
    }

    /// The gradient of a scalar with respect to each of some values, written with ordinary ops.
    ///
    /// A value that the scalar does not depend on is a fault of the graph.
    #[track_caller]
    pub fn gradients<'t>(&'t self, of: Var<'t>, with_respect_to: &[Var<'t>]) -> Vec<Var<'t>> {
        let at = Location::caller();
        let targets: Vec<Id> = with_respect_to.iter().map(|var| var.id).collect();
        let mut graph = self.0.borrow_mut();
        if with_respect_to.iter().chain([&of]).any(|var| !std::ptr::eq(var.tape, self)) {
            graph.fail(Error::Gradient { fact: "takes values of two tapes".into(), at });
            return with_respect_to.to_vec();
        }
        let ids = grad::gradients(&mut graph, of.id, &targets, at);
        ids.into_iter().map(|id| Var { id, tape: self }).collect()
    }

    #[track_caller]
    fn leaf(&self, op: Op, dtype: Dtype, shape: Shape) -> Var<'_> {
        let id = self.0.borrow_mut().leaf(op, shape, dtype, Location::caller());
        Var { id, tape: self }
    }

    #[track_caller]
    fn push(&self, op: Op, args: &[Var<'_>], given: Shape) -> Var<'_> {
        let at = Location::caller();
        let mut graph = self.0.borrow_mut();
        if args.iter().any(|arg| !std::ptr::eq(arg.tape, self)) {
            let fact = "takes values of two tapes".to_string();
            graph.fail(Error::Shape { op: op.name(), fact, at });
            let id = graph.leaf(Op::Fill(0.0), given, Dtype::F32, at);
            return Var { id, tape: self };
        }
        let ids: Vec<Id> = args.iter().map(|arg| arg.id).collect();
        Var { id: graph.push(op, &ids, given, at), tape: self }
    }
}

/// Methods that add one op of one or two arguments.
macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident($($other:ident)?) => $op:expr;)*) => {
        impl<'t> Var<'t> {
            $(
                $(#[$doc])*
                #[track_caller]
                #[must_use]
                pub fn $name(self $(, $other: Var<'t>)?) -> Var<'t> {
                    self.tape.push($op, &[self $(, $other)?], Shape::SCALAR)
                }
            )*
        }
    };
}

ops! {
    /// eˣ, value by value.
    exp() => Op::Exp;
    /// Natural logarithm, value by value.
    ln() => Op::Ln;
    /// Square root, value by value.
    sqrt() => Op::Sqrt;
    /// x², value by value.
    square() => Op::Square;
    /// max(0, x), value by value.
    relu() => Op::Relu;
    /// Hyperbolic tangent, value by value.
    tanh() => Op::Tanh;
    /// 1 / (1 + e⁻ˣ), value by value.
    sigmoid() => Op::Sigmoid;
    /// Sum of all values: any shape to `[1]`.
    sum() => Op::Sum(Over::All);
    /// Sum of each column: `[m, n]` to `[n]`.
    sum_rows() => Op::Sum(Over::Rows);
    /// Sum of each row: `[m, n]` to `[m]`.
    sum_columns() => Op::Sum(Over::Columns);
    /// Matrix product: `[m, k]` · `[k, n]` to `[m, n]`.
    matmul(other) => Op::MatMul { transpose_a: false, transpose_b: false };
    /// Matrix product with the other transposed: `[m, k]` · `[n, k]`ᵀ to `[m, n]`.
    matmul_transposed(other) => Op::MatMul { transpose_a: false, transpose_b: true };
    /// Adds a vector `[n]` to each row of a matrix `[m, n]`.
    add_row(row) => Op::AddRow;
}

impl<'t> Var<'t> {
    /// The value's number, to write, read or plan it with once the graph is finished.
    #[must_use]
    pub const fn id(self) -> Id {
        self.id
    }

    /// The value's shape.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.tape.graph().node(self.id).shape
    }

    /// The tape that the value was written on.
    #[must_use]
    pub const fn tape(self) -> &'t Tape {
        self.tape
    }

    /// Each value repeated over the dimension that a sum would add up, to `shape`.
    #[track_caller]
    #[must_use]
    pub fn spread(self, over: Over, shape: impl Into<Shape>) -> Var<'t> {
        self.tape.push(Op::Spread(over), &[self], shape.into())
    }

    /// A batch of rows of this byte matrix, as (x / 255 − mean) / std: row r of the result is row
    /// `order[cursor + r]`.
    ///
    /// `self`: `u8` `[count, width]`; `order`: `u32` `[n]`; `cursor`: `u32` `[1]`. Returns
    /// `[batch, width]`.
    #[track_caller]
    #[must_use]
    pub fn gather(
        self,
        order: Var<'t>,
        cursor: Var<'t>,
        batch: usize,
        (mean, std): (f32, f32),
    ) -> Var<'t> {
        let width = self.shape().sizes().last().copied().unwrap_or(1);
        self.tape.push(
            Op::Gather { mean, std },
            &[self, order, cursor],
            Shape::matrix(batch, width),
        )
    }

    /// An update that takes one step of Adam on this parameter. See [`Op::Adam`].
    #[track_caller]
    #[must_use]
    pub fn adam(
        self,
        gradient: Var<'t>,
        state: AdamState<'t>,
        (beta1, beta2): (f64, f64),
        eps: f64,
    ) -> Var<'t> {
        let AdamState { first, second, step, learning_rate } = state;
        let args = [self, gradient, first, second, step, learning_rate];
        self.tape.push(Op::Adam { beta1, beta2, eps }, &args, Shape::SCALAR)
    }

    /// An update that writes `value` `[1]` to place `index` (`u32` `[1]`) of this log `[n]`.
    #[track_caller]
    #[must_use]
    pub fn put(self, value: Var<'t>, index: Var<'t>) -> Var<'t> {
        self.tape.push(Op::Put, &[self, value, index], Shape::SCALAR)
    }

    /// An update that adds `by` to this counter.
    #[track_caller]
    #[must_use]
    pub fn advance(self, by: u32) -> Var<'t> {
        self.tape.push(Op::Advance(by), &[self], Shape::SCALAR)
    }
}

/// What Adam keeps and reads beside a parameter and its gradient.
#[derive(Clone, Copy, Debug)]
pub struct AdamState<'t> {
    /// First moment, of the parameter's shape.
    pub first: Var<'t>,
    /// Second moment, of the parameter's shape.
    pub second: Var<'t>,
    /// Steps taken so far, `u32` `[1]`.
    pub step: Var<'t>,
    /// Learning rate, `[1]`.
    pub learning_rate: Var<'t>,
}

/// Operators between two values of one shape.
macro_rules! operators {
    ($($trait:ident $method:ident $op:expr;)*) => {$(
        impl<'t> $trait for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                self.tape.push($op, &[self, other], Shape::SCALAR)
            }
        }
    )*};
}

operators! {
    Add add Op::Add;
    Sub sub Op::Sub;
    Mul mul Op::Mul;
    Div div Op::Div;
}

/// Operators between a value and a number, each one op of one argument.
macro_rules! number_operators {
    ($($trait:ident $method:ident |$k:ident| $op:expr;)*) => {$(
        impl<'t> $trait<f32> for Var<'t> {
            type Output = Var<'t>;
            #[track_caller]
            fn $method(self, $k: f32) -> Self {
                self.tape.push($op, &[self], Shape::SCALAR)
            }
        }
    )*};
}

number_operators! {
    Add add |k| Op::Shift(k);
    Sub sub |k| Op::Shift(-k);
    Mul mul |k| Op::Scale(k);
}

impl<'t> Neg for Var<'t> {
    type Output = Var<'t>;
    #[track_caller]
    fn neg(self) -> Self {
        self.tape.push(Op::Scale(-1.0), &[self], Shape::SCALAR)
    }
}
