//! What Slack takes: <https://docs.slack.dev/reference/block-kit/blocks>. Lengths are counted in UTF-16 units, the stricter way.

use serde_json::Value;

use crate::channels::Used;

/// Blocks in a message.
const BLOCKS: usize = 50;
/// All the text of all blocks together: above some 13 000 Slack answers `msg_blocks_too_long`.
const ALL_TEXT: usize = 12_000;
/// One text object or run.
pub(super) const TEXT: usize = 3000;
/// A header's text.
const HEADER: usize = 150;
/// One of a section's fields; there are at most ten.
const FIELD: usize = 2000;
const FIELDS: usize = 10;
/// Elements of a context.
const CONTEXT: usize = 10;
/// A table's rows, its head among them, and its cells in a row; a message has one table.
pub(super) const ROWS: usize = 100;
const CELLS: usize = 20;
/// Charts in a message: <https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>.
const CHARTS: usize = 2;
/// A chart's title, the labels along its axes, its series, its points, and what those are called.
pub(super) const CHART_TITLE: usize = 50;
pub(super) const SERIES: usize = 6;
pub(super) const POINTS: usize = 20;
pub(super) const LABEL: usize = 20;
/// Coloured boxes beside the blocks; one is enough.
const ATTACHMENTS: usize = 1;
/// An image's description and title, and its address.
const DESCRIPTION: usize = 2000;
const ADDRESS: usize = 3000;
const BLOCK_ID: usize = 255;
/// The notification; more is allowed, but nobody reads it.
pub(super) const NOTIFICATION: usize = 4000;

/// Whether Slack takes this message; if so, how much text it has room for beside its own. Blocks that are not known here
/// are refused, and so are mentions.
pub(in crate::channels) fn check(message: &Value) -> Result<usize, String> {
    text(message.get("text"), "text", NOTIFICATION)?;
    let mut seen = Seen::default();
    let blocks = list(message.get("blocks"), "blocks", BLOCKS)?;
    check_blocks(blocks, "blocks", &mut seen)?;
    if let Some(attachments) = message.get("attachments") {
        for attachment in list(Some(attachments), "attachments", ATTACHMENTS)? {
            let color = attachment.get("color").and_then(Value::as_str).unwrap_or_default();
            if !(color.len() == 7 && color.starts_with('#') && color[1..].bytes().all(|b| b.is_ascii_hexdigit())) {
                return Err("an attachment's `color` is not like `#1d5fa8`".to_owned());
            }
            check_blocks(list(attachment.get("blocks"), "blocks", BLOCKS)?, "attachments[0].blocks", &mut seen)?;
        }
    }
    for (what, count, most) in [
        ("blocks", seen.blocks, BLOCKS),
        ("tables", seen.tables, 1),
        ("charts", seen.charts, CHARTS),
        ("characters over all blocks", seen.text, ALL_TEXT),
    ] {
        if count > most {
            return Err(format!("{count} {what}, more than {most}"));
        }
    }
    Ok(ALL_TEXT - seen.text)
}

/// What a message uses of the limits that it may meet.
pub(in crate::channels) fn used(message: &Value) -> Vec<Used> {
    let inside = message.pointer("/attachments/0/blocks").and_then(Value::as_array);
    let blocks = || message["blocks"].as_array().into_iter().chain(inside).flatten();
    let mut used = Vec::new();
    if blocks().next().is_some() {
        used.push(Used::new("blocks", blocks().count(), BLOCKS));
        used.push(Used::new("characters in blocks", blocks().map(all_text).sum(), ALL_TEXT));
    }
    let length = message["text"].as_str().map_or(0, |text| text.encode_utf16().count());
    used.push(Used::new("characters of notification", length, NOTIFICATION));
    for block in blocks() {
        let length = |at: &str| block.pointer(at).and_then(Value::as_array).map_or(0, Vec::len);
        match block["type"].as_str() {
            Some("table") => used.push(Used::new("rows of table", length("/rows"), ROWS)),
            Some("data_visualization") => {
                used.push(Used::new("points of chart", length("/chart/axis_config/categories"), POINTS));
            }
            _ => {}
        }
    }
    used
}

