//! Check 5: noise is a function of key, stream, step and position, and of nothing else.

use elbo_tensor::{Backend, Data, Dtype, Id, Planning, Run, Session, Tape, random};

use crate::{
    Reference,
    compare::assert_close,
    host::Host,
    quiet,
    stage::{Formula, expect, read},
};

/// Noise changes with the step, repeats with the key, differs between streams, is the
/// [`Reference`]'s within 2e-6 · max(1, |x|), and a shorter tensor has the first values of a longer.
///
/// # Panics
/// With what does not hold and for which length.
pub fn noise_depends_on_key_stream_and_step<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    for len in [1, 2, 3, 5, 17, 1009, 12_345] {
        let mut here = Noise::new(len, make(2));
        let mut there = Noise::new(len, Reference);
        let first = here.at(7, 0);
        let next = here.run();
        let what = |fact: &str| format!("normal of {len}: {fact}");
        differ(&what("the next step draws the same"), &first[0], &next[0]);
        differ(&what("two streams draw the same"), &first[0], &first[1]);
        differ(&what("two keys draw the same"), &first[0], &here.at(8, 0)[0]);
        differ(&what("the high word is not used"), &first[0], &here.at(7 + (1 << 32), 0)[0]);
        same(&what("the same key and step draw anew"), &first[0], &here.at(7, 0)[0]);
        same(&what("step 1 written is not step 1 reached"), &next[0], &here.at(7, 1)[0]);
        same(&what("the length moves the numbers"), &first[0], &first[2][..len]);
        for (key, step) in [(7, 0), (u64::MAX, u32::MAX), (1 << 40, 468)] {
            let what = what(&format!("key {key:#x}, step {step}"));
            for (x, y) in here.at(key, step).iter().zip(there.at(key, step)) {
                let allowed: Vec<f64> = y.iter().map(|y| 2e-6 * y.abs().max(1.0)).collect();
                assert_close(&what, x, &y, &allowed);
            }
        }
    }
}

fn same(fact: &str, a: &[f64], b: &[f64]) {
    assert!(a == b, "{fact}");
}

/// At most one number in a hundred may be the same by chance.
fn differ(fact: &str, a: &[f64], b: &[f64]) {
    let same = a.iter().zip(b).filter(|(x, y)| x == y).count();
    assert!(same <= a.len() / 100, "{fact}: {same} of {} numbers", a.len());
}

/// A program that draws from two streams, and from the first of them a longer tensor.
struct Noise<B: Backend> {
    session: Session<B>,
    entry: elbo_tensor::EntryId,
    key: Id,
    step: Id,
    drawn: [Id; 3],
}

impl<B: Backend> Noise<B> {
    fn new(len: usize, backend: B) -> Self {
        let tape = Tape::new();
        let (key, step) = (tape.input(Dtype::U32, [2]), tape.counter());
        let longer = tape.normal(key, step, 1, [len + 6]);
        let drawn = [tape.normal(key, step, 1, [len]), tape.normal(key, step, 2, [len]), longer];
        let drawn = drawn.map(|noise| noise.id());
        let (key, step, advance) = (key.id(), step.id(), step.advance(1).id());
        let given = vec![(key, Host::U32(vec![0, 0]))];
        let formula = Formula { given, outputs: drawn.to_vec(), updates: vec![advance] };
        let (session, entry) = formula.start("noise", tape, Planning::default(), backend);
        Self { session, entry, key, step, drawn }
    }

    fn at(&mut self, key: u64, step: u32) -> [Vec<f64>; 3] {
        expect(self.session.write(self.key, Data::U32(&random::key(key))), "key");
        expect(self.session.write(self.step, Data::U32(&[step])), "step");
        self.run()
    }

    fn run(&mut self) -> [Vec<f64>; 3] {
        expect(self.session.run(self.entry, 1), "noise");
        self.drawn.map(|id| read("noise", &self.session, id).as_f64())
    }
}
