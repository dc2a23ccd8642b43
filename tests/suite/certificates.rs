//! Every kind of certificate that `tests/fixtures/certificates` holds, in real handshakes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headcount::qlik::{Fingerprint, Identity, Ports, Proxies, ProxySettings, Qlik, Roots, Settings, Trust};
use headcount::secret::Secret;
use headcount::snapshot::Unseen;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::cli::command;

const BOTH: &[&SupportedProtocolVersion] = rustls::ALL_VERSIONS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&fixture(name)).expect("a certificate")
}

/// Presents whatever it is told to, with whatever key: the stock resolvers refuse to be wrong.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that takes clients of the fixtures' root alone, and answers every request with an empty list. Gives its port.
async fn serve(server: &str, key: &str, versions: &[&'static SupportedProtocolVersion]) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate("root.pem")).expect("a root");
    let clients =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().expect("a verifier");
    let key = PrivateKeyDer::from_pem_slice(&fixture(key)).expect("a key");
    let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key that signs");
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(Presents(Arc::new(CertifiedKey::new(vec![certificate(server)], key)))));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(acceptor.clone(), stream));
        }
    });
    port
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]").await;
    let _ = stream.shutdown().await;
}

fn pem(certificate: &str, key: &str) -> Identity {
    Identity::from_pem((certificate, &fixture(certificate)), (key, &fixture(key))).expect("an identity")
}

fn root_of(name: &str) -> Trust {
    Trust::Root(Some(Roots::from_file(name, &fixture(name)).expect("a root")))
}

fn root() -> Trust {
    root_of("root.pem")
}

/// Asks once: nothing when the site was seen, else why not.
async fn ask(port: u16, identity: Identity, trust: Trust) -> Result<(), Unseen> {
    let proxy = ProxySettings {
        host: "localhost".to_owned(),
        port,
        server_name: None,
        trust: None,
        virtual_proxies: vec![String::new()],
    };
    let settings = Settings {
        site: "fixture".into(),
        host: "localhost".to_owned(),
        server_name: None,
        identity,
        trust,
        user: None,
        ports: Ports::default(),
        proxies: Proxies::Listed(vec![proxy]),
        resolve: Vec::new(),
        timeout: Duration::from_secs(5),
        exclude: Vec::new(),
    };
    let site = Qlik::new(&settings).unwrap_or_else(|error| panic!("{error}"));
    let snapshot = site.observe("2026-11-23T12:00:00Z".parse().expect("a time")).await;
    match snapshot.silent().next() {
        None => Ok(()),
        Some((_, why)) => Err(why.clone()),
    }
}

#[tokio::test]
async fn every_client_is_accepted_by_a_server_that_wants_its_root() {
    let port = serve("server.pem", "server_key.pem", BOTH).await;
    for (certificate, key) in [
        ("client.pem", "client_key.pem"),
        ("client.pem", "client_pkcs8_key.pem"),
        ("client_crlf.pem", "client_crlf_key.pem"),
    ] {
        let seen = ask(port, pem(certificate, key), root()).await;
        assert!(seen.is_ok(), "{key}: {seen:?}");
    }
    let mut archives = 0;
    for entry in std::fs::read_dir(folder()).expect("the fixtures") {
        let name = entry.expect("a file").file_name().into_string().expect("a name");
        let cannot = ["rc4.pfx", "weak_key.pfx", "no_key.pfx", "no_certificate.pfx"].contains(&name.as_str());
        let Some(kind) = name.strip_suffix(".pfx").filter(|_| !cannot) else { continue };
        let empty = kind.ends_with("_empty")
            || kind.ends_with("_none")
            || ["plain_certificates", "nothing_encrypted"].contains(&kind);
        let password = (!empty).then(|| Secret::new("secret"));
        let identity = Identity::from_pfx((&name, &fixture(&name)), password.as_ref(), "a way");
        let seen = ask(port, identity.unwrap_or_else(|error| panic!("{error}")), root()).await;
        assert!(seen.is_ok(), "{name}: {seen:?}");
        archives += 1;
    }
    assert_eq!(archives, 16);
}

