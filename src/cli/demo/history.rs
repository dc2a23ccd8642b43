//! `headcount demo --history`: a past that nobody lived, judged and written by the rooms that judge and write a real one.

use std::io::IsTerminal as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use ring::digest;

use super::super::args::Demo;
use super::super::exit::{Exit, Failure};
use super::super::{Context, output};
use super::{Folder, screen, unwritten};
use crate::config::Config;
use crate::demo::certificates::Authority;
use crate::demo::month::{Look, Month, PLACES, Seen, Visit};
use crate::hex;
use crate::jobs::{Check, PastPoll, remember};
use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};
use crate::store::{Recorded, Store};

const SITE: &str = "sense.example.com";
const INTERVAL: SignedDuration = SignedDuration::from_mins(1);
/// As the daemon tidies: at 03:41.
const TIDIED: (i8, i8) = (3, 41);

/// How much was made.
#[derive(Default)]
struct Made {
    polls: u64,
    sessions: u64,
}

pub(super) async fn make(context: &Context<'_>, args: &Demo, days: u16) -> Result<Exit, Failure> {
    let system = TimeZone::system();
    let today = context.clock.now().to_zoned(system.clone()).date();
    let last = args.to.unwrap_or_else(|| today.saturating_sub(1.day()));
    if last >= today {
        return Err(Failure::usage(format!("`--to {last}`: the past ends before today, {today}")));
    }
    let folder = match &args.into {
        Some(into) => Folder::make_at(into)?,
        None => Folder::make()?,
    };
    let zone = system.iana_name().unwrap_or("UTC").to_owned();
    Authority::new(SITE).export(&folder.path).map_err(|error| unwritten(&folder.path, &error))?;
    let file = folder.write("headcount.yaml", &configuration(&zone))?;
    let config = Config::load(&file).map_err(|problems| Failure::new(Exit::Failed, problems.to_string()))?;
    let first = last.saturating_sub((i64::from(days) - 1).days());
    let seed = args.seed.unwrap_or(1);
    let database = folder.state().join(&config.database);
    write_key(&folder, &database, seed)?;
    let store = Store::open(&database).await?.naming(config.names);
    store.hurry().await?;
    let made =
        write(&store, &config, Month::new(seed, first, days, &config.time_zone), |at| tell(at, first, days)).await?;
    store.close().await;
    say_what_was_made(&folder, &database, &made, (first, last))
}

/// Polls every minute of the month, as the daemon would have.
async fn write(store: &Store, config: &Config, mut month: Month, told: impl Fn(Date)) -> Result<Made, Failure> {
    let Some(check) = config.checks.first() else { return Ok(Made::default()) };
    let mut made = Made::default();
    let mut previous = None;
    let pairs = PLACES.map(|(proxy, prefix)| Pair { proxy: proxy.into(), prefix: prefix.into() });
    while let Some(look) = month.next_look() {
        let at = look.at;
        let snapshot = snapshot(check, &pairs, &look);
        let poll = PastPoll { snapshot: &snapshot, previous, interval: INTERVAL };
        if let Recorded::Done { began, .. } = remember(store, check, &poll).await? {
            made.sessions += began as u64;
        }
        made.polls += 1;
        previous = Some(at);
        let wall = at.to_zoned(config.time_zone.clone());
        if (wall.hour(), wall.minute()) == TIDIED {
            store.tidy(&config.keep, at, &config.time_zone).await?;
            told(wall.date());
        }
    }
    Ok(made)
}

/// One look, as the site would have answered it.
fn snapshot(check: &Check, pairs: &[Pair], look: &Look<'_>) -> Snapshot {
    let seen = |seen: &Seen<'_>| match seen {
        Seen::On(visits) => Observation::Seen(visits.iter().map(|visit| session(visit, look)).collect()),
        Seen::Silent(word) => {
            let kind = UnseenKind::ALL.into_iter().find(|kind| kind.word() == *word).unwrap_or(UnseenKind::Other);
            Observation::Unseen(Unseen { kind, tried: String::new(), what: String::new(), advice: String::new() })
        }
    };
    let observed = pairs.iter().cloned().zip(look.places.iter().map(seen)).collect();
    Snapshot::new(check.site.name.clone(), look.at, observed, |_| false)
}

fn session(visit: &Visit, look: &Look<'_>) -> Session {
    let user = match look.person(visit) {
        Some(person) => User {
            directory: person.directory.into(),
            id: person.id.as_str().into(),
            name: Some(person.name.as_str().into()),
        },
        None => User { directory: "NONE".into(), id: format!("anonymous{}", &visit.id[..8]).into(), name: None },
    };
    Session { id: Secret::new(visit.id.as_str()), user }
}

