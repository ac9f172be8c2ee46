//! What happens in a step, line by line.

use elbo_tensor::Planning;
use elbo_vae::{Entries, Sizes};

use crate::{Result, Settings};

/// The entries of a model for a data set of `images` = (train, test), as text: a line a call.
pub fn plan(
    settings: &Settings,
    input: usize,
    images: (usize, usize),
    planning: Planning,
) -> Result<String> {
    settings.check_with(input, images.0)?;
    let config = settings.config(input, images.0, images.1);
    let (program, _) = Entries::plan_with(&config, planning)?;
    let Sizes { input, hidden, latent } = config.sizes;
    let mut text = format!(
        "VAE {input}-{hidden}-{latent}, batches of {}: result = arguments, %SLOT[SHAPE]\n",
        settings.batch_size
    );
    for entry in program.entries() {
        text.push_str(&format!("\n{entry}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_there_by_its_name() {
        let settings = Settings { hidden: 8, latent: 2, batch_size: 4, ..Settings::default() };
        let text = plan(&settings, 784, (10, 6), Planning::default()).unwrap();
        for entry in ["train", "train_tail", "evaluate", "encode", "decode", "sample"] {
            assert!(text.contains(&format!("\n{entry}: ")), "{entry} in\n{text}");
        }
    }

    #[test]
    fn an_unfused_plan_has_only_the_ops_that_the_formulas_have() {
        let config = Settings::default().config(784, 60_000, 10_000);
        let made_by_the_planner = |fuse| {
            let planning = Planning { fuse, ..Planning::default() };
            let (program, _) = Entries::plan_with(&config, planning).unwrap();
            let written: Vec<&str> =
                program.graph().nodes().iter().map(|node| node.op.name()).collect();
            let calls = program.entries().iter().flat_map(|entry| entry.calls());
            calls.filter(|call| !written.contains(&call.op.name())).count()
        };
        assert!(made_by_the_planner(true) > 0);
        assert_eq!(made_by_the_planner(false), 0);
    }
}
