//! Puts a message into a channel's form, cutting the list of people until it fits. Never fails.

use super::document::Document;
use super::drawn::Drawn;
use super::view::{Matter, Mood, People, View};
use super::words::{Cut, Words};
use super::{ChannelKind, Names, Payload, email, file, slack, teams, webhook};
use crate::message::{Chart, Kind, Message, sample};
use crate::render::{Engine, TemplateError};

/// So many people are laid out at once; more are measured first.
const FEW: usize = 30;

/// Why a layout cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("template {0}")]
    Template(#[from] TemplateError),
    #[error("template `{file}` gives no JSON: {what} of its output")]
    NotJson { file: String, what: String },
    #[error("template `{file}` gives what the channel does not take: {what}")]
    Limit { file: String, what: String },
}

/// The form that a channel's messages have.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub kind: ChannelKind,
    /// The operator's own template in place of the built-in form.
    pub own: Option<&'a webhook::Template>,
    /// The most bytes of a webhook's message.
    pub most: usize,
}

impl From<ChannelKind> for Form<'_> {
    fn from(kind: ChannelKind) -> Self {
        Self { kind, own: None, most: webhook::limits::BYTES }
    }
}

/// A message in the form of a kind of channel: within its limits, whatever the templates do.
pub fn format(kind: ChannelKind, message: &Message, engine: &Engine, names: Names) -> Payload {
    format_as(kind.into(), message, engine, names)
}

/// A message in the form of a channel.
pub(super) fn format_as(form: Form<'_>, message: &Message, engine: &Engine, names: Names) -> Payload {
    let (payload, trouble) = formatted(form, message, engine, names);
    if let Some(trouble) = trouble {
        let message = message.kind.word();
        tracing::warn!(channel.kind = form.kind.word(), message.kind = message, "{trouble}; sent in plain words");
    }
    payload
}

/// A message as a page to be looked at: the mail's, which stands for itself.
pub fn page(message: &Message, engine: &Engine) -> String {
    let payload = format(ChannelKind::Email, message, engine, Names::Full);
    let mut body: serde_json::Value = serde_json::from_str(payload.body()).unwrap_or_default();
    match body["html"].take() {
        serde_json::Value::String(html) => match body["chart"].as_str() {
            // A page has no other parts: its picture is within.
            Some(chart) => {
                html.replace(&format!("cid:{}", email::format::CHART), &format!("data:image/png;base64,{chart}"))
            }
            None => html,
        },
        _ => String::new(),
    }
}

/// As [`format()`], with what is wrong with the templates told rather than logged.
pub fn attempt(kind: ChannelKind, message: &Message, engine: &Engine, names: Names) -> (Payload, Option<String>) {
    let (payload, trouble) = formatted(kind.into(), message, engine, names);
    (payload, trouble.map(|trouble| trouble.to_string()))
}

/// The first line of a message, in the words that every channel shares.
pub fn headline(message: &Message, engine: &Engine) -> String {
    Words::of(&Matter::of(message), engine).0.title
}

/// Puts every sample into every form, and tells each template that fails: before a real message meets it.
pub fn rehearse(engine: &Engine) -> Vec<String> {
    rehearsed(&ChannelKind::ALL.map(Form::from), engine)
}

/// As [`rehearse`], for the form of one channel.
pub(super) fn rehearse_as(form: Form<'_>, engine: &Engine) -> Vec<String> {
    rehearsed(&[form], engine)
}

