//! The parser's words in ours.
//!
//! What was written in a wrong place may be a secret (a webhook's address where its name belongs): it is not repeated,
//! unless it is one of the harmless ways to write a number or a boolean wrong.

use super::problem::nearest;

/// The longest wrong number or boolean that is repeated.
const HARMLESS: usize = 24;

/// A sentence for what the parser said of `key`, without the place, which stands in front already.
pub(super) fn plain(said: &str, key: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or(said);
    let said = said.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(said);
    // The parser also puts the path of the map around a key in front.
    let said = match said.split_once(": ") {
        Some((path, rest)) if !path.is_empty() && key.starts_with(path) => rest,
        _ => said,
    };
    let between = |before: &str, after: &str| {
        said.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(inner, _)| inner)
    };
    let given = || {
        let given = between("\"", "\"").or_else(|| between("`", "`"));
        given.filter(|given| given.len() <= HARMLESS && !given.contains(':')).unwrap_or("it")
    };
    if let Some((_, rest)) = said.split_once("unknown field `") {
        return one_of(rest, "there is no key").unwrap_or_else(|| "there is no such key here".to_owned());
    }
    if let Some((_, rest)) = said.split_once("unknown variant `") {
        return one_of(rest, "there is no").unwrap_or_else(|| "there is no such word here".to_owned());
    }
    if let Some(field) = between("missing field `", "`") {
        return format!("`{field}` is missing");
    }
    if let Some(field) = between("duplicate field `", "`") {
        return format!("`{field}` is given twice");
    }
    if said.contains("more than one document") {
        return "there is more than one document, parted by `---`: put everything into one".to_owned();
    }
    if said.ends_with("expected u16") || said.ends_with("expected u64") {
        if said.contains("string") && given().parse::<u64>().is_ok() {
            return format!("`{}` stands in quotes, which make it a text: write it without them", given());
        }
        let most = if said.ends_with("u16") { "from 0 to 65535" } else { "of 0 or more" };
        return format!("`{}` is not a whole number {most}", given());
    }
    if said.ends_with("expected a boolean") {
        return format!("`{}` is neither `true` nor `false`", given());
    }
    if let Some((given, wanted)) = said.split_once(", expected ").filter(|(given, _)| given.starts_with("invalid ")) {
        let wanted = if wanted.starts_with("struct ") { "keys with their values" } else { wanted };
        return format!("{} stands where {wanted} should", sort(given));
    }
    format!("{said}{}", hint(said))
}

/// What sort of thing was given, in place of the thing.
fn sort(given: &str) -> &'static str {
    let given = given.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    match given.split([' ', ',']).next() {
        Some("string") => "a text",
        Some("integer" | "floating") => "a number",
        Some("boolean") => "`true` or `false`",
        Some("sequence") => "a list",
        Some("map") => "a map of keys",
        _ => "nothing",
    }
}

/// What usually lies behind one of the parser's own complaints.
fn hint(said: &str) -> &'static str {
    match said {
        "did not find expected alphabetic or numeric character" => {
            "; a text that begins with `*`, as a cron expression may, must be quoted"
        }
        "mapping values are not allowed in this context" => "; see whether it is indented as the lines around it are",
        "found unknown escape character" => {
            "; a back-slash stands for itself between single quotes, such as 'INTERNAL\\sa_*'"
        }
        "found character that cannot start any token" => {
            "; a tab cannot indent, and a text that begins with `@`, `%` or a backquote must be quoted"
        }
        "did not find expected ',' or '}'" | "did not find expected ',' or ']'" => {
            "; see whether an unquoted ` #` began a comment"
        }
        _ => "",
    }
}

/// What follows `unknown field`, as a sentence with the nearest name, or with all of them.
fn one_of(rest: &str, what: &str) -> Option<String> {
    let (name, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    if name.contains("://") || name.chars().count() > HARMLESS {
        return Some(format!(
            "what stands here is none of {}",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    Some(format!("{what} `{name}` here; {}", nearest(name, known)))
}

/// A key up to the first part that holds an address: one that was written as a key may be a secret.
pub(super) fn without_address(key: &str) -> &str {
    match key.find("://") {
        None => key,
        Some(at) => key[..at].rfind('.').map_or("", |dot| &key[..dot]),
    }
}
