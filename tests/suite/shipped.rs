//! What is shipped beside the binary: prose that can be tested is.

use std::path::{Path, PathBuf};
use std::process::Command;

use headcount::config::Config;
use headcount::demo::certificates::Authority;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(shipped(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The first fenced block after a mark.
fn block(text: &str, mark: &str) -> String {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("`{mark}` is missing"));
    let (_, rest) = rest.split_once("```").expect("a fence");
    let (_, rest) = rest.split_once('\n').expect("a line");
    rest.split_once("```").expect("the end of a fence").0.to_owned()
}

#[test]
fn the_readme_shows_the_help_as_it_is() {
    let help =
        Command::new(env!("CARGO_BIN_EXE_headcount")).arg("--help").env_clear().output().expect("the binary runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    assert_eq!(block(&text("README.md"), "<!-- help -->").trim_end(), help.trim_end());
}

#[test]
fn the_readme_s_first_configuration_is_the_minimal_one() {
    let minimal = text("config/minimal.yaml");
    let (_, minimal) = minimal.split_once("\n\n").expect("a comment, and then the keys");
    assert!(text("README.md").contains(minimal.trim_end()), "README.md and config/minimal.yaml differ");
}

#[test]
fn both_example_configurations_are_understood() {
    let folder = tempfile::TempDir::new().expect("a folder");
    Authority::new("sense.example.com").export(folder.path()).expect("certificates");
    let secrets = [
        ("slack-ops", "https://hooks.slack.com/services/T0/B0/x"),
        (
            "teams-managers",
            "https://x.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x?sig=x",
        ),
        ("smtp-password", "x"),
        ("audit-url", "https://audit.example.com/hooks/x"),
        ("hook-key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    for (name, secret) in secrets {
        std::fs::write(folder.path().join(name), secret).expect("a secret");
    }
    for name in ["config/headcount.yaml", "config/minimal.yaml"] {
        let config = Config::from_text(&folder.path().join("headcount.yaml"), &text(name));
        let config = config.unwrap_or_else(|problems| panic!("{name}\n{problems}"));
        assert!(!config.sites.is_empty() && !config.checks.is_empty() && !config.channels.is_empty(), "{name}");
    }
}

#[test]
fn the_schema_is_that_of_the_types_and_names_every_key() {
    let schema = headcount::config::schema();
    assert_eq!(
        text("config/headcount.schema.json"),
        schema,
        "write it anew: headcount schema > config/headcount.schema.json"
    );
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    // Every map of the example, by the schema: no key that it does not know.
    for name in ["config/headcount.yaml", "config/minimal.yaml"] {
        let example: serde_json::Value = serde_yaml::from_str(&text(name)).expect("YAML");
        let unknown = unknown_keys(&example, &schema, &schema, name);
        assert_eq!(unknown, Vec::<String>::new());
    }
}

/// The keys of a value that its schema does not have, by path.
fn unknown_keys(
    value: &serde_json::Value,
    schema: &serde_json::Value,
    whole: &serde_json::Value,
    at: &str,
) -> Vec<String> {
    use serde_json::Value;
    let mut schemas = vec![schema];
    let mut meant: Vec<&Value> = Vec::new();
    while let Some(schema) = schemas.pop() {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(name) => schemas.push(whole.pointer(name.trim_start_matches('#')).expect("a definition")),
            None => meant.push(schema),
        }
        schemas.extend(schema.get("anyOf").and_then(Value::as_array).into_iter().flatten());
    }
    let mut unknown = Vec::new();
    match value {
        Value::Object(keys) => {
            for (key, inner) in keys {
                let at = format!("{at}.{key}");
                let known = meant.iter().find_map(|schema| {
                    let named = schema.get("properties").and_then(|properties| properties.get(key));
                    named.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()))
                });
                match known {
                    Some(schema) => unknown.extend(unknown_keys(inner, schema, whole, &at)),
                    None => unknown.push(at),
                }
            }
        }
        Value::Array(items) => {
            let schema = meant.iter().find_map(|schema| schema.get("items"));
            for (i, item) in items.iter().enumerate() {
                match schema {
                    Some(schema) => unknown.extend(unknown_keys(item, schema, whole, &format!("{at}[{i}]"))),
                    None => unknown.push(format!("{at}[{i}]")),
                }
            }
        }
        _ => {}
    }
    unknown
}

#[test]
fn every_key_that_is_built_is_in_the_example() {
    let example = text("config/headcount.yaml");
    let file = text("src/config/file.rs");
    let mut missing = Vec::new();
    let mut rename = None;
    for line in file.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("rename = \"").filter(|_| line.starts_with("#[serde(rename = ")) {
            rename = rest.split('"').next();
        }
        let Some(field) = line.strip_prefix("pub(super) ").and_then(|rest| rest.split_once(':')).map(|(name, _)| name)
        else {
            continue;
        };
        let key = rename.take().unwrap_or(field);
        // These hold what a visitor read; they are no keys.
        if field.contains(' ') || ["all", "listed"].contains(&key) {
            continue;
        }
        if !example.contains(&format!("{key}:")) && !example.contains(&format!("`{key}`")) {
            missing.push(key.to_owned());
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "config/headcount.yaml lacks these keys");
}
