#!/usr/bin/env python3
"""Writes THIRD-PARTY.md: every package that is compiled into keyroll, with its licence, from `cargo metadata`.

    python3 tests/python/third_party.py            rewrites the file
    python3 tests/python/third_party.py --check    exits 1 if it is stale

Needs no package besides Python's own. Packages that only build or test keyroll are left out: nothing of them is shipped.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

HEAD = """# Third-party software

<!-- generated: make generate -->

keyroll is built from the packages below. What each one's authors ask for is in its own package, at the version that
`Cargo.lock` names; where a licence offers a choice (`OR`), keyroll takes MIT or Apache-2.0. The list is every package that a
binary for any platform may contain; those that only build or test keyroll are not in it.

## libgit2

The package `libgit2-sys` compiles the C library [libgit2](https://libgit2.org) into the binary. libgit2 is under the GNU
General Public License, version 2 only, **with a linking exception**: its authors give unlimited permission to link the
compiled library into combinations with other programs and to distribute those without any restriction that comes from the
use of libgit2. The licence applies to libgit2 itself: whoever changes libgit2 and distributes the result has to offer the
changed source of libgit2. keyroll does not change it; its source, with its `COPYING` and the licences of what it
includes in turn (zlib, PCRE, llhttp, xdiff and others), is the directory `libgit2/` of that package's source.

## Packages

| package | version | licence | source |
|---|---|---|---|
"""

# Licences of C libraries inside packages, which the packages' own field does not name.
INSIDE = {
    "libgit2-sys": "{} (bindings); GPL-2.0-only WITH GCC-exception-2.0 (libgit2 inside)",
    "libz-sys": "{} (bindings); Zlib (zlib inside)",
}


def metadata():
    """What Cargo knows of this package and all that it depends on, for every platform."""
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--locked", "--format-version", "1"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)


def shipped(data):
    """Ids of the packages reached from the root over dependencies that are neither for building nor for tests."""
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    macros = {
        package["id"]
        for package in data["packages"]
        if any("proc-macro" in target["kind"] for target in package["targets"])
    }
    seen, todo = set(), [data["resolve"]["root"]]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in seen | macros:
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    return seen


def page():
    data = metadata()
    inside = shipped(data)
    lines = []
    for package in sorted(data["packages"], key=lambda package: (package["name"], package["version"])):
        if package["id"] not in inside:
            continue
        name, version = package["name"], package["version"]
        licence = package["license"] or f"see its file {package['license_file']}"
        licence = INSIDE.get(name, "{}").format(licence.replace("/", " OR "))
        source = f"<{package['repository']}>" if package["repository"] else "not named"
        lines.append(f"| {name} | {version} | {licence} | {source} |\n")
    return HEAD + "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    path, new = ROOT / "THIRD-PARTY.md", page()
    if not check:
        path.write_text(new, encoding="utf-8", newline="\n")
        return 0
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old != new:
        print("THIRD-PARTY.md is stale: run `make generate` and commit it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
