//! What can be typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::channels::ChannelKind;
use crate::config::nearest;
use crate::message::Kind;

/// What `--help` ends with.
macro_rules! begin {
    ($demo:literal) => {
        concat!(
            "Begin with:\n",
            $demo,
            "  headcount init --host sense.example.com       write a first configuration, and try it\n",
            "  headcount check --connect                     see whether everything can be reached\n",
            "  headcount run                                 let it run\n\n",
            "Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 not all seen, 4 the answer is no"
        )
    };
}

#[cfg(feature = "demo")]
const BEGIN: &str =
    begin!("  headcount demo                                see it all on this machine, in half a minute\n");
#[cfg(not(feature = "demo"))]
const BEGIN: &str = begin!("");

/// What `who --help` ends with.
const WHO: &str = "\
Examples:
  headcount who                                 every site of the configuration
  headcount who --site prod --format csv >who.csv
  headcount who --site prod --fail-above 0 && restart-sense     only when nobody is on
  headcount who --host sense.example.com --cert client.pem --key client_key.pem --root root.pem
  headcount who --host sense.example.com … --discover           all virtual proxies of all proxies";

/// What `drain --help` ends with.
const DRAIN: &str = "\
Exit status: 0 only when few enough are on and all of the site was seen; 4 when too many are on at the deadline, 3 when
not all of the site could be seen then, 1 on Ctrl-C; the channels are told each of these.

Examples:
  headcount drain --site prod --deadline 22:30 --tell ops --reason \"November patch\"
  headcount drain --site prod --deadline 45m --tell ops --tell managers && restart-sense";

/// What `replay --help` ends with.
const REPLAY: &str = "\
Examples:
  headcount replay --site prod --from 2026-03-01 --to 2026-03-31               the rules as they are, on last month
  headcount replay --site prod --from 2026-03-01 --to 2026-03-31 --rules new.yaml
  headcount replay --history monday.jsonl --rules new.yaml --format json

