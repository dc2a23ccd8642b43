//! How a site's engines are: under who is on, and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::output;
use crate::snapshot::{Engine, Health, Snapshot, Unseen};

/// One engine, as JSON; memory is in MB. What it does not tell is null.
#[derive(Serialize)]
pub(super) struct Answer {
    engine: String,
    saturated: Option<bool>,
    cpu: Option<f64>,
    memory_free: Option<f64>,
    memory_committed: Option<f64>,
    memory_allocated: Option<f64>,
    memory_total: Option<f64>,
    users_active: Option<u64>,
    users_total: Option<u64>,
    sessions_active: Option<u64>,
    sessions_total: Option<u64>,
    version: Option<String>,
    started: Option<String>,
    error: Option<String>,
}

pub(super) fn answers(snapshot: &Snapshot) -> Vec<Answer> {
    snapshot.engines().iter().map(answer).collect()
}

fn answer(engine: &Engine) -> Answer {
    let health = engine.health.clone().unwrap_or_default();
    Answer {
        engine: engine.host.to_string(),
        saturated: health.saturated,
        cpu: health.cpu,
        memory_free: health.memory_free,
        memory_committed: health.memory_committed,
        memory_allocated: health.memory_allocated,
        memory_total: health.memory_total,
        users_active: health.users_active,
        users_total: health.users_total,
        sessions_active: health.sessions_active,
        sessions_total: health.sessions_total,
        version: health.version,
        started: health.started.map(|at| at.to_string()),
        error: engine.health.as_ref().err().map(|why| why.what.clone()),
    }
}

/// A table of the engines that were asked; nothing where none was.
pub(super) fn table(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    if snapshot.engines().is_empty() {
        return text;
    }
    let mut table = output::table(&["Engine", "State", "Active users", "CPU", "Memory free", "Up since"]);
    for engine in snapshot.engines() {
        let host = output::shown(&engine.host);
        let row = match &engine.health {
            Err(why) => [host, format!("not seen: {}", output::shown(&why.what))].into_iter().collect(),
            Ok(health) => {
                let started = health.started.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
                vec![
                    host,
                    state(health).to_owned(),
                    used(health.users_active, health.users_total),
                    health.cpu.map(|cpu| format!("{cpu:.0} %")).unwrap_or_default(),
                    memory(health),
                    started.unwrap_or_default(),
                ]
            }
        };
        table.add_row(row);
    }
    let _ = writeln!(text, "{table}");
    text
}

fn state(health: &Health) -> &'static str {
    match health.saturated {
        Some(true) => "saturated",
        Some(false) => "well",
        None => "answers",
    }
}

/// `2 of 4`.
fn used(active: Option<u64>, total: Option<u64>) -> String {
    match (active, total) {
        (Some(active), Some(total)) => format!("{active} of {total}"),
        (Some(active), None) => active.to_string(),
        _ => String::new(),
    }
}

fn memory(health: &Health) -> String {
    match (health.memory_free, health.memory_total) {
        (Some(free), Some(total)) => format!("{free:.0} of {total:.0} MB"),
        (Some(free), None) => format!("{free:.0} MB"),
        _ => String::new(),
    }
}

/// Each engine as a line on standard error.
pub(super) fn say(snapshot: &Snapshot) {
    for engine in snapshot.engines() {
        if let Ok(health) = &engine.health {
            let parts = [state(health).to_owned(), used(health.users_active, health.users_total), memory(health)];
            let [state, users, memory] = parts;
            let users = if users.is_empty() { users } else { format!(", active users {users}") };
            let memory = if memory.is_empty() { memory } else { format!(", memory free {memory}") };
            output::say(&format!("engine {}: {state}{users}{memory}", output::shown(&engine.host)));
        }
    }
}

/// Each engine that was not seen, as a sentence.
pub(super) fn complain(snapshot: &Snapshot) {
    for engine in snapshot.engines() {
        if let Err(why) = &engine.health {
            output::complain(&sentence(snapshot.site(), &engine.host, why));
        }
    }
}

/// What an engine that was not seen comes to.
pub(super) fn sentence(site: &str, host: &str, why: &Unseen) -> String {
    let (site, host) = (output::shown(site), output::shown(host));
    let (tried, what, advice) = (&why.tried, output::shown(&why.what), &why.advice);
    format!("site `{site}`, engine {host} was not seen: {tried}: {what}; {advice}")
}
