#!/usr/bin/env python3
"""Writes a made-up `aws iam get-account-authorization-details` export of a given size.

    python3 tests/python/large_iam.py OUT.json MEBIBYTES [ACCOUNT]

For measuring how keyroll reads long exports. 256 MiB is about what an account at AWS's quotas gives: 5,000 roles with
10 KiB of inline policies each and 1,500 policies of 6 KiB in five versions. Every run with the same arguments writes the
same bytes.
"""

import json
import random
import sys

SERVICES = ["s3", "ec2", "dynamodb", "sqs", "sns", "lambda", "logs", "kms", "ssm", "ecr", "ecs", "rds"]
VERBS = ["Get", "List", "Describe", "Put", "Create", "Delete", "Update", "Tag"]


def statement(rng: random.Random, account: str) -> dict:
    service = rng.choice(SERVICES)
    actions = sorted({f"{service}:{rng.choice(VERBS)}Thing{rng.randrange(40)}" for _ in range(rng.randrange(2, 12))})
    resources = [f"arn:aws:{service}:eu-west-1:{account}:thing/{rng.randrange(10**6)}/*" for _ in range(rng.randrange(1, 5))]
    return {"Sid": f"S{rng.randrange(10**6)}", "Effect": "Allow", "Action": actions, "Resource": resources}


def document(rng: random.Random, account: str, size: int) -> dict:
    """A policy of about so many characters, white space not counted."""
    statements = []
    while size > 0:
        statements.append(statement(rng, account))
        size -= len(json.dumps(statements[-1], separators=(",", ":")))
    return {"Version": "2012-10-17", "Statement": statements}


def role(rng: random.Random, account: str, n: int) -> dict:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    if n % 7 == 0:
        trust["Principal"] = {"AWS": f"arn:aws:iam::{account}:role/app-{n // 2}"}
    policy = {"PolicyName": "inline", "PolicyDocument": document(rng, account, 9500)}
    return {
        "Path": "/",
        "RoleName": f"app-{n}",
        "RoleId": f"AROAEXAMPLE{account}{n:06}",
        "Arn": f"arn:aws:iam::{account}:role/app-{n}",
        "CreateDate": f"202{n % 6}-0{n % 9 + 1}-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "InstanceProfileList": [],
        "RolePolicyList": [policy],
        "AttachedManagedPolicies": [
            {"PolicyName": f"p-{n % 500}", "PolicyArn": f"arn:aws:iam::{account}:policy/p-{n % 500}"}
        ],
        "Tags": [{"Key": "team", "Value": f"team-{n % 40}"}],
        "RoleLastUsed": {"LastUsedDate": f"2026-0{n % 9 + 1}-11T00:00:00+00:00", "Region": "eu-west-1"},
    }


def managed(rng: random.Random, account: str, n: int) -> dict:
    versions = [
        {"Document": document(rng, account, 5800), "VersionId": f"v{v}", "IsDefaultVersion": v == 1} for v in range(1, 6)
    ]
    return {
        "PolicyName": f"p-{n}",
        "Arn": f"arn:aws:iam::{account}:policy/p-{n}",
        "DefaultVersionId": "v1",
        "PolicyVersionList": versions,
    }


def main() -> None:
    path, size = sys.argv[1], int(sys.argv[2]) << 20
    account = sys.argv[3] if len(sys.argv) > 3 else "123456789012"
    rng = random.Random(account)
    with open(path, "w", encoding="utf-8") as out:
        out.write('{\n    "UserDetailList": [],\n    "GroupDetailList": [],\n    "Policies": [\n')
        n = 0
        while out.tell() < size * 4 // 10:
            out.write(("" if n == 0 else ",\n") + json.dumps(managed(rng, account, n), indent=4))
            n += 1
        out.write('\n    ],\n    "RoleDetailList": [\n')
        n = 0
        while out.tell() < size:
            out.write(("" if n == 0 else ",\n") + json.dumps(role(rng, account, n), indent=4))
            n += 1
        out.write("\n    ]\n}\n")


if __name__ == "__main__":
    main()
