//! What a reader sees of a payload, told apart by how each program reads it. Knows nothing of how headcount escapes.

use serde_json::Value;

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
