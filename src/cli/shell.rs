//! `headcount completions SHELL`, `headcount man` and `headcount schema`: made from the types themselves, so that they are
//! never behind.

use clap::CommandFactory as _;

use super::args::{Args, SchemaOf};
use super::exit::{Exit, Failure};
use super::output;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "headcount", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub(super) fn schema(of: SchemaOf) -> Result<Exit, Failure> {
    let schema = match of {
        SchemaOf::Config => crate::config::schema(),
        SchemaOf::Webhook => crate::channels::schema(),
    };
    output::print(&schema)?;
    Ok(Exit::Done)
}

/// One page: headcount, and then each of its commands.
pub(super) fn man() -> Result<Exit, Failure> {
    let mut page = Vec::new();
    let mut command = Args::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        let man = clap_mangen::Man::new(inner.clone());
        page.extend_from_slice(format!(".SH \"HEADCOUNT {}\"\n", inner.get_name().to_uppercase()).as_bytes());
        man.render_description_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    output::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