#[tokio::test]
async fn every_kind_of_server_certificate_has_its_sentence_and_its_way_out() {
    let mut gallery = String::new();
    for server in [
        "server.pem",
        "server_other_name.pem",
        "server_cn_only.pem",
        "server_v1.pem",
        "server_sha1.pem",
        "server_ca.pem",
        "server_expired.pem",
        "server_not_yet.pem",
    ] {
        let presented = Fingerprint::of(&certificate(server));
        let mut printed = None;
        for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
            let port = serve(server, "server_key.pem", versions).await;
            let client = || pem("client.pem", "client_key.pem");
            let told = match ask(port, client(), root()).await {
                Ok(()) => "seen".to_owned(),
                Err(why) => format!("{}; {}", why.what, why.advice),
            };
            let told = told.replace(&presented.to_string(), "sha256:…");
            assert!(printed.is_none() || printed.as_ref() == Some(&told), "{server}: TLS 1.2 and 1.3 differ: {told}");
            printed = Some(told);
            // The fingerprint is the way out whatever is wrong, and so is believing anyone.
            for trust in [Trust::Pinned(vec![presented]), Trust::Insecure] {
                let seen = ask(port, client(), trust).await;
                assert!(seen.is_ok(), "{server}: {seen:?}");
            }
            let other = Fingerprint::of(&certificate("root.pem"));
            let why = ask(port, client(), Trust::Pinned(vec![other])).await.expect_err("another one is pinned");
            assert!(why.what.contains(&presented.to_string()), "{}", why.what);
        }
        let _ = writeln!(gallery, "{server}\n    {}\n", printed.unwrap_or_default());
    }
    let port = serve("server.pem", "server_key.pem", BOTH).await;
    let why =
        ask(port, pem("client.pem", "client_key.pem"), root_of("other_root.pem")).await.expect_err("another root");
    let _ = writeln!(gallery, "server.pem, trusted by other_root.pem\n    {}; {}", why.what, why.advice);
    insta::assert_snapshot!(gallery);
}

#[tokio::test]
async fn who_presents_a_certificate_without_its_key_is_found_out() {
    for server in ["server.pem", "server_v1.pem", "server_sha1.pem"] {
        for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
            // It has the certificate, which is no secret, and a key of its own.
            let port = serve(server, "client_key.pem", versions).await;
            for trust in [Trust::Pinned(vec![Fingerprint::of(&certificate(server))]), Trust::Insecure, root()] {
                if matches!(trust, Trust::Root(_)) && server != "server.pem" {
                    continue;
                }
                let why = ask(port, pem("client.pem", "client_key.pem"), trust).await.expect_err("it holds no key");
                assert!(
                    why.what.contains("does not hold the key that belongs to it"),
                    "{server}: {}; {}",
                    why.what,
                    why.advice
                );
            }
        }
    }
}

