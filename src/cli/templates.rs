//! `headcount templates`: the built-in wording and layout, to begin one's own with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use super::args::{Templates, TemplatesCommand};
use super::exit::{Exit, Failure};
use super::output;
use crate::config::nearest;
use crate::render::TEMPLATES;

pub(super) fn templates(args: &Templates) -> Result<Exit, Failure> {
    let TemplatesCommand::Export { folder, template, force } = &args.command;
    export(folder, template, *force)
}

/// What became of one file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Written,
    Overwritten,
    /// It was there, with the same in it.
    Same,
    /// It was there, with something else in it, and was left alone.
    Kept,
}

fn export(folder: &Path, asked: &[String], force: bool) -> Result<Exit, Failure> {
    let known = || TEMPLATES.iter().map(|(name, _)| *name);
    for name in asked {
        if !known().any(|known| known == name) {
            let which = nearest(name, known());
            return Err(Failure::usage(format!("no template is called `{}`; {which}", output::shown(name))));
        }
    }
    let mut came = Vec::new();
    for (name, text) in TEMPLATES.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|one| one == name)) {
        came.push((*name, write(&folder.join(name), text, force)?));
    }
    let of = |which: Came| came.iter().filter(move |(_, came)| *came == which).map(|(name, _)| *name);
    let number = |which| of(which).count() as u64;
    let mut told = vec![format!("{} written", output::count(number(Came::Written), "template", "templates"))];
    if number(Came::Same) > 0 {
        told.push(format!("{} there already", number(Came::Same)));
    }
    output::print(&format!("{}: {}.\n", folder.display(), told.join(", ")))?;
    for name in of(Came::Overwritten) {
        output::say(&format!("`{name}` was there with something else in it, and is overwritten."));
    }
    for name in of(Came::Kept) {
        output::complain(&format!(
            "`{name}` is there with something else in it, and is left as it is; --force overwrites it"
        ));
    }
    output::say(
        "Name the folder as `templates` in the configuration, and delete from it what you do not change: what is there takes the\n\
         place of the built-in one, after an upgrade too. `headcount preview` shows how it looks, `headcount check` whether it works.",
    );
    Ok(if number(Came::Kept) == 0 { Exit::Done } else { Exit::Failed })
}

fn write(path: &Path, text: &str, force: bool) -> Result<Came, Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed).map(|()| Came::Written),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if std::fs::read(path).map_err(failed)? == text.as_bytes() {
                return Ok(Came::Same);
            }
            if !force {
                return Ok(Came::Kept);
            }
            std::fs::write(path, text).map_err(failed).map(|()| Came::Overwritten)
        }
        Err(error) => Err(failed(error)),
    }
}
