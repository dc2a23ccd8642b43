//! Real sendings, to servers on loopback that answer as told.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::super::{Belongs, Channel, ChannelKind, Outcome, Parcel, Scope, Settings, email, slack, teams};
use super::{sample, shown};
use crate::secret::Secret;

pub(super) const ID: &str = "<0123abcd@example.com>";

pub(super) fn parcel<'a>(body: &'a str, recipient: &'a str) -> Parcel<'a> {
    Parcel {
        body,
        recipient,
        message_id: ID,
        in_reply_to: None,
        belongs: Belongs::Alone,
        now: "2026-11-23T07:10:00Z".parse().unwrap(),
        state: Path::new("."),
    }
}

/// Reads one request whole.
pub(super) async fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        read.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split_once("content-length: ")
                .and_then(|(_, rest)| rest.split("\r\n").next()?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) || n == 0 {
                return text;
            }
        }
    }
}

/// Posts to a server that gives this answer, and hangs up. Gives what was asked of it too.
async fn post(teams: bool, answer: &str) -> (Outcome, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/services/T0/B0/topsecret?sig=alsosecret%2Fx", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        request
    });
    let url = Secret::new(url);
    let settings = if teams {
        Settings::Teams(teams::Settings::new(url).unwrap())
    } else {
        Settings::Slack(slack::Settings::new(url).unwrap())
    };
    let channel = Channel::new("ops", settings);
    assert!(!format!("{channel:?}").contains("secret"));
    let payload = shown(channel.kind(), &sample("who"));
    let outcome = channel.send(parcel(payload.body(), "")).await;
    assert!(!format!("{outcome:?}").contains("secret"), "{outcome:?}");
    (outcome, server.await.unwrap())
}

pub(super) fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn posts_are_taken_whole() {
    let (outcome, request) = post(false, &http("200 OK", "", "ok")).await;
    assert_eq!(outcome, Outcome::Delivered);
    assert!(request.starts_with("POST /services/T0/B0/topsecret?sig=alsosecret%2Fx HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("\r\ncontent-type: application/json; charset=utf-8\r\n"), "{request}");
    assert!(request.ends_with(shown(ChannelKind::Slack, &sample("who")).body()));

    let (outcome, _) = post(true, &http("202 Accepted", "", "")).await;
    assert_eq!(outcome, Outcome::Delivered);
}

#[tokio::test]
async fn what_the_server_asks_for_is_heard() {
    let (outcome, _) = post(true, &http("429 Too Many Requests", "Retry-After: 17\r\n", "")).await;
    let Outcome::Retry { after, scope: Scope::Channel, maybe_taken: false, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(after, Some(SignedDuration::from_secs(17)));

    let echo = "no such hook: /services/T0/B0/topsecret?sig=alsosecret%2Fx";
    let (outcome, _) = post(false, &http("500 Oops", "", echo)).await;
    let Outcome::Retry { why, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(why, "Slack answered 500: no such hook: /***");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (outcome, _) = post(false, &http("302 Found", "Location: http://127.0.0.1:1/topsecret\r\n", "")).await;
    let Outcome::ChannelDown { why } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("redirects to 127.0.0.1") && why.contains("302"), "{why}");
}

#[tokio::test]
async fn a_hang_up_may_have_taken_the_message_and_a_refusal_has_not() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\no"] {
        let (outcome, _) = post(false, answer).await;
        assert!(matches!(outcome, Outcome::Retry { maybe_taken: true, scope: Scope::Delivery, .. }), "{outcome:?}");
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/topsecret", listener.local_addr().unwrap());
    drop(listener);
    let channel = Channel::new("ops", Settings::Slack(slack::Settings::new(Secret::new(url)).unwrap()));
    let outcome = channel.send(parcel("{}", "")).await;
    let Outcome::Retry { maybe_taken: false, scope: Scope::Channel, why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("refused") && !why.contains("topsecret"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_and_may_have_taken_the_message() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("http://{}/topsecret", listener.local_addr().unwrap()));
    let channel = Channel::new("ops", Settings::Teams(teams::Settings::new(url).unwrap()));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
    };
    let outcome = tokio::select! {
        outcome = channel.send(parcel("{}", "")) => outcome,
        () = server => panic!("it waited for ever"),
    };
    let Outcome::Retry { why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("in time"), "{why}");
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_where_it_is_given() {
    use super::super::Authorities;

    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/topsecret", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                stream.write_all(http("200 OK", "", "ok").as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        }
    });
    let channel = || Channel::new("ops", Settings::Slack(slack::Settings::new(Secret::new(url.clone())).unwrap()));

    let authorities = Authorities::from_pem(own.cert.pem().as_bytes()).unwrap();
    let outcome = channel().with_authorities(authorities).send(parcel("{}", "")).await;
    assert_eq!(outcome, Outcome::Delivered);

    let other = rcgen::generate_simple_self_signed(["elsewhere".to_owned()]).unwrap();
    let authorities = Authorities::from_pem(other.cert.pem().as_bytes()).unwrap();
    let outcome = channel().with_authorities(authorities).send(parcel("{}", "")).await;
    let Outcome::ChannelDown { why } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("certificate") && why.contains("`ca`") && !why.contains("topsecret"), "{why}");

    assert!(Authorities::from_pem(b"nothing").is_err());
}

