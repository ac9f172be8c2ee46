//! Which calls of an entry share a launch, and which launches must wait for which.

use elbo_tensor::{Call, Op, Slot};

use crate::{buffer::Address, work::Work};

/// The slots that some calls read and write.
#[derive(Clone, Debug, Default)]
struct Access {
    reads: Vec<Slot>,
    writes: Vec<Slot>,
    /// Read at other places than those that the same thread writes.
    elsewhere: Vec<Slot>,
    /// The place for partial sums that they need.
    ticket: Option<Address>,
}

impl Access {
    fn of(call: &Call, work: &Work) -> Self {
        let slot = |position: &usize| call.args[*position].slot;
        let writes = match call.op.changes() {
            [] => vec![call.out.slot],
            changes => changes.iter().map(slot).collect(),
        };
        let reads: Vec<Slot> = call.args.iter().map(|operand| operand.slot).collect();
        let args = |positions: &[usize]| -> Vec<Slot> {
            positions.iter().filter_map(|i| call.args.get(*i)).map(|arg| arg.slot).collect()
        };
        let elsewhere = match work {
            Work::Elementwise { elsewhere, .. } => elsewhere.iter().copied().collect(),
            // The third argument is a bias, or a mask, which is read where a sum is written.
            Work::Product(..) if matches!(call.op, Op::MatMulReluGrad { .. }) => args(&[0, 1]),
            // Step and rate.
            Work::Adam(_) => args(&[4, 5]),
            _ => Vec::clone(&reads),
        };
        let ticket = match work {
            Work::Sum(sum, _) => Some(sum.ticket()),
            _ => None,
        };
        Self { reads, writes, elsewhere, ticket }
    }

