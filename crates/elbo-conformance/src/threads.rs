//! Check 8: the number of threads decides how long a step takes, and nothing else.

use elbo_tensor::{Backend, Planning, Run, Tape};

use crate::{
    plans::same_bits,
    quiet,
    stage::expect,
    training::{Sizes, training},
};

const STEPS: usize = 5;

/// Five training steps of a 784-400-20 autoencoder with a batch of 96, and of one with sizes that
/// nothing divides, leave the same bits in every parameter and output with 1, 2, 3 and 5 threads.
///
/// # Panics
/// With the number of threads, the value, the first index that differs, and both numbers.
pub fn thread_counts_agree<B: Backend>(make: impl Fn(usize) -> B) {
    let _working = quiet::working();
    for sizes in [Sizes::ODD, Sizes::MNIST] {
        let trained = |threads| {
            let what = format!("batch of {}, {threads} threads", sizes.batch);
            let tape = Tape::new();
            let formula = training(&tape, sizes).formula;
            let (mut session, entry) =
                formula.start(&what, tape, Planning::default(), make(threads));
            expect(session.run(entry, STEPS), &what);
            formula.results(&what, &session)
        };
        let one = trained(1);
        for threads in [2, 3, 5] {
            let what = format!("batch of {}, {threads} threads and 1", sizes.batch);
            same_bits(&what, &trained(threads), &one);
        }
    }
}
