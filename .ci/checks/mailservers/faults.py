#!/usr/bin/env python3
"""What headcount makes of mail servers that misbehave: faults.py HEADCOUNT.

Debian's `smtp-sink` (of the package postfix) is each of them; the real headcount sends to it through its own outbox. First
they all misbehave, then they are well again, and nothing may be lost, nor a mail change its Message-ID on the way.
"""

import email
import email.policy
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from common import Headcount, free_port, listening, until

SINK = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
USER_UNKNOWN = ["-B", "550 5.1.1 no such user"]
# What a server does, what becomes of the mail meanwhile, and what the outbox says about it.
# delivered; again: it is tried again; down: the channel is put aside, and keeps it; given up: this mail alone is lost.
CASES = {
    "fine": ([], "delivered", ""),
    "slow": (["-w", "3"], "delivered", ""),
    "soft-greeting": (["-r", "connect"], "again", "450"),
    "soft-hello": (["-r", "ehlo,helo"], "again", "450"),
    "soft-sender": (["-r", "mail"], "again", "450 4.3.0"),
    "soft-recipient": (["-r", "rcpt"], "again", "450 4.3.0"),
    "soft-data": (["-r", "data"], "again", "450 4.3.0"),
    "soft-end": (["-r", "."], "again", "450 4.3.0"),
    "greylisted": (["-r", "rcpt", "-b", "451 4.7.1 greylisted, come back later"], "again", "451 4.7.1 greylisted"),
    "unknown-user": (["-f", "rcpt", *USER_UNKNOWN], "given up", "550 5.1.1 no such user"),
    "disliked": (["-f", ".", "-B", "554 5.7.1 spam"], "given up", "554 5.7.1 spam"),
    "too-large": (["-f", ".", "-B", "552 5.3.4 too big"], "given up", "552 5.3.4"),
    "hard-sender": (["-f", "mail", "-B", "550 5.7.60 not yours"], "down", "550 5.7.60 not yours"),
    "no-relay": (["-f", "rcpt", "-B", "550 5.7.57 client not authenticated"], "down", "550 5.7.57"),
    "broken": (["-f", "rcpt"], "down", "500 5.3.0"),
    "hang-greeting": (["-q", "connect"], "again", ""),
    "hang-recipient": (["-q", "rcpt"], "again", ""),
    "hang-data": (["-q", "data"], "again", ""),
    "hang-end": (["-q", "."], "again", ""),
    "closing": (["-Q", "mail"], "again", "421"),
    "abort": (["-A", "1"], "given up", "550"),
    "silent": (["-w", "120"], "again", "did not finish within"),
    "absent": (None, "again", "refused"),
}


class Sinks:
    """One for each case, each on a port that it keeps."""

    def __init__(self, folder):
        self.folder, self.running = pathlib.Path(folder), {}
        self.ports = {name: free_port() for name in CASES}
        # As root, smtp-sink wants to become somebody else, who must be able to write.
        self.user = ["-u", "nobody"] if os.geteuid() == 0 else []
        os.chmod(folder, 0o777)

    def start(self, name, args):
        mails = self.folder / name
        mails.mkdir(exist_ok=True)
        os.chmod(mails, 0o777)
        command = [SINK, *self.user, *args, "-d", f"{mails}/%H%M%S.", f"127.0.0.1:{self.ports[name]}", "20"]
        self.running[name] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listening(self.ports[name])

    def stop(self, name):
        if process := self.running.pop(name, None):
            process.kill()
            process.wait()

    def mails(self, name):
        files = sorted((self.folder / name).iterdir()) if (self.folder / name).is_dir() else []
        mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [mail for mail in mails if mail["Message-ID"]]


def met(delivery, expected, said):
    """What became of a delivery while its server misbehaved."""
    down = delivery.get("channel_down") is not None
    found = "down" if down else "again" if delivery["state"] == "pending" else delivery["state"]
    if found != expected:
        return f"{found}, not {expected}: {delivery}"
    if said not in (delivery.get("error") or ""):
        return f"`{said}` is not told: {delivery['error']}"
    return ""


