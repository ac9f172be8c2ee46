//! Runs one call: finds its values in memory and hands them to the room that knows the op.

use elbo_tensor::{Call, Memory, Op, Over};
use ndarray::ArrayView2;

use crate::{
    Error,
    aligned::Aligned,
    buffer::{Arguments, Buffer, counter, f32_result},
    dispatch::Dispatch,
    elementwise::{map, zip},
    gemm::{self, Epilogue, Factor},
    math, optim, random, reduce, rows,
};

/// What calls need beside their values.
pub(crate) struct Machine<'a> {
    pub(crate) dispatch: Dispatch,
    pub(crate) workspace: &'a mut Aligned,
}

/// Runs a call. What it changes is taken out of memory for as long as it runs, and put back even if
/// it fails.
pub(crate) fn launch(
    machine: &mut Machine<'_>,
    call: &Call,
    memory: &mut Memory<Buffer>,
) -> Result<(), Error> {
    let op = call.op.name();
    if call.args.len() != call.op.arguments().len() {
        return Err(Error::Arguments {
            op,
            wanted: call.op.arguments().len(),
            given: call.args.len(),
        });
    }
    let mut out = memory.take(call.out.slot).ok_or(Error::Taken { op })?;
    let result = match call.op {
        Op::Adam { .. } | Op::AdamProduct { .. } => adam(machine, call, &mut out, memory),
        _ => compute(machine, call, &mut out, Arguments::new(call, memory)),
    };
    memory.put(call.out.slot, out);
    result
}

/// All ops that change nothing but their result. One arm an op.
fn compute(
    machine: &mut Machine<'_>,
    call: &Call,
    out: &mut Buffer,
    args: Arguments<'_>,
) -> Result<(), Error> {
    if let Op::Advance(by) = call.op {
        let counter = counter(call, out)?;
        *counter = counter.wrapping_add(by);
        return Ok(());
    }
    let d = machine.dispatch;
    let out = f32_result(call, call.out, out)?;
    match call.op {
        Op::Input | Op::Parameter | Op::Adam { .. } | Op::AdamProduct { .. } | Op::Advance(_) => {
            return Err(Error::NotComputed { op: call.op.name() });
        }
        Op::Fill(value) => out.fill(value),
        Op::Normal { stream } => random::normal(d, args.u32(0)?, args.u32(1)?, stream, out),
        Op::Gather { mean, std } => {
            let columns = call.out.shape.as_matrix().map_or(0, |(_, columns)| columns);
            let batch =
                rows::Batch { data: args.u8(0)?, order: args.u32(1)?, cursor: args.u32(2)? };
            rows::gather(d, batch, columns, (mean, std), out)?;
        }
        Op::Scale(k) => map(d, out, args.first_f32()?, move |x| k * x),
        Op::Shift(k) => map(d, out, args.first_f32()?, move |x| x + k),
        Op::Exp => map(d, out, args.first_f32()?, math::exp),
        Op::Ln => map(d, out, args.first_f32()?, f32::ln),
        Op::Sqrt => map(d, out, args.first_f32()?, f32::sqrt),
        Op::Square => map(d, out, args.first_f32()?, |x| x * x),
        Op::Relu => map(d, out, args.first_f32()?, math::relu),
        Op::Tanh => map(d, out, args.first_f32()?, math::tanh),
        Op::Sigmoid => map(d, out, args.first_f32()?, math::sigmoid),
        Op::Add => zip(d, out, args.first_f32()?, args.f32(1)?, |a, b| a + b),
        Op::Sub => zip(d, out, args.first_f32()?, args.f32(1)?, |a, b| a - b),
        Op::Mul => zip(d, out, args.first_f32()?, args.f32(1)?, |a, b| a * b),
        Op::Div => zip(d, out, args.first_f32()?, args.f32(1)?, |a, b| a / b),
        Op::ReluGrad => {
            zip(d, out, args.first_f32()?, args.f32(1)?, |g, y| if y > 0.0 { g } else { 0.0 })
        }
        Op::TanhGrad => zip(d, out, args.first_f32()?, args.f32(1)?, |g, y| g * (1.0 - y * y)),
        Op::SigmoidGrad => zip(d, out, args.first_f32()?, args.f32(1)?, |g, y| g * y * (1.0 - y)),
        Op::MatMul { transpose_a, transpose_b } => {
            product(machine, call, args, (transpose_a, transpose_b), Epilogue::NONE, out)?;
        }
        Op::Affine { transpose_a, transpose_b, activation } => {
            let epilogue = Epilogue { bias: Some(args.f32(2)?), activation, ..Epilogue::NONE };
            product(machine, call, args, (transpose_a, transpose_b), epilogue, out)?;
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            let epilogue = Epilogue { mask: Some(args.f32(2)?), ..Epilogue::NONE };
            product(machine, call, args, (transpose_a, transpose_b), epilogue, out)?;
        }
        Op::SquaredError => out[0] = reduce::squared_error(d, args.f32(0)?, args.f32(1)?),
        Op::ErrorTanhGrad(k) => {
            let gradient = move |y, x| k * (y - x) * (1.0 - y * y);
            zip(d, out, args.first_f32()?, args.f32(1)?, gradient);
        }
        Op::AddRow => rows::add_row(d, args.first_f32()?, args.f32(1)?, out),
        Op::Sum(Over::All) => out[0] = reduce::sum(d, args.f32(0)?),
        Op::Sum(Over::Rows) => reduce::sum_rows(d, args.f32(0)?, out),
        Op::Sum(Over::Columns) => reduce::sum_columns(d, args.f32(0)?, out),
        Op::Spread(Over::All) => out.fill(args.f32(0)?[0]),
        Op::Spread(Over::Rows) => rows::spread_rows(args.f32(0)?, out),
        Op::Spread(Over::Columns) => rows::spread_columns(args.f32(0)?, out),
        Op::Put => {
            let (index, len) = (args.u32(2)?[0], out.len());
            *out.get_mut(index as usize).ok_or(Error::Log { index, len })? = args.f32(1)?[0];
        }
    }
    Ok(())
}

