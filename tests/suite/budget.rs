//! That any message about any number of people fits into every channel, says its numbers first, and loses nobody from the count.

use headcount::message::{Facts, Message, Notice, sample};
use headcount::render::Engine;
use proptest::prelude::*;

use crate::support::crowds::{Form, about, every_form, holds};
use crate::support::gallery::renamed;

/// The samples that list everybody.
fn listing() -> Vec<Message> {
    let full = |message: &Message| {
        matches!(message.facts, Facts::Who { counts: Some(_), .. } | Facts::Notice(Notice::Restart(_)))
            && !message.people.is_empty()
    };
    sample::all().into_iter().map(|(_, message)| message).filter(full).collect()
}

#[test]
fn numbers_come_first_then_shorter_lists_and_nobody_is_lost() {
    let engine = Engine::embedded();
    let message = &listing()[0];
    let one = ["Anna Åkesson".to_owned()];
    for form in &every_form() {
        let mut listed = Vec::new();
        for count in [1, 30, 31, 99, 100, 101, 400, 2_000, 20_000] {
            let message = about(message.clone(), &one, count);
            listed.push(holds(form, &message, &engine).unwrap_or_else(|why| panic!("{why}")));
            let payload = form.format(&message, &engine);
            let said = if count == 1 { "1 user on".to_owned() } else { format!("{count} users on") };
            assert!(payload.title().contains(&said), "{}", payload.title());
            let first = payload.body().find(&said).expect("the number");
            // Some forms show their title first, wherever it stands in their JSON.
            let in_order = ["teams", "email", "webhook", "file"].contains(&form.to_string().as_str());
            assert!(!in_order || payload.body().find("§00000§").is_none_or(|name| first < name));
        }
        // All of a few, then as many as there is room for: near the most whatever the count.
        assert_eq!(listed[..2], [1, 30], "{form}");
        let (most, last) = (*listed.iter().max().expect("counts"), listed[listed.len() - 1]);
        assert!(last * 10 >= most * 9 && last > 30, "{form} lists {listed:?}");
    }
}

#[test]
fn where_there_is_no_room_for_names_there_are_counts() {
    let engine = Engine::embedded();
    // Nobody can be called longer than this, and no card has room for many.
    let longest = ["\u{1f600}\"\\".repeat(66)];
    // Programs and files have room for so many, whatever they are called.
    for form in every_form().iter().filter(|form| !["webhook", "file"].contains(&form.to_string().as_str())) {
        for message in listing() {
            let message = about(message, &longest, 300);
            let listed = holds(form, &message, &engine).unwrap_or_else(|why| panic!("{why}"));
            assert!(listed < 200, "{form}: {listed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_message_fits(
        which in 0..200_usize,
        names in proptest::collection::vec("(\\PC|.|[<&\"\\\\§ ]){0,220}", 0..6),
        count in prop_oneof![0..40_usize, 40..1_500_usize],
        called in proptest::collection::vec(".{0,220}", 1..4),
    ) {
        let engine = Engine::embedded();
        let all = listing();
        let listed = about(all[which % all.len()].clone(), &names, count);
        let samples = sample::all();
        let other = samples[which % samples.len()].1.clone();
        for message in [renamed_but_people(listed, &called), renamed_but_people(other, &called)] {
            for form in &every_form() {
                let marked = message.people.iter().all(|person| person.id.starts_with('§'));
                let held = if marked { holds(form, &message, &engine).map(drop) } else { fits(form, &message, &engine) };
                prop_assert_eq!(held, Ok(()));
            }
        }
    }
}

fn renamed_but_people(mut message: Message, called: &[String]) -> Message {
    let people = std::mem::take(&mut message.people);
    let mut message = renamed(message, &mut called.iter().cycle().cloned());
    message.people = people;
    message
}

/// Whether it is within its limits, whoever it names.
fn fits(form: &Form, message: &Message, engine: &Engine) -> Result<(), String> {
    form.check(&form.format(message, engine)).map(drop)
}
