//! From calls to tasks: what each touches, and a turn where a matrix is wanted in its other form.

use elbo_tensor::{Call, Dtype, Op, Operand, Over};

use super::{
    Plan, Task, Work, dimensions,
    forms::{Forms, wanted},
    is_matrix,
};
use crate::{
    layout::{Form, Layout, Split, TALLEST, UNIT},
    lending::{Access, Kind},
};

/// The tasks of all calls in order, in one phase.
pub(super) fn build(calls: &[Call], forms: &Forms, lanes: usize) -> Plan {
    let mut builder = Builder { forms, lanes, plan: Plan::default(), turned: Vec::new() };
    for (number, call) in calls.iter().enumerate() {
        builder.slots(number, call);
        builder.turns(number, call);
        builder.call(number, call);
    }
    builder.plan
}

struct Builder<'a> {
    forms: &'a Forms,
    lanes: usize,
    plan: Plan,
    /// Values that there are in both forms by now.
    turned: Vec<usize>,
}

impl Builder<'_> {
    /// Notes the slots of a call, and how those lie that it is the first to read.
    fn slots(&mut self, number: usize, call: &Call) {
        for (position, arg) in call.args.iter().enumerate() {
            if !self.plan.slots.contains(&arg.slot) {
                self.plan.slots.push(arg.slot);
                if arg.dtype == Dtype::F32 {
                    let form = self.forms.of_argument(number, position);
                    self.plan.before.push((arg.slot, self.layout(arg, form)));
                }
            }
        }
        if !self.plan.slots.contains(&call.out.slot) {
            self.plan.slots.push(call.out.slot);
        }
    }

    /// Turns the arguments that the call wants otherwise.
    fn turns(&mut self, number: usize, call: &Call) {
        let form = self.forms.of_call(number);
        for (position, arg) in call.args.iter().enumerate() {
            let Some(value) = self.forms.argument(number, position) else { continue };
            let has = self.forms.of_argument(number, position);
            let wants = wanted(call.op, position, form).unwrap_or(has);
            if wants == has || self.turned.contains(&value) {
                continue;
            }
            self.turned.push(value);
            let access = |form, write| Access { write, ..self.access(arg, form, Split::Rows) };
            let accesses = vec![access(wants, true), access(has, false)];
            self.push(Work::Turn, accesses, number);
        }
    }

    fn call(&mut self, number: usize, call: &Call) {
        let form = self.forms.of_call(number);
        match call.op {
            Op::Sum(Over::All) | Op::SquaredError => self.total(number, call, form),
            _ => {
                let accesses = self.accesses(number, call, form);
                self.push(Work::Op(call.op), accesses, number);
            }
        }
        let changed = call.op.changes().iter().map(|position| &call.args[*position]);
        for operand in changed.chain([&call.out]) {
            if operand.dtype == Dtype::F32 {
                self.plan.after.retain(|(slot, _)| *slot != operand.slot);
                self.plan.after.push((operand.slot, self.layout(operand, form)));
            }
        }
    }

    /// A sum to a scalar: a part for each unit of rows, and then their sum. The parts lie in the
    /// result's slot, in the room of the form that no scalar has, each in a vector of its own.
    fn total(&mut self, number: usize, call: &Call, form: Form) {
        let argument = self.layout(&call.args[0], form);
        let len = if argument.rows == 1 { argument.columns } else { argument.rows };
        let layout =
            Layout { rows: 1, columns: len.div_ceil(UNIT), form: Form::Turned, lanes: self.lanes };
        let parts = Access {
            slot: call.out.slot.index(),
            kind: Kind::F32(layout),
            split: Split::Each,
            write: true,
        };
        let args = call.args.iter().map(|arg| {
            let split = Split::of(self.layout(arg, form));
            self.access(arg, form, split)
        });
        let accesses = std::iter::once(parts).chain(args).collect();
        self.push(Work::Op(call.op), accesses, number);
        let out = Access { write: true, ..self.access(&call.out, Form::Straight, Split::First) };
        let parts = Access { split: Split::First, write: false, ..parts };
        self.push(Work::Total, vec![out, parts], number);
    }

    fn accesses(&self, number: usize, call: &Call, form: Form) -> Vec<Access> {
        let changes = call.op.changes();
        let mut accesses = Vec::with_capacity(call.args.len() + 1);
        if changes.is_empty() {
            let split = self.split_of_result(call, self.layout(&call.out, form));
            accesses.push(Access { write: true, ..self.access(&call.out, form, split) });
        }
        for (position, arg) in call.args.iter().enumerate() {
            // Written over by the result, value by value: the result's access is this one's as well.
            if position == 0 && changes.is_empty() && arg.slot == call.out.slot {
                continue;
            }
            let has = self.forms.of_argument(number, position);
            let form = match self.forms.argument(number, position) {
                Some(_) => wanted(call.op, position, form).unwrap_or(has),
                None => Form::Straight,
            };
            let split = self.split(call, position, self.layout(arg, form));
            let write = changes.contains(&position);
            accesses.push(Access { write, ..self.access(arg, form, split) });
        }
        accesses
    }

    /// How threads divide an argument, in step with the result where the op allows.
    fn split(&self, call: &Call, position: usize, layout: Layout) -> Split {
        match (call.op, position) {
            (
                Op::MatMul { transpose_a, .. }
                | Op::MatMulReluGrad { transpose_a, .. }
                | Op::Affine { transpose_a, .. },
                0,
            ) => match transpose_a {
                true => Split::Columns,
                false => Split::Rows,
            },
            (Op::MatMul { .. } | Op::MatMulReluGrad { .. } | Op::Affine { .. }, 1)
            | (Op::Affine { .. } | Op::Normal { .. } | Op::Gather { .. }, _)
            | (Op::AddRow, 1)
            | (Op::Spread(_), _)
            | (Op::AdamProduct { .. }, 1 | 2 | 5..)
            | (Op::Adam { .. }, 4..) => Split::Whole,
            (Op::MatMulReluGrad { .. } | Op::Sum(Over::Columns), _) => Split::Rows,
            (Op::Sum(Over::Rows), _) => Split::Columns,
            (Op::AdamProduct { .. }, _) => best_split(layout),
            (Op::Put | Op::Advance(_), _) => Split::First,
            _ => Split::of(layout),
        }
    }

    /// How threads divide a result.
    fn split_of_result(&self, call: &Call, layout: Layout) -> Split {
        match call.op {
            Op::MatMul { .. } | Op::MatMulReluGrad { .. } | Op::Affine { .. } => Split::Rows,
            _ => Split::of(layout),
        }
    }

    fn access(&self, operand: &Operand, form: Form, split: Split) -> Access {
        let kind = match operand.dtype {
            Dtype::F32 => Kind::F32(self.layout(operand, form)),
            Dtype::U8 => Kind::U8(operand.shape.len()),
            Dtype::U32 => Kind::U32(operand.shape.len()),
        };
        Access { slot: operand.slot.index(), kind, split, write: false }
    }

    /// How an operand lies in a form. Vectors are always straight.
    fn layout(&self, operand: &Operand, form: Form) -> Layout {
        let (rows, columns) = dimensions(operand);
        let form = if is_matrix(operand) { form } else { Form::Straight };
        Layout { rows, columns, form, lanes: self.lanes }
    }

    fn push(&mut self, work: Work, accesses: Vec<Access>, call: usize) {
        self.plan.tasks.push(Task { work, accesses, call, phase: 0, pieces: None });
    }
}

/// How to divide a weight whose gradient is a product: along what has more pieces.
fn best_split(layout: Layout) -> Split {
    if layout.depth().div_ceil(TALLEST) >= layout.panels() { Split::Depth } else { Split::Panels }
}
