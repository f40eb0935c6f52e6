# make demo, make test, make check: each installs what it needs (pinned in constraints.txt) into .venv, once, and runs.
# VENV=folder installs into that environment instead; it is created where there is none.
# PYTHON=/path/to/python uses an environment as it is and installs nothing; an active one (VIRTUAL_ENV) that has all
# packages is used in the same way.

VENV ?= .venv
PACKAGES := babel cmaes fvcore jinja2 matplotlib num2words numpy optuna pandas ray rich sacrebleu safetensors scipy \
	sentencepiece sklearn torch torchvision onnx onnxruntime onnxscript \
	axe_playwright_python huggingface_hub hypothesis importlinter ipykernel mypy nbclient nbformat playwright pytest \
	pytest_timeout ruff xdist
HAS_PACKAGES := import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))

ifndef PYTHON
ifeq ($(origin VENV),file)
ifneq ($(filter-out $(abspath $(VENV)),$(VIRTUAL_ENV)),)
PYTHON := $(shell p="$(VIRTUAL_ENV)/bin/python"; "$$p" -c '$(HAS_PACKAGES)' $(PACKAGES) 2>/dev/null && echo "$$p")
endif
endif
endif

ifeq ($(PYTHON),)
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
endif

PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
NAS := $(PYTHON) -c 'import sys; from nas.cli import main; sys.exit(main())'
CANDIDATES := $(VENV)/bin/python3 python3.11 python3.12 python3.13 python3
FITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: demo test check lint types imports format benchmarks clean

demo: $(INSTALLED)
	$(NAS) run experiments/digits.py

# the quick tests; ALL=1 runs the slow ones among them
test: $(INSTALLED_DEV)
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest $(if $(ALL),-m '') --numprocesses=2 --dist=worksteal

check: lint types imports

lint: $(INSTALLED_DEV)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: $(INSTALLED_DEV)
	$(PYTHON) -m mypy

imports: $(INSTALLED_DEV)
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-cache

format: $(INSTALLED_DEV)
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

# those of minutes that need no data; the others say in their first lines what they need and how long they take
benchmarks: $(INSTALLED)
	for name in attention costs sampling supernet_overhead; do $(PYTHON) benchmarks/$$name.py || exit 1; done

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find nas tests experiments benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@for python in $(CANDIDATES); do \
		if $$python -c '$(FITS)' 2>/dev/null; then echo "$$python -m venv $(VENV)"; exec $$python -m venv $(VENV); fi; \
	done; \
	echo "no Python >= 3.11 with venv found (tried: $(CANDIDATES)); install it, or name an interpreter that" \
		"has the packages: make PYTHON=/path/to/python" >&2; \
	exit 1

# torch first and torchvision without its dependencies: torch is then chosen once, by its exact version, and stays
$(VENV)/.installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	@echo "installing the packages of constraints.txt into $(VENV); this takes some minutes"
	@$(PIP_INSTALL) torch
	@$(PIP_INSTALL) --no-deps torchvision
	@$(PIP_INSTALL) --no-build-isolation --editable '.[export]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP_INSTALL) --no-build-isolation --editable '.[dev]'
	@touch $@
