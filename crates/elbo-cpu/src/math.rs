//! Elementary functions that compile to vector instructions: polynomials without branches.

/// eˣ. Relative error below 2·10⁻⁷ where the result is a normal number; 0 below −87.3, ∞ above 88.7.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2, then a polynomial for eʳ and n in the exponent's bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.722_83;
    // ln 2 in two parts: n times the first is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 · 2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;

    let inside = x.clamp(LOWEST, HIGHEST);
    let n = (inside * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (inside - n * LN_2_HIGH) - n * LN_2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let e = p * (r * r) + r + 1.0;
    // 2ⁿ in two factors: n = 128 has no float of its own.
    let half = (n as i32) >> 1;
    let rest = n as i32 - half;
    let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    let e = e * power(half) * power(rest);
    let e = if x < LOWEST { 0.0 } else { e };
    let e = if x > HIGHEST { f32::INFINITY } else { e };
    if x.is_nan() { x } else { e }
}

/// tanh x. Absolute error below 4·10⁻⁷.
///
/// An odd polynomial over an even one on [−7.9, 7.9], beyond which the result rounds to ±1.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    const LIMIT: f32 = 7.905_311;
    let inside = x.clamp(-LIMIT, LIMIT);
    let s = inside * inside;
    let p = -2.760_768_4e-16;
    let p = p * s + 2.000_188e-13;
    let p = p * s - 8.604_672e-11;
    let p = p * s + 5.122_297e-8;
    let p = p * s + 1.485_722_4e-5;
    let p = p * s + 6.372_619e-4;
    let p = p * s + 4.893_524_6e-3;
    let q = 1.198_258_4e-6;
    let q = q * s + 1.185_347_1e-4;
    let q = q * s + 2.268_434_6e-3;
    let q = q * s + 4.893_525e-3;
    inside * p / q
}

/// max(0, x), and not-a-number where x is: a fault must show.
#[inline(always)]
pub(crate) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// 1 / (1 + e⁻ˣ). Absolute error below 2·10⁻⁷.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One float in ten thousand of every magnitude and both signs.
    fn floats() -> impl Iterator<Item = f32> {
        let positive = (0..0x7f80_0000_u32).step_by(9_973).map(f32::from_bits);
        positive.flat_map(|x| [x, -x])
    }

    #[test]
    fn exp_stays_within_its_relative_error_over_all_floats() {
        for x in floats() {
            let (got, exact) = (f64::from(exp(x)), f64::from(x).exp());
            if exact > 1.2e-38 && exact < 3.4e38 {
                assert!((got / exact - 1.0).abs() < 2e-7, "exp({x}) = {got}, not {exact}");
            } else {
                assert!((exact - got).abs() < 1.3e-38 || got > 3.3e38, "exp({x}) = {got}");
            }
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn tanh_stays_within_its_error_over_all_floats() {
        for x in floats() {
            let (got, exact) = (f64::from(tanh(x)), f64::from(x).tanh());
            assert!((got - exact).abs() < 4e-7, "tanh({x}) = {got}, not {exact}");
        }
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn sigmoid_stays_within_its_error_over_all_floats() {
        for x in floats() {
            let (got, exact) = (f64::from(sigmoid(x)), 1.0 / (1.0 + (-f64::from(x)).exp()));
            assert!((got - exact).abs() < 2e-7, "sigmoid({x}) = {got}, not {exact}");
        }
    }
}
