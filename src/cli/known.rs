//! Names of the configuration as they are typed: whoever mistypes one is told the nearest.

use std::sync::Arc;

use super::exit::Failure;
use super::output;
use crate::config::{Config, nearest};
use crate::jobs::Site;

/// A site of the configuration.
pub(super) fn site<'a>(config: &'a Config, name: &str) -> Result<&'a Arc<Site>, Failure> {
    config.sites.iter().find(|site| *site.name == *name).ok_or_else(|| {
        let near = nearest(name, config.sites.iter().map(|site| &*site.name));
        Failure::usage(format!("no site is called `{}`; {}", output::shown(name), output::shown(&near)))
    })
}

/// A channel of the configuration.
pub(super) fn channel(config: &Config, name: &str) -> Result<Arc<str>, Failure> {
    if config.channel(name).is_some() {
        return Ok(name.into());
    }
    let near = nearest(name, config.channels.iter().map(|spec| spec.channel.name.as_str()));
    Err(Failure::usage(format!("no channel is called `{}`; {}", output::shown(name), output::shown(&near))))
}

/// Channels of the configuration, each once.
pub(super) fn channels(config: &Config, names: &[String]) -> Result<Vec<Arc<str>>, Failure> {
    let mut all: Vec<Arc<str>> = Vec::new();
    for name in names {
        let name = channel(config, name)?;
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Ok(all)
}
