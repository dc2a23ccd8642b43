//! The settings of a file channel.

use std::path::{Component, Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub folder: String,
}

/// As meant.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Still to be joined to the state directory.
    folder: PathBuf,
}

impl Settings {
    pub fn new(written: &Written) -> Result<Self, String> {
        let folder = PathBuf::from(written.folder.trim_end_matches('/'));
        if written.folder.trim().is_empty() {
            return Err("the name of the folder is empty: write one such as `out`".to_owned());
        }
        if written.folder.contains('\0') || folder.components().any(|part| part == Component::ParentDir) {
            return Err(format!(
                "`{}` leads elsewhere than it seems to: write a folder below the state directory, such as `out`, or an absolute path",
                written.folder.escape_debug()
            ));
        }
        // The state directory itself holds other things.
        if folder.components().all(|part| part == Component::CurDir) {
            return Err("it is no folder of its own: write one within the state directory, such as `out`".to_owned());
        }
        Ok(Self { folder })
    }

    pub(in crate::channels) fn folder(&self, state: &Path) -> PathBuf {
        state.join(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_below_the_state_directory_or_absolute() {
        let settings = |folder: &str| Settings::new(&Written { folder: folder.to_owned() });
        for (folder, whole) in [("out", "/state/out"), ("a/b/", "/state/a/b"), ("/var/spool/x", "/var/spool/x")] {
            assert_eq!(settings(folder).unwrap().folder(Path::new("/state")), Path::new(whole), "{folder}");
        }
        for (folder, told) in [
            ("", "is empty"),
            (" ", "is empty"),
            ("../x", "leads elsewhere"),
            (".", "of its own"),
            ("./", "of its own"),
            ("/", "of its own"),
        ] {
            let error = settings(folder).map(|_| ()).unwrap_err();
            assert!(error.contains(told), "{folder}: {error}");
        }
    }
}
