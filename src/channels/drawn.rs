//! A chart as Slack and Teams draw it themselves: few enough points, and nothing where nothing was seen.

use serde::Serialize;

use crate::message::{Chart, clean_to};
use crate::render::short;

/// The longest name of a chart, in characters.
const TITLE: usize = 120;
/// Up to so many points are bars, more are a line; a limit is a line across them, and bars have none.
const BARS: usize = 8;

/// How many hours go into one point, where points are hours: whole parts of a day. Halves would show a day as two steps.
pub(super) const PARTS: [usize; 7] = [1, 2, 3, 4, 6, 8, 24];
/// How the label of an hour ends that is a whole day's.
const MIDNIGHT: &str = " 00:00";

/// What a vendor draws.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub points: usize,
    pub series: usize,
    /// The longest label of a point, and the longest name of a series.
    pub label: usize,
    /// Whether a point may be left out of one series alone.
    pub gaps: bool,
}

/// A chart within a vendor's limits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Drawn {
    pub title: String,
    pub unit: String,
    pub bars: bool,
    pub labels: Vec<String>,
    pub series: Vec<Line>,
    /// How many of the labels each point stands for; it shows the most of them.
    pub each: usize,
    /// Points that are left out, because nothing was seen then.
    pub unseen: usize,
    /// Lines that there was no room for.
    pub more: usize,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    pub name: String,
    /// The first line is what the chart is about; limits come last.
    pub limit: bool,
    pub values: Vec<Option<f64>>,
}

impl Drawn {
    /// Thins a chart until it fits. None where nothing was seen at all.
    pub(super) fn of(chart: &Chart, limits: Limits) -> Option<Self> {
        let needed = chart.labels.len().div_ceil(limits.points).max(1);
        let each = PARTS.iter().copied().find(|part| *part >= needed).unwrap_or(needed);
        let about = thinned(&chart.series.first()?.values, chart.labels.len(), each);
        // Without gaps a point stands only where the first line has one: what was not seen is never drawn as zero.
        let kept: Vec<usize> = (0..about.len()).filter(|at| limits.gaps || about[*at].is_some()).collect();
        let unseen = about.iter().filter(|value| value.is_none()).count();
        if kept.is_empty() || unseen == about.len() {
            return None;
        }
        let mut labels: Vec<String> = Vec::with_capacity(kept.len());
        let days = each > 1 && kept.iter().all(|at| chart.labels[at * each].ends_with(MIDNIGHT));
        for at in &kept {
            let label = &chart.labels[at * each];
            let label = if days { label.trim_end_matches(MIDNIGHT) } else { label };
            unlike(&mut labels, label, limits.label);
        }
        let (mut names, mut series) = (Vec::new(), Vec::new());
        let mut more = 0;
        for line in &chart.series {
            let values = thinned(&line.values, chart.labels.len(), each);
            let values: Vec<_> = kept.iter().map(|at| values[*at]).collect();
            if series.len() == limits.series || (!limits.gaps && values.contains(&None)) {
                more += 1;
                continue;
            }
            unlike(&mut names, &line.name, limits.label);
            series.push((false, values));
        }
        for limit in &chart.limits {
            if series.len() == limits.series {
                more += 1;
                continue;
            }
            unlike(&mut names, &limit.name, limits.label);
            series.push((true, vec![Some(limit.value); kept.len()]));
        }
        let series: Vec<Line> =
            names.into_iter().zip(series).map(|(name, (limit, values))| Line { name, limit, values }).collect();
        let (title, unit) = (clean_to(&chart.title, TITLE), clean_to(&chart.unit, 40));
        let bars = kept.len() <= BARS && series.iter().all(|line| !line.limit);
        Some(Self { title, unit, bars, labels, series, each, unseen, more })
    }
}

/// The most of every so many values; none where none of them was seen.
pub(super) fn thinned(values: &[Option<f64>], length: usize, each: usize) -> Vec<Option<f64>> {
    let value = |at: usize| values.get(at).copied().flatten().filter(|value| value.is_finite());
    (0..length).step_by(each).map(|from| (from..length.min(from + each)).filter_map(value).reduce(f64::max)).collect()
}

/// Adds a name that none of the others has, within its length.
fn unlike(names: &mut Vec<String>, name: &str, longest: usize) {
    let name = clean_to(name, TITLE);
    let name = if name.trim().is_empty() { "–".to_owned() } else { name };
    let mut one = short(&name, longest);
    let mut again = 2;
    while names.contains(&one) {
        let ending = format!(" ({again})");
        one = format!("{}{ending}", short(&name, longest - ending.len()));
        again += 1;
    }
    names.push(one);
}

/// What a chart shows, for those who do not see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Told {
    pub title: String,
    pub unit: String,
    pub most: Point,
    pub least: Point,
    pub points: usize,
    /// Points at which nothing was seen.
    pub unseen: usize,
}

/// One value, and where along the axis it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Point {
    pub label: String,
    pub value: String,
}

