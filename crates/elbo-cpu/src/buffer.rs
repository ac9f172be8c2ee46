//! A slot's storage, and typed views of it that are checked once a call.

use elbo_tensor::{Call, Dtype, Memory, Operand};

use crate::{Error, aligned::Aligned};

/// The values of one slot.
#[derive(Debug)]
pub enum Buffer {
    /// Values.
    F32(Aligned),
    /// Pixels.
    U8(Vec<u8>),
    /// Indices, counters or keys.
    U32(Vec<u32>),
}

impl Buffer {
    pub(crate) fn zeros(dtype: Dtype, len: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(Aligned::zeros(len)),
            Dtype::U8 => Self::U8(vec![0; len]),
            Dtype::U32 => Self::U32(vec![0; len]),
        }
    }

    fn f32(&self) -> Option<&[f32]> {
        if let Self::F32(values) = self { Some(values.values()) } else { None }
    }

    fn f32_mut(&mut self) -> Option<&mut [f32]> {
        if let Self::F32(values) = self { Some(values.values_mut()) } else { None }
    }

    fn u8(&self) -> Option<&[u8]> {
        if let Self::U8(values) = self { Some(values) } else { None }
    }

    fn u32(&self) -> Option<&[u32]> {
        if let Self::U32(values) = self { Some(values) } else { None }
    }

    fn u32_mut(&mut self) -> Option<&mut [u32]> {
        if let Self::U32(values) = self { Some(values) } else { None }
    }
}

/// A call's arguments, lent from memory for as long as it runs.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    call: &'a Call,
    memory: &'a Memory<Buffer>,
}

impl<'a> Arguments<'a> {
    pub(crate) const fn new(call: &'a Call, memory: &'a Memory<Buffer>) -> Self {
        Self { call, memory }
    }

    pub(crate) fn f32(self, position: usize) -> Result<&'a [f32], Error> {
        self.view(position, Buffer::f32)
    }

    pub(crate) fn u8(self, position: usize) -> Result<&'a [u8], Error> {
        self.view(position, Buffer::u8)
    }

    pub(crate) fn u32(self, position: usize) -> Result<&'a [u32], Error> {
        self.view(position, Buffer::u32)
    }

    /// The first argument, unless the result is written over it.
    pub(crate) fn first_f32(self) -> Result<Option<&'a [f32]>, Error> {
        let over = self.call.args.first().is_some_and(|first| first.slot == self.call.out.slot);
        if over { Ok(None) } else { self.f32(0).map(Some) }
    }

    fn view<T>(
        self,
        position: usize,
        typed: impl Fn(&Buffer) -> Option<&[T]>,
    ) -> Result<&'a [T], Error> {
        let op = self.call.op.name();
        let operand = self.call.args.get(position).ok_or(Error::Taken { op })?;
        let buffer = self.memory.get(operand.slot).ok_or(Error::Taken { op })?;
        let values = typed(buffer).and_then(|values| values.get(..operand.shape.len()));
        values.ok_or_else(|| slot_error(self.call, *operand))
    }
}

/// The values that a call's result takes in its buffer.
pub(crate) fn f32_result<'a>(
    call: &Call,
    operand: Operand,
    buffer: &'a mut Buffer,
) -> Result<&'a mut [f32], Error> {
    let values = buffer.f32_mut().and_then(|values| values.get_mut(..operand.shape.len()));
    values.ok_or_else(|| slot_error(call, operand))
}

/// The counter that a call changes.
pub(crate) fn counter<'a>(call: &Call, buffer: &'a mut Buffer) -> Result<&'a mut u32, Error> {
    let value = buffer.u32_mut().and_then(|values| values.first_mut());
    value.ok_or_else(|| slot_error(call, call.out))
}

fn slot_error(call: &Call, operand: Operand) -> Error {
    Error::Slot { op: call.op.name(), len: operand.shape.len(), dtype: operand.dtype }
}