A history is JSON Lines, one observation a line; the lines of one instant are one poll:
  {\"at\": \"2026-03-29T01:30:00Z\", \"proxy\": \"sense1\", \"prefix\": \"hr\", \"people\": [[\"CORP\", \"anna\", 2]]}
  {\"at\": \"2026-03-29T01:30:00Z\", \"proxy\": \"sense2\", \"prefix\": \"\", \"error\": \"timeout\"}";

/// What `report --help` ends with.
const REPORT: &str = "\
Examples:
  headcount report daily                                        the last whole day
  headcount report daily --for last-week                        each day of it
  headcount report monthly --for 2026-10 --format html >october.html
  headcount report daily --for yesterday --send                 to the channels that the report tells";

/// What `preview --help` ends with.
const PREVIEW: &str = "\
Examples:
  headcount preview                             all kinds, all channels, with the configuration's own templates
  headcount preview --kind alert --kind resolved --channel slack
  headcount preview --site prod --out /tmp/look     who is on prod, as it would be told now";

/// Tells who is on a client-managed Qlik Sense site, in Slack, Teams and e-mail.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, max_term_width = 100, propagate_version = true, after_help = BEGIN)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Global {
    /// The configuration [default: ./headcount.yaml, then /etc/headcount/headcount.yaml]
    #[arg(long, global = true, env = "HEADCOUNT_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub(super) config: Option<PathBuf>,
    /// Where headcount remembers [default: `$STATE_DIRECTORY`, then ./state]
    #[arg(long, global = true, env = "HEADCOUNT_STATE", value_name = "DIR", hide_env_values = true)]
    pub(super) state: Option<PathBuf>,
    /// How much headcount itself logs
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(super) log: Option<Level>,
    /// Whether the log is coloured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for tracing::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Schema {
    #[arg(value_enum, default_value_t)]
    pub(super) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum SchemaOf {
    #[default]
    Config,
    Webhook,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Who is on, right now
    #[command(after_help = WHO)]
    Who(Box<Who>),
    /// The daemon: polls, judges, tells
    Run,
    /// One check now, printed; nothing is recorded, nothing is sent
    Poll(Poll),
    /// A report, shown here: how sites were used, or who is on; with --send it is told, too
    #[command(after_help = REPORT)]
    Report(Report),
    /// Tells channels who is on now
    Announce(Announce),
    /// Waits until people have left, before a restart, and tells channels how it goes
    #[command(after_help = DRAIN)]
    Drain(Drain),
    /// Looks at the configuration, and shows when each schedule fires next
    Check(Check),
    /// Sends a real test message to a channel
    Test(Test),
    /// Every message in every form, as one page to look at; nothing is sent
    #[command(after_help = PREVIEW)]
    Preview(Preview),
    /// The wording and layout of messages, to begin your own with
    Templates(Templates),
    /// What waits to be delivered, what was given up, and what to do about it
    Outbox(Outbox),
    /// What is wrong now; with --all, what was
    Incidents(Incidents),
    /// What is not told for a while: add, list or end a silence
    Silence(Silence),
    /// What the rules would have told of the past; nothing is recorded, nothing is sent
    #[command(after_help = REPLAY)]
    Replay(Replay),
    /// Sessions or readings of some days, as CSV or JSON lines
    Export(Export),
    /// Puts a random pseudonym in the place of somebody's name, everywhere and for good
    Forget(Forget),
    /// A recorded history becomes a site's past; nobody is told of it
    Import(Import),
    /// Writes a first configuration, from a few answers or flags, and tries it
    Init(Init),
    /// The JSON Schema of the configuration, by which editors complete and check it, or of what a webhook is sent
    Schema(Schema),
    /// Completions for a shell, to be sourced or installed
    Completions { shell: clap_complete::Shell },
    /// The manual page, in roff: headcount man | man -l -
    Man,
    /// All of it in half a minute, against a make-believe site on this machine
    #[cfg(feature = "demo")]
    Demo(Demo),
}

#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("identity").args(["cert", "pfx"]))]
pub(super) struct Who {
    /// A site of the configuration; several times for several, none for all
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub(super) site: Vec<String>,
    /// A proxy to ask without any configuration
    #[arg(long, requires = "identity")]
    pub(super) host: Option<String>,
    /// The client certificate, PEM
    #[arg(long, value_name = "FILE", requires_all = ["host", "key"], conflicts_with = "site")]
    pub(super) cert: Option<PathBuf>,
    /// The client certificate's key, PEM
    #[arg(long, value_name = "FILE", requires_all = ["host", "cert"], conflicts_with_all = ["site", "pfx"])]
    pub(super) key: Option<PathBuf>,
    /// The client certificate with its key, PFX, in place of --cert and --key
    #[arg(long, value_name = "FILE", requires = "host", conflicts_with = "site")]
    pub(super) pfx: Option<PathBuf>,
    /// A file that holds the password of --pfx [default: it has none]
    #[arg(long, value_name = "FILE", requires = "pfx", conflicts_with_all = ["cert", "site"])]
    pub(super) password_file: Option<PathBuf>,
    /// The site's root certificate [default: those that this machine trusts]
    #[arg(long, value_name = "FILE", requires = "host", conflicts_with = "site")]
    pub(super) root: Option<PathBuf>,
    /// Trust this very certificate: sha256: and 64 hexadecimal digits; several times for several
    #[arg(long, value_name = "S", requires = "host", conflicts_with_all = ["root", "insecure", "site"])]
    pub(super) fingerprint: Vec<String>,
    /// Verify neither chain nor name
    #[arg(long, requires = "host", conflicts_with_all = ["root", "server_name", "site"])]
    pub(super) insecure: bool,
    /// The name in the proxy's certificate, where --host is another
    #[arg(long, value_name = "NAME", requires = "host", conflicts_with = "site")]
    pub(super) server_name: Option<String>,
    /// The proxy's REST API port [default: 4243]
    #[arg(long, requires = "host", conflicts_with = "site")]
    pub(super) port: Option<u16>,
    /// A virtual proxy; several times for several, none for the default one
    #[arg(long, value_name = "PREFIX", requires = "host", conflicts_with = "site")]
    pub(super) virtual_proxy: Vec<String>,
    /// Ask the repository which proxies and virtual proxies there are, and then all of them
    #[arg(long, requires = "host", conflicts_with_all = ["site", "port", "virtual_proxy"])]
    pub(super) discover: bool,
    /// The repository's port [default: 4242]
    #[arg(long, value_name = "PORT", requires = "discover", conflicts_with = "site")]
    pub(super) qrs_port: Option<u16>,
    /// On whose behalf the repository is asked [default: `INTERNAL\sa_api`]
    #[arg(long, value_name = "DIR\\ID", requires = "discover", conflicts_with = "site")]
    pub(super) user: Option<String>,
    /// The address of a name that this machine cannot look up; several times for several
    #[arg(long, value_name = "NAME=ADDRESS", requires = "host", conflicts_with = "site", value_parser = name_and_address)]
    pub(super) resolve: Vec<(String, std::net::IpAddr)>,
    /// How long to wait for each answer [default: 5s, or the site's own]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub(super) timeout: Option<jiff::SignedDuration>,
    /// People who do not count, such as 'INTERNAL\sa_*'; added to the site's own
    #[arg(long, value_name = "PATTERN")]
    pub(super) exclude: Vec<String>,
    /// How to print it [default: table on a terminal, plain in a pipe]
    #[arg(long)]
    pub(super) format: Option<WhoFormat>,
    /// How the engines are, too: saturated or not, memory, users who do something
    #[arg(long)]
    pub(super) health: bool,
    /// The engines' port, with --health and --host [default: 4747]
    #[arg(long, value_name = "PORT", requires_all = ["health", "host"], conflicts_with = "site")]
    pub(super) engine_port: Option<u16>,
    /// Who was on then, from the store: HH:MM (the last one) or YYYY-MM-DDTHH:MM
    #[arg(long, value_name = "TIME", conflicts_with_all = ["host", "health", "timeout"])]
    pub(super) at: Option<String>,
    /// A list for each of them
    #[arg(long, value_name = "WHAT")]
    pub(super) group_by: Option<GroupBy>,
    /// End with status 4 when more than N people are on
    #[arg(long, value_name = "N")]
    pub(super) fail_above: Option<u64>,
}

/// `SENSE1=10.0.0.5`.
fn name_and_address(text: &str) -> Result<(String, std::net::IpAddr), String> {
    let wrong = || "write a name and its address, such as `SENSE1=10.0.0.5`".to_owned();
    let (name, address) = text.split_once('=').ok_or_else(wrong)?;
    crate::qlik::check_host(name).map_err(|_| wrong())?;
    Ok((name.to_owned(), address.parse().map_err(|_| wrong())?))
}

/// A length of time that is not nothing.
fn some_time(text: &str) -> Result<jiff::SignedDuration, String> {
    match crate::duration::parse(text) {
        Ok(length) if length.is_zero() => Err("that is no time at all: write a length such as `5s`".to_owned()),
        other => other,
    }
}

/// A length of time that is not nothing.
fn some_length(text: &str) -> Result<jiff::SignedDuration, String> {
    match crate::duration::parse(text) {
        Ok(length) if length.is_zero() => Err("it cannot be zero: write a length such as `2h`".to_owned()),
        other => other,
    }
}

/// Whole days, such as `31d`.
#[cfg(feature = "demo")]
fn whole_days(text: &str) -> Result<u16, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse().ok().filter(|days| (1..=400).contains(days));
    days.ok_or_else(|| "write whole days, from 1d to 400d, such as `31d`".to_owned())
}

/// A whole day.
fn day(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| "it is no day: write one such as `2026-03-01`".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GroupBy {
    VirtualProxy,
    Directory,
    Proxy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum WhoFormat {
    Table,
    Plain,
    Json,
    Csv,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Poll {
    /// One check of the configuration; none for all
    #[arg(long, value_name = "NAME")]
    pub(super) check: Option<String>,
    #[command(flatten)]
    pub(super) listing: Listing,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Check {
    /// Asks every site and knocks at every channel, too; nothing is sent
    #[arg(long)]
    pub(super) connect: bool,
    #[command(flatten)]
    pub(super) listing: Listing,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Init {
    /// The site's (central) node
    #[arg(long)]
    pub(super) host: Option<String>,
    /// The folder with the exported certificates; they are found by looking inside
    #[arg(long, value_name = "FOLDER")]
    pub(super) certificates: Option<String>,
    /// A file with the password of a client.pfx in that folder
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// The proxies' REST API port [default: 4243]
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// A file with the address of a Slack webhook
    #[arg(long, value_name = "FILE", conflicts_with = "teams_url_file")]
    pub(super) slack_url_file: Option<PathBuf>,
    /// A file with the address of a Teams workflow
    #[arg(long, value_name = "FILE")]
    pub(super) teams_url_file: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Report {
    /// A report of the configuration
    pub(super) name: String,
    /// A day such as 2026-11-23, yesterday, last-week, last-month, or a month such as 2026-11 [default: the last whole period]
    #[arg(long = "for", value_name = "WHEN")]
    pub(super) of: Option<String>,
    /// Send it to the report's channels, too
    #[arg(long)]
    pub(super) send: bool,
    /// How to print it
    #[arg(long, default_value = "text")]
    pub(super) format: ReportFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    Text,
    Json,
    Html,
    Csv,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Announce {
    /// The site to look at
    #[arg(long, value_name = "NAME")]
    pub(super) site: String,
    /// A channel to tell; several times for several
    #[arg(long, value_name = "CHANNEL", required_unless_present = "mail_people")]
    pub(super) tell: Vec<String>,
    /// When the restart is planned: HH:MM or YYYY-MM-DDTHH:MM
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// Why, in your own words
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Also writes to each person on, one mail each, that the site is restarted and they should log out
    #[arg(long, requires_all = ["via", "at"])]
    pub(super) mail_people: bool,
    /// The channel that writes those mails: of the kind email, with `mail_people`
    #[arg(long, value_name = "CHANNEL", requires = "mail_people")]
    pub(super) via: Option<String>,
    /// Shows who would get what; nothing is recorded, nothing is sent
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Drain {
    /// The site to be restarted
    #[arg(long, value_name = "NAME")]
    pub(super) site: String,
    /// Wait until no more than so many are on: users, and anonymous sessions
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) until: u64,
    /// Wait no longer than this: HH:MM, YYYY-MM-DDTHH:MM, or a length of time such as 45m
    #[arg(long, value_name = "TIME|DURATION")]
    pub(super) deadline: String,
    /// A channel to tell: at once, 15, 5 and 1 minutes before the deadline, and at the end; several times for several
    #[arg(long, value_name = "CHANNEL")]
    pub(super) tell: Vec<String>,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = some_time)]
    pub(super) every: jiff::SignedDuration,
    /// Why, in your own words
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Test {
    /// A channel of the configuration
    pub(super) channel: String,
    /// Does not ask, on a terminal either, whether the message came
    #[arg(long)]
    pub(super) no_ask: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Preview {
    /// A kind of message, such as alert or digest; several times for several, none for all
    #[arg(long, value_name = "KIND", value_parser = message_kind)]
    pub(super) kind: Vec<Kind>,
    /// A kind of channel, such as slack; several times for several, none for all
    #[arg(long, value_name = "KIND", value_parser = channel_kind)]
    pub(super) channel: Vec<ChannelKind>,
    /// A site of the configuration: who is on it now, in place of made-up messages
    #[arg(long, value_name = "NAME")]
    pub(super) site: Vec<String>,
    /// Where the page and the payloads go
    #[arg(long, value_name = "FOLDER", default_value = "headcount-preview")]
    pub(super) out: PathBuf,
}

fn message_kind(text: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.into_iter();
    known().find(|kind| kind.word() == text).ok_or_else(|| nearest(text, known().map(Kind::word)))
}

fn channel_kind(text: &str) -> Result<ChannelKind, String> {
    let known = || ChannelKind::ALL.into_iter();
    known().find(|kind| kind.word() == text).ok_or_else(|| nearest(text, known().map(ChannelKind::word)))
}

#[derive(Debug, ClapArgs)]
pub(super) struct Templates {
    #[command(subcommand)]
    pub(super) command: TemplatesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum TemplatesCommand {
    /// Writes the built-in templates into a folder; what is there is left as it is
    Export {
        folder: PathBuf,
        /// A template, such as words/alert.txt.j2; several for several, none for all
        template: Vec<String>,
        /// Overwrites what is there, too
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Outbox {
    #[command(subcommand)]
    pub(super) command: OutboxCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// What is pending or was given up, newest first
    List {
        /// Delivered and dropped ones, too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// One delivery with every try at it
    Show { id: i64 },
    /// Try a delivery again now, as if it were new
    Retry { id: i64 },
    /// Never send a delivery
    Drop { id: i64 },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Incidents {
    /// Closed ones, too
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) listing: Listing,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Export {
    /// The site
    #[arg(long, value_name = "NAME")]
    pub(super) site: String,
    /// The first day, such as 2026-03-01
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(super) from: jiff::civil::Date,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(super) to: jiff::civil::Date,
    /// How: a table for other programs, or one JSON object a line
    #[arg(long)]
    pub(super) format: ExportFormat,
    /// What
    #[arg(long, default_value = "sessions")]
    pub(super) what: Exported,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    Csv,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Exported {
    /// Who was on, from when to when
    Sessions,
    /// How many were on
    Readings,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Forget {
    /// Directory and id, whatever the case, or the pseudonym that the store knows them by
    #[arg(value_name = "DIR\\ID")]
    pub(super) person: String,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Silence {
    #[command(subcommand)]
    pub(super) command: SilenceCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum SilenceCommand {
    /// Holds what rules have to tell; what is still open at the end is told then
    Add {
        /// A rule's name, or a pattern such as 'crowd*'
        rule: String,
        /// For how long, such as 2h
        #[arg(long = "for", value_name = "DURATION", value_parser = some_length)]
        length: jiff::SignedDuration,
        /// Why, in your own words
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// On one site alone [default: on all]
        #[arg(long, value_name = "NAME")]
        site: Option<String>,
    },
    /// What is silenced now
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Ends a silence before its time
    End { id: i64 },
}

#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("past").args(["from", "history"]).required(true))]
pub(super) struct Replay {
    /// The site; with --history the one whose check is meant, where there are several
    #[arg(long, value_name = "NAME", required_unless_present = "history")]
    pub(super) site: Option<String>,
    /// The first day, such as 2026-03-01
    #[arg(long, value_name = "DATE", requires = "to", value_parser = day)]
    pub(super) from: Option<jiff::civil::Date>,
    /// The last day
    #[arg(long, value_name = "DATE", requires = "from", value_parser = day)]
    pub(super) to: Option<jiff::civil::Date>,
    /// A recorded history in place of what the store remembers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    pub(super) history: Option<PathBuf>,
    /// The rules to try: a configuration, or its `rules` and `checks` alone [default: the configuration]
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Option<PathBuf>,
    #[command(flatten)]
    pub(super) listing: Listing,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Import {
    /// The site of which it is the past, where there are checks of several
    #[arg(long, value_name = "NAME")]
    pub(super) site: Option<String>,
    /// The recorded history, JSON Lines, one observation a line, as `replay --history` reads it
    #[arg(long, value_name = "FILE")]
    pub(super) history: PathBuf,
}

#[cfg(feature = "demo")]
#[derive(Debug, ClapArgs)]
pub(super) struct Demo {
    /// Stay until Ctrl-C, to be looked at with the other commands
    #[arg(long, conflicts_with = "history")]
    pub(super) keep: bool,
    /// Makes a past of so many days in place of the story, such as 31d: a store to try reports on, and to measure with
    #[arg(long, value_name = "DAYS", value_parser = whole_days)]
    pub(super) history: Option<u16>,
    /// The last day of that past, such as 2026-10-31 [default: yesterday]
    #[arg(long, value_name = "DATE", requires = "history", value_parser = day)]
    pub(super) to: Option<jiff::civil::Date>,
    /// Another past than the usual one; the same each time
    #[arg(long, value_name = "NUMBER", requires = "history")]
    pub(super) seed: Option<u64>,
    /// Where to put it: a folder that is not there yet [default: one of its own under $TMPDIR or /tmp]
    #[arg(long, value_name = "FOLDER", requires = "history")]
    pub(super) into: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Listing {
    /// How to print it
    #[arg(long, default_value = "table")]
    pub(super) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Table,
    Json,
}
