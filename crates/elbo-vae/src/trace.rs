//! Where a model's numbers stop being finite: the step that went wrong, once more, call by call.

use std::{fmt, panic::Location};

use elbo_nn::NamedTensor;
use elbo_tensor::{Call, EntryId, Kind, NotFinite, Program, Run};

use crate::{Images, Result, Vae};

/// The first call of a run whose result was infinite or not a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Culprit {
    /// The entry that ran.
    pub entry: String,
    /// The call's number in it, as a printed plan counts.
    pub call: usize,
    /// The call's op.
    pub op: &'static str,
    /// Whether it changes what is trained, as Adam does.
    pub updates: bool,
    /// The layer or parameter that it belongs to or comes after: `of fc22`, `after fc22`.
    pub layer: Option<String>,
    /// The line of the formula that asked for it.
    pub at: &'static Location<'static>,
    /// The first value that is not finite.
    pub value: f32,
    /// The largest magnitude among what the call was given.
    pub largest_argument: f32,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, call, op, layer, at, value, largest_argument, .. } = self;
        let layer = layer.as_ref().map_or_else(String::new, |layer| format!(" {layer}"));
        write!(f, "`{op}`{layer} (call {call} of `{entry}`, {}:{}) ", at.file(), at.line())?;
        write!(f, "gave {value} from values of up to {largest_argument:.3e}")
    }
}

impl Vae {
    /// Takes the epoch's next step call by call, up to the first whose result is not finite, if there is
    /// one; then the step is not complete, and [`Vae::restore`] is the way back.
    ///
    /// The same bits as [`Vae::train`], far slower: for a step that is known to go wrong.
    pub fn trace_step(&mut self) -> Result<Option<Culprit>> {
        let images = self.entries.train;
        let Some(batch) = images.batch(self.steps_done) else { return Ok(None) };
        self.forget(images)?;
        let tensors = self.entries.state();
        let found = trace(self.run.as_mut(), batch.entry, &tensors)?;
        self.steps_done += usize::from(found.is_none());
        Ok(found)
    }

    /// Measures the test set as [`Vae::evaluate`] does, call by call, up to the first result that is not
    /// finite.
    pub fn trace_evaluation(&mut self) -> Result<Option<Culprit>> {
        let images = self.entries.test;
        self.rewind(images)?;
        self.forget(images)?;
        let tensors = self.entries.state();
        for number in 0..images.batches() {
            let Some(batch) = images.batch(number) else { break };
            if let Some(found) = trace(self.run.as_mut(), batch.entry, &tensors)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Takes losses that are not finite out of the logs: what an earlier pass has noted, this one must not find.
    fn forget(&mut self, images: Images) -> Result<()> {
        for log in [images.reconstruction_log, images.kl_log] {
            let losses = self.run.read_f32(log)?;
            let finite = |loss: f32| if loss.is_finite() { loss } else { 0.0 };
            let losses: Vec<f32> = losses.into_iter().map(finite).collect();
            self.run.write(log, (&losses[..]).into())?;
        }
        Ok(())
    }

    /// Whether all parameters and moments are finite. Waits for the device.
    pub fn is_finite(&self) -> Result<bool> {
        for tensor in self.entries.state() {
            if !self.run.read_f32(tensor.id)?.iter().all(|value| value.is_finite()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Runs an entry call by call. `tensors`: what it may read that has a name.
pub(crate) fn trace(
    run: &mut dyn Run,
    name: &str,
    tensors: &[NamedTensor],
) -> Result<Option<Culprit>> {
    let entry = run.program().find(name).expect("every name that is handed out was planned");
    let found = run.first_not_finite(entry)?;
    Ok(found.map(|found| culprit(run.program(), entry, found, tensors)))
}

fn culprit(
    program: &Program,
    entry: EntryId,
    NotFinite { call: number, value, largest_argument }: NotFinite,
    tensors: &[NamedTensor],
) -> Culprit {
    let entry = program.planned(entry);
    let call = &entry.calls()[number];
    let name = |call: &Call| {
        let reads = |tensor: &&NamedTensor| {
            let place = program.fixed(tensor.id).map(|operand| operand.slot);
            call.args.iter().any(|argument| Some(argument.slot) == place)
        };
        tensors.iter().find(reads).map(|tensor| tensor.name.as_str())
    };
    let layer = match (name(call), call.op.kind()) {
        (Some(name), Kind::Update) => Some(format!("of {name}")),
        (Some(name), _) => Some(format!("of {}", layer(name))),
        (None, _) => {
            let before = feeding(entry.calls(), number).find_map(name);
            before.map(|name| format!("after {}", layer(name)))
        }
    };
    let (entry, op, at) = (entry.name().into(), call.op.name(), call.at);
    let updates = call.op.kind() == Kind::Update;
    Culprit { entry, call: number, op, updates, layer, at, value, largest_argument }
}

/// The layer that a parameter belongs to: `fc1` of `fc1.weight`.
fn layer(parameter: &str) -> &str {
    parameter.rsplit_once('.').map_or(parameter, |(layer, _)| layer)
}

/// The calls that a call's arguments come from, the nearest first.
fn feeding(calls: &[Call], number: usize) -> impl Iterator<Item = &Call> {
    let slots = |call: &Call| call.args.iter().map(|argument| argument.slot).collect::<Vec<_>>();
    let mut wanted = slots(&calls[number]);
    calls[..number].iter().rev().filter(move |call| {
        let feeds = wanted.contains(&call.out.slot);
        if feeds {
            wanted.retain(|slot| *slot != call.out.slot);
            wanted.extend(slots(call));
        }
        feeds
    })
}
