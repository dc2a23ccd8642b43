//! What a Teams Workflows webhook takes.
//!
//! The real one answers 202 to a bad card too, and its flow fails later where nobody sees it; this one says so at once.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::check::{At, Check};

/// Bytes of the card, escaped as a JSON string, with all that is not ASCII as `\uXXXX`.
const LARGEST: usize = 28_672;

/// Elements that Teams draws but the schema does not know; each must carry a `fallback`.
const TEAMS_ONLY: &[&str] = &[
    "Chart.Line",
    "Chart.VerticalBar",
    "Chart.VerticalBar.Grouped",
    "Chart.HorizontalBar",
    "Chart.HorizontalBar.Stacked",
    "Chart.Donut",
    "Chart.Pie",
    "Chart.Gauge",
    "Badge",
    "CodeBlock",
    "Icon",
    "Rating",
    "ProgressBar",
    "ProgressRing",
    "Carousel",
];

/// The code of a refusal, and its message.
pub(super) type Refusal = (&'static str, String);

/// Checks the body of a post.
pub(super) fn check(body: &Value) -> Result<(), Refusal> {
    let envelope = At::new(body, "message");
    let card = self::envelope(&envelope).map_err(|why| ("TriggerInputSchemaMismatch", why))?;
    let size = escaped(&card.value.to_string());
    if size > LARGEST {
        let why = format!("Actual message properties size: {size} bytes, whereas max allowed size is {LARGEST} bytes");
        return Err(("MessageSizeExceeded", why));
    }
    self::card(&card, true).map_err(|why| ("InvalidBotAdaptiveCard", why))
}

/// The length of a JSON text as a string inside another one.
pub(super) fn escaped(json: &str) -> usize {
    json.chars().fold(2, |sum, character| {
        sum + match character {
            '"' | '\\' => 2,
            ' '..='~' => 1,
            _ => 6 * character.len_utf16(),
        }
    })
}

fn envelope<'a>(at: &At<'a>) -> Check<At<'a>> {
    at.only(&["type", "attachments", "summary"])?;
    at.require("type")?.one_of(&["message"])?;
    at.may("summary", |summary| summary.string().map(drop))?;
    let attachments = at.require("attachments")?.list(1, 1)?;
    let attachment = &attachments[0];
    attachment.only(&["contentType", "contentUrl", "content"])?;
    attachment.require("contentType")?.one_of(&["application/vnd.microsoft.card.adaptive"])?;
    attachment.may("contentUrl", |url| if url.value.is_null() { Ok(()) } else { url.fail("not null") })?;
    attachment.require("content")
}

fn card(at: &At, outermost: bool) -> Check {
    at.only(&[
        "$schema",
        "type",
        "version",
        "body",
        "actions",
        "fallbackText",
        "lang",
        "speak",
        "rtl",
        "minHeight",
        "verticalContentAlignment",
        "backgroundImage",
        "selectAction",
        "msteams",
    ])?;
    at.require("type")?.one_of(&["AdaptiveCard"])?;
    if outermost || at.get("version").is_some() {
        at.require("version")?.one_of(&["1.5"])?;
    }
    for key in ["$schema", "fallbackText", "lang", "speak", "minHeight"] {
        at.may(key, |text| text.string().map(drop))?;
    }
    at.may("rtl", |flag| flag.boolean())?;
    at.may("verticalContentAlignment", |word| any_case(&word, &["top", "center", "bottom"]))?;
    at.may("selectAction", |action| self::action(&action))?;
    at.may("msteams", |teams| {
        teams.only(&["width", "entities"])?;
        // Other spellings occur in documents; the generated model knows this one alone.
        teams.may("width", |width| width.one_of(&["full"]))?;
        teams.may("entities", |entities| entities.list(0, usize::MAX)?.iter().try_for_each(mention))
    })?;
    let body = at.get("body").map(|body| elements(&body)).transpose()?.unwrap_or(0);
    let actions = at.get("actions").map(|actions| self::actions(&actions)).transpose()?.unwrap_or(0);
    if body + actions == 0 { at.fail("neither body nor actions") } else { Ok(()) }
}

