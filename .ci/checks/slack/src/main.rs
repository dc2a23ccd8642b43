//! Whether Slack would take every message in a folder: `check-slack FOLDER`.
//!
//! Two judges that know nothing of headcount: the crate `slackblocks`, which is made from a list of Slack's limits, and
//! [`strict`], which holds to the lower number wherever sources differ. Before anything else both must refuse what is broken.

mod broken;
mod strict;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("check-slack FOLDER: a folder of JSON files, each the body of a post");
        return ExitCode::from(2);
    };
    let untold = broken::untold();
    if !untold.is_empty() {
        eprintln!("these checks cannot fail:\n{}", untold.join("\n"));
        return ExitCode::from(2);
    }
    match check(Path::new(&folder)) {
        Ok(0) => {
            eprintln!("{} holds no payload", Path::new(&folder).display());
            ExitCode::from(2)
        }
        Ok(count) => {
            println!("Slack takes {count} payloads; {} broken ones were refused", broken::CASES);
            ExitCode::SUCCESS
        }
        Err(told) => {
            eprintln!("{}", told.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn check(folder: &Path) -> Result<usize, Vec<String>> {
    let (mut count, mut told) = (0, Vec::new());
    let entries = std::fs::read_dir(folder).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
    for entry in entries.flatten() {
        count += 1;
        let name = entry.file_name().to_string_lossy().into_owned();
        let verdict = std::fs::read_to_string(entry.path())
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
            .and_then(|message| judge(&message));
        told.extend(verdict.err().map(|why| format!("{name}: {why}")));
    }
    if told.is_empty() { Ok(count) } else { Err(told) }
}

fn judge(message: &Value) -> Result<(), String> {
    let taken: Result<slackblocks::WebhookMessage, _> = serde_json::from_value(message.clone());
    taken.map_err(|error| format!("slackblocks: {error}"))?;
    strict::check(message)
}
