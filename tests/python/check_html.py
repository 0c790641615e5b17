#!/usr/bin/env python3
"""Opens pages of `-f html` in a Chromium without a screen and checks what a reader would meet.

    tests/python/check_html.py target/debug/keyroll [--shots DIR]
    tests/python/check_html.py --has-chromium

The pages are made of the golden report, whose names are hostile, and of a made-up report of 5,000 identities. Checked are:
nothing is asked for but the page, nothing is written to the console, names stay text, everything reads without the script,
search, filters and sorting give what the report says they should, links open what they lead to, contrast, names and labels,
the width of a phone, print, and the time that 5,000 identities take. Needs a Chromium (see chromium.py), nothing else.
"""

import argparse
import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import big_report
import chromium

ROOT = pathlib.Path(__file__).resolve().parents[2]
IDENTITIES = 5000
# What 5,000 identities may take. Times are those of the best of several tries: other work on the machine is not the page's.
MEGABYTES, PAINT, FILTER, SORT = 15, 2000, 150, 1500

# The numbers of the page's own colours, by what stands on what: text in elements that are shown.
CONTRAST = r"""
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => {
    const part = (x) => ((x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const below = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const bad = new Map();
  let seen = 0;
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg") || element.closest(".skip")) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    if (!element.checkVisibility({ contentVisibilityAuto: false })) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(below(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    seen += 1;
    if (ratio < (large ? 3 : 4.5)) bad.set(`${element.tagName}.${element.className} ${style.color}`, ratio.toFixed(2));
  }
  return { seen, bad: [...bad].slice(0, 10) };
})()
"""

# What the markup owes those who do not see it, or have no mouse.
OWED = r"""
(() => {
  const owed = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const name = (element) => (element.outerHTML || "").slice(0, 90);
  for (const field of all("input, select")) if (!field.labels.length) owed.push(`no label: ${name(field)}`);
  for (const table of all("table")) if (!table.caption) owed.push(`no caption: ${name(table)}`);
  for (const head of all("th")) if (!head.scope) owed.push(`no scope: ${name(head)}`);
  for (const drawing of all("svg")) {
    const told = drawing.getAttribute("role") === "img" && drawing.getAttribute("aria-label");
    if (!told && drawing.getAttribute("aria-hidden") !== "true") owed.push(`no text: ${name(drawing)}`);
  }
  for (const one of ["header", "nav", "main", "footer"]) {
    if (all(`body > ${one}`).length !== 1) owed.push(`landmark ${one}`);
  }
  if (all("h1").length !== 1) owed.push("one h1");
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) owed.push(`from h${level} to ${name(heading)}`);
    level = own;
  }
  const ids = all("[id]").map((element) => element.id);
  if (new Set(ids).size !== ids.length) owed.push("an id stands twice");
  for (const link of all("a[href]")) {
    const to = link.getAttribute("href");
    const fine = to.startsWith("#") ? document.getElementById(to.slice(1)) : to.startsWith("https://owasp.org/");
    if (!fine) owed.push(`leads nowhere: ${name(link)}`);
  }
  for (const element of all("*")) {
    for (const { name: attribute } of element.attributes) {
      if (attribute.startsWith("on") || attribute === "style" || attribute === "src") owed.push(`${attribute}: ${name(element)}`);
    }
  }
  return owed.slice(0, 20);
})()
"""


class Check:
    """Collects what is wrong, so that one run tells all of it."""

    def __init__(self, times=False):
        self.wrong = []
        self.times = times

    def that(self, holds, what):
        """One thing that must hold."""
        if not holds:
            self.wrong.append(what)
            print(f"WRONG: {what}")

    def within(self, taken, most, what):
        """A time, which other work on the machine lengthens: told, and held only where times are what is asked for."""
        if self.times:
            self.that(taken <= most, f"{what} {taken:.0f} ms, {most} are allowed")
        elif taken > most:
            print(f"slow: {what} {taken:.0f} ms, {most} are the aim; make bench holds it")

    def quiet(self, browser, address, what):
        """Nothing went wrong in the page and nothing but it was asked for."""
        self.that(browser.complaints() == [], f"{what}: {browser.complaints()[:3]}")
        self.that(set(browser.requests()) == {address}, f"{what}: asked for {sorted(set(browser.requests()))[:5]}")


