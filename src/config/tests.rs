//! Wrong configurations, one mistake each, with the sentence that an operator reads.

use std::fmt::Write as _;
use std::path::Path;

use super::{Config, Problems};

const GOOD: &str = r#"
time_zone: Europe/Stockholm
store: {sqlite: headcount.db}
sites:
  prod:
    host: sense.example.com
    certificate: {pem: client.pem, key: client_key.pem}
    trust: {root: root.pem}
    ports: {qps: 4243}
    proxies: [{host: sense1.example.com, virtual_proxies: ["", hr]}]
    exclude: ['INTERNAL\sa_*']
    timeout: 5s
    link: https://sense.example.com/qmc
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, mass-logout, blind]}
rules:
  crowded:
    threshold: {metric: users, above: 200, clear: 180, for: 3m}
    severity: warning
    tell: [ops]
    repeat: 4h
  mass-logout:
    change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}
    tell: [ops, bosses]
  blind: {unreachable: {for: 2m, parts: any}, severity: critical, tell: [ops], where: {virtual_proxy: [hr, s*]}, during: {days: MON-FRI}}
reports:
  before-restart: {who: {}, site: all, cron: "45 21 * * SUN", tell: [ops, audit, scratch], late: 1h}
channels:
  ops: {slack: {webhook_url_file: slack-ops}}
  bosses:
    email:
      from: "Headcount <headcount@example.com>"
      to: [cio@example.com]
      smtp: {host: mail.example.com, user: headcount, password_file: smtp-password}
    from: critical
  audit: {webhook: {url_file: audit-url, key_file: hook-key}}
  scratch: {file: {folder: out}}
"#;