fn mention(at: &At) -> Check {
    at.only(&["type", "text", "mentioned"])?;
    at.require("type")?.one_of(&["mention"])?;
    let text = at.require("text")?;
    if !(text.string()?.starts_with("<at>") && text.string()?.ends_with("</at>")) {
        return text.fail("not `<at>name</at>`");
    }
    let mentioned = at.require("mentioned")?;
    mentioned.only(&["id", "name"])?;
    mentioned.require("id")?.text(1, usize::MAX)?;
    mentioned.require("name")?.text(1, usize::MAX).map(drop)
}

/// How many there were.
fn elements(at: &At) -> Check<usize> {
    let list = at.list(0, usize::MAX)?;
    list.iter().try_for_each(element)?;
    Ok(list.len())
}

fn actions(at: &At) -> Check<usize> {
    let list = at.list(0, usize::MAX)?;
    list.iter().try_for_each(action)?;
    Ok(list.len())
}

/// The schema takes its words in any case.
fn any_case(at: &At, words: &[&str]) -> Check {
    let word = at.string()?;
    if words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
        Ok(())
    } else {
        at.fail(format_args!("`{word}` is none of {words:?}"))
    }
}

const COLOURS: &[&str] = &["default", "dark", "light", "accent", "good", "warning", "attention"];
const SIZES: &[&str] = &["default", "small", "medium", "large", "extraLarge"];
const WEIGHTS: &[&str] = &["default", "lighter", "bolder"];
const FONTS: &[&str] = &["default", "monospace"];
const SIDES: &[&str] = &["left", "center", "right"];
const HEIGHTS: &[&str] = &["top", "center", "bottom"];
const STYLES: &[&str] = &["default", "emphasis", "good", "attention", "warning", "accent"];
const SPACINGS: &[&str] = &["default", "none", "small", "medium", "large", "extraLarge", "padding"];

/// The properties of every element, beside its own.
const COMMON: &[&str] =
    &["type", "id", "isVisible", "separator", "spacing", "height", "fallback", "requires", "targetWidth"];

fn common(at: &At, own: &[&str]) -> Check {
    at.only(&[COMMON, own].concat())?;
    at.may("id", |id| id.text(1, usize::MAX).map(drop))?;
    at.may("isVisible", |flag| flag.boolean())?;
    at.may("separator", |flag| flag.boolean())?;
    at.may("spacing", |spacing| any_case(&spacing, SPACINGS))?;
    at.may("height", |height| any_case(&height, &["auto", "stretch"]))?;
    at.may("requires", |requires| requires.object().map(drop))?;
    at.may("targetWidth", |width| width.text(1, 40).map(drop))?;
    at.may("fallback", |fallback| match fallback.value {
        Value::String(_) => fallback.one_of(&["drop"]),
        _ => element(&fallback),
    })
}

fn element(at: &At) -> Check {
    match at.kind()? {
        "TextBlock" => text_block(at),
        "RichTextBlock" => {
            common(at, &["inlines", "horizontalAlignment"])?;
            at.may("horizontalAlignment", |side| any_case(&side, SIDES))?;
            at.require("inlines")?.list(1, usize::MAX)?.iter().try_for_each(text_run)
        }
        "FactSet" => {
            common(at, &["facts"])?;
            at.require("facts")?.list(1, usize::MAX)?.iter().try_for_each(|fact| {
                fact.only(&["type", "title", "value"])?;
                fact.require("title")?.string()?;
                fact.require("value")?.string().map(drop)
            })
        }
        "Container" => {
            common(at, &[BOX, &["items", "bleed", "rtl"]].concat())?;
            boxed(at)?;
            elements(&at.require("items")?).map(drop)
        }
        "ColumnSet" => {
            common(at, &["columns", "selectAction", "style", "bleed", "minHeight", "horizontalAlignment"])?;
            boxed(at)?;
            at.may("horizontalAlignment", |side| any_case(&side, SIDES))?;
            at.require("columns")?.list(1, usize::MAX)?.iter().try_for_each(column)
        }
        "Table" => table(at),
        "Image" => image(at),
        "ImageSet" => {
            common(at, &["images", "imageSize"])?;
            at.may("imageSize", |size| any_case(&size, &["auto", "stretch", "small", "medium", "large"]))?;
            at.require("images")?.list(1, usize::MAX)?.iter().try_for_each(image)
        }
        "ActionSet" => {
            common(at, &["actions"])?;
            at.require("actions")?.list(1, usize::MAX)?.iter().try_for_each(action)
        }
        kind if TEAMS_ONLY.contains(&kind) => {
            let fallback = at.require("fallback")?;
            if fallback.value.is_string() {
                fallback.one_of(&["drop"])?;
            } else {
                element(&fallback)?;
            }
            match kind {
                "Chart.Line" | "Chart.VerticalBar.Grouped" => chart(at, true),
                "Chart.VerticalBar" => chart(at, false),
                _ => Ok(()),
            }
        }
        kind => at.fail(format_args!("an element of type `{kind}` is not known")),
    }
}

