//! `docs/templates.md`: what a template can say, read off the samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::drawn::Drawn;
use super::super::slack;
use super::super::view::{Matter, People, View};
use super::super::words::Words;
use crate::message::sample;
use crate::render::Engine;

const DOC: &str = "docs/templates.md";
const MARK: &str = "<!-- variables: written by a test, INSTA_UPDATE=always writes them anew -->\n";

/// What a variable means, by the end of its path; the longest end that fits counts.
const MEANINGS: &[(&str, &str)] = &[
    ("chart.least.label", "where along the axis it was lowest"),
    ("chart.least.value", "the lowest value"),
    ("chart.most.label", "where it was highest"),
    ("chart.most.value", "the highest value"),
    ("chart.points", "how many points there are"),
    ("chart.title", "what is shown"),
    ("chart.unit", "what is counted"),
    ("chart.unseen", "points at which nothing was seen"),
    ("at", "when it was so"),
    ("kind", "the kind of message, which names its templates"),
    ("severity", "how much it matters: `info`, `warning`, `critical`"),
    ("site", "the site, with the operator's own link; none where it is about no site or several"),
    ("source", "the rule or the report that it comes from"),
    ("parts", "where several messages are told as one: each of them, with variables of its own"),
    ("silent_more", "virtual proxies that did not answer beyond those in `facts.silent`"),
    (
        "reason.why",
        "why it is told: `opened`, `still`, `resolved`, `flapping`, `calm`, `event`, `scheduled`, `before`, `asked`",
    ),
    ("reason.since", "`opened`, `still`, `resolved`: when it began"),
    ("reason.lasted", "`opened`, `still`, `resolved`: for how long"),
    ("reason.told", "`still`: how often it was told before"),
    ("reason.due", "`scheduled`: when it came due"),
    ("reason.late_by", "`scheduled`: how late it is told, where headcount was not running"),
    ("reason.planned", "`asked`: when a restart is planned"),
    ("reason.because", "`asked`: why, in somebody's own words"),
    ("facts.about", "what it is about; always this word here"),
    ("facts.notice", "what the notice is about; always this word here"),
    ("facts.metric", "what is counted: `users`, `sessions`, `anonymous`"),
    ("facts.bound", "`above` or `below`"),
    ("facts.limit", "the rule's threshold"),
    ("facts.clear", "where it will be over"),
    ("facts.value", "the number now; a lower bound unless everything answered"),
    ("coverage.answered", "virtual proxies that answered"),
    ("coverage.asked", "virtual proxies that were asked"),
    ("facts.turn", "`rises` or `falls`"),
    ("facts.by", "by how many"),
    ("facts.percent", "by how many of a hundred; none from zero"),
    ("facts.within", "within how long"),
    ("silent.proxy", "the proxy's host"),
    ("silent.prefix", "the virtual proxy; empty for the default one"),
    ("silent.why", "why it did not answer"),
    ("facts.silent", "virtual proxies that did not answer"),
    ("counts.users", "users; `facts.counts` is none where nothing answered"),
    ("counts.sessions", "sessions"),
    ("counts.anonymous", "anonymous sessions"),
    ("facts.on", "everyone who is on where it was counted; none where nothing answered"),
    ("on.users", "users who are on where it was counted"),
    ("on.sessions", "their sessions and the anonymous ones"),
    ("on.anonymous", "anonymous sessions among those"),
    ("facts.counts", "how many; none where nothing answered"),
    ("facts.channel", "the channel"),
    ("facts.waiting", "messages that wait for it"),
    ("facts.since", "since when"),
    ("facts.first", "whether it was never used before"),
    ("facts.quiet_for", "for how long nothing was sent to it"),
    ("facts.step", "`planned`, `still_on`, `clear`, `overdue`, `called_off`"),
    ("facts.planned", "when the restart is planned"),
    ("facts.left", "how long until then"),
    ("facts.because", "why, in somebody's own words"),
    ("facts.until", "so few people may still be on"),
    ("facts.entries.title", "the first line of a message that was held"),
    ("entries.kind", "its kind"),
    ("entries.severity", "its severity"),
    ("entries.site", "its site"),
    ("entries.source", "its rule"),
    ("entries.at", "when it was so"),
    ("entries.closed", "when it was over"),
    ("facts.title", "the title of the message that is closed"),
    ("facts.incidents.title", "the title that told its beginning"),
    ("incidents.since", "when it began"),
    ("incidents.until", "when it was over"),
    ("facts.more", "entries beyond these"),
    ("why.held", "`quiet` hours, or `capped`"),
    ("why.per_hour", "`capped`: how many an hour the channel takes"),
    ("facts.why.from", "from when"),
    ("facts.why.to", "until when"),
    ("facts.why", "why it takes no messages"),
    ("facts.period", "`day`, `week`, `month`"),
    ("facts.from", "the first instant, or the number before"),
    ("facts.to", "the end, or the number now"),
    ("facts.last_day", "the last day of it"),
    ("facts.sites", "the sites that it is about"),
    ("watched.seen", "polls that saw everything"),
    ("watched.due", "polls that were due"),
    ("watched.more_blind", "stretches beyond these"),
    ("blind.site", "a stretch without full sight: its site"),
    ("blind.from", "its beginning"),
    ("blind.to", "its end"),
    ("blind.lasted", "its length"),
    ("blind.wholly", "whether nothing at all answered"),
    ("watched.blind", "stretches without full sight"),
    ("peak_at.at", "when the most were on at once"),
    ("peak_at.value", "how many that were"),
    ("usage.people", "people who were on"),
    ("usage.peak", "the most at once"),
    ("usage.average", "at once in working hours, on average"),
    ("usage.sessions", "sessions"),
    ("usage.anonymous", "anonymous sessions"),
    ("busiest.hour", "the busiest hour"),
    ("busiest.value", "at once then"),
    ("quietest.hour", "the quietest hour"),
    ("quietest.value", "at once then"),
    ("days.at", "each day, where there are several"),
    ("facts.days", "each day, where there are several"),
    ("by_site.name", "the site"),
    ("by_virtual_proxy.name", "the virtual proxy; empty for the default one"),
    ("by_directory.name", "the directory"),
    ("by_site.people", "people there"),
    ("by_virtual_proxy.people", "people there"),
    ("by_directory.people", "people of it"),
    ("sessions", "sessions"),
    ("facts.over", "rules' thresholds, and for how long they were passed"),
    ("over.rule", "a rule with a threshold"),
    ("over.metric", "what it counts"),
    ("over.bound", "`above` or `below`"),
    ("over.limit", "its threshold"),
    ("over.lasted", "how long it was passed in all; none for never"),
    ("over.times", "how often"),
    ("facts.new_people", "people who were never seen before"),
    ("facts.back", "people who had been away"),
    ("heat.busiest", "the busiest hour of all"),
    ("facts.watched_since", "when anybody looked for the first time, where that is not long before"),
    ("facts.month", "the month that it covers, where it covers one"),
    ("facts.away", "for at least so long"),
    ("facts.incidents", "what was told"),
    ("incidents.at", "when it began"),
    ("incidents.rule", "its rule"),
    ("incidents.site", "its site"),
    ("incidents.severity", "how much it mattered"),
    ("incidents.lasted", "for how long; none for an event"),
    ("incidents.open", "whether it still lasts"),
    ("facts.more_incidents", "incidents beyond these"),
    ("missed.due", "a report that was due and never told"),
    ("facts.missed", "reports that were due and never told, the oldest of them"),
    ("facts.more_missed", "how many more came due after these"),
    ("engines.host", "the engine's host"),
    ("engines.cpu", "how busy it is, of a hundred"),
    ("engines.memory_free", "free memory, in MB; in a digest the least of it"),
    ("engines.memory_free_at", "when that was first so"),
    ("engines.memory_free_mean", "free memory on average"),
    ("engines.memory_total", "memory in all"),
    ("engines.restarted_at", "when it last began anew"),
    ("engines.restarts", "how often it began anew; none where it was not seen"),
    ("engines.saturated_seconds", "the same in seconds; none where it does not tell"),
    ("engines.sessions_active", "the most of its sessions that did something at once"),
    ("engines.asked", "polls that looked at it"),
    ("engines.seen", "polls that saw it"),
    ("engines.site", "the site, where there are several"),
    ("engines_unasked", "sites whose engines nobody asked in all that time, though they had answered before"),
    ("engines.saturated", "whether it takes no more work; in a digest for how long, none when never"),
    ("engines.users_active", "users with an app open; in a digest the most at once"),
    ("engines.why", "why it did not answer"),
    ("facts.engines", "engines, and how well they are"),
    ("days.engines", "the same for each day"),
    ("facts.lasted", "for how long it was so"),
    ("active.users", "users who do something at this moment, by the engines"),
    ("facts.anonymous", "anonymous sessions"),
    ("facts.at_limit", "how many users have as many sessions as they may"),
    (
        "because.away",
        "why: `stopped`, `killed`, `restarted`, `asleep`, `clock_set`, `store_locked`, `disk_full`, `store_failed`, `slow`",
    ),
    ("because.from", "`stopped`: when"),
    ("because.to", "`stopped`, `killed`, `restarted`: when it was started again"),
    ("because.length", "`asleep`: for how long"),
    ("because.ahead", "`clock_set`: by how much"),
    ("facts.count", "how many signed in, or were held back"),
    ("days.back", "people who had been away"),
    ("days.new_people", "people who were never seen before"),
    ("days.to", "its end"),
    ("facts.each", "what each row of `days` is: `day`, `week`, `month`"),
    ("facts.expired", "whether that is over"),
    ("facts.first_ever", "whether they were never seen before"),
    ("heat.most", "the most of all cells"),
    ("heat.rows.cells", "its 24 hours: at once on average; none where it was not seen"),
    ("heat.rows.day", "a day of the week"),
    ("facts.highest", "the most that is usual"),
    ("facts.lowest", "the least that is usual"),
    ("facts.idle", "after so many minutes a session ends that nobody uses"),
    (
        "facts.unlisted",
        "whether proxies may be there that the list of the repository leaves out: then the counts are a lower bound",
    ),
    ("facts.more_missed", "missed reports beyond these"),
    ("facts.most", "the most sessions that one of them has"),
    ("facts.name", "of whom: a file, a host, or the authority's own name"),
    ("facts.near", "how many have one session left"),
    ("facts.of", "whose certificate: `client`, `server`, `root`"),
    ("over.at_most", "at most so long, where not everything was seen"),
    ("facts.polls", "checks that were missed"),
    ("scope.narrowed", "whether the rule looks at some people or virtual proxies alone"),
    ("scope.over", "the kind of part: `proxy`, `virtual_proxy`, `directory`; none is the whole site"),
    ("scope.part", "the part; empty for the default virtual proxy"),
    (
        "trouble.is",
        "what they have in common: `several` (nothing), `own_network`, `names`, `certificate`, `pair`, `proxy`, `site`",
    ),
    ("trouble.hosts", "`names`: hosts that cannot be looked up"),
    ("trouble.pairs", "`proxy`: its virtual proxies"),
    ("trouble.prefix", "`pair`: the virtual proxy; empty for the default one"),
    ("trouble.proxy", "`pair`, `proxy`: the proxy's host"),
    ("facts.users", "users who are on"),
    ("blind.polled", "whether anybody looked: false where headcount was not running"),
    ("facts.weeks", "how many weeks that is known of"),
    ("facts.working_hours", "which hours `usage.average` is of"),
    ("reason.begins", "`before`: when the maintenance begins"),
    ("reason.maintenance", "`before`: its name"),
    ("peak.value", "`resolved`: the number that was furthest off"),
    ("peak.at", "`resolved`: when that was first so"),
    ("reason.rest", "`flapping`, `calm`: for how long nothing must change"),
    ("reason.times", "`flapping`, `calm`: how often it opened"),
    ("reason.until", "`resolved`, `calm`: when it ended"),
    ("title", "the headline; the first line of the wording"),
    ("lines", "the sentences below it"),
    ("items", "the list below those"),
    ("more_items", "items that there was no room for"),
    ("blocks.block", "a further piece of wording: `line`, `items`, `heading`, `facts`, `table`"),
    ("blocks.text", "`line`, `heading`: its text"),
    ("blocks.items", "`items`: its items"),
    ("blocks.more", "`items`, `table`: what there was no room for"),
    ("blocks.facts.label", "`facts`: what it is"),
    ("blocks.facts.value", "its value"),
    ("blocks.facts.note", "how that compares; often empty"),
    ("blocks.head", "`table`: the names of its columns"),
    ("blocks.rows", "its rows of cells"),
    ("blocks.right", "whether a column holds numbers"),
    ("blocks.widths", "how wide each column wants to be beside the others"),
    ("blocks", "further pieces of wording"),
    ("meta", "one line of context: severity, rule or report, day, time, zone"),
    ("mood", "how it looks: its severity, or `good` when it is over"),
    ("emoji", "the mood as an emoji"),
    ("chart.labels", "the places along the axis"),
    ("series.name", "a line's name"),
    ("chart.series.values", "its values; none where nothing was seen"),
    ("limits.name", "a limit's name"),
    ("limits.value", "its value"),
    ("chart_told", "what the chart shows, in words"),
    ("drawn.title", "the chart within the vendor's limits, for Slack and Teams: what is shown"),
    ("drawn.unit", "what is counted"),
    ("drawn.bars", "bars rather than a line"),
    ("drawn.each", "how many labels each point stands for"),
    ("drawn.labels", "the places along the axis"),
    ("drawn.more", "lines that there was no room for"),
    ("drawn.unseen", "points that are left out"),
    ("series.limit", "whether it is a limit"),
    ("drawn.series.values", "a line's values"),
    ("people.who", "directory and id, cleaned"),
    ("people.name", "the display name, where known"),
    ("people.sessions", "how many sessions"),
    ("people.on", "the virtual proxies; empty text for the default one"),
    ("people.anonymous", "the one row of all anonymous visitors"),
    ("people.since", "since when, where known"),
    ("since.at", "since when, where that is known"),
    ("since.at_least", "whether it may be longer"),
    ("people.connected", "for how long in all, in a report that ranks people"),
    ("people_title", "what stands above the people; often none"),
    ("people", "the people that there is room for"),
    ("more", "people who are left out for want of room"),
    ("hidden", "people whom `names: hidden` keeps back"),
    ("more_parts", "parts that there was no room for"),
    ("placed", "whether anybody is on another virtual proxy than the default one"),
    ("dated", "whether it is known since when anybody is on"),
    ("ranked", "whether it is known for how long anybody was on"),
    ("attached", "the file with all the people, where a mail's list is cut"),
];

