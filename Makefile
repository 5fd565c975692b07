# Every target does its own set-up: a fresh clone needs nothing but python3 (3.11 or newer) and make.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints/cpu.txt
# where CPU builds of torch are kept; unreachable is no error: pip then looks where it always looks
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
PYTEST_ARGS ?= -n auto -q
# the campaign of first-principles calculations: its lists and pseudopotentials, its folder, and the
# core-hours above which a crystal waits for a larger number
BETENET_DATA ?= ../shared/data
SPECTRA ?= results/spectra
SPECTRA_RECORDS := benchmarks/first_principles/campaign
MOST_HOURS ?= 1.5

BIN := $(VENV)/bin
# says what it does, does it, says how long it took
STEP := @.ci/step
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
CONSTRAIN := $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
CPU_TORCH := $(if $(TORCH_INDEX),--retries 0 --extra-index-url $(TORCH_INDEX))
INPUTS := pyproject.toml $(CONSTRAINTS)
# these look at a training run, which they are given
OF_A_RUN := $(patsubst %,benchmarks/%.py,double_descent ensemble_size families left_out_families loss_landscape training_choices \
	compute_phonons element_candidates phonon_library phonon_pairs phonon_validation phonon_validation_figure \
	phonon_ablation force_field_features mattersim_speed rebuild_cells first_principles_experiment \
	fine_tuning next_calculations tail_warnings spectrum_autoencoder \
	held_out_scores out_of_bag paper_screening screening_calibration screening_forecast)
CHECKED := conftest.py src tests $(wildcard benchmarks docs examples packaging)

.DEFAULT_GOAL := help
.PHONY: help setup app predict spectra test lint style types all-tests format bench bench-full docs coverage release clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.dev  ## create .venv with betenet and the tools of a developer

predict: $(VENV)/.run  ## predict the example structures: a table, a CSV file and figures in results/
	@mkdir -p results
	$(STEP) "Predicting the structures in examples/" $(BIN)/betenet predict examples/*.cif --plot results/figures --csv results/predictions.csv

app:  ## build the page of `betenet app` of its source, with npm
	$(STEP) "Packages of the page" npm --prefix app/frontend ci --no-audit --no-fund --silent
	$(STEP) "The page" npm --prefix app/frontend run --silent build

spectra: $(VENV)/.run  ## calculate spectra of our own, for as long as it is let run (nohup make spectra &)
	@test -f $(BETENET_DATA)/candidates/order.csv || { echo "There is no list $(BETENET_DATA)/candidates/order.csv: set BETENET_DATA to the folder of the data."; exit 1; }
	nice -n 19 $(BIN)/betenet epc campaign $(BETENET_DATA)/candidates/order.csv --out $(SPECTRA) \
		--pseudopotentials $(BETENET_DATA)/pseudopotentials/gbrv_pbesol --protocol scout --starting-guess \
		--most-hours $(MOST_HOURS) --held-out $(BETENET_DATA)/held_out_formulas.txt --records $(SPECTRA_RECORDS)

test: style  ## check style and imports, then types beside all tests
	@$(MAKE) --no-print-directory --jobs=2 types all-tests

lint: style types  ## check style, types and imports

style: $(VENV)/.dev
	$(STEP) "Style" $(BIN)/ruff check $(CHECKED)
	$(STEP) "Format" $(BIN)/ruff format --check $(CHECKED)
	$(STEP) "Directions of imports" $(BIN)/lint-imports --no-logo

types: $(VENV)/.dev
	$(STEP) "Types (about a minute)" $(BIN)/pyright --pythonpath $(BIN)/python

all-tests: $(VENV)/.dev
	$(STEP) "Tests" $(BIN)/pytest $(PYTEST_ARGS)

format: $(VENV)/.dev  ## bring the code into the project's format
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

bench: $(VENV)/.dev  ## measure the time of a prediction
	$(STEP) "The time of a prediction" $(BIN)/python benchmarks/prediction.py

bench-full: $(VENV)/.dev  ## run every benchmark, the long ones too
	@for script in $(filter-out $(OF_A_RUN),$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

docs: $(VENV)/.dev  ## build the documentation site in build/docs (minutes; no network)
	$(STEP) "The documentation site" $(BIN)/sphinx-build -q -W --keep-going -j 2 -b html docs build/docs
	@echo "Open build/docs/index.html"

coverage: $(VENV)/.dev  ## run the tests and print which lines of the package they reach
	$(STEP) "Tests with coverage (half as fast)" $(BIN)/pytest $(PYTEST_ARGS) --cov --cov-report=term

release: $(VENV)/.dev  ## build the wheel, the sdist and the recipe of a release in dist/, and try the wheel
	@rm -rf dist
	@QUIET=1 .ci/step "Building the sdist, and the wheel from it" $(BIN)/python -m build
	@$(BIN)/python packaging/conda/released.py dist/*.tar.gz > dist/recipe.yaml
	$(STEP) "Trying the wheel in a fresh environment (minutes)" .ci/try-wheel dist/*.whl $(CPU_TORCH) $(CONSTRAIN)
	@ls -sh1 dist

clean:  ## remove .venv, builds and caches (not results/)
	rm -rf $(VENV) build dist docs/gallery docs/reference docs/sg_execution_times.rst htmlcov .coverage .pytest_cache .ruff_cache .import_linter_cache
	find src tests $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make the set-up a no-op while its inputs are unchanged.

$(VENV)/.torch: $(INPUTS)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("betenet needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV), once: a few minutes. Each step says how long it took."
	$(STEP) "Creating an environment in $(VENV)" $(PYTHON) -m venv $(VENV)
	$(STEP) "Installing torch (0.2 GB to download)" $(PIP) install $(CPU_TORCH) $(CONSTRAIN) --no-deps torch
	@touch $@

$(VENV)/.run: $(VENV)/.torch
	$(STEP) "Installing betenet with what its extras need" $(PIP) install $(CONSTRAIN) -e '.[all]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(STEP) "Installing the tools of a developer" $(PIP) install $(CONSTRAIN) -e '.[dev]'
	@touch $@
