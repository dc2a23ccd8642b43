//! Shows a chat message as lines of text, about as a person would read it.

use serde_json::Value;

/// The text of a message, one line for each line shown; table cells are joined by ` | `. Of a webhook's it is what it says.
pub fn plain_text(message: &Value) -> String {
    let mut lines = Vec::new();
    if let Some(said) = message["data"]["text"].as_str() {
        return said.to_owned();
    }
    let cards: Vec<_> = list(message, "attachments").map(|one| &one["content"]).filter(|one| is_card(one)).collect();
    if cards.is_empty() {
        slack_message(message, &mut lines);
    } else {
        for content in cards {
            card(content, &mut lines);
        }
    }
    lines.join("\n")
}

fn is_card(content: &Value) -> bool {
    content["type"] == "AdaptiveCard"
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn push(lines: &mut Vec<String>, text: &str) {
    lines.extend(text.lines().map(|line| line.trim_end().to_owned()));
}

/// A value as it is read: a number without quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

// Slack.

fn slack_message(message: &Value, lines: &mut Vec<String>) {
    if list(message, "blocks").next().is_none() {
        push(lines, &mrkdwn(text(message, "text")));
    }
    list(message, "blocks").for_each(|one| block(one, lines));
    list(message, "attachments").for_each(|one| slack_message(one, lines));
}

fn block(block: &Value, lines: &mut Vec<String>) {
    match text(block, "type") {
        "header" | "section" => {
            push(lines, &text_object(&block["text"]));
            list(block, "fields").for_each(|field| push(lines, &text_object(field)));
            if block["accessory"].is_object() {
                push(lines, &text_object(&block["accessory"]));
            }
        }
        "context" => push(lines, &list(block, "elements").map(text_object).collect::<Vec<_>>().join(" ")),
        "actions" => list(block, "elements").for_each(|button| push(lines, &text_object(button))),
        "divider" => push(lines, "---"),
        "image" => push(lines, &text_object(block)),
        "rich_text" => push(lines, &rich_text(block)),
        "markdown" => push(lines, &markdown(text(block, "text"))),
        "table" | "data_table" => {
            push(lines, text(block, "caption"));
            for row in list(block, "rows") {
                push(lines, &row.as_array().into_iter().flatten().map(cell).collect::<Vec<_>>().join(" | "));
            }
        }
        "data_visualization" => {
            push(lines, text(block, "title"));
            let points = |key| move |one: &Value| list(one, key).map(point).collect::<Vec<_>>().join(", ");
            for series in list(&block["chart"], "series") {
                push(lines, &format!("{}: {}", text(series, "name"), points("data")(series)));
            }
            push(lines, &points("segments")(&block["chart"]));
        }
        _ => {}
    }
}

fn point(point: &Value) -> String {
    format!("{} {}", text(point, "label"), shown(&point["value"]))
}

/// A text object, a button or an image.
fn text_object(one: &Value) -> String {
    match text(one, "type") {
        "mrkdwn" => mrkdwn(text(one, "text")),
        "button" => format!("[{}] {}", text(&one["text"], "text"), text(one, "url")),
        "image" => format!("[{}]", text(one, "alt_text")),
        _ => text(one, "text").to_owned(),
    }
}

fn cell(cell: &Value) -> String {
    match text(cell, "type") {
        "rich_text" => rich_text(cell),
        "raw_number" if cell["text"].is_null() => shown(&cell["value"]),
        _ => text(cell, "text").to_owned(),
    }
}

fn rich_text(block: &Value) -> String {
    let mut lines = Vec::new();
    for element in list(block, "elements") {
        match text(element, "type") {
            "rich_text_list" => {
                for (number, item) in list(element, "elements").enumerate() {
                    let bullet = if element["style"] == "ordered" { format!("{}.", number + 1) } else { "•".into() };
                    let indent = "  ".repeat(
                        element["indent"].as_u64().and_then(|indent| usize::try_from(indent).ok()).unwrap_or(0),
                    );
                    lines.push(format!("{indent}{bullet} {}", run(item)));
                }
            }
            "rich_text_quote" => lines.extend(run(element).lines().map(|line| format!("> {line}"))),
            _ => lines.push(run(element)),
        }
    }
    lines.join("\n")
}

fn run(section: &Value) -> String {
    list(section, "elements")
        .map(|element| match text(element, "type") {
            "link" if !text(element, "text").is_empty() => {
                format!("{} ({})", text(element, "text"), text(element, "url"))
            }
            "link" => text(element, "url").to_owned(),
            "emoji" => format!(":{}:", text(element, "name")),
            "user" => format!("@{}", text(element, "user_id")),
            "usergroup" => format!("@{}", text(element, "usergroup_id")),
            "channel" => format!("#{}", text(element, "channel_id")),
            "broadcast" => format!("@{}", text(element, "range")),
            "date" => text(element, "fallback").to_owned(),
            _ => text(element, "text").to_owned(),
        })
        .collect()
}

/// Slack's own markup: what is in angle brackets is a link or a mention, and three characters are escaped.
fn mrkdwn(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, inside, after)) = between(rest, '<', '>') {
        shown += before;
        let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
        let (mention, label) = (target.strip_prefix('!'), label.unwrap_or_default());
        match mention {
            Some(mention) if label.is_empty() => shown.extend(["@", mention]),
            Some(_) => shown.push_str(label),
            None if label.is_empty() || target.starts_with(['@', '#']) => shown.push_str(target),
            None => shown.extend([label, " (", target, ")"]),
        }
        rest = after;
    }
    shown += rest;
    let shown = ["*", "_", "~", "`"].iter().fold(shown, |shown, mark| without(&shown, mark));
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