def main():
    if len(sys.argv) != 2:
        sys.exit("faults.py HEADCOUNT: the binary to try")
    binary = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as of_sinks:
        os.chmod(of_sinks, 0o777)
        sinks = Sinks(of_sinks)
        channels = {
            name: {"email": {
                "from": "Headcount <headcount@example.com>", "to": f"{name}@example.com",
                "smtp": {"host": "127.0.0.1", "port": sinks.ports[name], "tls": "none"},
            }}
            for name in CASES
        }
        headcount = Headcount(binary, folder, channels)
        try:
            for name, (args, _, _) in CASES.items():
                if args is not None:
                    sinks.start(name, args)
            headcount.start()
            wrong = tried(headcount, sinks)
        finally:
            for name in list(sinks.running):
                sinks.stop(name)
            if headcount.daemon and headcount.daemon.poll() is None:
                headcount.daemon.kill()
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(CASES)} mail servers misbehaved in turn, and were understood")


def tried(headcount, sinks):
    def first_mails():
        return {entry["channel"]: entry for entry in headcount.outbox() if entry["kind"] == "alert"}

    def all_tried():
        found = first_mails()
        return found if len(found) == len(CASES) and all(entry["attempts"] for entry in found.values()) else None

    try:
        until("an alert for each channel", all_tried, 30)
    except AssertionError as error:
        found = {name: entry["attempts"] for name, entry in first_mails().items()}
        return [f"{error}: {found}", (headcount.folder / "log").read_text(encoding="utf-8")]
    again = {name for name, (_, outcome, _) in CASES.items() if outcome == "again" and name != "silent"}
    until("a second try of what may be tried again", lambda: all(first_mails()[name]["attempts"] > 1 for name in again), 30)
    well = {name for name, (_, outcome, _) in CASES.items() if outcome == "delivered"}
    until("a delivery to those that are well", lambda: all(first_mails()[name]["state"] == "delivered" for name in well), 20)
    found = first_mails()
    wrong = [
        f"{name}: {said}" for name, (_, outcome, says) in CASES.items()
        if name != "silent" and (said := met(found[name], outcome, says))
    ]
    # A check that cannot fail is none: one delivery is not what another should be.
    assert met(found["fine"], "again", "") and met(found["unknown-user"], "given up", "551"), "these checks cannot fail"

    for name in CASES:
        if name != "silent":
            sinks.stop(name)
            sinks.start(name, [])
    until("the delivery of all that waited", lambda: all(first_mails()[name]["state"] == "delivered" for name in again), 60)
    for name in (name for name, (_, outcome, _) in CASES.items() if outcome == "down"):
        # A test goes ahead, and lets go of what was kept.
        done = headcount.ask("test", name)
        if done.returncode != 0:
            wrong.append(f"{name}: the test said {done.stderr}")
        until(f"the mail that {name} kept", lambda name=name: first_mails()[name]["state"] == "delivered", 20)
    until("an end of patience", lambda: first_mails()["silent"].get("error"), 90)
    silent = first_mails()["silent"]
    if said := met(silent, *CASES["silent"][1:]):
        wrong.append(f"silent: {said}")
    sinks.stop("silent")
    sinks.start("silent", [])
    if (done := headcount.ask("outbox", "retry", str(silent["id"]))).returncode != 0:
        wrong.append(f"silent: the retry said {done.stderr}")
    for name, (_, outcome, _) in CASES.items():
        alerts = [mail for mail in sinks.mails(name) if "prod" in mail["Subject"]]
        ids = {mail["Message-ID"] for mail in alerts}
        if outcome != "given up" and len(ids) != 1:
            wrong.append(f"{name}: the server has {len(alerts)} alerts under {len(ids)} ids")
        if name in ("fine", "slow", "soft-recipient", "hard-sender", "absent") and len(alerts) != 1:
            wrong.append(f"{name}: the server has {len(alerts)} alerts")
    state = {entry["state"] for entry in first_mails().values()}
    if state != {"delivered", "given up"}:
        wrong.append(f"at the end deliveries are {state}")
    log = headcount.stop()
    if "given up a delivery" not in log:
        wrong.append("the log does not say that a delivery was given up")
    return wrong


if __name__ == "__main__":
    main()
