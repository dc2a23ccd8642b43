//! What a Slack incoming webhook takes, and the words with which it refuses the rest.
//!
//! Where sources differ over a limit, the lower number holds here.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::check::{At, Check};

/// The text of all blocks together, but for data tables, which have their own limit.
const ALL_TEXT: usize = 12_000;
const DATA_TABLE_TEXT: usize = 20_000;
const MARKDOWN_TEXT: usize = 12_000;

/// Slack's word for the refusal, and the reason, which the real one keeps to itself.
pub(super) type Refusal = (&'static str, String);

/// Checks the body of a post.
pub(super) fn check(body: &Value) -> Result<(), Refusal> {
    let message = At::new(body, "message");
    message.object().map_err(|why| ("invalid_payload", why))?;
    let text = message.get("text").map(|text| text.string().map(|text| (text, text.is_empty()))).transpose();
    let text = text.map_err(|why| ("invalid_payload", why))?;
    for key in ["mrkdwn", "unfurl_links", "unfurl_media"] {
        message.may(key, |flag| flag.boolean()).map_err(|why| ("invalid_payload", why))?;
    }
    let mut totals = Totals::default();
    let blocks = |at: &At, totals: &mut Totals| -> Check<usize> {
        let Some(blocks) = at.get("blocks") else { return Ok(0) };
        let blocks = blocks.list(0, 50)?;
        blocks.iter().try_for_each(|block| self::block(block, totals))?;
        Ok(blocks.len())
    };
    let mut found = blocks(&message, &mut totals).map_err(|why| ("invalid_blocks", why))?;
    if let Some(attachments) = message.get("attachments") {
        let attachments = attachments.list(0, 100).map_err(|why| ("invalid_attachments", why))?;
        for attachment in &attachments {
            self::attachment(attachment).map_err(|why| ("invalid_attachments", why))?;
            blocks(attachment, &mut totals).map_err(|why| ("invalid_blocks", why))?;
        }
        found += attachments.len();
    }
    totals.check().map_err(|why| ("invalid_blocks", why))?;
    match text {
        None | Some((_, true)) if found == 0 => Err(("no_text", "neither text nor blocks".to_owned())),
        _ => Ok(()),
    }
}

/// A coloured box beside the blocks.
fn attachment(at: &At) -> Check {
    const NAMED: &[&str] = &["good", "warning", "danger"];
    at.only(&["color", "blocks", "fallback", "text", "title", "footer"])?;
    at.may("fallback", |text| text.string().map(drop))?;
    at.may("footer", |text| text.text(1, 300).map(drop))?;
    at.may("color", |color| {
        let digits = color.string()?.strip_prefix('#').unwrap_or_default();
        let hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if hex { Ok(()) } else { color.one_of(NAMED) }
    })
}

/// What is limited over the message as a whole.
#[derive(Default)]
struct Totals {
    ids: Vec<String>,
    text: usize,
    markdown: usize,
    data_tables: usize,
    charts: usize,
    tables: usize,
}

impl Totals {
    fn check(&self) -> Check {
        for (what, count, most) in [
            ("characters in blocks", self.text, ALL_TEXT),
            ("characters in markdown blocks", self.markdown, MARKDOWN_TEXT),
            ("characters in data tables", self.data_tables, DATA_TABLE_TEXT),
            ("data_visualization blocks", self.charts, 2),
            ("table blocks", self.tables, 1),
        ] {
            if count > most {
                return Err(format!("message: {count} {what}, at most {most}"));
            }
        }
        Ok(())
    }
}

fn block(at: &At, totals: &mut Totals) -> Check {
    let kind = at.kind()?;
    if let Some(id) = at.get("block_id") {
        let text = id.text(1, 255)?.to_owned();
        if totals.ids.contains(&text) {
            return id.fail("used twice");
        }
        totals.ids.push(text);
    }
    let count = &mut totals.text;
    match kind {
        "header" => {
            at.only(&["type", "block_id", "text"])?;
            text_object(&at.require("text")?, &["plain_text"], 150, count)
        }
        "section" => section(at, count),
        "context" => {
            at.only(&["type", "block_id", "elements"])?;
            at.require("elements")?.list(1, 10)?.iter().try_for_each(|element| match element.kind()? {
                "image" => image(element, &["type", "image_url", "slack_file", "alt_text"], count),
                _ => text_object(element, &["plain_text", "mrkdwn"], 3000, count),
            })
        }
        "actions" => {
            at.only(&["type", "block_id", "elements"])?;
            at.require("elements")?.list(1, 25)?.iter().try_for_each(|element| button(element, count))
        }
        "divider" => at.only(&["type", "block_id"]),
        "image" => image(at, &["type", "block_id", "image_url", "slack_file", "alt_text", "title"], count),
        "rich_text" => rich_text(at, count),
        "markdown" => {
            at.only(&["type", "block_id", "text"])?;
            totals.markdown += at.require("text")?.text(1, MARKDOWN_TEXT)?.chars().count();
            Ok(())
        }
        "table" => {
            totals.tables += 1;
            table(at, count)
        }
        "data_table" => data_table(at, &mut totals.data_tables),
        "data_visualization" => {
            totals.charts += 1;
            chart(at)
        }
        _ => at.fail(format_args!("a block of type `{kind}` is not known")),
    }
}

fn text_object(at: &At, kinds: &[&str], most: usize, count: &mut usize) -> Check {
    let kind = at.kind()?;
    at.require("type")?.one_of(kinds)?;
    at.only(if kind == "mrkdwn" { &["type", "text", "verbatim"] } else { &["type", "text", "emoji"] })?;
    at.may("emoji", |flag| flag.boolean())?;
    at.may("verbatim", |flag| flag.boolean())?;
    *count += at.require("text")?.text(1, most)?.chars().count();
    Ok(())
}

fn section(at: &At, count: &mut usize) -> Check {
    const KINDS: &[&str] = &["plain_text", "mrkdwn"];
    at.only(&["type", "block_id", "text", "fields", "accessory", "expand"])?;
    if at.get("text").is_none() && at.get("fields").is_none() {
        return at.fail("neither `text` nor `fields`");
    }
    if let Some(text) = at.get("text") {
        text_object(&text, KINDS, 3000, count)?;
    }
    if let Some(fields) = at.get("fields") {
        fields.list(1, 10)?.iter().try_for_each(|field| text_object(field, KINDS, 2000, count))?;
    }
    at.may("expand", |flag| flag.boolean())?;
    at.may("accessory", |accessory| match accessory.kind()? {
        "image" => image(&accessory, &["type", "image_url", "slack_file", "alt_text"], count),
        _ => button(&accessory, count),
    })
}

fn button(at: &At, count: &mut usize) -> Check {
    let kind = at.kind()?;
    if kind != "button" {
        return at.fail(format_args!("an element of type `{kind}` is not known"));
    }
    at.only(&["type", "text", "action_id", "url", "value", "style", "accessibility_label"])?;
    text_object(&at.require("text")?, &["plain_text"], 75, count)?;
    at.may("action_id", |id| id.text(1, 255).map(drop))?;
    at.may("url", |url| url.web_address(3000))?;
    at.may("value", |value| value.text(1, 2000).map(drop))?;
    at.may("accessibility_label", |label| label.text(1, 75).map(drop))?;
    at.may("style", |style| style.one_of(&["primary", "danger"]))
}

fn image(at: &At, keys: &[&str], count: &mut usize) -> Check {
    at.only(keys)?;
    match (at.get("image_url"), at.get("slack_file")) {
        (Some(url), None) => url.web_address(3000)?,
        (None, Some(file)) => file.only(&["id", "url"])?,
        _ => return at.fail("neither or both of `image_url` and `slack_file`"),
    }
    at.require("alt_text")?.text(1, 2000)?;
    at.may("title", |title| text_object(&title, &["plain_text"], 2000, count))
}

fn rich_text(at: &At, count: &mut usize) -> Check {
    at.only(&["type", "block_id", "elements"])?;
    let border = |at: &At| at.may("border", |border| border.integer(0, 1));
    for element in at.require("elements")?.list(1, usize::MAX)? {
        match element.kind()? {
            "rich_text_section" => run(&element, &["type", "elements"], count)?,
            "rich_text_quote" => {
                run(&element, &["type", "elements", "border"], count)?;
                border(&element)?;
            }
            "rich_text_preformatted" => {
                run(&element, &["type", "elements", "border", "language"], count)?;
                border(&element)?;
                for inner in element.require("elements")?.list(1, usize::MAX)? {
                    inner.require("type")?.one_of(&["text", "link"])?;
                }
            }
            "rich_text_list" => {
                element.only(&["type", "elements", "style", "indent", "offset", "border"])?;
                element.require("style")?.one_of(&["bullet", "ordered"])?;
                element.may("indent", |indent| indent.integer(0, 8))?;
                element.may("offset", |offset| offset.integer(0, u64::MAX))?;
                border(&element)?;
                for item in element.require("elements")?.list(1, usize::MAX)? {
                    item.require("type")?.one_of(&["rich_text_section"])?;
                    run(&item, &["type", "elements"], count)?;
                }
            }
            kind => return element.fail(format_args!("a rich text element of type `{kind}` is not known")),
        }
    }
    Ok(())
}

/// One line of runs.
fn run(at: &At, keys: &[&str], count: &mut usize) -> Check {
    at.only(keys)?;
    at.require("elements")?.list(1, usize::MAX)?.iter().try_for_each(|element| {
        let kind = element.kind()?;
        match kind {
            "text" => {
                element.only(&["type", "text", "style"])?;
                *count += element.require("text")?.text(1, usize::MAX)?.chars().count();
            }
            "link" => {
                element.only(&["type", "url", "text", "unsafe", "style"])?;
                element.require("url")?.web_address(3000)?;
                if let Some(text) = element.get("text") {
                    *count += text.text(1, usize::MAX)?.chars().count();
                }
                element.may("unsafe", |flag| flag.boolean())?;
            }
            "emoji" => {
                element.only(&["type", "name", "unicode", "style"])?;
                element.require("name")?.text(1, 100)?;
            }
            "user" | "usergroup" | "channel" => {
                let key = format!("{kind}_id");
                element.only(&["type", &key, "style"])?;
                element.require(&key)?.text(1, 100)?;
            }
            "broadcast" => {
                element.only(&["type", "range", "style"])?;
                element.require("range")?.one_of(&["here", "channel", "everyone"])?;
            }
            "date" => {
                element.only(&["type", "timestamp", "format", "url", "fallback", "style"])?;
                element.require("timestamp")?.integer(0, u64::MAX)?;
                element.require("format")?.text(1, usize::MAX)?;
                element.may("url", |url| url.web_address(3000))?;
                element.may("fallback", |text| text.string().map(drop))?;
            }
            "color" => {
                element.only(&["type", "value", "style"])?;
                element.require("value")?.text(1, 9)?;
            }
            _ => return element.fail(format_args!("a run of type `{kind}` is not known")),
        }
        element.may("style", |style| {
            style.only(&[
                "bold",
                "italic",
                "strike",
                "code",
                "underline",
                "highlight",
                "client_highlight",
                "unlink",
            ])?;
            style.object()?.keys().try_for_each(|key| style.require(key)?.boolean())
        })
    })
}

fn cell(at: &At, kinds: &[&str], count: &mut usize) -> Check {
    at.kind()?;
    at.require("type")?.one_of(kinds)?;
    match at.kind()? {
        "raw_text" => {
            at.only(&["type", "text"])?;
            *count += at.require("text")?.text(1, usize::MAX)?.chars().count();
            Ok(())
        }
        "raw_number" => {
            at.only(&["type", "value", "text"])?;
            let value = at.require("value")?;
            value.number()?;
            let shown = at.get("text").map(|text| text.text(1, usize::MAX)).transpose()?;
            *count += shown.map_or_else(|| value.value.to_string().len(), |text| text.chars().count());
            Ok(())
        }
        _ => rich_text(at, count),
    }
}

/// Rows of one width.
fn rows(at: &At, rows: &[At], head: &[&str], body: &[&str], count: &mut usize) -> Check {
    let mut width = None;
    for (number, row) in rows.iter().enumerate() {
        let cells = row.list(1, 20)?;
        if *width.get_or_insert(cells.len()) != cells.len() {
            return at.fail("rows of different lengths");
        }
        cells.iter().try_for_each(|cell| self::cell(cell, if number == 0 { head } else { body }, count))?;
    }
    Ok(())
}

fn table(at: &At, count: &mut usize) -> Check {
    const CELLS: &[&str] = &["raw_text", "rich_text"];
    at.only(&["type", "block_id", "rows", "column_settings"])?;
    rows(at, &at.require("rows")?.list(1, 100)?, CELLS, CELLS, count)?;
    at.may("column_settings", |settings| {
        settings.list(0, 20)?.iter().filter(|setting| !setting.value.is_null()).try_for_each(|setting| {
            setting.only(&["align", "is_wrapped"])?;
            setting.may("align", |align| align.one_of(&["left", "center", "right"]))?;
            setting.may("is_wrapped", |flag| flag.boolean())
        })
    })
}

fn data_table(at: &At, count: &mut usize) -> Check {
    at.only(&["type", "block_id", "caption", "rows", "page_size", "row_header_column_index"])?;
    at.require("caption")?.text(1, 3000)?;
    let list = at.require("rows")?.list(2, 101)?;
    rows(at, &list, &["raw_text", "raw_number"], &["raw_text", "raw_number", "rich_text"], count)?;
    at.may("page_size", |size| size.integer(1, 100))?;
    at.may("row_header_column_index", |index| index.integer(0, 19))
}

fn chart(at: &At) -> Check {
    at.only(&["type", "block_id", "title", "chart"])?;
    at.require("title")?.text(1, 50)?;
    let chart = at.require("chart")?;
    match chart.kind()? {
        "pie" => {
            chart.only(&["type", "segments"])?;
            chart.require("segments")?.list(1, 6)?.iter().try_for_each(|segment| {
                segment.only(&["label", "value"])?;
                segment.require("label")?.text(1, 20)?;
                let value = segment.require("value")?;
                if value.number()? > 0.0 { Ok(()) } else { value.fail("not above 0") }
            })
        }
        "line" | "bar" | "area" => series(&chart),
        kind => chart.fail(format_args!("a chart of type `{kind}` is not known")),
    }
}

fn series(chart: &At) -> Check {
    chart.only(&["type", "series", "axis_config"])?;
    let axis = chart.require("axis_config")?;
    axis.only(&["categories", "x_label", "y_label"])?;
    axis.may("x_label", |label| label.text(1, 50).map(drop))?;
    axis.may("y_label", |label| label.text(1, 50).map(drop))?;
    let categories = axis.require("categories")?.list(1, 20)?;
    let categories: Vec<_> = categories.iter().map(|category| category.text(1, 20)).collect::<Check<_>>()?;
    let mut names = Vec::new();
    for series in chart.require("series")?.list(1, 6)? {
        series.only(&["name", "data"])?;
        let name = series.require("name")?;
        names.push(name.text(1, 20)?);
        if names[..names.len() - 1].contains(&names[names.len() - 1]) {
            return name.fail("used twice");
        }
        let data = series.require("data")?;
        let mut labels = Vec::new();
        for point in data.list(1, 20)? {
            point.only(&["label", "value"])?;
            labels.push(point.require("label")?.text(1, 20)?);
            point.require("value")?.number()?;
        }
        if labels.len() != categories.len() || !categories.iter().all(|category| labels.contains(category)) {
            return data.fail("not one value for each category");
        }
    }
    Ok(())
}
