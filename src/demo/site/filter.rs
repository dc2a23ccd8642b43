//! The repository's filters, as far as they are asked: `a eq 'x'`, `and`, `or`, brackets.

/// A condition on one row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Is(String, String),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

impl Filter {
    /// Reads an expression whole, or not at all.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words = words(text)?;
        let mut rest = words.as_slice();
        let filter = any(&mut rest)?;
        rest.is_empty().then_some(filter)
    }

    /// Whether a row fits, whose fields are told by name; texts are compared without case.
    pub(super) fn takes<'a>(&self, field: &impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::Is(name, value) => field(name).is_some_and(|is| is.to_lowercase() == value.to_lowercase()),
            Self::All(parts) => parts.iter().all(|part| part.takes(field)),
            Self::Any(parts) => parts.iter().any(|part| part.takes(field)),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Bare(String),
    Text(String),
    Open,
    Close,
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' => {}
            '(' => words.push(Word::Open),
            ')' => words.push(Word::Close),
            '\'' => {
                let mut value = String::new();
                loop {
                    match rest.next()? {
                        '\'' if rest.next_if_eq(&'\'').is_some() => value.push('\''),
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                words.push(Word::Text(value));
            }
            c => {
                let mut bare = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '.') {
                    bare.push(c);
                }
                words.push(Word::Bare(bare));
            }
        }
    }
    Some(words)
}

fn any(rest: &mut &[Word]) -> Option<Filter> {
    let parts = joined(rest, "or", all)?;
    Some(if parts.len() == 1 { parts.into_iter().next()? } else { Filter::Any(parts) })
}

fn all(rest: &mut &[Word]) -> Option<Filter> {
    let parts = joined(rest, "and", one)?;
    Some(if parts.len() == 1 { parts.into_iter().next()? } else { Filter::All(parts) })
}

fn joined(rest: &mut &[Word], by: &str, part: fn(&mut &[Word]) -> Option<Filter>) -> Option<Vec<Filter>> {
    let mut parts = vec![part(rest)?];
    while let [Word::Bare(word), ..] = rest
        && word == by
    {
        *rest = &rest[1..];
        parts.push(part(rest)?);
    }
    Some(parts)
}

fn one(rest: &mut &[Word]) -> Option<Filter> {
    match *rest {
        [Word::Open, ..] => {
            *rest = &rest[1..];
            let inner = any(rest)?;
            let [Word::Close, ..] = *rest else { return None };
            *rest = &rest[1..];
            Some(inner)
        }
        [Word::Bare(field), Word::Bare(eq), Word::Text(value), ..] if eq == "eq" => {
            let filter = Filter::Is(field.clone(), value.clone());
            *rest = &rest[3..];
            Some(filter)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_whole_or_not_at_all() {
        let filter = Filter::read("(a eq 'x' and b eq 'o''brien') or (a eq 'y')").unwrap();
        let takes =
            |a: &str, b: &str| filter.takes(&|field| Some(if field == "a" { a } else { b }).filter(|v| !v.is_empty()));
        assert!(takes("X", "O'BRIEN") && takes("y", "") && !takes("x", "y"));
        for wrong in ["", "a", "a eq", "a eq x", "a eq 'x", "a eq 'x' and", "(a eq 'x'", "a eq 'x')", "a eq 'o'brien'"]
        {
            assert_eq!(Filter::read(wrong), None, "{wrong}");
        }
    }
}
