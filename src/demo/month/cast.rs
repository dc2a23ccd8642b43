//! The people of the month. Nobody is called so on purpose.

use super::dice::Dice;

/// How many there are; on a working day three of four are there.
const PEOPLE: usize = 3_200;

/// One of them, with the days that they come.
pub struct Person {
    pub directory: &'static str,
    pub id: String,
    pub name: String,
    /// The places that they use, the first most.
    pub(super) places: [usize; 2],
    /// The first day that they are there, and the first that they are not any more.
    pub(super) days: (i64, i64),
    /// They come on the first day and the last, and are away between.
    pub(super) on_leave: bool,
}

pub(super) fn people(dice: &mut Dice, days: i64) -> Vec<Person> {
    (0..PEOPLE)
        .map(|nth| {
            let given = GIVEN[nth % GIVEN.len()];
            let family = FAMILY[(nth / GIVEN.len() + nth) % FAMILY.len()];
            // One of twenty begins within the month, one of fifty leaves within it.
            let begins = if dice.percent(5) { dice.around(0, days - 1) } else { 0 };
            let leaves = if dice.percent(2) { dice.around(1, days) } else { days };
            let place = [0, 0, 0, 1, 2, 2, 3, 4, 5, 5, 6, 6][dice.below(12)];
            Person {
                directory: if dice.percent(12) { "PARTNER" } else { "CORP" },
                id: format!("{}.{}", plain(given), plain(family)),
                name: format!("{given} {family}"),
                places: [place, dice.below(7)],
                days: (begins, leaves),
                on_leave: nth % 256 == 7,
            }
        })
        .collect()
}

/// As accounts are written.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'å' | 'ä' | 'á' => 'a',
            'ö' | 'ø' | 'ó' => 'o',
            'é' => 'e',
            'ü' => 'u',
            other => other,
        })
        .filter(char::is_ascii_alphabetic)
        .collect()
}

#[rustfmt::skip]
const GIVEN: [&str; 60] = [
    "Anna", "Oskar", "Priya", "Mateo", "Lena", "Tom", "Yuki", "Fatima", "Jonas", "Claire", "Samuel", "Ingrid", "David", "Marta",
    "Arjun", "Sofia", "Erik", "Nadia", "Péter", "Grace", "Liam", "Hanna", "Carlos", "Emma", "Omar", "Julia", "Niklas", "Mei",
    "Viktor", "Alice", "Ravi", "Karin", "Ben", "Elif", "Lucas", "Maria", "Anders", "Zoé", "Hugo", "Amina", "Felix", "Sara",
    "Daniel", "Nina", "George", "Ella", "Åsa", "Björn", "Chloé", "Dmitri", "Esther", "Finn", "Gita", "Henrik", "Ines", "Jörg",
    "Kwame", "Linnéa", "Mohammed", "Noor",
];

#[rustfmt::skip]
const FAMILY: [&str; 60] = [
    "Lind", "Berg", "Nair", "García", "Vogel", "O'Connor", "Tanaka", "Haddad", "Åberg", "Dubois", "Okafor", "Solberg", "Cohen",
    "Kowalska", "Mehta", "Rossi", "Nilsson", "Farouk", "Novák", "Mwangi", "Murphy", "Koskinen", "Silva", "Jansen", "Weber",
    "Holm", "Chen", "Petrov", "Martin", "Kumar", "Ek", "Harris", "Yilmaz", "Moreau", "Santos", "Dahl", "Adams", "López", "Diallo",
    "Braun", "Lundqvist", "Kim", "Horvat", "Papas", "Wood", "Öberg", "Quist", "Reyes", "Sato", "Thorsen", "Umar", "Varga",
    "Winter", "Xu", "Young", "Zeller", "Ahmed", "Brandt", "Costa", "Dietz",
];
