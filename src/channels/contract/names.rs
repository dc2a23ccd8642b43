//! That what people are called cannot do anything, and is shown letter for letter.

use serde_json::Value;

use super::super::ChannelKind;
use super::{json, sample, shown};

/// Sorts every text of a body: those that the vendor reads as they are, and all others.
fn texts(value: &Value, runs: &mut Vec<String>, others: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| texts(item, runs, others)),
        Value::Object(fields) => {
            let is_run = matches!(value["type"].as_str(), Some("text" | "plain_text" | "TextRun"));
            for (key, value) in fields {
                match value {
                    Value::String(text) if is_run && key == "text" => runs.push(text.clone()),
                    Value::String(text) => others.push(text.clone()),
                    value => texts(value, runs, others),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn names_are_shown_letter_for_letter_and_only_where_no_markup_is_read() {
    let message = sample("who_nasty");
    for kind in [ChannelKind::Slack, ChannelKind::Teams] {
        let (mut runs, mut others) = (Vec::new(), Vec::new());
        texts(&json(&shown(kind, &message)), &mut runs, &mut others);
        for person in &message.people {
            let name = match (kind, person.id.as_str()) {
                // Teams flows may gather mentions from the text, so this tag alone is broken.
                (ChannelKind::Teams, "<at>Everyone</at>") => "‹at>Everyone‹/at>",
                (_, id) => id,
            };
            let who = if person.directory.is_empty() { name.to_owned() } else { format!("DOMAIN\\{name}") };
            assert!(runs.contains(&who), "{kind}: {who} not in {runs:?}");
            assert!(!others.iter().any(|other| other.contains(name)), "{kind}: {name} in {others:?}");
        }
    }
}

#[test]
fn names_are_escaped_in_mail() {
    let message = sample("who_nasty");
    let mail = json(&shown(ChannelKind::Email, &message));
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    for person in &message.people {
        assert!(text.contains(&person.id), "{}", person.id);
        let escaped = person.id.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let html = html.replace("&#x27;", "'").replace("&#39;", "'").replace("&#x2f;", "/");
        assert!(html.contains(&escaped), "{escaped}");
    }
    for tag in ["<!channel", "<@U012", "<at>", "<b>", "<i>&lt;i"] {
        assert!(!html.contains(tag), "{tag}");
    }
}

#[test]
fn names_are_data_in_what_programs_read_and_letters_in_a_file() {
    let message = sample("who_nasty");
    let webhook = json(&shown(ChannelKind::Webhook, &message));
    let file = shown(ChannelKind::File, &message);
    let (file, text) = (json(&file), super::super::file::shown(file.body()));
    for facts in [&webhook, &file["facts"]] {
        let ids: Vec<_> = facts["data"]["people"].as_array().unwrap().iter().map(|person| &person["id"]).collect();
        assert_eq!(ids, message.people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>());
    }
    for person in &message.people {
        assert!(text.contains(&person.id), "{}", person.id);
        assert!(!webhook["data"]["text"].as_str().unwrap().contains(&person.id), "{}", person.id);
    }
}

#[test]
fn nobody_is_named_in_a_title_or_a_debug() {
    for kind in ChannelKind::ALL {
        let payload = shown(kind, &sample("who"));
        let told = format!("{} {payload:?} {:?}", payload.title(), sample("who"));
        assert!(!told.contains("anna"), "{told}");
        let plainest = payload.plainest().or(payload.plainer());
        assert!(plainest.is_none_or(|plainest| !plainest.contains("anna")));
    }
}
