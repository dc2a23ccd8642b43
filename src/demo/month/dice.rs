//! Chance that is the same each time: `SplitMix64`. <https://prng.di.unimi.it/splitmix64.c>

pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for each part of a seed.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mut dice = Self(seed);
        Self(dice.roll() ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of so many.
    pub(super) fn below(&mut self, many: usize) -> usize {
        let product = u128::from(self.roll()) * many as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Between two numbers, those near the middle more often.
    pub(super) fn around(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high - low + 1).unwrap_or(1);
        let three: usize = (0..3).map(|_| self.below(span)).sum();
        low + i64::try_from(three / 3).unwrap_or(0)
    }

    /// As Qlik Sense names sessions.
    pub(super) fn session(&mut self) -> String {
        let (high, low) = (self.roll(), self.roll());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}
