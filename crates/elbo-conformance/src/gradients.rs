//! Check 2: gradients against difference quotients, the op in the middle of a formula.

use elbo_tensor::{Backend, Dtype, Id, Planning, Run, Session, Shape, Tape, Var};

use crate::{
    Reference,
    compare::{assert_close, scale_of},
    formulas::{Differentiated, formulas},
    host::{Host, uniform},
    quiet,
    stage::{Formula, expect, read},
};

/// Half the distance between the two points of a difference quotient: a power of two, and every value
/// a multiple of it, so that both points are exact in `f32`.
const STEP: f32 = 1.0 / 4096.0;

/// The gradient of every op with respect to each argument is what central differences say.
///
/// Each op stands mid-graph, y = op(0.7 x + 0.3), under a sum weighted unevenly, so that neither a
/// coefficient nor an upstream gradient can be lost; values used twice, chains of sums and spreads,
/// and gradients of gradients are among the formulas. The gradient's graph runs on the backend, the
/// quotients on the [`Reference`] in `f64`; 1e-5 of the largest is allowed.
///
/// # Panics
/// With the formula, the argument, the first index that differs, and both values.
pub fn gradients_match_central_differences<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    for formula in formulas() {
        let tape = Tape::new();
        let written = write(&tape, &formula);
        let what = format!("gradient of {}", formula.name);
        let (mut session, entry) = written.formula.start(&what, tape, Planning::default(), make(1));
        expect(session.run(entry, 1), &what);
        let mut quotients = Quotients::new(&formula);
        for (argument, gradient) in written.formula.outputs.iter().enumerate() {
            let what = format!("{what}, argument {argument}");
            let here = read(&what, &session, *gradient).as_f64();
            let there = quotients.of(argument);
            assert_close(&what, &here, &there, &vec![1e-5 * scale_of(&there); there.len()]);
        }
    }
}

/// A formula on a tape, its gradients as outputs.
struct Written {
    formula: Formula,
    loss: Id,
}

/// Writes the sum of weights · op(0.7 x + 0.3) and its gradients with respect to each x.
fn write(tape: &Tape, formula: &Differentiated) -> Written {
    let given: Vec<Host> = formula.args.iter().enumerate().map(values).collect();
    let xs: Vec<Var<'_>> = formula.args.iter().map(|s| tape.input(Dtype::F32, *s)).collect();
    let inner: Vec<Var<'_>> = xs.iter().map(|x| *x * 0.7 + 0.3).collect();
    let y = (formula.write)(&inner);
    let weights = tape.input(Dtype::F32, y.shape());
    let loss = (y * weights).sum();
    let gradients = tape.gradients(loss, &xs);
    let uneven = Host::F32(uniform(99, y.shape().len(), -1.5, 1.5));
    let mut given: Vec<(Id, Host)> = xs.iter().map(|x| x.id()).zip(given).collect();
    given.push((weights.id(), uneven));
    let outputs = gradients.iter().map(|g| g.id()).collect();
    Written { formula: Formula { given, outputs, updates: Vec::new() }, loss: loss.id() }
}

/// Multiples of the step between −0.25 and 2, for which 0.7 x + 0.3 is positive.
fn values((argument, shape): (usize, &Shape)) -> Host {
    let drawn = uniform(7 + argument as u64, shape.len(), -0.25, 2.0);
    Host::F32(drawn.into_iter().map(|x| (x / STEP).round() * STEP).collect())
}

/// The same formula on the reference, to be moved and measured.
struct Quotients {
    session: Session<Reference>,
    entry: elbo_tensor::EntryId,
    given: Vec<(Id, Host)>,
    loss: Id,
}

impl Quotients {
    fn new(formula: &Differentiated) -> Self {
        let tape = Tape::new();
        let Written { mut formula, loss } = write(&tape, formula);
        formula.outputs = vec![loss];
        let planning = Planning::default();
        let (session, entry) = formula.start("difference quotients", tape, planning, Reference);
        Self { session, entry, given: formula.given, loss }
    }

    /// (loss(x + h) − loss(x − h)) / 2h for each value of an argument.
    fn of(&mut self, argument: usize) -> Vec<f64> {
        let (id, host) = self.given[argument].clone();
        let Host::F32(values) = host else { unreachable!("arguments are f32") };
        let quotient = |place: usize| {
            let above = self.loss_at(id, &values, place, STEP);
            let below = self.loss_at(id, &values, place, -STEP);
            (above - below) / (2.0 * f64::from(STEP))
        };
        let quotients = (0..values.len()).map(quotient).collect();
        expect(self.session.write(id, (&values[..]).into()), "write");
        quotients
    }

    fn loss_at(&mut self, id: Id, values: &[f32], place: usize, moved: f32) -> f64 {
        let mut values = values.to_vec();
        values[place] += moved;
        expect(self.session.write(id, (&values[..]).into()), "write");
        expect(self.session.run(self.entry, 1), "difference quotients");
        let loss = expect(self.session.buffer(self.loss), "loss");
        loss.as_f64().expect("a loss is f32")[0]
    }
}
