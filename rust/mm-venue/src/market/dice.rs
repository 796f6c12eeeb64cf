//! Chance without floats: the same on every machine, from one seed.
//!
//! Fixed-point with 32 bits of fraction ([`ONE`]). What is drawn only has to look like a market, so a part in ten
//! thousand is exact enough; that it is *the same* part everywhere is what matters.

/// One, in fixed point.
pub(super) const ONE: i64 = 1 << 32;

/// A source of chance: `SplitMix64`, whose whole state is one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// From a seed, and a number that tells sources of the same seed apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.word();
        Self(dice.word())
    }

    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `bound`; 0 if there is none.
    #[allow(clippy::cast_possible_truncation)] // the upper word of a product is below both factors
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    /// True in so many cases of a thousand.
    pub fn permille(&mut self, chance: u32) -> bool {
        self.below(1_000) < u64::from(chance)
    }

    /// A standard normal variable in fixed point: the sum of twelve uniform ones less six (never beyond ±6).
    #[allow(clippy::cast_possible_wrap)] // twelve halves of a word
    pub fn normal(&mut self) -> i64 {
        (0..6)
            .map(|_| self.word())
            .map(|word| (word >> 32) as i64 + (word & 0xffff_ffff) as i64)
            .sum::<i64>()
            - 6 * ONE
    }

    /// A waiting time of this mean: the distances of arrivals that know nothing of each other.
    #[allow(clippy::cast_sign_loss)] // −log2 of a number below one is positive
    pub fn waiting(&mut self, mean: u64) -> u64 {
        const LN_2: i128 = 2_977_044_472; // ln 2, in fixed point
        let bits = -i128::from(log2(self.word() >> 32 | 1)) + 32 * i128::from(ONE);
        ((i128::from(mean) * bits * LN_2) >> 64) as u64
    }

    /// A size whose logarithm is normal: half are below `median`; `sigma` is the spread of the logarithm to base 2, in
    /// thousandths.
    pub fn log_normal(&mut self, median: u64, sigma: u32) -> u64 {
        scaled(median, i128::from(self.normal()) * i128::from(sigma) / 1_000)
    }
}

/// The logarithm to base 2 of a whole number, in fixed point: sixteen bits of fraction are worked out, one a squaring.
fn log2(number: u64) -> i64 {
    let whole = number.max(1).ilog2();
    let mut mantissa = u128::from(number.max(1)) << 63 >> whole; // in [1, 2), 63 bits of fraction
    let mut result = i64::from(whole) << 32;
    for bit in (16..32).rev() {
        mantissa = (mantissa * mantissa) >> 63;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            result |= 1 << bit;
        }
    }
    result
}

/// `number` × 2^`exponent`, the exponent in fixed point; at most the largest word.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the fraction is below ONE; the product is bounded
fn scaled(number: u64, exponent: i128) -> u64 {
    let (whole, part) = ((exponent >> 32).clamp(-64, 63), exponent & 0xffff_ffff);
    // 2^x on [0, 1] by a polynomial that is exact at both ends and off by a part in ten thousand between.
    let mut power = 341_091_000; // 0.0794…
    for factor in [963_441_000, 2_990_435_296i128] {
        power = factor + ((power * part) >> 32);
    }
    power = i128::from(ONE) + ((power * part) >> 32);
    let product = (i128::from(number) * power) >> 32;
    let product = if whole < 0 {
        product >> -whole
    } else {
        product.checked_shl(whole as u32).unwrap_or(i128::MAX)
    };
    u64::try_from(product).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut draw: impl FnMut() -> u64) -> Vec<u64> {
        let mut all: Vec<u64> = (0..20_000).map(|_| draw()).collect();
        all.sort_unstable();
        all
    }

    fn near(value: u64, wanted: u64, percent: u64) -> bool {
        value.abs_diff(wanted) * 100 <= wanted * percent
    }

    #[test]
    fn logarithms_and_powers_undo_each_other() {
        for number in [1u64, 2, 3, 1_000, 999_999_937, 1 << 40] {
            let back = scaled(1_000_000, i128::from(log2(number)) - i128::from(log2(1_000_000)));
            assert!(back.abs_diff(number) <= 1 + number / 2_000, "{number} {back}");
        }
    }

    #[test]
    fn a_waiting_time_has_its_mean_and_its_median() {
        let mut dice = Dice::new(1, 2);
        let all = sorted(|| dice.waiting(1_000_000));
        assert!(near(all.iter().sum::<u64>() / 20_000, 1_000_000, 3));
        assert!(near(all[10_000], 693_147, 3)); // ln 2
    }

    #[test]
    fn a_normal_variable_has_its_quantiles() {
        let mut dice = Dice::new(3, 4);
        let all = sorted(|| u64::try_from(dice.normal() + 6 * ONE).unwrap());
        let one = u64::try_from(ONE).unwrap();
        assert!(near(all[10_000], 6 * one, 1));
        assert!(near(all[16_827] - 6 * one, one, 4)); // 84.134 % lie below +1
    }

    #[test]
    fn a_log_normal_size_has_its_median_and_spread() {
        let mut dice = Dice::new(5, 6);
        let all = sorted(|| dice.log_normal(500_000_000, 4_000));
        assert!(near(all[10_000], 500_000_000, 8));
        assert!(near(all[16_827], 8_000_000_000, 12)); // four doublings
    }

    #[test]
    fn one_seed_has_many_streams() {
        let draw = |seed, stream| Dice::new(seed, stream).word();
        assert_eq!(draw(7, 1), draw(7, 1));
        assert!(draw(7, 1) != draw(7, 2) && draw(7, 1) != draw(8, 1));
        assert!(
            (0..1_000).all(|_| Dice::new(1, 1).below(10) < 10) && Dice::new(1, 1).below(0) == 0
        );
    }
}