/// Speaks SMTP for one connection: a command that begins with one of `refused` gets that answer, `DATA.` being the end of
/// the mail; an empty answer hangs up. Gives the mail.
async fn smtp(listener: TcpListener, refused: &[(&str, &str)]) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com\r\n").await.unwrap();
    let (mut mail, mut in_data, mut line) = (String::new(), false, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return mail;
        }
        let command = if in_data {
            mail.push_str(&line);
            if line != ".\r\n" {
                continue;
            }
            in_data = false;
            "DATA."
        } else {
            line.trim_end()
        };
        let said = refused.iter().find(|(to, _)| command.starts_with(to) && (command == "DATA.") == (*to == "DATA."));
        let answer = match (said, command.get(..4).unwrap_or_default()) {
            (Some((_, "")), _) => return mail,
            (Some((_, answer)), _) => answer,
            (None, "EHLO") => "250-mail.example.com\r\n250 AUTH PLAIN",
            (None, "DATA") if command == "DATA" => {
                in_data = true;
                "354 go on"
            }
            (None, "AUTH") => "235 fine",
            (None, "QUIT") => "221 bye",
            (None, _) => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

async fn mailed_by(tls: &str, refused: &'static [(&'static str, &'static str)], message: &str) -> (Outcome, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let yaml = format!(
        "from: Headcount <headcount@example.com>\nto: [Anna A <anna@example.com>, bo@example.com]\n\
         smtp: {{host: 127.0.0.1, port: {port}, tls: {tls}, user: u}}"
    );
    let settings = {
        let password = Some(Secret::new("hunter2"));
        let secrets = email::Secrets { password, ..email::Secrets::default() };
        email::Settings::new(serde_yaml::from_str(&yaml).unwrap(), secrets).unwrap()
    };
    let channel = Channel::new("bosses", Settings::Email(settings));
    assert_eq!(channel.recipients(), ["anna@example.com", "bo@example.com"]);
    assert_eq!(channel.from_domain(), "example.com");
    let server = tokio::spawn(smtp(listener, refused));
    let payload = shown(ChannelKind::Email, &sample(message));
    let parcel = Parcel { in_reply_to: Some("<root@example.com>"), ..parcel(payload.body(), "anna@example.com") };
    let outcome = channel.send(parcel).await;
    assert!(!format!("{outcome:?} {channel:?}").contains("hunter2"), "{outcome:?}");
    (outcome, server.await.unwrap())
}

async fn mailed(refused: &'static [(&'static str, &'static str)], message: &str) -> (Outcome, String) {
    mailed_by("none", refused, message).await
}

#[tokio::test]
async fn a_mail_that_must_be_private_is_not_sent_in_the_open() {
    let (outcome, mail) = mailed_by("starttls", &[], "who").await;
    assert!(matches!(outcome, Outcome::ChannelDown { .. }), "{outcome:?}");
    assert_eq!(mail, "");
}

#[tokio::test]
async fn a_mail_is_written_with_its_headers() {
    let (outcome, mail) = mailed(&[], "alert_blind_only_proxy").await;
    assert_eq!(outcome, Outcome::Delivered);
    for header in [
        "From: \"Headcount\" <headcount@example.com>",
        "To: \"Anna A\" <anna@example.com>",
        "Subject: prod: its virtual proxy does not answer",
        "Date: Mon, 23 Nov 2026 07:10:00 +0000",
        "Message-ID: <0123abcd@example.com>",
        "In-Reply-To: <root@example.com>",
        "References: <root@example.com>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Priority: 1",
        "Importance: high",
        "MIME-Version: 1.0",
    ] {
        let unquoted = mail.replace('"', "");
        assert!(unquoted.contains(&format!("{}\r\n", header.replace('"', ""))), "{header} not in {mail}");
    }
    assert!(mail.contains("multipart/alternative"));
    assert!(!mail.contains("bo@example.com"));

    let (_, mail) = mailed(&[], "who").await;
    assert!(!mail.contains("Importance"));
}

#[tokio::test]
async fn what_a_mail_server_does_is_understood() {
    for (refused, meaning) in [
        (&[("RCPT", "550 5.1.1 no such user")] as &'static [_], "Refused { why: \"the mail server answered 550 5.1.1"),
        (&[("RCPT", "450 4.2.0 greylisted")], "Retry { after: None, scope: Delivery, maybe_taken: false"),
        (&[("AUTH", "535 5.7.8 bad credentials")], "ChannelDown { why: \"the mail server answered 535"),
        (&[("DATA.", "")], "Retry { after: None, scope: Delivery, maybe_taken: true"),
        (&[("DATA.", "552 5.3.4 too big")], "Refused"),
        (&[("EHLO", "421 4.3.2 closing")], "Retry { after: None, scope: Channel, maybe_taken: false"),
    ] {
        let (outcome, _) = mailed(refused, "test").await;
        let told = format!("{outcome:?}");
        assert!(told.starts_with(meaning), "{refused:?}: {told}");
    }
}

#[tokio::test]
async fn a_mail_server_that_is_not_there_took_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let yaml = format!("from: h@example.com\nto: a@example.com\nsmtp: {{host: 127.0.0.1, port: {port}, tls: none}}");
    let settings = email::Settings::new(serde_yaml::from_str(&yaml).unwrap(), email::Secrets::default()).unwrap();
    let channel = Channel::new("bosses", Settings::Email(settings));
    let payload = shown(ChannelKind::Email, &sample("test"));
    let outcome = channel.send(parcel(payload.body(), "a@example.com")).await;
    assert!(matches!(outcome, Outcome::Retry { maybe_taken: false, scope: Scope::Channel, .. }), "{outcome:?}");
}
