//! Every message as it was received, on one page that needs nothing else.

use std::fmt::Write as _;

use super::story::{Inbox, Message};

/// A piece of a message's text.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    Line(String),
    Item(String),
    /// What a button says, and where it leads.
    Button(String, String),
    Table(Vec<Vec<String>>),
}

/// A message's text in pieces: lines, items, buttons, and rows whose cells are joined by ` | `.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for line in text.lines() {
        let cells: Vec<_> = line.split(" | ").map(|cell| cell.trim().to_owned()).collect();
        let button = line.strip_prefix('[').and_then(|rest| rest.split_once("] http"));
        let button = button.or_else(|| line.strip_suffix(')').and_then(|rest| rest.split_once(" (http")));
        match (blocks.last_mut(), button) {
            (_, Some((label, rest))) => blocks.push(Block::Button(label.to_owned(), format!("http{rest}"))),
            (Some(Block::Table(rows)), _) if cells.len() > 1 => rows.push(cells),
            _ if cells.len() > 1 => blocks.push(Block::Table(vec![cells])),
            _ => blocks.push(match line.strip_prefix("• ").or_else(|| line.strip_prefix("- ")) {
                Some(item) => Block::Item(item.to_owned()),
                None => Block::Line(line.to_owned()),
            }),
        }
    }
    blocks
}

/// The page; `what` says in a sentence what happened.
pub fn page(messages: &[Message], what: &str) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:\">\n<title>headcount demo: {} messages</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>headcount demo</h1>\n<p>{}</p>\n<nav>",
        messages.len(),
        escaped(what)
    );
    let of = |inbox| messages.iter().filter(move |message| message.inbox == inbox);
    for inbox in Inbox::ALL {
        put(&mut html, format_args!("<a href=\"#{inbox:?}\">{} <b>{}</b></a>", inbox.label(), of(inbox).count()));
    }
    html += "</nav>\n</header>\n<main>\n";
    for inbox in Inbox::ALL {
        put(&mut html, format_args!("<section id=\"{inbox:?}\" class=\"{inbox:?}\">\n<h2>{}</h2>\n", inbox.label()));
        for message in of(inbox) {
            one(&mut html, message);
        }
        html += "</section>\n";
    }
    html += "</main>\n</body>\n</html>\n";
    html
}

fn one(html: &mut String, message: &Message) {
    let Message { at, title, text, raw, .. } = message;
    put(html, format_args!("<article>\n<time>{}</time>\n<h3>{}</h3>\n", escaped(at), escaped(title)));
    if let Some(mail) = &message.html {
        // Nothing in a sandbox can say how high it is: about as high as its text, and what is longer scrolls.
        let height = 200 + 28 * text.lines().count().min(20);
        put(
            html,
            format_args!(
                "<iframe sandbox title=\"The mail\" style=\"height:{height}px\" srcdoc=\"{}\"></iframe>\n",
                escaped(mail)
            ),
        );
    } else {
        html.push_str("<div class=\"text\">\n");
        for block in blocks(text) {
            match block {
                Block::Line(line) => put(html, format_args!("<p>{}</p>\n", escaped(&line))),
                Block::Item(item) => put(html, format_args!("<p class=\"item\">{}</p>\n", escaped(&item))),
                Block::Button(label, to) => put(
                    html,
                    format_args!(
                        "<p><span class=\"button\" title=\"{}\">{}</span></p>\n",
                        escaped(&to),
                        escaped(&label)
                    ),
                ),
                Block::Table(rows) => table(html, &rows),
            }
        }
        html.push_str("</div>\n");
    }
    put(
        html,
        format_args!("<details><summary>As it came</summary><pre>{}</pre></details>\n</article>\n", escaped(raw)),
    );
}

