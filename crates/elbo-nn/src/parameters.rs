//! Which values of a model are trained, and under which names a checkpoint keeps them.

use std::{cell::RefCell, fmt, panic::Location, rc::Rc};

use elbo_tensor::{Id, Shape, Tape, Var};

use crate::{Error, Result};

/// A trainable value of a model.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in checkpoints, as in PyTorch's `state_dict`: `fc1.weight`.
    pub name: String,
    /// Its value in the graph.
    pub id: Id,
    /// Its shape.
    pub shape: Shape,
    /// How many inputs each output of its layer sums up: the scale of its initial values.
    pub fan_in: usize,
}

/// A value of `f32` that a checkpoint keeps.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its value in the graph.
    pub id: Id,
    /// Its shape.
    pub shape: Shape,
}

impl From<&Parameter> for NamedTensor {
    fn from(parameter: &Parameter) -> Self {
        Self { name: parameter.name.clone(), id: parameter.id, shape: parameter.shape }
    }
}

/// Named parameters of a model, in the order they were made.
///
/// What does not fit (a name given twice, settings that Adam cannot use) is kept with the line that
/// asked for it and returned by [`Parameters::finish`], so building a model needs no `?`. Such a
/// fault also keeps the tape from being planned: it cannot be missed.
pub struct Parameters<'t> {
    tape: &'t Tape,
    made: RefCell<Vec<Made<'t>>>,
    fault: Fault,
}

/// A parameter, its value to write formulas with, and the line that made it.
struct Made<'t> {
    parameter: Parameter,
    var: Var<'t>,
    at: &'static Location<'static>,
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

impl<'t> Parameters<'t> {
    /// No parameters yet, of a model written on `tape`.
    #[must_use]
    pub fn new(tape: &'t Tape) -> Self {
        Self { tape, made: RefCell::default(), fault: Fault::default() }
    }

    /// The tape that the model is written on.
    #[must_use]
    pub const fn tape(&self) -> &'t Tape {
        self.tape
    }

    /// A new parameter. `fan_in` scales its initial values, see [`crate::initialise`].
    #[track_caller]
    pub fn add(&self, name: &str, shape: impl Into<Shape>, fan_in: usize) -> Var<'t> {
        let at = Location::caller();
        let shape = shape.into();
        let var = self.tape.parameter(shape);
        let first = self.made.borrow().iter().find(|m| m.parameter.name == name).map(|m| m.at);
        if let Some(first) = first {
            let error = Error::DuplicateParameter { name: name.to_string(), first, at };
            self.fault.keep(error, self.tape);
        }
        let parameter = Parameter { name: name.to_string(), id: var.id(), shape, fan_in };
        self.made.borrow_mut().push(Made { parameter, var, at });
        var
    }

    /// All parameters made so far.
    #[must_use]
    pub fn list(&self) -> Vec<Parameter> {
        self.made.borrow().iter().map(|made| made.parameter.clone()).collect()
    }

    /// The values of all parameters made so far, in the same order: what gradients are taken for.
    #[must_use]
    pub fn vars(&self) -> Vec<Var<'t>> {
        self.made.borrow().iter().map(|made| made.var).collect()
    }

    /// All parameters, or the first fault in how the model was built.
    pub fn finish(self) -> Result<Vec<Parameter>> {
        match self.fault.take() {
            None => Ok(self.made.into_inner().into_iter().map(|made| made.parameter).collect()),
            Some(error) => Err(error),
        }
    }

    /// Each parameter with its value on the tape.
    pub(crate) fn values(&self) -> Vec<(Parameter, Var<'t>)> {
        self.made.borrow().iter().map(|made| (made.parameter.clone(), made.var)).collect()
    }

    /// Where whatever is built from these parameters keeps what does not fit.
    pub(crate) fn fault(&self) -> Fault {
        self.fault.clone()
    }
}

/// The first thing that does not fit in a model, shared by all that build it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Fault(Rc<RefCell<Option<Error>>>);

impl Fault {
    /// Keeps the error if it is the first, and makes the tape one that cannot be planned.
    #[track_caller]
    pub(crate) fn keep(&self, error: Error, tape: &Tape) {
        tape.refuse(error.to_string());
        self.0.borrow_mut().get_or_insert(error);
    }

    fn take(&self) -> Option<Error> {
        self.0.borrow_mut().take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_listed_in_the_order_they_were_made() {
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let weight = parameters.add("b.weight", [2, 3], 3);
        let bias = parameters.add("a.bias", [2], 3);
        let listed = parameters.finish().unwrap();
        assert_eq!([listed[0].name.as_str(), &listed[1].name], ["b.weight", "a.bias"]);
        assert_eq!([listed[0].id, listed[1].id], [weight.id(), bias.id()]);
        assert_eq!(listed[0].shape, Shape::matrix(2, 3));
        assert_eq!(listed[1].fan_in, 3);
        assert!(tape.finish().is_ok());
    }

    #[test]
    fn a_name_given_twice_is_refused_with_both_lines() {
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let _ = parameters.add("fc1.bias", [2], 3);
        let (_, line) = (parameters.add("fc1.bias", [2], 3), line!());
        let message = parameters.finish().unwrap_err().to_string();
        assert!(message.starts_with("`fc1.bias`: "), "{message}");
        assert!(message.contains(&format!("parameters.rs:{line}")), "{message}");
        assert!(message.contains(&format!("parameters.rs:{}", line - 1)), "{message}");
    }

    #[test]
    fn a_fault_that_nobody_asked_for_still_keeps_the_tape_from_being_planned() {
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let _ = parameters.add("w", [2], 3);
        let (_, line) = (parameters.add("w", [2], 3), line!());
        let message = tape.finish().unwrap_err().to_string();
        assert!(message.contains(&format!("parameters.rs:{line}")), "{message}");
    }
}
