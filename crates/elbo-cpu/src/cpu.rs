//! The backend: its threads, what they keep between runs, and the copies in and out of buffers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use elbo_tensor::{Backend, Call, Data, DataMut, Dtype, Entry, Memory};

use crate::{
    Buffer, Error, Level, Values,
    buffer::Rows,
    claims::Claims,
    dispatch::Dispatch,
    lending::Places,
    plan::{MOST_PIECES, Plan, plan},
    shift::Shift,
    team::Team,
};

/// Values that one thread copies while another one would wake up.
const COPY_ALONE: usize = 1 << 15;

/// The CPU as a backend.
///
/// It owns its threads. Results do not depend on how many there are: every sum has one order.
#[derive(Debug)]
pub struct Cpu {
    dispatch: Dispatch,
    threads: usize,
    /// What a run needs. One entry runs at a time.
    crew: Mutex<Crew>,
}

/// The threads, and where they note which buffers there are and what they tell each other.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) team: Team,
    places: Places,
    claims: Claims,
}

/// An entry, ready to run: how its matrices lie, its tasks, and where threads wait for each other.
#[derive(Debug, Default)]
pub struct Recorded(pub(crate) Plan);

impl Cpu {
    /// A backend of `threads` threads, or of one for each core when `threads` is 0.
    pub fn new(threads: usize) -> Result<Self, Error> {
        Self::with_level(threads, Level::Avx512)
    }

    /// A backend that uses no wider vectors than `limit`, even where the machine has them.
    pub fn with_level(threads: usize, limit: Level) -> Result<Self, Error> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        let crew = Crew {
            team: Team::new(threads)?,
            places: Places::default(),
            claims: Claims::new(threads),
        };
        Ok(Self { dispatch: Dispatch::new(limit), threads, crew: Mutex::new(crew) })
    }

    /// How many threads compute.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// The vector instructions in use.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.dispatch.level()
    }

    pub(crate) const fn dispatch(&self) -> Dispatch {
        self.dispatch
    }

    /// The crew. A panic elsewhere cannot have left it in a state that matters: a run fills
    /// what it reads of it.
    pub(crate) fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses values that were laid out for other vectors.
    fn own(&self, values: &Values) -> Result<(), Error> {
        if values.layout().lanes == self.dispatch.lanes() { Ok(()) } else { Err(Error::Foreign) }
    }

    fn plan(&self, calls: &[Call], memory: &mut Memory<Buffer>) -> Result<Plan, Error> {
        let plan = plan(calls, memory, self.threads, self.dispatch)?;
        let slots = plan.slots.iter().map(|slot| slot.index() + 1).max().unwrap_or(0);
        let Crew { places, claims, .. } = &mut *self.crew();
        places.reserve(slots);
        claims.reserve(plan.divided.len());
        Ok(plan)
    }

    /// Copies rows, with all threads where that is worth waking them.
    fn copy(&self, rows: &Rows<'_>, values: &mut [f32]) {
        let alone = values.len() < COPY_ALONE;
        let parts = Mutex::new(values.chunks_mut(rows.part_len()).enumerate());
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let copy = || {
            while let Some((part, values)) = next() {
                rows.copy(self.dispatch, part, values);
            }
        };
        if alone {
            copy();
        } else {
            self.crew().team.run(&|_, _| copy());
        }
    }

    /// Runs a plan `times` times. `seconds`: where the time that each call took goes, if anywhere.
    fn run(
        &self,
        plan: &Plan,
        memory: &mut Memory<Buffer>,
        times: usize,
        seconds: Option<&mut [f64]>,
    ) -> Result<(), Error> {
        if (plan.threads, plan.lanes) != (self.threads, self.dispatch.lanes()) {
            return Err(Error::Foreign);
        }
        for (slot, layout) in &plan.before {
            if let Some(values) = memory.get_mut(*slot).and_then(Buffer::as_f32_mut) {
                self.own(values)?;
                values.settle(self.dispatch, *layout)?;
            }
        }
        let Crew { team, places, claims } = &mut *self.crew();
        let table = places.borrow(memory, plan.slots.iter().copied());
        claims.begin(plan.divided.len());
        let shift = Shift::new(self.dispatch, plan, table, claims, seconds);
        team.run(&|thread, barrier| shift.work(thread, barrier, times));
        let fault = shift.fault();
        for (slot, layout) in &plan.after {
            if let Some(values) = memory.get_mut(*slot).and_then(Buffer::as_f32_mut) {
                values.set_layout(*layout);
            }
        }
        fault.map_or(Ok(()), Err)
    }
}

