//! Walks a JSON document as a vendor's validator does: what is not known is refused, and each refusal says where.

use serde_json::{Map, Value};

/// Why a document is refused, with the path to what is wrong.
pub(super) type Check<T = ()> = Result<T, String>;

/// A value, and how one gets to it.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> At<'a> {
    pub(super) fn new(value: &'a Value, path: impl Into<String>) -> Self {
        Self { value, path: path.into() }
    }

    /// A refusal at this place.
    pub(super) fn fail<T>(&self, what: impl std::fmt::Display) -> Check<T> {
        Err(format!("{}: {what}", self.path))
    }

    pub(super) fn object(&self) -> Check<&'a Map<String, Value>> {
        self.value.as_object().map_or_else(|| self.fail("not an object"), Ok)
    }

    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        Some(At::new(self.value.get(key)?, format!("{}.{key}", self.path)))
    }

    pub(super) fn require(&self, key: &str) -> Check<At<'a>> {
        self.get(key).map_or_else(|| self.fail(format_args!("`{key}` is missing")), Ok)
    }

    /// Checks `key` if it is there.
    pub(super) fn may(&self, key: &str, check: impl FnOnce(At<'a>) -> Check) -> Check {
        self.get(key).map_or(Ok(()), check)
    }

    /// The value of `type`.
    pub(super) fn kind(&self) -> Check<&'a str> {
        self.object()?;
        self.require("type")?.string()
    }

    /// Refuses any property not listed.
    pub(super) fn only(&self, keys: &[&str]) -> Check {
        let extra = self.object()?.keys().find(|key| !keys.contains(&key.as_str()));
        extra.map_or(Ok(()), |key| self.fail(format_args!("`{key}` is not known here")))
    }

    pub(super) fn string(&self) -> Check<&'a str> {
        self.value.as_str().map_or_else(|| self.fail("not a string"), Ok)
    }

    /// A string of so many characters.
    pub(super) fn text(&self, least: usize, most: usize) -> Check<&'a str> {
        let text = self.string()?;
        let length = text.chars().count();
        if length < least {
            return self.fail("is empty");
        }
        if length > most { self.fail(format_args!("{length} characters, at most {most}")) } else { Ok(text) }
    }

    /// The elements, so many of them.
    pub(super) fn list(&self, least: usize, most: usize) -> Check<Vec<At<'a>>> {
        let Some(list) = self.value.as_array() else { return self.fail("not an array") };
        if list.len() < least || list.len() > most {
            return self.fail(format_args!("{} elements, not {least} to {most}", list.len()));
        }
        Ok(list.iter().enumerate().map(|(at, value)| At::new(value, format!("{}[{at}]", self.path))).collect())
    }

    pub(super) fn one_of(&self, words: &[&str]) -> Check {
        let word = self.string()?;
        if words.contains(&word) { Ok(()) } else { self.fail(format_args!("`{word}` is none of {words:?}")) }
    }

    pub(super) fn boolean(&self) -> Check {
        if self.value.is_boolean() { Ok(()) } else { self.fail("not true or false") }
    }

    pub(super) fn number(&self) -> Check<f64> {
        self.value.as_f64().map_or_else(|| self.fail("not a number"), Ok)
    }

    pub(super) fn integer(&self, least: u64, most: u64) -> Check {
        match self.value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            _ => self.fail(format_args!("not a whole number from {least} to {most}")),
        }
    }

    /// An absolute web address.
    pub(super) fn web_address(&self, most: usize) -> Check {
        let url = self.text(1, most)?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && !url.contains(char::is_whitespace) => Ok(()),
            _ => self.fail("not a web address"),
        }
    }
}
