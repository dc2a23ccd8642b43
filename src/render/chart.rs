//! A chart as a drawing: where each line, tick and label goes. Its strokes, colours and words are `chart.svg.j2`'s.

use std::fmt::Write as _;

use serde::Serialize;

use super::filters::short;
use super::{Engine, TemplateError};
use crate::message::{Chart, Limit, Series, clean};

/// In the drawing's own units, which are pixels on a plain screen; a mail's column is a little narrower.
const WIDTH: f64 = 560.0;
/// Of the plot, without what is above and below it.
const PLOT_HEIGHT: f64 = 176.0;
const MARGIN: f64 = 16.0;
const RIGHT: f64 = WIDTH - 22.0;
/// No text comes nearer to the drawing's edge.
const EDGE: f64 = 6.0;
/// A line of text in the legend.
const ROW: f64 = 18.0;
/// Of one letter in labels, on average; the font is 11 units high.
const LETTER: f64 = 6.6;
/// The lines that cross the plot, at most.
const MOST_TICKS: f64 = 5.0;
/// A limit so many times above all that was seen would press the lines flat, and is only named.
const FARTHEST_LIMIT: f64 = 2.5;
/// The longest name of a line or a limit.
const LONGEST_NAME: usize = 28;
const LONGEST_TITLE: usize = 64;
const LONGEST_LABEL: usize = 16;
/// So many series tell apart; more do not.
const MOST_SERIES: usize = 4;
/// No count of people comes near it.
const LARGEST: f64 = 1e12;
/// How many labels apart those shown are: whole parts of an hour, a day, a week.
const STRIDES: &[usize] = &[1, 2, 3, 4, 6, 7, 8, 12, 14, 24, 28, 48, 72, 96, 144, 168, 288, 336];

impl Engine {
    /// A chart as SVG.
    pub fn chart(&self, chart: &Chart) -> Result<String, TemplateError> {
        self.render("chart.svg.j2", Drawing::of(chart))
    }
}

/// Everything that the template strokes.
#[derive(Serialize)]
struct Drawing {
    width: f64,
    height: f64,
    title: String,
    unit: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Across the plot, from 0 upwards.
    ticks: Vec<Tick>,
    /// Along the time axis.
    labels: Vec<Label>,
    /// Where the first series was not seen, from left to right.
    blind: Vec<(f64, f64)>,
    /// The paler ones first, since the first series is drawn over them.
    lines: Vec<Line>,
    limits: Vec<Mark>,
    legend: Vec<Entry>,
    /// The highest point of the first series.
    most: Option<Most>,
}

#[derive(Serialize)]
struct Tick {
    at: f64,
    text: String,
}

#[derive(Serialize)]
struct Label {
    /// Where its tick is.
    at: f64,
    /// The middle of its text: beside the tick where the text would leave the drawing.
    middle: f64,
    text: String,
}

#[derive(Serialize)]
struct Line {
    /// 0 for the first series.
    rank: usize,
    /// As SVG path data; gaps are left out.
    path: String,
    /// What lies below, closed.
    area: String,
    /// Points without neighbours, which a path does not show.
    alone: Vec<(f64, f64)>,
}

#[derive(Serialize)]
struct Mark {
    at: f64,
    text: String,
    /// Whether its text stands at the right end, or at the left.
    at_right: bool,
}

#[derive(Serialize)]
struct Entry {
    x: f64,
    y: f64,
    #[serde(flatten)]
    what: What,
}

/// What an entry of the legend explains.
#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum What {
    Series {
        rank: usize,
        text: String,
    },
    Blind,
    /// A limit far above all that is drawn.
    Beyond {
        text: String,
    },
}

#[derive(Serialize)]
struct Most {
    x: f64,
    y: f64,
    text: String,
    /// As SVG's `text-anchor`, so that the number stays inside.
    anchor: &'static str,
}

/// Where a value and a place on the time axis are on paper.
struct Scale {
    left: f64,
    bottom: f64,
    step: f64,
    most: f64,
    places: usize,
}

impl Scale {
    fn x(&self, place: f64) -> f64 {
        let width = RIGHT - self.left;
        // One place stands in the middle; more reach from edge to edge.
        let part = if self.places < 2 { 0.5 } else { place / (self.places - 1) as f64 };
        tenths(self.left + width * part.clamp(0.0, 1.0))
    }

