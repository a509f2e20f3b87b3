# Everything runs in .venv, which any target makes when it is missing.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# A machine without a GPU: make serve TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: serve test test-all check hostile bench load chaos soak gallery docs wheel format clean

serve: $(VENV)/.serve
	$(BIN)/itten serve

test: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

# With the tests that start many processes and take ten seconds and more; a quarter of an hour.
test-all: $(VENV)/.dev $(VENV)/.browser
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# 1000 uploads, and requests for every limit that the API's description names; two minutes.
hostile: $(VENV)/.dev
	ITTEN_HOSTILE=1000 ITTEN_SEED=$(SEED) $(BIN)/python -m pytest tests/hostile

# A quarter of an hour on an idle machine; make bench ARGS=--quick takes a minute, writes nothing.
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.engine $(ARGS)

# Six minutes on an idle machine; make load ARGS='--seconds 10 --loads 1,2 --most-side 1024' is shorter
# and writes nothing.
load: $(VENV)/.bench
	$(BIN)/python -m benchmarks.load $(if $(ARGS),$(ARGS),--write)

# Ends with an account of every job; ARGS=--write also writes benchmarks/chaos/README.md.
SECONDS ?= 600
SEED ?= 1
chaos: $(VENV)/.bench
	$(BIN)/python -m benchmarks.chaos --seconds $(SECONDS) --seed $(SEED) $(ARGS)

# Tells what leaks; ARGS=--write also writes benchmarks/soak/README.md.
MINUTES ?= 60
soak: $(VENV)/.bench
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES) $(ARGS)

# Sheets to judge the shader by, in out/gallery; make gallery ARGS='--only cross' makes some of them.
gallery: $(VENV)/.dev
	$(BIN)/python -m benchmarks.gallery $(ARGS)

# What docs/ shows: parameters.md and the pictures; make docs ARGS=--text is the page alone, at once.
docs: $(VENV)/.dev
	$(BIN)/python -m benchmarks.manual $(ARGS)

# Into dist/; what an earlier build has left would be in it too.
wheel: $(VENV)/.serve
	rm -rf build dist
	$(PIP) wheel --no-deps --no-build-isolation -w dist .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Itten needs Python 3.11 or newer; try: make serve PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: pyproject.toml constraints.txt $(wildcard requirements/*.txt) | $(VENV)/bin/python
	@echo "Installing Itten into $(VENV); the first time takes a minute or two."
ifneq ($(TORCH_INDEX),)
	$(PIP) install --index-url $(TORCH_INDEX) -c constraints.txt torch
endif
	$(PIP) install -c constraints.txt -e .
	$(BIN)/python -m worker.numerics.precompile
	@touch $@

$(VENV)/.dev: $(VENV)/.serve
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) install -c constraints.txt -e '.[bench]'
	@touch $@

# The system's Chromium where the user may install it, else Playwright's own.
$(VENV)/.browser: $(VENV)/.dev
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null; \
	else $(BIN)/python -m playwright install chromium; fi
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