/// What is right, and how it is written wrong.
const MISTAKES: &[(&str, &str)] = &[
    ("time_zone: Europe/Stockholm", "time_zone: Europe/Stokholm"),
    ("time_zone:", "timezone:"),
    ("store: {sqlite: headcount.db}", "store: {postgres: {url_file: x}}"),
    ("store: {sqlite: headcount.db}", "store: {names: shown}"),
    ("store: {sqlite: headcount.db}", "ping: {url_file: dead-man}"),
    ("store: {sqlite: headcount.db}", "ping: {url: http://ping.example.com/topsecret}"),
    ("store: {sqlite: headcount.db}", "ping: {url: https://ping.example.com/topsecret, every: 0s}"),
    ("store: {sqlite: headcount.db}", "ping: {url: https://ping.example.com/topsecret, every: often}"),
    ("store: {sqlite: headcount.db}", "ping: {every: 5m}"),
    ("store: {sqlite: headcount.db}", "ping: https://ping.example.com/topsecret"),
    ("store: {sqlite: headcount.db}", "ping: {url: https://ping.example.com/topsecret, proxy_url: proxy.example.com}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: out}, proxy_url: http://proxy.example.com:3128}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: out}, ca: root.pem}"),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, proxy_url: https://me:topsecret@proxy.example.com}",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, proxy_url: http://me:topsecret@proxy.example.com/x}",
    ),
    ("  bosses:\n    email:", "  bosses:\n    proxy_url: http://me:topsecret@proxy.example.com:3128\n    email:"),
    ("store: {sqlite: headcount.db}", "keep: {sessions: 90}"),
    ("store: {sqlite: headcount.db}", "keep: {sessions: 1h}"),
    ("store: {sqlite: headcount.db}", "keep: {readings: 30d, readings_full: 35d}"),
    ("store: {sqlite: headcount.db}", "keep: {session: 90d}"),
    ("    host: sense.example.com\n", ""),
    ("host: sense.example.com", "host: https://sense.example.com"),
    ("proxies: [{host: sense1.example.com, virtual_proxies: [\"\", hr]}]", "proxies: discovr"),
    ("    timeout: 5s", "    timeout: 5s\n    user: sa_api"),
    ("    timeout: 5s", "    timeout: 5s\n    resolve: {SENSE1: sense1.example.com}"),
    ("    timeout: 5s", "    timeout: 5s\n    resolve: {SENSE1: 10.0.0.5, SENSE1: 10.0.0.6}"),
    ("    timeout: 5s", "    timeout: 5s\n    resolve: {a b: 10.0.0.5}"),
    ("ports: {qps: 4243}", "ports: {qrs: 0.5}"),
    ("ports: {qps: 4243}", "ports: {rqs: 4242}"),
    ("virtual_proxies: [\"\", hr]", "virtual_proxies: [\"\", /hr]"),
    ("virtual_proxies: [\"\", hr]", "virtual_proxies: [hr, hr]"),
    ("virtual_proxies: [\"\", hr]", "virtual_proxies: []"),
    ("pem: client.pem", "pem: clint.pem"),
    ("pem: client.pem, key: client_key.pem", "pem: client.pem"),
    ("pem: client.pem, key: client_key.pem", "pfx: clint.pfx"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pem"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pfx"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pfx, password: hunter2"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pfx, password_file: hunter2"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pfx, password: hunter2, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "pfx: rc4.pfx, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "pfx: no_key.pfx, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "pfx: no_certificate.pfx, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "pfx: weak_key.pfx, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "pfx: client.pfx, pem: client.pem, password_file: pfx-password"),
    ("pem: client.pem, key: client_key.pem", "password_file: pfx-password"),
    ("key: client_key.pem", "key: client_key.pem, password_file: pfx-password"),
    ("key: client_key.pem", "key: encrypted_key.pem"),
    ("key: client_key.pem", "key: client.pem"),
    ("root: root.pem", "root: slack-ops"),
    ("root: root.pem", "root: root.pem, insecure: true"),
    ("root: root.pem", "fingerprint: ab:cd"),
    ("root: root.pem", "insecure: yes"),
    ("root: root.pem", "insecure: true, server_name: sense"),
    ("qps: 4243", "qps: 70000"),
    ("timeout: 5s", "timeout: 5"),
    ("timeout: 5s", "timeout: 0s"),
    ("exclude: ['INTERNAL\\sa_*']", "exclude: [sa_api]"),
    ("link: https://sense.example.com/qmc", "link: sense.example.com/qmc"),
    ("checks:\n  sessions: {site: prod", "checks:\n  sessions: {site: production"),
    ("cron: \"* * * * *\"", "cron: \"* * * *\""),
    ("cron: \"* * * * *\"", "cron: \"0 0 30 2 *\""),
    ("cron: \"* * * * *\"", "cron: * * * * *"),
    ("rules: [crowded, mass-logout, blind]", "rules: [crowdd]"),
    ("rules:\n  crowded:", "  again: {site: all, cron: \"@hourly\"}\nrules:\n  crowded:"),
    ("  blind: {unreachable: {for: 2m, parts: any}", "  crowded: {unreachable: {for: 2m, parts: any}"),
    ("metric: users", "metric: user"),
    ("above: 200, clear: 180", "above: 200, clear: 220"),
    ("above: 200, clear: 180", "above: 200, below: 100"),
    ("above: 200, clear: 180", "clear: 180"),
    ("above: 200", "above: -1"),
    ("for: 3m", "for: 3 minutes"),
    ("for: 3m", "for: 0 polls"),
    ("severity: warning", "severity: high"),
    ("    tell: [ops]\n", ""),
    ("tell: [ops, bosses]", "tell: [opps, bosses]"),
    ("tell: [ops, bosses]", "tell: [ops, ops]"),
    ("repeat: 4h", "repeat: always"),
    ("repeat: 4h", "repeat: 0s"),
    ("falls: 50%", "falls: half"),
    ("falls: 50%", "falls: 150%"),
    ("falls: 50%, within: 5m", "falls: 50%"),
    ("severity: warning", "during: {}"),
    ("severity: warning", "during: {days: MONDAY}"),
    ("severity: warning", "where: {}"),
    ("severity: warning", "where: {user: anna}"),
    ("severity: warning", "where: {directory: 'CORP\\anna'}"),
    ("severity: warning", "where: {proxy: sense1}"),
    ("above: 200, clear: 180", "above: 200, over: user"),
    ("change: {metric: sessions", "change: {metric: joined"),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "unusual: {metric: left}"),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "unusual: {metric: users, by: 0, weeks: 1}"),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "watch: {user: admin}"),
    (
        "change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}",
        "watch: {sessions_of_one_user: 1, when: each}",
    ),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "watch: {}"),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "absence: {for: a while}"),
    ("change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}", "certificate: {days: [0, 30]}"),
    ("unreachable: {for: 2m, parts: any}", "certificate: {}"),
    ("  blind: {unreachable: {for: 2m, parts: any}", "  blind: {threshold: {metric: users, above: 1}, unreachable: {}"),
    ("severity: warning", "damp: {openings: 1, within: 30m}"),
    ("severity: warning", "damp: {openings: 4, within: 0s}"),
    ("severity: warning", "damp: {openings: 4}"),
    ("severity: warning", "damp: 30m"),
    ("    tell: [ops, bosses]", "    damp: {openings: 4, within: 30m}\n    tell: [ops, bosses]"),
    ("unreachable: {for: 2m, parts: any}", "stale: {for: ten minutes}"),
    ("reports:", "maintenance:\n  patch: {site: prd, cron: \"0 22 * * SUN\", lasts: 2h}\nreports:"),
    ("reports:", "maintenance:\n  patch: {site: prod, cron: \"0 22 * * SUN\"}\nreports:"),
    ("reports:", "maintenance:\n  patch: {site: prod, cron: \"22:00\", lasts: 2}\nreports:"),
    ("reports:", "maintenance:\n  patch: {site: prod, cron: \"0 * * * *\", lasts: 1h}\nreports:"),
    ("reports:", "maintenance:\n  patch: {site: prod, cron: \"0 22 * * SUN\", lasts: 0s}\nreports:"),
    ("  blind: {unreachable: {for: 2m, parts: any},", "  blind: {"),
    ("who: {}", "digest: {period: year}"),
    ("who: {}", "digest: {period: day}, who: {}"),
    ("who: {}", "digest: {period: day, engines: gently}"),
    ("who: {}", "digest: {period: day, working_hours: {days: MONDAY}}"),
    ("cron: \"45 21 * * SUN\", ", ""),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url: #ops}}"),
    ("webhook_url_file: slack-ops", "webhook_url_file: slack-oops"),
    ("webhook_url_file: slack-ops", "webhook_url_file: empty"),
    ("webhook_url_file: slack-ops", "webhook_url_env: HEADCOUNT_NO_SUCH_VARIABLE"),
    ("webhook_url_file: slack-ops", "webhook_url_file: slack-ops, webhook_url: https://hooks.slack.com/topsecret"),
    ("webhook_url_file: slack-ops", "webhook_url: http://hooks.slack.com/topsecret"),
    ("webhook_url_file: slack-ops", "url: x"),
    ("webhook_url_file: slack-ops", "token_file: slack-token"),
    ("webhook_url_file: slack-ops", "channel: \"#ops\""),
    ("webhook_url_file: slack-ops", "webhook_url_file: slack-ops, channel: \"#ops\""),
    ("webhook_url_file: slack-ops", "webhook_url_file: slack-ops, api_url: https://slack-gov.com/api/"),
    ("webhook_url_file: slack-ops", "webhook_url_file: slack-ops, token_file: slack-token, channel: \"#ops\""),
    ("webhook_url_file: slack-ops", "token: xoxp-1-topsecret, channel: ops"),
    ("webhook_url_file: slack-ops", "token_file: slack-ops, channel: C0123456789"),
    ("webhook_url_file: slack-ops", "token_file: xoxb-1-topsecret, channel: C0123456789"),
    ("webhook_url_file: slack-ops", "token_file: slack-token, token_env: SLACK, channel: C0123456789"),
    ("webhook_url_file: slack-ops", "token_file: slack-token, channel: \"# ops\""),
    ("webhook_url_file: slack-ops", "token_file: slack-token, channel: [C0123456789, C9876543210]"),
    (
        "webhook_url_file: slack-ops",
        "token_file: slack-token, channel: \"#ops\", api_url: http://gateway.example.com/topsecret",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {teams: {workflow_url: https://example.webhook.office.com/topsecret}}",
    ),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {fallback: bosses}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, pace: 1}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, resolved: yes}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, fallback: boses}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, fallback: ops}"),
    (
        "channels:\n  ops: {slack: {webhook_url_file: slack-ops}}\n  bosses:",
        "channels:\n  ops: {slack: {webhook_url_file: slack-ops}, fallback: bosses}\n  bosses:\n    fallback: ops",
    ),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, quiet: {}}"),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, quiet: {days: MONDAY}}",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, quiet: {hours: 20-7, from: 20}}",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, quiet: {hours: 20-7}}",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, quiet: {hours: \"07:00-07:00\"}}",
    ),
    (
        "ops: {slack: {webhook_url_file: slack-ops}}",
        "ops: {slack: {webhook_url_file: slack-ops}, quiet: {days: MON-SUN}}",
    ),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, cap: 0}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, cap: 5m}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, keep_alive: 30}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, keep_alive: 5m}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {webhook_url_file: slack-ops}, ca: slack-ops}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {}"),
    ("to: [cio@example.com]", "to: [cio.example.com]"),
    ("host: mail.example.com,", "host: mail.example.com, tls: none,"),
    ("user: headcount, password_file: smtp-password", "user: headcount"),
    ("host: mail.example.com,", "host: mail.example.com, tls: ssl,"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: https://hooks.slack.com/topsecret}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: https://hooks.slack.com/topsecret"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "https://hooks.slack.com/topsecret: {slack: {}}"),
    ("ops: {slack: {webhook_url_file: slack-ops}}", "ops: {slack: {https://hooks.slack.com/topsecret: x}}"),
    ("webhook_url_file: slack-ops", "webhook_url_file: https://hooks.slack.com/topsecret"),
    ("webhook_url_file: slack-ops", "webhook_url_env: https://hooks.slack.com/topsecret"),
    ("password_file: smtp-password", "password_file: hunter2"),
    (
        "smtp: {host: mail.example.com, user: headcount, password_file: smtp-password}",
        "smtp: smtp://headcount:hunter2@mail.example.com:25",
    ),
    ("url_file: audit-url", "url: http://audit.example.com/topsecret"),
    ("url_file: audit-url", "url: https://x.webhook.office.com/topsecret"),
    ("url_file: audit-url", "url: https://hooks.slack.com/topsecret"),
    ("url_file: audit-url, ", ""),
    ("key_file: hook-key", "key: topsecret"),
    ("key_file: hook-key", "key_file: smtp-password"),
    ("key_file: hook-key", "key: whsec_aHVudGVyMg=="),
    ("key_file: hook-key", "key_file: hook-key, template: nothing.json.j2"),
    ("key_file: hook-key", "key_file: hook-key, template: slack-ops"),
    ("key_file: hook-key", "key_file: hook-key, template: broken.json.j2"),
    ("key_file: hook-key", "key_file: hook-key, limit: 4000"),
    ("key_file: hook-key", "key_file: hook-key, template: own.json.j2, limit: 40"),
    ("key_file: hook-key", "keyfile: hook-key"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: ../out}}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: ''}}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: .}}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: out}"),
    ("scratch: {file: {folder: out}}", "scratch: {file: {folder: out}, webhook: {url_file: audit-url}}"),
    ("exclude: ['INTERNAL\\sa_*']", "exclude: [\"INTERNAL\\sa_*\"]"),
    ("reports:", "rules: {}\nreports:"),
    ("rules: [crowded, mass-logout, blind]", "rules: [crowded, blind]"),
    ("tell: [ops, bosses]", "tell: [ops]"),
    ("channels:", "---\nchannels:"),
    ("channels:", "\tchannels:"),
];

