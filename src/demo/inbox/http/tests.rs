//! The webhooks, seen by an ordinary client over real sockets.

use reqwest::{Client, RequestBuilder};

use super::*;

fn post(url: String) -> RequestBuilder {
    // No connection is trusted here, yet reqwest wants a way to trust.
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap();
    client.post(url).header("Content-Type", "application/json; charset=utf-8")
}

async fn told(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

const TEXT: &str = r#"{"text":"hej å"}"#;

#[tokio::test]
async fn messages_are_kept_in_order() {
    let inbox = HttpInbox::start().await;
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "å"}]});
    let kind = "application/vnd.microsoft.card.adaptive";
    let card = json!({"type": "message", "attachments": [{"contentType": kind, "content": card}]}).to_string();
    assert_eq!(told(post(inbox.slack("ops")).body(TEXT)).await, (200, "ok".into()));
    assert_eq!(told(post(inbox.teams("managers")).body(card.clone())).await, (202, String::new()));
    assert_eq!(told(post(inbox.url(Kind::Webhook, "audit")).body("[1]")).await, (204, String::new()));
    assert_eq!(told(post(inbox.url(Kind::Ping, "dead-man")).body("fine")).await, (200, "OK".into()));
    inbox.arrived(4).await;
    let received = inbox.received();
    let names: Vec<_> = received.iter().map(|one| (one.number, one.kind, one.name.as_str())).collect();
    assert_eq!(
        names,
        [
            (1, Kind::Slack, "ops"),
            (2, Kind::Teams, "managers"),
            (3, Kind::Webhook, "audit"),
            (4, Kind::Ping, "dead-man")
        ]
    );
    assert!(received[1].target.contains("sig=a-secret-signature"));
    assert_eq!(received[0].raw, TEXT.as_bytes());
    assert_eq!(inbox.received_by("ops")[0].body["text"], "hej å");
    assert_eq!(inbox.refused(), [""; 0]);
    assert_eq!(inbox.connections(), 4);
}

#[tokio::test]
async fn refusals_have_the_vendors_words() {
    let inbox = HttpInbox::start().await;
    let slack = || post(inbox.slack("ops"));
    assert_eq!(told(slack().body("{")).await, (400, "invalid_payload".into()));
    assert_eq!(told(slack().body("{}")).await, (400, "no_text".into()));
    assert_eq!(told(slack().body(r#"{"blocks":[{"type":"x"}]}"#)).await, (400, "invalid_blocks".into()));
    let teams = told(post(inbox.teams("managers")).body(r#"{"text":"x"}"#)).await;
    assert_eq!(teams.0, 400);
    let error: Value = serde_json::from_str(&teams.1).unwrap();
    assert_eq!(error["error"]["code"], "TriggerInputSchemaMismatch");
    let client = post(String::from("http://localhost")).build_split().0;
    assert_eq!(told(client.get(inbox.slack("ops"))).await.0, 405);
    assert_eq!(told(client.post(inbox.slack("ops")).body(TEXT)).await, (400, "invalid_payload".into()));
    let bare = client.post(inbox.teams("ops")).header("Content-Type", "application/json").body(TEXT);
    assert!(told(bare).await.1.contains("charset=utf-8"));
    assert_eq!(told(client.post(format!("http://{}/elsewhere", inbox.address()))).await.0, 404);
    assert_eq!(inbox.received().len(), 0);
    assert_eq!(inbox.refused().len(), 8);
    assert!(inbox.refused()[1].starts_with("/slack/ops: no_text: "), "{:?}", inbox.refused());
}

#[tokio::test]
async fn faults_are_met_in_turn() {
    let inbox = HttpInbox::start().await;
    let send = || post(inbox.slack("ops")).body(TEXT).send();
    inbox.next("ops", Fault::rate_limited(30));
    inbox.next("ops", Fault::CutBeforeTaking);
    inbox.next("ops", Fault::CutAfterTaking);
    inbox.next("ops", Fault::SlowAnswer(Duration::from_millis(5)));
    inbox.always("ops", Some(Fault::status(503, "rollup_error")));

    let limited = send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "30"));
    assert_eq!(inbox.received().len(), 0);
    assert!(send().await.is_err());
    assert_eq!(inbox.received().len(), 0);
    assert!(send().await.is_err());
    assert_eq!(inbox.received().len(), 1, "taken, and not answered");
    assert_eq!(send().await.unwrap().status(), 200);
    for _ in 0..2 {
        assert_eq!(told(post(inbox.slack("ops")).body(TEXT)).await, (503, "rollup_error".into()));
    }
    assert_eq!(told(post(inbox.slack("other")).body(TEXT)).await.0, 200);
    inbox.always("ops", None);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!((inbox.received_by("ops").len(), inbox.attempts("ops")), (3, 7));

    inbox.next("ops", Fault::Hang);
    assert!(tokio::time::timeout(Duration::from_millis(30), send()).await.is_err());
    assert_eq!(inbox.received_by("ops").len(), 3, "a hang takes nothing");
    assert_eq!(inbox.refused(), [""; 0]);
}

#[tokio::test]
async fn an_inbox_ends_with_its_last_handle() {
    let inbox = HttpInbox::start().await;
    let (url, other) = (inbox.slack("ops"), inbox.clone());
    drop(inbox);
    assert_eq!(told(post(url.clone()).body(TEXT)).await.0, 200);
    drop(other);
    tokio::task::yield_now().await;
    assert!(post(url).body(TEXT).send().await.unwrap_err().is_connect());
}
