//! Tasks that no thread has to do a part of: large updates at the end of a step, divided in pieces that whoever has
//! time takes.
//!
//! Threads are never equally fast: others use their cores. With a fixed share each, all of them wait for the
//! slowest one at every barrier. A thread that waits before an update of weights may as well begin it, and one
//! that is through with its own pieces may go on with another one's.

use elbo_tensor::Op;

use super::{Pieces, Task, Work, phases::apart};
use crate::lending::Kind;

/// Pieces for each thread, at the most. With more, threads wait less for the last one, and a piece keeps its operands
/// in near caches for less long.
const MOST: usize = 4;
/// Multiply-adds that are worth a piece of their own: 15 µs on a wide core.
const LEAST: usize = if cfg!(any(test, miri)) { 1 << 6 } else { 2_000_000 };

/// Divides the updates that are large enough, and that nothing else of their phase has to do with.
pub(super) fn divide(tasks: &mut [Task], threads: usize) {
    for number in 0..tasks.len() {
        let each = (multiply_adds(&tasks[number]) / threads / LEAST).min(MOST);
        if threads > 1 && each > 1 {
            tasks[number].pieces = first_after(tasks, number).map(|after| Pieces { each, after });
        }
    }
}

/// How many tasks all threads must have done before pieces of a task may be taken, if it can have any.
///
/// It can if it has nothing to do with the other tasks of its phase: they run at the same time. Neither may it
/// depend on a divided one of the phase before, for a thread that waits at the end of that phase does not know
/// whether others still work on pieces.
pub(super) fn first_after(tasks: &[Task], number: usize) -> Option<usize> {
    let task = &tasks[number];
    let bound = |(other, one): &(usize, &Task)| *other != number && !apart(one, task);
    let mut after = 0;
    for (other, one) in tasks.iter().enumerate().filter(bound) {
        let too_late = one.phase == task.phase;
        let unknown = one.phase + 1 == task.phase && one.pieces.is_some();
        if too_late || unknown {
            return None;
        }
        if one.phase < task.phase {
            after = after.max(other + 1);
        }
    }
    Some(after)
}

fn multiply_adds(task: &Task) -> usize {
    let (Work::Op(Op::AdamProduct { .. }), [parameter, a, ..]) = (task.work, &task.accesses[..])
    else {
        return 0;
    };
    match (parameter.kind, a.kind) {
        (Kind::F32(parameter), Kind::F32(a)) => parameter.len() * a.rows,
        _ => 0,
    }
}
