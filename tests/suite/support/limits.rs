//! The vendors' limits, counted anew: nothing here knows how headcount counts them.

use serde_json::Value;

/// Whether a payload's form is within its vendor's limits; if not, which it breaks.
pub(crate) fn check(channel: &str, body: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(body).map_err(|error| format!("no JSON: {error}"))?;
    match channel {
        "slack" => slack(&value),
        "teams" => teams(&value),
        "email" => email(&value),
        _ => Ok(()),
    }
}

/// <https://docs.slack.dev/reference/block-kit/blocks>: in UTF-16 units, the stricter way.
fn slack(message: &Value) -> Result<(), String> {
    let length = |text: &Value| text.as_str().map_or(0, |text| text.encode_utf16().count());
    at_most("characters of notification", length(&message["text"]), 4000)?;
    at_least("characters of notification", length(&message["text"]), 1)?;
    let (mut blocks, mut text, mut tables, mut charts) = (0, 0, 0, 0);
    let attached = message["attachments"].as_array().into_iter().flatten().map(|one| &one["blocks"]);
    for block in [&message["blocks"]].into_iter().chain(attached).filter_map(Value::as_array).flatten() {
        blocks += 1;
        tables += usize::from(block["type"] == "table");
        charts += usize::from(block["type"] == "data_visualization");
        at_most("rows", block["rows"].as_array().map_or(0, Vec::len), 100)?;
        if block["type"] == "header" {
            at_most("characters of header", length(&block["text"]["text"]), 150)?;
        }
        for one in objects(block) {
            // A text object's own text is a text of its own.
            if let Some(run) = one.get("text").filter(|run| run.is_string()) {
                at_least("characters of a text", length(run), 1)?;
                at_most("characters of a text", length(run), 3000)?;
                text += length(run);
            }
            if let Some(cells) = one.get("cells").and_then(Value::as_array) {
                at_most("cells", cells.len(), 20)?;
            }
        }
    }
    at_most("blocks", blocks, 50)?;
    at_most("characters in all blocks", text, 12_000)?;
    at_most("tables", tables, 1)?;
    at_most("charts", charts, 2)
}

/// 28 KiB of the card, escaped as a JSON string, and some room for what Teams adds; beyond ASCII as `\uXXXX`.
fn teams(message: &Value) -> Result<(), String> {
    let card = &message["attachments"][0]["content"];
    let text = card.to_string();
    let escaped = text.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(b'"' | b'\\') => 2,
        Ok(b' '..=b'~') => 1,
        _ => 6,
    });
    at_most("bytes of the escaped card", escaped.sum(), 27_000)?;
    at_least("elements", card["body"].as_array().map_or(0, Vec::len), 1)?;
    for one in objects(card).into_iter().filter(|one| one["type"] == "TextRun") {
        at_least("characters of a run", one["text"].as_str().map_or(0, str::len), 1)?;
    }
    Ok(())
}

/// What Gmail shows without a link to the rest, 102 KiB, is much less than what servers take; a mail with its table stays
/// far below those.
fn email(parts: &Value) -> Result<(), String> {
    let of = |key: &str| parts[key].as_str().unwrap_or_default();
    at_most("bytes of text and page", of("text").len() + of("html").len(), 256 * 1024)?;
    at_most("characters of subject", of("subject").chars().count(), 200)?;
    for key in ["subject", "text", "html"] {
        at_least(&format!("characters of {key}"), of(key).trim().len(), 1)?;
    }
    Ok(())
}

fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        Value::Object(fields) => std::iter::once(value).chain(fields.values().flat_map(objects)).collect(),
        _ => Vec::new(),
    }
}

fn at_most(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count <= most { Ok(()) } else { Err(format!("{count} {what}, more than {most}")) }
}

fn at_least(what: &str, count: usize, least: usize) -> Result<(), String> {
    if count >= least { Ok(()) } else { Err(format!("{count} {what}, fewer than {least}")) }
}