/// What is limited over the whole message.
#[derive(Default)]
struct Seen {
    ids: Vec<String>,
    blocks: usize,
    tables: usize,
    charts: usize,
    text: usize,
}

fn check_blocks(blocks: &[Value], path: &str, seen: &mut Seen) -> Result<(), String> {
    for (i, block) in blocks.iter().enumerate() {
        check_block(block).map_err(|what| format!("{path}[{i}]: {what}"))?;
        if let Some(id) = block.get("block_id") {
            text(Some(id), "block_id", BLOCK_ID)?;
            let id = id.to_string();
            if seen.ids.contains(&id) {
                return Err(format!("{path}[{i}]: its `block_id` is given twice"));
            }
            seen.ids.push(id);
        }
        seen.blocks += 1;
        seen.tables += usize::from(block["type"] == "table");
        seen.charts += usize::from(block["type"] == "data_visualization");
        seen.text += all_text(block);
    }
    Ok(())
}

fn check_block(block: &Value) -> Result<(), String> {
    match kind(block)? {
        "header" => text_object(block.get("text"), "text", HEADER, &["plain_text"]),
        "section" => {
            if block.get("text").is_none() && block.get("fields").is_none() {
                return Err("a section needs `text` or `fields`".to_owned());
            }
            if let Some(text) = block.get("text") {
                text_object(Some(text), "text", TEXT, &["plain_text", "mrkdwn"])?;
            }
            if let Some(fields) = block.get("fields") {
                for field in list(Some(fields), "fields", FIELDS)? {
                    text_object(Some(field), "fields", FIELD, &["plain_text", "mrkdwn"])?;
                }
            }
            Ok(())
        }
        "context" => {
            for element in list(block.get("elements"), "elements", CONTEXT)? {
                match kind(element)? {
                    "image" => image(element)?,
                    _ => text_object(Some(element), "elements", TEXT, &["plain_text", "mrkdwn"])?,
                }
            }
            Ok(())
        }
        "divider" => Ok(()),
        "image" => image(block),
        "rich_text" => list(block.get("elements"), "elements", usize::MAX)?.iter().try_for_each(rich),
        "table" => table(block),
        "data_visualization" => {
            text(block.get("title"), "title", CHART_TITLE)?;
            chart(&block["chart"])
        }
        other => Err(format!("no block of type `{other}` is known")),
    }
}

/// <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
fn table(table: &Value) -> Result<(), String> {
    let mut width = None;
    for row in list(table.get("rows"), "rows", ROWS)? {
        let cells = list(Some(row), "cells", CELLS)?;
        if *width.get_or_insert(cells.len()) != cells.len() {
            return Err("its rows have different lengths".to_owned());
        }
        for cell in cells {
            match kind(cell)? {
                "raw_text" => text(cell.get("text"), "text", TEXT)?,
                "rich_text" => list(cell.get("elements"), "elements", usize::MAX)?.iter().try_for_each(rich)?,
                other => return Err(format!("no cell of type `{other}` is known")),
            }
        }
    }
    Ok(())
}

fn chart(chart: &Value) -> Result<(), String> {
    if !matches!(kind(chart)?, "line" | "bar" | "area") {
        return Err("a chart is `line`, `bar` or `area`".to_owned());
    }
    let categories = list(chart.pointer("/axis_config/categories"), "categories", POINTS)?;
    categories.iter().try_for_each(|label| text(Some(label), "categories", LABEL))?;
    if (1..categories.len()).any(|i| categories[..i].contains(&categories[i])) {
        return Err("a category is given twice".to_owned());
    }
    let mut names = Vec::new();
    for series in list(chart.get("series"), "series", SERIES)? {
        let name = series.get("name");
        text(name, "name", LABEL)?;
        if names.contains(&name) {
            return Err("two series have one `name`".to_owned());
        }
        names.push(name);
        let data = list(series.get("data"), "data", POINTS)?;
        let labels = data.iter().map(|point| &point["label"]);
        if !labels.eq(categories) || !data.iter().all(|point| point["value"].is_number()) {
            return Err("a series gives no number for each category".to_owned());
        }
    }
    Ok(())
}

