//! A site whose proxies the repository names: 2 proxies, 29 virtual proxies, by the real binary.

use std::time::Duration;

use headcount::demo::certificates::Window;
use headcount::demo::site::{Fault, Person, Setup, Site};
use serde_json::{Value, json};

use crate::cli::{Done, headcount};
use crate::support::Folder;

/// 24 virtual proxies are linked to one proxy and 6 to the other, 3 of them to both; one has a slash, and one prefix exists
/// twice, once linked and once not. That makes 29 virtual proxies, of which 27 are linked, and 30 pairs.
async fn site() -> (Site, Folder) {
    let mut first: Vec<String> = (1..=21).map(|number| format!("vp{number:02}")).collect();
    first.extend(["", "hdr", "a/b å"].map(str::to_owned));
    let second = ["", "hdr", "vp01", "vp22", "vp23", "vp24"];
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let site = Setup::new("sense1.example.test")
        .proxy("sense1.example.test", &first)
        .proxy("sense2.example.test", &second)
        .repository()
        .unlinked("hdr")
        .unlinked("old");
    let site = Site::start(site).await;
    let folder = Folder::new(&site);
    (site, folder)
}

/// The words that discover a site without a configuration.
async fn discover(site: &Site, folder: &Folder, more: &[&str]) -> Done {
    let port = site.repository_port().to_string();
    let words = [
        "who",
        "--host",
        "sense1.example.test",
        "--cert",
        "client.pem",
        "--key",
        "client_key.pem",
        "--root",
        "root.pem",
        "--resolve",
        "Sense1.example.test=127.0.0.1",
        "--resolve",
        "sense2.example.test=127.0.0.1",
        "--discover",
        "--qrs-port",
        &port,
    ];
    headcount(folder, &[&words, more].concat()).await
}

#[tokio::test]
async fn who_discovers_everything_from_flags_alone() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    site.connect(0, "a/b å", "CORP", "bo");
    site.connect(1, "hdr", "corp", "ANNA");
    site.connect(1, "vp24", "CORP", "cy");
    let done = discover(&site, &folder, &["--format", "json"]).await;
    assert_eq!((done.status, done.err.as_str()), (0, ""));
    let json = done.json();
    assert_eq!(json["sites"][0]["coverage"], json!({"answered": 30, "asked": 30}));
    assert_eq!((&json["users"], &json["sessions"]), (&json!(3), &json!(4)));
    let pairs = json["sites"][0]["pairs"].as_array().expect("pairs");
    let on = |proxy: usize| {
        let label = format!("{}:{}", site.name(proxy), site.port(proxy));
        pairs.iter().filter(|pair| pair["proxy"] == json!(label)).count()
    };
    assert_eq!((on(0), on(1)), (24, 6));
    assert!(!done.out.contains("\"old\""), "what is not linked is not polled");
    assert_eq!(site.violations(), Vec::<String>::new());
    let asked = site.asked_of_repository();
    assert!(asked.contains(&"/qrs/proxyservice/full".to_owned()), "{asked:?}");
    // Connections are used again, and there is none for each of 24 pairs. Six would be too strict: the client gives one back a
    // moment after its answer was read, and where the next request is quicker than that (2 of 30 runs on a busy machine), it opens
    // a seventh. How much is asked at once is another matter: see below.
    assert!(site.connections(0) <= 8 && site.connections(1) <= 6, "{} {}", site.connections(0), site.connections(1));
}

#[tokio::test]
async fn no_proxy_is_asked_more_than_six_things_at_once() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    for proxy in 0..2 {
        site.fail_proxy(proxy, Fault::Slow(Duration::from_millis(150)));
    }
    let done = discover(&site, &folder, &["--format", "json"]).await;
    assert_eq!((done.status, &done.json()["users"]), (0, &json!(1)), "{}", done.err);
    // As many as may be, and all of them asked: 24 and 6.
    assert_eq!((site.most_at_once(0), site.most_at_once(1)), (6, 6));
    assert_eq!((site.requests_to(0), site.requests_to(1)), (24, 6));
}