/// A folder with what the configuration names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    let site = crate::demo::certificates::Authority::new("sense.example.com");
    site.export(folder.path()).unwrap();
    std::fs::write(folder.path().join("slack-ops"), "https://hooks.slack.com/services/T0/B0/topsecret\n").unwrap();
    std::fs::write(folder.path().join("slack-token"), "xoxb-1234-topsecret\n").unwrap();
    std::fs::write(folder.path().join("smtp-password"), "hunter2\n").unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    std::fs::write(folder.path().join("audit-url"), "https://audit.example.com/hooks/topsecret\n").unwrap();
    std::fs::write(folder.path().join("hook-key"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    std::fs::write(folder.path().join("own.json.j2"), "{\"text\": {{ text }}}\n").unwrap();
    std::fs::write(folder.path().join("broken.json.j2"), "{\n{% if %}\n}\n").unwrap();
    std::fs::write(folder.path().join("pfx-password"), "secret\n").unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
    for (from, to) in [
        ("rc2_40.pfx", "client.pfx"),
        ("rc4.pfx", "rc4.pfx"),
        ("no_key.pfx", "no_key.pfx"),
        ("no_certificate.pfx", "no_certificate.pfx"),
        ("weak_key.pfx", "weak_key.pfx"),
        ("client_encrypted_key.pem", "encrypted_key.pem"),
    ] {
        std::fs::copy(fixtures.join(from), folder.path().join(to)).unwrap();
    }
    folder
}

fn told(folder: &Path, text: &str) -> String {
    match Config::from_text(&folder.join("headcount.yaml"), text) {
        Ok(config) if config.notes.is_empty() => "fine".to_owned(),
        // What can hardly be meant is told, too, though it is no mistake.
        Ok(config) => told_of(folder, &Problems(config.notes)),
        Err(problems) => told_of(folder, &problems),
    }
}

fn told_of(folder: &Path, problems: &Problems) -> String {
    problems.to_string().replace(&format!("{}/", folder.display()), "").replace(&folder.display().to_string(), "FOLDER")
}

#[test]
fn the_whole_of_what_is_built_is_read() {
    let folder = folder();
    let config = Config::from_text(&folder.path().join("headcount.yaml"), GOOD).unwrap();
    assert_eq!((config.sites.len(), config.checks.len(), config.reports.len(), config.channels.len()), (1, 1, 1, 4));
    assert_eq!(config.checks[0].rules.len(), 3);
    let shown = format!("{config:?}");
    for secret in ["topsecret", "hunter2", "PRIVATE", "whsec_"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_bot_posts_with_a_token_into_a_channel() {
    let folder = folder();
    for (written, threads) in [
        ("webhook_url_file: slack-ops", false),
        ("token_file: slack-token, channel: \"#ops\"", true),
        ("token: xoxb-1-topsecret, channel: C0123456789, api_url: https://slack-gov.com/api", true),
        ("token_file: slack-token, channel: \"#ops\", api_url: http://127.0.0.1:8080/topsecret/", true),
    ] {
        let text = GOOD.replace("webhook_url_file: slack-ops", written);
        let config = Config::from_text(&folder.path().join("headcount.yaml"), &text).unwrap();
        let ops = config.channel("ops").unwrap();
        assert_eq!((ops.channel.threads(), ops.policy.threads), (threads, threads), "{written}");
        assert!(!format!("{config:?}").contains("topsecret"));
    }
}

#[test]
fn no_channel_tells_more_of_names_than_the_store() {
    use crate::names::Names::{Full, Hidden, Pseudonym};
    let folder = folder();
    for (store, channel, means) in [
        ("", "", (Full, Full)),
        ("", ", names: pseudonym", (Full, Pseudonym)),
        (", names: full", ", names: hidden", (Full, Hidden)),
        (", names: pseudonym", "", (Pseudonym, Pseudonym)),
        (", names: pseudonym", ", names: hidden", (Pseudonym, Hidden)),
        (", names: hidden", ", names: full", (Hidden, Hidden)),
    ] {
        let ops = "ops: {slack: {webhook_url_file: slack-ops}";
        let file = "store: {sqlite: headcount.db";
        let text = GOOD.replace(ops, &format!("{ops}{channel}")).replace(file, &format!("{file}{store}"));
        let config = Config::from_text(&folder.path().join("headcount.yaml"), &text).unwrap();
        let ops = config.channel("ops").unwrap().channel.names();
        assert_eq!((config.names, ops), means, "{store} {channel}");
    }
}

#[test]
fn engines_are_asked_for_a_digest_unless_it_declines() {
    let folder = folder();
    for (kind, asked) in [
        ("who: {}", false),
        ("digest: {period: day}", true),
        ("digest: {period: month, engines: true}", true),
        ("digest: {period: day, engines: false}", false),
    ] {
        let text = GOOD.replace("who: {}", kind);
        let config = Config::from_text(&folder.path().join("headcount.yaml"), &text).unwrap();
        assert_eq!(config.checks[0].engines, asked, "{kind}");
    }
}

#[test]
fn a_pfx_is_read_with_a_password_of_any_source() {
    let folder = folder();
    for password in ["password: secret", "password_file: pfx-password"] {
        let certificate = format!("pfx: client.pfx, {password}");
        let text = GOOD.replace("pem: client.pem, key: client_key.pem", &certificate);
        let config = Config::from_text(&folder.path().join("headcount.yaml"), &text).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
    let open = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates/plain_certificates.pfx");
    let certificate = format!("pfx: {}, password: ''", open.display());
    assert_eq!(told(folder.path(), &GOOD.replace("pem: client.pem, key: client_key.pem", &certificate)), "fine");
}

#[test]
fn each_mistake_has_its_sentence() {
    let folder = folder();
    let mut gallery = String::new();
    for (right, wrong) in MISTAKES {
        assert_eq!(GOOD.matches(right).count(), 1, "{right}");
        let sentence = told(folder.path(), &GOOD.replace(right, wrong));
        assert!(sentence != "fine", "{wrong}");
        assert!(!sentence.contains("topsecret") && !sentence.contains("hunter2"), "{sentence}");
        let _ =
            writeln!(gallery, "{}\n    {}\n", wrong.trim_end().replace('\n', "\n  "), sentence.replace('\n', "\n    "));
    }
    for empty in ["", "# nothing\n", "[]\n", "sites: {}\n"] {
        let _ = writeln!(gallery, "{empty:?}\n    {}\n", told(folder.path(), empty));
    }
    insta::assert_snapshot!("gallery", gallery);
}

#[test]
fn mistakes_of_meaning_are_told_at_once_in_the_order_of_the_file() {
    let folder = folder();
    let wrong = GOOD
        .replace("Europe/Stockholm", "Sweden/Stockholm")
        .replace("tell: [ops, bosses]", "tell: [opps]")
        .replace("clear: 180", "clear: 280")
        .replace("* * * * *", "* * *");
    let told = told(folder.path(), &wrong);
    let lines: Vec<_> = told.lines().map(|line| line.split_once(": `").map_or(line, |(place, _)| place)).collect();
    assert_eq!(lines, ["headcount.yaml:2", "headcount.yaml:15", "headcount.yaml:18", "headcount.yaml:24"], "{told}");
}
