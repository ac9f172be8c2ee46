//! The reference passes its own suite, so what the suite asks for can be had. Only the number of
//! threads is not varied: it has none.

use std::sync::atomic::{AtomicUsize, Ordering};

use elbo_conformance::Reference;

fn make(_threads: usize) -> Reference {
    Reference
}

#[test]
fn the_reference_agrees_with_itself_on_every_op() {
    elbo_conformance::ops_agree_with_the_reference(make);
}

#[test]
fn the_gradients_of_the_graph_are_those_of_the_reference() {
    elbo_conformance::gradients_match_central_differences(make);
}

#[test]
fn reuse_and_fusion_do_not_change_what_the_reference_computes() {
    elbo_conformance::plans_agree(make);
}

#[test]
fn the_reference_replays_what_it_launches() {
    elbo_conformance::replays_equal_launches(make);
}

#[test]
fn the_noise_of_the_reference_is_a_function_of_key_stream_and_step() {
    elbo_conformance::noise_depends_on_key_stream_and_step(make);
}

#[test]
fn the_reference_refuses_by_name() {
    elbo_conformance::calls_that_do_not_fit_are_refused(make);
}

#[test]
fn the_reference_passes_on_what_is_not_a_number() {
    elbo_conformance::what_is_not_finite_is_found(make);
}

#[test]
fn a_count_that_now_and_then_moves_is_measured_again() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    // Another test allocates during the first measurement: it is the second that counts.
    let count = || match CALLS.fetch_add(1, Ordering::Relaxed) {
        1 => COUNT.fetch_add(7, Ordering::Relaxed) + 7,
        _ => COUNT.load(Ordering::Relaxed),
    };
    elbo_conformance::replays_allocate_nothing(make, count);
}
