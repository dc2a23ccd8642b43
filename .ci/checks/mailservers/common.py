"""A headcount of one's own: its folder, its configuration, its daemon, and what its outbox says."""

import json
import pathlib
import random
import shutil
import socket
import subprocess
import time

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "tests" / "fixtures" / "certificates"


def free_port(given=set()):
    """A port that nobody listens on, below those that connections take for themselves, and never the same twice."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            if port not in given and probe.connect_ex(("127.0.0.1", port)) != 0:
                given.add(port)
                return port


def until(what, holds, seconds):
    """Waits for something that must come, and gives it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def listening(port):
    def connects():
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(f"a listener on port {port}", connects, 20)


class Headcount:
    """The real binary, in a folder of its own. Its site is down, so that its only rule has something to tell at once."""

    def __init__(self, binary, folder, channels, secrets=()):
        self.binary, self.folder, self.secrets, self.daemon = binary, pathlib.Path(folder), list(secrets), None
        for name in ("client.pem", "client_key.pem", "root.pem"):
            shutil.copy(FIXTURES / name, self.folder)
        self.config = self.folder / "headcount.yaml"
        self.write(channels)

    def write(self, channels):
        site = "{host: 127.0.0.1, certificate: {pem: client.pem, key: client_key.pem}, trust: {root: root.pem},"
        site += f" proxies: [{{host: 127.0.0.1, port: {free_port()}}}], timeout: 1s}}"
        text = f"sites:\n  prod: {site}\n"
        text += 'checks:\n  sessions: {site: prod, cron: "* * * * * *", rules: [blind]}\n'
        text += f"rules:\n  blind: {{unreachable: {{for: 0s}}, repeat: never, tell: {json.dumps(sorted(channels))}}}\n"
        text += "channels:\n" + "".join(f"  {name}: {json.dumps(channel)}\n" for name, channel in channels.items())
        self.config.write_text(text, encoding="utf-8")

    def command(self, *args):
        command = [self.binary, "--config", self.config, "--state", self.folder / "state", "--color", "never", *args]
        return [str(part) for part in command]

    def ask(self, *args, patience=100):
        """Runs a command. No secret may be in what it says."""
        done = subprocess.run(self.command(*args), capture_output=True, text=True, timeout=patience, check=False)
        self.holds_no_secret(done.stdout + done.stderr)
        return done

    def holds_no_secret(self, text):
        for secret in self.secrets:
            assert secret not in text, f"`{secret}` is in: {text}"

    def start(self):
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.daemon = subprocess.Popen(self.command("run"), stdout=self.log, stderr=self.log)

    def stop(self):
        self.daemon.terminate()
        assert self.daemon.wait(30) == 0, "the daemon did not end well"
        self.log.close()
        text = (self.folder / "log").read_text(encoding="utf-8")
        self.holds_no_secret(text)
        return text

    def outbox(self):
        if not (self.folder / "state" / "headcount.db").exists():
            return []
        done = self.ask("outbox", "list", "--all", "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tries(self, delivery):
        return [line for line in self.ask("outbox", "show", str(delivery)).stdout.splitlines() if line.startswith("try ")]
