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
