//! What a webhook and a file are given: by their schema, signed, in the operator's own form, and whole on the disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::super::{Channel, ChannelKind, Names, Outcome, Parcel, Settings, file, schema, webhook};
use super::sends::{ID, http, parcel, request};
use super::{PLAIN, json, sample, shown};
use crate::message::{self, Kind};
use crate::render::Engine;
use crate::secret::Secret;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The operator's own forms that are shipped, with how long each receiver's messages may be.
const OWN: [(&str, &str, usize); 3] = [
    ("mattermost.json.j2", include_str!("../../../config/webhook/mattermost.json.j2"), 7_500),
    ("google-chat.json.j2", include_str!("../../../config/webhook/google-chat.json.j2"), 30_000),
    ("ntfy.json.j2", include_str!("../../../config/webhook/ntfy.json.j2"), 4_000),
];

fn settings(url: &str, template: Option<(&str, &str, usize)>) -> webhook::Settings {
    let keys = webhook::Keys::new(&Secret::new(KEY)).unwrap();
    let own = template.map(|(name, text, _)| webhook::Template::new(name, text).unwrap());
    webhook::Settings::new(Secret::new(url), Some(keys), own, template.map(|(.., limit)| limit)).unwrap()
}

fn own(template: (&str, &str, usize)) -> Channel {
    Channel::new("chat", Settings::Webhook(settings("https://hooks.example.com/x", Some(template))))
}

#[test]
fn the_schema_is_written_down_and_every_sample_keeps_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhook.schema.json");
    let written = std::fs::read(&path).unwrap_or_default();
    let same = String::from_utf8(written).unwrap() == schema();
    assert!(same, "write it anew: headcount schema webhook > docs/webhook.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    let keeps = |value: &Value, what: &str| {
        let wrong: Vec<_> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{what}: {wrong:?}\n{value:#}");
    };
    for (name, message) in message::sample::all() {
        for names in [Names::Full, Names::Hidden] {
            let payload = super::format(ChannelKind::Webhook, &message, &Engine::embedded(), names);
            keeps(&json(&payload), name);
            keeps(&serde_json::from_str(payload.plainer().unwrap()).unwrap(), name);
        }
        keeps(&json(&shown(ChannelKind::File, &message))["facts"], name);
    }
    for wrong in ["/version", "/data/facts", "/data/kind", "/data/people/0/id"] {
        let mut value = json(&shown(ChannelKind::Webhook, &sample("who")));
        *value.pointer_mut(wrong).unwrap() = json!(17);
        assert!(!validator.is_valid(&value), "{wrong} may be anything");
    }
}

/// Posts to a server that gives this answer. Gives what it was asked, too.
async fn posted(
    settings: impl FnOnce(&str) -> webhook::Settings,
    parcel: Parcel<'_>,
    answer: String,
) -> (Outcome, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/topsecret?token=alsosecret", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        request
    });
    let channel = Channel::new("audit", Settings::Webhook(settings(&url)));
    assert!(!format!("{channel:?}").contains("secret") && !format!("{channel:?}").contains("whsec"), "{channel:?}");
    let outcome = channel.send(parcel).await;
    assert!(!format!("{outcome:?}").contains("secret"), "{outcome:?}");
    (outcome, server.await.unwrap())
}

#[tokio::test]
async fn what_is_sent_is_signed_and_its_id_lasts() {
    let payload = shown(ChannelKind::Webhook, &sample("who"));
    let mut ids = Vec::new();
    for (seconds, answer) in [(0, http("503 Busy", "", "")), (7, http("204 No Content", "", ""))] {
        let first = parcel(payload.body(), "");
        let parcel = Parcel { now: first.now + jiff::SignedDuration::from_secs(seconds), ..first };
        let (_, request) = posted(|url| settings(url, None), parcel, answer).await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
            line.to_owned()
        };
        assert_eq!(body, payload.body());
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        assert_eq!(timestamp, (1_795_417_800 + seconds).to_string());
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &STANDARD.decode(&KEY[6..]).unwrap());
        let signature = header("webhook-signature");
        let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        ring::hmac::verify(&key, format!("{id}.{timestamp}.{body}").as_bytes(), &signature).unwrap();
        ids.push(id);
    }
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].starts_with("msg_") && ID.contains(&ids[0][4..]), "{ids:?}");
}

