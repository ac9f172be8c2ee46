//! How each op flows back: reverse-mode gradients as a function from graph to graph.

use std::panic::Location;

use crate::{Dtype, Error, Graph, Id, Node, Op, Over, Shape};

/// The gradient of the scalar `of` with respect to each target, as new nodes of the graph.
///
/// Faults (`of` not a scalar, a target it does not depend on) are kept in the graph.
pub(crate) fn gradients(
    graph: &mut Graph,
    of: Id,
    targets: &[Id],
    at: &'static Location<'static>,
) -> Vec<Id> {
    if graph.node(of).shape != Shape::SCALAR {
        let fact = format!("of a value {}, wants a scalar [1]", graph.node(of).shape);
        graph.fail(Error::Gradient { fact, at });
    }
    let needs = needs_gradient(graph, of, targets);
    let mut flow = Flow { graph, needs, gradients: vec![None; of.index() + 1], at };
    flow.gradients[of.index()] = Some(flow.fill(1.0, Shape::SCALAR));
    for index in (0..=of.index()).rev() {
        if let (true, Some(upstream)) = (flow.needs[index], flow.gradients[index]) {
            let node = flow.graph.nodes[index].clone();
            flow.back(&node, Id(index as u32), upstream);
        }
    }
    targets.iter().map(|target| flow.collect(*target)).collect()
}

/// Which values up to `of` depend on a target.
fn needs_gradient(graph: &Graph, of: Id, targets: &[Id]) -> Vec<bool> {
    let mut needs = vec![false; of.index() + 1];
    for index in 0..needs.len() {
        let args = &graph.nodes[index].args;
        needs[index] =
            targets.iter().any(|t| t.index() == index) || args.iter().any(|a| needs[a.index()]);
    }
    needs
}

struct Flow<'g> {
    graph: &'g mut Graph,
    needs: Vec<bool>,
    gradients: Vec<Option<Id>>,
    at: &'static Location<'static>,
}

