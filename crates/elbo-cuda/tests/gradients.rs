//! Gradients of the whole model against the reference in double precision.

mod device;
mod model;

use elbo_conformance::Reference;
use elbo_cuda::Precision;
use elbo_tensor::{Backend, Run};

/// The gradient of every parameter, by what the first step of Adam makes of it: its first moment is a tenth of it.
fn gradients<B: Backend>(backend: B) -> Vec<(String, Vec<f32>)> {
    let (mut session, entries) = model::session(backend, &model::config(33, 1));
    let train = session.program().find("train").unwrap();
    session.run(train, 1).unwrap();
    let state = entries.state();
    let moments = state.iter().filter(|tensor| tensor.name.contains("exp_avg."));
    moments.map(|moment| (moment.name.clone(), session.read_f32(moment.id).unwrap())).collect()
}

/// The largest difference of a parameter's gradient, as a share of its largest magnitude, over all parameters.
fn farthest(precision: Precision) -> Option<f32> {
    let here = gradients(device::cuda()?.with_precision(precision));
    let there = gradients(Reference);
    assert_eq!(here.len(), 10);
    let apart = here.iter().zip(&there).map(|((name, x), (_, y))| {
        let largest = y.iter().fold(0.0_f32, |largest, y| largest.max(y.abs()));
        let difference = x.iter().zip(y).fold(0.0_f32, |most, (x, y)| most.max((x - y).abs()));
        assert!(largest > 0.0, "{name}");
        difference / largest
    });
    Some(apart.fold(0.0, f32::max))
}

#[test]
fn gradients_are_those_of_the_reference_within_a_hundred_thousandth() {
    for precision in [Precision::default(), Precision::Tf32x3] {
        let Some(apart) = farthest(precision) else { return };
        println!("{precision:?}: {apart:.1e} apart");
        assert!(apart < 1e-5, "{precision:?}: {apart:e} apart");
    }
}

/// What the option costs; if it cost nothing, the test above would not see what it is there for.
#[test]
fn rounding_to_11_bits_is_seen() {
    let Some(apart) = farthest(Precision::Tf32) else { return };
    assert!((1e-5..0.1).contains(&apart), "{apart:e} apart");
}
