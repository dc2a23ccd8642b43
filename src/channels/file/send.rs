//! Writes a file so that it is there whole, or not at all: beside its place first, through to the disk, and then into it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::format::Parts;
use crate::channels::{Outcome, Parcel, Scope};

/// What divides the text from the facts.
const FACTS: &str = "--- facts ---";

pub(in crate::channels) async fn send(folder: PathBuf, parcel: Parcel<'_>) -> Outcome {
    let Ok(parts) = serde_json::from_str::<Parts>(parcel.body) else {
        return Outcome::Refused { why: "what is stored is no file's text and facts".to_owned(), degrade: false };
    };
    let name = name(&parts, parcel);
    let text = whole(&parts);
    let place = folder.clone();
    let written = tokio::task::spawn_blocking(move || write(&place, &name, &text)).await;
    match written {
        Ok(Ok(())) => Outcome::Delivered,
        Ok(Err(error)) => judge_error(&folder, &error),
        Err(_) => Outcome::again(None, "the file was not written: headcount is stopping".to_owned()),
    }
}

/// Whether the folder is there, or can be made, and can be written into. Leaves nothing behind in it.
pub(in crate::channels) fn reach(folder: &Path) -> Result<String, String> {
    let trial = folder.join(format!(".trial-{}.tmp", std::process::id()));
    let tried = made(folder).and_then(|()| fresh(&trial)).and_then(|_| fs::remove_file(&trial));
    match tried.map_err(|error| judge_error(folder, &error)) {
        Ok(()) => Ok(folder.display().to_string()),
        Err(outcome) => Err(outcome.why().unwrap_or_default().to_owned()),
    }
}

/// What a failure means. A disk has room again by itself; rights, and what stands in the way, somebody has to see to.
pub fn judge_error(folder: &Path, error: &io::Error) -> Outcome {
    let folder = folder.display();
    let down = |why: String| Outcome::ChannelDown { why };
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            let why = format!("the disk of `{folder}` is full: make room on it");
            Outcome::Retry { after: None, scope: Scope::Channel, maybe_taken: false, why }
        }
        io::ErrorKind::PermissionDenied => {
            down(format!("this user may not write into `{folder}`: give it the right, or name another folder"))
        }
        io::ErrorKind::ReadOnlyFilesystem => down(format!(
            "`{folder}` is on a file system that is mounted read-only: mount it otherwise, or name another folder"
        )),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => {
            down(format!("`{folder}`, or something on the way to it, is not a folder: move what is in its place"))
        }
        _ => {
            let why = format!("cannot write into `{folder}`: {error}");
            Outcome::Retry { after: None, scope: Scope::Channel, maybe_taken: false, why }
        }
    }
}

/// Such as `2026-11-23T07-10-00.000Z-alert-0123456789abcdef0123456789abcdef.txt`: in order by time, the same for every try.
fn name(parts: &Parts, parcel: Parcel<'_>) -> String {
    let at: Timestamp = parts.at.parse().unwrap_or(parcel.now);
    let at = at.strftime("%Y-%m-%dT%H-%M-%S.%3fZ");
    let id = parcel.message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
    let kind: String = parts.kind.chars().filter(char::is_ascii_alphanumeric).collect();
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{at}-{kind}-{id}.txt")
}

pub(super) fn whole(parts: &Parts) -> String {
    format!("{}\n\n{FACTS}\n{:#}\n", parts.text.trim(), parts.facts)
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    made(folder)?;
    let beside = folder.join(format!(".{name}.tmp"));
    let written = fresh(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, folder.join(name)));
    if written.is_err() {
        // Half a file takes room that is short already.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // Its name is in the folder, which is a file of its own to the disk.
    File::open(folder)?.sync_all()
}

fn made(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match folder.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A new file for its owner alone; one that a crash left behind is taken away first.
fn fresh(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
