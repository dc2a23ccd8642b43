//! The engine: every template compiled once, strict, with a limit on what one rendering may cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{TEMPLATES, filters, short};

/// The steps that one rendering may take: far more than the longest built-in message needs, and over within a second or so.
const FUEL: u64 = 5_000_000;
/// The most words of a template that an error repeats, in letters.
const WORDS: usize = 60;

/// What is wrong with a template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("failed to read the template folder `{}`: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("`{}` replaces no template; {nearest}", path.display())]
    Unknown { path: PathBuf, nearest: String },
    #[error("`{file}`, line {line}: {what}")]
    Syntax { file: String, line: usize, what: String },
    #[error("`{file}`, line {line}: {what}")]
    Render { file: String, line: usize, what: String },
    #[error("there is no template `{name}`")]
    Missing { name: String },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<TemplateError>),
}

/// Every template, ready to render.
#[derive(Clone, Debug)]
pub struct Engine {
    environment: Environment<'static>,
    /// The files that take the place of built-in templates, by those templates' names.
    replaced: Arc<BTreeMap<String, String>>,
}

impl Engine {
    /// The built-in templates, with those that the folder has in place of theirs.
    pub fn new(overrides: Option<&Path>) -> Result<Self, TemplateError> {
        let mut read = Read::default();
        if let Some(folder) = overrides {
            read.folder(folder, "");
        }
        let Read { mut replaced, mut wrong } = read;
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(escaping);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(syntax());
        // Debug information would carry the values at hand, which are people's names.
        environment.set_debug(false);
        filters::add_to(&mut environment);
        let mut files = BTreeMap::new();
        for (name, built_in) in TEMPLATES {
            let (file, text) = match replaced.remove(*name) {
                Some((path, text)) => (files.entry((*name).to_owned()).or_insert(path).clone(), text),
                None => ((*name).to_owned(), (*built_in).to_owned()),
            };
            if let Err(error) = environment.add_template_owned(*name, text) {
                wrong.push(syntax_error(&file, &error));
            }
        }
        match wrong.len() {
            0 => Ok(Self { environment, replaced: Arc::new(files) }),
            1 => Err(wrong.remove(0)),
            _ => Err(TemplateError::Several(wrong)),
        }
    }

    /// The built-in templates alone; a test sees to it that they compile.
    pub fn embedded() -> Self {
        Self::new(None).unwrap_or_else(|error| unreachable!("a built-in template does not compile: {error}"))
    }

    /// Whether a template that is not one of these compiles. Its name says how it escapes.
    pub fn compiles(&self, name: &str, text: &str) -> Result<(), TemplateError> {
        self.environment.template_from_named_str(name, text).map(drop).map_err(|error| syntax_error(name, &error))
    }

    /// Renders such a template; it may extend and import the others.
    pub fn render_text(&self, name: &str, text: &str, facts: impl Serialize) -> Result<String, TemplateError> {
        let template =
            self.environment.template_from_named_str(name, text).map_err(|error| syntax_error(name, &error))?;
        template.render(Serde(facts)).map_err(|error| self.failure(name, Some(text), &error))
    }

    /// Renders one template.
    pub fn render(&self, name: &str, facts: impl Serialize) -> Result<String, TemplateError> {
        let template =
            self.environment.get_template(name).map_err(|_| TemplateError::Missing { name: name.to_owned() })?;
        template.render(Serde(facts)).map_err(|error| self.failure(name, None, &error))
    }

    /// The files that take the place of built-in templates.
    pub fn replaced(&self) -> impl Iterator<Item = &str> {
        self.replaced.values().map(String::as_str)
    }

    /// The file to look into where a template gives what is of no use: its own, or that of the frame that it may be made from.
    pub fn file(&self, name: &str) -> String {
        let frame = name.split_once('/').and_then(|(folder, file)| {
            let (_, ending) = file.split_once('.')?;
            self.replaced.get(&format!("{folder}/frame.{ending}"))
        });
        self.replaced.get(name).or(frame).map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// A text with the names of templates in place of the files that replace them: where those lie is no business of whoever
    /// reads a message.
    pub fn without_paths(&self, text: &str) -> String {
        self.replaced.iter().fold(text.to_owned(), |text, (name, path)| text.replace(path.as_str(), name))
    }

    /// Where it failed, what sort of failure, and at which words of the template. An error's details may hold people's names, so
    /// they stay behind. `own` is the text of a template that is not one of these.
    fn failure(&self, of: &str, own: Option<&str>, error: &minijinja::Error) -> TemplateError {
        let mut inner = error;
        while let Some(deeper) = std::error::Error::source(inner).and_then(|source| source.downcast_ref()) {
            inner = deeper;
        }
        let name = inner.name().unwrap_or(of);
        let template = self.environment.get_template(name).ok();
        let source = template.as_ref().map(minijinja::Template::source).or(own.filter(|_| name == of));
        let words = source.zip(inner.range()).and_then(|(source, range)| source.get(range));
        let words = words.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
        let what = match words.filter(|words| !words.is_empty()) {
            Some(words) => format!("{}: `{}`", inner.kind(), short(&words, WORDS)),
            None => inner.kind().to_string(),
        };
        let file = self.replaced.get(name).map_or(name, String::as_str).to_owned();
        TemplateError::Render { file, line: inner.line().unwrap_or(1), what }
    }
}

fn syntax_error(file: &str, error: &minijinja::Error) -> TemplateError {
    TemplateError::Syntax {
        file: file.to_owned(),
        line: error.line().unwrap_or(1),
        what: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
    }
}

/// Tags on lines of their own leave no lines behind.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .unwrap_or_else(|error| unreachable!("the usual delimiters are refused: {error}"))
}

