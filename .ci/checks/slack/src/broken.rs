//! Messages with one thing wrong each: a check that takes any of them is no check.

use serde_json::{Value, json};

/// So many are wrong.
pub const CASES: usize = 31;

/// Those that are taken, or refused for another reason than their own; and what is right, should it be refused.
pub fn untold() -> Vec<String> {
    let right = super::judge(&message(&[rich("anna"), json!({"type": "divider"}), table(2, 2), chart(2, 2)]));
    let mut told: Vec<String> = right.err().map(|why| format!("refused what is right: {why}")).into_iter().collect();
    let cases = cases();
    assert_eq!(cases.len(), CASES);
    for (message, why) in cases {
        match super::judge(&message) {
            Ok(()) => told.push(format!("took: {why}")),
            Err(error) if !error.contains(why) => told.push(format!("refused, but for `{error}` rather than {why}")),
            Err(_) => {}
        }
    }
    told
}

fn cases() -> Vec<(Value, &'static str)> {
    let run = |run: Value| json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [run]}]});
    let plain = |text: &str| json!({"type": "plain_text", "emoji": false, "text": text});
    let header = |text: Value| json!({"type": "header", "text": text});
    let with = |key: &str, value: Value| {
        let mut message = message(&[rich("x")]);
        message[key] = value;
        message
    };
    let colour = |colour: &str| json!([{"color": colour, "blocks": [rich("x")]}]);
    vec![
        // Those of slackblocks.
        (message(&vec![json!({"type": "divider"}); 51]), "slackblocks"),
        (message(&[header(plain(&"x".repeat(151)))]), "slackblocks"),
        (message(&[header(json!({"type": "mrkdwn", "text": "x"}))]), "slackblocks"),
        (message(&[json!({"type": "section", "text": plain("")})]), "slackblocks"),
        (message(&[json!({"type": "section", "text": plain(&"x".repeat(3001))})]), "slackblocks"),
        (message(&[json!({"type": "context", "elements": vec![plain("x"); 11]})]), "slackblocks"),
        (message(&[json!({"type": "confetti"})]), "slackblocks"),
        (message(&[table(101, 2)]), "slackblocks"),
        (message(&[chart(21, 1)]), "slackblocks"),
        (message(&[chart(2, 1), chart(2, 1), chart(2, 1)]), "slackblocks"),
        // Those of the stricter list.
        (message(&[chart(2, 7)]), "7 series"),
        (message(&[ragged()]), "a row of 3 cells"),
        (message(&[json!({"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]})]), "is empty"),
        (message(&[table(2, 2), table(2, 2)]), "2 tables"),
        (message(&vec![rich(&"x".repeat(2500)); 5]), "characters in all blocks"),
        (message(&[rich(&"x".repeat(3001))]), "3001"),
        (message(&[run(json!({"type": "user", "user_id": "U012AB3CD"}))]), "a run of type `user`"),
        (message(&[run(json!({"type": "broadcast", "range": "here"}))]), "RichTextSectionElement"),
        (message(&[run(json!({"type": "emoji", "name": "tada"}))]), "a run of type `emoji`"),
        (message(&[run(json!({"type": "link", "text": "x", "url": "javascript:alert(1)"}))]), "is no page"),
        (message(&[header(json!({"type": "plain_text", "text": "x"}))]), "become emoji"),
        (message(&[json!({"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}})]), "markup"),
        (message(&[json!({"type": "section", "text": {"type": "mrkdwn", "text": "CORP\\anna"}})]), "markup"),
        (message(&[json!({"type": "divider", "block_id": "a"}), json!({"type": "divider", "block_id": "a"})]), "twice"),
        (with("text", json!("<!channel>")), "not escaped"),
        (with("text", json!("x".repeat(4001))), "4001"),
        (with("text", json!("")), "is empty"),
        (with("unfurl_links", json!(true)), "unfurl_links"),
        (with("mrkdwn", json!(true)), "mrkdwn"),
        (with("link_names", json!(true)), "link_names"),
        (with("attachments", colour("#12345")), "attachments[0].color"),
    ]
}

fn message(blocks: &[Value]) -> Value {
    json!({"text": "x", "blocks": blocks, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false})
}

fn rich(text: &str) -> Value {
    let run = json!({"type": "text", "text": text});
    json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [run]}]})
}

fn table(rows: usize, cells: usize) -> Value {
    json!({"type": "table", "rows": vec![vec![rich("x"); cells]; rows]})
}

fn ragged() -> Value {
    json!({"type": "table", "rows": [vec![rich("x"); 2], vec![rich("x"); 3]]})
}

fn chart(points: usize, series: usize) -> Value {
    let categories: Vec<_> = (0..points).map(|n| n.to_string()).collect();
    let data: Vec<_> = categories.iter().map(|label| json!({"label": label, "value": 1})).collect();
    let series: Vec<_> = (0..series).map(|n| json!({"name": n.to_string(), "data": data})).collect();
    json!({"type": "data_visualization", "title": "x",
        "chart": {"type": "line", "axis_config": {"categories": categories}, "series": series}})
}
