//! How parameters move: Adam's state as graph values, and one update for each parameter.

use std::panic::Location;

use elbo_tensor::{AdamState, Dtype, Id, Shape, Tape, Var};

use crate::{Error, NamedTensor, Parameter, Parameters, parameters::Fault};

/// Adam's settings that stay the same for a whole training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the bias-corrected second moment, outside the root. Not negative.
    pub eps: f64,
}

/// PyTorch's defaults: 0.9, 0.999, 1e-8.
impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl AdamConfig {
    /// What Adam cannot work with, as a sentence: the bounds are those of PyTorch.
    fn fault(&self) -> Option<String> {
        for (name, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Some(format!("{name} is {beta}; choose it from 0 up to, not with, 1"));
            }
        }
        let fits = self.eps >= 0.0 && self.eps.is_finite();
        (!fits).then(|| format!("eps is {}; choose it 0 or a little above", self.eps))
    }
}

/// Adam (Kingma & Ba 2015) over all parameters of a model, as PyTorch's `optim.Adam` takes its
/// steps: moments corrected for their start at zero, eps added outside the root.
///
/// This writes graph only; the arithmetic is the backend's `Op::Adam`.
#[derive(Debug)]
pub struct Adam<'t> {
    tape: &'t Tape,
    config: AdamConfig,
    moved: Vec<Moved<'t>>,
    step: Var<'t>,
    learning_rate: Var<'t>,
    fault: Fault,
}

/// A parameter and what Adam keeps of it.
#[derive(Debug)]
struct Moved<'t> {
    name: String,
    parameter: Var<'t>,
    first: Var<'t>,
    second: Var<'t>,
}

/// What a checkpoint needs of an optimizer, once the tape is finished.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// Steps taken so far, `u32` `[1]`.
    pub step: Id,
    /// Learning rate, `[1]`; zero until the host writes it.
    pub learning_rate: Id,
    /// `optimizer.exp_avg.NAME` of each parameter, then `optimizer.exp_avg_sq.NAME` of each: the
    /// names that PyTorch's own state uses.
    pub moments: Vec<NamedTensor>,
}

impl<'t> Adam<'t> {
    /// Adam for all parameters made so far, its moments and step count zero.
    ///
    /// Settings that it cannot work with are a fault, see [`Parameters::finish`].
    #[track_caller]
    #[must_use]
    pub fn new(parameters: &Parameters<'t>, config: AdamConfig) -> Self {
        let tape = parameters.tape();
        let fault = parameters.fault();
        if let Some(fact) = config.fault() {
            fault.keep(Error::AdamConfig { fact, at: Location::caller() }, tape);
        }
        let mut moved = Vec::new();
        for (Parameter { name, shape, .. }, parameter) in parameters.values() {
            let (first, second) = (tape.parameter(shape), tape.parameter(shape));
            moved.push(Moved { name, parameter, first, second });
        }
        let step = tape.counter();
        let learning_rate = tape.input(Dtype::F32, Shape::SCALAR);
        Self { tape, config, moved, step, learning_rate, fault }
    }

    /// One update a parameter, the last parameter's first, then the step count's.
    ///
    /// `gradients`: one for each parameter, in the order they were made, each of its shape. Another
    /// number of them is a fault, see [`Parameters::finish`].
    #[track_caller]
    #[must_use]
    pub fn updates(&self, gradients: &[Var<'t>]) -> Vec<Var<'t>> {
        if gradients.len() != self.moved.len() {
            let (given, parameters) = (gradients.len(), self.moved.len());
            let error = Error::GradientCount { given, parameters, at: Location::caller() };
            self.fault.keep(error, self.tape);
        }
        let mut updates = Vec::with_capacity(self.moved.len() + 1);
        // A backward pass has just read the last parameters, the first layer's not at all; and with that
        // the next step begins. So memory is asked for the fewest values anew.
        for (moved, gradient) in self.moved.iter().zip(gradients).rev() {
            updates.push(self.update(moved, *gradient));
        }
        updates.push(self.step.advance(1));
        updates
    }

    #[track_caller]
    fn update(&self, moved: &Moved<'t>, gradient: Var<'t>) -> Var<'t> {
        let state = AdamState {
            first: moved.first,
            second: moved.second,
            step: self.step,
            learning_rate: self.learning_rate,
        };
        let AdamConfig { beta1, beta2, eps } = self.config;
        moved.parameter.adam(gradient, state, (beta1, beta2), eps)
    }

    /// Steps taken so far, `u32` `[1]`: 0 in the first step, where noise may read it too.
    #[must_use]
    pub const fn step(&self) -> Var<'t> {
        self.step
    }