    /// Whether the two may not change places.
    fn conflicts(&self, other: &Self) -> bool {
        self.ticket.is_some() && self.ticket == other.ticket
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
    /// Adds a call: to the last launch that it may join, else as a launch of its own. What moves counters
    /// joins the first, so that it waits for as little as it can.
    pub(crate) fn add(&mut self, call: &Call, work: Work) {
        let access = Access::of(call, &work);
        let mut numbers = 0..self.launches.len();
        let joined = match work {
            Work::Notes(_) => numbers.any(|number| self.join(number, &work, &access)),
            _ => numbers.rev().any(|number| self.join(number, &work, &access)),
        };
        if !joined {
            self.launches.push((work, access));
        }
    }

    /// The launches, `times` times over, each with the numbers of earlier ones that it must wait for.
    pub(crate) fn in_order(&self, times: usize) -> impl Iterator<Item = (&Work, Vec<usize>)> {
        let accesses: Vec<&Access> = self.launches.iter().map(|(_, access)| access).collect();
        let works = (0..times).flat_map(|_| &self.launches).map(|(work, _)| work);
        works.zip(waits(&accesses, times))
    }

    /// Lets a call join a launch, if nothing in between keeps the call from moving up to it, or the launch
    /// from moving down to the call.
    fn join(&mut self, index: usize, work: &Work, access: &Access) -> bool {
        let (before, after) = self.launches.split_at_mut(index + 1);
        let Some((launch, accessed)) = before.last_mut() else { return false };
        let up = after.iter().all(|(_, between)| !between.conflicts(access));
        let down = sinks(work) && after.iter().all(|(_, between)| !between.conflicts(accessed));
        if !(up || down) || !may_share(launch, work, accessed, access) || !append(launch, work) {
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

/// Whether a launch of such work may wait for more than it has to, so that a call can join it. Counters that the next
/// step reads first, and large updates, are to begin when they can.
const fn sinks(work: &Work) -> bool {
    !matches!(work, Work::Notes(_) | Work::AdamProduct(..))
}

/// Whether a call may run in the same launch as others that come before it.
fn may_share(launch: &Work, work: &Work, earlier: &Access, later: &Access) -> bool {
    let apart = !meet(&later.elsewhere, &earlier.writes);
    match (launch, work) {
        // A thread does all that is to be done for its values, in order. Only what others write must be left alone.
        (Work::Product(..), Work::Product(..))
        | (
            Work::Elementwise { .. } | Work::Product(..) | Work::Sum(..),
            Work::Elementwise { .. },
        ) => apart && !meet(&earlier.elsewhere, &later.writes),
        // The thread that has a sum takes the step that the sum is for. Nothing else of it may concern the launch.
        (Work::SumRows(_), Work::Adam(_)) => {
            apart && !meet(&later.writes, &earlier.reads) && !meet(&later.writes, &earlier.writes)
        }
        // All notes read before one is written: the later one must not need what the earlier one writes.
        (Work::Notes(_), Work::Notes(_)) => {
            !meet(&later.reads, &earlier.writes) && !meet(&later.writes, &earlier.writes)
        }
        _ => !earlier.conflicts(later),
    }
}

/// Puts a call's work into a launch of its kind, or of one that can take it along, if that has room.
fn append(launch: &mut Work, work: &Work) -> bool {
    match (launch, work) {
        (Work::Elementwise { run, .. }, Work::Elementwise { run: other, .. }) => run.append(other),
        (Work::Product(products, ..), Work::Elementwise { run, .. }) => products.append_step(run),
        (Work::Sum(sum, _), Work::Elementwise { run, .. }) => sum.append(run),
        (Work::Product(products, sums, _), Work::Product(other, others, _)) => {
            sums == others && products.append(other)
        }
        (Work::AdamProduct(products, sums), Work::AdamProduct(other, others)) => {
            sums == others && products.append(other, *sums)
        }
        (Work::SumRows(sums), Work::SumRows(other)) => sums.append(other),
        (Work::SumRows(sums), Work::Adam(tensors)) => sums.append_adam(tensors),
        (Work::Adam(tensors), Work::Adam(other)) => tensors.append(other),
        (Work::Notes(notes), Work::Notes(other)) => notes.append(other),
        _ => false,
    }
}

/// For each launch, of `times` rounds of them, the earlier ones that it must wait for. What those wait for in turn is
/// not named again.
fn waits(accesses: &[&Access], times: usize) -> Vec<Vec<usize>> {
    let round = accesses.len();
    let conflicts: Vec<Vec<bool>> = accesses
        .iter()
        .map(|access| accesses.iter().map(|other| access.conflicts(other)).collect())
        .collect();
    // For each launch, which come before it one way or another.
    let mut before: Vec<Vec<bool>> = Vec::with_capacity(round * times);
    let mut waits = Vec::with_capacity(round * times);
    for number in 0..round * times {
        let mut all = vec![false; number];
        let mut after = Vec::new();
        for earlier in (0..number).rev() {
            if !all[earlier] && conflicts[number % round][earlier % round] {
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
        waits(&accesses.iter().collect::<Vec<_>>(), 1)
    }

    #[test]
    fn readers_wait_for_the_writer_and_the_next_writer_for_the_readers() {
        let [a, b, c] = slots(3)[..] else { panic!("three slots") };
        let accesses =
            [access(&[], &[a]), access(&[a], &[b]), access(&[a], &[c]), access(&[], &[a])];
        assert_eq!(waits_of(&accesses), [vec![], vec![0], vec![0], vec![2, 1]]);
    }

    #[test]
    fn sums_in_one_place_wait_for_each_other() {
        let [a, b, c] = slots(3)[..] else { panic!("three slots") };
        let sum = |slot, place| Access { ticket: Some(place), ..access(&[], &[slot]) };
        assert_eq!(waits_of(&[sum(a, 8), sum(b, 8), sum(c, 9)]), [vec![], vec![0], vec![]]);
    }

    /// What a round leaves to the next is waited for as within a round, and a round does not wait for all of the last.
    #[test]
    fn rounds_wait_for_what_they_need_of_the_last() {
        let [a, b, c] = slots(3)[..] else { panic!("three slots") };
        let round = [access(&[], &[a]), access(&[a], &[b]), access(&[], &[c])];
        let waits = waits(&round.iter().collect::<Vec<_>>(), 2);
        assert_eq!(waits, [vec![], vec![0], vec![], vec![1], vec![3], vec![2]]);
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
