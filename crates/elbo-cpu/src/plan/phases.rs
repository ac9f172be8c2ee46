//! Where threads must wait for each other, and the proof that they wait often enough.

use super::{Task, pieces};
use crate::{layout::Region, lending::Access};

/// What two tasks have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    /// They may run in any order.
    None,
    /// Each thread only depends on itself: the order is enough.
    Order,
    /// A thread depends on what another one did: a barrier must stand between.
    Barrier,
}

/// Gives each task the earliest phase that it may run in, and sorts tasks by phase.
pub(super) fn assign(tasks: &mut [Task], threads: usize) {
    for later in 0..tasks.len() {
        let phase = (0..later).map(|earlier| match bond(&tasks[earlier], &tasks[later], threads) {
            Bond::None => 0,
            Bond::Order => tasks[earlier].phase,
            Bond::Barrier => tasks[earlier].phase + 1,
        });
        tasks[later].phase = phase.max().unwrap_or(0);
    }
    tasks.sort_by_key(|task| task.phase);
}

/// A task that touches what another one of its phase, or itself in another place, changes at the same
/// time; or a divided one that may be begun before what it depends on is done. A plan that has one must not run.
pub(crate) fn races(tasks: &[Task], threads: usize) -> Option<usize> {
    (0..tasks.len()).find(|later| {
        let task = &tasks[*later];
        let crossed = |earlier: &Task| bond(earlier, task, threads) == Bond::Barrier;
        let shares = task.pieces.map_or(threads, |pieces| pieces.each * threads);
        !alone(task, threads)
            || !alone(task, shares)
            || tasks[..*later].iter().any(|earlier| earlier.phase >= task.phase && crossed(earlier))
            || task.pieces.is_some_and(|pieces| {
                let first = pieces::first_after(tasks, *later);
                first.is_none_or(|first| pieces.after < first)
            })
    })
}

/// Whether the shares of a task, so many, touch nothing that another one changes.
fn alone(task: &Task, shares: usize) -> bool {
    let accesses = &task.accesses;
    accesses.iter().enumerate().all(|(i, one)| {
        let clash = |other: &Access| one.same_place(other) && (one.write || other.write);
        !accesses[..i].iter().any(clash) && !crosses(one, one, shares)
    })
}

/// Whether two tasks have nothing to do with each other.
pub(super) fn apart(one: &Task, other: &Task) -> bool {
    bond(one, other, 1) == Bond::None
}

fn bond(earlier: &Task, later: &Task, threads: usize) -> Bond {
    let mut bond = Bond::None;
    for one in &earlier.accesses {
        for other in &later.accesses {
            if one.same_place(other) && (one.write || other.write) {
                let crossed = crosses(one, other, threads);
                bond = bond.max(if crossed { Bond::Barrier } else { Bond::Order });
            }
        }
    }
    bond
}

/// Whether a thread touches what another one does. Only asked where one of them writes, or of
/// an access and itself, where only a writing one counts.
fn crosses(one: &Access, other: &Access, threads: usize) -> bool {
    if std::ptr::eq(one, other) && !one.write {
        return false;
    }
    let alike = one.kind == other.kind;
    if alike && one.split == other.split && one.split != crate::layout::Split::Whole {
        return false;
    }
    let regions = |access: &Access| -> Vec<Region> {
        (0..threads).map(|thread| access.region((thread, threads))).collect()
    };
    let (ones, others) = (regions(one), regions(other));
    // Regions of two layouts cannot be compared: any two are taken to meet.
    let meets = |a: &Region, b: &Region| match alike {
        true => a.meets(*b),
        false => !a.is_empty() && !b.is_empty(),
    };
    ones.iter()
        .enumerate()
        .any(|(i, a)| others.iter().enumerate().any(|(j, b)| i != j && meets(a, b)))
}
