//! How every message looks in every channel, as text to review.

use super::super::{ChannelKind, Names, file, format, rehearse};
use super::{PLAIN, json};
use crate::message::{Facts, Kind, Notice, Restart, Step, sample};
use crate::render::Engine;

#[test]
fn every_sample_has_its_form() {
    let engine = Engine::embedded();
    for kind in ChannelKind::ALL {
        let mut shown: Vec<Kind> = Vec::new();
        for (name, message) in sample::all() {
            let payload = format(kind, &message, &engine, Names::Full);
            assert!(!payload.body().contains(PLAIN), "{kind} {name}: {}", payload.body());
            // They have the words and the facts of the others, and no look: one of each kind is enough to review.
            if matches!(kind, ChannelKind::Webhook | ChannelKind::File) && shown.contains(&message.kind) {
                continue;
            }
            shown.push(message.kind);
            if name == "who_many" {
                // Long, and the tests of limits read it.
                continue;
            }
            let value = json(&payload);
            let form = match kind {
                ChannelKind::Slack | ChannelKind::Teams | ChannelKind::Webhook => {
                    serde_json::to_string_pretty(&value).unwrap()
                }
                // Its facts are those that a webhook is sent.
                ChannelKind::File => file::shown(payload.body()).split("\n--- facts").next().unwrap().to_owned(),
                ChannelKind::Email => format!(
                    "Subject: {}\nUrgent: {}\n\n{}\n{}",
                    value["subject"].as_str().unwrap(),
                    value["urgent"],
                    value["text"].as_str().unwrap(),
                    value["html"].as_str().unwrap()
                ),
            };
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(format!("{kind}__{name}"), form));
        }
    }
}

#[test]
fn every_kind_has_its_sample() {
    for kind in Kind::ALL {
        assert_eq!(sample::of(kind).kind, kind);
    }
}

#[test]
fn the_built_in_templates_pass_their_rehearsal() {
    assert_eq!(rehearse(&Engine::embedded()), [""; 0]);
}

#[test]
fn the_words_are_the_same_in_every_channel() {
    let engine = Engine::embedded();
    let mut words = Vec::new();
    for (name, message) in sample::all() {
        let titles = ChannelKind::ALL.map(|kind| format(kind, &message, &engine, Names::Full).title().to_owned());
        assert!(titles.iter().all(|title| *title == titles[0]), "{titles:?}");
        let slack = json(&format(ChannelKind::Slack, &message, &engine, Names::Full));
        words.push(format!("{name}\n{}\n", slack["text"].as_str().unwrap()));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("words", words.join("\n")));
}

#[test]
fn each_kind_of_rule_is_documented_with_what_it_says() {
    let engine = Engine::embedded();
    let document = include_str!("../../../docs/rules.md");
    let mut shown = Vec::new();
    for part in document.split("\n## ").skip(2) {
        let (kind, rest) = part.split_once('\n').unwrap();
        let (name, rest) = rest.split_once("<!-- ").and_then(|(_, rest)| rest.split_once(" -->\n```text\n")).unwrap();
        let (message, _) = rest.split_once("\n```").unwrap();
        let all = sample::all();
        let (_, sample) = all.iter().find(|(known, _)| *known == name).unwrap();
        let slack = json(&format(ChannelKind::Slack, sample, &engine, Names::Full));
        assert_eq!(slack["text"].as_str().unwrap(), message, "docs/rules.md, {kind}");
        shown.push(kind);
    }
    let kinds = ["threshold", "change", "unusual", "watch", "absence", "unreachable", "certificate", "stale"];
    assert_eq!(shown, kinds);
}

#[test]
fn what_was_not_seen_is_never_nobody() {
    let engine = Engine::embedded();
    for kind in ChannelKind::ALL {
        for (name, message) in sample::all() {
            let coverage = match &message.facts {
                Facts::Threshold { coverage, .. }
                | Facts::Change { coverage, .. }
                | Facts::Unusual { coverage, .. }
                | Facts::Unreachable { coverage, .. }
                | Facts::Who { coverage, .. } => *coverage,
                Facts::Notice(Notice::Restart(Restart { step: Step::CalledOff, .. })) => continue,
                Facts::Notice(Notice::Restart(restart)) => restart.coverage,
                // The coverage of engines says nothing of people, and parts are samples themselves, in the same words.
                Facts::Engines { .. }
                | Facts::Several { .. }
                | Facts::Test { .. }
                | Facts::Notice(_)
                | Facts::Heartbeat { .. }
                | Facts::Stale { .. }
                | Facts::Absence { .. }
                | Facts::SignedIn { .. }
                | Facts::Sessions { .. }
                | Facts::Certificate { .. }
                | Facts::Summary { .. }
                | Facts::Closed { .. }
                | Facts::Digest(_) => continue,
            };
            let payload = format(kind, &message, &engine, Names::Full);
            let body = payload.body();
            if coverage.answered == 0 {
                for wrong in ["no users", " 0 users", "no sessions", "nobody is on"] {
                    assert!(!body.contains(wrong), "{kind} {name}: {body}");
                }
            } else if !coverage.is_full() {
                assert!(body.contains("did not answer") || body.contains("not answer"), "{kind} {name}: {body}");
            }
        }
    }
}

