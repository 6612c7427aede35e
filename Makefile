# Everything runs from .venv, which the first target that needs it makes: see tools/environment.py.
# Run "make" for the list of targets; a line with "##" is its entry there.

PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
RUN := $(VENV)/bin/python

# Directories of ours that hold Python and exist.
SOURCES := $(wildcard themis_jupyter tools tests benchmarks journeys)
NOTEBOOKS = $(shell find notebooks -name '*.ipynb' -not -path '*/.*' -not -path '*/out/*' 2>/dev/null | sort)

# Jupyter refuses to run as root unless it is told to (containers).
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# More arguments, as in: make unit ARGS="-k enum -x"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo lab labextension labextension-check ui ui-check journeys test lint types unit notebooks test-engine test-pythons bench format \
	constraints clean distclean
# The parts of "make test" share the two cores of a small machine badly, and mix their output.
.NOTPARALLEL:
# A build that fails half-way leaves nothing that looks made.
.DELETE_ON_ERROR:

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

# One pip call, and none as long as these files do not change.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON); name one: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m tools.environment $(VENV) dev

demo: $(STAMP) ## Run the demonstration
	@$(RUN) tools/demo.py $(ARGS)

# The panel's script, and what builds and tests it. npm writes its copy of the lock file last.
UI_SOURCES := $(shell find ui/src ui/tools ui/package.json ui/package-lock.json -type f 2>/dev/null) \
	themis_jupyter/board/protocol.json
UI_STAMP := ui/node_modules/.package-lock.json
UI_LIB := ui/dist/lib/index.js
PANEL := themis_jupyter/widgets/static/panel.js

ui/node_modules/.package-lock.json labextension/node_modules/.package-lock.json: \
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "The panel needs npm: install Node 20 or newer." >&2; exit 1; }
	cd $* && npm ci --no-audit --no-fund
	@touch $@

$(PANEL): $(UI_STAMP) $(UI_SOURCES)
	cd ui && npm run build

$(UI_LIB): $(UI_STAMP) $(UI_SOURCES)
	cd ui && npm run lib

ui: $(PANEL) ## Build the panel's script (needs Node)

ui-check: $(UI_STAMP) ## Types, style and tests of the panel's script
	cd ui && npm run check

journeys: $(STAMP) $(PANEL) labextension ## The panel in a real browser, JupyterLab and Notebook 7
	@$(RUN) -m tools.browser
	$(RUN) -m pytest -W default journeys $(ARGS)

# JupyterLab's extension. Its names in static/ have hashes; install.json is what a build writes last.
LAB_SOURCES := $(shell find labextension -name node_modules -prune -o -path labextension/lib -prune \
	-o -path labextension/test -prune -o -type f -print 2>/dev/null)
LAB_STAMP := labextension/node_modules/.package-lock.json
EXTENSION := themis_jupyter/labextension/install.json

# "make ui-check" makes the library each time, often the same one.
$(EXTENSION): $(LAB_STAMP) $(LAB_SOURCES) $(UI_SOURCES) themis_jupyter/__init__.py | $(UI_LIB)
	cd labextension && rm -rf lib && npm run build

labextension: $(STAMP) $(EXTENSION) ## Build JupyterLab's extension, and put it into .venv (needs Node)
	@$(RUN) -m tools.labextension $(VENV)

labextension-check: $(LAB_STAMP) $(UI_LIB) ## Types, style and tests of JupyterLab's extension
	cd labextension && npm run check

# It saves every two minutes; our own notebooks stay as they are in git: see tools/saving.py.
lab: $(STAMP) $(PANEL) labextension ## Open JupyterLab on notebooks/
	$(RUN) -m jupyterlab --notebook-dir=notebooks $(ALLOW_ROOT) \
		--ContentsManager.pre_save_hook=tools.saving.without_outputs $(ARGS)

test: lint types ui-check labextension-check unit notebooks test-engine journeys ## Everything that has to pass

lint: $(STAMP) ## Style and likely mistakes (ruff)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(STAMP) ## Types (mypy)
	$(RUN) -m mypy $(SOURCES)

unit: $(STAMP) $(PANEL) ## The tests in tests/
	$(RUN) -m pytest tests $(ARGS)

# nbmake runs a copy in memory. Warnings inside Jupyter are not ours to fix: -W default.
notebooks: $(STAMP) ## Run the notebooks from top to bottom
	$(if $(NOTEBOOKS),$(RUN) -m pytest -W default --nbmake $(NOTEBOOKS),@echo "There are no notebooks to run.")

test-engine: $(STAMP) # in "make test": the reload engine under the other Pythons found
	$(RUN) -m tools.pythons --others tests/reload

test-pythons: $(STAMP) ## The tests under each Python found (3.11, 3.12, 3.13)
	$(RUN) -m tools.pythons tests $(ARGS)

bench: $(STAMP) $(PANEL) labextension ## Measure (pytest-benchmark)
	$(RUN) -m pytest -W default benchmarks $(ARGS)

format: $(STAMP) ## Mend what ruff can mend
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

# To refresh the versions everybody gets, run this and then "make test", and commit the file.
constraints: ## Write constraints.txt anew, from fresh environments
	$(PYTHON) -m tools.constraints

clean: ## Remove caches and build output
	rm -rf build dist ui/dist labextension/lib themis_jupyter/labextension $(PANEL) notebooks/out
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	rm -rf $(VENV)/share/jupyter/labextensions/themis-jupyter
	find . \( -name '.venv*' -o -name node_modules -o -name .git \) -prune \
		-o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

distclean: clean ## ... and the virtual environments
	rm -rf $(VENV) .venv-3.* ui/node_modules labextension/node_modules
