//! `headcount init`: a first configuration, from a few answers or flags, tried before it is written.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::Init;
use super::exit::{Exit, Failure};
use super::who::{sentence, summary};
use super::{Context, output};
use crate::config::load::Loader;
use crate::qlik::{self, Found, FoundClient, Proxies, ProxySettings, Qlik, Trust};
use crate::secret::Secret;
use crate::snapshot::{Observation, Snapshot, UnseenKind};

const FILE: &str = "headcount.yaml";
/// The largest file that is looked into, in bytes: certificates and keys are a few thousand.
const LARGEST: u64 = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn init(context: &Context<'_>, args: &Init) -> Result<Exit, Failure> {
    let file = context.args.config.clone().unwrap_or_else(|| PathBuf::from(FILE));
    if file.exists() {
        return Err(Failure::new(
            Exit::Failed,
            format!("`{}` is there already, and is left as it is: name another with `--config`", file.display()),
        ));
    }
    let host = asked(args.host.clone(), "Host of the Qlik Sense site's (central) node", "--host")?;
    qlik::check_host(&host).map_err(|error| Failure::usage(error.to_string()))?;
    let folder = asked_or(args.certificates.clone(), "Folder with the exported certificates", ".")?;
    let here = Loader::beside(Path::new("./-"));
    let password = args.password_file.as_deref().map(|file| here.secret_file(&file.display().to_string()));
    let password = password.transpose().map_err(Failure::usage)?;
    let found = look_into(Path::new(&folder), password.as_ref())?;
    match &found.client {
        FoundClient::Pem { certificate, key } => {
            output::say(&format!("Found {} with {}.", certificate.display(), key.display()));
        }
        FoundClient::Pfx(file) => output::say(&format!("Found {}.", file.display())),
    }
    if let Some(wrong) = found.identity.out_of_date(context.clock.now()) {
        output::complain(&wrong);
    }
    match &found.root {
        Some(root) => output::say(&format!("Found the root {}.", root.display())),
        None => output::say("Found no root certificate: the machine's own are used."),
    }

    let mut proxy = ProxySettings {
        host: host.clone(),
        port: args.port.unwrap_or(qlik::QPS_PORT),
        server_name: None,
        trust: None,
        virtual_proxies: vec![String::new()],
    };
    let trust = Trust::Root(found.roots.clone());
    let settings = |proxy: &ProxySettings| qlik::Settings {
        site: host.as_str().into(),
        host: host.clone(),
        server_name: proxy.server_name.clone(),
        identity: found.identity.clone(),
        trust: trust.clone(),
        user: None,
        ports: qlik::Ports::default(),
        proxies: Proxies::Listed(vec![proxy.clone()]),
        resolve: Vec::new(),
        timeout: TIMEOUT,
        exclude: Vec::new(),
    };
    let mut seen = look(context, &settings(&proxy)).await?;
    if let Some(name) = other_name(&seen) {
        output::say(&format!("The certificate there is for `{name}`, so `server_name: {name}` is written."));
        proxy.server_name = Some(name);
        seen = look(context, &settings(&proxy)).await?;
    }
    tell(context, &host, seen);

    let (channel, secret) = channel(args)?;
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some((name, address)) = secret {
        write_new(&beside.join(name), &format!("{address}\n"))?;
        output::say(&format!("Wrote {name}, which holds the address: it is a secret."));
    }
    write_new(&file, &text(&host, &proxy, (&found, args.password_file.as_deref()), beside, channel.as_deref()))?;
    let test = if channel.is_some() { " headcount test ops," } else { "" };
    output::say(&format!("Wrote {}. Now: headcount check --connect,{test} headcount run.", file.display()));
    Ok(Exit::Done)
}

async fn look(context: &Context<'_>, settings: &qlik::Settings) -> Result<Vec<qlik::Inspection>, Failure> {
    let qlik = Qlik::new(settings).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(qlik.inspect(context.clock.now()).await)
}

/// The name in a certificate that was refused for its name alone.
fn other_name(seen: &[qlik::Inspection]) -> Option<String> {
    let one = seen.first()?;
    match &one.observation {
        Observation::Unseen(why) if why.kind == UnseenKind::Certificate && why.what.contains("not for this host") => {
            one.certificate.as_ref()?.names.first().cloned()
        }
        _ => None,
    }
}

fn tell(context: &Context<'_>, host: &str, seen: Vec<qlik::Inspection>) {
    for one in &seen {
        if let Some(certificate) = &one.certificate {
            let until =
                certificate.until.map(|until| format!(", until {}", until.strftime("%Y-%m-%d"))).unwrap_or_default();
            output::say(&format!("Its certificate is for {}{until}.", output::shown(&certificate.names.join(", "))));
        }
        if let Observation::Unseen(why) = &one.observation {
            output::complain(&sentence(host, &one.pair, why));
            output::say(
                "The configuration is written all the same; mend it, and see with `headcount check --connect`.",
            );
        }
    }
    let pairs = seen.into_iter().map(|one| (one.pair, one.observation)).collect();
    let snapshot = Snapshot::new(host.into(), context.clock.now(), pairs, |_| false);
    if snapshot.coverage().is_full() {
        output::say(&summary(&snapshot));
    }
}

