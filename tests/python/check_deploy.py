#!/usr/bin/env python3
"""Runs deploy/kubernetes-job.yaml and deploy/github-fleet.yml as a cluster and a runner would, on a small fleet made for it.

    VENV/bin/python tests/python/check_deploy.py KEYROLL

The Job's container is run once for each completion index, with its own command, environment and mounts: every path of a mount is
a directory here, ConfigMap and Secret hold what the `kubectl create` lines of the manifest put into them, and nothing else
of this machine is named to it. The workflow's jobs are run for each value of its matrix, its `run` steps by bash as on a runner,
artifacts copied from job to job; `cargo install` is stood in for by the given program. Both must give the report that
deploy/run-local.sh gives, and a shard that runs again after it was stopped must change nothing.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import yaml

from check_action import expect, filled
from check_fleet import make

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KEY = "a key for the fleet of the documentation"
DAY = "2026-06-30"


def created(manifest):
    """What the `kubectl create` lines of the manifest's comment make: name to file name to source."""
    out = {}
    for line in re.findall(r"^#\s+kubectl create (.+)$", manifest, re.M):
        kind, name, *flags = [word for word in shlex.split(line) if word != "generic"]
        files = [flag.split("=", 1)[1] for flag in flags if flag.startswith("--from-file=")]
        out[f"{kind}/{name}"] = dict(file.split("=", 1) if "=" in file else (pathlib.Path(file).name, file) for file in files)
    return out


