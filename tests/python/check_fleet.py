#!/usr/bin/env python3
"""Runs the queries of docs/fleet.md with DuckDB over a small fleet and compares what they answer with the page.

    VENV/bin/python tests/python/check_fleet.py KEYROLL [--update]

Makes repositories and an export, scans them with deploy/run-local.sh, and runs each ```sql block of the page; the ```text
block after it has to be the answer. --update rewrites those. Without DuckDB it says so and exits 0.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

try:
    import duckdb
except ImportError:
    duckdb = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "fleet.md"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def text(seed, length):
    """Letters and digits that a seed gives, the same everywhere."""
    out, state = [], seed * 2654435761 % 2**32
    for _ in range(length):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(BASE62[(state >> 16) % 62])
    return "".join(out)


def token(seed):
    """A GitHub token with its checksum: CRC-32 of 30 characters in base 62."""
    body, checksum, tail = text(seed, 30), 0, ""
    checksum = zlib.crc32(body.encode())
    while checksum:
        checksum, digit = divmod(checksum, 62)
        tail = BASE62[digit] + tail
    return "ghp_" + body + tail.rjust(6, "0")


def access_key_id():
    """An access key id of account 123456789012: the account in the bits that AWS puts it into, and the rest made up."""
    head = (1 << 47 | 123456789012 << 7 | 3).to_bytes(6, "big")
    return "AKIA" + base64.b32encode(head).decode().rstrip("=") + "K3XQ5T"


def workflow(action, static):
    """A workflow that deploys, by a stored key or by a role."""
    login = (
        "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"
        "          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n"
        if static
        else "          role-to-assume: arn:aws:iam::123456789012:role/deploy\n"
    )
    return (
        "on: push\npermissions:\n  id-token: write\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          aws-region: eu-west-1\n" + login +
        f"      - uses: {action}\n        env:\n          TOKEN: ${{{{ secrets.DEPLOY_TOKEN }}}}\n"
    )


def make(fleet):
    """The repositories, as paths."""
    key = access_key_id()
    secret = text(77, 40)
    files = {
        "shop": {
            "config/app.env": f"GITHUB_TOKEN={token(1)}\n",
            ".github/workflows/deploy.yml": workflow("acme-tools/release@v2", True),
        },
        "billing": {
            "src/settings.env": f"GITHUB_TOKEN={token(1)}\nAWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={secret}\n",
            ".github/workflows/deploy.yml": workflow("acme-tools/release@v2", True),
        },
        "search": {
            "run.env": f"GITHUB_TOKEN={token(1)}\nOTHER_TOKEN={token(2)}\n",
            ".github/workflows/deploy.yml": workflow("some-one/upload@main", False),
        },
        "accounts": {
            "keys.json": json.dumps({"AccessKeyMetadata": [
                {"UserName": "ci-deploy", "AccessKeyId": key, "Status": "Active", "CreateDate": "2024-02-01T00:00:00Z"}
            ]}),
        },
    }
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        quiet |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.org", f"GIT_{who}_DATE": "2026-01-01T00:00:00Z"}
    for name, contents in files.items():
        for path, body in contents.items():
            file = fleet / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
        git = ["git", "-C", str(fleet / name)]
        for command in (["init", "-q"], ["remote", "add", "origin", f"https://github.com/acme/{name}.git"],
                        ["add", "."], ["commit", "-q", "-m", "all"]):
            subprocess.run(git + command, check=True, env=quiet)
    return [fleet / name for name in files]


def shown(relation):
    """An answer as a plain table."""
    rows = [[str(name) for name in relation.columns]]
    rows += [["" if cell is None else ", ".join(map(str, cell)) if isinstance(cell, list) else str(cell) for cell in row]
             for row in relation.fetchall()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Runs the queries of docs/fleet.md.")
    parser.add_argument("keyroll", help="the program")
    parser.add_argument("--update", action="store_true", help="rewrite the answers of the page")
    arguments = parser.parse_args()
    if duckdb is None:
        print("skipped: the queries of docs/fleet.md (pip install duckdb)")
        return 0
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        (work / "key").write_text("a key for the fleet of the documentation", encoding="utf-8")
        listed = "".join(f"{path}\n" for path in make(work / "repositories"))
        (work / "list.txt").write_text(listed, encoding="utf-8")
        environment = {**os.environ, "KEYROLL": os.path.abspath(arguments.keyroll), "KEY_FILE": str(work / "key"),
                       "AS_OF": "2026-06-30"}
        run = subprocess.run(["sh", str(ROOT / "deploy" / "run-local.sh"), str(work / "list.txt"), "2", str(work)],
                             env=environment, cwd=work, stdout=subprocess.DEVNULL, check=False)
        if run.returncode not in (1, 3):
            print(f"deploy/run-local.sh: exit {run.returncode}")
            return 1
        os.chdir(work)
        database = duckdb.connect()
        failed, answers, empty = False, 0, 0

        def answer(found):
            nonlocal failed, answers, empty
            query, want = found.group(1), found.group(2)
            got = shown(database.sql(query))
            answers += 1
            empty += got.count("\n") < 2
            if got != want and not arguments.update:
                print(f"docs/fleet.md, query {answers}:\n{query}\nsays\n{got}\nand not\n{want}")
                failed = True
            return f"```sql\n{query}```\n\n```text\n{got}```"

        setup = re.search(r"```sql\n(CREATE VIEW.*?)```", page, re.S)
        database.execute(setup.group(1))
        head, tail = page[:setup.end()], page[setup.end():]
        tail = re.sub(r"```sql\n(.*?)```\n\n```text\n(.*?)```", answer, tail, flags=re.S)
        flat = database.sql("SELECT environment, avg(score) FROM read_csv('identities.csv') GROUP BY 1").fetchall()
    if answers != 5 or empty or not flat:
        print(f"{answers} queries, {empty} of them without an answer; five with one are wanted")
        failed = True
    if arguments.update:
        PAGE.write_text(head + tail, encoding="utf-8")
    print(f"docs/fleet.md: {answers} queries, {'differences' if failed else 'as the page says'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
