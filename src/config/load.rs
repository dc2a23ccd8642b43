//! The only reader of files, environment and credentials.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use super::problem::Gathered;
use crate::secret::Secret;

/// Where configurations are looked for, in order.
const DEFAULTS: [&str; 2] = ["headcount.yaml", "/etc/headcount/headcount.yaml"];

/// Reads what the configuration points to: relative files from `$CREDENTIALS_DIRECTORY`, then from beside the configuration.
pub struct Loader {
    beside: PathBuf,
    credentials: Option<PathBuf>,
    /// The secrets that were read since they were last asked for.
    read: RefCell<Vec<Secret>>,
}

#[expect(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
impl Loader {
    pub fn beside(file: &Path) -> Self {
        let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let credentials =
            std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Self { beside: beside.to_path_buf(), credentials, read: RefCell::default() }
    }

    /// A file that the configuration names, wherever it is.
    pub fn find(&self, file: &str) -> PathBuf {
        let credential = self.credentials.iter().map(|folder| folder.join(file)).find(|path| path.exists());
        credential.unwrap_or_else(|| self.beside.join(file))
    }

    /// The bytes of a file that the configuration names, or a sentence.
    pub fn bytes(&self, file: &str) -> Result<Vec<u8>, String> {
        if file.trim().is_empty() {
            return Err("the name of the file is empty".to_owned());
        }
        let path = self.find(file);
        std::fs::read(&path).map_err(|error| {
            let looked = match &self.credentials {
                Some(folder) if error.kind() == io::ErrorKind::NotFound && Path::new(file).is_relative() => {
                    format!(", nor in `{}`", folder.display())
                }
                _ => String::new(),
            };
            match error.kind() {
                io::ErrorKind::NotFound => format!("there is no file `{}`{looked}", path.display()),
                io::ErrorKind::PermissionDenied => {
                    format!("the file `{}` may not be read by this user", path.display())
                }
                _ => format!("cannot read `{}`: {error}", path.display()),
            }
        })
    }

    /// The secret in a file that is named on the command line; it may be empty there.
    pub fn secret_file(&self, file: &str) -> Result<Secret, String> {
        secret_in(self.bytes(file)?).map_err(|why| format!("`{file}` holds no secret: {why}"))
    }

    /// The secrets that were read since this was last asked.
    pub(super) fn take_read(&self) -> Vec<Secret> {
        self.read.take()
    }

    /// A secret from exactly one of `x`, `x_file` and `x_env`; none when none is given and none is needed.
    pub(super) fn secret(
        &self,
        gathered: &mut Gathered<'_>,
        key: &str,
        name: &str,
        (given, file, env): (Option<&Secret>, Option<&str>, Option<&str>),
        needed: bool,
    ) -> Option<Secret> {
        let count = usize::from(given.is_some()) + usize::from(file.is_some()) + usize::from(env.is_some());
        let ways = format!("`{name}`, `{name}_file` or `{name}_env`");
        if count > 1 {
            gathered.add(key, format!("the secret is given {count} times: give exactly one of {ways}"));
            return None;
        }
        let read = match (given, file, env) {
            (Some(secret), ..) => Ok(secret.clone()),
            (_, Some(file), _) => {
                let at = format!("{key}.{name}_file");
                // What was written may be the secret itself, so it is not repeated.
                if file.contains("://") {
                    gathered.add(
                        at,
                        format!("it is an address, not the name of a file: write it to a file, or give it as `{name}`"),
                    );
                    return None;
                }
                let bytes = self.bytes(file).map_err(|_| match self.find(file).parent() {
                    Some(folder) => {
                        format!("there is no file of that name in `{}` that this user may read", folder.display())
                    }
                    None => "there is no file of that name".to_owned(),
                });
                let text = gathered.take(&at, bytes)?;
                Ok(gathered.take(&at, secret_in(text))?)
            }
            (.., Some(env)) if env.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') => {
                Err(format!("it is not the name of a variable: give the secret itself as `{name}`"))
            }
            (.., Some(env)) => std::env::var(env).map(Secret::new).map_err(|error| match error {
                std::env::VarError::NotPresent => format!("the environment has no `{env}`"),
                std::env::VarError::NotUnicode(_) => format!("`{env}` of the environment is not text"),
            }),
            (None, None, None) if needed => Err(format!("a secret is missing: give one of {ways}")),
            (None, None, None) => return None,
        };
        let at = match (file, env) {
            (Some(_), _) => format!("{key}.{name}_file"),
            (_, Some(_)) => format!("{key}.{name}_env"),
            _ => format!("{key}.{name}"),
        };
        let secret = gathered.take(&at, read)?;
        if secret.expose().trim().is_empty() {
            gathered.add(at, "the secret is empty");
            return None;
        }
        self.read.borrow_mut().push(secret.clone());
        Some(secret)
    }
}

/// The secret that a file holds.
fn secret_in(bytes: Vec<u8>) -> Result<Secret, &'static str> {
    let text = String::from_utf8(bytes).map_err(|_| "the file is not text")?;
    // One line end is the editor's, not the secret's.
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(Secret::new(text))
}

/// The configuration to read: the one that was named, or the first default that is there.
pub fn configuration(named: Option<&Path>) -> Result<PathBuf, String> {
    match named {
        Some(path) => Ok(path.to_path_buf()),
        None => DEFAULTS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            format!(
                "there is no configuration: neither `{}` nor `{}` exists; name one with `--config`",
                DEFAULTS[0], DEFAULTS[1]
            )
        }),
    }
}

/// The text of the configuration.
#[expect(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
pub(super) fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| why_unread(&error))
}

/// A file that is read bit by bit, such as a recorded history.
pub fn open(file: &Path) -> Result<io::BufReader<std::fs::File>, String> {
    /// As much as is asked of the disk at once: a line of a history may be long.
    const AT_ONCE: usize = 1 << 18;
    let opened = std::fs::File::open(file).and_then(|opened| {
        if opened.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(opened) }
    });
    match opened {
        Ok(opened) => Ok(io::BufReader::with_capacity(AT_ONCE, opened)),
        Err(error) => Err(format!("cannot read `{}`: {}", file.display(), why_unread(&error))),
    }
}

fn why_unread(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read by this user".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

/// Who is at the command line: whoever called `sudo`, or the login name, or the name of the process's user.
pub fn login_name() -> String {
    let names = ["SUDO_USER", "LOGNAME", "USER"];
    names.into_iter().find_map(environment).unwrap_or_else(|| {
        let uid = rustix::process::getuid().as_raw();
        let entry = std::fs::read("/etc/passwd").ok().and_then(|all| {
            let all = String::from_utf8_lossy(&all).into_owned();
            let mut lines = all.lines().map(|line| line.split(':'));
            lines.find_map(|mut line| {
                let name = line.next()?.to_owned();
                (line.nth(1)? == uid.to_string()).then_some(name)
            })
        });
        entry.unwrap_or_else(|| format!("uid {uid}"))
    })
}

/// A variable of the environment, such as `NO_COLOR` or systemd's `JOURNAL_STREAM`.
#[expect(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
