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