impl Flow<'_> {
    /// Sends `up`, the gradient of `node`'s result `y`, on to its arguments. One arm an op.
    fn back(&mut self, node: &Node, y: Id, up: Id) {
        let shape_of = |flow: &Self, i: usize| flow.graph.node(node.args[i]).shape;
        let arg = |i: usize| node.args[i];
        match node.op {
            Op::Input | Op::Parameter | Op::Fill(_) | Op::Normal { .. } | Op::Gather { .. } => {}
            Op::Add => {
                self.to(arg(0), |_| up);
                self.to(arg(1), |_| up);
            }
            Op::Sub => {
                self.to(arg(0), |_| up);
                self.to(arg(1), |f| f.scale(-1.0, up));
            }
            Op::Mul => {
                self.to(arg(0), |f| f.mul(up, arg(1)));
                self.to(arg(1), |f| f.mul(up, arg(0)));
            }
            Op::Div => {
                self.to(arg(0), |f| f.op(Op::Div, &[up, arg(1)]));
                self.to(arg(1), |f| {
                    let numerator = f.mul(up, y);
                    let quotient = f.op(Op::Div, &[numerator, arg(1)]);
                    f.scale(-1.0, quotient)
                });
            }
            Op::Scale(k) => self.to(arg(0), |f| f.scale(k, up)),
            Op::Shift(_) => self.to(arg(0), |_| up),
            Op::Exp => self.to(arg(0), |f| f.mul(up, y)),
            Op::Ln => self.to(arg(0), |f| f.op(Op::Div, &[up, arg(0)])),
            Op::Sqrt => self.to(arg(0), |f| {
                let half = f.scale(0.5, up);
                f.op(Op::Div, &[half, y])
            }),
            Op::Square => self.to(arg(0), |f| {
                let product = f.mul(up, arg(0));
                f.scale(2.0, product)
            }),
            Op::Relu => self.to(arg(0), |f| f.op(Op::ReluGrad, &[up, y])),
            Op::Tanh => self.to(arg(0), |f| f.op(Op::TanhGrad, &[up, y])),
            Op::Sigmoid => self.to(arg(0), |f| f.op(Op::SigmoidGrad, &[up, y])),
            Op::ReluGrad => {
                self.to(arg(0), |f| f.op(Op::ReluGrad, &[up, arg(1)]));
                // Flat in y on both sides of the kink.
                let shape = shape_of(self, 1);
                self.to(arg(1), |f| f.fill(0.0, shape));
            }
            Op::TanhGrad => {
                self.to(arg(0), |f| f.op(Op::TanhGrad, &[up, arg(1)]));
                self.to(arg(1), |f| {
                    let product = f.mul(up, arg(0));
                    let slope = f.mul(product, arg(1));
                    f.scale(-2.0, slope)
                });
            }
            Op::SigmoidGrad => {
                self.to(arg(0), |f| f.op(Op::SigmoidGrad, &[up, arg(1)]));
                self.to(arg(1), |f| {
                    let product = f.mul(up, arg(0));
                    let slope = f.scale(-2.0, arg(1));
                    let slope = f.op(Op::Shift(1.0), &[slope]);
                    f.mul(product, slope)
                });
            }
            Op::MatMul { transpose_a, transpose_b } => {
                self.to(arg(0), |f| match transpose_a {
                    true => f.matmul(arg(1), transpose_b, up, true),
                    false => f.matmul(up, false, arg(1), !transpose_b),
                });
                self.to(arg(1), |f| match transpose_b {
                    true => f.matmul(up, true, arg(0), transpose_a),
                    false => f.matmul(arg(0), !transpose_a, up, false),
                });
            }
            Op::AddRow => {
                self.to(arg(0), |_| up);
                self.to(arg(1), |f| f.op(Op::Sum(Over::Rows), &[up]));
            }
            Op::Sum(over) => {
                let shape = shape_of(self, 0);
                self.to(arg(0), |f| f.spread(over, up, shape));
            }
            Op::Spread(over) => self.to(arg(0), |f| f.op(Op::Sum(over), &[up])),
            Op::Affine { .. }
            | Op::MatMulReluGrad { .. }
            | Op::SquaredError
            | Op::ErrorTanhGrad(_)
            | Op::Adam { .. }
            | Op::AdamProduct { .. }
            | Op::Put
            | Op::Advance(_) => {
                let fact = format!("through `{}`, which has none", node.op.name());
                self.graph.fail(Error::Gradient { fact, at: self.at });
            }
        }
    }

    /// Adds a contribution to an argument's gradient, if anyone wants it.
    fn to(&mut self, arg: Id, contribution: impl FnOnce(&mut Self) -> Id) {
        if !self.needs[arg.index()] {
            return;
        }
        let new = contribution(self);
        let sum = match self.gradients[arg.index()] {
            Some(old) => self.op(Op::Add, &[old, new]),
            None => new,
        };
        self.gradients[arg.index()] = Some(sum);
    }

    fn collect(&mut self, target: Id) -> Id {
        if let Some(gradient) = self.gradients.get(target.index()).copied().flatten() {
            return gradient;
        }
        let node = self.graph.node(target);
        let (shape, line) = (node.shape, node.at);
        let fact = format!("the value of {line} {shape} does not enter into it");
        self.graph.fail(Error::Gradient { fact, at: self.at });
        self.fill(0.0, shape)
    }

    fn op(&mut self, op: Op, args: &[Id]) -> Id {
        self.graph.push(op, args, Shape::SCALAR, self.at)
    }

    fn fill(&mut self, value: f32, shape: Shape) -> Id {
        self.graph.leaf(Op::Fill(value), shape, Dtype::F32, self.at)
    }

    fn matmul(&mut self, a: Id, transpose_a: bool, b: Id, transpose_b: bool) -> Id {
        self.op(Op::MatMul { transpose_a, transpose_b }, &[a, b])
    }

    // A loss is a sum, so its gradient starts as a constant. The three below keep it one for as long
    // as they can: it then costs a factor and not a pass over a matrix of equal numbers.

    fn constant(&self, id: Id) -> Option<f32> {
        match self.graph.node(id).op {
            Op::Fill(value) => Some(value),
            _ => None,
        }
    }

    fn scale(&mut self, k: f32, x: Id) -> Id {
        let node = self.graph.node(x);
        match (node.op, node.shape) {
            (Op::Fill(value), shape) => self.fill(k * value, shape),
            (Op::Scale(inner), _) => {
                let inside = node.args[0];
                self.op(Op::Scale(k * inner), &[inside])
            }
            _ => self.op(Op::Scale(k), &[x]),
        }
    }

    fn mul(&mut self, a: Id, b: Id) -> Id {
        match self.constant(a) {
            Some(1.0) => b,
            Some(k) => self.scale(k, b),
            None => self.op(Op::Mul, &[a, b]),
        }
    }

    fn spread(&mut self, over: Over, x: Id, shape: Shape) -> Id {
        match self.constant(x) {
            Some(value) => self.fill(value, shape),
            None => self.graph.push(Op::Spread(over), &[x], shape, self.at),
        }
    }
}
