//! A slot's storage on the device, and a call's arguments as device addresses, checked once a call.

use std::sync::Arc;

use cudarc::driver::{CudaSlice, CudaStream, DevicePtr, DriverError, sys::CUresult};
use elbo_tensor::{Call, Data, DataMut, Dtype, Kind, Memory, Operand, Slot};

use crate::{Error, driver::answer};

/// The values of one slot, on the device.
#[derive(Debug)]
pub enum Buffer {
    /// Values.
    F32(CudaSlice<f32>),
    /// Pixels.
    U8(CudaSlice<u8>),
    /// Indices, counters or keys.
    U32(CudaSlice<u32>),
}

/// A device address, as kernels take it.
pub(crate) type Address = u64;

impl Buffer {
    pub(crate) fn zeros(stream: &Arc<CudaStream>, dtype: Dtype, len: usize) -> Result<Self, Error> {
        let bytes = len.saturating_mul(dtype.bytes());
        // The driver refuses an allocation of nothing, and a size that does not fit would wrap.
        let len = len.max(1);
        let made = if bytes > isize::MAX as usize {
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY))
        } else {
            match dtype {
                Dtype::F32 => stream.alloc_zeros(len).map(Self::F32),
                Dtype::U8 => stream.alloc_zeros(len).map(Self::U8),
                Dtype::U32 => stream.alloc_zeros(len).map(Self::U32),
            }
        };
        made.map_err(|error| match error.0 {
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => Error::Memory { bytes },
            _ => Error::Launch { op: "alloc", answer: answer(error) },
        })
    }

    pub(crate) fn write(
        &mut self,
        stream: &Arc<CudaStream>,
        values: Data<'_>,
    ) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        if self.dtype() != dtype || self.len() < len {
            return Err(Error::Slot { op: "write", len, dtype });
        }
        if !self.is_of(stream) {
            return Err(Error::Foreign { op: "write" });
        }
        if len == 0 {
            return Ok(());
        }
        let copied = match (self, values) {
            (Self::F32(target), Data::F32(values)) => stream.memcpy_htod(values, target),
            (Self::U8(target), Data::U8(values)) => stream.memcpy_htod(values, target),
            (Self::U32(target), Data::U32(values)) => stream.memcpy_htod(values, target),
            _ => return Err(Error::Slot { op: "write", len, dtype }),
        };
        copied.map_err(|error| Error::Launch { op: "write", answer: answer(error) })
    }

    /// Copies to the host. The copy is there once the stream has been waited for.
    pub(crate) fn read(&self, stream: &Arc<CudaStream>, values: DataMut<'_>) -> Result<(), Error> {
        let (len, dtype) = (values.len(), values.dtype());
        if self.dtype() != dtype || self.len() < len {
            return Err(Error::Slot { op: "read", len, dtype });
        }
        if !self.is_of(stream) {
            return Err(Error::Foreign { op: "read" });
        }
        if len == 0 {
            return Ok(());
        }
        let copied = match (self, values) {
            (Self::F32(source), DataMut::F32(values)) => {
                stream.memcpy_dtoh(&source.slice(..len), values)
            }
            (Self::U8(source), DataMut::U8(values)) => {
                stream.memcpy_dtoh(&source.slice(..len), values)
            }
            (Self::U32(source), DataMut::U32(values)) => {
                stream.memcpy_dtoh(&source.slice(..len), values)
            }
            _ => return Err(Error::Slot { op: "read", len, dtype }),
        };
        copied.map_err(|error| Error::Launch { op: "read", answer: answer(error) })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::U32(values) => values.len(),
        }
    }

    pub(crate) const fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
        }
    }

    /// Whether it was allocated by a stream, which frees it after all work that the stream was given before.
    pub(crate) fn is_of(&self, stream: &Arc<CudaStream>) -> bool {
        let own = match self {
            Self::F32(values) => values.stream(),
            Self::U8(values) => values.stream(),
            Self::U32(values) => values.stream(),
        };
        Arc::ptr_eq(own, stream)
    }

    /// Where it lies on the device.
    pub(crate) fn address(&self) -> Address {
        match self {
            Self::F32(values) => address_of(values),
            Self::U8(values) => address_of(values),
            Self::U32(values) => address_of(values),
        }
    }
}

