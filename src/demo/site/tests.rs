//! The site is as strict as a real one, seen by an ordinary client over real sockets.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::{Client, Response};
use rustls::ClientConfig;
use serde_json::{Value, json};

use super::super::certificates::Window;
use super::*;

const KEY: &str = "0123456789abcdeF";

/// A client that trusts `root`, shows `identity`, and finds every proxy on loopback.
fn client(site: &Site, root: &Authority, identity: Option<&Identity>, tls: Tls) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.root_der()).unwrap();
    let versions: &[_] = match tls {
        Tls::Both => rustls::ALL_VERSIONS,
        Tls::Only12 => &[&rustls::version::TLS12],
        Tls::Only13 => &[&rustls::version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => builder.with_client_auth_cert(vec![identity.certificate_der()], identity.key_der()).unwrap(),
        None => builder.with_no_client_auth(),
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10));
    for proxy in &site.state().proxies {
        builder = builder.resolve(&proxy.name, (Ipv4Addr::LOCALHOST, 0).into());
    }
    builder.build().unwrap()
}

fn trusted(site: &Site) -> Client {
    client(site, site.authority(), Some(&site.authority().client()), Tls::Both)
}

fn url(site: &Site, proxy: usize, path: &str) -> String {
    format!("https://{}:{}{path}", site.name(proxy), site.port(proxy))
}

async fn get(client: &Client, site: &Site, path: &str) -> reqwest::Result<Response> {
    client.get(url(site, 0, &format!("{path}?xrfkey={KEY}"))).header("X-Qlik-Xrfkey", KEY).send().await
}

