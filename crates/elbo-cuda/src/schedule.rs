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

    /// The launches, each with the numbers of earlier ones that it must wait for.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (&Work, Vec<usize>)> {
        let accesses: Vec<&Access> = self.launches.iter().map(|(_, access)| access).collect();
        self.launches.iter().map(|(work, _)| work).zip(waits(&accesses))
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

/// For each launch the earlier ones that it must wait for. What those wait for in turn is not named again.
fn waits(accesses: &[&Access]) -> Vec<Vec<usize>> {
    // For each launch, which come before it one way or another.
    let mut before: Vec<Vec<bool>> = Vec::with_capacity(accesses.len());
    let mut waits = Vec::with_capacity(accesses.len());
    for (number, access) in accesses.iter().enumerate() {
        let mut all = vec![false; number];
        let mut after = Vec::new();
        for earlier in (0..number).rev() {
            if !all[earlier] && access.conflicts(accesses[earlier]) {
                after.push(earlier);
                all[earlier] = true;
                all.iter_mut().zip(&before[earlier]).for_each(|(all, before)| *all |= before);
            }
        }
        before.push(all);
        waits.push(after);
    }
    waits
}

#[cfg(test)]
mod tests {
    use elbo_tensor::{Dtype, Id, Program, Tape, random::Stream};

    use super::*;

    /// Slots, which only a program can make.
    fn slots(count: usize) -> Vec<Slot> {
        let tape = Tape::new();
        let ids: Vec<Id> = (0..count).map(|_| tape.input(Dtype::F32, [1]).id()).collect();
        let mut program = Program::new(tape).unwrap();
        program.entry("slots", &ids, &[]).unwrap();
        ids.iter().map(|id| program.fixed(*id).unwrap().slot).collect()
    }

    fn access(reads: &[Slot], writes: &[Slot]) -> Access {
        Access { reads: reads.to_vec(), writes: writes.to_vec(), ..Access::default() }
    }

    fn waits_of(accesses: &[Access]) -> Vec<Vec<usize>> {
        waits(&accesses.iter().collect::<Vec<_>>())
    }

    #[test]
    fn readers_wait_for_the_writer_and_the_next_writer_for_the_readers() {
        let [a, b, c] = slots(3)[..] else { panic!("three slots") };
        let accesses =
            [access(&[], &[a]), access(&[a], &[b]), access(&[a], &[c]), access(&[], &[a])];
        assert_eq!(waits_of(&accesses), [vec![], vec![0], vec![0], vec![2, 1]]);
    }

    #[test]
    fn sums_wait_for_each_other() {
        let [a, b] = slots(2)[..] else { panic!("two slots") };
        let sum = |slot| Access { sums: true, ..access(&[], &[slot]) };
        assert_eq!(waits_of(&[sum(a), sum(b)]), [vec![], vec![0]]);
    }

    /// Any two that may not change places come one after the other, and no edge is there twice.
    #[test]
    fn every_conflict_is_kept_in_order_and_no_edge_is_for_nothing() {
        let slots = slots(12);
        for seed in 0..200 {
            let mut stream = Stream::new(seed, 0, 0);
            let mut some = |most| -> Vec<Slot> {
                (0..stream.below(most)).map(|_| slots[stream.below(12) as usize]).collect()
            };
            let accesses: Vec<Access> = (0..20).map(|_| access(&some(4), &some(3))).collect();
            let waits = waits_of(&accesses);
            let mut before = vec![vec![false; 20]; 20];
            for (number, after) in waits.iter().enumerate() {
                for earlier in after {
                    assert!(accesses[number].conflicts(&accesses[*earlier]));
                    assert!(!before[number][*earlier], "seed {seed}: {number} after {earlier}");
                    let theirs = before[*earlier].clone();
                    let mine = &mut before[number];
                    mine[*earlier] = true;
                    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine |= theirs);
                }
                for earlier in 0..number {
                    let kept = !accesses[number].conflicts(&accesses[earlier]);
                    assert!(kept || before[number][earlier], "seed {seed}: {number}, {earlier}");
                }
            }
        }
    }
}
