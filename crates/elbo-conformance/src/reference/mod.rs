//! What an op means: each one by its definition, in double precision and plain loops.

mod arms;
mod arrange;
mod elementwise;
mod operands;
mod source;
#[cfg(test)]
mod tests;
mod update;
mod values;

use elbo_tensor::{Backend, Call, Data, DataMut, Dtype, Entry, Memory};

pub use values::Values;

/// The backend that decides what is right: every op in `f64`, written to be read.
///
/// Its buffers are [`Values`], so `session.buffer(id)` shows results in double precision.
///
/// ```
/// use elbo_conformance::Reference;
/// use elbo_tensor::{Data, Dtype, Program, Run, Session, Tape};
///
/// let tape = Tape::new();
/// let x = tape.input(Dtype::F32, [2]);
/// let (x, y) = (x.id(), x.exp().id());
/// let mut program = Program::new(tape)?;
/// let entry = program.entry("exp", &[y], &[])?;
/// let mut session = Session::new(Reference, program)?;
/// session.write(x, Data::F32(&[0.0, 1.0]))?;
/// session.run(entry, 1)?;
/// assert_eq!(session.buffer(y)?.as_f64(), Some(&[1.0, std::f64::consts::E][..]));
/// # Ok::<(), elbo_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

/// Why the reference did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {fact}")]
pub struct Refusal {
    what: &'static str,
    fact: String,
}

impl Refusal {
    /// A refusal of an op (or of `write`, `read`) for a reason.
    pub(crate) fn new(what: &'static str, fact: impl Into<String>) -> Self {
        Self { what, fact: fact.into() }
    }
}

impl Backend for Reference {
    type Buffer = Values;
    type Replay = ();
    type Error = Refusal;

    fn name(&self) -> &str {
        "reference"
    }

    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Values, Refusal> {
        Ok(Values::zeros(dtype, len))
    }

    fn write(&self, buffer: &mut Values, values: Data<'_>) -> Result<(), Refusal> {
        buffer.write(values)
    }

    fn read(&self, buffer: &Values, values: DataMut<'_>) -> Result<(), Refusal> {
        buffer.read(values)
    }

    fn launch(&self, call: &Call, memory: &mut Memory<Values>) -> Result<(), Refusal> {
        // All of the call's results are computed before the first is stored, so a result may take
        // the place of an argument.
        for (operand, result) in arms::results(call, memory)? {
            operands::store(call, operand, result, memory)?;
        }
        Ok(())
    }

    fn record(&self, _: &Entry, _: &mut Memory<Values>) -> Result<(), Refusal> {
        Ok(())
    }

    fn replay(
        &self,
        entry: &Entry,
        (): &(),
        memory: &mut Memory<Values>,
        times: usize,
    ) -> Result<(), Refusal> {
        for _ in 0..times {
            for call in entry.calls() {
                self.launch(call, memory)?;
            }
        }
        Ok(())
    }
}