impl Told {
    /// The most and the least of what the chart is about. None where nothing was seen at all.
    pub(super) fn of(chart: &Chart) -> Option<Self> {
        let values = &chart.series.first()?.values;
        let seen = || chart.labels.iter().zip(values).filter_map(|(label, value)| Some((label, (*value)?)));
        let point = |(label, value): (&String, f64)| Point { label: clean_to(label, 40), value: shown(value) };
        Some(Self {
            title: clean_to(&chart.title, TITLE),
            unit: clean_to(&chart.unit, 40),
            // The first of the highest, and the first of the lowest.
            most: seen().reduce(|most, one| if one.1 > most.1 { one } else { most }).map(point)?,
            least: seen().reduce(|least, one| if one.1 < least.1 { one } else { least }).map(point)?,
            points: chart.labels.len(),
            unseen: chart.labels.len() - seen().count(),
        })
    }
}

/// A number without needless digits.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Limit, Series};

    const SLACK: Limits = Limits { points: 3, series: 3, label: 8, gaps: false };

    fn chart(values: &[Option<f64>], before: &[Option<f64>]) -> Chart {
        let series = |name: &str, values: &[Option<f64>]| Series { name: name.into(), values: values.to_vec() };
        Chart {
            title: "Users".into(),
            unit: "users".into(),
            labels: (0..values.len()).map(|n| format!("at {n} o'clock")).collect(),
            series: vec![series("now", values), series("now", before)],
            limits: vec![Limit { name: "crowded".into(), value: 9.0 }, Limit { name: "calm".into(), value: 1.0 }],
        }
    }

    #[test]
    fn a_chart_is_thinned_to_its_peaks_and_says_so() {
        let six: Vec<_> = [1.0, 5.0, 2.0, 2.5, 0.0, 3.0].map(Some).to_vec();
        let drawn = Drawn::of(&chart(&six, &six), SLACK).unwrap();
        assert_eq!((drawn.each, drawn.unseen, drawn.more), (2, 0, 1));
        assert_eq!(drawn.series[0].values, [Some(5.0), Some(2.5), Some(3.0)]);
        assert_eq!(drawn.labels, ["at 0 o'…", "at 2 o'…", "at 4 o'…"]);
        let names: Vec<_> = drawn.series.iter().map(|line| (line.name.as_str(), line.limit)).collect();
        assert_eq!(names, [("now", false), ("now (2)", false), ("crowded", true)]);
    }

    #[test]
    fn a_week_of_hours_is_seven_days() {
        let hours: Vec<_> = (0..168).map(|hour| Some(f64::from(hour))).collect();
        let mut week = chart(&hours, &hours);
        week.labels = (0..168).map(|hour| format!("Day{} {:02}:00", hour / 24, hour % 24)).collect();
        let drawn = Drawn::of(&week, Limits { points: 20, ..SLACK }).unwrap();
        assert_eq!((drawn.each, drawn.bars), (24, false));
        let unlimited = Drawn::of(&Chart { limits: Vec::new(), ..week }, Limits { points: 20, ..SLACK }).unwrap();
        assert!(unlimited.bars);
        assert_eq!(drawn.labels, ["Day0", "Day1", "Day2", "Day3", "Day4", "Day5", "Day6"]);
        assert_eq!(drawn.series[0].values[1], Some(47.0));
    }

    #[test]
    fn what_was_not_seen_is_left_out_and_never_zero() {
        let holes = [Some(1.0), None, Some(2.0)];
        let full = [1.0, 2.0, 3.0].map(Some);
        let drawn = Drawn::of(&chart(&holes, &full), SLACK).unwrap();
        assert_eq!((drawn.labels.len(), drawn.unseen, drawn.series[1].values.len()), (2, 1, 2));
        // A line to compare with that has holes of its own is not drawn where there are no gaps.
        let drawn = Drawn::of(&chart(&full, &holes), SLACK).unwrap();
        assert_eq!((drawn.series.len(), drawn.more), (3, 1));
        assert!(drawn.series[1].limit && drawn.series[2].limit);
        let drawn = Drawn::of(&chart(&holes, &full), Limits { gaps: true, ..SLACK }).unwrap();
        assert_eq!(drawn.series[0].values, holes);
        assert_eq!(Drawn::of(&chart(&[None, None], &[]), SLACK), None);
        assert_eq!(Drawn::of(&chart(&[], &[]), SLACK), None);
    }

    #[test]
    fn a_chart_is_told_by_its_most_and_its_least() {
        let told = Told::of(&chart(&[Some(2.0), None, Some(7.25), Some(2.0)], &[])).unwrap();
        let point = |label: &str, value: &str| Point { label: label.into(), value: value.into() };
        assert_eq!((told.most, told.least), (point("at 2 o'clock", "7.2"), point("at 0 o'clock", "2")));
        assert_eq!((told.points, told.unseen), (4, 1));
    }
}
