//! Graphs that nobody thought of: ops drawn by lot, with gradients and an update, from a seed.

use elbo_tensor::{AdamState, Dtype, Id, Over, Shape, Tape, Var, random::Stream};

use crate::{
    host::{Host, uniform},
    stage::Formula,
};

/// Writes the graph of a seed: the same seed, the same graph.
///
/// Every value is kept small, so that rounding is not magnified from op to op.
pub(crate) fn random_graph(tape: &Tape, seed: u64) -> Formula {
    let mut graph = Lot {
        tape,
        stream: Stream::new(seed, 17, 0),
        given: vec![],
        values: vec![],
        weights: vec![],
    };
    let rows = graph.pick(&[1, 2, 3, 5, 8, 17, 0]);
    for columns in [graph.pick(&[1, 4, 7]), graph.pick(&[3, 16, 33])] {
        let input = graph.leaf(Shape::matrix(rows, columns), false);
        graph.values.push(input);
    }
    for _ in 0..graph.pick(&[4, 8, 12, 16]) {
        let value = graph.op();
        graph.values.push(value);
    }
    graph.finish()
}

struct Lot<'t> {
    tape: &'t Tape,
    stream: Stream,
    given: Vec<(Id, Host)>,
    /// Matrices to go on from.
    values: Vec<Var<'t>>,
    /// Parameters, with the value that depends on each.
    weights: Vec<(Var<'t>, Var<'t>)>,
}

impl<'t> Lot<'t> {
    fn pick(&mut self, from: &[usize]) -> usize {
        from[self.stream.below(from.len() as u32) as usize]
    }

    /// One of the later values: long chains and early deaths both occur.
    fn value(&mut self) -> Var<'t> {
        let back = self.pick(&[1, 1, 2, 3, 5]).min(self.values.len());
        self.values[self.values.len() - back]
    }

    fn leaf(&mut self, shape: Shape, trained: bool) -> Var<'t> {
        let var = match trained {
            true => self.tape.parameter(shape),
            false => self.tape.input(Dtype::F32, shape),
        };
        let seed = self.given.len() as u64;
        self.given.push((var.id(), Host::F32(uniform(seed, shape.len(), -1.0, 1.0))));
        var
    }

    fn op(&mut self) -> Var<'t> {
        let x = self.value();
        match self.stream.below(5) {
            0 => self.elementwise(x),
            1 => self.pair(x),
            2 | 3 => self.layer(x),
            _ => self.sums(x),
        }
    }

    fn elementwise(&mut self, x: Var<'t>) -> Var<'t> {
        match self.stream.below(8) {
            0 => x.tanh(),
            1 => x.sigmoid(),
            2 => x.relu(),
            3 => x * -0.7,
            4 => x + 0.2,
            5 => (x.tanh() * 0.5).exp(),
            6 => (x.square() + 0.5).ln(),
            _ => (x.square() + 0.5).sqrt(),
        }
    }

    /// x with another value of its shape, or with itself.
    fn pair(&mut self, x: Var<'t>) -> Var<'t> {
        let other = self.value();
        let y = if other.shape() == x.shape() { other } else { x };
        match self.stream.below(4) {
            0 => (x + y) * 0.5,
            1 => x - y * 0.5,
            2 => x.tanh() * y,
            _ => x / (y.square() + 1.0),
        }
    }

    /// A product, perhaps with a bias and an activation: what the planner fuses, unless its parts
    /// are read elsewhere too.
    fn layer(&mut self, x: Var<'t>) -> Var<'t> {
        let (_, from) = x.shape().as_matrix().expect("a matrix");
        let to = self.pick(&[1, 4, 7, 16, 33]);
        let weight = match self.stream.below(2) {
            0 => self.leaf(Shape::matrix(to, from), true),
            _ => self.leaf(Shape::matrix(from, to), true),
        };
        let scaled = x * (1.0 / (from as f32).sqrt());
        let turned = weight.shape() == Shape::matrix(to, from);
        let product = if turned { scaled.matmul_transposed(weight) } else { scaled.matmul(weight) };
        let biased = match self.stream.below(4) {
            0 => product,
            _ => {
                let bias = self.leaf(Shape::vector(to), true);
                product.add_row(bias)
            }
        };
        if self.stream.below(4) == 0 {
            self.values.push(product);
        }
        if self.stream.below(4) == 0 {
            self.values.push(biased);
        }
        let result = match self.stream.below(3) {
            0 => biased,
            1 => biased.relu(),
            _ => biased.tanh(),
        };
        self.weights.push((weight, result));
        result
    }

    fn sums(&mut self, x: Var<'t>) -> Var<'t> {
        let shape = x.shape();
        let (rows, columns) = shape.as_matrix().expect("a matrix");
        let mean = |n: usize| 1.0 / n.max(1) as f32;
        match self.stream.below(4) {
            0 => (x.sum() * mean(shape.len())).spread(Over::All, shape),
            1 => (x.sum_rows() * mean(rows)).spread(Over::Rows, shape),
            2 => (x.sum_columns() * mean(columns)).spread(Over::Columns, shape) * x.tanh(),
            _ => x.add_row(x.sum_rows() * mean(rows)) * 0.5,
        }
    }

    /// Some values, the gradients of a few weights, and a step of Adam on one of them.
    fn finish(mut self) -> Formula {
        let mut outputs = vec![self.values[self.values.len() - 1].id()];
        for _ in 0..self.pick(&[0, 1, 3]) {
            outputs.push(self.value().id());
        }
        let mut updates = Vec::new();
        if let Some((weight, result)) = self.weights.last().copied() {
            let loss = (result.square().sum() + result.sum()) * 0.1;
            let gradient = self.tape.gradients(loss, &[weight])[0];
            outputs.push(loss.id());
            if self.stream.below(2) == 0 {
                outputs.push(gradient.id());
            }
            updates = self.adam(weight, gradient).map(Var::id).to_vec();
        }
        Formula { given: self.given, outputs, updates }
    }

    fn adam(&mut self, weight: Var<'t>, gradient: Var<'t>) -> [Var<'t>; 2] {
        let (first, second) = (self.leaf(weight.shape(), true), self.leaf(weight.shape(), true));
        // A second moment is never negative.
        let moment = Host::F32(uniform(5, weight.shape().len(), 0.1, 1.0));
        *self.given.last_mut().expect("just added") = (second.id(), moment);
        let (step, learning_rate) = (self.tape.counter(), self.leaf(Shape::SCALAR, false));
        self.given.push((step.id(), Host::U32(vec![3])));
        let state = AdamState { first, second, step, learning_rate };
        [weight.adam(gradient, state, (0.9, 0.999), 1e-8), step.advance(1)]
    }
}
