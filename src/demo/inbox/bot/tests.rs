//! The Web API, called as an ordinary client would.

use super::*;

fn called(workspace: &mut Workspace, method: &str, token: &str, body: &Value) -> String {
    let headers = BTreeMap::from([
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/json; charset=utf-8".to_owned()),
    ]);
    let (answer, why) = workspace.call(method, &headers, body.to_string().as_bytes());
    assert_eq!(answer["ok"] == true, why.is_none());
    match answer["error"].as_str() {
        Some(word) => word.to_owned(),
        None => format!("{}/{}", answer["channel"].as_str().unwrap_or("-"), answer["ts"].as_str().unwrap_or("-")),
    }
}

#[test]
fn a_message_is_posted_answered_and_edited() {
    let mut workspace = Workspace::new("xoxb-1");
    let mut post = |method: &str, body: Value| called(&mut workspace, method, "xoxb-1", &body);
    let box_of = |color: &str| json!([{"color": color, "blocks": [{"type": "divider"}]}]);
    let blocks = json!([{"type": "divider"}]);
    let opening = json!({"channel": "#ops", "text": "a", "blocks": blocks, "attachments": box_of("#c62828")});
    let ts = "1772434800.000001";
    assert_eq!(post("chat.postMessage", opening), format!("C00000OPS/{ts}"));
    let reply = json!({"channel": "C00000OPS", "text": "b", "thread_ts": ts, "reply_broadcast": true});
    assert_eq!(post("chat.postMessage", reply), "C00000OPS/1772434800.000002");
    let edit =
        |ts: &str, channel: &str| json!({"channel": channel, "ts": ts, "text": "c", "attachments": box_of("#2e7d32")});
    assert_eq!(post("chat.update", edit(ts, "C00000OPS")), format!("C00000OPS/{ts}"));
    for (body, word) in [
        (edit("1772434800.000009", "C00000OPS"), "message_not_found"),
        (edit(ts, "#ops"), "channel_not_found"),
        (json!({"channel": "C00000OPS", "ts": ts}), "no_text"),
    ] {
        assert_eq!(post("chat.update", body), word);
    }
    let posts = workspace.posts();
    assert_eq!(posts.len(), 2);
    assert!(posts[0].edited && posts[0].thread.is_none() && posts[1].broadcast);
    assert_eq!(posts[0].message, json!({"text": "c", "blocks": blocks, "attachments": box_of("#2e7d32")}));
    assert_eq!(posts[1].thread.as_deref(), Some(ts));
}

#[test]
fn what_slack_refuses_is_refused_in_its_words() {
    let fresh = || Workspace::new("xoxb-1");
    let text = |channel: &str| json!({"channel": channel, "text": "a"});
    for (body, word) in [
        (text("#nowhere"), "channel_not_found"),
        (text("#board"), "channel_not_found"),
        (json!({"text": "a"}), "invalid_arguments"),
        (json!({"channel": "#ops", "text": "a", "username": "x"}), "invalid_arguments"),
        (json!({"channel": "#ops", "text": "a", "reply_broadcast": true}), "invalid_arguments"),
        (json!({"channel": "#ops", "text": "a", "thread_ts": "1.2"}), "thread_not_found"),
        (json!({"channel": "#ops"}), "no_text"),
        (json!({"channel": "#ops", "text": "a", "blocks": [{"type": "confetti"}]}), "invalid_blocks"),
        (json!([]), "json_not_object"),
    ] {
        assert_eq!(called(&mut fresh(), "chat.postMessage", "xoxb-1", &body), word, "{body}");
    }
    let with = |change: fn(&mut Workspace), token: &str| {
        let mut workspace = fresh();
        change(&mut workspace);
        called(&mut workspace, "chat.postMessage", token, &text("#ops"))
    };
    assert_eq!(with(|_| {}, "xoxb-2"), "invalid_auth");
    assert_eq!(with(|_| {}, ""), "not_authed");
    assert_eq!(with(|space| space.refused = Some("token_revoked"), "xoxb-1"), "token_revoked");
    assert_eq!(with(|space| space.scopes = vec!["chat:write"], "xoxb-1"), "not_in_channel");
    assert_eq!(with(|space| space.scopes = vec!["chat:write.public"], "xoxb-1"), "missing_scope");
    assert_eq!(with(|space| space.channels[0].archived = true, "xoxb-1"), "is_archived");
    assert_eq!(called(&mut fresh(), "chat.rumour", "xoxb-1", &text("#ops")), "unknown_method");
    assert_eq!(called(&mut fresh(), "auth.test", "xoxb-1", &json!({})), "-/-");
    let plain = BTreeMap::from([("authorization".to_owned(), "Bearer xoxb-1".to_owned())]);
    assert_eq!(fresh().call("chat.postMessage", &plain, b"{}").0["error"], "invalid_form_data");
}
