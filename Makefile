# Everything for people who work on parts3d. `make` alone says what there is.
# A stamp in .make/ remembers each step, so that a second run starts at once.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Too long for make test: whole days of a network, with programs killed within.
LONG := tests/long tests/journeys/test_from_basket_to_collected.py tests/faults/test_kills.py \
  tests/faults/test_broker_ways.py tests/faults/test_redis_absent.py

PYTHON ?= python3
BIN := .venv/bin
# A program started through this dies with make, however make ends.
TIED := exec $(BIN)/python -IS parts3d/embedded/child.py $$PPID

# Stamps of a .venv that is gone say nothing.
$(if $(wildcard $(BIN)/python),,$(shell rm -rf .make))

FRONTEND := $(shell find frontend -name node_modules -prune -o -type f -print 2>/dev/null)
CURA := $(wildcard parts3d/slicing/cura/package*.json parts3d/slicing/cura_install.py)

.PHONY: help setup demo demo-reset test test-long test-hosts examples check format locks clean

help: ## Say what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

setup: .make/installed .make/frontend .make/cura .make/kernels ## Prepare .venv, front end and slicer.
	@:

demo: setup ## Run a whole network on this machine and open the shop.
	@$(TIED) $(BIN)/parts3d demo

demo-reset: ## Throw the demo's data away; the next demo starts afresh.
	@rm -rf data/demo && echo "The demo's data are gone; make demo starts afresh."

test: setup ## Run the tests (under ten minutes on two cores).
	@$(BIN)/pytest -n auto --ignore=tests/hosts $(LONG:%=--ignore=%)

test-long: test-hosts ## Run what make test leaves out; CI runs it too.
	@$(BIN)/pytest -s $(LONG)

# A worker for each brand: its host serves its tests in turn, and mostly one waits for prints.
test-hosts: setup .make/hosts .make/broker ## Try every driver at its real host, and what wheels cannot bring.
	@$(BIN)/python -m tests.hosts.install || echo "The tests of what is missing will fail."
	@PARTS3D_HOSTS="$${PARTS3D_HOSTS:-all}" \
	  $(BIN)/pytest -n 6 --dist loadgroup tests/hosts tests/drivers tests/faults/test_kill_points.py

.PHONY: bench-meshes
bench-meshes: setup ## Measure the mesh check beside its baselines (CORPUS=folder of real parts).
	@command -v admesh >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && \
	  apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends admesh >/dev/null; } || :
	@$(BIN)/python benchmarks/meshes.py $(if $(CORPUS),--corpus "$(CORPUS)")

.PHONY: bench-corrections
bench-corrections: setup ## Measure how well measured print times foretell the next print (WORLDS).
	@$(BIN)/python benchmarks/corrections.py $(if $(WORLDS),--worlds $(WORLDS))

.PHONY: bench-slicing
bench-slicing: setup ## Measure the slicing engines and the slice cache (PARTS, REVISIONS).
	@$(BIN)/python benchmarks/slicing.py $(if $(PARTS),--parts $(PARTS)) $(if $(REVISIONS),--revisions $(REVISIONS))

.PHONY: bench-promises
bench-promises: setup ## Compare ways to promise in simulated networks (SCENARIOS=folder, SEEDS, LOADS).
	@$(BIN)/python benchmarks/promise_tables.py $(if $(SCENARIOS),"$(SCENARIOS)") \
	  $(if $(SEEDS),--seeds $(SEEDS)) $(foreach load,$(LOADS),--load $(load))
	@$(BIN)/python benchmarks/promises.py

.PHONY: fit bench-estimate
fit: setup ## Fit the estimate to a slicer's results (CORPUS=folder with models and slices.csv).
	@$(BIN)/python benchmarks/estimate.py "$(CORPUS)" --write

bench-estimate: setup ## Try the estimate on repositories left out (CORPUS=the same folder).
	@$(BIN)/python benchmarks/estimate.py "$(CORPUS)"

.PHONY: bench-agents
bench-agents: setup ## Measure one agent with many printers, commands, and one web process with many agents.
	@PYTHONPATH=. $(BIN)/python benchmarks/agents_printers.py
	@PYTHONPATH=. $(BIN)/python benchmarks/commands.py
	@PYTHONPATH=. $(BIN)/python benchmarks/agents.py $(if $(AGENTS),--agents $(AGENTS))

