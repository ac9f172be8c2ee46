//! What happens in a step, line by line.

use elbo_vae::{Entries, Sizes};

use crate::{Result, Settings};

/// The entries of a model for a data set of `images` = (train, test), as text: a line a call.
pub fn plan(settings: &Settings, input: usize, images: (usize, usize)) -> Result<String> {
    settings.check_with(input, images.0)?;
    let config = settings.config(input, images.0, images.1);
    let (program, _) = Entries::plan(&config)?;
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
        let text = plan(&settings, 784, (10, 6)).unwrap();
        for entry in ["train", "train_tail", "evaluate", "encode", "decode", "sample"] {
            assert!(text.contains(&format!("\n{entry}: ")), "{entry} in\n{text}");
        }
    }
}
