# Two commands matter on a fresh machine: `make demo` and `make test`. Each target sets itself up.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# What the virtual environment was made from; another interpreter or lock makes it anew.
WANTED := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) $(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)

.PHONY: demo test test-demo test-hostile test-interop fuzz crash soak gigabyte test-browser test-go test-merkle drill bench ledger-bench reconcile-bench check coverage format lock clean setup help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup:
	@test -n "$(firstword $(WANTED))" || { echo "make: '$(PYTHON)' was not found; install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "make: Python 3.11, 3.12 or 3.13 is needed, %s is %d.%d; name another: make PYTHON=python3.11" % ((sys.executable,) + sys.version_info[:2]))'
	@if [ "$$(cat $(STAMP) 2>/dev/null)" != "$(WANTED)" ]; then \
	  echo "setting up $(VENV) with $$($(PYTHON) --version) (a minute, once) ..." && \
	  rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	  echo "$(WANTED)" > $(STAMP); fi

demo: setup ## play one permit from application to signed document (ARGS=--exit ends, ARGS=--all has every agency)
	@$(BIN)/simojo demo $(ARGS)

# Compiled code is kept, also where PYTHONDONTWRITEBYTECODE is set: the suite starts many processes, and each would
# compile the hub anew.
test test-demo test-hostile test-interop test-browser coverage: export PYTHONDONTWRITEBYTECODE =

test: setup ## the whole suite (ARGS="-k name" picks)
	@$(BIN)/python -m pytest $(ARGS)

test-demo: setup ## every agency and every interaction model in one run, three times over; demos that are killed (four minutes)
	@$(BIN)/python -m pytest -n 2 tests/demo/whole.py tests/demo/killed.py

test-hostile: setup ## attacks on a real hub, measured; writes the figures into docs/security.md (two minutes)
	@$(BIN)/python -m tests.edge.hostile

test-interop: setup ## clients in PHP, Java, Node, C#, Python; installs them (Debian, npm); writes docs/interop.md
	@sh tests/interop/install.sh
	@rm -rf .interop
	@$(BIN)/python -m pytest tests/interop
	@$(BIN)/python -m tests.interop.matrix

test-browser: setup ## the page that verifies receipts, in a Chromium; installs it (Debian)
	@sh tests/browser/install.sh
	@$(BIN)/python -m pytest -n 0 tests/browser

# atheris (coverage-guided) comes beside the virtual environment, where there is a wheel for it
fuzz: setup ## a million hostile inputs to the parsers (FUZZ_INPUTS=, FUZZ_SECONDS=; docs/security-attacks.md)
	@test -d $(VENV)/fuzz/atheris || $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  --require-hashes --no-deps --target $(VENV)/fuzz -r tests/fuzz/requirements.lock || \
	  echo "make: atheris cannot be installed here; hypothesis makes all inputs" >&2
	@FUZZ_ATHERIS=$${FUZZ_ATHERIS-$(VENV)/fuzz} $(BIN)/python -m tests.fuzz

crash: setup ## kill -9 of hub, worker, database under load, 100 on each engine (CRASH_KILLS=, CRASH_ENGINES=, CRASH_SEED=, CRASH_FAILURES=)
	@$(BIN)/python -m tests.crash

soak: setup ## an hour at half load, with verdicts (SOAK_MINUTES=, SOAK_ENGINE=, SOAK_SHARE=)
	@$(BIN)/python -m tests.crash.soak

drill: setup ## 200 random damages to stores of both engines, each found and named (DRILL_DAMAGES=, DRILL_SEED=); writes docs/ledger-verify.md
	@$(BIN)/python -m tests.drill

GO     ?= go
GOCODE ?= /usr/share/gocode

test-go: setup ## our notes, checkpoints and proofs judged by Go's sumdb (GO=, GOCODE=; Debian: golang-go golang-golang-x-mod-dev)
	@command -v $(GO) > /dev/null && test -d $(GOCODE)/src/golang.org/x/mod/sumdb || { echo "make: Go and its sumdb are needed: apt-get install golang-go golang-golang-x-mod-dev, or name them: make test-go GO=/path/to/go GOCODE=/path" >&2; exit 2; }
	@$(BIN)/python -m tests.interop.golang $(GO) $(GOCODE)

test-merkle: setup ## every leaf and every older tree of every size to 1,000 against the definition (four minutes)
	@MERKLE_EVERY=1 $(BIN)/python -m pytest -n 0 tests/ledger/test_every_size.py

gigabyte: setup ## a file of 1 GiB through a hub that is killed twice, every record accounted for (ARGS="--bytes 64MiB")
	@$(BIN)/python -m tests.batch.gigabyte $(ARGS)

# BENCH_SECONDS= is the length of each measurement, BENCH_ONLY= picks: rest,sqlite,2kb,hub (docs/performance.md)
bench: setup ## how fast the hub is beside its floor and the obvious program (twenty minutes)
	@$(BIN)/python -m benchmarks

ledger-bench: setup ## a ledger of a million leaves: appends, proofs, verification; writes docs/performance.md (three minutes)
	@$(BIN)/python -m benchmarks.ledger $(ARGS)

reconcile-bench: setup ## a list of a million ids held against a day: time and memory (ARGS=100000; ten minutes)
	@$(BIN)/python -m benchmarks.reconciling $(ARGS)

check: setup ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

coverage: setup ## branch coverage, with its floor of 95 % in domain, trust, ledger and exchange
	@rm -f .coverage .coverage.*
	@ROWS_ENGINE=postgres $(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --skip-covered | tail -40
	@for part in domain trust ledger exchange; do \
	  printf '%s: ' $$part; $(BIN)/coverage report --include="gateway/$$part/*" --fail-under=95 --format=total || exit 1; done

format: setup ## put the code into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# requirements.lock is everything, requirements-run.lock what a machine that runs a hub needs, in the same versions.
COMPILE = $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

lock: ## resolve pyproject.toml anew into both locks, with hashes, for every supported Python
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet uv==0.13.9
	@$(COMPILE) --upgrade --group dev pyproject.toml -o requirements.lock
	@$(COMPILE) --upgrade --group build --constraints requirements.lock pyproject.toml -o requirements-run.lock
	@rm -rf $(VENV)-lock

clean: ## remove the environments and what runs left behind
	@rm -rf .venv .venv-* .demo .interop docs/clients/node/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* build dist
