//! Patterns over people and over names of parts: `*` is any run, `?` one character, all else itself, back-slash too.

use crate::snapshot::{User, fold};

/// A pattern that must match a whole `DIRECTORY\id`, or a whole name; both sides are folded by Unicode lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    folded: Vec<char>,
}

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("`{0}` matches nobody: a pattern covers the whole `DIRECTORY\\id`, such as `INTERNAL\\sa_*`")]
    NoDirectory(String),
}

impl Pattern {
    pub fn new(written: &str) -> Result<Self, PatternError> {
        if !written.contains('\\') && !written.contains('*') {
            return Err(PatternError::NoDirectory(written.to_owned()));
        }
        Ok(Self::of_name(written))
    }

    /// A pattern over a single name, such as a directory's or a prefix; the empty one matches the empty name.
    pub fn of_name(written: &str) -> Self {
        Self { written: written.to_owned(), folded: fold(written).collect() }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    pub fn matches(&self, user: &User) -> bool {
        let whole: Vec<char> = fold(&user.directory).chain(std::iter::once('\\')).chain(fold(&user.id)).collect();
        matches(&self.folded, &whole)
    }

    pub fn matches_name(&self, name: &str) -> bool {
        matches(&self.folded, &fold(name).collect::<Vec<_>>())
    }

    /// A quick no: most people are in another directory than the one that a pattern begins with.
    fn may_match(&self, user: &User) -> bool {
        match (self.folded.first(), fold(&user.directory).next()) {
            (Some('*' | '?') | None, _) | (_, None) => true,
            (Some(one), Some(other)) => *one == other,
        }
    }
}

/// Whether any of the patterns is this user.
pub fn any(patterns: &[Pattern], user: &User) -> bool {
    patterns.iter().any(|pattern| pattern.may_match(user) && pattern.matches(user))
}

/// Greedy match with one point to come back to, so that its time is at most the product of the lengths.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, t));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(directory: &str, id: &str) -> User {
        User { directory: directory.into(), id: id.into(), name: None }
    }

    #[test]
    fn a_pattern_matches_the_whole_name() {
        for (pattern, directory, id, matches) in [
            (r"INTERNAL\sa_*", "internal", "SA_API", true),
            (r"INTERNAL\sa_*", "INTERNALX", "sa_api", false),
            (r"INTERNAL\sa_*", "XINTERNAL", "sa_api", false),
            (r"CORP\ann?", "CORP", "anna", true),
            (r"CORP\ann?", "CORP", "ann", false),
            (r"*\svc*", "A", "svc", true),
            (r"CORP\å*", "corp", "ÅSA", true),
            (r"CORP\*a*b*c", "CORP", "xxaxxbxxbc", true),
            (r"CORP\*a*b*c", "CORP", "xxaxxbxxbd", false),
            (r"CORP\[a]", "CORP", "a", false),
            (r"*", "CORP", "anna", true),
        ] {
            let user = user(directory, id);
            let patterns = [Pattern::new(pattern).unwrap()];
            assert_eq!(any(&patterns, &user), matches, "{pattern} {directory}\\{id}");
            assert_eq!(patterns[0].matches(&user), matches, "{pattern} {directory}\\{id}");
        }
        assert!(Pattern::new("anna").is_err());
    }
}
