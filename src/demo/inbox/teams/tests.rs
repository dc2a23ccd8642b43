//! What Teams takes and refuses, limit by limit.

use serde_json::json;

use super::*;

fn message(body: impl Into<Value>) -> Value {
    let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": body.into()});
    wrapped(card)
}

fn wrapped(card: impl Into<Value>) -> Value {
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": card.into()}]})
}

fn text(text: &str) -> Value {
    json!({"type": "TextBlock", "text": text, "wrap": true, "size": "Medium", "style": "heading"})
}

fn rich(text: &str) -> Value {
    json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "weight": "bolder"}]})
}

fn table(columns: usize, cells: usize) -> Value {
    let cell = json!({"type": "TableCell", "items": [rich("a")]});
    let row = json!({"type": "TableRow", "cells": vec![cell; cells]});
    json!({"type": "Table", "columns": vec![json!({"width": 1}); columns], "rows": [row]})
}

fn line(color: &Value, y: &Value) -> Value {
    let data = json!([{"legend": "a", "color": color, "values": [{"x": "08:00", "y": y}]}]);
    json!({"type": "Chart.Line", "title": "t", "data": data, "fallback": text("a")})
}

#[test]
fn what_teams_takes() {
    for taken in [
        text("a"),
        rich("a"),
        table(2, 2),
        json!({"type": "FactSet", "facts": [{"title": "a", "value": "b"}]}),
        json!({"type": "Container", "style": "attention", "bleed": true, "items": [text("a")]}),
        json!({"type": "ColumnSet", "columns": [{"type": "Column", "width": "auto", "items": [text("a")]}, {"width": 2}]}),
        json!({"type": "Image", "url": "https://a.test/x.png", "altText": "a"}),
        json!({"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "title": "a", "url": "https://a.test"}]}),
        line(&json!("good"), &json!(1.5)),
        json!({"type": "Chart.VerticalBar", "data": [{"x": "a", "y": 1}], "fallback": text("a")}),
        json!({"type": "Badge", "text": "a", "fallback": "drop"}),
    ] {
        assert_eq!(check(&message(json!([taken]))), Ok(()), "{taken}");
    }
    let full = json!({"type": "AdaptiveCard", "version": "1.5", "$schema": "http://a", "fallbackText": "a", "lang": "en", "speak": "a",
        "msteams": {"width": "full", "entities": [{"type": "mention", "text": "<at>A</at>", "mentioned": {"id": "1", "name": "A"}}]},
        "actions": [{"type": "Action.OpenUrl", "title": "a", "url": "https://a.test"}]});
    assert_eq!(check(&wrapped(full)), Ok(()));
}

#[test]
fn what_teams_refuses_of_a_card() {
    for (refused, why) in [
        (json!({"type": "TextBlock"}), "`text` is missing"),
        (json!({"type": "TextBlock", "text": 1}), "not a string"),
        (json!({"type": "TextBlock", "text": "a", "colour": "good"}), "`colour` is not known"),
        (json!({"type": "TextBlock", "text": "a", "color": "red"}), "`red` is none of"),
        (json!({"type": "RichTextBlock", "inlines": [{"type": "TextBlock", "text": "a"}]}), "`TextBlock` is none"),
        (json!({"type": "RichTextBlock", "inlines": []}), "0 elements"),
        (json!({"type": "FactSet", "facts": [{"title": "a"}]}), "`value` is missing"),
        (json!({"type": "Container"}), "`items` is missing"),
        (table(2, 3), "3 cells under 2 columns"),
        (json!({"type": "Table", "columns": [{}], "rows": [], "firstRowAsHeaders": true}), "`firstRowAsHeaders`"),
        (json!({"type": "Image", "url": "data:image/png;base64,AA"}), "not a web address"),
        (json!({"type": "Media"}), "type `Media` is not known"),
        (json!({"type": "Chart.Line", "data": []}), "`fallback` is missing"),
        (json!({"type": "Chart.Line", "data": [], "fallback": text("a")}), "0 elements"),
        (line(&json!("#ff0000"), &json!(1)), "not the name of a colour"),
        (line(&json!("good"), &json!(null)), "not a number"),
        (json!({"type": "Badge", "fallback": {"type": "Badge"}}), "`fallback` is missing"),
        (json!({"type": "ActionSet", "actions": [{"type": "Action.Submit"}]}), "does not work over a webhook"),
        (json!({"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "url": "qmc"}]}), "not a web address"),
        (json!({"text": "a"}), "`type` is missing"),
    ] {
        let (code, found) = check(&message(json!([refused]))).unwrap_err();
        assert!(code == "InvalidBotAdaptiveCard" && found.contains(why), "{why}: {found}");
    }
    for (card, why) in [
        (json!({"type": "AdaptiveCard", "version": "1.6", "body": [text("a")]}), "`1.6` is none"),
        (json!({"type": "AdaptiveCard", "body": [text("a")]}), "`version` is missing"),
        (json!({"type": "AdaptiveCard", "version": "1.5", "body": []}), "neither body"),
        (
            json!({"type": "AdaptiveCard", "version": "1.5", "body": [text("a")], "msteams": {"width": "Full"}}),
            "`Full`",
        ),
    ] {
        let (_, found) = check(&wrapped(card)).unwrap_err();
        assert!(found.contains(why), "{why}: {found}");
    }
}

#[test]
fn what_teams_refuses_of_an_envelope() {
    let right = message(json!([text("a")]));
    let with = |path: &str, value: Value| {
        let mut wrong = right.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        wrong
    };
    for (refused, why) in [
        (json!({"text": "a"}), "`text` is not known"),
        (with("/type", json!("MessageCard")), "`MessageCard` is none"),
        (with("/attachments", json!([])), "0 elements"),
        (with("/attachments/0/contentType", json!("application/json")), "is none"),
        (with("/attachments/0/contentUrl", json!("")), "not null"),
    ] {
        let (code, found) = check(&refused).unwrap_err();
        assert!(code == "TriggerInputSchemaMismatch" && found.contains(why), "{why}: {found}");
    }
}

#[test]
fn a_card_is_measured_escaped() {
    let json = r#"{"a":"\\n"}"#;
    assert_eq!(escaped(json), Value::String(json.to_owned()).to_string().len());
    assert_eq!(escaped("å😀"), 2 + 6 + 12);
    let overhead = escaped(&message(json!([text("")]))["attachments"][0]["content"].to_string());
    let most = LARGEST - overhead;
    assert_eq!(check(&message(json!([text(&"x".repeat(most))]))), Ok(()));
    assert_eq!(check(&message(json!([text(&"x".repeat(most + 1))]))).unwrap_err().0, "MessageSizeExceeded");
    assert_eq!(check(&message(json!([text(&"å".repeat(most / 6 + 1))]))).unwrap_err().0, "MessageSizeExceeded");
}
