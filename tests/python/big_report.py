#!/usr/bin/env python3
"""Writes a made-up report of many identities in the form of `-f json`, the same bytes every time.

    tests/python/big_report.py 5000 > big.json
    keyroll report big.json -f html=big.html

What it names exists nowhere. A few names are hostile, as names in scanned files can be.
"""

import json
import sys

KINDS = [
    ("github", "job", "ci-job"), ("aws", "user", "cloud-user"), ("aws", "role", "role"),
    ("gcp", "service-account", "service-account"), ("kubernetes", "service-account", "service-account"),
    ("terraform", "role", "role"), ("compose", "workload", "workload"), ("mcp", "agent", "agent"),
    ("database", "user", "database-user"), ("azure", "application", "application"),
]
RULES = [
    ("aws-secret-access-key", "rule", "NHI2:2025", "critical", 95, "AWS secret access key"),
    ("private-key-block", "rule", "NHI2:2025", "high", 78, "Private key"),
    ("generic-secret", "rule", "NHI2:2025", "medium", 55, "Secret assigned by name"),
    ("NHI5-admin", "check", "NHI5:2025", "high", 78, "Identity with administrator rights"),
    ("NHI7-key-age", "check", "NHI7:2025", "medium", 55, "Key older than 90 days"),
    ("NHI3-unpinned", "check", "NHI3:2025", "medium", 55, "Third-party code by a tag that can move"),
    ("NHI9-secret-spread", "check", "NHI9:2025", "medium", 55, "One secret in several components"),
    ("NHI10-person", "check", "NHI10:2025", "low", 25, "A person's token in automation"),
]
HOSTILE = [
    "<script>document.title='owned'</script>", "\"><img src=x onerror=document.title='owned'>", "javascript:alert(1)",
    "x\u202egpj.exe", "a\u0000b\u001b[31m", "' onmouseover='document.title=1",
]
AS_OF = "2026-11-25T00:00:00Z"


