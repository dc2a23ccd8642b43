//! What a reader sees of a payload, told apart by how each program reads it. Knows nothing of how headcount escapes.

use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;

/// What a form puts behind a mark so that it begins nothing; it is not seen.
const JOINER: char = '\u{2060}';

/// A payload as it is read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Texts that are shown as they are, each by itself.
    pub(super) runs: Vec<String>,
    /// Texts in which the program looks for markup.
    pub(super) markup: Vec<String>,
    /// What would be opened.
    pub(super) links: Vec<String>,
    /// What is there beside the texts: the names of elements, in order.
    pub(super) skeleton: Vec<String>,
}

impl Read {
    /// All that is shown, one text after the other.
    pub(super) fn whole(&self) -> String {
        self.runs.join("\n")
    }
}

/// As Slack reads a message: runs, plain texts and the names in charts are shown as they are.
pub(super) fn slack(message: &Value) -> Read {
    let mut read = Read::default();
    walk(
        message,
        &mut |object, read| {
            let kind = object["type"].as_str().unwrap_or_default();
            let text = object["text"].as_str();
            match (kind, text) {
                ("text" | "plain_text", Some(text)) => read.runs.push(text.to_owned()),
                ("link", Some(text)) => {
                    read.runs.push(text.to_owned());
                    read.links.push(object["url"].as_str().expect("an address").to_owned());
                }
                // The notification: no marks are read in it where it says so, but mentions and links are.
                ("", Some(text)) if object["mrkdwn"] == false => {
                    read.runs.extend(unescaped(text).lines().map(|line| line.trim_start_matches("• ").to_owned()));
                }
                ("mrkdwn" | "", Some(text)) => read.markup.push(text.to_owned()),
                ("data_visualization", _) => {
                    read.runs.push(object["title"].as_str().expect("a title").to_owned());
                    for series in object["chart"]["series"].as_array().expect("series") {
                        read.runs.push(series["name"].as_str().expect("a name").to_owned());
                    }
                }
                (_, Some(text)) => panic!("a text in `{kind}`: {text}"),
                (_, None) => {}
            }
            assert!(
                !["user", "usergroup", "broadcast", "channel", "emoji", "date", "color"].contains(&kind),
                "an element that mentions or draws: {object}"
            );
            assert!(kind != "plain_text" || object["emoji"] == false, "`:names:` become emoji in {object}");
        },
        &mut read,
    );
    read
}

/// What Slack shows of text that it reads as markup, if none of it is markup but the escapes.
pub(super) fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "a mention or a link in {text}");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// As Teams reads a card: text runs and the titles of actions are shown as they are, facts are Markdown.
pub(super) fn teams(message: &Value) -> Read {
    let mut read = Read::default();
    assert!(message.pointer("/attachments/0/content/msteams/entities").is_none(), "somebody is mentioned");
    read.runs.push(message["summary"].as_str().expect("a summary").to_owned());
    let card = &message["attachments"][0]["content"];
    for key in ["fallbackText", "speak"] {
        read.runs.extend(card[key].as_str().map(str::to_owned));
    }
    walk(
        card,
        &mut |object, read| match object["type"].as_str().unwrap_or_default() {
            "TextRun" => read.runs.push(object["text"].as_str().expect("a text").to_owned()),
            "TextBlock" => read.markup.push(object["text"].as_str().expect("a text").to_owned()),
            "Action.OpenUrl" => {
                read.runs.push(object["title"].as_str().expect("a title").to_owned());
                read.links.push(object["url"].as_str().expect("an address").to_owned());
            }
            "FactSet" => {
                for fact in object["facts"].as_array().expect("facts") {
                    for key in ["title", "value"] {
                        read.markup.push(fact[key].as_str().expect("a text").to_owned());
                    }
                }
            }
            "Chart.Line" | "Chart.VerticalBar.Grouped" => {
                for line in object["data"].as_array().expect("data") {
                    read.runs.push(line["legend"].as_str().expect("a legend").to_owned());
                }
            }
            _ => {}
        },
        &mut read,
    );
    read
}

