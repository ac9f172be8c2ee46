//! What happens when a call fails in the middle of a run: all threads stop at the same place, the error
//! comes out, and the backend goes on working; and what is refused or may be shared.

use elbo_cpu::{Cpu, Error, Level};
use elbo_tensor::{AdamState, Backend, Data, DataMut, Dtype, Memory, Program, Run, Session, Tape};

/// Gathers rows of a data set, puts their sum into a log and moves on.
fn program() -> (Program, [elbo_tensor::Id; 5]) {
    let tape = Tape::new();
    let data = tape.input(Dtype::U8, [4, 40]);
    let order = tape.input(Dtype::U32, [64]);
    let (cursor, count) = (tape.counter(), tape.counter());
    let log = tape.parameter([3]);
    let rows = data.gather(order, cursor, 32, (0.0, 1.0));
    let total = rows.square().sum();
    let updates = [log.put(total, count).id(), cursor.advance(16).id(), count.advance(1).id()];
    let outputs = [total.id()];
    let ids = [data.id(), order.id(), cursor.id(), count.id(), log.id()];
    let mut program = Program::new(tape).unwrap();
    program.entry("sum", &outputs, &updates).unwrap();
    (program, ids)
}

#[test]
fn a_call_that_fails_in_a_later_round_stops_every_thread_and_harms_nothing() {
    for threads in [1, 2, 3, 5] {
        let (program, [data, order, cursor, count, log]) = program();
        let entry = program.find("sum").unwrap();
        let mut session = Session::new(Cpu::new(threads).unwrap(), program).unwrap();
        session.write(data, (&[255_u8; 160][..]).into()).unwrap();
        session.write(order, (&[1_u32; 64][..]).into()).unwrap();
        for _ in 0..200 {
            session.write(cursor, (&[0_u32][..]).into()).unwrap();
            session.write(count, (&[0_u32][..]).into()).unwrap();
            // Three batches fit, the fourth does not.
            let message = session.run(entry, 9).unwrap_err().to_string();
            assert!(message.starts_with("gather: rows 48 to 80 of an order of 64"), "{message}");
            assert_eq!(session.read_counter(count).unwrap(), 3);
            assert_eq!(session.read_f32(log).unwrap(), [1280.0; 3]);
        }
        session.write(cursor, (&[0_u32][..]).into()).unwrap();
        session.write(count, (&[0_u32][..]).into()).unwrap();
        session.run(entry, 3).unwrap();
    }
}

#[test]
fn what_another_backend_recorded_or_laid_out_is_refused() {
    let (program, _) = program();
    let entry = program.find("sum").unwrap();
    let (one, three) = (Cpu::new(1).unwrap(), Cpu::new(3).unwrap());
    let plain = Cpu::with_level(1, Level::Plain).unwrap();
    let alloc = |cpu: &Cpu| {
        let slots = program.slots().iter().map(|slot| cpu.alloc(slot.dtype, slot.len).unwrap());
        Memory::new(slots.collect())
    };
    let entry = program.planned(entry);
    let mut memory = alloc(&one);
    let recorded = one.record(entry, &mut memory).unwrap();
    assert!(matches!(three.replay(entry, &recorded, &mut memory, 1), Err(Error::Foreign)));
    if one.level() != plain.level() {
        assert!(matches!(plain.record(entry, &mut memory), Err(Error::Foreign)));
        assert!(matches!(plain.replay(entry, &recorded, &mut memory, 1), Err(Error::Foreign)));
    }
}

/// Trains a layer that is large enough for its update to be divided in pieces.
fn training() -> (Program, Vec<elbo_tensor::Id>) {
    let tape = Tape::new();
    let (x, weight) = (tape.parameter([96, 784]), tape.parameter([112, 784]));
    let (step, learning_rate) = (tape.counter(), tape.parameter([1]));
    let loss = (x.matmul_transposed(weight) - 1.0).square().sum();
    let gradient = tape.gradients(loss, &[weight])[0];
    let [first, second] = [(); 2].map(|()| tape.parameter([112, 784]));
    let state = AdamState { first, second, step, learning_rate };
    let updates = [weight.adam(gradient, state, (0.9, 0.999), 1e-8).id(), step.advance(1).id()];
    let ids = vec![x.id(), weight.id(), learning_rate.id()];
    let outputs = [loss.id()];
    let mut program = Program::new(tape).unwrap();
    program.entry("train", &outputs, &updates).unwrap();
    (program, ids)
}

#[test]
fn what_one_backend_recorded_others_like_it_may_run_at_the_same_time() {
    let (program, ids) = training();
    let entry = program.planned(program.find("train").unwrap());
    let cpu = Cpu::new(2).unwrap();
    let memory = |cpu: &Cpu| {
        let slots = program.slots().iter().map(|slot| cpu.alloc(slot.dtype, slot.len).unwrap());
        let mut memory = Memory::new(slots.collect());
        let recorded = cpu.record(entry, &mut memory).unwrap();
        for (id, value) in ids.iter().zip([0.5_f32, 0.25, 1e-3]) {
            let operand = program.fixed(*id).unwrap();
            let values = vec![value; operand.shape.len()];
            cpu.write(memory.get_mut(operand.slot).unwrap(), Data::F32(&values)).unwrap();
        }
        (memory, recorded)
    };
    let (_, recorded) = memory(&cpu);
    let weight = program.fixed(ids[1]).unwrap();
    let train = || {
        let cpu = Cpu::new(2).unwrap();
        let (mut memory, _) = memory(&cpu);
        cpu.replay(entry, &recorded, &mut memory, 50).unwrap();
        let mut values = vec![0.0; weight.shape.len()];
        cpu.read(memory.get(weight.slot).unwrap(), DataMut::F32(&mut values)).unwrap();
        values
    };
    let alone = train();
    assert!(alone.iter().all(|value| *value != 0.25), "it trains");
    std::thread::scope(|scope| {
        let trained: Vec<_> = (0..3).map(|_| scope.spawn(train)).collect();
        for values in trained {
            assert!(values.join().unwrap() == alone);
        }
    });
}
