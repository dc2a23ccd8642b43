//! Writes a mail to one recipient, hands it to the server, and reads what the server makes of it.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as Privacy, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::format::Parts;
use super::{Settings, Tls};
use crate::channels::{Authorities, Outcome, Parcel, Scope};
use crate::message::clean;

/// Around everything: lettre's own timeout covers connecting alone.
const WHOLE: Duration = Duration::from_mins(1);
const CONNECT: Duration = Duration::from_secs(10);

pub(in crate::channels) async fn send(settings: &Settings, authorities: &Authorities, parcel: Parcel<'_>) -> Outcome {
    let mail = match mail(settings, parcel) {
        Ok(mail) => mail,
        Err(why) => return Outcome::Refused { why: clean(&why), degrade: false },
    };
    let transport = match transport(settings, authorities) {
        Ok(transport) => transport,
        Err(why) => return Outcome::ChannelDown { why: clean(&why) },
    };
    match tokio::time::timeout(WHOLE, transport.send(mail)).await {
        Ok(Ok(_)) => Outcome::Delivered,
        Ok(Err(error)) => judge_error(settings, &error),
        Err(_) => Outcome::Retry {
            after: None,
            scope: Scope::Channel,
            maybe_taken: true,
            why: format!("the mail server did not finish within {} s", WHOLE.as_secs()),
        },
    }
}

/// The mail, with the headers that keep answering machines quiet and let readers thread it.
/// Connects, makes the connection private, logs in, and leaves: no mail is sent.
pub(in crate::channels) async fn reach(settings: &Settings, authorities: &Authorities) -> Result<String, String> {
    let host = format!("{}:{}", settings.smtp.host, settings.smtp.port);
    let transport = transport(settings, authorities)?;
    match tokio::time::timeout(WHOLE, transport.test_connection()).await {
        Err(_) => Err(format!("{host}: it did not answer in time")),
        Ok(Ok(true)) => Ok(host),
        Ok(Ok(false)) => Err(format!("{host}: it is not ready to take mail")),
        Ok(Err(error)) => match judge_error(settings, &error) {
            Outcome::Retry { why, .. } | Outcome::ChannelDown { why } | Outcome::Refused { why, .. } => {
                Err(format!("{host}: {why}"))
            }
            Outcome::Delivered => Ok(host),
        },
    }
}

fn mail(settings: &Settings, parcel: Parcel<'_>) -> Result<Message, String> {
    let parts: Parts =
        serde_json::from_str(parcel.body).map_err(|error| format!("the stored mail is broken: {error}"))?;
    let known = settings.to.iter().find(|to| to.email.to_string() == parcel.recipient);
    let to: Mailbox = match known {
        Some(to) => to.clone(),
        None => parcel.recipient.parse().map_err(|error| format!("the recipient is no mail address: {error}"))?,
    };
    let mut mail = Message::builder()
        .from(settings.from.clone())
        .to(to)
        .date(SystemTime::from(parcel.now))
        .message_id(Some(bracketed(parcel.message_id)))
        .subject(parts.subject);
    if let Some(earlier) = parcel.in_reply_to {
        mail = mail.in_reply_to(bracketed(earlier)).references(bracketed(earlier));
    }
    // RFC 3834, and MS-OXCMAIL 2.1.3.2.20.
    mail = mail
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if parts.urgent {
        mail = mail.raw_header(header("X-Priority", "1")).raw_header(header("Importance", "high"));
    }
    mail.multipart(MultiPart::alternative_plain_html(parts.text, parts.html)).map_err(|error| error.to_string())
}

fn bracketed(id: &str) -> String {
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn transport(settings: &Settings, authorities: &Authorities) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let smtp = &settings.smtp;
    let privacy = || {
        let mut tls = TlsParameters::builder(smtp.host.clone());
        if let Some(pem) = authorities.pem() {
            tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(|error| error.to_string())?);
        }
        tls.build().map_err(|error| format!("TLS cannot be set up: {error}"))
    };
    let tls = match smtp.tls {
        Tls::Starttls => Privacy::Required(privacy()?),
        Tls::Implicit => Privacy::Wrapper(privacy()?),
        Tls::None => Privacy::None,
    };
    // Some servers refuse a name without a dot.
    let hello = match ClientId::default() {
        ClientId::Domain(name) if !name.contains('.') => ClientId::Domain(settings.from.email.domain().to_owned()),
        fine => fine,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(CONNECT))
        .hello_name(hello);
    if let Some((user, password)) = &smtp.login {
        transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
    }
    Ok(transport.build())
}

/// What a failure means. lettre tells a server's answer by its code; the rest it tells in words alone.
fn judge_error(settings: &Settings, error: &Error) -> Outcome {
    let mut told = error.to_string();
    if let Some((_, password)) = &settings.smtp.login {
        told = told.replace(password.expose(), "***");
    }
    if let Some(code) = error.status() {
        let text = told.split_once("): ").map_or("", |(_, text)| text);
        return judge_reply(code.into(), text);
    }
    let why = clean(&format!("the mail server could not be used: {told}"));
    let lower = told.to_lowercase();
    if error.is_client() && lower.contains("non-ascii") {
        Outcome::Refused { why, degrade: false }
    } else if error.is_client() || error.is_tls() {
        Outcome::ChannelDown { why }
    } else if lower.starts_with("connection error") {
        if lower.contains("certificate") || lower.contains("certversion") {
            let hint = "; is its authority missing (`ca`), or is it an old version 1 certificate?";
            return Outcome::ChannelDown { why: format!("{why}{hint}") };
        }
        Outcome::Retry { after: None, scope: Scope::Channel, maybe_taken: false, why }
    } else {
        // The line broke, or the answer did: the server may have taken the mail.
        Outcome::Retry { after: None, scope: Scope::Delivery, maybe_taken: true, why }
    }
}

/// What a server's refusal means, by its code and its enhanced code:
/// <https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3>, <https://www.rfc-editor.org/rfc/rfc3463>.
pub fn judge_reply(code: u16, text: &str) -> Outcome {
    let why = clean(format!("the mail server answered {code} {text}").trim());
    let enhanced = text.split_whitespace().next().unwrap_or_default();
    match code {
        421 => Outcome::Retry { after: None, scope: Scope::Channel, maybe_taken: false, why },
        ..500 => Outcome::again(None, why),
        // Login and policy, such as `550 5.7.30 Basic authentication is not supported`.
        530 | 534 | 535 | 538 => Outcome::ChannelDown { why },
        _ if enhanced.starts_with("5.7.") => Outcome::ChannelDown { why },
        // The server does not speak as it should.
        500 | 502..=504 => Outcome::ChannelDown { why },
        // An unknown mailbox, a mail too large, a text not liked: this mail alone.
        _ => Outcome::Refused { why, degrade: false },
    }
}
