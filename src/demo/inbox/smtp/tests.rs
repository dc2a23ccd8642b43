//! The mail server is strict, seen byte by byte over a socket; and an ordinary client gets through.

use std::time::Duration;

use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParametersBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::super::super::certificates::Authority;
use super::*;

struct Dialog(BufReader<TcpStream>);

impl Dialog {
    /// A connection that was greeted.
    async fn open(smtp: &Smtp) -> Self {
        let mut dialog = Self(BufReader::new(TcpStream::connect(smtp.address()).await.unwrap()));
        assert_eq!(dialog.code().await, 220);
        dialog
    }

    /// The code of the next reply; 0 when the connection has ended.
    async fn code(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            // A reply that does not come is a failure, not a wait.
            let read = tokio::time::timeout(Duration::from_secs(10), self.0.read_line(&mut line));
            read.await.expect("the server answers").unwrap();
            if line.get(3..4) != Some("-") {
                return line.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            }
        }
    }

    async fn raw(&mut self, bytes: &[u8]) -> u16 {
        self.0.write_all(bytes).await.unwrap();
        self.code().await
    }

    async fn says(&mut self, line: &str) -> u16 {
        self.raw(format!("{line}\r\n").as_bytes()).await
    }

    /// Up to the 354, and then the mail.
    async fn sends(&mut self, mail: &[u8]) -> u16 {
        for (line, code) in [("MAIL FROM:<a@b.test>", 250), ("RCPT TO:<c@d.test>", 250), ("DATA", 354)] {
            assert_eq!(self.says(line).await, code, "{line}");
        }
        self.raw(&[mail, b"\r\n.\r\n"].concat()).await
    }
}

const MAIL: &str = "From: a@b.test\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@b.test>\r\n\r\nhello";

async fn plain() -> Smtp {
    Smtp::start(Options::default()).await
}

