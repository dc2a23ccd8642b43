//! The arrows between rooms, read from the source: a new one shows in review, as a change of this snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[test]
fn rooms_know_only_the_rooms_that_they_should() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    visit(&source, &mut |path| {
        let inside = path.strip_prefix(&source).expect("a file of the source");
        let room = inside.iter().next().and_then(|first| first.to_str()).expect("a name").trim_end_matches(".rs");
        if ["lib", "main"].contains(&room) || path.file_stem().is_some_and(|name| name == "tests" || name == "contract")
        {
            return;
        }
        let text = std::fs::read_to_string(path).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let known = arrows.entry(room.to_owned()).or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for other in line.split("crate::").skip(1) {
                let other: String = other.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if other != room && !other.is_empty() {
                    known.insert(other);
                }
            }
        }
    });
    let told: Vec<_> = arrows
        .iter()
        .map(|(room, others)| format!("{room} -> {}", others.iter().cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn visit(folder: &Path, with: &mut impl FnMut(&Path)) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            visit(&path, with);
        } else if path.extension().is_some_and(|end| end == "rs") {
            with(&path);
        }
    }
}
