//! What messages look like, and the commands to look at them.

use headcount::demo::inbox::HttpInbox;
use headcount::demo::site::{Fault, Site};
use headcount::render::TEMPLATES;

use crate::cli::{configured, headcount, site};
use crate::support::Folder;

async fn set() -> (Site, Folder) {
    let (site, folder) = site().await;
    configured(&site, &folder, None);
    (site, folder)
}

/// Names the folder `mine` as that of the templates.
fn own_templates(folder: &Folder) {
    let text = std::fs::read_to_string(folder.path().join("headcount.yaml")).expect("a configuration");
    folder.write("headcount.yaml", &format!("templates: mine\n{text}"));
}

#[tokio::test]
async fn preview_is_one_page_and_every_payload_beside_it() {
    let (_site, folder) = site().await;
    // No configuration is needed.
    let done = headcount(&folder, &["preview", "--kind", "test", "--kind", "who"]).await;
    assert_eq!((done.status, done.out.as_str()), (0, "headcount-preview/index.html\n"), "{}", done.err);
    let look = |name: &str| std::fs::read_to_string(folder.path().join("headcount-preview").join(name));
    let page = look("index.html").expect("a page");
    assert!(
        page.contains("<h2 id=\"test\">") && page.contains("<h2 id=\"who\">") && !page.contains("<h2 id=\"alert\">")
    );
    let slack: serde_json::Value = serde_json::from_str(&look("slack/test.json").expect("a payload")).expect("JSON");
    assert!(slack["blocks"].is_array());
    assert!(look("email/who.eml").expect("a mail").contains("Auto-Submitted: auto-generated"));

    let done = headcount(&folder, &["preview", "--kind", "who", "--channel", "teams", "--out", "x/y"]).await;
    assert_eq!((done.status, done.out.as_str()), (0, "x/y/index.html\n"));
    assert!(!folder.path().join("x/y/slack").exists());

    for (flag, word, told) in [
        ("--kind", "alrt", "did you mean `alert`?"),
        ("--kind", "zzz", "there is `alert`, "),
        ("--channel", "slak", "did you mean `slack`?"),
    ] {
        let done = headcount(&folder, &["preview", flag, word]).await;
        assert!(done.status == 2 && done.err.contains(told), "{}", done.err);
    }
    let done = headcount(&folder, &["preview", "--config", "none.yaml"]).await;
    assert!(done.status == 2 && done.err.contains("none.yaml"), "{}", done.err);
}

#[tokio::test]
async fn preview_of_a_live_site_shows_who_is_on_and_sends_nothing() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    site.connect_named(0, "hr", "CORP", "anna", "Anna <b>A</b>");
    let done = headcount(&folder, &["preview", "--site", "prod", "--out", "look"]).await;
    assert_eq!(done.status, 0, "{}", done.err);
    let page = std::fs::read_to_string(folder.path().join("look/index.html")).expect("a page");
    assert!(page.contains("CORP\\anna") && page.contains("Anna &lt;b&gt;A&lt;/b&gt;") && !page.contains("<b>A</b>"));
    assert!(page.contains("Who is on prod, as it would be told now.") && !page.contains("<h2 id=\"alert\">"));
    assert!(inbox.received().is_empty() && !folder.state().exists());

    site.fail(1, "", Fault::Hang);
    let done = headcount(&folder, &["preview", "--site", "prod", "--out", "look"]).await;
    assert!(done.status == 3 && done.err.contains("was not seen"), "{}", done.err);
    let done = headcount(&folder, &["preview", "--site", "prd"]).await;
    assert!(done.status == 2 && done.err.contains("did you mean `prod`?"), "{}", done.err);
}

#[tokio::test]
async fn templates_are_exported_and_nothing_is_lost() {
    let (_site, folder) = set().await;
    let done = headcount(&folder, &["templates", "export", "mine"]).await;
    assert_eq!((done.status, done.out), (0, format!("mine: {} templates written.\n", TEMPLATES.len())));
    own_templates(&folder);
    assert_eq!(headcount(&folder, &["check"]).await.status, 0, "what is exported is what is built in");

    folder.write("mine/words/test.txt.j2", "Hello {{ facts.channel }}\n");
    let done = headcount(&folder, &["templates", "export", "mine"]).await;
    assert_eq!(
        (done.status, done.out),
        (1, format!("mine: 0 templates written, {} there already.\n", TEMPLATES.len() - 1))
    );
    assert!(done.err.contains("`words/test.txt.j2` is there with something else in it"), "{}", done.err);
    let mine = || std::fs::read_to_string(folder.path().join("mine/words/test.txt.j2")).expect("a template");
    assert_eq!(mine(), "Hello {{ facts.channel }}\n");
    let done = headcount(&folder, &["templates", "export", "mine", "words/test.txt.j2", "--force"]).await;
    assert!(done.status == 0 && done.err.contains("is overwritten") && !mine().starts_with("Hello"), "{}", done.err);
    let done = headcount(&folder, &["templates", "export", "mine", "words/tset.txt.j2"]).await;
    assert!(done.status == 2 && done.err.contains("did you mean `words/test.txt.j2`?"), "{}", done.err);
}

#[tokio::test]
async fn a_template_of_one_s_own_is_used_and_a_wrong_one_is_told_with_its_place() {
    let (_site, folder) = set().await;
    folder.write("mine/words/test.txt.j2", "Hello {{ facts.channel }}\n");
    own_templates(&folder);
    let done = headcount(&folder, &["preview", "--kind", "test", "--out", "look"]).await;
    let page = std::fs::read_to_string(folder.path().join("look/index.html")).expect("a page");
    assert!(done.status == 0 && page.contains("Hello ops") && page.contains("mine/words/test.txt.j2"), "{}", done.err);

    folder.write("mine/words/alert.txt.j2", "One\n{{ facts.limt }}\n");
    let done = headcount(&folder, &["check"]).await;
    assert_eq!(done.status, 2);
    assert!(done.err.contains("mine/words/alert.txt.j2`, line 2: undefined value: `facts.limt`"), "{}", done.err);
    let done = headcount(&folder, &["preview", "--kind", "alert", "--out", "look"]).await;
    let page = std::fs::read_to_string(folder.path().join("look/index.html")).expect("a page");
    assert_eq!(done.status, 2, "the page is there, and the mistake is told");
    assert!(page.contains("Plain wording took its place") && done.err.contains("facts.limt"), "{}", done.err);

    // Everything that is wrong with a folder is told at once.
    folder.write("mine/words/alert.txt.j2", "{% if %}");
    folder.write("mine/slack/alerts.json.j2", "{}");
    folder.write("mine/notes.txt", "");
    let done = headcount(&folder, &["check"]).await;
    for told in
        ["did you mean `slack/alert.json.j2`?", "notes.txt` replaces no template", "words/alert.txt.j2`, line 1: "]
    {
        assert!(done.status == 2 && done.err.contains(told), "{told}: {}", done.err);
    }
}