fn image(image: &Value) -> Result<(), String> {
    link(image.get("image_url"), "image_url")?;
    text(image.get("alt_text"), "alt_text", DESCRIPTION)?;
    match image.get("title") {
        Some(title) => text_object(Some(title), "title", DESCRIPTION, &["plain_text"]),
        None => Ok(()),
    }
}

fn rich(element: &Value) -> Result<(), String> {
    let inside = list(element.get("elements"), "elements", usize::MAX)?;
    match kind(element)? {
        "rich_text_list" => {
            if !matches!(element.get("style").and_then(Value::as_str), Some("bullet" | "ordered")) {
                return Err("a rich_text_list has the style `bullet` or `ordered`".to_owned());
            }
            inside.iter().try_for_each(|section| match kind(section)? {
                "rich_text_section" => rich(section),
                other => Err(format!("no `{other}` goes into a rich_text_list")),
            })
        }
        "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" => inside.iter().try_for_each(run),
        other => Err(format!("no rich text of type `{other}` is known")),
    }
}

/// Runs of text and links; those that mention somebody are refused.
fn run(run: &Value) -> Result<(), String> {
    match kind(run)? {
        "text" => text(run.get("text"), "text", TEXT),
        "link" => {
            link(run.get("url"), "url")?;
            run.get("text").map_or(Ok(()), |label| text(Some(label), "text", TEXT))
        }
        other => Err(format!("no run of type `{other}` is known")),
    }
}

fn text_object(object: Option<&Value>, key: &str, longest: usize, kinds: &[&str]) -> Result<(), String> {
    let object = object.ok_or_else(|| format!("`{key}` is missing"))?;
    let kind = kind(object)?;
    if !kinds.contains(&kind) {
        return Err(format!("`{key}` is `{kind}`, not {}", kinds.join(" or ")));
    }
    text(object.get("text"), key, longest)?;
    let inside = object.get("text").and_then(Value::as_str).unwrap_or_default();
    if kind == "mrkdwn" && (inside.contains("<!") || inside.contains("<@")) {
        return Err(format!("`{key}` mentions somebody"));
    }
    Ok(())
}

fn kind(value: &Value) -> Result<&str, String> {
    value.get("type").and_then(Value::as_str).ok_or_else(|| "`type` is missing".to_owned())
}

fn text(value: Option<&Value>, key: &str, longest: usize) -> Result<(), String> {
    let text = value.and_then(Value::as_str).ok_or_else(|| format!("`{key}` is no text"))?;
    match text.encode_utf16().count() {
        0 => Err(format!("`{key}` is empty")),
        length if length > longest => Err(format!("`{key}` has {length} characters, more than {longest}")),
        _ => Ok(()),
    }
}

fn link(value: Option<&Value>, key: &str) -> Result<(), String> {
    text(value, key, ADDRESS)?;
    let link = value.and_then(Value::as_str).unwrap_or_default();
    if link.starts_with("https://") || link.starts_with("http://") {
        Ok(())
    } else {
        Err(format!("`{key}` is no http or https address"))
    }
}

fn list<'a>(value: Option<&'a Value>, key: &str, longest: usize) -> Result<&'a [Value], String> {
    let list = value.and_then(Value::as_array).ok_or_else(|| format!("`{key}` is no list"))?;
    match list.len() {
        0 => Err(format!("`{key}` is empty")),
        length if length > longest => Err(format!("`{key}` has {length} items, more than {longest}")),
        _ => Ok(list),
    }
}

