//! `headcount preview`: every message in every form, as one page to look at.

use std::path::Path;

use super::args::Preview;
use super::exit::{Exit, Failure};
use super::who::sentence;
use super::{Context, output};
use crate::channels::ChannelKind;
use crate::config::{Config, load};
use crate::jobs;
use crate::message::{self, Kind, KnownNames, Occasion, sample};
use crate::preview::{About, Shown, preview};
use crate::qlik::Qlik;
use crate::render::Engine;
use crate::store::Store;

/// The page within its folder.
const PAGE: &str = "index.html";

pub(super) async fn show(context: &Context<'_>, args: &Preview) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut messages = Vec::new();
    let mut whose = String::from("Made-up messages, one of each kind and more.");
    let templates = if args.site.is_empty() {
        templates(context)?
    } else {
        let config = context.config()?;
        exit = live(context, &config, &args.site, &mut messages).await?;
        whose = format!("Who is on {}, as it would be told now.", args.site.join(" and "));
        config.templates
    };
    if args.site.is_empty() || !args.kind.is_empty() {
        let asked = |kind: Kind| args.kind.is_empty() || args.kind.contains(&kind);
        let samples = sample::all().into_iter().filter(|(_, message)| asked(message.kind));
        messages.extend(samples.map(|(name, message)| Shown { name: name.to_owned(), message }));
    }
    // Kinds in their order, the messages of one kind together.
    let place = |kind: Kind| Kind::ALL.iter().position(|known| *known == kind);
    messages.sort_by_key(|shown| place(shown.message.kind));
    let channels: Vec<_> =
        ChannelKind::ALL.into_iter().filter(|kind| args.channel.is_empty() || args.channel.contains(kind)).collect();

    let engine = Engine::new(templates.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    let replaced: Vec<_> = engine.replaced().collect();
    let about = About {
        whose,
        templates: match replaced.as_slice() {
            [] => "The templates are the built-in ones.".to_owned(),
            some => format!("These templates are your own: {}. The others are the built-in ones.", some.join(", ")),
        },
        now: context.clock.now(),
    };
    let made = preview(&messages, &channels, &engine, &about);
    write(&args.out.join(PAGE), &made.page)?;
    for (file, text) in &made.files {
        write(&args.out.join(file), text)?;
    }
    for trouble in &made.troubles {
        output::complain(trouble);
    }
    output::print(&format!("{}\n", args.out.join(PAGE).display()))?;
    let (forms, kinds) = (made.files.len() as u64, messages.len() as u64);
    output::say(&format!(
        "{} in {}. Open the page in a browser; each payload is a file beside it.",
        output::count(kinds, "message", "messages"),
        output::count(forms, "form", "forms")
    ));
    Ok(if made.troubles.is_empty() { exit } else { Exit::Usage })
}

/// The folder of the operator's own templates. Without any configuration there is none.
fn templates(context: &Context<'_>) -> Result<Option<std::path::PathBuf>, Failure> {
    match load::configuration(context.args.config.as_deref()) {
        Ok(path) => Config::templates_only(&path).map_err(|problems| Failure::usage(problems.to_string())),
        Err(what) if context.args.config.is_some() => Err(Failure::usage(what)),
        Err(_) => Ok(None),
    }
}

/// Looks at sites, and says who is on. Nothing is recorded, nothing is sent.
async fn live(
    context: &Context<'_>,
    config: &Config,
    sites: &[String],
    messages: &mut Vec<Shown>,
) -> Result<Exit, Failure> {
    let store = Store::open_existing(&context.state().join(&config.database)).await?;
    let mut exit = Exit::Done;
    for name in sites {
        let site = super::known::site(config, name)?;
        let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::usage(error.to_string()))?;
        let mut names = KnownNames::default();
        if let Some(store) = &store {
            jobs::recall(store, &site.name, &qlik).await?;
        }
        let now = context.clock.now();
        let snapshot = qlik.observe(now).await;
        if let Some(store) = &store {
            names = jobs::names(store, &snapshot).await?;
        }
        for (pair, why) in snapshot.silent() {
            output::complain(&sentence(snapshot.site(), pair, why));
            exit = Exit::Unseen;
        }
        let occasion = Occasion::Asked { planned: None, because: None };
        let link = site.link.as_deref();
        let message = message::who(&snapshot, &occasion, None, link, &names, (now, &config.time_zone));
        messages.push(Shown { name: file_name(&site.name), message });
    }
    if let Some(store) = store {
        store.close().await;
    }
    Ok(exit)
}

/// A site's name, so that it names a file in the folder and nowhere else.
fn file_name(site: &str) -> String {
    let safe: String = site.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    format!("who_{safe}_now")
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
