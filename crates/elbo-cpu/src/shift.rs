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
    /// After how many barriers the first thread to fail did so; `usize::MAX` where none has. A thread that
    /// has passed more than that stops: all of them do so after the same barrier.
    failed_after: AtomicUsize,
    fault: Mutex<Option<Error>>,
    seconds: Option<Mutex<&'a mut [f64]>>,
}

/// Where a thread is.
struct Walk {
    thread: usize,
    round: usize,
    phase: usize,
    /// Barriers passed.
    passed: usize,
    /// Whether nothing has failed. What comes after a fault is left out: it would work on what is not there.
    well: bool,
}

impl<'a> Shift<'a> {
    /// `seconds`: where the time that each call took goes, if anywhere.
    pub(crate) fn new(
        dispatch: Dispatch,
        plan: &'a Plan,
        table: Table<'a>,
        seconds: Option<&'a mut [f64]>,
    ) -> Self {
        plan.claims.reset();
        let (failed_after, fault) = (AtomicUsize::new(usize::MAX), Mutex::new(None));
        Self { dispatch, plan, table, failed_after, fault, seconds: seconds.map(Mutex::new) }
    }

    /// What went wrong first.
    pub(crate) fn fault(self) -> Option<Error> {
        self.fault.into_inner().unwrap_or_else(PoisonError::into_inner)
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
                self.plan.claims.note(thread, self.tasks_before(round) + number + 1);
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

    /// How many tasks a thread has done when it begins a round.
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
        let done = self.tasks_before(walk.round);
        let ready = |after: usize| {
            // In this order: who fails says so before it goes on.
            self.plan.claims.all_have_done(done.saturating_add(after))
                && self.failed_after.load(Ordering::Acquire) == usize::MAX
        };
        // The barrier may be passed by others meanwhile: a fault in the piece is one of the next phase.
        self.takes(walk, walk.phase + 1, walk.passed + 1, ready)
    }

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
            let near = (walk.thread, walk.round);
            if let Some(piece) = self.plan.claims.take(position, pieces.each, near) {
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
        // is taken by one thread a round (`Claims::take`): in its phase, or before it once all threads have
        // done the tasks that the plan names, and all pieces of a phase are done before any thread
        // leaves the barrier after it.
        let lent = unsafe { Lent::new(self.table, &task.accesses, member) };
        let done = catch_unwind(AssertUnwindSafe(|| run(self.dispatch, task, lent)));
        let op = self.plan.name(task);
        let fault = match done {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error,
            Err(_) => Error::Panicked { op },
        };
        let mut first = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(fault);
        self.failed_after.fetch_min(passed, Ordering::AcqRel);
        false
    }
}

#[cfg(test)]
mod tests {
    use elbo_tensor::{Backend, Data, DataMut, Memory, Op, Program, Slot, SlotInfo, Tape};

    use crate::{
        Buffer, Cpu, Error, Level, Recorded,
        plan::{Pieces, Plan, Task, Work, races},
    };

    const ROUNDS: usize = 9;
    const SHAPE: [usize; 2] = if cfg!(miri) { [18, 2] } else { [192, 100] };
    const REPEATS: usize = if cfg!(miri) { 1 } else { 100 };
    const TEAMS: &[usize] = if cfg!(miri) { &[2] } else { &[2, 3, 5] };

    /// A total that is put into two logs in each round, the second one as a task in pieces, of a phase of its own.
    struct Logs {
        cpu: Cpu,
        program: Program,
        memory: Memory<Buffer>,
        recorded: Recorded,
        count: Slot,
        slots: [Slot; 2],
    }

    impl Logs {
        fn new(threads: usize, lens: [usize; 2]) -> Self {
            let tape = Tape::new();
            let count = tape.counter();
            let logs = lens.map(|len| tape.parameter([len]));
            let x = tape.parameter(SHAPE) + 1.0;
            let (total, busy) = (x.square().sum(), x.matmul_transposed(x));
            let updates = [logs[0].put(total, count), logs[1].put(total, count), count.advance(1)];
            let updates = updates.map(elbo_tensor::Var::id);
            let outputs = [total.id(), busy.id()];
            let mut program = Program::new(tape).unwrap();
            let entry = program.entry("log", &outputs, &updates).unwrap();
            let cpu = Cpu::with_level(threads, Level::Avx512).unwrap();
            let alloc = |slot: &SlotInfo| cpu.alloc(slot.dtype, slot.len).unwrap();
            let mut memory = Memory::new(program.slots().iter().map(alloc).collect());
            let mut recorded = cpu.record(program.planned(entry), &mut memory).unwrap();
            let puts: Vec<_> =
                program.planned(entry).calls().iter().filter(|call| call.op == Op::Put).collect();
            let (count, slots) = (puts[0].args[2].slot, [0, 1].map(|log| puts[log].out.slot));
            divide_the_last_put(&mut recorded.0);
            Self { cpu, program, memory, recorded, count, slots }
        }