/// A key that hangs on the seed alone, so that the whole store does.
fn write_key(folder: &Folder, database: &Path, seed: u64) -> Result<(), Failure> {
    let state = folder.state();
    std::fs::DirBuilder::new().mode(0o700).create(&state).map_err(|error| unwritten(&state, &error))?;
    let key = digest::digest(&digest::SHA256, &seed.to_le_bytes());
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    let path = Path::new(&path);
    std::fs::write(path, hex::encode(key.as_ref())).map_err(|error| unwritten(path, &error))
}

/// What an operator of such a site would write. Nothing listens there: it is the past alone that can be looked at.
fn configuration(zone: &str) -> String {
    let proxy = |node: &str| {
        let prefixes: Vec<_> =
            PLACES.iter().filter(|(proxy, _)| *proxy == node).map(|(_, prefix)| format!("\"{prefix}\"")).collect();
        format!("      - {{host: {node}, virtual_proxies: [{}]}}", prefixes.join(", "))
    };
    let mut nodes: Vec<&str> = PLACES.iter().map(|(proxy, _)| *proxy).collect();
    nodes.dedup();
    let proxies = nodes.into_iter().map(proxy).collect::<Vec<_>>().join("\n");
    format!(
        r#"# Written by `headcount demo --history`: a site that is not there, and a past that nobody lived.
time_zone: {zone}

sites:
  prod:
    host: {SITE}
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    proxies:
{proxies}

checks:
  sessions: {{site: prod, cron: "* * * * *", rules: [crowded, mass-logout, blind]}}

rules:
  crowded: {{threshold: {{metric: users, above: 1800, clear: 1700, for: 10m}}, tell: [ops]}}
  mass-logout: {{change: {{metric: sessions, falls: 25%, within: 5m, at_least: 100}}, severity: critical, tell: [ops]}}
  blind: {{unreachable: {{for: 2m, parts: any}}, severity: critical, tell: [ops]}}

channels:
  ops: {{slack: {{webhook_url: "http://127.0.0.1:9/nobody"}}}}
"#
    )
}

/// A line that is written over by the next, on a terminal.
fn tell(today: Date, first: Date, days: u16) {
    if std::io::stderr().is_terminal() {
        let day = first.until(today).map_or(0, |span| span.get_days()) + 1;
        let end = if day >= i32::from(days) { '\n' } else { '\r' };
        output::tell(&format!("  day {day} of {days}{end}"));
    }
}

