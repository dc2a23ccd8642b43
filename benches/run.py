#!/usr/bin/env python3
"""Measures the resident memory of `headcount run` over polls of 1,000 sessions, once a second, from nginx on loopback.

Needs openssl and nginx. Usage: benches/run.py target/release/headcount [POLLS]
Every tenth poll a tenth of the sessions are others, so that spans begin and end. Prints the memory every 100 polls.
"""
import json, os, shutil, signal, sqlite3, subprocess, sys, tempfile, time

sys.argv[1] = os.path.abspath(sys.argv[1])
BINARY, POLLS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import site_for_benches as site

def resident(pid):
    lines = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024, int(lines["VmHWM"].split()[0]) / 1024

folder = tempfile.mkdtemp()
site.certificates(folder)
server = site.serve(folder, (1_000,))
daemon = None
try:
    open(f"{folder}/headcount.yaml", "w").write(f"""
sites:
  bench: {{host: localhost, certificate: {{pem: client.pem, key: client_key.pem}}, trust: {{root: root.pem}},
          proxies: [{{host: localhost, port: {site.PORT}, virtual_proxies: ["1000"]}}]}}
checks: {{all: {{site: bench, cron: "* * * * * *", rules: [crowded, logout, blind]}}}}
rules:
  crowded: {{threshold: {{metric: users, above: 100000}}, tell: ops}}
  logout: {{change: {{metric: sessions, falls: 50%, within: 5m}}, tell: ops}}
  blind: {{unreachable: {{for: 1m}}, tell: ops}}
channels: {{ops: {{slack: {{webhook_url: "http://127.0.0.1:9/x"}}}}}}
""")
    daemon = subprocess.Popen([BINARY, "run"], cwd=folder, stderr=open(f"{folder}/log", "w"))
    sessions = json.load(open(f"{folder}/www/1000/session"))
    told = 0
    database = None
    while told < POLLS:
        time.sleep(10)
        fresh = site.sessions(100)
        sessions = sessions[100:] + fresh
        with open(f"{folder}/www/1000/new", "w") as file:
            json.dump(sessions, file)
        os.replace(f"{folder}/www/1000/new", f"{folder}/www/1000/session")
        database = database or sqlite3.connect(f"file:{folder}/state/headcount.db?mode=ro", uri=True)
        polls, = database.execute("SELECT coalesce(sum(polls), 0) FROM reading WHERE pair IS NULL AND answered = asked").fetchone()
        if polls // 100 > told // 100 or polls >= POLLS:
            now, most = resident(daemon.pid)
            spans, = database.execute("SELECT count(*) FROM span").fetchone()
            size = os.path.getsize(f"{folder}/state/headcount.db") / 2**20
            print(f"{polls:>5} polls: {now:.1f} MiB now, {most:.1f} MiB at most; {spans} spans, store {size:.1f} MiB", flush=True)
        told = polls
    daemon.send_signal(signal.SIGTERM)
    print("exit status", daemon.wait(timeout=10))
finally:
    if daemon and daemon.poll() is None:
        daemon.kill()
    server.terminate(); server.wait(); shutil.rmtree(folder)