/// As Mattermost reads an attachment: its text is Markdown, and so is a title that leads nowhere.
pub(super) fn mattermost(message: &Value) -> Read {
    let mut read = Read::default();
    let attachment = &message["attachments"][0];
    for key in ["fallback", "footer"] {
        read.runs.push(attachment[key].as_str().expect("a text").to_owned());
    }
    let (title, link) = (&attachment["title"], attachment["title_link"].as_str().expect("a link or none"));
    let title = title.as_str().expect("a title");
    if link.is_empty() {
        markdown(title, &mut read);
    } else {
        read.runs.push(title.to_owned());
        read.links.push(link.to_owned());
    }
    markdown(attachment["text"].as_str().expect("a text"), &mut read);
    read.skeleton.extend(keys(message));
    read
}

/// Markdown as another program reads it. Mentions, emoji and bare addresses are Mattermost's own, and looked for in the text itself.
fn markdown(text: &str, read: &mut Read) {
    let mentions = text.match_indices('@').any(|(at, _)| !text[at + 1..].starts_with(JOINER));
    assert!(!mentions, "somebody is mentioned in {text}");
    assert!(!text.contains("://") && !text.contains("www."), "an address that becomes a link in {text}");
    for (at, _) in text.match_indices(':') {
        let name: String =
            text[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_+-".contains(*c)).collect();
        let ends = text[at + 1 + name.len()..].starts_with(':');
        assert!(name.is_empty() || !ends || name.bytes().all(|b| b.is_ascii_digit()), "an emoji in {text}");
    }
    let mut line = String::new();
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_MATH;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Text(text) => line.push_str(&text),
            Event::SoftBreak | Event::HardBreak => flush(&mut line, read),
            Event::Start(tag) => {
                flush_before(&tag, &mut line, read);
                if let Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } = &tag {
                    read.links.push(dest_url.to_string());
                }
                let name = format!("{tag:?}");
                read.skeleton.push(name.split([' ', '(', '{']).next().unwrap_or_default().to_owned());
            }
            Event::End(end) => {
                if !matches!(end, pulldown_cmark::TagEnd::Strong) {
                    flush(&mut line, read);
                }
            }
            other => panic!("{other:?} in {text}"),
        }
    }
    flush(&mut line, read);
}

fn flush_before(tag: &Tag<'_>, line: &mut String, read: &mut Read) {
    if matches!(tag, Tag::List(_) | Tag::Item | Tag::Paragraph) {
        flush(line, read);
    }
}

fn flush(line: &mut String, read: &mut Read) {
    let told = std::mem::take(line).replace(JOINER, "");
    if !told.trim_matches(' ').is_empty() {
        read.runs.push(told);
    }
}

/// As Google Chat reads a card: its paragraph is HTML of a few tags, all else is shown as it is.
pub(super) fn google_chat(message: &Value) -> Read {
    let card = &message["cardsV2"][0]["card"];
    let widgets = card["sections"][0]["widgets"].as_array().expect("widgets");
    let mut read = page(widgets[0]["textParagraph"]["text"].as_str().expect("a text"));
    for run in &mut read.runs {
        *run = run.trim_start_matches("• ").to_owned();
    }
    for tag in &read.skeleton {
        assert!(["b", "/b", "br"].contains(&tag.as_str()), "<{tag}>");
    }
    for key in ["title", "subtitle"] {
        read.runs.push(card["header"][key].as_str().expect("a text").to_owned());
    }
    for widget in &widgets[1..] {
        for button in widget["buttonList"]["buttons"].as_array().expect("buttons") {
            read.runs.push(button["text"].as_str().expect("a text").to_owned());
            read.links.push(button["onClick"]["openLink"]["url"].as_str().expect("an address").to_owned());
        }
    }
    read.skeleton.extend(keys(message));
    read
}

/// As ntfy reads a notification: nothing is markup unless it asks for Markdown; what it may do besides is in keys of their own.
pub(super) fn ntfy(message: &Value) -> Read {
    let mut read = Read { skeleton: keys(message), ..Read::default() };
    for key in message.as_object().expect("an object").keys() {
        assert!(["topic", "title", "message", "priority", "tags", "click"].contains(&key.as_str()), "`{key}`");
    }
    read.links.extend(message["click"].as_str().map(str::to_owned));
    read.runs.push(message["title"].as_str().expect("a title").to_owned());
    let text = message["message"].as_str().expect("a text");
    read.runs.extend(text.lines().map(|line| line.trim_start_matches("• ").to_owned()));
    read
}

