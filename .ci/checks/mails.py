#!/usr/bin/env python3
"""Whether every mail in a folder is one that a reader would open, sort and thread: mails.py FOLDER [INDEX].

Each is taken apart by Python's `email`, its HTML by `html.parser`, its tables by `csv`. INDEX, as the test `payloads` writes
it, says what each is about and who should be named in it. Before anything else, what is broken must be refused.
"""

import csv
import email
import email.policy
import html.parser
import io
import json
import pathlib
import re
import sys

POLICY = email.policy.default
ONCE = ["From", "To", "Date", "Message-ID", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "MIME-Version"]
ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
# Elements that run, fetch or ask; style is ours, and is allowed in the head alone.
FORBIDDEN = {"script", "iframe", "object", "embed", "form", "input", "link", "base", "svg", "video", "audio", "at"}
FORMULA = tuple("=+-@\t\r")


class Reader(html.parser.HTMLParser):
    """What a reader of the HTML sees, and what it would fetch."""

    VOID = {"meta", "br", "img", "hr"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.names, self.wrong, self.images, self.seen = [], [], [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(f"{self.open} is never closed")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in FORBIDDEN:
            self.wrong.append(f"an element <{tag}>")
        for name, value in attrs.items():
            if name.startswith("on"):
                self.wrong.append(f"an attribute {name}")
            if name == "href" and not re.match(r"https?://", value or ""):
                self.wrong.append(f"a link to {value}")
            if name == "style" and re.search(r"url\(|expression|@import", value or ""):
                self.wrong.append(f"a style that fetches: {value}")
        if tag == "img":
            self.images.append(attrs.get("src") or "")
            if not (attrs.get("alt") or "").strip():
                self.wrong.append("an image without words in its place")
        if tag == "bdi":
            self.names.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == "bdi":
            self.names[-1] += data
        if not {"style", "title"} & set(self.open):
            self.seen.append(data)

    def handle_comment(self, data):
        # Outlook's conditions are comments of ours; a comment that somebody is called is none.
        if not data.startswith("[if ") and not data.startswith("<![endif]"):
            self.wrong.append(f"a comment: {data}")


def check(raw, about):
    """Gives what is wrong, and the mail's own id and the ones that it follows."""
    try:
        return checked(raw, about)
    except Exception as error:  # Python's `email` stumbles over some of what is broken.
        return [f"cannot be read: {error!r}"], "", []


def checked(raw, about):
    wrong = []
    mail = email.message_from_bytes(raw, policy=POLICY)
    for part in mail.walk():
        wrong += [f"defect in {part.get_content_type()}: {defect!r}" for defect in part.defects]
        for name, value in part.items():
            wrong += [f"defect in {name}: {defect!r}" for defect in getattr(value, "defects", ())]
            if "\r" in str(value) or "\n" in str(value):
                wrong.append(f"a line break in {name}")
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        wrong.append("a line of more than 998 bytes")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        wrong.append("a line that does not end in CR LF")
    for name in ONCE:
        if len(mail.get_all(name, [])) != 1:
            wrong.append(f"{len(mail.get_all(name, []))} {name}")
    for name in ("Bcc", "Cc", "Return-Path", "Reply-To"):
        if name in mail:
            wrong.append(f"a {name}")
    if wrong:
        return wrong, "", []
    for name, value in (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")):
        if mail[name] != value:
            wrong.append(f"{name} is {mail[name]}")
    if not re.fullmatch(r"headcount <[a-z0-9.-]+>", mail["List-Id"]):
        wrong.append(f"List-Id is {mail['List-Id']}")
    if mail["Date"].datetime is None or len(mail["From"].addresses) != 1 or len(mail["To"].addresses) != 1:
        wrong.append("no date, or not one sender and one recipient")
    own, follows = mail["Message-ID"].strip(), (mail.get("References") or "").split()
    if not all(ID.fullmatch(one) for one in [own, *follows]):
        wrong.append(f"ids are {own} and {follows}")
    if (mail.get("In-Reply-To") or "").split() != follows[-1:]:
        wrong.append("In-Reply-To is not the last of References")
    title = about.get("title")
    if title is not None and str(mail["Subject"]) != title[:200]:
        wrong.append(f"the subject is {str(mail['Subject'])!r}, not {title!r}")
    if about.get("kind") in ("repeat", "resolved") and not follows:
        wrong.append("it follows nothing")
    return wrong + parts(mail, about), own, follows


def shape(part):
    """`alternative(plain, related(html, png))`, and the like."""
    if part.is_multipart():
        return f"{part.get_content_subtype()}({', '.join(shape(inner) for inner in part.iter_parts())})"
    return part.get_content_type()


def parts(mail, about):
    wrong = []
    found = shape(mail)
    body = r"alternative\(text/plain, (text/html|related\(text/html(, image/png)+\))\)"
    if not re.fullmatch(rf"{body}|mixed\({body}(, text/csv)+\)", found):
        return [f"its parts are {found}"]
    by_type = {}
    for part in mail.walk():
        by_type.setdefault(part.get_content_type(), []).append(part)
    text = by_type["text/plain"][0].get_content()
    page = Reader(by_type["text/html"][0].get_content())
    wrong += page.wrong
    if not text.strip() or not "".join(page.seen).strip():
        wrong.append("an empty body")
    inline = {}
    for part in by_type.get("image/png", []):
        inline[f"cid:{(part['Content-ID'] or '').strip().strip('<>')}"] = part
        if part.get_content_disposition() != "inline":
            wrong.append("an image that is not inline")
        if not part.get_content().startswith(b"\x89PNG\r\n\x1a\n"):
            wrong.append("an image that is no PNG")
    if sorted(inline) != sorted(set(page.images)):
        wrong.append(f"the page shows {page.images}, and {sorted(inline)} came with it")
    tables = by_type.get("text/csv", [])
    named, left_out = [], 0
    for part in tables:
        if part.get_content_disposition() != "attachment" or not (part.get_filename() or "").endswith(".csv"):
            wrong.append("a table that is no attachment with a name")
        rows = list(csv.reader(io.StringIO(part.get_content()), strict=True))
        if len({len(row) for row in rows}) != 1:
            wrong.append("rows of different lengths")
        # A table that would be too long says in its last row how many it leaves out.
        if len(rows) > 2 and re.fullmatch(r"and [1-9]\d* more", rows[-1][0]) and not any(rows[-1][1:]):
            if len(part.get_content().encode()) < 5_000_000:
                wrong.append("a table that leaves people out and is not long")
            left_out = int(rows.pop()[0].split()[1])
        for row in rows[1:]:
            wrong += [f"a formula: {cell}" for cell in row if cell.startswith(FORMULA)]
        for row in rows[1:]:
            bare = [cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell for cell in row]
            named.append(f"{bare[0]}\\{bare[1]}" if bare[0] else bare[1])
    people = about.get("people") or []
    if people:
        wrong += who(people, text, page, named, about.get("all", 0))
    if named and len(named) + left_out < about.get("all", 0):
        wrong.append(f"{len(named)} people are in the table, and {left_out} left out")
    return wrong


def who(people, text, page, named, count):
    """Whether people are named letter for letter, and nobody else; those left out are counted."""
    wrong = []
    shown = [name for name in page.names if name in people]
    more = re.search(r"and (\d+) more users?\b", "".join(page.seen))
    more = int(more.group(1)) if more else 0
    if len(set(shown)) + more != count:
        wrong.append(f"{len(set(shown))} of {count} people are named in the page, and {more} more counted")
    lines = [line.strip().replace("\u200e", "") for line in text.splitlines()]
    for name in shown:
        # The text is wrapped nowhere, so each is at the beginning of its line.
        if not any(line.startswith(name.strip()) for line in lines):
            wrong.append(f"{name!r} is not in the text")
    if named and sorted(named) != sorted(people):
        odd = set(named) ^ set(people)
        wrong.append(f"the table differs in {sorted(odd)[:4]}")
    return wrong


def right(**change):
    """A mail with nothing wrong, but for what is asked for."""
    given = {
        "subject": "prod: 5 users", "page": '<p><bdi>CORP\\a&lt;b&gt;</bdi></p><img src="cid:chart" alt="Users">',
        "text": "  CORP\\a<b>, 1 session", "head": "", "cid": "chart", "png": b"\x89PNG\r\n\x1a\n", "cell": "a<b>", **change,
    }
    import base64
    head = (
        "From: Headcount <h@example.com>\nTo: a@example.com\nDate: Mon, 23 Nov 2026 07:10:00 +0000\n"
        f"Message-ID: <{given.get('id', '1@example.com')}>\nSubject: {given['subject']}\nAuto-Submitted: auto-generated\n"
        "X-Auto-Response-Suppress: All\nList-Id: headcount <ops.headcount.example.com>\nMIME-Version: 1.0\n"
        "In-Reply-To: <0@example.com>\nReferences: <0@example.com>\n"
    )
    text = (
        f"{head}{given['head']}Content-Type: multipart/mixed; boundary=m\n\n--m\n"
        "Content-Type: multipart/alternative; boundary=a\n\n"
        f"--a\nContent-Type: text/plain; charset=utf-8\n\n{given['text']}\n"
        "--a\nContent-Type: multipart/related; boundary=r\n\n"
        f"--r\nContent-Type: text/html; charset=utf-8\n\n{given['page']}\n"
        f"--r\nContent-Type: image/png\nContent-ID: <{given['cid']}>\nContent-Disposition: inline\n"
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(given['png']).decode()}\n--r--\n--a--\n"
        "--m\nContent-Type: text/csv; charset=utf-8\nContent-Disposition: attachment; filename=who.csv\n\n"
        f"directory,id\n\"CORP\",\"{given['cell']}\"\n--m--\n"
    )
    for part, other in given.get("instead", {}).items():
        assert part in text, part
        text = text.replace(part, other)
    return text.encode().replace(b"\n", b"\r\n") + given.get("after", b"")


ABOUT = {"title": "prod: 5 users", "kind": "repeat", "people": ["CORP\\a<b>"], "all": 1}
BROKEN = [
    (right(instead={"--m--": ""}), "defect"),
    (right(instead={"multipart/related; boundary=r": "multipart/related"}), "defect"),
    (right(head="Bcc: evil@example.com\n"), "a Bcc"),
    (right(head="Subject: again\n"), "2 Subject"),
    (right(instead={"Auto-Submitted: auto-generated\n": ""}), "0 Auto-Submitted"),
    (right(instead={"X-Auto-Response-Suppress: All": "X-Auto-Response-Suppress: OOF"}), "X-Auto-Response-Suppress is"),
    (right(instead={"headcount <ops": "<ops"}), "List-Id is"),
    (right(subject="prod: 6 users"), "the subject is"),
    (right(subject="=?utf-8?q?prod=3A_5_users=0D=0ABcc=3A_x?="), "line break in Subject"),
    (right(id="<1@example.com"), "cannot be read"),
    (right(id="1 2@example.com"), ""),
    (right(instead={"References: <0@": "References: <9@"}), "In-Reply-To"),
    (right(instead={"In-Reply-To: <0@example.com>\nReferences: <0@example.com>\n": ""}), "follows nothing"),
    (right(instead={"To: a@": "To: b@example.com, a@"}), "one recipient"),
    (right(text="x" * 999), "998 bytes"),
    (right(after=b"x\n"), "CR LF"),
    (right(page="<p><bdi>CORP\\a<b></bdi></p><img src=cid:chart alt=x>"), "closes nothing"),
    (right(page="<script>alert(1)</script><img src=cid:chart alt=x>"), "<script>"),
    (right(page="<p onclick=x>x</p><img src=cid:chart alt=x>"), "onclick"),
    (right(page="<a href=javascript:x>x</a><img src=cid:chart alt=x>"), "a link to"),
    (right(page="<!-- x --><img src=cid:chart alt=x>"), "a comment"),
    (right(page="<img src=cid:chart>"), "without words"),
    (right(page="<img src=https://evil.example/x.png alt=x>"), "the page shows"),
    (right(cid="other"), "the page shows"),
    (right(png=b"GIF89a"), "no PNG"),
    (right(instead={"Disposition: inline": "Disposition: attachment"}), "not inline"),
    (right(page="<p><bdi>CORP\\ab</bdi></p><img src=cid:chart alt=x>"), "0 of 1 people"),
    (right(text="CORP\\ab"), "not in the text"),
    (right(cell="=cmd()"), "a formula"),
    (right(cell="ab"), "the table differs"),
    (right(instead={"text/plain": "text/enriched"}), "its parts are"),
]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("mails.py FOLDER [INDEX]: a folder of .eml files, and what they are about")
    said = check(right(), ABOUT)[0]
    wrong = [f"refused what is right: {said}"] if said else []
    for number, (mail, why) in enumerate(BROKEN):
        said = check(mail, ABOUT)[0]
        if not any(why in one for one in said):
            wrong.append(f"broken mail {number} should be refused for `{why}`, and was: {said or 'taken'}")
    if wrong:
        sys.exit("these checks cannot fail:\n" + "\n".join(wrong))
    index = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")) if len(sys.argv) == 3 else []
    about = {pathlib.Path(entry["file"]).name: entry for entry in index if entry["channel"] == "email"}
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))
    if not files:
        sys.exit(f"{sys.argv[1]} holds no mail")
    failed, ids, named, threads = [], {}, 0, []
    for file in files:
        of_this = about.get(file.name, {})
        said, own, follows = check(file.read_bytes(), of_this)
        failed += [f"{file.name}: {one}" for one in said]
        named += bool(of_this.get("people"))
        if own in ids:
            failed.append(f"{file.name} and {ids[own]} have one Message-ID")
        ids[own] = file.name
        if file.name.startswith("incident."):
            threads.append((own, follows))
    # The mails of one incident follow the one that opened it.
    for own, follows in threads[1:]:
        if follows[:1] != [threads[0][0]]:
            failed.append(f"{own} follows {follows}, not {threads[0][0]}")
    if index and (len(threads) < 3 or named < 2):
        failed.append(f"{len(threads)} mails of the incident, {named} mails with people in the index")
    if failed:
        sys.exit("\n".join(failed))
    print(f"{len(files)} mails are whole, {named} of them by the names in them; {len(BROKEN)} broken ones were refused")


if __name__ == "__main__":
    main()
