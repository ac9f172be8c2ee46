//! The command `elbo`: reads arguments and the environment, calls the library, says what went wrong.

mod args;
mod commands;
mod interrupt;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use elbo::{Ending, Error};

use args::{
    Arguments, BenchArguments, Command, DataArguments, PlanArguments, ReportArguments,
    TrainArguments,
};
use terminal::{JsonLines, Terminal};

/// The user can fix it: other arguments, other files.
const FOR_THE_USER: u8 = 2;

fn main() -> ExitCode {
    interrupt::outlive_limits_of_size();
    let command = args::command();
    let outcome = match Arguments::parse().command {
        Command::Train(arguments) => match train(*arguments, &command) {
            Ok(Some(stopped)) => return ExitCode::from(stopped),
            outcome => outcome.map(|_| ()),
        },
        Command::Report(arguments) => report(arguments, &command),
        Command::Evaluate(arguments) => commands::evaluate(&arguments, &command),
        Command::Reconstruct(arguments) => commands::reconstruct(&arguments, &command),
        Command::Sample(arguments) => commands::sample(&arguments),
        Command::Interpolate(arguments) => commands::interpolate(&arguments, &command),
        Command::Traverse(arguments) => commands::traverse(&arguments, &command),
        Command::Manifold(arguments) => commands::manifold(&arguments),
        Command::Scatter(arguments) => commands::scatter(&arguments, &command),
        Command::Encode(arguments) => commands::encode(&arguments, &command),
        Command::Decode(arguments) => commands::decode(&arguments),
        Command::Import(arguments) => commands::import(&arguments),
        Command::Export(arguments) => commands::export(&arguments),
        Command::Info(arguments) => commands::info(&arguments),
        Command::Devices => commands::devices(),
        Command::Completions { shell } => commands::completions(shell),
        Command::Man { folder } => commands::man(&folder),
        Command::Data(arguments) => data(&arguments, &command),
        Command::Plan(arguments) => plan(&arguments),
        Command::Bench(arguments) => bench(&arguments, &command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::error(&error.to_string(), error.lacks_data(), &command);
            ExitCode::from(if error.is_for_the_user() { FOR_THE_USER } else { 1 })
        }
    }
}

/// Returns the exit code of a training that a signal has stopped.
fn train(arguments: TrainArguments, command: &str) -> Result<Option<u8>, Error> {
    let mut terminal = Terminal::new(command);
    let as_json = arguments.log_json;
    let request = arguments.into_request();
    let (summary, code) = if as_json {
        let mut lines = JsonLines::new(terminal);
        (elbo::train(&request, &mut lines)?, lines.exit_code())
    } else {
        (elbo::train(&request, &mut terminal)?, terminal.exit_code())
    };
    Ok(code.filter(|_| summary.ending == Ending::Stopped))
}

fn report(arguments: ReportArguments, command: &str) -> Result<(), Error> {
    let mut terminal = Terminal::new(command);
    let page = elbo::report(&arguments.into_request(), &mut terminal)?;
    terminal::text(&format!("{}\n", page.display()));
    Ok(())
}

fn data(arguments: &DataArguments, command: &str) -> Result<(), Error> {
    let mut terminal = Terminal::new(command);
    let dataset = elbo::data::provide(&arguments.dir, &arguments.network(), &mut terminal)?;
    terminal.dataset(&dataset);
    Ok(())
}

fn plan(arguments: &PlanArguments) -> Result<(), Error> {
    let (settings, input, images) = arguments.plan();
    terminal::answer(&elbo::plan(&settings, input, images, arguments.planning())?)
}

fn bench(arguments: &BenchArguments, command: &str) -> Result<(), Error> {
    let mut terminal = Terminal::new(command);
    let bench = arguments.bench();
    if arguments.profile {
        let calls = elbo::bench::profile(&bench, &mut terminal)?;
        terminal::figures(&calls, arguments.json, || terminal::profile(&calls))
    } else {
        let measured = elbo::bench::measure(&bench, &mut terminal)?;
        terminal::figures(&measured, arguments.json, || terminal::measurements(&measured))
    }
}
