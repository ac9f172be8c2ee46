//! One run of a plan: every thread walks its tasks, waits where the plan says so, and takes pieces of divided
//! tasks where it would wait.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use crate::{
    Error,
    claims::Claims,
    dispatch::Dispatch,
    lending::{Lent, Table},
    plan::{Plan, Task},
    run::run,
    team::Barrier,
};

/// One run of a plan, as its threads see it.
pub(crate) struct Shift<'a> {
    dispatch: Dispatch,
    plan: &'a Plan,
    table: Table<'a>,
    claims: &'a Claims,
    /// After how many barriers the first thread to fail did so; `usize::MAX` where none has. A thread that
    /// has passed more than that stops: all of them do so after the same barrier.
    failed_after: AtomicUsize,
    /// The first fault in the order of phases, and after how many barriers it came.
    fault: Mutex<Option<(usize, Error)>>,
    seconds: Option<Mutex<&'a mut [f64]>>,
}

/// Where a thread is.
#[derive(Debug)]
struct Walk {
    thread: usize,
    round: usize,
    phase: usize,
    /// Barriers passed.
    passed: usize,
    /// Whether nothing that the thread did has failed. It leaves out what comes after: it would work on what is
    /// not there.
    well: bool,
}

impl<'a> Shift<'a> {
    /// `seconds`: where the time that each call took goes, if anywhere.
    pub(crate) fn new(
        dispatch: Dispatch,
        plan: &'a Plan,
        table: Table<'a>,
        claims: &'a Claims,
        seconds: Option<&'a mut [f64]>,
    ) -> Self {
        let (failed_after, fault) = (AtomicUsize::new(usize::MAX), Mutex::new(None));
        Self {
            dispatch,
            plan,
            table,
            claims,
            failed_after,
            fault,
            seconds: seconds.map(Mutex::new),
        }
    }

    /// What went wrong, of all that did the first in the order of phases.
    pub(crate) fn fault(self) -> Option<Error> {
        let fault = self.fault.into_inner().unwrap_or_else(PoisonError::into_inner);
        fault.map(|(_, error)| error)
    }

    /// A thread's part of so many rounds.
    pub(crate) fn work(&self, thread: usize, barrier: &Barrier, times: usize) {
        let mut walk = Walk { thread, round: 0, phase: 0, passed: 0, well: true };
        for round in 0..times {
            (walk.round, walk.phase) = (round, 0);
            for (number, task) in self.plan.tasks.iter().enumerate() {
                // Timed, every task has a phase of its own: no call pays for another's delay.
                if (task.phase != walk.phase || self.seconds.is_some())
                    && self.stops_at(barrier, &mut walk)
                {
                    return;
                }
                walk.phase = task.phase;
                let stops = match &self.seconds {
                    Some(seconds) => self.timed(task, barrier, &mut walk, seconds),
                    None => {
                        if task.pieces.is_none() {
                            self.part(task, &mut walk);
                        }
                        false
                    }
                };
                if stops {
                    return;
                }
                self.claims.note(thread, self.tasks_before(round) + number + 1);
            }
            if self.stops_at(barrier, &mut walk) {
                return;
            }
        }
    }

    /// Does the thread's part of a task and notes how long all threads took. Returns whether to stop.
    fn timed(
        &self,
        task: &Task,
        barrier: &Barrier,
        walk: &mut Walk,
        seconds: &Mutex<&mut [f64]>,
    ) -> bool {
        let start = Instant::now();
        self.part(task, walk);
        if self.stops_at(barrier, walk) {
            return true;
        }
        if walk.thread == 0 {
            let mut seconds = seconds.lock().unwrap_or_else(PoisonError::into_inner);
            seconds[task.call] += start.elapsed().as_secs_f64();
        }
        false
    }

    /// How many tasks a thread has come past when it begins a round.
    fn tasks_before(&self, round: usize) -> usize {
        round * self.plan.tasks.len()
    }

    /// Does what pieces are left of this phase, then waits for the other threads. Returns whether one of
    /// them had failed before.
    fn stops_at(&self, barrier: &Barrier, walk: &mut Walk) -> bool {
        while self.takes_piece(walk) {}
        barrier.wait_and(|| self.takes_next_piece(walk));
        walk.passed += 1;
        // A thread that has failed since has passed as many barriers as this one.
        self.failed_after.load(Ordering::Acquire) < walk.passed
    }

    /// Takes a piece of this phase and does it. Returns whether there was one.
    fn takes_piece(&self, walk: &mut Walk) -> bool {
        self.takes(walk, walk.phase, walk.passed, |_| true)
    }

    /// Takes a piece of the next phase that needs nothing more of this one. Returns whether there was one.
    fn takes_next_piece(&self, walk: &mut Walk) -> bool {
        let before = self.tasks_before(walk.round);
        let ready = |after| {
            // In this order: who fails says so before it goes on.
            self.claims.all_are_past(before + after)
                && self.failed_after.load(Ordering::Acquire) == usize::MAX
        };
        // The barrier may be passed by others meanwhile: a fault in the piece is one of the next phase.
        self.takes(walk, walk.phase + 1, walk.passed + 1, ready)
    }

    /// Takes a piece of a phase whose task is ready, given after how many tasks of all threads it may be. A fault
    /// comes after `passed` barriers.
    fn takes(
        &self,
        walk: &mut Walk,
        phase: usize,
        passed: usize,
        ready: impl Fn(usize) -> bool,
    ) -> bool {
        if !walk.well || self.seconds.is_some() {
            return false;
        }
        for (position, number) in self.plan.divided.iter().enumerate() {
            let task = &self.plan.tasks[*number];
            let Some(pieces) = task.pieces else { continue };
            if task.phase != phase || !ready(pieces.after) {
                continue;
            }
            let taken = self.claims.take(position, pieces.each, (walk.thread, walk.round));
            if let Some(piece) = taken {
                let member = (piece, pieces.each * self.plan.threads);
                walk.well = self.share(task, member, passed);
                return true;
            }
        }
        false
    }

    /// Does the thread's part of a task, if all is well.
    fn part(&self, task: &Task, walk: &mut Walk) {
        let member = (walk.thread, self.plan.threads);
        walk.well = walk.well && self.share(task, member, walk.passed);
    }

    /// Does a share of a task, number `member.0` of `member.1`. Returns whether that went well: a fault is
    /// noted, and stops all threads at the barrier after so many.
    #[allow(unsafe_code)]
    fn share(&self, task: &Task, member: (usize, usize), passed: usize) -> bool {
        // SAFETY: `plan` has refused races for `plan.threads`, which is how many the team has (`Cpu::run`
        // compares). A thread walks the tasks in order, one at a time, past a barrier wherever the phase
        // changes; and all stop at the same barrier, so they never stand at two different ones. A piece
        // is taken by one thread a round (`Claims::take`): in its phase, or while the thread waits for that,
        // once all threads are past the tasks that it depends on (`phases::first_after`) and none has failed.
        // Whoever has taken a piece is done with it before it arrives at the barrier after its phase.
        let lent = unsafe { Lent::new(self.table, &task.accesses, member) };
        let done = catch_unwind(AssertUnwindSafe(|| run(self.dispatch, task, lent)));
        let op = self.plan.name(task);
        let fault = match done {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error,
            Err(_) => Error::Panicked { op },
        };
        let mut first = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|(after, _)| passed < *after) {
            *first = Some((passed, fault));
        }
        self.failed_after.fetch_min(passed, Ordering::AcqRel);
        false
    }
}

#[cfg(test)]
mod tests;