class Chance:
    """The same numbers on every machine and under every Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def of(self, items):
        return items[self.below(len(items))]


def day(chance):
    return f"{2016 + chance.below(10)}-{1 + chance.below(12):02}-{1 + chance.below(28):02}T10:00:00Z"


def when(chance):
    return chance.of([{"state": "unknown"}, {"state": "never"}, {"state": "at", "at": day(chance)}])


def location(chance, path, history=False):
    line = 1 + chance.below(400)
    place = {"path": path, "line": line, "column": 7, "end_line": line, "end_column": 47, "in_head": True}
    if history:
        place["commit"] = f"{chance.below(2**31):08x}" * 5
        place["time"] = day(chance)
        place["in_head"] = chance.below(3) > 0
    return place


def answer(chance):
    return chance.of([
        {"answer": "not-seen"}, {"answer": "no", "evidence": "it uses a stored value"},
        {"answer": "yes", "evidence": "its trust is pinned to one workload"}, {"answer": "not-seen"},
    ])


def finding(chance, rule, identity, credential, places):
    name, _, risk, _, base, title = rule
    terms = [{"name": f"base {rule[3]}", "points": base}]
    if chance.below(4) == 0:
        terms.append({"name": "test path", "points": -15, "why": "below tests/"})
    if chance.below(4) == 0:
        terms.append({"name": "production", "points": 6, "why": "environment `prod`"})
    terms.append({"name": "unknown: privilege", "points": 0, "why": "not in these inputs"})
    score = min(100, sum(term["points"] for term in terms))
    bands = [(91, "critical"), (70, "high"), (40, "medium"), (1, "low")]
    out = {
        "id": name, "risk": risk, "title": title, "severity": next(word for least, word in bands if score >= least),
        "base_severity": rule[3], "confidence": chance.of(["low", "medium", "high", "confirmed"]), "score": score,
        "terms": terms, "locations": places, "evidence": ["seen in a file", "the same value stands in 2 files"],
        "why": f"{title}: whoever reads it acts as its owner, from anywhere, and nothing shows that they did.",
        "remediation": f"Revoke what {name} found at its provider. Then let the workload exchange a short-lived token.",
        "fingerprint": f"{chance.below(2**31):032x}",
    }
    if identity:
        out["identity"] = identity
    if credential:
        out.update(credential=credential["id"], preview=credential["preview"])
    if chance.below(50) == 0:
        out["suppressed"] = {"kind": "config", "reason": "a sample", "by": "allow 3"}
    return out


def inventory(chance, number):
    """One identity and all that hangs on it, into the lists of the report."""
    lists = {name: [] for name in (
        "identities", "credentials", "grants", "trusts", "usages", "third_parties", "exposures", "findings")}
    provider, word, kind = KINDS[number % len(KINDS)]
    name = f"{chance.of(['deploy', 'build', 'sync', 'report', 'backup'])}-{chance.of(['eu', 'us', 'ap'])}-{number:05}"
    if number % 997 == 3:
        name = HOSTILE[number // 997 % len(HOSTILE)] + f" {number}"
    key = f"{provider}:{word}:acme/{name}"
    path = f"services/{chance.of(['shop', 'billing', 'search', 'mail'])}/config/{number % 700}.yml"
    for at in range(chance.below(3)):
        form = f"{chance.below(2**31):032x}"
        credential = {
            "id": f"secret:{number:05}-{at}", "kind": chance.of(RULES[:3])[0], "provider": provider, "identity": key,
            "status": chance.of(["unknown", "active", "inactive"]), "created": when(chance), "expires": {"state": "unknown"},
            "last_used": when(chance), "rotated": {"state": "unknown"}, "as_of": {"state": "unknown"},
            "validity": chance.of(["unverified", "proven-format"]), "preview": "wJal… (40 chars)", "fingerprint": form,
        }
        if chance.below(10) == 0:
            del credential["identity"]
        lists["credentials"].append(credential)
        places = []
        for _ in range(chance.below(4)):
            places.append(location(chance, chance.of([path, f"deploy/{number % 300}.env", "tests/a.env"]), True))
            lists["exposures"].append({
                "credential": credential["id"], "rule": credential["kind"], "confidence": "high", "base_severity": "high",
                "location": places[-1]})
        if places:
            rule = next(rule for rule in RULES if rule[0] == credential["kind"])
            lists["findings"].append(finding(chance, rule, credential.get("identity"), credential, places))
    for _ in range(chance.below(2)):
        lists["findings"].append(finding(chance, chance.of(RULES[3:]), key, None, [location(chance, path)]))
    for _ in range(chance.below(3)):
        lists["grants"].append({
            "identity": key, "privilege": chance.of(["read-scoped", "write-broad", "admin"]), "action": "s3:PutObject",
            "resource": "arn:aws:s3:::acme-reports/*", "source": "policy deploy", "location": location(chance, path)})
    if chance.below(3) == 0:
        lists["trusts"].append({
            "identity": key, "issuer": "token.actions.githubusercontent.com", "audience": "sts.amazonaws.com",
            "subject": f"repo:acme/{name}:*", "location": location(chance, path)})
    for _ in range(chance.below(3)):
        lists["usages"].append({
            "identity": key, "mode": chance.of(["static", "referenced", "federated"]), "provider": "aws",
            "credential": f"TOKEN_{number % 90}", "mechanism": "secrets context", "federation_available": True,
            "location": location(chance, path)})
    if chance.below(3) == 0:
        lists["third_parties"].append({
            "identity": key, "component": "acme-tools/setup", "version": "v2", "pinned": False, "first_party": False,
            "credentials": ["TOKEN"], "location": location(chance, path)})
    floor = max([f["score"] for f in lists["findings"] if f.get("identity") == key and "suppressed" not in f], default=0)
    factors = {"exposure": 700, "privilege": 600, "lifetime": 700, "isolation": 0, "activity": 500, "validity": 900,
               "likelihood": 823, "magnitude": 700}
    sample = number % 9 == 8
    identity = {
        "id": key, "kind": kind, "provider": provider, "name": name, "account": f"acme-{number % 12}", "human": "no",
        "status": chance.of(["unknown", "active"]), "created": when(chance), "last_used": when(chance),
        "environment": chance.of([{"class": "prod", "why": "environment `prod`"}, {"class": "unknown"}]),
        "privilege": chance.of(["unknown", "read-scoped", "write-broad", "admin"]),
        "auth": chance.of([["static"], ["referenced"], ["federated"], ["static", "referenced"], []]),
        "locations": [location(chance, path)],
    }
    if chance.below(3) == 0:
        identity["owner"] = f"team-{number % 40} (CODEOWNERS)"
    if sample:
        identity["sample"] = True
    else:
        identity["score"] = {"value": max(52, floor), "low": 1, "high": 95, "factors": factors,
                             "unknown": ["privilege", "activity"], "floor": floor}
        names = ["dedicated", "short_lived", "bound", "automated", "rotated", "revocable", "owned", "logged"]
        identity["controls"] = {name: answer(chance) for name in names}
    lists["identities"].append(identity)
    return lists


def report(count):
    """The whole report."""
    chance = Chance(7)
    lists = {}
    for number in range(count):
        for name, items in inventory(chance, number).items():
            lists.setdefault(name, []).extend(items)
    for name, order in (("identities", "id"), ("credentials", "id"), ("exposures", "credential")):
        lists[name].sort(key=lambda item, order=order: item[order])
    # One value in several components, so that there is something to draw.
    lists["findings"].sort(key=lambda f: (-f["score"], f["id"], f["locations"][0]["path"], f["fingerprint"]))
    counts = {}
    for item in lists["findings"]:
        if "suppressed" not in item:
            counts[item["severity"]] = counts.get(item["severity"], 0) + 1
    risks = []
    titles = ["Improper Offboarding", "Secret Leakage", "Vulnerable Third-Party NHI", "Insecure Authentication",
              "Overprivileged NHI", "Insecure Cloud Deployment Configurations", "Long-Lived Secrets",
              "Environment Isolation", "NHI Reuse", "Human Use of NHI"]
    for at, title in enumerate(titles, 1):
        affected = len({f.get("identity") for f in lists["findings"] if f["risk"] == f"NHI{at}:2025"})
        risk = {"risk": f"NHI{at}:2025", "title": title, "affected": affected, "assessable": count if affected else 0}
        if affected:
            risk.update(status="assessed", score=min(100, 9 * at + 8))
        else:
            risk.update(status="not-assessed", why="needs aws-credential-report (`aws iam get-credential-report`)")
        risks.append(risk)
    rules = [{"id": r[0], "kind": r[1], "name": r[5], "risk": r[2], "severity": r[3], "confidence": "high",
              "description": r[5], "remediation": "Revoke it.", "references": ["javascript:alert(1)"]} for r in RULES]
    real = sum(1 for item in lists["identities"] if not item.get("sample"))
    return {
        "schema": "keyroll.report/1", "tool": {"name": "keyroll", "version": "0.1.0"}, "key_id": "0123456789abcdef",
        "key_source": "repository", "as_of": AS_OF, "as_of_source": "flag", "incomplete": True,
        "coverage": {"roots": [{"path": "acme", "kind": "directory"}], "refs": 12, "commits": 34567, "blobs": 45678,
                     "files": 23456, "bytes": 987654321, "history_blobs": 99999, "history_bytes": 4567890123,
                     "skipped": {"binary": 321, "ignored": 4321}},
        "headline": {"identities": real,
                     "unattributed": sum(1 for item in lists["credentials"] if "identity" not in item),
                     "static": 1234, "referenced": 2345, "federated": 456, "findings": counts,
                     "suppressed": sum(1 for item in lists["findings"] if "suppressed" in item)},
        **lists, "settings": [], "links": [], "rules": sorted(rules, key=lambda rule: rule["id"]), "formats_read": {"github-actions": 812},
        "risks": risks, "score": 71,
        "notices": [{"kind": "gap" if at % 3 else "limit", "code": "malformed", "path": f"k8s/{at}.yaml", "line": 3,
                     "message": "is no YAML from here on"} for at in range(300)],
    }


if __name__ == "__main__":
    json.dump(report(int(sys.argv[1]) if len(sys.argv) > 1 else 5000), sys.stdout, ensure_ascii=True, indent=0)
    print()