    fn y(&self, value: f64) -> f64 {
        tenths(self.bottom - PLOT_HEIGHT * (value / self.most))
    }
}

impl Drawing {
    fn of(chart: &Chart) -> Self {
        let places = chart.labels.len();
        let series: Vec<Vec<Option<f64>>> =
            chart.series.iter().take(MOST_SERIES).map(|series| values(series, places)).collect();
        let highest = series.iter().flatten().flatten().copied().fold(0.0, f64::max);
        let (drawn, beyond): (Vec<_>, Vec<_>) = chart
            .limits
            .iter()
            .filter(|limit| is_drawable(limit.value) && limit.value >= 0.0)
            .partition(|limit| highest == 0.0 || limit.value <= highest * FARTHEST_LIMIT);
        let top_value = drawn.iter().map(|limit| limit.value).fold(highest, f64::max);
        let whole = series.iter().flatten().flatten().all(|value| value.fract() == 0.0);
        let step = step(top_value, whole);
        let most = (top_value / step).ceil().max(1.0) * step;

        let widest = number(most).len().max(number(step).len());
        let left = tenths(MARGIN + widest as f64 * LETTER + 8.0);
        let is_blind = series.first().is_some_and(|first| first.iter().any(Option::is_none));
        let (legend, rows) = legend(chart, is_blind, &beyond);
        let top = 46.0 + rows as f64 * ROW;
        let scale = Scale { left, bottom: top + PLOT_HEIGHT, step, most, places };
        Self {
            width: WIDTH,
            height: scale.bottom + 34.0,
            title: text(&chart.title, LONGEST_TITLE),
            unit: text(&chart.unit, LONGEST_NAME),
            left,
            right: RIGHT,
            top,
            bottom: scale.bottom,
            ticks: ticks(&scale),
            labels: labels(chart, &scale),
            blind: series.first().map(|first| blind(first, &scale)).unwrap_or_default(),
            lines: series.iter().enumerate().rev().map(|(rank, values)| line(rank, values, &scale)).collect(),
            limits: marks(&drawn, &series, &scale),
            legend,
            most: series.first().and_then(|first| highest_point(first, &scale)),
        }
    }
}

/// The values that can be drawn: one for each place, nothing endless or beyond all counting, nothing below zero.
fn values(series: &Series, places: usize) -> Vec<Option<f64>> {
    let known = series.values.iter().map(|value| value.filter(|value| is_drawable(*value)).map(|value| value.max(0.0)));
    known.chain(std::iter::repeat(None)).take(places).collect()
}

fn is_drawable(value: f64) -> bool {
    value.is_finite() && value <= LARGEST
}

/// The distance between two ticks: 1, 2 or 5 of some power of ten, and of whole things no parts.
fn step(top: f64, whole: bool) -> f64 {
    if top < 1e-6 {
        return 1.0;
    }
    let rough = top / MOST_TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= rough * 0.999);
    let nice = nice.unwrap_or(power * 10.0);
    if whole { nice.max(1.0) } else { nice }
}

fn ticks(scale: &Scale) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut value = 0.0;
    while value <= scale.most + scale.step / 2.0 {
        ticks.push(Tick { at: scale.y(value), text: number(value) });
        value += scale.step;
    }
    ticks
}

/// Labels so far apart that none touches the next, each wholly within the drawing.
fn labels(chart: &Chart, scale: &Scale) -> Vec<Label> {
    let texts: Vec<String> = chart.labels.iter().map(|label| text(label, LONGEST_LABEL)).collect();
    let half = |text: &str| text.chars().count() as f64 * LETTER / 2.0;
    let widest = texts.iter().map(|text| half(text)).fold(0.0, f64::max);
    // The first or the last may have to move by what does not fit into the margin.
    let moved = (widest - (WIDTH - EDGE - RIGHT)).max(0.0);
    let each = (RIGHT - scale.left) / (scale.places.max(2) - 1) as f64;
    let fits = |stride: usize| stride as f64 * each >= 2.0 * widest + 10.0 + moved;
    let stride = STRIDES.iter().copied().find(|stride| fits(*stride));
    let stride = stride.or_else(|| (337..texts.len()).find(|stride| fits(*stride))).unwrap_or(texts.len().max(1));
    let shown = texts.into_iter().enumerate().step_by(stride);
    shown
        .map(|(place, text)| {
            let (at, half) = (scale.x(place as f64), half(&text));
            Label { at, middle: tenths(at.min(WIDTH - EDGE - half).max(EDGE + half)), text }
        })
        .collect()
}