impl Backend for Cpu {
    type Buffer = Buffer;
    type Replay = Recorded;
    type Error = Error;

    fn name(&self) -> &str {
        "cpu"
    }

    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Buffer, Error> {
        let bytes = len.saturating_mul(dtype.bytes());
        // Tried first, because a failing `vec!` ends the program without a word. Room for `f32` is tried
        // again when an entry is recorded, with its padding.
        if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
            return Err(Error::Memory { bytes });
        }
        Ok(Buffer::zeros(dtype, len, self.dispatch.lanes()))
    }

    fn write(&self, buffer: &mut Buffer, values: Data<'_>) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        let wrong = Error::Slot { op: "write", len, dtype };
        match (buffer, values) {
            (Buffer::F32(target), Data::F32(values)) => target.write(values)?.ok_or(wrong),
            (Buffer::U8(target), Data::U8(values)) => fill(target, values, wrong),
            (Buffer::U32(target), Data::U32(values)) => fill(target, values, wrong),
            _ => Err(wrong),
        }
    }

    fn adopt(&self, buffer: &mut Buffer, pixels: Vec<u8>) -> Result<(), Error> {
        match buffer {
            Buffer::U8(target) if target.len() == pixels.len() => {
                *target = pixels;
                Ok(())
            }
            _ => self.write(buffer, Data::U8(&pixels)),
        }
    }

    fn read(&self, buffer: &Buffer, values: DataMut<'_>) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        let wrong = Error::Slot { op: "read", len, dtype };
        match (buffer, values) {
            (Buffer::F32(source), DataMut::F32(values)) => {
                self.own(source)?;
                source.first(values.len()).map(|rows| self.copy(&rows, values)).ok_or(wrong)
            }
            (Buffer::U8(source), DataMut::U8(values)) => take(source, values, wrong),
            (Buffer::U32(source), DataMut::U32(values)) => take(source, values, wrong),
            _ => Err(wrong),
        }
    }

    fn launch(&self, call: &Call, memory: &mut Memory<Buffer>) -> Result<(), Error> {
        let plan = self.plan(std::slice::from_ref(call), memory)?;
        self.run(&plan, memory, 1, None)
    }

    fn record(&self, entry: &Entry, memory: &mut Memory<Buffer>) -> Result<Recorded, Error> {
        self.plan(entry.calls(), memory).map(Recorded)
    }

    fn replay(
        &self,
        _: &Entry,
        recorded: &Recorded,
        memory: &mut Memory<Buffer>,
        times: usize,
    ) -> Result<(), Error> {
        // What threads count in a run must not overflow, not even in 32 bits.
        let most = usize::MAX / recorded.0.tasks.len().max(MOST_PIECES).saturating_add(1);
        let mut left = times;
        while left > most {
            self.run(&recorded.0, memory, most, None)?;
            left -= most;
        }
        self.run(&recorded.0, memory, left, None)
    }

    fn time(
        &self,
        entry: &Entry,
        recorded: &Recorded,
        memory: &mut Memory<Buffer>,
    ) -> Result<Vec<f64>, Error> {
        let mut seconds = vec![0.0; entry.calls().len()];
        self.run(&recorded.0, memory, 1, Some(&mut seconds))?;
        Ok(seconds)
    }
}

fn fill<T: Copy>(target: &mut [T], values: &[T], wrong: Error) -> Result<(), Error> {
    let target = target.get_mut(..values.len()).ok_or(wrong)?;
    target.copy_from_slice(values);
    Ok(())
}

fn take<T: Copy>(source: &[T], values: &mut [T], wrong: Error) -> Result<(), Error> {
    let source = source.get(..values.len()).ok_or(wrong)?;
    values.copy_from_slice(source);
    Ok(())
}
