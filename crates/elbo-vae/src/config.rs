//! How large the model is and what it is trained with.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The widths of the model's layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Pixels of an image.
    pub input: usize,
    /// Units of the two hidden layers.
    pub hidden: usize,
    /// Dimensions of the latent space.
    pub latent: usize,
}

/// MNIST's 28 × 28 pixels, 400 hidden units, 20 latent dimensions.
impl Default for Sizes {
    fn default() -> Self {
        Self { input: 784, hidden: 400, latent: 20 }
    }
}

/// Everything that shapes the program: a model, its training and the data it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The model's layers.
    pub sizes: Sizes,
    /// Images of a training step; an epoch's last step may have fewer.
    pub batch_size: usize,
    /// Where initial parameters and all noise come from.
    pub seed: u64,
    /// Adam's learning rate.
    pub learning_rate: f32,
    /// Images of the training set.
    pub train_images: usize,
    /// Images of the test set.
    pub test_images: usize,
}

/// The classic script's settings on MNIST's 60,000 + 10,000 images.
impl Default for Config {
    fn default() -> Self {
        Self {
            sizes: Sizes::default(),
            batch_size: 128,
            seed: 42,
            learning_rate: 1e-3,
            train_images: 60_000,
            test_images: 10_000,
        }
    }
}

impl Config {
    /// Refuses what no program can be planned for: sizes of zero, sizes that no memory holds, a
    /// learning rate that is not a positive number.
    pub fn check(&self) -> Result<()> {
        let Sizes { input, hidden, latent } = self.sizes;
        let sizes = [
            ("input", input),
            ("hidden", hidden),
            ("latent", latent),
            ("batch_size", self.batch_size),
            ("train_images", self.train_images),
            ("test_images", self.test_images),
        ];
        for (name, size) in sizes {
            if size == 0 {
                return Err(Error::config(name, "is 0, wants at least 1"));
            }
            // Row numbers and counters are 32 bits wide on every backend.
            if size > u32::MAX as usize / 2 {
                return Err(Error::config(
                    name,
                    &format!("is {size}, wants at most {}", u32::MAX / 2),
                ));
            }
        }
        let largest =
            [(input, hidden), (hidden, latent), (self.batch_size, input.max(hidden).max(latent))];
        if largest
            .iter()
            .any(|(rows, columns)| rows.checked_mul(*columns).is_none_or(|n| n > 1 << 40))
        {
            return Err(Error::config(
                "sizes",
                "make a layer of more than 4 TiB; choose smaller ones",
            ));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let fact = format!("is {}, wants a positive number such as 0.001", self.learning_rate);
            return Err(Error::config("learning_rate", &fact));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_classic_script() {
        assert!(Config::default().check().is_ok());
        assert_eq!(Sizes::default(), Sizes { input: 784, hidden: 400, latent: 20 });
    }

    #[test]
    fn a_size_of_zero_or_beyond_memory_is_named() {
        let sizes = |hidden| Sizes { hidden, ..Sizes::default() };
        for (config, name) in [
            (Config { sizes: sizes(0), ..Config::default() }, "hidden is 0"),
            (Config { sizes: sizes(usize::MAX), ..Config::default() }, "hidden is"),
            (Config { sizes: sizes(1 << 30), batch_size: 1 << 20, ..Config::default() }, "4 TiB"),
            (Config { batch_size: 0, ..Config::default() }, "batch_size is 0"),
            (Config { learning_rate: f32::NAN, ..Config::default() }, "learning_rate is NaN"),
            (Config { learning_rate: -1.0, ..Config::default() }, "learning_rate is -1"),
        ] {
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
