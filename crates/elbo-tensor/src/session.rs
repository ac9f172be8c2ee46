//! A program on a device: it owns every buffer, so a run needs nothing but its entry's number.

mod trace;

use crate::{
    Backend, Data, DataMut, Dtype, EntryId, Error, Id, Memory, Operand, Program, Result, Slot,
};

pub use trace::NotFinite;

/// A program on a device, its buffers allocated and its entries recorded.
///
/// Values with a place of their own (inputs, parameters) are zero until written and keep what a run
/// leaves in them. An entry's outputs can be read until the next run.
#[derive(Debug)]
pub struct Session<B: Backend> {
    backend: B,
    memory: Memory<B::Buffer>,
    replays: Vec<B::Replay>,
    program: Program,
    last_run: Option<EntryId>,
}

impl<B: Backend> Session<B> {
    /// Allocates every buffer and records every entry.
    pub fn new(backend: B, program: Program) -> Result<Self> {
        let mut buffers = Vec::with_capacity(program.slots().len());
        for slot in program.slots() {
            buffers.push(backend.alloc(slot.dtype, slot.len).map_err(device)?);
        }
        let mut memory = Memory::new(buffers);
        let mut replays = Vec::new();
        for entry in program.entries() {
            replays.push(backend.record(entry, &mut memory).map_err(device)?);
        }
        Ok(Self { backend, memory, replays, program, last_run: None })
    }

    /// The device.
    #[must_use]
    pub const fn backend(&self) -> &B {
        &self.backend
    }

    /// The buffer of a value that can be read now, as the backend stores it.
    pub fn buffer(&self, id: Id) -> Result<&B::Buffer> {
        let operand = self.readable("read", id)?;
        self.memory
            .get(operand.slot)
            .ok_or_else(|| unreachable_value("read", id, "lost to a failed run"))
    }

    /// The slot of an input or parameter, if values fit it.
    fn writable(&self, id: Id, values: Data<'_>, extent: Extent) -> Result<Slot> {
        let kept = self.program.fixed(id);
        let operand = kept.ok_or(unreachable_value("write", id, "not kept by any entry"))?;
        check_transfer("write", operand, (values.len(), values.dtype()), extent)?;
        Ok(operand.slot)
    }

    fn upload(&mut self, id: Id, values: Data<'_>, extent: Extent) -> Result<()> {
        let slot = self.writable(id, values, extent)?;
        let lost = unreachable_value("write", id, "lost to a failed run");
        let buffer = self.memory.get_mut(slot).ok_or(lost)?;
        self.backend.write(buffer, values).map_err(device)
    }

    fn download(&self, id: Id, values: DataMut<'_>, extent: Extent) -> Result<()> {
        let operand = self.readable("read", id)?;
        check_transfer("read", operand, (values.len(), values.dtype()), extent)?;
        self.backend.read(self.buffer(id)?, values).map_err(device)
    }

    fn readable(&self, what: &'static str, id: Id) -> Result<Operand> {
        if let Some(operand) = self.program.fixed(id) {
            return Ok(operand);
        }
        let last = self.last_run.map(|entry| self.program.planned(entry));
        let output =
            last.and_then(|entry| entry.outputs().iter().find(|(output, _)| *output == id));
        output
            .map(|(_, operand)| *operand)
            .ok_or_else(|| unreachable_value(what, id, "not an output of the entry that ran last"))
    }
}

fn device<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::Backend(Box::new(error))
}

const fn unreachable_value(what: &'static str, id: Id, fact: &'static str) -> Error {
    Error::Unreachable { what, id: id.index(), fact }
}

/// How many values of a slot a transfer takes.
#[derive(Clone, Copy)]
enum Extent {
    /// Every one.
    All,
    /// The first ones, as many as the host has.
    Front,
}

fn check_transfer(
    what: &'static str,
    operand: Operand,
    (given, given_dtype): (usize, Dtype),
    extent: Extent,
) -> Result<()> {
    let Operand { shape, dtype, .. } = operand;
    let fits = match extent {
        Extent::All => given == shape.len(),
        Extent::Front => given <= shape.len(),
    };
    if fits && given_dtype == dtype {
        return Ok(());
    }
    Err(Error::Transfer { what, given, given_dtype, shape, dtype })
}

/// A session on any device: what a program's user holds.
pub trait Run {
    /// What the device is called.
    fn device(&self) -> &str;

    /// The program that runs.
    fn program(&self) -> &Program;

