# `make test` is all that a fresh clone needs: it makes .venv, installs everything, runs the tests.
# Targets that need an environment make it when it is missing or its description has changed.

SHELL := /bin/bash
VENV := .venv
TOOL_VENV := .venv-tool
# The first Python on the path that is new enough and can make virtual environments.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
# The suite on every core. Tests with the mark "slow" run in CI and by `make test-all`.
PYTEST = -m pytest --numprocesses $(WORKERS) --dist worksteal --durations 10
WORKERS ?= auto
MARKS := not soak$(if $(CI),, and not slow)
# CI loads a part of what it installs, and compiles that when it loads it.
INSTALL = -m pip install --quiet -c constraints.txt $(if $(CI),--no-compile)
# Where the numbers of a soak's random cases begin.
FIRST ?= $(shell date +%s)

.PHONY: help setup format check test test-all test-tool chroot soak bench peers gate baseline clean

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.installed ## make .venv with the tool, the training package and what tests need

format: $(VENV)/.installed ## format the code, and fix what the linter can fix
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

check: $(VENV)/.installed ## formatting, lint and types, nothing is changed
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy

test: $(VENV)/.installed ## the tests, without the slow ones unless CI is set
	$(VENV)/bin/python $(PYTEST) -m "$(MARKS)" $(ARGS)

test-all: MARKS := not soak
test-all: test ## the tests, with the slow ones

test-tool: $(TOOL_VENV)/.installed ## the tests that need no torch, in an environment without it
	$(TOOL_VENV)/bin/python $(PYTEST) -m "$(MARKS)" tests --ignore tests/training

chroot: ## as root: a Debian with GIMP 3, which the tests of the plug-ins use; made once
	tests/plugins/chroot.sh

soak: $(VENV)/.installed ## all tests of docs/reliability.md; FIRST=N repeats an earlier soak
	SOAK_FIRST=$(FIRST) nice $(VENV)/bin/python -m pytest tests/reliability -m "" -v -s $(ARGS)

bench: $(VENV)/.installed ## measure speed and memory, as ratios; give the machine to it alone
	$(VENV)/bin/python -m benchmarks

peers: $(VENV)/.installed ## the tool beside ncnn, OpenCV and PyTorch; give the machine to it alone
	$(VENV)/bin/python $(INSTALL) -e '.[training,peers]'
	$(VENV)/bin/python -m benchmarks peers

gate: $(VENV)/.installed ## compare the exported networks with the baseline; the report is in build/bench
	$(VENV)/bin/sr-batch bench --baseline benchmarks/baseline.json -o build/bench $(ARGS)

baseline: $(VENV)/.installed ## record and measure the networks MODELS="a b", or all, into the baseline
	$(VENV)/bin/python -m training record
	$(VENV)/bin/sr-batch bench $(MODELS) --hr benchmarks/pictures --hr examples/photos --rounds 25 \
		--baseline benchmarks/baseline.json --update

clean: ## remove the environments and caches
	rm -rf $(VENV) $(TOOL_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed: EXTRAS := training,dev
# Installed without what it names: it asks for torchvision, works without it, and there is no
# torchvision for this torch.
$(VENV)/.installed: ALONE := spandrel
$(TOOL_VENV)/.installed: EXTRAS := dev

$(VENV)/.installed $(TOOL_VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with the venv module was found." \
		"On Debian and Ubuntu: sudo apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade pip
	$(@D)/bin/python $(INSTALL) -e '.[$(EXTRAS)]'
	$(if $(ALONE),$(@D)/bin/python $(INSTALL) --no-deps $(ALONE))
	touch $@
