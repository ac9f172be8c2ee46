//! A short torture; `cargo xtask torture` is the long one.

use elbo_torture::{Tally, Torture};

#[test]
fn a_training_that_is_killed_again_and_again_comes_to_the_same_bytes() {
    let torture = Torture { program: env!("CARGO_BIN_EXE_elbo").into(), kills: 12, seed: 42 };
    let tally = torture.run(&mut |_| {}).unwrap();
    assert!(tally.losses.is_empty(), "{tally:#?}");
    let Tally { kills, resumes, compared, .. } = tally;
    assert!(kills == 12 && resumes > 0 && compared > 0, "{tally:#?}");
}
