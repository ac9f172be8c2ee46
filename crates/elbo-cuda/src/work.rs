//! A call made ready for the device: which kernel, with which structure, on how many blocks.

use std::sync::Arc;

use cudarc::driver::CudaStream;
use elbo_tensor::{Call, Memory, Op, Over, Slot};

use crate::{
    Error, Precision,
    buffer::{Arguments, Buffer},
    elementwise::{
        self,
        Function::*,
        Length::{All, Columns, One, Rows},
        Run,
    },
    notes::{self, Notes},
    optimizer::{self, Betas, Tensors},
    product::{self, AdamProducts, Epilogue, Products, Sums},
    reduce::{self, ColumnSums, Matrix, Sum},
    source::{self, Gather, Normal},
    workspace::Workspace,
};

/// One launch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// A run of elementwise steps, and the slot that its step reads at other places than it writes.
    Elementwise {
        run: Run,
        elsewhere: Option<Slot>,
    },
    Gather(Gather, u32),
    Normal(Normal, u32),
    Sum(Sum, u32),
    SumRows(ColumnSums),
    SumColumns(Matrix, u32),
    Product(Products, Sums, u32),
    AdamProduct(AdamProducts, Sums),
    Adam(Tensors),
    Notes(Notes),
}

/// What a call needs beside its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) stream: &'a Arc<CudaStream>,
    pub(crate) workspace: &'a Workspace,
    pub(crate) precision: Precision,
}

/// The work of a call: one arm an op. None where there is no value to compute.
pub(crate) fn work(
    call: &Call,
    memory: &Memory<Buffer>,
    setting: Setting<'_>,
) -> Result<Option<Work>, Error> {
    let Setting { stream, workspace, precision } = setting;
    let fault = workspace.fault();
    let args = Arguments::new(call, memory, stream)?;
    let run = |function, k, lengths| elementwise::run(args, function, k, lengths);
    let work = match call.op {
        Op::Input | Op::Parameter => return Err(Error::NotComputed { op: call.op.name() }),
        Op::Fill(value) => run(Fill, value, &[]),
        Op::Normal { stream } => source::normal(args, stream),
        Op::Gather { mean, std } => source::gather(args, (mean, std), fault),
        Op::Scale(k) => run(Scale, k, &[All]),
        Op::Shift(k) => run(Shift, k, &[All]),
        Op::Exp => run(Exp, 0.0, &[All]),
        Op::Ln => run(Ln, 0.0, &[All]),
        Op::Sqrt => run(Sqrt, 0.0, &[All]),
        Op::Square => run(Square, 0.0, &[All]),
        Op::Relu => run(Relu, 0.0, &[All]),
        Op::Tanh => run(Tanh, 0.0, &[All]),
        Op::Sigmoid => run(Sigmoid, 0.0, &[All]),
        Op::Add => run(Add, 0.0, &[All, All]),
        Op::Sub => run(Sub, 0.0, &[All, All]),
        Op::Mul => run(Mul, 0.0, &[All, All]),
        Op::Div => run(Div, 0.0, &[All, All]),
        Op::ReluGrad => run(ReluGrad, 0.0, &[All, All]),
        Op::TanhGrad => run(TanhGrad, 0.0, &[All, All]),
        Op::SigmoidGrad => run(SigmoidGrad, 0.0, &[All, All]),
        Op::ErrorTanhGrad(k) => run(ErrorTanhGrad, k, &[All, All]),
        Op::AddRow => run(AddRow, 0.0, &[All, Columns]),
        Op::Spread(Over::All) => run(SpreadAll, 0.0, &[One]),
        Op::Spread(Over::Rows) => run(SpreadRows, 0.0, &[Columns]),
        Op::Spread(Over::Columns) => run(SpreadColumns, 0.0, &[Rows]),
        Op::Sum(Over::All) | Op::SquaredError => reduce::sum(args, workspace),
        Op::Sum(Over::Rows) => reduce::sum_rows(args),
        Op::Sum(Over::Columns) => reduce::sum_columns(args),
        Op::MatMul { transpose_a, transpose_b } => {
            product::product(args, (transpose_a, transpose_b), Epilogue::None, precision)
        }
        Op::Affine { transpose_a, transpose_b, activation } => {
            let epilogue = Epilogue::Layer(activation);
            product::product(args, (transpose_a, transpose_b), epilogue, precision)
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            product::product(args, (transpose_a, transpose_b), Epilogue::Mask, precision)
        }
        Op::Adam { beta1, beta2, eps } => optimizer::adam(args, Betas { beta1, beta2, eps }),
        Op::AdamProduct { beta1, beta2, eps } => {
            product::adam_product(args, Betas { beta1, beta2, eps }, precision)
        }
        Op::Put => notes::put(args, fault),
        Op::Advance(by) => notes::advance(args, by, fault),
    }?;
    Ok((!call.out.shape.is_empty()).then_some(work))
}