fn blind(values: &[Option<f64>], scale: &Scale) -> Vec<(f64, f64)> {
    let mut bands: Vec<(usize, usize)> = Vec::new();
    for (place, _) in values.iter().enumerate().filter(|(_, value)| value.is_none()) {
        match bands.last_mut() {
            Some(last) if last.1 + 1 == place => last.1 = place,
            _ => bands.push((place, place)),
        }
    }
    let bands = bands.into_iter();
    if values.len() < 2 {
        return bands.map(|_| (scale.left, RIGHT)).collect();
    }
    bands.map(|(from, to)| (scale.x(from as f64 - 0.5), scale.x(to as f64 + 0.5))).collect()
}

fn line(rank: usize, values: &[Option<f64>], scale: &Scale) -> Line {
    let mut drawn = Line { rank, path: String::new(), area: String::new(), alone: Vec::new() };
    let points: Vec<Option<(f64, f64)>> = values
        .iter()
        .enumerate()
        .map(|(place, value)| value.map(|value| (scale.x(place as f64), scale.y(value))))
        .collect();
    for run in points.split(Option::is_none) {
        let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
        match run.as_slice() {
            [] => {}
            [only] => drawn.alone.push(*only),
            [first, .., last] => {
                let path = run.iter().map(|(x, y)| format!("{x} {y}")).collect::<Vec<_>>().join(" ");
                let _ = write!(drawn.path, "M{path}");
                let (right, left, bottom) = (last.0, first.0, scale.bottom);
                let _ = write!(drawn.area, "M{path} L{right} {bottom} {left} {bottom}Z");
            }
        }
    }
    drawn
}

/// The limits as lines across; their texts stand where the fewest points are, and never over one another.
fn marks(limits: &[&Limit], series: &[Vec<Option<f64>>], scale: &Scale) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for limit in limits {
        let at = scale.y(limit.value);
        let text = format!("{} {}", text(&limit.name, LONGEST_NAME), number(limit.value));
        let share = text.chars().count() as f64 * LETTER / (RIGHT - scale.left);
        let crowd = |at_right: bool| {
            let points = series.iter().flat_map(|values| values.iter().enumerate()).filter(|(place, value)| {
                let part = *place as f64 / scale.places.max(2) as f64;
                let beside = if at_right { part >= 1.0 - share } else { part <= share };
                beside && value.is_some_and(|value| (at - 20.0..=at + 4.0).contains(&scale.y(value)))
            });
            let taken = marks.iter().filter(|mark| mark.at_right == at_right && (mark.at - at).abs() < 14.0);
            points.count() + taken.count() * 1000
        };
        marks.push(Mark { at, text, at_right: crowd(true) <= crowd(false) });
    }
    marks
}

/// What each stroke means, in as many rows as it takes.
fn legend(chart: &Chart, is_blind: bool, beyond: &[&Limit]) -> (Vec<Entry>, usize) {
    let series = chart.series.iter().take(MOST_SERIES).enumerate();
    let series = series.map(|(rank, series)| What::Series { rank, text: text(&series.name, LONGEST_NAME) });
    let beyond = beyond
        .iter()
        .map(|limit| What::Beyond { text: format!("{} {}", text(&limit.name, LONGEST_NAME), number(limit.value)) });
    let (mut x, mut row) = (MARGIN, 0);
    let mut entries = Vec::new();
    for what in series.chain(is_blind.then_some(What::Blind)).chain(beyond) {
        let letters = match &what {
            What::Series { text, .. } | What::Beyond { text } => text.chars().count(),
            What::Blind => 8,
        };
        let width = 22.0 + letters as f64 * LETTER + 16.0;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, row) = (MARGIN, row + 1);
        }
        entries.push(Entry { x: tenths(x), y: 48.0 + f64::from(row) * ROW, what });
        x += width;
    }
    let rows = if entries.is_empty() { 0 } else { usize::try_from(row).unwrap_or_default() + 1 };
    (entries, rows)
}

