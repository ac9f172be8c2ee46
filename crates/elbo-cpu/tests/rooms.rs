//! The rooms with `unsafe` at work: buffers lent to several threads, work handed to threads that outlive it.
//! So small that Miri runs it: `cargo xtask miri`.

use elbo_cpu::Cpu;
use elbo_tensor::{AdamState, Dtype, Id, Over, Program, Run, Session, Tape, Var};

/// Wider than a panel of any machine, and nothing that divides.
const ROWS: usize = if cfg!(miri) { 5 } else { 21 };
const WIDTH: usize = if cfg!(miri) { 9 } else { 37 };
const HIDDEN: usize = if cfg!(miri) { 6 } else { 19 };
const STEPS: usize = 3;

/// One step of training a layer and its transpose, with every way in which a call touches memory: gathered
/// bytes, noise, products of both orders, sums of all kinds, spreads, Adam with and without its product, a
/// log, a counter.
struct Step {
    program: Program,
    data: Id,
    order: Id,
    key: Id,
    rate: Id,
    kept: Vec<Id>,
}

fn step() -> Step {
    let tape = Tape::new();
    let data = tape.input(Dtype::U8, [4, WIDTH]);
    let order = tape.input(Dtype::U32, [STEPS * ROWS]);
    let key = tape.input(Dtype::U32, [2]);
    let rate = tape.input(Dtype::F32, [1]);
    let (cursor, count) = (tape.counter(), tape.counter());
    let log = tape.parameter([STEPS]);
    let [weight, back] = [[HIDDEN, WIDTH], [HIDDEN, WIDTH]].map(|shape| tape.parameter(shape));
    let bias = tape.parameter([HIDDEN]);

    let x = data.gather(order, cursor, ROWS, (0.5, 0.5));
    let noise = tape.normal(key, count, 1, [ROWS, HIDDEN]);
    let hidden = x.matmul_transposed(weight + 0.01).add_row(bias).relu() + noise * 0.1;
    let weighed = hidden.sum_columns().square().spread(Over::Columns, hidden.shape());
    let scaled = hidden * weighed.tanh();
    let y = scaled.matmul(back + 0.02).tanh();
    let loss = (y - x).square().sum() * (1.0 / ROWS as f32) + hidden.exp().sum() * 1e-3;
    let trained = [weight, back, bias];
    let gradients = tape.gradients(loss, &trained);
    let mut kept = vec![log.id()];
    let mut updates = vec![log.put(loss, count).id()];
    for (parameter, gradient) in trained.into_iter().zip(gradients) {
        let [first, second] = [(); 2].map(|()| tape.parameter(parameter.shape()));
        let state = AdamState { first, second, step: count, learning_rate: rate };
        updates.push(parameter.adam(gradient, state, (0.9, 0.999), 1e-8).id());
        kept.extend([parameter.id(), first.id(), second.id()]);
    }
    updates.extend([cursor.advance(ROWS as u32).id(), count.advance(1).id()]);
    let outputs = [y.id(), hidden.id()];
    kept.extend(outputs);
    let [data, order, key, rate] = [data, order, key, rate].map(Var::id);
    let mut program = Program::new(tape).unwrap();
    program.entry("step", &outputs, &updates).unwrap();
    Step { program, data, order, key, rate, kept }
}

/// All that the steps have left, as bits.
fn trained(threads: usize, at_once: bool) -> Vec<Vec<u32>> {
    let Step { program, data, order, key, rate, kept } = step();
    let entry = program.find("step").unwrap();
    let mut session = Session::new(Cpu::new(threads).unwrap(), program).unwrap();
    let bytes: Vec<u8> = (0..4 * WIDTH).map(|i| (i * 37 % 256) as u8).collect();
    session.write(data, (&bytes[..]).into()).unwrap();
    let rows: Vec<u32> = (0..(STEPS * ROWS) as u32).map(|i| i % 4).collect();
    session.write(order, (&rows[..]).into()).unwrap();
    session.write(key, (&[1_u32, 2][..]).into()).unwrap();
    session.write(rate, (&[1e-2_f32][..]).into()).unwrap();
    if at_once {
        session.run(entry, STEPS).unwrap();
    } else {
        session.run(entry, 1).unwrap();
        session.profile(entry, 1).unwrap();
        assert_eq!(session.first_not_finite(entry).unwrap(), None);
    }
    let bits = |id: &Id| session.read_f32(*id).unwrap().iter().map(|x| x.to_bits()).collect();
    kept.iter().map(bits).collect()
}

#[test]
fn several_threads_leave_what_one_leaves_whether_at_once_timed_or_looked_at() {
    let one = trained(1, true);
    assert!(one.iter().all(|values| values.iter().any(|bits| *bits != 0)), "all of it moved");
    for threads in if cfg!(miri) { vec![2] } else { vec![1, 2, 3] } {
        for at_once in if cfg!(miri) { vec![true] } else { vec![true, false] } {
            assert!(trained(threads, at_once) == one, "{threads} threads, at once {at_once}");
        }
    }
}
