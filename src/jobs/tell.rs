//! Tells findings and reports to their channels: what goes now, what waits, and who was told of what.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Place, Rooms};
use crate::channels::headline;
use crate::judge::{Finding, Why};
use crate::message::{self, Kind, Message, Person, Pseudonyms};
use crate::names::Names;
use crate::outbox::{
    Addressed, Decided, Hour, NewDelivery, NewHeld, NewTold, News, NewsTurn, Outgoing, Sort, address, decide,
};
use crate::store::StoreError;

/// The findings of one poll, with their messages and causes, and the cause of a message that tells several of them.
pub(super) struct Found<'a> {
    pub site: &'a str,
    pub at: Timestamp,
    pub findings: &'a [Finding],
    pub messages: &'a [Message],
    /// Who is on the site, for a message that tells several of them.
    pub everyone: &'a [Person],
    pub causes: &'a [String],
}

impl Rooms {
    /// Formats and addresses one message for each of these channels.
    pub(super) fn deliveries<'a>(
        &self,
        message: &Message,
        tell: impl IntoIterator<Item = &'a Arc<str>>,
        about: &Addressed<'_>,
        takes: impl Fn(&Place) -> bool,
    ) -> Vec<NewDelivery> {
        tell.into_iter()
            .filter_map(|name| self.channels.get(&**name))
            .filter(|place| takes(place))
            .flat_map(|place| address(&place.channel.format(message, &self.engine), &place.channel, about))
            .collect()
    }

    /// Notes in a message what channels that may not see names are shown in their place.
    pub(crate) async fn note_pseudonyms(&self, messages: &mut [Message]) -> Result<(), StoreError> {
        if self.channels.values().all(|place| place.channel.names() != Names::Pseudonym) {
            return Ok(());
        }
        for message in messages {
            let people = message.named();
            let people: Vec<_> = people.iter().collect();
            let mut pseudonyms = Pseudonyms::default();
            // What comes from a store that has no names has none to hide.
            if message.kind == Kind::Digest && self.store.names() != Names::Full {
                for user in &people {
                    pseudonyms.add(user, user.id.to_string());
                }
            } else {
                for (user, words) in self.store.pseudonyms(&people, self.clock.now()).await? {
                    pseudonyms.add(user, words);
                }
            }
            message.note_pseudonyms(&pseudonyms);
        }
        Ok(())
    }

    /// The same for a list of people on its own.
    pub(super) async fn with_pseudonyms(&self, mut people: Vec<Person>) -> Result<Vec<Person>, StoreError> {
        if !people.is_empty() && self.channels.values().any(|place| place.channel.names() == Names::Pseudonym) {
            let users = message::users(&people);
            let mut pseudonyms = Pseudonyms::default();
            for (user, words) in self.store.pseudonyms(&users.iter().collect::<Vec<_>>(), self.clock.now()).await? {
                pseudonyms.add(user, words);
            }
            pseudonyms.note(&mut people);
        }
        Ok(people)
    }

    /// What a report comes to: a channel in its quiet hours gets it whole when they are over.
    pub(super) async fn scheduled(&self, mut deliveries: Vec<NewDelivery>) -> Result<Outgoing, StoreError> {
        let now = self.clock.now();
        let before = self.store.hours().await?;
        let mut hours: HashMap<String, (Hour, Vec<String>)> = HashMap::new();
        for delivery in &mut deliveries {
            let Some(place) = self.channels.get(&delivery.channel) else { continue };
            let current = || (Hour::current(before.get(&delivery.channel).copied(), now), Vec::new());
            let (hour, causes) = hours.entry(delivery.channel.clone()).or_insert_with(current);
            delivery.held = place.policy.holds(Sort::Report, *hour, now);
            if delivery.held.is_none() && !causes.contains(&delivery.cause) {
                hour.told = hour.told.saturating_add(1);
                causes.push(delivery.cause.clone());
            }
        }
        let hours = hours.into_iter().map(|(channel, (hour, _))| (channel, hour)).collect();
        Ok(Outgoing { hours, ..deliveries.into() })
    }

    /// What findings come to in each channel: one message, lines of a summary to come, or nothing.
    pub(super) async fn tell_findings(&self, told: &Found<'_>) -> Result<Outgoing, StoreError> {
        if told.findings.is_empty() {
            return Ok(Outgoing::default());
        }
        let news: Vec<_> = told.findings.iter().map(news).collect();
        let threads: Vec<_> = news.iter().filter_map(|news| news.thread).collect();
        let books = self.store.books(&threads).await?;
        let policy = |name: &str| self.channels.get(name).map(|place| &place.policy);
        let mut outgoing = Outgoing { calm: told.findings.iter().filter_map(calm).collect(), ..Outgoing::default() };
        for decided in decide(&news, &books, policy, self.clock.now()) {
            if let Some(place) = self.channels.get(&decided.channel) {
                // Only what follows one message alone belongs to it as a whole.
                let first = match decided.follows.as_deref().filter(|_| decided.thread.is_some()) {
                    Some(first) => self.store.title_of(first, &decided.channel).await?,
                    None => None,
                };
                self.carry_out(&decided, place, told, &news, first.as_deref(), &mut outgoing);
            }
        }
        Ok(outgoing)
    }

    fn carry_out(
        &self,
        decided: &Decided,
        place: &Place,
        told: &Found<'_>,
        news: &[News<'_>],
        first: Option<&str>,
        outgoing: &mut Outgoing,
    ) {
        let mut note = |index: usize, cause: Option<&str>, title: &str| {
            if let (Some(thread), NewsTurn::Opened | NewsTurn::Still) = (news[index].thread, news[index].turn) {
                outgoing.told.push(NewTold {
                    thread: thread.to_owned(),
                    channel: decided.channel.clone(),
                    cause: cause.map(str::to_owned),
                    title: title.to_owned(),
                    since: began(&told.findings[index]),
                });
            }
        };
        let title = |index: usize| headline(&told.messages[index], &self.engine);
        let cause = match (&*decided.now, &decided.follows) {
            ([alone], _) => told.causes[*alone].clone(),
            // One poll may be told in several messages, each under another.
            (_, Some(first)) if place.policy.threads => format!("poll:{}:{}:after:{first}", told.site, told.at),
            _ => format!("poll:{}:{}", told.site, told.at),
        };
        let parts = decided.now.iter().map(|index| told.messages[*index].clone()).collect();
        if let Some(message) = message::several(parts, told.everyone) {
            let follows = decided.follows.as_deref();
            let about = Addressed { cause: &cause, follows, kind: message.kind, urgent: false };
            let mut payload = place.channel.format(&message, &self.engine);
            if let Some(first) = first {
                payload = place.channel.following(payload, message.kind, first, decided.ends);
            }
            let deliveries = address(&payload, &place.channel, &about);
            outgoing.deliveries.extend(deliveries.into_iter().map(|new| NewDelivery { thread: decided.thread, ..new }));
            outgoing.hours.push((decided.channel.clone(), decided.hour));
            for index in &decided.now {
                note(*index, Some(&cause), &title(*index));
            }
        }
        for (index, held) in &decided.held {
            let message = &told.messages[*index];
            let title = title(*index);
            note(*index, None, &title);
            outgoing.held.push(NewHeld {
                channel: decided.channel.clone(),
                cause: told.causes[*index].clone(),
                held: *held,
                at: told.at,
                kind: message.kind,
                severity: message.severity,
                site: message.site.as_ref().map(|site| site.name.clone()),
                source: message.source.as_ref().map(|source| source.name.clone()),
                title,
                thread: news[*index].thread.map(str::to_owned),
            });
        }
    }
}

/// When what a finding tells the beginning of began.
fn began(finding: &Finding) -> Timestamp {
    match finding.why {
        Why::Flapping { since, .. } => since,
        _ => finding.incident.since,
    }
}

/// What is calm again, and when it became so: no incident says that, since there is none.
fn calm(finding: &Finding) -> Option<(String, Timestamp)> {
    match finding.why {
        Why::Calm { until, .. } => Some((finding.incident.cause.clone()?, until)),
        _ => None,
    }
}

fn news(finding: &Finding) -> News<'_> {
    News {
        thread: finding.incident.cause.as_deref(),
        turn: match finding.why {
            Why::Opened { .. } | Why::Flapping { .. } => NewsTurn::Opened,
            Why::Still { .. } => NewsTurn::Still,
            Why::Resolved { .. } | Why::Calm { .. } => NewsTurn::Over,
            Why::Event => NewsTurn::Event,
        },
        severity: finding.rule.severity,
        tell: &finding.rule.tell,
    }
}
