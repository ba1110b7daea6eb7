# Two commands to begin with: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
CODE := vmware_panel lab tests docs $(wildcard benchmarks)

# Horizon's suite and Chromium leave files in the temporary folder: it is one of our own, and goes.
# It is short, for a path of a UNIX socket may have 107 characters at most.
SCRATCH = scratch=$$(mktemp -d /tmp/vmp.XXXXXX); trap 'rm -rf "$$scratch"' EXIT; export TMPDIR=$$scratch

##@ To see it
.PHONY: demo
demo: lab ## Everything from nothing: packages, environment, cloud, instances, Horizon; then prints where to look

.PHONY: lab
lab: apt venv ## Bring the lab up (an OpenStack on a vCenter simulator, Horizon in front); stays up
	$(BIN)/python -m lab up

.PHONY: lab-stop
lab-stop: ## Stop the lab: every process that it started
	$(BIN)/python -m lab stop

##@ To change it
.PHONY: check
check: venv lint types unit ## Lint, types and unit tests: seconds, no lab

# What needs no lab, and mostly waits: it runs beside the rest, and is shown after it.
BESIDE := tests/collecting tests/deployment tests/faults tests/jobs tests/store tests/vsphere

.PHONY: simulator
simulator: apt venv ## Build the vCenter simulator, if it is not there yet
	$(BIN)/python -c 'from lab.settings import LabSettings; from lab.simulator import ensure_built; \
		print(ensure_built(LabSettings.from_environment().build))'

# The simulator first: tests of deadlines do not like a compiler beside them.
.PHONY: test
test: apt venv lint types simulator ## Everything: lint, types, and all tests, on the simulator, the lab and in Chromium
	@$(SCRATCH); failed=0; \
	$(BIN)/python -m pytest $(BESIDE) >"$$scratch/beside.log" 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest $(BESIDE:%=--ignore=%) || failed=1; \
	wait $$beside || failed=1; \
	cat "$$scratch/beside.log"; exit $$failed

.PHONY: format
format: venv ## Put the source into shape
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

.PHONY: messages
messages: venv ## Write the message catalogues anew from the sources, and compile them
	$(BIN)/python tools/messages.py

.PHONY: lint
lint: venv ## ruff and codespell
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

.PHONY: types
types: venv ## mypy
	$(BIN)/mypy

.PHONY: unit
unit: venv ## Unit tests alone
	$(SCRATCH); $(BIN)/python -m pytest tests/unit

.PHONY: bench
bench: apt venv ## Measure: calls and times at the size of a large cloud
	$(SCRATCH); $(BIN)/python -m benchmarks

##@ To build it
.PHONY: apt
apt: ## Install the Debian packages that are missing (root or sudo), or print how
	@tools/apt.sh

.PHONY: venv
venv: ## Make .venv from constraints.txt, if it is not there or no longer true (PYTHON=... for another Python)
	@tools/venv.sh

.PHONY: constraints
constraints: ## Write constraints.txt anew, from the newest releases that setup.cfg allows
	tools/constraints.sh

.PHONY: dist
dist: venv ## Wheel and sdist, in dist/
	rm -rf build dist
	$(BIN)/python -m build

.PHONY: clean
clean: ## Remove what was built and cached; .venv and the lab's state stay
	rm -rf build dist *.egg-info .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find vmware_panel lab tests -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
