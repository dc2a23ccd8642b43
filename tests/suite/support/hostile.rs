//! What people, sites, rules and proxies may be called that would like to be something else.

/// A name as it arrives, and as it is to be shown: letter for letter, without what ends a line, hides, reorders or steers.
pub(crate) struct Hostile {
    pub(crate) given: &'static str,
    pub(crate) shown: &'static str,
}

/// A name that is shown as it is.
const fn same(name: &'static str) -> Hostile {
    Hostile { given: name, shown: name }
}

const fn cleaned(given: &'static str, shown: &'static str) -> Hostile {
    Hostile { given, shown }
}

pub(crate) const NAMES: &[Hostile] = &[
    // Slack: mentions, links, dates, markup, emoji.
    same("<!channel>"),
    same("<!here|here>"),
    same("<!subteam^S012AB3CD|@ops>"),
    same("<@U012AB3CD>"),
    same("<#C012AB3CD|general>"),
    same("<https://evil.example|prod>"),
    same("<mailto:a@evil.example|a>"),
    same("<!date^1392734382^{date}|x>"),
    same("@here @channel @everyone"),
    same("*bold* _it_ ~no~"),
    same("`code` ```block```"),
    same("> quoted"),
    same(":tada: :smiling_imp:"),
    same("&lt;!channel&gt; &amp;amp;"),
    // Teams: mentions, Markdown.
    same("<at>Everyone</at>"),
    same("<AT id=\"0\">All</AT>"),
    same("[link](https://evil.example)"),
    same("![x](https://evil.example/x.png)"),
    same("# heading"),
    same("- item"),
    same("1. item"),
    same("**strong** __too__ ***"),
    same("{{DATE(2026-11-24T00:00:00Z, SHORT)}}"),
    same("${rootName} @{triggerBody()}"),
    // HTML, and what a browser would run.
    same("<script>alert(1)</script>"),
    same("<img src=x onerror=alert(1)>"),
    same("\"><b>bold</b><!--"),
    same("<a href='javascript:alert(1)'>x</a>"),
    same("</td></tr></table><h1>x"),
    same("&#60;b&#62; &notin; &"),
    same("<![CDATA[x]]> <?php x ?>"),
    // Templates, queries, shells, formulas.
    same("{{ 7*7 }}{% raw %}{# x #}"),
    same("'; DROP TABLE session; --"),
    same("$(reboot) `id` $HOME %PATH%"),
    same("=cmd|' /C calc'!A0"),
    same("+1+cmd()"),
    same("-2+3"),
    same("@SUM(1+1)"),
    same("=HYPERLINK(\"https://evil.example\",\"x\")"),
    same("a,b;\"c\"|d"),
    // JSON and escapes.
    same("\"],\"x\":[\""),
    same("\\u003c\\n\\\"\\"),
    same("CORP\\\\anna\\"),
    same("back\\slash 'single' \"double\""),
    same("https://evil.example/x?y=1&z=2"),
    // Lines, headers, controls.
    cleaned("line\nbreak", "linebreak"),
    cleaned("a\r\nBcc: evil@example.com\r\n\r\nx", "aBcc: evil@example.comx"),
    cleaned("a\u{0}b\u{7}c\u{7f}d\u{85}e", "abcde"),
    cleaned("\u{1b}[31mred\u{1b}[0m\u{1b}]0;x\u{7}", "[31mred[0m]0;x"),
    cleaned("\ttab\u{b}\u{c}", "tab"),
    cleaned("a\u{2028}b\u{2029}c", "abc"),
    // Direction and what is not seen.
    cleaned("\u{202e}gnp.exe", "gnp.exe"),
    cleaned("\u{2066}a\u{2067}b\u{2068}c\u{2069}d\u{200f}e\u{200e}f\u{61c}g", "abcdefg"),
    cleaned("in\u{200b}vis\u{2060}ible\u{feff}", "invisible"),
    same("שלום עולם"),
    same("فاطمة <b> 123"),
    // Odd letters: joined, combining, private, beyond the first plane, at its edge.
    same("👩\u{200d}💻 👨\u{200d}👩\u{200d}👧\u{200d}👦 🇸🇪"),
    same("\u{200d}"),
    same("Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}a\u{308}\u{30a}lgo"),
    same("\u{301}"),
    same("private \u{e000}\u{f8ff}\u{100000}"),
    same("\u{ffff}\u{fffe}\u{fffd}\u{10ffff}"),
    same("𝔣𝔯𝔞𝔨𝔱𝔲𝔯 ﬁ Ⅷ ｆｕｌｌ"),
    same("İstanbul ıI ß ẞ K"),
    same("non\u{a0}breaking"),
];

/// The longest that is shown of a name, in characters.
pub(crate) const LONGEST: usize = 200;