#[tokio::test]
async fn a_user_who_is_shown_little_is_suspected_aloud() {
    let (site, folder) = site().await;
    site.connect(1, "hdr", "CORP", "anna");
    site.know(Person::new("CORP", "low", "Low").with_role("HubAdmin"));
    site.know(Person::new("CORP", "root", "Root").with_role("RootAdmin"));
    let low = discover(&site, &folder, &["--user", r"CORP\low", "--format", "json"]).await;
    assert_eq!(low.json()["sites"][0]["coverage"], json!({"answered": 1, "asked": 1}));
    for part in ["the lists may be short", r"`CORP\low` is HubAdmin", "RootAdmin"] {
        assert!(low.err.contains(part), "{part}: {}", low.err);
    }
    let root = discover(&site, &folder, &["--user", r"corp\ROOT", "--format", "json"]).await;
    assert_eq!((root.err.as_str(), &root.json()["users"]), ("", &json!(1)));
    let nobody = discover(&site, &folder, &["--user", r"CORP\nobody"]).await;
    assert_eq!(nobody.status, 3);
    assert!(nobody.err.contains(r"`CORP\nobody`") && nobody.err.contains("403"), "{}", nobody.err);
    for (words, said) in [
        (&["--user", "nobody"][..], "`nobody` is no user"),
        (&["--virtual-proxy", "hr"], "cannot be used with"),
        (&["--resolve", "sense1"], "SENSE1=10.0.0.5"),
    ] {
        let done = discover(&site, &folder, words).await;
        assert!(done.status == 2 && done.err.contains(said), "{words:?}: {}", done.err);
    }
}

#[tokio::test]
async fn a_repository_that_answers_badly_has_its_sentence_and_never_reads_as_nobody() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    for (fault, said) in [
        (Fault::status(403), "neither the client certificate nor `INTERNAL\\sa_api` may have been accepted"),
        (Fault::LoginPage, "not the repository itself: use its own port, usually 4242"),
        (Fault::status(401), "a demand to log in"),
        (Fault::HalfTheJson, "half an answer"),
        (Fault::Truncated, "half an answer"),
        (Fault::Hang, "no answer within 1s"),
        (Fault::Reset, "the repository service may be starting or stopping"),
        (Fault::Object, "an object in place of a list of proxies"),
        (Fault::Null, "`null` in place of a list of proxies"),
        (Fault::Status(200, "[]".into(), "application/json".into()), "it names no proxy"),
        (Fault::Status(200, "[{\"id\":\"x\"}]".into(), "application/json".into()), "has no `settings`"),
        (Fault::status(404), "whether"),
        (Fault::status(503), "look into the repository service's log"),
        (Fault::Status(403, "XSRF prevention check failed.".into(), "text/plain".into()), "X-Qlik-Xrfkey"),
    ] {
        site.fail_repository(fault);
        let done = discover(&site, &folder, &["--timeout", "1s", "--format", "json"]).await;
        assert_eq!(done.status, 3, "{said}: {}", done.err);
        assert!(done.err.contains("the repository did not say which proxies there are"), "{}", done.err);
        assert!(done.err.contains(said), "{said}: {}", done.err);
        assert!(!done.err.contains("xrfkey="), "{}", done.err);
        assert_eq!(done.json()["users"], Value::Null);
    }
    site.heal_repository();
    // What comes beside the proxies may fail: then it is not known, and that is all.
    site.fail_repository_at("virtualproxyconfig/full", Fault::status(500));
    site.fail_repository_at("servernodeconfiguration/full", Fault::status(404));
    let done = discover(&site, &folder, &["--format", "json"]).await;
    assert!(done.status == 0 && done.err.contains("the list of all was not read: answered 500"), "{}", done.err);
    site.heal_repository();
    for (certificate, said) in [
        (site.authority().server("elsewhere.example.test"), "is for `elsewhere.example.test`, not for this host"),
        (site.authority().server_within("sense1.example.test", Window::EXPIRED), "has expired on"),
    ] {
        site.present_at_repository(&certificate);
        let done = discover(&site, &folder, &[]).await;
        assert!(done.status == 3 && done.err.contains(said), "{}", done.err);
    }
    site.stop_repository().await;
    let done = discover(&site, &folder, &[]).await;
    assert!(done.status == 3 && done.err.contains("Qlik Sense Repository Service"), "{}", done.err);
}