/// Words alone, for whatever reads them: nobody is mentioned.
pub(super) fn words(message: &Value) -> Read {
    let text = message["text"].as_str().expect("a text");
    assert_eq!(message.as_object().map(serde_json::Map::len), Some(1));
    for mark in ['@', '<'] {
        assert!(text.match_indices(mark).all(|(at, _)| text[at + 1..].starts_with(JOINER)), "`{mark}` in {text}");
    }
    Read { runs: text.lines().map(|line| line.replace(JOINER, "")).collect(), ..Read::default() }
}

/// The keys of everything, in order.
pub(super) fn keys(value: &Value) -> Vec<String> {
    let mut read = Read::default();
    walk(value, &mut |_, _| {}, &mut read);
    read.skeleton
}

fn walk(value: &Value, with: &mut impl FnMut(&Value, &mut Read), read: &mut Read) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, with, read)),
        Value::Object(fields) => {
            let keys: Vec<_> = fields.keys().cloned().collect();
            read.skeleton.push(format!("{} {}", value["type"].as_str().unwrap_or_default(), keys.join(",")));
            with(value, read);
            fields.values().for_each(|value| walk(value, with, read));
        }
        _ => {}
    }
}

/// As a browser reads a page: the text between its tags, and the tags. Comments and scripts are no part of ours.
pub(super) fn page(html: &str) -> Read {
    let mut read = Read::default();
    let mut rest = html;
    let mut text = String::new();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(&characters(before));
        // Outside a tag a `<` that begins none is text, and a mistake of ours.
        let end = closing(tag).unwrap_or_else(|| panic!("a tag that never ends: {}", &tag[..tag.len().min(80)]));
        let inside = &tag[1..end];
        assert!(!inside.starts_with(['?']) && !inside.starts_with("!["), "not a tag: <{inside}>");
        assert!(!inside.starts_with("!--"), "a comment: <{inside}>");
        let name: String = inside.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '!')).collect();
        let name = name.to_ascii_lowercase();
        assert!(
            !["script", "iframe", "img", "object", "form", "at"].contains(&name.as_str()) || inside.contains("cid:")
        );
        // What a quoted value says is a text, whatever it says.
        let bare: String = inside.split('"').step_by(2).collect();
        assert!(!bare.to_ascii_lowercase().contains(" on"), "something that runs: <{inside}>");
        if let Some((_, link)) = inside.split_once("href=\"") {
            read.links.push(characters(link.split_once('"').expect("a closing quote").0));
        }
        if !text.trim().is_empty() {
            read.runs.push(text.trim_matches(['\n', ' ']).to_owned());
        }
        text.clear();
        if name == "style" {
            let (_, after) = tag.split_once("</style>").expect("an end of the style");
            read.skeleton.push(name);
            rest = after;
            continue;
        }
        read.skeleton.push(name);
        rest = &tag[end + 1..];
    }
    assert!(rest.trim().is_empty(), "text after the page: {rest}");
    read
}

/// Where a tag ends: at the first `>` outside quotes.
fn closing(tag: &str) -> Option<usize> {
    let mut quoted = None;
    for (at, c) in tag.char_indices() {
        match (quoted, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quoted = Some(c),
            (Some(quote), c) if c == quote => quoted = None,
            _ => {}
        }
    }
    None
}

/// Text as HTML gives it, its references to characters resolved.
fn characters(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() < 9);
        let character = match reference {
            Some("amp") => Some('&'),
            Some("lt") => Some('<'),
            Some("gt") => Some('>'),
            Some("quot") => Some('"'),
            Some("nbsp") => Some('\u{a0}'),
            Some(name) => name.strip_prefix('#').and_then(|digits| {
                let hex = digits.strip_prefix(['x', 'X']);
                let code = hex.map_or_else(|| digits.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
                char::from_u32(code?)
            }),
            None => None,
        };
        let Some(character) = character else { panic!("an `&` that begins nothing known: {rest}") };
        shown.push(character);
        rest = &rest[reference.map_or(1, |name| name.len() + 2)..];
    }
    shown.push_str(rest);
    shown
}
