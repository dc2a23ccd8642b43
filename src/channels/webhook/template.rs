//! The operator's own form of a webhook's message.

use std::sync::Arc;

use crate::render::{Engine, TemplateError};

/// A template from beside the configuration, which compiles.
#[derive(Clone, Debug)]
pub struct Template {
    pub(in crate::channels) name: Arc<str>,
    pub(in crate::channels) text: Arc<str>,
}

impl Template {
    /// Takes the name of its file, whose ending says how values are escaped, and what stands in it.
    pub fn new(name: &str, text: &str) -> Result<Self, String> {
        if !name.ends_with(".json.j2") {
            return Err(format!(
                "`{name}` is no name of a template for JSON: it ends in `.json.j2`, by which values are escaped"
            ));
        }
        Engine::embedded().compiles(name, text).map_err(|error: TemplateError| format!("the template {error}"))?;
        Ok(Self { name: name.into(), text: text.into() })
    }
}
