//! The page: one sheet for each message, on it one card for each channel.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};

use super::{About, Form, Shown, mail, pretty, slack, teams};
use crate::channels::{ChannelKind, Used};
use crate::message::Kind;
use crate::render::escaped;

const STYLE: &str = include_str!("page.css");
/// Makes each frame as high as its mail; the page is whole without it.
const SCRIPT: &str = include_str!("page.js");

pub(super) fn page(sheets: &[(&Shown, Vec<Form<'_>>)], about: &About) -> String {
    // Only this very script runs, whatever is in a message.
    let hash = BASE64.encode(digest(&SHA256, SCRIPT.as_bytes()));
    let kinds: Vec<ChannelKind> =
        sheets.first().map(|(_, forms)| forms.iter().map(|form| form.kind).collect()).unwrap_or_default();
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:; script-src 'sha256-{hash}'\">\n<title>headcount: what its messages look like</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<header class=\"top\">\n<h1>What headcount’s messages look like</h1>\n\
         <p>{} {}</p>\n</header>\n",
        escaped(&about.whose),
        escaped(&about.templates)
    );
    choices(&mut html, sheets, &kinds);
    html.push_str("<main>\n");
    let mut tabs = Tabs::default();
    let mut last: Option<Kind> = None;
    for (shown, forms) in sheets {
        let kind = shown.message.kind;
        if last != Some(kind) {
            let word = kind.word();
            put(&mut html, format_args!("<h2 id=\"{word}\">{word}</h2>\n"));
            last = Some(kind);
        }
        put(
            &mut html,
            format_args!("<section>\n<h3>{}</h3>\n<div class=\"forms\">\n", escaped(&shown.name.replace('_', " "))),
        );
        for form in forms {
            card(&mut html, form, &mut tabs);
        }
        html.push_str("</div>\n</section>\n");
    }
    put(&mut html, format_args!("</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"));
    html
}

/// Where to jump, which channels to see, and on what paper.
fn choices(html: &mut String, sheets: &[(&Shown, Vec<Form<'_>>)], kinds: &[ChannelKind]) {
    html.push_str("<nav>\n<div class=\"jump\">");
    let mut last: Option<Kind> = None;
    for (shown, _) in sheets {
        let kind = shown.message.kind;
        if last != Some(kind) {
            put(html, format_args!("<a href=\"#{0}\">{0}</a>", kind.word()));
            last = Some(kind);
        }
    }
    html.push_str("</div>\n<div class=\"pick\">");
    for kind in kinds.iter().filter(|_| kinds.len() > 1) {
        put(html, format_args!("<label><input type=\"checkbox\" id=\"see-{kind}\" checked> {}</label>", name(*kind)));
    }
    html.push_str(
        "</div>\n<div class=\"pick\"><label><input type=\"radio\" name=\"paper\" checked> as this machine</label>\
         <label><input type=\"radio\" name=\"paper\" id=\"light\"> light</label>\
         <label><input type=\"radio\" name=\"paper\" id=\"dark\"> dark</label></div>\n</nav>\n",
    );
}

fn name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Slack => "Slack",
        ChannelKind::Teams => "Teams",
        ChannelKind::Email => "E-mail",
        ChannelKind::Webhook => "Webhook",
        ChannelKind::File => "File",
    }
}

fn card(html: &mut String, form: &Form<'_>, tabs: &mut Tabs) {
    put(
        html,
        format_args!(
            "<article class=\"{0}\" data-channel=\"{0}\">\n<h4 class=\"channel\">{1}</h4>\n",
            form.kind,
            name(form.kind)
        ),
    );
    limits(html, &form.used);
    if let Some(trouble) = &form.trouble {
        put(html, format_args!("<p class=\"trouble\">Plain wording took its place: {}</p>\n", escaped(trouble)));
    }
    let body = Form::json(form.payload.body());
    let at = &form.message.at;
    let time = format!("{} {}", at.time, at.zone);
    let text = |value: &serde_json::Value| escaped(value.as_str().unwrap_or_default());
    let mut views: Vec<(&str, String)> = Vec::new();
    match form.kind {
        ChannelKind::Slack => {
            views.push(("Message", slack::draw(&body, &time)));
            views.push(("Notification", format!("<div class=\"aloud\">{}</div>", text(&body["text"]))));
            let plainer = [("Plainer", form.payload.plainer()), ("Plainest", form.payload.plainest())];
            for (name, body) in plainer {
                views.extend(body.map(|body| (name, slack::draw(&Form::json(body), &time))));
            }
            views.push(("Source", source(&pretty(form.payload.body()))));
        }
        ChannelKind::Teams => {
            views.push(("Card", teams::draw(&body)));
            let card = &body["attachments"][0]["content"];
            let said = [
                ("Summary", &body["summary"]),
                ("Read aloud", &card["speak"]),
                ("Without cards", &card["fallbackText"]),
            ];
            let said = said.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", text(value))).concat();
            views.push(("Notification", format!("<dl class=\"aloud\">{said}</dl>")));
            views.extend(form.payload.plainer().map(|body| ("Plainer", teams::draw(&Form::json(body)))));
            views.push(("Source", source(&pretty(form.payload.body()))));
        }
        ChannelKind::Email => {
            put(html, format_args!("<p class=\"subject\">{}</p>\n", text(&body["subject"])));
            views.push(("On white", mail::frame(&body, false)));
            views.push(("On dark", mail::frame(&body, true)));
            views.push(("Text", source(body["text"].as_str().unwrap_or_default())));
            views.extend(body["people"].as_str().map(|list| ("people.csv", source(&beginning(list)))));
        }
        ChannelKind::Webhook => {
            views.push(("JSON", source(&pretty(form.payload.body()))));
            views.extend(form.payload.plainer().map(|body| ("Without people", source(&pretty(body)))));
        }
        ChannelKind::File => {
            views.push(("Text", source(body["text"].as_str().unwrap_or_default().trim())));
            views.push(("Whole file", source(&crate::channels::file::shown(form.payload.body()))));
        }
    }
    tabs.put(html, &views);
    html.push_str("</article>\n");
}

/// How much of each limit is used.
fn limits(html: &mut String, used: &[Used]) {
    html.push_str("<ul class=\"limits\">");
    for Used { what, used, most } in used {
        let part = *used as f64 / (*most).max(1) as f64 * 100.0;
        put(
            html,
            format_args!(
                "<li><span>{what}</span><i style=\"--part:{:.1}%\"></i><span>{} of {}</span></li>",
                part.min(100.0),
                thousands(*used),
                thousands(*most)
            ),
        );
    }
    html.push_str("</ul>\n");
}

/// `12 000`, with a space that does not break.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut spaced = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    spaced
}

