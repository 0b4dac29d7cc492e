# Every target works on a fresh clone: what it needs, it makes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# The aws command line pins another botocore, so it lives apart; only tests use it.
AWSCLI := .venv-awscli/bin/aws

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test check bench clean
setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local,dev]'
	touch $@

demo: setup
	$(BIN)/tenantctl demo

$(AWSCLI):
	$(PYTHON) -m venv .venv-awscli
	.venv-awscli/bin/python -m pip install --quiet awscli==1.46.3

test: setup $(AWSCLI)
	TENANTCTL_TEST_AWSCLI=$(abspath $(AWSCLI)) $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .venv-awscli dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
