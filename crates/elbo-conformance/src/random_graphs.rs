//! Graphs that nobody thought of: ops drawn by lot, with gradients and updates.

use elbo_tensor::{AdamState, Dtype, Id, Over, Shape, Tape, Var, random::Stream};

use crate::{
    host::{Host, indices, pixels, uniform},
    stage::Formula,
};

/// As many numbers as the largest graph asks for.
const MOST_DRAWS: usize = 400;

/// The draws of a seed.
pub(crate) fn draws(seed: u64) -> Vec<u32> {
    let mut stream = Stream::new(seed, 17, 0);
    (0..MOST_DRAWS).map(|_| stream.next_u32()).collect()
}

/// A graph and what to know of it.
pub(crate) struct Drawn {
    pub(crate) formula: Formula,
    /// What goes into the relu, if there is one, that the gradients come through. Where it is next to zero, rounding
    /// decides between a gradient and none.
    pub(crate) kink: Option<Id>,
}

/// Writes the graph that some numbers decide: the same numbers, the same graph; where there are no more,
/// zeros.
///
/// Every value is kept small, so that rounding is not magnified from op to op.
pub(crate) fn random_graph(tape: &Tape, draws: &[u32]) -> Drawn {
    let mut graph = Lot {
        tape,
        draws: Vec::from(draws).into_iter(),
        given: vec![],
        values: vec![],
        layers: vec![],
    };
    let rows = graph.pick(&[1, 2, 3, 5, 8, 17, 0]);
    for columns in [graph.pick(&[1, 4, 7]), graph.pick(&[3, 16, 33])] {
        let input = graph.leaf(Shape::matrix(rows, columns), false);
        graph.values.push(input);
    }
    for _ in 0..graph.pick(&[1, 4, 8, 12, 16]) {
        let value = graph.op();
        graph.values.push(value);
    }
    graph.finish()
}

struct Lot<'t> {
    tape: &'t Tape,
    draws: std::vec::IntoIter<u32>,
    given: Vec<(Id, Host)>,
    /// Matrices to go on from.
    values: Vec<Var<'t>>,
    layers: Vec<Layer<'t>>,
}

/// A product with a parameter.
#[derive(Clone, Copy)]
struct Layer<'t> {
    weight: Var<'t>,
    /// What goes into its relu, if that is its activation.
    kink: Option<Var<'t>>,
    result: Var<'t>,
}

impl<'t> Lot<'t> {
    fn below(&mut self, bound: u32) -> u32 {
        self.draws.next().unwrap_or_default() % bound
    }

    fn pick(&mut self, from: &[usize]) -> usize {
        from[self.below(from.len() as u32) as usize]
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
        match self.below(7) {
            0 => self.elementwise(x),
            1 => self.pair(x),
            2 | 3 => self.layer(x),
            4 => self.sums(x),
            5 => self.error(x),
            _ => self.source(x),
        }
    }

    /// A squared error through tanh: a pass each for it and for its gradient.
    fn error(&mut self, x: Var<'t>) -> Var<'t> {
        let target = self.leaf(x.shape(), false);
        let error = (x.tanh() - target).square().sum() * (1.0 / x.shape().len().max(1) as f32);
        error.spread(Over::All, x.shape()) * x
    }

    /// x with values that come from nowhere, from noise or from bytes.
    fn source(&mut self, x: Var<'t>) -> Var<'t> {
        let (rows, columns) = x.shape().as_matrix().expect("a matrix");
        match self.below(3) {
            0 => self.tape.fill(0.25, x.shape()) - x * 0.5,
            1 => {
                let key = self.input(Host::U32(vec![7, 11]));
                let step = self.count(rows as u32);
                self.tape.normal(key, step, 3, x.shape()) * 0.1 + x
            }
            _ => {
                let data = self.tape.input(Dtype::U8, [5, columns]);
                self.given.push((data.id(), Host::U8(pixels(13, 5 * columns))));
                let order = self.input(Host::U32(indices(14, rows + 1, 5)));
                let cursor = self.count(1);
                data.gather(order, cursor, rows, (0.5, 0.5)) * 0.5 - x
            }
        }
    }

    fn input(&mut self, host: Host) -> Var<'t> {
        let var = self.tape.input(host.dtype(), Shape::vector(host.data().len()));
        self.given.push((var.id(), host));
        var
    }

    /// A counter that stands at a number.
    fn count(&mut self, at: u32) -> Var<'t> {
        let var = self.tape.counter();
        self.given.push((var.id(), Host::U32(vec![at])));
        var
    }