    /// The learning rate, `[1]`, an input that the host writes before the first step.
    #[must_use]
    pub const fn learning_rate(&self) -> Var<'t> {
        self.learning_rate
    }

    /// What a checkpoint keeps of this optimizer.
    #[must_use]
    pub fn state(&self) -> OptimizerState {
        let moment = |kind: &str, name: &str, var: Var<'t>| NamedTensor {
            name: format!("{PREFIX}{kind}.{name}"),
            id: var.id(),
            shape: var.shape(),
        };
        let firsts = self.moved.iter().map(|m| moment("exp_avg", &m.name, m.first));
        let seconds = self.moved.iter().map(|m| moment("exp_avg_sq", &m.name, m.second));
        OptimizerState {
            step: self.step.id(),
            learning_rate: self.learning_rate.id(),
            moments: firsts.chain(seconds).collect(),
        }
    }
}

/// What the names of an optimizer's tensors begin with.
pub(crate) const PREFIX: &str = "optimizer.";

#[cfg(test)]
mod tests {
    use super::*;
    use elbo_tensor::{Op, Program};

    fn model(tape: &Tape) -> Parameters<'_> {
        let parameters = Parameters::new(tape);
        let _ = parameters.add("fc1.weight", [2, 3], 3);
        let _ = parameters.add("fc1.bias", [2], 3);
        parameters
    }

    #[test]
    fn a_step_updates_every_parameter_and_advances_the_count_last() {
        let tape = Tape::new();
        let parameters = model(&tape);
        let adam = Adam::new(&parameters, AdamConfig::default());
        let gradients = [tape.fill(1.0, [2, 3]), tape.fill(1.0, [2])];
        let updates = adam.updates(&gradients);
        let ids: Vec<Id> = updates.iter().map(|update| update.id()).collect();
        parameters.finish().unwrap();
        let mut program = Program::new(tape).unwrap();
        program.entry("step", &[], &ids).unwrap();
        let ops: Vec<&str> = ids.iter().map(|id| program.graph().node(*id).op.name()).collect();
        assert_eq!(ops, ["adam", "adam", "advance"]);
        let shapes = ids[..2].iter().map(|id| program.graph().node(*id).shape.to_string());
        assert_eq!(shapes.collect::<Vec<_>>(), ["[2]", "[2, 3]"], "the last parameter first");
        assert_eq!(
            program.graph().node(ids[0]).op,
            Op::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
        );
    }

    #[test]
    fn moments_are_named_after_their_parameters_and_share_their_shapes() {
        let tape = Tape::new();
        let adam = Adam::new(&model(&tape), AdamConfig::default());
        let moments = adam.state().moments;
        let named: Vec<String> =
            moments.iter().map(|moment| format!("{} {}", moment.name, moment.shape)).collect();
        let expected = [
            "optimizer.exp_avg.fc1.weight [2, 3]",
            "optimizer.exp_avg.fc1.bias [2]",
            "optimizer.exp_avg_sq.fc1.weight [2, 3]",
            "optimizer.exp_avg_sq.fc1.bias [2]",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn too_few_and_too_many_gradients_are_refused_with_both_counts() {
        for given in [0, 1, 3] {
            let tape = Tape::new();
            let parameters = model(&tape);
            let adam = Adam::new(&parameters, AdamConfig::default());
            let shapes = [Shape::matrix(2, 3), Shape::vector(2), Shape::SCALAR];
            let gradients: Vec<Var> =
                shapes[..given].iter().map(|shape| tape.fill(1.0, *shape)).collect();
            let _ = adam.updates(&gradients);
            let message = parameters.finish().unwrap_err().to_string();
            assert!(message.contains(&format!("{given} gradients for 2 parameters")), "{message}");
            assert!(tape.finish().is_err(), "{given} gradients can be planned");
        }
    }

    #[test]
    fn settings_outside_pytorchs_bounds_are_refused_by_name() {
        let fine = AdamConfig::default();
        let cases = [
            (AdamConfig { beta1: 1.0, ..fine }, "beta1 is 1;"),
            (AdamConfig { beta2: -0.1, ..fine }, "beta2 is -0.1;"),
            (AdamConfig { beta2: f64::NAN, ..fine }, "beta2 is NaN;"),
            (AdamConfig { eps: -1e-8, ..fine }, "eps is -0.00000001;"),
            (AdamConfig { eps: f64::INFINITY, ..fine }, "eps is inf;"),
        ];
        for (config, said) in cases {
            let tape = Tape::new();
            let parameters = model(&tape);
            let _ = Adam::new(&parameters, config);
            let message = parameters.finish().unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
    }
}
