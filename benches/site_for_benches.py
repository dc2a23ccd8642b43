"""A site for the benchmarks: nginx on loopback with certificates of a Qlik Sense site's profile.

RSA 2048: a root, a server, a client named QlikClient. Each count of sessions is a virtual proxy of that name.
"""
import json, os, subprocess, time, uuid

PORT, KEY = 24243, "0123456789abcdef"

def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def certificates(folder):
    config = "[req]\ndistinguished_name=dn\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\n[server]\nsubjectAltName=DNS:localhost\n[client]\nsubjectKeyIdentifier=hash\n"
    open(f"{folder}/site.cnf", "w").write(config)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-config", "site.cnf", "-subj",
            "/CN=localhost-CA", "-extensions", "root", "-keyout", "root_key.pem", "-out", "root.pem", cwd=folder)
    for name, subject in (("server", "localhost"), ("client", "QlikClient")):
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", "site.cnf", "-subj", f"/CN={subject}",
                "-keyout", f"{name}_key.pem", "-out", f"{name}.csr", cwd=folder)
        openssl("x509", "-req", "-sha256", "-days", "30", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root_key.pem",
                "-CAcreateserial", "-extfile", "site.cnf", "-extensions", name, "-out", f"{name}.pem", cwd=folder)

def sessions(count):
    return [{"UserDirectory": "CORP", "UserId": f"user{i % (count * 7 // 10 + 1):05}", "Attributes": [{"Group": "Everyone"}],
             "SessionId": str(uuid.uuid4())} for i in range(count)]

def serve(folder, counts):
    for count in counts:
        os.makedirs(f"{folder}/www/{count}")
        json.dump(sessions(count), open(f"{folder}/www/{count}/session", "w"), separators=(",", ":"))
    open(f"{folder}/nginx.conf", "w").write(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{ access_log off; default_type application/json; sendfile on; client_body_temp_path {folder}/t; proxy_temp_path {folder}/t;
  fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen 127.0.0.1:{PORT} ssl; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server_key.pem;
    ssl_client_certificate {folder}/root.pem; ssl_verify_client on; ssl_session_tickets off;
    location /qps/ {{ alias {folder}/www/; }} }} }}""")
    os.chmod(folder, 0o755)
    server = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return server
