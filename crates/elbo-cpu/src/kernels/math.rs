//! Elementary functions that compile to vector instructions: polynomials without branches.

use crate::{kernels::elementwise::Function, lanes::Lanes};

/// a · b + c, rounded once where the level can.
#[inline(always)]
fn fma<S: Lanes>(a: f32, b: f32, c: f32) -> f32 {
    if S::FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Defines a name for a function that there is at every level.
macro_rules! function {
    ($name:ident, $function:ident) => {
        #[doc = concat!("[`", stringify!($function), "`] as a map.")]
        #[derive(Clone, Copy)]
        pub(crate) struct $name;

        impl Function for $name {
            #[inline(always)]
            fn at<S: Lanes>(self, x: f32) -> f32 {
                $function::<S>(x)
            }
        }
    };
}

function!(Exp, exp);
function!(Tanh, tanh);
function!(Sigmoid, sigmoid);

/// eˣ. Relative error below 2·10⁻⁷ where the result is a normal number; 0 below −87.3, ∞ above 88.7.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2, then a polynomial for eʳ and n in the exponent's bits.
#[inline(always)]
pub(crate) fn exp<S: Lanes>(x: f32) -> f32 {
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.722_83;
    // ln 2 in two parts: n times the first is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 · 2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;

    let inside = x.clamp(LOWEST, HIGHEST);
    let rounded = fma::<S>(inside, std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = fma::<S>(n, -LN_2_LOW, fma::<S>(n, -LN_2_HIGH, inside));
    let p = fma::<S>(1.987_569_1e-4, r, 1.398_199_9e-3);
    let p = fma::<S>(p, r, 8.333_452e-3);
    let p = fma::<S>(p, r, 4.166_579_6e-2);
    let p = fma::<S>(p, r, 1.666_666_5e-1);
    let p = fma::<S>(p, r, 0.5);
    let e = fma::<S>(p, r * r, r) + 1.0;
    // n as an integer is what the lowest bits say: a cast that has to look for not-a-number takes longer.
    let n = rounded.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    // 2ⁿ in two factors: n = 128 has no float of its own.
    let half = n >> 1;
    let rest = n.wrapping_sub(half);
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) << 23) as u32);
    let e = e * power(half) * power(rest);
    let e = if x < LOWEST { 0.0 } else { e };
    let e = if x > HIGHEST { f32::INFINITY } else { e };
    if x.is_nan() { x } else { e }
}

/// tanh x. Absolute error below 4·10⁻⁷.
///
/// An odd polynomial over an even one on [−7.9, 7.9], beyond which the result rounds to ±1.
#[inline(always)]
pub(crate) fn tanh<S: Lanes>(x: f32) -> f32 {
    const LIMIT: f32 = 7.905_311;
    let inside = x.clamp(-LIMIT, LIMIT);
    let s = inside * inside;
    let p = fma::<S>(-2.760_768_4e-16, s, 2.000_188e-13);
    let p = fma::<S>(p, s, -8.604_672e-11);
    let p = fma::<S>(p, s, 5.122_297e-8);
    let p = fma::<S>(p, s, 1.485_722_4e-5);
    let p = fma::<S>(p, s, 6.372_619e-4);
    let p = fma::<S>(p, s, 4.893_524_6e-3);
    let q = fma::<S>(1.198_258_4e-6, s, 1.185_347_1e-4);
    let q = fma::<S>(q, s, 2.268_434_6e-3);
    let q = fma::<S>(q, s, 4.893_525e-3);
    inside * p / q
}

/// Natural logarithm of a positive number that is neither denormal nor infinite. Relative error below
/// 5·10⁻⁷.
///
/// x = 2ᵉ m with m near 1, then the series of artanh in (m − 1) / (m + 1).
#[inline(always)]
pub(crate) fn ln_of_normal(x: f32) -> f32 {
    // The exponent counts from √½, so that m is in [√½, √2).
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits().wrapping_sub(ROOT_HALF);
    let e = (bits as i32 >> 23) as f32;
    let m = f32::from_bits((bits & 0x007f_ffff) + ROOT_HALF);
    let q = (m - 1.0) / (m + 1.0);
    let s = q * q;
    let p = s * (1.0 / 11.0) + 1.0 / 9.0;
    let p = p * s + 1.0 / 7.0;
    let p = p * s + 0.2;
    let p = p * s + 1.0 / 3.0;
    let p = p * s * q + q;
    e * std::f32::consts::LN_2 + 2.0 * p
}

