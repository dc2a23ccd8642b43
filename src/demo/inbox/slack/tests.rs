//! What Slack takes and refuses, limit by limit.

use serde_json::json;

use super::*;

fn blocks(blocks: &[Value]) -> Result<(), Refusal> {
    check(&json!({"text": "fallback", "blocks": blocks}))
}

fn plain(length: usize) -> Value {
    json!({"type": "plain_text", "text": "x".repeat(length), "emoji": false})
}

fn mrkdwn(length: usize) -> Value {
    json!({"type": "mrkdwn", "text": "x".repeat(length)})
}

fn raw(text: &str) -> Value {
    json!({"type": "raw_text", "text": text})
}

fn rich(text: &str) -> Value {
    json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}]})
}

fn line(series: usize, points: usize) -> Value {
    let labels: Vec<_> = (0..points).map(|point| point.to_string()).collect();
    let data: Vec<_> = labels.iter().map(|label| json!({"label": label, "value": 1.5})).collect();
    let series: Vec<_> = (0..series).map(|name| json!({"name": name.to_string(), "data": data})).collect();
    let chart = json!({"type": "line", "series": series, "axis_config": {"categories": labels, "x_label": "hour"}});
    json!({"type": "data_visualization", "title": "Users", "chart": chart})
}

fn rows(rows: usize, cells: usize) -> Value {
    vec![vec![raw("a"); cells]; rows].into()
}

#[test]
fn what_slack_takes() {
    let button = json!({"type": "button", "text": plain(75), "url": "https://a.test", "style": "danger"});
    for taken in [
        json!({"type": "header", "text": plain(150), "block_id": "a"}),
        json!({"type": "section", "text": mrkdwn(3000), "fields": vec![mrkdwn(20); 10], "accessory": button}),
        json!({"type": "section", "fields": [mrkdwn(2000)]}),
        json!({"type": "context", "elements": vec![plain(1); 10]}),
        json!({"type": "actions", "elements": vec![button; 25]}),
        json!({"type": "divider"}),
        json!({"type": "image", "image_url": "https://a.test/x.png", "alt_text": "a chart"}),
        json!({"type": "markdown", "text": "x".repeat(12_000)}),
        json!({"type": "table", "rows": rows(100, 20), "column_settings": [null, {"align": "right", "is_wrapped": true}]}),
        json!({"type": "table", "rows": [[raw("a")], [rich("b")]]}),
        json!({"type": "data_table", "caption": "c", "rows": [[raw("a")], [{"type": "raw_number", "value": 1}], [rich("b")]]}),
        json!({"type": "data_table", "caption": "c", "rows": rows(101, 20), "page_size": 100}),
        line(6, 20),
        json!({"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]}}),
        json!({"type": "rich_text", "elements": [
            {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [{"type": "rich_text_section", "elements": [
                {"type": "text", "text": "a", "style": {"bold": true}}, {"type": "emoji", "name": "wave"},
                {"type": "link", "url": "https://a.test", "text": "b"}]}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a"}]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a"}]}]}),
    ] {
        assert_eq!(blocks(std::slice::from_ref(&taken)), Ok(()), "{taken}");
    }
    assert_eq!(check(&json!({"text": "x"})), Ok(()));
    assert_eq!(check(&json!({"blocks": [rich("a")]})), Ok(()));
    assert_eq!(check(&json!({"attachments": [{"color": "danger", "blocks": [rich("a")]}]})), Ok(()));
    assert_eq!(blocks(&vec![json!({"type": "divider"}); 50]), Ok(()));
}

#[test]
fn what_slack_refuses_of_blocks() {
    for (refused, why) in [
        (json!({"type": "header", "text": plain(151)}), "151 characters"),
        (json!({"type": "header", "text": mrkdwn(1)}), "`mrkdwn` is none of"),
        (json!({"type": "header", "text": plain(0)}), "is empty"),
        (json!({"type": "header", "text": plain(1), "block_id": "x".repeat(256)}), "256 characters"),
        (json!({"type": "header", "text": plain(1), "colour": "red"}), "`colour` is not known"),
        (json!({"type": "section"}), "neither"),
        (json!({"type": "section", "text": mrkdwn(0)}), "is empty"),
        (json!({"type": "section", "text": mrkdwn(3001)}), "3001 characters"),
        (json!({"type": "section", "text": "x"}), "not an object"),
        (json!({"type": "section", "fields": vec![mrkdwn(1); 11]}), "11 elements"),
        (json!({"type": "section", "fields": [mrkdwn(2001)]}), "2001 characters"),
        (json!({"type": "context", "elements": vec![plain(1); 11]}), "11 elements"),
        (json!({"type": "context", "elements": []}), "0 elements"),
        (json!({"type": "actions", "elements": [{"type": "button", "text": plain(76)}]}), "76 characters"),
        (json!({"type": "actions", "elements": [{"type": "button", "text": mrkdwn(1)}]}), "`mrkdwn`"),
        (json!({"type": "actions", "elements": [{"type": "button", "text": plain(1), "url": "qmc"}]}), "web address"),
        (json!({"type": "actions", "elements": vec![json!({"type": "button", "text": plain(1)}); 26]}), "26 elements"),
        (json!({"type": "image", "image_url": "https://a.test/x.png"}), "`alt_text` is missing"),
        (json!({"type": "image", "alt_text": "a"}), "neither or both"),
        (json!({"type": "markdown", "text": "x".repeat(12_001)}), "12001 characters"),
        (json!({"type": "table", "rows": rows(101, 1)}), "101 elements"),
        (json!({"type": "table", "rows": rows(1, 21)}), "21 elements"),
        (json!({"type": "table", "rows": [[raw("a")], [raw("a"), raw("b")]]}), "different lengths"),
        (json!({"type": "table", "rows": [[raw("")]]}), "is empty"),
        (json!({"type": "data_table", "rows": rows(2, 1)}), "`caption` is missing"),
        (json!({"type": "data_table", "caption": "c", "rows": rows(1, 1)}), "1 elements"),
        (json!({"type": "data_table", "caption": "c", "rows": rows(102, 1)}), "102 elements"),
        (json!({"type": "data_table", "caption": "c", "rows": [[rich("a")], [raw("a")]]}), "`rich_text` is none"),
        (json!({"type": "data_table", "caption": "c", "rows": rows(2, 1), "page_size": 101}), "1 to 100"),
        (
            json!({"type": "data_table", "caption": "c", "rows": [[raw("a")], [raw(&"x".repeat(20_000))]]}),
            "20001 characters",
        ),
        (line(7, 1), "7 elements"),
        (line(1, 21), "21 elements"),
        (json!({"type": "data_visualization", "title": "x".repeat(51), "chart": line(1, 1)["chart"]}), "51 characters"),
        (
            json!({"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": [{"label": "a", "value": 0}]}}),
            "above 0",
        ),
        (json!({"type": "rich_text", "elements": [{"type": "text", "text": "a"}]}), "type `text` is not known"),
        (json!({"type": "rich_text", "elements": []}), "0 elements"),
        (rich(""), "is empty"),
        (json!({"type": "marquee"}), "type `marquee` is not known"),
        (json!({"text": "a"}), "`type` is missing"),
    ] {
        let (code, found) = blocks(std::slice::from_ref(&refused)).unwrap_err();
        assert_eq!(code, "invalid_blocks");
        assert!(found.contains(why), "{why}: {found}");
    }
}

