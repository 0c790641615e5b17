#!/usr/bin/env python3
"""Scores keyroll, and the scanners on PATH, on labelled texts, with the runners that lie beside those: one table a set.

    make accuracy                                       builds the release binary, then runs this
    benches/accuracy.py --keyroll target/release/keyroll --corpus DIR --work DIR [--slow]

DIR holds run_lines.py and run_examples.py with their sets. keyroll runs from each confidence. What it scores on texts that its ranker
was trained on says little: `src/detect/generic/train.py` prints the figures of five folds, and those count. Peers run without live
checks; one that is absent is skipped, and CredSweeper and detect-secrets, which take minutes, run with --slow only.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

# A set, the runner that scores it, and what the runner calls it.
SETS = [
    ("labelled lines (trained on)", "run_lines.py", "labelled_lines_dev.jsonl"),
    ("labelled lines, ordinary words for values (trained on)", "run_lines.py", "labelled_lines_wordlike_dev.jsonl"),
    ("examples of other scanners (trained on)", "run_examples.py", "peer_examples_dev.jsonl"),
]
KEYROLL = "{keyroll} scan {{tree}} --no-config --no-history --no-gitignore --exit-zero --confidence {level} -q -f json={{out}} >{null}"
# Peers that write SARIF, which is what the runner of lines reads.
LINES = {
    "gitleaks": "gitleaks dir {tree} -f sarif -r {out} --no-banner -l error",
    "kingfisher": "kingfisher scan {tree} --no-validate --no-dedup --git-history none -f sarif -o {out} -q",
}
EXAMPLES, SLOW = ["gitleaks", "betterleaks", "kingfisher"], ["detect-secrets", "credsweeper"]


def is_here(name):
    """Whether a peer is on PATH, and is the one that it is called after: betterleaks installs itself as gitleaks, too."""
    if shutil.which(name) is None:
        return False
    if name != "gitleaks":
        return True
    said = subprocess.run([name, "version"], capture_output=True, text=True, check=False)
    return "8." in said.stdout + said.stderr and "betterleaks" not in (said.stdout + said.stderr).lower()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keyroll", required=True, type=pathlib.Path)
    parser.add_argument("--corpus", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--slow", action="store_true", help="run the peers that take minutes, too")
    args = parser.parse_args()
    peers = [name for name in EXAMPLES + (SLOW if args.slow else []) if is_here(name)]
    absent = [name for name in EXAMPLES if name not in peers]
    if absent:
        print(f"skipped: {', '.join(absent)} (not on PATH)")
    for title, runner, name in SETS:
        corpus = args.corpus.resolve() / name
        if not corpus.is_file():
            print(f"skipped: {name} is not there")
            continue
        work = args.work.resolve() / corpus.stem
        lines = runner == "run_lines.py"
        script = [sys.executable, str(args.corpus.resolve() / runner)]

        def run(step, *rest, quiet=True):
            at = ["--work", str(work)]
            command = [*script, step, *rest, *at] if lines else [*script, *at, step, *rest]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL if quiet else None)

        run("write", "--corpus", str(corpus))
        scored = []
        for level in ("low", "medium", "high"):
            command = KEYROLL.format(keyroll=args.keyroll.resolve(), level=level, null="/dev/null")
            run("exec", f"keyroll-{level}", command)
            scored.append(f"keyroll-{level}")
        for peer in peers:
            if lines and peer in LINES:
                run("exec", peer, LINES[peer])
            elif not lines:
                run("run", peer)
            else:
                continue
            scored.append(peer)
        print(f"\n{title}\n", flush=True)
        run("score", *scored, *(["--kinds", "--corpus", str(corpus)] if lines else []), quiet=False)


if __name__ == "__main__":
    main()
