//! Values of the configuration as they are read: secrets that stay hidden, and addresses checked where they stand.

use serde::{Deserialize, Deserializer};

use crate::secret::Secret;

/// Reads a secret so that not even a `Debug` of what was written shows it.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
