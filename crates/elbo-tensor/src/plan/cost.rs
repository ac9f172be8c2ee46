//! What a call costs on any machine: floating-point operations and bytes moved.

use super::Call;
use crate::Op;

impl Call {
    /// Floating-point operations, a multiply-add counted as two. 0 for calls that only move data.
    #[must_use]
    pub fn flops(&self) -> usize {
        let out = self.out.shape.len();
        let first = self.args.first().map_or(0, |arg| arg.shape.len());
        match self.op {
            Op::MatMul { transpose_a, .. } => 2 * out * self.inner_size(transpose_a),
            Op::MatMulReluGrad { transpose_a, .. } => 2 * out * self.inner_size(transpose_a),
            Op::Affine { transpose_a, .. } => 2 * out * self.inner_size(transpose_a) + out,
            Op::Sum(_) => first,
            Op::SquaredError => 3 * first,
            Op::ErrorTanhGrad(_) => 5 * out,
            Op::Adam { .. } => 12 * out,
            Op::AdamProduct { .. } => {
                let terms = self.args[1].shape.as_matrix().map_or(0, |(rows, _)| rows);
                (2 * terms + 12) * out
            }
            Op::TanhGrad | Op::SigmoidGrad => 3 * out,
            Op::Gather { .. } => 3 * out,
            Op::Input | Op::Parameter | Op::Fill(_) | Op::Spread(_) | Op::Put | Op::Advance(_) => 0,
            _ => out,
        }
    }

    fn inner_size(&self, transpose_a: bool) -> usize {
        let (rows, columns) = self.args[0].shape.as_matrix().unwrap_or((0, 0));
        if transpose_a { rows } else { columns }
    }

    /// Bytes read and written, each operand once.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let size = |operand: &super::Operand| operand.shape.len() * operand.dtype.bytes();
        let changed: usize = self.op.changes().iter().map(|i| size(&self.args[*i])).sum();
        match self.op {
            Op::Gather { .. } => 5 * self.out.shape.len(),
            Op::Put | Op::Advance(_) => 8,
            Op::Adam { .. } | Op::AdamProduct { .. } => {
                self.args.iter().map(size).sum::<usize>() + changed
            }
            _ => self.args.iter().map(size).sum::<usize>() + size(&self.out),
        }
    }
}
