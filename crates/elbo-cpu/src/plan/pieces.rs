//! Tasks that no thread has to do a part of: large updates at the end of a step, divided in pieces that whoever has
//! time takes.
//!
//! Threads are never equally fast: others use their cores. With a fixed share each, all of them wait for the
//! slowest one at every barrier. A thread that waits before an update of weights may as well begin it, and one
//! that is through with its own pieces may go on with another one's.

use elbo_tensor::Op;

use super::{Pieces, Task, Work, phases::first_after};
use crate::lending::Kind;

/// Pieces for each thread, at the most. With more, threads wait less for the last one, and a piece keeps its operands
/// in near caches for less long.
pub(crate) const MOST_PIECES: usize = 4;
/// Multiply-adds that are worth a piece of their own: some 30 µs with Adam, on a core with AVX-512.
const LEAST: usize = if cfg!(any(test, miri)) { 1 << 6 } else { 2_000_000 };

/// Divides the updates that are large enough, and that nothing else of their phase has to do with.
pub(super) fn divide(tasks: &mut [Task], threads: usize) {
    for number in 0..tasks.len() {
        let each = (multiply_adds(&tasks[number]) / threads / LEAST).min(MOST_PIECES);
        if threads > 1 && each > 1 {
            tasks[number].pieces = first_after(tasks, number).map(|after| Pieces { each, after });
        }
    }
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