        /// Runs all rounds, from a count of zero.
        fn run(&mut self) -> Result<(), Error> {
            let count = self.memory.get_mut(self.count).unwrap();
            self.cpu.write(count, Data::U32(&[0])).unwrap();
            let entry = self.program.find("log").unwrap();
            let entry = self.program.planned(entry);
            self.cpu.replay(entry, &self.recorded, &mut self.memory, ROUNDS)
        }

        fn count(&self) -> u32 {
            let mut count = [0];
            let buffer = self.memory.get(self.count).unwrap();
            self.cpu.read(buffer, DataMut::U32(&mut count)).unwrap();
            count[0]
        }

        /// How many places of a log are not empty; empties them.
        fn written(&mut self, log: usize) -> usize {
            let buffer = self.memory.get_mut(self.slots[log]).unwrap();
            let mut values = vec![0.0; buffer.as_f32().unwrap().most()];
            self.cpu.read(buffer, DataMut::F32(&mut values)).unwrap();
            let written = values.iter().filter(|value| **value > 0.0).count();
            values.fill(0.0);
            self.cpu.write(buffer, Data::F32(&values)).unwrap();
            written
        }
    }

    /// Gives the last put a phase of its own, in pieces that may be taken once the first one is done. A product
    /// comes after that, so that threads that are through with it wait for slower ones.
    fn divide_the_last_put(plan: &mut Plan) {
        let is_product = |task: &Task| matches!(task.work, Work::Op(Op::MatMul { .. }));
        plan.tasks.sort_by_key(|task| (task.phase, is_product(task)));
        let is_put = |number: &usize| plan.tasks[*number].work == Work::Op(Op::Put);
        let puts: Vec<_> = (0..plan.tasks.len()).filter(is_put).collect();
        let [first, last] = puts[..] else { panic!("{puts:?}") };
        for task in &mut plan.tasks {
            task.phase += if matches!(task.work, Work::Op(Op::Advance(_))) { 2 } else { 0 };
        }
        let mut put = plan.tasks.remove(last);
        put.phase += 1;
        put.pieces = Some(Pieces { each: 2, after: first + 1 });
        plan.tasks.push(put);
        plan.tasks.sort_by_key(|task| task.phase);
        plan.make_claims();
        assert_eq!(races(&plan.tasks, plan.threads), None);
    }

    #[test]
    fn a_fault_in_a_piece_taken_early_or_not_stops_all_threads_at_one_barrier() {
        for threads in TEAMS {
            let mut logs = Logs::new(*threads, [ROUNDS, 3]);
            for _ in 0..REPEATS {
                let error = logs.run().unwrap_err();
                assert!(matches!(error, Error::Log { index: 3, len: 3 }), "{error}");
                assert_eq!((logs.count(), logs.written(0), logs.written(1)), (3, 4, 3));
            }
        }
    }

    #[test]
    fn no_piece_is_taken_early_once_something_has_failed() {
        for threads in TEAMS {
            let mut logs = Logs::new(*threads, [3, ROUNDS]);
            for _ in 0..REPEATS {
                let error = logs.run().unwrap_err();
                assert!(matches!(error, Error::Log { index: 3, len: 3 }), "{error}");
                assert_eq!((logs.count(), logs.written(0), logs.written(1)), (3, 3, 3));
            }
        }
    }

    #[test]
    fn pieces_are_done_once_a_round() {
        for threads in TEAMS {
            let mut logs = Logs::new(*threads, [ROUNDS, ROUNDS]);
            for _ in 0..REPEATS {
                logs.run().unwrap();
                assert_eq!((logs.count(), logs.written(0), logs.written(1)), (9, 9, 9));
            }
        }
    }
}
