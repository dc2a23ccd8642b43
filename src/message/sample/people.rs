//! Who is on, in the samples.

use crate::message::who::most_sessions_first;
use crate::message::{Counts, Coverage, Person};

fn person(directory: &str, id: &str, name: &str, sessions: u64, on: &[&str]) -> Person {
    Person {
        directory: directory.to_owned(),
        id: id.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        sessions,
        on: on.iter().map(|prefix| (*prefix).to_owned()).collect(),
        anonymous: false,
        since: None,
        connected: None,
        pseudonym: None,
    }
}

fn anonymous(sessions: u64) -> Person {
    Person { anonymous: true, ..person("", "", "", sessions, &[""]) }
}

pub(super) fn people() -> Vec<Person> {
    vec![
        person("CORP", "anna", "Anna Andersson", 2, &["", "hr"]),
        person("CORP", "bo.berg", "Bo Berg", 1, &[""]),
        person("CORP", "ekaterina.voskresenskaya", "Екатерина Воскресенская", 1, &["hr"]),
        person("CORP", "fatima", "فاطمة الزهراء", 1, &[""]),
        person("CORP", "li.wei", "李伟", 3, &["", "finance"]),
        person("PARTNER", "o'brien", "Siobhán O'Brien", 1, &["hr"]),
        person("PARTNER", "svc_reload", "", 12, &[""]),
        anonymous(3),
    ]
}

/// People whose names would like to be something else.
pub(super) fn nasty() -> Vec<Person> {
    [
        "<!channel> *b*",
        "<@U012AB3CD>",
        "*bold* _it_ ~no~ `code`",
        "[link](https://evil.example)",
        "https://evil.example/x",
        "@here @channel :tada:",
        "<b>&amp;</b>",
        "\"quoted\" \\ 'single'",
        "=cmd()",
        "{{ 7 * 7 }}{% raw %}",
        "# heading",
        "1. item",
        "👩‍💻 emoji",
        "שלום עולם",
        "a\\b\\c",
        "\"],\"x\":[\"",
    ]
    .iter()
    .map(|name| person("DOMAIN", name, name, 1, &["<i>"]))
    .chain([person("DOMAIN", "<at>Everyone</at>", "", 1, &[""]), person("", "nobody", "", 1, &[""])])
    .collect()
}

pub(super) fn crowd(size: usize) -> Vec<Person> {
    (1..=size)
        .map(|n| person("CORP", &format!("user{n:04}"), &format!("Person Number {n}"), 1, &["", "hr"]))
        .chain([anonymous(40)])
        .collect()
}

/// More of them, so that a crowd has faces: who they are, their sessions, and whether they are on the virtual proxy `hr`, too.
const MORE: &[(&str, &str, u64, bool)] = &[
    ("maja.lind", "Maja Lind", 4, true),
    ("nikhil", "Nikhil Rao", 3, false),
    ("t.okafor", "Tobias Okafor", 2, true),
    ("zoe", "Zoë Lefèvre", 2, false),
    ("dag.h", "Dag Hammar", 2, false),
    ("c.ferrari", "Chiara Ferrari", 2, true),
    ("johan.b", "Johan Bergqvist", 1, false),
    ("k.nowak", "Katarzyna Nowak", 1, false),
    ("lena", "Lena Öberg", 1, false),
    ("m.haddad", "Mona Haddad", 1, true),
    ("oskar", "Oskar Wallin", 1, false),
    ("p.novotny", "Petr Novotný", 1, false),
    ("rosa", "Rosa Jiménez", 1, false),
    ("s.tanaka", "Sora Tanaka", 1, false),
    ("ulla.k", "Ulla Kinnunen", 1, false),
    ("v.petrov", "Viktor Petrov", 1, true),
    ("wilma", "Wilma Dahl", 1, false),
    ("yusuf", "Yusuf Kaya", 1, false),
];

/// So many people and the anonymous visitors, whoever has most sessions first.
pub(super) fn people_of(users: u64) -> Vec<Person> {
    let users = usize::try_from(users).unwrap_or(0);
    let mut some = people();
    let anonymous = some.pop_if(|person| person.anonymous);
    some.extend(
        MORE.iter()
            .map(|(id, name, sessions, hr)| person("CORP", id, name, *sessions, if *hr { &["", "hr"] } else { &[""] })),
    );
    some.extend(crowd(users).into_iter().filter(|person| !person.anonymous));
    some.truncate(users);
    some.extend(anonymous);
    busiest(&some)
}

/// Whoever has most sessions first.
fn busiest(people: &[Person]) -> Vec<Person> {
    let mut people = people.to_vec();
    most_sessions_first(&mut people);
    people
}

/// Everyone who is on, where anything answered: so many users.
pub(super) fn on(coverage: Coverage, users: u64) -> Option<Counts> {
    let sessions = people_of(users).iter().map(|person| person.sessions).sum();
    (coverage.answered > 0).then_some(Counts { sessions, users, anonymous: 3 })
}