fn say_what_was_made(
    folder: &Folder,
    database: &Path,
    made: &Made,
    (first, last): (Date, Date),
) -> Result<Exit, Failure> {
    let bytes = std::fs::metadata(database).map_err(|error| unwritten(database, &error))?.len();
    let Made { polls, sessions } = made;
    screen::line(&format!("{first} to {last}: {polls} polls, {sessions} sessions, {:.1} MB.", bytes as f64 / 1e6))?;
    screen::line(&format!("\n  {}/\n", folder.path.display()))?;
    let who = format!("who --at {last}T10:30 --group-by virtual-proxy");
    let export = format!("export --site prod --from {first} --to {last} --format csv");
    for words in ["incidents --all", &who, &export] {
        for line in folder.command(words) {
            screen::line(&format!("  {line}"))?;
        }
        screen::line("")?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::daemon::Daemon;
    use crate::demo::site::{self, Fault, Setup, Site};

    /// Everything that polls write, in an order that does not hang on how the rows are numbered.
    const WRITTEN: &str = "SELECT 'span ' || prefix || ' ' || hex(session) || ' ' || coalesce(directory || '\\' || user_id || ' ' || name, '-') || ' ' || began || \
         ' ' || at_least || ' ' || coalesce(last_seen, '-') || ' ' || coalesce(ended, '-') \
         FROM span JOIN pair ON pair.id = span.pair LEFT JOIN person ON person.id = span.person \
         UNION ALL SELECT 'reading ' || coalesce(prefix, '*') || ' ' || \"from\" || ' ' || \"to\" || ' ' || polls || ' ' || answered || ' ' || asked || ' ' || \
         coalesce(sessions || ' ' || users || ' ' || anonymous, why, '-') || ' ' || step FROM reading LEFT JOIN pair ON pair.id = reading.pair \
         UNION ALL SELECT 'incident ' || rule || ' ' || kind || ' ' || state || ' ' || since || ' ' || coalesce(opened, '-') || ' ' || coalesce(closed, '-') FROM incident \
         UNION ALL SELECT 'schedule ' || name || ' ' || last_slot FROM schedule WHERE name LIKE 'check:%' ORDER BY 1";

    /// A month from a minute of one of its days on, up to another of the same day.
    fn stretch(day: i64, from: (i8, i8), to: (i8, i8)) -> Month {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let first = jiff::civil::date(2026, 10, 1);
        let time = |(hour, minute)| {
            let wall = first.saturating_add(day.days()).at(hour, minute, 0, 0);
            wall.to_zoned(zone.clone()).unwrap().timestamp()
        };
        let mut month = Month::new(1, first, 31, &zone);
        month.only(time(from), time(to));
        month
    }

    /// The same over the wire: a site that says what the month says, and the daemon that asks it.
    async fn polled(mut month: Month, folder: &Folder, key: &[u8]) -> Vec<String> {
        let prefixes = |node: &str| {
            PLACES.into_iter().filter(|(its, _)| *its == node).map(|(_, prefix)| prefix).collect::<Vec<_>>()
        };
        let nodes = ["sense1.example.com", "sense2.example.com"];
        let setup = nodes.iter().fold(Setup::new(SITE), |setup, node| setup.proxy(node, &prefixes(node)));
        let site = Site::start(setup).await;
        site.authority().export(&folder.path).unwrap();
        let mut text = configuration("Europe/Stockholm").replace(&format!("host: {SITE}\n"), "host: 127.0.0.1\n");
        for (nth, node) in nodes.iter().enumerate() {
            let there = format!("host: 127.0.0.1, port: {}, server_name: {node}", site.port(nth));
            text = text.replace(&format!("{{host: {node}"), &format!("{{{there}"));
        }
        let config = Config::load(&folder.write("headcount.yaml", &text).unwrap()).unwrap();
        std::fs::create_dir(folder.state()).unwrap();
        std::fs::write(folder.at("state/headcount.db.key"), key).unwrap();
        let clock = Clock::manual(month.begins() - INTERVAL);
        let daemon = Daemon::start(&config, &folder.state(), clock.clone()).await.unwrap();
        while let Some(look) = month.next_look() {
            site.heal_all();
            for (place, (seen, (node, prefix))) in look.places.iter().zip(PLACES).enumerate() {
                let node = usize::from(node == nodes[1]);
                match seen {
                    Seen::Silent(word) => {
                        assert_eq!((*word, place < PLACES.len()), ("server_error", true));
                        site.fail(node, prefix, Fault::status(500));
                    }
                    Seen::On(visits) => {
                        let session = |visit: &Visit| {
                            let session = session(visit, &look);
                            let it = site::Session::new(&session.user.directory, &session.user.id);
                            let it = site::Session { id: site::SessionId::new(session.id.expose()), ..it };
                            session.user.name.iter().fold(it, |it, name| it.named(name))
                        };
                        site.set_sessions(node, prefix, visits.iter().map(session).collect());
                    }
                }
            }
            clock.set(look.at);
            daemon.turn().await.unwrap();
        }
        let written = daemon.rooms().store.texts(WRITTEN).await;
        daemon.rooms().store.close().await;
        written
    }

    #[tokio::test]
    async fn a_made_past_is_what_the_daemon_would_have_written() {
        for (day, from, to, rows) in [(0, (7, 40), (7, 48), 500), (9, (3, 6), (3, 17), 20)] {
            let dir = tempfile::TempDir::new().unwrap();
            let made = Folder::make_at(&dir.path().join("made")).unwrap();
            Authority::new(SITE).export(&made.path).unwrap();
            let config =
                Config::load(&made.write("headcount.yaml", &configuration("Europe/Stockholm")).unwrap()).unwrap();
            let database = made.at("state/headcount.db");
            write_key(&made, &database, 1).unwrap();
            let store = Store::open(&database).await.unwrap();
            store.hurry().await.unwrap();
            write(&store, &config, stretch(day, from, to), |_| {}).await.unwrap();
            let written = store.texts(WRITTEN).await;
            assert!(written.len() > rows, "{} rows", written.len());
            assert_eq!(written.iter().any(|row| row.starts_with("incident blind")), day == 9);

            let real = Folder::make_at(&dir.path().join("real")).unwrap();
            let key = std::fs::read(made.at("state/headcount.db.key")).unwrap();
            let polled = polled(stretch(day, from, to), &real, &key).await;
            let differs = written.iter().zip(&polled).find(|(one, other)| one != other);
            assert_eq!((differs, written.len()), (None, polled.len()));
        }
    }
}