#[tokio::test]
async fn a_receiver_is_heard_and_its_secret_is_not_told() {
    let echo = "no hook /hooks/topsecret?token=alsosecret here";
    for (answer, meaning) in [
        (http("410 Gone", "", ""), "ChannelDown { why: \"the webhook answered 410: its receiver wants no more"),
        (http("429 Slow", "Retry-After: 17\r\n", ""), "Retry { after: Some(17s), scope: Channel"),
        (
            http("302 Found", "Location: http://127.0.0.1:1/topsecret\r\n", ""),
            "ChannelDown { why: \"it redirects to 127.0.0.1",
        ),
        (http("400 Bad", "", echo), "Refused { why: \"the webhook answered 400: no hook /*** here\", degrade: true"),
        (String::new(), "Retry { after: None, scope: Delivery, maybe_taken: true"),
    ] {
        let (outcome, _) = posted(|url| settings(url, None), parcel("{}", ""), answer).await;
        assert!(format!("{outcome:?}").starts_with(meaning), "{outcome:?}");
    }
}

#[test]
fn the_shipped_forms_hold_every_sample_within_their_limits() {
    let engine = Engine::embedded();
    for template in OWN {
        let (name, _, limit) = template;
        let channel = own(template);
        assert_eq!(channel.rehearse_own(&engine), [""; 0], "{name}");
        for (sample, message) in message::sample::all() {
            let payload = channel.format(&message, &engine);
            assert!(payload.body().len() <= limit && !payload.body().contains(PLAIN), "{name} {sample}");
            let value = json(&payload);
            let whole = value.to_string();
            match name {
                "mattermost.json.j2" => {
                    let attachment = &value["attachments"][0];
                    assert!(attachment["text"].is_string() && attachment["color"].as_str().unwrap().starts_with('#'));
                    assert!(attachment["title"].as_str().unwrap().chars().count() <= 200, "{whole}");
                }
                "google-chat.json.j2" => {
                    let text = value["cardsV2"][0]["card"]["sections"][0]["widgets"][0]["textParagraph"]["text"]
                        .as_str()
                        .unwrap();
                    assert!(!text.is_empty(), "{sample}");
                }
                _ => {
                    assert!((1..=5).contains(&value["priority"].as_u64().unwrap()));
                    assert!(!value["message"].as_str().unwrap().is_empty() && value["topic"].is_string(), "{whole}");
                }
            }
        }
        let snapshot = format!("webhook_own__{}", name.split('.').next().unwrap());
        let few = ["alert_crowded", "who", "alert_several", "digest"].map(|name| {
            let payload = channel.format(&super::sample(name), &engine);
            format!("{name}\n{:#}\n", json(&payload))
        });
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(snapshot, few.join("\n")));
    }
}

#[test]
fn names_do_nothing_in_the_shipped_forms() {
    let message = sample("who_nasty");
    for template in OWN {
        let value = json(&own((template.0, template.1, 100_000)).format(&message, &Engine::embedded()));
        let (text, as_shown): (&str, fn(&str) -> String) = match template.0 {
            "mattermost.json.j2" => (value["attachments"][0]["text"].as_str().unwrap(), |text| {
                let mut shown = String::new();
                let mut escaped = false;
                for c in text.chars() {
                    match c {
                        '\\' if !escaped => escaped = true,
                        '\u{2060}' => {}
                        c => {
                            shown.push(c);
                            escaped = false;
                        }
                    }
                }
                shown
            }),
            "google-chat.json.j2" => {
                let text = &value["cardsV2"][0]["card"]["sections"][0]["widgets"][0]["textParagraph"]["text"];
                (text.as_str().unwrap(), |text| {
                    let text =
                        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
                    text.replace("&amp;", "&")
                })
            }
            _ => (value["message"].as_str().unwrap(), str::to_owned),
        };
        let read = as_shown(text);
        for person in &message.people {
            assert!(read.contains(&person.id), "{}: {} is not in {read}", template.0, person.id);
        }
        if template.0 != "ntfy.json.j2" {
            for wrong in ["<!channel>", "<at>", "<b>&amp;</b>", " @here", " @channel"] {
                assert!(
                    !text.contains(wrong) || wrong.starts_with(" @") && template.0.starts_with("google"),
                    "{}: {wrong} in {text}",
                    template.0
                );
            }
        }
    }
}

