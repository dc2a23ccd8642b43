//! A bar with the people under it on a terminal, and plain lines elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::args::Color;
use super::super::deliver::Came;
use super::super::{output, who};
use super::{post, words};
use crate::config::load;
use crate::jobs::{Draining, Looked};
use crate::judge::{End, Step};
use crate::message::lasting;

/// How often lines say that nothing has changed.
const STILL: SignedDuration = SignedDuration::from_mins(5);
/// Where a terminal does not tell its size.
const SIZE: (usize, usize) = (80, 24);

pub(super) struct Screen {
    site: String,
    deadline: Timestamp,
    zone: TimeZone,
    bar: Option<Bar>,
    /// The last line that was printed about who is on, and when.
    last: Option<(String, Vec<String>, Timestamp)>,
    most: u64,
}

struct Bar {
    all: MultiProgress,
    progress: ProgressBar,
    people: ProgressBar,
    /// How many are on, as the bar says it.
    on: String,
}

impl Screen {
    pub(super) fn new(color: Color, site: &str, deadline: Timestamp, zone: TimeZone) -> Self {
        let terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => load::environment("NO_COLOR").is_none(),
        };
        let site = output::shown(site);
        let bar = terminal.then(|| Bar::new(&site, color));
        Self { site, deadline, zone, bar, last: None, most: 0 }
    }

    /// Shows who is on at this look, and what was told of it.
    pub(super) fn looked(&mut self, looked: &Looked, draining: &Draining, now: Timestamp) -> io::Result<()> {
        self.most = self.most.max(words::number(looked));
        if let Some(bar) = &mut self.bar {
            bar.looked(looked, draining, self.most, now);
            self.tick(now);
            return Ok(());
        }
        let mut people: Vec<String> = looked.people.iter().map(|person| words::row(person, now)[0].clone()).collect();
        if let Some((_, before, _)) = &self.last
            && !looked.snapshot.coverage().is_full()
        {
            // Whoever is not seen in a part of the site is not gone: it is the part that does not answer.
            let unseen: Vec<_> = before.iter().filter(|name| !people.contains(name)).cloned().collect();
            people.extend(unseen);
        }
        let on = words::on(looked);
        let first = self.last.is_none();
        let (gone, came) = match &self.last {
            None => (String::new(), String::new()),
            Some((_, before, _)) => (listed("gone", before, &people), listed("new", &people, before)),
        };
        let news = self
            .last
            .as_ref()
            .is_none_or(|(said, before, at)| *said != on || *before != people || now.duration_since(*at) >= STILL);
        if !news && looked.said.is_none() {
            return Ok(());
        }
        let time = now.to_zoned(self.zone.clone()).strftime("%H:%M:%S");
        let left = match looked.over {
            None => format!(", {} left until {}", left(self.deadline, now), self.until(now)),
            Some(_) => String::new(),
        };
        let mut text = format!("{time}  {}: {on}{left}{gone}{came}\n", self.site);
        if first || looked.said == Some(Step::StillOn) {
            for line in words::rows(&looked.people, now, usize::MAX / 8, usize::MAX) {
                let _ = writeln!(text, "        {line}");
            }
            for line in words::doubts(looked, draining) {
                let _ = writeln!(text, "          {line}");
            }
        }
        self.last = Some((on, people, now));
        output::print(&text)
    }

    fn until(&self, now: Timestamp) -> String {
        words::clock(self.deadline, now, &self.zone)
    }

    /// Shows how much time is left.
    pub(super) fn tick(&self, now: Timestamp) {
        if let Some(bar) = self.bar.as_ref().filter(|bar| !bar.on.is_empty()) {
            bar.progress.set_message(format!(
                "{} · {} left, until {}",
                bar.on,
                left(self.deadline, now),
                self.until(now)
            ));
        }
    }

    /// Says what became of messages.
    pub(super) fn came(&self, all: &[Came]) {
        self.above(|| all.iter().for_each(post::say));
    }

    pub(super) fn complain(&self, what: &str) {
        self.above(|| output::complain(what));
    }

    fn above(&self, say: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.all.suspend(say),
            None => say(),
        }
    }

    /// Takes the bar away; what is said after it stays.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.people.finish_and_clear();
            bar.progress.finish_and_clear();
        }
    }

    /// How it ended, with whoever is left.
    pub(super) fn ended(&self, over: End, looked: &Looked, draining: &Draining) -> String {
        let mut text = match over {
            End::Clear if words::number(looked) == 0 => format!("{}: clear, nobody is on.\n", self.site),
            End::Clear => {
                format!("{}: clear, no more than {} are on.\n", self.site, draining.until())
            }
            End::StillOn => {
                format!("{}: the time has come, and not all have left. {}\n", self.site, who::summary(&looked.snapshot))
            }
            End::Blind => {
                let seen = if looked.unlisted {
                    format!("{}: {}.", self.site, words::on(looked))
                } else {
                    who::summary(&looked.snapshot)
                };
                format!("{}: the time has come, and it is not known whether all have left. {seen}\n", self.site)
            }
        };
        if over != End::Clear || words::number(looked) > 0 {
            for line in words::rows(&looked.people, looked.snapshot.at(), width(), usize::MAX) {
                let _ = writeln!(text, "{line}");
            }
            for line in words::doubts(looked, draining) {
                let _ = writeln!(text, "{line}");
            }
        }
        text
    }
}