/// Runs the binary among the fixtures; gives its status and what it complained of.
async fn headcount(args: &[&str]) -> (i32, String) {
    let output = command(&folder(), args).output().await.expect("the binary runs");
    (output.status.code().expect("a status"), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[tokio::test]
async fn who_takes_a_pfx_on_the_command_line() {
    let port = serve("server.pem", "server_key.pem", BOTH).await.to_string();
    let passwords = tempfile::TempDir::new().expect("a folder");
    let password = |name: &str, text: &str| {
        let path = passwords.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (right, wrong, empty) = (password("right", "secret\n"), password("wrong", "hunter2\n"), password("empty", ""));
    for (more, status, said) in [
        (&["--pfx", "rc2_40.pfx", "--password-file", &right][..], 0, ""),
        (&["--pfx", "plain_certificates.pfx"], 0, ""),
        (&["--pfx", "rc2_40_none.pfx", "--password-file", &empty], 0, ""),
        (&["--pfx", "rc2_40.pfx"], 2, "give the one that it was exported with as --password-file FILE"),
        (&["--pfx", "rc2_40.pfx", "--password-file", &wrong], 2, "the password does not open `rc2_40.pfx`"),
        (&["--pfx", "rc2_40.pfx", "--password-file", "missing"], 2, "there is no file `./missing`"),
        (&["--pfx", "rc4.pfx", "--password-file", &right], 2, "openssl pkcs12 -legacy -in rc4.pfx -nocerts -noenc"),
        (&["--pfx", "client.pem"], 2, "`client.pem` is no PFX file"),
        (&["--pfx", "rc2_40.pfx", "--cert", "client.pem", "--key", "client_key.pem"], 2, "cannot be used with"),
        (&["--cert", "client.pem", "--key", "client_key.pem", "--password-file", &right], 2, "cannot be used with"),
        (&["--cert", "client.pem"], 2, "--key <FILE>"),
        (&["--key", "client_key.pem"], 2, "--cert <FILE>"),
        (&[], 2, "<--cert <FILE>|--pfx <FILE>>"),
    ] {
        let base = ["who", "--host", "localhost", "--port", &port, "--root", "root.pem"];
        let (ended, told) = headcount(&[&base[..], more].concat()).await;
        assert_eq!(ended, status, "{more:?}: {told}");
        assert!(told.contains(said) && !told.contains("hunter2"), "{more:?}: {told}");
    }
}

#[tokio::test]
async fn a_client_certificate_out_of_date_is_told_before_it_is_used() {
    let port = serve("server.pem", "server_key.pem", BOTH).await.to_string();
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = folder.path().join("state").display().to_string();
    for (certificate, said) in [
        ("client_expired.pem", "the client certificate `client_expired.pem` expired on 2021-01-01: export a new one"),
        (
            "client_not_yet.pem",
            "the client certificate `client_not_yet.pem` is not valid before 2120-01-01: see whether",
        ),
    ] {
        let base = ["who", "--host", "localhost", "--port", &port, "--root", "root.pem"];
        let (ended, told) = headcount(&[&base[..], &["--cert", certificate, "--key", "client_key.pem"]].concat()).await;
        assert_eq!(ended, 3, "it is tried all the same: {told}");
        let (first, rest) = told.split_once('\n').expect("a line before the answer");
        assert!(first.starts_with(&format!("headcount: {said}")), "{told}");
        assert!(rest.contains("was not seen"), "{told}");

        let config = folder.path().join("headcount.yaml");
        let fixtures = self::folder().display().to_string();
        let text = format!(
            "sites:\n  prod:\n    host: localhost\n    ports: {{qps: {port}}}\n    trust: {{root: {fixtures}/root.pem}}\n    certificate: {{pem: {fixtures}/{certificate}, key: {fixtures}/client_key.pem}}\nchecks:\n  sessions: {{site: prod, cron: \"* * * * *\"}}\n"
        );
        std::fs::write(&config, text).expect("a configuration");
        let config = config.display().to_string();
        let said = said.replace(&format!("`{certificate}`"), &format!("`{fixtures}/{certificate}`"));
        for (words, status) in [(&["check"][..], 0), (&["check", "--format", "json"], 0), (&["poll"], 3)] {
            let (ended, told) = headcount(&[words, &["--config", &config, "--state", &state]].concat()).await;
            assert_eq!(ended, status, "{told}");
            assert!(told.contains(&said), "{words:?}: {told}");
        }

        let log = crate::support::Log::default();
        let guard = log.collect();
        let config = headcount::config::Config::load(Path::new(&config)).expect("a configuration");
        let clock = headcount::clock::Clock::System;
        let daemon = headcount::daemon::Daemon::start(&config, Path::new(&state), clock).await.expect("a daemon");
        drop((daemon, guard));
        assert!(log.text().contains(&said), "{}", log.text());
    }
}
