//! An Adaptive Card as Teams shows it.

use std::fmt::Write as _;

use serde_json::Value;

use super::chart::Plot;
use crate::render::escaped;

/// The card of a message.
pub(super) fn draw(message: &Value) -> String {
    let card = &message["attachments"][0]["content"];
    let mut html = String::from("<div class=\"teams-card\">\n");
    elements(&mut html, &card["body"]);
    buttons(&mut html, &card["actions"]);
    html.push_str("</div>\n");
    html
}

fn elements(html: &mut String, list: &Value) {
    list.as_array().into_iter().flatten().for_each(|one| element(html, one));
}

fn element(html: &mut String, element: &Value) {
    let class = spacing(element);
    match element["type"].as_str().unwrap_or_default() {
        "RichTextBlock" => put(html, format_args!("<p class=\"{class}{}\">{}</p>\n", side(element), inlines(element))),
        "TextBlock" => {
            let bold = if element["weight"] == "Bolder" { " bold" } else { "" };
            put(html, format_args!("<p class=\"{class}{bold}\">{}</p>\n", markdown(text(&element["text"]))));
        }
        "Container" => {
            let style = escaped(element["style"].as_str().unwrap_or("default"));
            let bleed = if element["bleed"] == true { " bleed" } else { "" };
            put(html, format_args!("<div class=\"container {class} {style}{bleed}\">"));
            elements(html, &element["items"]);
            html.push_str("</div>\n");
        }
        "ColumnSet" => {
            put(html, format_args!("<div class=\"columns {class}\">"));
            for column in element["columns"].as_array().into_iter().flatten() {
                let width = column["width"].as_f64().unwrap_or(1.0);
                put(html, format_args!("<div style=\"flex:{width}\">"));
                elements(html, &column["items"]);
                html.push_str("</div>");
            }
            html.push_str("</div>\n");
        }
        "FactSet" => {
            put(html, format_args!("<dl class=\"{class}\">"));
            for fact in element["facts"].as_array().into_iter().flatten() {
                let (title, value) = (markdown(text(&fact["title"])), markdown(text(&fact["value"])));
                put(html, format_args!("<dt>{title}</dt><dd>{value}</dd>"));
            }
            html.push_str("</dl>\n");
        }
        "Table" => table(html, element, &class),
        "ActionSet" => buttons(html, &element["actions"]),
        chart if chart.starts_with("Chart.") => html.push_str(&plot(element).draw()),
        other => put(html, format_args!("<p class=\"unknown\">an element of type {}</p>\n", escaped(other))),
    }
}

