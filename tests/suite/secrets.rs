//! That no secret is told, whatever goes wrong on the way to a channel, and whatever the other side repeats of it.

use std::time::Duration;

use headcount::channels::{Belongs, Channel, Outcome, Parcel, Proxy, Settings, email, slack, teams, webhook};
use headcount::demo::certificates::Authority;
use headcount::demo::inbox::{Smtp, SmtpOptions};
use headcount::secret::Secret;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::support::{Log, World};

/// What must be told nowhere: parts of addresses, a password, and how it is sent.
const SECRETS: [&str; 13] = [
    "xoxb-",
    "topsecret",
    "alsosecret",
    "B0SECRETB0",
    "hunter2-hunter2",
    "aHVudGVyMi1odW50ZXIy",
    "AGhlYWRjb3VudABodW50ZXIyLWh1bnRlcjI=",
    "hunter2",
    // What a webhook is signed with, as written and as meant; and the login of a proxy.
    "aG9va3NlY3JldC1ob29rc2VjcmV0LWhvb2s=",
    "hooksecret",
    "proxysecret",
    "proxyuser",
    "cHJveHl1c2VyOnByb3h5c2VjcmV0",
];
/// A key for signing.
const KEY: &str = "whsec_aG9va3NlY3JldC1ob29rc2VjcmV0LWhvb2s=";
const PATH: &str = "/services/T0/B0SECRETB0/topsecret?api-version=1&sp=%2Ftriggers&sig=alsosecret%2Fx";

fn free_of_secrets(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "`{secret}` is in {what}: {text}");
    }
}

/// Tries a channel, and gives why it failed.
async fn tried(what: &str, channel: &Channel, body: &str) -> String {
    let log = Log::default();
    let collecting = log.collect();
    free_of_secrets(what, &format!("{channel:?}"));
    let recipient = channel.recipients().remove(0);
    let parcel = Parcel {
        body,
        recipient: &recipient,
        message_id: "1@example.com",
        in_reply_to: None,
        belongs: Belongs::Alone,
        now: Timestamp::from_second(1_795_417_800).expect("a time"),
        state: std::path::Path::new(""),
    };
    let outcome = channel.send(parcel).await;
    let reached = channel.reach(std::path::Path::new("")).await;
    drop(collecting);
    free_of_secrets(what, &format!("{outcome:?} {reached:?} {}", log.text()));
    match outcome {
        Outcome::Delivered => panic!("{what}: it was delivered"),
        Outcome::Posted { .. } | Outcome::Gone { .. } => panic!("{what}: {outcome:?}"),
        Outcome::Retry { why, .. } | Outcome::Refused { why, .. } | Outcome::ChannelDown { why } => why,
    }
}

/// Answers every request with this, and with all that it was asked.
async fn echo(status: &'static str, headers: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let read = stream.read(&mut asked).await.unwrap_or(0);
                let body = String::from_utf8_lossy(&asked[..read]).into_owned();
                let headers = headers.replace("PATH", PATH);
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}

/// A listener that takes connections and does this with them.
async fn listener(says: &'static [u8], then_cuts: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(says).await;
            if !then_cuts {
                kept.push(stream);
            }
        }
    });
    port
}

/// A port that nobody listens on.
async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port()
}

/// Every channel that is posted to; the webhooks sign what they send, and one has a form of its own.
fn chats(address: &str) -> [Channel; 5] {
    let slack = slack::Settings::new(Secret::new(address)).expect("an address");
    let bot =
        slack::Settings::bot(Secret::new("xoxb-1-topsecret"), "#ops", Some(Secret::new(address))).expect("settings");
    let teams = teams::Settings::new(Secret::new(address)).expect("an address");
    let hook = |template| {
        let keys = webhook::Keys::new(&Secret::new(KEY)).expect("a key");
        let settings = webhook::Settings::new(Secret::new(address), Some(keys), template, None).expect("an address");
        Settings::Webhook(settings)
    };
    let own = webhook::Template::new("own.json.j2", "{\"text\": {{ title }}}").expect("a template");
    [
        Channel::new("ops", Settings::Slack(slack)),
        Channel::new("bot", Settings::Slack(bot)),
        Channel::new("managers", Settings::Teams(teams)),
        Channel::new("audit", hook(None)),
        Channel::new("chat", hook(Some(own))),
    ]
}

