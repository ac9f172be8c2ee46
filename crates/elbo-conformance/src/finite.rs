//! Check 9: a value that is not finite comes through, and the call that made it is found.

use elbo_tensor::{Backend, Data, Dtype, Id, NotFinite, Planning, Program, Run, Session, Tape};

use crate::{
    plans::same_bits,
    quiet,
    stage::expect,
    training::{Sizes, training},
};

/// Looking for the first call whose result is not finite runs an entry as a replay does, bit for bit; it
/// finds an infinity where it arises; and what is not a number stays so through every op, so that no loss
/// hides it.
///
/// # Panics
/// With what was found, or with the op that made a number of what was none.
pub fn what_is_not_finite_is_found<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    for threads in [1, 2] {
        looking_changes_nothing(make(threads), make(threads));
    }
    for fuse in [false, true] {
        an_overflow_is_found(make(1), fuse);
    }
    not_a_number_stays(make(1));
}

fn looking_changes_nothing<B: Backend>(looked_at: B, replayed: B) {
    let what = "three steps, the second looked at call by call";
    let results = |backend, look: bool| {
        let tape = Tape::new();
        let formula = training(&tape, Sizes::ODD).formula;
        let (mut session, entry) = formula.start(what, tape, Planning::default(), backend);
        expect(session.run(entry, 1), what);
        if look {
            let found = expect(session.first_not_finite(entry), what);
            assert_eq!(found, None, "{what}: nothing is to be found");
        } else {
            expect(session.run(entry, 1), what);
        }
        expect(session.run(entry, 1), what);
        formula.results(what, &session)
    };
    same_bits(what, &results(looked_at, true), &results(replayed, false));
}

fn an_overflow_is_found<B: Backend>(backend: B, fuse: bool) {
    let what = format!("an overflow in the middle, planned with fuse {fuse}");
    let tape = Tape::new();
    let x = tape.input(Dtype::F32, [3, 5]);
    let weight = tape.input(Dtype::F32, [5, 7]);
    let large = x.matmul(weight) * 40.0;
    let total = large.exp().sum();
    let ids = [x.id(), weight.id()];
    let outputs = [total.id()];
    let mut program = expect(Program::with_planning(tape, Planning { fuse, reuse: true }), &what);
    let entry = expect(program.entry("overflow", &outputs, &[]), &what);
    let mut session = expect(Session::new(backend, program), &what);
    expect(session.write(ids[0], Data::F32(&[-0.5; 15])), &what);
    expect(session.write(ids[1], Data::F32(&[1.0; 35])), &what);
    assert_eq!(expect(session.first_not_finite(entry), &what), None, "{what}, not yet");
    let mut values = [-0.5; 15];
    values[..5].fill(0.5);
    expect(session.write(ids[0], Data::F32(&values)), &what);
    let found = expect(session.first_not_finite(entry), &what).expect("an overflow");
    let NotFinite { call, value, largest_argument } = found;
    let op = session.program().planned(entry).calls()[call].op.name();
    assert_eq!((op, value, largest_argument), ("exp", f32::INFINITY, 100.0), "{what}");
    assert!(
        session.read_f32(outputs[0]).is_err(),
        "{what}: a run that was cut short has no result"
    );
}

fn not_a_number_stays<B: Backend>(backend: B) {
    let what = "not a number in the middle of other values";
    let tape = Tape::new();
    let x = tape.input(Dtype::F32, [5, 19]);
    let one = tape.input(Dtype::F32, [5, 19]);
    let weight = tape.input(Dtype::F32, [19, 18]);
    let bias = tape.input(Dtype::F32, [18]);
    let product = x.matmul(weight);
    let values = [
        x.exp(),
        x.ln(),
        x.sqrt(),
        x.square(),
        x.relu(),
        x.tanh(),
        x.sigmoid(),
        x * 2.0,
        x + 2.0,
        x + one,
        one - x,
        x * one,
        one / x,
        x.sum(),
        x.sum_rows(),
        x.sum_columns(),
        (x - one).square().sum(),
        product,
        x.matmul(weight).add_row(bias),
        x.matmul(weight).add_row(bias).relu(),
        x.matmul(weight).add_row(bias).tanh(),
        tape.gradients((x - one).square().sum(), &[x])[0],
    ];
    let outputs: Vec<Id> = values.iter().map(|value| value.id()).collect();
    let inputs = [x.id(), one.id(), weight.id(), bias.id()];
    let mut program = expect(Program::new(tape), what);
    let entry = expect(program.entry("all", &outputs, &[]), what);
    let mut session = expect(Session::new(backend, program), what);
    let mut given = [0.5; 95];
    given[33] = f32::NAN;
    expect(session.write(inputs[0], Data::F32(&given)), what);
    expect(session.write(inputs[1], Data::F32(&[1.0; 95])), what);
    expect(session.write(inputs[2], Data::F32(&[0.25; 19 * 18])), what);
    expect(session.write(inputs[3], Data::F32(&[0.0; 18])), what);
    expect(session.run(entry, 1), what);
    for (output, id) in outputs.iter().enumerate() {
        let values = expect(session.read_f32(*id), what);
        let op = session.program().graph().node(*id).op.name();
        assert!(values.iter().any(|x| x.is_nan()), "{what}: `{op}` (output {output}) hides it");
    }
}
