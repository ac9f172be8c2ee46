//! Check 6: once it has run, a training step allocates nothing.

use elbo_tensor::{Backend, Data, Planning, Run, Tape};

use crate::{
    quiet,
    stage::expect,
    training::{Sizes, Training, training},
};

/// How often a measurement is repeated when it counts something.
const ATTEMPTS: usize = 5;

/// A hundred replays of a training step allocate nothing after the first, on one thread and on two.
///
/// `count` tells how many allocations the process has made so far, as a counting global allocator
/// does. No other check of this suite runs meanwhile. What else the process allocates at the same time
/// is counted too, so the measurement is repeated up to five times and must find nothing once.
///
/// # Panics
/// With the fewest allocations that a hundred replays made.
pub fn replays_allocate_nothing<B: Backend>(make: impl Fn(usize) -> B, count: fn() -> usize) {
    let _alone = quiet::alone();
    // Small work may stay on one thread, large work is split: neither may allocate.
    for (threads, sizes) in [(1, Sizes::ODD), (2, Sizes::ODD), (2, Sizes::WIDE)] {
        let tape = Tape::new();
        let Training { formula, step, cursor, .. } = training(&tape, sizes);
        let what = format!("a hundred replays, {threads} threads, {sizes:?}");
        let (mut session, entry) = formula.start(&what, tape, Planning::default(), make(threads));
        expect(session.run(entry, 1), &what);
        let mut measure = || {
            for counter in [step, cursor] {
                expect(session.write(counter, Data::U32(&[0])), &what);
            }
            let before = count();
            expect(session.run(entry, 100), &what);
            count() - before
        };
        let mut fewest = usize::MAX;
        for _ in 0..ATTEMPTS {
            fewest = fewest.min(measure());
            if fewest == 0 {
                break;
            }
        }
        assert_eq!(fewest, 0, "{what}: allocations");
    }
}