/// One variable, over all messages that have it.
#[derive(Default)]
struct Variable {
    types: BTreeSet<&'static str>,
    example: Option<String>,
}

type Variables = BTreeMap<String, Variable>;

/// Walks a value; an item of a list is written `[]`. What is described once is not walked into.
fn gather(found: &mut Variables, path: &str, value: &Value) {
    let mut note = |kind, example: Option<String>| {
        let variable = found.entry(path.to_owned()).or_default();
        variable.types.insert(kind);
        variable.example = variable.example.take().or(example.filter(|example| !example.is_empty()));
    };
    match value {
        Value::Null => note("none", None),
        Value::Bool(yes) => note("yes or no", Some(yes.to_string())),
        Value::Number(number) => note("number", Some(number.to_string())),
        Value::String(text) => note("text", Some(text.clone())),
        Value::Array(items) => {
            if items.is_empty() || items.iter().any(|item| !item.is_object()) {
                note("list", None);
            }
            for item in items {
                gather(found, &format!("{path}[]"), item);
            }
        }
        Value::Object(fields) => match whole(fields) {
            Some(kind) => note(kind, None),
            None => {
                for (name, field) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    gather(found, &path, field);
                }
            }
        },
    }
}

/// What is the same wherever it stands.
fn whole(fields: &Map<String, Value>) -> Option<&'static str> {
    let has = |names: &[&str]| fields.len() == names.len() && names.iter().all(|name| fields.contains_key(*name));
    if has(&["date", "time", "utc", "zone"]) {
        Some("moment")
    } else if has(&["now", "before", "last_week"]) {
        Some("compared")
    } else if has(&["name", "link"]) {
        Some("named")
    } else {
        None
    }
}

