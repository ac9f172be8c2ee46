//! A plan as text: the answer to "what happens in a step?".

use std::fmt;

use super::{Call, Entry, Operand};
use crate::Op;

impl fmt::Display for Entry {
    /// A line a call: op, result with its slot, arguments with theirs, FLOPs and bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flops: usize = self.calls.iter().map(Call::flops).sum();
        writeln!(f, "{}: {} calls, {:.1} MFLOP", self.name, self.calls.len(), flops as f64 / 1e6)?;
        for (number, call) in self.calls.iter().enumerate() {
            writeln!(f, "{number:>4}  {call}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let name = self.op.name();
        write!(
            f,
            "{name:<13} {:<22} = {}{}",
            self.out.to_string(),
            arguments.join(", "),
            Field(self.op)
        )?;
        write!(f, "   {:.3} MFLOP, {:.1} KB", self.flops() as f64 / 1e6, self.bytes() as f64 / 1e3)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}{}", self.slot.0, self.shape)
    }
}

/// An op's fields, as far as a reader of the plan needs them.
struct Field(Op);

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turned = |transpose_a: bool, transpose_b: bool| match (transpose_a, transpose_b) {
            (false, false) => "",
            (true, false) => " (a transposed)",
            (false, true) => " (b transposed)",
            (true, true) => " (both transposed)",
        };
        match self.0 {
            Op::Fill(value) | Op::Scale(value) | Op::Shift(value) | Op::ErrorTanhGrad(value) => {
                write!(f, " by {value}")
            }
            Op::Normal { stream } => write!(f, " stream {stream:#x}"),
            Op::Advance(by) => write!(f, " by {by}"),
            Op::MatMul { transpose_a, transpose_b }
            | Op::MatMulReluGrad { transpose_a, transpose_b } => {
                f.write_str(turned(transpose_a, transpose_b))
            }
            Op::Affine { transpose_a, transpose_b, activation } => {
                write!(f, "{} {activation:?}", turned(transpose_a, transpose_b))
            }
            _ => Ok(()),
        }
    }
}