/// An address to be kept in a file of this name.
type Kept = (&'static str, String);

/// The channel's lines, and the secret to put beside them.
fn channel(args: &Init) -> Result<(Option<String>, Option<Kept>), Failure> {
    let file = |kind: &str, file: &Path| format!("{{{kind}_file: {}}}", quoted(&file.display().to_string()));
    if let Some(path) = &args.slack_url_file {
        return Ok((Some(format!("slack: {}", file("webhook_url", path))), None));
    }
    if let Some(path) = &args.teams_url_file {
        return Ok((Some(format!("teams: {}", file("workflow_url", path))), None));
    }
    let address = asked_or(None, "Address of a Slack webhook or a Teams workflow (Enter for none yet)", "")?;
    Ok(if address.is_empty() {
        (None, None)
    } else if address.contains("hooks.slack.com") {
        (Some("slack: {webhook_url_file: slack-ops}".to_owned()), Some(("slack-ops", address)))
    } else {
        (Some("teams: {workflow_url_file: teams-ops}".to_owned()), Some(("teams-ops", address)))
    })
}

/// A YAML text between single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn text(
    host: &str,
    proxy: &ProxySettings,
    (found, password_file): (&Found, Option<&Path>),
    beside: &Path,
    channel: Option<&str>,
) -> String {
    let relative = |path: &Path| {
        let path = path.strip_prefix(beside).unwrap_or(path);
        let path = if path.is_absolute() || beside == Path::new(".") { path.to_path_buf() } else { absolute(path) };
        quoted(&path.display().to_string())
    };
    let certificate = match &found.client {
        FoundClient::Pem { certificate, key } => format!("{{pem: {}, key: {}}}", relative(certificate), relative(key)),
        FoundClient::Pfx(file) => match password_file {
            Some(password) => format!("{{pfx: {}, password_file: {}}}", relative(file), relative(password)),
            None => format!("{{pfx: {}}}", relative(file)),
        },
    };
    let mut trust = Vec::new();
    trust.extend(found.root.as_deref().map(|root| format!("root: {}", relative(root))));
    trust.extend(proxy.server_name.as_ref().map(|name| format!("server_name: {}", quoted(name))));
    let mut text = String::from(
        "# Written by `headcount init`. Every key, with its default: config/headcount.yaml of headcount.\n\n",
    );
    // Writing to a String does not fail.
    let _ = write!(
        text,
        "# Schedules and times shown are in this zone, an IANA name such as Europe/Stockholm.\ntime_zone: UTC\n\n\
         sites:\n  prod:\n    host: {}\n    certificate: {certificate}\n",
        quoted(host),
    );
    if !trust.is_empty() {
        let _ = writeln!(text, "    trust: {{{}}}", trust.join(", "));
    }
    if proxy.port != qlik::QPS_PORT {
        let _ = writeln!(text, "    ports: {{qps: {}}}", proxy.port);
    }
    text.push_str(
        "    # Only the default virtual proxy of this host is asked. To ask more:\n\
         \x20   # proxies: [{host: sense1.example.com, virtual_proxies: [\"\", hr]}]\n\n# Once a minute.\nchecks:\n",
    );
    let rules = format!(
        "rules:\n  # More than 200 users for 3 minutes; over at 180.\n\
         \x20 crowded: {{threshold: {{metric: users, above: 200, clear: 180, for: 3m}}, tell: [ops]}}\n\
         \x20 # A part of the site that does not answer for 2 minutes.\n\
         \x20 blind: {{unreachable: {{for: 2m}}, severity: critical, tell: [ops]}}\n\n\
         channels:\n  # The file holds the address alone; it is a secret.\n  ops: {{{}}}\n",
        channel.unwrap_or("slack: {webhook_url_file: slack-ops}")
    );
    if channel.is_some() {
        text.push_str("  sessions: {site: prod, cron: \"* * * * *\", rules: [crowded, blind]}\n\n");
        text.push_str(&rules);
    } else {
        text.push_str("  sessions: {site: prod, cron: \"* * * * *\", rules: []}\n\n");
        text.push_str("# To be told, give the check `rules: [crowded, blind]`, write the webhook's address to slack-ops, and take out the #.\n");
        for line in rules.lines() {
            let _ = writeln!(text, "{}{line}", if line.is_empty() { "" } else { "# " });
        }
    }
    text
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Writes a file for its owner alone that was not there.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// What is in a folder, by looking inside the files: names differ from site to site.
fn look_into(folder: &Path, password: Option<&Secret>) -> Result<Found, Failure> {
    let failed = |error: io::Error| Failure::usage(format!("cannot look into `{}`: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let small = path.metadata().is_ok_and(|about| about.is_file() && about.len() <= LARGEST);
        // What may not be read is passed over: it is named below only if nothing else was found.
        if let Some(bytes) = small.then(|| std::fs::read(&path).ok()).flatten() {
            files.push((path, bytes));
        }
    }
    files.sort();
    Found::among(&files, password).map_err(|what| Failure::usage(format!("`{}`: {what}", folder.display())))
}

fn asked(given: Option<String>, question: &str, flag: &str) -> Result<String, Failure> {
    match asked_or(given, question, "")? {
        answer if answer.is_empty() => Err(Failure::usage(format!("give {flag}"))),
        answer => Ok(answer),
    }
}

/// A flag, or an answer at the terminal, or the default.
fn asked_or(given: Option<String>, question: &str, default: &str) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given);
    }
    if !io::stdin().is_terminal() {
        return Ok(default.to_owned());
    }
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    let mut err = io::stderr().lock();
    write!(err, "{question}{shown}: ").and_then(|()| err.flush())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
}
