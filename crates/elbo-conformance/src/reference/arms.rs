//! Which room holds an op's definition: one arm an op, none left out.

use elbo_tensor::{Call, Memory, Op, Operand};

use super::{Refusal, Values, arrange, elementwise, operands::Arguments, source, update};

/// What a call writes, and where.
pub(super) type Results = Vec<(Operand, Values)>;

/// Everything that a call writes, computed from its arguments.
pub(super) fn results(call: &Call, memory: &Memory<Values>) -> Result<Results, Refusal> {
    let args = Arguments { call, memory };
    let values = match call.op {
        Op::Input | Op::Parameter => return Err(args.refuse("is for the host to write; no call")),
        Op::Fill(value) => vec![f64::from(value); call.out.shape.len()],
        Op::Normal { stream } => source::normal(args, stream)?,
        Op::Gather { mean, std } => source::gather(args, mean, std)?,
        Op::Scale(k) => elementwise::one(args, |x| f64::from(k) * x)?,
        Op::Shift(k) => elementwise::one(args, |x| x + f64::from(k))?,
        Op::Exp => elementwise::one(args, f64::exp)?,
        Op::Ln => elementwise::one(args, f64::ln)?,
        Op::Sqrt => elementwise::one(args, f64::sqrt)?,
        Op::Square => elementwise::one(args, |x| x * x)?,
        Op::Relu => elementwise::one(args, elementwise::relu)?,
        Op::Tanh => elementwise::one(args, f64::tanh)?,
        Op::Sigmoid => elementwise::one(args, |x| 1.0 / (1.0 + (-x).exp()))?,
        Op::Add => elementwise::two(args, |a, b| a + b)?,
        Op::Sub => elementwise::two(args, |a, b| a - b)?,
        Op::Mul => elementwise::two(args, |a, b| a * b)?,
        Op::Div => elementwise::two(args, |a, b| a / b)?,
        Op::ReluGrad => elementwise::two(args, |g, y| if y > 0.0 { g } else { 0.0 })?,
        Op::TanhGrad => elementwise::two(args, |g, y| g * (1.0 - y * y))?,
        Op::SigmoidGrad => elementwise::two(args, |g, y| g * y * (1.0 - y))?,
        Op::MatMul { transpose_a, transpose_b } => arrange::matmul(args, transpose_a, transpose_b)?,
        Op::AddRow => arrange::add_row(args)?,
        Op::Sum(over) => arrange::sum(args, over)?,
        Op::Spread(over) => arrange::spread(args, over)?,
        Op::Affine { transpose_a, transpose_b, activation } => {
            arrange::affine(args, transpose_a, transpose_b, activation)?
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            let product = arrange::matmul(args, transpose_a, transpose_b)?;
            elementwise::masked(args, product)?
        }
        Op::SquaredError => {
            vec![elementwise::two(args, |a, b| (a - b) * (a - b))?.iter().sum()]
        }
        Op::ErrorTanhGrad(k) => {
            elementwise::two(args, |y, x| f64::from(k) * (y - x) * (1.0 - y * y))?
        }
        Op::Adam { beta1, beta2, eps } => {
            let gradient = args.f32(1)?.to_vec();
            return update::adam(args, gradient, 2, (beta1, beta2), eps);
        }
        Op::AdamProduct { beta1, beta2, eps } => {
            let gradient = arrange::gradient(args)?;
            return update::adam(args, gradient, 3, (beta1, beta2), eps);
        }
        Op::Put => return update::put(args),
        Op::Advance(by) => return update::advance(args, by),
    };
    Ok(vec![(call.out, Values::F32(values))])
}
