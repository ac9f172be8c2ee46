//! Which values a model starts from: those of PyTorch's `nn.Linear`, drawn by Philox.
//!
//! Each parameter has a random sequence of its own, so its values depend on the seed, its position
//! and nothing else: not on the backend, not on the threads, not on the sizes of other layers.
//!
//! The distribution is PyTorch's, the values are not: PyTorch draws from a Mersenne Twister.

use elbo_tensor::{Data, Run, random::Stream};
use ndarray::Array1;
use ndarray_rand::{
    RandomExt,
    rand::{RngCore, rand_core::impls},
    rand_distr::Uniform,
};

use crate::Parameter;

/// What the random numbers of initial values are for: "INIT".
pub const STREAM_INITIALISE: u32 = 0x494E_4954;

/// Philox as a generator that the `rand` ecosystem can draw from.
#[derive(Clone, Debug)]
pub struct PhiloxRng(Stream);

impl PhiloxRng {
    /// A generator of a stream's words, from where it stands.
    #[must_use]
    pub const fn new(stream: Stream) -> Self {
        Self(stream)
    }
}

impl RngCore for PhiloxRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_u32(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes);
    }
}

/// Initial values of each parameter, in order: uniform in [−1/√fan_in, 1/√fan_in), for weights and
/// biases alike.
///
/// PyTorch's `nn.Linear.reset_parameters`: its `kaiming_uniform_(a=√5)` comes to the same bound. A
/// parameter with a fan-in of 0 starts at zero, as there.
#[must_use]
pub fn initialise(parameters: &[Parameter], seed: u64) -> Vec<Vec<f32>> {
    let values = |(position, parameter)| initial_values(parameter, seed, position);
    (0..).zip(parameters).map(values).collect()
}

/// Writes the initial values of each parameter to a session.
///
/// Fails if no entry of its program uses one of them, or if the device does.
pub fn write_initial(
    run: &mut dyn Run,
    parameters: &[Parameter],
    seed: u64,
) -> elbo_tensor::Result<()> {
    for (position, parameter) in (0..).zip(parameters) {
        run.write(parameter.id, Data::F32(&initial_values(parameter, seed, position)))?;
    }
    Ok(())
}

fn initial_values(parameter: &Parameter, seed: u64, position: u32) -> Vec<f32> {
    let bound = (1.0 / (parameter.fan_in as f64).sqrt()) as f32;
    let Ok(uniform) = Uniform::new(-bound, bound) else {
        return vec![0.0; parameter.shape.len()];
    };
    let mut rng = PhiloxRng::new(Stream::new(seed, STREAM_INITIALISE, position));
    Array1::random_using(parameter.shape.len(), uniform, &mut rng).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Linear, Parameters};
    use elbo_tensor::Tape;

    /// Four parameters, among them the 784 → 400 layer.
    fn parameters() -> Vec<Parameter> {
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let _ = Linear::new(&parameters, "fc1", 784, 400);
        let _ = Linear::new(&parameters, "fc2", 784, 400);
        parameters.finish().unwrap()
    }

    #[test]
    fn values_lie_within_one_over_the_root_of_the_fan_in() {
        for (values, parameter) in initialise(&parameters(), 42).iter().zip(parameters()) {
            assert_eq!(values.len(), parameter.shape.len());
            assert!(values.iter().all(|value| value.abs() <= 1.0 / 28.0), "{}", parameter.name);
        }
    }

    /// A uniform distribution on ±b has mean 0 and variance b² / 3.
    #[test]
    fn mean_and_variance_are_those_of_a_uniform_distribution() {
        let values = &initialise(&parameters(), 42)[0];
        let n = values.len() as f64;
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n;
        let expected: f64 = 1.0 / 784.0 / 3.0;
        let deviation = expected.sqrt() / n.sqrt();
        assert!(mean.abs() < 4.0 * deviation, "mean {mean}");
        assert!((variance / expected - 1.0).abs() < 0.01, "variance {variance}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
        let bits = |seed| initialise(&parameters(), seed).concat().into_iter().map(f32::to_bits);
        assert!(bits(7).eq(bits(7)));
        assert!(bits(7).zip(bits(8)).filter(|(a, b)| a == b).count() < 1_000);
    }

    #[test]
    fn two_layers_of_one_shape_start_from_different_values() {
        let values = initialise(&parameters(), 42);
        assert_ne!(values[0], values[2]);
        assert_ne!(values[1], values[3]);
    }

    #[test]
    fn a_parameter_without_inputs_starts_at_zero() {
        let tape = Tape::new();
        let parameters = Parameters::new(&tape);
        let _ = parameters.add("offset", [3], 0);
        assert_eq!(initialise(&parameters.list(), 42), [[0.0; 3]]);
    }

    /// An update of `rand` that changes how it makes a float would change every training.
    #[test]
    fn the_first_values_of_seed_42_stay_what_they_were() {
        let values = initialise(&parameters(), 42);
        assert_eq!(values[0][..4], [-0.008974016, -0.01260508, -0.03073374, 0.02809525]);
    }

    /// One word a value: 23 bits of it, scaled.
    #[test]
    fn values_are_the_streams_words_scaled_to_the_bounds() {
        let values = initialise(&parameters(), 42);
        let mut stream = Stream::new(42, STREAM_INITIALISE, 3);
        for value in &values[3] {
            let unit = f64::from(stream.next_u32() >> 9) / 8_388_608.0;
            let expected = (2.0 * unit - 1.0) / 28.0;
            assert!((f64::from(*value) - expected).abs() < 1e-8, "{value} for {expected}");
        }
    }

    #[test]
    fn bytes_and_wide_words_come_from_the_same_sequence() {
        let rng = || PhiloxRng::new(Stream::new(1, STREAM_INITIALISE, 0));
        let (mut words, mut wide, mut bytes) = (rng(), rng(), rng());
        let (low, high) = (words.next_u32(), words.next_u32());
        assert_eq!(wide.next_u64(), u64::from(high) << 32 | u64::from(low));
        let mut filled = [0; 8];
        bytes.fill_bytes(&mut filled);
        assert_eq!(u64::from_le_bytes(filled), u64::from(high) << 32 | u64::from(low));
    }
}
