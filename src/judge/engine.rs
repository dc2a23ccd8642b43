//! The engines' own numbers beyond their bound.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bound, FindingFacts, HoldFor, Verdict};
use crate::snapshot::{Coverage, Engine};

/// What is asked of engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineMetric {
    /// How many engines are saturated.
    Saturated,
    /// The memory that is free where least is, in MB.
    MemoryFree,
}

/// `threshold: {metric: memory_free, below: 4000, for: 5m}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineThreshold {
    pub metric: EngineMetric,
    pub bound: Bound,
    /// Opens beyond this number.
    pub limit: u64,
    /// Closes at this number, or on its good side.
    pub clear: u64,
    pub hold: HoldFor,
}

/// What the engines come to. One that does not tell what is asked counts as not seen.
struct Told {
    value: Option<u64>,
    coverage: Coverage,
}

impl EngineMetric {
    fn of(self, engines: &[Engine]) -> Told {
        let health = engines.iter().filter_map(|engine| engine.health.as_ref().ok());
        let (answered, value) = match self {
            Self::Saturated => {
                let told: Vec<bool> = health.filter_map(|health| health.saturated).collect();
                let saturated = told.iter().filter(|saturated| **saturated).count() as u64;
                (told.len(), (!told.is_empty()).then_some(saturated))
            }
            Self::MemoryFree => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "memory is no less than 0")]
                let told: Vec<u64> = health.filter_map(|health| health.memory_free).map(|free| free as u64).collect();
                (told.len(), told.iter().min().copied())
            }
        };
        Told { value, coverage: Coverage { answered: answered as u64, asked: engines.len() as u64 } }
    }

    /// Of which bound what a part of the engines says is enough: one more can be saturated, and less free, but not the
    /// other way round.
    fn is_sure(self, bound: Bound) -> bool {
        matches!((self, bound), (Self::Saturated, Bound::Above) | (Self::MemoryFree, Bound::Below))
    }
}

impl EngineThreshold {
    pub(super) fn verdict(&self, engines: &[Engine]) -> Verdict {
        let Told { value, coverage } = self.metric.of(engines);
        let Some(value) = value else { return Verdict::Unknown };
        let (beyond, clear) = match self.bound {
            Bound::Above => (value > self.limit, value <= self.clear),
            Bound::Below => (value < self.limit, value >= self.clear),
        };
        match (beyond, clear) {
            (true, _) if coverage.is_full() || self.metric.is_sure(self.bound) => Verdict::Holds,
            _ if !coverage.is_full() => Verdict::Unknown,
            (_, true) => Verdict::Clear,
            _ => Verdict::Between,
        }
    }

    pub(super) fn facts(&self, engines: &[Engine]) -> FindingFacts {
        let Told { value, coverage } = self.metric.of(engines);
        FindingFacts::Engines {
            metric: self.metric,
            bound: self.bound,
            limit: self.limit,
            clear: self.clear,
            value: value.unwrap_or(0),
            coverage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Health, Unseen, UnseenKind};

    /// `s` is saturated, `f` is not, `-` does not say, `x` was not seen; a number is the memory that is free.
    fn engines(told: &str) -> Vec<Engine> {
        let engine = |word: &str| {
            let health = match word {
                "s" => Ok(Health { saturated: Some(true), ..Health::default() }),
                "f" => Ok(Health { saturated: Some(false), ..Health::default() }),
                "-" => Ok(Health::default()),
                "x" => Err(Unseen {
                    kind: UnseenKind::Timeout,
                    tried: String::new(),
                    what: String::new(),
                    advice: String::new(),
                }),
                number => Ok(Health { memory_free: number.parse().ok(), ..Health::default() }),
            };
            Engine { host: "sense".into(), health }
        };
        told.split_whitespace().map(engine).collect()
    }

    #[test]
    fn engines_are_judged_by_the_worst_of_them_and_not_seeing_one_is_no_all_clear() {
        use EngineMetric::{MemoryFree, Saturated};
        use Verdict::{Between, Clear, Holds, Unknown};
        for (metric, bound, limit, clear, told, verdict) in [
            (Saturated, Bound::Above, 0, 0, "f f", Clear),
            (Saturated, Bound::Above, 0, 0, "f s", Holds),
            (Saturated, Bound::Above, 0, 0, "x s", Holds),
            (Saturated, Bound::Above, 0, 0, "x f", Unknown),
            (Saturated, Bound::Above, 0, 0, "- f", Unknown),
            (Saturated, Bound::Above, 0, 0, "x x", Unknown),
            (Saturated, Bound::Above, 0, 0, "", Unknown),
            (Saturated, Bound::Above, 1, 0, "s f", Between),
            (MemoryFree, Bound::Below, 4000, 6000, "8000 3999.9", Holds),
            (MemoryFree, Bound::Below, 4000, 6000, "8000 4000", Between),
            (MemoryFree, Bound::Below, 4000, 6000, "8000 6000", Clear),
            (MemoryFree, Bound::Below, 4000, 6000, "x 3000", Holds),
            (MemoryFree, Bound::Below, 4000, 6000, "x 8000", Unknown),
            (MemoryFree, Bound::Above, 4000, 4000, "x 8000", Unknown),
            (MemoryFree, Bound::Above, 4000, 4000, "9000 8000", Holds),
        ] {
            let rule = EngineThreshold { metric, bound, limit, clear, hold: HoldFor::Polls(1) };
            assert_eq!(rule.verdict(&engines(told)), verdict, "{metric:?} {bound:?} {limit}: {told}");
        }
    }
}