/// A matrix product with its epilogue, from views of the operands as they lie, turned or not.
fn product(
    machine: &mut Machine<'_>,
    call: &Call,
    args: Arguments<'_>,
    (transpose_a, transpose_b): (bool, bool),
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) -> Result<(), Error> {
    let a = matrix(call, args, 0, transpose_a)?;
    let b = matrix(call, args, 1, transpose_b)?;
    gemm::multiply(machine.dispatch, a, b, out, epilogue, machine.workspace);
    Ok(())
}

fn matrix<'a>(
    call: &Call,
    args: Arguments<'a>,
    position: usize,
    turned: bool,
) -> Result<Factor<'a>, Error> {
    let values = args.f32(position)?;
    let operand = call.args[position];
    let wrong = Error::Slot { op: call.op.name(), len: operand.shape.len(), dtype: operand.dtype };
    let (rows, columns) = operand.shape.as_matrix().unwrap_or((0, 0));
    let matrix = ArrayView2::from_shape((rows, columns), values).map_err(|_| wrong)?;
    Ok(Factor { matrix, turned })
}

/// Adam changes the moments beside the parameter, which is already taken out.
fn adam(
    machine: &mut Machine<'_>,
    call: &Call,
    parameter: &mut Buffer,
    memory: &mut Memory<Buffer>,
) -> Result<(), Error> {
    let taken = || Error::Taken { op: call.op.name() };
    let moments = call.op.changes()[1];
    let (first_slot, second_slot) = (call.args[moments].slot, call.args[moments + 1].slot);
    let mut first = memory.take(first_slot).ok_or_else(taken)?;
    let Some(mut second) = memory.take(second_slot) else {
        memory.put(first_slot, first);
        return Err(taken());
    };
    let state = [parameter, &mut first, &mut second];
    let result = step(machine, call, Arguments::new(call, memory), moments, state);
    memory.put(first_slot, first);
    memory.put(second_slot, second);
    result
}

/// A step of Adam whose moments are the arguments at `moments` and behind it.
fn step(
    machine: &mut Machine<'_>,
    call: &Call,
    args: Arguments<'_>,
    moments: usize,
    [parameter, first, second]: [&mut Buffer; 3],
) -> Result<(), Error> {
    let (Op::Adam { beta1, beta2, eps } | Op::AdamProduct { beta1, beta2, eps }) = call.op else {
        return Err(Error::NotComputed { op: call.op.name() });
    };
    let (steps, learning_rate) = (args.u32(moments + 2)?[0], args.f32(moments + 3)?[0]);
    let step = optim::Step::new((beta1, beta2), eps, steps, learning_rate);
    let state = [
        f32_result(call, call.args[0], parameter)?,
        f32_result(call, call.args[moments], first)?,
        f32_result(call, call.args[moments + 1], second)?,
    ];
    if let Op::AdamProduct { .. } = call.op {
        let (a, b) = (matrix(call, args, 1, true)?, matrix(call, args, 2, false)?);
        gemm::descend(machine.dispatch, a.matrix, b.matrix, step, state, machine.workspace);
    } else {
        optim::adam(machine.dispatch, step, args.f32(1)?, state);
    }
    Ok(())
}
