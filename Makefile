PYTHON ?= python3
IMAGES ?= 48
EDITS ?= $$((25 * (($(IMAGES) + 7) / 8)))

BIN := .venv/bin
INSTALLED := .venv/.installed
REPORT := $(BIN)/python -m experiments.report
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.DEFAULT_GOAL := help
.PHONY: help install reproduce tables figures inversions grid smoke test test-more check bench format clean

help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Make .venv with the pinned packages (6 GB, a few minutes)

$(INSTALLED): pyproject.toml requirements.lock
	@python=$(BIN)/python; test -x $$python || python="$(PYTHON)"; \
	"$$python" -c '$(SUPPORTED)' || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed, and '$$python' is none: name one, as in make PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c requirements.lock -e '.[cluster,dev,mirrors,search]'
	@touch $@

reproduce: tables figures ## Both; IMAGES=4 for a quick look

tables: $(INSTALLED) ## Tables 1-3 on the embedded world, Table 2 on photographs; IMAGES=48 of each
	$(BIN)/python -m experiments.reproduce tables limit=$(IMAGES)

figures: $(INSTALLED) ## Figures 4-6 on the embedded world; EDITS=150, by default 25 for 8 IMAGES
	$(BIN)/python -m experiments.reproduce figures limit=$(EDITS)

inversions: $(INSTALLED) ## Every inversion beside its cost, on the embedded world; IMAGES=48 of each
	$(BIN)/python -m experiments.reproduce inversions limit=$(IMAGES)

grid: $(INSTALLED) ## Inversions by editors, on the embedded world; IMAGES=48 of each
	$(BIN)/python -m experiments.reproduce grid limit=$(IMAGES)

smoke: $(INSTALLED) ## Run, score and report in under a minute
	@rm -rf results/quick
	$(BIN)/python -m experiments.run experiment=table2 debug=quick cache=results/quick/cache
	$(REPORT) experiment=table2 results=results/quick

test: $(INSTALLED) ## The test suite
	$(BIN)/python -m pytest -n 2

test-more: $(INSTALLED) ## What make test leaves out: a real Slurm, a browser (skipped where missing), long tests, notebooks
	$(BIN)/python -m pytest -m slurm tests/slurm
	$(BIN)/python -m pytest -n 2 -m "browser or long"
# Two processes of two threads each on two cores wait for one another: five times as long.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 notebooks

check: $(INSTALLED) ## Lint, format, types, import order, stripped notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo
	@set -- notebooks/*.ipynb; test ! -e "$$1" || $(BIN)/nbstripout --verify "$$@"

bench: $(INSTALLED) ## Null-Text Inversion here against the field's own loop, in times (5 minutes, on an idle machine)
	$(BIN)/python -m benchmarks.field_loop

format: $(INSTALLED) ## Fix what can be fixed by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was made, but not .venv and not the results
	rm -rf build .pytest_cache .ruff_cache .import_linter_cache *.egg-info outputs multirun
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
