//! The reference with one thing changed, to see whether the suite notices.

use elbo_conformance::{Reference, Refusal, Values};
use elbo_tensor::{Backend, Call, Data, DataMut, Dtype, Entry, Memory};

/// A way to make a call, given the number of threads.
pub type Launch = fn(&Call, &mut Memory<Values>, usize) -> Result<(), Refusal>;

/// The reference, but for how it makes calls and how often it replays.
pub struct Altered {
    pub launch: Launch,
    pub threads: usize,
    /// How many rounds a replay makes, from how many it was told to make.
    pub runs: fn(usize) -> usize,
}

/// As many rounds as asked for.
pub const fn as_told(times: usize) -> usize {
    times
}

impl Backend for Altered {
    type Buffer = Values;
    type Replay = ();
    type Error = Refusal;

    fn name(&self) -> &str {
        "altered"
    }

    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Values, Refusal> {
        Reference.alloc(dtype, len)
    }

    fn write(&self, buffer: &mut Values, values: Data<'_>) -> Result<(), Refusal> {
        Reference.write(buffer, values)
    }

    fn read(&self, buffer: &Values, values: DataMut<'_>) -> Result<(), Refusal> {
        Reference.read(buffer, values)
    }

    fn launch(&self, call: &Call, memory: &mut Memory<Values>) -> Result<(), Refusal> {
        (self.launch)(call, memory, self.threads)
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
        for call in (0..(self.runs)(times)).flat_map(|_| entry.calls()) {
            self.launch(call, memory)?;
        }
        Ok(())
    }
}