#[test]
fn a_template_of_ones_own_that_fails_is_told_with_its_line_and_the_alert_goes_out() {
    for (text, told) in [
        ("{\n{{ nobody }}}", "`own.json.j2`, line 2: undefined value"),
        ("{\"text\": ", "template `own.json.j2` gives no JSON"),
    ] {
        let channel = own(("own.json.j2", text, 4_000));
        assert!(
            channel.rehearse_own(&Engine::embedded())[0].contains(told),
            "{:?}",
            channel.rehearse_own(&Engine::embedded())
        );
        let body = channel.format(&super::sample("alert_crowded"), &Engine::embedded()).body().to_owned();
        let value: Value = serde_json::from_str(&body).unwrap();
        let said = value["text"].as_str().unwrap();
        assert!(said.contains("217") && said.contains(PLAIN) && said.contains("own.json.j2"), "{said}");
        assert_eq!(value.as_object().unwrap().len(), 1);
    }
    let error = webhook::Template::new("own.json.j2", "{\n{% if %}").unwrap_err();
    assert!(error.contains("`own.json.j2`, line 2"), "{error}");
    let error = webhook::Template::new("own.txt", "{}").unwrap_err();
    assert!(error.contains("ends in `.json.j2`"), "{error}");
}

#[test]
fn a_crowd_fits_into_the_shipped_forms() {
    let mut message = sample("who");
    let person = message.people[0].clone();
    message.people =
        (0..5_000).map(|n| message::Person { id: format!("{n:04}{}", "\"😀*".repeat(40)), ..person.clone() }).collect();
    for template in OWN {
        let payload = own(template).format(&message, &Engine::embedded());
        let body = payload.body();
        assert!(
            body.len() <= template.2 && !body.contains(PLAIN) && body.contains("more users"),
            "{}: {}",
            template.0,
            body.len()
        );
        assert!(payload.plainer().unwrap().len() <= template.2);
    }
}

fn into_folder(folder: &str) -> Channel {
    let written: file::Written = serde_json::from_value(json!({"folder": folder})).unwrap();
    Channel::new("scratch", Settings::File(file::Settings::new(&written).unwrap()))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_message_is_a_file_and_one_that_is_sent_again_takes_its_own_place() {
    let state = tempfile::tempdir().unwrap();
    let channel = into_folder("out/audit");
    for (id, name) in [("<b1@x>", "test"), ("<a2@x>", "alert_crowded"), ("<a2@x>", "alert_crowded")] {
        let payload = shown(ChannelKind::File, &sample(name));
        let parcel = Parcel { message_id: id, state: state.path(), ..parcel(payload.body(), "") };
        assert_eq!(channel.send(parcel).await, Outcome::Delivered);
    }
    let folder = state.path().join("out/audit");
    assert_eq!(names(&folder), ["2026-11-23T07-10-00.000Z-alert-a2.txt", "2026-11-23T07-10-00.000Z-test-b1.txt"]);
    let path = folder.join("2026-11-23T07-10-00.000Z-alert-a2.txt");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    let (said, facts) = text.split_once("\n--- facts ---\n").unwrap();
    assert!(said.starts_with("prod: 217 users"), "{said}");
    let facts: Value = serde_json::from_str(facts).unwrap();
    assert_eq!((&facts["version"], &facts["data"]["facts"]["value"]), (&json!(1), &json!(217)));
    assert!(channel.reach(state.path()).await.unwrap().ends_with("out/audit"));
    assert_eq!(names(&folder).len(), 2, "a trial leaves nothing behind");
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_told() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("out"), "in the way").unwrap();
    let payload = shown(ChannelKind::File, &sample("test"));
    for channel in [into_folder("out"), into_folder("out/inner")] {
        let outcome = channel.send(Parcel { state: state.path(), ..parcel(payload.body(), "") }).await;
        let Outcome::ChannelDown { why } = &outcome else { panic!("{outcome:?}") };
        assert!(why.contains("is not a folder"), "{why}");
        assert_eq!(channel.reach(state.path()).await.unwrap_err(), *why);
    }
}

#[test]
fn each_kind_of_message_has_its_name_in_the_document() {
    for kind in Kind::ALL {
        let value = json(&shown(ChannelKind::Webhook, &message::sample::of(kind)));
        assert_eq!(value["type"], format!("headcount.{}", kind.word()));
        assert_eq!(value["data"]["kind"], kind.word());
    }
}