#[tokio::test]
async fn a_mail_is_taken_word_for_word() {
    let smtp = plain().await;
    let mut dialog = Dialog::open(&smtp).await;
    assert_eq!(dialog.says("EHLO me").await, 250);
    for (line, code) in
        [("mail from:<A@b.test> size=10", 250), ("RCPT TO:<c@d.test>", 250), ("RCPT TO:<e@d.test>", 250), ("DATA", 354)]
    {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    let mail = "From: a@b.test\r\nDate: x\r\nMessage-ID: <1@b.test>\r\nSubject: =?utf-8?q?=C3=A5?=\r\n\t=?utf-8?q?=C3=A4?=\r\n\r\n..dot\r\n.\r\n";
    assert_eq!(dialog.raw(mail.as_bytes()).await, 250);
    assert_eq!(dialog.says("QUIT").await, 221);
    assert_eq!(dialog.code().await, 0);
    smtp.arrived(1).await;
    let mail = &smtp.mails()[0];
    assert_eq!(
        (mail.number, mail.from.as_str(), mail.to.as_slice()),
        (1, "A@b.test", &["c@d.test".into(), "e@d.test".into()][..])
    );
    assert_eq!(mail.header("subject").as_deref(), Some("åä"));
    assert_eq!((mail.text().as_str(), mail.html().as_str()), (".dot\r\n", ""));
    assert!(mail.raw.ends_with("\r\n\r\n.dot\r\n"));
    assert_eq!(smtp.refused(), [""; 0]);
}

#[tokio::test]
async fn order_is_enforced() {
    let smtp = plain().await;
    let mut dialog = Dialog::open(&smtp).await;
    for (line, code) in [
        ("MAIL FROM:<a@b.test>", 503),
        ("RCPT TO:<c@d.test>", 503),
        ("DATA", 503),
        ("NOOP", 250),
        ("HELO me", 250),
        ("DATA", 503),
        ("MAIL FROM:<>", 250),
        ("MAIL FROM:<a@b.test>", 503),
        ("DATA", 503),
        ("RCPT TO:<c@d.test>", 250),
        ("RSET", 250),
        ("RCPT TO:<c@d.test>", 503),
        ("MAIL FROM:<a@b.test>", 250),
        ("EHLO me", 250),
        ("RCPT TO:<c@d.test>", 503),
    ] {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    assert_eq!(smtp.refused().len(), 8);
    assert_eq!(smtp.refused()[0], "MAIL: 503 5.5.1 Out of order");
}

#[tokio::test]
async fn syntax_is_enforced() {
    let smtp = plain().await;
    let mut dialog = Dialog::open(&smtp).await;
    assert_eq!(dialog.says("EHLO me").await, 250);
    let long = format!("NOOP {}", "x".repeat(600));
    for (line, code) in [
        ("EHLO", 501),
        ("EHLO a b", 501),
        ("MAIL", 501),
        ("MAIL FROM: <a@b.test>", 501),
        ("MAIL FROM:a@b.test", 501),
        ("MAIL FROM:<a b@c.test>", 501),
        ("MAIL FROM:<a@b..test>", 501),
        ("MAIL FROM:<å@b.test>", 501),
        ("MAIL FROM:<a@b.test> SMTPUTF8", 555),
        ("MAIL FROM:<a@b.test> SIZE=99999999", 552),
        ("MAIL FROM:<a@b.test> BODY=8BITMIME", 250),
        ("RCPT TO:<c>", 501),
        ("RCPT TO:<>", 501),
        ("RCPT TO:<c@d.test> NOTIFY=NEVER", 555),
        ("DATA now", 501),
        ("VRFY a", 502),
        ("STARTTLS", 502),
        ("AUTH PLAIN AA==", 502),
        ("GET / HTTP/1.1", 500),
        ("", 500),
        (long.as_str(), 500),
    ] {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    assert_eq!(dialog.raw(b"NOOP\n").await, 500);
    assert_eq!(dialog.raw(b"NO\rOP\r\n").await, 500);
    assert_eq!(dialog.raw(b"NOOP \xff\r\n").await, 500);
    assert_eq!(dialog.raw(&[b'x'; 2000].iter().chain(b"\r\n").copied().collect::<Vec<_>>()).await, 500);
}

#[tokio::test]
async fn an_ill_formed_mail_is_refused() {
    let smtp = Smtp::start(Options::default().size(3000)).await;
    let mut dialog = Dialog::open(&smtp).await;
    assert_eq!(dialog.says("EHLO me").await, 250);
    let without =
        |header: &str| MAIL.split_inclusive("\r\n").filter(|line| !line.starts_with(header)).collect::<String>();
    let with = |header: &str| format!("{header}\r\n{MAIL}");
    for (mail, why) in [
        (without("From"), "no From"),
        (without("Date"), "no Date"),
        (without("Message-ID"), "no Message-ID"),
        (MAIL.replace("<1@b.test>", "1@b.test"), "Message-ID is not"),
        (with("Subject: a\r\nSubject: b"), "Subject occurs twice"),
        (with("Subject: å"), "a header is not ASCII"),
        (with(&format!("Subject: {}", "x".repeat(990))), "longer than 998"),
        (with("no header"), "`no header` is no header"),
        (format!("{MAIL} å"), "without BODY=8BITMIME"),
        (format!("{MAIL}\0"), "a NUL"),
        (format!("{MAIL}\nx"), "a bare CR or LF"),
        (format!("{MAIL}\rx"), "a bare CR or LF"),
        (format!("{MAIL}\n.\nMAIL FROM:<evil@b.test>"), "a bare CR or LF"),
        (MAIL.to_owned() + &"\r\nx".repeat(1000), "Too large"),
    ] {
        let code = dialog.sends(mail.as_bytes()).await;
        assert!(code == 550 || code == 552, "{why}: {code}");
        assert!(smtp.refused().last().unwrap().contains(why), "{why}: {:?}", smtp.refused().last());
    }
    assert_eq!(smtp.mails().len(), 0);
    assert_eq!(dialog.sends(with(&format!("Subject: {}", "x".repeat(989))).as_bytes()).await, 250);
}

#[tokio::test]
async fn a_login_is_demanded() {
    let smtp = Smtp::start(Options::default().login("headcount", "pass word")).await;
    let mut dialog = Dialog::open(&smtp).await;
    for (line, code) in [
        ("AUTH PLAIN AGhlYWRjb3VudABwYXNzIHdvcmQ=", 503),
        ("EHLO me", 250),
        ("MAIL FROM:<a@b.test>", 530),
        ("AUTH CRAM-MD5", 504),
        ("AUTH PLAIN AGhlYWRjb3VudAB3cm9uZw==", 535),
        ("AUTH PLAIN !", 501),
        ("AUTH LOGIN", 334),
        ("aGVhZGNvdW50", 334),
        ("d3Jvbmc=", 535),
        ("AUTH LOGIN aGVhZGNvdW50", 334),
        ("cGFzcyB3b3Jk", 235),
        ("AUTH PLAIN AGhlYWRjb3VudABwYXNzIHdvcmQ=", 503),
        ("MAIL FROM:<a@b.test>", 250),
    ] {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    let mut dialog = Dialog::open(&smtp).await;
    assert_eq!(dialog.says("EHLO me").await, 250);
    assert_eq!(dialog.says("AUTH PLAIN").await, 334);
    assert_eq!(dialog.says("AGhlYWRjb3VudABwYXNzIHdvcmQ=").await, 235);
    assert!(!format!("{smtp:?}{:?}", smtp.refused()).contains("AGhl"), "no password is told");
}

#[tokio::test]
async fn starttls_is_demanded() {
    let identity = Authority::new("h").server("mail.example.test");
    let smtp = Smtp::start(Options::default().starttls(&identity).login("u", "p")).await;
    let mut dialog = Dialog::open(&smtp).await;
    for (line, code) in [("EHLO me", 250), ("MAIL FROM:<a@b.test>", 530), ("AUTH PLAIN AHUAcA==", 530)] {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    assert_eq!(dialog.raw(b"STARTTLS\r\nNOOP\r\n").await, 501, "a command that rides along");
    assert_eq!(dialog.code().await, 250);
    assert_eq!(dialog.says("STARTTLS").await, 220);
}

#[tokio::test]
async fn recipients_can_be_rejected() {
    let smtp = plain().await;
    smtp.reject("Gone@d.test", Some(550));
    let mut dialog = Dialog::open(&smtp).await;
    for (line, code) in [("EHLO me", 250), ("MAIL FROM:<a@b.test>", 250), ("RCPT TO:<gone@d.test>", 550), ("DATA", 503)]
    {
        assert_eq!(dialog.says(line).await, code, "{line}");
    }
    smtp.reject_all(Some(450));
    assert_eq!(dialog.says("RCPT TO:<c@d.test>").await, 450);
    smtp.reject_all(None);
    assert_eq!(dialog.says("RCPT TO:<c@d.test>").await, 250);
    assert_eq!(smtp.refused(), ["DATA: 503 5.5.1 RCPT first"]);
}

#[tokio::test]
async fn faults_are_met_in_turn() {
    let smtp = plain().await;
    for fault in [
        SmtpFault::Status421,
        SmtpFault::Reject554AfterData,
        SmtpFault::CutAfterData,
        SmtpFault::HangAfterData,
        SmtpFault::HangBeforeGreeting,
    ] {
        smtp.next(fault);
    }
    let connect = async || Dialog(BufReader::new(TcpStream::connect(smtp.address()).await.unwrap()));
    assert_eq!(connect().await.code().await, 421);
    for (code, kept) in [(554, 0), (0, 1)] {
        let mut dialog = Dialog::open(&smtp).await;
        assert_eq!(dialog.says("EHLO me").await, 250);
        assert_eq!(dialog.sends(MAIL.as_bytes()).await, code);
        assert_eq!(smtp.mails().len(), kept);
    }
    let mut dialog = Dialog::open(&smtp).await;
    assert_eq!(dialog.says("EHLO me").await, 250);
    let short = Duration::from_millis(20);
    assert!(tokio::time::timeout(short, dialog.sends(MAIL.as_bytes())).await.is_err());
    assert_eq!(smtp.mails().len(), 1, "a hang takes nothing");
    let mut hung = connect().await;
    assert!(tokio::time::timeout(short, hung.code()).await.is_err());
    assert_eq!(smtp.connections(), 5);
    drop(smtp);
    assert_eq!(hung.code().await, 0, "its tasks end with it");
}

/// What headcount's own mails look like: text, HTML with a picture, and a file.
fn mail() -> lettre::Message {
    let html = MultiPart::related()
        .singlepart(SinglePart::html("<p>Håll <img src=\"cid:chart\" alt=\"\"></p>".to_owned()))
        .singlepart(Attachment::new_inline("chart".into()).body(vec![0u8, 255, 1], "image/png".parse().unwrap()));
    let body = MultiPart::alternative().singlepart(SinglePart::plain("Håll\r\n.ut".to_owned())).multipart(html);
    let file = Attachment::new("who.csv".into()).body("a,b\r\n".to_owned(), "text/csv".parse().unwrap());
    lettre::Message::builder()
        .from("Headcount <headcount@example.test>".parse().unwrap())
        .to("cio@example.test".parse().unwrap())
        .subject("Åtta användare på prod, och en ganska lång rubrik som måste delas upp i flera ord")
        .message_id(Some("<1@example.test>".to_owned()))
        .multipart(MultiPart::mixed().multipart(body).singlepart(file))
        .unwrap()
}

fn client(
    smtp: &Smtp,
    authority: &Authority,
    tls: fn(lettre::transport::smtp::client::TlsParameters) -> Tls,
) -> AsyncSmtpTransport<Tokio1Executor> {
    let root = Certificate::from_pem(authority.root().as_bytes()).unwrap();
    let parameters =
        TlsParametersBuilder::new("localhost".to_owned()).add_root_certificate(root).build_rustls().unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(smtp.port())
        .tls(tls(parameters))
        .credentials(Credentials::new("u".into(), "p".into()))
        .build()
}

#[tokio::test]
async fn an_ordinary_client_gets_through() {
    let authority = Authority::new("h");
    let identity = authority.server("localhost");
    let options = || Options::default().login("u", "p");
    for (options, tls) in [
        (options(), (|_| Tls::None) as fn(_) -> _),
        (options().starttls(&identity), Tls::Required),
        (options().starttls_offered(&identity), Tls::Opportunistic),
        (options().implicit_tls(&identity), Tls::Wrapper),
    ] {
        let smtp = Smtp::start(options).await;
        client(&smtp, &authority, tls).send(mail()).await.unwrap();
        assert_eq!(smtp.refused(), [""; 0]);
        let mail = &smtp.mails()[0];
        let subject = "Åtta användare på prod, och en ganska lång rubrik som måste delas upp i flera ord";
        assert_eq!(mail.header("Subject").as_deref(), Some(subject));
        assert_eq!(mail.text(), "Håll\r\n.ut");
        assert!(mail.html().contains("<p>Håll <img src=\"cid:chart\""));
        let parts = mail.parts();
        assert_eq!(parts.len(), 4);
        assert_eq!((parts[2].content_id.as_deref(), parts[2].content.as_slice()), (Some("chart"), &[0, 255, 1][..]));
        assert_eq!((parts[3].file_name.as_deref(), parts[3].text().as_str()), (Some("who.csv"), "a,b\r\n"));
    }
}

#[tokio::test]
async fn a_wrong_password_is_535() {
    let smtp = Smtp::start(Options::default().login("u", "other")).await;
    let error = client(&smtp, &Authority::new("h"), |_| Tls::None).send(mail()).await.unwrap_err();
    assert_eq!(error.status().unwrap().to_string(), "535");
}
