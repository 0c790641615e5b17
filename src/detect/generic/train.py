#!/usr/bin/env python3
"""Trains the ranker of the generic detector and writes weights.txt beside this file.

    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-learn lightgbm
    venv/bin/python src/detect/generic/train.py --keyroll target/release/keyroll --data DIR [--out FILE]

DIR holds labelled texts as JSON Lines; building and testing keyroll needs none of it.

  *lines*.jsonl     a row is a piece of a file: id, repo, ext, text, first and last (the labelled lines), label (T credential, F not,
                    X placeholder), identifier, values
  *examples*.jsonl  a row is a short text: id, provider, text, expect, secret, kind

The binary makes the candidates (`keyroll generate candidates`): places, numbers and words of every assignment. A candidate is
true when it lies on a labelled line of a credential and holds its value, false when it lies on any other labelled line.

Two stages: logistic regression over words, whose score (out of fold, so that the second stage sees honest ones) is one number
more for boosted trees. Everything is seeded. The figures that are printed come from five folds by repository (by provider for
examples): nothing is judged by a model that saw its repository. The last table, of the model that is shipped, is labelled so.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import subprocess
import tempfile

import lightgbm
import numpy
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

SEED = 7
# How much an example counts beside a labelled line, and one that holds no secret beside one that does: there are few of those.
EXAMPLE, REFUSED = 0.3, 6.0
# How much a row of a set whose values are ordinary words counts; the rest is what the same row counts with random values. Real
# passwords are words, so a ranker that asks whether a value is gibberish has learnt little.
WORDLIKE = 0.7
# A word counts when it stands in this many repositories.
REPOSITORIES = 3
TREES = {
    "n_estimators": 80, "learning_rate": 0.12, "num_leaves": 24, "min_child_samples": 30, "subsample": 0.8,
    "subsample_freq": 1, "colsample_bytree": 0.6, "reg_lambda": 5, "random_state": SEED, "deterministic": True,
    "force_row_wise": True, "n_jobs": 1, "verbose": -1,
}  # fmt: skip
# Share of true ones from which a value is of low, medium and high confidence, as the trees see it.
CUTS = (0.28, 0.76, 0.97)
LEVELS = {"none": 0, "low": 1, "medium": 2, "high": 3, "confirmed": 4}


class Sample:
    """A candidate: the row it lies in, what groups it, whether it is true, what the ranker reads of it."""

    def __init__(self, row, group, label, weight, found):
        self.row, self.group, self.label, self.weight = row, group, label, weight
        self.numbers, self.words = found["numbers"], found["words"]


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def candidates(keyroll, texts):
    """What the binary says of each text, which is written under a neutral name."""
    with tempfile.TemporaryDirectory() as work:
        for i, (text, ext) in enumerate(texts):
            folder = os.path.join(work, f"{i % 256:02x}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{i:06}{ext}"), "w", encoding="utf-8", newline="") as out:
                out.write(text)
        out = subprocess.run([keyroll, "generate", "candidates", work], stdout=subprocess.PIPE, check=True).stdout
    told = {}
    for line in out.decode().splitlines():
        file = json.loads(line)
        told[int(os.path.basename(file["path"])[:6])] = file
    return told


class Set:
    """A file of labelled rows."""

    def __init__(self, path, keyroll):
        self.name = pathlib.Path(path).stem
        self.examples = "examples" in self.name
        self.rows = rows(path)
        self.samples, self.by_rule = [], {}
        texts = [(r["text"] if self.examples else r["text"] + "\n", r.get("ext") or (".txt" if self.examples else "")) for r in self.rows]
        told = candidates(keyroll, texts)
        for i, row in enumerate(self.rows):
            file = told.get(i, {"found": [], "assigned": []})
            raw = texts[i][0].encode()
            on = lambda place, row=row: self.examples or place[2] <= row["last"] and place[3] >= row["first"]
            levels = [LEVELS[f["confidence"]] for f in file["found"] if f["rule"] != "generic-secret" and on(f["place"])]
            self.by_rule[i] = max(levels, default=0)
            for found in file["assigned"]:
                if on(found["place"]):
                    value = raw[found["place"][0] : found["place"][1]].decode("utf-8", "replace")
                    self.samples.append(self.sample(i, row, value, found))
        copies = collections.Counter((s.group, s.value) for s in self.samples)
        for s in self.samples:
            if self.examples:
                s.weight /= math.sqrt(copies[s.group, s.value])

    def sample(self, i, row, value, found):
        if self.examples:
            wanted, values, skipped = row["expect"], [row["secret"] or ""], row["kind"] == "identifier" or row["expect"] and not row["secret"]
            weight, group = EXAMPLE * (1 if wanted else REFUSED), "provider " + row["provider"]
        else:
            wanted, values, skipped = row["label"] == "T", row["values"], row["identifier"]
            weight, group = WORDLIKE if "wordlike" in self.name else 1 - WORDLIKE, row["repo"]
        same = not values or any(value in v or v in value for v in values if v)
        label = None if wanted and (skipped or not same) else int(wanted)
        sample = Sample((self.name, i), group, label, weight, found)
        sample.value = value
        return sample

    def truth(self, row):
        """Whether a row wants a finding; None when it does not count."""
        if self.examples:
            return None if row["expect"] and row["kind"] == "identifier" else row["expect"]
        return None if row["label"] == "T" and row["identifier"] else row["label"] == "T"


class Ranker:
    def __init__(self, samples):
        labels = numpy.array([s.label for s in samples])
        weights = numpy.array([s.weight for s in samples])
        where = collections.defaultdict(set)
        for s in samples:
            for word in s.words:
                where[word].add(s.group)
        self.vocabulary = {w: i for i, w in enumerate(sorted(w for w, groups in where.items() if len(groups) >= REPOSITORIES))}
        matrix = self.matrix(samples)
        folds = folds_of(samples, 4, SEED + 1)
        words = numpy.zeros(len(samples))
        for fold in range(4):
            inside, outside = folds == fold, folds != fold
            model = self.regression().fit(matrix[outside], labels[outside], sample_weight=weights[outside])
            words[inside] = model.decision_function(matrix[inside])
        self.words = self.regression().fit(matrix, labels, sample_weight=weights)
        self.trees = lightgbm.LGBMClassifier(**TREES).fit(self.numbers(samples, words), labels, sample_weight=weights)

    @staticmethod
    def regression():
        return LogisticRegression(C=0.1, max_iter=500, random_state=SEED)

    def matrix(self, samples):
        places = [(i, self.vocabulary[w]) for i, s in enumerate(samples) for w in s.words if w in self.vocabulary]
        row, column = zip(*places) if places else ((), ())
        return csr_matrix((numpy.ones(len(row)), (row, column)), shape=(len(samples), len(self.vocabulary)))

    @staticmethod
    def numbers(samples, words):
        return numpy.hstack([numpy.array([s.numbers for s in samples], dtype=numpy.float32), words[:, None].astype(numpy.float32)])

    def score(self, samples):
        words = self.words.decision_function(self.matrix(samples))
        return self.trees.predict_proba(self.numbers(samples, words))[:, 1]


def folds_of(samples, count, seed):
    groups = sorted({s.group for s in samples})
    order = numpy.random.RandomState(seed).permutation(len(groups))
    fold = {groups[place]: i % count for i, place in enumerate(order)}
    return numpy.array([fold[s.group] for s in samples])


def table(sets, scores, title):
    """How many rows are found, and how many of what is found is true, where rules and ranker both count."""
    print(f"\n{title}\n\n| set | from | precision | recall | F1 | refused rows found |\n|---|---|--:|--:|--:|--:|")
    for data in sets:
        best = collections.defaultdict(float)
        for sample, score in scores.items():
            if sample.row[0] == data.name:
                best[sample.row[1]] = max(best[sample.row[1]], score)
        for name, cut, level in zip(("low", "medium", "high"), CUTS, (1, 2, 3)):
            found = collections.Counter()
            for i, row in enumerate(data.rows):
                if data.truth(row) is not None:
                    found[data.truth(row), best[i] >= cut or data.by_rule[i] >= level] += 1
            true, false, missed = found[True, True], found[False, True], found[True, False]
            p, r = true / max(1, true + false), true / max(1, true + missed)
            refused = false / max(1, false + found[False, False])
            print(f"| {data.name} | {name} | {p:.3f} | {r:.3f} | {2 * p * r / max(1e-9, p + r):.3f} | {refused:.3f} |")


def short(number):
    return f"{number:.5g}"


def tree_text(node):
    """One tree as `decisions | leaves`, parents before children."""
    nodes, leaves = [], []

    def walk(node):
        if "leaf_value" in node:
            leaves.append(short(node["leaf_value"]))
            return f"L{len(leaves) - 1}"
        place = len(nodes)
        nodes.append(None)
        left, right = walk(node["left_child"]), walk(node["right_child"])
        nodes[place] = f"{node['split_feature']}:{short(node['threshold'])}:{left}:{right}"
        return str(place)

    walk(node)
    return " ".join(nodes) + " | " + " ".join(leaves)


def write(ranker, names, path):
    logit = lambda share: math.log(share / (1 - share))
    lines = [
        "# The ranker of the generic detector: written by train.py, read by ranker.rs. docs/detection.md says what it does.",
        "numbers " + " ".join(names),
        "cuts " + " ".join(short(logit(c)) for c in CUTS),
        "intercept " + short(ranker.words.intercept_[0]),
    ]
    weights = {w: ranker.words.coef_[0][i] for w, i in ranker.vocabulary.items()}
    lines += [f"word {w} {short(weights[w])}" for w in sorted(weights) if abs(weights[w]) >= 0.02]
    lines += ["tree " + tree_text(t["tree_structure"]) for t in ranker.trees.booster_.dump_model()["tree_info"]]
    pathlib.Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\n{path}: {len(lines)} lines, {os.path.getsize(path)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keyroll", required=True, help="the binary that makes the candidates")
    parser.add_argument("--data", required=True, help="the directory of labelled texts")
    parser.add_argument("--out", default=pathlib.Path(__file__).with_name("weights.txt"), help="where the weights go")
    args = parser.parse_args()
    files = sorted(p for p in pathlib.Path(args.data).glob("*.jsonl") if "lines" in p.name or "examples" in p.name)
    if not files:
        parser.error(f"{args.data}: no *lines*.jsonl or *examples*.jsonl there")
    sets = [Set(file, args.keyroll) for file in files]
    known = [s for data in sets for s in data.samples if s.label is not None]
    every = [s for data in sets for s in data.samples]
    print(f"{len(files)} files, {len(every)} candidates, {sum(s.label for s in known)} of {len(known)} true")
    folds = {group: fold for group, fold in zip([s.group for s in every], folds_of(every, 5, SEED))}
    scores = {}
    for fold in range(5):
        ranker = Ranker([s for s in known if folds[s.group] != fold])
        inside = [s for s in every if folds[s.group] == fold]
        scores.update(zip(inside, ranker.score(inside)))
    table(sets, scores, "Out of fold, five folds by repository or provider")
    ranker = Ranker(known)
    table(sets, dict(zip(every, ranker.score(every))), "Trained on: the shipped model on its own data, which says little")
    names = subprocess.run([args.keyroll, "generate", "candidates", "--names"], stdout=subprocess.PIPE, check=True).stdout
    write(ranker, names.decode().split() + ["words"], args.out)


if __name__ == "__main__":
    main()
