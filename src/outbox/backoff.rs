//! When to try again.

use jiff::SignedDuration;
use ring::digest;

/// After the first failure, in milliseconds; doubled after each.
const FIRST: i64 = 1_000;
const LONGEST: i64 = 60_000;
/// How long a channel that is down is left alone at first, and at most.
const DOWN_FIRST: i64 = 60_000;
const DOWN_LONGEST: i64 = 15 * 60_000;

/// The wait after so many failed tries: 1 s, doubling to 60 s, 20 % more or less. `seed` spreads deliveries that failed together.
pub(super) fn after(failures: u32, seed: i64) -> SignedDuration {
    jittered(doubled(FIRST, failures, LONGEST), failures, seed)
}

/// The wait before a channel that is down is tried once more: 1 min, doubling to 15 min, 20 % more or less.
pub(super) fn after_down(failures: u32, seed: i64) -> SignedDuration {
    jittered(doubled(DOWN_FIRST, failures, DOWN_LONGEST), failures, seed)
}

fn doubled(first: i64, failures: u32, longest: i64) -> i64 {
    let doublings = failures.saturating_sub(1).min(20);
    (first << doublings).min(longest)
}

fn jittered(ms: i64, failures: u32, seed: i64) -> SignedDuration {
    let mut input = [0_u8; 12];
    input[..8].copy_from_slice(&seed.to_le_bytes());
    input[8..].copy_from_slice(&failures.to_le_bytes());
    let hash = digest::digest(&digest::SHA256, &input);
    // One byte gives 256 steps from 80 % to 120 %.
    let step = i64::from(hash.as_ref()[0]);
    SignedDuration::from_millis(ms * 4 / 5 + ms * 2 / 5 * step / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_minute_within_a_fifth() {
        for (failures, ms) in
            [(1, 1_000), (2, 2_000), (3, 4_000), (6, 32_000), (7, 60_000), (8, 60_000), (4_000_000_000, 60_000)]
        {
            for seed in 0..200 {
                let wait = i64::try_from(after(failures, seed).as_millis()).unwrap();
                assert!((ms * 4 / 5..=ms * 6 / 5).contains(&wait), "{failures} {seed}: {wait}");
            }
        }
        let waits: std::collections::HashSet<_> = (0..200).map(|seed| after(3, seed)).collect();
        assert!(waits.len() > 80, "deliveries that failed together must not come back together");
        assert!(after_down(1, 3).as_secs() >= 48 && after_down(99, 3).as_secs() <= 18 * 60);
    }
}
