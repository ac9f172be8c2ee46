//! Which calls of an entry share a launch, and which launches must wait for which.

use elbo_tensor::{Call, Slot};

use crate::work::Work;

/// The slots that some calls read and write.
#[derive(Clone, Debug, Default)]
struct Access {
    reads: Vec<Slot>,
    writes: Vec<Slot>,
    /// Read at other places than those that the same thread writes.
    elsewhere: Vec<Slot>,
    /// Whether they need the one place for partial sums.
    sums: bool,
}

impl Access {
    fn of(call: &Call, work: &Work) -> Self {
        let slot = |position: &usize| call.args[*position].slot;
        let writes = match call.op.changes() {
            [] => vec![call.out.slot],
            changes => changes.iter().map(slot).collect(),
        };
        let reads = call.args.iter().map(|operand| operand.slot).collect();
        let elsewhere = match work {
            Work::Elementwise { elsewhere, .. } => elsewhere.iter().copied().collect(),
            _ => Vec::new(),
        };
        Self { reads, writes, elsewhere, sums: matches!(work, Work::Sum(..)) }
    }

    /// Whether the two may not change places.
    fn conflicts(&self, other: &Self) -> bool {
        self.sums && other.sums
            || meet(&self.writes, &other.writes)
            || meet(&self.writes, &other.reads)
            || meet(&self.reads, &other.writes)
    }

    fn join(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.elsewhere.extend(other.elsewhere);
    }
}

fn meet(some: &[Slot], others: &[Slot]) -> bool {
    some.iter().any(|slot| others.contains(slot))
}

/// Launches in the making.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    launches: Vec<(Work, Access)>,
}

impl Schedule {
    /// Adds a call: to the last launch that it may join, else as a launch of its own.
    pub(crate) fn add(&mut self, call: &Call, work: Work) {
        let access = Access::of(call, &work);
        for index in (0..self.launches.len()).rev() {
            if self.join(index, &work, &access) {
                return;
            }
        }
        self.launches.push((work, access));
    }

    /// The launches, each with the numbers of earlier ones that it must wait for. What those wait for in turn
    /// is not named again.
    pub(crate) fn in_order(&self) -> Vec<(&Work, Vec<usize>)> {
        // For each launch, which come before it one way or another.
        let mut before: Vec<Vec<bool>> = Vec::with_capacity(self.launches.len());
        let mut ordered = Vec::with_capacity(self.launches.len());
        for (number, (work, access)) in self.launches.iter().enumerate() {
            let mut all = vec![false; number];
            let mut after = Vec::new();
            for earlier in (0..number).rev() {
                if !all[earlier] && access.conflicts(&self.launches[earlier].1) {
                    after.push(earlier);
                    all[earlier] = true;
                    all.iter_mut().zip(&before[earlier]).for_each(|(all, before)| *all |= before);
                }
            }
            before.push(all);
            ordered.push((work, after));
        }
        ordered
    }

    /// Lets a call join a launch, if nothing in between keeps the call from moving up to it, or the launch
    /// from moving down to the call.
    fn join(&mut self, index: usize, work: &Work, access: &Access) -> bool {
        let (before, after) = self.launches.split_at_mut(index + 1);
        let Some((launch, accessed)) = before.last_mut() else { return false };
        let up = after.iter().all(|(_, between)| !between.conflicts(access));
        let down = after.iter().all(|(_, between)| !between.conflicts(accessed));
        if !(up || down) || !may_share(launch, accessed, access) || !append(launch, work) {
            return false;
        }
        accessed.join(access.clone());
        if !up {
            let joined = self.launches.remove(index);
            self.launches.push(joined);
        }
        true
    }
}

/// Whether a call may run in the same launch as others that come before it.
fn may_share(launch: &Work, earlier: &Access, later: &Access) -> bool {
    match launch {
        // A thread does all steps for its values, in order. Only what others write must be left alone.
        Work::Elementwise { .. } => {
            !meet(&later.elsewhere, &earlier.writes) && !meet(&earlier.elsewhere, &later.writes)
        }
        // All notes read before one is written: the later one must not need what the earlier one writes.
        Work::Notes(_) => {
            !meet(&later.reads, &earlier.writes) && !meet(&later.writes, &earlier.writes)
        }
        _ => !earlier.conflicts(later),
    }
}

/// Puts a call's work into a launch of its kind, if that has room.
fn append(launch: &mut Work, work: &Work) -> bool {
    match (launch, work) {
        (Work::Elementwise { run, .. }, Work::Elementwise { run: other, .. }) => run.append(other),
        (Work::Adam(tensors), Work::Adam(other)) => tensors.append(other),
        (Work::Notes(notes), Work::Notes(other)) => notes.append(other),
        _ => false,
    }
}
