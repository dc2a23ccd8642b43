//! `headcount export`: sessions or readings of some days, as CSV or JSON lines, a page at a time.

use std::io::{self, BufWriter, Write};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::args::{Export, ExportFormat, Exported};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::store::{Figures, ReadingRow, SessionRow, Store};

/// What stands in one line, under the names of its columns.
struct Line(Vec<(&'static str, Value)>);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

pub(super) async fn export(context: &Context<'_>, args: &Export) -> Result<Exit, Failure> {
    if args.to < args.from {
        return Err(Failure::usage(format!("`--to {}` is before `--from {}`", args.to, args.from)));
    }
    let (store, zone) = context.store().await?;
    let sites = store.sites().await?;
    if !sites.contains(&args.site) {
        let known = sites.iter().map(|site| format!("`{}`", output::shown(site))).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "no site was polled yet".to_owned() } else { format!("there is {known}") };
        return Err(Failure::usage(format!("nothing is stored of a site `{}`; {known}", output::shown(&args.site))));
    }
    let midnight = |day: Date| day.to_zoned(zone.clone()).map_or(Timestamp::MAX, |day| day.timestamp());
    let days = (midnight(args.from), midnight(args.to.saturating_add(1.day())));
    let mut out = Out { to: BufWriter::new(io::stdout().lock()), format: args.format, begun: false };
    let done = match args.what {
        Exported::Sessions => sessions(&store, &args.site, days, &mut out).await,
        Exported::Readings => readings(&store, &args.site, days, &mut out).await,
    };
    store.close().await;
    match done.and_then(|()| Ok(out.to.flush()?)) {
        // A reader that has had enough, such as `head`, is no failure.
        Err(Stopped::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(Stopped::Write(error)) => Err(error.into()),
        Err(Stopped::Store(error)) => Err(error.into()),
        Ok(()) => Ok(Exit::Done),
    }
}

/// Why it ended early.
enum Stopped {
    Write(io::Error),
    Store(crate::store::StoreError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<crate::store::StoreError> for Stopped {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Store(error)
    }
}

struct Out<W> {
    to: W,
    format: ExportFormat,
    /// Whether the names of the columns are written.
    begun: bool,
}

impl<W: Write> Out<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let Self { to, format, begun } = self;
        match format {
            ExportFormat::Json => to.write_all(output::json(line)?.as_bytes()),
            ExportFormat::Csv => {
                if !*begun {
                    let names: Vec<_> = line.0.iter().map(|(name, _)| *name).collect();
                    writeln!(to, "{}", names.join(","))?;
                    *begun = true;
                }
                let cells: Vec<_> = line.0.iter().map(|(_, value)| cell(value)).collect();
                writeln!(to, "{}", cells.join(","))
            }
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => output::csv(text),
        other => other.to_string(),
    }
}

async fn sessions<W: Write>(
    store: &Store,
    site: &str,
    days: (Timestamp, Timestamp),
    out: &mut Out<W>,
) -> Result<(), Stopped> {
    let mut after = -1;
    loop {
        let page = store.export_sessions(site, days, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for row in page {
            out.line(&session(site, row))?;
        }
    }
}

/// What is null is not known; an anonymous visitor has no id, and neither has anybody where the store has no names.
fn session(site: &str, row: SessionRow) -> Line {
    let anonymous = row.person.is_none();
    let (directory, id, name) =
        row.person.map_or((None, None, None), |(directory, id, name)| (Some(directory), Some(id), name));
    let time = |at: Option<Timestamp>| json!(at.map(|at| at.to_string()));
    Line(vec![
        ("site", json!(site)),
        ("proxy", json!(row.proxy)),
        ("prefix", json!(row.prefix)),
        ("directory", json!(directory)),
        ("id", json!(id.filter(|id| !id.is_empty()))),
        ("name", json!(name)),
        ("anonymous", json!(anonymous)),
        ("began", time(Some(row.began))),
        ("at_least", json!(row.at_least)),
        ("last_seen", time(row.last_seen)),
        ("ended", time(row.ended)),
    ])
}

async fn readings<W: Write>(
    store: &Store,
    site: &str,
    days: (Timestamp, Timestamp),
    out: &mut Out<W>,
) -> Result<(), Stopped> {
    // What was put together is older.
    for hours in [true, false] {
        let mut after = -1;
        loop {
            let page = store.export_readings(site, days, hours, after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                out.line(&reading(site, row))?;
            }
        }
    }
    Ok(())
}

/// Of a pair, or with no proxy of the site as a whole. Of an hour, the number itself is its mean.
fn reading(site: &str, row: ReadingRow) -> Line {
    let (proxy, prefix) = row.pair.unzip();
    let mean = |figures: Option<Figures>| match figures {
        Some(figures) if row.hour => json!((figures.mean * 1000.0).round() / 1000.0),
        figures => json!(figures.map(|figures| figures.max)),
    };
    let min = |figures: Option<Figures>| json!(figures.map(|figures| figures.min));
    let max = |figures: Option<Figures>| json!(figures.map(|figures| figures.max));
    Line(vec![
        ("site", json!(site)),
        ("proxy", json!(proxy)),
        ("prefix", json!(prefix)),
        ("kind", json!(if row.hour { "hour" } else { "reading" })),
        ("from", json!(row.from.to_string())),
        ("to", json!(row.to.to_string())),
        ("polls", json!(row.polls)),
        ("answered", json!(row.answered)),
        ("asked", json!(row.asked)),
        ("sessions", mean(row.sessions)),
        ("sessions_min", min(row.sessions)),
        ("sessions_max", max(row.sessions)),
        ("users", mean(row.users)),
        ("users_min", min(row.users)),
        ("users_max", max(row.users)),
        ("anonymous", mean(row.anonymous)),
        ("anonymous_min", min(row.anonymous)),
        ("anonymous_max", max(row.anonymous)),
        ("why", json!(row.why)),
    ])
}
