//! Random numbers that never change: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
//! number generators", 2014), a counter pushed through a mixer.
//!
//! Being a function of a counter, any part of the stream can be drawn without the parts before it;
//! a dropout mask is drawn again in the backward pass instead of being kept.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes 64 bits so that every input bit changes half of the output's.
#[inline]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The seed of a stream of its own, for example that of one epoch or of one layer's dropout.
pub fn stream(seed: u64, name: &[u64]) -> u64 {
    name.iter()
        .fold(mix(seed.wrapping_add(GOLDEN)), |seed, &part| {
            mix(seed.wrapping_add(GOLDEN) ^ mix(part.wrapping_add(GOLDEN)))
        })
}

/// The `index`-th 64 bits of a stream.
#[inline]
pub fn at(seed: u64, index: u64) -> u64 {
    mix(seed.wrapping_add(GOLDEN.wrapping_mul(index.wrapping_add(1))))
}

/// Draws one number after another from a stream.
///
/// ```
/// use lessons::train::random::Random;
/// let mut random = Random::new(7);
/// let again: Vec<u64> = (0..3).map(|_| random.below(100)).collect();
/// let mut random = Random::new(7);
/// assert!(again.iter().all(|&number| number == random.below(100)));
/// ```
#[derive(Debug, Clone)]
pub struct Random {
    seed: u64,
    index: u64,
}

impl Random {
    /// The beginning of the stream `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, index: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let bits = at(self.seed, self.index);
        self.index += 1;
        bits
    }

    /// The next number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next integer in `[0, end)`; `end` must not be 0. (Lemire's multiplication; its bias,
    /// at most `end / 2^64`, is of no weight here.)
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// The next number of a normal distribution with mean 0 and variance 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Puts a list in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of SplitMix64 for seed 1234567, as given with its reference code.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut random = Random::new(1);
        let count = 200_000;
        let (mut mean, mut square, mut uniform) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let normal = random.normal();
            mean += normal;
            square += normal * normal;
            uniform += random.uniform();
        }
        let count = f64::from(count);
        assert!((mean / count).abs() < 0.01);
        assert!((square / count - 1.0).abs() < 0.02);
        assert!((uniform / count - 0.5).abs() < 0.005);
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Random::new(3).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
