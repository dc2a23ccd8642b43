#!/usr/bin/env python3
"""Measures `headcount who --format json` beside `curl | jq length` against nginx on loopback, in one run.

Needs openssl, nginx, curl, jq and GNU time. Usage: benches/who.py target/release/headcount [ROUNDS]
Prints medians in milliseconds, their ratio, and the peak memory of headcount in MiB.
"""
import json, os, shutil, statistics, subprocess, sys, tempfile, time

BINARY = os.path.abspath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 41
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import site_for_benches as site

def timed(command, cwd):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, shell=isinstance(command, str))
    took = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        sys.exit(f"{command}: {done.returncode}\n{done.stderr.decode()}")
    return took, done.stdout

def peak(command, cwd):
    """Peak resident memory in MiB, told by GNU time: a child of Python's own would begin with Python's."""
    done = subprocess.run(["time", "-f", "%M", *command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return int(done.stderr.split()[-1]) / 1024

folder = tempfile.mkdtemp()
site.certificates(folder)
server = site.serve(folder, (4, 10_000))
try:
    for count in (4, 10_000):
        headcount = [BINARY, "who", "--host", "localhost", "--port", str(site.PORT), "--cert", "client.pem", "--key", "client_key.pem",
                     "--root", "root.pem", "--virtual-proxy", str(count), "--format", "json"]
        curl = (f"curl -s --cert client.pem --key client_key.pem --cacert root.pem -H 'X-Qlik-Xrfkey: {site.KEY}' "
                f"'https://localhost:{site.PORT}/qps/{count}/session?xrfkey={site.KEY}' | jq length")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            took, out = timed(headcount, folder); ours.append(took)
            assert json.loads(out)["sessions"] == count
            took, out = timed(curl, folder); theirs.append(took)
            assert int(out) == count
        memory = statistics.median(peak(headcount, folder) for _ in range(5))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{count:>6} sessions: headcount {a:6.1f} ms, curl | jq {b:6.1f} ms, ratio {a / b:.2f}, peak memory {memory:.1f} MiB")
finally:
    server.terminate(); server.wait(); shutil.rmtree(folder)
