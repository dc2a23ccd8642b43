//! `announce --mail-people`: who is written to, and who is not.

use headcount::demo::inbox::{HttpInbox, Smtp, SmtpOptions};
use headcount::demo::site::{Fault, Person, Setup, Site};
use serde_json::Value;

use crate::cli::{Done, headcount};
use crate::support::Folder;

struct Scene {
    site: Site,
    inbox: HttpInbox,
    smtp: Smtp,
    folder: Folder,
}

impl Scene {
    async fn new() -> Self {
        let setup = Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"]).repository();
        let site = Site::start(setup).await;
        let inbox = HttpInbox::start().await;
        let smtp = Smtp::start(SmtpOptions::default()).await;
        let folder = Folder::new(&site);
        let text = format!(
            r#"
time_zone: Europe/Stockholm
sites:
  prod:
    host: localhost
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem, server_name: sense.example.test}}
    timeout: 1s
    ports: {{qrs: {}}}
    proxies: [{{host: localhost, port: {}, server_name: sense.example.test, virtual_proxies: ["", hr]}}]
channels:
  ops: {{slack: {{webhook_url: "{}"}}, pace: none}}
  mail:
    email:
      from: Headcount <headcount@example.com>
      to: [cio@example.com]
      smtp: {{host: 127.0.0.1, port: {}, tls: none}}
      mail_people: {{domains: [example.com, Example.ORG]}}
  plain-mail:
    email:
      from: headcount@example.com
      to: [cio@example.com]
      smtp: {{host: 127.0.0.1, port: {}, tls: none}}
"#,
            site.repository_port(),
            site.port(0),
            inbox.slack("ops"),
            smtp.port(),
            smtp.port(),
        );
        folder.write("headcount.yaml", &text);
        site.know(Person::new("CORP", "anna", "Anna Andersson").with_mail("anna@example.com"));
        site.know(Person::new("CORP", "o'brien", "Siobhán O'Brien").with_mail("o'brien@example.org"));
        site.know(Person::new("CORP", "out", "Out Sider").with_mail("out@elsewhere.net"));
        site.know(Person::new("CORP", "bare", "Bare"));
        site.know(Person::new("CORP", "absent", "Not On").with_mail("absent@example.com"));
        site.connect(0, "", "corp", "ANNA");
        site.connect(0, "hr", "CORP", "anna");
        for id in ["o'brien", "out", "bare", "unknown"] {
            site.connect(0, "hr", "CORP", id);
        }
        site.connect_anonymous(0, "");
        Self { site, inbox, smtp, folder }
    }

    async fn announce(&self, words: &[&str]) -> Done {
        headcount(&self.folder, &[&["announce", "--site", "prod"], words].concat()).await
    }
}

const MAIL: [&str; 7] = ["--mail-people", "--via", "mail", "--at", "2037-12-24T22:00", "--reason", "November patch"];