def pods(work, sources, path):
    """Runs the Job, one pod an index; the directory of the reports."""
    manifest = (DEPLOY / "kubernetes-job.yaml").read_text()
    job = yaml.safe_load(manifest)
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    expect((job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed"), "not an Indexed Job")
    expect(pod["restartPolicy"] in ("Never", "OnFailure"), "a Job takes no other restart policy")
    [container] = pod["containers"]
    made, volumes = created(manifest), {}
    for volume in pod["volumes"]:
        name, at = volume["name"], work / "volumes" / volume["name"]
        at.mkdir(parents=True)
        volumes[name] = at
        source = volume.get("configMap", {}).get("name"), volume.get("secret", {}).get("secretName")
        for kind, of in zip(("configmap", "secret"), source):
            if of:
                expect(f"{kind}/{of}" in made, f"the manifest does not say how {kind} {of} is made")
                for file, origin in made[f"{kind}/{of}"].items():
                    shutil.copy(ROOT / origin if (ROOT / origin).exists() else sources[origin], at / file)
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    read_only = [str(volumes[m["name"]]) for m in container["volumeMounts"] if m.get("readOnly")]

    def here(value):
        """A path of the container as one of this machine; one that no mount holds is an error of the manifest."""
        if not value.startswith("/") or value.startswith("/bin/"):
            return value
        found = [mount for mount in mounts if value == mount or value.startswith(mount + "/")]
        expect(found, f"no mount of the manifest holds {value}")
        return str(mounts[found[0]]) + value[len(found[0]):]

    before = {path: sorted(os.listdir(path)) for path in read_only}
    environment = {entry["name"]: here(entry["value"]) for entry in container["env"]}
    expect(environment["SHARDS"] == str(spec["completions"]), "SHARDS is not the number of completions")
    reports = volumes["reports"]

    def run(index):
        # With a read-only root, temporary files go to the mount at /tmp.
        env = environment | {"JOB_COMPLETION_INDEX": str(index), "PATH": path, "HOME": "/nonexistent", "TMPDIR": here("/tmp")}
        env |= {"AS_OF": DAY}
        done = subprocess.run([here(word) for word in container["command"]], env=env, cwd="/", capture_output=True, text=True)
        expect(done.returncode == 0, f"pod {index} ended with {done.returncode}", done.stderr)

    for index in range(spec["completions"]):
        run(index)
    whole = {file.name: file.read_bytes() for file in reports.iterdir()}
    # A pod that was evicted leaves a part of a report; the one in its place starts over.
    name = sorted(whole)[0]
    (reports / f"{name}.part").write_bytes(whole[name][:100])
    (reports / name).unlink()
    run(0)
    expect({file.name: file.read_bytes() for file in reports.iterdir()} == whole, "a shard that runs again changes something")
    expect({path: sorted(os.listdir(path)) for path in read_only} == before, "a pod wrote to a read-only mount")
    expect(not any(volumes["work"].iterdir()), "clones are left behind")
    return reports


def text(value):
    """A value of a workflow as its steps get it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def steps(job, work, runner, contexts, artifacts):
    """Runs the steps of a job in an empty directory; code of the first that fails, and its messages."""
    code, told = 0, ""
    for step in job["steps"]:
        if code and "always()" not in str(step.get("if", "")):
            continue
        if uses := step.get("uses", "").split("@")[0]:
            given = {name: filled(text(value), contexts) for name, value in step.get("with", {}).items()}
            if uses == "actions/checkout":
                shutil.copytree(runner["repository"], work, dirs_exist_ok=True)
            elif uses == "actions/upload-artifact":
                found = [file for line in given["path"].split() for file in sorted(work.glob(line))]
                expect(found or given.get("if-no-files-found") == "ignore", f"nothing to upload: {given['path']}")
                for file in found:
                    to = artifacts / given["name"] / file.name
                    to.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, to)
            elif uses == "actions/download-artifact":
                expect(given.get("merge-multiple") == "true", "artifacts would lie in a directory each")
                (work / given["path"]).mkdir()
                for file in sorted(artifacts.glob(f"{given['pattern']}/*")):
                    shutil.copy(file, work / given["path"])
            else:
                sys.exit(f"error: no stand-in for {uses}")
            continue
        expect("${{" not in step["run"], "a value in a script could be made to run")
        env = runner["env"] | {name: filled(text(value), contexts) for name, value in step.get("env", {}).items()}
        done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=work, env=env, capture_output=True, text=True)
        code, told = code or done.returncode, told + done.stdout + done.stderr
    return code, told


def matrix(work, listed, path):
    """Runs the workflow; the directory where its merge stands, and the summary."""
    flow = yaml.safe_load((DEPLOY / "github-fleet.yml").read_text())
    repository, summary, artifacts = work / "repository", work / "summary.md", work / "artifacts"
    for at in (repository / "deploy", repository / "fleet", artifacts):
        at.mkdir(parents=True)
    shutil.copy(DEPLOY / "shard.sh", repository / "deploy")
    (repository / "fleet" / "repositories.txt").write_text(listed)
    env = {"PATH": path, "HOME": str(work), "CI": "true", "GITHUB_STEP_SUMMARY": str(summary), "AS_OF": DAY}
    runner = {"repository": repository, "env": env}
    scan, merge = flow["jobs"]["scan"], flow["jobs"]["merge"]
    shards = scan["strategy"]["matrix"]["shard"]
    told = [step["env"]["SHARDS"] for step in scan["steps"] if "SHARDS" in step.get("env", {})]
    expect(told == [str(len(shards))] and shards == list(range(len(shards))), "SHARDS is not the size of the matrix")
    for shard in shards:
        at = work / f"shard-{shard}"
        at.mkdir()
        contexts = {"matrix.shard": str(shard), "secrets.KEYROLL_KEY": KEY}
        code, said = steps(scan, at, runner, contexts, artifacts)
        expect(code == 0, f"shard {shard} ended with {code}", said)
    at = work / "merge"
    at.mkdir()
    code, said = steps(merge, at, runner, {}, artifacts)
    expect(code == 0, f"the merge ended with {code}", said)
    return at, summary.read_text()


def main():
    parser = argparse.ArgumentParser(description="Runs the manifests of deploy/.")
    parser.add_argument("keyroll", help="the program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        programs = work / "bin"
        programs.mkdir()
        shutil.copy(arguments.keyroll, programs / "keyroll")
        (programs / "cargo").write_text("#!/bin/sh\n[ \"$1\" = install ] && command -v keyroll >/dev/null\n")
        (programs / "cargo").chmod(0o755)
        path = f"{programs}:/usr/bin:/bin"
        repositories = make(work / "repositories")
        # Some are there already, and some are cloned.
        listed = "# the fleet\n" + "".join(f"{'file://' if at % 2 else ''}{name}\n" for at, name in enumerate(repositories))
        sources = {"repositories.txt": work / "repositories.txt", "key": work / "key"}
        sources["repositories.txt"].write_text(listed)
        sources["key"].write_text(KEY)

        env = {"PATH": path, "HOME": str(work), "KEY_FILE": str(work / "key"), "AS_OF": DAY}
        local = ["sh", str(DEPLOY / "run-local.sh"), str(work / "repositories.txt"), "3", str(work / "local")]
        done = subprocess.run(local, env=env, cwd=work, capture_output=True, text=True)
        expect(done.returncode == 1, f"run-local.sh ended with {done.returncode}", done.stderr)
        want = json.loads((work / "local" / "fleet.json").read_text())
        expect(len(want["parts"]) == len(repositories), "not every repository is in the merge")

        reports = pods(work / "cluster", sources, path)
        to = work / "fleet.json"
        merge = ["keyroll", "report", *sorted(map(str, reports.glob("*.json"))), "-q", "--exit-zero", "-f", f"json={to}"]
        subprocess.run(merge, env={"PATH": path}, cwd=work, check=True, stdout=subprocess.DEVNULL)
        same(json.loads(to.read_text()), want, "the Job")

        merged, summary = matrix(work / "forge", listed, path)
        same(json.loads((merged / "fleet.json").read_text()), want, "the matrix")
        expect(summary.startswith("### keyroll: "), "no summary was written", summary)
        for name in ("fleet.jsonl", "identities.csv"):
            expect((work / "forge" / "artifacts" / "fleet" / name).stat().st_size > 0, f"{name} is missing")
    print("ok: deploy/ as Indexed Job, as matrix and on one machine gives one report")
    return 0


def same(got, want, what):
    """Compares two merges. Where a key came from is told by each, and clones lie in a directory of their own."""
    for part in (got, want):
        part["key_source"] = ""
        for coverage in [part["coverage"], *(one["coverage"] for one in part["parts"])]:
            for root in coverage["roots"]:
                root["path"] = pathlib.Path(root["path"]).name
            coverage["roots"].sort(key=str)
        for one in part["parts"]:
            one["digest"] = ""
        part["parts"].sort(key=str)
    for name in sorted(want.keys() | got.keys()):
        expect(got.get(name) == want.get(name), f"{what} gives another `{name}`", str(got.get(name))[:600])


if __name__ == "__main__":
    sys.exit(main())