/// Sine and cosine of so many whole turns, in [0, 1). Absolute error below 2·10⁻⁷.
///
/// Taylor's series in the eighth of a turn on both sides of the nearest quarter.
#[inline(always)]
pub(crate) fn sine_cosine_of_turns(turns: f32) -> (f32, f32) {
    let quarter = (4.0 * turns + 0.5) as u32;
    let x = (turns - 0.25 * quarter as f32) * std::f32::consts::TAU;
    let s = x * x;
    let sine = s * (1.0 / 362_880.0) - 1.0 / 5040.0;
    let sine = sine * s + 1.0 / 120.0;
    let sine = sine * s - 1.0 / 6.0;
    let sine = sine * s * x + x;
    let cosine = s * (1.0 / 40_320.0) - 1.0 / 720.0;
    let cosine = cosine * s + 1.0 / 24.0;
    let cosine = cosine * s - 0.5;
    let cosine = cosine * s + 1.0;
    let (a, b) = if quarter & 1 == 0 { (sine, cosine) } else { (cosine, -sine) };
    if quarter & 2 == 0 { (a, b) } else { (-a, -b) }
}

/// max(0, x), and not-a-number where x is: a fault must show.
#[inline(always)]
pub(crate) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// 1 / (1 + e⁻ˣ). Absolute error below 2·10⁻⁷.
#[inline(always)]
pub(crate) fn sigmoid<S: Lanes>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<S>(-x))
}

#[cfg(test)]
mod tests {
    use pulp::Scalar128b;

    use super::*;

    /// A check for levels with and without fused multiply-adds.
    macro_rules! at_levels {
        ($check:ident) => {
            $check::<Scalar128b>();
            #[cfg(target_arch = "x86_64")]
            $check::<pulp::x86::V3>();
        };
    }

    /// One float in ten thousand of every magnitude and both signs.
    fn floats() -> impl Iterator<Item = f32> {
        let positive = (0..0x7f80_0000_u32).step_by(9_973).map(f32::from_bits);
        positive.flat_map(|x| [x, -x])
    }

    #[test]
    fn exp_stays_within_its_relative_error_over_all_floats() {
        at_levels!(check_exp);
    }

    fn check_exp<S: Lanes>() {
        for x in floats() {
            let (got, exact) = (f64::from(exp::<S>(x)), f64::from(x).exp());
            if exact > 1.2e-38 && exact < 3.4e38 {
                assert!((got / exact - 1.0).abs() < 2e-7, "exp({x}) = {got}, not {exact}");
            } else {
                assert!((exact - got).abs() < 1.3e-38 || got > 3.3e38, "exp({x}) = {got}");
            }
        }
        assert!(exp::<S>(f32::NAN).is_nan());
        assert_eq!(exp::<S>(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp::<S>(f32::INFINITY), f32::INFINITY);
    }

    #[test]
    fn tanh_stays_within_its_error_over_all_floats() {
        at_levels!(check_tanh);
    }

    fn check_tanh<S: Lanes>() {
        for x in floats() {
            let (got, exact) = (f64::from(tanh::<S>(x)), f64::from(x).tanh());
            assert!((got - exact).abs() < 4e-7, "tanh({x}) = {got}, not {exact}");
        }
        assert!(tanh::<S>(f32::NAN).is_nan());
    }

    #[test]
    fn ln_stays_within_its_error_over_all_normal_numbers() {
        for x in floats().filter(|x| x.is_normal() && *x > 0.0) {
            let (got, exact) = (f64::from(ln_of_normal(x)), f64::from(x).ln());
            assert!((got - exact).abs() <= 5e-7 * exact.abs(), "ln {x} = {got}, not {exact}");
        }
    }

    #[test]
    fn sine_and_cosine_stay_within_their_error_over_a_turn() {
        for turns in (0..1 << 24).step_by(97).map(|i| i as f32 / (1 << 24) as f32) {
            let (sine, cosine) = sine_cosine_of_turns(turns);
            let exact = (std::f64::consts::TAU * f64::from(turns)).sin_cos();
            let far = (f64::from(sine) - exact.0).abs().max((f64::from(cosine) - exact.1).abs());
            assert!(far < 2e-7, "{turns} turns: {sine}, {cosine}, not {exact:?}");
        }
    }

    #[test]
    fn sigmoid_stays_within_its_error_over_all_floats() {
        at_levels!(check_sigmoid);
    }

    fn check_sigmoid<S: Lanes>() {
        for x in floats() {
            let (got, exact) = (f64::from(sigmoid::<S>(x)), 1.0 / (1.0 + (-f64::from(x)).exp()));
            assert!((got - exact).abs() < 2e-7, "sigmoid({x}) = {got}, not {exact}");
        }
    }
}
