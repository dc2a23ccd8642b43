#!/usr/bin/env python3
"""Makes a month, and measures what it takes to keep it and to look into it.

Needs GNU time. Usage: benches/month.py target/release/headcount [ROUNDS]
Prints the store's size, and of each command the median time and the peak memory; and how long it takes to ask the same store in
plain SQL for what the digest of the month tells.
"""
import os, shutil, sqlite3, statistics, subprocess, sys, tempfile, time

BINARY = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
folder = tempfile.mkdtemp()
made = f"{folder}/made"
os.environ["TZ"] = "Europe/Stockholm"

def run(*words):
    """Lines of output, seconds, and the peak resident memory in MB, told by GNU time."""
    with open(f"{folder}/out", "wb") as out:
        start = time.perf_counter()
        done = subprocess.run(["time", "-f", "%M", BINARY, *words], stdout=out, stderr=subprocess.PIPE, check=True)
        took = time.perf_counter() - start
    return sum(1 for _ in open(f"{folder}/out", "rb")), took, int(done.stderr.split()[-1]) * 1024 / 1e6

REPORTS = """
reports:
  daily: {digest: {period: day}, site: prod, cron: "0 7 * * *", tell: [ops]}
  weekly: {digest: {period: week}, site: prod, cron: "0 7 * * MON", tell: [ops]}
  monthly: {digest: {period: month}, site: prod, cron: "0 7 1 * *", tell: [ops]}
  ranked: {digest: {period: month, name_people: true}, site: prod, cron: "0 7 1 * *", tell: [ops]}
"""
DAY = 86_400_000
# October in Stockholm, 31 days and the hour that comes twice.
FROM, TO = 1_790_805_600_000, 1_790_805_600_000 + 31 * DAY + 3_600_000
THERE = "began < :to AND (ended IS NULL OR ended > :from)"
PLAIN = [
    f"SELECT count(DISTINCT person), count(*), sum(person IS NULL) FROM span WHERE {THERE}",
    f"SELECT prefix, count(DISTINCT person), count(*) FROM span JOIN pair ON pair.id = span.pair WHERE {THERE} GROUP BY prefix",
    "SELECT directory_key, count(DISTINCT person), count(*) FROM span JOIN person ON person.id = span.person "
    f"WHERE {THERE} GROUP BY directory_key",
    'SELECT users, "from" FROM reading WHERE pair IS NULL AND "to" >= :from AND "to" < :to ORDER BY users DESC, "from" LIMIT 1',
    'SELECT ("from" - :from) / 3600000 AS hour, max(users), sum(users * ("to" - "from" + step)) / sum("to" - "from" + step) '
    'FROM reading WHERE pair IS NULL AND "to" >= :from AND "to" < :to GROUP BY hour',
    'SELECT sum("to" - "from" + step) FROM reading WHERE pair IS NULL AND "to" >= :from AND "to" < :to AND users > 1800',
    'SELECT sum(polls), sum(CASE WHEN answered = asked THEN polls ELSE 0 END) FROM reading '
    'WHERE pair IS NULL AND "to" >= :from AND "to" < :to',
    'SELECT "from", "to" FROM reading WHERE pair IS NULL AND "to" >= :from AND "to" < :to AND answered < asked',
    "SELECT count(*) FROM (SELECT DISTINCT person FROM span WHERE began >= :from AND began < :to) AS came "
    "WHERE NOT EXISTS (SELECT 1 FROM span WHERE span.person = came.person AND began < :from)",
    "SELECT * FROM incident WHERE since >= :from AND since < :to ORDER BY since",
]

def plain(database):
    """Seconds for the month and the one before it."""
    start = time.perf_counter()
    store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for start_of, end in [(FROM, TO), (FROM - 30 * DAY, FROM)]:
        for sql in PLAIN:
            store.execute(sql, {"from": start_of, "to": end}).fetchall()
    store.close()
    return time.perf_counter() - start

try:
    _, took, memory = run("demo", "--history", "31d", "--to", "2026-10-31", "--into", made)
    print(open(f"{folder}/out").readline().strip())
    print(f"made in {took:.1f} s, {memory:.1f} MB of memory")
    look = ["--config", f"{made}/headcount.yaml", "--state", f"{made}/state"]
    days = ["--site", "prod", "--from", "2026-10-01", "--to", "2026-10-31"]
    for name, words in [
        ("export sessions, CSV", ["export", *days, "--format", "csv"]),
        ("export sessions, JSON", ["export", *days, "--format", "json"]),
        ("export readings, CSV", ["export", *days, "--what", "readings", "--format", "csv"]),
        ("export readings, JSON", ["export", *days, "--what", "readings", "--format", "json"]),
        ("who --at the busiest hour", ["who", "--at", "2026-10-14T10:30", "--format", "plain"]),
    ]:
        lines, took, memory = zip(*(run(*words, *look) for _ in range(ROUNDS)))
        print(f"{name:<26} {lines[0]:>7} lines {statistics.median(took):6.2f} s {max(memory):5.1f} MB")
    with open(f"{made}/headcount.yaml", "a") as config:
        config.write(REPORTS)
    digests = {"a day": ["daily", "--for", "2026-10-27"], "a week": ["weekly", "--for", "2026-10-22"],
               "a month": ["monthly", "--for", "2026-10"], "a month, with the ranking": ["ranked", "--for", "2026-10"]}
    took, most = {name: [] for name in [*digests, "plain SQL"]}, {}
    # By turns, so that whatever else the machine does befalls all alike.
    for _ in range(3 * ROUNDS):
        for name, words in digests.items():
            _, seconds, memory = run("report", *words, *look)
            took[name].append(seconds)
            most[name] = max(memory, most.get(name, 0))
        took["plain SQL"].append(plain(f"{made}/state/headcount.db"))
    for name, all in took.items():
        memory = f"{most[name]:5.1f} MB" if name in most else ""
        print(f"{name:<26} {1000 * statistics.median(all):6.0f} ms (least {1000 * min(all):.0f}) {memory}")
finally:
    shutil.rmtree(folder)
