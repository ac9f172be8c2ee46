//! What plans promise: forms that spare turning, few barriers, and none without them where one is
//! needed.

use elbo_tensor::{AdamState, Backend, Memory, Op, Program, Tape, Var};

use super::{Pieces, Plan, Task, Work, plan, races};
use crate::{
    Buffer, Cpu, Level,
    layout::{Form, Layout, Split},
    lending::{Access, Kind},
};

const THREADS: usize = 3;

/// Two layers and a squared error, trained: 784 inputs, 400 hidden, 784 outputs, batches of 128.
fn training(tape: &Tape) -> (Vec<Var<'_>>, Vec<Var<'_>>) {
    let x = tape.parameter([128, 784]);
    let (w1, b1) = (tape.parameter([400, 784]), tape.parameter([400]));
    let (w2, b2) = (tape.parameter([784, 400]), tape.parameter([784]));
    let hidden = x.matmul_transposed(w1).add_row(b1).relu();
    let y = hidden.matmul_transposed(w2).add_row(b2).tanh();
    trained(tape, (y - x).square().sum(), &[w1, b1, w2, b2])
}

/// As [`training`], with 20 values between the layers and a price for large ones.
fn training_a_narrow_one(tape: &Tape) -> (Vec<Var<'_>>, Vec<Var<'_>>) {
    let x = tape.parameter([128, 784]);
    let (w1, w2) = (tape.parameter([20, 784]), tape.parameter([784, 20]));
    let code = x.matmul_transposed(w1);
    let y = (code.exp() + code).matmul_transposed(w2).tanh();
    let price = (code.square() - code.exp()).sum();
    trained(tape, (y - x).square().sum() + price, &[w1, w2])
}

/// A loss, and a step of Adam for each parameter.
fn trained<'t>(
    tape: &'t Tape,
    loss: Var<'t>,
    parameters: &[Var<'t>],
) -> (Vec<Var<'t>>, Vec<Var<'t>>) {
    let (step, learning_rate) = (tape.counter(), tape.parameter([1]));
    let gradients = tape.gradients(loss, parameters);
    let updates = parameters.iter().zip(gradients).map(|(parameter, gradient)| {
        let moment = || tape.parameter(parameter.shape());
        let state = AdamState { first: moment(), second: moment(), step, learning_rate };
        parameter.adam(gradient, state, (0.9, 0.999), 1e-8)
    });
    let mut updates: Vec<_> = updates.collect();
    updates.push(step.advance(1));
    (vec![loss], updates)
}

type Graph = fn(&Tape) -> (Vec<Var<'_>>, Vec<Var<'_>>);

fn planned(graph: Graph, threads: usize) -> (Plan, usize) {
    let tape = Tape::new();
    let (outputs, updates) = graph(&tape);
    let outputs: Vec<_> = outputs.into_iter().map(Var::id).collect();
    let updates: Vec<_> = updates.into_iter().map(Var::id).collect();
    let mut program = Program::new(tape).unwrap();
    let entry = program.entry("train", &outputs, &updates).unwrap();
    let cpu = Cpu::with_level(1, Level::Avx512).unwrap();
    let alloc = |slot: &elbo_tensor::SlotInfo| cpu.alloc(slot.dtype, slot.len).unwrap();
    let mut memory = Memory::<Buffer>::new(program.slots().iter().map(alloc).collect());
    let calls = program.planned(entry).calls();
    (plan(calls, &mut memory, threads, cpu.dispatch()).unwrap(), calls.len())
}

fn turned(plan: &Plan) -> Vec<&Task> {
    plan.tasks.iter().filter(|task| task.work == Work::Turn).collect()
}

#[test]
fn a_training_step_turns_no_weight_and_only_one_activation() {
    for threads in [1, 2, 3, 4] {
        let (plan, _) = planned(training, threads);
        // The hidden layer is the right operand of one product forward and of another one backward.
        let turned: Vec<_> = turned(&plan).iter().map(|task| task.accesses[1].kind).collect();
        assert_eq!(turned.len(), 1, "{threads} threads: {turned:?}");
        let Kind::F32(layout) = turned[0] else { panic!("{turned:?}") };
        assert_eq!((layout.rows, layout.columns), (128, 400), "{threads} threads");
    }
}

#[test]
fn a_training_step_has_one_barrier_before_its_weights_and_one_before_its_counters() {
    for (graph, threads) in
        [(training as Graph, THREADS), (training, 2), (training_a_narrow_one, 2)]
    {
        let (plan, _) = planned(graph, threads);
        for task in &plan.tasks {
            let phase = match task.work {
                Work::Op(Op::AdamProduct { .. } | Op::Adam { .. }) => 1,
                Work::Op(Op::Advance(_)) => 2,
                _ => task.phase.min(1),
            };
            assert_eq!(task.phase, phase, "{threads} threads: {task:?}");
        }
    }
}

#[test]
fn every_call_has_its_task_and_no_plan_has_races() {
    for threads in [1, 2, THREADS, 64] {
        let (plan, calls) = planned(training, threads);
        assert_eq!(races(&plan.tasks, threads), None);
        for call in 0..calls {
            assert!(plan.tasks.iter().any(|task| task.call == call), "call {call}");
        }
    }
}

