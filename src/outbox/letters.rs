//! To whom of those who are on a notice is written, and to whom not. Thinks only.

use std::collections::HashSet;

use jiff::Timestamp;
use ring::digest;

use crate::hex;
use crate::message::Person;
use crate::snapshot::person_key;

/// One person who is on, and the address that is written to, or why none is.
#[derive(Clone, Debug)]
pub struct Letter {
    pub person: Person,
    pub to: Result<String, Unwritten>,
    /// The stable name of this notice to this person.
    pub cause: String,
}

/// Why somebody is not written to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    #[error("the repository has no mail address")]
    NoAddress,
    #[error("`{0}` is not one of the domains that may be written to")]
    Domain(String),
    #[error("the address is written to for somebody else already")]
    Shared,
    #[error("has this notice already")]
    Told,
}

/// What everybody is told of.
#[derive(Clone, Copy, Debug)]
pub struct Restarting<'a> {
    pub site: &'a str,
    pub planned: Timestamp,
    pub because: Option<&'a str>,
}

impl Restarting<'_> {
    /// The same for the same restart and the same person, whoever says it and however often.
    fn cause(&self, mark: &str) -> String {
        let because = self.because.unwrap_or_default().trim();
        let because = hex::encode(&digest::digest(&digest::SHA256, because.as_bytes()).as_ref()[..4]);
        format!("notice:{}:{}:{because}:{mark}", self.site, self.planned)
    }
}

/// One letter for each person who is on; anonymous visitors are nobody, and nobody can write to them. `mark_of` gives what ends
/// the causes of letters to somebody: the same for the same person each time, and telling nobody who that is.
pub fn letters(
    people: Vec<Person>,
    restarting: &Restarting<'_>,
    mark_of: impl Fn(&Person) -> String,
    address_of: impl Fn(&str) -> Option<String>,
    may_write_to: impl Fn(&str) -> bool,
) -> Vec<Letter> {
    let mut written = HashSet::new();
    let people = people.into_iter().filter(|person| !person.anonymous);
    people
        .map(|person| {
            let to = match address_of(&person_key(&person.directory, &person.id)) {
                None => Err(Unwritten::NoAddress),
                Some(address) if !may_write_to(&address) => {
                    let domain = address.rsplit_once('@').map_or(address.as_str(), |(_, domain)| domain);
                    Err(Unwritten::Domain(domain.to_owned()))
                }
                Some(address) if !written.insert(address.to_lowercase()) => Err(Unwritten::Shared),
                Some(address) => Ok(address),
            };
            let cause = restarting.cause(&mark_of(&person));
            Letter { person, to, cause }
        })
        .collect()
}

/// Takes back those whose cause is told already.
pub fn not_again(letters: &mut [Letter], told: &[String]) {
    for letter in letters.iter_mut().filter(|letter| letter.to.is_ok() && told.contains(&letter.cause)) {
        letter.to = Err(Unwritten::Told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> Person {
        Person {
            directory: "CORP".to_owned(),
            id: id.to_owned(),
            name: None,
            sessions: 1,
            on: Vec::new(),
            anonymous: id.is_empty(),
            since: None,
            connected: None,
            pseudonym: None,
        }
    }

    #[test]
    fn each_is_written_to_once_and_only_where_that_is_allowed() {
        let addresses = [
            ("corp\\anna", "anna@example.com"),
            ("corp\\bo", "bo@elsewhere.org"),
            ("corp\\cy", "Anna@Example.com"),
            ("corp\\eve", "eve@sub.example.com"),
        ];
        let address_of = |who: &str| addresses.iter().find(|(known, _)| *known == who).map(|(_, to)| (*to).to_owned());
        let restarting = Restarting { site: "prod", planned: Timestamp::UNIX_EPOCH, because: Some("patch") };
        let people = ["ANNA", "bo", "cy", "dora", "eve", ""].map(person).to_vec();
        let allowed = |address: &str| address.to_lowercase().ends_with("@example.com");
        let mark_of = |person: &Person| person.id.to_lowercase();
        let mut all = letters(people, &restarting, mark_of, address_of, allowed);
        let told: Vec<_> = all
            .iter()
            .map(|letter| match &letter.to {
                Ok(to) => format!("{} {to}", letter.person.id),
                Err(why) => format!("{}: {why}", letter.person.id),
            })
            .collect();
        assert_eq!(
            told,
            [
                "ANNA anna@example.com",
                "bo: `elsewhere.org` is not one of the domains that may be written to",
                "cy: the address is written to for somebody else already",
                "dora: the repository has no mail address",
                "eve: `sub.example.com` is not one of the domains that may be written to",
            ]
        );
        // The same notice to the same person has one name, whatever the case; another notice has another.
        let again = letters(vec![person("anna")], &restarting, mark_of, address_of, allowed);
        assert_eq!(again[0].cause, all[0].cause);
        let other = Restarting { because: Some("another patch"), ..restarting };
        assert_ne!(letters(vec![person("anna")], &other, mark_of, address_of, allowed)[0].cause, all[0].cause);
        let cause = all[0].cause.clone();
        not_again(&mut all, &[cause]);
        assert_eq!(all[0].to, Err(Unwritten::Told));
    }
}
