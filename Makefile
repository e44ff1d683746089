# Two commands for a fresh machine: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Where the package index offers CUDA builds and you want the CPU one:
#   make demo TORCH_INDEX="--index-url https://download.pytorch.org/whl/cpu"
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Workers of the test run; each uses one thread.
WORKERS ?= 2

.PHONY: demo dashboard browser tour install install-dev test test-all test-slow lint format types bench bench-quick clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH_INDEX) torch
	$(PIP) --editable '.[dashboard]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable '.[dashboard,notebooks,docs,engines,train,lm-eval,dev]'
	@touch $@

install: $(VENV)/installed  ## a virtual environment with interp in it

install-dev: $(VENV)/installed-dev  ## the same with test tools and the optional engines

demo: install  ## the whole main job on the shipped checkpoint
	$(BIN)/interp demo

dashboard: install  ## look at the shipped study, or at STUDY=artifacts/mine, in the browser
	$(BIN)/interp dashboard $(if $(STUDY),--study $(STUDY))

browser:  ## Chromium and fonts of five scripts, for the browser tests and SVG/PNG (Debian, as root)
	@command -v chromium >/dev/null && fc-list | grep -q NotoSansBengali || \
	  { apt-get update && apt-get install -y --no-install-recommends chromium fontconfig fonts-noto-core fonts-noto-cjk; }

tour: install-dev  ## the pictures of the dashboard in docs/pictures, light and dark
	$(BIN)/python docs/pictures/tour.py

test: install-dev  ## units and the main paths
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow"

test-all: install-dev  ## the same and the slow matrix: every family, every engine, kills
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: install-dev  ## what the gate runs beyond test: the slow ones but for the longest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "slow and not long"

lint: install-dev  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install-dev
	$(BIN)/mypy

bench: install-dev  ## ratios against named baselines; prints a table per file
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

bench-quick: install-dev  ## every benchmark at a small shape, to see that it runs
	@ls benchmarks/[a-z]*.py | OMP_NUM_THREADS=1 xargs -P $(WORKERS) -I{} $(BIN)/python {} --quick

clean:
	rm -rf $(VENV) build *.egg-info
