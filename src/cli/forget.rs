//! `headcount forget`: a person's name leaves the store, and nobody can bring it back.

use super::args::Forget;
use super::exit::{Exit, Failure};
use super::{Context, output};

pub(super) async fn forget(context: &Context<'_>, args: &Forget) -> Result<Exit, Failure> {
    let (directory, id) = args.person.split_once('\\').unwrap_or(("", &args.person));
    if id.is_empty() {
        let what = "name one person as `DIRECTORY\\id`, in quotes, since a shell takes the back-slash for its own";
        return Err(Failure::usage(format!("`{}` is nobody: {what}", output::shown(&args.person))));
    }
    let (store, _) = context.store().await?;
    let forgot = store.forget(directory, id, context.clock.now()).await?;
    let known = if forgot.is_none() { store.people().await? } else { Vec::new() };
    store.close().await;
    let who = output::shown(&args.person);
    let Some(forgot) = forgot else {
        return Err(Failure::new(Exit::Failed, format!("nobody is known as `{who}`{}", nearest(&args.person, &known))));
    };
    let sessions = output::count(forgot.sessions, "session is", "sessions are");
    let texts = match forgot.texts {
        0 => String::new(),
        texts => {
            format!(", and {} without the name", output::count(texts, "stored text is", "stored texts are"))
        }
    };
    let words = output::shown(&forgot.words);
    output::print(&format!("`{who}` is forgotten: {sessions} now those of `{words}`{texts}.\n"))?;
    if forgot.on {
        output::say(
            "They are on now. What goes on is theirs under that pseudonym until it ends; the next session that they begin is \
             stored under their name again, unless `exclude` of the site names them.",
        );
    }
    if !forgot.gone {
        output::say(
            "Another process was reading the store: the name is still in its write-ahead log, which the next tidying at 03:41, \
             or this command once more, empties.",
        );
    }
    Ok(Exit::Done)
}

/// A name like the one that was given, among those that the store shows anyway.
fn nearest(name: &str, known: &[String]) -> String {
    let lower = name.to_lowercase();
    let near = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other))
        .filter(|(distance, _)| *distance <= 3 && *distance * 3 < name.chars().count())
        .min();
    near.map_or_else(String::new, |(_, other)| format!("; did you mean `{}`?", output::shown(other)))
}