fn rehearsed(forms: &[Form<'_>], engine: &Engine) -> Vec<String> {
    let mut told = Vec::new();
    for (_, message) in sample::all() {
        for form in forms {
            let trouble = formatted(*form, &message, engine, Names::Full).1.map(|trouble| trouble.to_string());
            told.extend(trouble.filter(|trouble| !told.contains(trouble)));
        }
    }
    told
}

fn formatted(form: Form<'_>, message: &Message, engine: &Engine, names: Names) -> (Payload, Option<Trouble>) {
    let under_pseudonyms;
    let message = match names {
        Names::Full => message,
        Names::Pseudonym | Names::Hidden => {
            // Hidden people are counted alone; if anything of them were shown, it would not be their names.
            under_pseudonyms = message.under_pseudonyms();
            &under_pseudonyms
        }
    };
    let matter = Matter::of(message);
    // Whoever reads it on a phone is helped by some; programs and files are given all.
    let all = form.own.is_none() && matches!(form.kind, ChannelKind::Webhook | ChannelKind::File);
    let people = People::of(message, names == Names::Hidden, all);
    let (words, failed) = Words::of(&matter, engine);
    let title = words.title.clone();
    let left_out = (!people.is_empty()).then_some("The list of people is left out of this plain form.");
    let plainly = |notes: &[&str]| plain(form, &words, &matter, &people, notes);
    let plainer = (form.kind != ChannelKind::Email).then(|| plainly(left_out.as_slice()));
    // A chart of which nothing was seen shows nothing; mail alone needs it drawn.
    let chart = message.chart.as_ref();
    let drawn = chart.filter(|_| form.kind == ChannelKind::Email && matter.chart.is_some());
    let dressed = match (failed, drawn.map(|chart| email::format::picture(engine, chart)).transpose()) {
        (Some(error), _) => Err(Trouble::Template(error)),
        (None, Err(trouble)) => Err(trouble),
        (None, Ok(picture)) => {
            let picture = picture.as_deref();
            Fitting { form, matter: &matter, people: &people, chart, picture, engine }.fit(&words)
        }
    };
    let dressed = dressed.map(|mut dressed| {
        if dressed.cut && form.kind == ChannelKind::Email {
            // A server that takes no mail as large as this one takes the words.
            dressed.plainer = Some(plainly(left_out.as_slice()));
            dressed.body = email::format::with_people(dressed.body, email::list::csv(&people.everyone()));
        }
        dressed
    });
    match dressed {
        Ok(dressed) => (Payload::new(dressed.body, dressed.plainer.into_iter().chain(plainer).collect(), title), None),
        Err(trouble) => {
            let told = engine.without_paths(&trouble.to_string());
            let excuse = format!("This message is in plain words, because a template failed: {told}.");
            let notes: Vec<&str> = left_out.into_iter().chain([excuse.as_str()]).collect();
            let body = plainly(&notes);
            (Payload::new(body, plainer.into_iter().collect(), title), Some(trouble))
        }
    }
}

/// How much of the words is told, from everything to the least: what is too long for a channel is cut in these steps.
const STEPS: [Cut; 5] = [
    Cut { items: 30, rows: 40, parts: 30, blocks: true, chart: true },
    Cut { items: 10, rows: 12, parts: 20, blocks: true, chart: true },
    Cut { items: 5, rows: 6, parts: 10, blocks: true, chart: false },
    Cut { items: 1, rows: 2, parts: 5, blocks: true, chart: false },
    Cut { items: 1, rows: 0, parts: 3, blocks: false, chart: false },
];

/// A body within the channel's limits.
pub(super) struct Dressed {
    pub body: String,
    /// What is sent where the vendor does not know the newest of it.
    pub plainer: Option<String>,
    /// How much longer it could be, in the channel's own measure, where that is known.
    pub room: Option<usize>,
    /// Whether people are left out for want of room.
    pub cut: bool,
}

/// What is to be put into a form.
struct Fitting<'a> {
    form: Form<'a>,
    matter: &'a Matter,
    people: &'a People<'a>,
    chart: Option<&'a Chart>,
    /// The chart as a picture, for mail.
    picture: Option<&'a str>,
    engine: &'a Engine,
}

