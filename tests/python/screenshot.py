#!/usr/bin/env python3
"""Writes the picture of the HTML report that README shows.

    tests/python/screenshot.py KEYROLL DEMO TO.png

DEMO is the demonstration, as `DEMO=DIR cargo test --test readme demo` leaves it. The window is 1200 by 800 in the light scheme, as
the page opens. A picture over 200 kB is an error: README is read over slow lines, too. Needs a Chromium (see chromium.py).
"""

import base64
import pathlib
import subprocess
import sys
import tempfile

import chromium

BYTES = 200_000
# The day that README measures ages against.
DAY = "2026-01-31"


def main():
    keyroll, demo, to = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    binary = chromium.find()
    if binary is None:
        sys.exit("screenshot: no chromium; a package of that name or CHROMIUM=path")
    with tempfile.TemporaryDirectory() as top, chromium.Chromium(binary) as browser:
        page = pathlib.Path(top) / "report.html"
        command = [keyroll, "scan", ".", "exports", "--as-of", DAY, "--exit-zero", "-q", "-f", f"html={page}"]
        subprocess.run(command, cwd=demo, check=True, stdout=subprocess.DEVNULL)
        browser.size(1200, 800)
        browser.media(prefers_color_scheme="light")
        browser.open(page.as_uri())
        browser.settle()
        data = base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"])
    if len(data) > BYTES:
        sys.exit(f"screenshot: {len(data)} bytes are more than {BYTES}")
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(data)
    print(f"{to}: {len(data)} bytes")


if __name__ == "__main__":
    main()