#[tokio::test]
async fn no_address_is_told_whatever_fails() {
    let identity = Authority::new("localhost").server("localhost");
    // Any TLS server whose authority is not known here.
    let unknown = Smtp::start(SmtpOptions::default().implicit_tls(&identity)).await;
    for (what, origin, told) in [
        ("an unknown host", "https://no-such-host.invalid".to_owned(), "host name is not known"),
        ("a refusal", format!("http://127.0.0.1:{}", nobody().await), "refused"),
        ("an unknown authority", format!("https://localhost:{}", unknown.port()), "certificate"),
        ("no TLS at all", format!("https://localhost:{}", listener(b"SSH-2.0-OpenSSH\r\n", false).await), ""),
        ("a cut", format!("http://127.0.0.1:{}", listener(b"", true).await), ""),
        (
            "half an answer",
            format!("http://127.0.0.1:{}", listener(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\no", true).await),
            "",
        ),
        ("no HTTP", format!("http://127.0.0.1:{}", listener(b"220 mail.example.com\r\n", false).await), ""),
        (
            "a redirect",
            format!("http://127.0.0.1:{}", echo("302 Found", "location: https://evil.examplePATH\r\n").await),
            "redirects",
        ),
        (
            "a redirect to itself",
            format!("http://127.0.0.1:{}", echo("307 Temporary Redirect", "location: PATH\r\n").await),
            "redirects",
        ),
        ("400", format!("http://127.0.0.1:{}", echo("400 Bad Request", "").await), "400"),
        ("403", format!("http://127.0.0.1:{}", echo("403 Forbidden", "").await), "403"),
        ("404", format!("http://127.0.0.1:{}", echo("404 Not Found", "").await), "404"),
        ("429", format!("http://127.0.0.1:{}", echo("429 Too Many Requests", "retry-after: 7\r\n").await), "429"),
        ("500", format!("http://127.0.0.1:{}", echo("500 Oops", "").await), "500"),
    ] {
        for channel in chats(&format!("{origin}{PATH}")) {
            let why = tried(what, &channel, "{}").await;
            assert!(why.contains(told), "{what}: {why}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_address_is_told_when_time_is_up() {
    let silent = listener(b"", false).await;
    for channel in chats(&format!("http://127.0.0.1:{silent}{PATH}")) {
        let why = tried("silence", &channel, "{}").await;
        assert!(why.contains("in time"), "{why}");
    }
    let (channel, body) = mailing(silent, "none", "hunter2-hunter2");
    let patience = Duration::from_hours(1);
    let why = tokio::time::timeout(patience, tried("a silent mail server", &channel, body)).await.expect("an end");
    assert!(why.contains("did not finish"), "{why}");
}

/// Takes a way through it or refuses it, repeating all that it was asked; what a way leads to is itself.
#[tokio::test]
async fn no_login_of_a_proxy_is_told_whatever_it_answers() {
    for (what, port, told) in [
        ("nobody", nobody().await, "refused"),
        ("407", echo("407 Proxy Authentication Required", "").await, "wants a login"),
        ("403", echo("403 Forbidden", "").await, "opened no way"),
        ("502", echo("502 Bad Gateway", "").await, "opened no way"),
        ("no HTTP", listener(b"220 mail.example.com\r\n", true).await, ""),
        ("a cut", listener(b"", true).await, ""),
        ("a way that ends in nothing", listener(b"HTTP/1.1 200 OK\r\n\r\n", true).await, ""),
        ("a way to what is no TLS", listener(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH\r\n", true).await, ""),
    ] {
        let proxy =
            || Proxy::new(Secret::new(format!("http://proxyuser:proxysecret@127.0.0.1:{port}"))).expect("a proxy");
        for channel in chats(&format!("https://hooks.example.com{PATH}")) {
            let why = tried(what, &channel.with_proxy(Some(proxy())), "{}").await;
            assert!(why.contains(told), "{what}: {why}");
        }
    }
}

fn mailing(port: u16, tls: &str, password: &str) -> (Channel, &'static str) {
    let yaml = format!(
        "from: headcount@example.com\nto: lead@example.com\nsmtp: {{host: localhost, port: {port}, tls: {tls}, user: headcount}}"
    );
    let secrets = email::Secrets { password: Some(Secret::new(password)), ..email::Secrets::default() };
    let settings = email::Settings::new(serde_yaml::from_str(&yaml).expect("settings"), secrets).expect("settings");
    (
        Channel::new("bosses", Settings::Email(settings)),
        r#"{"subject": "x", "text": "x", "html": "x", "urgent": false}"#,
    )
}

/// A mail server that repeats what it was told, as it was told and decoded, in the answer to one command.
async fn parrot(at: &'static str, code: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let (mut line, mut heard) = (String::new(), "hunter2-hunter2".to_owned());
                let _ = stream.write_all(b"220 parrot.example.com\r\n").await;
                while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
                    heard.push(' ');
                    heard.push_str(line.trim());
                    let answer = match line.get(..4).unwrap_or_default() {
                        command if command == at => format!("{code} 5.0.0 I heard {heard}"),
                        "EHLO" => "250-parrot.example.com\r\n250 AUTH PLAIN LOGIN".to_owned(),
                        "AUTH" => "235 2.7.0 fine".to_owned(),
                        "DATA" => "354 go on".to_owned(),
                        _ => "250 2.0.0 fine".to_owned(),
                    };
                    line.clear();
                    let _ = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn no_password_is_told_whatever_a_mail_server_repeats() {
    for (at, code) in [("AUTH", 535), ("AUTH", 454), ("MAIL", 550), ("RCPT", 550), ("RCPT", 450), ("DATA", 554)] {
        let (channel, body) = mailing(parrot(at, code).await, "none", "hunter2-hunter2");
        let why = tried(&format!("{code} to {at}"), &channel, body).await;
        assert!(why.contains(&code.to_string()), "{why}");
    }
    let identity = Authority::new("localhost").server("localhost");
    let unknown = Smtp::start(SmtpOptions::default().implicit_tls(&identity)).await;
    for (what, port, tls) in [
        ("a refusal", nobody().await, "none"),
        ("a cut", listener(b"", true).await, "none"),
        ("no SMTP", listener(b"HTTP/1.1 400 Bad Request\r\n\r\n", true).await, "none"),
        ("no TLS offered", parrot("QUIT", 500).await, "starttls"),
        ("no TLS at all", listener(b"220 mail.example.com\r\n", false).await, "implicit"),
        ("an unknown authority", unknown.port(), "implicit"),
    ] {
        let (channel, body) = mailing(port, tls, "hunter2-hunter2");
        tried(what, &channel, body).await;
    }
}

#[tokio::test]
async fn what_the_outbox_the_log_and_the_fallback_say_holds_no_secret() {
    let port = echo("404 Not Found", "").await;
    let rules = format!(
        r#"  echo: {{slack: {{webhook_url: "http://127.0.0.1:{port}{PATH}"}}, fallback: ops}}
checks:
  sessions: {{site: prod, cron: "* * * * *", rules: [crowded]}}
rules:
  crowded: {{threshold: {{metric: users, above: 2}}, tell: [echo]}}
"#
    );
    let world = World::new(&rules).await;
    world.crowd("", 5).at("08:01").await;
    let told = world.expect("ops", &["cannot reach channel echo"]);
    free_of_secrets("the fallback", &told);
    let store = &world.daemon().rooms().store;
    let mut errors = 0;
    for delivery in store.deliveries(true, 100).await.expect("deliveries") {
        free_of_secrets("the outbox", &format!("{delivery:?}"));
        errors += usize::from(delivery.last_error.is_some());
        for attempt in store.attempts(delivery.id).await.expect("attempts") {
            free_of_secrets("an attempt", &format!("{:?} {:?}", attempt.outcome, attempt.why));
        }
        store.drop_delivery(delivery.id, world.now()).await.expect("a drop");
    }
    assert_eq!(errors, 1);
    free_of_secrets("the log", &world.log());
    world.finish().await;
}
