//! The command `elbo`: reads arguments and the environment, calls the library, says what went wrong.

mod args;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use elbo::Error;

use args::{Arguments, Command, DataArguments, PlanArguments, TrainArguments};
use terminal::Terminal;

/// The user can fix it: other arguments, other files.
const FOR_THE_USER: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Train(arguments) => train(*arguments),
        Command::Data(arguments) => data(&arguments),
        Command::Plan(arguments) => plan(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::error(&error.to_string());
            ExitCode::from(if error.is_for_the_user() { FOR_THE_USER } else { 1 })
        }
    }
}

fn train(arguments: TrainArguments) -> Result<(), Error> {
    let mut terminal = Terminal::new();
    elbo::train(&arguments.into_request(), &mut terminal).map(|_| ())
}

fn data(arguments: &DataArguments) -> Result<(), Error> {
    let mut terminal = Terminal::new();
    let dataset = elbo::data::provide(&arguments.dir, &arguments.network(), &mut terminal)?;
    terminal.dataset(&dataset);
    Ok(())
}

fn plan(arguments: &PlanArguments) -> Result<(), Error> {
    let (settings, input, images) = arguments.plan();
    terminal::text(&elbo::plan(&settings, input, images)?);
    Ok(())
}
