# The two commands a newcomer needs are `make run` and `make test`. Needs: Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check

.PHONY: run test test-real check bench prove prove-quick lock clean

run: .venv/.run
	@$(BIN)/openoutcry demo $(ARGS)

test: .venv/.dev
	@$(BIN)/pytest -m "not real and not proof" $(ARGS)

test-real: .venv/.dev
	@$(BIN)/pytest -m real $(ARGS)

check: .venv/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest tests/test_layers.py

bench: .venv/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

# Kills by the dozen (quick) or by the thousand; every failure names the seed that repeats it.
prove-quick: .venv/.dev
	@OPENOUTCRY_ROUNDS=$${OPENOUTCRY_ROUNDS:-10} $(BIN)/pytest -m proof -s $(ARGS)

prove: .venv/.dev
	@OPENOUTCRY_ROUNDS=$${OPENOUTCRY_ROUNDS:-1000} $(BIN)/pytest -m proof -s $(ARGS)

# The locks hold for every platform; no index addresses go into them.
lock: .venv/.dev
	$(BIN)/pip install -q uv
	for set in run dev build; do $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url -q requirements/$$set.in -o requirements/$$set.txt; done

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "openoutcry needs Python 3.11 or newer")'
	@echo "making .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements/run.txt requirements/build.txt pyproject.toml
	@echo "installing what the desk needs (hash-checked) ..."
	@$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	@echo "installing what the tests need (hash-checked) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
