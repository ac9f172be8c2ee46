//! Where threads must wait for each other, and the proof that they wait often enough.

use super::{Pieces, Task};
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
/// time; one that stands behind a later phase's; or a divided one that may be begun before what it depends on is
/// done. A plan that has one must not run.
pub(crate) fn races(tasks: &[Task], threads: usize) -> Option<usize> {
    (0..tasks.len()).find(|later| {
        let task = &tasks[*later];
        let bad = |earlier: &Task| {
            earlier.phase > task.phase
                || earlier.phase == task.phase && bond(earlier, task, threads) == Bond::Barrier
        };
        let too_soon = |pieces: &Pieces| {
            !alone(task, pieces.each * threads)
                || first_after(tasks, *later).is_none_or(|first| pieces.after < first)
        };
        !alone(task, threads)
            || tasks[..*later].iter().any(bad)
            || task.pieces.as_ref().is_some_and(too_soon)
    })
}

/// How many tasks all threads must have come past before pieces of a task may be taken, if it can have any.
///
/// It can if it has nothing to do with the other tasks of its phase: they run at the same time. Neither may it
/// depend on a divided one of the phase before, for a thread that waits at the end of that phase does not know
/// whether others still work on pieces.
pub(super) fn first_after(tasks: &[Task], number: usize) -> Option<usize> {
    let task = &tasks[number];
    let bound =
        |(other, one): &(usize, &Task)| *other != number && bond(one, task, 1) != Bond::None;
    let mut after = 0;
    for (other, one) in tasks.iter().enumerate().filter(bound) {
        let beside = one.phase == task.phase;
        let unknown = one.phase + 1 == task.phase && one.pieces.is_some();
        if beside || unknown {
            return None;
        }
        if one.phase < task.phase {
            after = after.max(other + 1);
        }
    }
    Some(after)
}

/// Whether the shares of a task, so many, touch nothing that another one changes.
fn alone(task: &Task, shares: usize) -> bool {
    let accesses = &task.accesses;
    accesses.iter().enumerate().all(|(i, one)| {
        let clash = |other: &Access| one.same_place(other) && (one.write || other.write);
        !accesses[..i].iter().any(clash) && !crosses(one, one, shares)
    })
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
