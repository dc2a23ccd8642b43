//! Hands a mail to the server, step by step, so that each refusal is known for what it is about.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Auth, Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use rustls::pki_types::UnixTime;

use super::mail::mail;
use super::reply::{Stage, judge_reply};
use super::settings::Login;
use super::token::Grant;
use super::{Settings, Tls};
use crate::channels::http::Client;
use crate::channels::trust::{ITSELF, VOUCHES, is_given};
use crate::channels::{Authorities, Outcome, Parcel, Scope};
use crate::message::clean;
use crate::secret::Secret;

/// Around everything: lettre's own timeout covers connecting alone.
const WHOLE: Duration = Duration::from_mins(1);
/// A large mail may take longer: so many bytes a second are expected of the slowest line, and a claim lasts no longer than this.
const SLOWEST: usize = 100_000;
const LONGEST: Duration = Duration::from_secs(150);
const CONNECT: Duration = Duration::from_secs(10);
/// What is said after the mail is taken decides nothing any more.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the conversation needs besides the mail.
#[derive(Clone, Copy)]
pub(in crate::channels) struct Means<'a> {
    pub settings: &'a Settings,
    pub authorities: &'a Authorities,
    /// What fetches tokens; none where there is a password.
    pub http: Option<&'a Client>,
}

pub(in crate::channels) async fn send(means: Means<'_>, channel: &str, parcel: Parcel<'_>) -> Outcome {
    let mail = match mail(means.settings, channel, parcel) {
        Ok(mail) => mail,
        Err(why) => return Outcome::Refused { why: clean(&why), degrade: false },
    };
    let bytes = mail.formatted();
    let patience = (WHOLE + Duration::from_secs((bytes.len() / SLOWEST) as u64)).min(LONGEST);
    let mut stage = Stage::Connect;
    let conversation = async {
        let mut connection = logged_in(means, parcel.now, &mut stage).await?;
        hand_over(means, &mut connection, &mail, &bytes, &mut stage).await?;
        // Whatever the server makes of the goodbye, it has the mail.
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        Ok(Outcome::Delivered)
    };
    match tokio::time::timeout(patience, conversation).await {
        Ok(Ok(outcome) | Err(outcome)) => outcome,
        Err(_) => Outcome::Retry {
            after: None,
            scope: Scope::Channel,
            maybe_taken: stage == Stage::End,
            why: unfinished(means.settings, stage, patience),
        },
    }
}

/// What it may mean that a server said nothing for so long.
fn unfinished(settings: &Settings, stage: Stage, patience: Duration) -> String {
    let hint = match (stage, settings.smtp.tls) {
        (Stage::Connect, Tls::Starttls | Tls::None) => {
            "; it connected and said nothing, as one does that wants `tls: implicit`"
        }
        _ => "",
    };
    format!("the mail server did not finish within {} s{hint}", patience.as_secs())
}

/// Connects, makes the connection private, logs in, and leaves: no mail is sent.
pub(in crate::channels) async fn reach(means: Means<'_>, now: Timestamp) -> Result<String, String> {
    let host = format!("{}:{}", means.settings.smtp.host, means.settings.smtp.port);
    let mut stage = Stage::Connect;
    match tokio::time::timeout(WHOLE, logged_in(means, now, &mut stage)).await {
        Err(_) => Err(format!("{host}: it did not answer in time")),
        Ok(Ok(mut connection)) => {
            let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
            Ok(host)
        }
        Ok(Err(outcome)) => Err(format!("{host}: {}", outcome.why().unwrap_or_default())),
    }
}

