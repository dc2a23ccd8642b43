#!/usr/bin/env python3
"""Makes docs/pictures anew: messages as independent renderers draw them, and the preview's own page.

    .ci/pictures.py target/debug/headcount

Needs chromium, node with npm, and pngquant. What it installs goes into a temporary folder.
"""

import base64, email, email.policy, json, pathlib, subprocess, sys, tempfile

OUT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "pictures"
PACKAGES = "adaptivecards@3.0.6 markdown-it@15 slack-blocks-to-jsx@1.1.1 react@18 react-dom@18 esbuild@0.28.2".split()

SLACK = """
import {createRoot} from 'react-dom/client'; import {Message} from 'slack-blocks-to-jsx'; import 'slack-blocks-to-jsx/dist/style.css';
const LOGO = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8" fill="#1d5fa8"/><text x="18" y="26" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="22" fill="#fff">h</text></svg>');
const {message, time} = window.SHOWN;
const App = () => <div style={{width: 640, padding: 14, background: '#fff'}}>
  <Message blocks={message.blocks} logo={LOGO} name="headcount" time={new Date(time)} />
  {(message.attachments || []).map((one, at) => <div key={at} style={{borderLeft: '4px solid ' + one.color, margin: '4px 0 0 48px', paddingLeft: 8}}>
    <Message blocks={one.blocks} withoutWrapper /></div>)}
</div>;
createRoot(document.getElementById('root')).render(<App/>);
"""

TEAMS = """<!doctype html><meta charset=utf-8><style>body{margin:0;padding:14px;background:#f5f5f5;width:640px}
.card{background:#fff;border-radius:6px;box-shadow:0 1px 3px #0004} button{padding:5px 14px;border:1px solid #d1d1d1;border-radius:4px;background:#fff;font:600 14px "Segoe UI",Arial}</style>
<div class=card id=card></div><script src="node_modules/adaptivecards/dist/adaptivecards.min.js"></script>
<script src="node_modules/markdown-it/dist/browser/markdown-it.umd.min.js"></script><script>
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => { result.outputHtml = markdownit({html: false}).render(text); result.didProcess = true };
const ink = {default: {default: "#242424", subtle: "#616161"}}, style = color => ({backgroundColor: color, foregroundColors: ink});
const card = new AdaptiveCards.AdaptiveCard();
card.hostConfig = new AdaptiveCards.HostConfig({fontFamily: "Segoe UI, Arial", spacing: {small: 4, default: 8, medium: 14, large: 22, extraLarge: 32, padding: 14},
  containerStyles: {default: style("#fff"), accent: style("#e8ebfa"), attention: style("#fcebec"), warning: style("#fff3d6"), good: style("#e7f4e4")},
  fontSizes: {small: 12, default: 14, medium: 14, large: 18, extraLarge: 24}, actions: {actionsOrientation: "horizontal", actionAlignment: "left", buttonSpacing: 8}});
card.parse(CARD, new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5));
document.getElementById("card").append(card.render());
</script>"""


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, **more)


def shot(page, name, width, height, script=""):
    """A picture of a page, cut to what is on it, in few colours."""
    raw, fine = page.parent / "raw.png", OUT / f"{name}.png"
    run("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
        "--force-device-scale-factor=1.25", f"--window-size={width},{height}", "--virtual-time-budget=6000", f"--screenshot={raw}",
        page.as_uri(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("pngquant", "--force", "--quality=60-95", "--speed=1", "--strip", "--output", fine, raw)
    print(f"{fine.relative_to(OUT.parent.parent)}: {fine.stat().st_size // 1024} KB")


def mail(path):
    """The HTML of a mail, with its picture within."""
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    html = parsed.get_body(("html",)).get_content()
    for part in parsed.walk():
        if part.get("Content-ID"):
            data = base64.b64encode(part.get_content()).decode()
            html = html.replace("cid:" + part["Content-ID"].strip("<>"), "data:image/png;base64," + data)
    return html


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run(binary, "preview", "--out", folder / "all", cwd=folder, stdout=subprocess.DEVNULL)
        run(binary, "preview", "--kind", "alert", "--out", folder / "alerts", cwd=folder, stdout=subprocess.DEVNULL)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES, cwd=folder)

        (folder / "slack.jsx").write_text(SLACK)
        run("node_modules/.bin/esbuild", "slack.jsx", "--bundle", "--outfile=slack.js", "--loader:.js=jsx", "--jsx=automatic",
            "--log-level=error", '--define:process.env.NODE_ENV="production"', cwd=folder)
        message = json.loads((folder / "all/slack/digest.json").read_text())
        shown = json.dumps({"message": message, "time": "2026-11-24T07:00:00"}).replace("</", "<\\/")
        page = folder / "slack.html"
        page.write_text(f"<!doctype html><meta charset=utf-8><link rel=stylesheet href=slack.css><body style=margin:0><div id=root></div>"
                        f"<script>window.SHOWN = {shown}</script><script src=slack.js></script>")
        shot(page, "slack-digest", 668, 1190)

        card = json.loads((folder / "all/teams/alert_several.json").read_text())["attachments"][0]["content"]
        page = folder / "teams.html"
        page.write_text(TEAMS.replace("CARD", json.dumps(card).replace("</", "<\\/")))
        shot(page, "teams-alert", 668, 1352)

        page = folder / "mail.html"
        page.write_text(mail(folder / "all/email/digest.eml"))
        shot(page, "mail-digest", 700, 1075)

        shot(folder / "alerts/index.html", "preview", 1500, 830)


main()