fn table(html: &mut String, rows: &[Vec<String>]) {
    html.push_str("<div class=\"wide\"><table>\n");
    for (at, row) in rows.iter().enumerate() {
        let cell = if at == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for text in row {
            put(html, format_args!("<{cell}>{}</{cell}>", escaped(text)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</table></div>\n");
}

fn put(html: &mut String, what: std::fmt::Arguments<'_>) {
    html.write_fmt(what).expect("a String takes all that is written");
}

/// Text as text, between tags and in quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #f5f5f2; --card: #fff; --ink: #1d1f23; --soft: #676c75; --line: #dddfe3; --code: #f1f2f4 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --card: #1f2226; --ink: #e8e9eb; --soft: #9aa0aa; --line: #343840; --code: #16181b }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
header, main { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2.5rem }
h1 { margin: 0; font-size: 1.7rem; letter-spacing: -.02em }
header p { margin: .4rem 0 1rem; color: var(--soft) }
nav { display: flex; flex-wrap: wrap; gap: .5rem }
nav a { padding: .25rem .8rem; border: 1px solid var(--line); border-radius: 99px; background: var(--card); color: inherit; text-decoration: none }
nav b { color: var(--soft) }
.Slack { --mark: #7c3085 } .Teams { --mark: #5b5fc7 } .Mail { --mark: #b3701b }
h2 { margin: 2.5rem 0 .8rem; padding-bottom: .3rem; border-bottom: 2px solid var(--mark); font-size: 1.15rem }
article { position: relative; margin: 0 0 1rem; padding: 1rem 1.2rem; border: 1px solid var(--line); border-left: 4px solid var(--mark); border-radius: 8px; background: var(--card) }
h3 { margin: 0 5rem .4rem 0; font-size: 1.02rem }
time { position: absolute; top: 1.05rem; right: 1.2rem; color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums }
.text p { margin: .2rem 0; overflow-wrap: anywhere }
.Slack .text p:last-child, .Teams .text p:first-child { color: var(--soft); font-size: .85rem }
.item { padding-left: 1rem; text-indent: -1rem } .item::before { content: '•'; display: inline-block; width: 1rem; text-indent: 0 }
.button { display: inline-block; margin: .4rem 0; padding: .2rem .9rem; border: 1px solid var(--line); border-radius: 6px; font-weight: 600 }
.wide { overflow-x: auto }
table { margin: .6rem 0; border-collapse: collapse; font-size: .92rem }
th, td { padding: .22rem 1.1rem .22rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 600 }
iframe { display: block; width: 100%; border: 1px solid var(--line); border-radius: 6px; background: #fff; resize: vertical; overflow: auto }
details { margin-top: .7rem } summary { color: var(--soft); font-size: .85rem; cursor: pointer }
pre { max-height: 26rem; overflow: auto; margin: .5rem 0 0; padding: .8rem; border-radius: 6px; background: var(--code); font: 12px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_to_pieces() {
        let line = |text: &str| Block::Line(text.to_owned());
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            blocks("one\n• two\nUser | On\nanna | hr\n[Open] https://a.test\nQMC (https://b.test)\nlast"),
            [
                line("one"),
                Block::Item("two".into()),
                Block::Table(vec![row(["User", "On"]), row(["anna", "hr"])]),
                Block::Button("Open".into(), "https://a.test".into()),
                Block::Button("QMC".into(), "https://b.test".into()),
                line("last"),
            ]
        );
    }

    #[test]
    fn nothing_in_a_message_is_markup() {
        let evil = "<script>\"'&</script>";
        for (inbox, html) in [(Inbox::Slack, None), (Inbox::Mail, Some(evil.to_owned()))] {
            let text = format!("{evil}\n• {evil}\n{evil} | b\n[{evil}] https://{evil}");
            let message = Message { inbox, at: evil.into(), title: evil.into(), text, html, raw: evil.into() };
            let page = page(&[message], evil);
            assert!(!page.contains("<script>") && page.contains("&lt;script&gt;&quot;&#39;&amp;"), "{page}");
        }
    }
}