/// Points along labelled axes, in lines of their own or one by one. Colours have names; a hexadecimal one is refused.
fn chart(at: &At, lines: bool) -> Check {
    common(at, &["title", "xAxisTitle", "yAxisTitle", "data", "color", "colorSet"])?;
    for key in ["title", "xAxisTitle", "yAxisTitle"] {
        at.may(key, |text| text.string().map(drop))?;
    }
    let color = |color: At| {
        let known = color.string()?.bytes().all(|b| b.is_ascii_alphabetic());
        if known { Ok(()) } else { color.fail("not the name of a colour") }
    };
    let point = |point: &At| {
        point.only(&["x", "y", "color"])?;
        point.may("color", color)?;
        point.require("x")?.string()?;
        point.require("y")?.number().map(drop)
    };
    at.require("data")?.list(1, usize::MAX)?.iter().try_for_each(|data| {
        if !lines {
            return point(data);
        }
        data.only(&["legend", "color", "values"])?;
        data.require("legend")?.text(1, usize::MAX)?;
        data.may("color", color)?;
        data.require("values")?.list(1, usize::MAX)?.iter().try_for_each(point)
    })
}

fn text_block(at: &At) -> Check {
    let own = ["text", "color", "fontType", "horizontalAlignment", "isSubtle", "maxLines", "size", "weight", "wrap"];
    common(at, &[&own[..], &["style"]].concat())?;
    at.require("text")?.string()?;
    typography(at)?;
    at.may("horizontalAlignment", |side| any_case(&side, SIDES))?;
    at.may("maxLines", |lines| lines.integer(0, 10_000))?;
    at.may("wrap", |flag| flag.boolean())?;
    at.may("style", |style| any_case(&style, &["default", "heading"]))
}

fn typography(at: &At) -> Check {
    at.may("color", |colour| any_case(&colour, COLOURS))?;
    at.may("fontType", |font| any_case(&font, FONTS))?;
    at.may("isSubtle", |flag| flag.boolean())?;
    at.may("size", |size| any_case(&size, SIZES))?;
    at.may("weight", |weight| any_case(&weight, WEIGHTS))
}

fn text_run(at: &At) -> Check {
    if at.value.is_string() {
        return Ok(());
    }
    at.require("type")?.one_of(&["TextRun"])?;
    let flags = ["highlight", "italic", "strikethrough", "underline"];
    let own = ["type", "text", "color", "fontType", "isSubtle", "size", "weight", "selectAction"];
    at.only(&[&own[..], &flags[..]].concat())?;
    at.require("text")?.string()?;
    typography(at)?;
    flags.iter().try_for_each(|key| at.may(key, |flag| flag.boolean()))?;
    at.may("selectAction", |action| self::action(&action))
}

/// What boxes share.
const BOX: &[&str] = &["selectAction", "style", "verticalContentAlignment", "minHeight", "backgroundImage"];

fn boxed(at: &At) -> Check {
    at.may("selectAction", |action| self::action(&action))?;
    at.may("style", |style| any_case(&style, STYLES))?;
    at.may("verticalContentAlignment", |word| any_case(&word, HEIGHTS))?;
    at.may("minHeight", |height| height.string().map(drop))?;
    at.may("bleed", |flag| flag.boolean())?;
    at.may("rtl", |flag| flag.boolean())
}

