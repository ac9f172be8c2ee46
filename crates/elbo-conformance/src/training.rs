//! A small variational autoencoder with Adam, written op by op: the step that checks run.

use elbo_tensor::{AdamState, Dtype, Id, Tape, Var};

use crate::{
    host::{Host, indices, pixels, uniform},
    stage::Formula,
};

/// How large the autoencoder and its data are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) images: usize,
    pub(crate) pixels: usize,
    pub(crate) hidden: usize,
    pub(crate) latent: usize,
    pub(crate) batch: usize,
    /// How many steps the order of examples and the logs have room for.
    pub(crate) steps: usize,
}

impl Sizes {
    /// Sizes that no vector width divides.
    pub(crate) const ODD: Self =
        Self { images: 50, pixels: 37, hidden: 29, latent: 5, batch: 17, steps: 600 };
    /// Large enough that a backend splits its work.
    pub(crate) const MNIST: Self =
        Self { images: 120, pixels: 784, hidden: 400, latent: 20, batch: 96, steps: 8 };
    /// Small enough to run for hundreds of steps, its widest layers large enough to be divided in every way.
    pub(crate) const WIDE: Self =
        Self { images: 100, pixels: 784, hidden: 112, latent: 5, batch: 96, steps: 120 };
}

/// A training step and the values that move from step to step.
#[derive(Debug)]
pub(crate) struct Training {
    pub(crate) formula: Formula,
    pub(crate) step: Id,
    pub(crate) cursor: Id,
    /// Where each step's reconstruction error and divergence are put.
    pub(crate) logs: [Id; 2],
}

/// Writes the step on a tape: batch, encoder, noise, decoder, losses, gradients, Adam, counters.
pub(crate) fn training(tape: &Tape, sizes: Sizes) -> Training {
    let mut model = Model { tape, given: Vec::new(), parameters: Vec::new() };
    let Sizes { images, pixels: width, hidden, latent, batch, steps } = sizes;
    let order_len = steps * batch;
    let data = model.input([images, width].into(), Host::U8(pixels(1, images * width)));
    let order = model.input([order_len].into(), Host::U32(indices(2, order_len, images)));
    let key = model.input([2].into(), Host::U32(vec![42, 0]));
    let learning_rate = model.input([1].into(), Host::F32(vec![1e-3]));
    let (step, cursor) = (model.counter(), model.counter());
    let logs = [model.zeros([steps].into()), model.zeros([steps].into())];

    let x = data.gather(order, cursor, batch, (0.0, 1.0));
    let code = model.linear(x, width, hidden).relu();
    let mean = model.linear(code, hidden, latent);
    let log_variance = model.linear(code, hidden, latent);
    let noise = tape.normal(key, step, 1, [batch, latent]);
    let z = mean + noise * (log_variance * 0.5).exp();
    let decoded = model.linear(z, latent, hidden).tanh();
    // Away from 0 and 1, so that both logarithms are finite.
    let share = model.linear(decoded, hidden, width).sigmoid() * 0.98 + 0.01;

    let missing = -share + 1.0;
    let reconstruction = -(x * share.ln() + (-x + 1.0) * missing.ln()).sum();
    let divergence = (log_variance + 1.0 - mean.square() - log_variance.exp()).sum() * -0.5;
    let loss = (reconstruction + divergence) * (1.0 / batch as f32);

    let mut updates = model.adam(loss, step, learning_rate);
    updates.push(logs[0].put(reconstruction, step));
    updates.push(logs[1].put(divergence, step));
    updates.push(cursor.advance(batch as u32));
    updates.push(step.advance(1));
    let outputs = vec![loss.id(), share.id(), z.id(), noise.id()];
    let updates = updates.into_iter().map(Var::id).collect();
    Training {
        formula: Formula { given: model.given, outputs, updates },
        step: step.id(),
        cursor: cursor.id(),
        logs: logs.map(Var::id),
    }
}

struct Model<'t> {
    tape: &'t Tape,
    given: Vec<(Id, Host)>,
    parameters: Vec<Var<'t>>,
}

impl<'t> Model<'t> {
    fn input(&mut self, shape: elbo_tensor::Shape, host: Host) -> Var<'t> {
        let var = self.tape.input(host.dtype(), shape);
        self.given.push((var.id(), host));
        var
    }

    fn counter(&mut self) -> Var<'t> {
        let var = self.tape.counter();
        self.given.push((var.id(), Host::zeros(Dtype::U32, 1)));
        var
    }

    fn zeros(&mut self, shape: elbo_tensor::Shape) -> Var<'t> {
        let var = self.tape.parameter(shape);
        self.given.push((var.id(), Host::zeros(Dtype::F32, shape.len())));
        var
    }

    fn parameter(&mut self, shape: elbo_tensor::Shape, bound: f32) -> Var<'t> {
        let var = self.tape.parameter(shape);
        let seed = 100 + self.parameters.len() as u64;
        self.given.push((var.id(), Host::F32(uniform(seed, shape.len(), -bound, bound))));
        self.parameters.push(var);
        var
    }

    /// x · weightᵀ + bias, the weight as PyTorch keeps it: `[to, from]`.
    fn linear(&mut self, x: Var<'t>, from: usize, to: usize) -> Var<'t> {
        let bound = 1.0 / (from as f32).sqrt();
        let weight = self.parameter([to, from].into(), bound);
        let bias = self.parameter([to].into(), bound);
        x.matmul_transposed(weight).add_row(bias)
    }

    fn adam(&mut self, loss: Var<'t>, step: Var<'t>, learning_rate: Var<'t>) -> Vec<Var<'t>> {
        let parameters = std::mem::take(&mut self.parameters);
        let gradients = self.tape.gradients(loss, &parameters);
        let mut updates = Vec::new();
        for (parameter, gradient) in parameters.into_iter().zip(gradients) {
            let (first, second) = (self.zeros(parameter.shape()), self.zeros(parameter.shape()));
            let state = AdamState { first, second, step, learning_rate };
            updates.push(parameter.adam(gradient, state, (0.9, 0.999), 1e-8));
        }
        updates
    }
}
