#!/usr/bin/env python3
"""Runs the steps of action.yml as a runner of GitHub would, on a repository made for it.

    VENV/bin/python tests/python/check_action.py KEYROLL [--build]

Expressions of the action are filled in from its inputs' defaults and a runner's contexts; each step's script is run by
`bash --noprofile --norc -eo pipefail`, which is what `shell: bash` means
(https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell). The step that builds
keyroll takes minutes, so KEYROLL stands in for what it installs unless --build is given.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from check_fleet import token

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(repository, *args):
    """One git command that no configuration of this machine changes; its output."""
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.com", f"GIT_{who}_DATE": "2025-03-01T10:00:00Z"}
    done = subprocess.run(["git", *args], cwd=repository, env=os.environ | own, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(repository, name, text):
    """Commits a file; the id of the commit."""
    (repository / name).write_text(text)
    git(repository, "add", name)
    git(repository, "commit", "-q", "-m", f"change {name}")
    return git(repository, "rev-parse", "HEAD")


def filled(value, contexts):
    """A value of the action with its expressions replaced; one that is not known is an error of the action."""

    def known(match):
        name = match.group(1).strip()
        if name not in contexts:
            sys.exit(f"error: action.yml reads {name}, which no context of a composite action has")
        return contexts[name]

    return re.sub(r"\$\{\{(.*?)\}\}", known, value)


def run(action, work, binary, given, event, sha):
    """Runs the steps on a push; exit code of the last, its outputs, its messages and the summary."""
    runner = work / "runner"
    (runner / "keyroll" / "bin").mkdir(parents=True, exist_ok=True)
    if binary:
        shutil.copy(binary, runner / "keyroll" / "bin" / "keyroll")
    contexts = {"github.action_path": str(ROOT), "runner.temp": str(runner)}
    contexts |= {f"inputs.{name}": given.get(name, spec.get("default", "")) for name, spec in action["inputs"].items()}
    files = {name: work / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
    for path in files.values():
        path.write_text("")
    files["GITHUB_EVENT_PATH"].write_text(json.dumps(event))
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI"))}
    outer |= {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": sha, "GITHUB_REF_TYPE": "branch"}
    outer |= {name: str(path) for name, path in files.items()}
    done = None
    for step in action["runs"]["steps"]:
        if step["id"] == "build" and binary:
            continue
        assert step["shell"] == "bash", step["id"]
        env = outer | {name: filled(value, contexts) for name, value in step.get("env", {}).items()}
        # What stands in the script itself could be made to run by who controls the value.
        assert "${{" not in step["run"], step["id"]
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=work / "repository", env=env, capture_output=True, text=True)
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    for name, spec in action["outputs"].items():
        contexts |= {f"steps.scan.outputs.{name}": outputs.get(name, "")}
        outputs[name] = filled(spec["value"], contexts)
    return done.returncode, outputs, done.stdout + done.stderr, files["GITHUB_STEP_SUMMARY"].read_text()


def expect(holds, what, told=""):
    """Ends the check where something does not hold."""
    if not holds:
        sys.exit(f"error: {what}\n{told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("keyroll")
    parser.add_argument("--build", action="store_true", help="run the step that builds, too")
    args = parser.parse_args()
    binary = None if args.build else pathlib.Path(args.keyroll).resolve()
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    with tempfile.TemporaryDirectory() as temp:
        work = pathlib.Path(temp)
        repository = work / "repository"
        repository.mkdir()
        git(repository, "init", "-q", "-b", "main")
        first = commit(repository, "README.md", "Nothing here.\n")
        second = commit(repository, "main.py", "print('hello')\n")
        secret = token(11)
        third = commit(repository, "deploy.sh", f"export GITHUB_TOKEN={secret}\n")

        git(repository, "checkout", "-q", second)
        code, outputs, told, summary = run(action, work, binary, {}, {"before": first, "after": second}, second)
        expect(code == 0, "a change that adds nothing failed", told)
        expect(outputs["sarif"] == "keyroll.sarif", f"the output sarif is {outputs.get('sarif')!r}")
        expect(json.loads((repository / "keyroll.sarif").read_text())["version"] == "2.1.0", "no SARIF was written")

        git(repository, "checkout", "-q", third)
        event = {"before": second, "after": third}
        code, outputs, told, summary = run(action, work, binary, {}, event, third)
        expect(code == 1, f"a change that adds a token ended with {code}", told)
        results = json.loads((repository / "keyroll.sarif").read_text())["runs"][0]["results"]
        expect([r["ruleId"] for r in results if "github" in r["ruleId"]], "SARIF does not tell the token", str(results))
        expect("::error" in told and "deploy.sh" in told, "no annotation was made", told)
        expect("deploy.sh" in summary, "the summary of the job does not tell the file", summary)
        expect(secret not in told + summary + json.dumps(results), "the token was told", "")

        # What an input says reaches the command as one word, whatever it holds.
        strange = 'out dir/$(touch pwned) "quoted".sarif'
        (repository / "out dir").mkdir()
        code, outputs, told, _ = run(action, work, binary, {"sarif": strange, "fail-on": "critical"}, event, third)
        expect(outputs["sarif"] == strange and not (repository / "pwned").exists(), "an input was run", told)
        expect((repository / strange).exists(), "SARIF was not written where the input says", told)
        code, outputs, told, _ = run(action, work, binary, {"sarif": "", "no-new-suppressions": "true"}, event, third)
        expect(code == 1 and outputs["sarif"] == "", f"without SARIF it ended with {code}", told)
    print(f"ok: action.yml{' builds keyroll,' if args.build else ''} lets a clean change pass and stops one with a token")


if __name__ == "__main__":
    main()