#[tokio::test]
async fn each_person_on_gets_one_mail_of_their_own_and_only_where_that_is_allowed() {
    let scene = Scene::new().await;
    let dry = scene.announce(&[&MAIL[..], &["--tell", "ops", "--dry-run"]].concat()).await;
    assert_eq!((dry.status, dry.err.as_str()), (0, ""), "{}", dry.out);
    for part in [
        "Nothing is sent",
        "`ops` would be told:",
        "anna@example.com would be written to",
        "o'brien@example.org would be written to",
        "no mail: `elsewhere.net` is not one of the domains",
        "no mail: the repository has no mail address",
        "2 of 5 people would be written to, each alone",
        "You are on it now with 2 sessions (default, hr)",
        "Reason given: November patch",
    ] {
        assert!(dry.out.contains(part), "{part}: {}", dry.out);
    }
    assert!(scene.smtp.mails().is_empty() && scene.inbox.received().is_empty());
    assert!(!scene.folder.state().exists(), "nothing is recorded");

    let done = scene.announce(&MAIL).await;
    assert_eq!(done.status, 0, "{}", done.err);
    assert!(done.out.contains("2 of 5 people is written to") || done.out.contains("2 of 5"), "{}", done.out);
    let mut mails = scene.smtp.mails();
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(
        mails.iter().map(|mail| mail.to.clone()).collect::<Vec<_>>(),
        [["anna@example.com"], ["o'brien@example.org"]]
    );
    let (anna, brien) = (mails[0].text(), mails[1].text());
    assert!(anna.contains("with 2 sessions (default, hr)") && brien.contains("on it now (hr)"), "{anna}\n{brien}");
    for mail in &mails {
        // Nobody reads who else is on.
        for other in ["anna", "brien", "Out Sider", "bare", "users"] {
            let own = mail.to[0].contains(other);
            assert!(own || !mail.raw.to_lowercase().contains(&other.to_lowercase()), "{other}: {}", mail.raw);
        }
        assert_eq!(
            mail.header("Subject").as_deref(),
            Some("Qlik Sense prod restarts at 22:00 CET (Thu 24 Dec 2037): please log out")
        );
    }
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));

    // The same notice again is nobody's; another time is another notice.
    let again = scene.announce(&MAIL).await;
    assert!(again.status == 0 && again.out.contains("has this notice already"), "{}", again.out);
    assert_eq!(scene.smtp.mails().len(), 2);
    let later = scene.announce(&["--mail-people", "--via", "mail", "--at", "2037-12-24T23:00"]).await;
    assert_eq!((later.status, scene.smtp.mails().len()), (0, 4), "{}", later.err);

    // Only those who are on were asked for, and the second time nobody was.
    let asked = scene.site.asked_of_repository();
    assert_eq!(asked, ["/qrs/user/full", "/qrs/user/full"], "a dry run remembers nothing");
    let names = headcount(&scene.folder, &["who", "--format", "json"]).await.json();
    let name = |id: &str| {
        let people = names["sites"][0]["people"].as_array().expect("people");
        people.iter().find(|person| person["id"] == id).map_or(Value::Null, |person| person["name"].clone())
    };
    assert_eq!(name("o'brien"), "Siobhán O'Brien");
    assert_eq!(scene.site.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_repository_that_does_not_answer_writes_to_nobody_and_says_so() {
    let scene = Scene::new().await;
    scene.site.fail_repository(Fault::Hang);
    let done = scene.announce(&[&MAIL[..], &["--tell", "ops"]].concat()).await;
    assert_eq!(done.status, 3);
    assert!(
        done.err.contains("who has which mail address was not heard") && done.err.contains("no answer within 1s"),
        "{}",
        done.err
    );
    assert!(!done.err.contains("anna") && scene.smtp.mails().is_empty());
    assert_eq!(scene.inbox.received().len(), 1, "the channel is told all the same");
}

#[tokio::test]
async fn what_cannot_be_written_is_a_sentence() {
    let scene = Scene::new().await;
    for (words, told) in [
        (&["--mail-people", "--via", "ops", "--at", "22:00"][..], "`ops` cannot write to people"),
        (&["--mail-people", "--via", "plain-mail", "--at", "22:00"], "`mail_people: {domains: [example.com]}`"),
        (&["--mail-people", "--via", "mial", "--at", "22:00"], "did you mean `mail`?"),
        (&["--mail-people", "--via", "mail"], "--at"),
        (&["--mail-people", "--at", "22:00"], "--via"),
        (&["--via", "mail", "--at", "22:00", "--tell", "ops"], "--mail-people"),
        (&["--at", "22:00"], "--tell"),
        (&["--tell", "ops", "--at", "25:00"], "is no time"),
        (&["--tell", "ops", "--at", "2020-01-01T22:00"], "is over"),
    ] {
        let done = scene.announce(words).await;
        assert!(done.status == 2 && done.err.contains(told), "{words:?}: {}", done.err);
    }
    assert!(scene.site.requests() == 0 && scene.smtp.mails().is_empty());
}
