#!/usr/bin/env python3
"""Makes a month, and measures what it takes to keep it and to look into it.

Needs GNU time. Usage: benches/month.py target/release/headcount [ROUNDS]
Prints the store's size, and of each command the median time and the peak memory.
"""
import os, shutil, statistics, subprocess, sys, tempfile, time

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
finally:
    shutil.rmtree(folder)
