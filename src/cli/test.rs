//! `headcount test`: a real test message.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use super::args::Test;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::{Context, known, output};
use crate::channels::ChannelKind;
use crate::config::Config;
use crate::daemon;
use crate::jobs::{self, Rooms};
use crate::store::Answer;

pub(super) async fn test(context: &Context<'_>, args: &Test) -> Result<Exit, Failure> {
    let config = context.config()?;
    let name = known::channel(&config, &args.channel)?;
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let ids = jobs::test(&rooms, &name).await?;
    let exit = see_through(&rooms, &ids, Unsent::Dropped).await?;
    let exit = match exit {
        Exit::Done => confirmed(&config, &rooms, &name, args.no_ask).await?,
        failed => failed,
    };
    rooms.store.close().await;
    Ok(exit)
}

/// Asks whoever is at the terminal whether the message came, and keeps the answer.
async fn confirmed(config: &Config, rooms: &Rooms, name: &str, no_ask: bool) -> Result<Exit, Failure> {
    const LOOK: &str = "a channel can take a message and lose it later.";
    if no_ask || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        output::say(&format!("Look whether it came: {LOOK}"));
        return Ok(Exit::Done);
    }
    output::say(&format!("Look at `{}` now: {LOOK}", output::shown(name)));
    let Some(seen) = ask(&mut io::stdin().lock())? else {
        output::say("Not answered; nothing is noted.");
        return Ok(Exit::Done);
    };
    let answer = Answer { at: rooms.clock.now(), seen };
    if let Some(spec) = config.channel(name) {
        rooms.store.note_seen(name, &rooms.store.address_hash(&spec.address), answer).await?;
        if seen {
            output::say("Noted; `headcount check --connect` shows when it was.");
        } else {
            let advice = if spec.channel.threads() { BY_BOT } else { advice(spec.channel.kind()) };
            output::complain(&format!("noted. What to look at: {advice}"));
        }
    }
    Ok(if seen { Exit::Done } else { Exit::No })
}

/// Whether it was seen, asked until it is answered; none where there is no answer to be had.
fn ask(answers: &mut impl BufRead) -> io::Result<Option<bool>> {
    for _ in 0..3 {
        let mut err = io::stderr().lock();
        write!(err, "Is it there? [y/n] ").and_then(|()| err.flush())?;
        let mut answer = String::new();
        if answers.read_line(&mut answer)? == 0 {
            return Ok(None);
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(Some(true)),
            "n" | "no" => return Ok(Some(false)),
            _ => {}
        }
    }
    Ok(None)
}

/// Where a bot's message goes that was taken and is not there.
const BY_BOT: &str = "the bot posts in its `channel` alone: is that the one that you look at, and in the workspace that `check --connect` names?";

/// Where a message goes that was taken and is not there.
fn advice(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Slack => {
            "the app's webhook may lead to another channel than you think; Slack shows which, under the app's settings."
        }
        ChannelKind::Teams => {
            "Teams answers before it posts. Open the flow in Power Automate and read its run history: it may be switched off, its \
             owner may have left, or it may lead to another team or to a private channel."
        }
        ChannelKind::Email => "spam and quarantine first, then the mail server's log for the recipient.",
        ChannelKind::Webhook => "the receiver's own log, for a POST that it answered with a 2xx.",
        ChannelKind::File => "the folder: its newest file is the test, and `check --connect` names it.",
    }
}

#[cfg(test)]
mod tests {
    use super::ask;

    #[test]
    fn an_answer_is_yes_or_no_and_nothing_is_taken_for_one() {
        for (typed, answer) in [
            ("y\n", Some(true)),
            ("YES\n", Some(true)),
            ("n\n", Some(false)),
            ("what\n\nno\n", Some(false)),
            ("", None),
            ("\n\n\ny\n", None),
        ] {
            assert_eq!(ask(&mut typed.as_bytes()).unwrap(), answer, "{typed:?}");
        }
    }
}