/// The length of every text within.
fn all_text(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(all_text).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if key != "type" && key != "style" => text.encode_utf16().count(),
                value => all_text(value),
            })
            .sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(block: &Value) -> String {
        check(&json!({"text": "x", "blocks": [block]})).map_or_else(|what| what, |_| "taken".to_owned())
    }

    #[test]
    fn limits_are_kept() {
        let long = |n: usize| "x".repeat(n);
        let cell = |text: &str| json!({"type": "raw_text", "text": text});
        let line = |series: &[(&str, usize)]| {
            let labels: Vec<_> = (0..series[0].1).map(|n| n.to_string()).collect();
            let data =
                |n: usize| labels.iter().take(n).map(|label| json!({"label": label, "value": 1})).collect::<Vec<_>>();
            let series: Vec<_> = series.iter().map(|(name, n)| json!({"name": name, "data": data(*n)})).collect();
            json!({"type": "data_visualization", "title": "t",
                "chart": {"type": "line", "series": series, "axis_config": {"categories": labels}}})
        };
        let section =
            |runs: Value| json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": runs}]});
        for (block, answer) in [
            (json!({"type": "header", "text": {"type": "plain_text", "text": long(150)}}), "taken"),
            (
                json!({"type": "header", "text": {"type": "plain_text", "text": long(151)}}),
                "blocks[0]: `text` has 151 characters, more than 150",
            ),
            (
                json!({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
                "blocks[0]: `text` is `mrkdwn`, not plain_text",
            ),
            (json!({"type": "section", "text": {"type": "mrkdwn", "text": ""}}), "blocks[0]: `text` is empty"),
            (
                json!({"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}),
                "blocks[0]: `text` mentions somebody",
            ),
            (json!({"type": "section"}), "blocks[0]: a section needs `text` or `fields`"),
            (
                json!({"type": "section", "fields": vec![json!({"type": "mrkdwn", "text": "x"}); 11]}),
                "blocks[0]: `fields` has 11 items, more than 10",
            ),
            (json!({"type": "context", "elements": []}), "blocks[0]: `elements` is empty"),
            (json!({"type": "image", "image_url": "https://x/y.png"}), "blocks[0]: `alt_text` is no text"),
            (json!({"type": "confetti"}), "blocks[0]: no block of type `confetti` is known"),
            (json!({"type": "table", "rows": vec![[cell("a"), cell("b")]; 100]}), "taken"),
            (
                json!({"type": "table", "rows": vec![[cell("a")]; 101]}),
                "blocks[0]: `rows` has 101 items, more than 100",
            ),
            (json!({"type": "table", "rows": [[cell("a")], []]}), "blocks[0]: `cells` is empty"),
            (
                json!({"type": "table", "rows": [[cell("a")], [cell("a"), cell("b")]]}),
                "blocks[0]: its rows have different lengths",
            ),
            (line(&[("a", 20), ("b", 20)]), "taken"),
            (line(&[("a", 21)]), "blocks[0]: `categories` has 21 items, more than 20"),
            (line(&[("a", 2), ("b", 1)]), "blocks[0]: a series gives no number for each category"),
            (line(&[("a", 2), ("a", 2)]), "blocks[0]: two series have one `name`"),
            (line(&[("a", 1); 7]), "blocks[0]: `series` has 7 items, more than 6"),
            (section(json!([{"type": "text", "text": long(3000)}])), "taken"),
            (
                section(json!([{"type": "text", "text": long(3001)}])),
                "blocks[0]: `text` has 3001 characters, more than 3000",
            ),
            (
                section(json!([{"type": "broadcast", "range": "here"}])),
                "blocks[0]: no run of type `broadcast` is known",
            ),
            (section(json!([{"type": "link", "url": "javascript:x"}])), "blocks[0]: `url` is no http or https address"),
            (
                section(json!(vec![json!({"type": "text", "text": long(3000)}); 5])),
                "15000 characters over all blocks, more than 12000",
            ),
        ] {
            assert_eq!(told(&block), answer);
        }
        let many = vec![json!({"type": "divider"}); 51];
        assert_eq!(check(&json!({"text": "x", "blocks": many})), Err("`blocks` has 51 items, more than 50".into()));
        let told = |message: Value| check(&message).map_or_else(|what| what, |left| format!("{left} left"));
        let tables = vec![json!({"type": "table", "rows": [[cell("a")]]}); 2];
        assert_eq!(told(json!({"text": "x", "blocks": tables})), "2 tables, more than 1");
        let coloured = |color: &str| {
            let blocks = [json!({"type": "divider"})];
            json!({"text": "x", "blocks": blocks, "attachments": [{"color": color, "blocks": blocks}]})
        };
        assert_eq!(told(coloured("#c62828")), "12000 left");
        assert!(told(coloured("red")).contains("`color`"));
        let twice = vec![json!({"type": "divider", "block_id": "a"}); 2];
        assert!(check(&json!({"text": "x", "blocks": twice})).unwrap_err().contains("given twice"));
        assert!(check(&json!({"blocks": [{"type": "divider"}]})).is_err());
    }
}
