//! How people are called: in the store, or in a channel. A leaf.

use schemars::JsonSchema;
use serde::Deserialize;

/// How people are called; each tells less than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// As the site calls them.
    #[default]
    Full,
    /// By two words that are theirs alone.
    Pseudonym,
    /// Not at all: lists of people become counts.
    Hidden,
}

impl Names {
    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Pseudonym => "pseudonym",
            Self::Hidden => "hidden",
        }
    }
}
