//! What the CPU makes of an entry before it runs: how each matrix lies, which tasks there are, and
//! where threads must wait for each other.
//!
//! [`forms`] gives each matrix a form such that products find what they take by vectors, [`tasks`]
//! turns calls into tasks that say what they touch, [`phases`] finds the fewest barriers, and [`pieces`]
//! divides what no thread has to do a part of.

mod forms;
mod phases;
mod pieces;
mod tasks;
#[cfg(test)]
mod tests;

use elbo_tensor::{Call, Dtype, Memory, Op, Operand, Slot};

pub(crate) use phases::races;
pub(crate) use pieces::MOST_PIECES;

use crate::{
    Error,
    buffer::Buffer,
    dispatch::Dispatch,
    layout::Layout,
    lending::{Access, Kind},
};

/// A piece of work that threads do together, each its own part.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    /// What it touches. The result comes first, then the op's arguments; an argument that the op
    /// changes has no second place.
    pub(crate) accesses: Vec<Access>,
    /// The call that it is for.
    pub(crate) call: usize,
    /// How many barriers stand before it.
    pub(crate) phase: usize,
    /// How it is divided, if no thread has to do a part of it.
    pub(crate) pieces: Option<Pieces>,
}

/// Pieces of a task, each for whoever has time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// How many there are for each thread.
    pub(crate) each: usize,
    /// How many tasks of the plan all threads must have come past before one may be taken.
    pub(crate) after: usize,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    /// The op. Of a sum to a scalar only the parts: one sum a unit of rows.
    Op(Op),
    /// The sum of a sum's parts.
    Total,
    /// A matrix in its other form.
    Turn,
}

/// An entry, ready for so many threads.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order they run, phase by phase.
    pub(crate) tasks: Vec<Task>,
    /// How matrices lie that the entry finds in memory.
    pub(crate) before: Vec<(Slot, Layout)>,
    /// How they lie where it leaves some.
    pub(crate) after: Vec<(Slot, Layout)>,
    /// All slots that it touches.
    pub(crate) slots: Vec<Slot>,
    /// For how many threads.
    pub(crate) threads: usize,
    /// For vectors of how many lanes.
    pub(crate) lanes: usize,
    /// The tasks that are divided in pieces.
    pub(crate) divided: Vec<usize>,
    /// The names of the calls' ops.
    names: Vec<&'static str>,
}

impl Plan {
    /// Lists the divided tasks.
    pub(crate) fn list_divided(&mut self) {
        let divided = |task: &usize| self.tasks[*task].pieces.is_some();
        self.divided = (0..self.tasks.len()).filter(divided).collect();
    }

    /// The op that a task is for.
    pub(crate) fn name(&self, task: &Task) -> &'static str {
        self.names[task.call]
    }
}

/// Plans calls for so many threads, and makes room for what they need.
pub(crate) fn plan(
    calls: &[Call],
    memory: &mut Memory<Buffer>,
    threads: usize,
    dispatch: Dispatch,
) -> Result<Plan, Error> {
    let lanes = dispatch.lanes();
    for call in calls {
        check(call, memory, lanes)?;
    }
    let forms = forms::choose(calls, (lanes, threads), |slot| settled(memory, slot));
    let mut plan = tasks::build(calls, &forms, lanes);
    plan.names = calls.iter().map(|call| call.op.name()).collect();
    phases::assign(&mut plan.tasks, threads);
    pieces::divide(&mut plan.tasks, threads);
    if let Some(task) = races(&plan.tasks, threads) {
        return Err(Error::Taken { op: calls[plan.tasks[task].call].op.name() });
    }
    (plan.threads, plan.lanes) = (threads, lanes);
    plan.list_divided();
    reserve(&plan, memory, dispatch)?;
    Ok(plan)
}

/// How a matrix lies that an entry already relies on.
fn settled(memory: &Memory<Buffer>, slot: Slot) -> Option<Layout> {
    let values = memory.get(slot)?.as_f32()?;
    values.settled.then(|| values.layout())
}

/// The faults that no planner makes, looked for once so that nothing else has to.
fn check(call: &Call, memory: &Memory<Buffer>, lanes: usize) -> Result<(), Error> {
    let op = call.op.name();
    let (wanted, given) = (call.op.arguments().len(), call.args.len());
    if wanted != given {
        return Err(Error::Arguments { op, wanted, given });
    }
    if matches!(call.op, Op::Input | Op::Parameter) {
        return Err(Error::NotComputed { op });
    }
    let changes = call.op.changes();
    let over = |(position, arg): (usize, &Operand)| {
        let may = position == 0 && call.op.kind() == elbo_tensor::Kind::Elementwise;
        arg.slot == call.out.slot && !may && changes.is_empty()
    };
    if call.args.iter().enumerate().any(over) {
        return Err(Error::Taken { op });
    }
    for (operand, write) in operands(call) {
        let Operand { shape, dtype, .. } = *operand;
        let buffer = memory.get(operand.slot).ok_or(Error::Taken { op })?;
        let (held, room) = match buffer {
            Buffer::F32(values) => (Dtype::F32, values.most()),
            Buffer::U8(values) => (Dtype::U8, values.len()),
            Buffer::U32(values) => (Dtype::U32, values.len()),
        };
        if buffer.as_f32().is_some_and(|values| values.layout().lanes != lanes) {
            return Err(Error::Foreign);
        }
        if held != dtype || shape.len() > room || (write && dtype == Dtype::U8) {
            return Err(Error::Slot { op, len: shape.len(), dtype });
        }
    }
    Ok(())
}

/// A call's result and arguments, each with whether it is written.
fn operands(call: &Call) -> impl Iterator<Item = (&Operand, bool)> {
    let changes = call.op.changes();
    let args = call.args.iter().enumerate();
    std::iter::once((&call.out, true)).chain(args.map(|(i, arg)| (arg, changes.contains(&i))))
}

fn reserve(plan: &Plan, memory: &mut Memory<Buffer>, dispatch: Dispatch) -> Result<(), Error> {
    for access in plan.tasks.iter().flat_map(|task| &task.accesses) {
        let slot = plan.slots.iter().find(|slot| slot.index() == access.slot);
        let buffer = slot.and_then(|slot| memory.get_mut(*slot)).and_then(Buffer::as_f32_mut);
        if let (Some(values), Kind::F32(layout)) = (buffer, access.kind) {
            values.reserve(layout)?;
        }
    }
    for (slot, layout) in &plan.before {
        if let Some(values) = memory.get_mut(*slot).and_then(Buffer::as_f32_mut) {
            values.settle(dispatch, *layout)?;
            values.settled = true;
        }
    }
    Ok(())
}

/// Rows and columns; of what is no matrix, one row.
pub(crate) fn dimensions(operand: &Operand) -> (usize, usize) {
    operand.shape.as_matrix().unwrap_or((1, operand.shape.len()))
}

/// Whether an operand has two forms.
fn is_matrix(operand: &Operand) -> bool {
    operand.dtype == Dtype::F32 && operand.shape.as_matrix().is_some()
}