#[test]
fn what_slack_refuses_of_a_message() {
    let with = |blocks: Vec<Value>| json!({"text": "t", "blocks": blocks});
    for (refused, code, why) in [
        (json!([]), "invalid_payload", "not an object"),
        (json!({"text": 1}), "invalid_payload", "not a string"),
        (json!({}), "no_text", "neither"),
        (json!({"text": ""}), "no_text", "neither"),
        (json!({"blocks": []}), "no_text", "neither"),
        (json!({"text": "t", "blocks": {}}), "invalid_blocks", "not an array"),
        (json!({"text": "t", "attachments": vec![json!({}); 101]}), "invalid_attachments", "101"),
        (json!({"attachments": [{"color": "red", "blocks": [rich("a")]}]}), "invalid_attachments", "`red` is none"),
        (json!({"attachments": [{"colour": "#ffffff", "blocks": [rich("a")]}]}), "invalid_attachments", "`colour`"),
        (with(vec![json!({"type": "divider"}); 51]), "invalid_blocks", "51 elements"),
        (with(vec![json!({"type": "divider", "block_id": "a"}); 2]), "invalid_blocks", "used twice"),
        (
            with(vec![json!({"type": "section", "text": mrkdwn(2500)}); 5]),
            "invalid_blocks",
            "12500 characters in blocks",
        ),
        (with(vec![json!({"type": "markdown", "text": "x".repeat(6001)}); 2]), "invalid_blocks", "in markdown"),
        (with(vec![line(1, 1); 3]), "invalid_blocks", "3 data_visualization"),
        (with(vec![json!({"type": "table", "rows": rows(1, 1)}); 2]), "invalid_blocks", "2 table"),
    ] {
        let found = check(&refused).unwrap_err();
        assert!(found.0 == code && found.1.contains(why), "{code} {why}: {found:?}");
    }
}
