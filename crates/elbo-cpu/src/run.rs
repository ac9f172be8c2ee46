//! Runs a thread's share of one task: finds its values and hands them to the room that knows the op.

use elbo_tensor::{Op, Over};

use crate::{
    Error,
    dispatch::Dispatch,
    kernels::{
        elementwise::{Function, map, zip},
        math,
        optim::{Adam, Step},
        random::Normal,
        reduce::{Parts, Sums, total},
        rows::{AddRow, Batch, Gather, SpreadOut},
        turn::Turn,
    },
    layout::{Form, Layout},
    lending::{Lent, View},
    plan::{Task, Work},
    product::{Descent, Epilogue, Product},
};

/// Does a thread's share of a task.
pub(crate) fn run(d: Dispatch, task: &Task, lent: Lent<'_>) -> Result<(), Error> {
    match task.work {
        Work::Turn => d.enter(turn(lent)),
        Work::Total => add_parts(lent),
        Work::Op(op) => return compute(d, op, Values { task, lent }),
    }
    Ok(())
}

fn turn(mut lent: Lent<'_>) -> Turn<'_> {
    Turn { out: lent.part(0), x: lent.view(1) }
}

fn add_parts(mut lent: Lent<'_>) {
    if lent.is_first() {
        let parts = lent.view(1);
        lent.part(0).block(0, 0, 1)[0] = total(parts);
    }
}

/// A task's values by the positions of its op.
struct Values<'m, 't> {
    task: &'t Task,
    lent: Lent<'m>,
}

impl<'m> Values<'m, '_> {
    /// Whether the result is written over the first argument, which then has no access of its own.
    fn over(&self, op: Op) -> bool {
        self.task.accesses.len() == op.arguments().len()
    }

    /// The argument at a position of an op that changes nothing but its result.
    fn arg(&self, op: Op, position: usize) -> View<'m> {
        self.lent.view(if self.over(op) { position } else { position + 1 })
    }

    /// The first argument, unless the result is written over it.
    fn first(&self, op: Op) -> Option<View<'m>> {
        (!self.over(op)).then(|| self.lent.view(1))
    }
}