/// The first lines of a file.
fn beginning(text: &str) -> String {
    const LINES: usize = 20;
    let more = text.lines().count().saturating_sub(LINES);
    let shown = text.lines().take(LINES).collect::<Vec<_>>().join("\n");
    if more == 0 { shown } else { format!("{shown}\n… and {more} more lines") }
}

fn source(text: &str) -> String {
    format!("<pre class=\"source\">{}</pre>\n", escaped(text))
}

/// Views of one thing, of which one is seen at a time; without any script.
#[derive(Default)]
struct Tabs(usize);

impl Tabs {
    fn put(&mut self, html: &mut String, views: &[(&str, String)]) {
        self.0 += 1;
        let group = self.0;
        html.push_str("<div class=\"tabs\">\n");
        for (at, (name, view)) in views.iter().enumerate() {
            let checked = if at == 0 { " checked" } else { "" };
            put(
                html,
                format_args!(
                    "<input type=\"radio\" name=\"v{group}\" id=\"v{group}-{at}\"{checked}><label for=\"v{group}-{at}\">{name}</label>\
                     <div class=\"view\">{view}</div>\n"
                ),
            );
        }
        html.push_str("</div>\n");
    }
}

fn put(html: &mut String, what: std::fmt::Arguments<'_>) {
    // A String takes all that is written.
    let _ = html.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::super::preview;
    use super::*;
    use crate::message::sample;
    use crate::render::Engine;

    fn shown(names: &[&str]) -> Vec<Shown> {
        let all = sample::all().into_iter().filter(|(name, _)| names.contains(name));
        all.map(|(name, message)| Shown { name: name.to_owned(), message }).collect()
    }

    fn about() -> About {
        let now = "2026-11-23T07:10:00Z".parse().unwrap();
        About { whose: "Samples.".into(), templates: "<b>built in</b>".into(), now }
    }

    #[test]
    fn every_form_is_there_with_its_limits_and_nothing_is_fetched() {
        let shown = shown(&["alert_crowded", "digest", "who_nasty"]);
        let made = preview(&shown, &ChannelKind::ALL, &Engine::embedded(), &about());
        let page = &made.page;
        assert_eq!((made.files.len(), made.troubles.len()), (15, 0));
        assert_eq!(page.matches("<article").count(), 15);
        assert_eq!(page.matches("<iframe").count(), 6);
        for told in ["blocks", "of 50<", "of 27\u{202f}000", "&lt;b&gt;built in", "data_visualization", "Chart.Line"] {
            assert!(page.contains(told), "{told}");
        }
        assert!(!page.contains("cannot be drawn") && !page.contains("class=\"unknown\""));
        // What is fetched would be in one of these; links in messages lead away only when they are followed.
        for fetched in ["<link", "src=\"http", "@import", "url(", "<script src"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<b>&amp;</b>") && page.contains("&lt;at&gt;") || page.contains("‹at"));
    }

    #[test]
    fn every_sample_is_drawn_whole() {
        let all = sample::all()
            .into_iter()
            .map(|(name, message)| Shown { name: name.to_owned(), message })
            .collect::<Vec<_>>();
        let made = preview(&all, &ChannelKind::ALL, &Engine::embedded(), &about());
        assert!(!made.page.contains("class=\"unknown\""), "something is not drawn");
        assert_eq!(made.files.len(), all.len() * ChannelKind::ALL.len());
        assert!(made.files.iter().all(|(_, text)| !text.is_empty()));
        for kind in Kind::ALL {
            assert!(made.page.contains(&format!("<h2 id=\"{}\">", kind.word())));
        }
    }

    #[test]
    fn a_template_that_fails_is_told_on_the_page_and_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("slack")).unwrap();
        std::fs::write(folder.path().join("slack/alert.json.j2"), "{\n{{ nobody }}").unwrap();
        let engine = Engine::new(Some(folder.path())).unwrap();
        let made = preview(&shown(&["alert_crowded"]), &ChannelKind::ALL, &engine, &about());
        let [trouble] = made.troubles.as_slice() else { panic!("{:?}", made.troubles) };
        assert!(trouble.contains("line 2"), "{trouble}");
        assert_eq!(made.page.matches("class=\"trouble\"").count(), 1);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0, 999, 1000, 27000, 1_234_567].map(thousands),
            ["0", "999", "1\u{202f}000", "27\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}
