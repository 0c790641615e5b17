#!/usr/bin/env python3
"""Runs the hooks of .pre-commit-hooks.yaml under the real pre-commit, on repositories made for it.

    tests/python/pre_commit_hooks.py target/debug/keyroll

pre-commit would build keyroll from its source; here the hooks run the binary that is there already, everything else as the
manifest says. Needs pre-commit beside this Python and git on PATH; uses no network and nothing of the user's.
"""

import os
import pathlib
import random
import string
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def token(seed):
    """A token of the form that GitHub gives its own, checksum and all, and that nobody was ever given."""
    chance = random.Random(seed)
    text = "".join(chance.choice(ALPHABET) for _ in range(30))
    number, check = zlib.crc32(text.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        check = ALPHABET[digit] + check
    return "ghp" + "_" + text + check.rjust(6, "0")


class Story:
    """A repository that uses the hooks, and one to push to."""

    def __init__(self, top, binary):
        self.top = top
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT", "KEYROLL"))},
            "PRE_COMMIT_HOME": str(top / "cache"),
            "HOME": str(top),
            "GIT_CONFIG_GLOBAL": str(top / "gitconfig"),
            "GIT_CONFIG_SYSTEM": os.devnull,
            "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        (top / "gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
        manifest = (ROOT / ".pre-commit-hooks.yaml").read_text()
        self.run(top, "pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
        hooks = top / "hooks"
        hooks.mkdir()
        local = manifest.replace("language: rust", "language: system").replace("entry: keyroll", f"entry: {binary}")
        (hooks / ".pre-commit-hooks.yaml").write_text(local)
        self.run(hooks, "git", "init", "-q")
        self.run(hooks, "git", "add", ".")
        self.run(hooks, "git", "commit", "-q", "-m", "hooks")
        revision = self.run(hooks, "git", "rev-parse", "HEAD").stdout.strip()
        ids = [line.split()[-1] for line in manifest.splitlines() if line.startswith("- id:")]
        self.work = top / "work"
        self.run(top, "git", "init", "-q", "--bare", "server.git")
        self.run(top, "git", "init", "-q", "work")
        self.run(self.work, "git", "remote", "add", "origin", "../server.git")
        listed = "".join(f"      - id: {name}\n" for name in ids)
        (self.work / ".pre-commit-config.yaml").write_text(
            f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n{listed}"
        )
        self.run(self.work, "git", "add", ".")
        self.run(self.work, "git", "commit", "-q", "-m", "config")
        for kind in ("pre-commit", "commit-msg", "pre-push"):
            self.run(self.work, "pre-commit", "install", "--hook-type", kind)

    def run(self, where, *command, fine=True, says=()):
        """Runs a command, and holds it to how it should end and what it should say."""
        done = subprocess.run(
            command, cwd=where, env=self.environment, capture_output=True, text=True, check=False, timeout=300,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        text = done.stdout + done.stderr
        if (done.returncode == 0) != fine or any(part not in text for part in says):
            sys.exit(f"{' '.join(command)}: ended with {done.returncode}, wanted {'0' if fine else 'a failure'} "
                     f"and {list(says)}:\n{text}")  # fmt: skip
        if any(token(seed) in text for seed in range(10)):
            sys.exit(f"{' '.join(command)}: shows a whole value:\n{text}")
        return done

    def put(self, name, text):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        story = Story(pathlib.Path(scratch).resolve(), binary)
        git = lambda *args, **wanted: story.run(story.work, "git", *args, **wanted)  # noqa: E731
        # What is staged, and not what lies there.
        story.put("a dir/conf.py", f"token = '{token(1)}'\n")
        git("add", ".")
        git("commit", "-q", "-m", "x", fine=False, says=["a dir/conf.py:1:", "github-pat-classic", "fix:", "accept:"])
        story.put("a dir/conf.py", "token = load()\n")
        git("commit", "-q", "-m", "x", fine=False, says=["a dir/conf.py:1:"])
        git("add", ".")
        git("commit", "-q", "-m", "x", says=["Passed"])
        # An index of the commit's own.
        story.put("a dir/conf.py", f"token = '{token(2)}'\n")
        git("commit", "-q", "-a", "-m", "x", fine=False, says=["a dir/conf.py:1:"])
        # The message.
        git("checkout", "-q", ".")
        git("commit", "-q", "--allow-empty", "-m", f"use {token(3)}", fine=False, says=["(commit message):1:"])
        git("push", "-q", "origin", "main")
        # A push brings what was committed around the hooks, of a branch that is there and of a new one.
        story.put("late.py", f"token = '{token(4)}'\n")
        git("add", ".")
        git("commit", "-q", "--no-verify", "-m", "x")
        git("push", "-q", "origin", "main", fine=False, says=["late.py:1:"])
        git("push", "-q", "origin", "main:other", fine=False, says=["late.py:1:"])
        # All files as they lie there.
        story.run(story.work, "pre-commit", "run", "--all-files", fine=False, says=["late.py:1:"])
        git("rm", "-q", "late.py")
        git("commit", "-q", "-m", "x")
        story.run(story.work, "pre-commit", "run", "--all-files")
        git("push", "-q", "origin", "main", fine=False, says=["late.py:1:"])
        git("reset", "-q", "--hard", "HEAD~2")
        story.put("good.py", "x = 1\n")
        git("add", ".")
        git("commit", "-q", "-m", "x")
        git("push", "-q", "origin", "main")
    print("ok: pre-commit, commit-msg and pre-push hooks under pre-commit")


if __name__ == "__main__":
    main()