fn column(at: &At) -> Check {
    at.may("type", |kind| kind.one_of(&["Column"]))?;
    common(at, &[BOX, &["items", "bleed", "rtl", "width"]].concat())?;
    boxed(at)?;
    at.may("width", |width| match width.value {
        Value::String(word) if word == "auto" || word == "stretch" => Ok(()),
        Value::String(word) if word.strip_suffix("px").unwrap_or(word).parse::<f64>().is_ok() => Ok(()),
        Value::Number(_) => Ok(()),
        _ => width.fail("neither auto, stretch, a weight nor pixels"),
    })?;
    at.may("items", |items| elements(&items).map(drop))
}

fn table(at: &At) -> Check {
    let sides = ["horizontalCellContentAlignment", "verticalCellContentAlignment"];
    common(at, &["columns", "rows", "showGridLines", "gridStyle", sides[0], sides[1]])?;
    let aligned = |at: &At| {
        at.may(sides[0], |side| any_case(&side, SIDES))?;
        at.may(sides[1], |side| any_case(&side, HEIGHTS))
    };
    aligned(at)?;
    at.may("showGridLines", |flag| flag.boolean())?;
    at.may("gridStyle", |style| any_case(&style, STYLES))?;
    let columns = at.require("columns")?.list(1, usize::MAX)?;
    for column in &columns {
        column.only(&["type", "width", sides[0], sides[1]])?;
        aligned(column)?;
        column.may("width", |width| match width.value {
            Value::String(word) if word.strip_suffix("px").is_some_and(|pixels| pixels.parse::<u32>().is_ok()) => {
                Ok(())
            }
            Value::Number(_) => Ok(()),
            _ => width.fail("neither a weight nor pixels"),
        })?;
    }
    for row in at.require("rows")?.list(1, usize::MAX)? {
        row.only(&["type", "cells", "style", sides[0], sides[1]])?;
        row.require("type")?.one_of(&["TableRow"])?;
        row.may("style", |style| any_case(&style, STYLES))?;
        aligned(&row)?;
        let cells = row.require("cells")?.list(0, usize::MAX)?;
        if cells.len() != columns.len() {
            return row.fail(format_args!("{} cells under {} columns", cells.len(), columns.len()));
        }
        for cell in cells {
            cell.only(&[BOX, &["type", "items", "bleed", "rtl"]].concat())?;
            cell.require("type")?.one_of(&["TableCell"])?;
            boxed(&cell)?;
            elements(&cell.require("items")?)?;
        }
    }
    Ok(())
}

fn image(at: &At) -> Check {
    at.may("type", |kind| kind.one_of(&["Image"]))?;
    let own = ["url", "altText", "backgroundColor", "horizontalAlignment", "selectAction", "size", "style", "width"];
    common(at, &own)?;
    // A data address breaks in Power Automate.
    at.require("url")?.web_address(usize::MAX)?;
    at.may("altText", |text| text.string().map(drop))?;
    at.may("horizontalAlignment", |side| any_case(&side, SIDES))?;
    at.may("size", |size| any_case(&size, &["auto", "stretch", "small", "medium", "large"]))?;
    at.may("style", |style| any_case(&style, &["default", "person"]))?;
    at.may("selectAction", |action| self::action(&action))
}

fn action(at: &At) -> Check {
    let common = ["type", "title", "iconUrl", "id", "style", "fallback", "tooltip", "isEnabled", "mode", "requires"];
    let only = |own: &str| at.only(&[&common[..], &[own]].concat());
    match at.kind()? {
        "Action.OpenUrl" => {
            only("url")?;
            at.require("url")?.web_address(usize::MAX)?;
        }
        "Action.ShowCard" => {
            only("card")?;
            card(&at.require("card")?, false)?;
        }
        "Action.ToggleVisibility" => {
            only("targetElements")?;
            at.require("targetElements")?.list(1, usize::MAX)?;
        }
        kind => return at.fail(format_args!("an action of type `{kind}` does not work over a webhook")),
    }
    at.may("title", |title| title.string().map(drop))?;
    at.may("style", |style| any_case(&style, &["default", "positive", "destructive"]))?;
    at.may("mode", |mode| any_case(&mode, &["primary", "secondary"]))
}