// Teams.

fn card(card: &Value, lines: &mut Vec<String>) {
    list(card, "body").for_each(|one| element(one, lines));
    list(card, "actions").for_each(|one| action(one, lines));
}

fn action(action: &Value, lines: &mut Vec<String>) {
    push(lines, &format!("[{}] {}", text(action, "title"), text(action, "url")));
}

fn element(one: &Value, lines: &mut Vec<String>) {
    if one["isVisible"] == false {
        return;
    }
    match text(one, "type") {
        "TextBlock" => push(lines, &markdown(text(one, "text"))),
        "RichTextBlock" => {
            let runs = list(one, "inlines").map(|run| run.as_str().unwrap_or_else(|| text(run, "text")));
            push(lines, &runs.collect::<String>());
        }
        "FactSet" => {
            for fact in list(one, "facts") {
                push(lines, &format!("{}: {}", markdown(text(fact, "title")), markdown(text(fact, "value"))));
            }
        }
        "Container" => list(one, "items").for_each(|item| element(item, lines)),
        "ColumnSet" => push(lines, &side_by_side(list(one, "columns"))),
        "Table" => list(one, "rows").for_each(|row| push(lines, &side_by_side(list(row, "cells")))),
        "Image" => push(lines, &format!("[{}]", text(one, "altText"))),
        "ImageSet" => list(one, "images").for_each(|image| push(lines, &format!("[{}]", text(image, "altText")))),
        "ActionSet" => list(one, "actions").for_each(|one| action(one, lines)),
        // What Teams alone can draw is read by what stands in for it.
        _ if one["fallback"].is_object() => element(&one["fallback"], lines),
        _ => {}
    }
}

/// Boxes beside each other, each of one line; else they follow each other.
fn side_by_side<'a>(boxes: impl Iterator<Item = &'a Value>) -> String {
    let boxes: Vec<_> = boxes
        .map(|one| {
            let mut lines = Vec::new();
            list(one, "items").for_each(|item| element(item, &mut lines));
            lines.join("\n")
        })
        .collect();
    boxes.join(if boxes.iter().any(|one| one.contains('\n')) { "\n" } else { " | " })
}

/// The part of Markdown that Teams shows.
fn markdown(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, label, after)) = between(rest, '[', ']') {
        shown += before;
        rest = if let Some(("", url, after)) = between(after, '(', ')') {
            shown.extend([label, " (", url, ")"]);
            after
        } else {
            shown.extend(["[", label, "]"]);
            after
        };
    }
    shown += rest;
    let shown = ["**", "__", "*", "_", "`"].iter().fold(shown, |shown, mark| without(&shown, mark));
    unescaped(&shown)
}

/// Without the back-slash before a mark.
fn unescaped(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = character == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation);
        shown.push(if escapes { characters.next().expect("it was seen") } else { character });
    }
    shown
}

/// What is before, inside and after the first pair of two signs on one line.
fn between(text: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(open)?;
    let (inside, after) = rest.split_once(close)?;
    (!inside.is_empty() && !inside.contains('\n')).then_some((before, inside, after))
}

