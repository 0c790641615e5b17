# What the project runs on itself. `make help` lists the targets; `make test` is what CI runs (.ci/run).
#
# Needed: Rust with rustfmt and clippy, git, a C compiler, Python 3.11. All builds of `make test` use the dev profile, so
# that nothing is built twice.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
PYTHON ?= python3
VENV ?= .venv
TARGET := $(or $(CARGO_TARGET_DIR),target)
KEYROLL := $(TARGET)/debug/keyroll
CORPUS ?= ../shared/corpus
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

# `make full` sets it: what is skipped elsewhere is an error there.
STRICT ?=

# $(call missing,WHAT,HOW) says that WHAT is skipped, or fails under STRICT.
missing = if [ -n "$(STRICT)" ]; then echo "error: $(1) is needed here: $(2)" >&2; exit 1; else echo "skipped: $(1) ($(2))"; fi

.PHONY: help setup test format lint unit docs deny advisories python generate selfscan screenshot full bench accuracy fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## create the Python environment of the checks (.venv)

$(VENV)/.ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	@touch $@

test: format lint unit docs deny python selfscan ## everything CI checks, cheap first
	@echo "ok: make test"

format: ## formatting of all Rust source
	$(CARGO) fmt --check
	rustfmt --check --config-path rustfmt.toml --edition 2024 fuzz/targets.rs

lint: ## clippy, warnings are errors; the syntax of scripts and completions
	$(CARGO) clippy --locked --all-targets -- -D warnings
	bash -n .ci/run completions/keyroll.bash

unit: ## all Rust tests, generated files and documentation examples among them
	$(CARGO) test --locked

docs: ## the reference of the source, broken links are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

deny: ## licences, sources and bans of dependencies
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny --offline --locked check bans licenses sources; \
	else $(call missing,cargo-deny,cargo install cargo-deny); fi
	$(PYTHON) tests/python/third_party.py --check

advisories: ## known vulnerabilities of dependencies; wants the network and cargo-deny
	$(CARGO) deny --locked check advisories

python: $(VENV)/.ready $(KEYROLL) ## SARIF output against the schema of OASIS, hooks under pre-commit, queries of docs/fleet.md, the steps of action.yml, the manifests of deploy/, HTML in a Chromium
	@mkdir -p $(TARGET)/checks
	$(KEYROLL) scan tests/fixtures src --no-config --no-history --exit-zero -q -f sarif=$(TARGET)/checks/scan.sarif || [ $$? -eq 3 ]
	$(VENV)/bin/python tests/python/check_sarif.py tests/fixtures/report/*.sarif $(TARGET)/checks/scan.sarif
	$(VENV)/bin/python tests/python/pre_commit_hooks.py $(KEYROLL)
	$(VENV)/bin/python tests/python/check_fleet.py $(KEYROLL)
	$(VENV)/bin/python tests/python/check_action.py $(KEYROLL)
	$(VENV)/bin/python tests/python/check_deploy.py $(KEYROLL)
	@if $(PYTHON) tests/python/check_html.py --has-chromium; then $(PYTHON) tests/python/check_html.py $(KEYROLL); \
	else $(call missing,chromium,opens HTML reports: a package named chromium or CHROMIUM=path); fi

selfscan: $(KEYROLL) ## keyroll on this repository: nothing but what .keyroll.yml explains
	$(KEYROLL) scan . --no-history -q -c .keyroll.yml

# Cargo knows best whether it is up to date.
$(KEYROLL): FORCE
	@$(CARGO) build --locked --quiet
FORCE:

generate: ## rewrite what is generated: completions, manual, reference pages, schemas, THIRD-PARTY.md
	UPDATE=1 $(CARGO) test --locked --test generated
	$(PYTHON) tests/python/third_party.py

screenshot: $(KEYROLL) ## the picture of the HTML report in README (docs/images/report.png); wants a Chromium
	rm -rf $(TARGET)/story && DEMO=$(abspath $(TARGET))/story $(CARGO) test --locked --quiet --test readme demo
	$(PYTHON) tests/python/screenshot.py $(KEYROLL) $(TARGET)/story docs/images/report.png

full: ## as test, with nothing skipped, long runs, and the fuzz targets built
	KEYROLL_FULL=1 $(MAKE) test STRICT=1
	cd fuzz && $(CARGO) check
	@echo "ok: make full"

bench: ## time the release build beside the peers on PATH (BENCH_TREE, BENCH_RUNS)
	$(CARGO) build --locked --release
	$(PYTHON) benches/run.py --keyroll $(TARGET)/release/keyroll --runs $(or $(BENCH_RUNS),5) $(if $(BENCH_TREE),--tree $(BENCH_TREE))
	@if $(PYTHON) tests/python/check_html.py --has-chromium; then \
	$(PYTHON) tests/python/check_html.py --times $(TARGET)/release/keyroll; else echo "skipped: chromium times HTML reports"; fi

accuracy: ## score the release build, and the peers on PATH, on labelled texts, if there are any (CORPUS)
	@if [ ! -f $(CORPUS)/run_lines.py ]; then echo "skipped: no corpus at $(CORPUS)"; exit 0; fi; \
	$(CARGO) build --locked --release; \
	$(PYTHON) benches/accuracy.py --keyroll $(TARGET)/release/keyroll --corpus $(CORPUS) --work $(TARGET)/accuracy

fuzz: ## FUZZ_SECONDS (60) on each fuzz target; wants nightly Rust and cargo-fuzz
	@if ! $(CARGO) fuzz --version >/dev/null 2>&1; then $(call missing,cargo-fuzz,cargo install cargo-fuzz); exit 0; fi; \
	for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target; \
		$(CARGO) +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

clean: ## remove everything that was built
	$(CARGO) clean
	rm -rf $(VENV) fuzz/target fuzz/artifacts fuzz/coverage