def render(keyroll, report, to):
    """Makes the page of a report and returns its address."""
    run = subprocess.run([keyroll, "report", report, "-q", "-f", f"html={to}"], capture_output=True, text=True, check=False)
    if not to.exists():
        sys.exit(f"keyroll report wrote no page: {run.stderr}")
    return to.as_uri()


def choose(browser, form, **values):
    """Sets fields of a form as a reader would and returns what it says is shown."""
    for key, value in values.items():
        browser.run(f"""(() => {{
            const field = document.querySelector('form[data-list={form}]').elements[{json.dumps(key)}];
            if (field.type === 'checkbox') field.checked = {json.dumps(bool(value))}; else field.value = {json.dumps(value)};
        }})()""")
    took = browser.run(f"""(async () => {{
        const form = document.querySelector('form[data-list={form}]');
        const started = performance.now();
        form.requestSubmit();
        await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
        return performance.now() - started;
    }})()""")
    said = browser.run(f"document.querySelector('form[data-list={form}] output').textContent")
    return int(re.sub(r"\D.*", "", said.replace(",", ""))), took


def golden(check, browser, address, report):
    """Hostile names, what the page owes, contrast, links, keyboard, print."""
    for scheme in ("light", "dark"):
        browser.media(prefers_color_scheme=scheme)
        browser.size(1360, 900)
        browser.open(address)
        browser.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        browser.settle()
        check.quiet(browser, address, f"golden, {scheme}")
        contrast = browser.run(CONTRAST)
        check.that(contrast["seen"] > 200, f"contrast of {contrast['seen']} texts only")
        check.that(contrast["bad"] == [], f"contrast, {scheme}: {contrast['bad']}")
    check.that(browser.run(OWED) == [], f"owed: {browser.run(OWED)}")
    check.that(browser.run("document.scripts.length") == 1, "scripts beside ours")
    check.that(browser.run("document.images.length") == 0, "an image")
    text = browser.run("document.body.textContent")
    check.that("<script>alert(1)</script>" in text, "a hostile name is shown as it is")
    check.that(not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", text), "a character that acts")
    rows = browser.run("document.querySelectorAll('.inventory tbody tr').length")
    check.that(rows == len(report["identities"]), f"{rows} rows")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in tree]
    check.that(roles.count("row") >= rows, f"rows for a screen reader: {roles.count('row')}")
    check.that(roles.count("rowheader") >= rows and roles.count("columnheader") >= 11, "headers for a screen reader")

    browser.open(address)
    key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
    for _ in range(3):
        browser.call("Input.dispatchKeyEvent", type="keyDown", **key)
        browser.call("Input.dispatchKeyEvent", type="keyUp", **key)
        browser.settle()
        outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
        check.that(outline not in (None, "none"), "focus is seen")
    first = browser.run("document.querySelector('.inventory tbody a').hash")
    browser.run("document.querySelector('.inventory tbody a').click()")
    browser.settle()
    opened = browser.run(f"document.querySelector('{first}').closest('details').open")
    check.that(opened, "a link opens what it leads to")
    choose(browser, "identities", q="no identity has this name")
    time.sleep(0.3)
    browser.run("location.hash = ''; document.querySelector('.tasks a').click()")
    browser.settle()
    check.that(browser.run("document.querySelectorAll('details.finding[open]').length") == 1, "a task opens its finding")

    browser.media("print")
    browser.settle()
    shown = browser.run("""[".sections", ".filter", ".paper", ".card.p > div"].map((part) => {
        const element = document.querySelector(part);
        return element ? element.checkVisibility({ contentVisibilityAuto: false }) : null; })""")
    check.that(not shown[0] and not shown[1], "print leaves out what paper cannot do")
    pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    check.that(len(pdf) > 20_000, f"print: {len(pdf)} bytes")
    browser.media("", prefers_reduced_motion="reduce")
    check.that(browser.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto", "motion is reduced")
    browser.media("")


def several(check, browser, keyroll, report, top):
    """Of several repositories, both lists can be cut to one of them."""
    roots = [{"path": label, "kind": "repository", "top": label, "label": label, "remote": f"acme/{label}"}
             for label in ("config", "services")]
    (top / "several.json").write_text(json.dumps({**report, "coverage": {**report["coverage"], "roots": roots}}),
                                      encoding="utf-8")
    browser.open(render(keyroll, top / "several.json", top / "several.html"))
    for form, entries in (("identities", ".inventory tbody tr"), ("findings", ".finding")):
        total = browser.run(f"document.querySelectorAll('{entries}').length")
        for number, root in enumerate(roots):
            want = browser.run(f"""[...document.querySelectorAll('{entries}')].filter(entry =>
                (entry.dataset.r || '').split(' ').includes('{number}')).length""")
            shown, _ = choose(browser, form, repository=str(number))
            left = browser.run(f"document.querySelectorAll('{entries}:not(.off)').length")
            check.that((0 < want < total or number) and shown == want == left, f"{form} of {root['remote']}: {shown}, {left}, not {want}")
        choose(browser, form, repository="")
    choose(browser, "identities", q="no identity has this name")
    time.sleep(0.3)
    browser.run("location.hash = '#i1'")
    time.sleep(1.5)
    seen = browser.run("document.querySelector('#i1').checkVisibility({ contentVisibilityAuto: true })")
    check.that(seen, "a link to what a filter hides shows it")


def without_script(check, browser, address, report):
    """Everything is there, and nothing that would do nothing."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    check.that(browser.run("[...document.forms].every(form => form.hidden)"), "fields without a script to answer them")
    text = browser.run("document.body.textContent")
    titles = [finding["title"] for finding in report["findings"] if finding["title"].isprintable()]
    missing = [title for title in titles if title not in text]
    check.that(missing == [], f"not readable without the script: {missing[:3]}")


def narrow(check, browser, address):
    """No line is wider than a phone."""
    browser.size(360, 780)
    browser.open(address)
    browser.run("[...document.querySelectorAll('details')].slice(0, 40).forEach(part => { part.open = true; })")
    browser.settle()
    wide = browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    check.that(wide <= 0, f"{wide} pixels wider than a phone")
    browser.size(1360, 900)


def large(check, browser, page, address, report):
    """Sizes, times, and that what is shown is what the report says."""
    size = page.stat().st_size / 1e6
    check.that(size <= MEGABYTES, f"{size:.1f} MB")
    loads, paints = [], []
    for _ in range(3):
        loads.append(browser.open(address))
        browser.settle()
        paints.append(browser.run("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    check.quiet(browser, address, "5,000 identities")
    check.within(min(paints), PAINT, "first paint after")
    time.sleep(2)
    identities, findings = report["identities"], report["findings"]
    aws = sum(1 for one in identities if one["provider"] == "aws")
    static = sum(1 for one in identities if "static" in one["auth"])
    real = sum(1 for one in identities if not one.get("sample"))
    critical = sum(1 for one in findings if one["severity"] == "critical")
    confirmed = sum(1 for one in findings if one["confidence"] == "confirmed")
    nothing = {"q": "", "provider": "", "auth": "", "real": False}
    for values, want in (
        ({"provider": "aws"}, aws), ({"auth": "static"}, static), ({"real": True}, real),
        ({"q": "no such name"}, 0), ({"q": f"{identities[0]['name']} "}, 1), ({}, len(identities)),
    ):
        shown, _ = choose(browser, "identities", **{**nothing, **values})
        rows = browser.run("document.querySelectorAll('.inventory tbody tr:not(.off)').length")
        check.that(shown == want == rows, f"identities {values}: said {shown}, shown {rows}, in the report {want}")
    time.sleep(0.3)
    off = browser.run("document.querySelectorAll('.card.off').length")
    check.that(off == 0, f"{off} identities stay hidden after the search is cleared")
    for values, want in (
        ({"severity": "critical"}, critical), ({"confidence": "confirmed", "severity": ""}, confirmed),
        ({"confidence": ""}, len(findings)),
    ):
        shown, _ = choose(browser, "findings", **values)
        check.that(shown == want, f"findings {values}: {shown}, in the report {want}")
    times = []
    for words in ("deploy", "", "eu", "", "backup", "", "sync", "", "report", ""):
        times.append(choose(browser, "identities", q=words)[1])
        time.sleep(0.4)
    check.within(min(times), FILTER, "a filter takes")
    sorts = []
    for column, order in ((9, -1), (9, 1), (0, 1)):
        sorts.append(browser.run(f"""(async () => {{
            const started = performance.now();
            document.querySelectorAll('.inventory thead button')[{column}].click();
            await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
            return performance.now() - started;
        }})()"""))
        if column == 9:
            scores = browser.run("""[...document.querySelectorAll('.inventory tbody tr')].map((row) => {
                const score = row.children[9].querySelector('b'); return score && Number(score.textContent); })""")
            known = [score for score in scores if score is not None]
            ordered = all((a - b) * order <= 0 for a, b in zip(known, known[1:]))
            check.that(ordered and len(known) == real, f"sorted by score, {order}")
            check.that(None not in scores[:real], f"sorted by score, {order}: what has none comes last")
    check.within(min(sorts), SORT, "a sort takes")
    print(f"5,000 identities: {size:.1f} MB, first paint {min(paints):.0f} ms, loaded {min(loads):.1f} s, "
          f"filter {min(times):.0f}–{max(times):.0f} ms, sort {min(sorts):.0f}–{max(sorts):.0f} ms")


def shots(browser, address, name, to):
    """Pictures to look at."""
    to.mkdir(parents=True, exist_ok=True)
    for scheme, width in (("light", 1360), ("dark", 1360), ("light", 360)):
        browser.size(width, 900)
        browser.media(prefers_color_scheme=scheme)
        browser.open(address)
        for part in ("main", "#risks", "#identities", "#findings", "#cards", "#reuse", "#timeline", "#coverage"):
            browser.run(f"document.querySelector('{part}').scrollIntoView({{behavior: 'instant'}})")
            browser.settle()
            data = browser.call("Page.captureScreenshot", format="png")["data"]
            (to / f"{name}-{scheme}-{width}-{part.strip('#')}.png").write_bytes(base64.b64decode(data))


def main():
    parser = argparse.ArgumentParser(description="Checks pages of -f html in a Chromium.")
    parser.add_argument("--has-chromium", action="store_true", help="only say whether there is a Chromium")
    parser.add_argument("--shots", type=pathlib.Path, help="write pictures into this directory, too")
    parser.add_argument("--times", action="store_true", help="fail when the page is slow, too")
    parser.add_argument("keyroll", nargs="?", help="the binary")
    arguments = parser.parse_args()
    binary = chromium.find()
    if arguments.has_chromium or binary is None:
        return 0 if binary else 1

    check = Check(arguments.times)
    with tempfile.TemporaryDirectory() as top, chromium.Chromium(binary) as browser:
        top = pathlib.Path(top)
        source = ROOT / "tests/fixtures/report/golden.json"
        report = json.loads(source.read_text(encoding="utf-8"))
        address = render(arguments.keyroll, source, top / "golden.html")
        golden(check, browser, address, report)
        without_script(check, browser, address, report)
        several(check, browser, arguments.keyroll, report, top)
        narrow(check, browser, address)
        big = big_report.report(IDENTITIES)
        (top / "big.json").write_text(json.dumps(big), encoding="utf-8")
        large_address = render(arguments.keyroll, top / "big.json", top / "big.html")
        large(check, browser, top / "big.html", large_address, big)
        narrow(check, browser, large_address)
        if arguments.shots:
            shots(browser, address, "golden", arguments.shots)
            shots(browser, large_address, "big", arguments.shots)
    print("html: " + (f"{len(check.wrong)} things are wrong" if check.wrong else "the pages hold what they promise"))
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
