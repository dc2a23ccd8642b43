//! Every message in every channel's every form, as files for checkers that are not ours: see `.ci/checks/`.
//!
//! `HEADCOUNT_PAYLOADS=FOLDER cargo test --test suite payloads` writes them to a folder; without it the samples go to one that
//! is thrown away. Mails are written as they arrive on the wire.

use std::path::Path;

use headcount::channels::email::{Secrets, Settings as EmailSettings};
use headcount::channels::{Belongs, Channel, ChannelKind, Names, Outcome, Parcel, Payload, Settings, format};
use headcount::demo::inbox::{Smtp, SmtpOptions};
use headcount::message::Kind;
use headcount::render::Engine;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::gallery::{Shown, gallery};

/// The domain of the sender, which message ids end in.
const DOMAIN: &str = "headcount.example.com";

#[tokio::test]
async fn every_payload_is_written_for_checkers_that_are_not_ours() {
    let thrown_away = tempfile::tempdir().expect("a folder");
    #[expect(clippy::disallowed_methods, reason = "the caller says where to")]
    let asked = std::env::var_os("HEADCOUNT_PAYLOADS");
    let folder = asked.as_ref().map_or(thrown_away.path(), Path::new);
    let smtp = Smtp::start(SmtpOptions::default()).await;
    let post = post(smtp.port());
    let engine = Engine::embedded();
    let mut index = Vec::new();
    for Shown { name, message, people } in gallery(asked.is_some()) {
        for kind in ChannelKind::ALL {
            let shown = format(kind, &message, &engine, Names::Full);
            let hidden = asked.is_some().then(|| format(kind, &message, &engine, Names::Hidden));
            let hidden = hidden.iter().flat_map(|hidden| forms(hidden, "hidden-"));
            let of_forms = forms(&shown, "").into_iter().chain(hidden);
            for (form, body) in of_forms {
                let rich = form == "richest";
                let (text, ending) = match kind {
                    ChannelKind::Email => (mail(&post, &smtp, message.kind, &name, &form, body).await, "eml"),
                    _ => (body.to_owned(), "json"),
                };
                let file = format!("{kind}/{name}.{form}.{ending}");
                write(folder, &file, &text);
                index.push(json!({
                    "file": file, "channel": kind.word(), "message": name, "kind": message.kind.word(), "form": form,
                    "title": shown.title(), "people": if rich { people.clone() } else { Vec::new() },
                    "all": message.people.iter().filter(|person| !person.anonymous).count(),
                }));
            }
        }
    }
    for (number, raw) in incident().await.iter().enumerate() {
        let file = format!("email/incident.{number}.eml");
        write(folder, &file, raw);
        index.push(json!({"file": file, "channel": "email", "message": "incident", "form": "richest"}));
    }
    assert!(index.len() > if asked.is_some() { 1000 } else { 200 }, "{} payloads", index.len());
    assert_eq!(smtp.refused(), Vec::<String>::new());
    write(folder, "index.json", &Value::from(index).to_string());
}

/// A payload's forms, the richest first.
fn forms<'a>(payload: &'a Payload, prefix: &str) -> Vec<(String, &'a str)> {
    let all = [("richest", Some(payload.body())), ("plainer", payload.plainer()), ("plainest", payload.plainest())];
    all.into_iter().filter_map(|(form, body)| Some((format!("{prefix}{form}"), body?))).collect()
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
    std::fs::write(path, text).expect("a payload is written");
}

/// What mails through this port.
fn post(port: u16) -> Channel {
    let written = serde_yaml::from_str(&format!(
        "from: Headcount <headcount@{DOMAIN}>\nto: Ops Lead <lead@example.com>\nsmtp: {{host: 127.0.0.1, port: {port}, tls: none}}"
    ));
    let settings = EmailSettings::new(written.expect("settings"), Secrets::default()).expect("settings");
    Channel::new("bosses", Settings::Email(settings))
}

/// A mail as it arrives. What repeats or closes follows what opened.
async fn mail(post: &Channel, smtp: &Smtp, kind: Kind, name: &str, form: &str, body: &str) -> String {
    let message_id = format!("{name}.{form}@{DOMAIN}");
    let root = format!("root@{DOMAIN}");
    let parcel = Parcel {
        body,
        recipient: "lead@example.com",
        message_id: &message_id,
        in_reply_to: matches!(kind, Kind::Repeat | Kind::Resolved).then_some(root.as_str()),
        belongs: Belongs::Alone,
        now: Timestamp::from_second(1_795_417_800).expect("a time"),
        state: Path::new(""),
    };
    assert_eq!(post.send(parcel).await, Outcome::Delivered, "{name} {form}");
    smtp.mails().pop().expect("a mail").raw
}

/// The mails of one incident, opened, repeated and closed, through the whole of headcount.
async fn incident() -> Vec<String> {
    let rules = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 2}, repeat: 10m, tell: [bosses]}
"#;
    let world = World::new(rules).await;
    world.crowd("", 5).at("08:01").await;
    world.expect_mail("cio@example.com", &["prod: 5 users, more than 2"]);
    world.expect_mail("lead@example.com", &[]);
    world.at("08:12").await;
    world.expect_mail("cio@example.com", &["still 5 users"]);
    world.expect_mail("lead@example.com", &[]);
    world.crowd("", 1).at("08:20").await;
    world.expect_mail("cio@example.com", &["no longer more than 2"]);
    world.expect_mail("lead@example.com", &[]);
    let mails = world.smtp.mails();
    let raw = mails.iter().filter(|mail| mail.to == ["cio@example.com"]).map(|mail| mail.raw.clone()).collect();
    world.finish().await;
    raw
}