/// All ops. One arm an op.
fn compute(d: Dispatch, op: Op, mut v: Values<'_, '_>) -> Result<(), Error> {
    match op {
        Op::Input | Op::Parameter => return Err(Error::NotComputed { op: op.name() }),
        Op::Fill(value) => {
            let out = v.lent.part(0);
            map(d, out, None, move |_| value);
        }
        Op::Normal { stream } => {
            let (key, step) = (v.lent.indices(1), v.lent.indices(2)[0]);
            let out = v.lent.part(0);
            d.enter(Normal { key: [key[0], key[1]], step, stream, out });
        }
        Op::Gather { mean, std } => {
            let (order, cursor) = (v.lent.indices(2), v.lent.indices(3));
            let batch = Batch { data: v.lent.pixels(1), order, cursor };
            let out = v.lent.part(0);
            if out.region().is_empty() {
                return Ok(());
            }
            let order = batch.rows(out.layout().rows, out.layout().columns)?;
            d.enter(Gather { data: batch.data, order, mean, std, out });
        }
        Op::Scale(k) => one(d, op, v, move |x| k * x),
        Op::Shift(k) => one(d, op, v, move |x| x + k),
        Op::Exp => one(d, op, v, math::Exp),
        Op::Ln => one(d, op, v, f32::ln),
        Op::Sqrt => one(d, op, v, f32::sqrt),
        Op::Square => one(d, op, v, |x| x * x),
        Op::Relu => one(d, op, v, math::relu),
        Op::Tanh => one(d, op, v, math::Tanh),
        Op::Sigmoid => one(d, op, v, math::Sigmoid),
        Op::Add => two(d, op, v, |a, b| a + b),
        Op::Sub => two(d, op, v, |a, b| a - b),
        Op::Mul => two(d, op, v, |a, b| a * b),
        Op::Div => two(d, op, v, |a, b| a / b),
        Op::ReluGrad => two(d, op, v, |g, y| if y > 0.0 { g } else { 0.0 }),
        Op::TanhGrad => two(d, op, v, |g, y| g * (1.0 - y * y)),
        Op::SigmoidGrad => two(d, op, v, |g, y| g * y * (1.0 - y)),
        Op::ErrorTanhGrad(k) => two(d, op, v, move |y, x| k * (y - x) * (1.0 - y * y)),
        Op::MatMul { transpose_a, transpose_b } => {
            product(d, op, v, (transpose_a, transpose_b), Epilogue::NONE);
        }
        Op::Affine { transpose_a, transpose_b, activation } => {
            let bias = v.arg(op, 2);
            let epilogue = Epilogue { bias: Some(bias), activation, ..Epilogue::NONE };
            product(d, op, v, (transpose_a, transpose_b), epilogue);
        }
        Op::MatMulReluGrad { transpose_a, transpose_b } => {
            let epilogue = Epilogue { mask: Some(v.arg(op, 2)), ..Epilogue::NONE };
            product(d, op, v, (transpose_a, transpose_b), epilogue);
        }
        Op::SquaredError | Op::Sum(Over::All) => {
            let y = (op == Op::SquaredError).then(|| v.lent.view(2));
            let (x, out) = (v.lent.view(1), v.lent.part(0));
            d.enter(Parts { x, y, out });
        }
        Op::Sum(over) => {
            let (x, out) = (v.lent.view(1), v.lent.part(0));
            d.enter(Sums { x, out, of_rows: over == Over::Columns });
        }
        Op::AddRow => {
            let (x, row, out) = (v.first(op), v.arg(op, 1), v.lent.part(0));
            d.enter(AddRow { x, row, out });
        }
        Op::Spread(Over::All) => {
            let value = v.arg(op, 0).scalar();
            map(d, v.lent.part(0), None, move |_| value);
        }
        Op::Spread(over) => {
            let (vector, out) = (v.arg(op, 0), v.lent.part(0));
            d.enter(SpreadOut { vector, turned: over == Over::Columns, out });
        }
        Op::Adam { beta1, beta2, eps } => {
            let step = step((beta1, beta2), eps, &v.lent, 4);
            let gradient = v.lent.view(1);
            let state = [0, 2, 3].map(|position| v.lent.part(position));
            d.enter(Adam { step, gradient, state });
        }
        Op::AdamProduct { beta1, beta2, eps } => {
            let step = step((beta1, beta2), eps, &v.lent, 5);
            let (a, b) = (v.lent.view(1), v.lent.view(2));
            let state = [0, 3, 4].map(|position| v.lent.part(position));
            d.enter(Descent::new(a, b, state, step));
        }
        Op::Put => return put(v.lent),
        Op::Advance(by) => {
            if let Some(counter) = v.lent.counters(0).first_mut() {
                *counter = counter.wrapping_add(by);
            }
        }
    }
    Ok(())
}

fn one(d: Dispatch, op: Op, mut v: Values<'_, '_>, f: impl Function) {
    let x = v.first(op);
    map(d, v.lent.part(0), x, f);
}

fn two(d: Dispatch, op: Op, mut v: Values<'_, '_>, f: impl Fn(f32, f32) -> f32 + Copy) {
    let (x, y) = (v.first(op), v.arg(op, 1));
    zip(d, v.lent.part(0), x, y, f);
}

fn product<'m>(
    d: Dispatch,
    op: Op,
    mut v: Values<'m, '_>,
    (transpose_a, transpose_b): (bool, bool),
    epilogue: Epilogue<'m>,
) {
    let (a, b) = (v.arg(op, 0), v.arg(op, 1));
    d.enter(Product::new((a, transpose_a), (b, transpose_b), v.lent.part(0), epilogue));
}

/// What a step of Adam takes from its counter and learning rate, the access at `position` and the next.
fn step(betas: (f64, f64), eps: f64, lent: &Lent<'_>, position: usize) -> Step {
    let (steps, rate) = (lent.indices(position)[0], lent.view(position + 1).scalar());
    Step::new(betas, eps, steps, rate)
}

fn put(mut lent: Lent<'_>) -> Result<(), Error> {
    if !lent.is_first() {
        return Ok(());
    }
    let (value, index) = (lent.view(1).scalar(), lent.indices(2)[0]);
    let mut log = lent.part(0);
    let Layout { rows, columns, form, lanes } = log.layout();
    let (place, len) = (index as usize, rows * columns);
    if place >= len {
        return Err(Error::Log { index, len });
    }
    let (across, depth) = match form {
        Form::Straight => (place % columns, place / columns),
        Form::Turned => (place / columns, place % columns),
    };
    log.block(across / lanes, depth, 1)[across % lanes] = value;
    Ok(())
}