fn escaping(name: &str) -> AutoEscape {
    match name.strip_suffix(".j2").and_then(|name| name.rsplit_once('.')) {
        Some((_, "json")) => AutoEscape::Json,
        Some((_, "txt")) => AutoEscape::None,
        _ => AutoEscape::Html,
    }
}

/// What a folder of replacements holds: `slack/alert.json.j2` and its like.
#[derive(Default)]
struct Read {
    /// The file and its text, by the template that it replaces.
    replaced: BTreeMap<String, (String, String)>,
    wrong: Vec<TemplateError>,
}

impl Read {
    /// Reads all of it, whatever is wrong with a part. Hidden files are left alone.
    #[expect(clippy::disallowed_methods, reason = "replacements are read here, once, when the engine is made")]
    fn folder(&mut self, folder: &Path, within: &str) {
        let unreadable = |path: &Path, error: std::io::Error| TemplateError::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let mut paths = match std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect::<Vec<_>>(),
            Err(error) => return self.wrong.push(unreadable(folder, error)),
        };
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let name = format!("{within}{name}");
            // As deep as the built-in ones, so that a link back to the folder itself ends.
            if path.is_dir() && within.is_empty() {
                self.folder(&path, &format!("{name}/"));
            } else if TEMPLATES.iter().any(|(known, _)| *known == name) {
                match std::fs::read_to_string(&path) {
                    Ok(text) => drop(self.replaced.insert(name, (path.display().to_string(), text))),
                    Err(error) => self.wrong.push(unreadable(&path, error)),
                }
            } else {
                self.wrong.push(TemplateError::Unknown { nearest: nearest(&name), path });
            }
        }
    }
}

/// What was likely meant.
fn nearest(name: &str) -> String {
    let known = TEMPLATES.iter().map(|(known, _)| (strsim::damerau_levenshtein(name, known), known)).min();
    match known {
        Some((steps, known)) if steps <= 8 => format!("did you mean `{known}`?"),
        _ => "`headcount templates export FOLDER` writes those that there are".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str, text: &str) -> Result<Engine, TemplateError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join(".hidden"), "{{").unwrap();
        Engine::new(Some(folder.path()))
    }

    #[test]
    fn the_built_in_templates_compile() {
        Engine::embedded();
    }

    #[test]
    fn a_folder_replaces_one_by_one() {
        let engine = with("words/test.txt.j2", "hello {{ who }}").unwrap();
        let facts = BTreeMap::from([("who", "<x>")]);
        assert_eq!(engine.render("words/test.txt.j2", &facts).unwrap(), "hello <x>");
        let engine = with("email/test.html.j2", "hello {{ who }}").unwrap();
        assert_eq!(engine.render("email/test.html.j2", &facts).unwrap(), "hello &lt;x&gt;");
        let engine = with("slack/test.json.j2", "[{{ who }}]").unwrap();
        assert_eq!(engine.render("slack/test.json.j2", &facts).unwrap(), r#"["<x>"]"#);
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let error = with("slack/alert.json.j2", "{}\n{{ oops").unwrap_err().to_string();
        assert!(error.contains("slack/alert.json.j2`, line 2: "), "{error}");

        let error = with("slack/alerts.json.j2", "{}").unwrap_err().to_string();
        assert!(error.ends_with("replaces no template; did you mean `slack/alert.json.j2`?"), "{error}");

        let error = with("readme", "").unwrap_err().to_string();
        assert!(error.contains("headcount templates export"), "{error}");

        let error = Engine::new(Some(Path::new("no-such-folder"))).unwrap_err().to_string();
        assert!(error.starts_with("failed to read the template folder `no-such-folder`: "), "{error}");

        let engine = with("words/test.txt.j2", "\n\n{{ nobody.name }}").unwrap();
        let error = engine.render("words/test.txt.j2", BTreeMap::<&str, &str>::new()).unwrap_err().to_string();
        assert!(error.ends_with("words/test.txt.j2`, line 3: undefined value: `nobody.name`"), "{error}");
    }

    #[test]
    fn nothing_outside_the_list_is_reached_and_nothing_runs_for_ever() {
        let engine = with("words/test.txt.j2", "{% include '../../../etc/hostname' %}").unwrap();
        assert!(engine.render("words/test.txt.j2", ()).is_err());
        assert!(engine.render("words/../words/test.txt.j2", ()).is_err());
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        let engine = with("words/test.txt.j2", endless).unwrap();
        assert!(engine.render("words/test.txt.j2", ()).unwrap_err().to_string().contains("fuel"));
    }
}