/// A connection on which mail may be sent. A token that the server does not take is fetched anew, once.
async fn logged_in(means: Means<'_>, now: Timestamp, stage: &mut Stage) -> Result<AsyncSmtpConnection, Outcome> {
    let failed = |stage: Stage| move |error: Error| judge_error(means.settings, stage, &error);
    match &means.settings.smtp.login {
        None => open(means, stage).await,
        Some(Login::Password { user, password }) => {
            let mut connection = open(means, stage).await?;
            *stage = Stage::Login;
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(failed(*stage))?;
            Ok(connection)
        }
        Some(Login::Token { user, grant }) => {
            let first = token(means, grant, None, now).await?;
            let mut connection = open(means, stage).await?;
            *stage = Stage::Login;
            match bear(means, &mut connection, user, &first).await {
                Ok(()) => Ok(connection),
                Err(Outcome::ChannelDown { .. }) => {
                    connection.abort().await;
                    let second = token(means, grant, Some(&first), now).await?;
                    connection = open(means, stage).await?;
                    *stage = Stage::Login;
                    bear(means, &mut connection, user, &second).await?;
                    Ok(connection)
                }
                Err(outcome) => Err(outcome),
            }
        }
    }
}

async fn token(means: Means<'_>, grant: &Grant, refused: Option<&Secret>, now: Timestamp) -> Result<Secret, Outcome> {
    match means.http {
        Some(client) => grant.token(client, refused, now).await,
        None => Err(Outcome::ChannelDown { why: "there is nothing to fetch a token with".to_owned() }),
    }
}

/// Connects, and makes the connection private. A server whose certificate vouches for itself is trusted where `ca` gives that
/// very certificate: lettre can only be told to take any, so it is compared before a word of substance is said.
async fn open(means: Means<'_>, stage: &mut Stage) -> Result<AsyncSmtpConnection, Outcome> {
    let refused = match connect(means, false, stage).await {
        Err(Outcome::ChannelDown { why }) if means.authorities.pem().is_some() && why.ends_with(VOUCHES) => why,
        usual => return usual,
    };
    let mut connection = connect(means, true, stage).await?;
    let certificate = connection.peer_certificate().unwrap_or_default();
    if is_given(&means.authorities.certificates(), &certificate, UnixTime::now()) {
        return Ok(connection);
    }
    connection.abort().await;
    Err(Outcome::ChannelDown { why: refused })
}

/// Connects, and makes the connection private; with `any`, under whatever certificate of that name.
async fn connect(means: Means<'_>, any: bool, stage: &mut Stage) -> Result<AsyncSmtpConnection, Outcome> {
    let Means { settings, authorities, .. } = means;
    let smtp = &settings.smtp;
    let privacy = || {
        let mut tls = TlsParameters::builder(smtp.host.clone()).dangerous_accept_invalid_certs(any);
        if let Some(pem) = authorities.pem() {
            tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(|error| error.to_string())?);
        }
        tls.build().map_err(|error| format!("TLS cannot be set up: {error}"))
    };
    let down = |why: String| Outcome::ChannelDown { why: clean(&why) };
    // Some servers refuse a name without a dot.
    let hello = match ClientId::default() {
        ClientId::Domain(name) if !name.contains('.') => ClientId::Domain(settings.from.email.domain().to_owned()),
        fine => fine,
    };
    *stage = Stage::Connect;
    let from_the_start = if smtp.tls == Tls::Implicit { Some(privacy().map_err(down)?) } else { None };
    let address = (smtp.host.as_str(), smtp.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &hello, from_the_start, None);
    let mut connection = connecting.await.map_err(|error| judge_error(settings, *stage, &error))?;
    if smtp.tls == Tls::Starttls {
        *stage = Stage::Private;
        let starting = connection.starttls(privacy().map_err(down)?, &hello);
        starting.await.map_err(|error| judge_error(settings, *stage, &error))?;
    }
    Ok(connection)
}

