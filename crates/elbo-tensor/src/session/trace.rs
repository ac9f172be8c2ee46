//! Which call of a run is the first whose result is infinite or not a number.

use super::{Session, device};
use crate::{Backend, Call, DataMut, Dtype, EntryId, Error, Operand, Result};

/// A call that gave a value which is infinite or not a number, the first of its run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotFinite {
    /// The call's position in [`crate::Entry::calls`].
    pub call: usize,
    /// The first such value of its result.
    pub value: f32,
    /// The largest magnitude among the values it was given; not a number where one of those was none.
    pub largest_argument: f32,
}

impl<B: Backend> Session<B> {
    /// Launches the calls of an entry one by one, with a look at what each has written.
    pub(super) fn trace(&mut self, entry: EntryId) -> Result<Option<NotFinite>> {
        let planned =
            self.program.entries().get(entry.0).ok_or(Error::NoEntry { number: entry.0 })?;
        self.last_run = None;
        for (number, call) in planned.calls().iter().enumerate() {
            // Before the call: its result may be written over an argument.
            let mut largest_argument = 0.0;
            for argument in &call.args {
                largest_argument =
                    self.values(argument)?.into_iter().fold(largest_argument, larger);
            }
            self.backend.launch(call, &mut self.memory).map_err(device)?;
            for written in written(call) {
                let values = self.values(&written)?;
                if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
                    return Ok(Some(NotFinite { call: number, value, largest_argument }));
                }
            }
        }
        self.last_run = Some(entry);
        Ok(None)
    }

    /// The values of an operand; none where they are no `f32`.
    fn values(&self, operand: &Operand) -> Result<Vec<f32>> {
        let buffer = self.memory.get(operand.slot).filter(|_| operand.dtype == Dtype::F32);
        let Some(buffer) = buffer else { return Ok(Vec::new()) };
        let mut values = vec![0.0; operand.shape.len()];
        self.backend.read(buffer, DataMut::F32(&mut values)).map_err(device)?;
        Ok(values)
    }
}

/// What a call writes: its result, and for an update what else it changes.
fn written(call: &Call) -> Vec<Operand> {
    match call.op.changes() {
        [] => vec![call.out],
        changed => changed.iter().map(|position| call.args[*position]).collect(),
    }
}

/// The larger magnitude; not a number where one of both is none.
fn larger(largest: f32, value: f32) -> f32 {
    if largest.is_nan() || value.abs() <= largest { largest } else { value.abs() }
}