async fn list(site: &Site, path: &str) -> Value {
    let response = get(&trusted(site), site, path).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn status_and_text(response: reqwest::Result<Response>) -> (u16, String) {
    let response = response.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// All layers of an error, so that a test can look for the one that matters.
fn whole(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(layer) = source {
        text = format!("{text}: {layer}");
        source = layer.source();
    }
    text
}

fn kind(error: &reqwest::Error) -> Option<ErrorKind> {
    let mut source = error.source();
    while let Some(layer) = source {
        if let Some(error) = layer.downcast_ref::<std::io::Error>() {
            return Some(error.kind());
        }
        source = layer.source();
    }
    None
}

#[tokio::test]
async fn a_site_lists_who_is_connected() {
    let site = Site::start(Setup::new("h").proxy("a.example.test", &["", "hr", "in ner/åäö"])).await;
    let anna = site.connect(0, "", "CORP", "anna");
    site.connect_named(0, "", "CORP", "bo", "Bo Berg");
    assert_eq!(
        list(&site, "/qps//session").await,
        json!([
            {"UserDirectory": "CORP", "UserId": "anna", "SessionId": anna.expose(), "Attributes": []},
            {"UserDirectory": "CORP", "UserId": "bo", "SessionId": site.state().proxies[0].linked[""][1].id.expose(),
                "Attributes": [], "UserName": "Bo Berg"},
        ])
    );
    assert_eq!(list(&site, "/qps/session").await, list(&site, "/qps//session").await);
    assert_eq!(list(&site, "/qps/hr/session").await, json!([]));
    site.connect_anonymous(0, "in ner/åäö");
    let inner = list(&site, "/qps/in%20ner/%C3%A5%C3%A4%C3%B6/session").await;
    assert!(inner[0]["UserId"].as_str().unwrap().starts_with("anonymous"));
    assert_eq!(inner[0]["UserDirectory"], "NONE");
    assert_eq!(list(&site, "/qps/alive").await, json!({"value": true}));
    assert!(site.disconnect(0, "", &anna) && !site.disconnect(0, "", &anna));
    assert_eq!(site.disconnect_user(0, "", "corp", "BO"), 1);
    assert_eq!(list(&site, "/qps/session").await, json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let site = Site::simple().await;
    for path in ["/qps/hr/session", "/", "/qps/session/1", "/qps/about", "/qps/user/CORP/anna"] {
        assert_eq!(get(&trusted(&site), &site, path).await.unwrap().status(), 404, "{path}");
    }
    site.link(0, "hr");
    assert_eq!(list(&site, "/qps/hr/session").await, json!([]));
    site.unlink(0, "hr");
    assert_eq!(get(&trusted(&site), &site, "/qps/hr/session").await.unwrap().status(), 404);
}

#[tokio::test]
async fn an_xrfkey_is_demanded_and_kept() {
    let site = Site::simple().await;
    let client = trusted(&site);
    let xsrf = (403, "XSRF prevention check failed. Possible XSRF discovered.".to_owned());
    assert_eq!(status_and_text(client.get(url(&site, 0, "/qps/session")).send().await).await, xsrf);
    let other = client.get(url(&site, 0, &format!("/qps/session?xrfkey={KEY}")));
    assert_eq!(status_and_text(other.header("X-Qlik-Xrfkey", "0123456789abcdef").send().await).await, xsrf);
    assert_eq!(site.xrfkeys(), [""; 0]);
    get(&client, &site, "/qps/session").await.unwrap();
    assert_eq!(site.xrfkeys(), [KEY]);
    assert_eq!(site.requests(), 3);
}

#[tokio::test]
async fn only_get_is_taken() {
    let site = Site::simple().await;
    let client = trusted(&site);
    let delete = client.delete(url(&site, 0, &format!("/qps/session/1?xrfkey={KEY}")));
    assert_eq!(delete.header("X-Qlik-Xrfkey", KEY).send().await.unwrap().status(), 405);
    assert_eq!(client.post(url(&site, 0, "/qps/ticket")).send().await.unwrap().status(), 405);
    assert_eq!(site.violations(), ["DELETE /qps/session/1", "POST /qps/ticket"]);
}

#[tokio::test]
async fn a_stranger_is_refused_in_the_handshake() {
    for tls in [Tls::Only12, Tls::Only13] {
        let site = Site::start(Setup::new("h").proxy("a.example.test", &[""]).tls(tls)).await;
        let root = site.authority();
        let others = [
            None,
            Some(Authority::new("h").client()),
            Some(root.client_within(Window::EXPIRED)),
            Some(root.client_within(Window::NOT_YET)),
        ];
        for identity in others {
            let client = client(&site, root, identity.as_ref(), Tls::Both);
            let error = get(&client, &site, "/qps/session").await.unwrap_err();
            assert!(whole(&error).contains("fatal alert"), "{tls:?} {identity:?}: {}", whole(&error));
        }
        assert_eq!((site.requests(), site.connections(0)), (0, 4));
        let named = client(&site, root, Some(&root.client_named("Somebody")), Tls::Both);
        assert_eq!(status_and_text(get(&named, &site, "/qps/session").await).await, (403, "Forbidden".into()));
    }
}

#[tokio::test]
async fn or_a_stranger_is_answered_403() {
    for tls in [Tls::Only12, Tls::Only13] {
        let setup = Setup::new("h").proxy("a.example.test", &[""]).tls(tls).refusal(Refusal::With403);
        let site = Site::start(setup).await;
        let root = site.authority();
        for identity in [None, Some(Authority::new("h").client()), Some(root.client_within(Window::EXPIRED))] {
            let client = client(&site, root, identity.as_ref(), Tls::Both);
            assert_eq!(status_and_text(get(&client, &site, "/qps/session").await).await, (403, "Forbidden".into()));
        }
        assert_eq!(get(&trusted(&site), &site, "/qps/session").await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn only_the_versions_asked_for_are_spoken() {
    for (server, caller) in [(Tls::Only12, Tls::Only13), (Tls::Only13, Tls::Only12)] {
        let site = Site::start(Setup::new("h").proxy("a.example.test", &[""]).tls(server)).await;
        let client = client(&site, site.authority(), Some(&site.authority().client()), caller);
        let error = whole(&get(&client, &site, "/qps/session").await.unwrap_err());
        assert!(error.contains("ProtocolVersion"), "{error}");
    }
}

#[tokio::test]
async fn another_certificate_can_be_presented() {
    let site = Site::simple().await;
    let name = site.name(0);
    for (identity, expected) in [
        (site.authority().server_within(&name, Window::EXPIRED), "Expired"),
        (Authority::new("other").server(&name), "UnknownIssuer"),
        (site.authority().server("other.example.test"), "NotValidForName"),
    ] {
        site.present(0, &identity);
        let error = get(&trusted(&site), &site, "/qps/session").await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
    site.present(0, &site.authority().server(&name));
    assert_eq!(list(&site, "/qps/session").await, json!([]));
}

#[tokio::test]
async fn a_connection_is_kept_alive() {
    let site = Site::simple().await;
    let client = trusted(&site);
    for _ in 0..3 {
        get(&client, &site, "/qps/session").await.unwrap().bytes().await.unwrap();
    }
    assert_eq!((site.connections(0), site.requests_to(0)), (1, 3));
}

#[tokio::test]
async fn data_can_be_odd() {
    let site = Site::simple().await;
    let odd = Session::new("C\\\"", "å")
        .with_null_name()
        .with_attribute("Group", "a")
        .with_attribute("Group", "")
        .with_unknown("Started", json!(1));
    let bare = Session::new("CORP", "bo").without_attributes();
    let ids = [site.add(0, "", odd), site.add(0, "", bare)];
    assert_eq!(
        list(&site, "/qps/session").await,
        json!([
            {"UserDirectory": "C\\\"", "UserId": "å", "SessionId": ids[0].expose(), "UserName": null,
                "Attributes": [{"Group": "a"}, {"Group": ""}], "Started": 1},
            {"UserDirectory": "CORP", "UserId": "bo", "SessionId": ids[1].expose()},
        ])
    );
    site.spell(Spelling::Camel);
    let camel = list(&site, "/qps/session").await;
    assert_eq!(camel[1], json!({"userDirectory": "CORP", "userId": "bo", "sessionId": ids[1].expose()}));
    site.clear(0, "");
    site.populate(0, "", 2500);
    assert_eq!(list(&site, "/qps/session").await.as_array().unwrap().len(), 2500);
    site.restart_proxy(0);
    assert_eq!(list(&site, "/qps/session").await, json!([]));
    assert!(!format!("{:?}", Session::new("a", "b")).contains('-'), "a session id is not shown");
}

#[tokio::test]
async fn people_who_stay_keep_their_sessions() {
    let site = Site::simple().await;
    site.set_people(0, "", &[("CORP", "anna"), ("CORP", "bo")]);
    let before = list(&site, "/qps/session").await;
    site.set_people(0, "", &[("CORP", "cy"), ("CORP", "anna"), ("CORP", "anna")]);
    let after = list(&site, "/qps/session").await;
    assert_eq!(after[1], before[0]);
    assert_ne!(after[2]["SessionId"], before[0]["SessionId"]);
    assert_eq!(after.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_stopped_proxy_refuses_and_comes_back() {
    let site = Site::simple().await;
    site.connect(0, "", "CORP", "anna");
    let client = trusted(&site);
    get(&client, &site, "/qps/session").await.unwrap().bytes().await.unwrap();
    site.stop_proxy(0).await;
    let error = get(&client, &site, "/qps/session").await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ConnectionRefused), "{}", whole(&error));
    site.start_proxy(0).await;
    assert_eq!(list(&site, "/qps/session").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dropped_site_is_gone() {
    let site = Site::simple().await;
    let address = site.address(0);
    let open = tokio::net::TcpStream::connect(address).await.unwrap();
    drop(site);
    // The open connection ends with the task that held it.
    let mut open = open;
    let _ = open.read(&mut [0]).await;
    assert_eq!(tokio::net::TcpStream::connect(address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn faults_with_a_whole_answer() {
    let site = Site::simple().await;
    site.connect(0, "", "CORP", "anna");
    let client = trusted(&site);
    for (fault, status, content_type, body) in [
        (Fault::status(503), 503, "text/plain", "status 503"),
        (Fault::Status(401, "{}".into(), "application/json".into()), 401, "application/json", "{}"),
        (Fault::LoginPage, 200, "text/html; charset=utf-8", "<form"),
        (Fault::Redirect, 302, "text/html", "Object moved"),
        (Fault::HalfTheJson, 200, "application/json", "[{\"Attributes\""),
        (Fault::Null, 200, "application/json", "null"),
        (Fault::Object, 200, "application/json", "{\"value\":[]}"),
        (Fault::EmptyBody, 200, "application/json", ""),
        (Fault::Slow(Duration::from_millis(5)), 200, "application/json", "anna"),
    ] {
        site.fail(0, "", fault.clone());
        let response = get(&client, &site, "/qps/session").await.unwrap();
        assert_eq!(response.status(), status, "{fault:?}");
        assert_eq!(response.headers()["content-type"], content_type, "{fault:?}");
        assert_eq!(response.headers().contains_key("location"), matches!(fault, Fault::Redirect));
        let text = response.text().await.unwrap();
        assert!(text.contains(body) && (!text.is_empty() || body.is_empty()), "{fault:?}: {text}");
        if matches!(fault, Fault::HalfTheJson) {
            assert!(serde_json::from_str::<Value>(&text).is_err());
        }
    }
    site.heal(0, "");
    assert_eq!(list(&site, "/qps/session").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn faults_that_end_the_connection() {
    let site = Site::simple().await;
    site.connect(0, "", "CORP", "anna");
    let client = trusted(&site);

    site.fail(0, "", Fault::Reset);
    let error = get(&client, &site, "/qps/session").await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ConnectionReset), "{}", whole(&error));

    site.fail(0, "", Fault::CloseWithoutAnswer);
    let error = get(&client, &site, "/qps/session").await.unwrap_err();
    assert_ne!(kind(&error), Some(ErrorKind::ConnectionReset), "{}", whole(&error));

    site.fail(0, "", Fault::Truncated);
    let mut response = get(&client, &site, "/qps/session").await.unwrap();
    let declared = usize::try_from(response.content_length().unwrap()).unwrap();
    let half = response.chunk().await.unwrap().unwrap();
    assert_eq!(half.len(), declared / 2);
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn a_hang_lasts_until_the_caller_leaves() {
    let site = Site::simple().await;
    site.fail_proxy(0, Fault::Hang);
    let client = trusted(&site);
    let late = tokio::time::timeout(Duration::from_millis(40), get(&client, &site, "/qps/alive")).await;
    assert!(late.is_err(), "nothing may come");
}

#[tokio::test]
async fn too_large_is_beyond_any_limit() {
    const LIMIT: usize = 65 << 20;
    let site = Site::simple().await;
    for (fault, declared) in [(Fault::TooLarge, None), (Fault::TooLargeDeclared, Some(1 << 40))] {
        site.fail_all(fault);
        let mut response = get(&trusted(&site), &site, "/qps/session").await.unwrap();
        assert_eq!(response.content_length(), declared);
        let limit = if declared.is_some() { 1 << 20 } else { LIMIT };
        let mut read = 0;
        while read <= limit {
            read += response.chunk().await.unwrap().expect("there is always more").len();
        }
    }
}

#[tokio::test]
async fn the_nearest_fault_wins() {
    let site = Site::start(Setup::new("h").proxy("a.example.test", &["", "hr"])).await;
    let client = trusted(&site);
    let status = async |path: &str| get(&client, &site, path).await.unwrap().status().as_u16();
    site.fail_all(Fault::status(500));
    site.fail_proxy(0, Fault::status(501));
    site.fail(0, "hr", Fault::status(502));
    site.fail_once(0, "hr", Fault::status(503));
    assert_eq!((status("/qps/hr/session").await, status("/qps/hr/session").await), (503, 502));
    assert_eq!(status("/qps/session").await, 501);
    site.heal(0, "hr");
    assert_eq!(status("/qps/hr/session").await, 501);
    site.heal_all();
    assert_eq!(status("/qps/hr/session").await, 200);
}