.PHONY: faults
faults: setup .make/hosts .make/broker ## Kill things at random moments, in many rounds (the seeds are shown).
	@PARTS3D_HOSTS="$${PARTS3D_HOSTS:-all}" PARTS3D_FAULT_ROUNDS=$${PARTS3D_FAULT_ROUNDS:-20} \
	  PARTS3D_FAULT_SEED=$${PARTS3D_FAULT_SEED:-$$(date +%s)} \
	  $(BIN)/pytest -v -s tests/faults
	@$(BIN)/python -m tests.faults.protocol --seeds $${PARTS3D_PROTOCOL_SEEDS:-20000}

.PHONY: fuzz
fuzz: setup ## Check ten thousand hostile files, then fuzz the reader by coverage (PARTS3D_FUZZ_SECONDS).
	@$(BIN)/python -m fuzz.campaign --files $${PARTS3D_FUZZ_FILES:-10000} --seed $${PARTS3D_FUZZ_SEED:-1}
	@$(BIN)/python -m fuzz.reader_atheris -max_total_time=$${PARTS3D_FUZZ_SECONDS:-120} -print_final_stats=1

examples: setup ## Run the properties with many more examples (hours).
	@PARTS3D_TEST_LONG=1 $(BIN)/pytest -n auto --ignore=tests/hosts --ignore=tests/long

check: setup ## Check style, types, import contracts and the rules of the house.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/house

format: setup ## Format the code and mend what can be mended.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

locks: ## Lock the dependencies anew (wants uv).
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra server --extra step --group build --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
	  --constraint requirements-dev.lock --extra server --group build pyproject.toml \
	  -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --python-version 3.11 \
	  --constraint requirements-dev.lock pyproject.toml -o requirements-agent.lock

clean: ## Remove what setup made, but no data.
	@rm -rf .make .venv parts3d/static/built frontend/node_modules parts3d/slicing/cura/node_modules

.make/python:
	@mkdir -p .make
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "parts3d wants Python 3.11 or newer; $(PYTHON) is not. Install one and run: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "$(PYTHON) cannot make a virtual environment. Install its venv module (Debian: apt install python3-venv)."; \
	  exit 1; }
	@touch $@

.make/dependencies: requirements-dev.lock .make/python
	@echo "Installing the dependencies, each checked against its hash ..."
	@if uv --version >/dev/null 2>&1 && \
	  uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock; then :; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check \
	  --require-hashes -r requirements-dev.lock; fi
	@touch $@

# The build hook builds the front end on the way.
.make/installed: pyproject.toml hatch_build.py .make/dependencies
	@echo "Installing parts3d and building its front end ..."
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	else uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; fi
	@touch $@

.make/frontend: $(FRONTEND) .make/installed
	@$(BIN)/python hatch_build.py
	@touch $@

.make/cura: $(CURA) .make/dependencies
	@echo "Installing the slicing engine ..."
	@$(BIN)/python -m parts3d.slicing.cura_install
	@touch $@

# What cannot be compiled is said, and done without. numba sees that the loop's file has changed,
# but not that one has that the loop calls: so it is compiled anew.
.make/kernels: $(wildcard parts3d/meshes/kernels/*.py parts3d/promises/futures/*.py) parts3d/promises/sequence.py .make/installed
	@$(BIN)/python -m parts3d.meshes.kernels.compiled
	@rm -f parts3d/promises/futures/__pycache__/loop.*.nb?
	@$(BIN)/python -m parts3d.promises.futures.compile_now
	@touch $@

# A Bambu Lab printer has a broker within; its emulation wants a real one.
.make/broker:
	@mkdir -p .make
	@{ PATH="$$PATH:/usr/sbin" command -v mosquitto && command -v openssl; } >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && \
	  echo "Installing mosquitto and openssl ..." && apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends mosquitto openssl >/dev/null; } || { \
	  echo "These tests want mosquitto and openssl. Install them (Debian: apt install mosquitto openssl) and run again."; \
	  exit 1; }
	@touch $@

.make/hosts:
	@mkdir -p .make
	@{ command -v prusa-slicer && command -v bwrap; } >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && \
	  echo "Installing PrusaSlicer and bubblewrap ..." && apt-get update -q >/dev/null && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends prusa-slicer bubblewrap >/dev/null; } || { \
	  echo "These tests want PrusaSlicer and bubblewrap. Install them (Debian: apt install prusa-slicer bubblewrap) and run again."; \
	  exit 1; }
	@touch $@
