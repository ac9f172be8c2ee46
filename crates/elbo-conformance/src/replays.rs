//! Check 4: what an entry's replay does is what its calls do, one by one.

use elbo_tensor::{Backend, Id, Memory, Planning, Program, Run, Tape};

use crate::{
    Reference,
    compare::{assert_close, scale_of},
    host::Host,
    plans::same_bits,
    quiet,
    stage::{expect, read},
    training::{Sizes, Training, training},
};

const STEPS: usize = 3;

/// Three replays at once, three replays one by one, and three rounds of launches give the same bits
/// in every parameter, moment, counter, log and output, on one thread and on two.
///
/// The step has Adam, noise, a batch and two logs, so whatever a replay froze shows: the counters
/// must have moved by three steps, and the losses be the [`Reference`]'s within 1e-4.
///
/// # Panics
/// With the value, the first index that differs, and both numbers.
pub fn replays_equal_launches<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    let losses = reference_losses();
    for threads in [1, 2] {
        let what = |how: &str| format!("{how}, {threads} threads");
        let at_once = replayed(&what("replayed at once"), make(threads), &[STEPS], &losses);
        let singly = replayed(&what("replayed one by one"), make(threads), &[1; STEPS], &losses);
        same_bits(&what("three replays at once and one by one"), &at_once, &singly);
        let launched = launched(&what("launched"), &make(threads));
        same_bits(&what("three replays and three launches"), &at_once, &launched);
    }
}

fn replayed<B: Backend>(
    what: &str,
    backend: B,
    runs: &[usize],
    losses: &[Vec<f64>],
) -> Vec<(Id, Host)> {
    let tape = Tape::new();
    let Training { formula, step, cursor, logs } = training(&tape, Sizes::ODD);
    let (mut session, entry) = formula.start(what, tape, Planning::default(), backend);
    for times in runs {
        expect(session.run(entry, *times), what);
    }
    let counted = [step, cursor].map(|id| expect(session.read_counter(id), what) as usize);
    assert_eq!(counted, [STEPS, STEPS * Sizes::ODD.batch], "{what}: steps and examples counted");
    for (log, there) in logs.iter().zip(losses) {
        let what = format!("{what}: losses of each step");
        let here = read(&what, &session, *log).as_f64();
        assert_close(&what, &here, there, &vec![1e-4 * scale_of(there); there.len()]);
    }
    formula.results(what, &session)
}

fn reference_losses() -> Vec<Vec<f64>> {
    let tape = Tape::new();
    let Training { formula, logs, .. } = training(&tape, Sizes::ODD);
    let (mut session, entry) = formula.start("reference", tape, Planning::default(), Reference);
    expect(session.run(entry, STEPS), "reference");
    logs.map(|log| read("reference", &session, log).as_f64()).to_vec()
}

/// The same steps without a session: every call of the entry by hand.
fn launched<B: Backend>(what: &str, backend: &B) -> Vec<(Id, Host)> {
    let tape = Tape::new();
    let formula = training(&tape, Sizes::ODD).formula;
    let mut program = expect(Program::new(tape), what);
    let entry = expect(program.entry("tested", &formula.outputs, &formula.updates), what);
    let buffers =
        program.slots().iter().map(|slot| expect(backend.alloc(slot.dtype, slot.len), what));
    let mut memory = Memory::new(buffers.collect());
    for (id, host) in &formula.given {
        let operand = program.fixed(*id).expect("the step uses all that is given");
        let buffer = memory.get_mut(operand.slot).expect("nothing is taken out");
        expect(backend.write(buffer, host.data()), what);
    }
    let entry = program.planned(entry);
    for call in (0..STEPS).flat_map(|_| entry.calls()) {
        expect(backend.launch(call, &mut memory), what);
    }
    let outputs = entry.outputs().iter().copied();
    let given = formula.given.iter().map(|(id, _)| (*id, program.fixed(*id).expect("as above")));
    let read = |(id, operand): (Id, elbo_tensor::Operand)| {
        let mut host = Host::zeros(operand.dtype, operand.shape.len());
        let buffer = memory.get(operand.slot);
        let buffer = buffer.unwrap_or_else(|| panic!("{what}: value {} was lost", id.index()));
        expect(backend.read(buffer, host.data_mut()), what);
        (id, host)
    };
    outputs.chain(given).map(read).collect()
}
