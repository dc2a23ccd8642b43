//! What Slack takes: <https://docs.slack.dev/reference/block-kit/blocks>. Lengths are counted in UTF-16 units, the stricter way.

use serde_json::Value;

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
/// An image's description and title, and its address.
const DESCRIPTION: usize = 2000;
const ADDRESS: usize = 3000;
const BLOCK_ID: usize = 255;
/// The notification; more is allowed, but nobody reads it.
pub(super) const NOTIFICATION: usize = 4000;

/// Whether Slack takes this message. Blocks that are not known here are refused, and so are mentions.
pub(in crate::channels) fn check(message: &Value) -> Result<(), String> {
    text(message.get("text"), "text", NOTIFICATION)?;
    let blocks = list(message.get("blocks"), "blocks", BLOCKS)?;
    let mut ids = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        check_block(block).map_err(|what| format!("blocks[{i}]: {what}"))?;
        if let Some(id) = block.get("block_id") {
            text(Some(id), "block_id", BLOCK_ID)?;
            if ids.contains(&id) {
                return Err(format!("blocks[{i}]: its `block_id` is given twice"));
            }
            ids.push(id);
        }
    }
    let all: usize = blocks.iter().map(all_text).sum();
    if all > ALL_TEXT {
        return Err(format!("{all} characters over all blocks, more than {ALL_TEXT}"));
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
        other => Err(format!("no block of type `{other}` is known")),
    }
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
        check(&json!({"text": "x", "blocks": [block]})).map_or_else(|what| what, |()| "taken".to_owned())
    }

    #[test]
    fn limits_are_kept() {
        let long = |n: usize| "x".repeat(n);
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
        let twice = vec![json!({"type": "divider", "block_id": "a"}); 2];
        assert!(check(&json!({"text": "x", "blocks": twice})).unwrap_err().contains("given twice"));
        assert!(check(&json!({"blocks": [{"type": "divider"}]})).is_err());
    }
}