#[test]
fn a_broken_template_falls_back_and_says_so() {
    for (file, text, told) in [
        ("json.j2", "{\n{{ nobody }}", "line 2: undefined value"),
        ("json.j2", "{\"blocks\": [", "gives no JSON: EOF while parsing a list at line 1 column 12 of its output"),
        ("json.j2", "{\"blocks\": [{\"type\": \"confetti\"}], \"body\": []}", "what the channel does not take"),
        ("txt.j2", "{{ nobody }}", "line 1: undefined value"),
        ("html.j2", "\n\n{{ title.nothing.here }}", "line 3: undefined value"),
        ("words", "{% if %}{% endif %}", ""),
        ("words", "{{ reason.nothing.here }}", "line 1: undefined value"),
        ("words", "\n \n", "it says nothing"),
    ] {
        for kind in ChannelKind::ALL {
            let name = match (kind, file) {
                (_, "words") => "words/alert.txt.j2".to_owned(),
                (ChannelKind::Email | ChannelKind::File, "json.j2")
                | (ChannelKind::Slack | ChannelKind::Teams, "txt.j2" | "html.j2")
                | (ChannelKind::File, "html.j2")
                // It has no layout but the operator's own.
                | (ChannelKind::Webhook, _) => {
                    continue;
                }
                (kind, file) => format!("{kind}/alert.{file}"),
            };
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(&name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let Ok(engine) = Engine::new(Some(folder.path())) else {
                assert!(told.is_empty());
                continue;
            };
            let troubles = super::super::format::rehearse_as(kind.into(), &engine);
            assert!(troubles.iter().any(|trouble| trouble.contains(&name)));
            let payload = format(kind, &super::sample("alert_crowded"), &engine, Names::Full);
            let body = payload.body();
            for part in [PLAIN, &name, told, "217", "200"] {
                assert!(body.contains(part), "{kind} {name}: {part} not in {body}");
            }
            // Those that the broken one has nothing to do with are as they were.
            let other = format(kind, &super::sample("test"), &engine, Names::Full);
            assert!(!other.body().contains(PLAIN));
        }
    }
}

#[test]
fn a_mail_carries_its_chart_and_everyone_who_had_no_room() {
    let engine = Engine::embedded();
    let now = "2026-11-23T07:10:00Z".parse().unwrap();
    let mail = |name: &str, names| {
        let payload = format(ChannelKind::Email, &super::sample(name), &engine, names);
        (json(&payload), super::super::email::example(payload.body(), now).unwrap())
    };
    let (parts, digest) = mail("digest", Names::Full);
    assert!(parts["html"].as_str().unwrap().contains("src=\"cid:chart@headcount\""));
    assert!(parts["text"].as_str().unwrap().contains("most 217 users (10:00)"));
    for told in ["multipart/related", "Content-ID: <chart@headcount>", "Content-Type: image/png", "iVBORw0KGgo"] {
        assert!(digest.contains(told), "{told}: {digest}");
    }
    assert!(!digest.contains("multipart/mixed"));

    let (parts, who) = mail("who_many", Names::Full);
    let people = parts["people"].as_str().unwrap();
    assert_eq!(people.lines().count(), 1 + 5001, "a head, everyone, and the anonymous visitors");
    for part in ["text", "html"] {
        assert!(parts[part].as_str().unwrap().contains("people.csv"), "{part}");
    }
    assert!(who.contains("multipart/mixed") && who.contains("attachment; filename=\"people.csv\""));

    for (name, names) in [("who", Names::Full), ("who_many", Names::Hidden)] {
        let (parts, mail) = mail(name, names);
        assert!(parts.get("people").is_none() && !mail.contains("people.csv"), "{name}");
    }
}

#[test]
fn a_template_of_ones_own_that_fails_is_named_without_where_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("words")).unwrap();
    std::fs::write(folder.path().join("words/alert.txt.j2"), "x\n{{ nobody }}").unwrap();
    let engine = Engine::new(Some(folder.path())).unwrap();
    let lies = folder.path().display().to_string();
    assert!(rehearse(&engine)[0].contains(&lies), "{:?}", rehearse(&engine));
    for kind in ChannelKind::ALL {
        let body = format(kind, &super::sample("alert_crowded"), &engine, Names::Full).body().to_owned();
        assert!(body.contains(PLAIN) && body.contains("words/alert.txt.j2") && !body.contains(&lies), "{body}");
    }
}
