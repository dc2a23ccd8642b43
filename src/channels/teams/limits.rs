//! What Teams takes: <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format>, and the
//! elements of <https://adaptivecards.io/schemas/1.5.0/adaptive-card.json> that work over a webhook.

use serde_json::Value;

use crate::channels::Used;

/// Teams refuses 28 672 bytes, measured on the card escaped as a JSON string; a little room is left for what it adds.
const BYTES: usize = 27_000;

/// Charts, which Teams draws and the schema does not know: each carries what other clients show in its place.
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards>.
const CHARTS: [&str; 3] = ["Chart.Line", "Chart.VerticalBar", "Chart.VerticalBar.Grouped"];

const ELEMENTS: [&str; 12] = [
    "TextBlock",
    "RichTextBlock",
    "Container",
    "ColumnSet",
    "Column",
    "FactSet",
    "Table",
    "TableRow",
    "TableCell",
    "TextRun",
    "ActionSet",
    "Action.OpenUrl",
];

/// Whether Teams takes this message; if so, how many bytes it has room for beside its own. Elements that are not known here are refused, and so are mentions.
pub(in crate::channels) fn check(message: &Value) -> Result<usize, String> {
    if message["type"] != "message" {
        return Err("`type` is not `message`".to_owned());
    }
    let Some([attachment]) = message["attachments"].as_array().map(Vec::as_slice) else {
        return Err("`attachments` is not one card".to_owned());
    };
    if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" {
        return Err("`contentType` is not that of an adaptive card".to_owned());
    }
    let card = &attachment["content"];
    if card["type"] != "AdaptiveCard" || card["version"] != "1.5" {
        return Err("`content` is no AdaptiveCard of version 1.5".to_owned());
    }
    if card.pointer("/msteams/entities").is_some() {
        return Err("`msteams.entities` mentions somebody".to_owned());
    }
    if card["body"].as_array().is_none_or(Vec::is_empty) {
        return Err("`body` is empty".to_owned());
    }
    check_elements(&card["body"])?;
    check_elements(&card["actions"])?;
    let length = escaped_length(&card.to_string());
    if length > BYTES {
        return Err(format!("the card has {length} bytes, more than {BYTES}"));
    }
    Ok(BYTES - length)
}

/// What a message uses of the one limit of its size.
pub(in crate::channels) fn used(message: &Value) -> Vec<Used> {
    let card = &message["attachments"][0]["content"];
    vec![Used::new("bytes of card", escaped_length(&card.to_string()), BYTES)]
}

fn check_elements(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(check_elements),
        Value::Object(fields) => {
            if let Some(kind) = fields.get("type").and_then(Value::as_str) {
                check_element(kind, value)?;
            }
            fields.values().try_for_each(check_elements)
        }
        Value::String(text) if text.contains("<at>") => Err("`<at>` mentions somebody".to_owned()),
        _ => Ok(()),
    }
}

fn check_element(kind: &str, element: &Value) -> Result<(), String> {
    if CHARTS.contains(&kind) {
        return check_chart(kind, element);
    }
    if !ELEMENTS.contains(&kind) {
        return Err(format!("no element of type `{kind}` is known"));
    }
    let needs = match kind {
        "TextBlock" | "TextRun" => "text",
        "RichTextBlock" => "inlines",
        "Container" | "TableCell" => "items",
        "FactSet" => "facts",
        "Table" => return check_table(element),
        "TableRow" => "cells",
        "ActionSet" => "actions",
        "Action.OpenUrl" => "url",
        _ => return Ok(()),
    };
    let empty = match &element[needs] {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if empty {
        return Err(format!("`{kind}` has no `{needs}`"));
    }
    let url = element["url"].as_str().unwrap_or_default();
    if kind == "Action.OpenUrl" && !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err("`url` is no http or https address".to_owned());
    }
    Ok(())
}

/// Every row has a cell under each column.
fn check_table(table: &Value) -> Result<(), String> {
    let columns = table["columns"].as_array().map_or(0, Vec::len);
    let rows = table["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return Err("`Table` has no `rows`".to_owned());
    }
    match rows.iter().find(|row| row["cells"].as_array().map_or(0, Vec::len) != columns) {
        Some(_) => Err(format!("a row of a `Table` has not one cell under each of its {columns} columns")),
        None => Ok(()),
    }
}

fn check_chart(kind: &str, chart: &Value) -> Result<(), String> {
    if chart["fallback"]["type"] != "RichTextBlock" {
        return Err(format!("`{kind}` has no text as its `fallback`"));
    }
    let point = |point: &Value| point["x"].is_string() && point["y"].is_number();
    let line = |line: &Value| {
        line["legend"].is_string() && line["values"].as_array().is_some_and(|values| values.iter().all(point))
    };
    let data = chart["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fine = if kind == "Chart.VerticalBar" { data.iter().all(point) } else { data.iter().all(line) };
    if fine && !data.is_empty() { Ok(()) } else { Err(format!("`{kind}` has no proper `data`")) }
}

/// How long a text is as a JSON string within JSON, with what is not ASCII as `\uXXXX`: the larger of the ways to count.
pub(super) fn escaped_length(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            ' '..='~' => 1,
            c => 6 * c.len_utf16(),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(body: &Value) -> String {
        let card = json!({"type": "AdaptiveCard", "version": "1.5", "body": body});
        let message = json!({"type": "message", "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card},
        ]});
        check(&message).map_or_else(|what| what, |_| "taken".to_owned())
    }

    #[test]
    fn limits_are_kept() {
        let run = |text: &str| json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]});
        let chart = |y: Value| {
            let data = json!([{"legend": "a", "values": [{"x": "1", "y": y}]}]);
            json!({"type": "Chart.Line", "data": data, "fallback": run("x")})
        };
        for (body, answer) in [
            (json!([run("x")]), "taken"),
            (json!([]), "`body` is empty"),
            (json!([run("")]), "`TextRun` has no `text`"),
            (json!([run("<at>all</at>")]), "`<at>` mentions somebody"),
            (json!([{"type": "Confetti"}]), "no element of type `Confetti` is known"),
            (json!([{"type": "Input.Text", "id": "x"}]), "no element of type `Input.Text` is known"),
            (json!([{"type": "Table", "rows": []}]), "`Table` has no `rows`"),
            (
                json!([{"type": "Table", "columns": [{}, {}], "rows": [{"type": "TableRow", "cells": [{"type": "TableCell", "items": [run("x")]}]}]}]),
                "a row of a `Table` has not one cell under each of its 2 columns",
            ),
            (json!([chart(json!(1.5))]), "taken"),
            (json!([chart(json!(null))]), "`Chart.Line` has no proper `data`"),
            (json!([{"type": "Chart.Line", "data": []}]), "`Chart.Line` has no text as its `fallback`"),
            (
                json!([{"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "url": "javascript:x"}]}]),
                "`url` is no http or https address",
            ),
            (json!([run(&"x".repeat(26_000))]), "taken"),
        ] {
            assert_eq!(told(&body), answer);
        }
        assert!(told(&json!([run(&"😀".repeat(2250))])).contains("bytes, more than 27000"));
        assert_eq!(escaped_length("a\"å😀"), 1 + 2 + 6 + 12);
    }
}