    /// Writes all of an input or parameter.
    fn write(&mut self, id: Id, values: Data<'_>) -> Result<()>;

    /// Writes all of an input of bytes and gives up its storage: a data set then lies in memory once,
    /// not twice, where the device is the host.
    fn give(&mut self, id: Id, pixels: Vec<u8>) -> Result<()> {
        self.write(id, Data::U8(&pixels))
    }

    /// Writes the first values of an input or parameter, such as the rows of a batch that is not full.
    /// The others stay as they are.
    fn write_front(&mut self, id: Id, values: Data<'_>) -> Result<()>;

    /// Reads all of an input, a parameter, or an output of the entry that ran last. Waits for the
    /// device.
    fn read(&self, id: Id, values: DataMut<'_>) -> Result<()>;

    /// Reads the first values of what [`Run::read`] reads all of: as many as there is room for.
    fn read_front(&self, id: Id, values: DataMut<'_>) -> Result<()>;

    /// Runs an entry `times` times. May return before the device is done.
    fn run(&mut self, entry: EntryId, times: usize) -> Result<()>;

    /// Runs an entry `times` times, call by call, and returns the seconds that each call took each
    /// time: `[time][call]`. On a device that runs behind the host, that is the time to ask for it.
    ///
    /// Slower than [`Run::run`] as a whole, since nothing overlaps; for looking, not for working.
    fn profile(&mut self, entry: EntryId, times: usize) -> Result<Vec<Vec<f64>>>;

    /// Runs an entry once, call by call, up to the first call whose result is infinite or not a number,
    /// if there is one: then what comes after it has not run.
    ///
    /// Far slower than [`Run::run`], since each result is read back; for finding where a run that went
    /// wrong did so. Bit by bit the same run.
    fn first_not_finite(&mut self, entry: EntryId) -> Result<Option<NotFinite>>;

    /// Reads a value of `f32` into a new vector.
    fn read_f32(&self, id: Id) -> Result<Vec<f32>> {
        let mut values = vec![0.0; self.program().graph().node(id).shape.len()];
        self.read(id, DataMut::F32(&mut values))?;
        Ok(values)
    }

    /// Reads a counter (`u32` `[1]`).
    fn read_counter(&self, id: Id) -> Result<u32> {
        let mut value = [0];
        self.read(id, DataMut::U32(&mut value))?;
        Ok(value[0])
    }
}

impl<B: Backend> Run for Session<B> {
    fn device(&self) -> &str {
        self.backend.name()
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn write(&mut self, id: Id, values: Data<'_>) -> Result<()> {
        self.upload(id, values, Extent::All)
    }

    fn give(&mut self, id: Id, pixels: Vec<u8>) -> Result<()> {
        let slot = self.writable(id, Data::U8(&pixels), Extent::All)?;
        let lost = unreachable_value("write", id, "lost to a failed run");
        let buffer = self.memory.get_mut(slot).ok_or(lost)?;
        self.backend.adopt(buffer, pixels).map_err(device)
    }

    fn write_front(&mut self, id: Id, values: Data<'_>) -> Result<()> {
        self.upload(id, values, Extent::Front)
    }

    fn read(&self, id: Id, values: DataMut<'_>) -> Result<()> {
        self.download(id, values, Extent::All)
    }

    fn read_front(&self, id: Id, values: DataMut<'_>) -> Result<()> {
        self.download(id, values, Extent::Front)
    }

    fn profile(&mut self, entry: EntryId, times: usize) -> Result<Vec<Vec<f64>>> {
        let planned =
            self.program.entries().get(entry.0).ok_or(Error::NoEntry { number: entry.0 })?;
        if times > 0 {
            self.last_run = Some(entry);
        }
        let replay = &self.replays[entry.0];
        let round = |_| self.backend.time(planned, replay, &mut self.memory).map_err(device);
        (0..times).map(round).collect()
    }

    fn first_not_finite(&mut self, entry: EntryId) -> Result<Option<NotFinite>> {
        self.trace(entry)
    }

    fn run(&mut self, entry: EntryId, times: usize) -> Result<()> {
        let planned =
            self.program.entries().get(entry.0).ok_or(Error::NoEntry { number: entry.0 })?;
        if times > 0 {
            self.last_run = Some(entry);
        }
        self.backend
            .replay(planned, &self.replays[entry.0], &mut self.memory, times)
            .map_err(device)
    }
}
