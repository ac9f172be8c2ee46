#![doc = include_str!("../README.md")]

mod allocations;
mod cases;
mod compare;
mod finite;
mod formulas;
mod gradients;
mod host;
mod noise;
mod ops;
mod plans;
mod quiet;
mod random_graphs;
mod reference;
mod refusals;
mod replays;
mod stage;
mod threads;
mod training;
mod vocabulary;

use elbo_tensor::Backend;

pub use allocations::replays_allocate_nothing;
pub use finite::what_is_not_finite_is_found;
pub use gradients::gradients_match_central_differences;
pub use noise::noise_depends_on_key_stream_and_step;
pub use ops::ops_agree_with_the_reference;
pub use plans::{plans_agree, plans_of_a_drawn_graph_agree};
pub use reference::{Reference, Refusal, Values};
pub use refusals::calls_that_do_not_fit_are_refused;
pub use replays::replays_equal_launches;
pub use threads::thread_counts_agree;

/// Everything that a backend must pass, one check after the other.
///
/// `make` makes the backend with a number of threads; a backend without threads ignores it.
/// `allocations` tells how many allocations the process has made so far; without it the check of
/// allocations is left out. Each check is a function of its own, too, for tests that say which
/// promise broke.
///
/// # Panics
/// With the first promise that does not hold: op, shapes, place, and both values.
pub fn check<B: Backend>(make: impl Fn(usize) -> B, allocations: Option<fn() -> usize>) {
    ops_agree_with_the_reference(&make);
    gradients_match_central_differences(&make);
    plans_agree(&make);
    replays_equal_launches(&make);
    noise_depends_on_key_stream_and_step(&make);
    if let Some(count) = allocations {
        replays_allocate_nothing(&make, count);
    }
    calls_that_do_not_fit_are_refused(&make);
    thread_counts_agree(&make);
    what_is_not_finite_is_found(&make);
}
