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

.PHONY: demo dashboard report browser notebooks notebooks-check docs tour gallery install install-dev test test-all \
  test-slow lint format types bench bench-quick crash clean

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

report: install  ## the shipped study, or STUDY=artifacts/mine, as one HTML page
	$(BIN)/interp report --study $(or $(STUDY),artifacts/demo)

browser:  ## Chromium, fonts of five scripts and Java (HTML validator), for tests and SVG/PDF/PNG (Debian, as root)
	@command -v chromium >/dev/null && command -v java >/dev/null && fc-list | grep -q NotoSansBengali || \
	  { apt-get update && apt-get install -y --no-install-recommends chromium fontconfig fonts-noto-core \
	    fonts-noto-cjk default-jre-headless; }

notebooks: install-dev  ## execute the notebooks and keep their outputs; STUDY=artifacts/mine for your own
	$(BIN)/python -m analysis_notebooks $(if $(STUDY),--study $(STUDY) --out build/notebooks)

notebooks-check: install-dev  ## execute them and hold every paragraph and table against what is committed
	$(BIN)/python -m analysis_notebooks --check

docs: install-dev  ## the documentation site, in build/docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

tour: install-dev  ## the pictures of the dashboard in docs/pictures, light and dark
	$(BIN)/python docs/pictures/tour.py

test: install-dev  ## units and the main paths
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow"

test-all: install-dev  ## the same and the slow matrix: every family, every engine, kills
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: install-dev  ## what the gate runs beyond test: the slow ones but for the longest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "slow and not long"

gallery: install-dev  ## the walls of figures in docs/pictures
	$(BIN)/python docs/pictures/gallery.py

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

crash: install-dev  ## kill every command at random moments and compare with runs left alone (minutes)
	$(BIN)/python -m tests.crash

clean:
	rm -rf $(VENV) build *.egg-info
