//! What every backend must pass, on the stand-in driver or on a device, a test a promise.

mod device;

use std::alloc::System;

use elbo_cuda::{Cuda, Precision};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations of the whole process so far, growth of existing ones included.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// Makes backends on one device, of which threads are no matter.
fn made_from(cuda: &Cuda) -> impl Fn(usize) -> Cuda {
    |_| cuda.another().unwrap()
}

/// A test for each of these checks of the suite, in a precision.
macro_rules! checks {
    ($precision:expr; $($test:ident: $check:ident;)*) => {
        $(#[test]
        fn $test() {
            if let Some(cuda) = device::cuda() {
                elbo_conformance::$check(made_from(&cuda.with_precision($precision)));
            }
        })*
    };
}

mod single {
    use super::*;

    checks! {
        Precision::Single;
        every_op_is_what_the_reference_says: ops_agree_with_the_reference;
        gradients_are_what_differences_say: gradients_match_central_differences;
        plans_with_and_without_fusion_agree: plans_agree;
        replays_do_what_launches_do: replays_equal_launches;
        noise_is_a_function_of_key_stream_and_step: noise_depends_on_key_stream_and_step;
        calls_that_do_not_fit_are_refused: calls_that_do_not_fit_are_refused;
        two_trainings_leave_the_same_bits: thread_counts_agree;
        what_is_not_finite_is_found: what_is_not_finite_is_found;
    }

    #[test]
    fn a_hundred_training_steps_allocate_nothing() {
        if let Some(cuda) = device::cuda() {
            elbo_conformance::replays_allocate_nothing(made_from(&cuda), allocations);
        }
    }
}

/// Numbers in two parts are as good as single precision, by the suite's own bounds.
mod tf32x3 {
    use super::*;

    checks! {
        Precision::Tf32x3;
        every_op_is_what_the_reference_says: ops_agree_with_the_reference;
        gradients_are_what_differences_say: gradients_match_central_differences;
        replays_do_what_launches_do: replays_equal_launches;
    }
}