fn table(out: &mut String, found: &Variables) {
    out.push_str("| variable | is | means |\n| --- | --- | --- |\n");
    for (path, variable) in found {
        // What is none or empty in one message is known better from another.
        let inside = |other: &String| other.starts_with(&format!("{path}.")) || other.starts_with(&format!("{path}[]"));
        let known = found.keys().any(inside);
        if known && variable.example.is_none() && variable.types.iter().all(|kind| ["none", "list"].contains(kind)) {
            continue;
        }
        let mut types: Vec<_> = variable.types.iter().filter(|kind| **kind != "none").copied().collect();
        types.extend(variable.types.get("none"));
        let example = variable.example.as_ref().map_or_else(String::new, |example| {
            let short: String = example.chars().take(40).collect();
            let dots = if short.len() < example.len() { "…" } else { "" };
            format!(", such as `{}{dots}`", short.replace('|', "\\|"))
        });
        let bare = path.replace("[]", "");
        let fits = |end: &str| bare == *end || bare.ends_with(&format!(".{end}"));
        let fitting = MEANINGS.iter().filter(|(end, _)| fits(end)).max_by_key(|(end, _)| end.len());
        let (_, meaning) = fitting.unwrap_or_else(|| panic!("say in MEANINGS what `{bare}` means"));
        let _ = writeln!(out, "| `{path}` | {}{example} | {meaning} |", types.join(" or "));
    }
    out.push('\n');
}

