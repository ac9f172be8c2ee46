//! The backend: a device, its stream, and entries as graphs that are launched again and again.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use cudarc::driver::CudaStream;
use elbo_tensor::{Backend, Call, Data, DataMut, Dtype, Entry, Memory, Slot};

use crate::{
    Buffer, Device, Error,
    buffer::Address,
    device,
    driver::{Driver, answer},
    enqueue::Shared,
    graph::Graph,
    kernels::Kernels,
    schedule::Schedule,
    work::{Setting, work},
    workspace::Workspace,
};

/// Steps that one launch of a graph takes where an entry is run often: what lies between two launches then comes once for
/// so many. An epoch of 469 steps is 29 such launches and five of a step.
const CHAIN: usize = 16;

/// How the products of matrices are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// In single precision, as on the CPU.
    #[default]
    Single,
    /// On tensor cores, each number in two parts of 11 bits: close to single precision.
    Tf32x3,
    /// On tensor cores, each number rounded to 11 bits: gradients off by up to some percent.
    Tf32,
}

/// A CUDA device as a backend.
///
/// Everything goes through one stream, in order; only `read` waits. Results depend on the device's kernels and
/// on the precision, not on chance: every sum has one order.
#[derive(Debug)]
pub struct Cuda {
    /// Recorded entries hold its addresses, so it lives as long as they.
    workspace: Rc<RefCell<Workspace>>,
    shared: Rc<Shared>,
    precision: Precision,
}

impl Cuda {
    /// A backend on the device of a number, its kernels loaded.
    pub fn new(ordinal: usize) -> Result<Self, Error> {
        let device = device::usable(ordinal)?;
        let refused = |error| Error::Driver { answer: answer(error) };
        let driver = Driver::open(ordinal).map_err(refused)?;
        let kernels = Kernels::load(&driver, device.capability)?;
        let workspace = Rc::new(Workspace::new(&driver)?.into());
        let shared = Rc::new(Shared { driver, kernels, device });
        Ok(Self { workspace, shared, precision: Precision::default() })
    }

    /// The same with products in another precision.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// One more backend on the same device, without loading the kernels again.
    pub fn another(&self) -> Result<Self, Error> {
        let workspace = Rc::new(Workspace::new(&self.shared.driver)?.into());
        Ok(Self { workspace, shared: Rc::clone(&self.shared), precision: self.precision })
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.shared.device
    }

    /// How products are computed.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// Waits until the device has done all that it was given.
    pub fn wait(&self) -> Result<(), Error> {
        self.workspace.borrow_mut().wait(&self.shared.driver)
    }

    fn setting<'a>(&'a self, workspace: &'a Workspace) -> Setting<'a> {
        let stream = &self.shared.driver.stream;
        Setting { stream, workspace, precision: self.precision }
    }

    /// The launches of an entry's calls.
    fn schedule(&self, entry: &Entry, memory: &Memory<Buffer>) -> Result<Schedule, Error> {
        let workspace = self.workspace.borrow();
        let setting = self.setting(&workspace);
        let mut schedule = Schedule::default();
        for call in entry.calls() {
            if let Some(work) = work(call, memory, setting)? {
                schedule.add(call, work);
            }
        }
        Ok(schedule)
    }
}

impl Backend for Cuda {
    type Buffer = Buffer;
    type Replay = Replay;
    type Error = Error;

    fn name(&self) -> &str {
        &self.shared.device.name
    }

    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Buffer, Error> {
        Buffer::zeros(&self.shared.driver.stream, dtype, len)
    }

    fn write(&self, buffer: &mut Buffer, values: Data<'_>) -> Result<(), Error> {
        buffer.write(&self.shared.driver.stream, values)
    }

    fn read(&self, buffer: &Buffer, values: DataMut<'_>) -> Result<(), Error> {
        buffer.read(&self.shared.driver.stream, values)?;
        self.wait()
    }

    fn launch(&self, call: &Call, memory: &mut Memory<Buffer>) -> Result<(), Error> {
        let workspace = self.workspace.borrow();
        let setting = self.setting(&workspace);
        match work(call, memory, setting)? {
            Some(work) => self.shared.enqueue(&work),
            None => Ok(()),
        }
    }

    fn record(&self, entry: &Entry, memory: &mut Memory<Buffer>) -> Result<Replay, Error> {
        let schedule = self.schedule(entry, memory)?;
        let step = self.shared.graph(&schedule, 1)?;
        // An entry that changes nothing computes the same each time: nobody runs it many times at once.
        let changes = entry.calls().iter().any(|call| !call.op.changes().is_empty());
        let chain = changes.then(|| self.shared.graph(&schedule, CHAIN)).transpose()?;
        let stream = &self.shared.driver.stream;
        let uses = used(entry).map(|slot| place(slot, memory, stream)).collect();
        let (workspace, shared) = (Rc::clone(&self.workspace), Rc::clone(&self.shared));
        Ok(Replay { step, chain, uses, _workspace: workspace, _shared: shared })
    }

    fn replay(
        &self,
        entry: &Entry,
        replay: &Replay,
        memory: &mut Memory<Buffer>,
        times: usize,
    ) -> Result<(), Error> {
        let stream = &self.shared.driver.stream;
        if replay.uses.iter().any(|used| place(used.slot, memory, stream) != *used) {
            return Err(Error::Moved { entry: entry.name().into() });
        }
        let (chains, steps) = match replay.chain {
            Some(_) => (times / CHAIN, times % CHAIN),
            None => (0, times),
        };
        if let Some(chain) = &replay.chain {
            Shared::replay(chain, chains)?;
        }
        Shared::replay(&replay.step, steps)
    }
}

/// An entry as graphs on the device.
#[derive(Debug)]
pub struct Replay {
    step: Graph,
    /// Several steps, if the entry is one that is run often.
    chain: Option<Graph>,
    /// The buffers whose addresses the graphs hold.
    uses: Vec<Place>,
    /// Where its sums and its faults go.
    _workspace: Rc<RefCell<Workspace>>,
    /// The kernels that the graphs launch.
    _shared: Rc<Shared>,
}

impl Replay {
    /// How many kernels a replay launches: calls that nothing keeps apart share one.
    #[must_use]
    pub const fn launches(&self) -> usize {
        self.step.launches()
    }

    /// How many of them come one after the other; the others run beside these.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.step.depth()
    }

    /// How many steps are launched at once where many are asked for, and how many of their kernels come one after the
    /// other: where a step begins before the last one has ended, fewer than so many times [`Replay::depth`].
    #[must_use]
    pub fn chain(&self) -> Option<(usize, usize)> {
        self.chain.as_ref().map(|chain| (CHAIN, chain.depth()))
    }
}

/// Where a slot's buffer lies, if it is there and the stream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    slot: Slot,
    buffer: Option<(Address, usize)>,
}

fn place(slot: Slot, memory: &Memory<Buffer>, stream: &Arc<CudaStream>) -> Place {
    let buffer = memory.get(slot).filter(|buffer| buffer.is_of(stream));
    Place { slot, buffer: buffer.map(|buffer| (buffer.address(), buffer.len())) }
}

/// The slots that an entry's calls name, some more than once.
fn used(entry: &Entry) -> impl Iterator<Item = Slot> {
    entry.calls().iter().flat_map(|call| call.args.iter().chain([&call.out])).map(|o| o.slot)
}