/// Logs in with a token. A server that does not take it asks back, and refuses once it has heard nothing more:
/// <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol#error_response>.
async fn bear(
    means: Means<'_>,
    connection: &mut AsyncSmtpConnection,
    user: &str,
    token: &Secret,
) -> Result<(), Outcome> {
    let failed = |error: Error| hide(judge_error(means.settings, Stage::Login, &error), user, token);
    if !connection.server_info().supports_auth_mechanism(Mechanism::Xoauth2) {
        let why = "the mail server does not offer XOAUTH2, which `smtp.oauth2` needs".to_owned();
        return Err(Outcome::ChannelDown { why });
    }
    let credentials = Credentials::new(user.to_owned(), token.expose().to_owned());
    let auth = Auth::new(Mechanism::Xoauth2, credentials, None).map_err(failed)?;
    if connection.command(auth).await.map_err(failed)?.has_code(334) {
        connection.command("\r\n").await.map_err(failed)?;
        let why = "the mail server did not take the token, and did not say why".to_owned();
        return Err(Outcome::ChannelDown { why });
    }
    Ok(())
}

fn hide(outcome: Outcome, user: &str, token: &Secret) -> Outcome {
    let sent = STANDARD.encode(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose()));
    outcome.hiding(|why| why.replace(token.expose(), "***").replace(&sent, "***"))
}

/// Names the sender and the recipient, and sends the mail.
async fn hand_over(
    means: Means<'_>,
    connection: &mut AsyncSmtpConnection,
    mail: &Message,
    bytes: &[u8],
    stage: &mut Stage,
) -> Result<(), Outcome> {
    let failed = |stage: Stage| move |error: Error| judge_error(means.settings, stage, &error);
    let refused = |why: &str| Outcome::Refused { why: why.to_owned(), degrade: false };
    let envelope = mail.envelope();
    let mut parameters = Vec::new();
    if !envelope.from().into_iter().chain(envelope.to()).all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(refused("an address has letters beyond ASCII, which the mail server does not take (SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        if !connection.server_info().supports_feature(Extension::EightBitMime) {
            return Err(refused("the mail has letters beyond ASCII, which the mail server does not take (8BITMIME)"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    *stage = Stage::Sender;
    connection.command(Mail::new(envelope.from().cloned(), parameters)).await.map_err(failed(*stage))?;
    *stage = Stage::Recipient;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(failed(*stage))?;
    }
    *stage = Stage::Content;
    connection.command(Data).await.map_err(failed(*stage))?;
    *stage = Stage::End;
    connection.message(bytes).await.map_err(failed(*stage))?;
    Ok(())
}

/// What a failure means. lettre tells a server's answer by its code; the rest it tells in words alone.
fn judge_error(settings: &Settings, stage: Stage, error: &Error) -> Outcome {
    let mut told = error.to_string();
    if let Some(Login::Password { user, password }) = &settings.smtp.login {
        // A server may repeat it, as it is or as it was sent.
        let password = password.expose();
        for form in [STANDARD.encode(format!("\0{user}\0{password}")), STANDARD.encode(password), password.to_owned()] {
            told = told.replace(&form, "***");
        }
    }
    if let Some(code) = error.status() {
        let text = told.split_once("): ").map_or("", |(_, text)| text);
        return judge_reply(stage, code.into(), text);
    }
    let why = clean(&format!("the mail server could not be used: {told}"));
    let lower = told.to_lowercase();
    if told.contains(ITSELF) {
        Outcome::ChannelDown { why: format!("the mail server cannot be trusted: {VOUCHES}") }
    } else if error.is_client() || error.is_tls() {
        Outcome::ChannelDown { why }
    } else if lower.contains("certificate") || lower.contains("certversion") {
        let hint = "; is its authority missing (`ca`), or is it an old version 1 certificate?";
        Outcome::ChannelDown { why: format!("{why}{hint}") }
    } else {
        // The line broke, or the answer did. Once the mail is under way, the server may have taken it.
        let scope = if stage < Stage::Sender { Scope::Channel } else { Scope::Delivery };
        Outcome::Retry { after: None, scope, maybe_taken: stage == Stage::End, why }
    }
}