impl Bar {
    fn new(site: &str, color: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let form = if color { "{prefix} {bar:20.cyan/dim} {msg}" } else { "{prefix} {bar:20} {msg}" };
        let plain = || ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = ProgressStyle::with_template(form).unwrap_or_else(|_| plain());
        let bar =
            all.add(ProgressBar::new(1).with_style(style.progress_chars("━━─")).with_prefix(words::cut(site, 16)));
        let people = all.add(ProgressBar::new(1).with_style(plain()));
        // The first look may take a moment: something is seen to happen meanwhile.
        bar.set_message("looking who is on");
        bar.tick();
        Self { all, progress: bar, people, on: String::new() }
    }

    fn looked(&mut self, looked: &Looked, draining: &Draining, most: u64, now: Timestamp) {
        let on = words::number(looked);
        let full = looked.snapshot.coverage().is_full() && !looked.unlisted;
        self.on = match looked.snapshot.coverage().answered {
            0 => "not seen".to_owned(),
            _ if full => format!("{on} on"),
            _ => format!("at least {on} on"),
        };
        self.progress.set_length(most.saturating_sub(draining.until()).max(1));
        self.progress.set_position(most - on.min(most));
        let (width, height) = size();
        let mut lines = Vec::new();
        if !full {
            lines.push(words::cut(&format!("{}.", words::on(looked)), width - 1));
        }
        let doubts: Vec<_> = words::doubts(looked, draining).iter().map(|line| words::cut(line, width - 1)).collect();
        let room = height.saturating_sub(4 + lines.len() + doubts.len()).max(2);
        lines.extend(words::rows(&looked.people, now, width - 1, room));
        lines.extend(doubts);
        self.people.set_message(lines.join("\n"));
        self.people.tick();
    }
}

/// `12 min 40 s`.
fn left(deadline: Timestamp, now: Timestamp) -> String {
    lasting(deadline.duration_since(now))
}

fn listed(word: &str, these: &[String], without: &[String]) -> String {
    let these: Vec<_> = these.iter().filter(|one| !without.contains(one)).map(String::as_str).collect();
    if these.is_empty() { String::new() } else { format!("; {word}: {}", these.join(", ")) }
}

fn size() -> (usize, usize) {
    let told = terminal_size::terminal_size_of(io::stderr());
    told.map_or(SIZE, |(width, height)| (usize::from(width.0).max(20), usize::from(height.0)))
}

/// How wide what is printed for good may be.
fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(usize::MAX / 8, |(width, _)| usize::from(width.0).max(20))
}
