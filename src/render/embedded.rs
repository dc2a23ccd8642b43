//! The built-in templates, inside the program.

macro_rules! templates {
    ($($name:literal)*) => {
        /// Every built-in template: its name, and its text.
        pub const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../templates/", $name)))),*];
    };
}

templates! {
    "chart.svg.j2"
    "email/alert.html.j2"
    "email/alert.txt.j2"
    "email/digest.html.j2"
    "email/digest.txt.j2"
    "email/frame.html.j2"
    "email/frame.txt.j2"
    "email/heartbeat.html.j2"
    "email/heartbeat.txt.j2"
    "email/notice.html.j2"
    "email/notice.txt.j2"
    "email/repeat.html.j2"
    "email/repeat.txt.j2"
    "email/resolved.html.j2"
    "email/resolved.txt.j2"
    "email/summary.html.j2"
    "email/summary.txt.j2"
    "email/test.html.j2"
    "email/test.txt.j2"
    "email/who.html.j2"
    "email/who.txt.j2"
    "file/alert.txt.j2"
    "file/digest.txt.j2"
    "file/frame.txt.j2"
    "file/heartbeat.txt.j2"
    "file/notice.txt.j2"
    "file/repeat.txt.j2"
    "file/resolved.txt.j2"
    "file/summary.txt.j2"
    "file/test.txt.j2"
    "file/who.txt.j2"
    "slack/alert.json.j2"
    "slack/digest.json.j2"
    "slack/frame.json.j2"
    "slack/heartbeat.json.j2"
    "slack/notice.json.j2"
    "slack/repeat.json.j2"
    "slack/resolved.json.j2"
    "slack/summary.json.j2"
    "slack/test.json.j2"
    "slack/who.json.j2"
    "teams/alert.json.j2"
    "teams/digest.json.j2"
    "teams/frame.json.j2"
    "teams/heartbeat.json.j2"
    "teams/notice.json.j2"
    "teams/repeat.json.j2"
    "teams/resolved.json.j2"
    "teams/summary.json.j2"
    "teams/test.json.j2"
    "teams/who.json.j2"
    "words/absence.txt.j2"
    "words/alert.txt.j2"
    "words/certificate.txt.j2"
    "words/chart.txt.j2"
    "words/closed.txt.j2"
    "words/digest.txt.j2"
    "words/flapping.txt.j2"
    "words/heartbeat.txt.j2"
    "words/meta.txt.j2"
    "words/notice.txt.j2"
    "words/parts.txt.j2"
    "words/repeat.txt.j2"
    "words/resolved.txt.j2"
    "words/several.txt.j2"
    "words/stale.txt.j2"
    "words/summary.txt.j2"
    "words/test.txt.j2"
    "words/unusual.txt.j2"
    "words/watch.txt.j2"
    "words/who.txt.j2"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::TEMPLATES;

    #[test]
    fn the_list_is_the_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found = Vec::new();
        for folder in std::fs::read_dir(&root).unwrap() {
            let folder = folder.unwrap().path();
            if folder.is_file() {
                found.push(folder.file_name().unwrap().to_str().unwrap().to_owned());
                continue;
            }
            for file in std::fs::read_dir(&folder).unwrap() {
                let file = file.unwrap().path();
                found.push(file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
        found.sort();
        let listed: Vec<_> = TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, found);
    }
}
