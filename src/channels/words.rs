//! The wording of a message, the same in every channel: a title, sentences, and the items of a list.

use super::plain;
use super::view::Matter;
use crate::render::{Engine, TemplateError};

/// What a message says, without anybody's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// One short line: the headline, the notification, the subject.
    pub title: String,
    pub lines: Vec<String>,
    /// What follows as a list, such as the pairs that did not answer.
    pub items: Vec<String>,
    /// How much it matters, where it comes from, when it was so.
    pub meta: String,
}

impl Words {
    /// Words a message through `templates/words/`, or plainly where those fail; then the failure is told too.
    pub(super) fn of(matter: &Matter, engine: &Engine) -> (Self, Option<TemplateError>) {
        match Self::rendered(matter, engine) {
            Ok(words) => (words, None),
            Err(error) => (plain::words(matter), Some(error)),
        }
    }

    fn rendered(matter: &Matter, engine: &Engine) -> Result<Self, TemplateError> {
        let name = format!("words/{}.txt.j2", matter.kind.word());
        let text = engine.render(&name, matter)?;
        let meta = engine.render("words/meta.txt.j2", matter)?;
        let mut all = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(title) = all.next() else {
            return Err(TemplateError::Render { file: name, line: 1, what: "it says nothing".to_owned() });
        };
        let (items, lines): (Vec<_>, Vec<_>) = all.partition(|line| line.starts_with("- "));
        Ok(Self {
            title: title.to_owned(),
            lines: lines.into_iter().map(str::to_owned).collect(),
            items: items.into_iter().map(|item| item[2..].trim().to_owned()).collect(),
            meta: meta.split_whitespace().collect::<Vec<_>>().join(" "),
        })
    }

    /// All of it as text: sentences, a list, and where it comes from.
    pub(super) fn text(&self) -> String {
        let mut text = self.title.clone();
        for line in &self.lines {
            text.push('\n');
            text.push_str(line);
        }
        for item in &self.items {
            text.push_str("\n• ");
            text.push_str(item);
        }
        text.push('\n');
        text.push_str(&self.meta);
        text
    }
}