pub(crate) fn address_of<T>(values: &CudaSlice<T>) -> Address {
    values.device_ptr(values.stream()).0
}

/// A call whose buffers have been found to be there, of the right types and apart.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) call: &'a Call,
    memory: &'a Memory<Buffer>,
    stream: &'a Arc<CudaStream>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(
        call: &'a Call,
        memory: &'a Memory<Buffer>,
        stream: &'a Arc<CudaStream>,
    ) -> Result<Self, Error> {
        let (op, wanted, given) = (call.op.name(), call.op.arguments().len(), call.args.len());
        if wanted != given {
            return Err(Error::Arguments { op, wanted, given });
        }
        if !writes_apart(call) {
            return Err(Error::Taken { op });
        }
        Ok(Self { call, memory, stream })
    }

    pub(crate) fn op(self) -> &'static str {
        self.call.op.name()
    }

    pub(crate) fn f32(self, position: usize) -> Result<Address, Error> {
        self.address(self.operand(position)?, Dtype::F32)
    }

    pub(crate) fn u8(self, position: usize) -> Result<Address, Error> {
        self.address(self.operand(position)?, Dtype::U8)
    }

    pub(crate) fn u32(self, position: usize) -> Result<Address, Error> {
        self.address(self.operand(position)?, Dtype::U32)
    }

    /// Where the result goes.
    pub(crate) fn out(self) -> Result<Address, Error> {
        self.address(self.call.out, Dtype::F32)
    }

    /// How many values an argument has.
    pub(crate) fn len(self, position: usize) -> Result<usize, Error> {
        Ok(self.operand(position)?.shape.len())
    }

    /// Rows and columns of an argument.
    pub(crate) fn matrix(self, position: usize) -> Result<(usize, usize), Error> {
        let shape = self.operand(position)?.shape;
        shape.as_matrix().ok_or(Error::Shapes { op: self.op() })
    }

    /// Refuses shapes that no planner puts together: a kernel would leave its buffers.
    pub(crate) fn expect(self, fits: bool) -> Result<(), Error> {
        if fits { Ok(()) } else { Err(Error::Shapes { op: self.op() }) }
    }

    /// A size as the 32 bits that a kernel counts with.
    pub(crate) fn size(self, size: usize) -> Result<u32, Error> {
        let fits = u32::try_from(size).ok().filter(|size| *size <= i32::MAX as u32);
        fits.ok_or(Error::Size { op: self.op(), size })
    }

    fn operand(self, position: usize) -> Result<Operand, Error> {
        let (wanted, given) = (position + 1, self.call.args.len());
        let operand = self.call.args.get(position).copied();
        operand.ok_or(Error::Arguments { op: self.op(), wanted, given })
    }

    fn address(self, operand: Operand, dtype: Dtype) -> Result<Address, Error> {
        let op = self.op();
        let buffer = self.memory.get(operand.slot).ok_or(Error::Taken { op })?;
        let len = operand.shape.len();
        if buffer.dtype() != dtype || buffer.len() < len {
            return Err(Error::Slot { op, len, dtype });
        }
        if !buffer.is_of(self.stream) {
            return Err(Error::Foreign { op });
        }
        Ok(buffer.address())
    }
}

/// Whether nothing that a call writes is also something else of the call, save what the plan's rules allow:
/// an elementwise result over the first argument, an update in place.
fn writes_apart(call: &Call) -> bool {
    let changes = call.op.changes();
    let in_place = |position: usize| {
        changes.contains(&position) || call.op.kind() == Kind::Elementwise && position == 0
    };
    let slot = |position: usize| call.args.get(position).map(|operand| operand.slot);
    let written: Vec<Slot> = match changes {
        [] => vec![call.out.slot],
        changes => changes.iter().filter_map(|position| slot(*position)).collect(),
    };
    let twice = (1..written.len()).any(|i| written[..i].contains(&written[i]));
    let shared = call
        .args
        .iter()
        .enumerate()
        .any(|(position, operand)| !in_place(position) && written.contains(&operand.slot));
    !twice && !shared && (changes.is_empty() || Some(call.out.slot) == slot(0))
}
