//! What threads tell each other in the course of a run: how far each is, and which pieces of divided tasks are taken.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aligned::LINE;

/// A number in a cache line of its own: threads that write others must not slow down who reads it.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line(AtomicUsize);

const _: () = assert!(align_of::<Line>() == LINE);

/// Counters of a run. None goes back in its course, so no thread can mistake one round for another.
#[derive(Debug)]
pub(crate) struct Claims {
    /// For each thread: how many tasks it has come past.
    past: Vec<Line>,
    /// For each divided task, and each thread: how many of the pieces near that thread are taken.
    taken: Vec<Line>,
}

impl Claims {
    pub(crate) fn new(threads: usize) -> Self {
        Self { past: lines(threads), taken: Vec::new() }
    }

    /// Makes room for so many divided tasks.
    pub(crate) fn reserve(&mut self, divided: usize) {
        let more = (divided * self.past.len()).saturating_sub(self.taken.len());
        self.taken.extend(lines(more));
    }

    /// Begins a run of a plan with so many divided tasks.
    pub(crate) fn begin(&mut self, divided: usize) {
        self.reserve(divided);
        for line in self.past.iter_mut().chain(&mut self.taken) {
            *line.0.get_mut() = 0;
        }
    }

    /// A thread has come past so many tasks: it has done its part of them, unless it has failed or they are divided.
    pub(crate) fn note(&self, thread: usize, tasks: usize) {
        self.past[thread].0.store(tasks, Ordering::Release);
    }

    /// Whether every thread has come past so many tasks. If so, this thread sees what they wrote until then.
    pub(crate) fn all_are_past(&self, tasks: usize) -> bool {
        self.past.iter().all(|line| line.0.load(Ordering::Acquire) >= tasks)
    }

    /// Takes a piece of a divided task that has `each` for each thread, in a thread's round: one of those near it as long
    /// as there are some, then of others'. Each piece is taken once a round.
    pub(crate) fn take(
        &self,
        divided: usize,
        each: usize,
        (thread, round): (usize, usize),
    ) -> Option<usize> {
        let threads = self.past.len();
        let (first, end) = (round * each, (round + 1) * each);
        (0..threads).map(|further| (thread + further) % threads).find_map(|near| {
            let count = &self.taken[divided * threads + near].0;
            // Relaxed: that a piece is taken once is all that this says. What it works on is there because of
            // `all_are_past` or of a barrier.
            let more = |count| (count < end).then_some(count + 1);
            let before = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
            Some(near * each + (before - first))
        })
    }
}

fn lines(count: usize) -> Vec<Line> {
    std::iter::repeat_with(Line::default).take(count).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Barrier, Mutex},
    };

    use super::*;

    #[test]
    fn a_thread_takes_the_pieces_near_it_first_and_each_round_has_all_again() {
        let mut claims = Claims::new(3);
        claims.begin(2);
        for round in 0..2 {
            let taken: Vec<_> = std::iter::from_fn(|| claims.take(1, 2, (1, round))).collect();
            assert_eq!(taken, [2, 3, 4, 5, 0, 1]);
            assert_eq!(claims.take(1, 2, (0, round)), None);
            assert_eq!(claims.take(0, 1, (2, round)), Some(2), "another task's are its own");
        }
        claims.begin(1);
        assert_eq!(claims.take(1, 2, (0, 0)), Some(0));
    }

    #[test]
    fn every_piece_goes_to_one_thread() {
        const THREADS: usize = 4;
        const EACH: usize = 3;
        let rounds = if cfg!(miri) { 3 } else { 200 };
        let mut claims = Claims::new(THREADS);
        claims.begin(1);
        let (barrier, all) = (Barrier::new(THREADS), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (claims, barrier, all) = (&claims, &barrier, &all);
                scope.spawn(move || {
                    for round in 0..rounds {
                        while let Some(piece) = claims.take(0, EACH, (thread, round)) {
                            all.lock().unwrap().push((round, piece));
                        }
                        barrier.wait();
                    }
                });
            }
        });
        let all = all.into_inner().unwrap();
        assert_eq!(all.len(), rounds * THREADS * EACH);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn all_are_past_what_the_slowest_is_past() {
        let claims = Claims::new(2);
        claims.note(0, 5);
        assert!(claims.all_are_past(0) && !claims.all_are_past(1));
        claims.note(1, 3);
        assert!(claims.all_are_past(3) && !claims.all_are_past(4));
    }
}