#[tokio::test]
async fn discovered_proxies_are_verified_by_the_name_that_the_repository_gives() {
    let (site, folder) = site().await;
    site.present(1, &site.authority().server("sense1.example.test"));
    let done = discover(&site, &folder, &["--format", "json"]).await;
    assert_eq!(done.status, 3);
    assert_eq!(done.json()["sites"][0]["coverage"], json!({"answered": 24, "asked": 30}));
    assert!(done.err.contains("is for `sense1.example.test`, not for this host"), "{}", done.err);
    // A name that cannot be looked up is that proxy's own trouble.
    let port = site.repository_port().to_string();
    let words = [
        "who",
        "--host",
        "sense1.example.test",
        "--cert",
        "client.pem",
        "--key",
        "client_key.pem",
        "--root",
        "root.pem",
    ];
    let more = ["--resolve", "sense1.example.test=127.0.0.1", "--discover", "--qrs-port", &port, "--format", "json"];
    let done = headcount(&folder, &[&words[..], &more].concat()).await;
    assert_eq!((done.status, &done.json()["sites"][0]["coverage"]["answered"]), (3, &json!(24)));
    assert!(done.err.contains("give its address under `resolve`"), "{}", done.err);
}

fn configured(site: &Site, folder: &Folder, more: &str) {
    folder.write(
        "headcount.yaml",
        &format!(
            r"
sites:
  prod:
    host: sense1.example.test
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    ports: {{qrs: {}}}
    proxies: discover
    resolve: {{SENSE1.example.test: 127.0.0.1, sense2.example.test: 127.0.0.1}}
    timeout: 1s
{more}
",
            site.repository_port()
        ),
    );
}

#[tokio::test]
async fn a_list_that_may_be_short_is_never_clear() {
    let (site, folder) = site().await;
    site.know(Person::new("CORP", "root", "Root").with_role("RootAdmin"));
    site.know(Person::new("CORP", "low", "Low"));
    let drain = ["drain", "--site", "prod", "--deadline", "2s", "--every", "1s"];
    configured(&site, &folder, "    user: CORP\\root");
    let done = headcount(&folder, &drain).await;
    assert!(done.status == 0 && done.out.contains("prod: clear, nobody is on."), "{}{}", done.out, done.err);
    // On a proxy that the next user is not shown.
    site.connect(1, "vp24", "CORP", "anna");
    configured(&site, &folder, "    user: CORP\\low");
    let done = headcount(&folder, &drain).await;
    assert_eq!(done.status, 3, "{}{}", done.out, done.err);
    let told = "it is not known whether all have left. prod: nobody was seen, but proxies may be missing from the repository's list.";
    assert!(done.out.contains(told), "{}", done.out);
    assert!(done.err.contains("the lists may be short"), "{}", done.err);
}

#[tokio::test]
async fn check_connect_shows_what_the_repository_names_and_suspects_a_short_list() {
    let (site, folder) = site().await;
    configured(&site, &folder, "");
    let done = headcount(&folder, &["check", "--connect"]).await;
    assert_eq!((done.status, done.err.as_str()), (0, ""), "{}", done.out);
    for part in [
        "prod: its repository was not asked yet which proxies there are; `--connect` asks it.",
        " as INTERNAL\\sa_api: certificate for sense1.example.test",
        ": 2 proxies, 29 virtual proxies, 30 pairs to poll",
        "✓ site prod: not linked to any proxy, so not polled: virtual proxy `hdr`, virtual proxy `old`",
        "virtual proxy `vp24`: 0 users in 0 sessions",
    ] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
    site.know(Person::new("CORP", "low", "Low"));
    configured(&site, &folder, "    user: CORP\\low");
    let done = headcount(&folder, &["check", "--connect"]).await;
    assert!(done.err.contains("the lists may be short: `CORP\\low` has no role"), "{}{}", done.out, done.err);
    site.fail_repository(Fault::status(403));
    let done = headcount(&folder, &["check", "--connect"]).await;
    assert!(done.status == 3 && done.out.contains("✗ site prod, repository"), "{}{}", done.out, done.err);
}
