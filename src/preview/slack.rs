//! A Slack message as Slack shows it: blocks as HTML.

use std::fmt::Write as _;

use serde_json::Value;

use super::chart::Plot;
use crate::render::escaped;

/// The message under the bot's name.
pub(super) fn draw(message: &Value, time: &str) -> String {
    let mut html = format!(
        "<div class=\"slack-message\"><div class=\"avatar\" aria-hidden=\"true\">h</div><div class=\"said\">\
         <p class=\"by\"><b>headcount</b> <span class=\"app\">APP</span> <time>{}</time></p>\n",
        escaped(time)
    );
    match message["blocks"].as_array() {
        Some(blocks) => blocks.iter().for_each(|block| draw_block(&mut html, block)),
        None => put(&mut html, format_args!("<p>{}</p>\n", mrkdwn(text(&message["text"])))),
    }
    for attachment in message["attachments"].as_array().into_iter().flatten() {
        let color = text(&attachment["color"]);
        put(&mut html, format_args!("<div class=\"attachment\" style=\"border-color:{}\">", escaped(color)));
        attachment["blocks"].as_array().into_iter().flatten().for_each(|block| draw_block(&mut html, block));
        html.push_str("</div>\n");
    }
    html.push_str("</div></div>\n");
    html
}

fn draw_block(html: &mut String, block: &Value) {
    match block["type"].as_str().unwrap_or_default() {
        "header" => put(html, format_args!("<h4>{}</h4>\n", object(&block["text"]))),
        "section" => {
            if block.get("text").is_some() {
                put(html, format_args!("<p>{}</p>\n", object(&block["text"])));
            }
            if let Some(fields) = block["fields"].as_array() {
                html.push_str("<div class=\"fields\">");
                for field in fields {
                    put(html, format_args!("<p>{}</p>", object(field)));
                }
                html.push_str("</div>\n");
            }
        }
        "context" => {
            html.push_str("<p class=\"context\">");
            for element in block["elements"].as_array().into_iter().flatten() {
                put(html, format_args!("<span>{}</span> ", object(element)));
            }
            html.push_str("</p>\n");
        }
        "divider" => html.push_str("<hr>\n"),
        "image" => put(html, format_args!("<p class=\"picture\">{}</p>\n", escaped(text(&block["alt_text"])))),
        "rich_text" => html.push_str(&rich(block)),
        "table" => table(html, block),
        "data_visualization" => html.push_str(&plot(block).draw()),
        other => put(html, format_args!("<p class=\"unknown\">a block of type {}</p>\n", escaped(other))),
    }
}

/// A text object. Plain text stays as it is, but for its lines.
fn object(object: &Value) -> String {
    match object["type"].as_str() {
        Some("mrkdwn") => mrkdwn(text(&object["text"])),
        Some("image") => escaped(text(&object["alt_text"])),
        _ => lines(text(&object["text"])),
    }
}

fn rich(block: &Value) -> String {
    let mut html = String::new();
    for element in block["elements"].as_array().into_iter().flatten() {
        let inside = || element["elements"].as_array().into_iter().flatten();
        match element["type"].as_str().unwrap_or_default() {
            "rich_text_list" => {
                let tag = if element["style"] == "ordered" { "ol" } else { "ul" };
                put(&mut html, format_args!("<{tag}>"));
                for item in inside() {
                    put(&mut html, format_args!("<li>{}</li>", runs(item)));
                }
                put(&mut html, format_args!("</{tag}>\n"));
            }
            "rich_text_quote" => put(&mut html, format_args!("<blockquote>{}</blockquote>\n", runs(element))),
            "rich_text_preformatted" => put(&mut html, format_args!("<pre>{}</pre>\n", runs(element))),
            _ => put(&mut html, format_args!("<p>{}</p>\n", runs(element))),
        }
    }
    html
}

fn runs(section: &Value) -> String {
    let mut html = String::new();
    for run in section["elements"].as_array().into_iter().flatten() {
        let said = lines(text(&run["text"]));
        if run["type"] == "link" {
            let url = escaped(text(&run["url"]));
            let said = if said.is_empty() { url.clone() } else { said };
            put(&mut html, format_args!("<a href=\"{url}\" rel=\"noreferrer\">{said}</a>"));
        } else if run["style"]["bold"] == true {
            put(&mut html, format_args!("<b>{said}</b>"));
        } else if run["style"]["italic"] == true {
            put(&mut html, format_args!("<i>{said}</i>"));
        } else {
            html.push_str(&said);
        }
    }
    html
}

fn table(html: &mut String, block: &Value) {
    let right = |at: usize| block["column_settings"][at]["align"] == "right";
    html.push_str("<div class=\"wide\"><table>\n");
    for (at, row) in block["rows"].as_array().into_iter().flatten().enumerate() {
        let tag = if at == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for (at, cell) in row.as_array().into_iter().flatten().enumerate() {
            let said = match cell["type"].as_str() {
                Some("rich_text") => {
                    cell["elements"].as_array().into_iter().flatten().map(runs).collect::<Vec<_>>().join(" ")
                }
                _ => lines(text(&cell["text"])),
            };
            let class = if right(at) { " class=\"right\"" } else { "" };
            put(html, format_args!("<{tag}{class}>{said}</{tag}>"));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table></div>\n");
}

fn plot(block: &Value) -> Plot {
    let chart = &block["chart"];
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|one| text(one).to_owned()).collect()
    };
    let series = chart["series"].as_array().into_iter().flatten().map(|series| {
        let values = series["data"].as_array().into_iter().flatten().map(|point| point["value"].as_f64()).collect();
        (text(&series["name"]).to_owned(), values)
    });
    Plot {
        title: text(&block["title"]).to_owned(),
        unit: text(&chart["axis_config"]["y_label"]).to_owned(),
        bars: chart["type"] == "bar",
        labels: strings(&chart["axis_config"]["categories"]),
        series: series.collect(),
    }
}

/// As much of Slack's markup as our templates write: bold between asterisks. Everything else stays as it is.
fn mrkdwn(text: &str) -> String {
    // It comes escaped, as Slack wants it.
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let safe = lines(&plain);
    let mut html = String::with_capacity(safe.len());
    for line in safe.split_inclusive("<br>") {
        match line.strip_prefix('*').and_then(|rest| rest.split_once('*')) {
            Some((bold, rest)) if !bold.is_empty() => put(&mut html, format_args!("<b>{bold}</b>{rest}")),
            _ => html.push_str(line),
        }
    }
    html
}

fn lines(text: &str) -> String {
    escaped(text).replace('\n', "<br>")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn put(html: &mut String, what: std::fmt::Arguments<'_>) {
    // A String takes all that is written.
    let _ = html.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bold_is_shown_and_nothing_else_is_markup() {
        assert_eq!(mrkdwn("*Peak*\n217 &lt;b&gt; *x"), "<b>Peak</b><br>217 &lt;b&gt; *x");
        let evil = "<img src=x onerror=alert(1)>";
        let html = draw(
            &json!({"text": evil, "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": evil}},
                {"type": evil},
                {"type": "table", "rows": [[{"type": "raw_text", "text": evil}]]},
                {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                    {"type": "text", "text": evil}, {"type": "link", "url": evil, "text": evil},
                ]}]},
            ], "attachments": [{"color": "\"><script>", "blocks": [{"type": "context", "elements": [
                {"type": "mrkdwn", "text": evil}]}]}]}),
            evil,
        );
        assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;img").count(), 8, "{html}");
    }
}
