//! The way out through a proxy.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::ping::Ping;
use super::super::{Authorities, Channel, Outcome, Proxy, Scope, Settings, slack, webhook};
use super::sends::{http, parcel};
use crate::demo::inbox;
use crate::secret::Secret;

/// A server on loopback with a certificate of its own, which answers every request `ok`. Gives its port and its authority.
async fn server() -> (u16, Authorities) {
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
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut buffer = [0; 8192];
                let _ = stream.read(&mut buffer).await;
                stream.write_all(http("200 OK", "", "ok").as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        }
    });
    (port, Authorities::from_pem(own.cert.pem().as_bytes()).unwrap())
}

fn through(url: String) -> Proxy {
    Proxy::new(Secret::new(url)).unwrap()
}

#[tokio::test]
async fn a_proxy_opens_the_way_for_whoever_has_its_login() {
    let (port, authorities) = server().await;
    let url = || Secret::new(format!("https://localhost:{port}/topsecret"));
    let proxy = inbox::Proxy::start(Some("me:proxysecret")).await;
    let channels = [
        Settings::Slack(slack::Settings::new(url()).unwrap()),
        Settings::Webhook(webhook::Settings::new(url(), None, None, None).unwrap()),
    ];
    for settings in channels {
        let channel = || Channel::new("ops", settings.clone()).with_authorities(authorities.clone());
        let good = channel().with_proxy(Some(through(proxy.url(Some("me:proxysecret")))));
        assert_eq!(good.send(parcel("{}", "")).await, Outcome::Delivered);
        assert_eq!(good.reach(std::path::Path::new("")).await, Ok("localhost".to_owned()));
        for login in [None, Some("me:wrongsecret")] {
            let channel = channel().with_proxy(Some(through(proxy.url(login))));
            assert!(!format!("{channel:?}").contains("secret"), "{channel:?}");
            let outcome = channel.send(parcel("{}", "")).await;
            let Outcome::ChannelDown { why } = &outcome else { panic!("{outcome:?}") };
            assert!(why.contains("wants a login") && !why.contains("secret"), "{why}");
        }
    }
    let ping = |login| {
        let proxy = Some(through(proxy.url(login)));
        Ping::new(url(), jiff::SignedDuration::from_mins(5), authorities.clone(), proxy).unwrap()
    };
    let now = jiff::Timestamp::UNIX_EPOCH;
    assert_eq!(ping(Some("me:proxysecret")).call(now).await, Ok(()));
    let why = ping(None).call(now).await.unwrap_err();
    assert!(why.contains("wants a login") && !why.contains("secret"), "{why}");
    let connect = format!("CONNECT localhost:{port} HTTP/1.1");
    assert!(proxy.asked().iter().all(|line| *line == connect), "{:?}", proxy.asked());
}

#[tokio::test]
async fn a_way_that_does_not_open_is_told_and_tried_again() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (_, authorities) = server().await;
    let proxy = inbox::Proxy::start(None).await;
    let url = Secret::new(format!("https://{nobody}/topsecret"));
    for (proxy, told) in [
        (proxy.url(Some("me:topsecret")), "it opened no way to the host"),
        (format!("http://me:topsecret@{nobody}"), "refused"),
    ] {
        let settings = Settings::Slack(slack::Settings::new(url.clone()).unwrap());
        let channel =
            Channel::new("ops", settings).with_authorities(authorities.clone()).with_proxy(Some(through(proxy)));
        let outcome = channel.send(parcel("{}", "")).await;
        let Outcome::Retry { why, scope: Scope::Channel, maybe_taken: false, .. } = &outcome else {
            panic!("{outcome:?}")
        };
        assert!(
            why.starts_with("through the proxy 127.0.0.1:") && why.contains(told) && !why.contains("secret"),
            "{why}"
        );
    }
}