/// Without the pairs of a mark that stand round words, as `*bold*`; those inside words, and escaped ones, are letters.
fn without(text: &str, mark: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    'next: while let Some(open) = rest.find(mark) {
        let (before, inside) = (&rest[..open], &rest[open + mark.len()..]);
        let outside = before.chars().next_back().or_else(|| shown.chars().next_back());
        let opens = outside.is_none_or(|last| !last.is_alphanumeric() && last != '\\')
            && inside.chars().next().is_some_and(|first| !first.is_whitespace());
        if opens {
            let line = inside.split('\n').next().unwrap_or_default();
            for (close, _) in line.match_indices(mark) {
                let after = inside[close + mark.len()..].chars().next();
                let last = inside[..close].chars().next_back();
                if last.is_some_and(|last| !last.is_whitespace() && last != '\\')
                    && after.is_none_or(|after| !after.is_alphanumeric())
                {
                    shown = shown + before + &inside[..close];
                    rest = &inside[close + mark.len()..];
                    continue 'next;
                }
            }
        }
        shown = shown + before + mark;
        rest = inside;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slacks_markup_is_read() {
        for (text, expected) in [
            ("a *bold* word, _this_ and `that`", "a bold word, this and that"),
            ("2 * 3 * 4, sa_api_x, *", "2 * 3 * 4, sa_api_x, *"),
            ("<https://a.test/x|open> <https://b.test>", "open (https://a.test/x) https://b.test"),
            ("<!channel> <@U1> &lt;!here&gt; &amp;amp;", "@channel @U1 <!here> &amp;"),
            ("3 < 4\n*two*\n", "3 < 4\ntwo"),
        ] {
            assert_eq!(plain_text(&json!({ "text": text })), expected);
        }
    }

    #[test]
    fn a_slack_message_is_read() {
        let message = json!({"text": "not shown", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Too many users"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*214* are on"}, "fields": [{"type": "mrkdwn", "text": "a"}]},
            {"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "*CORP*\\anna "}, {"type": "link", "url": "https://a.test", "text": "x"}]},
                {"type": "rich_text_list", "style": "bullet", "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "emoji", "name": "wave"}, {"type": "text", "text": " bo"}]}]}]},
            {"type": "table", "rows": [[{"type": "raw_text", "text": "who"}, {"type": "raw_text", "text": "n"}],
                [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "anna"}]}]}, {"type": "raw_number", "value": 2}]]},
            {"type": "data_visualization", "title": "Users", "chart": {"type": "line", "series": [{"name": "today", "data": [{"label": "8", "value": 3}]}]}},
            {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://a.test"}]},
            {"type": "context", "elements": [{"type": "plain_text", "text": "prod"}, {"type": "mrkdwn", "text": "_08:00_"}]},
        ]});
        assert_eq!(
            plain_text(&message),
            "Too many users\n214 are on\na\n*CORP*\\anna x (https://a.test)\n• :wave: bo\nwho | n\nanna | 2\nUsers\n\
             today: 8 3\n[Open] https://a.test\nprod 08:00"
        );
    }

    #[test]
    fn a_teams_message_is_read() {
        let rich = |text: &str| json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text}]});
        let cell = |text: &str| json!({"type": "TableCell", "items": [rich(text)]});
        let card = json!({"type": "AdaptiveCard", "body": [
            {"type": "TextBlock", "text": "**Too many** users\\_here [qmc](https://a.test)"},
            rich("CORP\\anna *"),
            {"type": "FactSet", "facts": [{"title": "Site", "value": "prod"}]},
            {"type": "ColumnSet", "columns": [{"items": [rich("a")]}, {"items": [rich("b")]}]},
            {"type": "Container", "items": [{"type": "Table", "rows": [{"cells": [cell("anna"), cell("2")]}]}]},
            {"type": "Chart.Line", "fallback": {"type": "TextBlock", "text": "8: 3"}},
            {"type": "Badge", "fallback": "drop"},
        ], "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": "https://a.test"}]});
        assert_eq!(
            plain_text(&json!({"type": "message", "attachments": [{"content": card}]})),
            "Too many users_here qmc (https://a.test)\nCORP\\anna *\nSite: prod\na | b\nanna | 2\n8: 3\n[Open] https://a.test"
        );
    }
}
