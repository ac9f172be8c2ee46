//! What a run does with pieces, and with faults in them.

use elbo_tensor::{Backend, Data, DataMut, Memory, Op, Program, Slot, SlotInfo, Tape};

use super::*;
use crate::{
    Buffer, Cpu, Level, Recorded,
    lending::Places,
    plan::{Pieces, Work, races},
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

    fn set_count(&mut self, count: u32) {
        let buffer = self.memory.get_mut(self.count).unwrap();
        self.cpu.write(buffer, Data::U32(&[count])).unwrap();
    }

    /// Has one thread be a thread of a run, before the barrier that stands before the pieces.
    fn with_shift(&mut self, then: impl FnOnce(&Shift<'_>, Walk)) {
        let (mut places, mut claims) = (Places::default(), Claims::new(self.cpu.threads()));
        let plan = &self.recorded.0;
        let [divided] = plan.divided[..] else { panic!("{:?}", plan.divided) };
        claims.begin(1);
        let table = places.borrow(&mut self.memory, plan.slots.iter().copied());
        let shift = Shift::new(self.cpu.dispatch(), plan, table, &claims, None);
        let phase = plan.tasks[divided].phase - 1;
        then(&shift, Walk { thread: 0, round: 0, phase, passed: phase, well: true });
    }

    /// Runs all rounds, from a count of zero.
    fn run(&mut self) -> Result<(), Error> {
        self.set_count(0);
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
    plan.list_divided();
    assert_eq!(races(&plan.tasks, plan.threads), None);
}

/// Logs of such lengths, one of which has no fourth place: what has been written after every thread has stopped.
fn stops_in_the_fourth_round(lens: [usize; 2], written: (usize, usize)) {
    for threads in TEAMS {
        let mut logs = Logs::new(*threads, lens);
        for _ in 0..REPEATS {
            let error = logs.run().unwrap_err();
            assert!(matches!(error, Error::Log { index: 3, len: 3 }), "{error}");
            assert_eq!((logs.count(), (logs.written(0), logs.written(1))), (3, written));
        }
    }
}

#[test]
fn a_fault_in_a_piece_taken_early_or_not_stops_all_threads_at_one_barrier() {
    stops_in_the_fourth_round([ROUNDS, 3], (4, 3));
}

#[test]
fn no_piece_is_taken_early_once_something_has_failed() {
    stops_in_the_fourth_round([3, ROUNDS], (3, 3));
}

#[test]
fn pieces_are_done_once_a_round() {
    for threads in TEAMS {
        let mut logs = Logs::new(*threads, [ROUNDS, ROUNDS]);
        for _ in 0..REPEATS {
            logs.run().unwrap();
            let written = (logs.written(0), logs.written(1));
            assert_eq!((logs.count() as usize, written), (ROUNDS, (ROUNDS, ROUNDS)));
        }
    }
}

/// The divided task of a run.
fn divided<'p>(shift: &Shift<'p>) -> &'p Task {
    &shift.plan.tasks[shift.plan.divided[0]]
}

#[test]
fn a_piece_is_taken_early_once_all_threads_are_past_what_it_needs_and_none_has_failed() {
    Logs::new(2, [ROUNDS, ROUNDS]).with_shift(|shift, mut walk| {
        let Pieces { after, each } = divided(shift).pieces.unwrap();
        shift.claims.note(0, after);
        shift.claims.note(1, after - 1);
        assert!(!shift.takes_next_piece(&mut walk), "a thread is behind");
        shift.claims.note(1, after);
        shift.failed_after.store(walk.passed, Ordering::Relaxed);
        assert!(!shift.takes_next_piece(&mut walk), "a thread has failed");
        shift.failed_after.store(usize::MAX, Ordering::Relaxed);
        assert!((0..2 * each).all(|_| shift.takes_next_piece(&mut walk)), "{walk:?}");
        assert!(!shift.takes_next_piece(&mut walk), "there are no more");
        (walk.phase, walk.round) = (walk.phase + 1, 1);
        assert!(shift.takes_piece(&mut walk), "the next round has some again");
    });
}

#[test]
fn a_fault_in_an_early_piece_is_one_of_the_next_phase_and_one_of_this_phase_comes_first() {
    let mut logs = Logs::new(2, [4, 3]);
    logs.set_count(5);
    logs.with_shift(|shift, mut walk| {
        let after = divided(shift).pieces.unwrap().after;
        (0..2).for_each(|thread| shift.claims.note(thread, after));
        assert!(shift.takes_next_piece(&mut walk) && !walk.well);
        assert_eq!(shift.failed_after.load(Ordering::Relaxed), walk.passed + 1);
        let put = &shift.plan.tasks[after - 1];
        assert!(!shift.share(put, (0, 2), walk.passed));
        assert_eq!(shift.failed_after.load(Ordering::Relaxed), walk.passed);
        let (passed, error) = shift.fault.lock().unwrap().take().unwrap();
        assert_eq!(passed, walk.passed);
        assert!(matches!(error, Error::Log { index: 5, len: 4 }), "{error}");
    });
}

#[test]
fn a_panic_in_a_piece_is_an_error() {
    for threads in TEAMS {
        let mut logs = Logs::new(*threads, [ROUNDS, ROUNDS]);
        let put = logs.recorded.0.divided[0];
        // Asked for as something to read, it is not what it was declared to be.
        logs.recorded.0.tasks[put].accesses[1].write = true;
        let error = logs.run().unwrap_err();
        assert!(matches!(error, Error::Panicked { op: "put" }), "{error}");
        assert_eq!((logs.count(), logs.written(0), logs.written(1)), (0, 1, 0));
    }
}
