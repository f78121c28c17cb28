# Everything runs in a virtual environment of its own, .venv, which is set up
# once and again when pyproject.toml changes.

IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python; do \
    $$name -c '$(IS_NEW_ENOUGH)' 2>/dev/null && echo $$name && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install --quiet

# A file of one's own for `make demo`, and more options for the lab.
FILE ?=
LAB ?=

# How many swarms for `make soak`, or rounds for `make bench`, and more options for
# the two.
RUNS ?=
SOAK ?=
BENCH ?=

# How often `make crash` kills a peer, in how many simulated swarms it cuts the
# power at every moment, and more options for the two.
KILLS ?= 1000
CRASH ?=
SWARMS ?= 10
CUTS ?=

.PHONY: help demo test test-all docs soak crash bench screenshots clean

help:
	@echo "make demo   six peers on this machine spread a real file; FILE=... for yours,"
	@echo "            LAB='--peers 12 --seeds 2' for another swarm"
	@echo "make test   style, types, unit tests and whole processes"
	@echo "make test-all"
	@echo "            the same before a release, with more tried: see docs/testing.md"
	@echo "make docs   these pages as a site, with the reference: build/docs/index.html"
	@echo "make soak   RUNS=1000 simulated swarms with everything going wrong; see"
	@echo "            docs/soak.md"
	@echo "make crash  KILLS=1000 times kill -9 for a real peer in the midst of transfers;"
	@echo "            then the power is cut at every moment of SWARMS=10 simulated ones"
	@echo "make bench  measure everything, beside other programs, in about three hours;"
	@echo "            RUNS=1 is a first look; see bench/README.md"
	@echo "make screenshots  draw the pictures of docs/web.md, with Chromium"
	@echo "make clean  remove what the others made"
	@echo "PYTHON=...  the Python to begin with, 3.11 or newer"

$(VENV)/.python:
	@"$(PYTHON)" -c '$(IS_NEW_ENOUGH)' 2>/dev/null \
	    || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.package: pyproject.toml $(VENV)/.python
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.package

$(VENV)/.docs: pyproject.toml $(VENV)/.python
	$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.package

$(VENV)/.bench: pyproject.toml $(VENV)/.python
	$(PIP) --editable '.[bench]'
	@touch $@ $(VENV)/.package

demo: $(VENV)/.package
	@file="$(FILE)"; \
	test -n "$$file" || file=$$($(RUN) tools/demo_file.py demo) || exit 1; \
	$(RUN) -m swarmpeer lab "$$file" $(LAB)

test: $(VENV)/.dev
	$(RUN) -m tests.run

test-all: $(VENV)/.dev
	$(RUN) -m tests.run --all

docs: $(VENV)/.docs
	rm -rf build/docs
	$(RUN) -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	$(RUN) -m pydoctor
	$(RUN) -m tools.site_check build/docs

soak: $(VENV)/.package
	$(RUN) -m tools.soak --runs $(or $(RUNS),1000) $(SOAK)

crash: $(VENV)/.package
	$(RUN) -m tools.crash --kills $(KILLS) $(CRASH)
	$(RUN) -m tools.power_cuts --seeds $(SWARMS) $(CUTS)

bench: $(VENV)/.bench
	$(RUN) -m bench --runs $(or $(RUNS),5) $(BENCH)

screenshots: $(VENV)/.dev
	$(RUN) -m tools.screenshots

clean:
	rm -rf $(VENV) demo build dist *.egg-info _trial_temp* .hypothesis bench_results.jsonl \
	    .mypy_cache .ruff_cache twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
