//! Check 3: the planner may reuse buffers and fuse calls, and nobody can tell from the results.

use elbo_tensor::{Backend, Id, Planning, Run, Tape};

use crate::{
    Reference,
    compare::{assert_close, assert_same_bits, scale_of},
    host::Host,
    quiet,
    random_graphs::{draws, random_graph},
    stage::{Formula, expect, read},
    training::{Sizes, training},
};

/// How many random graphs are planned.
const GRAPHS: u64 = 60;

/// How near to zero rounding may turn a sign. Values are about 1, and sums of 33 at most.
const ROUNDING: f64 = 1e-5;

/// A training step and random graphs give the same with buffers reused as without, bit for bit, and
/// the same fused as unfused, within 1e-4 of a value's largest number (at least 1): a fused op may
/// round differently on the way.
///
/// # Panics
/// With the graph's seed, the value, the first index that differs, and both numbers.
pub fn plans_agree<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    agree("training step", &make, |tape| training(tape, Sizes::ODD).formula);
    for seed in 0..GRAPHS {
        let draws = draws(seed);
        agree(&format!("random graph {seed}"), &make, |tape| random_graph(tape, &draws).formula);
    }
}

/// As [`plans_agree`], for one graph that some numbers decide: any will do, fewer and lower ones make a
/// smaller graph, so that a property test can shrink what it finds. All ops occur, sizes from 0 and 1 to
/// some that no vector divides, gradients and updates included. Beside itself the backend has to agree
/// with the [`Reference`], within 1e-3 of a value's largest number (at least 1). One graph in some 800 is passed
/// over, because rounding decides whether a relu hands a gradient on.
///
/// # Panics
/// With the value, the first index that differs, and both numbers.
pub fn plans_of_a_drawn_graph_agree<B: Backend>(make: impl Fn(usize) -> B, draws: &[u32]) {
    let _working = quiet::working();
    if rounding_decides(draws) {
        return;
    }
    let write = |tape: &Tape| random_graph(tape, draws).formula;
    let here = agree("a drawn graph", &make, write);
    let there = agree("a drawn graph of the reference", &|_| Reference, write);
    for ((id, here), (_, there)) in here.iter().zip(&there) {
        let what = format!("a drawn graph and the reference's, value {}", id.index());
        let there = there.as_f64();
        let allowed = vec![1e-3 * scale_of(&there); there.len()];
        assert_close(&what, &here.as_f64(), &there, &allowed);
    }
}

/// Whether in one of the two runs something comes so near to the kink of a relu that gradients come through that a
/// backend may find it on the other side. Zero itself is the same to all: an empty sum, or one of zeros.
fn rounding_decides(draws: &[u32]) -> bool {
    let tape = Tape::new();
    let drawn = random_graph(&tape, draws);
    let Some(kink) = drawn.kink else { return false };
    let mut formula = drawn.formula;
    formula.outputs.push(kink);
    let what = "a drawn graph's kink";
    let (mut session, entry) = formula.start(what, tape, Planning::default(), Reference);
    (0..2).any(|_| {
        expect(session.run(entry, 1), what);
        let values = read(what, &session, kink).as_f64();
        values.iter().any(|x| *x != 0.0 && x.abs() < ROUNDING)
    })
}

/// Compares all ways to plan a formula and returns what the plainest gives.
fn agree<B: Backend>(
    name: &str,
    make: &impl Fn(usize) -> B,
    write: impl Fn(&Tape) -> Formula,
) -> Vec<(Id, Host)> {
    let results = |reuse, fuse| {
        let what = format!("{name}, planned with reuse {reuse} and fuse {fuse}");
        let tape = Tape::new();
        let formula = write(&tape);
        let (mut session, entry) = formula.start(&what, tape, Planning { reuse, fuse }, make(1));
        // Twice: the second run finds in its buffers what the first has left there.
        expect(session.run(entry, 2), &what);
        formula.results(&what, &session)
    };
    let plain = results(false, false);
    let fused = results(false, true);
    same_bits(&format!("{name}, buffers reused"), &results(true, false), &plain);
    same_bits(&format!("{name}, fused, buffers reused"), &results(true, true), &fused);
    for ((id, here), (_, there)) in fused.iter().zip(&plain) {
        let what = format!("{name}, fused and not, value {}", id.index());
        let there = there.as_f64();
        let allowed = vec![1e-4 * scale_of(&there); there.len()];
        assert_close(&what, &here.as_f64(), &there, &allowed);
    }
    plain
}

/// Panics at the first value of which a bit differs.
pub(crate) fn same_bits(what: &str, here: &[(Id, Host)], there: &[(Id, Host)]) {
    assert_eq!(here.len(), there.len(), "{what}: as many results");
    for ((id, here), (_, there)) in here.iter().zip(there) {
        assert_same_bits(&format!("{what}: value {}", id.index()), here, there);
    }
}
