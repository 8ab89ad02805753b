# The two commands a newcomer needs are `make run` and `make test`. Needs: Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check

.PHONY: run test test-real test-arm check bench bench-peers prove prove-quick prove-release docs docs-samples lock clean

run: .venv/.run
	@$(BIN)/openoutcry demo $(ARGS)

test: .venv/.dev
	@$(BIN)/pytest -n auto -m "not real and not proof" $(ARGS)

test-real: .venv/.dev
	@$(BIN)/pytest -m "real and not proof" $(ARGS)

# As on a Raspberry Pi: Debian's Python for arm64 in QEMU, under .arm64. Half an hour. Needs apt-get, and no root.
test-arm: .venv/.dev
	@sh tests/arm64.sh -p no:xdist -p no:cacheprovider -m "not real and not proof" \
		$(or $(ARGS),tests/kit tests/storage tests/core)

check: .venv/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest tests/test_layers.py

bench: .venv/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

# Other people's simulators, in an environment of their own, on the same year of minutes as ours.
bench-peers: .venv/.dev .venv-peers/.made
	@$(BIN)/python -m benchmarks.peers $(ARGS)

.venv-peers/.made: requirements/peers.txt
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

# Kills, faults, attacks and load in rounds: minutes (quick), about an hour, or unattended for as long as it takes. Each
# prints what it measured; every failure names the seed that repeats it.
PROVE := $(BIN)/pytest -m proof -n 2 --dist worksteal -rP
prove-quick: .venv/.dev
	@OPENOUTCRY_ROUNDS=$${OPENOUTCRY_ROUNDS:-5} $(PROVE) $(ARGS)

prove: .venv/.dev
	@OPENOUTCRY_ROUNDS=$${OPENOUTCRY_ROUNDS:-100} $(PROVE) $(ARGS)

prove-release: .venv/.dev
	@OPENOUTCRY_ROUNDS=$${OPENOUTCRY_ROUNDS:-3000} $(PROVE) $(ARGS)

# The pages of docs/ in site/; a broken link ends it. docs-samples makes those pages anew that are made and not written.
docs: .venv/.dev
	@$(BIN)/mkdocs build --strict --quiet

docs-samples: .venv/.dev
	@OPENOUTCRY_WRITE_DOCS=1 $(BIN)/pytest tests/docs

# The locks hold for every platform; no index addresses go into them. The largest set is solved first and the others
# are held to it, so that the tests run on the very versions that people install.
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q
lock: .venv/.dev
	$(BIN)/pip install -q uv
	$(LOCK) requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/run.in -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	set -e; for extra in crypto fast mqtt optimise postgres research; do \
		$(LOCK) pyproject.toml --extra $$extra -c requirements/dev.txt -o requirements/extra-$$extra.txt; done
	$(LOCK) requirements/peers.in -o requirements/peers.txt

clean:
	rm -rf .venv .venv-peers .arm64 .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "openoutcry needs Python 3.11 or newer")'
	@echo "making .venv ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements/run.txt requirements/build.txt requirements/scripts.txt pyproject.toml
	@echo "installing what the desk needs (hash-checked) ..."
	@$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) --require-hashes --no-deps -r requirements/scripts.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt requirements/scripts-dev.txt
	@echo "installing what the tests need (hash-checked) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --require-hashes --no-deps -r requirements/scripts-dev.txt
	@touch $@
