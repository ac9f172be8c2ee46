//! The commands on trained models: arguments in, library called, lines out.

mod exchange;
mod look;
mod program;

use elbo::{Error, Model, evaluate};

use crate::{
    args::{EvaluateArguments, InfoArguments, ModelArguments},
    terminal::{self, Terminal},
};

pub(crate) use exchange::{decode, encode, export, import};
pub(crate) use look::{interpolate, manifold, reconstruct, sample, scatter, traverse};
pub(crate) use program::{completions, man};

fn open(arguments: &ModelArguments) -> Result<Model, Error> {
    Model::open(&arguments.checkpoint, arguments.device())
}

pub(crate) fn evaluate(arguments: &EvaluateArguments, command: &str) -> Result<(), Error> {
    let mut model = open(&arguments.model)?;
    let set = model.images(&arguments.images.source(), &mut Terminal::new(command))?;
    let figures = evaluate::evaluate(&mut model, &set, arguments.seed)?;
    terminal::figures(&figures, arguments.json, || terminal::evaluation(&model, &figures))
}

pub(crate) fn info(arguments: &InfoArguments) -> Result<(), Error> {
    let info = elbo::info(&arguments.checkpoint)?;
    terminal::figures(&info, arguments.json, || terminal::info(&info))
}

pub(crate) fn devices() -> Result<(), Error> {
    terminal::answer(&elbo::devices()?.iter().map(|line| format!("{line}\n")).collect::<String>())
}