fn table(html: &mut String, table: &Value, class: &str) {
    let widths: Vec<f64> = table["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|column| column["width"].as_f64().unwrap_or(1.0))
        .collect();
    let all: f64 = widths.iter().sum();
    put(html, format_args!("<table class=\"{class}\"><colgroup>"));
    for width in &widths {
        put(html, format_args!("<col style=\"width:{:.1}%\">", width / all.max(1.0) * 100.0));
    }
    html.push_str("</colgroup>\n");
    for (at, row) in table["rows"].as_array().into_iter().flatten().enumerate() {
        let tag = if at == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for cell in row["cells"].as_array().into_iter().flatten() {
            put(html, format_args!("<{tag}>"));
            elements(html, &cell["items"]);
            put(html, format_args!("</{tag}>"));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table>\n");
}

fn buttons(html: &mut String, actions: &Value) {
    let Some(actions) = actions.as_array() else { return };
    html.push_str("<p class=\"actions\">");
    for action in actions {
        let (url, title) = (escaped(text(&action["url"])), escaped(text(&action["title"])));
        put(html, format_args!("<a href=\"{url}\" rel=\"noreferrer\">{title}</a> "));
    }
    html.push_str("</p>\n");
}

fn inlines(block: &Value) -> String {
    let mut html = String::new();
    for run in block["inlines"].as_array().into_iter().flatten() {
        let mut class = String::new();
        for (is, name) in [
            (run["isSubtle"] == true, "subtle "),
            (run["weight"] == "Bolder", "bold "),
            (run["italic"] == true, "italic "),
            (run["size"] == "Large", "large "),
            (run["size"] == "Small", "small "),
        ] {
            class.push_str(if is { name } else { "" });
        }
        put(&mut html, format_args!("<span class=\"{}\">{}</span>", class.trim_end(), escaped(text(&run["text"]))));
    }
    html
}

fn spacing(element: &Value) -> String {
    let spacing = match element["spacing"].as_str() {
        Some("None") => "none",
        Some("Small") => "close",
        Some("Medium") => "apart",
        Some("Large") => "far",
        _ => "usual",
    };
    let line = if element["separator"] == true { " line" } else { "" };
    format!("{spacing}{line}")
}

fn side(element: &Value) -> &'static str {
    if element["horizontalAlignment"] == "Right" { " right" } else { "" }
}

/// As much of Markdown as our templates write: bold between double asterisks.
fn markdown(text: &str) -> String {
    let safe = escaped(text);
    match safe.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        Some((bold, rest)) => format!("<b>{bold}</b>{rest}"),
        None => safe,
    }
}

/// Teams leaves out points, so that what was not seen is a gap.
fn plot(chart: &Value) -> Plot {
    let several = chart["data"].as_array().is_some_and(|data| data.iter().any(|line| line.get("values").is_some()));
    let lines: Vec<(&Value, &Value)> = if several {
        chart["data"].as_array().into_iter().flatten().map(|line| (&line["legend"], &line["values"])).collect()
    } else {
        vec![(&Value::Null, &chart["data"])]
    };
    let points = |values: &Value| -> Vec<(String, Option<f64>)> {
        let values = values.as_array().into_iter().flatten();
        values.map(|point| (text(&point["x"]).to_owned(), point["y"].as_f64())).collect()
    };
    let mut labels: Vec<String> = Vec::new();
    // The line with the most points gives the order; others add what it lacks.
    let mut all: Vec<_> = lines.iter().map(|(_, values)| points(values)).collect();
    all.sort_by_key(|points| std::cmp::Reverse(points.len()));
    for (label, _) in all.into_iter().flatten() {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let series = lines.iter().map(|(name, values)| {
        let points = points(values);
        let value = |label: &String| points.iter().find(|(x, _)| x == label).and_then(|(_, y)| *y);
        (text(name).to_owned(), labels.iter().map(value).collect())
    });
    Plot {
        title: text(&chart["title"]).to_owned(),
        unit: text(&chart["yAxisTitle"]).to_owned(),
        bars: chart["type"] != "Chart.Line",
        series: series.collect(),
        labels,
    }
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
    fn points_that_are_left_out_are_gaps() {
        let line = |legend: &str, xs: &[&str]| json!({"legend": legend, "values": xs.iter().map(|x| json!({"x": x, "y": 1})).collect::<Vec<_>>()});
        let plot =
            plot(&json!({"type": "Chart.Line", "data": [line("now", &["a", "c"]), line("then", &["a", "b", "c"])]}));
        assert_eq!(plot.labels, ["a", "b", "c"]);
        assert_eq!(plot.series[0].1, [Some(1.0), None, Some(1.0)]);
        assert!(!plot.bars);
    }

    #[test]
    fn nothing_on_a_card_is_markup() {
        let evil = "<img src=x onerror=alert(1)>";
        let run = json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": evil}]});
        let body = json!([
            run, {"type": "TextBlock", "text": evil}, {"type": evil},
            {"type": "Container", "style": "\"><script>", "items": [run]},
            {"type": "FactSet", "facts": [{"title": evil, "value": evil}]},
            {"type": "Table", "columns": [{"width": 1}], "rows": [{"cells": [{"items": [run]}]}]},
        ]);
        let actions = json!([{"type": "Action.OpenUrl", "url": evil, "title": evil}]);
        let html = draw(&json!({"attachments": [{"content": {"body": body, "actions": actions}}]}));
        assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;img").count(), 9, "{html}");
    }
}
