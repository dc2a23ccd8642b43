//! People under other names.

use std::collections::HashMap;

use super::who::most_sessions_first;
use super::{Facts, Message, Person};
use crate::snapshot::{User, person_key};

/// Who has no pseudonym, which nobody should be; their name is not shown for that.
const NONE: &str = "(no pseudonym)";

/// What people are called in place of their names, found whatever the case.
#[derive(Default)]
pub struct Pseudonyms(HashMap<String, String>);

impl Pseudonyms {
    pub fn add(&mut self, user: &User, words: String) {
        self.0.insert(person_key(&user.directory, &user.id), words);
    }

    /// Notes what each of them is called by whoever may not see their names.
    pub fn note(&self, people: &mut [Person]) {
        for person in people {
            person.pseudonym = self.0.get(&person_key(&person.directory, &person.id)).cloned();
        }
    }
}

/// Those of a list who have a name.
pub fn users(people: &[Person]) -> Vec<User> {
    let user = |person: &Person| User {
        directory: person.directory.as_str().into(),
        id: person.id.as_str().into(),
        name: None,
    };
    people.iter().filter(|person| !person.anonymous).map(user).collect()
}

impl Message {
    /// Everyone in it, once.
    pub fn named(&self) -> Vec<User> {
        let mut found: HashMap<String, User> = HashMap::new();
        self.visit(&mut |person| {
            if !person.anonymous {
                let user =
                    User { directory: person.directory.as_str().into(), id: person.id.as_str().into(), name: None };
                found.insert(person_key(&person.directory, &person.id), user);
            }
        });
        found.into_values().collect()
    }

    /// Notes what everyone in it is called by whoever may not see their names.
    pub fn note_pseudonyms(&mut self, pseudonyms: &Pseudonyms) {
        pseudonyms.note(&mut self.people);
        if let Facts::Several { parts } = &mut self.facts {
            for part in parts {
                part.note_pseudonyms(pseudonyms);
            }
        }
    }

    /// The same with pseudonyms in the place of names.
    #[must_use]
    pub fn under_pseudonyms(&self) -> Self {
        let mut message = self.clone();
        message.disguise();
        message
    }

    fn disguise(&mut self) {
        for person in self.people.iter_mut().filter(|person| !person.anonymous) {
            person.id = person.pseudonym.take().unwrap_or_else(|| NONE.to_owned());
            person.name = None;
        }
        // Their order must not say whose place it was. Who is ranked by time stays where they are.
        if self.people.iter().all(|person| person.connected.is_none()) {
            self.people.sort_by_cached_key(|person| (person.anonymous, person_key(&person.directory, &person.id)));
        }
        if self.is_ranked_by_sessions() {
            most_sessions_first(&mut self.people);
        }
        if let Facts::Several { parts } = &mut self.facts {
            parts.iter_mut().for_each(Self::disguise);
        }
    }

    fn visit(&self, with: &mut impl FnMut(&Person)) {
        self.people.iter().for_each(&mut *with);
        if let Facts::Several { parts } = &self.facts {
            for part in parts {
                part.visit(with);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, sample};
    use super::*;

    /// Everything that it says of people and facts, its parts' too.
    fn shown(message: &Message) -> String {
        let own = serde_json::to_string(&(&message.facts, &message.people)).unwrap();
        match &message.facts {
            Facts::Several { parts } => parts.iter().map(shown).fold(own, |all, part| all + &part),
            _ => own,
        }
    }

    #[test]
    fn no_name_is_left_under_pseudonyms() {
        for (name, mut message) in sample::all() {
            // Enough of a crowd.
            message.people.truncate(40);
            let mut told = message.clone();
            let mut pseudonyms = Pseudonyms::default();
            for (nth, user) in message.named().iter().enumerate() {
                pseudonyms.add(user, format!("calm-otter-{nth}"));
            }
            told.note_pseudonyms(&pseudonyms);
            let under = told.under_pseudonyms();
            let shown = shown(&under);
            message.visit(&mut |person| {
                if !person.anonymous {
                    assert!(!shown.contains(&format!("\"id\":{:?}", person.id)), "{name}: {}", person.id);
                    assert!(person.name.as_ref().is_none_or(|name| !shown.contains(name)), "{name}: {:?}", person.name);
                }
            });
            assert_eq!(under.people.len(), message.people.len());
            if message.kind == Kind::Who && under.people.len() > 1 {
                assert!(shown.contains("calm-otter-1"), "{name}");
            }
            // Without any, nobody is named all the same.
            let shown = self::shown(&message.under_pseudonyms());
            message.visit(&mut |person| {
                assert!(person.name.as_ref().is_none_or(|name| !shown.contains(name)), "{name}");
            });
        }
    }
}