impl Fitting<'_> {
    /// Tells as much as the channel has room for: shorter lists first, then fewer people.
    fn fit(&self, words: &Words) -> Result<Dressed, Trouble> {
        let mut first = None;
        for step in STEPS {
            let words = words.cut(step);
            let chart = self.chart.filter(|_| step.chart);
            match self.fit_people(&words, chart) {
                Err(trouble @ Trouble::Limit { .. }) => first = first.or(Some(trouble)),
                done => return done,
            }
        }
        Err(first.unwrap_or_else(|| unreachable!("there is at least one step")))
    }

    /// Shows as many people as the channel has room for. Few are tried at once; of many, the lengths of their rows say how
    /// many will fit beside all else, so that a long list is laid out once.
    fn fit_people(&self, words: &Words, chart: Option<&Chart>) -> Result<Dressed, Trouble> {
        let (limits, most) = match self.form.kind {
            ChannelKind::Slack => (Some(slack::format::CHART), slack::format::MOST_PEOPLE),
            ChannelKind::Teams => (Some(teams::format::CHART), teams::format::MOST_PEOPLE),
            ChannelKind::Email => (None, email::format::MOST_PEOPLE),
            ChannelKind::Webhook => (None, webhook::format::MOST_PEOPLE),
            ChannelKind::File => (None, file::format::MOST_PEOPLE),
        };
        let drawn = limits.and_then(|limits| Drawn::of(chart?, limits));
        let dress = |shown: usize| self.dress(words, (chart, drawn.as_ref()), shown);
        let in_parts = self.people.parts.iter().map(People::users).max().unwrap_or(0);
        let most = self.people.users().max(in_parts).min(most);
        if most <= FEW {
            match dress(most) {
                Err(Trouble::Limit { .. }) if most > 0 => {}
                done => return done,
            }
        }
        let bare = dress(0)?;
        let all_room = bare.room;
        let mut too_many = most + 1;
        let (mut fits, mut best) = (0, bare);
        let mut next = all_room.map_or(most, |room| self.guess(most, room).max(1)).min(most);
        // Near enough to the most that fit is good enough: each step costs a layout.
        while fits < next && next < too_many && too_many - fits > 1 + fits / 20 {
            match dress(next) {
                Ok(dressed) => {
                    fits = next;
                    next = match (all_room, dressed.room) {
                        // What a row has taken on average says how many more there is room for.
                        (Some(all), Some(left)) => fits + left * fits / (all - left).max(1),
                        _ => usize::midpoint(fits, too_many),
                    };
                    next = next.min(too_many - 1);
                    best = dressed;
                }
                Err(Trouble::Limit { .. }) => {
                    too_many = next;
                    next = usize::midpoint(fits, too_many);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(best)
    }

    fn guess(&self, most: usize, room: usize) -> usize {
        match self.form.kind {
            ChannelKind::Slack => self.people.fitting(most, room, slack::format::row_length),
            ChannelKind::Teams => self.people.fitting(most, room, teams::format::row_length),
            ChannelKind::Webhook => self.people.fitting(most, room, webhook::format::row_length),
            ChannelKind::File => self.people.fitting(most, room, file::format::row_length),
            ChannelKind::Email => most,
        }
    }

    fn dress(&self, words: &Words, charts: (Option<&Chart>, Option<&Drawn>), shown: usize) -> Result<Dressed, Trouble> {
        let mut view = View::new(self.matter, words, self.people, charts, shown);
        let file = |ending| format!("{}/{}.{ending}.j2", self.form.kind.word(), self.matter.kind.word());
        let engine = self.engine;
        let document = || Document::new(self.matter, words, self.people, charts.0, shown);
        match self.form.kind {
            ChannelKind::Slack => slack::format::dress(engine, &file("json"), &view, words),
            ChannelKind::Teams => teams::format::dress(engine, &file("json"), &view, words),
            ChannelKind::Email => {
                let picture = self.picture.filter(|_| view.chart.is_some());
                view.chart = view.chart.filter(|_| picture.is_some());
                view.attached = view.is_cut().then_some(email::list::NAME);
                let extras = (urgent(self.matter), picture);
                let body = email::format::dress(engine, &file("txt"), &file("html"), &view, extras)?;
                Ok(Dressed { body, plainer: None, room: None, cut: view.is_cut() })
            }
            ChannelKind::Webhook => match self.form.own {
                Some(own) => webhook::format::dress_own(engine, own, &view, words, self.form.most),
                None => webhook::format::dress(&document(), self.form.most, view.is_cut()),
            },
            ChannelKind::File => file::format::dress(engine, &file("txt"), &view, &document()),
        }
    }
}

/// The words alone, in the channel's envelope, with no template; for programs the facts too.
fn plain(form: Form<'_>, words: &Words, matter: &Matter, people: &People<'_>, notes: &[&str]) -> String {
    let mut words = words.clone();
    words.lines.extend(notes.iter().map(|note| (*note).to_owned()));
    let document = || Document::new(matter, &words, people, None, 0);
    match form.kind {
        ChannelKind::Slack => slack::format::plain(&words, matter.mood()),
        ChannelKind::Teams => teams::format::plain(&words, matter.mood()),
        ChannelKind::Email => email::format::plain(&words, urgent(matter)),
        ChannelKind::Webhook if form.own.is_some() => webhook::format::plain_own(&words, matter.mood(), form.most),
        ChannelKind::Webhook => webhook::format::plain(&document()),
        ChannelKind::File => file::format::plain(&words, &document(), matter.kind.word(), &matter.at.utc),
    }
}

/// Whether a mail should be marked as important.
fn urgent(matter: &Matter) -> bool {
    matches!(matter.kind, Kind::Alert | Kind::Repeat) && matter.mood() == Mood::Critical
}

/// What a template gives, as JSON.
pub(super) fn laid_out(engine: &Engine, file: &str, view: &View<'_>) -> Result<serde_json::Value, Trouble> {
    parse(&engine.file(file), &engine.render(file, view)?)
}

/// What was given, as JSON.
pub(super) fn parse(file: &str, text: &str) -> Result<serde_json::Value, Trouble> {
    serde_json::from_str(text).map_err(|error| {
        // Of the reasons, those that repeat what was read stay behind: it may be somebody's name.
        let what = match error.classify() {
            serde_json::error::Category::Data => format!("line {}", error.line()),
            _ => error.to_string(),
        };
        Trouble::NotJson { file: file.to_owned(), what }
    })
}
