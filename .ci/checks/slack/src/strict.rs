//! The stricter of what is told of Slack's limits: <https://docs.slack.dev/reference/block-kit/blocks>, and what people met.
//! Lengths are counted in UTF-16 units.

use std::collections::BTreeSet;

use serde_json::Value;

type Check = Result<(), String>;

/// The body of a post to an incoming webhook.
pub fn check(message: &Value) -> Check {
    only(message, &["text", "blocks", "attachments", "unfurl_links", "unfurl_media", "mrkdwn"])?;
    // It is the notification, and all that a screen reader reads. It is read as markup.
    let text = length(&message["text"], "text", 4000)?;
    if text.contains(['<', '>']) {
        return Err("`text` has a `<` or `>` that is not escaped".into());
    }
    // Without `mrkdwn` no marks are read in `text`, for which there is no escape.
    for key in ["mrkdwn", "unfurl_links", "unfurl_media"] {
        if message[key] != false {
            return Err(format!("`{key}` is not false"));
        }
    }
    let mut whole = Whole::default();
    for block in message["blocks"].as_array().into_iter().flatten() {
        self::block(block, &mut whole)?;
    }
    let attachments = message["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    at_most("attachments", attachments.len(), 20)?;
    for attachment in attachments {
        only(attachment, &["color", "blocks"])?;
        let color = attachment["color"].as_str().unwrap_or_default();
        if color.len() != 7 || !color.starts_with('#') || !color[1..].bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{color}` is no colour"));
        }
        for block in list(&attachment["blocks"], "blocks", 1..=50)? {
            self::block(block, &mut whole)?;
        }
    }
    at_most("blocks", whole.blocks, 50)?;
    at_most("tables", whole.tables, 1)?;
    at_most("charts", whole.charts, 2)?;
    at_most("characters in all blocks", whole.text, 12_000)
}

#[derive(Default)]
struct Whole {
    blocks: usize,
    tables: usize,
    charts: usize,
    text: usize,
    ids: BTreeSet<String>,
}

fn block(block: &Value, whole: &mut Whole) -> Check {
    whole.blocks += 1;
    whole.text += all_text(block);
    if let Some(id) = block.get("block_id") {
        let id = length(id, "block_id", 255)?;
        if !whole.ids.insert(id.to_owned()) {
            return Err(format!("the block_id `{id}` is there twice"));
        }
    }
    match kind(block) {
        "header" => {
            only(block, &["type", "text", "block_id"])?;
            text_object(&block["text"], 150, &["plain_text"])
        }
        "divider" => only(block, &["type", "block_id"]),
        "section" => {
            only(block, &["type", "text", "fields", "block_id"])?;
            if let Some(text) = block.get("text") {
                text_object(text, 3000, &["plain_text", "mrkdwn"])?;
            }
            match block.get("fields") {
                Some(fields) => list(fields, "fields", 1..=10)?
                    .iter()
                    .try_for_each(|field| text_object(field, 2000, &["plain_text", "mrkdwn"])),
                None if block.get("text").is_none() => Err("a section of nothing".into()),
                None => Ok(()),
            }
        }
        "context" => {
            only(block, &["type", "elements", "block_id"])?;
            let elements = list(&block["elements"], "elements", 1..=10)?;
            elements.iter().try_for_each(|element| text_object(element, 3000, &["plain_text", "mrkdwn"]))
        }
        "rich_text" => {
            only(block, &["type", "elements", "block_id"])?;
            list(&block["elements"], "elements", 1..=usize::MAX)?.iter().try_for_each(rich)
        }
        "table" => {
            whole.tables += 1;
            only(block, &["type", "rows", "column_settings", "block_id"])?;
            table(block)
        }
        "data_visualization" => {
            whole.charts += 1;
            only(block, &["type", "title", "chart", "block_id"])?;
            length(&block["title"], "title", 50)?;
            chart(&block["chart"])
        }
        other => Err(format!("no block of type `{other}` is expected")),
    }
}

fn rich(element: &Value) -> Check {
    let inside = list(&element["elements"], "elements", 1..=usize::MAX)?;
    match kind(element) {
        "rich_text_section" | "rich_text_quote" | "rich_text_preformatted" => inside.iter().try_for_each(run),
        "rich_text_list" => {
            if !matches!(element["style"].as_str(), Some("bullet" | "ordered")) {
                return Err("a list that is neither `bullet` nor `ordered`".into());
            }
            inside.iter().try_for_each(|item| match kind(item) {
                "rich_text_section" => rich(item),
                other => Err(format!("`{other}` in a list")),
            })
        }
        other => Err(format!("`{other}` in a rich text")),
    }
}

/// No run but plain text and links: all others mention somebody, or draw.
fn run(run: &Value) -> Check {
    match kind(run) {
        "text" => {
            only(run, &["type", "text", "style"])?;
            length(&run["text"], "text", 3000).map(drop)
        }
        "link" => {
            only(run, &["type", "text", "url", "style"])?;
            length(&run["text"], "text", 3000)?;
            let url = length(&run["url"], "url", 3000)?;
            if url.starts_with("https://") || url.starts_with("http://") {
                Ok(())
            } else {
                Err(format!("`{url}` is no page"))
            }
        }
        other => Err(format!("a run of type `{other}`")),
    }
}

fn table(table: &Value) -> Check {
    let rows = list(&table["rows"], "rows", 1..=100)?;
    let width = rows[0].as_array().map_or(0, Vec::len);
    for row in rows {
        let cells = list(row, "cells", 1..=20)?;
        if cells.len() != width {
            return Err(format!("a row of {} cells in a table of {width} columns", cells.len()));
        }
        for cell in cells {
            match kind(cell) {
                "raw_text" => length(&cell["text"], "text", 3000).map(drop)?,
                "rich_text" => list(&cell["elements"], "elements", 1..=usize::MAX)?.iter().try_for_each(rich)?,
                other => return Err(format!("a cell of type `{other}`")),
            }
        }
    }
    match table.get("column_settings") {
        Some(settings) => at_most("column_settings", list(settings, "column_settings", 1..=20)?.len(), width),
        None => Ok(()),
    }
}

fn chart(chart: &Value) -> Check {
    if !matches!(kind(chart), "line" | "bar" | "area") {
        return Err(format!("a chart of type `{}`", kind(chart)));
    }
    let axis = &chart["axis_config"];
    for label in ["x_label", "y_label"] {
        axis.get(label).map_or(Ok(()), |text| length(text, label, 50).map(drop))?;
    }
    let categories = list(&axis["categories"], "categories", 1..=20)?;
    let mut known = BTreeSet::new();
    for category in categories {
        if !known.insert(length(category, "category", 20)?) {
            return Err(format!("the category {category} is there twice"));
        }
    }
    let mut names = BTreeSet::new();
    for series in list(&chart["series"], "series", 1..=6)? {
        if !names.insert(length(&series["name"], "name", 20)?) {
            return Err(format!("the series {} is there twice", series["name"]));
        }
        let data = list(&series["data"], "data", 1..=20)?;
        if !data.iter().map(|point| &point["label"]).eq(categories) {
            return Err("a series has not one point at each category".into());
        }
        if !data.iter().all(|point| point["value"].is_number()) {
            return Err("a point has no number".into());
        }
    }
    Ok(())
}

fn text_object(object: &Value, longest: usize, kinds: &[&str]) -> Check {
    if !kinds.contains(&kind(object)) {
        return Err(format!("a text of type `{}`, not {}", kind(object), kinds.join(" or ")));
    }
    let text = length(&object["text"], "text", longest)?;
    if kind(object) == "plain_text" && object["emoji"] != false {
        return Err("a plain text in which `:names:` become emoji".into());
    }
    // What is read as markup may hold nothing that came from outside; nothing of ours needs more than this.
    if kind(object) == "mrkdwn" && text.contains(['<', '>', '&', '@', '`', '[', '/', '\\']) {
        return Err(format!("markup in `{text}`"));
    }
    Ok(())
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or("(none)")
}

fn only(object: &Value, keys: &[&str]) -> Check {
    let fields = object.as_object().ok_or("no object")?;
    match fields.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("the key `{key}` is not expected here")),
        None => Ok(()),
    }
}

fn length<'a>(text: &'a Value, what: &str, longest: usize) -> Result<&'a str, String> {
    let text = text.as_str().ok_or_else(|| format!("`{what}` is no text"))?;
    match text.encode_utf16().count() {
        0 => Err(format!("`{what}` is empty")),
        count => at_most(&format!("characters of `{what}`"), count, longest).map(|()| text),
    }
}

fn list<'a>(value: &'a Value, what: &str, count: std::ops::RangeInclusive<usize>) -> Result<&'a [Value], String> {
    let items = value.as_array().ok_or_else(|| format!("`{what}` is no list"))?;
    if count.contains(&items.len()) { Ok(items) } else { Err(format!("{} {what}", items.len())) }
}

fn at_most(what: &str, count: usize, most: usize) -> Check {
    if count <= most { Ok(()) } else { Err(format!("{count} {what}, more than {most}")) }
}

/// Everything in a block that is read: the texts of whatever depth, and a chart's names.
fn all_text(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(all_text).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if matches!(key.as_str(), "text" | "title" | "name" | "label" | "y_label") => {
                    text.encode_utf16().count()
                }
                value => all_text(value),
            })
            .sum(),
        _ => 0,
    }
}