    fn elementwise(&mut self, x: Var<'t>) -> Var<'t> {
        match self.below(8) {
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
        match self.below(4) {
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
        let weight = match self.below(2) {
            0 => self.leaf(Shape::matrix(to, from), true),
            _ => self.leaf(Shape::matrix(from, to), true),
        };
        let scaled = x * (1.0 / (from as f32).sqrt());
        let turned = weight.shape() == Shape::matrix(to, from);
        let product = if turned { scaled.matmul_transposed(weight) } else { scaled.matmul(weight) };
        let biased = match self.below(4) {
            0 => product,
            _ => {
                let bias = self.leaf(Shape::vector(to), true);
                product.add_row(bias)
            }
        };
        if self.below(4) == 0 {
            self.values.push(product);
        }
        if self.below(4) == 0 {
            self.values.push(biased);
        }
        let (result, kink) = match self.below(3) {
            0 => (biased, None),
            1 => (biased.relu(), Some(biased)),
            _ => (biased.tanh(), None),
        };
        self.layers.push(Layer { weight, kink, result });
        result
    }

    fn sums(&mut self, x: Var<'t>) -> Var<'t> {
        let shape = x.shape();
        let (rows, columns) = shape.as_matrix().expect("a matrix");
        let mean = |n: usize| 1.0 / n.max(1) as f32;
        match self.below(4) {
            0 => (x.sum() * mean(shape.len())).spread(Over::All, shape),
            1 => (x.sum_rows() * mean(rows)).spread(Over::Rows, shape),
            2 => (x.sum_columns() * mean(columns)).spread(Over::Columns, shape) * x.tanh(),
            _ => x.add_row(x.sum_rows() * mean(rows)) * 0.5,
        }
    }

    /// Some values, the gradients of a few weights, a step of Adam on one of them, and the loss in a log.
    fn finish(mut self) -> Drawn {
        let mut outputs = vec![self.values[self.values.len() - 1].id()];
        for _ in 0..self.pick(&[0, 1, 3]) {
            outputs.push(self.value().id());
        }
        let mut updates = Vec::new();
        let last = self.layers.last().copied();
        if let Some(Layer { weight, result, .. }) = last {
            let loss = match self.below(2) {
                0 => (result.square().sum() + result.sum()) * 0.1,
                _ => (result.tanh() - self.leaf(result.shape(), false)).square().sum() * 0.3,
            };
            let gradient = self.tape.gradients(loss, &[weight])[0];
            outputs.push(loss.id());
            if self.below(2) == 0 {
                outputs.push(gradient.id());
            }
            let log = self.leaf(Shape::vector(6), true);
            updates = self.adam(weight, gradient, (log, loss)).map(Var::id).to_vec();
        }
        let kink = last.and_then(|layer| layer.kink).map(Var::id);
        Drawn { formula: Formula { given: self.given, outputs, updates }, kink }
    }

    fn adam(
        &mut self,
        weight: Var<'t>,
        gradient: Var<'t>,
        (log, loss): (Var<'t>, Var<'t>),
    ) -> [Var<'t>; 3] {
        let (first, second) = (self.leaf(weight.shape(), true), self.leaf(weight.shape(), true));
        // A second moment is never negative.
        let moment = Host::F32(uniform(5, weight.shape().len(), 0.1, 1.0));
        *self.given.last_mut().expect("just added") = (second.id(), moment);
        let (step, learning_rate) = (self.count(3), self.leaf(Shape::SCALAR, false));
        let state = AdamState { first, second, step, learning_rate };
        let adam = weight.adam(gradient, state, (0.9, 0.999), 1e-8);
        [log.put(loss, step), adam, step.advance(1)]
    }
}
