#!/usr/bin/env python3
"""Whether headcount gets into mail servers as it should, and stays out where it must: logins.py HEADCOUNT.

npm's `smtp-server` plays them (CHECK_MODULES names the folder whose node_modules holds it), with a certificate of an authority
of its own: STARTTLS and implicit TLS; PLAIN, LOGIN and XOAUTH2, whose tokens come from an endpoint on loopback.
"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from common import Headcount, until

USER, PASSWORD, CLIENT_SECRET = "headcount@example.com", "pass word-of-the-mailbox", "s3cret&of=the+app"


class Servers:
    """What node plays, and what it says of what happens."""

    def __init__(self, folder, certificate):
        key = f"{folder}/{certificate}.key"
        command = ["node", pathlib.Path(__file__).with_name("server.mjs"), key, f"{folder}/{certificate}.pem"]
        self.node = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first = self.node.stdout.readline()
        assert first, "node did not start; is smtp-server there?"
        self.ports, self.events = json.loads(first), []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.node.stdout:
            self.events.append(json.loads(line))

    def tell(self, **what):
        query = "&".join(f"{name}={json.dumps(value)}" for name, value in what.items())
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['control']}/?{query}") as answer:
            return json.load(answer)

    def of(self, server, kind):
        return [event for event in self.events if event.get("server") == server and kind in event]

    def fetched(self):
        return [event for event in self.events if "endpoint" in event]


def certificates(folder):
    """An authority and what it issued, another authority, and a certificate that vouches for itself."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=folder)

    new = ["-newkey", "rsa:2048", "-nodes"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    for authority in ("authority", "other"):
        openssl("req", "-x509", *new, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-days", "30", "-subj", f"/CN={authority}")
    openssl("req", *new, "-keyout", "issued.key", "-out", "issued.csr", *name)
    openssl("x509", "-req", "-in", "issued.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "30", "-copy_extensions", "copy", "-out", "issued.pem")
    openssl("req", "-x509", *new, "-keyout", "itself.key", "-out", "itself.pem", "-days", "30", *name)


def main():
    if len(sys.argv) != 2:
        sys.exit("logins.py HEADCOUNT: the binary to try")
    binary = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        count = 0
        for certificate, ways in (("issued", [by_password]), ("itself", [by_its_own_word])):
            servers = Servers(folder, certificate)
            try:
                count += sum(way(binary, servers, folder) for way in ways)
            finally:
                servers.node.kill()
    print(f"{count} ways into a mail server went as they should")


def channel(servers, server, tls, login, ca):
    smtp = {"host": "localhost", "port": servers.ports[server], "tls": tls, **login}
    email = {"from": f"Headcount <{USER}>", "to": "lead@example.com", "smtp": smtp}
    return {"email": email, **({"ca": ca} if ca else {})}


def by_password(binary, servers, folder):
    password = {"user": USER, "password": PASSWORD}
    own, other = f"{folder}/authority.pem", f"{folder}/other.pem"
    # Server, TLS, login, authority; the exit status, what is told, by what it was authenticated.
    cases = {
        "plain": (("starttls", "starttls", password, own), 0, "took it", "PLAIN"),
        "login": (("implicit", "implicit", password, own), 0, "took it", "LOGIN"),
        "either": (("both", "starttls", password, own), 0, "took it", "PLAIN"),
        "wrong": (("starttls", "starttls", {"user": USER, "password": "not-it-at-all"}, own), 1, "535", "PLAIN"),
        "untrusted": (("starttls", "starttls", password, None), 1, "certificate", None),
        "other": (("implicit", "implicit", password, other), 1, "certificate", None),
        "open": (("open", "starttls", password, own), 1, "STARTTLS", None),
        "unknown": (("unknown", "starttls", password, own), 1, "", None),
    }
    # It ends with headcount's patience, and so runs beside the others.
    mixed_up = {"mixed-up": (("implicit", "starttls", password, own), 1, "wants `tls: implicit`", None)}
    with concurrent.futures.ThreadPoolExecutor() as beside:
        waits = beside.submit(went, binary, servers, mixed_up)
        return went(binary, servers, cases) + by_token(binary, servers, folder) + waits.result()


def by_its_own_word(binary, servers, folder):
    """A certificate as `openssl req -x509` makes it, which is that of an authority, is trusted where it is given itself."""
    password = {"user": USER, "password": PASSWORD}
    itself, other = f"{folder}/itself.pem", f"{folder}/other.pem"
    with tempfile.TemporaryDirectory() as state:
        channels = {"itself": channel(servers, "starttls", "starttls", password, itself)}
        said = Headcount(binary, state, channels, [PASSWORD]).ask("check", "--connect").stdout
        assert "\u2713 channel itself (email)" in said, said
    return went(binary, servers, {
        "itself": (("starttls", "starttls", password, itself), 0, "took it", "PLAIN"),
        "implicit-itself": (("implicit", "implicit", password, itself), 0, "took it", "LOGIN"),
        "other": (("starttls", "starttls", password, other), 1, "certificate", None),
        "implicit-other": (("implicit", "implicit", password, other), 1, "certificate", None),
        "nobody": (("implicit", "implicit", password, None), 1, "certificate", None),
    })


def went(binary, servers, cases):
    with tempfile.TemporaryDirectory() as state:
        secrets = [PASSWORD, "not-it-at-all"]
        channels = {name: channel(servers, *case[0]) for name, case in cases.items()}
        headcount = Headcount(binary, state, channels, secrets)
        for name, ((server, *_), status, says, method) in cases.items():
            before = len(servers.of(server, "mail"))
            logins = len(servers.of(server, "auth"))
            done = headcount.ask("test", name)
            text = done.stdout + done.stderr
            assert done.returncode == status and says in text, f"{name}: exit {done.returncode}, {text}"
            if status == 0:
                mail = until(f"a mail by {name}", lambda: servers.of(server, "mail")[before:], 5)[0]
                assert mail["secure"] and mail["user"] == USER and mail["from"] == USER, mail
            else:
                assert name == "mixed-up" or len(servers.of(server, "mail")) == before, f"{name}: a mail came"
            tried = [event["auth"] for event in servers.of(server, "auth")[logins:]] if name != "mixed-up" else []
            assert tried == ([method] if method else []), f"{name}: logins {tried}"
            assert all(event["secure"] for event in servers.of(server, "auth")), "a login in the open"
    return len(cases)


def by_token(binary, servers, folder):
    oauth2 = {
        "client_id": "the app", "client_secret": CLIENT_SECRET,
        "token_url": f"http://127.0.0.1:{servers.ports['endpoint']}/tenant/oauth2/v2.0/token",
    }
    token = channel(servers, "token", "starttls", {"user": USER, "oauth2": oauth2}, f"{folder}/authority.pem")
    wrong = json.loads(json.dumps(token))
    wrong["email"]["smtp"]["oauth2"]["client_secret"] = "the-wrong-secret"
    secrets = [CLIENT_SECRET, "the-wrong-secret", *(f"token-number-{n}" for n in range(1, 40))]
    with tempfile.TemporaryDirectory() as state:
        headcount = Headcount(binary, state, {"token": token, "wrong": wrong}, secrets)
        headcount.start()
        mails = lambda: len(servers.of("token", "mail"))
        given = lambda: servers.tell()["given"]
        until("the alert by token", lambda: mails() == 1, 20)
        assert given() == 1, "a token for the first mail"
        test(headcount, 0, "took it")
        assert (mails(), given()) == (2, 1), "the token is kept"
        # The server takes it no more: it is fetched anew, once, and the mail goes.
        servers.tell(taken="another")
        test(headcount, 0, "took it")
        assert (mails(), given()) == (3, 2), f"a stale token is fetched anew: {mails()}, {given()}"
        # And if the new one is not taken either, that is told, and asked no more.
        servers.tell(taken="another", stale=True)
        before = given()
        test(headcount, 1, "")
        assert (mails(), given()) == (3, before + 1), f"asked {given() - before} times"
        # One that ends soon is fetched before it does.
        servers.tell(stale=False, lasts=3)
        test(headcount, 0, "took it")
        before = given()
        time.sleep(3)
        test(headcount, 0, "took it")
        assert given() == before + 1, "a token that ended is fetched anew"
        # The endpoint fails, for a while or for good; no secret is told, though it repeats it.
        servers.tell(status=503, lasts=3600)
        time.sleep(3)
        test(headcount, 1, "503")
        servers.tell(status=200)
        text = test(headcount, 1, "AADSTS7000215", "wrong")
        assert "look at `smtp.oauth2`" in text, text
        assert [event["right"] for event in servers.fetched()].count(False) >= 1
        log = headcount.stop()
        assert "smtp.oauth2" in log, log
    return 7


def test(headcount, status, says, name="token"):
    done = headcount.ask("test", name)
    text = done.stdout + done.stderr
    assert done.returncode == status and says in text, f"{name}: exit {done.returncode}, {text}"
    return text


if __name__ == "__main__":
    main()
