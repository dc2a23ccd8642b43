//! What an operator does not want told for a while.

use jiff::Timestamp;

use crate::pattern::Pattern;

/// Holds what a rule has to tell, until a time. It holds telling, not judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    pub id: i64,
    /// One site, or all.
    pub site: Option<String>,
    /// A rule's name, or a pattern: `*` is any run, `?` one character.
    pub rule: String,
    pub since: Timestamp,
    pub until: Timestamp,
    pub why: String,
    /// The login name of whoever asked for it.
    pub who: String,
}

impl Silence {
    pub fn covers(&self, site: &str, rule: &str) -> bool {
        self.site.as_deref().is_none_or(|its| its == site) && names(&self.rule, rule)
    }
}

/// Whether a name or pattern means this rule, whatever the case.
pub fn names(pattern: &str, rule: &str) -> bool {
    Pattern::of_name(pattern).matches_name(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_covers_rules_by_name_or_pattern_on_one_site_or_all() {
        for (site, rule, on, name, covered) in [
            (None, "crowded", "prod", "crowded", true),
            (None, "Crowded", "test", "crowded", true),
            (None, "crowded", "prod", "crowded-2", false),
            (None, "crowd*", "prod", "crowded-2", true),
            (None, "*", "prod", "blind", true),
            (Some("prod"), "*", "test", "blind", false),
            (Some("prod"), "bl?nd", "prod", "blind", true),
        ] {
            let silence = Silence {
                id: 1,
                site: site.map(str::to_owned),
                rule: rule.to_owned(),
                since: Timestamp::UNIX_EPOCH,
                until: Timestamp::UNIX_EPOCH,
                why: String::new(),
                who: String::new(),
            };
            assert_eq!(silence.covers(on, name), covered, "{site:?} {rule} {on} {name}");
        }
    }
}
