use headcount::demo::inbox::Fault;
use headcount::demo::site::Person;

use crate::support::World;

const REPORT: &str = r#"
reports:
  who: {who: {}, site: prod, cron: "* * * * *", tell: [ops, managers, bosses]}
"#;

#[tokio::test]
async fn what_people_are_called_does_nothing_anywhere() {
    let world = World::new(REPORT).await;
    let nasty = [
        r"CORP\<!channel> *bold* `code`",
        r"CORP\<at>Everyone</at> _x_",
        r#"CORP\"quoted" & 'back\slash'"#,
        "CORP\\line\nbreak\r\nBcc: evil@example.com",
        "CORP\\\u{202e}gnp.exe",
        r"CORP\=HYPERLINK(1)",
        r"CORP\<script>alert(1)</script>",
        r"CORP\{{ 7*7 }}{% raw %}",
    ];
    world.connected("", &nasty).at("08:01").await;
    let slack = world
        .expect("ops", &["8 users", "<!channel> *bold* `code`", r#""quoted" & 'back\slash'"#, "{{ 7*7 }}{% raw %}"]);
    let teams = world.expect("managers", &["8 users", "Everyone", "=HYPERLINK(1)"]);
    for text in [&slack, &teams] {
        assert!(text.contains("linebreakBcc: evil@example.com") && text.contains("gnp.exe"), "{text}");
        assert!(!text.contains('\u{202e}') && !text.contains("7*7=49") && !text.contains("49"), "{text}");
    }
    let mail = world.expect_mail("cio@example.com", &["8 users", "<script>alert(1)</script>"]);
    world.expect_mail("lead@example.com", &["8 users"]);
    let html = mail.html();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
    assert_eq!(mail.header("Bcc"), None);
    let raw = serde_json::to_string(&world.inbox.received()[1].body).expect("JSON");
    assert!(!raw.contains("<at>"), "{raw}");
    world.finish().await;
}

/// The files of a folder in which a text stands, whatever the case.
fn found(folder: &std::path::Path, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files
        .filter(|file| {
            let bytes = std::fs::read(file).expect("a file").to_ascii_lowercase();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
        .map(|file| file.display().to_string())
        .collect()
}

/// The two words that stand for the one person of a text.
fn words(text: &str) -> String {
    let after = text.split("CORP\\").nth(1).unwrap_or_else(|| panic!("nobody is named: {text}"));
    after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect()
}

const WATCHED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: []}
"#;

#[tokio::test]
async fn a_channel_under_pseudonyms_is_told_the_same_words_each_time() {
    let pseudonym = [("pace: none, from: critical}", "pace: none, from: critical, names: pseudonym}")];
    let mut world = World::with(&format!("{WATCHED}{REPORT}"), &pseudonym).await;
    world.site.connect_named(0, "", "CORP", "anna", "Anna Lind");
    world.at("08:01").await;
    assert!(world.expect("ops", &["1 user", "anna"]).contains("Anna Lind"));
    let told = world.expect("managers", &["1 user", "CORP\\"]);
    assert!(!told.to_lowercase().contains("anna") && !told.contains("Lind"), "{told}");
    for mail in ["cio@example.com", "lead@example.com"] {
        world.expect_mail(mail, &["anna"]);
    }
    let its = words(&told);
    assert!(its.contains('-'), "{told}");
    world.start().await;
    world.at("08:02").await;
    world.expect("ops", &["anna"]);
    assert_eq!(words(&world.expect("managers", &["CORP\\"])), its);
    for mail in ["cio@example.com", "lead@example.com"] {
        world.expect_mail(mail, &["anna"]);
    }
    world.finish().await;
}

#[tokio::test]
async fn no_channel_tells_more_than_the_store_and_no_name_is_ever_written() {
    for names in ["pseudonym", "hidden"] {
        let once = REPORT.replace("* * * * *", "1 8 * * *");
        let store = format!("\nstore: {{names: {names}}}\nsites:\n");
        let mut world = World::with(&format!("{WATCHED}{once}"), &[("\nsites:\n", &store)]).await;
        world.site.connect_named(0, "", "CORP", "anna", "Anna Lind");
        world.inbox.next("ops", Fault::status(503, "later"));
        world.at("08:01").await;
        let state = world.folder.state();
        assert_eq!(found(&state, "anna"), Vec::<String>::new(), "while a message waits");
        world.at("08:02").await;
        let mut said = vec![world.expect("managers", &["1 user"]), world.expect("ops", &["1 user"])];
        for to in ["cio@example.com", "lead@example.com"] {
            let mail = world.expect_mail(to, &["1 user"]);
            said.extend([mail.text(), mail.html()]);
        }
        for said in said {
            assert!(!said.to_lowercase().contains("anna") && !said.contains("Lind"), "{said}");
            assert_eq!(said.contains("CORP\\"), names == "pseudonym", "{said}");
        }
        // Rules and `who` still see the site itself; what is remembered over a restart is without names.
        world.start().await;
        world.at("08:03").await;
        assert_eq!(found(&state, "anna"), Vec::<String>::new());
        world.finish().await;
    }
}
#[tokio::test]
async fn what_the_site_does_not_say_the_repository_knows_and_only_those_seen_are_asked_about() {
    let world = World::discovering("checks:\n  sessions: {site: prod, cron: \"* * * * *\", rules: []}\nreports:\n  now: {who: {}, site: prod, cron: \"5 * * * *\", tell: [ops]}\n").await;
    world.site.know(Person::new("CORP", "anna", "Anna Andersson").with_mail("anna@example.com"));
    world.site.know(Person::new("CORP", "absent", "Not On"));
    world.connected("", &["anna", "bertil"]);
    let asked = || world.site.asked_of_repository().iter().filter(|path| path.contains("user")).count();
    world.at("08:01").await.at("08:02").await;
    assert_eq!(asked(), 1, "whom it does not know is not asked about again at once");
    world.connected("hr", &["cecilia"]).at("08:03").await.at("08:04").await;
    assert_eq!(asked(), 2);
    world.site.fail_repository_at("user/full", headcount::demo::site::Fault::status(500));
    world.connected("hr", &["cecilia", "dora"]).at("08:05").await;
    world.at("08:06").await.at("08:07").await;
    assert_eq!(asked(), 3, "a repository that does not say is left alone for a while");
    let who = world.expect("ops", &["Anna Andersson"]);
    assert!(!who.contains("Not On"), "{who}");
    world.finish().await;
}

#[tokio::test]
async fn where_proxies_are_listed_the_repository_says_what_people_are_called_if_it_can() {
    let report = "reports:\n  who: {who: {}, site: prod, cron: \"*/2 * * * *\", tell: [ops]}\n";
    let world = World::named(&format!("{WATCHED}{report}")).await;
    world.site.know(Person::new("CORP", "anna", "Anna Lind"));
    world.site.know(Person::new("CORP", "bertil", "Bertil Ek"));
    world.connected("", &["anna"]).at("08:01").await.at("08:02").await;
    world.expect("ops", &["anna", "Anna Lind"]);
    // Once, for those who are on.
    assert_eq!(world.site.asked_of_repository(), ["/qrs/user/full"]);
    world.site.stop_repository().await;
    world.connected("", &["anna", "bertil"]).at("08:03").await.at("08:04").await;
    assert!(!world.expect("ops", &["bertil", "Anna Lind"]).contains("Bertil Ek"));
    world.at("08:05").await;
    assert_eq!(world.log().matches("what people are called is not known").count(), 1, "{}", world.log());
    assert!(!world.log().contains("WARN headcount::jobs"), "{}", world.log());
    world.site.start_repository().await;
    // Left alone for an hour.
    world.at("08:06").await;
    assert!(!world.expect("ops", &["bertil"]).contains("Bertil Ek"));
    world.at("09:04").await;
    world.expect("ops", &["bertil"]);
    world.at("09:06").await;
    world.expect("ops", &["Anna Lind", "Bertil Ek"]);
    assert!(world.log().contains("the repository says what people are called"), "{}", world.log());
    world.finish().await;
}
