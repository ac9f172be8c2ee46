//! However a graph is planned, and whatever vectors compute it, it gives the same: graphs drawn by lot, all
//! ops, odd shapes, gradients and updates, fused or not, buffers reused or not.

use elbo_conformance::plans_of_a_drawn_graph_agree;
use elbo_cpu::{Cpu, Level};
use proptest::prelude::*;

/// How many graphs each level plans. `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if asked { usual.cases } else { 100 }, ..usual }
}

/// A property test for each level; one that the machine lacks is that of the next narrower.
macro_rules! levels {
    ($($test:ident: $level:expr, $threads:expr;)*) => {
        proptest! {
            #![proptest_config(cases())]
            $(
                #[test]
                fn $test(draws in prop::collection::vec(any::<u32>(), 0..400)) {
                    let make = |_| Cpu::with_level($threads, $level).unwrap();
                    plans_of_a_drawn_graph_agree(make, &draws);
                }
            )*
        }
    };
}

levels! {
    a_drawn_graph_is_the_same_in_every_plan_with_the_widest_vectors: Level::Avx512, 1;
    a_drawn_graph_is_the_same_in_every_plan_with_avx2_on_two_threads: Level::Avx2, 2;
    a_drawn_graph_is_the_same_in_every_plan_without_vectors_on_three_threads: Level::Plain, 3;
}
