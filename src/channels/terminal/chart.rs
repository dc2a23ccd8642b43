//! A chart in characters: bars for what it is about, dots for what was before, and a line for each limit.

use crate::channels::drawn::{self, PARTS};
use crate::message::{Chart, clean_to};

/// How many lines high, and how much finer each is by its blocks.
const HEIGHT: usize = 8;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Numbers, a space and the axis.
const LEFT: usize = 7;
/// More places than this are hours of several days.
const HOURS: usize = 48;
/// A limit so far above all that was seen would press the bars flat, and is only named.
const FARTHEST_LIMIT: f64 = 2.5;

/// What one column shows.
#[derive(Clone, Copy)]
struct Column {
    now: Option<f64>,
    before: Option<f64>,
}

pub(super) fn lines(chart: &Chart, width: usize) -> Vec<String> {
    let room = width.saturating_sub(LEFT + 1).max(10);
    let places = chart.labels.len();
    let needed = places.div_ceil(room).max(1);
    let each = PARTS.iter().copied().find(|part| *part >= needed).unwrap_or(needed);
    let values = |at: usize| chart.series.get(at).map(|series| drawn::thinned(&series.values, places, each));
    let (now, before) = (values(0).unwrap_or_default(), values(1).unwrap_or_default());
    let columns: Vec<Column> = now
        .iter()
        .enumerate()
        .map(|(at, now)| Column { now: *now, before: before.get(at).copied().flatten() })
        .collect();
    let wide = (room / columns.len().max(1)).clamp(1, 4);
    let highest = columns.iter().flat_map(|column| [column.now, column.before]).flatten().fold(0.0, f64::max);
    let near = |value: f64| value <= highest * FARTHEST_LIMIT;
    let limits = chart.limits.iter().map(|limit| limit.value).filter(|value| value.is_finite() && near(*value));
    let limits: Vec<f64> = limits.collect();
    let top = rounded(limits.iter().copied().fold(highest, f64::max));

    let mut lines = vec![clean_to(&chart.title, width)];
    for row in (0..HEIGHT).rev() {
        let height = top * (row + 1) as f64 / HEIGHT as f64;
        let number = if row % 2 == 1 { format!("{:>5}", shown(height)) } else { " ".repeat(5) };
        let mut line = format!("{number} {}", if row % 2 == 1 { '┤' } else { '│' });
        let crossed = limits.iter().any(|limit| level(*limit, top).div_ceil(8).max(1) - 1 == row);
        for column in &columns {
            line.push_str(&cell(*column, row, top, wide, crossed));
        }
        lines.push(line);
    }
    lines.push(format!("{:>5} └{}", 0, "─".repeat(columns.len() * wide)));
    lines.push(labels(chart, each, wide, columns.len()));
    legend(chart, &columns, each, width, &mut lines);
    lines
}

/// The top of the axis, so that each of its four numbers is a plain one.
fn rounded(highest: f64) -> f64 {
    let quarter = (highest / 4.0).max(1.0);
    let power = 10_f64.powf(quarter.log10().floor());
    let plain = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter().map(|part| part * power);
    4.0 * plain.filter(|plain| plain.fract() == 0.0).find(|plain| *plain >= quarter * 0.999).unwrap_or(quarter)
}

/// How high a value stands, in eighths of a line.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the height, which is small")]
fn level(value: f64, top: f64) -> usize {
    ((value.max(0.0) / top * (HEIGHT * 8) as f64).round() as usize).min(HEIGHT * 8)
}

/// One column on one line: a bar with a gap after it where there is room for one.
fn cell(column: Column, row: usize, top: f64, wide: usize, crossed: bool) -> String {
    let empty = if crossed { '╌' } else { ' ' };
    // Something is never drawn as nothing.
    let now = column.now.map(|now| level(now, top).max(usize::from(now > 0.0)));
    let filled = now.map_or(0, |now| now.saturating_sub(row * 8).min(8));
    let before = column.before.map(|before| level(before, top).max(1).div_ceil(8) - 1);
    let bar = match (now, before) {
        (None, _) if row == 0 => '?',
        // Where both would be in one place, it is what the chart is about that shows.
        (_, Some(before)) if before == row && !(1..8).contains(&filled) && !is_top(now, row) => '•',
        _ if filled > 0 => EIGHTHS[filled],
        _ => empty,
    };
    let bars = if wide > 2 { wide - 1 } else { wide };
    let mut cell: String = std::iter::repeat_n(bar, bars).collect();
    cell.extend(std::iter::repeat_n(empty, wide - bars));
    cell
}

/// Whether a bar ends on this line.
fn is_top(now: Option<usize>, row: usize) -> bool {
    now.is_some_and(|now| now > 0 && now.div_ceil(8) - 1 == row)
}

/// Labels below, each where its column begins, so many as have room.
fn labels(chart: &Chart, each: usize, wide: usize, columns: usize) -> String {
    let mut line = " ".repeat(LEFT);
    if chart.labels.len() > HOURS {
        // Over several days each day's name, where it begins.
        let day = |at: usize| chart.labels[at * each].split(' ').next().unwrap_or_default();
        for at in (0..columns).filter(|at| *at == 0 || day(*at) != day(at - 1)) {
            let reached = line.chars().count() - LEFT;
            line.push_str(&" ".repeat((at * wide).saturating_sub(reached)));
            line.push_str(&clean_to(day(at), 9));
        }
        return line;
    }
    let longest = chart.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(9);
    let stride = [1, 2, 3, 4, 6, 7, 8, 12, 24, 28, 48].into_iter().find(|stride| stride * wide > longest);
    let mut reached = 0;
    for at in (0..columns).step_by(stride.unwrap_or(columns.max(1))) {
        let label = clean_to(&chart.labels[at * each], longest);
        if at * wide + label.chars().count() > columns * wide + 1 && at > 0 {
            break;
        }
        line.push_str(&" ".repeat((at * wide).saturating_sub(reached)));
        line.push_str(&label);
        reached = at * wide + label.chars().count();
    }
    line
}

fn legend(chart: &Chart, columns: &[Column], each: usize, width: usize, lines: &mut Vec<String>) {
    let mut told = Vec::new();
    for (series, mark) in chart.series.iter().zip(['█', '•']) {
        told.push(format!("{mark} {}", clean_to(&series.name, 28)));
    }
    if columns.iter().any(|column| column.now.is_none()) {
        told.push("? not seen".to_owned());
    }
    told.extend(chart.limits.iter().map(|limit| format!("╌ {} {}", clean_to(&limit.name, 20), shown(limit.value))));
    if each > 1 {
        told.push(format!("each the most of {each}"));
    }
    let mut line = " ".repeat(LEFT);
    for one in told {
        if line.chars().count() + one.chars().count() > width && !line.trim().is_empty() {
            lines.push(std::mem::replace(&mut line, " ".repeat(LEFT)));
        }
        line.push_str(&one);
        line.push_str("   ");
    }
    lines.push(line);
}

fn shown(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