/// What wording is given, for each sort of facts; what all of them share comes first.
fn wording(out: &mut String) {
    let mut common = Variables::new();
    let mut facts: BTreeMap<String, (Variables, BTreeSet<&'static str>)> = BTreeMap::new();
    for (_, message) in sample::all() {
        let mut value = serde_json::to_value(Matter::of(&message)).unwrap();
        let own = value["facts"].take();
        value.as_object_mut().unwrap().remove("facts");
        value["parts"] = Value::Array(Vec::new());
        gather(&mut common, "", &value);
        let about = match (own["about"].as_str().unwrap(), own["notice"].as_str()) {
            ("notice", Some(notice)) => format!("notice: {notice}"),
            (about, _) => about.to_owned(),
        };
        let (variables, kinds) = facts.entry(about).or_default();
        gather(variables, "facts", &own);
        kinds.insert(message.kind.word());
    }
    out.push_str("## What wording is given (`words/*.txt.j2`)\n\n");
    table(out, &common);
    for (about, (variables, kinds)) in facts {
        let kinds = kinds.into_iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "### {about}\n\nIn messages of the kind {kinds}.\n");
        table(out, &variables);
    }
}

/// What layout is given.
fn layout(out: &mut String) {
    let engine = Engine::embedded();
    let mut found = Variables::new();
    for (_, message) in sample::all() {
        let matter = Matter::of(&message);
        let (words, _) = Words::of(&matter, &engine);
        let people = People::of(&message, false, false);
        let drawn = message.chart.as_ref().and_then(|chart| Drawn::of(chart, slack::format::CHART));
        let view = View::new(&matter, &words, &people, (message.chart.as_ref(), drawn.as_ref()), 5);
        let mut value = serde_json::to_value(&view).unwrap();
        value["parts"] = Value::Array(Vec::new());
        gather(&mut found, "", &value);
    }
    out.push_str("## What layout is given (`slack/`, `teams/`, `email/`)\n\n");
    table(out, &found);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads what is shipped, and is told to write it")]
fn the_document_lists_every_variable() {
    let mut written = String::from(MARK);
    written.push('\n');
    wording(&mut written);
    layout(&mut written);
    let written = written.trim_end();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOC);
    let text = std::fs::read_to_string(&path).unwrap();
    let (prose, now) = text.split_once(MARK).map(|(prose, now)| (prose, format!("{MARK}{now}"))).unwrap();
    if now.trim_end() != written {
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            std::fs::write(&path, format!("{prose}{written}\n")).unwrap();
            return;
        }
        let line = written.lines().find(|line| !now.lines().any(|known| known == *line)).unwrap_or("a line too many");
        let told = format!(
            "{DOC} is not current: {line}\nwrite it anew: INSTA_UPDATE=always cargo nextest run every_variable"
        );
        // Who adds a fact need not stop for it; the checks before a release do.
        assert!(std::env::var_os("HEADCOUNT_CURRENT_DOCS").is_none(), "{told}");
        println!("{told}");
    }
}