#[test]
fn a_plan_without_its_barrier_has_a_race() {
    let (mut plan, _) = planned(training, THREADS);
    plan.tasks.iter_mut().for_each(|task| (task.phase, task.pieces) = (0, None));
    assert!(races(&plan.tasks, THREADS).is_some());
    assert_eq!(races(&plan.tasks, 1), None, "a thread cannot race itself");
}

fn access(slot: usize, split: Split, write: bool) -> Access {
    let layout = Layout { rows: 128, columns: 64, form: Form::Straight, lanes: 16 };
    Access { slot, kind: Kind::F32(layout), split, write }
}

fn task(accesses: Vec<Access>) -> Task {
    Task { work: Work::Op(Op::Relu), accesses, call: 0, phase: 0, pieces: None }
}

#[test]
fn a_task_that_writes_what_it_reads_elsewhere_is_a_race() {
    let (write, read) = (access(0, Split::Rows, true), access(0, Split::Rows, false));
    assert_eq!(races(&[task(vec![write, read])], 1), Some(0));
    let other = Access { slot: 1, ..read };
    assert_eq!(races(&[task(vec![write, other])], 1), None);
}

#[test]
fn a_value_that_all_threads_write_is_a_race() {
    let tasks = [task(vec![access(0, Split::Whole, true)])];
    assert_eq!(races(&tasks, 2), Some(0));
    assert_eq!(races(&tasks, 1), None);
}

#[test]
fn threads_that_divide_alike_need_no_barrier_and_others_do() {
    let writes = |split| task(vec![access(0, split, true)]);
    let reads = |split| task(vec![access(1, split, true), access(0, split, false)]);
    assert_eq!(races(&[writes(Split::Rows), reads(Split::Rows)], 2), None);
    assert_eq!(races(&[writes(Split::Rows), reads(Split::Columns)], 2), Some(1));
}

/// The tasks of a plan that are divided in pieces.
fn divided(plan: &Plan) -> Vec<&Task> {
    plan.divided.iter().map(|task| &plan.tasks[*task]).collect()
}

#[test]
fn gradients_of_weights_are_divided_and_the_last_layers_may_be_begun_before_the_barrier() {
    let alone = planned(training, 1).0;
    assert!(divided(&alone).is_empty(), "a thread by itself has nobody to share with");
    for threads in [2, THREADS, 4] {
        for graph in [training as Graph, training_a_narrow_one] {
            let (plan, _) = planned(graph, threads);
            let updates = divided(&plan);
            assert_eq!(updates.len(), 2, "{threads} threads");
            for task in updates {
                assert!(matches!(task.work, Work::Op(Op::AdamProduct { .. })));
                assert_eq!(task.phase, 1, "{threads} threads");
            }
        }
        // Its last weight is read for the last time before all is done that goes by rows.
        let (plan, _) = planned(training_a_narrow_one, threads);
        let first = divided(&plan).iter().map(|task| task.pieces.unwrap().after).min().unwrap();
        let before = plan.tasks.iter().filter(|task| task.phase == 0).count();
        assert!(first < before, "{threads} threads: {first} of {before}");
    }
}

#[test]
fn pieces_that_may_be_taken_too_soon_are_a_race() {
    let (mut plan, _) = planned(training, THREADS);
    for task in plan.divided.clone() {
        let pieces = plan.tasks[task].pieces.unwrap();
        let sooner = Pieces { after: pieces.after - 1, ..pieces };
        plan.tasks[task].pieces = Some(sooner);
        assert_eq!(races(&plan.tasks, THREADS), Some(task));
        plan.tasks[task].pieces = Some(pieces);
    }
    assert_eq!(races(&plan.tasks, THREADS), None);
}

#[test]
fn pieces_next_to_a_task_of_their_phase_that_needs_them_are_a_race() {
    let pieces = Some(Pieces { each: 2, after: 0 });
    let writes = Task { pieces, ..task(vec![access(0, Split::Rows, true)]) };
    let reads = |phase| {
        let accesses = vec![access(1, Split::Rows, true), access(0, Split::Rows, false)];
        Task { phase, ..task(accesses) }
    };
    assert_eq!(races(&[writes.clone(), reads(0)], 2), Some(0));
    assert_eq!(races(&[writes.clone(), reads(1)], 2), None);
    // Who waits for the phase of the one to end does not know whether its pieces are done.
    let then = |phase| Task { pieces: Some(Pieces { each: 2, after: 1 }), ..reads(phase) };
    assert_eq!(races(&[writes.clone(), then(1)], 2), Some(1));
    assert_eq!(races(&[writes, then(2)], 2), None);
}

#[test]
fn pieces_that_all_write_one_value_are_a_race_even_of_one_thread() {
    let pieces = Some(Pieces { each: 2, after: 0 });
    let whole = Task { pieces, ..task(vec![access(0, Split::Whole, true)]) };
    assert_eq!(races(std::slice::from_ref(&whole), 1), Some(0));
    assert_eq!(races(&[Task { pieces: None, ..whole }], 1), None);
}

#[test]
fn tasks_out_of_their_phases_order_are_a_race() {
    let in_phase = |phase| Task { phase, ..task(vec![access(phase, Split::Rows, true)]) };
    assert_eq!(races(&[in_phase(0), in_phase(1)], 2), None);
    assert_eq!(races(&[in_phase(1), in_phase(0)], 2), Some(1));
}
