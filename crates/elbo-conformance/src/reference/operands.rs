//! Finding a call's arguments in memory, and saying by the op's name what is not as it should be.

use elbo_tensor::{Call, Dtype, Memory, Operand};

use super::{Refusal, Values};

/// A call's arguments.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    pub(super) call: &'a Call,
    pub(super) memory: &'a Memory<Values>,
}

impl<'a> Arguments<'a> {
    pub(super) fn refuse(self, fact: impl Into<String>) -> Refusal {
        Refusal::new(self.call.op.name(), fact)
    }

    pub(super) fn operand(self, position: usize) -> Result<Operand, Refusal> {
        let missing = || self.refuse(format!("has no argument {position}"));
        self.call.args.get(position).copied().ok_or_else(missing)
    }

    /// Rows and columns of an argument.
    pub(super) fn matrix(self, position: usize) -> Result<(usize, usize), Refusal> {
        let shape = self.operand(position)?.shape;
        let refusal = || self.refuse(format!("argument {position} is no matrix but {shape}"));
        shape.as_matrix().ok_or_else(refusal)
    }

    /// Rows and columns of the result.
    pub(super) fn result_matrix(self) -> Result<(usize, usize), Refusal> {
        let shape = self.call.out.shape;
        shape.as_matrix().ok_or_else(|| self.refuse(format!("its result is no matrix but {shape}")))
    }

    pub(super) fn f32(self, position: usize) -> Result<&'a [f64], Refusal> {
        let (operand, values) = self.values(position)?;
        match values {
            Values::F32(values) => Ok(&values[..operand.shape.len()]),
            other => Err(self.wrong_type(position, Dtype::F32, other)),
        }
    }

    pub(super) fn u8(self, position: usize) -> Result<&'a [u8], Refusal> {
        let (operand, values) = self.values(position)?;
        match values {
            Values::U8(values) => Ok(&values[..operand.shape.len()]),
            other => Err(self.wrong_type(position, Dtype::U8, other)),
        }
    }

    pub(super) fn u32(self, position: usize) -> Result<&'a [u32], Refusal> {
        let (operand, values) = self.values(position)?;
        match values {
            Values::U32(values) => Ok(&values[..operand.shape.len()]),
            other => Err(self.wrong_type(position, Dtype::U32, other)),
        }
    }

    /// The one value of a `u32` `[1]`: a step, a cursor, an index.
    pub(super) fn count(self, position: usize) -> Result<u32, Refusal> {
        let counts = self.u32(position)?;
        counts.first().copied().ok_or_else(|| self.refuse(format!("argument {position} is empty")))
    }

    fn values(self, position: usize) -> Result<(Operand, &'a Values), Refusal> {
        let operand = self.operand(position)?;
        let slot = operand.slot.index();
        let Some(values) = self.memory.get(operand.slot) else {
            return Err(self.refuse(format!("the buffer of argument {position}, %{slot}, is away")));
        };
        if values.len() < operand.shape.len() {
            let (places, shape) = (values.len(), operand.shape);
            return Err(self.refuse(format!("%{slot} has {places} places, not those of {shape}")));
        }
        Ok((operand, values))
    }

    fn wrong_type(self, position: usize, wanted: Dtype, got: &Values) -> Refusal {
        let got = got.dtype();
        self.refuse(format!("argument {position} wants {wanted}, its buffer holds {got}"))
    }
}

/// Puts a result into the first places of its buffer.
pub(super) fn store(
    call: &Call,
    operand: Operand,
    result: Values,
    memory: &mut Memory<Values>,
) -> Result<(), Refusal> {
    let refuse = |fact: String| Refusal::new(call.op.name(), fact);
    let slot = operand.slot.index();
    let Some(buffer) = memory.get_mut(operand.slot) else {
        return Err(refuse(format!("the buffer of its result, %{slot}, is away")));
    };
    let (len, places) = (result.len(), buffer.len());
    if len != operand.shape.len() || len > places {
        let shape = operand.shape;
        return Err(refuse(format!("{len} results for {shape} in %{slot} with {places} places")));
    }
    match (buffer, result) {
        (Values::F32(buffer), Values::F32(result)) => buffer[..len].copy_from_slice(&result),
        (Values::U32(buffer), Values::U32(result)) => buffer[..len].copy_from_slice(&result),
        (buffer, result) => {
            let (kept, got) = (buffer.dtype(), result.dtype());
            return Err(refuse(format!("a result of {got} for %{slot}, which holds {kept}")));
        }
    }
    Ok(())
}
