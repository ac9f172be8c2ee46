//! The backend: threads, a workspace, and the calls of an entry one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use elbo_tensor::{Backend, Call, Data, DataMut, Dtype, Entry, Memory, Op};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Buffer, Error, Level,
    aligned::Aligned,
    dispatch::Dispatch,
    gemm,
    launch::{self, Machine},
};

/// The CPU as a backend.
///
/// It owns its threads. Results do not depend on how many there are: every sum has one order.
#[derive(Debug)]
pub struct Cpu {
    pool: ThreadPool,
    dispatch: Dispatch,
    /// Where a product packs its right operand. One call runs at a time, so one is enough.
    workspace: Mutex<Aligned>,
}

impl Cpu {
    /// A backend of `threads` threads, or of one for each core when `threads` is 0.
    pub fn new(threads: usize) -> Result<Self, Error> {
        Self::with_level(threads, Level::Avx512)
    }

    /// A backend that uses no wider vectors than `limit`, even where the machine has them.
    pub fn with_level(threads: usize, limit: Level) -> Result<Self, Error> {
        // Asked here: rayon itself would let the environment decide what 0 means.
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("elbo-cpu-{number}"))
            .build()
            .map_err(|source| Error::Threads { threads, source })?;
        Ok(Self { pool, dispatch: Dispatch::new(limit), workspace: Mutex::default() })
    }

    /// How many threads compute.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The vector instructions in use.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.dispatch.level()
    }

    pub(crate) const fn dispatch(&self) -> Dispatch {
        self.dispatch
    }

    pub(crate) const fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    /// The workspace. A panic elsewhere cannot have left it in a state that matters: every product
    /// fills what it reads.
    fn workspace(&self) -> MutexGuard<'_, Aligned> {
        self.workspace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn workspace_len(&self, call: &Call) -> usize {
        match call.op {
            Op::MatMul { transpose_a, transpose_b }
            | Op::MatMulReluGrad { transpose_a, transpose_b }
            | Op::Affine { transpose_a, transpose_b, .. } => {
                let matrix = |i: usize| call.args[i].shape.as_matrix().unwrap_or((0, 0));
                let turn = |(rows, columns), turned| {
                    if turned { (columns, rows) } else { (rows, columns) }
                };
                let (m, k) = turn(matrix(0), transpose_a);
                let (_, n) = turn(matrix(1), transpose_b);
                let threads = self.threads();
                let len = |threads| gemm::workspace_len((m, k, n), transpose_b, threads);
                len(1).max(len(threads))
            }
            Op::AdamProduct { .. } => {
                let (k, _) = call.args[1].shape.as_matrix().unwrap_or((0, 0));
                gemm::descent_workspace_len(k.max(1), self.threads())
            }
            _ => 0,
        }
    }
}

impl Backend for Cpu {
    type Buffer = Buffer;
    type Replay = ();
    type Error = Error;

    fn name(&self) -> &str {
        "cpu"
    }

    fn alloc(&self, dtype: Dtype, len: usize) -> Result<Buffer, Error> {
        let bytes = len.saturating_mul(dtype.bytes());
        // Tried first, because a failing `vec!` ends the program without a word.
        if Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
            return Err(Error::Memory { bytes });
        }
        Ok(Buffer::zeros(dtype, len))
    }

    fn write(&self, buffer: &mut Buffer, values: Data<'_>) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        let wrong = Error::Slot { op: "write", len, dtype };
        match (buffer, values) {
            (Buffer::F32(target), Data::F32(values)) => fill(target.values_mut(), values, wrong),
            (Buffer::U8(target), Data::U8(values)) => fill(target, values, wrong),
            (Buffer::U32(target), Data::U32(values)) => fill(target, values, wrong),
            _ => Err(wrong),
        }
    }

    fn read(&self, buffer: &Buffer, values: DataMut<'_>) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        let wrong = Error::Slot { op: "read", len, dtype };
        match (buffer, values) {
            (Buffer::F32(source), DataMut::F32(values)) => take(source.values(), values, wrong),
            (Buffer::U8(source), DataMut::U8(values)) => take(source, values, wrong),
            (Buffer::U32(source), DataMut::U32(values)) => take(source, values, wrong),
            _ => Err(wrong),
        }
    }

    fn launch(&self, call: &Call, memory: &mut Memory<Buffer>) -> Result<(), Error> {
        let mut workspace = self.workspace();
        let mut machine = Machine { dispatch: self.dispatch, workspace: &mut workspace };
        self.pool.install(|| launch::launch(&mut machine, call, memory))
    }

    fn record(&self, entry: &Entry, _: &mut Memory<Buffer>) -> Result<(), Error> {
        let largest = entry.calls().iter().map(|call| self.workspace_len(call)).max().unwrap_or(0);
        self.workspace().reserve(largest);
        Ok(())
    }

    fn replay(
        &self,
        entry: &Entry,
        (): &(),
        memory: &mut Memory<Buffer>,
        times: usize,
    ) -> Result<(), Error> {
        let mut workspace = self.workspace();
        let mut machine = Machine { dispatch: self.dispatch, workspace: &mut workspace };
        self.pool.install(|| {
            for _ in 0..times {
                for call in entry.calls() {
                    launch::launch(&mut machine, call, memory)?;
                }
            }
            Ok(())
        })
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
