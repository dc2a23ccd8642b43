//! The engine: every template compiled once, strict, with a limit on what one rendering may cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{TEMPLATES, filters};

/// The steps that one rendering may take: far more than the longest built-in message needs, and over within a second or so.
const FUEL: u64 = 5_000_000;

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
}

/// Every template, ready to render.
#[derive(Clone, Debug)]
pub struct Engine {
    environment: Environment<'static>,
}

impl Engine {
    /// The built-in templates, with those that the folder has in place of theirs.
    pub fn new(overrides: Option<&Path>) -> Result<Self, TemplateError> {
        let mut replaced = match overrides {
            Some(folder) => read(folder)?,
            None => BTreeMap::new(),
        };
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(escaping);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(syntax());
        // Debug information would carry the values at hand, which are people's names.
        environment.set_debug(false);
        filters::add_to(&mut environment);
        for (name, built_in) in TEMPLATES {
            let (file, text) = match replaced.remove(*name) {
                Some((path, text)) => (path.display().to_string(), text),
                None => ((*name).to_owned(), (*built_in).to_owned()),
            };
            environment.add_template_owned(*name, text).map_err(|error| syntax_error(&file, &error))?;
        }
        Ok(Self { environment })
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
        template.render(Serde(facts)).map_err(|error| failure(name, &error))
    }

    /// Renders one template.
    pub fn render(&self, name: &str, facts: impl Serialize) -> Result<String, TemplateError> {
        let template =
            self.environment.get_template(name).map_err(|_| TemplateError::Missing { name: name.to_owned() })?;
        template.render(Serde(facts)).map_err(|error| failure(name, &error))
    }
}

fn syntax_error(file: &str, error: &minijinja::Error) -> TemplateError {
    TemplateError::Syntax {
        file: file.to_owned(),
        line: error.line().unwrap_or(1),
        what: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
    }
}

/// Where it failed, and what sort of failure: the details may hold people's names, so they stay behind.
fn failure(name: &str, error: &minijinja::Error) -> TemplateError {
    let mut inner = error;
    while let Some(deeper) = std::error::Error::source(inner).and_then(|source| source.downcast_ref()) {
        inner = deeper;
    }
    TemplateError::Render {
        file: inner.name().unwrap_or(name).to_owned(),
        line: inner.line().unwrap_or(1),
        what: inner.kind().to_string(),
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

type Replaced = BTreeMap<String, (PathBuf, String)>;

/// Reads the folder of replacements: `slack/alert.json.j2` and its like. Hidden files are left alone.
fn read(folder: &Path) -> Result<Replaced, TemplateError> {
    let mut replaced = Replaced::new();
    read_into(&mut replaced, folder, "")?;
    Ok(replaced)
}

#[expect(clippy::disallowed_methods, reason = "replacements are read here, once, when the engine is made")]
fn read_into(replaced: &mut Replaced, folder: &Path, within: &str) -> Result<(), TemplateError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| TemplateError::Unreadable { path, why: error.to_string() }
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{within}{name}");
        // As deep as the built-in ones, so that a link back to the folder itself ends.
        if path.is_dir() && within.is_empty() {
            read_into(replaced, &path, &format!("{name}/"))?;
        } else if TEMPLATES.iter().any(|(known, _)| *known == name) {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            replaced.insert(name, (path, text));
        } else {
            return Err(TemplateError::Unknown { nearest: nearest(&name), path });
        }
    }
    Ok(())
}

/// What was likely meant.
fn nearest(name: &str) -> String {
    let known = TEMPLATES.iter().map(|(known, _)| (distance(name, known), known)).min();
    match known {
        Some((steps, known)) if steps <= 8 => format!("did you mean `{known}`?"),
        _ => "`headcount templates export FOLDER` writes those that there are".to_owned(),
    }
}

/// How many letters must be changed, added or taken away to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
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
        assert_eq!(error, "`words/test.txt.j2`, line 3: undefined value");
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
