# Everything runs from .venv, which is made on first use and renewed when the dependencies change.
# Another interpreter: make PYTHON=python3.12 demo

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help demo test quick check bench endure docs clean
.DEFAULT_GOAL := help

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## build a film, index it, ask it questions
	$(BIN)/playhead demo

# `make check test` tries the docs once.
test: $(INSTALLED) ## every test
	$(BIN)/pytest -n 2 --dist loadfile $(if $(filter check,$(MAKECMDGOALS)),--ignore=tests/test_docs.py)

quick: $(INSTALLED) ## the tests that take no more than a few seconds
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

check: $(INSTALLED) ## style, types, floors and the snippets in the docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 --dist load tests/test_docs.py

demo/first.playhead:
	$(MAKE) demo

bench: demo/first.playhead ## measure and write benchmarks/RESULTS.md; CASES=folder, ONLY="names" (benchmarks/README.md)
	$(BIN)/python benchmarks/report.py $(if $(CASES),--cases $(CASES)) $(if $(MODEL),--model $(MODEL)) $(if $(ONLY),--only $(ONLY))

endure: $(INSTALLED) ## everything that can fail, be killed or leak, in full, and an hour of soak
	$(BIN)/python -m tests.endurance.endure --out endurance.json

docs: $(INSTALLED) ## write the reference and the schema of plans from tools, settings and --help
	$(BIN)/python docs/reference.py

clean: ## remove what make made, .venv too
	rm -rf .venv build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# `venv` needs Debian's python3-venv only to copy pip into the new environment; without it, the pip at hand does.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Playhead needs Python 3.11 or newer, and $(PYTHON) is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install pip; }
	@echo "Installing into .venv: about 4 GB and a few minutes, once"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[offline,fast,generate,ray,demo,dev]'
	@touch $@
