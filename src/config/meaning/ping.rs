//! The dead man's switch.

use std::sync::Arc;

use jiff::SignedDuration;

use super::channel::{authorities, proxy};
use super::value::length;
use crate::channels::ping::Ping;
use crate::config::file;
use crate::config::load::Loader;
use crate::config::problem::Gathered;

const EVERY: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn ping(g: &mut Gathered<'_>, loader: &Loader, written: &file::Ping) -> Option<Arc<Ping>> {
    let ways = (written.url.as_ref(), written.url_file.as_deref(), written.url_env.as_deref());
    let url = loader.secret(g, "ping", "url", ways, true);
    let every = length(g, "ping.every", written.every.as_deref(), EVERY);
    if every.is_zero() {
        g.add("ping.every", "it cannot be called all the time: write the least time between two calls, such as `5m`");
    }
    let authorities = authorities(g, loader, "ping", written.ca.as_deref());
    let ways = (written.proxy_url.as_ref(), written.proxy_url_file.as_deref(), written.proxy_url_env.as_deref());
    let proxy = proxy(g, loader, "ping", ways);
    g.take("ping", Ping::new(url?, every, authorities?, proxy?)).map(Arc::new)
}
