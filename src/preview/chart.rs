//! A chart that Slack or Teams draws itself, drawn here much as they do.

use std::fmt::Write as _;

use crate::render::escaped;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 38.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 164.0;
/// So many colours there are; further lines begin anew.
const COLOURS: usize = 6;

/// What a vendor is given to draw.
#[derive(Debug, PartialEq)]
pub(super) struct Plot {
    pub title: String,
    pub unit: String,
    pub bars: bool,
    pub labels: Vec<String>,
    pub series: Vec<(String, Vec<Option<f64>>)>,
}

impl Plot {
    pub(super) fn draw(&self) -> String {
        let highest = self.series.iter().flat_map(|(_, values)| values).flatten().copied().fold(0.0, f64::max);
        let step = step(highest);
        let top = (highest / step).ceil().max(1.0) * step;
        let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / top;
        let mut svg = format!(
            "<figure class=\"chart\"><figcaption>{} <span>{}</span></figcaption>\n\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(&self.title),
            escaped(&self.unit),
            escaped(&self.title)
        );
        let mut tick = 0.0;
        while tick <= top {
            let at = y(tick);
            put(&mut svg, format_args!("<path class=\"grid\" d=\"M{LEFT} {at:.1}H{WIDTH}\"/>"));
            put(
                &mut svg,
                format_args!("<text x=\"{:.0}\" y=\"{:.1}\" class=\"end\">{tick}</text>\n", LEFT - 6.0, at + 4.0),
            );
            tick += step;
        }
        // Labels as far apart as their letters need, ten at most.
        let longest = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(1);
        let room = |labels: usize| labels as f64 * (longest as f64 * 6.5 + 12.0) <= WIDTH - LEFT;
        let most = (2..=10).rev().find(|labels| room(*labels)).unwrap_or(1);
        let each = self.labels.len().div_ceil(most).max(1);
        for (at, label) in self.labels.iter().enumerate().step_by(each) {
            let x = self.x(at);
            put(&mut svg, format_args!("<text x=\"{x:.1}\" y=\"182\" class=\"mid\">{}</text>\n", escaped(label)));
        }
        for (rank, (_, values)) in self.series.iter().enumerate() {
            if self.bars {
                self.draw_bars(&mut svg, rank, values, y);
            } else {
                self.draw_line(&mut svg, rank, values, y);
            }
        }
        svg.push_str("</svg>\n<p class=\"legend\">");
        for (rank, (name, _)) in self.series.iter().enumerate().filter(|(_, (name, _))| !name.is_empty()) {
            put(&mut svg, format_args!("<span class=\"s{}\">{}</span> ", rank % COLOURS, escaped(name)));
        }
        svg.push_str("</p></figure>\n");
        svg
    }

    fn slot(&self) -> f64 {
        (WIDTH - LEFT - 8.0) / self.labels.len().max(1) as f64
    }

    /// The middle of a label's place.
    fn x(&self, at: usize) -> f64 {
        LEFT + self.slot() * (at as f64 + 0.5)
    }

    fn draw_bars(&self, svg: &mut String, rank: usize, values: &[Option<f64>], y: impl Fn(f64) -> f64) {
        let width = self.slot() * 0.7 / self.series.len() as f64;
        for (at, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let x = self.x(at) + width * (rank as f64 - self.series.len() as f64 / 2.0);
            let top = y(*value);
            put(
                svg,
                format_args!(
                    "<rect class=\"s{}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"2\"/>\n",
                    rank % COLOURS,
                    BOTTOM - top
                ),
            );
        }
    }

    fn draw_line(&self, svg: &mut String, rank: usize, values: &[Option<f64>], y: impl Fn(f64) -> f64) {
        let mut path = String::new();
        let mut down = false;
        for (at, value) in values.iter().enumerate() {
            if let Some(value) = value {
                put(&mut path, format_args!("{}{:.1} {:.1}", if down { "L" } else { "M" }, self.x(at), y(*value)));
            }
            down = value.is_some();
        }
        put(svg, format_args!("<path class=\"line s{}\" d=\"{path}\"/>\n", rank % COLOURS));
    }
}

/// The distance between two lines across: 1, 2 or 5 of some power of ten, and no part of a person.
fn step(highest: f64) -> f64 {
    let rough = (highest / 4.0).max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|part| part * power).into_iter().find(|step| *step >= rough).unwrap_or(rough)
}

fn put(svg: &mut String, what: std::fmt::Arguments<'_>) {
    // A String takes all that is written.
    let _ = svg.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_lifts_the_pen_and_bars_stand_where_there_is_something() {
        let mut plot = Plot {
            title: "<b>".into(),
            unit: "users".into(),
            bars: false,
            labels: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            series: vec![("now".into(), vec![Some(1.0), Some(2.0), None, Some(9.0)])],
        };
        let drawn = plot.draw();
        let path = drawn.split("class=\"line s0\" d=\"").nth(1).unwrap();
        assert_eq!(path.split('"').next().unwrap().matches(['M', 'L']).collect::<String>(), "MLM");
        assert!(drawn.contains("&lt;b&gt;") && !drawn.contains("<b>"));
        plot.bars = true;
        assert_eq!(plot.draw().matches("<rect").count(), 3);
        plot.series[0].1.fill(None);
        assert_eq!(plot.draw().matches("<rect").count(), 0);
    }
}
