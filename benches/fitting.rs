//! How long it takes to put a message about many people into each channel's form, and whether it always fits.
//!
//! `cargo bench --bench fitting` prints medians in milliseconds. `cargo bench --bench fitting -- 300` then makes up 300 messages,
//! with up to 50,000 people, up to 5 MB of names and any Unicode, and holds each form against the vendors' limits, counted anew.

#[path = "../tests/suite/support/crowds.rs"]
mod crowds;
#[path = "../tests/suite/support/limits.rs"]
mod limits;

use std::time::Instant;

use headcount::message::{Facts, Message, Notice, sample};
use headcount::render::Engine;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

const ROUNDS: usize = 25;
/// What all names of a message weigh together, in bytes.
const WEIGHT: usize = 5_000_000;

fn named(name: &str) -> Message {
    sample::all().into_iter().find(|(known, _)| *known == name).expect("a sample").1
}

/// The samples that list everybody.
fn listing() -> Vec<Message> {
    let lists = |message: &Message| {
        matches!(message.facts, Facts::Who { counts: Some(_), .. } | Facts::Notice(Notice::Restart(_)))
            && !message.people.is_empty()
    };
    sample::all().into_iter().map(|(_, message)| message).filter(lists).collect()
}

fn median(form: &crowds::Form, message: &Message, engine: &Engine) -> f64 {
    let mut took: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let payload = form.format(message, engine);
            let took = begun.elapsed().as_secs_f64() * 1e3;
            assert!(!payload.body().is_empty());
            took
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[ROUNDS / 2]
}

/// Messages about up to 50,000 people, whose names weigh no more than they may.
fn messages() -> impl Strategy<Value = (usize, Vec<String>, usize)> {
    let names = proptest::collection::vec("(\\PC|.|[<&\"\\\\§ ]){0,220}", 0..8);
    (0..100_usize, names, prop_oneof![0..200_usize, 200..6_000_usize, 6_000..=50_000_usize]).prop_map(
        |(which, names, count)| {
            // Directory, id, name and prefix: each is one of these.
            let each = names.iter().map(String::len).max().unwrap_or(0) * 4 + 12;
            (which, names, count.min(WEIGHT / each))
        },
    )
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn main() {
    let engine = Engine::embedded();
    let short = ["anna.andersson".to_owned(), "bo.berg".to_owned()];
    let long = ["Екатерина Воскресенская 😀".to_owned(), "\"o'brien\" <b>&amp;</b>".to_owned()];
    for (what, message) in [
        ("5,000 people", crowds::about(named("who"), &short, 5_000)),
        ("50,000 people", crowds::about(named("who"), &short, 50_000)),
        ("50,000 people, long names", crowds::about(named("who"), &long, 50_000)),
    ] {
        for form in crowds::every_form() {
            println!("{what}, {form}: {:.1} ms", median(&form, &message, &engine));
        }
    }
    let cases = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(0);
    if cases == 0 {
        return;
    }
    let begun = Instant::now();
    let all = listing();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let held = runner.run(&messages(), |(which, names, count)| {
        let message = crowds::about(all[which % all.len()].clone(), &names, count);
        for form in &crowds::every_form() {
            crowds::holds(form, &message, &engine).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    held.unwrap_or_else(|failed| panic!("{failed}"));
    println!("{cases} messages fit into every channel, and count everybody, in {:.0} s", begun.elapsed().as_secs_f64());
}