fn highest_point(values: &[Option<f64>], scale: &Scale) -> Option<Most> {
    let seen = values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?)));
    let (place, value) = seen.fold(None, |most: Option<(usize, f64)>, one| match most {
        Some(most) if most.1 >= one.1 => Some(most),
        _ => Some(one),
    })?;
    let x = scale.x(place as f64);
    let anchor = if x > RIGHT - 24.0 {
        "end"
    } else if x < scale.left + 16.0 {
        "start"
    } else {
        "middle"
    };
    Some(Most { x, y: scale.y(value), text: number(value), anchor })
}

/// A number as it is read: no more decimals than it has, and thousands in few letters.
fn number(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{}M", decimals(value / 1_000_000.0))
    } else if value >= 100_000.0 {
        format!("{}k", decimals(value / 1000.0))
    } else {
        decimals(value)
    }
}

fn decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A text that the font can show: a letter that it lacks would be no mark at all, and some are not allowed in SVG.
fn text(given: &str, longest: usize) -> String {
    let shown = |c| if is_known(c) { c } else { '□' };
    short(&clean(given).chars().map(shown).collect::<String>(), longest)
}

/// What the font beside this file has.
fn is_known(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{a0}'..='\u{17f}' | '\u{218}'..='\u{21b}' | '\u{386}'..='\u{38a}' | '\u{38e}'..='\u{3a1}'
        | '\u{3a3}'..='\u{3ce}' | '\u{400}'..='\u{45f}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201e}'
        | '\u{2020}'..='\u{2022}' | '…' | '€' | '№' | '™' | '←'..='↓' | '−' | '≈' | '≠' | '≤' | '≥' | '□')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::png;
    use super::*;

    fn chart(values: &[Option<f64>], limits: &[(&str, f64)]) -> Chart {
        Chart {
            title: "Users on prod, Mon 23 Nov 2026".to_owned(),
            unit: "users".to_owned(),
            labels: (0..values.len()).map(|n| format!("{n:02}:00")).collect(),
            series: vec![
                Series { name: "Mon 23 Nov".to_owned(), values: values.to_vec() },
                Series { name: "Mon 16 Nov".to_owned(), values: vec![Some(4.0); values.len()] },
            ],
            limits: limits.iter().map(|(name, value)| Limit { name: (*name).to_owned(), value: *value }).collect(),
        }
    }

    #[test]
    fn a_chart_is_drawn() {
        let mut values: Vec<_> = (0..24).map(|n| Some(f64::from(n * (23 - n)))).collect();
        values[3] = None;
        values[5] = None;
        values[14..17].fill(None);
        let chart = chart(&values, &[("crowded", 120.0), ("full", 1000.0)]);
        let svg = Engine::embedded().chart(&chart).unwrap();
        insta::assert_snapshot!(svg);
        let png = png(&svg).unwrap();
        // Width and height stand at a fixed place: <https://www.w3.org/TR/png-3/#11IHDR>.
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(png[16..20], 1120_u32.to_be_bytes());
        assert!((10_000..80_000).contains(&png.len()), "{}", png.len());
    }

    #[test]
    fn texts_leave_marks_on_the_picture() {
        let mut with = chart(&[Some(1.0), Some(2.0)], &[]);
        let engine = Engine::embedded();
        let picture = |chart: &Chart| png(&engine.chart(chart).unwrap()).unwrap();
        for (one, other) in [("Anna", "Bo"), ("Ελλάδα", "Κρήτη"), ("Екатерина", "Москва"), ("東京", "")]
        {
            with.title = one.to_owned();
            let first = picture(&with);
            with.title = other.to_owned();
            assert_ne!(first, picture(&with), "{one}");
        }
    }

    #[test]
    fn what_was_not_seen_is_a_gap() {
        let drawing =
            Drawing::of(&chart(&[Some(1.0), Some(2.0), None, Some(3.0), None, None, Some(0.0), Some(0.0)], &[]));
        let first = drawing.lines.last().unwrap();
        assert_eq!(first.rank, 0);
        assert_eq!(first.path.matches('M').count(), 2, "{}", first.path);
        assert_eq!((first.alone.len(), drawing.blind.len()), (1, 2));
        assert!(drawing.blind.iter().all(|(from, to)| from < to));

        let drawing = Drawing::of(&chart(&[None, None, None], &[]));
        assert_eq!(drawing.blind, [(drawing.left, drawing.right)]);
        assert!(drawing.most.is_none());
    }

    #[test]
    fn ticks_are_round_and_few() {
        for (values, ticks) in [
            (vec![Some(0.0); 3], vec!["0", "1"]),
            (vec![Some(1.0), Some(0.0)], vec!["0", "1"]),
            (vec![Some(7.0), Some(3.0)], vec!["0", "2", "4", "6", "8"]),
            (vec![Some(217.0), None], vec!["0", "50", "100", "150", "200", "250"]),
            (vec![Some(0.25), Some(0.3)], vec!["0", "0.1", "0.2", "0.3"]),
            (vec![Some(5_000_000.0), None], vec!["0", "1M", "2M", "3M", "4M", "5M"]),
            (vec![Some(250_000.0), None], vec!["0", "50000", "100k", "150k", "200k", "250k"]),
        ] {
            let mut chart = chart(&values, &[]);
            chart.series.truncate(1);
            let drawing = Drawing::of(&chart);
            let told: Vec<_> = drawing.ticks.iter().map(|tick| tick.text.as_str()).collect();
            assert_eq!(told, ticks);
        }
    }

    #[test]
    fn a_limit_far_above_is_named_and_does_not_press_the_lines_flat() {
        let drawing = Drawing::of(&chart(&[Some(90.0), Some(100.0)], &[("near", 240.0), ("far", 260.0)]));
        assert_eq!(drawing.limits.len(), 1);
        assert_eq!(drawing.ticks.last().unwrap().text, "250");
        assert!(matches!(&drawing.legend.last().unwrap().what, What::Beyond { text } if text == "far 260"));
        // Where nobody was on, the limit is all there is.
        let mut nobody = chart(&[Some(0.0); 2], &[("far", 260.0)]);
        nobody.series.truncate(1);
        assert_eq!(Drawing::of(&nobody).limits.len(), 1);
    }

    #[test]
    fn labels_and_limits_do_not_touch() {
        for places in [1, 2, 7, 24, 31, 48, 168, 1440, 5000] {
            let drawing = Drawing::of(&chart(&vec![Some(1.0); places], &[("a", 1.0), ("b", 1.01)]));
            let half = |label: &Label| label.text.chars().count() as f64 * LETTER / 2.0;
            let apart = |two: &[Label]| two[1].middle - two[0].middle >= half(&two[0]) + half(&two[1]);
            assert!(drawing.labels.windows(2).all(apart), "{places}");
            let within = |label: &Label| label.middle - half(label) >= 0.0 && label.middle + half(label) <= WIDTH;
            assert!(drawing.labels.iter().all(within), "{places}");
            assert!((1..=13).contains(&drawing.labels.len()), "{places}: {}", drawing.labels.len());
            assert_ne!(drawing.limits[0].at_right, drawing.limits[1].at_right);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_chart_can_be_drawn(
            names in proptest::collection::vec("(?s).{0,80}", 4..8),
            labels in proptest::collection::vec("(?s).{0,30}", 0..60),
            values in proptest::collection::vec(proptest::collection::vec(proptest::option::of(any::<f64>()), 0..60), 0..7),
            limits in proptest::collection::vec(any::<f64>(), 0..5),
        ) {
            let name = |n: usize| names[n % names.len()].clone();
            let chart = Chart {
                title: name(0),
                unit: name(1),
                labels,
                series: values.into_iter().enumerate().map(|(n, values)| Series { name: name(n), values }).collect(),
                limits: limits.into_iter().enumerate().map(|(n, value)| Limit { name: name(n), value }).collect(),
            };
            let svg = Engine::embedded().chart(&chart).unwrap();
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", svg);
            prop_assert!(png(&svg).is_ok(), "{}", svg);
        }
    }
}
