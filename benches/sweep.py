#!/usr/bin/env python3
"""How long `headcount who --discover` takes with 30 pairs that take 150 ms each, and how many are asked at once.

    benches/sweep.py target/release/headcount 11

The site is of this script's own making: 2 proxies and a repository with mutual TLS on loopback, 29 virtual proxies of which 27
are linked, 30 pairs, a prefix that exists twice, one with a slash. Needs openssl.
"""
import http.server, json, os, ssl, statistics, subprocess, sys, tempfile, threading, time, urllib.parse

DELAY = 0.15
BINARY, TIMES = os.path.abspath(sys.argv[1]), int(sys.argv[2])
FOLDER = tempfile.mkdtemp(prefix='headcount-sweep-')
os.chdir(FOLDER)


def certificates():
    """The profile of a real site's certificates."""
    def section(name, names, role):
        return f'[{name}]\n{names}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n1.3.6.1.5.5.7.13.3=DER:{role}\n'
    with open('site.cnf', 'w') as file:
        file.write('[req]\ndistinguished_name=dn\n[dn]\n')
        file.write(section('root', 'basicConstraints=critical,CA:TRUE', '04:04:52:6f:6f:74'))
        file.write(section('s1', 'subjectAltName=DNS:sense1.example.test', '04:07:53:65:72:76:69:63:65'))
        file.write(section('s2', 'subjectAltName=DNS:sense2.example.test', '04:07:53:65:72:76:69:63:65'))
        file.write(section('client', '', '04:06:43:6c:69:65:6e:74'))
    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, capture_output=True)
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-config', 'site.cnf', '-subj',
            '/CN=sense1.example.test-CA', '-extensions', 'root', '-keyout', 'root_key.pem', '-out', 'root.pem')
    for name, subject in ('s1', 'sense1.example.test'), ('s2', 'sense2.example.test'), ('client', 'QlikClient'):
        openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-config', 'site.cnf', '-subj', '/CN=' + subject,
                '-keyout', name + '_key.pem', '-out', name + '.csr')
        openssl('x509', '-req', '-days', '30', '-in', name + '.csr', '-CA', 'root.pem', '-CAkey', 'root_key.pem',
                '-CAcreateserial', '-extfile', 'site.cnf', '-extensions', name, '-out', name + '.pem')


certificates()

first = ['', 'hdr', 'a/b'] + ['vp%02d' % n for n in range(1, 22)]
second = ['', 'hdr', 'vp01', 'vp22', 'vp23', 'vp24']
vp = lambda p, i=None: {'id': i or 'id-' + p, 'prefix': p, 'description': p, 'sessionInactivityTimeout': 30}
on = {0: {'': [('CORP', 'anna')], 'a/b': [('CORP', 'bo')]}, 1: {'hdr': [('corp', 'ANNA')], 'vp24': [('NONE', 'anonymous1')]}}
flight, most, lock = {}, {}, threading.Lock()
def handler(which):
    class H(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *a): pass
        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            key = dict(urllib.parse.parse_qsl(url.query)).get('xrfkey')
            if key is None or self.headers.get('X-Qlik-Xrfkey') != key or len(key) != 16:
                return self.answer(403, 'XSRF prevention check failed. Possible XSRF discovered.')
            if which == 'qrs': return self.qrs(url)
            with lock:
                flight[which] = flight.get(which, 0) + 1
                most[which] = max(most.get(which, 0), flight[which])
            time.sleep(DELAY)
            path = urllib.parse.unquote(url.path)
            prefix = path[len('/qps/'):-len('session')].strip('/')
            linked = first if which == 0 else second
            if prefix not in linked: body = (404, 'Not Found')
            else: body = (200, [{'UserDirectory': d, 'UserId': u, 'SessionId': d + u + prefix, 'Attributes': []} for d, u in on[which].get(prefix, [])])
            with lock: flight[which] -= 1
            self.answer(*body)
        def qrs(self, url):
            p = [(0, 'sense1.example.test', first), (1, 'sense2.example.test', second)]
            if url.path == '/qrs/proxyservice/full':
                return self.answer(200, [{'id': 'p%d' % n, 'settings': {'restListenPort': ports[n], 'virtualProxies': [vp(x) for x in l]}, 'serverNodeConfiguration': {'name': h, 'hostName': h}} for n, h, l in p])
            if url.path == '/qrs/virtualproxyconfig/full':
                return self.answer(200, [vp(x) for x in sorted(set(first + second))] + [vp('hdr', 'other'), vp('old')])
            if url.path == '/qrs/servernodeconfiguration/full':
                return self.answer(200, [{'hostName': h, 'engineEnabled': True, 'proxyEnabled': True} for _, h, _ in p])
            self.answer(404, 'Not Found')
        def answer(self, status, body):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status); self.send_header('Content-Type', 'application/json'); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    return H
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    def finish_request(self, request, address):
        request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, address)
    def handle_error(self, *a): pass
def serve(which, name):
    server = Server(('127.0.0.1', 0), handler(which))
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(name + '.pem', name + '_key.pem'); server.context.load_verify_locations('root.pem'); server.context.verify_mode = ssl.CERT_REQUIRED
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
ports = {0: serve(0, 's1'), 1: serve(1, 's2')}


words = [BINARY, 'who', '--host', 'sense1.example.test', '--cert', 'client.pem', '--key', 'client_key.pem', '--root', 'root.pem',
         '--resolve', 'sense1.example.test=127.0.0.1', '--resolve', 'sense2.example.test=127.0.0.1',
         '--discover', '--qrs-port', str(serve('qrs', 's1')), '--format', 'json']
times = []
for _ in range(TIMES):
    begun = time.monotonic()
    answer = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    times.append(time.monotonic() - begun)
    assert answer['sites'][0]['coverage'] == {'answered': 30, 'asked': 30}, answer
    assert (answer['users'], answer['sessions'], answer['anonymous']) == (2, 4, 1), answer
print(f'{TIMES} times: median {statistics.median(times):.2f} s, from {min(times):.2f} to {max(times):.2f} s')
print(f'at most at once: {most[0]} on the proxy with 24 pairs, {most[1]} on the one with 6')
sys.exit(0 if max(most.values()) <= 6 and statistics.median(times) < 1 else 1)
